#include "gateway/json/order_out.h"

#include <stdio.h>

#include "gateway/json/order_parts.h"
#include "gateway/json/route_out.h"

/* An attempt, as one row of `executions`. */
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
    dv_json_text_or_null(json, "chosen_dex", attempt->venue);
    if (attempt->quotes_count > 0)
        dv_put_routing(json, "routing_decision", m, attempt, true);
    else
        dv_json_null(json, "routing_decision");
    dv_json_text_or_null(json, "tx_hash", attempt->signature);
    if (dv_attempt_executed(attempt))
        dv_put_executed_price(json, "execution_price", m, attempt, false);
    else
        dv_json_null(json, "execution_price");
    dv_json_text_or_null(json, "failure_reason",
                         attempt->error ? dv_attempt_failure_text(attempt) : (dv_text){0});
    dv_json_text_or_null(json, "failure_code",
                         attempt->error ? dv_text_of(dv_attempt_failure_code(attempt))
                                        : (dv_text){0});
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
    dv_json *json = dv_json_begin(out);
    dv_json_bool(json, "success", true);
    dv_put_order_members(json, &m);
    dv_put_order(json, "order", &m);
    dv_json_array(json, "executions");
    for (uint32_t i = 0; i < view->attempts_count; i++) {
        dv_attempt attempt = dv_attempt_now(view, &view->attempts[i]);
        put_execution(json, &m, &attempt);
    }
    dv_json_array_end(json);
    dv_json_end(&json);
}

/* ---- the answer to a POST ------------------------------------------------------------------- */

/* How the client can upgrade the connection of its POST to the order's WebSocket. */
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
    dv_moment m = dv_moment_at(tokens, view, 1);
    char id[DV_ID_TEXT_SIZE], url[96];
    dv_id_format(&view->terms.order_id, id);
    snprintf(url, sizeof url, "/api/orders/stream?orderId=%s", id);

    dv_json *json = dv_json_begin(out);
    dv_json_bool(json, "success", true);
    dv_json_string(json, "orderId", id);
    dv_json_string(json, "status", dv_state_name(DV_STATE_pending));
    dv_put_token_in(json, "tokenIn", &m);
    dv_put_token_out(json, "tokenOut", &m);
    dv_put_amount_in(json, "amountIn", &m);
    dv_put_side(json, &m);
    dv_json_time(json, "createdAt", (int64_t)view->terms.created_at_us);
    dv_json_string(json, "message", "Order accepted");
    dv_json_string(json, "websocketUrl", url);
    put_upgrade(json, url);
    dv_json_end(&json);
}
