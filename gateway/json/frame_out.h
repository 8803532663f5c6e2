/* What a WebSocket is sent: frames of orders, greetings, pongs. */
#ifndef DV_GATEWAY_JSON_FRAME_OUT_H
#define DV_GATEWAY_JSON_FRAME_OUT_H

#include "actors/base/tokens.h"
#include "proto/buffer.h"
#include "proto/message.h"

/* The `type` of a WebSocket's frames. */
typedef enum dv_frame_type { DV_FRAME_STATUS_UPDATE, DV_FRAME_ORDER_UPDATE } dv_frame_type;

/* The frame of one event: the event's own members, and the order as it was at the event. seq:
   1..events_count. */
void dv_render_frame(dv_buffer *out, const dv_tokens *tokens, const dv_view *view, uint32_t seq,
                     dv_frame_type type);

/* The greeting of /api/orders/:id/ws. wall_us: now, in microseconds since 1970, here and below. */
void dv_render_connected(dv_buffer *out, const dv_id *order_id, uint64_t client_id,
                         int64_t wall_us);

/* The greetings of /api/orders/stream, and of test-ws, which shows all orders. */
void dv_render_established(dv_buffer *out, const dv_id *order_id, uint8_t current_state,
                           int64_t wall_us);
void dv_render_established_all(dv_buffer *out, uint64_t connection_id, int64_t wall_us);

/* The answer to {"type":"ping"}. */
void dv_render_pong(dv_buffer *out, int64_t wall_us);

#endif
