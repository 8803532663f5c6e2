/* The HTTP server: civetweb, its threads and its time limits. Routes are api.h's business and
   WebSockets websocket.h's.

   civetweb serves a connection by one thread from its first byte to its last, so there are as many
   threads as may serve HTTP (http_threads) and WebSockets (websockets_max) together, and a
   WebSocket beyond its share is refused: HTTP always has its threads. */
#ifndef DV_GATEWAY_HTTP_H
#define DV_GATEWAY_HTTP_H

#include "gateway/front.h"
#include "gateway/reply.h"
#include "proto/buffer.h"

typedef struct dv_http dv_http;

/* Listens on the configured host and port. front is borrowed until the stop. On START_FAILED
   ret_why says where it cannot listen, and why. */
DV_MUST_CHECK dv_err dv_http_start(const dv_front *front, dv_http **ret_http,
                                   char ret_why[DV_REASON_MAX]);

/* Ends all connections and threads, frees the server and clears the pointer; accepts NULL. Blocks
   for the two seconds in which civetweb's threads look up. */
void dv_http_stop(dv_http **http);

/* Requests whose reply has not been written yet. */
uint32_t dv_http_busy(const dv_http *http);

/* Reads a request's body, of at most DV_BODY_MAX bytes, within request_timeout_ms. The caller frees
   ret_body, also after an error. Errors: REQUEST_TOO_LARGE, at once when its length is known;
   REQUEST_MALFORMED when it ends early or its chunks are no chunks. */
DV_MUST_CHECK dv_err dv_http_body(dv_request *request, dv_buffer *ret_body);

#endif
