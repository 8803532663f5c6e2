/* What clients read of the service itself: health, readiness, counts. */
#ifndef DV_GATEWAY_JSON_SERVICE_OUT_H
#define DV_GATEWAY_JSON_SERVICE_OUT_H

#include "gateway/calls/roster.h"
#include "proto/buffer.h"
#include "proto/message.h"

/* How many WebSockets watch one order. */
typedef struct dv_watchers {
    dv_id order_id;
    uint32_t count;
} dv_watchers;

/* The open WebSockets. */
typedef struct dv_sockets {
    uint32_t total;             /* with those that watch all orders */
    const dv_watchers *watched; /* borrowed; each order once */
    uint32_t watched_count;
} dv_sockets;

/* What /health tells. */
typedef struct dv_service_health {
    int64_t wall_us;      /* now, in microseconds since 1970 */
    int64_t uptime_ms;    /* since the process started */
    dv_err database;      /* DV_OK: connected */
    dv_err redis;         /* DV_OK: connected */
    dv_stats_reply queue; /* zeros while the database is away */
    dv_sockets sockets;
} dv_service_health;

/* GET /api/orders/queue/stats and /api/orders/ws-stats. */
void dv_render_stats(dv_buffer *out, const dv_stats_reply *stats);
void dv_render_ws_stats(dv_buffer *out, const dv_sockets *sockets);

/* GET /health: "healthy", or "degraded" while the database or Redis is away. */
void dv_render_health(dv_buffer *out, const dv_service_health *health);

/* GET /livez: the process answers. */
void dv_render_live(dv_buffer *out);

/* GET /readyz: whether orders are taken, and how each actor is. */
void dv_render_ready(dv_buffer *out, const dv_readiness *readiness);

/* GET /api/cluster: the same, with this gateway, the living instances of each role, and all that
   each instance tells of itself. */
void dv_render_cluster(dv_buffer *out, const dv_readiness *readiness);

/* GET / for a client that does not ask for HTML: name, version and endpoints. */
void dv_render_index(dv_buffer *out, const char *version);

#endif
