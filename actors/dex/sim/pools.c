#include "actors/dex/sim/pools.h"

#include <sodium.h>
#include <stdlib.h>

#define ADDRESS_SIZE 32 /* bytes of a key */

static const dv_sim_pool_class *const DEXES[] = {&DV_SIM_RAYDIUM, &DV_SIM_METEORA};

const dv_sim_pool_class *dv_sim_dex(uint32_t index)
{
    return index < sizeof DEXES / sizeof DEXES[0] ? DEXES[index] : NULL;
}

void dv_sim_pools_init(dv_sim_pools *pools, const dv_sim_pool_class *class,
                       const dv_sim_config *config, const dv_tokens *tokens)
{
    *pools = (dv_sim_pools){.class = class, .config = config, .tokens = tokens};
}

void dv_sim_pools_fini(dv_sim_pools *pools)
{
    dv_sim_pool *pool, *next;
    HASH_ITER (hh, pools->pools, pool, next) {
        HASH_DEL(pools->pools, pool);
        free(pool);
    }
}

static void address_make(const dv_sim_pools *pools, dv_sim_pool *pool)
{
    uint8_t key[ADDRESS_SIZE];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof key);
    const char *parts[] = {pools->class->dex, pool->pair.x->mint, pool->pair.y->mint};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        crypto_generichash_update(&state, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
    crypto_generichash_final(&state, key, sizeof key);
    dv_base58_encode(key, sizeof key, pool->address);
}

static dv_sim_pool *pool_add(dv_sim_pools *pools, const dv_sim_pair *pair)
{
    dv_sim_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) abort();
    pool->pair = *pair;
    pool->key[0] = pair->x;
    pool->key[1] = pair->y;
    pool->level_us = INT64_MIN;
    address_make(pools, pool);
    HASH_ADD(hh, pools->pools, key, sizeof pool->key, pool);
    return pool;
}

dv_sim_pool *dv_sim_pools_find(dv_sim_pools *pools, dv_text token_in, dv_text token_out,
                               bool *ret_x_to_y)
{
    const dv_token *in = dv_tokens_by_mint(pools->tokens, token_in);
    const dv_token *out = dv_tokens_by_mint(pools->tokens, token_out);
    if (in == NULL || out == NULL) return NULL;
    *ret_x_to_y = strcmp(in->mint, out->mint) < 0;
    const dv_token *key[2] = {*ret_x_to_y ? in : out, *ret_x_to_y ? out : in};
    dv_sim_pool *pool;
    HASH_FIND(hh, pools->pools, key, sizeof key, pool);
    dv_sim_pair pair;
    if (pool != NULL || dv_sim_pair_init(pools->config->sim_seed, in, out, &pair) != DV_OK)
        return pool;
    return pool_add(pools, &pair);
}

/* All swaps of a turn have one wall time, and so one level. */
static dv_err level_at(const dv_sim_pools *pools, dv_sim_pool *pool, int64_t wall_us)
{
    if (pool->level_us != wall_us)
        pool->level_error = dv_sim_pair_level(&pool->pair, pools->class->side,
                                              pools->config->sim_depth_usd, wall_us, &pool->level);
    pool->level_us = wall_us;
    return pool->level_error;
}

dv_err dv_sim_pools_swap(const dv_sim_pools *pools, dv_sim_pool *pool, const dv_sim_swap *swap,
                         int64_t wall_us, dv_sim_fill *ret_fill, dv_sim_moved *ret_moved)
{
    dv_err error = level_at(pools, pool, wall_us);
    if (error != DV_OK) return error;
    *ret_moved = dv_sim_moved_at(&pool->moved, wall_us);
    return pools->class->swap(&pool->level, swap, ret_moved, ret_fill);
}
