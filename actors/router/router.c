#include "actors/router/router.h"

#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/base/tickets.h"

#define TICKETS_MAX 200000u
#define WATCH_EVERY_NS (1 * DV_NS_PER_S)

typedef struct router {
    dv_port market;
    dv_venue *venue; /* owned */
    dv_tickets tickets;
    int64_t watch_at_ns; /* when to say next that it watches its cluster */
} router;

/* Where a venue's messages go during one call of it. */
typedef struct sink {
    router *self;
    dv_outbox *outbox;
} sink;

/* ---- answers ---- */

static void answer(void *context, uint64_t ticket, const dv_message *message)
{
    const sink *to = context;
    if (message->type == DV_MSG_quote_reply) {
        const dv_quote_reply *told = &message->quote_reply;
        dv_debug("quoted", &told->order_id, dv_kv_string("dex", to->self->venue->class->dex),
                 dv_kv_string("error", dv_err_name((uint16_t)told->quote.error)),
                 dv_kv_number("in", (int64_t)told->quote.amount_in),
                 dv_kv_number("out", (int64_t)told->quote.amount_out));
    }
    dv_tickets_answer(&to->self->tickets, ticket, message, false, to->outbox);
}

static void ask(void *context, const dv_message *message)
{
    const sink *to = context;
    dv_send(to->outbox, to->self->market, NULL, message);
}

#define OUT(self, outbox) (&(dv_venue_out){answer, ask, &(sink){self, outbox}})

/* ---- requests ---- */

DV_HANDLER(router, quote_request)
{
    if (dv_tickets_full(&self->tickets)) {
        dv_answer_now(
            envelope,
            &(dv_message){.type = DV_MSG_quote_reply,
                          .quote_reply = {.order_id = message->order_id,
                                          .attempt = message->attempt,
                                          .quote = {.venue = dv_text_of(self->venue->class->dex),
                                                    .error = DV_VENUE_QUOTE_FAILED}}},
            outbox);
        return;
    }
    self->venue->class->quote(self->venue, dv_tickets_open(&self->tickets, envelope, now), message,
                              now, OUT(self, outbox));
}

DV_HANDLER(router, leg_request)
{
    if (dv_tickets_full(&self->tickets)) {
        dv_answer_now(envelope,
                      &(dv_message){.type = DV_MSG_leg_reply,
                                    .leg_reply = {.order_id = message->order_id,
                                                  .attempt = message->attempt,
                                                  .error = DV_ENGINE_FULL}},
                      outbox);
        return;
    }
    self->venue->class->leg(self->venue, dv_tickets_open(&self->tickets, envelope, now), message,
                            now, OUT(self, outbox));
}

/* ---- what the chain says ---- */

static void hear(void *actor, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    router *self = actor;
    self->venue->class->hear(self->venue, &envelope->message, now, OUT(self, outbox));
}

static int64_t watch_tell(router *self, dv_time now, dv_outbox *outbox)
{
    if (now.mono_ns < self->watch_at_ns) return self->watch_at_ns;
    self->watch_at_ns = now.mono_ns + WATCH_EVERY_NS;
    const dv_venue_class *class = self->venue->class;
    uint8_t keys[DV_WATCH_POOLS_MAX * 32];
    uint32_t count = class->named_pools ? class->named_pools(self->venue, keys) : 0;
    dv_send(outbox, self->market, NULL,
            &(dv_message){.type = DV_MSG_watch_cluster,
                          .watch_cluster = {.dex = dv_text_of(class->dex),
                                            .pools = {(const char *)keys, 32 * count}}});
    return self->watch_at_ns;
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_quote_request] = on_quote_request,
    [DV_MSG_leg_request] = on_leg_request,
    [DV_MSG_cluster_event] = hear,
    [DV_MSG_pool_event] = hear,
    [DV_MSG_read_part] = hear,
    [DV_MSG_read_reply] = hear,
};

/* ---- tick, start, new and destroy ---- */

static int64_t tick(void *actor, dv_time now, dv_outbox *outbox)
{
    router *self = actor;
    int64_t next_ns = watch_tell(self, now, outbox);
    next_ns = dv_min_i64(next_ns, self->venue->class->tick(self->venue, now, OUT(self, outbox)));
    return dv_min_i64(next_ns, dv_tickets_forget(&self->tickets, now));
}

static uint32_t watch(void *actor, dv_watch ret_watches[DV_WATCH_MAX])
{
    router *self = actor;
    return self->venue->class->watch ? self->venue->class->watch(self->venue, ret_watches) : 0;
}

static void ready(void *actor, dv_watch watched, dv_time now, dv_outbox *outbox)
{
    router *self = actor;
    self->venue->class->ready(self->venue, watched, now, OUT(self, outbox));
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
    dv_tickets_fini(&self->tickets);
    if (self->venue != NULL) self->venue->class->destroy(&self->venue);
    free(self);
    *actor = NULL;
}

void *dv_router_new(uint8_t chain, dv_venue **venue)
{
    router *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->market = DV_PORT(DV_LINK_market, chain);
    dv_tickets_init(&self->tickets, TICKETS_MAX);
    self->venue = *venue;
    *venue = NULL;
    return self;
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
