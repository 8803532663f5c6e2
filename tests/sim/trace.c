/* The trace, and the log of the actors, which becomes a part of it: defined here, dv_log_write is
   not taken from the library. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/sim/world.h"
#include "tests/support/message_print.h"

#define LINES_MAX 4096u
#define LINE_SIZE 700
#define TAIL_WIDTH 300 /* characters; --trace shows whole lines */

bool sim_tracing;
bool sim_trace_live;

static char (*lines)[LINE_SIZE];
static uint32_t line_count; /* all that ever were; the last LINES_MAX are kept */
static const char *log_actor = "";

static char *line_next(void)
{
    if (lines == NULL) lines = calloc(LINES_MAX, sizeof *lines);
    if (lines == NULL) abort();
    char *line = lines[line_count++ % LINES_MAX];
    int64_t us = sim_now != NULL ? sim_now->now_ns / DV_NS_PER_US : 0;
    snprintf(line, LINE_SIZE, "%4" PRId64 ".%06" PRId64 " ", us / 1000000, us % 1000000);
    return line;
}

static void line_end(const char *line)
{
    if (sim_trace_live) fprintf(stderr, "%s\n", line);
}

void sim_trace(const char *format, ...)
{
    if (!sim_tracing) return;
    char *line = line_next();
    size_t size = strlen(line);
    va_list list;
    va_start(list, format);
    vsnprintf(line + size, LINE_SIZE - size, format, list);
    va_end(list);
    line_end(line);
}

void sim_trace_message(const char *from, const char *verb, const char *to, const char *bytes,
                       size_t size)
{
    static dv_arena *arena;
    if (!sim_tracing) return;
    if (arena == NULL) arena = dv_arena_new();
    dv_arena_reset(arena);
    dv_message message;
    if (dv_message_decode(bytes, size, arena, &message) != DV_OK) return;
    if (message.type == DV_MSG_beat_event || message.type == DV_MSG_load_event) return;
    dv_buffer text = {0};
    message_print(&message, &text);
    sim_trace("%s %s %s %.*s", from, verb, to, (int)text.size, text.bytes);
    dv_buffer_fini(&text);
}

void sim_trace_print(uint32_t count)
{
    uint32_t kept = line_count < LINES_MAX ? line_count : LINES_MAX;
    if (count > kept) count = kept;
    if (sim_trace_live) return;
    for (uint32_t i = line_count - count; i < line_count; i++)
        fprintf(stderr, "%.*s\n", TAIL_WIDTH, lines[i % LINES_MAX]);
}

void sim_trace_clear(void)
{
    line_count = 0;
}

/* ---- the log ------------------------------------------------------------------------------ */

void dv_log_init(dv_log_level least, bool json)
{
    (void)least, (void)json;
}

void dv_log_flush(void)
{
}

void dv_log_actor(const char *actor)
{
    log_actor = actor;
}

bool dv_log_wants(dv_log_level level)
{
    return sim_tracing && level > DV_LOG_DEBUG;
}

void dv_log_write(dv_log_level level, const char *event, const dv_id *order, const dv_kv *pairs,
                  size_t count)
{
    static const char *const LEVELS[] = {"debug", "info", "warn", "error"};
    if (!dv_log_wants(level)) return;
    char id[DV_ID_TEXT_SIZE] = "";
    if (order != NULL) dv_id_format(order, id);
    char *line = line_next();
    size_t at = strlen(line);
    at += (size_t)snprintf(line + at, LINE_SIZE - at, "%s %s %s %s", log_actor, LEVELS[level],
                           event, id);
    for (size_t i = 0; i < count && at < LINE_SIZE - 1; i++) {
        const dv_kv *kv = &pairs[i];
        int n =
            kv->is_number
                ? snprintf(line + at, LINE_SIZE - at, " %s=%" PRId64, kv->key, kv->number)
                : snprintf(line + at, LINE_SIZE - at, " %s=%.*s", kv->key, DV_TEXT_ARG(kv->text));
        at += (size_t)n;
    }
    line_end(line);
}
