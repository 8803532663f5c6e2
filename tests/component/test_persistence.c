/* Persistence against a real PostgreSQL, killed and restarted at will. */
#include "actors/persistence.h"

#include <check.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "actors/base/log.h"
#include "actors/migrate.h"
#include "proto/view.h"
#include "tests/component/pg.c"

#define DEADLINE_NS (30000 * DV_NS_PER_MS)

static pg_server server;
static const char *base; /* URL of the test's database */

/* ---- a small run loop that keeps what the actor says ---------------------------------------- */

typedef struct rig {
    dv_config config;
    void *self;
    dv_outbox *outbox;
    dv_arena *arena;      /* of what was said; kept to the end */
    dv_message *messages; /* all that was said, in order */
    size_t count, capacity;
} rig;

static void rig_open(rig *r, uint32_t connections, uint32_t batch_max)
{
    memset(r, 0, sizeof *r);
    snprintf(r->config.database_url, sizeof r->config.database_url, "%s", base);
    r->config.store_connections = connections;
    r->config.store_batch_max = batch_max;
    r->config.in_flight_max = 100000;
    r->config.start_timeout_ms = 20000;
    r->outbox = dv_outbox_new();
    r->arena = dv_arena_new();
    r->self = dv_persistence_new(&r->config);
    char why[DV_REASON_MAX] = "";
    dv_err error = DV_PERSISTENCE_CLASS.start(r->self, dv_time_now(), r->outbox, why);
    ck_assert_msg(error == DV_OK, "%s", why);
}

static void rig_close(rig *r)
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

static void rig_turn(rig *r)
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

static void rig_tell(rig *r, dv_port port, const dv_message *message)
{
    dv_envelope envelope = {.port = port, .message = *message};
    DV_PERSISTENCE_CLASS.handlers[message->type](r->self, &envelope, dv_time_now(), r->outbox);
}

static size_t said(const rig *r, dv_message_type type)
{
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++) n += r->messages[i].type == type;
    return n;
}

/* Turns until the actor has said `count` messages of a type. */
static void rig_until(rig *r, dv_message_type type, size_t count)
{
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    while (said(r, type) < count) {
        rig_turn(r);
        ck_assert_msg(dv_time_now().mono_ns < deadline_ns, "waiting for message %d", type);
    }
}

static const dv_message *last(const rig *r, dv_message_type type)
{
    for (size_t i = r->count; i > 0; i--)
        if (r->messages[i - 1].type == type) return &r->messages[i - 1];
    ck_abort_msg("no message %d", type);
    return NULL;
}

/* ---- orders --------------------------------------------------------------------------------- */

static dv_terms terms_make(const char *user, const char *key)
{
    uint8_t random[10];
    ck_assert_int_eq(getrandom(random, sizeof random, 0), sizeof random);
    int64_t now_us = dv_time_now().wall_us;
    return (dv_terms){.order_id = dv_id_make(now_us, random),
                      .client_order_id = dv_text_of(key),
                      .user_id = dv_text_of(user),
                      .order_type = DV_ORDER_MARKET,
                      .token_in = dv_text_of("So11111111111111111111111111111111111111112"),
                      .token_out = dv_text_of("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"),
                      .amount = UINT64_MAX,
                      .slippage_bps = 100,
                      .style = DV_STYLE_AMOUNT_STRING,
                      .amount_input = dv_text_of("18446744073.709551615"),
                      .created_at_us = (uint64_t)now_us};
}

static void tell_insert(rig *r, const dv_terms *terms)
{
    rig_tell(r, DV_PORT(DV_LINK_insert, 0),
             &(dv_message){.type = DV_MSG_order_insert,
                           .order_insert = {.terms = *terms, .owner = dv_text_of("execution")}});
}

static void tell_step(rig *r, const dv_order_step *step)
{
    rig_tell(r, DV_PORT(DV_LINK_write, 0),
             &(dv_message){.type = DV_MSG_order_step, .order_step = *step});
}

/* A step of the straight way, from the state given; everything learnt on it is filled in. */
static dv_order_step step_from(const dv_id *id, uint64_t state)
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
    dv_order_step s = {.order_id = *id,
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

static dv_terms insert_one(rig *r, const char *user, const char *key)
{
    dv_terms terms = terms_make(user, key);
    tell_insert(r, &terms);
    rig_until(r, DV_MSG_order_inserted, said(r, DV_MSG_order_inserted) + 1);
    return terms;
}

static uint64_t step_one(rig *r, const dv_order_step *step)
{
    tell_step(r, step);
    rig_until(r, DV_MSG_step_done, said(r, DV_MSG_step_done) + 1);
    return last(r, DV_MSG_step_done)->step_done.error;
}

/* Takes an order from pending to a state, by the straight way. */
static void step_to(rig *r, const dv_id *id, uint64_t to)
{
    for (uint64_t state = DV_STATE_pending; state != to;) {
        dv_order_step step = step_from(id, state);
        ck_assert_int_eq(step_one(r, &step), DV_OK);
        state = step.to_state;
    }
}

static const dv_view *view_of(rig *r, const dv_id *id)
{
    rig_tell(r, DV_PORT(DV_LINK_query, 0),
             &(dv_message){.type = DV_MSG_order_get, .order_get = {77, *id}});
    rig_until(r, DV_MSG_query_done, said(r, DV_MSG_query_done) + 1);
    ck_assert_int_eq(last(r, DV_MSG_query_done)->query_done.error, DV_OK);
    ck_assert_int_eq(last(r, DV_MSG_query_done)->query_done.request_id, 77);
    return &last(r, DV_MSG_order_view)->order_view.view;
}

/* What an observer makes of the events published for an order. */
static dv_view fold(const rig *r, const dv_id *id)
{
    dv_view view = {0};
    for (size_t i = 0; i < r->count; i++) {
        const dv_order_event *e = &r->messages[i].order_event;
        if (r->messages[i].type != DV_MSG_order_event) continue;
        if (!dv_id_equal(&e->terms.order_id, id)) continue;
        if (e->event.seq == 1) view.terms = e->terms;
        ck_assert(dv_view_apply(&view, &e->event, e->attempts, e->attempts_count, r->arena));
    }
    return view;
}

static void assert_views_equal(const dv_view *a, const dv_view *b)
{
    dv_buffer x = {0}, y = {0};
    dv_record_print(&DV_SHAPE_view, a, &x);
    dv_record_print(&DV_SHAPE_view, b, &y);
    dv_buffer_add(&x, "", 1);
    dv_buffer_add(&y, "", 1);
    ck_assert_str_eq(x.bytes, y.bytes);
    x.size = y.size = 0;
    dv_record_encode(&DV_SHAPE_view, a, &x);
    dv_record_encode(&DV_SHAPE_view, b, &y);
    ck_assert_uint_eq(x.size, y.size);
    ck_assert_mem_eq(x.bytes, y.bytes, x.size);
    dv_buffer_fini(&x);
    dv_buffer_fini(&y);
}

static uint64_t ask_number(const char *sql)
{
    return strtoull(pg_ask(base, sql), NULL, 10);
}

/* Seqs and positions without a gap, one terminal event each, rows that agree with their events. */
static void assert_sound(void)
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
                   " is null and status <> 'pending') or h.confirmed <> (select"
                   " count(*) from orders where status = 'confirmed')"),
        0);
}

/* ---- many orders ---------------------------------------------------------------------------- */

/* A crowd of orders that this test takes from insert to confirmed, as execution would. */
typedef struct crowd {
    size_t seen;                    /* messages of the rig looked at */
    uint64_t state[DV_STATE_COUNT]; /* orders by the state last told */
    uint64_t refused;               /* inserts */
} crowd;

static void crowd_insert(rig *r, uint32_t count)
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
        if (m->type == DV_MSG_order_inserted) {
            id = &m->order_inserted.order_id;
            state = DV_STATE_pending;
        } else if (m->type == DV_MSG_step_done) {
            ck_assert_msg(m->step_done.error == DV_OK, "a step to %s ended with %s",
                          dv_state_name((uint8_t)m->step_done.to_state),
                          dv_err_name((uint16_t)m->step_done.error));
            id = &m->step_done.order_id;
            state = m->step_done.to_state;
        } else {
            c->refused += m->type == DV_MSG_insert_refused;
            continue;
        }
        c->state[state]++;
        if (state == DV_STATE_confirmed) continue;
        dv_order_step step = step_from(id, state);
        tell_step(r, &step);
    }
}

static void crowd_turn(rig *r, crowd *c, int64_t deadline_ns)
{
    rig_turn(r);
    crowd_drive(r, c);
    ck_assert_msg(dv_time_now().mono_ns < deadline_ns,
                  "%" PRIu64 " pending, %" PRIu64 " confirmed in time", c->state[DV_STATE_pending],
                  c->state[DV_STATE_confirmed]);
}

static void crowd_finish(rig *r, crowd *c, uint64_t count)
{
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    while (c->state[DV_STATE_confirmed] + c->refused < count) crowd_turn(r, c, deadline_ns);
    ck_assert_uint_eq(c->state[DV_STATE_confirmed] + c->refused, count);
}

/* ---- tests: one order ----------------------------------------------------------------------- */

START_TEST(an_insert_is_committed_then_answered_and_published)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_terms terms = terms_make("ann", "key-1");
    tell_insert(&r, &terms);
    ck_assert_uint_eq(r.count, 0);
    rig_until(&r, DV_MSG_order_event, 1);
    const dv_order_inserted *inserted = &last(&r, DV_MSG_order_inserted)->order_inserted;
    ck_assert(dv_id_equal(&inserted->order_id, &terms.order_id));
    ck_assert_uint_eq(inserted->event.seq, 1);
    ck_assert_uint_eq(inserted->event.position, 1);
    ck_assert_uint_eq(inserted->event.state, DV_STATE_pending);
    ck_assert_uint_eq(inserted->event.at_us, terms.created_at_us);
    ck_assert_str_eq(pg_ask(base, "select status || ' ' || epoch || ' ' || owner || ' ' || amount"
                                  " from orders"),
                     "pending 1 execution 18446744073709551615");
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_view_equals_what_was_written_and_what_was_published)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_terms terms = insert_one(&r, "ann \xe2\x82\xac", "key-1");
    step_to(&r, &terms.order_id, DV_STATE_confirmed);
    rig_until(&r, DV_MSG_order_event, 5);
    dv_view folded = fold(&r, &terms.order_id);
    const dv_view *view = view_of(&r, &terms.order_id);
    assert_views_equal(view, &folded);
    ck_assert_uint_eq(view->events_count, 5);
    ck_assert_uint_eq(view->attempts_count, 1);
    ck_assert_uint_eq(view->attempts[0].amount_out, 10000000000000000001u);
    ck_assert_uint_eq(view->attempts[0].quotes_count, 2);
    ck_assert_uint_eq(view->attempts[0].quotes[0].amount_out, UINT64_MAX);
    ck_assert_uint_eq(view->attempts[0].last_valid_block_height, UINT64_MAX);
    ck_assert_uint_eq(view->attempts[0].transaction.size, 7);
    ck_assert_uint_eq(view->terms.amount, UINT64_MAX);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_retry_keeps_the_failed_attempt_and_waits_until_it_is_routed)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_terms terms = insert_one(&r, "", "");
    step_to(&r, &terms.order_id, DV_STATE_building);
    dv_order_step retry = step_from(&terms.order_id, DV_STATE_building);
    uint64_t due_us = retry.at_us + 2000000;
    retry.to_state = DV_STATE_routing;
    retry.attempt = (dv_attempt){.number = 2, .due_at_us = due_us};
    retry.failed_error = DV_VENUE_BUILD_FAILED;
    retry.failed_text = dv_text_of("no blockhash");
    ck_assert_int_eq(step_one(&r, &retry), DV_OK);
    rig_until(&r, DV_MSG_order_event, 4);
    dv_view folded = fold(&r, &terms.order_id);
    assert_views_equal(view_of(&r, &terms.order_id), &folded);
    ck_assert_uint_eq(folded.attempts[0].error, DV_VENUE_BUILD_FAILED);

    dv_message sweep = {.type = DV_MSG_waiting_ask, .waiting_ask = {.before_us = due_us}};
    rig_tell(&r, DV_PORT(DV_LINK_sweep, 0), &sweep);
    rig_until(&r, DV_MSG_waiting_told, 1);
    ck_assert_uint_eq(last(&r, DV_MSG_waiting_told)->waiting_told.waiting_count, 0);
    sweep.waiting_ask.before_us = due_us + 1;
    rig_tell(&r, DV_PORT(DV_LINK_sweep, 0), &sweep);
    rig_until(&r, DV_MSG_waiting_told, 2);
    const dv_waiting_told *told = &last(&r, DV_MSG_waiting_told)->waiting_told;
    ck_assert_uint_eq(told->waiting_count, 1);
    ck_assert(dv_id_equal(&told->waiting[0].order_id, &terms.order_id));
    ck_assert_uint_eq(told->waiting[0].attempt, 2);
    ck_assert_uint_eq(told->waiting[0].due_at_us, due_us);

    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_stats_ask});
    rig_until(&r, DV_MSG_stats_told, 1);
    ck_assert_uint_eq(last(&r, DV_MSG_stats_told)->stats_told.waiting, 1);
    ck_assert_uint_eq(last(&r, DV_MSG_stats_told)->stats_told.active, 0);

    dv_order_step build = step_from(&terms.order_id, DV_STATE_routing);
    build.from_attempt = build.attempt.number = 2;
    ck_assert_int_eq(step_one(&r, &build), DV_OK);
    rig_tell(&r, DV_PORT(DV_LINK_sweep, 0), &sweep);
    rig_until(&r, DV_MSG_waiting_told, 3);
    ck_assert_uint_eq(last(&r, DV_MSG_waiting_told)->waiting_told.waiting_count, 0);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_step_with_another_epoch_state_or_attempt_is_stale_and_moves_nothing)
{
    rig r;
    rig_open(&r, 1, 512);
    dv_terms terms = insert_one(&r, "", "");
    step_to(&r, &terms.order_id, DV_STATE_building);
    dv_order_step wrong[4];
    for (int i = 0; i < 4; i++) wrong[i] = step_from(&terms.order_id, DV_STATE_building);
    wrong[0].epoch = 2;
    wrong[1].from_attempt = wrong[1].attempt.number = 2;
    wrong[2] = step_from(&terms.order_id, DV_STATE_submitted);
    wrong[3].order_id.bytes[15] ^= 1;
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(step_one(&r, &wrong[i]), DV_STORE_STALE);
        ck_assert_str_eq(pg_ask(base, "select status || ' ' || seq from orders"), "building 3");
    }
    dv_order_step illegal = step_from(&terms.order_id, DV_STATE_building);
    illegal.to_state = DV_STATE_confirmed;
    ck_assert_int_eq(step_one(&r, &illegal), DV_STORE_REFUSED);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_resent_insert_or_step_is_answered_again_and_written_once)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_terms terms = insert_one(&r, "ann", "key");
    tell_insert(&r, &terms);
    tell_insert(&r, &terms);
    rig_until(&r, DV_MSG_order_inserted, 3);
    ck_assert_uint_eq(last(&r, DV_MSG_order_inserted)->order_inserted.event.position, 1);
    dv_order_step step = step_from(&terms.order_id, DV_STATE_pending);
    for (int i = 0; i < 3; i++) tell_step(&r, &step);
    rig_until(&r, DV_MSG_step_done, 3);
    for (size_t i = 0; i < r.count; i++)
        if (r.messages[i].type == DV_MSG_step_done)
            ck_assert_int_eq(r.messages[i].step_done.error, DV_OK);
    ck_assert_uint_eq(ask_number("select count(*) from order_events"), 2);
    ck_assert_uint_eq(said(&r, DV_MSG_order_exists), 0);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_second_order_with_the_same_key_gets_the_first_ones_view)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_terms first = terms_make("ann", "key"), second = terms_make("ann", "key");
    dv_terms other_user = terms_make("bob", "key"), nobody = terms_make("", "key");
    tell_insert(&r, &first); /* one batch holds all four */
    tell_insert(&r, &second);
    tell_insert(&r, &other_user);
    tell_insert(&r, &nobody);
    rig_until(&r, DV_MSG_order_inserted, 3);
    rig_until(&r, DV_MSG_order_exists, 1);
    const dv_order_exists *exists = &last(&r, DV_MSG_order_exists)->order_exists;
    const dv_id *winner = &exists->view.terms.order_id;
    ck_assert(dv_id_equal(winner, &first.order_id) || dv_id_equal(winner, &second.order_id));
    ck_assert(!dv_id_equal(winner, &exists->order_id));
    dv_id winner_id = *winner;

    step_to(&r, &winner_id, DV_STATE_building);
    dv_terms third = terms_make("ann", "key");
    tell_insert(&r, &third); /* and across batches */
    rig_until(&r, DV_MSG_order_exists, 2);
    exists = &last(&r, DV_MSG_order_exists)->order_exists;
    ck_assert(dv_id_equal(&exists->order_id, &third.order_id));
    ck_assert(dv_id_equal(&exists->view.terms.order_id, &winner_id));
    ck_assert_uint_eq(exists->view.events_count, 3);
    ck_assert_uint_eq(ask_number("select count(*) from orders"), 3);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_refused_row_does_not_poison_its_batch)
{
    rig r;
    rig_open(&r, 1, 512);
    dv_terms bad = terms_make("", ""), good[100];
    bad.user_id = (dv_text){"nul\0byte", 8}; /* PostgreSQL has no such text */
    for (int i = 0; i < 100; i++) {
        good[i] = terms_make("", "");
        tell_insert(&r, &good[i]);
        if (i == 70) tell_insert(&r, &bad);
    }
    rig_until(&r, DV_MSG_order_inserted, 100);
    rig_until(&r, DV_MSG_insert_refused, 1);
    rig_until(&r, DV_MSG_order_event, 100);
    const dv_insert_refused *refused = &last(&r, DV_MSG_insert_refused)->insert_refused;
    ck_assert_int_eq(refused->error, DV_STORE_REFUSED);
    ck_assert(dv_id_equal(&refused->order_id, &bad.order_id));

    for (int i = 0; i < 100; i++) {
        dv_order_step step = step_from(&good[i].order_id, DV_STATE_pending);
        if (i == 33) step.attempt.venue = (dv_text){"a\0b", 3};
        tell_step(&r, &step);
    }
    rig_until(&r, DV_MSG_step_done, 100);
    uint32_t stored = 0;
    for (size_t i = 0; i < r.count; i++) {
        if (r.messages[i].type != DV_MSG_step_done) continue;
        bool is_bad = dv_id_equal(&r.messages[i].step_done.order_id, &good[33].order_id);
        ck_assert_int_eq(r.messages[i].step_done.error, is_bad ? DV_STORE_REFUSED : DV_OK);
        stored += !is_bad;
    }
    ck_assert_uint_eq(stored, 99);
    ck_assert_uint_eq(ask_number("select count(*) from orders where status = 'routing'"), 99);
    rig_until(&r, DV_MSG_order_event, 199);
    assert_sound();
    rig_close(&r);
}
END_TEST

/* ---- tests: ownership and queries ------------------------------------------------------------ */

START_TEST(a_claim_hands_over_unfinished_orders_and_shuts_out_the_old_owner)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_id ids[4];
    for (int i = 0; i < 4; i++) {
        ids[i] = insert_one(&r, "", "").order_id;
        step_to(&r, &ids[i], i == 3 ? DV_STATE_confirmed : DV_STATE_submitted);
    }
    dv_message claim = {.type = DV_MSG_orders_claim,
                        .orders_claim = {.owner = dv_text_of("execution-2"), .limit = 2}};
    dv_id after = {0};
    uint64_t claimed = 0, counts[] = {2, 1};
    for (int page = 0; page < 2; page++) {
        claim.orders_claim.after = after;
        rig_tell(&r, DV_PORT(DV_LINK_write, 0), &claim);
        rig_until(&r, DV_MSG_claim_done, (size_t)page + 1);
        const dv_claim_done *done = &last(&r, DV_MSG_claim_done)->claim_done;
        ck_assert_int_eq(done->error, DV_OK);
        ck_assert_uint_eq(done->count, counts[page]);
        claimed += done->count;
        ck_assert_uint_eq(said(&r, DV_MSG_order_claimed), claimed);
        after = done->last;
    }
    const dv_job *job = &last(&r, DV_MSG_order_claimed)->order_claimed.job;
    ck_assert_uint_eq(job->epoch, 2);
    ck_assert_uint_eq(job->state, DV_STATE_submitted);
    ck_assert_uint_eq(job->attempt.number, 1);
    ck_assert_uint_eq(job->attempt.transaction.size, 7);
    ck_assert_mem_eq(job->attempt.transaction.at, "\0\1\xff\\\"{}", 7);
    ck_assert_uint_eq(job->attempt.quotes_count, 2);
    ck_assert_uint_eq(job->terms.amount, UINT64_MAX);

    dv_order_step step = step_from(&ids[0], DV_STATE_submitted);
    ck_assert_int_eq(step_one(&r, &step), DV_STORE_STALE);
    step.epoch = 2;
    ck_assert_int_eq(step_one(&r, &step), DV_OK);
    ck_assert_uint_eq(ask_number("select count(*) from orders where owner = 'execution-2'"), 3);
    assert_sound();
    rig_close(&r);
}
END_TEST

/* The ids a list query gives, as indexes into ids[5], newest first: "43210". */
static void list(rig *r, const dv_order_list *query, const dv_id ids[5], char ret[8])
{
    size_t from = r->count, n = 0;
    rig_tell(r, DV_PORT(DV_LINK_query, 0),
             &(dv_message){.type = DV_MSG_order_list, .order_list = *query});
    rig_until(r, DV_MSG_query_done, said(r, DV_MSG_query_done) + 1);
    for (size_t i = from; i < r->count; i++) {
        if (r->messages[i].type != DV_MSG_order_view) continue;
        for (char k = 0; k < 5; k++)
            if (dv_id_equal(&r->messages[i].order_view.view.terms.order_id, &ids[(int)k]))
                ret[n++] = (char)('0' + k);
    }
    ret[n] = '\0';
    ck_assert_uint_eq(last(r, DV_MSG_query_done)->query_done.count, n);
}

START_TEST(lists_are_newest_first_by_state_activity_and_user)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_id ids[5];
    for (int i = 0; i < 5; i++) {
        dv_terms terms = terms_make(i % 2 ? "ann" : "", "");
        terms.order_id.bytes[5] = 0; /* ids of one millisecond are not ordered: make them so */
        terms.order_id.bytes[6] = 0x70;
        terms.order_id.bytes[7] = (uint8_t)i;
        ids[i] = terms.order_id;
        tell_insert(&r, &terms);
    }
    rig_until(&r, DV_MSG_order_inserted, 5);
    step_to(&r, &ids[1], DV_STATE_confirmed);
    step_to(&r, &ids[2], DV_STATE_routing);
    const struct {
        dv_order_list query;
        const char *expected;
    } rows[] = {
        {{.limit = 100}, "43210"},
        {{.limit = 2}, "43"},
        {{.limit = 0}, ""},
        {{.limit = 9, .state = DV_STATE_pending}, "430"},
        {{.limit = 9, .state = DV_STATE_confirmed}, "1"},
        {{.limit = 9, .state = DV_STATE_failed}, ""},
        {{.limit = 9, .active_only = 1}, "4320"},
        {{.limit = 9, .active_only = 1, .state = DV_STATE_confirmed}, ""},
        {{.limit = 9, .active_only = 1, .state = DV_STATE_routing}, "2"},
        {{.limit = 9, .has_user = 1, .user_id = {"ann", 3}}, "31"},
        {{.limit = 9, .has_user = 1, .user_id = {"ann", 3}, .active_only = 1}, "3"},
        {{.limit = 9, .has_user = 1, .user_id = {"ann", 3}, .state = DV_STATE_confirmed}, "1"},
        {{.limit = 9, .has_user = 1, .user_id = {"stranger", 8}}, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[8];
        list(&r, &rows[i].query, ids, got);
        ck_assert_str_eq(got, rows[i].expected);
    }
    rig_close(&r);
}
END_TEST

START_TEST(events_come_by_position_each_with_its_order)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_id a = insert_one(&r, "", "").order_id, b = insert_one(&r, "", "").order_id;
    step_to(&r, &a, DV_STATE_building);
    step_to(&r, &b, DV_STATE_routing); /* a b a a b */
    rig_tell(&r, DV_PORT(DV_LINK_query, 1),
             &(dv_message){.type = DV_MSG_events_ask, .events_ask = {5, 1, 3}});
    rig_until(&r, DV_MSG_query_done, 1);
    const uint64_t seqs[] = {1, 2, 3};
    const dv_id *orders[] = {&b, &a, &a};
    size_t k = 0;
    for (size_t i = 0; i < r.count; i++) {
        if (r.messages[i].type != DV_MSG_order_view) continue;
        ck_assert_uint_eq(r.messages[i].order_view.seq, seqs[k]);
        ck_assert(dv_id_equal(&r.messages[i].order_view.view.terms.order_id, orders[k]));
        k++;
    }
    ck_assert_uint_eq(k, 3);
    ck_assert_uint_eq(last(&r, DV_MSG_query_done)->query_done.count, 3);
    ck_assert_uint_eq(last(&r, DV_MSG_query_done)->query_done.head_position, 5);
    rig_close(&r);
}
END_TEST

START_TEST(an_unknown_order_is_not_found_and_the_head_is_told_all_the_same)
{
    rig r;
    rig_open(&r, 1, 512);
    insert_one(&r, "", "");
    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_order_get});
    rig_until(&r, DV_MSG_query_done, 1);
    ck_assert_int_eq(last(&r, DV_MSG_query_done)->query_done.error, DV_ORDER_NOT_FOUND);
    ck_assert_uint_eq(last(&r, DV_MSG_query_done)->query_done.head_position, 1);
    rig_close(&r);
}
END_TEST

/* ---- tests: many orders -----------------------------------------------------------------------
 */

/* Whether the events were published in order of position. */
static void assert_published_in_order(const rig *r, uint64_t count)
{
    uint64_t position = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (r->messages[i].type != DV_MSG_order_event) continue;
        ck_assert_uint_eq(r->messages[i].order_event.event.position, position + 1);
        position++;
    }
    ck_assert_uint_eq(position, count);
}

START_TEST(five_thousand_orders_have_gapless_seqs_and_positions)
{
    rig r;
    rig_open(&r, 2, 512);
    crowd c = {0};
    int64_t begun_ns = dv_time_now().mono_ns;
    crowd_insert(&r, 5000);
    crowd_finish(&r, &c, 5000);
    int64_t took_ms = (dv_time_now().mono_ns - begun_ns) / DV_NS_PER_MS;
    printf("5000 orders, insert and 4 steps each: %" PRId64 " ms, %" PRId64 " orders/s\n", took_ms,
           5000 * 1000 / took_ms);
    rig_until(&r, DV_MSG_order_event, 25000);
    assert_published_in_order(&r, 25000);
    ck_assert_uint_eq(ask_number("select max(position) from order_events"), 25000);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(two_writers_share_one_gapless_stream)
{
    rig r[2];
    crowd c[2] = {0};
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    for (int i = 0; i < 2; i++) {
        rig_open(&r[i], 2, 64);
        crowd_insert(&r[i], 500);
    }
    while (c[0].state[DV_STATE_confirmed] < 500 || c[1].state[DV_STATE_confirmed] < 500)
        for (int i = 0; i < 2; i++) crowd_turn(&r[i], &c[i], deadline_ns);
    for (int i = 0; i < 2; i++) {
        rig_until(&r[i], DV_MSG_order_event, 2500);
        rig_close(&r[i]);
    }
    ck_assert_uint_eq(ask_number("select max(position) from order_events"), 5000);
    assert_sound();
}
END_TEST

/* Every order that was answered is there, every other is not, and each event was told. */
static void assert_nothing_lost_or_doubled(rig *r, const crowd *c)
{
    uint64_t confirmed = c->state[DV_STATE_confirmed];
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

START_TEST(killed_backends_lose_and_double_nothing)
{
    rig r;
    rig_open(&r, 2, 64);
    crowd c = {0};
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    crowd_insert(&r, 2000);
    for (uint64_t kill = 1; kill <= 8; kill++) {
        while (c.state[DV_STATE_building] < kill * 100 &&
               c.state[DV_STATE_confirmed] + c.refused < 2000)
            crowd_turn(&r, &c, deadline_ns);
        pg_ask(base, "select pg_terminate_backend(pid) from pg_stat_activity"
                     " where application_name = 'drover' and datname = current_database()");
    }
    crowd_finish(&r, &c, 2000);
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}
END_TEST

START_TEST(a_crash_of_the_server_loses_and_doubles_nothing)
{
    rig r;
    rig_open(&r, 2, 64);
    crowd c = {0};
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    crowd_insert(&r, 1000);
    while (c.state[DV_STATE_building] < 300) crowd_turn(&r, &c, deadline_ns);
    pg_crash(&server);
    while (DV_PERSISTENCE_CLASS.health(r.self).degraded == DV_OK) crowd_turn(&r, &c, deadline_ns);
    ck_assert_int_eq(DV_PERSISTENCE_CLASS.health(r.self).degraded, DV_STORE_AWAY);

    uint64_t refused = c.refused;
    crowd_insert(&r, 10); /* surely not stored, so refused at once */
    while (c.refused < refused + 10) crowd_turn(&r, &c, deadline_ns);
    ck_assert_int_eq(last(&r, DV_MSG_insert_refused)->insert_refused.error, DV_STORE_AWAY);
    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_order_get});
    rig_until(&r, DV_MSG_query_done, 1);
    ck_assert_int_eq(last(&r, DV_MSG_query_done)->query_done.error, DV_STORE_AWAY);

    pg_resume(&server);
    crowd_finish(&r, &c, 1010);
    ck_assert_int_eq(DV_PERSISTENCE_CLASS.health(r.self).degraded, DV_OK);
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}
END_TEST

/* ---- tests: migration and start ----------------------------------------------------------------
 */

static void *migrate_thread(void *applied)
{
    char why[DV_REASON_MAX] = "";
    dv_err error = dv_migrate(base, applied, why);
    ck_assert_msg(error == DV_OK, "%s", why);
    return NULL;
}

START_TEST(two_migrations_at_once_apply_each_step_once)
{
    pthread_t threads[2];
    unsigned applied[2] = {0}, again = 9;
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, migrate_thread, &applied[i]);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    ck_assert_uint_eq(applied[0] + applied[1],
                      ask_number("select count(*) from schema_migrations"));
    ck_assert_uint_gt(applied[0] + applied[1], 0);
    migrate_thread(&again);
    ck_assert_uint_eq(again, 0);
}
END_TEST

START_TEST(a_failed_start_says_where_and_why_but_not_the_password)
{
    static dv_config config;
    config.store_connections = 1;
    config.store_batch_max = 1;
    config.start_timeout_ms = 1;
    snprintf(config.database_url, sizeof config.database_url,
             "postgresql://ann:secret@127.0.0.1:1/drover");
    void *self = dv_persistence_new(&config);
    dv_outbox *outbox = dv_outbox_new();
    char why[DV_REASON_MAX] = "";
    ck_assert_int_eq(DV_PERSISTENCE_CLASS.start(self, dv_time_now(), outbox, why), DV_STORE_AWAY);
    ck_assert_ptr_nonnull(strstr(why, "ann@127.0.0.1:1/drover"));
    ck_assert_ptr_nonnull(strstr(why, "refused"));
    ck_assert_ptr_null(strstr(why, "secret"));
    DV_PERSISTENCE_CLASS.destroy(&self);
    dv_outbox_destroy(&outbox);
}
END_TEST

/* ---- main --------------------------------------------------------------------------------------
 */

/* Each test has a database of its own on the one server. */
static void database_make(void)
{
    static char name[32];
    snprintf(name, sizeof name, "test_%d", (int)getpid());
    base = pg_database(&server, name);
}

int main(void)
{
    dv_log_init(DV_LOG_ERROR, false);
    pg_start(&server);
    Suite *suite = suite_create("persistence with PostgreSQL");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, database_make, NULL);
    tcase_set_timeout(tests, 90);
    tcase_add_test(tests, an_insert_is_committed_then_answered_and_published);
    tcase_add_test(tests, a_view_equals_what_was_written_and_what_was_published);
    tcase_add_test(tests, a_retry_keeps_the_failed_attempt_and_waits_until_it_is_routed);
    tcase_add_test(tests, a_step_with_another_epoch_state_or_attempt_is_stale_and_moves_nothing);
    tcase_add_test(tests, a_resent_insert_or_step_is_answered_again_and_written_once);
    tcase_add_test(tests, a_second_order_with_the_same_key_gets_the_first_ones_view);
    tcase_add_test(tests, a_refused_row_does_not_poison_its_batch);
    tcase_add_test(tests, a_claim_hands_over_unfinished_orders_and_shuts_out_the_old_owner);
    tcase_add_test(tests, lists_are_newest_first_by_state_activity_and_user);
    tcase_add_test(tests, events_come_by_position_each_with_its_order);
    tcase_add_test(tests, an_unknown_order_is_not_found_and_the_head_is_told_all_the_same);
    tcase_add_test(tests, five_thousand_orders_have_gapless_seqs_and_positions);
    tcase_add_test(tests, two_writers_share_one_gapless_stream);
    tcase_add_test(tests, killed_backends_lose_and_double_nothing);
    tcase_add_test(tests, a_crash_of_the_server_loses_and_doubles_nothing);
    tcase_add_test(tests, two_migrations_at_once_apply_each_step_once);
    tcase_add_test(tests, a_failed_start_says_where_and_why_but_not_the_password);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    pg_stop(&server);
    return failed != 0;
}
