/* The two clocks. Elapsed time is monotonic; wall time is for people, stored deadlines and the
   retry schedule. The run loop reads both once a turn and hands them to the handlers. */
#ifndef DV_BASE_CLOCK_H
#define DV_BASE_CLOCK_H

#include <stdint.h>

typedef struct dv_time {
    int64_t mono_ns; /* nanoseconds since an arbitrary start; never goes back */
    int64_t wall_us; /* microseconds since 1970; may jump */
} dv_time;

#define DV_NS_PER_S 1000000000ll
#define DV_NS_PER_MS 1000000ll
#define DV_NS_PER_US 1000ll
#define DV_US_PER_MS 1000ll

/* A deadline that never comes. */
#define DV_NEVER INT64_MAX

/* Reads both clocks. */
dv_time dv_time_now(void);

/* The monotonic half of it, nanoseconds. */
int64_t dv_mono_now(void);

static inline int64_t dv_min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t dv_max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#define DV_ISO_SIZE 28

/* Writes "2026-11-21T10:00:00.123Z" (milliseconds, rounded down), NUL-terminated. */
void dv_time_iso(int64_t wall_us, char ret_text[DV_ISO_SIZE]);

#endif
