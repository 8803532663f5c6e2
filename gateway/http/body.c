#include "gateway/http/body.h"

#define PIECE 64u /* bytes read between two looks at the clock */

dv_err dv_http_body(dv_request *request, dv_buffer *ret_body)
{
    if (request->info->content_length > (long long)DV_BODY_MAX) return DV_REQUEST_TOO_LARGE;
    const char *expect = mg_get_header(request->connection, "Expect");
    if (expect != NULL && strcasecmp(expect, "100-continue") == 0)
        mg_write(request->connection, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    int64_t deadline_ns =
        dv_time_now().mono_ns + request->service->config->request_timeout_ms * DV_NS_PER_MS;
    char piece[PIECE];
    int size;
    while ((size = mg_read(request->connection, piece, sizeof piece)) > 0) {
        if (ret_body->size + (size_t)size > DV_BODY_MAX) return DV_REQUEST_TOO_LARGE;
        dv_buffer_add(ret_body, piece, (size_t)size);
        if (dv_time_now().mono_ns > deadline_ns) return DV_REQUEST_MALFORMED;
    }
    bool whole = request->info->content_length < 0 ||
                 ret_body->size == (size_t)request->info->content_length;
    if (size < 0 || !whole) return DV_REQUEST_MALFORMED;
    request->body_taken = true;
    return DV_OK;
}

/* Whether the request says once, and plainly, where its body ends. civetweb takes the first of two
   lengths and reads "12x" as 12; a proxy before us may read them otherwise, and what it takes for
   body would then be served as a request (RFC 9112, section 11.2). */
