#include "gateway/api/routes.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/api/batch.h"
#include "gateway/api/orders.h"
#include "gateway/api/page.h"
#include "gateway/api/service.h"
#include "gateway/api/sockets.h"
#include "gateway/http/path.h"

/* Methods are compared as texts, so that a route may have any. A WebSocket's is WS. GET also answers
   HEAD, and OPTIONS is answered for every path. */
static const char WS[] = "WS";

static const dv_socket_kind IN_BAND = {.unnamed = DV_UNNAMED_IN_BAND};
static const dv_socket_kind PLAIN = {.unnamed = DV_UNNAMED_REFUSED};
static const dv_socket_kind GREETED = {.unnamed = DV_UNNAMED_REFUSED,
                                       .greeting = DV_GREETING_ESTABLISHED};
static const dv_socket_kind BY_PATH = {.unnamed = DV_UNNAMED_REFUSED,
                                       .greeting = DV_GREETING_CONNECTED};
static const dv_socket_kind ALL = {.unnamed = DV_UNNAMED_ALL};
static const dv_socket_kind ALL_GREETED = {.unnamed = DV_UNNAMED_ALL,
                                           .greeting = DV_GREETING_ESTABLISHED_ALL,
                                           .frame_type = DV_FRAME_ORDER_UPDATE};

/* The first row whose pattern fits the path counts, among WebSockets or among all others. Rows of one
   pattern stand together; their order is the order of the Allow header. */
static const struct route {
    const char *method;
    const char *pattern;
    void (*serve)(dv_request *request, dv_reply *reply);
    const dv_socket_kind *socket; /* of a WebSocket, instead of serve */
} ROUTES[] = {
    {"GET", "/", .serve = dv_api_index_get},
    {"GET", "/index.html", .serve = dv_api_page_get},
    {"GET", "/app.js", .serve = dv_api_page_get},
    {"GET", "/style.css", .serve = dv_api_page_get},
    {"GET", "/health", .serve = dv_api_health_get},
    {"GET", "/livez", .serve = dv_api_live_get},
    {"GET", "/readyz", .serve = dv_api_ready_get},
    {"GET", "/api/cluster", .serve = dv_api_cluster_get},
    {"GET", "/api/orders", .serve = dv_api_orders_get},
    {"POST", "/api/orders", .serve = dv_api_order_post},
    {"POST", "/api/orders/execute", .serve = dv_api_order_post},
    {"POST", "/api/orders/batch", .serve = dv_api_batch_post},
    {"GET", "/api/orders/active", .serve = dv_api_active_get},
    {"GET", "/api/orders/queue/stats", .serve = dv_api_stats_get},
    {"GET", "/api/orders/ws-stats", .serve = dv_api_ws_stats_get},
    {"GET", "/api/orders/user/:userId", .serve = dv_api_user_get},
    {"GET", "/api/orders/:id", .serve = dv_api_order_get},
    {WS, "/api/orders/execute", .socket = &IN_BAND},
    {WS, "/ws/orders", .socket = &PLAIN},
    {WS, "/api/orders/stream", .socket = &GREETED},
    {WS, "/api/orders/ws", .socket = &ALL},
    {WS, "/api/orders/test-ws", .socket = &ALL_GREETED},
    {WS, "/api/orders/:id/ws", .socket = &BY_PATH},
};
#define ROUTE_COUNT (sizeof ROUTES / sizeof ROUTES[0])

/* The route of a path; NULL when there is none. */
static const struct route *route_of(dv_text path, bool socket, dv_text *ret_capture)
{
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        if ((ROUTES[i].socket != NULL) == socket &&
            dv_path_is(path, ROUTES[i].pattern, ret_capture))
            return &ROUTES[i];
    return NULL;
}

/* Whether two routes answer the same path. */
static bool is_beside(const struct route *route, const struct route *other)
{
    return other->serve != NULL && strcmp(route->pattern, other->pattern) == 0;
}

/* The route of a path's method, given any route of the path; NULL when the method is not allowed. */
static const struct route *method_of(const struct route *route, const char *method)
{
    if (strcmp(method, "HEAD") == 0) method = "GET";
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        if (is_beside(route, &ROUTES[i]) && strcmp(method, ROUTES[i].method) == 0)
            return &ROUTES[i];
    return NULL;
}

static void allow_show(const struct route *route, dv_reply *reply)
{
    char allowed[96];
    size_t size = 0;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (!is_beside(route, &ROUTES[i])) continue;
        bool is_get = strcmp(ROUTES[i].method, "GET") == 0;
        int written = snprintf(allowed + size, sizeof allowed - size, "%s, %s", ROUTES[i].method,
                               is_get ? "HEAD, " : "");
        size += (size_t)written;
        assert(size < sizeof allowed);
    }
    snprintf(allowed + size, sizeof allowed - size, "OPTIONS");
    dv_reply_header(reply, "Allow", allowed);
    dv_reply_header(reply, "Access-Control-Allow-Methods", allowed);
    dv_reply_header(reply, "Access-Control-Allow-Headers", "Content-Type, Idempotency-Key");
}

static void serve(dv_request *request, dv_reply *reply)
{
    dv_text capture;
    const struct route *route = route_of(request->path, false, &capture);
    if (route == NULL) {
        dv_reply_refuse(reply, request, DV_REQUEST_NO_SUCH_PATH);
        return;
    }
    if (capture.size > 0) dv_request_capture(request, capture);
    const char *method = request->info->request_method;
    const struct route *chosen = method_of(route, method);
    if (chosen != NULL) {
        chosen->serve(request, reply);
        return;
    }
    if (strcmp(method, "OPTIONS") == 0)
        reply->status = 204;
    else
        dv_reply_refuse(reply, request, DV_REQUEST_METHOD);
    allow_show(route, reply);
}

static bool upgrade(dv_request *request, dv_reply *reply)
{
    dv_text capture;
    const struct route *route = route_of(request->path, true, &capture);
    if (route != NULL) return dv_sockets_upgrade(request, route->socket, capture, reply);
    dv_reply_refuse(reply, request, DV_REQUEST_NO_SUCH_PATH);
    return false;
}

static const dv_http_handlers HANDLERS = {.serve = serve,
                                          .upgrade = upgrade,
                                          .opened = dv_sockets_opened,
                                          .frame = dv_sockets_frame,
                                          .closed = dv_sockets_closed,
                                          .gone = dv_sockets_gone};

dv_err dv_api_start(const dv_shared *shared, dv_http **ret_http, char ret_why[DV_REASON_MAX])
{
    return dv_http_start(shared->config, &HANDLERS, shared, ret_http, ret_why);
}
