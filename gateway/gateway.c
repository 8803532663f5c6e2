#include "gateway/gateway.h"

#include <sodium.h>

#include "actors/base/log.h"
#include "gateway/api/routes.h"
#include "gateway/calls/pending.h"
#include "gateway/stream/all_feed.h"
#include "gateway/stream/order_feed.h"
#include "proto/codec.h"

#define DESK DV_PORT(DV_LINK_desk, 0)
#define SUBMIT DV_PORT(DV_LINK_submit, 0)
#define QUERY DV_PORT(DV_LINK_query, 0)
#define DRAIN_WAIT_NS (2000 * DV_NS_PER_MS) /* for clients to answer a close of their WebSocket */
#define ADMITTED_MAX 256u                   /* submissions at a time; they keep the engine busy */
#define ADMISSION_WAIT_NS (500 * DV_NS_PER_MS) /* for a burst to be admitted */
#define ID_RANDOM 10u                          /* random bytes of an order's id */
#define QUEUE_LEAST (2 * DV_EVENTS_MAX)        /* frames; an order's whole history fits */

typedef struct gateway {
    char desk_endpoint[DV_CONFIG_TEXT_MAX];
    dv_shared shared; /* for the threads; the actor owns its objects */
    dv_http *http;    /* NULL before start */
    dv_order_feed *order_feed;
    dv_all_feed *all_feed;
    dv_pending *pending;
    uint8_t random[ID_RANDOM * 64]; /* for the next ids */
    uint32_t random_left;           /* unused bytes, at the end */
    dv_buffer named;                /* encodes an order with its id */
    int64_t drained_by_ns;          /* DV_NEVER before the drain */
    bool drain_is_over;             /* requests and WebSockets still open are cut off */
} gateway;

/* ---- questions and answers ---- */

/* The order gets its id before the engine hears of it, so that the engine knows a repeated order. */
DV_HANDLER(gateway, submit_request)
{
    dv_envelope named = *envelope;
    if (self->random_left == 0) {
        randombytes_buf(self->random, sizeof self->random);
        self->random_left = sizeof self->random;
    }
    const uint8_t *random = self->random + sizeof self->random - self->random_left;
    self->random_left -= ID_RANDOM;
    named.message.submit_request.terms.order_id = dv_id_make(now.wall_us, random);
    self->named.size = 0;
    dv_message_encode(&named.message, &self->named);
    named.bytes = (dv_text){self->named.bytes, (uint32_t)self->named.size};
    dv_pending_ask(self->pending, &named, SUBMIT, now, outbox);
}

static void on_query(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    gateway *g = self;
    dv_pending_ask(g->pending, envelope, QUERY, now, outbox);
}

/* submit_reply, submit_refusal and stats_reply are a whole answer. */
static void on_answer(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    (void)now;
    gateway *g = self;
    dv_pending_answer(g->pending, envelope, true, outbox);
}

DV_HANDLER(gateway, order_item)
{
    uint64_t request_id = envelope->message.request_id;
    if (request_id & DV_ALL_FEED_REQUEST)
        dv_all_feed_view(self->all_feed, request_id, message);
    else
        dv_pending_answer(self->pending, envelope, false, outbox);
}

DV_HANDLER(gateway, query_reply)
{
    uint64_t request_id = envelope->message.request_id;
    if (request_id & DV_ALL_FEED_REQUEST)
        dv_all_feed_page_done(self->all_feed, request_id, message, now);
    else
        dv_pending_answer(self->pending, envelope, true, outbox);
}

/* ---- WebSockets ---- */

DV_HANDLER(gateway, client_open_event)
{
    if (message->all_orders)
        dv_all_feed_open(self->all_feed, message, now, outbox);
    else
        dv_order_feed_open(self->order_feed, message, now, outbox);
}

DV_HANDLER(gateway, client_close_event)
{
    uint64_t connection = message->connection;
    dv_all_feed_gone(self->all_feed, connection, outbox);
    dv_order_feed_gone(self->order_feed, connection, outbox);
}

/* ---- the feed ---- */

DV_HANDLER(gateway, update_event)
{
    dv_frames frames;
    dv_frames_init(&frames, self->shared.tokens, &message->view);
    bool wanted = dv_order_feed_update(self->order_feed, &frames, now, outbox);
    if (message->live && !dv_all_feed_update(self->all_feed, &frames, now, outbox) && !wanted)
        dv_order_feed_decline(&message->view.terms.order_id, outbox);
    dv_frames_fini(&frames);
}

DV_HANDLER(gateway, watch_refusal)
{
    dv_order_feed_refused(self->order_feed, message, now, outbox);
}

DV_HANDLER(gateway, head_event)
{
    dv_all_feed_head(self->all_feed, message->position, now);
}

/* ---- health ---- */

DV_HANDLER(gateway, beat_event)
{
    bool is_new = dv_roster_beat(self->shared.roster, message, now);
    const dv_role *role = dv_role_of_instance(message->actor);
    bool feeds = role != NULL && strcmp(role->name, "notification") == 0;
    if (!is_new || !feeds) return;
    dv_order_feed_renew(self->order_feed); /* a new notification knows no watches */
    dv_all_feed_renew(self->all_feed);
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_submit_request] = on_submit_request,
    [DV_MSG_order_request] = on_query,
    [DV_MSG_orders_request] = on_query,
    [DV_MSG_stats_request] = on_query,
    [DV_MSG_submit_reply] = on_answer,
    [DV_MSG_submit_refusal] = on_answer,
    [DV_MSG_stats_reply] = on_answer,
    [DV_MSG_order_item] = on_order_item,
    [DV_MSG_query_reply] = on_query_reply,
    [DV_MSG_client_open_event] = on_client_open_event,
    [DV_MSG_client_close_event] = on_client_close_event,
    [DV_MSG_update_event] = on_update_event,
    [DV_MSG_watch_refusal] = on_watch_refusal,
    [DV_MSG_head_event] = on_head_event,
    [DV_MSG_beat_event] = on_beat_event,
};

/* ---- time ---- */

static int64_t tick(void *actor, dv_time now, dv_outbox *outbox)
{
    gateway *self = actor;
    if (now.mono_ns >= self->drained_by_ns) self->drain_is_over = true;
    int64_t next_ns = self->drain_is_over ? DV_NEVER : self->drained_by_ns;
    next_ns = dv_min_i64(next_ns, dv_pending_tick(self->pending, now, outbox));
    next_ns = dv_min_i64(next_ns, dv_order_feed_tick(self->order_feed, now, outbox));
    next_ns = dv_min_i64(next_ns, dv_all_feed_tick(self->all_feed, now, outbox));
    return dv_min_i64(next_ns, dv_hub_tend(self->shared.hub, now.mono_ns));
}

/* ---- commands ---- */

static dv_err start(void *actor, dv_time now, dv_outbox *outbox, char ret_why[DV_REASON_MAX])
{
    (void)outbox;
    gateway *self = actor;
    self->shared.started_ns = now.mono_ns;
    dv_err error = dv_api_start(&self->shared, &self->http, ret_why);
    if (error == DV_OK)
        dv_info("listening", NULL, dv_kv_string("host", self->shared.config->host),
                dv_kv_number("port", self->shared.config->port));
    return error;
}

static void drain(void *actor, dv_time now, dv_outbox *outbox)
{
    (void)outbox;
    gateway *self = actor;
    dv_roster_set_stage(self->shared.roster, DV_STAGE_DRAINING);
    dv_hub_close_all(self->shared.hub, DV_CLOSE_GOING_AWAY, "the engine is stopping");
    self->drained_by_ns = now.mono_ns + DRAIN_WAIT_NS;
}

static bool drained(const void *actor)
{
    const gateway *self = actor;
    if (self->drain_is_over) return true;
    return dv_pending_none(self->pending) && dv_http_busy(self->http) == 0 &&
           dv_hub_count(self->shared.hub) == 0;
}

static void destroy(void **actor)
{
    gateway *self = *actor;
    if (self == NULL) return;
    dv_roster_set_stage(self->shared.roster, DV_STAGE_STOPPING);
    dv_http_stop(&self->http);
    dv_order_feed_destroy(&self->order_feed);
    dv_all_feed_destroy(&self->all_feed);
    dv_hub_destroy(&self->shared.hub);
    dv_limiter_destroy(&self->shared.limiter);
    dv_desk_destroy(&self->shared.desk);
    dv_admission_destroy(&self->shared.admission);
    dv_roster_destroy(&self->shared.roster);
    dv_pending_destroy(&self->pending);
    dv_buffer_fini(&self->named);
    free(self);
    *actor = NULL;
}

void *dv_gateway_new(const dv_gateway_config *config, const char *node, dv_roles expected,
                     uint32_t overdue_ms, const dv_tokens *tokens, const char *desk_endpoint)
{
    gateway *g = calloc(1, sizeof *g);
    if (g == NULL) abort();
    snprintf(g->desk_endpoint, sizeof g->desk_endpoint, "%s", desk_endpoint);
    uint32_t queue_max = config->websocket_queue_max;
    char name[DV_NAME_MAX + 1] = "gateway";
    if (*node != '\0') snprintf(name, sizeof name, "gateway@%.20s", node);
    g->shared = (dv_shared){
        .config = config,
        .overdue_ms = overdue_ms,
        .tokens = tokens,
        .roster = dv_roster_new(name, expected),
        .admission = dv_admission_new(ADMITTED_MAX, ADMISSION_WAIT_NS),
        .hub =
            dv_hub_new(config->websockets_max, queue_max < QUEUE_LEAST ? QUEUE_LEAST : queue_max),
        .limiter = dv_limiter_new(config->rate_limit_per_second, config->rate_limit_burst)};
    g->shared.desk = dv_desk_new(g->desk_endpoint, g->shared.roster);
    uint64_t random;
    randombytes_buf(&random, sizeof random);
    g->pending = dv_pending_new(config->answer_timeout_ms, random);
    g->order_feed = dv_order_feed_new(tokens, g->shared.hub);
    g->all_feed = dv_all_feed_new(tokens, g->shared.hub, random);
    g->drained_by_ns = DV_NEVER;
    return g;
}

const dv_actor_class DV_GATEWAY_CLASS = {
    .name = "gateway",
    .handlers = HANDLERS,
    .start = start,
    .tick = tick,
    .drain = drain,
    .drained = drained,
    .destroy = destroy,
};
