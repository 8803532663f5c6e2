/* WebSockets: which paths there are, whom each of them follows, what it says first, and orders sent
   in band. What is sent after that is decided by the actor and written by the hub. */
#ifndef DV_GATEWAY_WEBSOCKET_H
#define DV_GATEWAY_WEBSOCKET_H

#include <civetweb.h>

#include "gateway/front.h"

/* Lets civetweb hand its WebSockets over. front is borrowed for the server's life. */
void dv_websocket_register(struct mg_context *context, const dv_front *front);

/* Frees what a TCP connection kept as a WebSocket, if it was or became one. */
void dv_websocket_fini(const dv_front *front, dv_wire *wire);

#endif
