/* The log: one line per event on standard error, level, actor, order id, then key=value.

     2026-11-21T10:00:00.123Z INFO execution routed order=0193… dex=raydium raydium=101.2

   or, with format json, one JSON object a line with the same keys. Only actors and main log, once,
   where they decide; base and proto return errors instead. (The run loop counts as the actor that
   it runs.) Thread-safe; a line is one write. */
#ifndef DV_BASE_LOG_H
#define DV_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/id.h"
#include "proto/text.h"

typedef enum dv_log_level { DV_LOG_DEBUG, DV_LOG_INFO, DV_LOG_WARN, DV_LOG_ERROR } dv_log_level;

/* One key=value of a line. Made by the three functions below, in the call. */
typedef struct dv_kv {
    const char *key;
    bool is_number;
    dv_text text;
    int64_t number;
} dv_kv;

static inline dv_kv dv_kv_text(const char *key, dv_text text)
{
    return (dv_kv){.key = key, .text = text};
}

static inline dv_kv dv_kv_string(const char *key, const char *string)
{
    return (dv_kv){.key = key, .text = dv_text_of(string)};
}

static inline dv_kv dv_kv_number(const char *key, int64_t number)
{
    return (dv_kv){.key = key, .is_number = true, .number = number};
}

/* Sets the least level that is written, and whether lines are JSON. Call before any thread starts;
   info and text otherwise. */
void dv_log_init(dv_log_level least, bool json);

/* Names the actor on whose behalf this thread logs; the string must live as long as the thread. */
void dv_log_actor(const char *actor);

/* From now on this thread's lines wait for dv_log_flush, so that a turn of a run loop costs one
   write and not one a line. WARN and ERROR do not wait, nor what is before them. release flushes
   and ends it. */
void dv_log_hold(void);
void dv_log_flush(void);
void dv_log_release(void);

/* Writes a line. event: a word or two, constant. order: NULL for none. Use the macros. */
void dv_log_write(dv_log_level level, const char *event, const dv_id *order, const dv_kv *pairs,
                  size_t count);

/* Whether lines of a level are written: where making one costs something. */
bool dv_log_wants(dv_log_level level);

#define DV_LOG(level, event, order, ...)                                                           \
    dv_log_write(level, event, order, (const dv_kv[]){__VA_ARGS__ __VA_OPT__(, ){0}},              \
                 sizeof((const dv_kv[]){__VA_ARGS__ __VA_OPT__(, ){0}}) / sizeof(dv_kv) - 1)
#define dv_debug(event, order, ...) DV_LOG(DV_LOG_DEBUG, event, order, __VA_ARGS__)
#define dv_info(event, order, ...) DV_LOG(DV_LOG_INFO, event, order, __VA_ARGS__)
#define dv_warn(event, order, ...) DV_LOG(DV_LOG_WARN, event, order, __VA_ARGS__)
#define dv_error(event, order, ...) DV_LOG(DV_LOG_ERROR, event, order, __VA_ARGS__)

#endif
