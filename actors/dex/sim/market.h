/* The market that the simulated venues trade against: what every pair is worth at any time.

   A price is a function of the seed and the wall time alone. The worth of a token drifts about its
   sim_price like a slow random walk; on top of it each pair has a spread, half of which each of the
   two venues is off to its side. Both are continuous. Any 5 s move a venue's price by less than
   5 bps, and at any time the two venues' prices are 2.4 % to 4.4 % apart. */
#ifndef DV_DEX_SIM_MARKET_H
#define DV_DEX_SIM_MARKET_H

#include <stdbool.h>
#include <stdint.h>

#include "actors/base/tokens.h"
#include "proto/error.h"

/* What x atoms of token X are worth in atoms of Y. The larger of the two is 61 to 63 bits long, the
   smaller at least 20. */
typedef struct dv_sim_price {
    uint64_t x, y;
} dv_sim_price;

/* Where arbitrage holds a pool: its price, and its depth in atoms of either side (1..2^62). */
typedef struct dv_sim_level {
    dv_sim_price price;
    uint64_t x, y;
} dv_sim_level;

/* A pair of tokens in the order of their mints, so that both directions name the same pair. */
typedef struct dv_sim_pair {
    const dv_token *x, *y;                /* borrowed */
    uint64_t seed_x, seed_y, seed_spread; /* streams of dice */
} dv_sim_pair;

/* Makes the pair of two tokens, in any order. VENUE_NO_POOL when the two are the same, or one has
   no sim_price. The tokens are borrowed for the pair's life. */
DV_MUST_CHECK dv_err dv_sim_pair_init(uint64_t seed, const dv_token *a, const dv_token *b,
                                      dv_sim_pair *ret_pair);

/* The level at a wall time. side: +1 or -1, which half of the spread the venue is off to.
   depth_usd: of either side; it is less where the atoms of a token would not fit 62 bits.
   VENUE_NO_POOL when the tokens' atoms are too unlike in worth for a pool. */
DV_MUST_CHECK dv_err dv_sim_pair_level(const dv_sim_pair *pair, int side, uint64_t depth_usd,
                                       int64_t wall_us, dv_sim_level *ret_level);

#endif
