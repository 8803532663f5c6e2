/* What the gateway's threads work with. The actor makes it before the first thread starts and frees
   it after the last one has ended; they only read it, but for what guards itself: the desk, the
   board, the door, the hub and the limiter. */
#ifndef DV_GATEWAY_FRONT_H
#define DV_GATEWAY_FRONT_H

#include "actors/base/tokens.h"
#include "gateway/board.h"
#include "gateway/config.h"
#include "gateway/desk.h"
#include "gateway/door.h"
#include "gateway/hub.h"
#include "gateway/limiter.h"

typedef struct dv_front {
    const dv_gateway_config *config; /* borrowed */
    uint32_t overdue_ms;             /* time without a step after which an order is in doubt */
    const dv_tokens *tokens;
    dv_desk *desk;
    dv_board *board;
    dv_door *door;
    dv_hub *hub;
    dv_limiter *limiter;
    int64_t started_ns; /* monotonic */
} dv_front;

/* A TCP connection; belongs to the thread that serves it. */
typedef struct dv_wire {
    bool posted;     /* its request just before this one was an order that was accepted */
    dv_id posted_id; /* that order */
    struct dv_websocket *websocket; /* NULL until it becomes one (websocket.h) */
} dv_wire;

#endif
