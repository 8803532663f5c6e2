#include "tests/sim/book.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "actors/dex/sim/dice.h"
#include "proto/arena.h"
#include "proto/base58.h"
#include "proto/codec.h"
#include "proto/view.h"
#include "tests/sim/ledger_model.h"

/* What is known of an order beside its row. */
typedef struct notes {
    uint32_t swaps; /* landed, and traded */
    uint64_t amount_in, amount_out;
    char signature[DV_SIGNATURE_MAX + 1]; /* of the one that traded */
    uint64_t epoch_before;
    uint64_t frames[DV_EVENTS_MAX + 1];   /* a hash of each event's frame; 0: none was read */
    char confirmed[DV_SIGNATURE_MAX + 1]; /* the last that a venue called confirmed */
    char undone[DV_SIGNATURE_MAX + 1];    /* the last that it called superseded, failed or dead */
} notes;

struct sim_book {
    dv_arena *arena; /* of the message that is looked at */
    uint64_t ended;
};

sim_book *sim_book_new(sim_world *world)
{
    (void)world;
    sim_book *book = calloc(1, sizeof *book);
    if (book == NULL) abort();
    book->arena = dv_arena_new();
    return book;
}

void sim_book_destroy(sim_book **book)
{
    dv_arena_destroy(&(*book)->arena);
    free(*book);
    *book = NULL;
}

static const char *name_of(const dv_id *id)
{
    static char text[DV_ID_TEXT_SIZE];
    dv_id_format(id, text);
    return text;
}

static notes *notes_of(const dv_model_order *o)
{
    return o->notes;
}

/* ---- I5: nothing is said or sent that is not committed -------------------------------------- */

static bool event_equal(const dv_event *a, const dv_event *b)
{
    return a->seq == b->seq && a->position == b->position && a->state == b->state &&
           a->attempt == b->attempt && a->at_us == b->at_us;
}

static void event_check(const sim_actor *a, const dv_id *id, const dv_event *event)
{
    sim_world *w = a->process->world;
    const dv_model_order *o = sim_db_order(w->db, id);
    if (o == NULL || event->seq == 0 || event->seq > o->view.events_count)
        sim_fail(w, "I5", "%s tells of event %" PRIu64 " of order %s, which is not committed",
                 a->name, event->seq, name_of(id));
    else if (!event_equal(event, &o->view.events[event->seq - 1]))
        sim_fail(w, "I4", "%s tells of event %" PRIu64 " of order %s otherwise than committed",
                 a->name, event->seq, name_of(id));
}

static void view_check(const sim_actor *a, const dv_view *view)
{
    for (uint32_t i = 0; i < view->events_count; i++) {
        if (view->events[i].seq != i + 1)
            sim_fail(a->process->world, "I4", "%s tells of order %s with a gap before event %u",
                     a->name, name_of(&view->terms.order_id), i + 1);
        event_check(a, &view->terms.order_id, &view->events[i]);
    }
}

static void send_check(const sim_actor *a, const dv_send_request *send)
{
    sim_world *w = a->process->world;
    const dv_model_order *o = sim_db_order(w->db, &send->order_id);
    const dv_attempt *attempt = o ? dv_view_attempt(&o->view, send->attempt) : NULL;
    if (attempt == NULL || attempt->signature.size == 0 ||
        !dv_text_equal(attempt->signature, send->signature))
        sim_fail(w, "I5", "%s sends a transaction of order %s that is not committed", a->name,
                 name_of(&send->order_id));
    else if (!dv_text_equal(attempt->transaction, send->transaction))
        sim_fail(w, "I5", "%s sends order %s other bytes than are committed", a->name,
                 name_of(&send->order_id));
}

static void done_check(const sim_actor *a, const dv_step_reply *done)
{
    sim_world *w = a->process->world;
    if (done->error != DV_OK) return;
    const dv_model_order *o = sim_db_order(w->db, &done->order_id);
    for (uint32_t i = 0; o != NULL && i < o->view.events_count; i++)
        if (o->view.events[i].state == done->to_state && o->view.events[i].attempt == done->attempt)
            return;
    sim_fail(w, "I5", "%s says that a step of order %s is done, which is not committed", a->name,
             name_of(&done->order_id));
}

static void job_check(const sim_actor *a, const dv_job *job)
{
    sim_world *w = a->process->world;
    const dv_model_order *o = sim_db_order(w->db, &job->terms.order_id);
    if (o == NULL || job->epoch > o->epoch)
        sim_fail(w, "I5", "%s hands out order %s in an epoch that is not committed", a->name,
                 name_of(&job->terms.order_id));
}

static void message_check(const sim_actor *a, const dv_message *m)
{
    switch (m->type) {
    case DV_MSG_insert_reply:
        event_check(a, &m->insert_reply.order_id, &m->insert_reply.event);
        break;
    case DV_MSG_insert_conflict: view_check(a, &m->insert_conflict.view); break;
    case DV_MSG_submit_reply: view_check(a, &m->submit_reply.view); break;
    case DV_MSG_order_event:
        event_check(a, &m->order_event.terms.order_id, &m->order_event.event);
        break;
    case DV_MSG_update_event: view_check(a, &m->update_event.view); break;
    case DV_MSG_order_item: view_check(a, &m->order_item.view); break;
    case DV_MSG_send_request: send_check(a, &m->send_request); break;
    case DV_MSG_step_reply: done_check(a, &m->step_reply); break;
    case DV_MSG_claim_item: job_check(a, &m->claim_item.job); break;
    case DV_MSG_assign_order: job_check(a, &m->assign_order.job); break;
    default: break;
    }
}

/* The type of an encoded message: the first element of a msgpack array, below 128. */
static unsigned type_of(const char *bytes)
{
    uint8_t head = (uint8_t)bytes[0];
    return (uint8_t)bytes[head == 0xdc ? 3 : 1];
}

static bool is_checked(unsigned type)
{
    switch (type) {
    case DV_MSG_insert_reply:
    case DV_MSG_insert_conflict:
    case DV_MSG_submit_reply:
    case DV_MSG_order_event:
    case DV_MSG_update_event:
    case DV_MSG_order_item:
    case DV_MSG_send_request:
    case DV_MSG_step_reply:
    case DV_MSG_claim_item:
    case DV_MSG_assign_order: return true;
    default: return false;
    }
}

/* What a venue tells of a transaction before, or instead of, its being final. */
static void status_note(sim_world *w, const dv_status_reply *s)
{
    const dv_model_order *o = sim_db_order(w->db, &s->order_id);
    notes *n = o ? notes_of(o) : NULL;
    if (n == NULL) return;
    bool undone = s->outcome == DV_SWAP_SUPERSEDED || s->outcome == DV_SWAP_FAILED ||
                  s->outcome == DV_SWAP_DEAD;
    if (undone)
        dv_text_copy(n->undone, sizeof n->undone, s->signature);
    else if (s->outcome == DV_SWAP_CONFIRMED)
        dv_text_copy(n->confirmed, sizeof n->confirmed, s->signature);
}

/* Which of the venue's faults a message tells of. */
static void fault_note(sim_world *w, const dv_message *m)
{
    if (m->type == DV_MSG_quote_reply && m->quote_reply.quote.error == DV_VENUE_QUOTE_FAILED)
        w->faults[SIM_FAULT_venue_quote]++;
    if (m->type != DV_MSG_status_reply) return;
    status_note(w, &m->status_reply);
    if (m->status_reply.outcome == DV_SWAP_DEAD) w->faults[SIM_FAULT_venue_expire]++;
    if (m->status_reply.error == DV_VENUE_SLIPPAGE_EXCEEDED) w->faults[SIM_FAULT_venue_slippage]++;
}

void sim_book_sent(sim_actor *actor, const dv_outbox_entry *entry)
{
    sim_world *w = actor->process->world;
    unsigned type = type_of(entry->bytes);
    bool tells = type == DV_MSG_quote_reply || type == DV_MSG_status_reply;
    if (!is_checked(type) && !tells) return;
    dv_message message;
    dv_arena_reset(w->book->arena);
    dv_err error = dv_message_decode(entry->bytes, entry->size, w->book->arena, &message);
    assert(error == DV_OK && message.type == type);
    (void)error;
    if (tells)
        fault_note(w, &message);
    else
        message_check(actor, &message);
}

/* FNV-1a; never 0. */
static uint64_t hash_of(dv_text bytes)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint32_t i = 0; i < bytes.size; i++) hash = (hash ^ (uint8_t)bytes.at[i]) * 0x100000001b3u;
    return hash | 1;
}

void sim_book_frame(sim_world *w, const dv_id *order_id, uint64_t seq, uint64_t position,
                    dv_text state, dv_text frame)
{
    const dv_model_order *o = sim_db_order(w->db, order_id);
    if (o == NULL || seq == 0 || seq > o->view.events_count) {
        sim_fail(w, "I5", "a client reads event %" PRIu64 " of order %s, which is not committed",
                 seq, name_of(order_id));
        return;
    }
    const dv_event *event = &o->view.events[seq - 1];
    if (event->position != position ||
        !dv_text_is(state, dv_state_name((uint8_t)dv_state_shown((uint8_t)event->state))))
        sim_fail(w, "I4", "a client reads event %" PRIu64 " of order %s otherwise than committed",
                 seq, name_of(order_id));
    if (event->state == DV_STATE_confirmed) return; /* later frames bear what is known by then */
    uint64_t *known = &notes_of(o)->frames[seq], hash = hash_of(frame);
    if (*known != 0 && *known != hash)
        sim_fail(w, "I4",
                 "two clients read event %" PRIu64 " of order %s in different words: %.400s", seq,
                 name_of(order_id), frame.at);
    *known = hash;
}

/* ---- the store's commits ------------------------------------------------------------------- */

void sim_book_inserted(sim_world *w, dv_model_order *o)
{
    (void)w;
    o->notes = calloc(1, sizeof(notes));
    if (o->notes == NULL) abort();
}

/* The chain's height now: that of its own wall clock, which never jumps. */
static uint64_t height_now(const sim_world *w)
{
    for (uint32_t i = 0; i < w->process_count; i++)
        if (w->processes[i].has_market)
            return (uint64_t)(sim_time_of(&w->processes[i]).wall_us /
                              (w->config.sim.sim_block_ms * DV_US_PER_MS));
    return 0;
}

/* I6: the attempt's transaction, if it has one, landed and failed, or never can land. */
static void death_check(sim_world *w, const dv_model_order *o)
{
    const dv_attempt *attempt = dv_view_attempt(&o->view, o->attempt);
    if (attempt == NULL || attempt->signature.size == 0) return;
    const sim_landed *landed = sim_ledger_find(w->ledger, attempt->signature);
    if (landed != NULL && landed->error == DV_OK)
        sim_fail(w, "I6", "attempt %u of order %s has traded, and is given up", o->attempt,
                 name_of(&o->id));
    else if (landed == NULL && height_now(w) <= attempt->last_valid_block_height)
        sim_fail(w, "I6", "attempt %u of order %s may still land, and is given up", o->attempt,
                 name_of(&o->id));
}

/* I3, I7: what is confirmed has landed, with these amounts. */
static void landing_check(sim_world *w, const dv_model_order *o, uint64_t in, uint64_t out)
{
    const dv_attempt *attempt = dv_view_attempt(&o->view, o->attempt);
    const sim_landed *landed = attempt ? sim_ledger_find(w->ledger, attempt->signature) : NULL;
    if (landed == NULL || landed->error != DV_OK)
        sim_fail(w, "I3", "order %s is confirmed, and its transaction has not traded",
                 name_of(&o->id));
    else if (landed->amount_in != in || landed->amount_out != out)
        sim_fail(w, "I7", "order %s is confirmed with other amounts than it traded",
                 name_of(&o->id));
}

/* I3, I7: what counts as confirmed, or no longer does, is what the venue called so. */
static void finality_check(sim_world *w, const dv_model_order *o, const dv_step_request *step)
{
    const notes *n = notes_of(o);
    const dv_attempt *attempt = dv_view_attempt(&o->view, o->attempt);
    dv_text signature = attempt ? attempt->signature : (dv_text){0};
    if (step->to_state == DV_STATE_confirmed) {
        if (!dv_text_is(signature, n->confirmed))
            sim_fail(w, "I3", "order %s has landed, and its venue has not said so",
                     name_of(&o->id));
        else if (step->attempt.amount_in == 0 || step->attempt.amount_out == 0)
            sim_fail(w, "I7", "order %s has landed without amounts", name_of(&o->id));
    } else if (step->to_state == DV_STATE_superseded) {
        w->faults[SIM_FAULT_venue_fork]++;
        if (!dv_text_is(signature, n->undone))
            sim_fail(w, "I3", "order %s is taken back, and its venue has not said so",
                     name_of(&o->id));
    }
}

static void signature_check(sim_world *w, const dv_model_order *o, const dv_step_request *step)
{
    if (step->to_state != DV_STATE_submitted) return;
    const dv_attempt *known = dv_view_attempt(&o->view, step->attempt.number);
    if (step->attempt.signature.size == 0 || (known != NULL && known->signature.size > 0))
        sim_fail(w, "I6", "attempt %u of order %s is signed twice, or not at all",
                 (unsigned)step->attempt.number, name_of(&o->id));
}

void sim_book_stepping(sim_world *w, const dv_model_order *o, const dv_step_request *step)
{
    const char *id = name_of(&o->id);
    if (step->epoch != o->epoch)
        sim_fail(w, "fencing", "order %s in epoch %" PRIu64 " takes a step of epoch %" PRIu64, id,
                 o->epoch, step->epoch);
    if (dv_state_terminal(o->state))
        sim_fail(w, "I3", "order %s has ended, and goes on to %s", id,
                 dv_state_name((uint8_t)step->to_state));
    if (!dv_state_may_move(o->state, (uint8_t)step->to_state))
        sim_fail(w, "I4", "order %s goes from %s to %s", id, dv_state_name(o->state),
                 dv_state_name((uint8_t)step->to_state));
    if (step->attempt.number > w->config.execution.attempts_max)
        sim_fail(w, "I6", "order %s has more attempts than it may", id);
    bool gives_up = step->to_state == DV_STATE_failed ||
                    (step->to_state == DV_STATE_routing && o->state != DV_STATE_pending);
    if (gives_up) death_check(w, o);
    if (step->to_state == DV_STATE_routing &&
        dv_err_class((uint16_t)step->failed_error) == DV_CLASS_REJECT)
        sim_fail(w, "reject", "order %s is tried again after %s", id,
                 dv_err_name((uint16_t)step->failed_error));
    if (step->to_state == DV_STATE_finalized)
        landing_check(w, o, step->attempt.amount_in, step->attempt.amount_out);
    finality_check(w, o, step);
    signature_check(w, o, step);
}

void sim_book_stepped(sim_world *w, const dv_model_order *o)
{
    const dv_event *last = dv_view_last(&o->view);
    if (last->seq != o->view.events_count || last->state != o->state)
        sim_fail(w, "I4", "order %s has no event of its step", name_of(&o->id));
    if (sim_tracing)
        sim_trace("== order %s is %s, attempt %u, epoch %" PRIu64 ", seq %" PRIu64
                  ", position %" PRIu64,
                  name_of(&o->id), dv_state_name(o->state), o->attempt, o->epoch, last->seq,
                  last->position);
}

void sim_book_claiming(sim_world *w, dv_model_order *o, const char *owner)
{
    notes_of(o)->epoch_before = o->epoch;
    if (strcmp(o->owner, owner) == 0) return;
    if (sim_db_alive(w->db, o->owner))
        sim_fail(w, "fencing", "%s claims order %s of %s, which is alive", owner, name_of(&o->id),
                 o->owner);
    if (strcspn(owner, "/") != strcspn(o->owner, "/") ||
        strncmp(owner, o->owner, strcspn(owner, "/")) != 0)
        w->faults[SIM_FAULT_takeover]++;
}

void sim_book_claimed(sim_world *w, const dv_model_order *o)
{
    if (sim_tracing)
        sim_trace("== order %s is %s's, epoch %" PRIu64, name_of(&o->id), o->owner, o->epoch);
    if (o->epoch != notes_of(o)->epoch_before + 1)
        sim_fail(w, "fencing", "order %s has a new owner and no new epoch", name_of(&o->id));
}

/* ---- the chain ----------------------------------------------------------------------------- */

/* I7: what the order asked for, within its limit. */
static void trade_check(sim_world *w, const dv_model_order *o, const dv_sim_transaction *t,
                        uint64_t in, uint64_t out)
{
    const dv_terms *terms = &o->view.terms;
    bool exact_in = terms->swap_mode == DV_EXACT_IN;
    uint64_t exact = exact_in ? in : out;
    bool past = exact_in ? out < t->limit_amount : in > t->limit_amount;
    if (exact != terms->amount || past || strncmp(t->token_in, terms->token_in.at, 43) != 0 ||
        strncmp(t->token_out, terms->token_out.at, 43) != 0)
        sim_fail(w, "I7", "order %s traded what it did not ask for", name_of(&o->id));
}

/* Which of the venue's faults befell a transaction: as actors/dex/sim/flight.c draws them. */
static void landing_note(sim_world *w, const dv_sim_transaction *t, const uint8_t *signature)
{
    const dv_sim_config *c = &w->config.sim;
    const struct {
        sim_fault fault;
        uint32_t percent;
    } FAULTS[] = {{SIM_FAULT_venue_lost, c->sim_fault_lost_answer_percent},
                  {SIM_FAULT_venue_drop, c->sim_fault_drop_percent},
                  {SIM_FAULT_venue_late, c->sim_fault_late_percent}};
    uint64_t seed = dv_sim_dice_stream(dv_sim_dice_stream(c->sim_seed, t->dex), "fault");
    uint64_t hit = dv_sim_dice(seed, signature, DV_SIM_SIGNATURE_SIZE) % 100;
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        if (hit < FAULTS[i].percent) {
            w->faults[FAULTS[i].fault]++;
            return;
        }
        hit -= FAULTS[i].percent;
    }
}

void sim_book_landed(sim_world *w, const dv_sim_transaction *t,
                     const uint8_t signature[DV_SIM_SIGNATURE_SIZE], uint64_t amount_in,
                     uint64_t amount_out, dv_err error)
{
    char name[DV_BASE58_TEXT_SIZE];
    dv_text text = {name, dv_base58_encode(signature, DV_SIM_SIGNATURE_SIZE, name)};
    const char *id = name_of(&t->order_id);
    landing_note(w, t, signature);
    if (sim_tracing)
        sim_trace("== attempt %u of order %s lands: %s", t->attempt, id,
                  dv_err_name((uint16_t)error));
    dv_model_order *o = sim_db_order(w->db, &t->order_id);
    const dv_attempt *attempt = o ? dv_view_attempt(&o->view, t->attempt) : NULL;
    if (attempt == NULL || !dv_text_equal(attempt->signature, text)) {
        sim_fail(w, "I5", "a transaction of order %s landed that is not committed", id);
        return;
    }
    if (!dv_text_is(attempt->venue, t->dex))
        sim_fail(w, "I6", "attempt %u of order %s landed on %s, and is looked for elsewhere",
                 t->attempt, id, t->dex);
    if (error != DV_OK) return;
    notes *n = notes_of(o);
    if (++n->swaps > 1) sim_fail(w, "I1", "order %s has traded twice", id);
    if (o->attempt != t->attempt || o->state == DV_STATE_failed)
        sim_fail(w, "I6", "attempt %u of order %s traded after it was given up", t->attempt, id);
    n->amount_in = amount_in;
    n->amount_out = amount_out;
    trade_check(w, o, t, amount_in, amount_out);
}

/* ---- the end ------------------------------------------------------------------------------- */

bool sim_book_at_rest(const sim_world *w)
{
    return w->db->tables.unfinished == 0;
}

static void order_end(sim_world *w, const dv_model_order *o)
{
    const char *id = name_of(&o->id);
    const notes *n = notes_of(o);
    bool confirmed = o->state == DV_STATE_finalized;
    if (confirmed != (n->swaps == 1))
        sim_fail(w, "I1", "order %s is %s and has traded %u times", id, dv_state_name(o->state),
                 n->swaps);
    uint64_t position = 0;
    uint8_t state = DV_STATE_NONE;
    for (uint32_t i = 0; i < o->view.events_count; i++) {
        const dv_event *e = &o->view.events[i];
        bool legal =
            i == 0 ? e->state == DV_STATE_pending : dv_state_may_move(state, (uint8_t)e->state);
        if (e->seq != i + 1 || e->position <= position || !legal)
            sim_fail(w, "I4", "order %s has a wrong event %u", id, i + 1);
        position = e->position;
        state = (uint8_t)e->state;
    }
    if (!confirmed) return;
    const dv_attempt *attempt = dv_view_attempt(&o->view, o->attempt);
    if (attempt->amount_in != n->amount_in || attempt->amount_out != n->amount_out)
        sim_fail(w, "I7", "order %s is stored with other amounts than it traded", id);
}

void sim_book_end(sim_world *w)
{
    for (const dv_model_order *o = w->db->tables.orders; o != NULL; o = o->hh.next) order_end(w, o);
}
