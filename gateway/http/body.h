/* Reads the body of a request. */
#ifndef DV_GATEWAY_HTTP_BODY_H
#define DV_GATEWAY_HTTP_BODY_H

#include "gateway/http/reply.h"

#define DV_BODY_MAX (1024u * 1024u) /* bytes */
#define DV_TYPE_JSON "application/json"
#define DV_TYPE_NDJSON "application/x-ndjson"

/* Whether the body has a content type, with any parameters. A body without a type is JSON. */
bool dv_body_is(const dv_request *request, const char *type);

/* Reads the body if its content type is accepted. On false, the error reply has been filled in. The
   caller frees ret_body either way. Blocks for at most request_timeout_ms. Errors: REQUEST_NOT_JSON;
   REQUEST_TOO_LARGE above DV_BODY_MAX; REQUEST_MALFORMED when the body ends early or its chunks
   are malformed. */
bool dv_body_take(dv_request *request, dv_reply *reply, bool accepted, dv_buffer *ret_body);

/* Whether the request says exactly once, and as a plain number, where its body ends. civetweb takes
   the first of two lengths, and reads "12x" as 12. A proxy before the gateway may read them
   otherwise; then a part of the body would be served as a request (RFC 9112, section 11.2). */
bool dv_body_is_delimited(const struct mg_request_info *info);

/* Whether the unread part of the body is so small that civetweb can read and drop it. */
bool dv_body_rest_is_small(const dv_request *request);

/* Reads on for at most two seconds after a reply that ends the connection. To close with bytes
   unread would reset the connection, and the client might lose the reply. */
void dv_body_drain(const dv_request *request);

#endif
