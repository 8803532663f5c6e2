/* A request as its handler sees it, and the reply that it fills in. */
#ifndef DV_GATEWAY_HTTP_REPLY_H
#define DV_GATEWAY_HTTP_REPLY_H

#include <civetweb.h>

#include "gateway/http/service.h"
#include "gateway/json/render.h"
#include "proto/buffer.h"

typedef struct dv_request {
    struct mg_connection *connection;
    const struct mg_request_info *info;
    const dv_service *service;
    dv_connection *tcp;               /* the TCP connection's */
    dv_text path;                     /* without the query; percent-encoded as it came */
    char capture[DV_USER_ID_MAX + 1]; /* what stands for ":…" of the route's path, decoded */
    bool captured;                    /* false: it does not fit, or is not UTF-8 */
    bool body_taken;                  /* the body has been read to its end */
} dv_request;

/* Starts as {0}; dv_reply_send frees it. */
typedef struct dv_reply {
    int status;
    const char *content_type; /* NULL: application/json */
    dv_buffer headers;        /* further lines, each with its CRLF */
    dv_buffer body;
} dv_reply;

/* Adds a header line. */
void dv_reply_header(dv_reply *reply, const char *name, const char *value);
void dv_reply_header_number(dv_reply *reply, const char *name, uint64_t value);

/* Makes the reply an error object with the error's status, and Retry-After where that helps.
   message: empty for the catalogue's text; faults: may be NULL. Replaces a body begun before. */
void dv_reply_error(dv_reply *reply, dv_err error, dv_text message, const dv_faults *faults,
                    dv_text path);

/* Sends it in one write and frees it. close: the connection ends after it. For HEAD the body is
   left out. */
void dv_reply_send(dv_reply *reply, struct mg_connection *connection, bool close);

/* Whether civetweb will keep the connection after this request. */
bool dv_reply_keeps_alive(const struct mg_connection *connection);

/* A query parameter, decoded. False: it is absent, too long for `size` bytes with its NUL, or not
   UTF-8; ret_given says whether it is there at all. */
bool dv_query_value(const struct mg_request_info *info, const char *name, char *ret_value,
                    size_t size, bool *ret_given);

#endif
