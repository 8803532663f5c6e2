#include <ctype.h>
#include <stdio.h>

#include "gateway/json.h"
#include "gateway/render.h"
#include "proto/buffer.h"
#include "proto/view.h"

/* The DEXs whose prices and fees clients read by name, as raydiumPrice and so on. */
static const char *const NAMED_DEXES[] = {"raydium", "meteora"};
#define NAMED_DEX_COUNT (sizeof NAMED_DEXES / sizeof NAMED_DEXES[0])

#define PPM_DECIMALS 6
#define BPS_DECIMALS 4
#define PERCENT_DECIMALS 4 /* of a result's slippage */

/* ---- an order at one of its events ---------------------------------------------------------- */

/* What could be said of an order when one of its events was committed. */
typedef struct moment {
    const dv_view *view;
    const dv_token *in, *out; /* NULL: a mint that is not in the table */
    dv_event event;
    dv_attempt attempt;      /* the event's, with what was learnt later left out */
    int64_t doubt_before_us; /* an older transaction, of which nothing was heard, is in doubt */
} moment;

static bool was_superseded(const dv_view *view, uint64_t attempt)
{
    for (uint32_t i = 0; i < view->events_count; i++)
        if (view->events[i].state == DV_STATE_superseded && view->events[i].attempt == attempt)
            return true;
    return false;
}

/* An attempt as it stands: of a trade that was taken back, and is not confirmed anew, no amounts.
 */
static dv_attempt attempt_now(const dv_view *view, const dv_attempt *attempt)
{
    dv_attempt now = *attempt;
    const dv_event *last = dv_view_last(view);
    if (was_superseded(view, now.number) && last->state != DV_STATE_finalized)
        now.amount_in = now.amount_out = 0;
    return now;
}

/* An attempt as it was known at an event of its own. */
static dv_attempt attempt_at(const dv_view *view, const dv_event *event)
{
    dv_attempt then = {.number = event->attempt};
    const dv_attempt *now = dv_view_attempt(view, event->attempt);
    if (now == NULL || event->state < DV_STATE_routing) return then;
    bool traded = false;
    switch (event->state) {
    case DV_STATE_routing: then.due_at_us = now->due_at_us; return then;
    case DV_STATE_building:
        then = *now;
        then.signature = (dv_text){0};
        break;
    case DV_STATE_submitted:
    case DV_STATE_superseded: then = *now; break;
    case DV_STATE_confirmed: /* what it traded then is not kept once it is superseded */
        then = *now;
        traded = !was_superseded(view, now->number);
        break;
    default: return attempt_now(view, now);
    }
    if (!traded) then.amount_in = then.amount_out = 0;
    then.error = 0; /* an error is learnt with the event that follows */
    return then;
}

static moment moment_at(const dv_tokens *tokens, const dv_view *view, uint32_t seq)
{
    const dv_terms *terms = &view->terms;
    moment m = {
        .view = view,
        .in = dv_tokens_by_mint(tokens, terms->token_in),
        .out = dv_tokens_by_mint(tokens, terms->token_out),
        .event = {.state = DV_STATE_pending, .at_us = terms->created_at_us},
    };
    if (seq >= 1 && seq <= view->events_count) m.event = view->events[seq - 1];
    m.attempt = attempt_at(view, &m.event);
    return m;
}

static moment moment_now(const dv_tokens *tokens, const dv_view *view, int64_t doubt_before_us)
{
    moment m = moment_at(tokens, view, view->events_count);
    m.doubt_before_us = doubt_before_us;
    return m;
}

/* The state that clients are shown. */
static dv_state state_shown(const moment *m)
{
    return dv_state_shown((uint8_t)m->event.state);
}

static void put_status(dv_json *json, const moment *m)
{
    dv_json_string(json, "status", dv_state_name((uint8_t)state_shown(m)));
}

/* How far a trade may be relied on; there is none to speak of without it. */
static void put_finality(dv_json *json, const moment *m)
{
    if (m->event.state == DV_STATE_confirmed) dv_json_string(json, "finality", "confirmed");
    if (m->event.state == DV_STATE_superseded) dv_json_string(json, "finality", "superseded");
    if (m->event.state == DV_STATE_finalized) dv_json_string(json, "finality", "finalized");
}

/* Whether the event tells that what was confirmed before is final. */
static bool is_finalized(const moment *m)
{
    uint64_t seq = m->event.seq;
    return m->event.state == DV_STATE_finalized && seq >= 2 &&
           m->view->events[seq - 2].state == DV_STATE_confirmed;
}

/* The attempt's number as clients count: an order that waits for its first is in it. */
static uint64_t attempt_number(const moment *m)
{
    return m->event.attempt > 0 ? m->event.attempt : 1;
}

/* Why an attempt ended: the venue's own words where it had some. */
static dv_text failure_text(const dv_attempt *attempt)
{
    if (attempt->error_text.size > 0) return attempt->error_text;
    return dv_text_of(attempt->error ? dv_err_text((uint16_t)attempt->error)
                                     : "the reason was not recorded");
}

static const char *failure_code(const dv_attempt *attempt)
{
    return dv_err_name((uint16_t)attempt->error);
}

/* ---- tokens, amounts, prices ---------------------------------------------------------------- */

static void put_token(dv_json *json, const char *name, dv_text mint, const dv_token *token,
                      bool as_mint)
{
    dv_json_text(json, name, token && !as_mint ? dv_text_of(token->symbol) : mint);
}

static void put_token_in(dv_json *json, const char *name, const moment *m)
{
    const dv_terms *terms = &m->view->terms;
    put_token(json, name, terms->token_in, m->in, terms->style & DV_STYLE_IN_MINT);
}

static void put_token_out(dv_json *json, const char *name, const moment *m)
{
    const dv_terms *terms = &m->view->terms;
    put_token(json, name, terms->token_out, m->out, terms->style & DV_STYLE_OUT_MINT);
}

/* A number exact to its last digit: atoms of `decimals`. */
static void put_decimal(dv_json *json, const char *name, uint64_t atoms, uint8_t decimals)
{
    char text[DV_AMOUNT_TEXT_SIZE];
    uint32_t size = dv_decimal_format(atoms, decimals, text);
    dv_json_number(json, name, (dv_text){text, size});
}

/* The amount as it was written, in the JSON type that it was written in. */
static void put_amount_input(dv_json *json, const char *name, const moment *m)
{
    const dv_terms *terms = &m->view->terms;
    const dv_token *token = terms->swap_mode == DV_EXACT_OUT ? m->out : m->in;
    if (terms->style & DV_STYLE_AMOUNT_STRING)
        dv_json_text(json, name, terms->amount_input);
    else if (terms->amount_input.size > 0)
        dv_json_number(json, name, terms->amount_input);
    else
        put_decimal(json, name, terms->amount, token ? token->decimals : 0);
}

/* The amount paid. A buy by quantity learns it from its execution and has no such member before. */
static void put_amount_in(dv_json *json, const char *name, const moment *m)
{
    const dv_terms *terms = &m->view->terms;
    if (!(terms->style & DV_STYLE_SIDE_BUY))
        put_amount_input(json, name, m);
    else if (m->attempt.amount_in > 0)
        put_decimal(json, name, m->attempt.amount_in, m->in ? m->in->decimals : 0);
}

static void put_price(dv_json *json, const char *name, const moment *m, uint64_t amount_in,
                      uint64_t amount_out, uint64_t fee_ppm, bool as_string)
{
    char text[DV_AMOUNT_TEXT_SIZE];
    uint32_t size = dv_price_format(amount_in, m->in ? m->in->decimals : 0, amount_out,
                                    m->out ? m->out->decimals : 0, (uint32_t)fee_ppm, text);
    if (as_string)
        dv_json_text(json, name, (dv_text){text, size});
    else
        dv_json_number(json, name, (dv_text){text, size});
}

/* A venue's price before its fee, so that price × (1 - fee) is what the trader gets. */
static void put_quote_price(dv_json *json, const char *name, const moment *m, const dv_quote *quote)
{
    if (quote)
        put_price(json, name, m, quote->amount_in, quote->amount_out, quote->fee_ppm, false);
    else
        dv_json_null(json, name);
}

static void put_fee(dv_json *json, const char *name, const dv_quote *quote)
{
    if (quote)
        put_decimal(json, name, quote->fee_ppm, PPM_DECIMALS);
    else
        dv_json_null(json, name);
}

static bool executed(const dv_attempt *attempt)
{
    return attempt->amount_in > 0 && attempt->amount_out > 0;
}

static void put_executed_price(dv_json *json, const char *name, const moment *m,
                               const dv_attempt *attempt, bool as_string)
{
    put_price(json, name, m, attempt->amount_in, attempt->amount_out, 0, as_string);
}

/* How much worse an execution was than its quote, in millionths of the quote, rounded to the
   nearest; 0 when it was no worse. The prices are amount_out / amount_in, so that the part lost is
   (q - e) / q with q = quoted_out × in and e = out × quoted_in. */
static uint64_t slippage_ppm(uint64_t quoted_in, uint64_t quoted_out, uint64_t in, uint64_t out)
{
    dv_u128 quoted = (dv_u128)quoted_out * in, got = (dv_u128)out * quoted_in;
    if (got >= quoted) return 0;
    dv_u128 rest = quoted - got;
    uint64_t ppm = 0;
    for (int digit = 0; digit < PPM_DECIMALS; digit++) {
        /* rest × 10 may not fit 128 bits: add it up ten times, modulo quoted. */
        dv_u128 sum = 0;
        ppm *= 10;
        for (int i = 0; i < 10; i++) {
            bool carry = sum >= quoted - rest;
            sum = carry ? sum - (quoted - rest) : sum + rest;
            ppm += carry;
        }
        rest = sum;
    }
    return ppm + (rest >= quoted - rest);
}

static void put_result_slippage(dv_json *json, const char *name, const dv_attempt *attempt)
{
    const dv_quote *quote = dv_attempt_chosen(attempt);
    if (quote == NULL) return;
    uint64_t ppm =
        slippage_ppm(quote->amount_in, quote->amount_out, attempt->amount_in, attempt->amount_out);
    put_decimal(json, name, ppm, PERCENT_DECIMALS);
}

/* ---- routing -------------------------------------------------------------------------------- */

#define DEX_NAME_SIZE (DV_VENUE_MAX + 1)

/* "Raydium" for raydium. */
static const char *dex_name(dv_text venue, char ret_name[DEX_NAME_SIZE])
{
    dv_text_copy(ret_name, DEX_NAME_SIZE, venue);
    ret_name[0] = (char)toupper((unsigned char)ret_name[0]);
    return ret_name;
}

static void put_dex(dv_json *json, const char *name, dv_text venue)
{
    char text[DEX_NAME_SIZE];
    dv_json_string(json, name, dex_name(venue, text));
}

static void put_text_or_null(dv_json *json, const char *name, dv_text text)
{
    if (text.size > 0)
        dv_json_text(json, name, text);
    else
        dv_json_null(json, name);
}

/* The good quote of a DEX; NULL when it gave none. */
static const dv_quote *quote_of(const dv_attempt *attempt, const char *dex)
{
    for (uint32_t i = 0; i < attempt->quotes_count; i++)
        if (attempt->quotes[i].error == 0 && dv_text_is(attempt->quotes[i].venue, dex))
            return &attempt->quotes[i];
    return NULL;
}

static void put_atoms(dv_json *json, const char *name, uint64_t atoms)
{
    char text[DV_AMOUNT_TEXT_SIZE];
    uint32_t size = dv_decimal_format(atoms, 0, text);
    dv_json_text(json, name, (dv_text){text, size});
}

static void put_quote_row(dv_json *json, const moment *m, const dv_quote *quote)
{
    dv_json_object(json, NULL);
    dv_json_text(json, "dex", quote->venue);
    if (quote->error != 0) {
        dv_json_string(json, "error", dv_err_text((uint16_t)quote->error));
        dv_json_string(json, "code", dv_err_name((uint16_t)quote->error));
    } else {
        put_quote_price(json, "price", m, quote);
        put_fee(json, "fee", quote);
        put_atoms(json, "amountIn", quote->amount_in);
        put_atoms(json, "amountOut", quote->amount_out);
        dv_json_uint(json, "priceImpactBps", quote->price_impact_bps);
        dv_json_text(json, "pool", quote->pool);
        if (quote->slot > 0) dv_json_uint(json, "slot", quote->slot);
    }
    dv_json_object_end(json);
}

/* Which DEX was chosen and why. with_quotes: also every answer in full. */
static void put_routing(dv_json *json, const char *name, const moment *m, const dv_attempt *attempt,
                        bool with_quotes)
{
    char member[DV_VENUE_MAX + 8];
    if (name) dv_json_object(json, name);
    put_text_or_null(json, "dex", attempt->venue);
    for (size_t i = 0; i < NAMED_DEX_COUNT; i++) {
        snprintf(member, sizeof member, "%sPrice", NAMED_DEXES[i]);
        put_quote_price(json, member, m, quote_of(attempt, NAMED_DEXES[i]));
    }
    for (size_t i = 0; i < NAMED_DEX_COUNT; i++) {
        snprintf(member, sizeof member, "%sFee", NAMED_DEXES[i]);
        put_fee(json, member, quote_of(attempt, NAMED_DEXES[i]));
    }
    dv_json_text(json, "reason", attempt->reason);
    if (with_quotes) {
        dv_json_array(json, "quotes");
        for (uint32_t i = 0; i < attempt->quotes_count; i++)
            put_quote_row(json, m, &attempt->quotes[i]);
        dv_json_array_end(json);
    }
    if (name) dv_json_object_end(json);
}

/* ---- history -------------------------------------------------------------------------------- */

/* Why an order is routed once more, and when. */
static void put_retry(dv_json *json, const moment *m)
{
    const dv_attempt *before = dv_view_attempt(m->view, m->event.attempt - 1);
    dv_json_uint(json, "attempt", m->event.attempt);
    if (m->attempt.due_at_us > 0) dv_json_time(json, "retryAt", (int64_t)m->attempt.due_at_us);
    if (before == NULL) return;
    dv_json_text(json, "reason", failure_text(before));
    dv_json_string(json, "code", failure_code(before));
}

static void put_prices(dv_json *json, const moment *m)
{
    put_executed_price(json, "price", m, &m->attempt, false);
    put_executed_price(json, "executedPrice", m, &m->attempt, false);
    put_executed_price(json, "executionPrice", m, &m->attempt, false);
}

static void put_metadata(dv_json *json, const moment *m)
{
    dv_json_object(json, "metadata");
    switch (state_shown(m)) {
    case DV_STATE_routing:
        if (m->event.attempt > 1) put_retry(json, m);
        break;
    case DV_STATE_building: put_routing(json, NULL, m, &m->attempt, false); break;
    case DV_STATE_submitted:
        dv_json_text(json, "txHash", m->attempt.signature);
        dv_json_uint(json, "slippageBps", m->view->terms.slippage_bps);
        break;
    case DV_STATE_confirmed:
        dv_json_text(json, "txHash", m->attempt.signature);
        if (executed(&m->attempt)) put_prices(json, m);
        break;
    case DV_STATE_failed:
        dv_json_text(json, "error", failure_text(&m->attempt));
        dv_json_string(json, "code", failure_code(&m->attempt));
        break;
    default: break;
    }
    put_finality(json, m);
    dv_json_object_end(json);
}

static void put_history(dv_json *json, const moment *m)
{
    moment then = *m;
    dv_json_array(json, "statusHistory");
    for (uint32_t i = 0; i < m->event.seq && i < m->view->events_count; i++) {
        then.event = m->view->events[i];
        then.attempt = attempt_at(m->view, &then.event);
        dv_json_object(json, NULL);
        put_status(json, &then);
        dv_json_time(json, "timestamp", (int64_t)then.event.at_us);
        put_metadata(json, &then);
        dv_json_object_end(json);
    }
    dv_json_array_end(json);
}

/* ---- the order object ------------------------------------------------------------------------ */

static void put_side(dv_json *json, const moment *m)
{
    const dv_terms *terms = &m->view->terms;
    bool buy = terms->style & DV_STYLE_SIDE_BUY;
    if (!buy && !(terms->style & DV_STYLE_SIDE_SELL)) return;
    if (buy)
        put_token_out(json, "symbol", m);
    else
        put_token_in(json, "symbol", m);
    dv_json_string(json, "side", buy ? "buy" : "sell");
    put_amount_input(json, "quantity", m);
}

/* What the order asks for. */
static void put_terms(dv_json *json, const moment *m)
{
    const dv_terms *terms = &m->view->terms;
    dv_json_id(json, "id", &terms->order_id);
    dv_json_id(json, "orderId", &terms->order_id);
    dv_json_string(json, "type", "market");
    dv_json_string(json, "orderType", "market");
    put_token_in(json, "tokenIn", m);
    put_token_out(json, "tokenOut", m);
    put_amount_in(json, "amountIn", m);
    put_side(json, m);
    if (terms->user_id.size > 0) dv_json_text(json, "userId", terms->user_id);
    if (terms->client_order_id.size > 0)
        dv_json_text(json, "clientOrderId", terms->client_order_id);
    put_decimal(json, "slippageTolerance", terms->slippage_bps, BPS_DECIMALS);
}

/* Whether it is not known, and was not soon enough, what became of the transaction. */
static bool in_doubt(const moment *m)
{
    return state_shown(m) == DV_STATE_submitted && (int64_t)m->event.at_us < m->doubt_before_us;
}

static void put_doubt(dv_json *json)
{
    dv_json_string(json, "outcome", "unknown");
    dv_json_string(
        json, "outcomeReason",
        "the venue has not said what became of the order's transaction: it is asked again "
        "and again, and no other transaction is signed until it has");
}

/* What has become of it. */
static void put_outcome(dv_json *json, const moment *m)
{
    const dv_attempt *attempt = &m->attempt;
    bool as_string = m->view->terms.style & DV_STYLE_AMOUNT_STRING;
    put_status(json, m);
    put_finality(json, m);
    if (in_doubt(m)) put_doubt(json);
    put_history(json, m);
    if (attempt->venue.size > 0) dv_json_text(json, "dexUsed", attempt->venue);
    if (attempt->signature.size > 0) dv_json_text(json, "txHash", attempt->signature);
    if (state_shown(m) == DV_STATE_confirmed && executed(attempt)) {
        put_executed_price(json, "executedPrice", m, attempt, as_string);
        put_result_slippage(json, "slippage", attempt);
    }
    if (m->event.state == DV_STATE_failed) {
        dv_json_text(json, "failureReason", failure_text(attempt));
        dv_json_string(json, "failureCode", failure_code(attempt));
    }
    dv_json_uint(json, "retryCount", attempt_number(m) - 1);
}

static void put_payload(dv_json *json, const moment *m)
{
    dv_json_object(json, "payload");
    put_token_in(json, "tokenIn", m);
    put_token_out(json, "tokenOut", m);
    put_amount_in(json, "amount", m);
    put_decimal(json, "slippage", m->view->terms.slippage_bps, BPS_DECIMALS);
    dv_json_object_end(json);
}

/* All members of the order object, within an object that is open. */
static void put_order_members(dv_json *json, const moment *m)
{
    int64_t created_us = (int64_t)m->view->terms.created_at_us;
    int64_t updated_us = (int64_t)m->event.at_us;
    put_terms(json, m);
    put_outcome(json, m);
    dv_json_time(json, "createdAt", created_us);
    dv_json_time(json, "updatedAt", updated_us);
    dv_json_time(json, "created_at", created_us);
    dv_json_time(json, "updated_at", updated_us);
    put_payload(json, m);
}

static void put_order(dv_json *json, const char *name, const moment *m)
{
    dv_json_object(json, name);
    put_order_members(json, m);
    dv_json_object_end(json);
}

/* One row of 000's executions: an attempt. */
static void put_execution(dv_json *json, const moment *m, const dv_attempt *attempt)
{
    const dv_id *order_id = &m->view->terms.order_id;
    char id[DV_ID_TEXT_SIZE + 8];
    dv_id_format(order_id, id);
    snprintf(id + DV_ID_TEXT_SIZE - 1, 8, "-%u", (unsigned)attempt->number);
    dv_json_object(json, NULL);
    dv_json_string(json, "id", id);
    dv_json_id(json, "order_id", order_id);
    dv_json_uint(json, "attempt_number", attempt->number);
    put_text_or_null(json, "chosen_dex", attempt->venue);
    if (attempt->quotes_count > 0)
        put_routing(json, "routing_decision", m, attempt, true);
    else
        dv_json_null(json, "routing_decision");
    put_text_or_null(json, "tx_hash", attempt->signature);
    if (executed(attempt))
        put_executed_price(json, "execution_price", m, attempt, false);
    else
        dv_json_null(json, "execution_price");
    put_text_or_null(json, "failure_reason", attempt->error ? failure_text(attempt) : (dv_text){0});
    put_text_or_null(json, "failure_code",
                     attempt->error ? dv_text_of(failure_code(attempt)) : (dv_text){0});
    dv_json_object_end(json);
}

void dv_render_order(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                     int64_t doubt_before_us)
{
    moment m = moment_now(tokens, view, doubt_before_us);
    dv_json *json = dv_json_new(out);
    put_order(json, NULL, &m);
    dv_json_destroy(&json);
}

void dv_render_single(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                      int64_t doubt_before_us)
{
    moment m = moment_now(tokens, view, doubt_before_us);
    dv_json *json = dv_json_new(out);
    dv_json_object(json, NULL);
    dv_json_bool(json, "success", true);
    put_order_members(json, &m);
    put_order(json, "order", &m);
    dv_json_array(json, "executions");
    for (uint32_t i = 0; i < view->attempts_count; i++) {
        dv_attempt attempt = attempt_now(view, &view->attempts[i]);
        put_execution(json, &m, &attempt);
    }
    dv_json_array_end(json);
    dv_json_object_end(json);
    dv_json_destroy(&json);
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* The frame's sentence for people. */
static void put_message(dv_json *json, const moment *m)
{
    const dv_attempt *attempt = &m->attempt;
    char text[2 * DV_REASON_MAX], name[DEX_NAME_SIZE];
    const char *dex = dex_name(attempt->venue, name);
    switch (m->event.state) {
    case DV_STATE_pending: snprintf(text, sizeof text, "Order received"); break;
    case DV_STATE_routing:
        if (m->event.attempt > 1)
            snprintf(text, sizeof text, "Comparing venues again: attempt %u",
                     (unsigned)m->event.attempt);
        else
            snprintf(text, sizeof text, "Comparing venues");
        break;
    case DV_STATE_building:
        snprintf(text, sizeof text, "Building the transaction for %s", dex);
        break;
    case DV_STATE_submitted: snprintf(text, sizeof text, "Transaction submitted to %s", dex); break;
    case DV_STATE_superseded:
        snprintf(text, sizeof text, "The chain took the execution on %s back: sent again", dex);
        break;
    case DV_STATE_confirmed: snprintf(text, sizeof text, "Order executed on %s", dex); break;
    case DV_STATE_finalized:
        snprintf(text, sizeof text, "Order executed on %s%s", dex,
                 is_finalized(m) ? ", and final" : "");
        break;
    case DV_STATE_failed:
        snprintf(text, sizeof text, "Order failed: %.*s", DV_TEXT_ARG(failure_text(attempt)));
        break;
    default: snprintf(text, sizeof text, "Order %s", dv_state_name((uint8_t)m->event.state)); break;
    }
    dv_json_string(json, "message", text);
}

/* Members that a frame has from building on. */
static void put_route(dv_json *json, const moment *m)
{
    const dv_attempt *attempt = &m->attempt;
    const dv_quote *quote = dv_attempt_chosen(attempt);
    if (attempt->venue.size == 0) return;
    put_dex(json, "dex", attempt->venue);
    put_routing(json, "routing", m, attempt, false);
    if (quote == NULL) return;
    dv_json_object(json, "quote");
    put_dex(json, "dex", attempt->venue);
    put_quote_price(json, "price", m, quote);
    put_fee(json, "fee", quote);
    dv_json_object_end(json);
}

/* Members that a frame has at the end. */
static void put_result(dv_json *json, const moment *m)
{
    const dv_attempt *attempt = &m->attempt;
    if (state_shown(m) == DV_STATE_confirmed) {
        dv_json_text(json, "txHash", attempt->signature);
        if (!executed(attempt)) return;
        put_prices(json, m);
        put_result_slippage(json, "slippage", attempt);
    } else if (m->event.state == DV_STATE_failed) {
        dv_json_text(json, "error", failure_text(attempt));
        dv_json_text(json, "reason", failure_text(attempt));
        dv_json_string(json, "code", failure_code(attempt));
    }
}

/* What happened, to clients that go by it: what becomes of a confirmation is no new status. */
static const char *frame_type(const moment *m, dv_frame_type type)
{
    if (m->event.state == DV_STATE_superseded) return "superseded";
    if (is_finalized(m)) return "finalized";
    return type == DV_FRAME_ORDER_UPDATE ? "update_event" : "status_update";
}

void dv_render_frame(dv_buffer *out, const dv_tokens *tokens, const dv_view *view, uint32_t seq,
                     dv_frame_type type)
{
    moment m = moment_at(tokens, view, seq);
    dv_json *json = dv_json_new(out);
    dv_json_object(json, NULL);
    dv_json_string(json, "type", frame_type(&m, type));
    dv_json_id(json, "orderId", &view->terms.order_id);
    put_status(json, &m);
    put_finality(json, &m);
    put_message(json, &m);
    dv_json_time(json, "timestamp", (int64_t)m.event.at_us);
    dv_json_uint(json, "attempt", attempt_number(&m));
    dv_json_uint(json, "seq", m.event.seq);
    dv_json_uint(json, "position", m.event.position);
    put_route(json, &m);
    if (m.attempt.signature.size > 0) dv_json_uint(json, "slippageBps", view->terms.slippage_bps);
    put_result(json, &m);
    put_order(json, "order", &m);
    dv_json_object_end(json);
    dv_json_destroy(&json);
}

/* ---- the answer to a POST ------------------------------------------------------------------
 */

/* How the connection that the POST came on can be turned into the order's WebSocket. */
static void put_upgrade(dv_json *json, const char *url)
{
    dv_json_object(json, "upgradeInstructions");
    dv_json_string(json, "method", "GET");
    dv_json_string(json, "url", url);
    dv_json_object(json, "headers");
    dv_json_string(json, "Connection", "Upgrade");
    dv_json_string(json, "Upgrade", "websocket");
    dv_json_string(json, "Sec-WebSocket-Version", "13");
    dv_json_object_end(json);
    dv_json_object_end(json);
}

void dv_render_accepted(dv_buffer *out, const dv_tokens *tokens, const dv_view *view)
{
    moment m = moment_at(tokens, view, 1);
    char id[DV_ID_TEXT_SIZE], url[96];
    dv_id_format(&view->terms.order_id, id);
    snprintf(url, sizeof url, "/api/orders/stream?orderId=%s", id);

    dv_json *json = dv_json_new(out);
    dv_json_object(json, NULL);
    dv_json_bool(json, "success", true);
    dv_json_string(json, "orderId", id);
    dv_json_string(json, "status", dv_state_name(DV_STATE_pending));
    put_token_in(json, "tokenIn", &m);
    put_token_out(json, "tokenOut", &m);
    put_amount_in(json, "amountIn", &m);
    put_side(json, &m);
    dv_json_time(json, "createdAt", (int64_t)view->terms.created_at_us);
    dv_json_string(json, "message", "Order accepted");
    dv_json_string(json, "websocketUrl", url);
    put_upgrade(json, url);
    dv_json_object_end(json);
    dv_json_destroy(&json);
}
