/* The reply that a handler fills in. */
#ifndef DV_GATEWAY_HTTP_REPLY_H
#define DV_GATEWAY_HTTP_REPLY_H

#include "gateway/http/limiter.h"
#include "gateway/http/request.h"
#include "gateway/json/faults.h"
#include "proto/buffer.h"

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

/* Adds the RateLimit headers; nothing without a limit. refused: also Retry-After. */
void dv_reply_allowance(dv_reply *reply, const dv_allowance *allowance, bool refused);

/* Makes the reply an error object with the error's status, and Retry-After where a retry helps.
   message: empty for the catalogue's text. faults: may be NULL. Replaces a body begun before. */
void dv_reply_error(dv_reply *reply, dv_err error, dv_text message, const dv_faults *faults,
                    dv_text path);

/* The same, with the catalogue's text and the request's path. */
void dv_reply_refuse(dv_reply *reply, const dv_request *request, dv_err error);

/* Sends the reply in one write and frees it. close: the connection ends after the reply. A HEAD
   request gets no body. */
void dv_reply_send(dv_reply *reply, struct mg_connection *connection, bool close);

/* Whether civetweb will keep the connection after this request. */
bool dv_reply_keeps_alive(const struct mg_connection *connection);

#endif
