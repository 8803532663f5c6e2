#include "actors/execution/execution.h"

#include "actors/base/log.h"
#include "actors/execution/backoff.h"
#include "actors/execution/choice.h"
#include "actors/execution/order.h"
#include "actors/execution/ownership.h"
#include "proto/amount.h"
#include "proto/base58.h"
#include "proto/view.h"

#define ASSIGN DV_PORT(DV_LINK_assign, 0)
#define SCHEDULE DV_PORT(DV_LINK_schedule, 0)

#define STEP_AGAIN_MIN_NS (2000 * DV_NS_PER_MS)  /* a step without an answer is sent again, */
#define STEP_AGAIN_MAX_NS (30000 * DV_NS_PER_MS) /* after twice as long each time */
#define LOAD_EVERY_NS (100 * DV_NS_PER_MS)       /* ingest hears how many orders there are */
#define PRESSED_STEPS 1000                      /* fewer that wait are no sign of too many orders */
#define EARLY_US (50 * DV_US_PER_MS)            /* a retry may begin this much before it is due */
#define RESUME_EVERY_NS (DV_NS_PER_MS / 4)      /* between two claimed orders that go on */
#define RESUME_LATER_NS (100 * DV_NS_PER_MS)    /* while more are being claimed */
#define UNKNOWN_AGAIN_NS (30000 * DV_NS_PER_MS) /* between looks at one that may have traded */
/* Attempts that may confirm before they are final, so that an order has no more events than its
   view can hold: five an attempt, or three. */
#define CONFIRMED_ATTEMPTS_MAX 6
_Static_assert(2 + 5 * CONFIRMED_ATTEMPTS_MAX + 3 * (DV_ATTEMPTS_MAX - CONFIRMED_ATTEMPTS_MAX) <=
                   DV_EVENTS_MAX,
               "all events of an order can be told");
/* The time to answer is cut into so many parts: the question is asked at the beginning of each. */
#define ASK_AGAIN_PARTS 2

typedef struct execution {
    const dv_execution_config *config;
    uint32_t retry_sweep_ms; /* how late a retry may be that Redis lost */
    const dv_tokens *tokens;
    uint8_t chains[DV_DEX_COUNT]; /* dv_chain of each DEX */
    dv_order *orders;             /* by id */
    dv_heap timers;
    uint64_t random; /* state of xorshift64* */
    bool draining;
    bool settled;        /* orders may be assigned to it, as of the last tick */
    uint32_t steps_open; /* orders that are stepping */
    int64_t wait_ns;     /* the longest that a step waited, of those answered since load_at_ns */
    bool answered;       /* whether any was */
    bool pressed;        /* steps wait for too long to take more orders */
    int64_t load_at_ns;
    int64_t resume_at_ns; /* when the next claimed order may go on */
    dv_ownership ownership;
} execution;

/* ---- orders in memory ------------------------------------------------------------------- */

static dv_order *order_find(execution *self, const dv_id *id)
{
    dv_order *o;
    HASH_FIND(hh, self->orders, id, sizeof *id, o);
    return o;
}

static void phase_set(execution *self, dv_order *o, dv_phase next, int64_t timer_ns)
{
    if (o->phase == DV_PHASE_STEPPING) self->steps_open--;
    if (next == DV_PHASE_STEPPING) self->steps_open++;
    o->phase = next;
    if (timer_ns == DV_NEVER)
        dv_heap_unset(&self->timers, &o->timer);
    else
        dv_heap_set(&self->timers, &o->timer, timer_ns);
}

static void order_forget(execution *self, dv_order *o)
{
    phase_set(self, o, DV_PHASE_PARKED, DV_NEVER);
    HASH_DEL(self->orders, o);
    dv_order_destroy(&o);
}

static uint32_t random_next(execution *self)
{
    self->random ^= self->random >> 12;
    self->random ^= self->random << 25;
    self->random ^= self->random >> 27;
    return (uint32_t)(self->random * 0x2545f4914f6cdd1du >> 32);
}

/* ---- steps ------------------------------------------------------------------------------ */

/* Begins the one step that the order has under way. Draining, it stays where it is committed. */
static void step_begin(execution *self, dv_order *o, dv_state to, uint8_t attempt, dv_time now,
                       dv_outbox *outbox)
{
    assert(o->phase != DV_PHASE_STEPPING && dv_state_may_move(o->state, (uint8_t)to));
    if (self->draining) {
        phase_set(self, o, DV_PHASE_PARKED, DV_NEVER);
        return;
    }
    o->step_state = (uint8_t)to;
    o->step_attempt = attempt;
    o->step_at_us = now.wall_us;
    o->step_wait_ns = STEP_AGAIN_MIN_NS;
    phase_set(self, o, DV_PHASE_STEPPING, now.mono_ns + o->step_wait_ns);
    dv_order_send_step(o, outbox);
}

/* It may have traded after all, although nothing that we know of it did (the ledger's guard says
   so): neither a new attempt nor a failure may follow. It is looked at again, and somebody should
   look. */
static void unknown_park(execution *self, dv_order *o, dv_err error, dv_text text, dv_time now)
{
    dv_error("outcome_unknown", &o->id, dv_kv_number("attempt", o->attempt),
             dv_kv_string("error", dv_err_name((uint16_t)error)), dv_kv_text("text", text));
    phase_set(self, o, DV_PHASE_PARKED, now.mono_ns + UNKNOWN_AGAIN_NS);
}

/* An attempt has ended in an error, and surely without a trade: fail the order or try again. */
static void attempt_failed(execution *self, dv_order *o, dv_err error, dv_text text, dv_time now,
                           dv_outbox *outbox)
{
    dv_error_class class = dv_err_class((uint16_t)error);
    /* A transaction that failed for the guard is over: a new attempt finds the one that traded. */
    bool guarded = dv_state_is_sent(o->state) && error == DV_VENUE_ORDER_GUARDED &&
                   o->attempt < DV_ATTEMPTS_MAX;
    if (class == DV_CLASS_UNKNOWN && !guarded) {
        unknown_park(self, o, error, text, now);
        return;
    }
    bool again = class != DV_CLASS_REJECT && class != DV_CLASS_FATAL &&
                 o->attempt < self->config->attempts_max;
    free(o->error_text);
    o->error_text = text.size > 0 ? strndup(text.at, text.size) : NULL;
    o->step_error = error;
    o->step_due_us = 0;
    uint8_t next = o->attempt;
    again = again || guarded;
    if (again) {
        next++;
        o->step_due_us = now.wall_us + dv_retry_wait_us(self->config, next, random_next(self));
    }
    dv_info(again ? "retrying" : "failing", &o->id, dv_kv_number("attempt", o->attempt),
            dv_kv_string("error", dv_err_name((uint16_t)error)), dv_kv_text("text", text));
    step_begin(self, o, again ? DV_STATE_routing : DV_STATE_failed, next, now, outbox);
}

/* ---- routing ---------------------------------------------------------------------------- */

static void quotes_ask(execution *self, dv_order *o, uint8_t attempt, dv_time now,
                       dv_outbox *outbox)
{
    dv_order_clear_quotes(o);
    o->asked_attempt = attempt;
    o->answer_by_ns = now.mono_ns + self->config->quote_timeout_ms * DV_NS_PER_MS;
    dv_order_ask_quotes(o, outbox);
}

/* Waits in a phase for an answer, at most until answer_by_ns, and before that until it is time to ask
   again: the actor that was asked may have died with the question. */
static void answer_await(execution *self, dv_order *o, dv_phase in, uint32_t timeout_ms,
                         dv_time now)
{
    int64_t again_ns = now.mono_ns + timeout_ms * DV_NS_PER_MS / ASK_AGAIN_PARTS;
    phase_set(self, o, in, dv_min_i64(again_ns, o->answer_by_ns));
}

static void routed_log(const execution *self, const dv_order *o)
{
    if (!dv_log_wants(DV_LOG_INFO)) return;
    const dv_token *in = dv_tokens_by_mint(self->tokens, dv_text_of(o->token_in));
    const dv_token *out = dv_tokens_by_mint(self->tokens, dv_text_of(o->token_out));
    char prices[DV_DEX_COUNT][DV_AMOUNT_TEXT_SIZE];
    dv_kv pairs[2 + DV_DEX_COUNT] = {dv_kv_number("attempt", o->attempt),
                                     dv_kv_string("dex", DV_ORDER_DEXES[o->chosen])};
    for (uint8_t dex = 0; dex < DV_DEX_COUNT; dex++) {
        const dv_quote *q = &o->quotes[dex].quote;
        dv_price_format(q->amount_in, in ? in->decimals : 0, q->amount_out, out ? out->decimals : 0,
                        0, prices[dex]);
        const char *shown = q->error ? dv_err_name((uint16_t)q->error) : prices[dex];
        pairs[2 + dex] = dv_kv_string(DV_ORDER_DEXES[dex], shown);
    }
    dv_log_write(DV_LOG_INFO, "routed", &o->id, pairs, 2 + DV_DEX_COUNT);
}

/* All quotes are in, or their time is up. */
static void route(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    for (uint8_t dex = 0; dex < DV_DEX_COUNT; dex++)
        if (!dv_order_has_quote(o, dex)) dv_order_set_quote_late(o, dex);
    dv_quote quotes[DV_DEX_COUNT];
    dv_order_quotes(o, quotes);
    dv_err error = DV_OK;
    o->chosen = dv_route_choose(quotes, DV_DEX_COUNT, &error);
    if (o->chosen < 0) {
        attempt_failed(self, o, error, (dv_text){0}, now, outbox);
        return;
    }
    o->limit_amount = dv_route_limit(o->mode, &quotes[o->chosen], o->slippage_bps);
    routed_log(self, o);
    step_begin(self, o, DV_STATE_building, o->attempt, now, outbox);
}

/* ---- building and landing --------------------------------------------------------------- */

/* The leg is stored nowhere: it is asked for again after a restart, and when a build is late. */
static void leg_ask(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    answer_await(self, o, DV_PHASE_LEG, self->config->build_timeout_ms, now);
    dv_order_ask_leg(o, outbox);
}

/* The transaction is built; its chain signs it itself, or leaves that to the signer. */
static void sign_request(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    answer_await(self, o, DV_PHASE_SIGNING, self->config->build_timeout_ms, now);
    dv_order_ask_signature(o, outbox);
}

/* The outcome is still not known: ask, and every other time send the same bytes again. */
static void look_again(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    if (o->looks++ % 2 == 0)
        dv_order_check_transaction(o, outbox);
    else
        dv_order_send_transaction(o, outbox);
    phase_set(self, o, DV_PHASE_LANDING, now.mono_ns + self->config->resend_ms * DV_NS_PER_MS);
}

/* ---- from one committed state on -------------------------------------------------------- */

static void attempt_begin(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    if (o->asked_attempt != o->attempt) quotes_ask(self, o, o->attempt, now, outbox);
    if (dv_order_has_all_quotes(o))
        route(self, o, now, outbox);
    else
        answer_await(self, o, DV_PHASE_QUOTING, self->config->quote_timeout_ms, now);
}

static void enter_routing(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    if (o->due_at_us <= now.wall_us) {
        attempt_begin(self, o, now, outbox);
        return;
    }
    /* No longer than an attempt ever waits: the clock that set the time may have been wrong. */
    int64_t most_us = dv_retry_wait_us(self->config, o->attempt, UINT32_MAX);
    int64_t late_us =
        dv_min_i64(o->due_at_us - now.wall_us, most_us) + self->retry_sweep_ms * DV_US_PER_MS;
    phase_set(self, o, DV_PHASE_WAITING, now.mono_ns + late_us * DV_NS_PER_US);
    dv_send(outbox, SCHEDULE, NULL,
            &(dv_message){.type = DV_MSG_arm_retry,
                          .arm_retry = {.order_id = o->id,
                                        .attempt = o->attempt,
                                        .due_at_us = (uint64_t)o->due_at_us}});
}

/* Goes on from the state that was committed last. The order may be gone afterwards. */
static void enter(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    bool ends = dv_state_terminal(o->state);
    bool judged = dv_state_is_sent(o->state) && o->state != DV_STATE_submitted; /* by the chain */
    if (ends || judged)
        dv_info(dv_state_name(o->state), &o->id, dv_kv_number("attempt", o->attempt),
                dv_kv_string("tx", o->signature));
    if (ends) {
        order_forget(self, o);
        return;
    }
    if (self->draining) {
        phase_set(self, o, DV_PHASE_PARKED, DV_NEVER);
        return;
    }
    switch (o->state) {
    case DV_STATE_pending:
        /* A quote changes nothing, so it need not wait for the commit. */
        quotes_ask(self, o, 1, now, outbox);
        step_begin(self, o, DV_STATE_routing, 1, now, outbox);
        break;
    case DV_STATE_routing: enter_routing(self, o, now, outbox); break;
    case DV_STATE_building:
        o->answer_by_ns = now.mono_ns + self->config->build_timeout_ms * DV_NS_PER_MS;
        leg_ask(self, o, now, outbox);
        break;
    case DV_STATE_submitted:
    case DV_STATE_confirmed: /* the chain goes on watching it */
    case DV_STATE_superseded:
        o->looks = 0;
        dv_order_forget_quotes(o);
        dv_order_send_transaction(o, outbox);
        phase_set(self, o, DV_PHASE_LANDING, now.mono_ns + self->config->resend_ms * DV_NS_PER_MS);
        break;
    default: break; /* watching: no order type of ours waits there */
    }
}

/* Takes an order as committed, whether it is new here or was claimed anew, to go on with it at a
   monotonic time. */
static void adopt(execution *self, const dv_job *job, int64_t at_ns, dv_time now, dv_outbox *outbox)
{
    const dv_terms *terms = &job->terms;
    dv_order *o = order_find(self, &terms->order_id);
    if (o == NULL) {
        o = calloc(1, sizeof *o);
        if (o == NULL) abort();
        o->id = terms->order_id;
        o->chains = self->chains;
        HASH_ADD(hh, self->orders, id, sizeof o->id, o);
    }
    phase_set(self, o, DV_PHASE_PARKED, DV_NEVER);
    dv_order_load(o, job);
    bool is_sent = dv_state_is_sent(o->state);
    if (is_sent && o->transaction_size == 0) {
        dv_error("transaction_missing", &o->id, dv_kv_number("attempt", o->attempt));
        order_forget(self, o); /* nothing may be concluded from it: the sweep has it read again */
        return;
    }
    if ((is_sent || o->state == DV_STATE_building) && o->chosen < 0) {
        dv_error("venue_unknown", &o->id, dv_kv_text("venue", job->attempt.venue));
        return; /* parked: a build that has this venue goes on with it */
    }
    if (at_ns > now.mono_ns)
        phase_set(self, o, DV_PHASE_PARKED, at_ns);
    else
        enter(self, o, now, outbox);
}

/* ---- handlers --------------------------------------------------------------------------- */

DV_HANDLER(execution, assign_order)
{
    const dv_job *job = &message->job;
    if (self->draining || order_find(self, &job->terms.order_id) != NULL) return;
    adopt(self, job, now.mono_ns, now, outbox);
}

/* Notes how long a step has waited for its answer. */
static void wait_note(execution *self, const dv_order *o, dv_time now)
{
    int64_t sent_ns = o->timer.at_ns - o->step_wait_ns; /* the last time that it was */
    self->wait_ns = dv_max_i64(self->wait_ns, now.mono_ns - sent_ns);
    self->answered = true;
}

DV_HANDLER(execution, step_reply)
{
    dv_order *o = order_find(self, &message->order_id);
    if (o == NULL || o->phase != DV_PHASE_STEPPING || message->epoch != o->epoch ||
        message->to_state != o->step_state || message->attempt != o->step_attempt ||
        (message->signature.size > 0 && !dv_text_is(message->signature, o->signature)))
        return; /* an answer to a step of the past, perhaps to one that signed other bytes */
    if (message->error == DV_ENGINE_FULL || message->error == DV_STORE_AWAY)
        return; /* sent again */
    wait_note(self, o, now);
    if (message->error != DV_OK) {
        dv_warn("order_lost", &o->id, dv_kv_string("to", dv_state_name(o->step_state)),
                dv_kv_string("error", dv_err_name((uint16_t)message->error)));
        order_forget(self, o);
        return;
    }
    if (o->step_state == DV_STATE_routing) o->due_at_us = o->step_due_us;
    dv_order_enter(o, o->step_state, o->step_attempt);
    phase_set(self, o, DV_PHASE_PARKED, DV_NEVER);
    enter(self, o, now, outbox);
}

DV_HANDLER(execution, quote_reply)
{
    dv_order *o = order_find(self, &message->order_id);
    if (o == NULL || message->attempt != o->asked_attempt || o->chosen >= 0) return;
    dv_order_set_quote(o, DV_PORT_INDEX(envelope->port), &message->quote);
    if (o->phase == DV_PHASE_QUOTING && dv_order_has_all_quotes(o)) route(self, o, now, outbox);
}

DV_HANDLER(execution, leg_reply)
{
    dv_order *o = order_find(self, &message->order_id);
    if (o == NULL || o->phase != DV_PHASE_LEG || message->attempt != o->attempt) return;
    if (message->error != DV_OK) {
        attempt_failed(self, o, (dv_err)message->error, message->error_text, now, outbox);
        return;
    }
    answer_await(self, o, DV_PHASE_BUILDING, self->config->build_timeout_ms, now);
    dv_order_ask_build(o, &message->leg, outbox);
}

/* A build that was asked for first may come while the leg is asked for again: it is as good. */
DV_HANDLER(execution, build_reply)
{
    dv_order *o = order_find(self, &message->order_id);
    if (o == NULL || (o->phase != DV_PHASE_BUILDING && o->phase != DV_PHASE_LEG) ||
        message->attempt != o->attempt)
        return;
    if (message->error != DV_OK) {
        attempt_failed(self, o, (dv_err)message->error, message->error_text, now, outbox);
        return;
    }
    dv_text_copy(o->signature, sizeof o->signature, message->signature);
    dv_order_set_transaction(o, message->transaction);
    o->last_valid_block_height = message->last_valid_block_height;
    if (message->signature.size > 0) {
        step_begin(self, o, DV_STATE_submitted, o->attempt, now, outbox);
        return;
    }
    o->answer_by_ns = now.mono_ns + self->config->build_timeout_ms * DV_NS_PER_MS;
    sign_request(self, o, now, outbox);
}

/* Takes over what the signer made of the message; false, and nothing changed, when that is not the
   message with one signature before it. */
static bool signed_take(dv_order *o, const dv_sign_reply *told)
{
    enum { ONE_SIGNATURE = 1, BEFORE = 1 + 64 }; /* its count, and it */
    dv_text t = told->transaction;
    if (t.size != BEFORE + o->transaction_size || t.at[0] != ONE_SIGNATURE ||
        memcmp(t.at + BEFORE, o->transaction, o->transaction_size) != 0)
        return false;
    char name[DV_BASE58_TEXT_SIZE];
    dv_base58_encode((const uint8_t *)t.at + 1, BEFORE - 1, name);
    if (!dv_text_is(told->signature, name)) return false;
    dv_text_copy(o->signature, sizeof o->signature, told->signature);
    dv_order_set_transaction(o, t);
    return true;
}

/* Nothing was sent yet, so an attempt that gets no signature has surely not traded. */
DV_HANDLER(execution, sign_reply)
{
    dv_order *o = order_find(self, &message->order_id);
    if (o == NULL || o->phase != DV_PHASE_SIGNING || message->attempt != o->attempt) return;
    if (message->error != DV_OK)
        attempt_failed(self, o, (dv_err)message->error, message->error_text, now, outbox);
    else if (signed_take(o, message))
        step_begin(self, o, DV_STATE_submitted, o->attempt, now, outbox);
    else
        dv_error("signed_otherwise", &o->id, dv_kv_number("attempt", o->attempt));
}

static void traded(execution *self, dv_order *o, const dv_status_reply *status, dv_state to,
                   dv_time now, dv_outbox *outbox)
{
    o->amount_in = status->amount_in;
    o->amount_out = status->amount_out;
    step_begin(self, o, to, o->attempt, now, outbox);
}

/* A transaction ended without a trade. Of one that was confirmed, that is taken back first. */
static void not_traded(execution *self, dv_order *o, const dv_status_reply *status, dv_time now,
                       dv_outbox *outbox)
{
    dv_err error = status->error ? (dv_err)status->error : DV_VENUE_TRANSACTION_FAILED;
    if (o->state == DV_STATE_confirmed)
        step_begin(self, o, DV_STATE_superseded, o->attempt, now, outbox);
    else
        attempt_failed(self, o, error, status->error_text, now, outbox);
}

DV_HANDLER(execution, status_reply)
{
    dv_order *o = order_find(self, &message->order_id);
    if (o == NULL || o->phase != DV_PHASE_LANDING || !dv_text_is(message->signature, o->signature))
        return;
    switch (message->outcome) {
    case DV_SWAP_FINALIZED: traded(self, o, message, DV_STATE_finalized, now, outbox); break;
    case DV_SWAP_FAILED:
    case DV_SWAP_DEAD: not_traded(self, o, message, now, outbox); break;
    case DV_SWAP_CONFIRMED: /* once superseded, only what is final counts */
        if (o->state == DV_STATE_submitted && o->attempt <= CONFIRMED_ATTEMPTS_MAX)
            traded(self, o, message, DV_STATE_confirmed, now, outbox);
        break;
    case DV_SWAP_SUPERSEDED:
        if (o->state == DV_STATE_confirmed) not_traded(self, o, message, now, outbox);
        break;
    default: break; /* unknown: the timer looks again */
    }
}

/* Begins the attempt that waited; the schedule may forget it. */
static void wait_end(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    dv_send(outbox, SCHEDULE, NULL,
            &(dv_message){.type = DV_MSG_forget_retry,
                          .forget_retry = {.order_id = o->id, .attempt = o->attempt}});
    attempt_begin(self, o, now, outbox);
}

DV_HANDLER(execution, retry_event)
{
    dv_order *o = order_find(self, &message->order_id);
    bool waits = o != NULL && o->phase == DV_PHASE_WAITING && o->attempt == message->attempt;
    if (!waits)
        dv_send(outbox, SCHEDULE, NULL,
                &(dv_message){
                    .type = DV_MSG_forget_retry,
                    .forget_retry = {.order_id = message->order_id, .attempt = message->attempt}});
    else if (o->due_at_us <= now.wall_us + EARLY_US) /* if not: its lease brings it back */
        wait_end(self, o, now, outbox);
}

/* Claimed orders go on one after the other, so that claiming very many is done soon, and neither
   persistence nor the venues meet all of them at once. */
DV_HANDLER(execution, claim_item)
{
    const dv_job *job = &message->job;
    const dv_order *known = order_find(self, &job->terms.order_id);
    if (known != NULL && known->epoch >= job->epoch) return;
    self->resume_at_ns = dv_max_i64(self->resume_at_ns, now.mono_ns) + RESUME_EVERY_NS;
    adopt(self, job, self->resume_at_ns, now, outbox);
}

DV_HANDLER(execution, claim_reply)
{
    dv_ownership_claim_done(&self->ownership, message, now);
}

/* Superseded, it has no orders any more: the incarnation that has its name claims them. */
DV_HANDLER(execution, lease_reply)
{
    if (!dv_ownership_told(&self->ownership, message, now)) return;
    dv_order *o, *next;
    HASH_ITER (hh, self->orders, o, next) order_forget(self, o);
}

static bool has_order(void *context, const dv_id *order_id, uint64_t epoch)
{
    const dv_order *o = order_find(context, order_id);
    return o != NULL && o->epoch >= epoch;
}

DV_HANDLER(execution, owned_reply)
{
    dv_ownership_owned(&self->ownership, message, has_order, self, now, outbox);
}

/* ---- due work ----------------------------------------------------------------------------- */

static void step_again(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    o->step_wait_ns = dv_min_i64(o->step_wait_ns * 2, STEP_AGAIN_MAX_NS);
    dv_heap_set(&self->timers, &o->timer, now.mono_ns + o->step_wait_ns);
    dv_order_send_step(o, outbox);
}

static void quotes_due(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    if (now.mono_ns >= o->answer_by_ns) {
        route(self, o, now, outbox);
        return;
    }
    dv_order_ask_quotes(o, outbox);
    answer_await(self, o, DV_PHASE_QUOTING, self->config->quote_timeout_ms, now);
}

static void build_due(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    const char *why =
        o->phase == DV_PHASE_LEG ? "the router did not answer" : "the chain did not answer";
    if (now.mono_ns < o->answer_by_ns)
        leg_ask(self, o, now, outbox);
    else
        attempt_failed(self, o, DV_VENUE_BUILD_FAILED, dv_text_of(why), now, outbox);
}

static void sign_due(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    if (now.mono_ns < o->answer_by_ns)
        sign_request(self, o, now, outbox);
    else
        attempt_failed(self, o, DV_VENUE_BUILD_FAILED, dv_text_of("the signer did not answer"), now,
                       outbox);
}

/* A claimed order has its turn. While pages of others are being claimed it takes it later. */
static void resume(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    if (dv_ownership_claims(&self->ownership, now))
        phase_set(self, o, DV_PHASE_PARKED, now.mono_ns + RESUME_LATER_NS);
    else
        enter(self, o, now, outbox);
}

static void order_due(execution *self, dv_order *o, dv_time now, dv_outbox *outbox)
{
    switch (o->phase) {
    case DV_PHASE_STEPPING: step_again(self, o, now, outbox); break;
    case DV_PHASE_WAITING:
        wait_end(self, o, now, outbox);
        break; /* the schedule should have said so */
    case DV_PHASE_QUOTING: quotes_due(self, o, now, outbox); break;
    case DV_PHASE_LEG:
    case DV_PHASE_BUILDING: build_due(self, o, now, outbox); break;
    case DV_PHASE_SIGNING: sign_due(self, o, now, outbox); break;
    case DV_PHASE_LANDING: look_again(self, o, now, outbox); break;
    case DV_PHASE_PARKED: resume(self, o, now, outbox); break;
    }
}

/* Looks back on the steps answered since it last did. Accepting more than gets done makes every
   order late; a pause of the store's, with few orders waiting, does not count. */
static void pressure_judge(execution *self)
{
    if (!self->answered && self->steps_open > 0) self->wait_ns += LOAD_EVERY_NS; /* none was */
    self->pressed = self->steps_open >= PRESSED_STEPS &&
                    self->wait_ns > self->config->step_wait_max_ms * DV_NS_PER_MS;
    if (self->answered || self->steps_open == 0) self->wait_ns = 0;
    self->answered = false;
}

static void load_tell(execution *self, dv_time now, dv_outbox *outbox)
{
    self->load_at_ns = now.mono_ns + LOAD_EVERY_NS;
    pressure_judge(self);
    dv_send(
        outbox, ASSIGN, NULL,
        &(dv_message){.type = DV_MSG_load_event,
                      .load_event = {.in_flight = HASH_COUNT(self->orders),
                                     .owner = dv_text_of(self->ownership.owner),
                                     .pressed = self->pressed,
                                     .accepting = !self->draining &&
                                                  dv_ownership_accepts(&self->ownership, now)}});
}

static int64_t tick(void *actor, dv_time now, dv_outbox *outbox)
{
    execution *self = actor;
    dv_timer *timer;
    while ((timer = dv_heap_pop_due(&self->timers, now.mono_ns)) != NULL)
        order_due(self, DV_TIMER_OWNER(timer, dv_order, timer), now, outbox);
    if (now.mono_ns >= self->load_at_ns) load_tell(self, now, outbox);
    bool may_leave = self->draining && self->steps_open == 0;
    if (may_leave && self->ownership.standing < DV_STANDING_LEAVING)
        dv_ownership_leave(&self->ownership, now, outbox);
    int64_t next_ns = dv_ownership_tick(&self->ownership, now, outbox);
    self->settled = dv_ownership_accepts(&self->ownership, now);
    next_ns = dv_min_i64(next_ns, dv_heap_next(&self->timers));
    return dv_min_i64(next_ns, self->load_at_ns);
}

/* ---- life ------------------------------------------------------------------------------- */

static void drain(void *actor, dv_time now, dv_outbox *outbox)
{
    execution *self = actor;
    (void)outbox;
    self->draining = true;
    self->load_at_ns = now.mono_ns; /* ingest hears at once that it takes no more */
    dv_order *o, *next;
    HASH_ITER (hh, self->orders, o, next)
        if (o->phase != DV_PHASE_STEPPING) phase_set(self, o, DV_PHASE_PARKED, DV_NEVER);
}

static bool drained(const void *actor)
{
    return ((const execution *)actor)->ownership.standing == DV_STANDING_GONE;
}

static dv_health health(const void *actor)
{
    const execution *self = actor;
    if (self->ownership.standing == DV_STANDING_SUPERSEDED)
        return (dv_health){.degraded = DV_STORE_STALE,
                           .text = "a later process has its name: it waits until that is silent"};
    if (!self->settled && !self->draining)
        return (dv_health){
            .degraded = DV_ENGINE_NOT_READY,
            .text = "PostgreSQL has not heard of it for a lease: it takes no new orders"};
    return (dv_health){0};
}

static void destroy(void **actor)
{
    execution *self = *actor;
    if (self == NULL) return;
    dv_order *o, *next;
    HASH_ITER (hh, self->orders, o, next) order_forget(self, o);
    dv_heap_fini(&self->timers);
    free(self);
    *actor = NULL;
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_assign_order] = on_assign_order, [DV_MSG_step_reply] = on_step_reply,
    [DV_MSG_claim_item] = on_claim_item,     [DV_MSG_claim_reply] = on_claim_reply,
    [DV_MSG_quote_reply] = on_quote_reply,   [DV_MSG_build_reply] = on_build_reply,
    [DV_MSG_status_reply] = on_status_reply, [DV_MSG_retry_event] = on_retry_event,
    [DV_MSG_lease_reply] = on_lease_reply,   [DV_MSG_owned_reply] = on_owned_reply,
    [DV_MSG_sign_reply] = on_sign_reply,     [DV_MSG_leg_reply] = on_leg_reply,
};

const dv_actor_class DV_EXECUTION_CLASS = {
    .name = "execution",
    .handlers = HANDLERS,
    .tick = tick,
    .drain = drain,
    .drained = drained,
    .health = health,
    .destroy = destroy,
};

void *dv_execution_new(const dv_execution_config *config, uint32_t retry_sweep_ms,
                       const dv_tokens *tokens, const uint8_t chains[DV_DEX_COUNT],
                       const char *name, uint64_t seed)
{
    execution *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->config = config;
    self->retry_sweep_ms = retry_sweep_ms;
    self->tokens = tokens;
    memcpy(self->chains, chains, sizeof self->chains);
    self->random = seed | 1;
    dv_ownership_init(&self->ownership, config, name, random_next(self));
    return self;
}
