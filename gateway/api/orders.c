#include "gateway/api/orders.h"

#include <stdlib.h>

#include "gateway/api/submit.h"
#include "gateway/http/body.h"
#include "gateway/json/list_out.h"
#include "gateway/json/order_out.h"
#include "proto/view.h"

#define LIST_DEFAULT 100u
#define LIST_MAX 1000u

/* ---- an order in ---- */

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
    dv_reply_allowance(reply, &submission->allowance, submission->error == DV_REQUEST_RATE_LIMITED);
    dv_buffer_fini(&reply->body);
    reply->body = submission->body; /* it says more than the catalogue */
}

void dv_api_order_post(dv_request *request, dv_reply *reply)
{
    dv_buffer body = {0};
    if (dv_body_take(request, reply, dv_body_is(request, DV_TYPE_JSON), &body)) {
        dv_submission submission;
        dv_submit(request->shared, (dv_text){body.bytes, (uint32_t)body.size},
                  dv_text_of(mg_get_header(request->connection, "Idempotency-Key")),
                  request->info->remote_addr, request->path, &submission);
        submission_show(request, reply, &submission);
    }
    dv_buffer_fini(&body);
}

/* ---- one order ---- */

/* A transaction that was sent before this time, and whose outcome is unknown, is in doubt. */
static int64_t doubt_before_us(const dv_shared *shared)
{
    return dv_time_now().wall_us - shared->overdue_ms * DV_US_PER_MS;
}

typedef struct getting {
    const dv_shared *shared;
    dv_buffer *out; /* NULL: only the state is asked for */
    dv_err error;   /* ORDER_NOT_FOUND until the order has come */
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
            dv_render_single(g->out, g->shared->tokens, view, doubt_before_us(g->shared));
    }
    if (answer->type != DV_MSG_query_reply) return false;
    if (answer->query_reply.error != DV_OK) g->error = (dv_err)answer->query_reply.error;
    return true;
}

static dv_err order_ask(const dv_shared *shared, const dv_id *id, getting *g)
{
    dv_message question = {.type = DV_MSG_order_request, .order_request = {.order_id = *id}};
    dv_err error =
        dv_desk_ask(shared->desk, &question, shared->config->answer_timeout_ms, order_take, g);
    return error != DV_OK ? error : g->error;
}

dv_err dv_api_order_state(const dv_shared *shared, const dv_id *order_id, uint8_t *ret_state)
{
    getting g = {.shared = shared, .error = DV_ORDER_NOT_FOUND};
    dv_err error = order_ask(shared, order_id, &g);
    if (error == DV_OK) *ret_state = g.state;
    return error;
}

void dv_api_order_get(dv_request *request, dv_reply *reply)
{
    dv_id id;
    getting g = {.shared = request->shared, .out = &reply->body, .error = DV_ORDER_NOT_FOUND};
    dv_err error = DV_ORDER_NOT_FOUND;
    if (request->captured && dv_id_parse(dv_text_of(request->capture), &id))
        error = order_ask(request->shared, &id, &g);
    reply->status = 200;
    if (error != DV_OK) dv_reply_refuse(reply, request, error);
}

/* ---- lists ---- */

typedef struct listing {
    const dv_shared *shared;
    dv_buffer *out;
    uint32_t count; /* orders received */
    dv_err error;
} listing;

static bool list_take(void *arg, const dv_message *answer)
{
    listing *l = arg;
    if (answer->type == DV_MSG_order_item) {
        l->count++;
        dv_render_list_add(l->out, l->shared->tokens, &answer->order_item.view,
                           doubt_before_us(l->shared));
    }
    if (answer->type != DV_MSG_query_reply) return false;
    bool complete = answer->query_reply.count == l->count;
    l->error = complete ? (dv_err)answer->query_reply.error : DV_STORE_AWAY;
    return true;
}

static void list_serve(dv_request *request, dv_reply *reply, dv_message *question,
                       dv_list_shape shape)
{
    listing l = {.shared = request->shared, .out = &reply->body};
    dv_render_list_open(&reply->body, shape);
    dv_err error = dv_desk_ask(request->shared->desk, question,
                               request->shared->config->answer_timeout_ms, list_take, &l);
    if (error == DV_OK) error = l.error;
    reply->status = 200;
    if (error == DV_OK)
        dv_render_list_close(&reply->body, shape);
    else
        dv_reply_refuse(reply, request, error);
}

/* The `limit` parameter; the default for anything but a whole number above 0. */
static uint32_t limit_of(const dv_request *request, bool *ret_given)
{
    char text[16], *end;
    if (!dv_query_value(request, "limit", text, sizeof text, ret_given)) return LIST_DEFAULT;
    unsigned long limit = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || limit == 0) return LIST_DEFAULT;
    return limit < LIST_MAX ? (uint32_t)limit : LIST_MAX;
}

void dv_api_orders_get(dv_request *request, dv_reply *reply)
{
    bool has_limit, has_status;
    char status[16];
    dv_message question = {.type = DV_MSG_orders_request};
    question.orders_request.limit = limit_of(request, &has_limit);
    if (dv_query_value(request, "status", status, sizeof status, &has_status))
        question.orders_request.state = dv_state_of(dv_text_of(status));
    list_serve(request, reply, &question, has_limit || has_status ? DV_LIST_BARE : DV_LIST_WRAPPED);
}

void dv_api_active_get(dv_request *request, dv_reply *reply)
{
    bool has_limit;
    dv_message question = {.type = DV_MSG_orders_request, .orders_request = {.active_only = 1}};
    question.orders_request.limit = limit_of(request, &has_limit);
    list_serve(request, reply, &question, DV_LIST_WRAPPED);
}

void dv_api_user_get(dv_request *request, dv_reply *reply)
{
    if (!request->captured) { /* no user has such an id */
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
