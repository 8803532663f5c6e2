#include "gateway/http/server.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "actors/base/log.h"
#include "gateway/http/body.h"
#include "gateway/http/stack.h"

#define BUSY_PERCENT 80 /* of all threads: above, connections end after their reply */
#define OPTIONS_MAX 32
#define WORKER 1 /* civetweb's kind of thread that serves a connection */

struct dv_http {
    const dv_gateway_config *config;
    const dv_http_handlers *handlers;
    const struct dv_shared *shared;
    struct mg_context *context;
    uint32_t threads;
    _Atomic uint32_t busy;        /* requests under way */
    _Atomic uint32_t connections; /* open */
};

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

static dv_request request_of(const dv_http *http, struct mg_connection *connection)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    return (dv_request){.connection = connection,
                        .info = info,
                        .config = http->config,
                        .shared = http->shared,
                        .tcp = mg_get_user_connection_data(connection),
                        .path = dv_text_of(info->local_uri)};
}

/* civetweb calls this for every request first. Upgrades are left to civetweb, which hands them to
   the handlers of WebSockets below. */
static int on_request(struct mg_connection *connection)
{
    if (is_upgrade(connection)) return 0;
    dv_http *http = mg_get_user_data(mg_get_context(connection));
    http->busy++;
    dv_request request = request_of(http, connection);
    dv_reply reply = {0};
    request.tcp->posted = false;
    bool delimited = dv_body_is_delimited(request.info);
    if (delimited)
        http->handlers->serve(&request, &reply);
    else
        dv_reply_error(&reply, DV_REQUEST_MALFORMED,
                       dv_text_of("the length of the body is not plain"), NULL, request.path);
    int status = reply.status;
    bool small = delimited && dv_body_rest_is_small(&request);
    bool close = !small || crowded(http) || !dv_reply_keeps_alive(connection);
    dv_reply_send(&reply, connection, close);
    if (!small) dv_body_drain(&request);
    http->busy--;
    return status;
}

/* A request that civetweb refuses by itself, mostly because it cannot parse the request. */
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

/* ---- WebSockets ---- */

/* A handshake. Returns 0 to accept it. civetweb lets the handler reply before it refuses. */
static int on_upgrade(const struct mg_connection *connection, void *http_at)
{
    const dv_http *http = http_at;
    dv_request request = request_of(http, (struct mg_connection *)connection);
    dv_reply reply = {0};
    bool accepted = http->handlers->upgrade(&request, &reply);
    if (!accepted) dv_reply_send(&reply, request.connection, true);
    return accepted ? 0 : 1;
}

static void on_open(struct mg_connection *connection, void *http_at)
{
    const dv_http *http = http_at;
    dv_request request = request_of(http, connection);
    http->handlers->opened(&request);
}

/* Returns 0 to end the connection. */
static int on_frame(struct mg_connection *connection, int bits, char *bytes, size_t size,
                    void *http_at)
{
    const dv_http *http = http_at;
    dv_request request = request_of(http, connection);
    return http->handlers->frame(&request, bits, bytes, size) ? 1 : 0;
}

static void on_close(const struct mg_connection *connection, void *http_at)
{
    const dv_http *http = http_at;
    dv_request request = request_of(http, (struct mg_connection *)connection);
    http->handlers->closed(&request);
}

/* ---- threads and connections ---- */

/* One turn of the gateway wakes hundreds of workers. As batch threads, they do not take the processor
   from the actor, which is still answering other workers, nor from PostgreSQL. */
static void *on_thread(const struct mg_context *context, int kind)
{
    (void)context;
    dv_log_actor("gateway");
    if (kind == WORKER) /* a sandbox may forbid this, which only costs time */
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

/* civetweb still has the connection's data here, for the last time. */
static void on_connection_close(const struct mg_connection *connection)
{
    dv_http *http = mg_get_user_data(mg_get_context(connection));
    dv_connection *tcp = mg_get_user_connection_data(connection);
    if (tcp == NULL) return;
    http->handlers->gone(http->shared, tcp);
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
    option_set(o, "decode_url", "no"); /* a %2F in an id is no separator: routes decode */
    option_set(o, "enable_directory_listing", "no");
    option_set_number(o, "keep_alive_timeout_ms", config->keep_alive_timeout_ms);
    option_set_number(o, "request_timeout_ms", config->request_timeout_ms);
    option_set_number(o, "websocket_timeout_ms", config->websocket_ping_ms);
    option_set(o, "enable_websocket_ping_pong", "yes");
}

dv_err dv_http_start(const dv_gateway_config *config, const dv_http_handlers *handlers,
                     const struct dv_shared *shared, dv_http **ret_http,
                     char ret_why[DV_REASON_MAX])
{
    dv_http *http = calloc(1, sizeof *http);
    if (http == NULL) abort();
    http->config = config;
    http->handlers = handlers;
    http->shared = shared;
    http->threads = config->http_threads + config->websockets_max;
    options o = {0};
    options_fill(&o, config, http->threads);
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
    mg_set_websocket_handler(http->context, "/**", on_upgrade, on_open, on_frame, on_close, http);
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
