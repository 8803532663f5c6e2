#include "gateway/json/frame_out.h"

#include <inttypes.h>
#include <stdio.h>

#include "gateway/json/order_parts.h"
#include "gateway/json/route_out.h"

/* ---- frames ---------------------------------------------------------------------------------- */

/* The sentence for people. */
static void put_message(dv_json *json, const dv_moment *m)
{
    const dv_attempt *attempt = &m->attempt;
    char text[2 * DV_REASON_MAX], name[DV_DEX_NAME_SIZE];
    const char *dex = dv_dex_name(attempt->venue, name);
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
                 dv_moment_is_finalized(m) ? ", and final" : "");
        break;
    case DV_STATE_failed:
        snprintf(text, sizeof text, "Order failed: %.*s",
                 DV_TEXT_ARG(dv_attempt_failure_text(attempt)));
        break;
    default: snprintf(text, sizeof text, "Order %s", dv_state_name((uint8_t)m->event.state)); break;
    }
    dv_json_string(json, "message", text);
}

/* The members that frames have from `building` on. */
static void put_route(dv_json *json, const dv_moment *m)
{
    const dv_attempt *attempt = &m->attempt;
    const dv_quote *quote = dv_attempt_chosen(attempt);
    if (attempt->venue.size == 0) return;
    dv_put_dex(json, "dex", attempt->venue);
    dv_put_routing(json, "routing", m, attempt, false);
    if (quote == NULL) return;
    dv_json_object(json, "quote");
    dv_put_dex(json, "dex", attempt->venue);
    dv_put_quote_price(json, "price", m, quote);
    dv_put_fee(json, "fee", quote);
    dv_json_object_end(json);
}

/* The members of the last frame. */
static void put_result(dv_json *json, const dv_moment *m)
{
    const dv_attempt *attempt = &m->attempt;
    if (dv_moment_state(m) == DV_STATE_confirmed) {
        dv_json_text(json, "txHash", attempt->signature);
        if (!dv_attempt_executed(attempt)) return;
        dv_put_prices(json, m);
        dv_put_result_slippage(json, "slippage", attempt);
    } else if (m->event.state == DV_STATE_failed) {
        dv_json_text(json, "error", dv_attempt_failure_text(attempt));
        dv_json_text(json, "reason", dv_attempt_failure_text(attempt));
        dv_json_string(json, "code", dv_attempt_failure_code(attempt));
    }
}

/* The `type` of a frame. Clients learn from it what became of a confirmed trade. */
static const char *frame_type(const dv_moment *m, dv_frame_type type)
{
    if (m->event.state == DV_STATE_superseded) return "superseded";
    if (dv_moment_is_finalized(m)) return "finalized";
    return type == DV_FRAME_ORDER_UPDATE ? "order_update" : "status_update";
}

void dv_render_frame(dv_buffer *out, const dv_tokens *tokens, const dv_view *view, uint32_t seq,
                     dv_frame_type type)
{
    dv_moment m = dv_moment_at(tokens, view, seq);
    dv_json *json = dv_json_begin(out);
    dv_json_string(json, "type", frame_type(&m, type));
    dv_json_id(json, "orderId", &view->terms.order_id);
    dv_put_status(json, &m);
    dv_put_finality(json, &m);
    put_message(json, &m);
    dv_json_time(json, "timestamp", (int64_t)m.event.at_us);
    dv_json_uint(json, "attempt", dv_moment_attempt(&m));
    dv_json_uint(json, "seq", m.event.seq);
    dv_json_uint(json, "position", m.event.position);
    put_route(json, &m);
    if (m.attempt.signature.size > 0) dv_json_uint(json, "slippageBps", view->terms.slippage_bps);
    put_result(json, &m);
    dv_put_order(json, "order", &m);
    dv_json_end(&json);
}

/* ---- greetings ---------------------------------------------------------------------------- */

/* Clients read the id of a connection as a string. */
static void put_connection(dv_json *json, const char *name, uint64_t connection)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, connection);
    dv_json_string(json, name, text);
}

void dv_render_connected(dv_buffer *out, const dv_id *order_id, uint64_t client_id, int64_t wall_us)
{
    dv_json *json = dv_json_begin(out);
    dv_json_string(json, "type", "connected");
    dv_json_id(json, "orderId", order_id);
    put_connection(json, "clientId", client_id);
    dv_json_time(json, "timestamp", wall_us);
    dv_json_end(&json);
}

void dv_render_established(dv_buffer *out, const dv_id *order_id, uint8_t current_state,
                           int64_t wall_us)
{
    dv_json *json = dv_json_begin(out);
    dv_json_string(json, "type", "connection_established");
    dv_json_id(json, "orderId", order_id);
    dv_json_string(json, "status", "connected");
    dv_json_string(json, "message", "Connected: the order's updates follow");
    dv_json_time(json, "timestamp", wall_us);
    dv_json_string(json, "currentOrderStatus",
                   dv_state_name((uint8_t)dv_state_shown(current_state)));
    dv_json_end(&json);
}

void dv_render_established_all(dv_buffer *out, uint64_t connection_id, int64_t wall_us)
{
    dv_json *json = dv_json_begin(out);
    dv_json_string(json, "type", "connection_established");
    put_connection(json, "connectionId", connection_id);
    dv_json_string(json, "message", "Connected: every order's updates follow");
    dv_json_time(json, "timestamp", wall_us);
    dv_json_end(&json);
}

void dv_render_pong(dv_buffer *out, int64_t wall_us)
{
    dv_json *json = dv_json_begin(out);
    dv_json_string(json, "type", "pong");
    dv_json_time(json, "timestamp", wall_us);
    dv_json_end(&json);
}
