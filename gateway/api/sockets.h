/* WebSockets: the handshake, the greeting, and messages from the client. The actor decides which
   frames follow, and the hub writes them.

   A message above 1 MiB is refused, but only once it has arrived: civetweb reads a frame of up to
   2 GiB into memory before it hands the frame over, and has no setting for less. The process's
   memory limit, or a proxy before the gateway, bounds such a frame. */
#ifndef DV_GATEWAY_API_SOCKETS_H
#define DV_GATEWAY_API_SOCKETS_H

#include "gateway/api/shared.h"
#include "gateway/http/reply.h"
#include "gateway/json/frame_out.h"

/* What a WebSocket follows when its handshake names no order. */
typedef enum dv_unnamed {
    DV_UNNAMED_REFUSED, /* nothing: the handshake is refused */
    DV_UNNAMED_ALL,     /* all orders */
    DV_UNNAMED_IN_BAND, /* the order just posted on its connection, and orders sent in band */
} dv_unnamed;

typedef enum dv_greeting {
    DV_GREETING_NONE,
    DV_GREETING_CONNECTED,
    DV_GREETING_ESTABLISHED,
    DV_GREETING_ESTABLISHED_ALL,
} dv_greeting;

/* What the WebSockets of one route have in common. */
typedef struct dv_socket_kind {
    dv_unnamed unnamed;
    dv_greeting greeting;
    dv_frame_type frame_type;
} dv_socket_kind;

/* Decides on a handshake; on false, ret_reply says why not. kind is borrowed for the WebSocket's
   life. capture: the order's id in the path; empty when the route has none. Blocks for at most
   answer_timeout_ms. */
bool dv_sockets_upgrade(dv_request *request, const dv_socket_kind *kind, dv_text capture,
                        dv_reply *ret_reply);

/* The other handlers of dv_http_handlers. */
void dv_sockets_opened(dv_request *request);
bool dv_sockets_frame(dv_request *request, int bits, const char *bytes, size_t size);
void dv_sockets_closed(dv_request *request);
void dv_sockets_gone(const dv_shared *shared, dv_connection *tcp);

#endif
