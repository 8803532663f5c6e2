/* WebSocket frames of civetweb: the hub's sink for WebSockets. */
#ifndef DV_GATEWAY_STREAM_WS_H
#define DV_GATEWAY_STREAM_WS_H

#include "gateway/stream/hub.h"

struct mg_connection;

/* Writes to a struct mg_connection. Blocks as long as the client does not read, at most for
   civetweb's request_timeout_ms. */
extern const dv_sink DV_WS_SINK;

/* Answers a client's close frame with its own payload's code. */
void dv_ws_answer_close(struct mg_connection *connection, const char *payload, size_t size);

#endif
