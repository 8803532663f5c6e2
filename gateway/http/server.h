/* The HTTP server: civetweb, its threads and its time limits. It hands requests and WebSockets to
   the handlers that it is given.

   civetweb serves a connection by one thread, from the first byte to the last. So there is one
   thread for each of http_threads and websockets_max. A WebSocket above websockets_max is refused,
   which leaves http_threads threads to HTTP at any time. */
#ifndef DV_GATEWAY_HTTP_SERVER_H
#define DV_GATEWAY_HTTP_SERVER_H

#include "gateway/http/reply.h"

typedef struct dv_http dv_http;

/* What the server calls, each in the thread of the connection. */
typedef struct dv_http_handlers {
    /* Fills in the reply to a request that is no upgrade. */
    void (*serve)(dv_request *request, dv_reply *ret_reply);
    /* Decides on the handshake of a WebSocket. False: the handshake is refused with the reply. */
    bool (*upgrade)(dv_request *request, dv_reply *ret_reply);
    /* The handshake is done. */
    void (*opened)(dv_request *request);
    /* A frame from the client. bits: its first byte. False: ends the connection. */
    bool (*frame)(dv_request *request, int bits, const char *bytes, size_t size);
    /* An opened WebSocket has closed. */
    void (*closed)(dv_request *request);
    /* A TCP connection ends: frees what the handlers above have attached to it. */
    void (*gone)(const struct dv_shared *shared, dv_connection *tcp);
} dv_http_handlers;

/* Listens on the configured host and port. Everything is borrowed until the stop; shared is handed
   to the handlers. On START_FAILED, ret_why says where the server cannot listen, and why. */
DV_MUST_CHECK dv_err dv_http_start(const dv_gateway_config *config,
                                   const dv_http_handlers *handlers, const struct dv_shared *shared,
                                   dv_http **ret_http, char ret_why[DV_REASON_MAX]);

/* Ends all connections and threads, frees the server and clears the pointer; accepts NULL. Blocks
   for up to two seconds, the interval at which civetweb's threads notice. */
void dv_http_stop(dv_http **http);

/* Requests whose reply has not been written yet. */
uint32_t dv_http_busy(const dv_http *http);

#endif
