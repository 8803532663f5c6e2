#include "actors/persistence/persistence.h"

#include <stdlib.h>
#include <utlist.h>

#include "actors/base/log.h"
#include "actors/persistence/batch.h"
#include "actors/persistence/question.h"

/* ---- limits ------------------------------------------------------------------------------- */

#define QUESTIONS_MAX 10000 /* waiting or in flight; the high-water mark of their links */

/* ---- state -------------------------------------------------------------------------------- */

typedef struct persistence {
    const dv_persistence_config *config;
    uint32_t in_flight_max; /* items; beyond them it is full */
    dv_store *store;
    dv_batch *open[DV_BATCH_KIND_COUNT];         /* gathering, oldest first */
    dv_batch *again;                             /* to be asked next */
    dv_batch *in_flight;                         /* asked */
    dv_batch *spare;                             /* free, for the next ones */
    dv_batch_item *pending[DV_BATCH_KIND_COUNT]; /* hash of all that are not answered, by id */
    dv_question *waiting[DV_STORE_LANE_COUNT];   /* not yet asked, oldest first */
    dv_question *asked;                          /* in flight */
    uint32_t item_count;                         /* not answered */
    uint32_t question_count;                     /* waiting or asked */
    uint64_t last_ticket;                        /* given out */
    dv_batch_kind last_kind; /* of the batch submitted last, so that both have turns */
    dv_stats_reply stats;    /* last known */
    const void **rows;       /* store_batch_max, of the request being made */
} persistence;

/* A call from the store has this for context. */
typedef struct turn {
    persistence *self;
    dv_outbox *outbox;
} turn;

/* ---- batches ------------------------------------------------------------------------------ */

/* The youngest open batch if it takes an item of this order, or a new one. */
static dv_batch *gathering(persistence *self, dv_batch_kind kind, const dv_id *id)
{
    dv_batch *b = self->open[kind] != NULL ? self->open[kind]->prev : NULL;
    if (b != NULL && dv_batch_takes(b, id)) return b;
    b = self->spare;
    if (b != NULL)
        DL_DELETE(self->spare, b);
    else
        b = dv_batch_new(self->config->store_batch_max);
    DL_APPEND(self->open[kind], b);
    return b;
}

/* Keeps a batch that is in no list for the next use. */
static void batch_recycle(persistence *self, dv_batch *b)
{
    dv_batch_clear(b);
    DL_PREPEND(self->spare, b);
}

static void batches_free(dv_batch *list)
{
    dv_batch *b, *next;
    DL_FOREACH_SAFE(list, b, next) dv_batch_destroy(&b);
}

/* ---- answers ------------------------------------------------------------------------------ */

static void send_insert_refused(dv_outbox *outbox, const dv_peer *to, const dv_id *id, dv_err error)
{
    dv_send(outbox, DV_PORT(DV_LINK_insert, 0), to,
            &(dv_message){.type = DV_MSG_insert_refusal,
                          .insert_refusal = {.order_id = *id, .error = error}});
}

static void send_step_done(dv_outbox *outbox, const dv_peer *to, const dv_step_request *step,
                           dv_err error)
{
    dv_send(outbox, DV_PORT(DV_LINK_write, 0), to,
            &(dv_message){.type = DV_MSG_step_reply,
                          .step_reply = {.order_id = step->order_id,
                                         .epoch = step->epoch,
                                         .to_state = step->to_state,
                                         .attempt = step->attempt.number,
                                         .error = error,
                                         .signature = step->attempt.signature}});
}

/* Ends an item: it has been answered, or is now. */
static void item_end(persistence *self, dv_batch_kind kind, dv_batch_item *i)
{
    i->answered = true;
    HASH_DELETE(pending, self->pending[kind], i);
    self->item_count--;
}

static void item_refuse(persistence *self, dv_batch_kind kind, dv_batch_item *i, dv_err error,
                        dv_outbox *outbox)
{
    if (kind == DV_BATCH_INSERTS)
        send_insert_refused(outbox, &i->peer, &i->id, error);
    else
        send_step_done(outbox, &i->peer, &i->step, error);
    item_end(self, kind, i);
}

/* Tells notification of a committed event; in no particular order, since other writers publish too
   and only notification sees them all. */
static void publish(const dv_batch_item *i, dv_batch_kind kind, const dv_event *event,
                    dv_outbox *outbox)
{
    dv_attempt attempts[2];
    dv_message message = {.type = DV_MSG_order_event,
                          .order_event = {.event = *event, .attempts = attempts}};
    if (kind == DV_BATCH_INSERTS) {
        message.order_event.terms = i->insert.terms;
        message.order_event.terms.created_at_us =
            event->at_us; /* of the first one, if it came twice */
    } else {
        message.order_event.terms.order_id = i->id;
        message.order_event.attempts_count = dv_step_learnt(&i->step, attempts);
        for (uint32_t k = 0; k < message.order_event.attempts_count; k++)
            attempts[k].transaction = (dv_text){0}; /* its owner's alone */
    }
    dv_send(outbox, DV_PORT(DV_LINK_events, 0), NULL, &message);
}

/* An insert is committed, for this owner. */
static void insert_done(persistence *self, dv_batch_item *i, const dv_event *event, dv_text owner,
                        dv_outbox *outbox)
{
    dv_send(outbox, DV_PORT(DV_LINK_insert, 0), &i->peer,
            &(dv_message){.type = DV_MSG_insert_reply,
                          .insert_reply = {.order_id = i->id, .event = *event, .owner = owner}});
    publish(i, DV_BATCH_INSERTS, event, outbox);
    item_end(self, DV_BATCH_INSERTS, i);
}

/* A step is committed. */
static void step_reply(persistence *self, dv_batch_item *i, const dv_event *event,
                       dv_outbox *outbox)
{
    send_step_done(outbox, &i->peer, &i->step, DV_OK);
    publish(i, DV_BATCH_STEPS, event, outbox);
    item_end(self, DV_BATCH_STEPS, i);
}

/* Refuses what is not answered of a batch of inserts, which is in no list, since the store is away
   and has written none of it. */
static void batch_refuse(persistence *self, dv_batch *b, dv_outbox *outbox)
{
    for (uint32_t i = 0; i < b->count; i++)
        if (!b->items[i].answered)
            item_refuse(self, DV_BATCH_INSERTS, &b->items[i], DV_STORE_AWAY, outbox);
    batch_recycle(self, b);
}

static void pump(persistence *self);

/* ---- what the store says of a batch -------------------------------------------------------- */

/* Moves the window on, or ends the batch. The batch is in no list. */
static void window_end(persistence *self, dv_batch *b)
{
    b->looking = false;
    b->first += b->window;
    b->window = b->count - b->first;
    if (b->window > 0)
        DL_APPEND(self->again, b);
    else
        batch_recycle(self, b);
}

/* A row of it is at fault: try with half of them, until the one is alone. */
static void batch_refused(persistence *self, dv_batch *b, dv_text why, dv_outbox *outbox)
{
    b->looking = false;
    if (b->window > 1) {
        b->window /= 2;
        if (dv_batch_unanswered(b) > 0)
            DL_APPEND(self->again, b);
        else
            window_end(self, b);
        return;
    }
    dv_batch_item *i = &b->items[b->first];
    dv_error("store_refused", &i->id,
             dv_kv_string("what", b->kind == DV_BATCH_INSERTS ? "insert" : "step"),
             dv_kv_text("why", why));
    item_refuse(self, b->kind, i, DV_STORE_REFUSED, outbox);
    window_end(self, b);
}

static void batch_written(persistence *self, dv_batch *b, const dv_store_answer *answer,
                          dv_outbox *outbox)
{
    uint32_t k = 0;
    for (uint32_t n = b->first; n < b->first + b->window; n++) {
        dv_batch_item *i = &b->items[n];
        if (i->answered) continue;
        const dv_store_receipt *receipt = &answer->receipts[k++];
        if (!receipt->found) continue;
        if (b->kind == DV_BATCH_INSERTS)
            insert_done(self, i, &receipt->event, i->insert.owner, outbox);
        else
            step_reply(self, i, &receipt->event, outbox);
    }
    b->looking = dv_batch_unanswered(b) > 0;
    if (b->looking)
        DL_APPEND(self->again, b);
    else
        window_end(self, b);
}

/* What holds an insert's id or key: itself, if it came twice, or another order. */
static void insert_found(persistence *self, dv_batch_item *i, const dv_store_view *found,
                         dv_outbox *outbox)
{
    const dv_view *view = &found->view;
    if (dv_id_equal(&view->terms.order_id, &i->id) && view->events_count > 0) {
        insert_done(self, i, &view->events[0], found->owner, outbox);
        return;
    }
    dv_send(outbox, DV_PORT(DV_LINK_insert, 0), &i->peer,
            &(dv_message){.type = DV_MSG_insert_conflict,
                          .insert_conflict = {.order_id = i->id, .view = *view}});
    item_end(self, DV_BATCH_INSERTS, i);
}

/* What holds a step's order: the step itself, if it came twice, or something else. A signature that
   is not the step's own must never be taken for it: other bytes were committed. */
static void step_found(persistence *self, dv_batch_item *i, const dv_store_receipt *now,
                       dv_outbox *outbox)
{
    const dv_step_request *step = &i->step;
    dv_text signature = step->attempt.signature;
    bool ours = now->found && now->epoch == step->epoch && now->event.state == step->to_state &&
                now->event.attempt == step->attempt.number &&
                (signature.size == 0 || dv_text_equal(signature, now->signature));
    if (ours)
        step_reply(self, i, &now->event, outbox);
    else
        item_refuse(self, DV_BATCH_STEPS, i, DV_STORE_STALE, outbox);
}

static void batch_looked(persistence *self, dv_batch *b, const dv_store_answer *answer,
                         dv_outbox *outbox)
{
    uint32_t k = 0, v = 0; /* asked items, and views, both in the order asked */
    for (uint32_t n = b->first; n < b->first + b->window; n++) {
        dv_batch_item *i = &b->items[n];
        if (i->answered) continue;
        k++;
        if (b->kind == DV_BATCH_STEPS)
            step_found(self, i, &answer->receipts[k - 1], outbox);
        else if (v < answer->count && answer->views[v].mark == k)
            insert_found(self, i, &answer->views[v++], outbox);
    }
    if (dv_batch_unanswered(b) == 0) {
        window_end(self, b);
        return;
    }
    b->looking = false; /* what was in the way has gone */
    DL_APPEND(self->again, b);
}

/* The store is away. Steps wait for it. Inserts are refused if they surely were not written and
   never will be, so that nobody waits for an order that may be written later; else their fate is
   found out by asking again. */
static void batch_away(persistence *self, dv_batch *b, const dv_store_answer *answer,
                       dv_outbox *outbox)
{
    dv_warn("batch_again", NULL, dv_kv_number("orders", b->window),
            dv_kv_text("why", answer->error_text));
    b->doubtful = b->doubtful || !answer->undone;
    if (b->kind == DV_BATCH_STEPS || b->looking || b->doubtful) {
        DL_APPEND(self->again, b);
        return;
    }
    batch_refuse(self, b, outbox);
}

/* Before a batch that is written is answered for, which takes a while, the next one goes. */
static void on_batch_answer(persistence *self, dv_batch *b, const dv_store_answer *answer,
                            dv_outbox *outbox)
{
    DL_DELETE(self->in_flight, b);
    if (answer->error == DV_OK) pump(self);
    if (answer->error == DV_STORE_AWAY)
        batch_away(self, b, answer, outbox);
    else if (answer->error != DV_OK)
        batch_refused(self, b, answer->error_text, outbox);
    else if (b->looking)
        batch_looked(self, b, answer, outbox);
    else
        batch_written(self, b, answer, outbox);
}

/* ---- what the store says of a question ------------------------------------------------------ */

static void question_refuse(persistence *self, const dv_question *q, dv_err error,
                            dv_outbox *outbox)
{
    dv_question_answer(q, &(dv_store_answer){.error = error, .stats = self->stats}, outbox);
}

/* Forgets a question that is in no list. */
static void question_end(persistence *self, dv_question *q)
{
    self->question_count--;
    dv_question_destroy(&q);
}

static void on_question_answer(persistence *self, dv_question *q, const dv_store_answer *answer,
                               dv_outbox *outbox)
{
    DL_DELETE(self->asked, q);
    if (answer->error == DV_OK) {
        if (q->request.type == DV_STORE_STATS) self->stats = answer->stats;
        dv_question_answer(q, answer, outbox);
    } else {
        dv_warn("query_failed", NULL, dv_kv_string("error", dv_err_name((uint16_t)answer->error)),
                dv_kv_text("why", answer->error_text));
        question_refuse(self, q, answer->error, outbox);
    }
    question_end(self, q);
}

/* The store's call. */
static void on_answer(void *context, const dv_store_answer *answer)
{
    turn *t = context;
    dv_batch *b;
    DL_FOREACH(t->self->in_flight, b)
    {
        if (b->ticket != answer->ticket) continue;
        on_batch_answer(t->self, b, answer, t->outbox);
        return;
    }
    dv_question *q;
    DL_SEARCH_SCALAR(t->self->asked, q, request.ticket, answer->ticket);
    if (q != NULL) on_question_answer(t->self, q, answer, t->outbox);
}

/* ---- asking the store ----------------------------------------------------------------------- */

static void batch_submit(persistence *self, dv_batch *b)
{
    b->ticket = ++self->last_ticket;
    dv_store_request request = dv_batch_request(b, self->rows);
    DL_APPEND(self->in_flight, b);
    self->store->class->submit(self->store, &request);
}

static void question_submit(persistence *self, dv_question *q)
{
    DL_DELETE(self->waiting[dv_store_lane_of(q->request.type)], q);
    q->request.ticket = ++self->last_ticket;
    DL_APPEND(self->asked, q);
    self->store->class->submit(self->store, &q->request);
}

/* Whether a kind's oldest open batch is to go: none of its kind is in flight, or it takes no more.
   One that is not full gathers on, however much room the store has: a row of a small batch costs
   more than twice that of a large one. */
static bool is_due(const persistence *self, dv_batch_kind kind)
{
    const dv_batch *oldest = self->open[kind], *b;
    if (oldest == NULL) return false;
    bool closed = oldest->next != NULL || oldest->count == oldest->capacity;
    DL_SEARCH_SCALAR(self->in_flight, b, kind, kind);
    return closed || b == NULL;
}

/* Takes the next batch out of its list: those begun first, then both kinds in turn. */
static dv_batch *batch_next(persistence *self)
{
    dv_batch *b = self->again;
    if (b != NULL) {
        DL_DELETE(self->again, b);
        return b;
    }
    dv_batch_kind kind = self->last_kind == DV_BATCH_INSERTS ? DV_BATCH_STEPS : DV_BATCH_INSERTS;
    if (!is_due(self, kind)) kind = self->last_kind;
    if (!is_due(self, kind)) return NULL;
    b = self->open[kind];
    DL_DELETE(self->open[kind], b);
    self->last_kind = kind;
    return b;
}

/* Gives the store all it takes. What is not taken gathers meanwhile. */
static void pump(persistence *self)
{
    const dv_store_class *store = self->store->class;
    uint32_t room = store->room(self->store, DV_STORE_WRITER);
    for (; room > 0 && self->waiting[DV_STORE_WRITER] != NULL; room--)
        question_submit(self, self->waiting[DV_STORE_WRITER]);
    for (dv_batch *b; room > 0 && (b = batch_next(self)) != NULL; room--) batch_submit(self, b);
    room = store->room(self->store, DV_STORE_READER);
    for (; room > 0 && self->waiting[DV_STORE_READER] != NULL; room--)
        question_submit(self, self->waiting[DV_STORE_READER]);
}

/* While the store is away, refuses what was not sent to it; steps wait. */
static void refuse_waiting(persistence *self, dv_outbox *outbox)
{
    for (dv_store_lane lane = 0; lane < DV_STORE_LANE_COUNT; lane++) {
        if (!self->store->class->away(self->store, lane)) continue;
        dv_question *q, *next;
        DL_FOREACH_SAFE(self->waiting[lane], q, next)
        {
            question_refuse(self, q, DV_STORE_AWAY, outbox);
            DL_DELETE(self->waiting[lane], q);
            question_end(self, q);
        }
    }
    if (!self->store->class->away(self->store, DV_STORE_WRITER)) return;
    dv_batch *b, *next;
    DL_FOREACH_SAFE(self->open[DV_BATCH_INSERTS], b, next)
    {
        DL_DELETE(self->open[DV_BATCH_INSERTS], b);
        batch_refuse(self, b, outbox);
    }
}

/* ---- messages ----------------------------------------------------------------------------- */

static bool full(const persistence *self)
{
    return self->item_count >= self->in_flight_max;
}

/* Whether this peer has asked for the same before and will be answered for that. What another peer
   asks is asked of the store again, so that each gets an answer of its own. */
static bool is_pending(const persistence *self, dv_batch_kind kind, const dv_envelope *envelope)
{
    const dv_message *m = &envelope->message;
    bool insert = kind == DV_BATCH_INSERTS;
    const dv_id *id = insert ? &m->insert_request.terms.order_id : &m->step_request.order_id;
    const dv_peer *peer = &envelope->peer;
    dv_batch_item *i;
    HASH_FIND(pending, self->pending[kind], id, sizeof *id, i);
    return i != NULL && i->peer.size == peer->size &&
           memcmp(i->peer.bytes, peer->bytes, peer->size) == 0 &&
           (insert || dv_batch_same_step(&i->step, &m->step_request));
}

static void keep_pending(persistence *self, dv_batch_kind kind, dv_batch_item *i)
{
    HASH_ADD(pending, self->pending[kind], id, sizeof i->id, i);
    self->item_count++;
}

DV_HANDLER(persistence, insert_request)
{
    const dv_id *id = &message->terms.order_id;
    if (is_pending(self, DV_BATCH_INSERTS, envelope)) return;
    if (full(self)) {
        send_insert_refused(outbox, &envelope->peer, id, DV_ENGINE_FULL);
        return;
    }
    dv_batch *b = gathering(self, DV_BATCH_INSERTS, id);
    keep_pending(self, DV_BATCH_INSERTS, dv_batch_add_insert(b, message, &envelope->peer));
}

/* A move that exists, with the attempt number that goes with it. */
static bool step_legal(const dv_step_request *step)
{
    uint64_t begins = step->to_state == DV_STATE_routing;
    return dv_state_may_move((uint8_t)step->from_state, (uint8_t)step->to_state) &&
           step->attempt.number == step->from_attempt + begins;
}

DV_HANDLER(persistence, step_request)
{
    if (!step_legal(message)) {
        dv_error("step_illegal", &message->order_id,
                 dv_kv_string("from", dv_state_name((uint8_t)message->from_state)),
                 dv_kv_string("to", dv_state_name((uint8_t)message->to_state)),
                 dv_kv_number("attempt", (int64_t)message->attempt.number));
        send_step_done(outbox, &envelope->peer, message, DV_STORE_REFUSED);
        return;
    }
    if (is_pending(self, DV_BATCH_STEPS, envelope)) return;
    if (full(self)) {
        send_step_done(outbox, &envelope->peer, message, DV_ENGINE_FULL);
        return;
    }
    dv_batch *b = gathering(self, DV_BATCH_STEPS, &message->order_id);
    keep_pending(self, DV_BATCH_STEPS, dv_batch_add_step(b, message, &envelope->peer));
}

static void on_question(void *self_, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    (void)now;
    persistence *self = self_;
    dv_question *q = dv_question_new(envelope);
    if (self->question_count >= QUESTIONS_MAX) {
        question_refuse(self, q, DV_ENGINE_FULL, outbox);
        dv_question_destroy(&q);
        return;
    }
    self->question_count++;
    DL_APPEND(self->waiting[dv_store_lane_of(q->request.type)], q);
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_insert_request] = on_insert_request, [DV_MSG_step_request] = on_step_request,
    [DV_MSG_lease_request] = on_question,        [DV_MSG_claim_request] = on_question,
    [DV_MSG_owned_request] = on_question,        [DV_MSG_retries_request] = on_question,
    [DV_MSG_order_request] = on_question,        [DV_MSG_orders_request] = on_question,
    [DV_MSG_events_request] = on_question,       [DV_MSG_stats_request] = on_question,
};

/* ---- the run loop's calls ------------------------------------------------------------------ */

static dv_err start(void *actor, dv_time now, dv_outbox *outbox, char ret_why[DV_REASON_MAX])
{
    (void)now;
    (void)outbox;
    persistence *self = actor;
    return self->store->class->start(self->store, ret_why);
}

/* Sends at the end of the turn, so that what came in one turn travels in one batch. */
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
    return self->item_count == 0 && self->question_count == 0;
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

static void questions_free(dv_question *list)
{
    dv_question *q, *next;
    DL_FOREACH_SAFE(list, q, next) dv_question_destroy(&q);
}

static void destroy(void **actor)
{
    if (actor == NULL || *actor == NULL) return;
    persistence *self = *actor;
    self->store->class->destroy(&self->store);
    for (dv_batch_kind kind = 0; kind < DV_BATCH_KIND_COUNT; kind++)
        HASH_CLEAR(pending, self->pending[kind]);
    for (dv_batch_kind kind = 0; kind < DV_BATCH_KIND_COUNT; kind++) batches_free(self->open[kind]);
    batches_free(self->again);
    batches_free(self->in_flight);
    batches_free(self->spare);
    for (dv_store_lane lane = 0; lane < DV_STORE_LANE_COUNT; lane++)
        questions_free(self->waiting[lane]);
    questions_free(self->asked);
    free(self->rows);
    free(self);
    *actor = NULL;
}

void *dv_persistence_new_on(const dv_persistence_config *config, uint32_t in_flight_max,
                            dv_store **store)
{
    persistence *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->config = config;
    self->in_flight_max = in_flight_max;
    self->store = *store;
    *store = NULL;
    self->rows = calloc(config->store_batch_max, sizeof *self->rows);
    if (self->rows == NULL) abort();
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
    .handlers = HANDLERS,
    .start = start,
    .tick = tick,
    .drained = drained,
    .watch = watch,
    .ready = ready,
    .health = health,
    .destroy = destroy,
};
