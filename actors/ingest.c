#include "actors/ingest.h"

#include <sodium.h>
#include <uthash.h>

#include "actors/base/log.h"
#include "proto/amount.h"
#include "proto/view.h"

#define SUBMIT DV_PORT(DV_LINK_submit, 0)
#define INSERT DV_PORT(DV_LINK_insert, 0)
#define ASSIGN DV_PORT(DV_LINK_assign, 0)

/* The execution instance that is to own new orders. */
#define OWNER "execution"

/* An order on its way to the database, until persistence answers. */
typedef struct pending {
    UT_hash_handle hh;
    dv_id order_id;
    dv_peer gateway;
    uint64_t request_id;
    dv_buffer terms; /* encoded record; owned */
} pending;

typedef struct ingest {
    const dv_config *config;
    const dv_tokens *tokens;
    pending *pending;  /* by order_id */
    uint64_t load;     /* orders in flight, as execution said last */
    uint64_t assigned; /* since it said so */
    dv_peer execution; /* who said so */
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

static dv_err admit(const ingest *self)
{
    if (self->draining) return DV_ENGINE_DRAINING;
    uint64_t in_flight = self->load + self->assigned + HASH_COUNT(self->pending);
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
            &(dv_message){.type = DV_MSG_order_refused,
                          .order_refused = {.request_id = request_id,
                                            .error = error,
                                            .field = dv_text_of(field)}});
}

static void on_order_submit(void *context, const dv_envelope *envelope, dv_time now,
                            dv_outbox *outbox)
{
    ingest *self = context;
    const dv_order_submit *submit = &envelope->message.order_submit;
    refusal no = check(self, &submit->terms);
    if (no.error == DV_OK) no.error = admit(self);
    if (no.error != DV_OK) {
        answer_refused(&envelope->peer, submit->request_id, no.error, no.field, outbox);
        return;
    }

    uint8_t random[10];
    randombytes_buf(random, sizeof random);
    dv_terms terms = submit->terms;
    terms.order_id = dv_id_make(now.wall_us, random);
    terms.created_at_us = (uint64_t)now.wall_us;

    pending *p = calloc(1, sizeof *p);
    if (p == NULL) abort();
    p->order_id = terms.order_id;
    p->gateway = envelope->peer;
    p->request_id = submit->request_id;
    dv_record_encode(&DV_SHAPE_terms, &terms, &p->terms);
    HASH_ADD(hh, self->pending, order_id, sizeof p->order_id, p);
    dv_send(outbox, INSERT, NULL,
            &(dv_message){.type = DV_MSG_order_insert,
                          .order_insert = {.terms = terms, .owner = dv_text_of(OWNER)}});
}

static pending *take(ingest *self, const dv_id *order_id)
{
    pending *p;
    HASH_FIND(hh, self->pending, order_id, sizeof *order_id, p);
    if (p != NULL) HASH_DEL(self->pending, p);
    return p;
}

static void pending_destroy(pending *p)
{
    dv_buffer_fini(&p->terms);
    free(p);
}

static dv_terms terms_of(const pending *p, dv_outbox *outbox)
{
    dv_terms terms;
    dv_err error = dv_record_decode(&DV_SHAPE_terms, p->terms.bytes, p->terms.size,
                                    dv_outbox_arena(outbox), &terms);
    if (error != DV_OK) abort(); /* we encoded them */
    return terms;
}

static void answer_accepted(const pending *p, const dv_view *view, bool replayed, dv_outbox *outbox)
{
    dv_send(outbox, SUBMIT, &p->gateway,
            &(dv_message){.type = DV_MSG_order_accepted,
                          .order_accepted = {
                              .request_id = p->request_id, .replayed = replayed, .view = *view}});
}

static void on_order_inserted(void *context, const dv_envelope *envelope, dv_time now,
                              dv_outbox *outbox)
{
    ingest *self = context;
    (void)now;
    const dv_order_inserted *inserted = &envelope->message.order_inserted;
    pending *p = take(self, &inserted->order_id);
    if (p == NULL) return; /* answered before */
    dv_terms terms = terms_of(p, outbox);
    dv_view view = {.terms = terms, .events = &inserted->event, .events_count = 1};
    answer_accepted(p, &view, false, outbox);
    dv_send(
        outbox, ASSIGN, &self->execution,
        &(dv_message){.type = DV_MSG_order_assign,
                      .order_assign.job = {.terms = terms, .state = DV_STATE_pending, .epoch = 1}});
    self->assigned++;
    dv_info("accepted", &terms.order_id, dv_kv_text("token_in", terms.token_in),
            dv_kv_text("token_out", terms.token_out),
            dv_kv_number("amount", (int64_t)terms.amount));
    pending_destroy(p);
}

static void on_order_exists(void *context, const dv_envelope *envelope, dv_time now,
                            dv_outbox *outbox)
{
    ingest *self = context;
    (void)now;
    const dv_order_exists *exists = &envelope->message.order_exists;
    pending *p = take(self, &exists->order_id);
    if (p == NULL) return;
    dv_terms terms = terms_of(p, outbox);
    if (same_order(&terms, &exists->view.terms))
        answer_accepted(p, &exists->view, true, outbox);
    else
        answer_refused(&p->gateway, p->request_id, DV_ORDER_KEY_REUSED, "client_order_id", outbox);
    pending_destroy(p);
}

static void on_insert_refused(void *context, const dv_envelope *envelope, dv_time now,
                              dv_outbox *outbox)
{
    ingest *self = context;
    (void)now;
    const dv_insert_refused *refused = &envelope->message.insert_refused;
    pending *p = take(self, &refused->order_id);
    if (p == NULL) return;
    answer_refused(&p->gateway, p->request_id, (dv_err)refused->error, "", outbox);
    pending_destroy(p);
}

static void on_load(void *context, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    ingest *self = context;
    (void)now;
    (void)outbox;
    self->execution = envelope->peer;
    self->load = envelope->message.load.in_flight;
    self->assigned = 0;
}

/* ---- life ------------------------------------------------------------------------------- */

static void drain(void *context, dv_time now, dv_outbox *outbox)
{
    (void)now;
    (void)outbox;
    ((ingest *)context)->draining = true;
}

static bool drained(const void *context)
{
    return HASH_COUNT(((const ingest *)context)->pending) == 0;
}

static void destroy(void **context)
{
    ingest *self = *context;
    if (self == NULL) return;
    pending *p, *next;
    HASH_ITER(hh, self->pending, p, next)
    {
        HASH_DEL(self->pending, p);
        pending_destroy(p);
    }
    free(self);
    *context = NULL;
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_order_submit] = on_order_submit,
    [DV_MSG_order_inserted] = on_order_inserted,
    [DV_MSG_order_exists] = on_order_exists,
    [DV_MSG_insert_refused] = on_insert_refused,
    [DV_MSG_load] = on_load,
};

const dv_actor_class DV_INGEST_CLASS = {
    .name = "ingest",
    .handlers = HANDLERS,
    .drain = drain,
    .drained = drained,
    .destroy = destroy,
};

void *dv_ingest_new(const dv_config *config, const dv_tokens *tokens)
{
    ingest *self = calloc(1, sizeof *self);
    if (self == NULL || sodium_init() < 0) abort();
    self->config = config;
    self->tokens = tokens;
    return self;
}
