/* The simulated pools of one DEX: each is made when its pair is first named. */
#ifndef DV_DEX_SIM_POOLS_H
#define DV_DEX_SIM_POOLS_H

#include <uthash.h>

#include "actors/dex/sim/config.h"
#include "actors/dex/sim/pool.h"
#include "proto/base58.h"
#include "proto/text.h"

typedef struct dv_sim_pool {
    const dv_token *key[2]; /* the pair's tokens, in its order */
    dv_sim_pair pair;
    dv_sim_moved moved; /* by fills, as far as its owner knows */
    bool is_news;       /* moved since its routers were told */
    int64_t level_us;   /* the wall time of */
    dv_sim_level level;
    dv_err level_error;                /* or why there is none */
    char address[DV_BASE58_TEXT_SIZE]; /* made up, and always the same */
    UT_hash_handle hh;
} dv_sim_pool;

typedef struct dv_sim_pools {
    const dv_sim_pool_class *class;
    const dv_sim_config *config; /* borrowed */
    const dv_tokens *tokens;     /* borrowed */
    dv_sim_pool *pools;          /* owned, by tokens */
} dv_sim_pools;

/* The simulated DEXs: the class of each, NULL past the last. */
const dv_sim_pool_class *dv_sim_dex(uint32_t index);

/* Starts without pools. config and tokens are borrowed for its life. */
void dv_sim_pools_init(dv_sim_pools *pools, const dv_sim_pool_class *class,
                       const dv_sim_config *config, const dv_tokens *tokens);
void dv_sim_pools_fini(dv_sim_pools *pools);

/* The pool of two mints, and whether the swap goes from its X to its Y; NULL: there is none. */
dv_sim_pool *dv_sim_pools_find(dv_sim_pools *pools, dv_text token_in, dv_text token_out,
                               bool *ret_x_to_y);

/* What a swap would do now, and where it would leave the pool. Errors: those of a pool's swap. */
DV_MUST_CHECK dv_err dv_sim_pools_swap(const dv_sim_pools *pools, dv_sim_pool *pool,
                                       const dv_sim_swap *swap, int64_t wall_us,
                                       dv_sim_fill *ret_fill, dv_sim_moved *ret_moved);

#endif
