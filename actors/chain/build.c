/* Transactions to sign: compiled for the pool that was quoted, simulated, and given out only when
   the simulation does what the quote said. If the order's guard says that it has traded, the
   transaction that made the guard is looked for and given out instead. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/chain/flights.h"

#define BLOCKHASH_OLD_NS (10 * DV_NS_PER_S) /* one that came longer ago is not built on */
#define UNITS_MORE_PERCENT 20               /* than the simulation used */
#define BASE64_SIZE 1645                    /* of a transaction's text, its NUL included */

struct dv_chain_build {
    uint64_t number, ticket;
    dv_id order_id;
    uint8_t attempt;
    dv_chain_order order;
    dv_chain_layout layout;
    dv_transaction transaction;
    uint64_t last_valid_block_height;
    uint64_t quoted_in, quoted_out;
    char pool[DV_BASE58_TEXT_SIZE];
    UT_hash_handle hh;
};

/* ---- answers ----------------------------------------------------------------------------- */

static void refuse(const dv_answers *answers, uint64_t ticket, const dv_id *order_id,
                   uint64_t attempt, dv_err error, const char *text)
{
    answers->answer(answers->context, ticket,
                    &(dv_message){.type = DV_MSG_build_reply,
                                  .build_reply = {.order_id = *order_id,
                                                  .attempt = attempt,
                                                  .error = error,
                                                  .error_text = dv_text_of(text)}});
}

static void build_free(dv_chain_venue *v, dv_chain_build *b)
{
    HASH_DEL(v->builds, b);
    free(b);
}

static void build_fail(dv_chain_venue *v, dv_chain_build *b, dv_err error, const char *text)
{
    refuse(v->answers, b->ticket, &b->order_id, b->attempt, error, text);
    build_free(v, b);
}

/* The message, for the signer. */
static void build_give(dv_chain_venue *v, dv_chain_build *b)
{
    const dv_transaction *t = &b->transaction;
    v->answers->answer(
        v->answers->context, b->ticket,
        &(dv_message){.type = DV_MSG_build_reply,
                      .build_reply = {.order_id = b->order_id,
                                      .attempt = b->attempt,
                                      .transaction = {(const char *)t->bytes + t->message_at,
                                                      t->size - t->message_at},
                                      .last_valid_block_height = b->last_valid_block_height}});
    build_free(v, b);
}

/* ---- a trade that is not known ------------------------------------------------------------ */

static dv_chain_build *build_find(dv_chain_venue *v, uint64_t number)
{
    dv_chain_build *b;
    HASH_FIND(hh, v->builds, &number, sizeof number, b);
    return b;
}

/* Gives out a transaction of the order that has landed: it is committed, looked after and confirmed
   as if this attempt had made it, without a last valid block. What was thought of it before is
   forgotten. */
static void trade_give(dv_chain_venue *v, dv_chain_build *b, const dv_transaction *t)
{
    char signature[DV_BASE58_TEXT_SIZE];
    dv_base58_encode(t->bytes + 1, DV_SIGNATURE_SIZE, signature); /* after their count */
    dv_chain_flight *f = dv_chain_flight_find(v, signature);
    if (f != NULL) f->outcome = (dv_status_reply){.outcome = DV_SWAP_UNKNOWN};
    dv_warn("trade_found", &b->order_id, dv_kv_number("attempt", b->attempt),
            dv_kv_string("dex", v->base.class->dex), dv_kv_string("signature", signature));
    v->answers->answer(
        v->answers->context, b->ticket,
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
    dv_chain_venue *v = context;
    dv_chain_build *b = build_find(v, reply->tag);
    if (b == NULL) return;
    uint64_t in, out;
    dv_landed *landed = dv_chain_trade_read(v, reply, &b->order_id, &in, &out);
    if (landed != NULL)
        trade_give(v, b, &landed->transaction);
    else
        build_fail(v, b, DV_VENUE_ORDER_GUARDED, "the transaction that made its guard is not read");
    free(landed);
}

static void on_guard_made(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_chain_venue *v = context;
    dv_chain_build *b = build_find(v, reply->tag);
    if (b == NULL) return;
    dv_text signature = {0};
    if (reply->error != DV_OK || dv_answer_first_success(reply->answer, &signature) != DV_OK ||
        signature.size == 0) {
        build_fail(v, b, DV_VENUE_ORDER_GUARDED,
                   "no final transaction is known that made its guard");
        return;
    }
    char params[DV_SIGNATURE_MAX + 120];
    snprintf(params, sizeof params,
             "[\"%.*s\",{\"encoding\":\"base64\",\"commitment\":\"finalized\","
             "\"maxSupportedTransactionVersion\":0}]",
             (int)signature.size, signature.at);
    dv_rpc_ask(v->rpc, "getTransaction", dv_text_of(params), DV_RPC_ANY, on_trade, v, b->number,
               now_ns);
}

/* Asks which transaction made the guard of the order. */
static void trade_ask(dv_chain_venue *v, const dv_chain_build *b, int64_t now_ns)
{
    char text[DV_BASE58_TEXT_SIZE], params[DV_BASE58_TEXT_SIZE + 40];
    dv_pubkey guard = dv_chain_guard_address(&v->wallet, &b->order_id);
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

static void judge(dv_chain_venue *v, dv_chain_build *b, const dv_simulation *s, int64_t now_ns)
{
    char text[DV_REASON_MAX + 1];
    uint64_t in, out;
    if (s->failure.failed) {
        dv_err err = dv_chain_failure(&s->failure, b->transaction.bytes, b->transaction.size,
                                      DV_VENUE_SIMULATION_FAILED, text);
        if (err == DV_VENUE_ORDER_GUARDED)
            trade_ask(v, b, now_ns);
        else
            build_fail(v, b, err, text);
        return;
    }
    const dv_chain_pool *p = dv_chain_pool_find(v, dv_text_of(b->pool));
    if (p == NULL || p->pool == NULL) {
        build_fail(v, b, DV_VENUE_QUOTE_STALE, "the pool went while the swap was simulated");
        return;
    }
    dv_chain_simulated(s, &b->layout, p->pool, &b->order, &in, &out);
    uint32_t bps = v->config->solana_simulation_bps;
    if (!is_within(in, b->quoted_in, bps) || !is_within(out, b->quoted_out, bps)) {
        snprintf(text, sizeof text, "quoted %llu for %llu, but it would be %llu for %llu",
                 (unsigned long long)b->quoted_out, (unsigned long long)b->quoted_in,
                 (unsigned long long)out, (unsigned long long)in);
        build_fail(v, b, DV_VENUE_SIMULATION_DIFFERS, text);
        return;
    }
    uint64_t units = s->units + s->units * UNITS_MORE_PERCENT / 100;
    if (units > 0 && units < b->order.units) dv_chain_set_units(&b->transaction, (uint32_t)units);
    build_give(v, b);
}

static void on_simulated(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_chain_venue *v = context;
    dv_chain_build *b = build_find(v, reply->tag);
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

static void simulate(dv_chain_venue *v, const dv_chain_build *b, uint64_t slot, int64_t now_ns)
{
    char text[BASE64_SIZE], params[BASE64_SIZE + 200];
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
static const char *missing(const dv_chain_venue *v, int64_t now_ns)
{
    if (v->blockhash_ns == 0 || now_ns - v->blockhash_ns > BLOCKHASH_OLD_NS)
        return "no recent blockhash is known";
    if (v->guard_lamports == 0 || v->wrapped_lamports == 0) return "the rent is not known yet";
    return NULL;
}

static dv_err order_make(dv_chain_venue *v, const dv_chain_pool *p, const dv_build_request *build,
                         dv_chain_order *ret)
{
    const dv_solana_config *c = v->config;
    bool exact_out = build->swap_mode == DV_EXACT_OUT;
    *ret = (dv_chain_order){.order_id = build->order_id,
                            .attempt = (uint8_t)build->attempt,
                            .wallet = v->wallet,
                            .ask = {.mode = exact_out ? DV_SWAP_EXACT_OUT : DV_SWAP_EXACT_IN,
                                    .amount = build->amount,
                                    .limit = build->limit_amount},
                            .clock = p->clock,
                            .blockhash = v->blockhash.blockhash,
                            .units = c->solana_units_max,
                            .unit_price = v->unit_price,
                            .guard_lamports = v->guard_lamports,
                            .wrapped_lamports = v->wrapped_lamports,
                            .has_guard = c->solana_guard,
                            .has_memo = c->solana_memo};
    if (!dv_pubkey_parse(build->token_in, &ret->ask.mint_in) ||
        !dv_pubkey_parse(build->token_out, &ret->ask.mint_out))
        return DV_VENUE_NO_POOL;
    uint32_t out = dv_pubkey_equal(&p->pool->mint[0], &ret->ask.mint_out) ? 0 : 1;
    ret->out_exists = p->has_account[out];
    if (c->solana_guard)
        ret->takes_back =
            dv_chain_guard_lend(v, v->blockhash.last_valid_block_height, &ret->back_id);
    return DV_OK;
}

static dv_err build_make(dv_chain_venue *v, const dv_chain_pool *p, const dv_build_request *build,
                         dv_chain_build **ret, dv_refusal *ret_refusal)
{
    dv_chain_build *b = calloc(1, sizeof *b);
    if (b == NULL) abort();
    b->order_id = build->order_id;
    b->attempt = (uint8_t)build->attempt;
    b->last_valid_block_height = v->blockhash.last_valid_block_height;
    b->quoted_in = build->quote.amount_in;
    b->quoted_out = build->quote.amount_out;
    snprintf(b->pool, sizeof b->pool, "%s", p->text);
    *ret_refusal = (dv_refusal){.reason = "the order's tokens are no mints"};
    dv_err err = order_make(v, p, build, &b->order);
    if (err == DV_OK)
        err = dv_chain_compile(p->pool, &b->order, &b->transaction, &b->layout, ret_refusal);
    if (err == DV_OK)
        *ret = b;
    else
        free(b);
    return err;
}

void dv_chain_build_ask(dv_venue *venue, uint64_t ticket, const dv_build_request *build,
                        dv_time now, const dv_answers *answers)
{
    dv_chain_venue *v = (dv_chain_venue *)venue;
    const dv_chain_pool *p = dv_chain_pool_find(v, build->quote.pool);
    dv_chain_build *b = NULL;
    dv_refusal refusal = {.reason = ""};
    dv_err err = dv_chain_admitted(v);
    if (err == DV_OK) err = p ? dv_chain_pool_state(v, p) : DV_VENUE_NO_POOL;
    if (err == DV_OK && build->quote.slot + v->config->solana_quote_slots_max < v->slot)
        err = DV_VENUE_QUOTE_STALE;
    if (err == DV_OK && missing(v, now.mono_ns) != NULL) {
        err = DV_CHAIN_AWAY;
        refusal.reason = missing(v, now.mono_ns);
    }
    if (err == DV_OK) err = build_make(v, p, build, &b, &refusal);
    if (err != DV_OK) {
        refuse(answers, ticket, &build->order_id, build->attempt, err, refusal.reason);
        return;
    }
    b->ticket = ticket;
    b->number = ++v->last_number;
    HASH_ADD(hh, v->builds, number, sizeof b->number, b);
    simulate(v, b, build->quote.slot, now.mono_ns);
}

void dv_chain_builds_fini(dv_chain_venue *venue)
{
    dv_chain_build *b, *next;
    HASH_ITER (hh, venue->builds, b, next) build_free(venue, b);
}
