/* The pools, named in the configuration or found for its pairs, kept fresh, and what they quote. */
#include <czmq.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/chain/chain_venue.h"
#include "actors/solana/pda.h"
#include "actors/solana/programs.h"
#include "proto/amount.h"

#define SMALL_PART 1024 /* of the amount: what shows a pool's price before the swap */
#define PPM 1000000u

/* ---- the file ---------------------------------------------------------------------------- */

static dv_chain_pool *pool_at(dv_chain_venue *v, const dv_pubkey *address)
{
    for (uint32_t i = 0; i < v->pool_count; i++)
        if (v->pools[i].in_use && dv_pubkey_equal(&v->pools[i].address, address))
            return &v->pools[i];
    return NULL;
}

/* Takes a free place for a pool that is not listed yet; false: there is none. */
static bool pool_add(dv_chain_venue *v, const dv_pubkey *address, uint32_t group)
{
    uint32_t i = 0;
    while (i < v->pool_count && (v->pools[i].in_use || v->pools[i].asked)) i++;
    if (i == DV_CHAIN_POOLS_MAX) return false;
    if (i == v->pool_count) v->pool_count++;
    dv_chain_pool *p = &v->pools[i];
    *p = (dv_chain_pool){.in_use = true, .group = group, .address = *address};
    dv_base58_encode(p->address.bytes, sizeof p->address.bytes, p->text);
    p->accounts[p->count++] = p->address;
    p->accounts[p->count++] = DV_SYSVAR_CLOCK;
    v->pools_changed = true;
    return true;
}

bool dv_chain_pool_list(dv_chain_venue *venue, const dv_pubkey *address, uint32_t group)
{
    const dv_chain_pool *p = pool_at(venue, address);
    if (p == NULL) return pool_add(venue, address, group);
    return p->refusal.err == DV_OK || dv_err_class((uint16_t)p->refusal.err) != DV_CLASS_REJECT;
}

void dv_chain_pool_drop(dv_chain_venue *venue, dv_chain_pool *pool)
{
    dv_pool_destroy(&pool->pool);
    pool->in_use = false;
    venue->pools_changed = true;
}

/* A line of the file: a pool's address, or a pair. */
static dv_err line_add(dv_chain_venue *v, const char *value, char ret_why[DV_REASON_MAX])
{
    dv_pubkey address;
    char why[DV_REASON_MAX] = "";
    if (strchr(value, '/') != NULL) {
        dv_err err = dv_chain_pairs_add(v, value, why);
        if (err)
            snprintf(ret_why, DV_REASON_MAX, "%.60s: %.130s", v->pools_config->pools_file, why);
        return err;
    }
    if (!dv_pubkey_parse(dv_text_of(value), &address)) {
        snprintf(ret_why, DV_REASON_MAX, "%.100s: \"%.50s\" is no address of a pool, and no pair",
                 v->pools_config->pools_file, value);
        return DV_CONFIG_INVALID;
    }
    if (pool_at(v, &address) != NULL || pool_add(v, &address, DV_CHAIN_CONFIGURED)) return DV_OK;
    snprintf(ret_why, DV_REASON_MAX, "%.100s lists more than %d pools", v->pools_config->pools_file,
             DV_CHAIN_POOLS_MAX);
    return DV_CONFIG_INVALID;
}

dv_err dv_chain_pools_load(dv_chain_venue *venue, char ret_why[DV_REASON_MAX])
{
    const char *file = venue->pools_config->pools_file, *dex = venue->base.class->dex;
    zconfig_t *root = zconfig_load(file);
    if (root == NULL) {
        snprintf(ret_why, DV_REASON_MAX,
                 "cannot read pools_file %.100s: it is missing, or not lines like %s = \"address\"",
                 file, dex);
        return DV_CONFIG_INVALID;
    }
    venue->pools = calloc(DV_CHAIN_POOLS_MAX, sizeof *venue->pools);
    if (venue->pools == NULL) abort();
    dv_err err = DV_OK;
    for (zconfig_t *at = zconfig_child(root); at != NULL && err == DV_OK; at = zconfig_next(at)) {
        const char *value = zconfig_value(at);
        if (streq(zconfig_name(at), dex)) err = line_add(venue, value ? value : "", ret_why);
    }
    zconfig_destroy(&root);
    return err;
}

void dv_chain_pools_fini(dv_chain_venue *venue)
{
    for (uint32_t i = 0; i < venue->pool_count; i++) dv_pool_destroy(&venue->pools[i].pool);
    free(venue->pools);
    venue->pools = NULL;
}

/* ---- reading them ------------------------------------------------------------------------ */

static bool is_listed(const dv_chain_pool *p, const dv_pubkey *address)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (dv_pubkey_equal(&p->accounts[i], address)) return true;
    return false;
}

static bool list(dv_chain_pool *p, const dv_pubkey *address)
{
    if (is_listed(p, address) || p->count == DV_CHAIN_POOL_ACCOUNTS_MAX) return false;
    p->accounts[p->count++] = *address;
    return true;
}

static dv_pubkey own_account(const dv_chain_venue *v, const dv_pool *pool, uint32_t side)
{
    return dv_ata_of(&v->wallet, &pool->mint[side], &pool->token_program[side]);
}

/* Lists afresh what is to be looked at; true when some of it has not been looked at yet. */
static bool relist(const dv_chain_venue *v, dv_chain_pool *p, const dv_pool_needs *needs,
                   const dv_pool *pool)
{
    dv_chain_pool before = *p;
    bool grown = false;
    p->count = 2; /* its own, and the clock */
    for (uint32_t i = 0; i < needs->count; i++) list(p, &needs->at[i]);
    for (uint32_t side = 0; pool != NULL && side < 2; side++) {
        dv_pubkey own = own_account(v, pool, side);
        list(p, &own);
    }
    for (uint32_t i = 0; i < p->count; i++) grown = grown || !is_listed(&before, &p->accounts[i]);
    return grown;
}

static void refused_log(const dv_chain_venue *v, const dv_chain_pool *p, const dv_refusal *refusal)
{
    if (p->refusal.err == refusal->err && p->refusal.reason == refusal->reason) return;
    dv_warn("pool_refused", NULL, dv_kv_string("dex", v->base.class->dex),
            dv_kv_string("pool", p->text),
            dv_kv_string("error", dv_err_name((uint16_t)refusal->err)),
            dv_kv_string("why", refusal->reason));
}

static void pool_refuse(dv_chain_venue *v, dv_chain_pool *p, dv_refusal refusal)
{
    bool anew = p->refusal.err != refusal.err;
    refused_log(v, p, &refusal);
    dv_pool_destroy(&p->pool);
    p->refusal = refusal;
    if (anew) dv_chain_pairs_choose(v, p->group);
}

static dv_err pool_make(const dv_chain_venue *v, dv_chain_pool *p, const dv_account_set *set,
                        dv_pool **ret_pool, dv_refusal *ret_refusal)
{
    dv_err err = dv_pool_new(&p->address, set, ret_pool, ret_refusal);
    if (err) return err;
    const char *why = NULL;
    if (!dv_chain_pairs_fit(v, p->group, *ret_pool))
        why = "the pool is of another pair or program than it was found for";
    if (strcmp((*ret_pool)->class->dex, v->base.class->dex) != 0)
        why = "the pool is of another DEX than it is listed for";
    if (why == NULL) return DV_OK;
    dv_pool_destroy(ret_pool);
    return dv_refuse(ret_refusal, DV_VENUE_POOL_UNSUPPORTED, DV_PROGRAM_ERROR_NONE, why);
}

/* Takes what was read over as the pool's state. */
static void pool_take(dv_chain_venue *v, dv_chain_pool *p, const dv_account_set *set,
                      const dv_chain_clock *clock, uint64_t slot)
{
    dv_pool *pool = NULL;
    dv_refusal refusal = {0};
    if (pool_make(v, p, set, &pool, &refusal) != DV_OK) {
        pool_refuse(v, p, refusal);
        return;
    }
    if (p->pool == NULL)
        dv_info("pool_ready", NULL, dv_kv_string("dex", v->base.class->dex),
                dv_kv_string("pool", p->text), dv_kv_string("program", pool->class->name));
    dv_pool_destroy(&p->pool);
    p->pool = pool;
    p->refusal = (dv_refusal){0};
    p->clock = *clock;
    p->slot = slot;
    for (uint32_t side = 0; side < 2; side++) {
        dv_pubkey own = own_account(v, pool, side);
        const dv_account *account = dv_account_find(set, &own);
        p->has_account[side] = account != NULL && account->size > 0;
    }
}

static void pool_read(dv_chain_venue *v, dv_chain_pool *p, const dv_account_set *set, uint64_t slot,
                      int64_t now_ns)
{
    dv_pool_needs needs = {0};
    dv_refusal refusal = {0};
    dv_chain_clock clock;
    const dv_account *sysvar = dv_account_find(set, &DV_SYSVAR_CLOCK);
    if (dv_chain_clock_decode(sysvar, &clock) != DV_OK) return; /* a node that makes no sense */
    if (dv_pool_list_needs(&p->address, set, &needs, &refusal) != DV_OK) {
        pool_refuse(v, p, refusal);
        return;
    }
    bool complete = true;
    for (uint32_t i = 0; i < needs.count; i++)
        complete = complete && dv_account_find(set, &needs.at[i]) != NULL;
    if (complete) pool_take(v, p, set, &clock, slot);
    if (relist(v, p, &needs, p->pool)) p->look_at_ns = now_ns; /* the rest at once */
}

static void on_accounts(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_chain_venue *v = context;
    dv_chain_pool *p = &v->pools[reply->tag];
    dv_account accounts[DV_CHAIN_POOL_ACCOUNTS_MAX];
    uint64_t slot;
    p->asked = false;
    if (!p->in_use) return;
    if (reply->error != DV_OK ||
        dv_answer_accounts(reply->answer, p->accounts, p->count, accounts, &slot) != DV_OK)
        return;
    dv_chain_saw_slot(v, slot);
    if (slot < p->slot) return; /* a slower endpoint's */
    dv_account_set set = {accounts, p->count};
    pool_read(v, p, &set, slot, now_ns);
}

static void pool_ask(dv_chain_venue *v, uint32_t i, int64_t now_ns)
{
    dv_chain_pool *p = &v->pools[i];
    char params[DV_CHAIN_POOL_ACCOUNTS_MAX * (DV_MINT_MAX + 3) + 80] = "[[";
    size_t n = 2;
    for (uint32_t k = 0; k < p->count; k++) {
        char text[DV_BASE58_TEXT_SIZE];
        dv_base58_encode(p->accounts[k].bytes, DV_PUBKEY_SIZE, text);
        n += (size_t)snprintf(params + n, sizeof params - n, "%s\"%s\"", k ? "," : "", text);
    }
    snprintf(params + n, sizeof params - n,
             "],{\"encoding\":\"base64\",\"commitment\":\"confirmed\"}]");
    p->asked = true;
    dv_rpc_ask(v->rpc, "getMultipleAccounts", dv_text_of(params), DV_RPC_ANY, on_accounts, v, i,
               now_ns);
}

/* Pools take at most half of the rate, so that there is room to send. */
static int64_t pools_every_ns(const dv_chain_venue *v)
{
    int64_t every_ns = v->config->solana_poll_ms * DV_NS_PER_MS;
    uint32_t rate = v->config->solana_rate_per_second;
    if (rate == 0) return every_ns;
    return dv_max_i64(every_ns, v->pool_count * 2 * DV_NS_PER_S / rate);
}

int64_t dv_chain_pools_tick(dv_chain_venue *venue, int64_t now_ns)
{
    int64_t next_ns = DV_NEVER, every_ns = pools_every_ns(venue);
    for (uint32_t i = 0; i < venue->pool_count; i++) {
        dv_chain_pool *p = &venue->pools[i];
        if (p->asked || !p->in_use) continue;
        if (p->look_at_ns <= now_ns) {
            p->look_at_ns = now_ns + every_ns;
            pool_ask(venue, i, now_ns);
        } else {
            next_ns = dv_min_i64(next_ns, p->look_at_ns);
        }
    }
    return next_ns;
}

dv_chain_pool *dv_chain_pool_find(dv_chain_venue *venue, dv_text address)
{
    for (uint32_t i = 0; i < venue->pool_count; i++)
        if (venue->pools[i].in_use && dv_text_is(address, venue->pools[i].text))
            return &venue->pools[i];
    return NULL;
}

dv_err dv_chain_pool_state(const dv_chain_venue *venue, const dv_chain_pool *pool)
{
    if (pool->pool == NULL) return pool->refusal.err ? pool->refusal.err : DV_CHAIN_AWAY;
    bool fresh = pool->slot + venue->config->solana_quote_slots_max >= venue->slot;
    return fresh ? DV_OK : DV_VENUE_QUOTE_STALE;
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
static uint32_t impact_bps_ceil(const dv_chain_pool *p, const dv_swap_ask *ask,
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

/* Whether the swap that was quoted fits into a transaction: beyond some arrays of ticks or bins it
   does not. */
static bool fits(const dv_chain_venue *v, const dv_chain_pool *p, const dv_swap_ask *ask,
                 const dv_id *order_id, uint32_t arrays)
{
    uint32_t out = dv_pubkey_equal(&p->pool->mint[0], &ask->mint_out) ? 0 : 1;
    dv_chain_order order = {.order_id = *order_id,
                            .wallet = v->wallet,
                            .ask = *ask,
                            .clock = p->clock,
                            .unit_price = 1,
                            .has_guard = v->config->solana_guard,
                            .out_exists = p->has_account[out]};
    return dv_chain_fits(p->pool, &order, arrays);
}

/* What a pool gives for an ask. */
static dv_err quote_of(const dv_chain_venue *v, const dv_chain_pool *p, const dv_swap_ask *ask,
                       const dv_id *order_id, dv_swap_quote *ret_quote)
{
    dv_refusal refusal;
    dv_err err = dv_chain_pool_state(v, p);
    if (err == DV_OK) err = dv_pool_quote(p->pool, ask, &p->clock, ret_quote, &refusal);
    if (err == DV_OK && !fits(v, p, ask, order_id, ret_quote->arrays))
        err = DV_VENUE_LIQUIDITY_INSUFFICIENT;
    return err;
}

/* The best of the pools for an ask, as a quote; its error when there is none. What may be otherwise
   later counts for more than what never will. */
static dv_quote best_of(const dv_chain_venue *v, const dv_swap_ask *ask, const dv_id *order_id)
{
    dv_quote best = {.error = DV_VENUE_NO_POOL};
    for (uint32_t i = 0; i < v->pool_count; i++) {
        const dv_chain_pool *p = &v->pools[i];
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

void dv_chain_quote(dv_venue *venue, uint64_t ticket, const dv_quote_request *ask, dv_time now,
                    const dv_answers *answers)
{
    (void)now;
    dv_chain_venue *v = (dv_chain_venue *)venue;
    bool exact_out = ask->swap_mode == DV_EXACT_OUT;
    dv_swap_ask swap = {.mode = exact_out ? DV_SWAP_EXACT_OUT : DV_SWAP_EXACT_IN,
                        .amount = ask->amount,
                        .limit = exact_out ? DV_LIMIT_NONE_IN : DV_LIMIT_NONE_OUT};
    dv_quote quote = {.error = dv_chain_admitted(v)};
    if (!dv_pubkey_parse(ask->token_in, &swap.mint_in) ||
        !dv_pubkey_parse(ask->token_out, &swap.mint_out))
        quote.error = DV_VENUE_NO_POOL;
    if (quote.error == DV_OK) {
        quote = best_of(v, &swap, &ask->order_id);
        if (quote.error == DV_VENUE_NO_POOL)
            quote.error = dv_chain_pairs_state(v, &swap.mint_in, &swap.mint_out);
    }
    quote.venue = dv_text_of(v->base.class->dex);
    answers->answer(
        answers->context, ticket,
        &(dv_message){
            .type = DV_MSG_quote_reply,
            .quote_reply = {.order_id = ask->order_id, .attempt = ask->attempt, .quote = quote}});
}
