#include "actors/dex/sim/venue.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "actors/dex/sim/dice.h"

#define ADDRESS_SIZE 32 /* bytes of a key */

/* A quote that was asked for and is not told yet. */
typedef struct quote {
    dv_timer timer;
    uint64_t ticket;
    dv_id order_id;
    uint8_t attempt;
    dv_sim_pool *pool; /* NULL: there is none */
    dv_sim_swap swap;
} quote;

static const dv_sim_pool_class *const POOLS[] = {&DV_SIM_RAYDIUM, &DV_SIM_METEORA};

static dv_sim_venue *venue_of(dv_venue *venue)
{
    return (dv_sim_venue *)venue;
}

/* ---- pools ---- */

static void address_make(const dv_sim_venue *v, dv_sim_pool *pool)
{
    uint8_t key[ADDRESS_SIZE];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof key);
    const char *parts[] = {v->pools_class->dex, pool->pair.x->mint, pool->pair.y->mint};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        crypto_generichash_update(&state, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
    crypto_generichash_final(&state, key, sizeof key);
    dv_base58_encode(key, sizeof key, pool->address);
}

static dv_sim_pool *pool_add(dv_sim_venue *v, const dv_sim_pair *pair)
{
    dv_sim_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) abort();
    pool->pair = *pair;
    pool->key[0] = pair->x;
    pool->key[1] = pair->y;
    pool->level_us = INT64_MIN;
    address_make(v, pool);
    HASH_ADD(hh, v->pools, key, sizeof pool->key, pool);
    return pool;
}

dv_sim_pool *dv_sim_venue_pool(dv_sim_venue *venue, dv_text token_in, dv_text token_out,
                               bool *ret_x_to_y)
{
    const dv_token *in = dv_tokens_by_mint(venue->tokens, token_in);
    const dv_token *out = dv_tokens_by_mint(venue->tokens, token_out);
    if (in == NULL || out == NULL) return NULL;
    *ret_x_to_y = strcmp(in->mint, out->mint) < 0;
    const dv_token *key[2] = {*ret_x_to_y ? in : out, *ret_x_to_y ? out : in};
    dv_sim_pool *pool;
    HASH_FIND(hh, venue->pools, key, sizeof key, pool);
    dv_sim_pair pair;
    if (pool != NULL || dv_sim_pair_init(venue->config->sim_seed, in, out, &pair) != DV_OK)
        return pool;
    return pool_add(venue, &pair);
}

/* All swaps of a turn have one wall time, and so one level. */
static dv_err level_at(const dv_sim_venue *v, dv_sim_pool *pool, int64_t wall_us)
{
    if (pool->level_us != wall_us)
        pool->level_error = dv_sim_pair_level(&pool->pair, v->pools_class->side,
                                              v->config->sim_depth_usd, wall_us, &pool->level);
    pool->level_us = wall_us;
    return pool->level_error;
}

dv_err dv_sim_venue_swap(const dv_sim_venue *venue, dv_sim_pool *pool, const dv_sim_swap *swap,
                         int64_t wall_us, dv_sim_fill *ret_fill, dv_sim_moved *ret_moved)
{
    dv_err error = level_at(venue, pool, wall_us);
    if (error != DV_OK) return error;
    *ret_moved = dv_sim_moved_at(&pool->moved, wall_us);
    return venue->pools_class->swap(&pool->level, swap, ret_moved, ret_fill);
}

/* ---- quotes ---- */

/* Bits that are the same for the same order, attempt and purpose. */
static uint64_t order_dice(const dv_sim_venue *v, const char *purpose, const dv_id *order_id,
                           uint8_t attempt)
{
    uint8_t what[sizeof order_id->bytes + 1];
    memcpy(what, order_id->bytes, sizeof order_id->bytes);
    what[sizeof what - 1] = attempt;
    return dv_sim_dice(dv_sim_dice_stream(v->seed, purpose), what, sizeof what);
}

static dv_err quote_fill(const dv_sim_venue *v, const quote *q, dv_time now, dv_sim_fill *ret_fill)
{
    if (order_dice(v, "quote fault", &q->order_id, q->attempt) % 100 <
        v->config->sim_fault_quote_percent)
        return DV_VENUE_QUOTE_FAILED;
    if (q->pool == NULL) return DV_VENUE_NO_POOL;
    dv_sim_moved unused;
    return dv_sim_venue_swap(v, q->pool, &q->swap, now.wall_us, ret_fill, &unused);
}

static void quote_tell(const dv_sim_venue *v, const quote *q, dv_time now,
                       const dv_answers *answers)
{
    dv_sim_fill fill = {0};
    dv_err error = quote_fill(v, q, now, &fill);
    dv_message message = {.type = DV_MSG_quote_reply,
                          .quote_reply = {.order_id = q->order_id,
                                          .attempt = q->attempt,
                                          .quote = {
                                              .venue = dv_text_of(v->pools_class->dex),
                                              .error = error,
                                              .amount_in = fill.amount_in,
                                              .amount_out = fill.amount_out,
                                              .fee_ppm = v->pools_class->fee_ppm,
                                              .price_impact_bps = fill.price_impact_bps,
                                              .pool = dv_text_of(q->pool ? q->pool->address : NULL),
                                          }}};
    answers->answer(answers->context, q->ticket, &message);
}

static void quote_request(dv_venue *venue, uint64_t ticket, const dv_quote_request *ask,
                          dv_time now, const dv_answers *answers)
{
    dv_sim_venue *v = venue_of(venue);
    quote asked = {.ticket = ticket, .order_id = ask->order_id, .attempt = (uint8_t)ask->attempt};
    asked.swap.exact_out = ask->swap_mode == DV_EXACT_OUT;
    asked.swap.amount = ask->amount;
    asked.pool = dv_sim_venue_pool(v, ask->token_in, ask->token_out, &asked.swap.x_to_y);
    uint64_t bits = order_dice(v, "quote delay", &asked.order_id, asked.attempt);
    uint64_t delay_us =
        dv_sim_dice_between(bits, (uint64_t)v->config->sim_quote_min_ms * DV_US_PER_MS,
                            (uint64_t)v->config->sim_quote_max_ms * DV_US_PER_MS);
    if (delay_us == 0) {
        quote_tell(v, &asked, now, answers);
        return;
    }
    quote *q = malloc(sizeof *q);
    if (q == NULL) abort();
    *q = asked;
    dv_heap_set(&v->quotes, &q->timer, now.mono_ns + (int64_t)delay_us * DV_NS_PER_US);
}

static int64_t quotes_tick(dv_sim_venue *v, dv_time now, const dv_answers *answers)
{
    dv_timer *timer;
    while ((timer = dv_heap_pop_due(&v->quotes, now.mono_ns)) != NULL) {
        quote *q = DV_TIMER_OWNER(timer, quote, timer);
        quote_tell(v, q, now, answers);
        free(q);
    }
    return dv_heap_next(&v->quotes);
}

/* ---- transactions to sign ---- */

static void transaction_make(dv_sim_venue *v, const dv_build_request *b, dv_time now,
                             dv_sim_transaction *ret)
{
    *ret = (dv_sim_transaction){
        .order_id = b->order_id,
        .attempt = (uint8_t)b->attempt,
        .swap_mode = (uint8_t)b->swap_mode,
        .amount = b->amount,
        .limit_amount = b->limit_amount,
        .last_valid_block_height =
            dv_sim_chain_height(&v->chain, now.wall_us) + v->config->sim_expiry_blocks,
    };
    dv_text_copy(ret->dex, sizeof ret->dex, dv_text_of(v->pools_class->dex));
    dv_text_copy(ret->token_in, sizeof ret->token_in, b->token_in);
    dv_text_copy(ret->token_out, sizeof ret->token_out, b->token_out);
    const uint64_t what[2] = {(uint64_t)now.wall_us, v->builds++};
    uint64_t nonce = dv_sim_dice(dv_sim_dice_stream(v->seed, "nonce"), what, sizeof what);
    _Static_assert(sizeof nonce == sizeof ret->nonce, "a nonce is one dice");
    memcpy(ret->nonce, &nonce, sizeof nonce);
}

static void build(dv_venue *venue, uint64_t ticket, const dv_build_request *build, dv_time now,
                  const dv_answers *answers)
{
    dv_sim_venue *v = venue_of(venue);
    dv_message message = {
        .type = DV_MSG_build_reply,
        .build_reply = {.order_id = build->order_id, .attempt = build->attempt},
    };
    dv_build_reply *built = &message.build_reply;
    dv_sim_transaction transaction;
    uint8_t bytes[DV_SIM_TRANSACTION_SIZE], signature[DV_SIM_SIGNATURE_SIZE];
    char name[DV_BASE58_TEXT_SIZE];
    bool x_to_y;
    if (dv_sim_venue_pool(v, build->token_in, build->token_out, &x_to_y) == NULL) {
        built->error = DV_VENUE_NO_POOL;
    } else if (build->swap_mode > DV_EXACT_OUT || build->amount == 0) {
        built->error = DV_VENUE_BUILD_FAILED;
        built->error_text = dv_text_of("the swap has no amount, or a mode that is not known");
    } else {
        transaction_make(v, build, now, &transaction);
        dv_sim_transaction_encode(&transaction, bytes);
        built->transaction = (dv_text){(const char *)bytes, sizeof bytes};
        dv_sim_sign(built->transaction, signature);
        built->signature = (dv_text){name, dv_base58_encode(signature, sizeof signature, name)};
        built->last_valid_block_height = transaction.last_valid_block_height;
    }
    answers->answer(answers->context, ticket, &message);
}

/* ---- tick, start, new and destroy ---- */

static int64_t tick(dv_venue *venue, dv_time now, const dv_answers *answers)
{
    dv_sim_venue *v = venue_of(venue);
    int64_t quotes_ns = quotes_tick(v, now, answers);
    return dv_min_i64(quotes_ns, dv_sim_flight_tick(v, now, answers));
}

static dv_err start(dv_venue *venue, dv_time now, char ret_why[DV_REASON_MAX])
{
    dv_sim_venue *v = venue_of(venue);
    (void)dv_sim_chain_height(&v->chain, now.wall_us);
    if (sodium_init() < 0) {
        snprintf(ret_why, DV_REASON_MAX, "libsodium cannot be used on this machine");
        return DV_START_FAILED;
    }
    return dv_sim_ledger_open(&v->ledger, ret_why);
}

static dv_health health(const dv_venue *venue)
{
    const dv_sim_venue *v = (const dv_sim_venue *)venue;
    if (!v->ledger.broken) return (dv_health){0};
    return (dv_health){
        .degraded = DV_VENUE_OUTCOME_UNKNOWN,
        .text = "the simulated venue cannot write its ledger: nothing is told of what lands"};
}

static void destroy(dv_venue **venue)
{
    if (venue == NULL || *venue == NULL) return;
    dv_sim_venue *v = venue_of(*venue);
    dv_timer *timer;
    while ((timer = dv_heap_pop_due(&v->quotes, INT64_MAX)) != NULL)
        free(DV_TIMER_OWNER(timer, quote, timer));
    dv_heap_fini(&v->quotes);
    dv_sim_flight_fini(v);
    dv_sim_pool *pool, *next;
    HASH_ITER (hh, v->pools, pool, next) {
        HASH_DEL(v->pools, pool);
        free(pool);
    }
    dv_sim_ledger_fini(&v->ledger);
    free(v);
    *venue = NULL;
}

#define VENUE_CLASS(name)                                                                          \
    {                                                                                              \
        .dex = name, .start = start, .quote = quote_request, .build = build,                       \
        .send = dv_sim_flight_send, .check = dv_sim_flight_check, .tick = tick, .health = health,  \
        .destroy = destroy,                                                                        \
    }
static const dv_venue_class CLASSES[] = {VENUE_CLASS("raydium"), VENUE_CLASS("meteora")};
_Static_assert(sizeof CLASSES / sizeof CLASSES[0] == sizeof POOLS / sizeof POOLS[0],
               "a venue for each kind of pool, in the same order");

dv_venue *dv_sim_venue_new(const char *dex, const dv_sim_config *config,
                           dv_confirmation confirmation, const dv_tokens *tokens)
{
    size_t i = 0;
    while (i < sizeof POOLS / sizeof POOLS[0] && strcmp(POOLS[i]->dex, dex) != 0) i++;
    if (i == sizeof POOLS / sizeof POOLS[0]) return NULL;
    assert(strcmp(CLASSES[i].dex, dex) == 0);
    dv_sim_venue *v = calloc(1, sizeof *v);
    if (v == NULL) abort();
    v->base.class = &CLASSES[i];
    v->pools_class = POOLS[i];
    v->config = config;
    v->confirmation = confirmation;
    v->tokens = tokens;
    v->seed = dv_sim_dice_stream(config->sim_seed, POOLS[i]->dex);
    v->chain.block_us = config->sim_block_ms * DV_US_PER_MS;
    dv_sim_ledger_init(&v->ledger, config->sim_ledger, POOLS[i]->dex);
    return &v->base;
}
