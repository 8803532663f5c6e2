/* What the gateway's threads share. The actor makes it before the first thread starts, and frees it
   after the last thread has ended. Desk, roster, admission, hub and limiter guard themselves; all
   else is constant meanwhile. */
#ifndef DV_GATEWAY_API_SHARED_H
#define DV_GATEWAY_API_SHARED_H

#include "actors/base/tokens.h"
#include "gateway/calls/desk.h"
#include "gateway/calls/roster.h"
#include "gateway/http/admission.h"
#include "gateway/http/config.h"
#include "gateway/http/limiter.h"
#include "gateway/stream/hub.h"

typedef struct dv_shared {
    const dv_gateway_config *config; /* borrowed */
    uint32_t overdue_ms;             /* time without a step after which an order is in doubt */
    const dv_tokens *tokens;         /* borrowed */
    dv_desk *desk;
    dv_roster *roster;
    dv_admission *admission;
    dv_hub *hub;
    dv_limiter *limiter;
    int64_t started_ns; /* monotonic */
} dv_shared;

#endif
