/* Gateway: HTTP and WebSocket for clients. Only this folder knows civetweb and the API's JSON.

   Purpose          turns requests into messages, and messages into answers and frames
   Reads            desk (its own threads): submit_request, order_request, orders_request, stats_request,
                    client_open_event, client_close_event · submit: submit_reply, submit_refusal ·
                    query: order_item, query_reply, stats_reply · feed: update_event, watch_refusal,
                    head_event · health: beat_event
   Writes           submit: submit_request · query: order_request, orders_request, events_request, stats_request ·
                    feed: watch_order, unwatch_order, watch_orders · desk: answers
   Durable effects  none
   May block on     nothing in the actor; its threads wait answer_timeout_ms for the engine
   Limits           http_threads requests and websockets_max WebSockets at once; 1 MiB a body;
                    websocket_queue_max frames that wait for a WebSocket
   If it dies       clients connect again and resume with `since` */
#ifndef DV_GATEWAY_GATEWAY_H
#define DV_GATEWAY_GATEWAY_H

#include "actors/base/actor.h"
#include "actors/base/tokens.h"
#include "gateway/http/config.h"
#include "proto/roles.h"

extern const dv_actor_class DV_GATEWAY_CLASS;

/* Makes the actor's self, whose start listens on host:port. config and tokens are borrowed for its
   life. node: the process's node, "" for none. expected: the roles of this cluster, beside those that
   every cluster needs. overdue_ms: time without a step after which an order is in doubt.
   desk_endpoint: where the threads reach the actor. Never NULL. */
void *dv_gateway_new(const dv_gateway_config *config, const char *node, dv_roles expected,
                     uint32_t overdue_ms, const dv_tokens *tokens, const char *desk_endpoint);

#endif
