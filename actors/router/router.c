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
    bool traded = s->outcome == DV_SWAP_FINALIZED || s->outcome == DV_SWAP_CONFIRMED;
    if (traded)
        dv_info(s->outcome == DV_SWAP_FINALIZED ? "finalized" : "confirmed", &s->order_id, dex,
                attempt, dv_kv_number("in", (int64_t)s->amount_in),
                dv_kv_number("out", (int64_t)s->amount_out), signature);
    else if (s->outcome == DV_SWAP_SUPERSEDED)
        dv_warn("superseded", &s->order_id, dex, attempt, signature);
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

DV_HANDLER(router, quote_request)
{
    if (is_full(self)) {
        refuse(self, envelope, outbox,
               &(dv_message){.type = DV_MSG_quote_reply,
                             .quote_reply = {.order_id = message->order_id,
                                             .attempt = message->attempt,
                                             .quote = {.venue = dv_text_of(self->venue->class->dex),
                                                       .error = DV_VENUE_QUOTE_FAILED}}});
        return;
    }
    dv_answers answers = {answer, &(sink){self, outbox}};
    self->venue->class->quote(self->venue, request_add(self, envelope, now)->ticket, message, now,
                              &answers);
}

DV_HANDLER(router, build_request)
{
    if (is_full(self)) {
        refuse(self, envelope, outbox,
               &(dv_message){.type = DV_MSG_build_reply,
                             .build_reply = {.order_id = message->order_id,
                                             .attempt = message->attempt,
                                             .error = DV_ENGINE_FULL}});
        return;
    }
    dv_answers answers = {answer, &(sink){self, outbox}};
    self->venue->class->build(self->venue, request_add(self, envelope, now)->ticket, message, now,
                              &answers);
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

DV_HANDLER(router, send_request)
{
    if (is_full(self)) {
        status_refuse(self, envelope, outbox, &message->order_id, message->attempt,
                      message->signature);
        return;
    }
    dv_answers answers = {answer, &(sink){self, outbox}};
    self->venue->class->send(self->venue, send_add(self, envelope, now)->ticket, message, now,
                             &answers);
}

DV_HANDLER(router, status_request)
{
    if (is_full(self)) {
        status_refuse(self, envelope, outbox, &message->order_id, message->attempt,
                      message->signature);
        return;
    }
    dv_answers answers = {answer, &(sink){self, outbox}};
    self->venue->class->check(self->venue, request_add(self, envelope, now)->ticket, message, now,
                              &answers);
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
                          .request_id = ++r->past_asked,
                          .orders_request = {.state = DV_STATE_confirmed, .limit = PAST_MAX}});
    return r->past_at_ns;
}

DV_HANDLER(router, order_item)
{
    const dv_event *last = dv_view_last(&message->view);
    const dv_attempt *attempt = last ? dv_view_attempt(&message->view, last->attempt) : NULL;
    if (self->past_told || envelope->message.request_id != self->past_asked) return;
    self->past_count++;
    if (attempt != NULL && last->state == DV_STATE_finalized &&
        dv_text_is(attempt->venue, self->venue->class->dex))
        self->venue->class->traded(self->venue, &message->view.terms.order_id);
}

/* An answer of which something was lost is asked for again. */
DV_HANDLER(router, query_reply)
{
    if (envelope->message.request_id == self->past_asked && message->error == DV_OK &&
        message->count == self->past_count)
        self->past_told = true;
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_quote_request] = on_quote_request, [DV_MSG_build_request] = on_build_request,
    [DV_MSG_send_request] = on_send_request,   [DV_MSG_status_request] = on_status_request,
    [DV_MSG_order_item] = on_order_item,       [DV_MSG_query_reply] = on_query_reply,
};

/* ---- tick, start, new and destroy ---- */

static int64_t tick(void *actor, dv_time now, dv_outbox *outbox)
{
    router *self = actor;
    dv_answers answers = {answer, &(sink){self, outbox}};
    int64_t venue_ns = self->venue->class->tick(self->venue, now, &answers);
    venue_ns = dv_min_i64(venue_ns, past_ask(self, now, outbox));
    return dv_min_i64(venue_ns, requests_forget(self, now));
}

static uint32_t watch(void *actor, dv_watch ret_watches[DV_WATCH_MAX])
{
    router *self = actor;
    return self->venue->class->watch ? self->venue->class->watch(self->venue, ret_watches) : 0;
}

static void ready(void *actor, dv_watch watched, dv_time now, dv_outbox *outbox)
{
    router *self = actor;
    dv_answers answers = {answer, &(sink){self, outbox}};
    self->venue->class->ready(self->venue, watched, now, &answers);
}

static dv_err start(void *actor, dv_time now, dv_outbox *outbox, char ret_why[DV_REASON_MAX])
{
    (void)outbox;
    router *self = actor;
    return self->venue->class->start(self->venue, now, ret_why);
}

static dv_health health(const void *actor)
{
    const router *self = actor;
    return self->venue->class->health ? self->venue->class->health(self->venue) : (dv_health){0};
}

static void destroy(void **actor)
{
    if (actor == NULL || *actor == NULL) return;
    router *self = *actor;
    while (self->requests != NULL) request_remove(self, self->requests);
    if (self->venue != NULL) self->venue->class->destroy(&self->venue);
    free(self);
    *actor = NULL;
}

void *dv_router_new(uint8_t index, dv_venue **venue)
{
    router *r = calloc(1, sizeof *r);
    if (r == NULL) abort();
    r->port = DV_PORT(DV_LINK_quote, index);
    r->past = DV_PORT(DV_LINK_query, 0);
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
