#include "gateway/http/reply.h"
#include "proto/buffer.h"

#include <stdio.h>
#include <string.h>

#include "gateway/json/problem_out.h"

#define RETRY_SOON_S 1     /* after an error that may end at any time */
#define RETRY_DRAINING_S 5 /* until another instance has taken over */
#define HEAD_SIZE 512

static void add_string(dv_buffer *out, const char *string)
{
    dv_buffer_add(out, string, strlen(string));
}

void dv_reply_header(dv_reply *reply, const char *name, const char *value)
{
    add_string(&reply->headers, name);
    add_string(&reply->headers, ": ");
    add_string(&reply->headers, value);
    add_string(&reply->headers, "\r\n");
}

void dv_reply_header_number(dv_reply *reply, const char *name, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    dv_reply_header(reply, name, digits);
}

void dv_reply_allowance(dv_reply *reply, const dv_allowance *allowance, bool refused)
{
    if (!allowance->limited) return;
    dv_reply_header_number(reply, "RateLimit-Limit", allowance->limit);
    dv_reply_header_number(reply, "RateLimit-Remaining", allowance->left);
    dv_reply_header_number(reply, "RateLimit-Reset", allowance->reset_s);
    if (refused)
        dv_reply_header_number(reply, "Retry-After", allowance->retry_s ? allowance->retry_s : 1);
}

void dv_reply_error(dv_reply *reply, dv_err error, dv_text message, const dv_faults *faults,
                    dv_text path)
{
    reply->status = dv_err_http_status((uint16_t)error);
    reply->content_type = NULL;
    reply->body.size = 0;
    dv_render_error(&reply->body, error, message, faults, path);
    if (reply->status == 503)
        dv_reply_header_number(reply, "Retry-After",
                               error == DV_ENGINE_DRAINING ? RETRY_DRAINING_S : RETRY_SOON_S);
}

void dv_reply_refuse(dv_reply *reply, const dv_request *request, dv_err error)
{
    dv_reply_error(reply, error, (dv_text){0}, NULL, request->path);
}

bool dv_reply_keeps_alive(const struct mg_connection *connection)
{
    const char *wish = mg_get_header(connection, "Connection");
    if (wish != NULL) return strcasestr(wish, "keep-alive") != NULL;
    const char *version = mg_get_request_info(connection)->http_version;
    return version != NULL && strcmp(version, "1.1") == 0;
}

void dv_reply_send(dv_reply *reply, struct mg_connection *connection, bool close)
{
    const char *method = mg_get_request_info(connection)->request_method;
    bool has_body = reply->status != 204;
    char head[HEAD_SIZE];
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 %d %s\r\nConnection: %s\r\nCache-Control: no-store\r\n"
                        "Access-Control-Allow-Origin: *\r\n"
                        "Access-Control-Expose-Headers: Retry-After, Idempotency-Replayed, "
                        "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset\r\n",
                        reply->status, mg_get_response_code_text(connection, reply->status),
                        close ? "close" : "keep-alive");
    dv_buffer out = {0};
    dv_buffer_add(&out, head, (size_t)size);
    if (has_body) {
        const char *type = reply->content_type ? reply->content_type : "application/json";
        dv_reply_header(reply, "Content-Type", type);
        dv_reply_header_number(reply, "Content-Length", reply->body.size);
    }
    dv_buffer_add(&out, reply->headers.bytes, reply->headers.size);
    add_string(&out, "\r\n");
    if (has_body && (method == NULL || strcmp(method, "HEAD") != 0))
        dv_buffer_add(&out, reply->body.bytes, reply->body.size);
    if (close) mg_disable_connection_keep_alive(connection);
    mg_write(connection, out.bytes, out.size);
    dv_buffer_fini(&out);
    dv_buffer_fini(&reply->headers);
    dv_buffer_fini(&reply->body);
}
