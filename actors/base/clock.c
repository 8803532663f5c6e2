#include "actors/base/clock.h"

#include <stdio.h>
#include <time.h>

dv_time dv_time_now(void)
{
    struct timespec mono, wall;
    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (dv_time){
        .mono_ns = (int64_t)mono.tv_sec * 1000000000 + mono.tv_nsec,
        .wall_us = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000,
    };
}

void dv_time_iso(int64_t wall_us, char ret_text[DV_ISO_SIZE])
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t n = strftime(ret_text, DV_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(ret_text + n, DV_ISO_SIZE - n, ".%03uZ", (unsigned)(wall_us / 1000 % 1000));
}
