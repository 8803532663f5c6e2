/* A simulated pool: the mathematics of one swap, and how fills move it.

   A pool stands where arbitrage holds it (the level), plus what fills have moved it since, which
   halves every HALF_LIFE. Only fills change a pool, so asking for quotes leaves no trace. All
   rounding is against the trader. */
#ifndef DV_DEX_SIM_POOL_H
#define DV_DEX_SIM_POOL_H

#include "actors/dex/sim/market.h"

#define DV_SIM_HALF_LIFE_US 3000000ll

/* How far fills have moved a pool from its level, in atoms it holds more (or less) of each side. A
   pool of bins uses only y: its place on the line of bins. Starts as {0}. */
typedef struct dv_sim_moved {
    int64_t x, y;
    int64_t at_us; /* wall time of the last fill */
} dv_sim_moved;

typedef struct dv_sim_swap {
    bool x_to_y;
    bool exact_out;  /* amount is what is received; otherwise what is paid */
    uint64_t amount; /* atoms */
} dv_sim_swap;

typedef struct dv_sim_fill {
    uint64_t amount_in, amount_out; /* atoms, all fees in */
    uint32_t price_impact_bps;      /* against the pool's price before, fee left out */
} dv_sim_fill;

/* A DEX's kind of pool. */
typedef struct dv_sim_pool_class {
    const char *dex;
    uint32_t fee_ppm; /* of the input */
    int side;         /* which half of the market's spread its pools are off to */
    /* Does a swap on a pool that stands at level + *moved; moves it on success only. Errors:
       VENUE_AMOUNT_TOO_SMALL (no output, or nothing asked), VENUE_LIQUIDITY_INSUFFICIENT. */
    dv_err (*swap)(const dv_sim_level *level, const dv_sim_swap *swap, dv_sim_moved *moved,
                   dv_sim_fill *ret_fill);
} dv_sim_pool_class;

/* Constant product: x * y never falls. One swap takes at most half of a side. */
extern const dv_sim_pool_class DV_SIM_RAYDIUM;

/* Liquidity bins 10 bps apart, 100 on each side of the one where the level is. */
extern const dv_sim_pool_class DV_SIM_METEORA;

/* What is left of a move at a later wall time; a clock that went back counts as no time. */
dv_sim_moved dv_sim_moved_at(const dv_sim_moved *moved, int64_t wall_us);

/* What reaches the pool of an input, rounded down, and its counterpart: the input of which at least
   `net` reaches the pool, rounded up (false when it does not fit 64 bits). */
uint64_t dv_sim_net_of_fee_floor(uint64_t amount_in, uint32_t fee_ppm);
DV_MUST_CHECK bool dv_sim_gross_of_net_ceil(uint64_t net, uint32_t fee_ppm, uint64_t *ret_gross);

/* How much worse than `price_out` atoms for `price_in` a swap of net for out is, rounded down. */
uint32_t dv_sim_price_impact_bps(uint64_t price_in, uint64_t price_out, uint64_t net, uint64_t out);

#endif
