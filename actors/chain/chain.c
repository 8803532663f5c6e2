#include "actors/chain/chain.h"

#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/base/tickets.h"
#include "proto/view.h"

#define TICKETS_MAX 200000u
#define PAST_MAX 1000 /* finalized orders that a backend is told of at the start */
#define PAST_AGAIN_NS                                                                              \
    (10 * DV_NS_PER_S)  /* an answer that has not come by then is asked for again */
#define WATCHERS_MAX 64 /* routers */
#define WATCHER_LIFE_NS (5 * DV_NS_PER_S) /* of one that is silent */

/* A router that watches the cluster. */
typedef struct watcher {
    dv_peer peer;
    char dex[DV_VENUE_MAX + 1];
    int64_t heard_at_ns;
} watcher;

typedef struct chain {
    dv_port market, past;
    uint32_t dexes;      /* bits, by dv_dex, of those that trade here */
    dv_backend *backend; /* owned */
    dv_tickets tickets;
    watcher watchers[WATCHERS_MAX];
    uint32_t watcher_count;
    bool past_told; /* the backend knows what was finalized before the start, or need not */
    uint64_t past_asked, past_count;
    int64_t past_at_ns; /* when to ask for it next */
} chain;

/* Where a backend's messages go during one call of it. */
typedef struct sink {
    chain *self;
    dv_outbox *outbox;
} sink;

/* ---- answers ---- */

static void status_log(const chain *self, const dv_status_reply *s)
{
    dv_kv name = dv_kv_string("chain", self->backend->class->name);
    dv_kv attempt = dv_kv_number("attempt", (int64_t)s->attempt);
    dv_kv signature = dv_kv_text("signature", s->signature);
    bool traded = s->outcome == DV_SWAP_FINALIZED || s->outcome == DV_SWAP_CONFIRMED;
    if (traded)
        dv_info(s->outcome == DV_SWAP_FINALIZED ? "finalized" : "confirmed", &s->order_id, name,
                attempt, dv_kv_number("in", (int64_t)s->amount_in),
                dv_kv_number("out", (int64_t)s->amount_out), signature);
    else if (s->outcome == DV_SWAP_SUPERSEDED)
        dv_warn("superseded", &s->order_id, name, attempt, signature);
    else if (s->outcome == DV_SWAP_UNKNOWN)
        dv_debug("outcome unknown", &s->order_id, name, attempt, signature);
    else
        dv_info(s->outcome == DV_SWAP_DEAD ? "expired" : "landed and failed", &s->order_id, name,
                attempt, dv_kv_string("error", dv_err_name((uint16_t)s->error)), signature);
}

static void answer(void *context, uint64_t ticket, const dv_message *message)
{
    const sink *to = context;
    if (message->type == DV_MSG_status_reply) status_log(to->self, &message->status_reply);
    dv_tickets_answer(&to->self->tickets, ticket, message, message->type == DV_MSG_read_part,
                      to->outbox);
}

static void publish(void *context, const char *dex, const dv_message *message)
{
    const sink *to = context;
    for (uint32_t i = 0; i < to->self->watcher_count; i++) {
        const watcher *w = &to->self->watchers[i];
        if (dex == NULL || strcmp(dex, w->dex) == 0)
            dv_send(to->outbox, to->self->market, &w->peer, message);
    }
}

#define OUT(self, outbox) (&(dv_chain_out){answer, publish, &(sink){self, outbox}})

/* ---- requests of execution ---- */

DV_HANDLER(chain, build_request)
{
    if (dv_tickets_full(&self->tickets)) {
        dv_answer_now(envelope,
                      &(dv_message){.type = DV_MSG_build_reply,
                                    .build_reply = {.order_id = message->order_id,
                                                    .attempt = message->attempt,
                                                    .error = DV_ENGINE_FULL}},
                      outbox);
        return;
    }
    self->backend->class->build(self->backend, dv_tickets_open(&self->tickets, envelope, now),
                                message, now, OUT(self, outbox));
}

static void status_refuse(const dv_envelope *envelope, const dv_id *order_id, uint64_t attempt,
                          dv_text signature, dv_outbox *outbox)
{
    dv_answer_now(envelope,
                  &(dv_message){.type = DV_MSG_status_reply,
                                .status_reply = {.order_id = *order_id,
                                                 .attempt = attempt,
                                                 .signature = signature,
                                                 .outcome = DV_SWAP_UNKNOWN,
                                                 .error = DV_ENGINE_FULL}},
                  outbox);
}

/* Sends of one transaction share a ticket: the outcome is told once, to the last sender. */
DV_HANDLER(chain, send_request)
{
    if (dv_tickets_full(&self->tickets)) {
        status_refuse(envelope, &message->order_id, message->attempt, message->signature, outbox);
        return;
    }
    uint64_t ticket = dv_tickets_share(&self->tickets, message->signature, envelope, now);
    self->backend->class->send(self->backend, ticket, message, now, OUT(self, outbox));
}

DV_HANDLER(chain, status_request)
{
    if (dv_tickets_full(&self->tickets)) {
        status_refuse(envelope, &message->order_id, message->attempt, message->signature, outbox);
        return;
    }
    self->backend->class->check(self->backend, dv_tickets_open(&self->tickets, envelope, now),
                                message, now, OUT(self, outbox));
}

/* ---- requests of routers ---- */

static watcher *watcher_find(chain *self, const dv_peer *peer)
{
    for (uint32_t i = 0; i < self->watcher_count; i++)
        if (self->watchers[i].peer.size == peer->size &&
            memcmp(self->watchers[i].peer.bytes, peer->bytes, peer->size) == 0)
            return &self->watchers[i];
    if (self->watcher_count == WATCHERS_MAX) return NULL;
    self->watchers[self->watcher_count] = (watcher){.peer = *peer};
    return &self->watchers[self->watcher_count++];
}

DV_HANDLER(chain, watch_cluster)
{
    watcher *w = watcher_find(self, &envelope->peer);
    if (w == NULL) return; /* as many routers as can be: one of them will fall silent */
    dv_text_copy(w->dex, sizeof w->dex, message->dex);
    w->heard_at_ns = now.mono_ns;
    self->backend->class->watch_cluster(self->backend, w->dex, message, now, OUT(self, outbox));
}

static int64_t watchers_forget(chain *self, dv_time now)
{
    int64_t next_ns = DV_NEVER;
    for (uint32_t i = self->watcher_count; i-- > 0;) {
        int64_t until_ns = self->watchers[i].heard_at_ns + WATCHER_LIFE_NS;
        if (until_ns <= now.mono_ns)
            self->watchers[i] = self->watchers[--self->watcher_count];
        else
            next_ns = dv_min_i64(next_ns, until_ns);
    }
    return next_ns;
}

DV_HANDLER(chain, read_request)
{
    if (self->backend->class->read == NULL || dv_tickets_full(&self->tickets)) {
        dv_answer_now(
            envelope,
            &(dv_message){.type = DV_MSG_read_reply, .read_reply = {.error = DV_ENGINE_FULL}},
            outbox);
        return;
    }
    self->backend->class->read(self->backend, dv_tickets_open(&self->tickets, envelope, now),
                               message, now, OUT(self, outbox));
}

/* ---- what was finalized before the start ---- */

static int64_t past_ask(chain *self, dv_time now, dv_outbox *outbox)
{
    if (self->past_told) return DV_NEVER;
    if (now.mono_ns < self->past_at_ns) return self->past_at_ns;
    self->past_at_ns = now.mono_ns + PAST_AGAIN_NS;
    self->past_count = 0;
    dv_send(outbox, self->past, NULL,
            &(dv_message){.type = DV_MSG_orders_request,
                          .request_id = ++self->past_asked,
                          .orders_request = {.state = DV_STATE_confirmed, .limit = PAST_MAX}});
    return self->past_at_ns;
}

static bool trades_here(const chain *self, dv_text venue)
{
    return (self->dexes & 1u << dv_dex_of(venue)) != 0;
}

DV_HANDLER(chain, order_item)
{
    const dv_event *last = dv_view_last(&message->view);
    const dv_attempt *attempt = last ? dv_view_attempt(&message->view, last->attempt) : NULL;
    if (self->past_told || envelope->message.request_id != self->past_asked) return;
    self->past_count++;
    if (attempt != NULL && last->state == DV_STATE_finalized && trades_here(self, attempt->venue))
        self->backend->class->traded(self->backend, &message->view.terms.order_id);
}

/* An answer that was not complete is asked for again. */
DV_HANDLER(chain, query_reply)
{
    if (envelope->message.request_id == self->past_asked && message->error == DV_OK &&
        message->count == self->past_count)
        self->past_told = true;
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_build_request] = on_build_request,   [DV_MSG_send_request] = on_send_request,
    [DV_MSG_status_request] = on_status_request, [DV_MSG_watch_cluster] = on_watch_cluster,
    [DV_MSG_read_request] = on_read_request,     [DV_MSG_order_item] = on_order_item,
    [DV_MSG_query_reply] = on_query_reply,
};

/* ---- tick, start, new and destroy ---- */

static int64_t tick(void *actor, dv_time now, dv_outbox *outbox)
{
    chain *self = actor;
    int64_t next_ns = self->backend->class->tick(self->backend, now, OUT(self, outbox));
    next_ns = dv_min_i64(next_ns, past_ask(self, now, outbox));
    next_ns = dv_min_i64(next_ns, watchers_forget(self, now));
    return dv_min_i64(next_ns, dv_tickets_forget(&self->tickets, now));
}

static uint32_t watch(void *actor, dv_watch ret_watches[DV_WATCH_MAX])
{
    chain *self = actor;
    const dv_backend_class *class = self->backend->class;
    return class->watch ? class->watch(self->backend, ret_watches) : 0;
}

static void ready(void *actor, dv_watch watched, dv_time now, dv_outbox *outbox)
{
    chain *self = actor;
    self->backend->class->ready(self->backend, watched, now, OUT(self, outbox));
}

static dv_err start(void *actor, dv_time now, dv_outbox *outbox, char ret_why[DV_REASON_MAX])
{
    (void)outbox;
    chain *self = actor;
    return self->backend->class->start(self->backend, now, ret_why);
}

static dv_health health(const void *actor)
{
    const chain *self = actor;
    const dv_backend_class *class = self->backend->class;
    return class->health ? class->health(self->backend) : (dv_health){0};
}

static void destroy(void **actor)
{
    if (actor == NULL || *actor == NULL) return;
    chain *self = *actor;
    dv_tickets_fini(&self->tickets);
    if (self->backend != NULL) self->backend->class->destroy(&self->backend);
    free(self);
    *actor = NULL;
}

void *dv_chain_new(dv_chain which, uint32_t dexes, dv_backend **backend)
{
    chain *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->market = DV_PORT(DV_LINK_market, which);
    self->past = DV_PORT(DV_LINK_query, 0);
    self->past_told = (*backend)->class->traded == NULL;
    self->dexes = dexes;
    dv_tickets_init(&self->tickets, TICKETS_MAX);
    self->backend = *backend;
    *backend = NULL;
    return self;
}

const dv_actor_class DV_CHAIN_CLASS = {
    .name = "chain",
    .handlers = HANDLERS,
    .start = start,
    .tick = tick,
    .watch = watch,
    .ready = ready,
    .health = health,
    .destroy = destroy,
};
