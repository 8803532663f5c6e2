#include "gateway/http/limiter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "actors/base/clock.h"

#define ADDRESSES_MAX 65536
#define ADDRESS_SIZE 48
#define MICRO 1000000ull /* buckets count millionths of a token */

typedef struct bucket {
    char address[ADDRESS_SIZE];
    uint64_t level;    /* millionths of a token */
    int64_t filled_ns; /* the time of level, monotonic */
    UT_hash_handle hh;
} bucket;

struct dv_limiter {
    uint32_t per_second, burst;
    pthread_mutex_t mutex; /* guards the buckets */
    bucket *buckets;       /* the one used longest ago first */
};

dv_limiter *dv_limiter_new(uint32_t per_second, uint32_t burst)
{
    dv_limiter *limiter = calloc(1, sizeof *limiter);
    if (limiter == NULL) abort();
    limiter->per_second = per_second;
    limiter->burst = burst;
    pthread_mutex_init(&limiter->mutex, NULL);
    return limiter;
}

void dv_limiter_destroy(dv_limiter **limiter)
{
    if (*limiter == NULL) return;
    bucket *b, *next;
    HASH_ITER (hh, (*limiter)->buckets, b, next) {
        HASH_DEL((*limiter)->buckets, b);
        free(b);
    }
    pthread_mutex_destroy(&(*limiter)->mutex);
    free(*limiter);
    *limiter = NULL;
}

/* The address's bucket, full when it is new, moved to the end of the line. */
static bucket *bucket_of(dv_limiter *limiter, const char *address, int64_t now_ns)
{
    bucket *b;
    HASH_FIND_STR(limiter->buckets, address, b);
    if (b != NULL) {
        HASH_DEL(limiter->buckets, b);
    } else {
        if (HASH_COUNT(limiter->buckets) < ADDRESSES_MAX) {
            b = malloc(sizeof *b);
            if (b == NULL) abort();
        } else {
            b = limiter->buckets;
            HASH_DEL(limiter->buckets, b);
        }
        *b = (bucket){.level = limiter->burst * MICRO, .filled_ns = now_ns};
        snprintf(b->address, sizeof b->address, "%s", address);
    }
    HASH_ADD_STR(limiter->buckets, address, b);
    return b;
}

static void bucket_fill(bucket *b, const dv_limiter *limiter, int64_t now_ns)
{
    uint64_t full = limiter->burst * MICRO;
    uint64_t us = (uint64_t)(now_ns - b->filled_ns) / DV_NS_PER_US;
    uint64_t us_to_full = (full - b->level) / limiter->per_second + 1;
    b->level = us >= us_to_full ? full : b->level + us * limiter->per_second;
    b->filled_ns += (int64_t)us * DV_NS_PER_US;
}

static uint32_t seconds_until(uint64_t missing, uint32_t per_second)
{
    uint64_t per = per_second * MICRO;
    return (uint32_t)((missing + per - 1) / per);
}

bool dv_limiter_take(dv_limiter *limiter, const char *address, int64_t now_ns,
                     dv_allowance *ret_allowance)
{
    *ret_allowance = (dv_allowance){0};
    if (limiter->per_second == 0) return true;
    pthread_mutex_lock(&limiter->mutex);
    bucket *b = bucket_of(limiter, address, now_ns);
    bucket_fill(b, limiter, now_ns);
    bool taken = b->level >= MICRO;
    if (taken) b->level -= MICRO;
    uint64_t level = b->level;
    pthread_mutex_unlock(&limiter->mutex);
    *ret_allowance = (dv_allowance){
        .limited = true,
        .limit = limiter->burst,
        .left = (uint32_t)(level / MICRO),
        .reset_s = seconds_until(limiter->burst * MICRO - level, limiter->per_second),
        .retry_s = level >= MICRO ? 0 : seconds_until(MICRO - level, limiter->per_second)};
    return taken;
}
