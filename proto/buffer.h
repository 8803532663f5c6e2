/* A growing run of bytes. Starts as {0}, is reused, and is freed by dv_buffer_fini. */
#ifndef DV_PROTO_BUFFER_H
#define DV_PROTO_BUFFER_H

#include <stddef.h>
#include <string.h>

typedef struct dv_buffer {
    char *bytes; /* owned */
    size_t size, capacity;
} dv_buffer;

/* Makes room for `size` more bytes. Aborts when the machine has no memory at all. */
void dv_buffer_reserve(dv_buffer *buffer, size_t size);

/* Appends bytes. Inline, since most calls append one or two bytes, a number known to the
   compiler. */
static inline void dv_buffer_add(dv_buffer *buffer, const void *bytes, size_t size)
{
    if (buffer->capacity - buffer->size < size) dv_buffer_reserve(buffer, size);
    if (size > 0) memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

/* Frees the bytes. */
void dv_buffer_fini(dv_buffer *buffer);

#endif
