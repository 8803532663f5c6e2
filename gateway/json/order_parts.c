#include "gateway/json/order_parts.h"

#include "gateway/json/route_out.h"

#define BPS_DECIMALS 4

/* ---- history -------------------------------------------------------------------------------- */

/* Why and when an order is routed again. */
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

/* The terms of the order. */
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

/* Whether a transaction was sent long ago, and its outcome is still unknown. */
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

/* What has become of the order. */
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

void dv_put_order_members(dv_json *json, const dv_moment *m)
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
    dv_put_order_members(json, m);
    dv_json_object_end(json);
}
