/* How many orders an address may send: a bucket per address that holds `burst` tokens and gets
   `per_second` new ones each second. */
#ifndef DV_GATEWAY_HTTP_LIMITER_H
#define DV_GATEWAY_HTTP_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

/* What the RateLimit headers say. */
typedef struct dv_allowance {
    bool limited;     /* false: there is no limit, and the rest is 0 */
    uint32_t limit;   /* tokens in a full bucket */
    uint32_t left;    /* whole tokens */
    uint32_t reset_s; /* until the bucket is full, rounded up */
    uint32_t retry_s; /* until there is a token, rounded up; 0: there is one */
} dv_allowance;

typedef struct dv_limiter dv_limiter;

/* Makes the buckets; per_second 0: nobody is limited. At most 65,536 addresses are remembered, and
   the one not heard of for longest is forgotten first. Never NULL. */
dv_limiter *dv_limiter_new(uint32_t per_second, uint32_t burst);

/* Frees it and clears the pointer; accepts NULL. */
void dv_limiter_destroy(dv_limiter **limiter);

/* Takes a token of an address. False: it has none left. From any thread. */
bool dv_limiter_take(dv_limiter *limiter, const char *address, int64_t now_ns,
                     dv_allowance *ret_allowance);

#endif
