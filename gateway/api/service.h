/* Handlers: health, readiness and counts of the service. */
#ifndef DV_GATEWAY_API_SERVICE_H
#define DV_GATEWAY_API_SERVICE_H

#include "gateway/http/reply.h"

/* Counts of orders; blocks for at most answer_timeout_ms. */
void dv_api_stats_get(dv_request *request, dv_reply *reply);

/* The open WebSockets. */
void dv_api_ws_stats_get(dv_request *request, dv_reply *reply);

/* Health, with both of the above; blocks for at most a second. */
void dv_api_health_get(dv_request *request, dv_reply *reply);

/* Whether the process answers, whether orders are taken, and all instances of the cluster. */
void dv_api_live_get(dv_request *request, dv_reply *reply);
void dv_api_ready_get(dv_request *request, dv_reply *reply);
void dv_api_cluster_get(dv_request *request, dv_reply *reply);

#endif
