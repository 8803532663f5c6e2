/* The simulated venue of a DEX: quotes and legs in its pools. Its pools stand at the market's price,
   plus what fills have moved them, as the simulated chain tells. */
#include <sodium.h>
#include <stdlib.h>

#include "actors/base/heap.h"
#include "actors/dex/sim/dice.h"
#include "actors/dex/sim/pools.h"
#include "actors/dex/venue.h"

typedef struct sim_venue {
    dv_venue base; /* first: a dv_venue is this */
    dv_venue_class class;
    const dv_sim_config *config; /* borrowed */
    uint64_t seed;               /* of this DEX's own choices; the market has the configured one */
    dv_sim_pools pools;
    dv_heap quotes; /* of pending quotes, which it owns */
} sim_venue;

/* A quote that was asked for and is not told yet. */
typedef struct quote {
    dv_timer timer;
    uint64_t ticket;
    dv_id order_id;
    uint8_t attempt;
    dv_sim_pool *pool; /* NULL: there is none */
    dv_sim_swap swap;
} quote;

static sim_venue *venue_of(dv_venue *venue)
{
    return (sim_venue *)venue;
}

/* ---- quotes ---- */

/* Bits that are the same for the same order, attempt and purpose. */
static uint64_t order_dice(const sim_venue *v, const char *purpose, const dv_id *order_id,
                           uint8_t attempt)
{
    uint8_t what[sizeof order_id->bytes + 1];
    memcpy(what, order_id->bytes, sizeof order_id->bytes);
    what[sizeof what - 1] = attempt;
    return dv_sim_dice(dv_sim_dice_stream(v->seed, purpose), what, sizeof what);
}

static dv_err quote_fill(const sim_venue *v, const quote *q, dv_time now, dv_sim_fill *ret_fill)
{
    if (order_dice(v, "quote fault", &q->order_id, q->attempt) % 100 <
        v->config->sim_fault_quote_percent)
        return DV_VENUE_QUOTE_FAILED;
    if (q->pool == NULL) return DV_VENUE_NO_POOL;
    dv_sim_moved unused;
    return dv_sim_pools_swap(&v->pools, q->pool, &q->swap, now.wall_us, ret_fill, &unused);
}

static void quote_tell(const sim_venue *v, const quote *q, dv_time now, const dv_venue_out *out)
{
    dv_sim_fill fill = {0};
    dv_err error = quote_fill(v, q, now, &fill);
    dv_message message = {.type = DV_MSG_quote_reply,
                          .quote_reply = {.order_id = q->order_id,
                                          .attempt = q->attempt,
                                          .quote = {
                                              .venue = dv_text_of(v->pools.class->dex),
                                              .error = error,
                                              .amount_in = fill.amount_in,
                                              .amount_out = fill.amount_out,
                                              .fee_ppm = v->pools.class->fee_ppm,
                                              .price_impact_bps = fill.price_impact_bps,
                                              .pool = dv_text_of(q->pool ? q->pool->address : NULL),
                                          }}};
    out->answer(out->context, q->ticket, &message);
}

static void quote_request(dv_venue *venue, uint64_t ticket, const dv_quote_request *ask,
                          dv_time now, const dv_venue_out *out)
{
    sim_venue *v = venue_of(venue);
    quote asked = {.ticket = ticket, .order_id = ask->order_id, .attempt = (uint8_t)ask->attempt};
    asked.swap.exact_out = ask->swap_mode == DV_EXACT_OUT;
    asked.swap.amount = ask->amount;
    asked.pool = dv_sim_pools_find(&v->pools, ask->token_in, ask->token_out, &asked.swap.x_to_y);
    uint64_t bits = order_dice(v, "quote delay", &asked.order_id, asked.attempt);
    uint64_t delay_us =
        dv_sim_dice_between(bits, (uint64_t)v->config->sim_quote_min_ms * DV_US_PER_MS,
                            (uint64_t)v->config->sim_quote_max_ms * DV_US_PER_MS);
    if (delay_us == 0) {
        quote_tell(v, &asked, now, out);
        return;
    }
    quote *q = malloc(sizeof *q);
    if (q == NULL) abort();
    *q = asked;
    dv_heap_set(&v->quotes, &q->timer, now.mono_ns + (int64_t)delay_us * DV_NS_PER_US);
}

static int64_t quotes_tick(sim_venue *v, dv_time now, const dv_venue_out *out)
{
    dv_timer *timer;
    while ((timer = dv_heap_pop_due(&v->quotes, now.mono_ns)) != NULL) {
        quote *q = DV_TIMER_OWNER(timer, quote, timer);
        quote_tell(v, q, now, out);
        free(q);
    }
    return dv_heap_next(&v->quotes);
}

/* ---- legs ---- */

static void leg_request(dv_venue *venue, uint64_t ticket, const dv_leg_request *ask, dv_time now,
                        const dv_venue_out *out)
{
    (void)now;
    sim_venue *v = venue_of(venue);
    bool x_to_y;
    bool found = dv_sim_pools_find(&v->pools, ask->token_in, ask->token_out, &x_to_y) != NULL;
    dv_message message = {.type = DV_MSG_leg_reply,
                          .leg_reply = {.order_id = ask->order_id,
                                        .attempt = ask->attempt,
                                        .error = found ? DV_OK : DV_VENUE_NO_POOL,
                                        .leg = {.venue = dv_text_of(v->pools.class->dex)}}};
    out->answer(out->context, ticket, &message);
}

/* ---- what the chain says ---- */

/* A fill has moved a pool. What is lost is said again within a second. */
static void pool_moved(sim_venue *v, const dv_pool_event *event)
{
    bool x_to_y;
    dv_sim_pool *pool = dv_sim_pools_find(&v->pools, event->token_x, event->token_y, &x_to_y);
    if (pool == NULL || !x_to_y) return;
    pool->moved = (dv_sim_moved){
        .x = (int64_t)event->moved_x, .y = (int64_t)event->moved_y, .at_us = (int64_t)event->at_us};
}

static void hear(dv_venue *venue, const dv_message *message, dv_time now, const dv_venue_out *out)
{
    (void)now, (void)out;
    if (message->type == DV_MSG_pool_event) pool_moved(venue_of(venue), &message->pool_event);
}

/* ---- tick, start, new and destroy ---- */

static int64_t tick(dv_venue *venue, dv_time now, const dv_venue_out *out)
{
    return quotes_tick(venue_of(venue), now, out);
}

static dv_err start(dv_venue *venue, dv_time now, char ret_why[DV_REASON_MAX])
{
    (void)venue, (void)now;
    if (sodium_init() >= 0) return DV_OK;
    snprintf(ret_why, DV_REASON_MAX, "libsodium cannot be used on this machine");
    return DV_START_FAILED;
}

static void destroy(dv_venue **venue)
{
    if (venue == NULL || *venue == NULL) return;
    sim_venue *v = venue_of(*venue);
    dv_timer *timer;
    while ((timer = dv_heap_pop_due(&v->quotes, INT64_MAX)) != NULL)
        free(DV_TIMER_OWNER(timer, quote, timer));
    dv_heap_fini(&v->quotes);
    dv_sim_pools_fini(&v->pools);
    free(v);
    *venue = NULL;
}

dv_venue *dv_sim_venue_new(const char *dex, const dv_sim_config *config, const dv_tokens *tokens)
{
    const dv_sim_pool_class *pools = NULL;
    for (uint32_t i = 0; (pools = dv_sim_dex(i)) != NULL && strcmp(pools->dex, dex) != 0;) i++;
    if (pools == NULL) return NULL;
    sim_venue *v = calloc(1, sizeof *v);
    if (v == NULL) abort();
    v->class = (dv_venue_class){.dex = pools->dex,
                                .start = start,
                                .quote = quote_request,
                                .leg = leg_request,
                                .hear = hear,
                                .tick = tick,
                                .destroy = destroy};
    v->base.class = &v->class;
    v->config = config;
    v->seed = dv_sim_dice_stream(config->sim_seed, pools->dex);
    dv_sim_pools_init(&v->pools, pools, config, tokens);
    return &v->base;
}
