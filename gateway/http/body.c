#include "gateway/http/body.h"

#include <string.h>
#include <strings.h>

#include "actors/base/clock.h"

#define PIECE 64u              /* bytes read between two looks at the clock */
#define DRAIN_BYTES (8u << 20) /* read at most after a refusal */
#define DRAIN_NS (2000 * DV_NS_PER_MS)

bool dv_body_is(const dv_request *request, const char *type)
{
    const char *given = mg_get_header(request->connection, "Content-Type");
    if (given == NULL) given = DV_TYPE_JSON;
    size_t size = strlen(type);
    if (strncasecmp(given, type, size) != 0) return false;
    return given[size] == '\0' || given[size] == ';' || given[size] == ' ';
}

static dv_err body_read(dv_request *request, dv_buffer *ret_body)
{
    if (request->info->content_length > (long long)DV_BODY_MAX) return DV_REQUEST_TOO_LARGE;
    const char *expect = mg_get_header(request->connection, "Expect");
    if (expect != NULL && strcasecmp(expect, "100-continue") == 0)
        mg_write(request->connection, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    int64_t deadline_ns =
        dv_time_now().mono_ns + request->config->request_timeout_ms * DV_NS_PER_MS;
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

bool dv_body_take(dv_request *request, dv_reply *reply, bool accepted, dv_buffer *ret_body)
{
    dv_err error = accepted ? body_read(request, ret_body) : DV_REQUEST_NOT_JSON;
    if (error != DV_OK) dv_reply_refuse(reply, request, error);
    return error == DV_OK;
}

bool dv_body_is_delimited(const struct mg_request_info *info)
{
    uint32_t told = 0;
    for (int i = 0; i < info->num_headers; i++) {
        const char *name = info->http_headers[i].name, *value = info->http_headers[i].value;
        bool length = strcasecmp(name, "Content-Length") == 0;
        if (length || strcasecmp(name, "Transfer-Encoding") == 0) told++;
        if (!length) continue;
        size_t digits = strspn(value, "0123456789");
        if (digits == 0 || value[digits + strspn(value + digits, " \t")] != '\0') return false;
    }
    return told <= 1;
}

bool dv_body_rest_is_small(const dv_request *request)
{
    if (request->body_taken) return true;
    if (mg_get_header(request->connection, "Transfer-Encoding") != NULL) return false;
    return request->info->content_length <= (long long)DV_BODY_MAX;
}

void dv_body_drain(const dv_request *request)
{
    if (mg_get_header(request->connection, "Expect") != NULL) return; /* the client waits */
    int64_t deadline_ns = dv_time_now().mono_ns + DRAIN_NS;
    char bytes[4096];
    size_t total = 0;
    int size;
    while (total < DRAIN_BYTES && dv_time_now().mono_ns < deadline_ns &&
           (size = mg_read(request->connection, bytes, sizeof bytes)) > 0)
        total += (size_t)size;
}
