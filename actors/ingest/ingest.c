#include "actors/ingest/ingest.h"

#include <uthash.h>

#include "actors/base/heap.h"
#include "actors/base/log.h"
#include "proto/amount.h"
#include "proto/codec.h"
#include "proto/view.h"

#define SUBMIT DV_PORT(DV_LINK_submit, 0)
#define INSERT DV_PORT(DV_LINK_insert, 0)
#define ASSIGN DV_PORT(DV_LINK_assign, 0)

#define EXECUTIONS_MAX 64
#define SILENT_AFTER_NS (1500 * DV_NS_PER_MS)  /* an instance tells its load ten times a second */
#define FORGET_AFTER_NS (60000 * DV_NS_PER_MS) /* an instance that does not come back */
#define INSERT_AGAIN_NS (1000 * DV_NS_PER_MS)  /* an insert without an answer is sent again, */
#define INSERT_AGAIN_FACTOR 2                  /* after so many times as long each time, */
#define INSERTS_MAX 4                          /* and given up after the last one's time */

/* An order on its way to the database, until persistence answers. */
typedef struct pending {
    UT_hash_handle hh;
    dv_timer timer; /* when to send it again */
    uint32_t sends;
    dv_id order_id;
    dv_peer gateway;
    uint64_t request_id;
    dv_peer execution;           /* who is to have it */
    char owner[DV_NAME_MAX + 1]; /* which incarnation */
    dv_terms terms;              /* with its texts in `text` */
    char text[];
} pending;

/* An execution instance, as it said last. */
typedef struct execution {
    dv_peer peer; /* size 0: this place is free */
    char owner[DV_NAME_MAX + 1];
    bool accepting, pressed;
    uint64_t load;     /* orders that it has in flight */
    uint64_t assigned; /* since it said so */
    int64_t heard_at_ns;
} execution;

typedef struct ingest {
    const dv_ingest_config *config;
    const dv_tokens *tokens;
    pending *pending; /* by order_id */
    dv_heap timers;   /* of pending */
    execution executions[EXECUTIONS_MAX];
    bool draining;
} ingest;

/* ---- decisions -------------------------------------------------------------------------- */

/* What is wrong with an order, and which field of terms it is. */
typedef struct refusal {
    dv_err error;
    const char *field;
} refusal;

static refusal check(const ingest *self, const dv_terms *terms)
{
    if (dv_id_is_nil(&terms->order_id)) return (refusal){DV_REQUEST_INVALID, "order_id"};
    if (terms->order_type != DV_ORDER_MARKET)
        return (refusal){DV_ORDER_TYPE_UNSUPPORTED, "order_type"};
    if (dv_tokens_by_mint(self->tokens, terms->token_in) == NULL)
        return (refusal){DV_ORDER_TOKEN_UNKNOWN, "token_in"};
    if (dv_tokens_by_mint(self->tokens, terms->token_out) == NULL)
        return (refusal){DV_ORDER_TOKEN_UNKNOWN, "token_out"};
    if (dv_text_equal(terms->token_in, terms->token_out))
        return (refusal){DV_ORDER_TOKENS_EQUAL, "token_out"};
    if (terms->amount == 0 || terms->swap_mode > DV_EXACT_OUT)
        return (refusal){DV_ORDER_AMOUNT_INVALID, "amount"};
    return (refusal){DV_OK, ""};
}

/* Orders of an instance that was heard of not long ago; those of others may be anybody's. */
static uint64_t load_of(const execution *e, dv_time now)
{
    bool forgotten = e->peer.size == 0 || now.mono_ns - e->heard_at_ns > FORGET_AFTER_NS;
    return forgotten ? 0 : e->load + e->assigned;
}

static bool takes_orders(const execution *e, dv_time now)
{
    return e->peer.size > 0 && e->accepting && now.mono_ns - e->heard_at_ns < SILENT_AFTER_NS;
}

/* Whether an instance is a better choice than another: before one that is pressed, and before one
   with more orders. */
static bool is_better(const execution *e, const execution *than, dv_time now)
{
    if (e->pressed != than->pressed) return than->pressed;
    return load_of(e, now) < load_of(than, now);
}

/* The best instance among those that take orders; NULL when there is none. */
static execution *execution_choose(ingest *self, dv_time now)
{
    execution *best = NULL;
    for (uint32_t i = 0; i < EXECUTIONS_MAX; i++) {
        execution *e = &self->executions[i];
        if (takes_orders(e, now) && (best == NULL || is_better(e, best, now))) best = e;
    }
    return best;
}

static dv_err admit(const ingest *self, dv_time now)
{
    if (self->draining) return DV_ENGINE_DRAINING;
    uint64_t in_flight = HASH_COUNT(self->pending);
    for (uint32_t i = 0; i < EXECUTIONS_MAX; i++) in_flight += load_of(&self->executions[i], now);
    return in_flight >= self->config->in_flight_max ? DV_ENGINE_FULL : DV_OK;
}

/* Whether two orders ask for the same thing, however they were written. */
static bool same_order(const dv_terms *a, const dv_terms *b)
{
    return a->order_type == b->order_type && a->swap_mode == b->swap_mode &&
           a->amount == b->amount && a->slippage_bps == b->slippage_bps &&
           dv_text_equal(a->token_in, b->token_in) && dv_text_equal(a->token_out, b->token_out);
}

/* ---- handlers --------------------------------------------------------------------------- */

static void answer_refused(const dv_peer *gateway, uint64_t request_id, dv_err error,
                           const char *field, dv_outbox *outbox)
{
    dv_send(outbox, SUBMIT, gateway,
            &(dv_message){.type = DV_MSG_submit_refusal,
                          .request_id = request_id,
                          .submit_refusal = {.error = error, .field = dv_text_of(field)}});
}

/* A pending order with a copy of its terms. */
static pending *pending_new(const dv_terms *terms)
{
    pending *p = calloc(1, sizeof *p + dv_record_borrowed_size(&DV_SHAPE_terms, terms));
    if (p == NULL) abort();
    p->terms = *terms;
    dv_record_borrow_from(&DV_SHAPE_terms, &p->terms, p->text);
    return p;
}

static void insert_send(ingest *self, pending *p, dv_time now, dv_outbox *outbox)
{
    int64_t wait_ns = INSERT_AGAIN_NS;
    for (uint32_t i = 0; i < p->sends; i++) wait_ns *= INSERT_AGAIN_FACTOR;
    p->sends++;
    dv_heap_set(&self->timers, &p->timer, now.mono_ns + wait_ns);
    dv_send(outbox, INSERT, NULL,
            &(dv_message){.type = DV_MSG_insert_request,
                          .insert_request = {.terms = p->terms, .owner = dv_text_of(p->owner)}});
}

static pending *pending_find(const ingest *self, const dv_id *order_id)
{
    pending *p;
    HASH_FIND(hh, self->pending, order_id, sizeof *order_id, p);
    return p;
}

/* A gateway sends an order again until it is answered, perhaps to another ingest: its id makes all
   of these one order. */
DV_HANDLER(ingest, submit_request)
{
    pending *p = pending_find(self, &message->terms.order_id);
    if (p != NULL) {
        p->gateway = envelope->peer;
        p->request_id = envelope->message.request_id;
        return;
    }
    refusal no = check(self, &message->terms);
    if (no.error == DV_OK) no.error = admit(self, now);
    execution *e = execution_choose(self, now);
    if (no.error == DV_OK && e == NULL) no.error = DV_ENGINE_NOT_READY;
    if (no.error == DV_OK && e->pressed) no.error = DV_ENGINE_FULL;
    if (no.error != DV_OK) {
        answer_refused(&envelope->peer, envelope->message.request_id, no.error, no.field, outbox);
        return;
    }

    dv_terms terms = message->terms;
    terms.created_at_us = (uint64_t)now.wall_us;
    p = pending_new(&terms);
    p->order_id = terms.order_id;
    p->gateway = envelope->peer;
    p->request_id = envelope->message.request_id;
    p->execution = e->peer;
    memcpy(p->owner, e->owner, sizeof p->owner);
    HASH_ADD(hh, self->pending, order_id, sizeof p->order_id, p);
    insert_send(self, p, now, outbox);
}

static pending *take(ingest *self, const dv_id *order_id)
{
    pending *p = pending_find(self, order_id);
    if (p == NULL) return NULL;
    HASH_DEL(self->pending, p);
    dv_heap_unset(&self->timers, &p->timer);
    return p;
}

static void answer_accepted(const pending *p, const dv_view *view, bool replayed, dv_outbox *outbox)
{
    dv_send(outbox, SUBMIT, &p->gateway,
            &(dv_message){.type = DV_MSG_submit_reply,
                          .request_id = p->request_id,
                          .submit_reply = {.replayed = replayed, .view = *view}});
}

/* Counts an order as its owner's until that tells its load again. */
static void assigned_count(ingest *self, const pending *p)
{
    for (uint32_t i = 0; i < EXECUTIONS_MAX; i++)
        if (strcmp(self->executions[i].owner, p->owner) == 0) self->executions[i].assigned++;
}

/* Whether the order is committed for the instance chosen here. When another ingest's insert of the
   same order came first, it is another's, and two owners in one epoch would be one too many: that
   ingest assigns it, or the owner's sweep finds it. */
static bool owns(const pending *p, dv_text committed)
{
    return committed.size == 0 || dv_text_is(committed, p->owner);
}

static void assign(ingest *self, const pending *p, const dv_terms *terms, dv_outbox *outbox)
{
    dv_job job = {.terms = *terms, .state = DV_STATE_pending, .epoch = 1};
    dv_send(outbox, ASSIGN, &p->execution,
            &(dv_message){.type = DV_MSG_assign_order, .assign_order.job = job});
    assigned_count(self, p);
}

DV_HANDLER(ingest, insert_reply)
{
    pending *p = take(self, &message->order_id);
    if (p == NULL) return; /* answered before */
    dv_terms terms = p->terms;
    terms.created_at_us = message->event.at_us; /* of the first insert */
    dv_view view = {.terms = terms, .events = &message->event, .events_count = 1};
    answer_accepted(p, &view, false, outbox);
    if (owns(p, message->owner)) assign(self, p, &terms, outbox);
    dv_info("accepted", &terms.order_id, dv_kv_text("token_in", terms.token_in),
            dv_kv_text("token_out", terms.token_out),
            dv_kv_number("amount", (int64_t)terms.amount));
    free(p);
}

DV_HANDLER(ingest, insert_conflict)
{
    pending *p = take(self, &message->order_id);
    if (p == NULL) return;
    if (same_order(&p->terms, &message->view.terms))
        answer_accepted(p, &message->view, true, outbox);
    else
        answer_refused(&p->gateway, p->request_id, DV_ORDER_KEY_REUSED, "client_order_id", outbox);
    free(p);
}

DV_HANDLER(ingest, insert_refusal)
{
    pending *p = pending_find(self, &message->order_id);
    if (p == NULL) return;
    /* Only this one send surely stored nothing: an earlier one may have. Ask until it is known. */
    if (p->sends > 1 && message->error != DV_STORE_REFUSED) return;
    take(self, &message->order_id);
    answer_refused(&p->gateway, p->request_id, (dv_err)message->error, "", outbox);
    free(p);
}

/* The place of an instance, or that of the one silent for longest. */
static execution *execution_place(ingest *self, const dv_peer *peer)
{
    execution *oldest = &self->executions[0];
    for (uint32_t i = 0; i < EXECUTIONS_MAX; i++) {
        execution *e = &self->executions[i];
        if (e->peer.size == peer->size && memcmp(e->peer.bytes, peer->bytes, peer->size) == 0)
            return e;
        if (oldest->peer.size > 0 && (e->peer.size == 0 || e->heard_at_ns < oldest->heard_at_ns))
            oldest = e;
    }
    return oldest;
}

DV_HANDLER(ingest, load_event)
{
    execution *e = execution_place(self, &envelope->peer);
    *e = (execution){.peer = envelope->peer,
                     .accepting = message->accepting == 1,
                     .pressed = message->pressed == 1,
                     .load = message->in_flight,
                     .heard_at_ns = now.mono_ns};
    dv_text_copy(e->owner, sizeof e->owner, message->owner);
}

/* ---- due work --------------------------------------------------------------------------- */

/* An insert that nobody answers is given up: no client was told that it is stored, and if it is,
   its owner finds it. */
static void pending_due(ingest *self, pending *p, dv_time now, dv_outbox *outbox)
{
    if (p->sends < INSERTS_MAX) {
        insert_send(self, p, now, outbox);
        return;
    }
    dv_warn("insert_unanswered", &p->order_id, dv_kv_number("sends", p->sends));
    answer_refused(&p->gateway, p->request_id, DV_ENGINE_TIMEOUT, "", outbox);
    free(take(self, &p->order_id));
}

static int64_t tick(void *actor, dv_time now, dv_outbox *outbox)
{
    ingest *self = actor;
    dv_timer *timer;
    while ((timer = dv_heap_pop_due(&self->timers, now.mono_ns)) != NULL)
        pending_due(self, DV_TIMER_OWNER(timer, pending, timer), now, outbox);
    return dv_heap_next(&self->timers);
}

/* ---- life ------------------------------------------------------------------------------- */

static void drain(void *actor, dv_time now, dv_outbox *outbox)
{
    (void)now;
    (void)outbox;
    ((ingest *)actor)->draining = true;
}

static bool drained(const void *actor)
{
    return HASH_COUNT(((const ingest *)actor)->pending) == 0;
}

static void destroy(void **actor)
{
    ingest *self = *actor;
    if (self == NULL) return;
    pending *p, *next;
    HASH_ITER (hh, self->pending, p, next) {
        HASH_DEL(self->pending, p);
        free(p);
    }
    dv_heap_fini(&self->timers);
    free(self);
    *actor = NULL;
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_submit_request] = on_submit_request,   [DV_MSG_insert_reply] = on_insert_reply,
    [DV_MSG_insert_conflict] = on_insert_conflict, [DV_MSG_insert_refusal] = on_insert_refusal,
    [DV_MSG_load_event] = on_load_event,
};

const dv_actor_class DV_INGEST_CLASS = {
    .name = "ingest",
    .handlers = HANDLERS,
    .tick = tick,
    .drain = drain,
    .drained = drained,
    .destroy = destroy,
};

void *dv_ingest_new(const dv_ingest_config *config, const dv_tokens *tokens)
{
    ingest *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->config = config;
    self->tokens = tokens;
    return self;
}
