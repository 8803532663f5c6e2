#include "actors/persistence/writes.h"

#include <stdlib.h>
#include <utlist.h>

#include "actors/base/log.h"
#include "actors/persistence/learnt.h"

struct dv_writes {
    const dv_persistence_config *config;
    uint32_t in_flight_max;                      /* items */
    dv_batch *open[DV_BATCH_KIND_COUNT];         /* gathering, oldest first */
    dv_batch *again;                             /* to be submitted next */
    dv_batch *in_flight;                         /* submitted */
    dv_batch *spare;                             /* free, for the next ones */
    dv_batch_item *pending[DV_BATCH_KIND_COUNT]; /* hash of all that are not answered, by id */
    uint32_t item_count;                         /* not answered */
    dv_batch_kind last_kind; /* of the batch submitted last, so that both have turns */
    const void **rows;       /* store_batch_max, of the request being made */
};

/* ---- batches ------------------------------------------------------------------------------ */

/* The youngest open batch if it takes an item of this order, or a new one. */
static dv_batch *gathering(dv_writes *self, dv_batch_kind kind, const dv_id *id)
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
static void batch_recycle(dv_writes *self, dv_batch *b)
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

/* Ends an item that has been answered. */
static void item_end(dv_writes *self, dv_batch_kind kind, dv_batch_item *i)
{
    i->answered = true;
    HASH_DELETE(pending, self->pending[kind], i);
    self->item_count--;
}

static void item_refuse(dv_writes *self, dv_batch_kind kind, dv_batch_item *i, dv_err error,
                        dv_outbox *outbox)
{
    if (kind == DV_BATCH_INSERTS)
        send_insert_refused(outbox, &i->peer, &i->id, error);
    else
        send_step_done(outbox, &i->peer, &i->step, error);
    item_end(self, kind, i);
}

/* Tells notification of a committed event. Events are published in no particular order: other
   persistence actors publish too, and only notification sees all events. */
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
static void insert_done(dv_writes *self, dv_batch_item *i, const dv_event *event, dv_text owner,
                        dv_outbox *outbox)
{
    dv_send(outbox, DV_PORT(DV_LINK_insert, 0), &i->peer,
            &(dv_message){.type = DV_MSG_insert_reply,
                          .insert_reply = {.order_id = i->id, .event = *event, .owner = owner}});
    publish(i, DV_BATCH_INSERTS, event, outbox);
    item_end(self, DV_BATCH_INSERTS, i);
}

/* A step is committed. */
static void step_reply(dv_writes *self, dv_batch_item *i, const dv_event *event, dv_outbox *outbox)
{
    send_step_done(outbox, &i->peer, &i->step, DV_OK);
    publish(i, DV_BATCH_STEPS, event, outbox);
    item_end(self, DV_BATCH_STEPS, i);
}

/* Refuses the unanswered items of a batch of inserts that is in no list: the store is away, and has
   written none of them. */
static void batch_refuse(dv_writes *self, dv_batch *b, dv_outbox *outbox)
{
    for (uint32_t i = 0; i < b->count; i++)
        if (!b->items[i].answered)
            item_refuse(self, DV_BATCH_INSERTS, &b->items[i], DV_STORE_AWAY, outbox);
    batch_recycle(self, b);
}

/* ---- what the store answers ---------------------------------------------------------------- */

/* Moves the window on, or ends the batch. The batch is in no list. */
static void window_end(dv_writes *self, dv_batch *b)
{
    b->looking = false;
    b->first += b->window;
    b->window = b->count - b->first;
    if (b->window > 0)
        DL_APPEND(self->again, b);
    else
        batch_recycle(self, b);
}

/* A row of the window is at fault: tries half of the window, until the row is alone. */
static void batch_refused(dv_writes *self, dv_batch *b, dv_text why, dv_outbox *outbox)
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

static void batch_written(dv_writes *self, dv_batch *b, const dv_store_answer *answer,
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

/* An order holds an insert's id or key: the same order, if it came twice, or another one. */
static void insert_found(dv_writes *self, dv_batch_item *i, const dv_store_view *found,
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

/* A step was not taken: its order stands where the step leads, if the step came twice, or elsewhere.
   Another signature than the step's own means that other bytes were committed. */
static void step_found(dv_writes *self, dv_batch_item *i, const dv_store_receipt *now,
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

static void batch_looked(dv_writes *self, dv_batch *b, const dv_store_answer *answer,
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
    b->looking = false; /* what was in the way of the others has gone */
    DL_APPEND(self->again, b);
}

/* The store is away. Steps wait for it. Inserts that surely were not written, and never will be, are
   refused, so that no client waits in vain. The fate of other inserts is found out by asking again. */
static void batch_away(dv_writes *self, dv_batch *b, const dv_store_answer *answer,
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

void dv_writes_answer(dv_writes *self, dv_batch *b, const dv_store_answer *answer,
                      dv_outbox *outbox)
{
    if (answer->error == DV_STORE_AWAY)
        batch_away(self, b, answer, outbox);
    else if (answer->error != DV_OK)
        batch_refused(self, b, answer->error_text, outbox);
    else if (b->looking)
        batch_looked(self, b, answer, outbox);
    else
        batch_written(self, b, answer, outbox);
}

dv_batch *dv_writes_find(dv_writes *self, uint64_t ticket)
{
    dv_batch *b;
    DL_SEARCH_SCALAR(self->in_flight, b, ticket, ticket);
    if (b != NULL) DL_DELETE(self->in_flight, b);
    return b;
}

/* ---- asking the store ----------------------------------------------------------------------- */

/* Whether a kind's oldest open batch is to go: none of its kind is in flight, or it takes no more.
   A batch that is not full gathers on, however much room the store has: a row of a small batch costs
   more than twice that of a large one. */
static bool is_due(const dv_writes *self, dv_batch_kind kind)
{
    const dv_batch *oldest = self->open[kind], *b;
    if (oldest == NULL) return false;
    bool closed = oldest->next != NULL || oldest->count == oldest->capacity;
    DL_SEARCH_SCALAR(self->in_flight, b, kind, kind);
    return closed || b == NULL;
}

/* Takes the next batch out of its list: those begun first, then both kinds in turn. */
static dv_batch *batch_next(dv_writes *self)
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

bool dv_writes_submit(dv_writes *self, dv_store *store, uint64_t ticket)
{
    dv_batch *b = batch_next(self);
    if (b == NULL) return false;
    b->ticket = ticket;
    dv_store_request request = dv_batch_request(b, self->rows);
    DL_APPEND(self->in_flight, b);
    store->class->submit(store, &request);
    return true;
}

void dv_writes_refuse_inserts(dv_writes *self, dv_outbox *outbox)
{
    dv_batch *b, *next;
    DL_FOREACH_SAFE(self->open[DV_BATCH_INSERTS], b, next)
    {
        DL_DELETE(self->open[DV_BATCH_INSERTS], b);
        batch_refuse(self, b, outbox);
    }
}

/* ---- arrivals ------------------------------------------------------------------------------- */

static bool is_full(const dv_writes *self)
{
    return self->item_count >= self->in_flight_max;
}

/* The unanswered item of an order that this peer has sent. What another peer sends is asked of the
   store again, so that each peer gets an answer of its own. */
static const dv_batch_item *pending_of(const dv_writes *self, dv_batch_kind kind, const dv_id *id,
                                       const dv_peer *peer)
{
    dv_batch_item *i;
    HASH_FIND(pending, self->pending[kind], id, sizeof *id, i);
    bool same = i != NULL && i->peer.size == peer->size &&
                memcmp(i->peer.bytes, peer->bytes, peer->size) == 0;
    return same ? i : NULL;
}

static void keep_pending(dv_writes *self, dv_batch_kind kind, dv_batch_item *i)
{
    HASH_ADD(pending, self->pending[kind], id, sizeof i->id, i);
    self->item_count++;
}

void dv_writes_insert(dv_writes *self, const dv_insert_request *insert, const dv_peer *peer,
                      dv_outbox *outbox)
{
    const dv_id *id = &insert->terms.order_id;
    if (pending_of(self, DV_BATCH_INSERTS, id, peer) != NULL) return;
    if (is_full(self)) {
        send_insert_refused(outbox, peer, id, DV_ENGINE_FULL);
        return;
    }
    dv_batch *b = gathering(self, DV_BATCH_INSERTS, id);
    keep_pending(self, DV_BATCH_INSERTS, dv_batch_add_insert(b, insert, peer));
}

/* A move that exists, with the attempt number that goes with it. */
static bool is_legal(const dv_step_request *step)
{
    uint64_t begins = step->to_state == DV_STATE_routing;
    return dv_state_may_move((uint8_t)step->from_state, (uint8_t)step->to_state) &&
           step->attempt.number == step->from_attempt + begins;
}

void dv_writes_step(dv_writes *self, const dv_step_request *step, const dv_peer *peer,
                    dv_outbox *outbox)
{
    if (!is_legal(step)) {
        dv_error("step_illegal", &step->order_id,
                 dv_kv_string("from", dv_state_name((uint8_t)step->from_state)),
                 dv_kv_string("to", dv_state_name((uint8_t)step->to_state)),
                 dv_kv_number("attempt", (int64_t)step->attempt.number));
        send_step_done(outbox, peer, step, DV_STORE_REFUSED);
        return;
    }
    const dv_batch_item *same = pending_of(self, DV_BATCH_STEPS, &step->order_id, peer);
    if (same != NULL && dv_batch_same_step(&same->step, step)) return;
    if (is_full(self)) {
        send_step_done(outbox, peer, step, DV_ENGINE_FULL);
        return;
    }
    dv_batch *b = gathering(self, DV_BATCH_STEPS, &step->order_id);
    keep_pending(self, DV_BATCH_STEPS, dv_batch_add_step(b, step, peer));
}

/* ---- life ----------------------------------------------------------------------------------- */

bool dv_writes_none(const dv_writes *self)
{
    return self->item_count == 0;
}

dv_writes *dv_writes_new(const dv_persistence_config *config, uint32_t in_flight_max)
{
    dv_writes *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->config = config;
    self->in_flight_max = in_flight_max;
    self->rows = calloc(config->store_batch_max, sizeof *self->rows);
    if (self->rows == NULL) abort();
    return self;
}

void dv_writes_destroy(dv_writes **writes)
{
    if (writes == NULL || *writes == NULL) return;
    dv_writes *self = *writes;
    for (dv_batch_kind kind = 0; kind < DV_BATCH_KIND_COUNT; kind++) {
        HASH_CLEAR(pending, self->pending[kind]);
        batches_free(self->open[kind]);
    }
    batches_free(self->again);
    batches_free(self->in_flight);
    batches_free(self->spare);
    free(self->rows);
    free(self);
    *writes = NULL;
}
