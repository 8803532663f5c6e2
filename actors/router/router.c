#include "actors/router/router.h"

#include <stdlib.h>
#include <uthash.h>

#include "actors/base/log.h"
#include "proto/view.h"

#define TICKETS_MAX 200000u /* requests that are not answered yet */
#define PAST_MAX 1000       /* confirmed orders that a venue is told of at the start */
#define PAST_AGAIN_NS                                                                              \
    (10 * DV_NS_PER_S) /* an answer that has not come by then is asked for again */
/* A request that is not answered by then never will be: a send may go without an answer, and its
   sender repeats it or checks. */
#define TICKET_LIFE_NS (120 * 1000 * DV_NS_PER_MS)

/* A request that is not answered yet. Sends of one transaction share a ticket, and the answer goes
   to whoever asked last. */
typedef struct request {
    uint64_t ticket;
    dv_message_type type;
    dv_peer peer;
    int64_t asked_at_ns;              /* monotonic */
    char signature[DV_SIGNATURE_MAX]; /* of a send; padded with zeros */
    UT_hash_handle by_ticket;         /* in order of asking */
    UT_hash_handle by_signature;      /* only sends */
} request;

typedef struct router {
    dv_port port, past;
    dv_venue *venue; /* owned */
    uint64_t last_ticket;
    request *requests; /* owned, by ticket */
    request *sends;    /* the same, by signature */
    bool past_told;    /* the venue knows what was confirmed here before, or need not */
    uint64_t past_asked, past_count;
    int64_t past_at_ns; /* when to ask for it next */
} router;

/* Where a venue's answers go during one call of it. */
typedef struct sink {
    router *router;
    dv_outbox *outbox;
} sink;

/* ---- the table of requests ---- */

static request *request_add(router *r, const dv_envelope *envelope, dv_time now)
{
    request *q = calloc(1, sizeof *q);
    if (q == NULL) abort();
    q->ticket = ++r->last_ticket;
    q->type = envelope->message.type;
    q->peer = envelope->peer;
    q->asked_at_ns = now.mono_ns;
    HASH_ADD(by_ticket, r->requests, ticket, sizeof q->ticket, q);
    return q;
}

static void request_remove(router *r, request *q)
{
    HASH_DELETE(by_ticket, r->requests, q);
    if (q->type == DV_MSG_send_request) HASH_DELETE(by_signature, r->sends, q);
    free(q);
}

/* The request of a send: the one of an earlier send of the transaction, or a new one. */
static request *send_add(router *r, const dv_envelope *envelope, dv_time now)
{
    char signature[DV_SIGNATURE_MAX] = {0};
    dv_text text = envelope->message.send_request.signature;
    if (text.size > 0) memcpy(signature, text.at, text.size);
    request *q;
    HASH_FIND(by_signature, r->sends, signature, sizeof signature, q);
    if (q == NULL) {
        q = request_add(r, envelope, now);
        memcpy(q->signature, signature, sizeof signature);
        HASH_ADD(by_signature, r->sends, signature, sizeof signature, q);
        return q;
    }
    HASH_DELETE(by_ticket, r->requests, q);
    q->peer = envelope->peer;
    q->asked_at_ns = now.mono_ns;
    HASH_ADD(by_ticket, r->requests, ticket, sizeof q->ticket, q);
    return q;
}

static int64_t requests_forget(router *r, dv_time now)
{
    while (r->requests != NULL && r->requests->asked_at_ns + TICKET_LIFE_NS <= now.mono_ns)
        request_remove(r, r->requests);
    return r->requests ? r->requests->asked_at_ns + TICKET_LIFE_NS : DV_NEVER;
}

/* ---- answers ---- */

static void status_log(const router *r, const dv_status_reply *s)
{
    dv_kv dex = dv_kv_string("dex", r->venue->class->dex);
    dv_kv attempt = dv_kv_number("attempt", (int64_t)s->attempt);
    dv_kv signature = dv_kv_text("signature", s->signature);
    bool traded = s->outcome == DV_SWAP_LANDED || s->outcome == DV_SWAP_CONFIRMED;
    if (traded)
        dv_info(s->outcome == DV_SWAP_LANDED ? "landed" : "confirmed", &s->order_id, dex, attempt,
                dv_kv_number("in", (int64_t)s->amount_in),
                dv_kv_number("out", (int64_t)s->amount_out), signature);
    else if (s->outcome == DV_SWAP_SUPERSEDED)
        dv_warn("forked out", &s->order_id, dex, attempt, signature);
    else if (s->outcome == DV_SWAP_UNKNOWN)
        dv_debug("outcome unknown", &s->order_id, dex, attempt, signature);
    else
        dv_info(s->outcome == DV_SWAP_DEAD ? "expired" : "landed and failed", &s->order_id, dex,
                attempt, dv_kv_string("error", dv_err_name((uint16_t)s->error)), signature);
}

static void answer_log(const router *r, const dv_message *message)
{
    if (message->type == DV_MSG_status_reply) {
        status_log(r, &message->status_reply);
    } else if (message->type == DV_MSG_quote_reply) {
        const dv_quote_reply *told = &message->quote_reply;
        dv_debug("quoted", &told->order_id, dv_kv_string("dex", r->venue->class->dex),
                 dv_kv_string("error", dv_err_name((uint16_t)told->quote.error)),
                 dv_kv_number("in", (int64_t)told->quote.amount_in),
                 dv_kv_number("out", (int64_t)told->quote.amount_out));
    }
}

static void answer(void *context, uint64_t ticket, const dv_message *message)
{
    const sink *to = context;
    router *r = to->router;
    request *q;
    HASH_FIND(by_ticket, r->requests, &ticket, sizeof ticket, q);
    if (q == NULL) return; /* forgotten: whoever asked has asked again, or will */
    answer_log(r, message);
    dv_send(to->outbox, r->port, &q->peer, message);
    request_remove(r, q);
}

static bool is_full(const router *r)
{
    return HASH_CNT(by_ticket, r->requests) >= TICKETS_MAX;
}

static void refuse(const router *r, const dv_envelope *envelope, dv_outbox *outbox,
                   const dv_message *message)
{
    dv_send(outbox, r->port, &envelope->peer, message);
}

/* ---- handlers ---- */

static void on_quote_request(void *self, const dv_envelope *envelope, dv_time now,
                             dv_outbox *outbox)
{
    router *r = self;
    const dv_quote_request *ask = &envelope->message.quote_request;
    if (is_full(r)) {
        refuse(r, envelope, outbox,
               &(dv_message){.type = DV_MSG_quote_reply,
                             .quote_reply = {.order_id = ask->order_id,
                                             .attempt = ask->attempt,
                                             .quote = {.venue = dv_text_of(r->venue->class->dex),
                                                       .error = DV_VENUE_QUOTE_FAILED}}});
        return;
    }
    dv_answers answers = {answer, &(sink){r, outbox}};
    r->venue->class->quote(r->venue, request_add(r, envelope, now)->ticket, ask, now, &answers);
}

static void on_build_request(void *self, const dv_envelope *envelope, dv_time now,
                             dv_outbox *outbox)
{
    router *r = self;
    const dv_build_request *build = &envelope->message.build_request;
    if (is_full(r)) {
        refuse(r, envelope, outbox,
               &(dv_message){.type = DV_MSG_build_reply,
                             .build_reply = {.order_id = build->order_id,
                                             .attempt = build->attempt,
                                             .error = DV_ENGINE_FULL}});
        return;
    }
    dv_answers answers = {answer, &(sink){r, outbox}};
    r->venue->class->build(r->venue, request_add(r, envelope, now)->ticket, build, now, &answers);
}

static void status_refuse(const router *r, const dv_envelope *envelope, dv_outbox *outbox,
                          const dv_id *order_id, uint64_t attempt, dv_text signature)
{
    refuse(r, envelope, outbox,
           &(dv_message){.type = DV_MSG_status_reply,
                         .status_reply = {.order_id = *order_id,
                                          .attempt = attempt,
                                          .signature = signature,
                                          .outcome = DV_SWAP_UNKNOWN,
                                          .error = DV_ENGINE_FULL}});
}

static void on_send_request(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    router *r = self;
    const dv_send_request *send = &envelope->message.send_request;
    if (is_full(r)) {
        status_refuse(r, envelope, outbox, &send->order_id, send->attempt, send->signature);
        return;
    }
    dv_answers answers = {answer, &(sink){r, outbox}};
    r->venue->class->send(r->venue, send_add(r, envelope, now)->ticket, send, now, &answers);
}

static void on_status_request(void *self, const dv_envelope *envelope, dv_time now,
                              dv_outbox *outbox)
{
    router *r = self;
    const dv_status_request *check = &envelope->message.status_request;
    if (is_full(r)) {
        status_refuse(r, envelope, outbox, &check->order_id, check->attempt, check->signature);
        return;
    }
    dv_answers answers = {answer, &(sink){r, outbox}};
    r->venue->class->check(r->venue, request_add(r, envelope, now)->ticket, check, now, &answers);
}

/* ---- what was confirmed before the start ---- */

static int64_t past_ask(router *r, dv_time now, dv_outbox *outbox)
{
    if (r->past_told) return DV_NEVER;
    if (now.mono_ns < r->past_at_ns) return r->past_at_ns;
    r->past_at_ns = now.mono_ns + PAST_AGAIN_NS;
    r->past_count = 0;
    dv_send(outbox, r->past, NULL,
            &(dv_message){.type = DV_MSG_orders_request,
                          .orders_request = {.request_id = ++r->past_asked,
                                             .state = DV_STATE_confirmed,
                                             .limit = PAST_MAX}});
    return r->past_at_ns;
}

static void on_order_item(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    (void)now;
    (void)outbox;
    router *r = self;
    const dv_order_item *told = &envelope->message.order_item;
    const dv_event *last = dv_view_last(&told->view);
    const dv_attempt *attempt = last ? dv_view_attempt(&told->view, last->attempt) : NULL;
    if (r->past_told || told->request_id != r->past_asked) return;
    r->past_count++;
    if (attempt != NULL && last->state == DV_STATE_confirmed &&
        dv_text_is(attempt->venue, r->venue->class->dex))
        r->venue->class->traded(r->venue, &told->view.terms.order_id);
}

/* An answer of which something was lost is asked for again. */
static void on_query_reply(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    (void)now;
    (void)outbox;
    router *r = self;
    const dv_query_reply *done = &envelope->message.query_reply;
    if (done->request_id == r->past_asked && done->error == DV_OK && done->count == r->past_count)
        r->past_told = true;
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_quote_request] = on_quote_request, [DV_MSG_build_request] = on_build_request,
    [DV_MSG_send_request] = on_send_request,   [DV_MSG_status_request] = on_status_request,
    [DV_MSG_order_item] = on_order_item,       [DV_MSG_query_reply] = on_query_reply,
};

/* ---- tick, start, new and destroy ---- */

static int64_t tick(void *self, dv_time now, dv_outbox *outbox)
{
    router *r = self;
    dv_answers answers = {answer, &(sink){r, outbox}};
    int64_t venue_ns = r->venue->class->tick(r->venue, now, &answers);
    venue_ns = dv_min_i64(venue_ns, past_ask(r, now, outbox));
    return dv_min_i64(venue_ns, requests_forget(r, now));
}

static uint32_t watch(void *self, dv_watch ret_watches[DV_WATCH_MAX])
{
    router *r = self;
    return r->venue->class->watch ? r->venue->class->watch(r->venue, ret_watches) : 0;
}

static void ready(void *self, dv_watch watched, dv_time now, dv_outbox *outbox)
{
    router *r = self;
    dv_answers answers = {answer, &(sink){r, outbox}};
    r->venue->class->ready(r->venue, watched, now, &answers);
}

static dv_err start(void *self, dv_time now, dv_outbox *outbox, char ret_why[DV_REASON_MAX])
{
    (void)outbox;
    router *r = self;
    return r->venue->class->start(r->venue, now, ret_why);
}

static dv_health health(const void *self)
{
    const router *r = self;
    return r->venue->class->health ? r->venue->class->health(r->venue) : (dv_health){0};
}

static void destroy(void **self)
{
    if (self == NULL || *self == NULL) return;
    router *r = *self;
    while (r->requests != NULL) request_remove(r, r->requests);
    if (r->venue != NULL) r->venue->class->destroy(&r->venue);
    free(r);
    *self = NULL;
}

void *dv_router_new(uint8_t index, dv_venue **venue)
{
    router *r = calloc(1, sizeof *r);
    if (r == NULL) abort();
    r->port = DV_PORT(DV_LINK_quote, index);
    r->past = DV_PORT(DV_LINK_query, 2 + index);
    r->past_told = (*venue)->class->traded == NULL;
    r->venue = *venue;
    *venue = NULL;
    return r;
}

const dv_actor_class DV_ROUTER_CLASS = {
    .name = "router",
    .handlers = HANDLERS,
    .start = start,
    .tick = tick,
    .watch = watch,
    .ready = ready,
    .health = health,
    .destroy = destroy,
};
