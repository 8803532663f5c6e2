#include <ctype.h>
#include <stdio.h>

#include "gateway/json/order_parts.h"
#include "gateway/json/render.h"

/* The DEXs whose prices and fees clients read by name, as raydiumPrice and so on. */
static const char *const NAMED_DEXES[] = {"raydium", "meteora"};
#define NAMED_DEX_COUNT (sizeof NAMED_DEXES / sizeof NAMED_DEXES[0])

#define BPS_DECIMALS 4

/* ---- routing -------------------------------------------------------------------------------- */

/* "Raydium" for raydium. */
const char *dv_dex_name(dv_text venue, char ret_name[DEX_NAME_SIZE])
{
    dv_text_copy(ret_name, DEX_NAME_SIZE, venue);
    ret_name[0] = (char)toupper((unsigned char)ret_name[0]);
    return ret_name;
}

void dv_put_dex(dv_json *json, const char *name, dv_text venue)
{
    char text[DEX_NAME_SIZE];
    dv_json_string(json, name, dv_dex_name(venue, text));
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

static void put_quote_row(dv_json *json, const dv_moment *m, const dv_quote *quote)
{
    dv_json_object(json, NULL);
    dv_json_text(json, "dex", quote->venue);
    if (quote->error != 0) {
        dv_json_string(json, "error", dv_err_text((uint16_t)quote->error));
        dv_json_string(json, "code", dv_err_name((uint16_t)quote->error));
    } else {
        dv_put_quote_price(json, "price", m, quote);
        dv_put_fee(json, "fee", quote);
        put_atoms(json, "amountIn", quote->amount_in);
        put_atoms(json, "amountOut", quote->amount_out);
        dv_json_uint(json, "priceImpactBps", quote->price_impact_bps);
        dv_json_text(json, "pool", quote->pool);
        if (quote->slot > 0) dv_json_uint(json, "slot", quote->slot);
    }
    dv_json_object_end(json);
}

/* Which DEX was chosen and why. with_quotes: also every answer in full. */
void dv_put_routing(dv_json *json, const char *name, const dv_moment *m, const dv_attempt *attempt,
                    bool with_quotes)
{
    char member[DV_VENUE_MAX + 8];
    if (name) dv_json_object(json, name);
    put_text_or_null(json, "dex", attempt->venue);
    for (size_t i = 0; i < NAMED_DEX_COUNT; i++) {
        snprintf(member, sizeof member, "%sPrice", NAMED_DEXES[i]);
        dv_put_quote_price(json, member, m, quote_of(attempt, NAMED_DEXES[i]));
    }
    for (size_t i = 0; i < NAMED_DEX_COUNT; i++) {
        snprintf(member, sizeof member, "%sFee", NAMED_DEXES[i]);
        dv_put_fee(json, member, quote_of(attempt, NAMED_DEXES[i]));
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
static void put_retry(dv_json *json, const dv_moment *m)
{
    const dv_attempt *before = dv_view_attempt(m->view, m->event.attempt - 1);
    dv_json_uint(json, "attempt", m->event.attempt);
    if (m->attempt.due_at_us > 0) dv_json_time(json, "retryAt", (int64_t)m->attempt.due_at_us);
    if (before == NULL) return;
    dv_json_text(json, "reason", dv_attempt_failure_text(before));
    dv_json_string(json, "code", dv_attempt_failure_code(before));
}

void dv_put_prices(dv_json *json, const dv_moment *m)
{
    dv_put_executed_price(json, "price", m, &m->attempt, false);
    dv_put_executed_price(json, "executedPrice", m, &m->attempt, false);
    dv_put_executed_price(json, "executionPrice", m, &m->attempt, false);
}

static void put_metadata(dv_json *json, const dv_moment *m)
{
    dv_json_object(json, "metadata");
    switch (dv_moment_state(m)) {
    case DV_STATE_routing:
        if (m->event.attempt > 1) put_retry(json, m);
        break;
    case DV_STATE_building: dv_put_routing(json, NULL, m, &m->attempt, false); break;
    case DV_STATE_submitted:
        dv_json_text(json, "txHash", m->attempt.signature);
        dv_json_uint(json, "slippageBps", m->view->terms.slippage_bps);
        break;
    case DV_STATE_confirmed:
        dv_json_text(json, "txHash", m->attempt.signature);
        if (dv_attempt_executed(&m->attempt)) dv_put_prices(json, m);
        break;
    case DV_STATE_failed:
        dv_json_text(json, "error", dv_attempt_failure_text(&m->attempt));
        dv_json_string(json, "code", dv_attempt_failure_code(&m->attempt));
        break;
    default: break;
    }
    dv_put_finality(json, m);
    dv_json_object_end(json);
}

static void put_history(dv_json *json, const dv_moment *m)
{
    dv_moment then = *m;
    dv_json_array(json, "statusHistory");
    for (uint32_t i = 0; i < m->event.seq && i < m->view->events_count; i++) {
        then.event = m->view->events[i];
        then.attempt = dv_attempt_at(m->view, &then.event);
        dv_json_object(json, NULL);
        dv_put_status(json, &then);
        dv_json_time(json, "timestamp", (int64_t)then.event.at_us);
        put_metadata(json, &then);
        dv_json_object_end(json);
    }
    dv_json_array_end(json);
}

/* ---- the order object ------------------------------------------------------------------------ */

void dv_put_side(dv_json *json, const dv_moment *m)
{
    const dv_terms *terms = &m->view->terms;
    bool buy = terms->style & DV_STYLE_SIDE_BUY;
    if (!buy && !(terms->style & DV_STYLE_SIDE_SELL)) return;
    if (buy)
        dv_put_token_out(json, "symbol", m);
    else
        dv_put_token_in(json, "symbol", m);
    dv_json_string(json, "side", buy ? "buy" : "sell");
    dv_put_amount_input(json, "quantity", m);
}

/* What the order asks for. */
static void put_terms(dv_json *json, const dv_moment *m)
{
    const dv_terms *terms = &m->view->terms;
    dv_json_id(json, "id", &terms->order_id);
    dv_json_id(json, "orderId", &terms->order_id);
    dv_json_string(json, "type", "market");
    dv_json_string(json, "orderType", "market");
    dv_put_token_in(json, "tokenIn", m);
    dv_put_token_out(json, "tokenOut", m);
    dv_put_amount_in(json, "amountIn", m);
    dv_put_side(json, m);
    if (terms->user_id.size > 0) dv_json_text(json, "userId", terms->user_id);
    if (terms->client_order_id.size > 0)
        dv_json_text(json, "clientOrderId", terms->client_order_id);
    dv_put_decimal(json, "slippageTolerance", terms->slippage_bps, BPS_DECIMALS);
}

/* Whether it is not known, and was not soon enough, what became of the transaction. */
static bool in_doubt(const dv_moment *m)
{
    return dv_moment_state(m) == DV_STATE_submitted && (int64_t)m->event.at_us < m->doubt_before_us;
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
static void put_outcome(dv_json *json, const dv_moment *m)
{
    const dv_attempt *attempt = &m->attempt;
    bool as_string = m->view->terms.style & DV_STYLE_AMOUNT_STRING;
    dv_put_status(json, m);
    dv_put_finality(json, m);
    if (in_doubt(m)) put_doubt(json);
    put_history(json, m);
    if (attempt->venue.size > 0) dv_json_text(json, "dexUsed", attempt->venue);
    if (attempt->signature.size > 0) dv_json_text(json, "txHash", attempt->signature);
    if (dv_moment_state(m) == DV_STATE_confirmed && dv_attempt_executed(attempt)) {
        dv_put_executed_price(json, "executedPrice", m, attempt, as_string);
        dv_put_result_slippage(json, "slippage", attempt);
    }
    if (m->event.state == DV_STATE_failed) {
        dv_json_text(json, "failureReason", dv_attempt_failure_text(attempt));
        dv_json_string(json, "failureCode", dv_attempt_failure_code(attempt));
    }
    dv_json_uint(json, "retryCount", dv_moment_attempt(m) - 1);
}

static void put_payload(dv_json *json, const dv_moment *m)
{
    dv_json_object(json, "payload");
    dv_put_token_in(json, "tokenIn", m);
    dv_put_token_out(json, "tokenOut", m);
    dv_put_amount_in(json, "amount", m);
    dv_put_decimal(json, "slippage", m->view->terms.slippage_bps, BPS_DECIMALS);
    dv_json_object_end(json);
}

/* All members of the order object, within an object that is open. */
static void put_order_members(dv_json *json, const dv_moment *m)
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

void dv_put_order(dv_json *json, const char *name, const dv_moment *m)
{
    dv_json_object(json, name);
    put_order_members(json, m);
    dv_json_object_end(json);
}

/* One row of 000's executions: an attempt. */
static void put_execution(dv_json *json, const dv_moment *m, const dv_attempt *attempt)
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
        dv_put_routing(json, "routing_decision", m, attempt, true);
    else
        dv_json_null(json, "routing_decision");
    put_text_or_null(json, "tx_hash", attempt->signature);
    if (dv_attempt_executed(attempt))
        dv_put_executed_price(json, "execution_price", m, attempt, false);
    else
        dv_json_null(json, "execution_price");
    put_text_or_null(json, "failure_reason",
                     attempt->error ? dv_attempt_failure_text(attempt) : (dv_text){0});
    put_text_or_null(json, "failure_code",
                     attempt->error ? dv_text_of(dv_attempt_failure_code(attempt)) : (dv_text){0});
    dv_json_object_end(json);
}

void dv_render_order(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                     int64_t doubt_before_us)
{
    dv_moment m = dv_moment_now(tokens, view, doubt_before_us);
    dv_json *json = dv_json_new(out);
    dv_put_order(json, NULL, &m);
    dv_json_destroy(&json);
}

void dv_render_single(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                      int64_t doubt_before_us)
{
    dv_moment m = dv_moment_now(tokens, view, doubt_before_us);
    dv_json *json = dv_json_new(out);
    dv_json_object(json, NULL);
    dv_json_bool(json, "success", true);
    put_order_members(json, &m);
    dv_put_order(json, "order", &m);
    dv_json_array(json, "executions");
    for (uint32_t i = 0; i < view->attempts_count; i++) {
        dv_attempt attempt = dv_attempt_now(view, &view->attempts[i]);
        put_execution(json, &m, &attempt);
    }
    dv_json_array_end(json);
    dv_json_object_end(json);
    dv_json_destroy(&json);
}
