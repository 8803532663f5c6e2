/* The logic of persistence against a scripted store: what it batches, and what it answers. */
#include "actors/persistence/persistence.h"

#include <check.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/persistence/query.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/suite.h"

/* ---- a store that does as it is told -------------------------------------------------------- */

typedef struct request {
    uint64_t ticket;
    const dv_query *query;
    uint32_t count;
    uint8_t orders[64]; /* the last byte of each row's order id */
} request;

typedef struct script {
    dv_store base;
    uint32_t room;
    bool away;
    request requests[64]; /* all that were submitted */
    uint32_t request_count;
    const dv_store_answer *answer; /* given at the next tick */
} script;

static dv_err script_start(dv_store *store, char ret_why[DV_REASON_MAX])
{
    (void)store;
    (void)ret_why;
    return DV_OK;
}

static uint32_t script_room(const dv_store *store, dv_store_lane lane)
{
    (void)lane;
    const script *s = (const script *)store;
    return s->away ? 0 : s->room;
}

static bool script_away(const dv_store *store, dv_store_lane lane)
{
    (void)lane;
    return ((const script *)store)->away;
}

static void script_submit(dv_store *store, const dv_store_request *r)
{
    script *s = (script *)store;
    ck_assert_uint_gt(s->room, 0);
    s->room--;
    request *kept = &s->requests[s->request_count++];
    *kept = (request){.ticket = r->ticket, .query = r->query, .count = r->count};
    for (uint32_t i = 0; i < r->count; i++)
        kept->orders[i] = r->query->asks == DV_MSG_insert_request
                              ? r->inserts[i]->terms.order_id.bytes[15]
                              : r->steps[i]->order_id.bytes[15];
}

static int64_t script_tick(dv_store *store, dv_time now, const dv_store_answers *answers)
{
    (void)now;
    script *s = (script *)store;
    const dv_store_answer *answer = s->answer;
    s->answer = NULL;
    if (answer != NULL) {
        s->room++;
        answers->answer(answers->context, answer);
    }
    return DV_NEVER;
}

static void script_destroy(dv_store **store)
{
    if (store != NULL) *store = NULL;
}

static const dv_store_class SCRIPT_CLASS = {
    .start = script_start,
    .room = script_room,
    .away = script_away,
    .submit = script_submit,
    .tick = script_tick,
    .destroy = script_destroy,
};

/* ---- the actor, turn by turn ---------------------------------------------------------------- */

static script store;
static dv_persistence_config config;
static void *self;
static dv_outbox *outbox;
static dv_arena *arena;
static dv_message said[256]; /* in the last turn */
static uint32_t said_count;

static void open_actor(void)
{
    dv_log_init(DV_LOG_ERROR + 1, false); /* refusals are logged, and meant here */
    store = (script){.base = {&SCRIPT_CLASS}, .room = 1};
    config.store_batch_max = 8;
    dv_store *port = &store.base;
    self = dv_persistence_new_on(&config, 20, &port);
    ck_assert_ptr_null(port);
    outbox = dv_outbox_new();
    arena = dv_arena_new();
}

static void close_actor(void)
{
    DV_PERSISTENCE_CLASS.destroy(&self);
    dv_outbox_destroy(&outbox);
    dv_arena_destroy(&arena);
}

static void turn(void)
{
    DV_PERSISTENCE_CLASS.tick(self, (dv_time){0}, outbox);
    said_count = 0;
    for (size_t i = 0; i < dv_outbox_count(outbox); i++) {
        dv_outbox_entry e = dv_outbox_at(outbox, i);
        dv_text bytes = dv_arena_text(arena, (dv_text){e.bytes, (uint32_t)e.size});
        dv_err error = dv_message_decode(bytes.at, bytes.size, arena, &said[said_count++]);
        ck_assert_int_eq(error, DV_OK);
    }
    dv_outbox_clear(outbox);
}

static void tell(dv_port port, const dv_message *message)
{
    dv_envelope envelope = {.port = port, .peer = {3, "ann"}, .message = *message};
    DV_PERSISTENCE_CLASS.handlers[message->type](self, &envelope, (dv_time){0}, outbox);
}

static dv_id id_of(uint8_t order)
{
    return (dv_id){.bytes = {[15] = order}};
}

static void tell_insert(uint8_t order)
{
    tell(DV_PORT(DV_LINK_insert, 0),
         &(dv_message){.type = DV_MSG_insert_request,
                       .insert_request = {.terms = {.order_id = id_of(order), .amount = order},
                                          .owner = dv_text_of("execution")}});
}

static dv_step_request step_of(uint8_t order)
{
    return (dv_step_request){.order_id = id_of(order),
                             .epoch = 3,
                             .from_state = DV_STATE_routing,
                             .to_state = DV_STATE_building,
                             .from_attempt = 1,
                             .attempt = {.number = 1, .venue = dv_text_of("raydium")}};
}

static void tell_step(uint8_t order)
{
    tell(DV_PORT(DV_LINK_write, 0),
         &(dv_message){.type = DV_MSG_step_request, .step_request = step_of(order)});
}

static const request *last_request(void)
{
    ck_assert_uint_gt(store.request_count, 0);
    return &store.requests[store.request_count - 1];
}

static void assert_request(const request *r, const char *query, const char *orders)
{
    ck_assert_str_eq(r->query->name, query);
    ck_assert_uint_eq(r->count, strlen(orders));
    for (uint32_t i = 0; i < r->count; i++) ck_assert_uint_eq(r->orders[i], (uint8_t)orders[i]);
}

/* Answers a request with an error and takes a turn. */
static void reject(const request *r, dv_err error)
{
    dv_store_answer answer = {.ticket = r->ticket, .error = error};
    store.answer = &answer;
    turn();
}

/* Answers an INSERT or STEP: the rows from `position` on were written, but for the one missed. */
static void succeed(const request *r, uint64_t position, int missed)
{
    dv_store_receipt receipts[64] = {0};
    for (uint32_t i = 0; i < r->count; i++)
        if ((int)i != missed)
            receipts[i] = (dv_store_receipt){
                .found = true,
                .event = {.seq = 1, .position = position++, .state = DV_STATE_pending}};
    dv_store_answer answer = {.ticket = r->ticket, .count = r->count, .receipts = receipts};
    store.answer = &answer;
    turn();
}

/* How many messages of a type were said in the last turn, and the last of them. */
static uint32_t heard(dv_message_type type, const dv_message **ret)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < said_count; i++) {
        if (said[i].type != type) continue;
        if (ret != NULL) *ret = &said[i];
        n++;
    }
    return n;
}

/* ---- batches -------------------------------------------------------------------------------- */

START_TEST(what_comes_in_one_turn_travels_in_one_request)
{
    for (uint8_t order = 'a'; order <= 'c'; order++) tell_insert(order);
    ck_assert_uint_eq(store.request_count, 0);
    turn();
    ck_assert_uint_eq(store.request_count, 1);
    assert_request(last_request(), "insert", "abc");
}
END_TEST

START_TEST(what_comes_while_a_request_is_in_flight_gathers)
{
    tell_insert('a');
    turn();
    for (uint8_t order = 'b'; order <= 'd'; order++) {
        tell_insert(order);
        turn();
    }
    ck_assert_uint_eq(store.request_count, 1);
    succeed(last_request(), 1, -1);
    assert_request(last_request(), "insert", "bcd");
}
END_TEST

START_TEST(only_a_full_batch_goes_beside_another_of_its_kind)
{
    store.room = 8;
    for (uint8_t order = 'a'; order <= 'r'; order++) tell_insert(order);
    turn();
    assert_request(&store.requests[0], "insert", "abcdefgh");
    assert_request(&store.requests[1], "insert", "ijklmnop");
    ck_assert_uint_eq(store.request_count, 2);
    tell_step('a');
    turn();
    assert_request(&store.requests[2], "step", "a");
    tell_step('b');
    succeed(&store.requests[0], 1, -1);
    ck_assert_uint_eq(store.request_count, 3);
    succeed(&store.requests[1], 9, -1);
    assert_request(&store.requests[3], "insert", "qr");
    succeed(&store.requests[2], 17, -1);
    assert_request(&store.requests[4], "step", "b");
    ck_assert_uint_eq(store.request_count, 5);
}
END_TEST

START_TEST(two_steps_of_an_order_are_never_in_one_request)
{
    tell_step('a');
    tell_step('b');
    dv_step_request other = step_of('a');
    other.epoch++;
    tell(DV_PORT(DV_LINK_write, 0),
         &(dv_message){.type = DV_MSG_step_request, .step_request = other});
    turn();
    assert_request(last_request(), "step", "ab");
    succeed(last_request(), 1, -1);
    assert_request(last_request(), "step", "a");
}
END_TEST

START_TEST(what_is_asked_again_while_it_is_pending_is_asked_of_the_store_once)
{
    for (int times = 0; times < 3; times++) { /* gathering, in flight, lost and asked again */
        tell_step('a');
        tell_insert('b');
        store.room = 2;
        turn();
        ck_assert_uint_eq(store.request_count, 2);
    }
    store.room = 0;
    reject(&store.requests[0], DV_STORE_AWAY);
    tell_step('a');
    tell_insert('b');
    store.room = 1;
    turn();
    ck_assert_uint_eq(store.request_count, 3);
    ck_assert_ptr_eq(store.requests[2].query, store.requests[0].query);
    for (uint32_t i = 1; i < 3; i++) succeed(&store.requests[i], i, -1);
    ck_assert_uint_eq(store.request_count, 3);
    ck_assert(DV_PERSISTENCE_CLASS.drained(self));
    tell_step('a'); /* answered, so asked anew */
    turn();
    assert_request(last_request(), "step", "a");
}
END_TEST

START_TEST(what_two_peers_ask_is_answered_to_both)
{
    tell_insert('a');
    dv_envelope other = {.port = DV_PORT(DV_LINK_insert, 0),
                         .peer = {3, "bob"},
                         .message = {.type = DV_MSG_insert_request,
                                     .insert_request = {.terms = {.order_id = id_of('a')},
                                                        .owner = dv_text_of("elsewhere")}}};
    DV_PERSISTENCE_CLASS.handlers[DV_MSG_insert_request](self, &other, (dv_time){0}, outbox);
    turn();
    succeed(last_request(), 1, -1);
    const dv_message *m = NULL;
    ck_assert_uint_eq(heard(DV_MSG_insert_reply, &m), 1);
    ck_assert(dv_text_is(m->insert_reply.owner, "execution"));
    succeed(last_request(), 0, 0);
    assert_request(last_request(), "find", "a");
    dv_event event = {.seq = 1, .position = 1, .state = DV_STATE_pending};
    dv_store_view view = {1,
                          dv_text_of("execution"),
                          {.terms = {.order_id = id_of('a')}, .events = &event, .events_count = 1}};
    dv_store_answer found = {.ticket = last_request()->ticket, .count = 1, .views = &view};
    store.answer = &found;
    turn();
    ck_assert_uint_eq(heard(DV_MSG_insert_reply, &m), 1);
    ck_assert(dv_text_is(m->insert_reply.owner, "execution")); /* the first one's, not its own */
}
END_TEST

START_TEST(inserts_and_steps_have_turns)
{
    for (uint8_t order = 'a'; order <= 'p'; order++) tell_insert(order);
    tell_step('z');
    turn();
    uint32_t steps_at = 9;
    for (uint32_t i = 0; i < 3; i++) {
        if (store.requests[i].query == &DV_QUERY_step) steps_at = i;
        succeed(&store.requests[i], 1 + 8 * i, -1);
    }
    ck_assert_uint_lt(steps_at, 2);
}
END_TEST

START_TEST(nothing_is_said_before_the_store_has_answered)
{
    tell_insert('a');
    tell_step('b');
    store.room = 2;
    turn();
    turn();
    ck_assert_uint_eq(store.request_count, 2);
    ck_assert_uint_eq(said_count, 0);
}
END_TEST

START_TEST(too_many_in_flight_are_refused_as_not_done)
{
    for (uint8_t order = 0; order < 20; order++) tell_insert(order);
    turn();
    tell_insert('x');
    tell_step('y');
    turn();
    const dv_message *m = NULL;
    ck_assert_uint_eq(heard(DV_MSG_insert_refusal, &m), 1);
    ck_assert_int_eq(m->insert_refusal.error, DV_ENGINE_FULL);
    ck_assert_uint_eq(heard(DV_MSG_step_reply, &m), 1);
    ck_assert_int_eq(m->step_reply.error, DV_ENGINE_FULL);
}
END_TEST

START_TEST(only_legal_moves_with_their_attempt_number_reach_the_store)
{
    store.room = 60;
    for (uint8_t from = 0; from < DV_STATE_COUNT; from++)
        for (uint8_t to = 0; to < DV_STATE_COUNT; to++)
            for (uint8_t more = 0; more < 3; more++) {
                dv_step_request step = step_of('a');
                step.from_state = from;
                step.to_state = to;
                step.attempt.number = 1u + more;
                store.room = 1;
                uint32_t before = store.request_count = 0;
                tell(DV_PORT(DV_LINK_write, 0),
                     &(dv_message){.type = DV_MSG_step_request, .step_request = step});
                turn();
                bool legal = dv_state_may_move(from, to) && more == (to == DV_STATE_routing);
                ck_assert_uint_eq(store.request_count, before + legal);
                const dv_message *m = NULL;
                ck_assert_uint_eq(heard(DV_MSG_step_reply, &m), !legal);
                if (!legal) ck_assert_int_eq(m->step_reply.error, DV_STORE_REFUSED);
                if (legal) succeed(last_request(), 1, -1);
            }
}
END_TEST

/* ---- what the store may say ------------------------------------------------------------------ */

START_TEST(a_lost_batch_is_sent_again_before_anything_else)
{
    tell_step('a');
    tell_step('b');
    turn();
    tell_step('c');
    reject(last_request(), DV_STORE_AWAY);
    assert_request(last_request(), "step", "ab");
    ck_assert_uint_eq(said_count, 0);
    succeed(last_request(), 1, -1);
    ck_assert_uint_eq(heard(DV_MSG_step_reply, NULL), 2);
    ck_assert_uint_eq(heard(DV_MSG_order_event, NULL), 2);
    assert_request(last_request(), "step", "c");
}
END_TEST

START_TEST(while_the_store_is_away_only_inserts_never_sent_are_refused)
{
    const dv_message *m = NULL;
    tell_insert('a');
    turn();
    tell_insert('b'); /* waits; a is in flight */
    store.away = true;
    reject(last_request(), DV_STORE_AWAY);
    ck_assert_uint_eq(heard(DV_MSG_insert_refusal, &m), 1);
    ck_assert_uint_eq(m->insert_refusal.order_id.bytes[15], 'b');
    ck_assert_int_eq(m->insert_refusal.error, DV_STORE_AWAY);
    tell_step('s');
    turn();
    ck_assert_uint_eq(said_count, 0);
    ck_assert(!DV_PERSISTENCE_CLASS.drained(self));
    ck_assert_int_eq(DV_PERSISTENCE_CLASS.health(self).degraded, DV_STORE_AWAY);

    store.away = false;
    turn();
    assert_request(last_request(), "insert", "a");
    succeed(last_request(), 1, -1);
    assert_request(last_request(), "step", "s");
    succeed(last_request(), 2, -1);
    ck_assert(DV_PERSISTENCE_CLASS.drained(self));
    ck_assert_int_eq(DV_PERSISTENCE_CLASS.health(self).degraded, DV_OK);
}
END_TEST

START_TEST(inserts_that_were_surely_undone_are_refused_and_doubtful_ones_asked_again)
{
    for (int doubtful = 0; doubtful < 2; doubtful++) {
        store.request_count = 0;
        store.room = 1;
        tell_insert('a');
        turn();
        if (doubtful) reject(last_request(), DV_STORE_AWAY);
        dv_store_answer undone = {
            .ticket = last_request()->ticket, .error = DV_STORE_AWAY, .undone = true};
        store.answer = &undone;
        turn();
        const dv_message *m = NULL;
        ck_assert_uint_eq(heard(DV_MSG_insert_refusal, &m), !doubtful);
        if (!doubtful) ck_assert_int_eq(m->insert_refusal.error, DV_STORE_AWAY);
        ck_assert_uint_eq(store.request_count, doubtful ? 3 : 1);
        if (doubtful) succeed(last_request(), 1, -1);
        ck_assert(DV_PERSISTENCE_CLASS.drained(self));
    }
}
END_TEST

START_TEST(steps_wait_for_the_store_even_when_they_were_surely_undone)
{
    tell_step('a');
    turn();
    dv_store_answer undone = {
        .ticket = last_request()->ticket, .error = DV_STORE_AWAY, .undone = true};
    store.answer = &undone;
    turn();
    ck_assert_uint_eq(said_count, 0);
    assert_request(last_request(), "step", "a");
    ck_assert_uint_eq(store.request_count, 2);
}
END_TEST

/* Refuses every request that holds order 'x', accepts the others. Returns who was refused. */
static uint32_t play_bad_row(char ret_done[16])
{
    uint32_t refused = 0, done = 0;
    uint64_t position = 1;
    for (uint32_t i = 0; i < store.request_count; i++) {
        request r = store.requests[i];
        if (memchr(r.orders, 'x', r.count) != NULL)
            reject(&r, DV_STORE_REFUSED);
        else {
            succeed(&r, position, -1);
            position += r.count;
        }
        for (uint32_t k = 0; k < said_count; k++) {
            if (said[k].type != DV_MSG_step_reply) continue;
            char order = (char)said[k].step_reply.order_id.bytes[15];
            if (said[k].step_reply.error == DV_OK)
                ret_done[done++] = order;
            else {
                ck_assert_int_eq(said[k].step_reply.error, DV_STORE_REFUSED);
                ck_assert_int_eq(order, 'x');
                refused++;
            }
        }
    }
    ret_done[done] = '\0';
    return refused;
}

START_TEST(a_refused_batch_is_halved_until_the_bad_row_is_alone)
{
    static const char *const batches[] = {"xbcdefgh", "abcxefgh", "abcdefgx", "x"};
    for (int i = 0; i < 4; i++) {
        store.request_count = 0;
        store.room = 1;
        char good[16] = "", done[16] = "";
        for (const char *order = batches[i]; *order; order++) {
            tell_step((uint8_t)*order);
            if (*order != 'x') good[strlen(good)] = *order;
        }
        turn();
        ck_assert_uint_eq(play_bad_row(done), 1);
        ck_assert_str_eq(done, good);
        ck_assert(DV_PERSISTENCE_CLASS.drained(self));
    }
}
END_TEST

START_TEST(a_step_not_taken_is_done_only_if_its_order_is_where_it_leads)
{
    static const struct {
        bool found;
        uint64_t epoch, state, attempt;
        const char *signature;
        dv_err expected;
    } rows[] = {
        {true, 3, DV_STATE_submitted, 1, "sig", DV_OK},
        {true, 3, DV_STATE_submitted, 1, "other", DV_STORE_STALE},
        {true, 4, DV_STATE_submitted, 1, "sig", DV_STORE_STALE},
        {true, 3, DV_STATE_submitted, 2, "sig", DV_STORE_STALE},
        {true, 3, DV_STATE_finalized, 1, "sig", DV_STORE_STALE},
        {true, 3, DV_STATE_building, 1, "", DV_STORE_STALE},
        {true, 3, DV_STATE_pending, 0, "", DV_STORE_STALE},
        {false, 0, 0, 0, "", DV_STORE_STALE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        store.request_count = 0;
        for (uint8_t order = 'a'; order <= 'b'; order++) {
            dv_step_request step = step_of(order);
            step.from_state = DV_STATE_building;
            step.to_state = DV_STATE_submitted;
            step.attempt.signature = dv_text_of("sig");
            tell(DV_PORT(DV_LINK_write, 0),
                 &(dv_message){.type = DV_MSG_step_request, .step_request = step});
        }
        turn();
        succeed(last_request(), 10, 1);
        ck_assert_uint_eq(heard(DV_MSG_step_reply, NULL), 1);
        assert_request(last_request(), "look", "b");
        dv_store_receipt receipt = {
            rows[i].found,
            {.seq = 7, .position = 5, .state = rows[i].state, .attempt = rows[i].attempt},
            rows[i].epoch,
            dv_text_of(rows[i].signature)};
        dv_store_answer answer = {
            .ticket = last_request()->ticket, .count = 1, .receipts = &receipt};
        store.answer = &answer;
        turn();
        const dv_message *m = NULL;
        ck_assert_uint_eq(heard(DV_MSG_step_reply, &m), 1);
        ck_assert_int_eq(m->step_reply.error, rows[i].expected);
        ck_assert_uint_eq(heard(DV_MSG_order_event, &m), rows[i].expected == DV_OK);
        if (rows[i].expected == DV_OK) ck_assert_uint_eq(m->order_event.event.seq, 7);
    }
}
END_TEST

START_TEST(an_insert_not_new_is_answered_with_what_is_in_its_way)
{
    for (uint8_t order = 'a'; order <= 'c'; order++) tell_insert(order);
    turn();
    reject(last_request(), DV_STORE_AWAY);
    dv_store_receipt none[3] = {0};
    dv_store_answer missed = {.ticket = last_request()->ticket, .count = 3, .receipts = none};
    store.answer = &missed;
    turn();
    assert_request(last_request(), "find", "abc");
    ck_assert_uint_eq(said_count, 0);

    dv_event event = {.seq = 1, .position = 4, .state = DV_STATE_pending, .at_us = 77};
    dv_store_view views[] = {
        {1, /* itself */
         dv_text_of("first"),
         {.terms = {.order_id = id_of('a')}, .events = &event, .events_count = 1}},
        {3, /* its key */
         dv_text_of("first"),
         {.terms = {.order_id = id_of('z')}, .events = &event, .events_count = 1}},
    };
    dv_store_answer found = {.ticket = last_request()->ticket, .count = 2, .views = views};
    store.answer = &found;
    turn();
    const dv_message *m = NULL;
    ck_assert_uint_eq(heard(DV_MSG_insert_reply, &m), 1);
    ck_assert_uint_eq(m->insert_reply.order_id.bytes[15], 'a');
    ck_assert_uint_eq(m->insert_reply.event.position, 4);
    ck_assert(dv_text_is(m->insert_reply.owner, "first"));
    ck_assert_uint_eq(heard(DV_MSG_order_event, &m), 1);
    ck_assert_uint_eq(m->order_event.terms.amount, 'a');
    ck_assert_uint_eq(m->order_event.terms.created_at_us, 77); /* as stored, not as sent again */
    ck_assert_uint_eq(heard(DV_MSG_insert_conflict, &m), 1);
    ck_assert_uint_eq(m->insert_conflict.order_id.bytes[15], 'c');
    ck_assert_uint_eq(m->insert_conflict.view.terms.order_id.bytes[15], 'z');
    assert_request(last_request(), "insert", "b"); /* what was in its way has gone */
    succeed(last_request(), 5, -1);
    ck_assert_uint_eq(heard(DV_MSG_insert_reply, NULL), 1);
    ck_assert_uint_eq(heard(DV_MSG_order_event, NULL), 1);
}
END_TEST

/* ---- publishing ------------------------------------------------------------------------------ */

START_TEST(events_are_published_as_soon_as_they_are_committed)
{
    store.room = 3;
    config.store_batch_max = 1; /* so that none waits for another */
    for (uint8_t order = 'a'; order <= 'c'; order++) {
        tell_step(order);
        turn();
    }
    for (uint32_t i = 3; i-- > 0;) {
        succeed(&store.requests[i], i + 1, -1);
        ck_assert_uint_eq(heard(DV_MSG_step_reply, NULL), 1);
        const dv_message *m = NULL;
        ck_assert_uint_eq(heard(DV_MSG_order_event, &m), 1);
        ck_assert_uint_eq(m->order_event.event.position, i + 1);
    }
}
END_TEST

START_TEST(an_event_tells_what_was_learnt_with_it)
{
    dv_step_request step = step_of('a');
    step.to_state = DV_STATE_routing;
    step.attempt = (dv_attempt){.number = 2, .due_at_us = 99};
    step.failed_error = DV_VENUE_NO_QUOTE;
    step.failed_text = dv_text_of("both late");
    tell(DV_PORT(DV_LINK_write, 0),
         &(dv_message){.type = DV_MSG_step_request, .step_request = step});
    turn();
    succeed(last_request(), 1, -1);
    const dv_message *m = NULL;
    ck_assert_uint_eq(heard(DV_MSG_order_event, &m), 1);
    ck_assert_uint_eq(m->order_event.attempts_count, 2);
    ck_assert_uint_eq(m->order_event.attempts[0].number, 1);
    ck_assert_uint_eq(m->order_event.attempts[0].error, DV_VENUE_NO_QUOTE);
    ck_assert(dv_text_is(m->order_event.attempts[0].error_text, "both late"));
    ck_assert_uint_eq(m->order_event.attempts[1].number, 2);
    ck_assert_uint_eq(m->order_event.attempts[1].due_at_us, 99);
}
END_TEST

/* ---- queries --------------------------------------------------------------------------------- */

START_TEST(queries_are_refused_at_once_while_the_store_is_away)
{
    const dv_message *m = NULL;
    store.away = true;
    tell(DV_PORT(DV_LINK_query, 0),
         &(dv_message){.type = DV_MSG_order_request, .request_id = 5, .order_request = {}});
    tell(DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_stats_request, .request_id = 6});
    tell(DV_PORT(DV_LINK_sweep, 0), &(dv_message){.type = DV_MSG_retries_request});
    tell(DV_PORT(DV_LINK_write, 0), &(dv_message){.type = DV_MSG_claim_request});
    tell(DV_PORT(DV_LINK_write, 0), &(dv_message){.type = DV_MSG_owned_request});
    tell(DV_PORT(DV_LINK_write, 0), &(dv_message){.type = DV_MSG_lease_request});
    turn();
    ck_assert_uint_eq(heard(DV_MSG_query_reply, &m), 1);
    ck_assert_uint_eq(m->request_id, 5);
    ck_assert_int_eq(m->query_reply.error, DV_STORE_AWAY);
    ck_assert_uint_eq(heard(DV_MSG_retries_reply, &m), 1);
    ck_assert_int_eq(m->retries_reply.error, DV_STORE_AWAY);
    ck_assert_uint_eq(heard(DV_MSG_claim_reply, &m), 1);
    ck_assert_int_eq(m->claim_reply.error, DV_STORE_AWAY);
    ck_assert_uint_eq(heard(DV_MSG_owned_reply, &m), 1);
    ck_assert_int_eq(m->owned_reply.error, DV_STORE_AWAY);
    ck_assert_uint_eq(heard(DV_MSG_lease_reply, NULL), 0); /* nobody knows: it beats again */
    ck_assert_uint_eq(heard(DV_MSG_stats_reply, &m), 1);
    ck_assert(DV_PERSISTENCE_CLASS.drained(self));
}
END_TEST

START_TEST(stats_are_the_last_known_when_the_store_fails)
{
    const dv_message *m = NULL;
    tell(DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_stats_request, .request_id = 1});
    turn();
    dv_message stats = {.type = DV_MSG_stats_reply, .stats_reply = {.active = 4, .completed = 7}};
    dv_store_answer answer = {.ticket = last_request()->ticket, .count = 1, .replies = &stats};
    store.answer = &answer;
    turn();
    ck_assert_uint_eq(heard(DV_MSG_stats_reply, &m), 1);
    ck_assert_uint_eq(m->request_id, 1);
    tell(DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_stats_request, .request_id = 2});
    turn();
    reject(last_request(), DV_STORE_AWAY);
    ck_assert_uint_eq(heard(DV_MSG_stats_reply, &m), 1);
    ck_assert_uint_eq(m->request_id, 2);
    ck_assert_uint_eq(m->stats_reply.completed, 7);
    ck_assert_int_eq(m->stats_reply.error, DV_STORE_AWAY);
}
END_TEST

START_TEST(a_query_without_an_order_is_not_found_and_one_with_it_is_counted)
{
    const dv_message *m = NULL;
    dv_store_view view = {.mark = 4, .view = {.terms = {.order_id = id_of('a')}}};
    for (uint32_t count = 0; count < 2; count++) {
        tell(DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_order_request,
                                                      .request_id = 5,
                                                      .order_request = {id_of('a')}});
        turn();
        dv_store_answer answer = {.ticket = last_request()->ticket};
        dv_views views = {&view, count, 12};
        dv_answer_views(&answer, &views, DV_ORDER_NOT_FOUND, arena);
        store.answer = &answer;
        turn();
        ck_assert_uint_eq(heard(DV_MSG_order_item, NULL), count);
        ck_assert_uint_eq(heard(DV_MSG_query_reply, &m), 1);
        ck_assert_int_eq(m->query_reply.error, count == 0 ? DV_ORDER_NOT_FOUND : DV_OK);
        ck_assert_uint_eq(m->query_reply.count, count);
        ck_assert_uint_eq(m->query_reply.head_position, 12);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("persistence");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, open_actor, close_actor);
    tcase_add_test(tests, what_comes_in_one_turn_travels_in_one_request);
    tcase_add_test(tests, what_comes_while_a_request_is_in_flight_gathers);
    tcase_add_test(tests, only_a_full_batch_goes_beside_another_of_its_kind);
    tcase_add_test(tests, two_steps_of_an_order_are_never_in_one_request);
    tcase_add_test(tests, what_is_asked_again_while_it_is_pending_is_asked_of_the_store_once);
    tcase_add_test(tests, what_two_peers_ask_is_answered_to_both);
    tcase_add_test(tests, inserts_and_steps_have_turns);
    tcase_add_test(tests, nothing_is_said_before_the_store_has_answered);
    tcase_add_test(tests, too_many_in_flight_are_refused_as_not_done);
    tcase_add_test(tests, only_legal_moves_with_their_attempt_number_reach_the_store);
    tcase_add_test(tests, a_lost_batch_is_sent_again_before_anything_else);
    tcase_add_test(tests, while_the_store_is_away_only_inserts_never_sent_are_refused);
    tcase_add_test(tests,
                   inserts_that_were_surely_undone_are_refused_and_doubtful_ones_asked_again);
    tcase_add_test(tests, steps_wait_for_the_store_even_when_they_were_surely_undone);
    tcase_add_test(tests, a_refused_batch_is_halved_until_the_bad_row_is_alone);
    tcase_add_test(tests, a_step_not_taken_is_done_only_if_its_order_is_where_it_leads);
    tcase_add_test(tests, an_insert_not_new_is_answered_with_what_is_in_its_way);
    tcase_add_test(tests, events_are_published_as_soon_as_they_are_committed);
    tcase_add_test(tests, an_event_tells_what_was_learnt_with_it);
    tcase_add_test(tests, queries_are_refused_at_once_while_the_store_is_away);
    tcase_add_test(tests, stats_are_the_last_known_when_the_store_fails);
    tcase_add_test(tests, a_query_without_an_order_is_not_found_and_one_with_it_is_counted);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
