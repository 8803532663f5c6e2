/* Reads the body of a request. */
#ifndef DV_GATEWAY_HTTP_BODY_H
#define DV_GATEWAY_HTTP_BODY_H

#include "gateway/http/reply.h"
#include "proto/buffer.h"

/* Reads a request's body, of at most DV_BODY_MAX bytes, within request_timeout_ms. The caller frees
   ret_body, also after an error. Errors: REQUEST_TOO_LARGE, at once when its length is known;
   REQUEST_MALFORMED when it ends early or its chunks are no chunks. */
DV_MUST_CHECK dv_err dv_http_body(dv_request *request, dv_buffer *ret_body);

#endif
