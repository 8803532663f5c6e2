/* What clients read: every JSON text of the API. Appends to a dv_buffer; amounts and prices are
   exact decimals of integers. tokens gives symbols and decimals; a mint that is not in it is shown
   as the mint with 0 decimals. */
#ifndef DV_GATEWAY_RENDER_H
#define DV_GATEWAY_RENDER_H

#include "actors/base/tokens.h"
#include "gateway/request.h"
#include "proto/message.h"

/* Which `type` the frames of a WebSocket bear. */
typedef enum dv_frame_type { DV_FRAME_STATUS_UPDATE, DV_FRAME_ORDER_UPDATE } dv_frame_type;

/* The frame of one past or present event: the order object as it was at that event, and the event's
   own members. seq: 1..events_count. */
void dv_render_frame(dv_buffer *out, const dv_tokens *tokens, const dv_view *view, uint32_t seq,
                     dv_frame_type type);

/* The answer to a POST. */
void dv_render_accepted(dv_buffer *out, const dv_tokens *tokens, const dv_view *view);

/* The answer to GET /api/orders/:id. */
void dv_render_single(dv_buffer *out, const dv_tokens *tokens, const dv_view *view);

/* The order object alone, as it is now: for lists. */
void dv_render_order(dv_buffer *out, const dv_tokens *tokens, const dv_view *view);

/* The error object. message: empty for the catalogue's text. faults: may be NULL. instance: the
   request's path, may be empty. */
void dv_render_error(dv_buffer *out, dv_err error, dv_text message, const dv_faults *faults,
                     dv_text instance);

/* {type:"connected",…} (002), {type:"connection_established",…} (003, test-ws), {type:"pong"}. */
void dv_render_connected(dv_buffer *out, const dv_id *order_id, uint64_t client_id,
                         int64_t wall_us);
void dv_render_established(dv_buffer *out, const dv_id *order_id, uint8_t current_state,
                           int64_t wall_us);
void dv_render_established_all(dv_buffer *out, uint64_t connection_id, int64_t wall_us);
void dv_render_pong(dv_buffer *out, int64_t wall_us);

#endif
