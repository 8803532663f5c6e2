/* What the gateway's threads work with. The actor makes it before the first thread starts and frees
   it after the last one has ended; they only read it, but for what guards itself: the desk, the
   roster, the door, the hub and the limiter. */
#ifndef DV_GATEWAY_HTTP_SERVICE_H
#define DV_GATEWAY_HTTP_SERVICE_H

#include "actors/base/tokens.h"
#include "gateway/calls/desk.h"
#include "gateway/calls/roster.h"
#include "gateway/http/admission.h"
#include "gateway/http/config.h"
#include "gateway/http/limiter.h"
#include "gateway/stream/hub.h"

typedef struct dv_service {
    const dv_gateway_config *config; /* borrowed */
    uint32_t overdue_ms;             /* time without a step after which an order is in doubt */
    const dv_tokens *tokens;
    dv_desk *desk;
    dv_roster *roster;
    dv_admission *admission;
    dv_hub *hub;
    dv_limiter *limiter;
    int64_t started_ns; /* monotonic */
} dv_service;

/* A TCP connection; belongs to the thread that serves it. */
typedef struct dv_connection {
    bool posted;     /* its request just before this one was an order that was accepted */
    dv_id posted_id; /* that order */
    struct dv_websocket *websocket; /* NULL until it becomes one (api/sockets.h) */
} dv_connection;

#endif
