#include "actors/chain/solana/build.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "actors/base/log.h"
#include "actors/chain/solana/limits.h"
#include "actors/chain/solana/trade.h"

#define BLOCKHASH_OLD_NS (10 * DV_NS_PER_S) /* one that came longer ago is not built on */
#define UNITS_MORE_PERCENT 20               /* than the simulation used */

struct dv_build {
    uint64_t number, ticket;
    dv_id order_id;
    uint8_t attempt;
    dv_swap_leg leg;
    dv_swap_order order;
    dv_swap_layout layout;
    dv_transaction transaction;
    uint64_t last_valid_block_height;
    uint64_t quoted_in, quoted_out;
    UT_hash_handle hh;
};

/* ---- answers ----------------------------------------------------------------------------- */

static void refuse(const dv_chain_out *out, uint64_t ticket, const dv_id *order_id,
                   uint64_t attempt, dv_err error, const char *text)
{
    out->answer(out->context, ticket,
                &(dv_message){.type = DV_MSG_build_reply,
                              .build_reply = {.order_id = *order_id,
                                              .attempt = attempt,
                                              .error = error,
                                              .error_text = dv_text_of(text)}});
}

static void build_free(dv_builds *v, dv_build *b)
{
    HASH_DEL(v->builds, b);
    free(b);
}

static void build_fail(dv_builds *v, dv_build *b, dv_err error, const char *text)
{
    refuse(*v->out, b->ticket, &b->order_id, b->attempt, error, text);
    build_free(v, b);
}

/* The message, for the signer. */
static void build_give(dv_builds *v, dv_build *b)
{
    const dv_transaction *t = &b->transaction;
    (*v->out)->answer(
        (*v->out)->context, b->ticket,
        &(dv_message){.type = DV_MSG_build_reply,
                      .build_reply = {.order_id = b->order_id,
                                      .attempt = b->attempt,
                                      .transaction = {(const char *)t->bytes + t->message_at,
                                                      t->size - t->message_at},
                                      .last_valid_block_height = b->last_valid_block_height}});
    build_free(v, b);
}

/* ---- a trade that is not known ------------------------------------------------------------ */

static dv_build *build_find(dv_builds *v, uint64_t number)
{
    dv_build *b;
    HASH_FIND(hh, v->builds, &number, sizeof number, b);
    return b;
}

/* Gives out a transaction of the order that has landed: it is committed, looked after and confirmed
   as if this attempt had made it, without a last valid block. What was thought of it before is
   forgotten. */
static void trade_give(dv_builds *v, dv_build *b, const dv_transaction *t)
{
    char signature[DV_BASE58_TEXT_SIZE];
    dv_base58_encode(t->bytes + 1, DV_SIGNATURE_SIZE, signature); /* after their count */
    dv_flights_reopen(v->flights, signature);
    dv_warn("trade_found", &b->order_id, dv_kv_number("attempt", b->attempt),
            dv_kv_string("signature", signature));
    (*v->out)->answer(
        (*v->out)->context, b->ticket,
        &(dv_message){.type = DV_MSG_build_reply,
                      .build_reply = {.order_id = b->order_id,
                                      .attempt = b->attempt,
                                      .signature = dv_text_of(signature),
                                      .transaction = {(const char *)t->bytes, t->size}}});
    build_free(v, b);
}

static void on_trade(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    dv_builds *v = context;
    dv_build *b = build_find(v, reply->tag);
    if (b == NULL) return;
    uint64_t in, out;
    dv_landed *landed = dv_trade_read(&v->wallet, reply, &b->order_id, &in, &out);
    if (landed != NULL)
        trade_give(v, b, &landed->transaction);
    else
        build_fail(v, b, DV_VENUE_ORDER_GUARDED, "the transaction that made its guard is not read");
    free(landed);
}

static void on_guard_made(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_builds *v = context;
    dv_build *b = build_find(v, reply->tag);
    if (b == NULL) return;
    dv_text signature = {0};
    if (reply->error != DV_OK || dv_answer_first_success(reply->answer, &signature) != DV_OK ||
        signature.size == 0) {
        build_fail(v, b, DV_VENUE_ORDER_GUARDED,
                   "no final transaction is known that made its guard");
        return;
    }
    char params[DV_TRADE_PARAMS_SIZE];
    dv_trade_params(signature, DV_COMMITMENT_FINALIZED, params);
    dv_rpc_ask(v->rpc, "getTransaction", dv_text_of(params), DV_RPC_ANY, on_trade, v, b->number,
               now_ns);
}

/* Asks which transaction made the guard of the order. */
static void trade_ask(dv_builds *v, const dv_build *b, int64_t now_ns)
{
    char text[DV_BASE58_TEXT_SIZE], params[DV_BASE58_TEXT_SIZE + 40];
    dv_pubkey guard = dv_swap_guard_address(&v->wallet, &b->order_id);
    dv_base58_encode(guard.bytes, sizeof guard.bytes, text);
    snprintf(params, sizeof params, "[\"%s\",{\"commitment\":\"finalized\"}]", text);
    dv_rpc_ask(v->rpc, "getSignaturesForAddress", dv_text_of(params), DV_RPC_ANY, on_guard_made, v,
               b->number, now_ns);
}

/* ---- the simulation ---------------------------------------------------------------------- */

/* Whether a is within so many basis points of b. */
static bool is_within(uint64_t a, uint64_t b, uint32_t bps)
{
    uint64_t difference = a > b ? a - b : b - a;
    return (unsigned __int128)difference * DV_BPS_MAX <= (unsigned __int128)b * bps;
}

static void judge(dv_builds *v, dv_build *b, const dv_simulation *s, int64_t now_ns)
{
    char text[DV_REASON_MAX + 1];
    uint64_t in, out;
    if (s->failure.failed) {
        dv_err err = dv_swap_failure(&s->failure, b->transaction.bytes, b->transaction.size,
                                     DV_VENUE_SIMULATION_FAILED, text);
        if (err == DV_VENUE_ORDER_GUARDED)
            trade_ask(v, b, now_ns);
        else
            build_fail(v, b, err, text);
        return;
    }
    dv_swap_simulated(s, &b->layout, &b->leg, &in, &out);
    uint32_t bps = v->config->solana_simulation_bps;
    if (!is_within(in, b->quoted_in, bps) || !is_within(out, b->quoted_out, bps)) {
        snprintf(text, sizeof text, "quoted %llu for %llu, but it would be %llu for %llu",
                 (unsigned long long)b->quoted_out, (unsigned long long)b->quoted_in,
                 (unsigned long long)out, (unsigned long long)in);
        build_fail(v, b, DV_VENUE_SIMULATION_DIFFERS, text);
        return;
    }
    uint64_t units = s->units + s->units * UNITS_MORE_PERCENT / 100;
    if (units > 0 && units < b->order.units) dv_swap_set_units(&b->transaction, (uint32_t)units);
    build_give(v, b);
}

static void on_simulated(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_builds *v = context;
    dv_build *b = build_find(v, reply->tag);
    if (b == NULL) return;
    if (reply->error != DV_OK) {
        const dv_rpc_fault *fault = reply->answer ? dv_answer_fault(reply->answer) : NULL;
        char text[DV_REASON_MAX + 1];
        snprintf(text, sizeof text, "simulating: %.*s", fault ? (int)fault->message.size : 0,
                 fault ? fault->message.at : "");
        build_fail(v, b, reply->error, fault ? text : "the swap could not be simulated");
        return;
    }
    dv_transaction_view view;
    dv_pubkey keys[DV_TRANSACTION_KEYS_MAX];
    dv_simulation *s = calloc(1, sizeof *s);
    if (s == NULL) abort();
    dv_err err = dv_transaction_decode(b->transaction.bytes, b->transaction.size, &view);
    for (uint32_t i = 0; err == DV_OK && i < view.key_count; i++)
        keys[i] = dv_pubkey_at(view.keys + i * DV_PUBKEY_SIZE);
    if (err == DV_OK) err = dv_answer_simulation(reply->answer, keys, view.key_count, s);
    if (err == DV_OK)
        judge(v, b, s, now_ns);
    else
        build_fail(v, b, DV_CHAIN_ANSWER_MALFORMED, "the simulation's answer makes no sense");
    free(s);
}

static void simulate(dv_builds *v, const dv_build *b, uint64_t slot, int64_t now_ns)
{
    char text[DV_TRANSACTION_BASE64_SIZE], params[DV_TRANSACTION_BASE64_SIZE + 200];
    sodium_bin2base64(text, sizeof text, b->transaction.bytes, b->transaction.size,
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(params, sizeof params,
             "[\"%s\",{\"encoding\":\"base64\",\"commitment\":\"confirmed\",\"sigVerify\":false,"
             "\"innerInstructions\":true,\"minContextSlot\":%llu}]",
             text, (unsigned long long)slot);
    dv_rpc_ask(v->rpc, "simulateTransaction", dv_text_of(params), DV_RPC_ANY, on_simulated, v,
               b->number, now_ns);
}

/* ---- building ---------------------------------------------------------------------------- */

/* Why nothing can be built now; NULL: something can. */
static const char *missing(const dv_facts *facts, int64_t now_ns)
{
    if (facts->blockhash_ns == 0 || now_ns - facts->blockhash_ns > BLOCKHASH_OLD_NS)
        return "no recent blockhash is known";
    if (facts->guard_rent.count == 0 || facts->wrapped_rent.count == 0)
        return "the rent is not known yet";
    return NULL;
}

static dv_err order_make(const dv_builds *v, const dv_build_request *build, dv_swap_order *ret)
{
    const dv_solana_config *c = v->config;
    const dv_facts *facts = v->facts;
    bool exact_out = build->swap_mode == DV_EXACT_OUT;
    *ret = (dv_swap_order){.order_id = build->order_id,
                           .attempt = (uint8_t)build->attempt,
                           .wallet = v->wallet,
                           .ask = {.mode = exact_out ? DV_SWAP_EXACT_OUT : DV_SWAP_EXACT_IN,
                                   .amount = build->amount,
                                   .limit = build->limit_amount},
                           .blockhash = facts->blockhash.blockhash,
                           .units = c->solana_units_max,
                           .unit_price = facts->unit_price,
                           .guard_rent = facts->guard_rent,
                           .wrapped_rent = facts->wrapped_rent,
                           .has_guard = c->solana_guard,
                           .has_memo = c->solana_memo};
    if (!dv_pubkey_parse(build->token_in, &ret->ask.mint_in) ||
        !dv_pubkey_parse(build->token_out, &ret->ask.mint_out))
        return DV_VENUE_NO_POOL;
    if (c->solana_guard)
        ret->takes_back =
            dv_guards_lend(v->guards, facts->blockhash.last_valid_block_height, &ret->back_id);
    return DV_OK;
}

static dv_err build_make(const dv_builds *v, const dv_build_request *build, dv_build **ret,
                         dv_refusal *ret_refusal)
{
    dv_build *b = calloc(1, sizeof *b);
    if (b == NULL) abort();
    b->order_id = build->order_id;
    b->attempt = (uint8_t)build->attempt;
    b->last_valid_block_height = v->facts->blockhash.last_valid_block_height;
    b->quoted_in = build->quote.amount_in;
    b->quoted_out = build->quote.amount_out;
    dv_err err = DV_OK;
    *ret_refusal = (dv_refusal){.reason = "a transaction has one leg, of a program on Solana"};
    if (build->legs_count != 1 || !dv_swap_leg_read(&build->legs[0], &b->leg))
        err = DV_VENUE_BUILD_FAILED;
    if (err == DV_OK) {
        ret_refusal->reason = "the order's tokens are no mints";
        err = order_make(v, build, &b->order);
    }
    if (err == DV_OK)
        err = dv_swap_compile(&b->leg, &b->order, &b->transaction, &b->layout, ret_refusal);
    if (err == DV_OK)
        *ret = b;
    else
        free(b);
    return err;
}

void dv_builds_ask(dv_builds *builds, uint64_t ticket, const dv_build_request *build, dv_time now)
{
    dv_builds *v = builds;
    const dv_facts *facts = v->facts;
    dv_build *b = NULL;
    dv_refusal refusal = {.reason = ""};
    dv_err err = dv_facts_admitted(facts);
    if (err == DV_OK && build->quote.slot + v->config->solana_quote_slots_max < facts->slot)
        err = DV_VENUE_QUOTE_STALE;
    if (err == DV_OK && missing(facts, now.mono_ns) != NULL) {
        err = DV_CHAIN_AWAY;
        refusal.reason = missing(facts, now.mono_ns);
    }
    if (err == DV_OK) err = build_make(v, build, &b, &refusal);
    if (err != DV_OK) {
        refuse(*v->out, ticket, &build->order_id, build->attempt, err, refusal.reason);
        return;
    }
    b->ticket = ticket;
    b->number = ++v->last_number;
    HASH_ADD(hh, v->builds, number, sizeof b->number, b);
    simulate(v, b, build->quote.slot, now.mono_ns);
}

void dv_builds_fini(dv_builds *builds)
{
    dv_build *b, *next;
    HASH_ITER (hh, builds->builds, b, next) build_free(builds, b);
}
