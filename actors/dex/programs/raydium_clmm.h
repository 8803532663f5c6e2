/* A decoded Raydium CLMM pool. raydium_clmm_decode.c makes it, raydium_clmm.c quotes it. Layouts:
   raydium-io/raydium-clmm, states/pool.rs, config.rs, tick_array.rs and
   tickarray_bitmap_extension.rs; programs CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK (mainnet)
   and DRayAUgENGQBKVaX8owNhgzkEDyoHTGVEGHVJT1E9pfH (devnet). */
#ifndef DV_DEX_RAYDIUM_CLMM_H
#define DV_DEX_RAYDIUM_CLMM_H

#include "actors/dex/programs/pool_arrays.h"
#include "actors/dex/programs/raydium_clmm_math.h"

#define DV_CLMM_POOL_SIZE 1544u /* bytes */
#define DV_CLMM_ARRAY_TICKS 60  /* of a tick array, each tick_spacing apart */

/* An initialised tick: positions begin or end there. */
typedef struct dv_clmm_tick {
    dv_u128 sqrt_price;     /* Q64.64 */
    __int128 liquidity_net; /* added when the price crosses the tick upwards */
    int32_t index;
} dv_clmm_tick;

typedef struct dv_clmm_pool {
    dv_pool base;
    dv_pubkey config, observation; /* addresses */
    uint32_t fee_rate;             /* of the input, millionths, below 1000000 */
    uint32_t protocol_rate;        /* of the fee, millionths; with fund_rate at most 1000000 */
    uint32_t fund_rate;
    uint16_t tick_spacing; /* 1.. */
    bool is_swap_off;
    uint64_t open_time;    /* seconds since 1970 */
    dv_u128 sqrt_price;    /* of `tick`, or between it and the next tick */
    dv_u128 liquidity;     /* in range */
    int32_t tick;          /* MIN..MAX - 1 */
    dv_pool_arrays arrays; /* their slots are the initialised dv_clmm_tick */
} dv_clmm_pool;

/* The number of the array that a tick is in. */
static inline int32_t dv_clmm_array_of(int32_t tick, uint16_t tick_spacing)
{
    int32_t width = DV_CLMM_ARRAY_TICKS * tick_spacing;
    return tick / width - (tick % width < 0);
}

/* A tick by its place in the row of all arrays' ticks. */
static inline const dv_clmm_tick *dv_clmm_tick_at(const dv_clmm_pool *pool, uint32_t i)
{
    return (const dv_clmm_tick *)pool->arrays.slots + i;
}

/* The class's functions that decode; see pool.h. */
dv_err dv_clmm_needs(const dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                     dv_pool_needs *ret_needs, dv_refusal *ret_refusal);
dv_err dv_clmm_decode(dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                      dv_refusal *ret_refusal);
void dv_clmm_release(dv_pool *pool);

/* The 8 bytes that a pool's account begins with. */
extern const uint8_t DV_CLMM_POOL_MARK[8];

#endif
