/* Gateway: HTTP and WebSocket for clients. The only place that knows civetweb, the API's JSON and
   decimal text.

   Purpose          turns requests into messages and messages into answers and frames.
   Reads            desk (its own threads): order_submit, order_get, order_list, stats_ask,
                    client_open, client_gone · submit: order_accepted, order_refused ·
                    query: order_view, query_done, stats_told · feed: order_update, watch_refused,
                    feed_head · health: beat
   Writes           submit: order_submit · query: order_get, order_list, events_ask, stats_ask ·
                    feed: order_watch, order_unwatch, orders_watch · desk: answers
   Durable effects  none
   May block on     nothing in the actor; its HTTP threads wait answer_timeout_ms for the engine
   Limits           http_threads requests and websockets_max WebSockets at once; 1 MiB a body;
                    websocket_queue_max frames waiting for a WebSocket
   If it dies       clients connect again and resume with `since` */
#ifndef DV_GATEWAY_H
#define DV_GATEWAY_H

#include "actors/base/actor.h"
#include "actors/base/config.h"
#include "actors/base/tokens.h"

extern const dv_actor_class DV_GATEWAY_CLASS;

/* Makes the actor's self; its start listens on host:port. config and tokens are borrowed for its
   life; desk_endpoint is where its threads reach it. Never NULL. */
void *dv_gateway_new(const dv_config *config, const dv_tokens *tokens, const char *desk_endpoint);

#endif
