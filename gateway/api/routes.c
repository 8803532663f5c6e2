#include "gateway/api/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "gateway/api/submit.h"
#include "gateway/http/body.h"
#include "gateway/http/path.h"
#include "proto/buffer.h"
#include "proto/view.h"

#define VERSION "0.1.0"
#define LIST_DEFAULT 100u
#define LIST_MAX 1000u
#define STATS_WAIT_MS 1000u /* /health answers without them then */
#define FILE_MAX (1u << 20) /* bytes of one of the page's files */

static void refuse(const dv_request *request, dv_reply *reply, dv_err error)
{
    dv_reply_error(reply, error, (dv_text){0}, NULL, request->path);
}

/* ---- orders in ---- */

static const char JSON[] = "application/json";
static const char NDJSON[] = "application/x-ndjson";

/* Whether the body is of a type, whatever its parameters; one that does not say is JSON. */
static bool is_type(const dv_request *request, const char *type)
{
    const char *said = mg_get_header(request->connection, "Content-Type");
    if (said == NULL) said = JSON;
    size_t size = strlen(type);
    if (strncasecmp(said, type, size) != 0) return false;
    return said[size] == '\0' || said[size] == ';' || said[size] == ' ';
}

static void allowance_show(dv_reply *reply, const dv_allowance *allowance, bool refused)
{
    if (!allowance->limited) return;
    dv_reply_header_number(reply, "RateLimit-Limit", allowance->limit);
    dv_reply_header_number(reply, "RateLimit-Remaining", allowance->left);
    dv_reply_header_number(reply, "RateLimit-Reset", allowance->reset_s);
    if (refused)
        dv_reply_header_number(reply, "Retry-After", allowance->retry_s ? allowance->retry_s : 1);
}

static void submission_show(dv_request *request, dv_reply *reply, dv_submission *submission)
{
    if (submission->error != DV_OK) {
        dv_reply_error(reply, submission->error, (dv_text){0}, NULL, request->path);
    } else {
        reply->status = submission->amount_string && !submission->replayed ? 201 : 200;
        if (submission->replayed) dv_reply_header(reply, "Idempotency-Replayed", "true");
        request->tcp->posted = true;
        request->tcp->posted_id = submission->order_id;
    }
    allowance_show(reply, &submission->allowance, submission->error == DV_REQUEST_RATE_LIMITED);
    dv_buffer_fini(&reply->body);
    reply->body = submission->body; /* which says more of an error than the catalogue does */
}

/* Takes the body of a POST, of a type that is taken there. False: the reply says why not. */
static bool body_take(dv_request *request, dv_reply *reply, bool typed, dv_buffer *ret_body)
{
    dv_err error = typed ? dv_http_body(request, ret_body) : DV_REQUEST_NOT_JSON;
    if (error != DV_OK) refuse(request, reply, error);
    return error == DV_OK;
}

static void order_post(dv_request *request, dv_reply *reply)
{
    dv_buffer body = {0};
    if (body_take(request, reply, is_type(request, JSON), &body)) {
        dv_submission submission;
        dv_submit(request->service, (dv_text){body.bytes, (uint32_t)body.size},
                  dv_text_of(mg_get_header(request->connection, "Idempotency-Key")),
                  request->info->remote_addr, request->path, &submission);
        submission_show(request, reply, &submission);
    }
    dv_buffer_fini(&body);
}

static dv_text answer_of(const dv_submission *submission)
{
    return (dv_text){submission->body.bytes, (uint32_t)submission->body.size};
}

static void batch_show_lines(dv_reply *reply, const dv_submission *list, uint32_t count)
{
    reply->content_type = NDJSON;
    for (uint32_t i = 0; i < count; i++) {
        dv_text answer = answer_of(&list[i]);
        dv_buffer_add(&reply->body, answer.at, answer.size);
        dv_buffer_add(&reply->body, "\n", 1);
    }
}

static void batch_show_list(dv_reply *reply, const dv_submission *list, uint32_t count,
                            uint32_t accepted)
{
    dv_render_batch_open(&reply->body, count, accepted);
    for (uint32_t i = 0; i < count; i++) dv_render_batch_add(&reply->body, answer_of(&list[i]));
    dv_render_batch_close(&reply->body);
}

/* One order accepted makes it a success; of none, the first one's error says how to go on. */
static void batch_show(const dv_request *request, dv_reply *reply, bool lines,
                       const dv_submission *list, uint32_t count)
{
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < count; i++) accepted += list[i].error == DV_OK;
    if (accepted == 0) refuse(request, reply, list[0].error);
    if (accepted > 0) reply->status = 200;
    const dv_submission *last = &list[count - 1];
    allowance_show(reply, &last->allowance, last->error == DV_REQUEST_RATE_LIMITED);
    reply->body.size = 0;
    if (lines)
        batch_show_lines(reply, list, count);
    else
        batch_show_list(reply, list, count, accepted);
}

static void batch_post(dv_request *request, dv_reply *reply)
{
    dv_buffer body = {0};
    bool lines = is_type(request, NDJSON);
    if (body_take(request, reply, lines || is_type(request, JSON), &body)) {
        dv_submission *list;
        dv_faults faults;
        uint32_t count;
        dv_err error =
            dv_submit_batch(request->service, lines ? dv_order_in_lines : dv_order_in_batch,
                            (dv_text){body.bytes, (uint32_t)body.size}, request->info->remote_addr,
                            request->path, &list, &count, &faults);
        if (error == DV_OK)
            batch_show(request, reply, lines, list, count);
        else
            dv_reply_error(reply, error, (dv_text){0}, faults.count > 0 ? &faults : NULL,
                           request->path);
        dv_submissions_free(&list, count);
    }
    dv_buffer_fini(&body);
}

/* ---- one order ---- */

/* Orders that were submitted before it and of which nothing was heard since are in doubt. */
static int64_t doubt_before_us(const dv_service *service)
{
    return dv_time_now().wall_us - service->overdue_ms * DV_US_PER_MS;
}

typedef struct getting {
    const dv_service *service;
    dv_buffer *out; /* NULL: only the state is wanted */
    dv_err error;   /* ORDER_NOT_FOUND until its view has come */
    uint8_t state;
} getting;

static bool order_take(void *arg, const dv_message *answer)
{
    getting *g = arg;
    const dv_view *view = &answer->order_item.view;
    if (answer->type == DV_MSG_order_item && view->events_count > 0) {
        g->error = DV_OK;
        g->state = (uint8_t)dv_view_last(view)->state;
        if (g->out != NULL)
            dv_render_single(g->out, g->service->tokens, view, doubt_before_us(g->service));
    }
    if (answer->type != DV_MSG_query_reply) return false;
    if (answer->query_reply.error != DV_OK) g->error = (dv_err)answer->query_reply.error;
    return true;
}

static dv_err order_ask(const dv_service *service, const dv_id *id, getting *g)
{
    dv_message question = {.type = DV_MSG_order_request, .order_request = {.order_id = *id}};
    dv_err error =
        dv_desk_ask(service->desk, &question, service->config->answer_timeout_ms, order_take, g);
    return error != DV_OK ? error : g->error;
}

dv_err dv_api_order_state(const dv_service *service, const dv_id *order_id, uint8_t *ret_state)
{
    getting g = {.service = service, .error = DV_ORDER_NOT_FOUND};
    dv_err error = order_ask(service, order_id, &g);
    if (error == DV_OK) *ret_state = g.state;
    return error;
}

static void order_request(dv_request *request, dv_reply *reply)
{
    dv_id id;
    getting g = {.service = request->service, .out = &reply->body, .error = DV_ORDER_NOT_FOUND};
    dv_err error = DV_ORDER_NOT_FOUND;
    if (request->captured && dv_id_parse(dv_text_of(request->capture), &id))
        error = order_ask(request->service, &id, &g);
    reply->status = 200;
    if (error != DV_OK) refuse(request, reply, error);
}

/* ---- lists ---- */

typedef struct listing {
    const dv_service *service;
    dv_buffer *out;
    uint32_t count; /* orders received */
    dv_err error;
} listing;

static bool list_take(void *arg, const dv_message *answer)
{
    listing *l = arg;
    if (answer->type == DV_MSG_order_item) {
        l->count++;
        dv_render_list_add(l->out, l->service->tokens, &answer->order_item.view,
                           doubt_before_us(l->service));
    }
    if (answer->type != DV_MSG_query_reply) return false;
    bool complete = answer->query_reply.count == l->count;
    l->error = complete ? (dv_err)answer->query_reply.error : DV_STORE_AWAY;
    return true;
}

static void list_serve(dv_request *request, dv_reply *reply, dv_message *question,
                       dv_list_shape shape)
{
    listing l = {.service = request->service, .out = &reply->body};
    dv_render_list_open(&reply->body, shape);
    dv_err error = dv_desk_ask(request->service->desk, question,
                               request->service->config->answer_timeout_ms, list_take, &l);
    if (error == DV_OK) error = l.error;
    reply->status = 200;
    if (error == DV_OK)
        dv_render_list_close(&reply->body, shape);
    else
        refuse(request, reply, error);
}

/* The `limit` parameter; the default for what is no whole number above 0. */
static uint32_t limit_of(const dv_request *request, bool *ret_given)
{
    char text[16], *end;
    if (!dv_query_value(request->info, "limit", text, sizeof text, ret_given)) return LIST_DEFAULT;
    unsigned long limit = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || limit == 0) return LIST_DEFAULT;
    return limit < LIST_MAX ? (uint32_t)limit : LIST_MAX;
}

static void orders_get(dv_request *request, dv_reply *reply)
{
    bool has_limit, has_status;
    char status[16];
    dv_message question = {.type = DV_MSG_orders_request};
    question.orders_request.limit = limit_of(request, &has_limit);
    if (dv_query_value(request->info, "status", status, sizeof status, &has_status))
        question.orders_request.state = dv_state_of(dv_text_of(status));
    list_serve(request, reply, &question, has_limit || has_status ? DV_LIST_BARE : DV_LIST_WRAPPED);
}

static void active_get(dv_request *request, dv_reply *reply)
{
    bool has_limit;
    dv_message question = {.type = DV_MSG_orders_request, .orders_request = {.active_only = 1}};
    question.orders_request.limit = limit_of(request, &has_limit);
    list_serve(request, reply, &question, DV_LIST_WRAPPED);
}

static void user_get(dv_request *request, dv_reply *reply)
{
    if (!request->captured) { /* no user can have this name */
        reply->status = 200;
        dv_render_list_open(&reply->body, DV_LIST_WRAPPED);
        dv_render_list_close(&reply->body, DV_LIST_WRAPPED);
        return;
    }
    bool has_limit;
    dv_message question = {
        .type = DV_MSG_orders_request,
        .orders_request = {.has_user = 1, .user_id = dv_text_of(request->capture)}};
    question.orders_request.limit = limit_of(request, &has_limit);
    list_serve(request, reply, &question, DV_LIST_WRAPPED);
}

/* ---- the service ---- */

typedef struct counting {
    dv_stats_reply stats;
    dv_err error;
} counting;

static bool stats_take(void *arg, const dv_message *answer)
{
    counting *c = arg;
    if (answer->type == DV_MSG_stats_reply) c->stats = answer->stats_reply;
    if (answer->type == DV_MSG_query_reply) c->error = (dv_err)answer->query_reply.error;
    return answer->type == DV_MSG_stats_reply || answer->type == DV_MSG_query_reply;
}

static dv_err stats_request(const dv_request *request, uint32_t wait_ms, dv_stats_reply *ret)
{
    counting c = {0};
    dv_message question = {.type = DV_MSG_stats_request};
    dv_err error = dv_desk_ask(request->service->desk, &question, wait_ms, stats_take, &c);
    *ret = c.stats;
    return error != DV_OK ? error : c.error;
}

static void stats_get(dv_request *request, dv_reply *reply)
{
    dv_stats_reply stats;
    dv_err error = stats_request(request, request->service->config->answer_timeout_ms, &stats);
    reply->status = 200;
    if (error == DV_OK)
        dv_render_stats(&reply->body, &stats);
    else
        refuse(request, reply, error);
}

/* The open WebSockets; the caller frees what `watched` points to. */
static dv_sockets sockets_count(const dv_service *service)
{
    uint32_t max = service->config->websockets_max;
    dv_id *ids = malloc((max + 1) * sizeof *ids);
    dv_watchers *watched = malloc((max + 1) * sizeof *watched);
    if (ids == NULL || watched == NULL) abort();
    uint32_t count = dv_hub_watched(service->hub, ids, max), orders = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (orders == 0 || !dv_id_equal(&watched[orders - 1].order_id, &ids[i]))
            watched[orders++] = (dv_watchers){.order_id = ids[i]};
        watched[orders - 1].count++;
    }
    free(ids);
    return (dv_sockets){dv_hub_count(service->hub), watched, orders};
}

static void ws_stats_get(dv_request *request, dv_reply *reply)
{
    dv_sockets sockets = sockets_count(request->service);
    reply->status = 200;
    dv_render_ws_stats(&reply->body, &sockets);
    free((void *)sockets.watched);
}

static void health_get(dv_request *request, dv_reply *reply)
{
    const dv_service *service = request->service;
    dv_time now = dv_time_now();
    dv_readiness *readiness = dv_roster_judge(service->roster, now);
    dv_service_health health = {.wall_us = now.wall_us,
                                .uptime_ms = (now.mono_ns - service->started_ns) / DV_NS_PER_MS,
                                .database = readiness->database,
                                .redis = readiness->redis,
                                .sockets = sockets_count(service)};
    free(readiness);
    if (health.database == DV_OK)
        health.database = stats_request(request, STATS_WAIT_MS, &health.queue);
    reply->status = 200;
    dv_render_health(&reply->body, &health);
    free((void *)health.sockets.watched);
}

static void live_get(dv_request *request, dv_reply *reply)
{
    (void)request;
    reply->status = 200;
    dv_render_live(&reply->body);
}

static void ready_get(dv_request *request, dv_reply *reply)
{
    dv_readiness *readiness = dv_roster_judge(request->service->roster, dv_time_now());
    reply->status = readiness->ready ? 200 : 503;
    if (!readiness->ready) dv_reply_header_number(reply, "Retry-After", 1);
    dv_render_ready(&reply->body, readiness);
    free(readiness);
}

static void cluster_get(dv_request *request, dv_reply *reply)
{
    dv_readiness *readiness = dv_roster_judge(request->service->roster, dv_time_now());
    reply->status = 200;
    dv_render_cluster(&reply->body, readiness);
    free(readiness);
}

/* ---- the page ---- */

/* The only files that are ever served. */
static const struct page_file {
    const char *path, *name, *type;
} PAGE_FILES[] = {
    {"/", "index.html", "text/html; charset=utf-8"},
    {"/index.html", "index.html", "text/html; charset=utf-8"},
    {"/app.js", "app.js", "text/javascript; charset=utf-8"},
    {"/style.css", "style.css", "text/css; charset=utf-8"},
};

/* Serves one of the page's files. False: it is none, or cannot be read. */
static bool page_file_serve(const dv_request *request, dv_reply *reply)
{
    for (size_t i = 0; i < sizeof PAGE_FILES / sizeof PAGE_FILES[0]; i++) {
        if (!dv_text_is(request->path, PAGE_FILES[i].path)) continue;
        char name[DV_CONFIG_TEXT_MAX + 16];
        snprintf(name, sizeof name, "%s/%s", request->service->config->ui_dir, PAGE_FILES[i].name);
        FILE *file = fopen(name, "rbe");
        if (file == NULL) return false;
        char piece[4096];
        size_t size;
        while (reply->body.size < FILE_MAX && (size = fread(piece, 1, sizeof piece, file)) > 0)
            dv_buffer_add(&reply->body, piece, size);
        fclose(file);
        reply->status = 200;
        reply->content_type = PAGE_FILES[i].type;
        return true;
    }
    return false;
}

static void page_get(dv_request *request, dv_reply *reply)
{
    if (!page_file_serve(request, reply)) refuse(request, reply, DV_REQUEST_NO_SUCH_PATH);
}

static void index_get(dv_request *request, dv_reply *reply)
{
    const char *accept = mg_get_header(request->connection, "Accept");
    dv_reply_header(reply, "Vary", "Accept");
    bool wants_page = accept != NULL && strstr(accept, "text/html") != NULL;
    if (wants_page && page_file_serve(request, reply)) return;
    reply->status = 200;
    dv_render_index(&reply->body, VERSION);
}

/* ---- routes ---- */

typedef void serve(dv_request *request, dv_reply *reply);

/* The first that fits counts. */
static const struct route {
    const char *pattern;
    serve *get, *post; /* NULL: not allowed */
} ROUTES[] = {
    {"/", index_get, NULL},
    {"/index.html", page_get, NULL},
    {"/app.js", page_get, NULL},
    {"/style.css", page_get, NULL},
    {"/health", health_get, NULL},
    {"/livez", live_get, NULL},
    {"/readyz", ready_get, NULL},
    {"/api/cluster", cluster_get, NULL},
    {"/api/orders", orders_get, order_post},
    {"/api/orders/execute", NULL, order_post},
    {"/api/orders/batch", NULL, batch_post},
    {"/api/orders/active", active_get, NULL},
    {"/api/orders/queue/stats", stats_get, NULL},
    {"/api/orders/ws-stats", ws_stats_get, NULL},
    {"/api/orders/user/:userId", user_get, NULL},
    {"/api/orders/:id", order_request, NULL},
};

static void capture_decode(dv_request *request, dv_text raw)
{
    int length =
        mg_url_decode(raw.at, (int)raw.size, request->capture, (int)sizeof request->capture, 0);
    request->captured = length >= 0 && strlen(request->capture) == (size_t)length &&
                        dv_text_is_utf8(dv_text_of(request->capture));
}

static void allow_show(const struct route *route, dv_reply *reply)
{
    const char *allowed = route->get && route->post ? "GET, HEAD, POST, OPTIONS"
                          : route->get              ? "GET, HEAD, OPTIONS"
                                                    : "POST, OPTIONS";
    dv_reply_header(reply, "Allow", allowed);
    dv_reply_header(reply, "Access-Control-Allow-Methods", allowed);
    dv_reply_header(reply, "Access-Control-Allow-Headers", "Content-Type, Idempotency-Key");
}

void dv_api_serve(dv_request *request, dv_reply *reply)
{
    const char *method = request->info->request_method;
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++) {
        const struct route *route = &ROUTES[i];
        dv_text capture;
        if (!dv_path_is(request->path, route->pattern, &capture)) continue;
        if (capture.size > 0) capture_decode(request, capture);
        bool is_get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
        serve *chosen = is_get ? route->get : strcmp(method, "POST") == 0 ? route->post : NULL;
        if (chosen != NULL) {
            chosen(request, reply);
        } else if (strcmp(method, "OPTIONS") == 0) {
            reply->status = 204;
            allow_show(route, reply);
        } else {
            refuse(request, reply, DV_REQUEST_METHOD);
            allow_show(route, reply);
        }
        return;
    }
    refuse(request, reply, DV_REQUEST_NO_SUCH_PATH);
}
