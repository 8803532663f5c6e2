/* A borrowed text with a length, as messages carry it. */
#ifndef DV_PROTO_TEXT_H
#define DV_PROTO_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A view of text: not NUL-terminated, never owned. The function that returns one says how long it
   lives. An absent text is {NULL, 0} and equals the empty one. */
typedef struct dv_text {
    const char *at;
    uint32_t size; /* bytes */
} dv_text;

/* printf: "%.*s" takes DV_TEXT_ARG(text). */
#define DV_TEXT_ARG(text) (int)(text).size, (text).at ? (text).at : ""

/* A view of a NUL-terminated string; NULL gives the empty text. */
static inline dv_text dv_text_of(const char *string)
{
    return (dv_text){string, string ? (uint32_t)strlen(string) : 0};
}

/* Whether two texts hold the same bytes. */
static inline bool dv_text_equal(dv_text a, dv_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

/* Whether a text holds the same bytes as a NUL-terminated string. */
static inline bool dv_text_is(dv_text a, const char *string)
{
    return dv_text_equal(a, dv_text_of(string));
}

/* Whether a text is UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above
   U+10FFFF. */
bool dv_text_is_utf8(dv_text text);

/* Copies a text into a buffer of `size` bytes and terminates it. Cuts off what does not fit. */
static inline void dv_text_copy(char *ret_buffer, size_t size, dv_text text)
{
    size_t n = text.size < size ? text.size : size - 1;
    if (n > 0) memcpy(ret_buffer, text.at, n);
    ret_buffer[n] = '\0';
}

#endif
