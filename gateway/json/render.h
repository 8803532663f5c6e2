/* What clients read: every JSON text of the API. Appends to a dv_buffer; amounts and prices are
   exact decimals of integers. tokens gives symbols and decimals; a mint that is not in it is shown
   as the mint with 0 decimals. A text that is not UTF-8 is shown with its foreign bytes as "?". */
#ifndef DV_GATEWAY_JSON_RENDER_H
#define DV_GATEWAY_JSON_RENDER_H

#include "actors/base/tokens.h"
#include "gateway/calls/roster.h"
#include "gateway/json/order_in.h"
#include "proto/buffer.h"
#include "proto/message.h"

/* ---- orders ------------------------------------------------------------------------------- */

/* Which `type` the frames of a WebSocket bear. */
typedef enum dv_frame_type { DV_FRAME_STATUS_UPDATE, DV_FRAME_ORDER_UPDATE } dv_frame_type;

/* The frame of one past or present event: the order object as it was at that event, and the event's
   own members. seq: 1..events_count. */
void dv_render_frame(dv_buffer *out, const dv_tokens *tokens, const dv_view *view, uint32_t seq,
                     dv_frame_type type);

/* The answer to a POST. The same for the first time and for every replay, so its status is always
   pending: the state in which the order was accepted. */
void dv_render_accepted(dv_buffer *out, const dv_tokens *tokens, const dv_view *view);

/* The answer to a batch: open, add the answer that each order would have got by itself, close.
   accepted: how many of them were. */
void dv_render_batch_open(dv_buffer *out, uint32_t count, uint32_t accepted);
void dv_render_batch_add(dv_buffer *out, dv_text answer);
void dv_render_batch_close(dv_buffer *out);

/* The answer to GET /api/orders/:id. doubt_before_us: an order whose transaction was submitted
   before this wall time, in microseconds since 1970, without anything being heard of it since, is
   shown with an outcome that is unknown, and why. */
void dv_render_single(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                      int64_t doubt_before_us);

/* The order object alone, as it is now: for lists. */
void dv_render_order(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                     int64_t doubt_before_us);

/* A list of orders, as it is read by 000 and 003 ({"success":true,"orders":[…]}) or by 002 (a bare
   array): open, add each order, close with the same shape. Nothing else may be appended between. */
typedef enum dv_list_shape { DV_LIST_WRAPPED, DV_LIST_BARE } dv_list_shape;
void dv_render_list_open(dv_buffer *out, dv_list_shape shape);
void dv_render_list_add(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                        int64_t doubt_before_us);
void dv_render_list_close(dv_buffer *out, dv_list_shape shape);

/* ---- errors and greetings ----------------------------------------------------------------- */

/* The error object. message: empty for what the faults say or, without any, the catalogue's text.
   faults: may be NULL. instance: the request's path, may be empty. */
void dv_render_error(dv_buffer *out, dv_err error, dv_text message, const dv_faults *faults,
                     dv_text instance);

/* {type:"connected",…} (002), {type:"connection_established",…} (003, test-ws), {type:"pong"}. */
void dv_render_connected(dv_buffer *out, const dv_id *order_id, uint64_t client_id,
                         int64_t wall_us);
void dv_render_established(dv_buffer *out, const dv_id *order_id, uint8_t current_state,
                           int64_t wall_us);
void dv_render_established_all(dv_buffer *out, uint64_t connection_id, int64_t wall_us);
void dv_render_pong(dv_buffer *out, int64_t wall_us);

/* ---- the service itself ------------------------------------------------------------------- */

/* How many WebSockets watch one order. */
typedef struct dv_watchers {
    dv_id order_id;
    uint32_t count;
} dv_watchers;

/* The open WebSockets. */
typedef struct dv_sockets {
    uint32_t total;             /* those that watch all orders included */
    const dv_watchers *watched; /* borrowed; each order once */
    uint32_t watched_count;
} dv_sockets;

/* What /health tells. */
typedef struct dv_service_health {
    int64_t wall_us;   /* now */
    int64_t uptime_ms; /* since the process started */
    dv_err database;   /* DV_OK: connected */
    dv_err redis;
    dv_stats_reply queue; /* zeros when the database is away */
    dv_sockets sockets;
} dv_service_health;

/* GET /api/orders/queue/stats and /api/orders/ws-stats. */
void dv_render_stats(dv_buffer *out, const dv_stats_reply *stats);
void dv_render_ws_stats(dv_buffer *out, const dv_sockets *sockets);

/* GET /health: healthy, or degraded when a service is away. */
void dv_render_health(dv_buffer *out, const dv_service_health *health);

/* GET /livez: the process answers, and that is all it says. */
void dv_render_live(dv_buffer *out);

/* GET /readyz: whether orders are taken, and the last beat of each actor: who misses what, and what
   that costs. */
void dv_render_ready(dv_buffer *out, const dv_readiness *readiness);

/* GET /api/cluster: the same with this gateway, how many live of each role, and all that is known
   of each instance. */
void dv_render_cluster(dv_buffer *out, const dv_readiness *readiness);

/* GET / for a client that does not want the page: name, version and endpoints. */
void dv_render_index(dv_buffer *out, const char *version);

#endif
