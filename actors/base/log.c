#include "actors/base/log.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actors/base/clock.h"

#define LINE_MAX_BYTES 2048     /* longer lines are cut */
#define HELD_MAX_BYTES PIPE_BUF /* what is written at once stays whole, even in a pipe */

static dv_log_level least_level = DV_LOG_INFO;
static bool json_lines;
static _Thread_local const char *thread_actor = "main";
static _Thread_local char *held; /* lines that are not written yet; NULL: none wait */
static _Thread_local size_t held_size;

static const char *const LEVELS[] = {"DEBUG", "INFO", "WARN", "ERROR"};

/* What is added to a full line is left out, from the first piece that does not fit; so a line that
   is cut still has whole keys, and closed quotes. */
typedef struct line {
    char bytes[LINE_MAX_BYTES];
    size_t size;
    bool full;
} line;

#define CLOSING 3 /* bytes kept free: the last value's quote, the brace and the newline */

static void add(line *l, const char *bytes, size_t size)
{
    l->full |= size > sizeof l->bytes - CLOSING - l->size;
    if (l->full || size == 0) return;
    memcpy(l->bytes + l->size, bytes, size);
    l->size += size;
}

static void add_string(line *l, const char *string)
{
    add(l, string, strlen(string));
}

/* Takes back the bytes of a character that was cut in the middle. */
static void trim_character(line *l)
{
    while (((unsigned char)l->bytes[l->size - 1] & 0xc0) == 0x80) l->size--;
    if ((unsigned char)l->bytes[l->size - 1] >= 0xc0) l->size--;
}

/* A value that may hold anything: quoted when it has to be, and always in JSON. */
static void add_value(line *l, dv_text text)
{
    bool quote = json_lines || text.size == 0;
    for (uint32_t i = 0; i < text.size && !quote; i++) {
        unsigned char c = (unsigned char)text.at[i];
        quote = c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f;
    }
    if (quote) add(l, "\"", 1);
    for (uint32_t i = 0; i < text.size && !l->full; i++) {
        unsigned char c = (unsigned char)text.at[i];
        char escaped[8];
        if (c < ' ' || c == 0x7f)
            add(l, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
        else if (c == '"' || c == '\\')
            add(l, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\%c", c));
        else
            add(l, (const char *)&text.at[i], 1);
    }
    if (l->full) trim_character(l);
    if (quote) l->bytes[l->size++] = '"';
}

static void add_pair(line *l, const char *key, dv_text text)
{
    char head[64];
    const char *format = !json_lines ? " %s=" : l->size > 1 ? ",\"%s\":" : "\"%s\":";
    snprintf(head, sizeof head, format, key);
    add_string(l, head);
    if (!l->full) add_value(l, text);
}

static void add_number(line *l, const char *key, int64_t number)
{
    char text[64];
    const char *format = json_lines ? ",\"%s\":%lld" : " %s=%lld";
    snprintf(text, sizeof text, format, key, (long long)number);
    add_string(l, text);
}

static void add_head(line *l, dv_log_level level, const char *event)
{
    char now[DV_ISO_SIZE];
    dv_time_iso(dv_time_now().wall_us, now);
    if (json_lines) {
        add_string(l, "{");
        add_pair(l, "at", dv_text_of(now));
        add_pair(l, "level", dv_text_of(LEVELS[level]));
        add_pair(l, "actor", dv_text_of(thread_actor));
        add_pair(l, "event", dv_text_of(event));
    } else {
        add_string(l, now);
        add_string(l, " ");
        add_string(l, LEVELS[level]);
        add_string(l, " ");
        add_string(l, thread_actor);
        add_string(l, " ");
        add_string(l, event);
    }
}

void dv_log_init(dv_log_level least, bool json)
{
    least_level = least;
    json_lines = json;
}

void dv_log_actor(const char *actor)
{
    thread_actor = actor;
}

_Static_assert(LINE_MAX_BYTES <= HELD_MAX_BYTES, "a line can be held");

static void bytes_write(const char *bytes, size_t size)
{
    ssize_t written = write(STDERR_FILENO, bytes, size);
    (void)written; /* a log that cannot be written has nowhere to say so */
}

void dv_log_hold(void)
{
    if (held == NULL) held = malloc(HELD_MAX_BYTES);
    if (held == NULL) abort();
}

void dv_log_flush(void)
{
    if (held_size > 0) bytes_write(held, held_size);
    held_size = 0;
}

void dv_log_release(void)
{
    dv_log_flush();
    free(held);
    held = NULL;
}

bool dv_log_wants(dv_log_level level)
{
    return level >= least_level;
}

void dv_log_write(dv_log_level level, const char *event, const dv_id *order, const dv_kv *pairs,
                  size_t count)
{
    if (!dv_log_wants(level)) return;
    line l;
    l.size = 0;
    l.full = false;
    add_head(&l, level, event);
    if (order != NULL) {
        char id[DV_ID_TEXT_SIZE];
        dv_id_format(order, id);
        add_pair(&l, "order", dv_text_of(id));
    }
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].is_number)
            add_number(&l, pairs[i].key, pairs[i].number);
        else
            add_pair(&l, pairs[i].key, pairs[i].text);
    }
    if (json_lines) l.bytes[l.size++] = '}';
    l.bytes[l.size++] = '\n';
    if (held == NULL) {
        bytes_write(l.bytes, l.size);
        return;
    }
    if (held_size + l.size > HELD_MAX_BYTES) dv_log_flush();
    memcpy(held + held_size, l.bytes, l.size);
    held_size += l.size;
    if (level >= DV_LOG_WARN) dv_log_flush();
}
