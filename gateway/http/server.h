/* The HTTP server: civetweb, its threads and its time limits. What a request is answered is the
   business of the routes that it is given.

   civetweb serves a connection by one thread from its first byte to its last, so there are as many
   threads as may serve HTTP (http_threads) and WebSockets (websockets_max) together, and a
   WebSocket beyond its share is refused: HTTP always has its threads. */
#ifndef DV_GATEWAY_HTTP_SERVER_H
#define DV_GATEWAY_HTTP_SERVER_H

#include "gateway/http/reply.h"
#include "gateway/http/service.h"
#include "proto/buffer.h"

typedef struct dv_http dv_http;

/* What the server hands over. */
typedef struct dv_http_routes {
    /* Fills in the reply to a request that is no upgrade. */
    void (*serve)(dv_request *request, dv_reply *ret_reply);
    /* Lets civetweb hand its WebSockets over; frees what a TCP connection kept as one. */
    void (*sockets_register)(struct mg_context *context, const dv_service *service);
    void (*sockets_fini)(const dv_service *service, dv_connection *tcp);
} dv_http_routes;

/* Listens on the configured host and port. service and routes are borrowed until the stop. On START_FAILED
   ret_why says where it cannot listen, and why. */
DV_MUST_CHECK dv_err dv_http_start(const dv_service *service, const dv_http_routes *routes,
                                   dv_http **ret_http, char ret_why[DV_REASON_MAX]);

/* Ends all connections and threads, frees the server and clears the pointer; accepts NULL. Blocks
   for the two seconds in which civetweb's threads look up. */
void dv_http_stop(dv_http **http);

/* Requests whose reply has not been written yet. */
uint32_t dv_http_busy(const dv_http *http);

#endif
