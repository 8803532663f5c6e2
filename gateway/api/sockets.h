/* WebSockets: which paths there are, whom each of them follows, what it says first, and orders sent
   in band. What is sent after that is decided by the actor and written by the hub.

   A message over 1 MiB is refused, but only once it is there: civetweb reads a frame of up to 2 GiB
   into memory before it hands it over, and has no setting for less. What bounds it is the memory
   limit that the process is given, or a proxy before it. */
#ifndef DV_GATEWAY_API_SOCKETS_H
#define DV_GATEWAY_API_SOCKETS_H

#include <civetweb.h>

#include "gateway/http/service.h"

/* Lets civetweb hand its WebSockets over. service is borrowed for the server's life. */
void dv_sockets_register(struct mg_context *context, const dv_service *service);

/* Frees what a TCP connection kept as a WebSocket, if it was or became one. */
void dv_sockets_fini(const dv_service *service, dv_connection *tcp);

#endif
