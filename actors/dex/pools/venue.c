/* A DEX on Solana: quotes and legs in its pools. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/dex/pools/pools.h"
#include "actors/dex/swap/compose.h"
#include "actors/solana/subscription.h"
#include "proto/amount.h"

#define SMALL_PART 1024 /* of the amount: what shows a pool's price before the swap */
#define PPM 1000000u

typedef struct pools_venue {
    dv_venue base; /* first: a dv_venue is this */
    dv_venue_class class;
    dv_pools_limits limits;
    char subscribe_url[DV_RPC_URL_MAX]; /* empty: no node is asked to report changes */
    dv_cluster_view cluster;
    dv_reads reads;
    dv_pairs *pairs; /* owned */
    dv_pools pools;
    dv_subscription *hints; /* owned: which pools may have changed; NULL: looks alone tell */
    uint32_t hinted[DV_SUBSCRIPTION_ACCOUNTS_MAX]; /* pools, by their number in `hints` */
} pools_venue;

static pools_venue *venue_of(dv_venue *venue)
{
    return (pools_venue *)venue;
}

/* ---- quotes ------------------------------------------------------------------------------ */

static bool trades(const dv_pool *pool, const dv_swap_ask *ask)
{
    return (dv_pubkey_equal(&pool->mint[0], &ask->mint_in) &&
            dv_pubkey_equal(&pool->mint[1], &ask->mint_out)) ||
           (dv_pubkey_equal(&pool->mint[1], &ask->mint_in) &&
            dv_pubkey_equal(&pool->mint[0], &ask->mint_out));
}

/* How much worse the swap is than one of a small part of it, in basis points, rounded up. */
static uint32_t impact_bps_ceil(const dv_listed_pool *p, const dv_swap_ask *ask,
                                const dv_swap_quote *quote)
{
    dv_swap_ask small_ask = *ask;
    dv_swap_quote small_quote;
    dv_refusal unused;
    small_ask.amount = ask->amount / SMALL_PART;
    if (small_ask.amount == 0 ||
        dv_pool_quote(p->pool, &small_ask, &p->clock, &small_quote, &unused) != DV_OK ||
        small_quote.amount_in == 0 || quote->amount_in == 0)
        return 0;
    /* out per in, both times the same in: small_out / small_in * in against out. */
    dv_u128 at_price = (dv_u128)small_quote.amount_out * quote->amount_in / small_quote.amount_in;
    if (at_price <= quote->amount_out) return 0;
    dv_u128 worse = at_price - quote->amount_out;
    return (uint32_t)((worse * DV_BPS_MAX + at_price - 1) / at_price);
}

static uint32_t fee_ppm(const dv_swap_quote *q)
{
    dv_u128 whole = q->fee_on_input ? q->amount_in : (dv_u128)q->amount_out + q->fee;
    dv_u128 ppm = whole == 0 ? 0 : (dv_u128)q->fee * PPM / whole;
    return ppm > PPM ? PPM : (uint32_t)ppm;
}

/* Whether the wallet has an associated account for the mint received. */
static bool out_exists(const dv_listed_pool *p, const dv_swap_ask *ask)
{
    return p->has_account[dv_pubkey_equal(&p->pool->mint[0], &ask->mint_out) ? 0 : 1];
}

/* Whether the swap that was quoted fits into a transaction: beyond some arrays of ticks or bins it
   does not. */
static bool fits(const pools_venue *v, const dv_listed_pool *p, const dv_swap_ask *ask,
                 const dv_id *order_id, uint32_t arrays)
{
    dv_swap_order order = {.order_id = *order_id,
                           .wallet = v->cluster.wallet,
                           .ask = *ask,
                           .unit_price = 1,
                           .has_guard = v->limits.has_guard};
    return dv_swap_fits(p->pool, &order, &p->clock, out_exists(p, ask), arrays);
}

/* What a pool gives for an ask. */
static dv_err quote_of(const pools_venue *v, const dv_listed_pool *p, const dv_swap_ask *ask,
                       const dv_id *order_id, dv_swap_quote *ret_quote)
{
    dv_refusal refusal;
    dv_err err = dv_pools_state(&v->pools, p);
    if (err == DV_OK) err = dv_pool_quote(p->pool, ask, &p->clock, ret_quote, &refusal);
    if (err == DV_OK && !fits(v, p, ask, order_id, ret_quote->arrays))
        err = DV_VENUE_LIQUIDITY_INSUFFICIENT;
    return err;
}

/* The best of the pools for an ask, as a quote; its error when there is none. What may be otherwise
   later counts for more than what never will. */
static dv_quote best_of(const pools_venue *v, const dv_swap_ask *ask, const dv_id *order_id)
{
    dv_quote best = {.error = DV_VENUE_NO_POOL};
    for (uint32_t i = 0; i < v->pools.count; i++) {
        const dv_listed_pool *p = &v->pools.pools[i];
        dv_swap_quote q;
        if (!p->in_use || (p->pool != NULL && !trades(p->pool, ask))) continue;
        dv_err err = quote_of(v, p, ask, order_id, &q);
        if (err != DV_OK) {
            bool may_be = dv_err_class((uint16_t)err) != DV_CLASS_REJECT;
            bool is_ours = p->pool != NULL || may_be;
            if (best.error != DV_OK && is_ours && (best.error == DV_VENUE_NO_POOL || may_be))
                best.error = err;
            continue;
        }
        if (best.error == DV_OK &&
            dv_swap_compare(q.amount_in, q.amount_out, best.amount_in, best.amount_out) <= 0)
            continue;
        best = (dv_quote){.amount_in = q.amount_in,
                          .amount_out = q.amount_out,
                          .fee_ppm = fee_ppm(&q),
                          .price_impact_bps = impact_bps_ceil(p, ask, &q),
                          .pool = dv_text_of(p->text),
                          .slot = p->slot};
    }
    return best;
}

static bool ask_read(dv_text token_in, dv_text token_out, uint64_t swap_mode, uint64_t amount,
                     dv_swap_ask *ret)
{
    bool exact_out = swap_mode == DV_EXACT_OUT;
    *ret = (dv_swap_ask){.mode = exact_out ? DV_SWAP_EXACT_OUT : DV_SWAP_EXACT_IN,
                         .amount = amount,
                         .limit = exact_out ? DV_LIMIT_NONE_IN : DV_LIMIT_NONE_OUT};
    return dv_pubkey_parse(token_in, &ret->mint_in) && dv_pubkey_parse(token_out, &ret->mint_out);
}

static void quote_request(dv_venue *venue, uint64_t ticket, const dv_quote_request *ask,
                          dv_time now, const dv_venue_out *out)
{
    pools_venue *v = venue_of(venue);
    dv_swap_ask swap;
    dv_quote quote = {.error = dv_cluster_view_admitted(&v->cluster, now.mono_ns)};
    if (!ask_read(ask->token_in, ask->token_out, ask->swap_mode, ask->amount, &swap))
        quote.error = DV_VENUE_NO_POOL;
    if (quote.error == DV_OK) {
        quote = best_of(v, &swap, &ask->order_id);
        if (quote.error == DV_VENUE_NO_POOL)
            quote.error = dv_pairs_state(v->pairs, &swap.mint_in, &swap.mint_out);
    }
    quote.venue = dv_text_of(v->class.dex);
    out->answer(
        out->context, ticket,
        &(dv_message){
            .type = DV_MSG_quote_reply,
            .quote_reply = {.order_id = ask->order_id, .attempt = ask->attempt, .quote = quote}});
}

/* ---- legs -------------------------------------------------------------------------------- */

static dv_err leg_make(const pools_venue *v, const dv_leg_request *ask, dv_time now,
                       dv_swap_leg *ret_leg, dv_refusal *ret_refusal)
{
    const dv_listed_pool *p = dv_pools_find(&v->pools, ask->quote.pool);
    dv_swap_ask swap;
    dv_err err = dv_cluster_view_admitted(&v->cluster, now.mono_ns);
    if (err == DV_OK) err = p ? dv_pools_state(&v->pools, p) : DV_VENUE_NO_POOL;
    if (err == DV_OK && ask->quote.slot + v->limits.quote_slots_max < v->cluster.slot)
        err = DV_VENUE_QUOTE_STALE;
    if (err != DV_OK) return err;
    if (!ask_read(ask->token_in, ask->token_out, ask->swap_mode, ask->amount, &swap)) {
        ret_refusal->reason = "the order's tokens are no mints";
        return DV_VENUE_NO_POOL;
    }
    swap.limit = ask->limit_amount;
    dv_swap_party party = {v->cluster.wallet, ask->order_id, out_exists(p, &swap)};
    return dv_swap_leg_make(p->pool, &swap, &p->clock, &party, ret_leg, ret_refusal);
}

static void leg_request(dv_venue *venue, uint64_t ticket, const dv_leg_request *ask, dv_time now,
                        const dv_venue_out *out)
{
    const pools_venue *v = venue_of(venue);
    dv_swap_leg leg;
    dv_account_use accounts[DV_LEG_ACCOUNTS_MAX];
    dv_refusal refusal = {.reason = ""};
    dv_message message = {.type = DV_MSG_leg_reply,
                          .leg_reply = {.order_id = ask->order_id, .attempt = ask->attempt}};
    dv_leg_reply *told = &message.leg_reply;
    told->error = leg_make(v, ask, now, &leg, &refusal);
    if (told->error == DV_OK)
        told->error = dv_swap_leg_write(&leg, v->class.dex, accounts, &told->leg);
    if (told->error != DV_OK) told->error_text = dv_text_of(refusal.reason);
    out->answer(out->context, ticket, &message);
}

/* ---- hints of changes -------------------------------------------------------------------- */

static void hints_begin(pools_venue *v, const dv_pubkey *pools, uint32_t count)
{
    char why[200];
    v->hints = dv_subscription_new(v->limits.subscribe_url, pools, count, why);
    if (v->hints == NULL)
        dv_warn("no_subscription", NULL, dv_kv_string("dex", v->class.dex),
                dv_kv_string("why", why));
}

/* Of the preferred endpoint. Without them pools are looked at as often as ever. */
static void hints_renew(pools_venue *v)
{
    dv_pubkey pools[DV_SUBSCRIPTION_ACCOUNTS_MAX];
    uint32_t count = 0;
    if (!v->pools.changed) return;
    v->pools.changed = false;
    for (uint32_t i = 0; i < v->pools.count && count < DV_SUBSCRIPTION_ACCOUNTS_MAX; i++) {
        if (!v->pools.pools[i].in_use) continue;
        v->hinted[count] = i;
        pools[count++] = v->pools.pools[i].address;
    }
    if (v->limits.subscribe_url == NULL || count == 0) return;
    if (v->hints == NULL)
        hints_begin(v, pools, count);
    else
        dv_subscription_change(v->hints, pools, count);
}

static uint32_t watch(dv_venue *venue, dv_watch ret_watches[DV_WATCH_MAX])
{
    const pools_venue *v = venue_of(venue);
    if (v->hints == NULL) return 0;
    ret_watches[0] = (dv_watch){.fd = dv_subscription_descriptor(v->hints), .readable = true};
    return 1;
}

static void ready(dv_venue *venue, dv_watch watched, dv_time now, const dv_venue_out *out)
{
    pools_venue *v = venue_of(venue);
    (void)watched, (void)out;
    uint32_t pool;
    while (v->hints != NULL && dv_subscription_next(v->hints, &pool))
        v->pools.pools[v->hinted[pool]].look_at_ns = now.mono_ns;
}

/* ---- the chain actor --------------------------------------------------------------------- */

static void hear(dv_venue *venue, const dv_message *message, dv_time now, const dv_venue_out *out)
{
    pools_venue *v = venue_of(venue);
    v->reads.out = out;
    if (message->type == DV_MSG_cluster_event)
        dv_cluster_view_take(&v->cluster, &message->cluster_event, now.mono_ns);
    else if (message->type == DV_MSG_read_part || message->type == DV_MSG_read_reply)
        dv_reads_hear(&v->reads, message, now.mono_ns);
}

static uint32_t named_pools(const dv_venue *venue, uint8_t ret_keys[DV_WATCH_POOLS_MAX * 32])
{
    const pools_venue *v = (const pools_venue *)venue;
    uint32_t count = 0;
    for (uint32_t i = 0; i < v->pools.count && count < DV_WATCH_POOLS_MAX; i++)
        if (v->pools.pools[i].in_use)
            memcpy(ret_keys + 32 * count++, v->pools.pools[i].address.bytes, DV_PUBKEY_SIZE);
    return count;
}

/* ---- tick, start, new and destroy -------------------------------------------------------- */

static int64_t tick(dv_venue *venue, dv_time now, const dv_venue_out *out)
{
    pools_venue *v = venue_of(venue);
    v->reads.out = out;
    int64_t next_ns = dv_reads_tick(&v->reads, now.mono_ns);
    next_ns = dv_min_i64(next_ns, dv_pairs_tick(v->pairs, now.mono_ns));
    next_ns = dv_min_i64(next_ns, dv_pools_tick(&v->pools, now.mono_ns));
    hints_renew(v);
    return next_ns;
}

static dv_health health(const dv_venue *venue)
{
    const pools_venue *v = (const pools_venue *)venue;
    uint32_t counts[DV_PAIRS_MAX];
    if (!v->cluster.has_wallet)
        return (dv_health){.degraded = DV_CHAIN_AWAY,
                           .text = "the chain actor of Solana is away: no quotes"};
    dv_pools_count(&v->pools, counts);
    return (dv_health){.text = dv_pairs_text(v->pairs, counts)};
}

static dv_err start(dv_venue *venue, dv_time now, char ret_why[DV_REASON_MAX])
{
    (void)now;
    if (sodium_init() < 0) {
        snprintf(ret_why, DV_REASON_MAX, "libsodium cannot be used on this machine");
        return DV_START_FAILED;
    }
    return dv_pools_load(&venue_of(venue)->pools, ret_why);
}

static void destroy(dv_venue **venue)
{
    if (venue == NULL || *venue == NULL) return;
    pools_venue *v = venue_of(*venue);
    dv_subscription_destroy(&v->hints);
    dv_reads_fini(&v->reads);
    dv_pools_fini(&v->pools);
    dv_pairs_destroy(&v->pairs);
    free(v);
    *venue = NULL;
}

/* Whether any program of the DEX is known. */
static bool is_known(const char *dex)
{
    const dv_pool_class *class = NULL;
    while ((class = dv_pool_class_next(class)) != NULL)
        if (strcmp(class->dex, dex) == 0) return true;
    return false;
}

dv_venue *dv_pools_venue_new(const char *dex, const dv_pools_config *config,
                             const dv_pools_limits *limits, const dv_tokens *tokens)
{
    if (!is_known(dex)) return NULL;
    pools_venue *v = calloc(1, sizeof *v);
    if (v == NULL) abort();
    v->class = (dv_venue_class){.dex = dex,
                                .start = start,
                                .quote = quote_request,
                                .leg = leg_request,
                                .hear = hear,
                                .named_pools = named_pools,
                                .tick = tick,
                                .watch = watch,
                                .ready = ready,
                                .health = health,
                                .destroy = destroy};
    v->base.class = &v->class;
    v->limits = *limits;
    if (limits->subscribe_url != NULL)
        snprintf(v->subscribe_url, sizeof v->subscribe_url, "%s", limits->subscribe_url);
    v->limits.subscribe_url = *v->subscribe_url ? v->subscribe_url : NULL;
    v->pairs = dv_pairs_new(dex, config, tokens, &v->cluster, &v->reads);
    v->pools = (dv_pools){.dex = dex,
                          .config = config,
                          .limits = &v->limits,
                          .cluster = &v->cluster,
                          .reads = &v->reads,
                          .pairs = v->pairs};
    return &v->base;
}
