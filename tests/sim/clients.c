#include "tests/sim/clients.h"

#include <stdlib.h>

#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/sim/book.h"
#include "tests/sim/watchers.h"

#define DESK DV_PORT(DV_LINK_desk, 0)
#define ORDERS_MAX 48
#define ORDERS_FEW 14
#define DESK_US_MAX 500 /* from a client to its gateway's actor */
#define ORDERS_UNTIL_NS (12 * SIM_SECOND)
#define MARGIN_NS (300 * SIM_MS) /* a client waits longer than the gateway does */

typedef enum submission_state { IDLE, ASKED, PAUSED, ACCEPTED, REFUSED, UNKNOWN } submission_state;

/* One order that a client wants, however often it asks for it. */
typedef struct submission {
    sim_world *world;
    uint32_t number;
    bool keyed;
    submission_state state;
    uint32_t tries;
    bool doubtful; /* a try ended without an answer: it may have been stored */
    char user[24], key[24], amount_input[24];
    dv_terms terms;
    sim_actor *gateway; /* ASKED: whom */
    uint32_t life;      /* of its process */
    sim_alarm alarm;    /* to ask, or to give up */
    dv_id order_id;     /* ACCEPTED */
} submission;

struct sim_clients {
    sim_world *world;
    sim_dice dice;
    submission list[ORDERS_MAX];
    uint32_t count;
    sim_watchers *watchers;
};

/* ---- asking ------------------------------------------------------------------------------- */

sim_actor *sim_gateway_pick(sim_world *w, sim_dice *dice)
{
    sim_actor *up[SIM_PROCESSES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->process_count; i++) {
        sim_process *p = &w->processes[i];
        for (uint32_t k = 0; k < p->actor_count && p->up && !p->draining; k++)
            if (strcmp(p->actors[k].role, "gateway") == 0) up[count++] = &p->actors[k];
    }
    return count > 0 ? up[sim_below(dice, count)] : NULL;
}

void sim_desk_send(sim_actor *gateway, const char *peer, const dv_message *message, sim_dice *dice)
{
    sim_world *w = gateway->process->world;
    dv_buffer bytes = {0};
    dv_message_encode(message, &bytes);
    sim_packet *p = sim_packet_new(gateway, DESK, bytes.bytes, bytes.size);
    p->peer.size = (uint8_t)strlen(peer);
    memcpy(p->peer.bytes, peer, p->peer.size);
    if (sim_tracing) sim_trace_message(peer, "asks", gateway->name, bytes.bytes, bytes.size);
    sim_alarm_set(w, &p->arrival, w->now_ns + sim_between(dice, 10, DESK_US_MAX) * DV_NS_PER_US);
    dv_buffer_fini(&bytes);
}

static void again_after(submission *s, int64_t ns)
{
    s->state = PAUSED;
    sim_alarm_set(s->world, &s->alarm, s->world->now_ns + ns);
}

static void ask(submission *s)
{
    sim_world *w = s->world;
    sim_dice *dice = &w->clients->dice;
    sim_actor *gateway = sim_gateway_pick(w, dice);
    if (gateway == NULL) {
        again_after(s, 300 * SIM_MS);
        return;
    }
    if (s->tries > 0) w->faults[SIM_FAULT_client_again]++;
    s->tries++;
    s->state = ASKED;
    s->gateway = gateway;
    s->life = gateway->process->life;
    char peer[16];
    snprintf(peer, sizeof peer, "c%u.%u", s->number, s->tries);
    dv_message message = {.type = DV_MSG_submit_request,
                          .request_id = s->tries,
                          .submit_request = {.terms = s->terms}};
    sim_desk_send(gateway, peer, &message, dice);
    int64_t wait_ns = w->config.gateway.answer_timeout_ms * DV_NS_PER_MS;
    if (sim_chance(dice, 50000)) wait_ns /= 10; /* an impatient one */
    sim_alarm_set(w, &s->alarm, w->now_ns + wait_ns + MARGIN_NS);
}

/* No answer: whether the order was stored is not known. */
static void unanswered(submission *s)
{
    s->doubtful = true;
    s->gateway = NULL;
    sim_alarm_unset(s->world, &s->alarm);
    if (s->keyed)
        again_after(s, sim_between(&s->world->clients->dice, 20, 800) * SIM_MS);
    else
        s->state = UNKNOWN;
}

static void submission_due(sim_world *w, void *arg)
{
    (void)w;
    submission *s = arg;
    if (s->state == ASKED)
        unanswered(s);
    else
        ask(s);
}

/* ---- answers ------------------------------------------------------------------------------ */

static void accepted(submission *s, const dv_view *view)
{
    sim_world *w = s->world;
    if (!dv_text_is(view->terms.user_id, s->user) || view->terms.amount != s->terms.amount)
        sim_fail(w, "I2", "order %u was answered with another order", s->number);
    const dv_id *id = &view->terms.order_id;
    if (sim_db_order(w->db, id) == NULL)
        sim_fail(w, "I5", "order %u was accepted, and is not committed", s->number);
    s->state = ACCEPTED;
    s->order_id = *id;
    sim_alarm_unset(w, &s->alarm);
    if (sim_chance(&w->clients->dice, 800000)) sim_watch_order(w->clients->watchers, id);
}

/* A refusal says that nothing was stored, unless its error says that it may have been. */
static void refused(submission *s, dv_err error)
{
    sim_alarm_unset(s->world, &s->alarm);
    if (dv_err_class((uint16_t)error) == DV_CLASS_UNKNOWN) {
        unanswered(s);
        return;
    }
    if (dv_err_class((uint16_t)error) == DV_CLASS_REJECT) {
        sim_fail(s->world, "I2", "order %u was refused: %s", s->number,
                 dv_err_name((uint16_t)error));
        return;
    }
    s->gateway = NULL;
    if (s->keyed)
        again_after(s, sim_between(&s->world->clients->dice, 100, 1000) * SIM_MS);
    else
        s->state = REFUSED;
}

static submission *submission_of(sim_clients *c, const dv_peer *peer)
{
    char name[DV_NAME_MAX + 1];
    dv_text_copy(name, sizeof name, (dv_text){(const char *)peer->bytes, peer->size});
    unsigned number, tries;
    if (sscanf(name, "c%u.%u", &number, &tries) != 2 || number >= c->count) return NULL;
    submission *s = &c->list[number];
    return s->state == ASKED && s->tries == tries ? s : NULL;
}

void sim_clients_answer(sim_actor *gateway, const dv_outbox_entry *entry)
{
    sim_world *w = gateway->process->world;
    submission *s = submission_of(w->clients, &entry->to);
    if (sim_tracing) sim_trace_message(gateway->name, "answers", "", entry->bytes, entry->size);
    if (s == NULL) return;                            /* its client has given up */
    if (sim_chance(&w->clients->dice, 20000)) return; /* its connection broke just then */
    dv_arena *arena = dv_arena_new();
    dv_message message;
    if (dv_message_decode(entry->bytes, entry->size, arena, &message) != DV_OK) abort();
    if (message.type == DV_MSG_submit_reply)
        accepted(s, &message.submit_reply.view);
    else if (message.type == DV_MSG_submit_refusal)
        refused(s, (dv_err)message.submit_refusal.error);
    dv_arena_destroy(&arena);
}

void sim_clients_gone(sim_actor *gateway)
{
    sim_clients *c = gateway->process->world->clients;
    for (uint32_t i = 0; i < c->count; i++)
        if (c->list[i].state == ASKED && c->list[i].gateway == gateway) unanswered(&c->list[i]);
}

/* ---- life --------------------------------------------------------------------------------- */

static void terms_make(submission *s, sim_dice *dice)
{
    const dv_tokens *tokens = &s->world->tokens;
    uint32_t in = sim_below(dice, tokens->count);
    uint32_t out = (in + 1 + sim_below(dice, tokens->count - 1)) % tokens->count;
    bool exact_out = sim_chance(dice, 250000);
    uint8_t decimals = tokens->tokens[exact_out ? out : in].decimals;
    uint64_t atoms = 1;
    for (uint8_t i = 0; i + 1 < decimals; i++) atoms *= 10;
    atoms = atoms * (1 + sim_below(dice, 200)) + s->number; /* 0.1 to 20 tokens */
    snprintf(s->user, sizeof s->user, "user-%u", s->number);
    snprintf(s->amount_input, sizeof s->amount_input, "%u", s->number);
    if (s->keyed) snprintf(s->key, sizeof s->key, "key-%u", s->number);
    s->terms = (dv_terms){.client_order_id = dv_text_of(s->key),
                          .user_id = dv_text_of(s->user),
                          .order_type = DV_ORDER_MARKET,
                          .swap_mode = exact_out ? DV_EXACT_OUT : DV_EXACT_IN,
                          .token_in = dv_text_of(tokens->tokens[in].mint),
                          .token_out = dv_text_of(tokens->tokens[out].mint),
                          .amount = atoms,
                          .slippage_bps = sim_chance(dice, 100000) ? 1 : 300,
                          .amount_input = dv_text_of(s->amount_input)};
}

sim_clients *sim_clients_new(sim_world *world)
{
    sim_clients *c = calloc(1, sizeof *c);
    if (c == NULL) abort();
    c->world = world;
    c->dice = sim_dice_of(world->seed, 20);
    bool many = sim_chance(&c->dice, 150000);
    c->count = many ? ORDERS_MAX : 3 + sim_below(&c->dice, ORDERS_FEW - 3);
    for (uint32_t i = 0; i < c->count; i++) {
        submission *s = &c->list[i];
        s->world = world;
        s->number = i;
        s->keyed = sim_chance(&c->dice, 650000);
        s->alarm = (sim_alarm){.fire = submission_due, .arg = s};
        terms_make(s, &c->dice);
        sim_alarm_set(
            world, &s->alarm,
            sim_between(&c->dice, SIM_SECOND / 2, many ? 6 * SIM_SECOND : ORDERS_UNTIL_NS));
    }
    c->watchers = sim_watchers_new(world, many);
    return c;
}

void sim_clients_destroy(sim_clients **clients)
{
    sim_watchers_destroy(&(*clients)->watchers);
    free(*clients);
    *clients = NULL;
}

void sim_clients_calm(sim_clients *clients)
{
    sim_watchers_calm(clients->watchers);
}

bool sim_clients_at_rest(const sim_clients *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        submission_state state = c->list[i].state;
        if (state == IDLE || state == ASKED || state == PAUSED) return false;
    }
    return sim_watchers_at_rest(c->watchers);
}

void sim_clients_explain(const sim_clients *c)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (c->list[i].state < ACCEPTED)
            sim_trace("order %u: no answer after %u tries", i, c->list[i].tries);
    sim_watchers_explain(c->watchers);
}

/* Orders in the store that stem from this submission. */
static uint32_t stored(const submission *s)
{
    uint32_t count = 0;
    for (const dv_model_order *o = s->world->db->tables.orders; o != NULL; o = o->hh.next)
        count += dv_text_is(o->view.terms.user_id, s->user);
    return count;
}

void sim_clients_end(sim_clients *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        const submission *s = &c->list[i];
        uint32_t count = stored(s);
        if (count > 1)
            sim_fail(c->world, "I8", "order %u, asked for %u times, was stored %u times", i,
                     s->tries, count);
        if (s->state == ACCEPTED && sim_db_order(c->world->db, &s->order_id) == NULL)
            sim_fail(c->world, "I2", "order %u was accepted and is gone", i);
        if (s->state == REFUSED && !s->doubtful && count > 0)
            sim_fail(c->world, "I2", "order %u was refused, and is stored all the same", i);
    }
    sim_watchers_end(c->watchers);
}
