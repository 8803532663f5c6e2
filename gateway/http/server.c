#include "gateway/http/server.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "actors/base/log.h"
#include "gateway/http/stack.h"
#include "proto/buffer.h"

#define LINGER_BYTES (8u << 20) /* read after a refusal, so that the client can read it */
#define LINGER_NS (2000 * DV_NS_PER_MS)
#define BUSY_PERCENT 80 /* of all threads; connections then end after their reply */
#define OPTIONS_MAX 32
#define WORKER 1 /* civetweb's word for a thread that serves a connection */

struct dv_http {
    const dv_service *service;
    const dv_http_routes *routes;
    struct mg_context *context;
    uint32_t threads;
    _Atomic uint32_t busy;        /* requests under way */
    _Atomic uint32_t connections; /* open */
};

static bool length_is_plain(const struct mg_request_info *info)
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

/* Whether what is left of the body is little enough for civetweb to read and forget. */
static bool rest_is_small(const dv_request *request)
{
    if (request->body_taken) return true;
    if (mg_get_header(request->connection, "Transfer-Encoding") != NULL) return false;
    return request->info->content_length <= (long long)DV_BODY_MAX;
}

/* Reads on for a while after a reply that ends the connection: closing with bytes unread would
   reset it, and the client might lose the reply. */
static void linger(const dv_request *request)
{
    if (mg_get_header(request->connection, "Expect") != NULL) return; /* it sends no more */
    int64_t deadline_ns = dv_time_now().mono_ns + LINGER_NS;
    char bytes[4096];
    size_t total = 0;
    int size;
    while (total < LINGER_BYTES && dv_time_now().mono_ns < deadline_ns &&
           (size = mg_read(request->connection, bytes, sizeof bytes)) > 0)
        total += (size_t)size;
}

/* ---- requests ---- */

static bool is_upgrade(const struct mg_connection *connection)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    const char *wish = mg_get_header(connection, "Connection");
    const char *upgrade = mg_get_header(connection, "Upgrade");
    return strcmp(info->request_method, "GET") == 0 && wish != NULL && upgrade != NULL &&
           strcasestr(wish, "upgrade") != NULL && strcasestr(upgrade, "websocket") != NULL;
}

static bool crowded(const dv_http *http)
{
    return http->connections * 100u > http->threads * BUSY_PERCENT;
}

/* civetweb asks this before it does anything of its own, and what is done here is all it does but
   for WebSockets, which it hands to the handlers of websocket.h. */
static int on_request(struct mg_connection *connection)
{
    if (is_upgrade(connection)) return 0;
    dv_http *http = mg_get_user_data(mg_get_context(connection));
    http->busy++;
    dv_request request = {.connection = connection,
                          .info = mg_get_request_info(connection),
                          .service = http->service,
                          .tcp = mg_get_user_connection_data(connection)};
    request.path = dv_text_of(request.info->local_uri);
    dv_reply reply = {0};
    request.tcp->posted = false;
    bool plain = length_is_plain(request.info);
    if (plain)
        http->routes->serve(&request, &reply);
    else
        dv_reply_error(&reply, DV_REQUEST_MALFORMED,
                       dv_text_of("the length of the body is not plain"), NULL, request.path);
    int status = reply.status;
    bool small = plain && rest_is_small(&request);
    bool close = !small || crowded(http) || !dv_reply_keeps_alive(connection);
    dv_reply_send(&reply, connection, close);
    if (!small) linger(&request);
    http->busy--;
    return status;
}

/* What civetweb itself refuses, mostly what it cannot parse: the request may not be there. */
static int on_error(struct mg_connection *connection, int status, const char *message)
{
    dv_reply reply = {0};
    dv_err error = status == 413   ? DV_REQUEST_TOO_LARGE
                   : status == 404 ? DV_REQUEST_NO_SUCH_PATH
                                   : DV_REQUEST_MALFORMED;
    dv_reply_error(&reply, error, dv_text_of(message), NULL, (dv_text){0});
    dv_reply_send(&reply, connection, true);
    return 0;
}

/* ---- threads and connections ---- */

/* One turn of the gateway wakes hundreds of workers. As batch threads they take the processor when
   it is free, and not from the actor that is just answering the others, or from PostgreSQL. */
static void *on_thread(const struct mg_context *context, int kind)
{
    (void)context;
    dv_log_actor("gateway");
    if (kind == WORKER) /* a sandbox may forbid it, which costs time only */
        (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &(struct sched_param){0});
    return NULL;
}

static int on_connection(const struct mg_connection *connection, void **ret_data)
{
    dv_http *http = mg_get_user_data(mg_get_context(connection));
    http->connections++;
    dv_connection *tcp = calloc(1, sizeof *tcp);
    if (tcp == NULL) abort();
    *ret_data = tcp;
    return 0;
}

/* The last moment at which the connection's data is still there. */
static void on_connection_close(const struct mg_connection *connection)
{
    dv_http *http = mg_get_user_data(mg_get_context(connection));
    dv_connection *tcp = mg_get_user_connection_data(connection);
    if (tcp == NULL) return;
    http->routes->sockets_fini(http->service, tcp);
    free(tcp);
    http->connections--;
    dv_stack_release();
}

static int on_log(const struct mg_connection *connection, const char *message)
{
    (void)connection;
    dv_debug("civetweb", NULL, dv_kv_string("says", message));
    return 1;
}

/* ---- start and stop ---- */

/* civetweb's options: name, value, name, value, NULL. */
typedef struct options {
    const char *list[OPTIONS_MAX + 1];
    char texts[OPTIONS_MAX][DV_CONFIG_TEXT_MAX + 16];
    uint32_t count;
} options;

static void option_set(options *o, const char *name, const char *value)
{
    char *text = o->texts[o->count];
    snprintf(text, sizeof o->texts[0], "%s", value);
    o->list[o->count++] = name;
    o->list[o->count++] = text;
}

static void option_set_number(options *o, const char *name, uint32_t value)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%u", value);
    option_set(o, name, digits);
}

static void options_fill(options *o, const dv_gateway_config *config, uint32_t threads)
{
    char listen[DV_CONFIG_TEXT_MAX + 16];
    bool is_everywhere = strcmp(config->host, "0.0.0.0") == 0 || config->host[0] == '\0';
    const char *host = strcmp(config->host, "localhost") == 0 ? "127.0.0.1" : config->host;
    snprintf(listen, sizeof listen, "%s%s%u", is_everywhere ? "" : host, is_everywhere ? "" : ":",
             config->port);
    option_set(o, "listening_ports", listen);
    option_set_number(o, "num_threads", threads);
    option_set(o, "connection_queue", "1024");
    option_set(o, "listen_backlog", "1024");
    option_set(o, "tcp_nodelay", "1");
    option_set(o, "enable_keep_alive", "yes");
    option_set(o, "decode_url", "no"); /* a %2F in an id is no separator: api.c decodes */
    option_set(o, "enable_directory_listing", "no");
    option_set_number(o, "keep_alive_timeout_ms", config->keep_alive_timeout_ms);
    option_set_number(o, "request_timeout_ms", config->request_timeout_ms);
    option_set_number(o, "websocket_timeout_ms", config->websocket_ping_ms);
    option_set(o, "enable_websocket_ping_pong", "yes");
}

dv_err dv_http_start(const dv_service *service, const dv_http_routes *routes, dv_http **ret_http,
                     char ret_why[DV_REASON_MAX])
{
    dv_http *http = calloc(1, sizeof *http);
    if (http == NULL) abort();
    http->service = service;
    http->routes = routes;
    http->threads = service->config->http_threads + service->config->websockets_max;
    options o = {0};
    options_fill(&o, service->config, http->threads);
    const struct mg_callbacks callbacks = {.begin_request = on_request,
                                           .http_error = on_error,
                                           .init_thread = on_thread,
                                           .init_connection = on_connection,
                                           .connection_close = on_connection_close,
                                           .log_message = on_log};
    char text[DV_REASON_MAX - 40] = "";
    unsigned code = 0;
    mg_init_library(MG_FEATURES_WEBSOCKET);
    http->context = mg_start2(
        &(struct mg_init_data){
            .callbacks = &callbacks, .user_data = http, .configuration_options = o.list},
        &(struct mg_error_data){.code = &code, .text = text, .text_buffer_size = sizeof text});
    if (http->context == NULL) {
        snprintf(ret_why, DV_REASON_MAX, "cannot listen on %.60s: %.120s", o.texts[0], text);
        mg_exit_library();
        free(http);
        return DV_START_FAILED;
    }
    http->routes->sockets_register(http->context, service);
    *ret_http = http;
    return DV_OK;
}

void dv_http_stop(dv_http **http)
{
    if (*http == NULL) return;
    mg_stop((*http)->context);
    mg_exit_library();
    free(*http);
    *http = NULL;
}

uint32_t dv_http_busy(const dv_http *http)
{
    return http->busy;
}
