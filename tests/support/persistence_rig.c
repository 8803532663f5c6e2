#include "tests/support/persistence_rig.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>

#include "actors/base/log.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/mints.h"
#include "tests/support/pg.h"
#include "tests/support/suite.h"

pg_server server;
const char *base;

#define IN_FLIGHT_MAX 100000

/* ---- a small run loop that keeps what the actor says ---------------------------------------- */

void rig_make(rig *r, const char *url, uint32_t connections, uint32_t batch_max)
{
    memset(r, 0, sizeof *r);
    snprintf(r->config.database_url, sizeof r->config.database_url, "%s", url);
    r->config.store_connections = connections;
    r->config.store_batch_max = batch_max;
    r->start_timeout_ms = 20000;
    r->outbox = dv_outbox_new();
    r->arena = dv_arena_new();
}

dv_err rig_start(rig *r, char ret_why[DV_REASON_MAX])
{
    ret_why[0] = '\0';
    r->self = dv_persistence_new(&r->config, IN_FLIGHT_MAX, r->start_timeout_ms);
    return DV_PERSISTENCE_CLASS.start(r->self, dv_time_now(), r->outbox, ret_why);
}

void rig_open_at(rig *r, const char *url, uint32_t connections, uint32_t batch_max)
{
    char why[DV_REASON_MAX];
    rig_make(r, url, connections, batch_max);
    dv_err error = rig_start(r, why);
    ck_assert_msg(error == DV_OK, "%s", why);
}

void rig_open(rig *r, uint32_t connections, uint32_t batch_max)
{
    rig_open_at(r, base, connections, batch_max);
}

void rig_close(rig *r)
{
    DV_PERSISTENCE_CLASS.destroy(&r->self);
    dv_outbox_destroy(&r->outbox);
    dv_arena_destroy(&r->arena);
    free(r->messages);
}

static void rig_keep(rig *r, const dv_outbox_entry *entry)
{
    if (r->count == r->capacity) {
        r->capacity = r->capacity ? 2 * r->capacity : 1024;
        r->messages = realloc(r->messages, r->capacity * sizeof *r->messages);
    }
    dv_text bytes = dv_arena_text(r->arena, (dv_text){entry->bytes, (uint32_t)entry->size});
    dv_err error = dv_message_decode(bytes.at, bytes.size, r->arena, &r->messages[r->count++]);
    ck_assert_int_eq(error, DV_OK);
}

void rig_turn(rig *r)
{
    dv_watch watches[DV_WATCH_MAX];
    struct pollfd fds[DV_WATCH_MAX];
    uint32_t count = DV_PERSISTENCE_CLASS.watch(r->self, watches);
    for (uint32_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = watches[i].fd,
                                 .events = (short)((watches[i].readable ? POLLIN : 0) |
                                                   (watches[i].writable ? POLLOUT : 0))};
    poll(fds, count, 5);
    dv_time now = dv_time_now();
    for (uint32_t i = 0; i < count; i++)
        if (fds[i].revents != 0) DV_PERSISTENCE_CLASS.ready(r->self, watches[i], now, r->outbox);
    DV_PERSISTENCE_CLASS.tick(r->self, now, r->outbox);
    for (size_t i = 0; i < dv_outbox_count(r->outbox); i++) {
        dv_outbox_entry entry = dv_outbox_at(r->outbox, i);
        rig_keep(r, &entry);
    }
    dv_outbox_clear(r->outbox);
}

void rig_tell(rig *r, dv_port port, const dv_message *message)
{
    dv_envelope envelope = {.port = port, .message = *message};
    DV_PERSISTENCE_CLASS.handlers[message->type](r->self, &envelope, dv_time_now(), r->outbox);
}

size_t said(const rig *r, dv_message_type type)
{
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++) n += r->messages[i].type == type;
    return n;
}

/* Turns until the actor has said `count` messages of a type. */
void rig_until(rig *r, dv_message_type type, size_t count)
{
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    while (said(r, type) < count) {
        rig_turn(r);
        ck_assert_msg(dv_time_now().mono_ns < deadline_ns, "waiting for message %d", type);
    }
}

const dv_message *last(const rig *r, dv_message_type type)
{
    for (size_t i = r->count; i > 0; i--)
        if (r->messages[i - 1].type == type) return &r->messages[i - 1];
    ck_abort_msg("no message %d", type);
    return NULL;
}

const char *rig_health(const rig *r)
{
    dv_health health = DV_PERSISTENCE_CLASS.health(r->self);
    return health.degraded != DV_OK ? health.text : "";
}

void rig_until_health(rig *r, const char *words)
{
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    while (words[0] == '\0' ? rig_health(r)[0] != '\0' : strstr(rig_health(r), words) == NULL) {
        rig_turn(r);
        ck_assert_msg(dv_time_now().mono_ns < deadline_ns, "waiting for \"%s\": \"%s\"", words,
                      rig_health(r));
    }
}

/* ---- a crowd -------------------------------------------------------------------------------- */

void crowd_insert(rig *r, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        dv_terms terms = terms_make("", "");
        tell_insert(r, &terms);
    }
}

/* Asks for the next step of each order that has taken one. */
static void crowd_drive(rig *r, crowd *c)
{
    for (; c->seen < r->count; c->seen++) {
        const dv_message *m = &r->messages[c->seen];
        const dv_id *id;
        uint64_t state;
        if (m->type == DV_MSG_insert_reply) {
            id = &m->insert_reply.order_id;
            state = DV_STATE_pending;
        } else if (m->type == DV_MSG_step_reply) {
            ck_assert_msg(m->step_reply.error == DV_OK, "a step to %s ended with %s",
                          dv_state_name((uint8_t)m->step_reply.to_state),
                          dv_err_name((uint16_t)m->step_reply.error));
            id = &m->step_reply.order_id;
            state = m->step_reply.to_state;
        } else {
            c->refused += m->type == DV_MSG_insert_refusal;
            continue;
        }
        c->state[state]++;
        if (state == DV_STATE_finalized) continue;
        dv_step_request step = step_from(id, state);
        tell_step(r, &step);
    }
}

void crowd_turn(rig *r, crowd *c, int64_t deadline_ns)
{
    rig_turn(r);
    crowd_drive(r, c);
    ck_assert_msg(dv_time_now().mono_ns < deadline_ns,
                  "%" PRIu64 " pending, %" PRIu64 " confirmed in time", c->state[DV_STATE_pending],
                  c->state[DV_STATE_finalized]);
}

void crowd_finish(rig *r, crowd *c, uint64_t count)
{
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    while (c->state[DV_STATE_finalized] + c->refused < count) crowd_turn(r, c, deadline_ns);
    ck_assert_uint_eq(c->state[DV_STATE_finalized] + c->refused, count);
}

void assert_nothing_lost_or_doubled(rig *r, const crowd *c)
{
    uint64_t confirmed = c->state[DV_STATE_finalized];
    ck_assert_uint_eq(ask_number("select count(*) from orders"), confirmed);
    ck_assert_uint_eq(ask_number("select count(*) from order_events"), 5 * confirmed);
    ck_assert_uint_eq(c->state[DV_STATE_pending], confirmed);
    rig_until(r, DV_MSG_order_event, 5 * confirmed);
    bool *told = calloc(5 * confirmed + 1, sizeof *told);
    for (size_t i = 0; i < r->count; i++)
        if (r->messages[i].type == DV_MSG_order_event)
            told[r->messages[i].order_event.event.position] = true;
    for (uint64_t p = 1; p <= 5 * confirmed; p++) ck_assert_msg(told[p], "%" PRIu64, p);
    free(told);
    assert_sound();
}

/* ---- orders --------------------------------------------------------------------------------- */

dv_terms terms_make(const char *user, const char *key)
{
    uint8_t random[10];
    ck_assert_int_eq(getrandom(random, sizeof random, 0), sizeof random);
    int64_t now_us = dv_time_now().wall_us;
    return (dv_terms){.order_id = dv_id_make(now_us, random),
                      .client_order_id = dv_text_of(key),
                      .user_id = dv_text_of(user),
                      .order_type = DV_ORDER_MARKET,
                      .token_in = dv_text_of(SOL),
                      .token_out = dv_text_of(USDC),
                      .amount = UINT64_MAX,
                      .slippage_bps = 100,
                      .style = DV_STYLE_AMOUNT_STRING,
                      .amount_input = dv_text_of("18446744073.709551615"),
                      .created_at_us = (uint64_t)now_us};
}

void tell_insert_for(rig *r, const dv_terms *terms, const char *owner)
{
    rig_tell(r, DV_PORT(DV_LINK_insert, 0),
             &(dv_message){.type = DV_MSG_insert_request,
                           .insert_request = {.terms = *terms, .owner = dv_text_of(owner)}});
}

void tell_insert(rig *r, const dv_terms *terms)
{
    tell_insert_for(r, terms, "execution");
}

void tell_step(rig *r, const dv_step_request *step)
{
    rig_tell(r, DV_PORT(DV_LINK_write, 0),
             &(dv_message){.type = DV_MSG_step_request, .step_request = *step});
}

/* A step of the straight way, from the state given; everything learnt on it is filled in. */
dv_step_request step_from(const dv_id *id, uint64_t state)
{
    static const dv_quote quotes[] = {
        {.venue = {"raydium", 7},
         .amount_in = 5,
         .amount_out = UINT64_MAX,
         .fee_ppm = 2500,
         .price_impact_bps = 12,
         .pool = {"58oQChx4yWmvKdwLLZzBi4ChoCc2fqCUWBkwMihLYQo2", 44}},
        {.venue = {"meteora", 7}, .error = DV_VENUE_QUOTE_LATE},
    };
    dv_step_request s = {.order_id = *id,
                         .epoch = 1,
                         .from_state = state,
                         .to_state = state == DV_STATE_pending ? DV_STATE_routing : state + 1,
                         .from_attempt = state == DV_STATE_pending ? 0 : 1,
                         .at_us = (uint64_t)dv_time_now().wall_us,
                         .attempt = {.number = 1}};
    if (state == DV_STATE_routing) {
        s.attempt.venue = dv_text_of("raydium");
        s.attempt.reason = dv_text_of("it pays \"more\" \\ \xc3\xa9\n");
        s.attempt.quotes = quotes;
        s.attempt.quotes_count = 2;
        s.attempt.limit_amount = UINT64_MAX - 1;
    } else if (state == DV_STATE_building) {
        s.attempt.signature =
            dv_text_of("5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQ");
        s.attempt.transaction = (dv_text){"\0\1\xff\\\"{}", 7};
        s.attempt.last_valid_block_height = UINT64_MAX;
    } else if (state == DV_STATE_submitted) {
        s.attempt.amount_in = 5;
        s.attempt.amount_out = 10000000000000000001u;
    }
    return s;
}

dv_terms insert_one(rig *r, const char *owner)
{
    dv_terms terms = terms_make("", "");
    tell_insert_for(r, &terms, owner);
    rig_until(r, DV_MSG_insert_reply, said(r, DV_MSG_insert_reply) + 1);
    return terms;
}

uint64_t step_one(rig *r, const dv_step_request *step)
{
    tell_step(r, step);
    rig_until(r, DV_MSG_step_reply, said(r, DV_MSG_step_reply) + 1);
    return last(r, DV_MSG_step_reply)->step_reply.error;
}

void step_to(rig *r, const dv_id *id, uint64_t to)
{
    for (uint64_t state = DV_STATE_pending; state != to;) {
        dv_step_request step = step_from(id, state);
        ck_assert_int_eq(step_one(r, &step), DV_OK);
        state = step.to_state;
    }
}

uint64_t ask_number(const char *sql)
{
    return strtoull(pg_ask(base, sql), NULL, 10);
}

void assert_sound(void)
{
    ck_assert_uint_eq(ask_number("select count(*) from order_events"),
                      ask_number("select coalesce(max(position), 0) from order_events"));
    ck_assert_uint_eq(ask_number("select position from event_stream"),
                      ask_number("select coalesce(max(position), 0) from order_events"));
    ck_assert_uint_eq(ask_number("select count(*) from orders o where o.seq <>"
                                 " (select count(*) from order_events e where e.order_id = o.id)"
                                 " or o.seq <> (select max(seq) from order_events e"
                                 " where e.order_id = o.id) or o.status <> (select status from"
                                 " order_events e where e.order_id = o.id and e.seq = o.seq)"),
                      0);
    ck_assert_uint_eq(ask_number("select count(*) from (select at < lag(at) over (partition by"
                                 " order_id order by seq) as back from order_events) x where back"),
                      0);
    ck_assert_uint_eq(
        ask_number("select count(*) from event_stream h where"
                   " h.pending <> (select count(*) from orders where status ="
                   " 'pending') or h.active <> (select count(*) from orders where outcome"
                   " is null and status <> 'pending') or h.finalized <> (select"
                   " count(*) from orders where status = 'finalized')"),
        0);
}

/* ---- the program ----------------------------------------------------------------------------- */

/* Each test has a database of its own on the one server. */
static void database_make(void)
{
    static char name[32];
    snprintf(name, sizeof name, "test_%d", (int)getpid());
    base = pg_database(&server, name);
}

int run_tests(const char *suite_name, const TTest *const tests[])
{
    dv_log_init(DV_LOG_ERROR, false);
    pg_start(&server);
    Suite *suite = suite_create(suite_name);
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, database_make, NULL);
    tcase_set_timeout(all, 90);
    for (size_t i = 0; tests[i] != NULL; i++) tcase_add_test(all, tests[i]);
    suite_add_tcase(suite, all);
    int status = suite_run(suite);
    pg_stop(&server);
    return status;
}
