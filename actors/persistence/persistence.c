#include "actors/persistence/persistence.h"

#include <pthread.h>
#include <stdlib.h>

#include "actors/persistence/calls.h"
#include "actors/persistence/writes.h"

typedef struct persistence {
    dv_store *store;
    dv_writes *writes;
    dv_calls *calls;
    uint64_t last_ticket; /* given out */
} persistence;

/* A call from the store has this for context. */
typedef struct turn {
    persistence *self;
    dv_outbox *outbox;
} turn;

/* ---- the store ------------------------------------------------------------------------------ */

/* Gives the store all it takes: calls first, since leases are among them. The rest gathers. */
static void pump(persistence *self)
{
    const dv_store_class *store = self->store->class;
    for (dv_store_lane lane = 0; lane < DV_STORE_LANE_COUNT; lane++) {
        uint32_t room = store->room(self->store, lane);
        for (; room > 0; room--)
            if (!dv_calls_submit(self->calls, lane, self->store, ++self->last_ticket)) break;
        for (; room > 0 && lane == DV_STORE_WRITER; room--)
            if (!dv_writes_submit(self->writes, self->store, ++self->last_ticket)) break;
    }
}

/* The store's call. Before a batch that is written is answered, which takes a while, the next batch
   goes. */
static void on_answer(void *context, const dv_store_answer *answer)
{
    turn *t = context;
    persistence *self = t->self;
    dv_batch *batch = dv_writes_find(self->writes, answer->ticket);
    if (batch == NULL) {
        (void)dv_calls_answer(self->calls, answer, t->outbox);
        return;
    }
    if (answer->error == DV_OK) pump(self);
    dv_writes_answer(self->writes, batch, answer, t->outbox);
}

/* While the store is away, refuses what was not submitted; steps wait. */
static void refuse_waiting(persistence *self, dv_outbox *outbox)
{
    for (dv_store_lane lane = 0; lane < DV_STORE_LANE_COUNT; lane++)
        if (self->store->class->away(self->store, lane))
            dv_calls_refuse(self->calls, lane, DV_STORE_AWAY, outbox);
    if (self->store->class->away(self->store, DV_STORE_WRITER))
        dv_writes_refuse_inserts(self->writes, outbox);
}

/* ---- messages ----------------------------------------------------------------------------- */

DV_HANDLER(persistence, insert_request)
{
    dv_writes_insert(self->writes, message, &envelope->peer, outbox);
}

DV_HANDLER(persistence, step_request)
{
    dv_writes_step(self->writes, message, &envelope->peer, outbox);
}

static void on_call(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    (void)now;
    const dv_query *query = dv_query_of(envelope->message.type);
    dv_calls_add(((persistence *)self)->calls, query, envelope, outbox);
}

static dv_handler *handlers[DV_MSG_COUNT] = {
    [DV_MSG_insert_request] = on_insert_request,
    [DV_MSG_step_request] = on_step_request,
};

/* The other handlers follow from the queries. */
static void handlers_complete(void)
{
    for (const dv_query *const *q = DV_QUERIES; *q != NULL; q++)
        if (!(*q)->batched) handlers[(*q)->asks] = on_call;
}

/* ---- the run loop's calls ------------------------------------------------------------------ */

static dv_err start(void *actor, dv_time now, dv_outbox *outbox, char ret_why[DV_REASON_MAX])
{
    (void)now;
    (void)outbox;
    persistence *self = actor;
    return self->store->class->start(self->store, ret_why);
}

/* Submits at the end of the turn, so that what came in one turn travels in one batch. */
static int64_t tick(void *actor, dv_time now, dv_outbox *outbox)
{
    persistence *self = actor;
    turn t = {self, outbox};
    dv_store_answers answers = {on_answer, &t};
    int64_t next_ns = self->store->class->tick(self->store, now, &answers);
    refuse_waiting(self, outbox);
    pump(self);
    return next_ns;
}

static bool drained(const void *actor)
{
    const persistence *self = actor;
    return dv_writes_none(self->writes) && dv_calls_none(self->calls);
}

static uint32_t watch(void *actor, dv_watch ret_watches[DV_WATCH_MAX])
{
    persistence *self = actor;
    return self->store->class->watch(self->store, ret_watches);
}

static void ready(void *actor, dv_watch watch, dv_time now, dv_outbox *outbox)
{
    persistence *self = actor;
    turn t = {self, outbox};
    dv_store_answers answers = {on_answer, &t};
    self->store->class->ready(self->store, watch, now, &answers);
}

static dv_health health(const void *actor)
{
    static const char *const AWAY[DV_STORE_LANE_COUNT] = {
        [DV_STORE_WRITER] = "PostgreSQL is away: no order is accepted, and those in flight wait",
        [DV_STORE_READER] = "PostgreSQL answers no queries: orders go on, but cannot be looked up",
    };
    const persistence *self = actor;
    const dv_store_class *store = self->store->class;
    for (dv_store_lane lane = 0; lane < DV_STORE_LANE_COUNT; lane++) {
        const char *trouble = store->trouble != NULL ? store->trouble(self->store, lane) : NULL;
        if (trouble != NULL) return (dv_health){.degraded = DV_STORE_AWAY, .text = trouble};
        if (store->away(self->store, lane))
            return (dv_health){.degraded = DV_STORE_AWAY, .text = AWAY[lane]};
    }
    return (dv_health){0};
}

static void destroy(void **actor)
{
    if (actor == NULL || *actor == NULL) return;
    persistence *self = *actor;
    self->store->class->destroy(&self->store);
    dv_writes_destroy(&self->writes);
    dv_calls_destroy(&self->calls);
    free(self);
    *actor = NULL;
}

void *dv_persistence_new_on(const dv_persistence_config *config, uint32_t in_flight_max,
                            dv_store **store)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, handlers_complete);
    persistence *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->store = *store;
    *store = NULL;
    self->writes = dv_writes_new(config, in_flight_max);
    self->calls = dv_calls_new();
    return self;
}

void *dv_persistence_new(const dv_persistence_config *config, uint32_t in_flight_max,
                         uint32_t start_timeout_ms)
{
    dv_store *store = dv_store_pg_new(config, start_timeout_ms);
    return dv_persistence_new_on(config, in_flight_max, &store);
}

const dv_actor_class DV_PERSISTENCE_CLASS = {
    .name = "persistence",
    .handlers = handlers,
    .start = start,
    .tick = tick,
    .drained = drained,
    .watch = watch,
    .ready = ready,
    .health = health,
    .destroy = destroy,
};
