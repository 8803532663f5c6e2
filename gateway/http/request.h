/* A request as its handler sees it, and the TCP connection that brought it. */
#ifndef DV_GATEWAY_HTTP_REQUEST_H
#define DV_GATEWAY_HTTP_REQUEST_H

#include <civetweb.h>
#include <stdbool.h>

#include "gateway/http/config.h"
#include "proto/id.h"
#include "proto/message.h"
#include "proto/text.h"

struct dv_shared;    /* api/shared.h: only handlers look into it */
struct dv_websocket; /* api/sockets.c */

/* A TCP connection. It belongs to the thread that serves it. */
typedef struct dv_connection {
    bool posted;                    /* its latest request was an order that was accepted */
    dv_id posted_id;                /* that order */
    struct dv_websocket *websocket; /* NULL until a handshake begins */
} dv_connection;

typedef struct dv_request {
    struct mg_connection *connection;
    const struct mg_request_info *info;
    const dv_gateway_config *config;
    const struct dv_shared *shared;
    dv_connection *tcp;
    dv_text path;                     /* without the query, still percent-encoded */
    char capture[DV_USER_ID_MAX + 1]; /* the segment that stands for ":…" in the route, decoded */
    bool captured;                    /* false: the segment is too long, or not UTF-8 */
    bool body_taken;                  /* the body has been read to its end */
} dv_request;

/* Decodes a query parameter. False: it is absent, not UTF-8, or does not fit `size` bytes with its
   NUL. ret_given: whether it is there at all. */
bool dv_query_value(const dv_request *request, const char *name, char *ret_value, size_t size,
                    bool *ret_given);

/* Decodes the segment that a route captured into request->capture. */
void dv_request_capture(dv_request *request, dv_text segment);

#endif
