/* The simulated cluster: transactions to sign, and what the routers are told of its pools. */
#include "actors/chain/simulated/simulated.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "actors/dex/sim/dice.h"
#include "proto/base58.h"

static dv_simulated *cluster_of(dv_backend *backend)
{
    return (dv_simulated *)backend;
}

dv_sim_dex_state *dv_simulated_dex(dv_simulated *cluster, dv_text dex)
{
    for (uint32_t i = 0; i < cluster->dex_count; i++)
        if (dv_text_is(dex, cluster->dexes[i].pools.class->dex)) return &cluster->dexes[i];
    return NULL;
}

/* ---- transactions to sign ---- */

static void transaction_make(dv_simulated *c, const dv_sim_dex_state *dex,
                             const dv_build_request *b, dv_time now, dv_sim_transaction *ret)
{
    *ret = (dv_sim_transaction){
        .order_id = b->order_id,
        .attempt = (uint8_t)b->attempt,
        .swap_mode = (uint8_t)b->swap_mode,
        .amount = b->amount,
        .limit_amount = b->limit_amount,
        .last_valid_block_height =
            dv_sim_height_at(&c->heights, now.wall_us) + c->config->sim_expiry_blocks,
    };
    dv_text_copy(ret->dex, sizeof ret->dex, dv_text_of(dex->pools.class->dex));
    dv_text_copy(ret->token_in, sizeof ret->token_in, b->token_in);
    dv_text_copy(ret->token_out, sizeof ret->token_out, b->token_out);
    const uint64_t what[2] = {(uint64_t)now.wall_us, c->builds++};
    uint64_t nonce = dv_sim_dice(dv_sim_dice_stream(dex->seed, "nonce"), what, sizeof what);
    _Static_assert(sizeof nonce == sizeof ret->nonce, "a nonce is one dice");
    memcpy(ret->nonce, &nonce, sizeof nonce);
}

/* Why nothing can be built of the request; DV_OK: something can. */
static dv_err build_check(dv_simulated *c, const dv_build_request *build,
                          dv_sim_dex_state **ret_dex, const char **ret_why)
{
    bool x_to_y;
    *ret_why = NULL;
    if (build->legs_count != 1) {
        *ret_why = "a simulated transaction has one leg";
        return DV_VENUE_BUILD_FAILED;
    }
    *ret_dex = dv_simulated_dex(c, build->legs[0].venue);
    if (*ret_dex == NULL ||
        dv_sim_pools_find(&(*ret_dex)->pools, build->token_in, build->token_out, &x_to_y) == NULL)
        return DV_VENUE_NO_POOL;
    if (build->swap_mode <= DV_EXACT_OUT && build->amount > 0) return DV_OK;
    *ret_why = "the swap has no amount, or a mode that is not known";
    return DV_VENUE_BUILD_FAILED;
}

static void build(dv_backend *backend, uint64_t ticket, const dv_build_request *build, dv_time now,
                  const dv_chain_out *out)
{
    dv_simulated *c = cluster_of(backend);
    dv_message message = {
        .type = DV_MSG_build_reply,
        .build_reply = {.order_id = build->order_id, .attempt = build->attempt},
    };
    dv_build_reply *built = &message.build_reply;
    dv_sim_transaction transaction;
    uint8_t bytes[DV_SIM_TRANSACTION_SIZE], signature[DV_SIM_SIGNATURE_SIZE];
    char name[DV_BASE58_TEXT_SIZE];
    dv_sim_dex_state *dex;
    const char *why;
    built->error = build_check(c, build, &dex, &why);
    built->error_text = dv_text_of(why);
    if (built->error == DV_OK) {
        transaction_make(c, dex, build, now, &transaction);
        dv_sim_transaction_encode(&transaction, bytes);
        built->transaction = (dv_text){(const char *)bytes, sizeof bytes};
        dv_sim_sign(built->transaction, signature);
        built->signature = (dv_text){name, dv_base58_encode(signature, sizeof signature, name)};
        built->last_valid_block_height = transaction.last_valid_block_height;
    }
    out->answer(out->context, ticket, &message);
}

/* ---- what routers are told ---- */

static void pool_tell(const dv_sim_pools *pools, const dv_sim_pool *pool, const dv_chain_out *out)
{
    dv_message message = {.type = DV_MSG_pool_event,
                          .pool_event = {.dex = dv_text_of(pools->class->dex),
                                         .token_x = dv_text_of(pool->pair.x->mint),
                                         .token_y = dv_text_of(pool->pair.y->mint),
                                         .moved_x = (uint64_t)pool->moved.x,
                                         .moved_y = (uint64_t)pool->moved.y,
                                         .at_us = (uint64_t)pool->moved.at_us}};
    out->publish(out->context, pools->class->dex, &message);
}

/* Tells of the pools of a DEX that have moved: since the last time, or ever. */
static void pools_tell(dv_sim_pools *pools, bool only_news, const dv_chain_out *out)
{
    for (dv_sim_pool *pool = pools->pools; pool != NULL; pool = pool->hh.next) {
        bool tells = only_news ? pool->is_news : pool->moved.at_us != 0;
        if (tells) pool_tell(pools, pool, out);
        pool->is_news = false;
    }
}

/* Once more, all that is known: a message may have been lost, or the router may be new. */
static void watch_cluster(dv_backend *backend, const char *dex, const dv_watch_cluster *watch,
                          dv_time now, const dv_chain_out *out)
{
    (void)watch, (void)now;
    dv_sim_dex_state *state = dv_simulated_dex(cluster_of(backend), dv_text_of(dex));
    if (state != NULL) pools_tell(&state->pools, false, out);
}

/* ---- tick, start, new and destroy ---- */

static int64_t tick(dv_backend *backend, dv_time now, const dv_chain_out *out)
{
    dv_simulated *c = cluster_of(backend);
    int64_t next_ns = dv_sim_flight_tick(c, now, out);
    for (uint32_t i = 0; c->moved && i < c->dex_count; i++)
        pools_tell(&c->dexes[i].pools, true, out);
    c->moved = false;
    return next_ns;
}

static dv_err start(dv_backend *backend, dv_time now, char ret_why[DV_REASON_MAX])
{
    dv_simulated *c = cluster_of(backend);
    (void)dv_sim_height_at(&c->heights, now.wall_us);
    if (sodium_init() < 0) {
        snprintf(ret_why, DV_REASON_MAX, "libsodium cannot be used on this machine");
        return DV_START_FAILED;
    }
    return dv_sim_ledger_open(&c->ledger, ret_why);
}

static dv_health health(const dv_backend *backend)
{
    const dv_simulated *c = (const dv_simulated *)backend;
    if (!c->ledger.broken) return (dv_health){0};
    return (dv_health){
        .degraded = DV_VENUE_OUTCOME_UNKNOWN,
        .text = "the simulated chain cannot write its ledger: nothing is told of what lands"};
}

static void destroy(dv_backend **backend)
{
    if (backend == NULL || *backend == NULL) return;
    dv_simulated *c = cluster_of(*backend);
    dv_sim_flight_fini(c);
    for (uint32_t i = 0; i < c->dex_count; i++) dv_sim_pools_fini(&c->dexes[i].pools);
    dv_sim_ledger_fini(&c->ledger);
    free(c);
    *backend = NULL;
}

static const dv_backend_class CLASS = {
    .name = "simulated",
    .start = start,
    .build = build,
    .send = dv_sim_flight_send,
    .check = dv_sim_flight_check,
    .watch_cluster = watch_cluster,
    .tick = tick,
    .health = health,
    .destroy = destroy,
};

dv_backend *dv_simulated_new(const dv_sim_config *config, dv_confirmation confirmation,
                             const dv_tokens *tokens)
{
    dv_simulated *c = calloc(1, sizeof *c);
    if (c == NULL) abort();
    c->base.class = &CLASS;
    c->config = config;
    c->confirmation = confirmation;
    c->heights.block_us = config->sim_block_ms * DV_US_PER_MS;
    for (const dv_sim_pool_class *class; (class = dv_sim_dex(c->dex_count)) != NULL;) {
        dv_sim_dex_state *dex = &c->dexes[c->dex_count++];
        assert(c->dex_count <= DV_SIM_DEXES_MAX);
        dex->seed = dv_sim_dice_stream(config->sim_seed, class->dex);
        dv_sim_pools_init(&dex->pools, class, config, tokens);
    }
    dv_sim_ledger_init(&c->ledger, config->sim_ledger);
    return &c->base;
}
