/* The rate limit: how many orders an address may send. Each address has a bucket of `burst` tokens,
   which gets `per_second` new tokens each second. An order takes one token. */
#ifndef DV_GATEWAY_HTTP_LIMITER_H
#define DV_GATEWAY_HTTP_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

/* What the RateLimit headers tell. */
typedef struct dv_allowance {
    bool limited;     /* false: there is no limit, and all else is 0 */
    uint32_t limit;   /* tokens in a full bucket */
    uint32_t left;    /* whole tokens */
    uint32_t reset_s; /* until the bucket is full, rounded up */
    uint32_t retry_s; /* until the next token, rounded up; 0: there is a token */
} dv_allowance;

typedef struct dv_limiter dv_limiter;

/* Makes the limiter. per_second 0: no limit. Of more than 65,536 addresses, the one whose latest
   order is oldest is forgotten. Never NULL. */
dv_limiter *dv_limiter_new(uint32_t per_second, uint32_t burst);

/* Frees the limiter and clears the pointer; accepts NULL. */
void dv_limiter_destroy(dv_limiter **limiter);

/* Takes a token of an address. False: no token is left. Any thread may call it. */
bool dv_limiter_take(dv_limiter *limiter, const char *address, int64_t now_ns,
                     dv_allowance *ret_allowance);

#endif
