/* What clients read of one order. Amounts and prices are exact decimals. A token that is not
   configured is shown by its mint, with amounts in atoms. */
#ifndef DV_GATEWAY_JSON_ORDER_OUT_H
#define DV_GATEWAY_JSON_ORDER_OUT_H

#include "actors/base/tokens.h"
#include "proto/buffer.h"
#include "proto/message.h"

/* The answer to a POST. A replay gets the same answer as the first POST, so `status` is always
   pending, the state in which the order was accepted. */
void dv_render_accepted(dv_buffer *out, const dv_tokens *tokens, const dv_view *view);

/* The answer to GET /api/orders/:id. doubt_before_us: in microseconds since 1970. An order whose
   transaction was sent before, and whose outcome is still unknown, is shown with outcome
   `unknown`. */
void dv_render_single(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                      int64_t doubt_before_us);

/* The order object alone, as it is now: an element of a list. */
void dv_render_order(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                     int64_t doubt_before_us);

#endif
