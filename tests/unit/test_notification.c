/* Notification's handlers: what each gateway is sent after any run of events, watches and answers
   of persistence. */
#include <check.h>

#include "actors/notification/notification.h"
#include "actors/notification/sequence.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/suite.h"

#define FEED DV_PORT(DV_LINK_feed, 0)
#define RECALL DV_PORT(DV_LINK_query, 0)
#define EVENTS DV_PORT(DV_LINK_events, 0)
#define ENDED_MAX 10000

static void *self;
static dv_outbox *outbox;
static dv_arena *arena;
static dv_time now;
static uint64_t head; /* position of the last event that was committed */
static uint64_t base; /* request ids begin above it; 0: none was seen yet */

static void teardown(void)
{
    DV_NOTIFICATION_CLASS.destroy(&self);
    dv_outbox_destroy(&outbox);
    dv_arena_destroy(&arena);
}

static dv_id order(uint32_t n)
{
    return (dv_id){{1, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static dv_peer gateway(char name)
{
    return (dv_peer){.size = 1, .bytes = {(uint8_t)name}};
}

static void give(dv_port port, const dv_peer *peer, dv_message message)
{
    dv_buffer bytes = {0};
    dv_message_encode(&message, &bytes);
    dv_envelope envelope = {
        .port = port, .bytes = {bytes.bytes, (uint32_t)bytes.size}, .message = message};
    if (peer != NULL) envelope.peer = *peer;
    DV_NOTIFICATION_CLASS.handlers[message.type](self, &envelope, now, outbox);
    dv_buffer_fini(&bytes);
}

/* The states of a run: seq 1 is pending, the last one of a full run confirmed. */
static dv_state state_of_seq(uint32_t seq)
{
    static const dv_state STATES[] = {DV_STATE_pending, DV_STATE_routing, DV_STATE_building,
                                      DV_STATE_submitted, DV_STATE_finalized};
    return STATES[seq - 1];
}
#define LAST 5

static dv_event event_of(uint32_t seq, uint64_t position)
{
    return (dv_event){.seq = seq, .position = position, .state = state_of_seq(seq), .attempt = 1};
}

/* An event is published. */
static void event(uint32_t n, uint32_t seq, uint64_t position)
{
    dv_order_event m = {.terms = {.order_id = order(n)}, .event = event_of(seq, position)};
    dv_attempt attempt = {.number = 1};
    if (seq == 1) m.terms.token_in = dv_text_of("SOL");
    if (seq == 3) attempt.venue = dv_text_of("raydium");
    if (seq >= 2) m.attempts = &attempt, m.attempts_count = 1;
    if (position > head) head = position;
    give(EVENTS, NULL, (dv_message){.type = DV_MSG_order_event, .order_event = m});
}

/* Events of one order, each in its turn. */
static void events(uint32_t n, uint32_t from, uint32_t to)
{
    for (uint32_t seq = from; seq <= to; seq++) event(n, seq, head + 1);
}

static void watch(char name, uint32_t n)
{
    dv_peer peer = gateway(name);
    give(FEED, &peer, (dv_message){.type = DV_MSG_watch_order, .watch_order = {order(n)}});
}

static void unwatch(char name, uint32_t n)
{
    dv_peer peer = gateway(name);
    give(FEED, &peer, (dv_message){.type = DV_MSG_unwatch_order, .unwatch_order = {order(n)}});
}

static void watch_all(char name, bool on)
{
    dv_peer peer = gateway(name);
    give(FEED, &peer, (dv_message){.type = DV_MSG_watch_orders, .watch_orders = {on}});
}

/* Persistence shows an order with `count` events, the last one at a position; meant: which of them
   is asked for. */
static void view_told(uint64_t request_id, uint32_t n, uint32_t meant, uint32_t count,
                      uint64_t position)
{
    static dv_event list[LAST];
    for (uint32_t i = 0; i < count; i++) list[i] = event_of(i + 1, position + i + 1 - meant);
    static const dv_attempt attempt = {.number = 1, .venue = {"raydium", 7}};
    dv_view view = {.terms = {.order_id = order(n), .token_in = {"SOL", 3}},
                    .attempts = &attempt,
                    .attempts_count = 1,
                    .events = list,
                    .events_count = count};
    give(RECALL, NULL,
         (dv_message){.type = DV_MSG_order_item,
                      .request_id = base + request_id,
                      .order_item = {meant, view}});
}

static void query_reply(uint64_t request_id, dv_err error, uint32_t count)
{
    give(RECALL, NULL,
         (dv_message){.type = DV_MSG_query_reply,
                      .request_id = base + request_id,
                      .query_reply = {.error = error, .count = count, .head_position = head}});
}

/* Persistence answers a recall: the order up to its event `seq`. */
static void told(uint64_t request_id, uint32_t n, uint32_t seq)
{
    view_told(request_id, n, seq, seq, head);
    query_reply(request_id, DV_OK, 1);
}

static void pass(int64_t ms)
{
    now.mono_ns += ms * DV_NS_PER_MS;
    DV_NOTIFICATION_CLASS.tick(self, now, outbox);
}

/* A request id, counted from the first. */
static unsigned number(uint64_t request_id)
{
    if (base == 0) base = request_id - 1;
    return (unsigned)(request_id - base);
}

static void word_write(char *word, size_t size, char to, const dv_message *m)
{
    const dv_view *view = &m->update_event.view;
    if (m->type == DV_MSG_update_event)
        snprintf(word, size, "%c:%s%u/%u", to, m->update_event.live ? "live" : "now",
                 view->terms.order_id.bytes[3], view->events_count);
    else if (m->type == DV_MSG_watch_refusal)
        snprintf(word, size, "%c:no%u=%s", to, m->watch_refusal.order_id.bytes[3],
                 dv_err_name((uint16_t)m->watch_refusal.error));
    else if (m->type == DV_MSG_head_event)
        snprintf(word, size, "%c:head=%u", to, (unsigned)m->head_event.position);
    else if (m->type == DV_MSG_order_request)
        snprintf(word, size, "get%u#%u", m->order_request.order_id.bytes[3], number(m->request_id));
    else if (m->type == DV_MSG_events_request)
        snprintf(word, size, "read>%u*%u#%u", (unsigned)m->events_request.after_position,
                 (unsigned)m->events_request.limit, number(m->request_id));
}

/* Writes the outbox as words, in order, and clears it: "A:live1/3" (to gateway A, order 1 up to
   seq 3), "A:now1/3" (the answer to a watch), "A:no1=ERROR", "A:head=7", "get1#4" (order_request of
   order 1 with request id 4), "read>7*2#4" (events_request for 2 events after position 7). */
static const char *sent(void)
{
    static char text[4096];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < dv_outbox_count(outbox); i++) {
        dv_outbox_entry e = dv_outbox_at(outbox, i);
        dv_message m;
        ck_assert_int_eq(dv_message_decode(e.bytes, e.size, arena, &m), DV_OK);
        char word[64] = "?";
        word_write(word, sizeof word, (char)e.to.bytes[0], &m);
        bool asks = m.type == DV_MSG_order_request || m.type == DV_MSG_events_request;
        ck_assert_uint_eq(e.port, asks ? RECALL : FEED);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n > 0 ? " " : "", word);
        ck_assert_uint_lt(n, sizeof text);
    }
    dv_outbox_clear(outbox);
    dv_arena_reset(arena);
    return text;
}

static void begin(void)
{
    self = dv_notification_new();
    outbox = dv_outbox_new();
    arena = dv_arena_new();
    now = (dv_time){.mono_ns = 1000 * DV_NS_PER_MS, .wall_us = 1700000000000000};
    head = base = 0;
}

/* A notification that has learnt where the events stand, at position 0. */
static void setup(void)
{
    begin();
    pass(0);
    ck_assert_str_eq(sent(), "read>0*0#1");
    query_reply(1, DV_OK, 0);
}

/* ---- orders that are known ----------------------------------------------------------------- */

START_TEST(nothing_is_sent_while_nobody_watches)
{
    events(1, 1, LAST);
    ck_assert_str_eq(sent(), "");
}
END_TEST

START_TEST(a_watcher_gets_the_view_at_once_and_then_each_event_once)
{
    events(1, 1, 2);
    watch('A', 1);
    ck_assert_str_eq(sent(), "A:now1/2");
    events(1, 3, LAST);
    ck_assert_str_eq(sent(), "A:live1/3 A:live1/4 A:live1/5");
}
END_TEST

START_TEST(an_update_carries_terms_attempts_and_history)
{
    events(1, 1, 3);
    watch('A', 1);
    dv_outbox_entry e = dv_outbox_at(outbox, 0);
    dv_message m;
    ck_assert_int_eq(dv_message_decode(e.bytes, e.size, arena, &m), DV_OK);
    const dv_view *view = &m.update_event.view;
    ck_assert(dv_text_is(view->terms.token_in, "SOL"));
    ck_assert_uint_eq(view->attempts_count, 1);
    ck_assert(dv_text_is(view->attempts[0].venue, "raydium"));
    for (uint32_t i = 0; i < 3; i++) ck_assert_uint_eq(view->events[i].seq, i + 1);
}
END_TEST

START_TEST(every_gateway_that_watches_gets_each_event)
{
    events(1, 1, 1);
    watch('A', 1);
    watch('B', 1);
    sent();
    events(1, 2, 2);
    ck_assert_str_eq(sent(), "A:live1/2 B:live1/2");
}
END_TEST

START_TEST(an_event_that_comes_twice_is_sent_once)
{
    events(1, 1, 2);
    watch('A', 1);
    sent();
    event(1, 3, 3);
    event(1, 3, 3);
    event(1, 1, 1);
    ck_assert_str_eq(sent(), "A:live1/3");
}
END_TEST

START_TEST(watching_twice_answers_twice_and_sends_each_event_once)
{
    events(1, 1, 1);
    watch('A', 1);
    watch('A', 1);
    ck_assert_str_eq(sent(), "A:now1/1 A:now1/1");
    events(1, 2, 2);
    ck_assert_str_eq(sent(), "A:live1/2");
}
END_TEST

START_TEST(after_unwatch_nothing_is_sent)
{
    events(1, 1, 1);
    watch('A', 1);
    watch('B', 1);
    unwatch('A', 1);
    unwatch('A', 2);
    sent();
    events(1, 2, 2);
    ck_assert_str_eq(sent(), "B:live1/2");
}
END_TEST

START_TEST(an_order_that_ended_is_still_shown)
{
    events(1, 1, LAST);
    watch('A', 1);
    ck_assert_str_eq(sent(), "A:now1/5");
}
END_TEST

START_TEST(the_order_that_ended_first_is_forgotten_and_an_unfinished_one_never)
{
    events(0, 1, LAST - 1);
    for (uint32_t n = 1; n <= ENDED_MAX; n++) events(n, 1, LAST);
    watch('A', 1); /* now it ended last, as it were */
    ck_assert_str_eq(sent(), "A:now1/5");
    events(ENDED_MAX + 1, 1, LAST);
    watch('A', 0);
    watch('A', 1);
    watch('A', 2);
    ck_assert_str_eq(sent(), "A:now0/4 A:now1/5 get2#2");
}
END_TEST

/* ---- orders that are not known ------------------------------------------------------------- */

START_TEST(an_unknown_order_is_recalled_for_its_watcher)
{
    watch('A', 1);
    ck_assert_str_eq(sent(), "get1#2");
    told(2, 1, 2);
    ck_assert_str_eq(sent(), "A:now1/2");
    events(1, 3, 3);
    ck_assert_str_eq(sent(), "A:live1/3");
}
END_TEST

START_TEST(an_order_is_recalled_once_for_all_who_ask)
{
    watch('A', 1);
    watch('B', 1);
    ck_assert_str_eq(sent(), "get1#2");
    unwatch('A', 1);
    told(2, 1, 1);
    ck_assert_str_eq(sent(), "B:now1/1");
}
END_TEST

START_TEST(a_recall_that_fails_refuses_the_watch)
{
    static const dv_err ERRORS[] = {DV_ORDER_NOT_FOUND, DV_STORE_AWAY, DV_STORE_REFUSED};
    watch('A', 1);
    query_reply(2, ERRORS[_i], 0);
    char expected[64];
    snprintf(expected, sizeof expected, "get1#2 A:no1=%s", dv_err_name(ERRORS[_i]));
    ck_assert_str_eq(sent(), expected);
    watch('A', 1);
    ck_assert_str_eq(sent(), "get1#3");
}
END_TEST

START_TEST(an_answer_without_the_order_is_an_order_not_found_unless_it_was_lost)
{
    watch('A', 1);
    query_reply(2, DV_OK, 0);
    ck_assert_str_eq(sent(), "get1#2 A:no1=ORDER_NOT_FOUND");
    watch('A', 1);
    query_reply(3, DV_OK, 1);
    ck_assert_str_eq(sent(), "get1#3 A:no1=STORE_AWAY");
}
END_TEST

START_TEST(a_recall_without_an_answer_refuses_the_watch_after_two_seconds)
{
    pass(1000);
    watch('A', 1);
    ck_assert_str_eq(sent(), "read>0*256#2 get1#3");
    pass(1999);
    ck_assert_str_eq(sent(), "");
    pass(1);
    ck_assert_str_eq(sent(), "A:no1=STORE_AWAY read>0*256#4");
    told(3, 1, 2);
    ck_assert_str_eq(sent(), ""); /* too late: it was refused */
}
END_TEST

START_TEST(an_answer_to_an_earlier_recall_is_not_taken_for_the_newest)
{
    watch('A', 1);
    query_reply(2, DV_STORE_AWAY, 0);
    watch('A', 1);
    ck_assert_str_eq(sent(), "get1#2 A:no1=STORE_AWAY get1#3");
    told(2, 1, 1);
    ck_assert_str_eq(sent(), "");
    told(3, 1, 2);
    ck_assert_str_eq(sent(), "A:now1/2");
}
END_TEST

START_TEST(the_first_event_answers_a_watch_that_came_before_it)
{
    watch('A', 1);
    sent();
    events(1, 1, 2);
    ck_assert_str_eq(sent(), "A:now1/1 A:live1/2");
    query_reply(2, DV_ORDER_NOT_FOUND, 0); /* it was looked for too early */
    events(1, 3, 3);
    ck_assert_str_eq(sent(), "A:live1/3");
}
END_TEST

START_TEST(a_view_ahead_of_the_events_is_told_once_and_its_events_are_not_told_again)
{
    events(2, 1, 1);
    watch('A', 1);
    watch_all('B', true);
    sent();
    head = 5;
    told(2, 1, 4);
    ck_assert_str_eq(sent(), "A:now1/4");
    for (uint32_t seq = 1; seq <= LAST; seq++) event(1, seq, seq + 1);
    ck_assert_str_eq(sent(), "B:live1/1 B:live1/2 B:live1/3 B:live1/4 A:live1/5 B:live1/5");
}
END_TEST

START_TEST(an_event_of_an_order_that_is_being_recalled_is_read)
{
    watch('A', 1);
    event(1, 4, 1);
    pass(0);
    ck_assert_str_eq(sent(), "get1#2 read>0*1#3");
    view_told(3, 1, 4, 4, 1);
    ck_assert_str_eq(sent(), "A:now1/4");
    query_reply(3, DV_OK, 1);
    told(2, 1, 3); /* an older answer, overtaken */
    event(1, LAST, 2);
    ck_assert_str_eq(sent(), "A:live1/5");
}
END_TEST

/* ---- events out of order, and lost ones ----------------------------------------------------- */

START_TEST(events_are_sent_in_the_order_of_their_position)
{
    events(1, 1, 1);
    watch('A', 1);
    watch_all('B', true);
    sent();
    event(1, 3, 4);
    event(2, 1, 3);
    event(1, 4, 5);
    ck_assert_str_eq(sent(), "");
    event(1, 2, 2);
    ck_assert_str_eq(sent(),
                     "A:live1/2 B:live1/2 B:live2/1 A:live1/3 B:live1/3 A:live1/4 B:live1/4");
}
END_TEST

START_TEST(lost_events_are_read_and_each_is_sent_once_in_order)
{
    events(1, 1, 1);
    watch('A', 1);
    sent();
    event(1, 4, 4);
    event(1, 3, 3);
    pass(199);
    ck_assert_str_eq(sent(), "");
    pass(1);
    ck_assert_str_eq(sent(), "read>1*3#2");
    view_told(2, 1, 2, 4, 2); /* persistence shows all there is of the order */
    ck_assert_str_eq(sent(), "A:live1/2 A:live1/3 A:live1/4");
    view_told(2, 1, 3, 4, 3);
    view_told(2, 1, 4, 4, 4);
    query_reply(2, DV_OK, 3);
    event(1, 2, 2);
    ck_assert_str_eq(sent(), "");
    event(1, LAST, 5);
    ck_assert_str_eq(sent(), "A:live1/5");
}
END_TEST

START_TEST(no_event_is_passed_over_because_another_came_twice)
{
    events(1, 1, 1);
    watch('A', 1);
    event(1, 4, 4);
    sent();
    for (uint64_t request = 2; request <= 3; request++) {
        pass(200);
        sent();
        view_told(request, 2, 1, 1, 3); /* position 2 was lost, and 3 came twice */
        view_told(request, 2, 1, 1, 3);
        query_reply(request, DV_OK, 2);
    }
    pass(200);
    ck_assert_str_eq(sent(), "read>1*3#4");
}
END_TEST

START_TEST(lost_events_are_read_until_persistence_answers)
{
    events(1, 1, 1);
    watch('A', 1);
    event(1, 3, 3);
    sent();
    pass(200);
    ck_assert_str_eq(sent(), "read>1*2#2");
    pass(2000);
    ck_assert_str_eq(sent(), "read>1*2#3");
    view_told(2, 1, 2, 3, 2); /* of a page that was given up */
    query_reply(3, DV_STORE_AWAY, 0);
    ck_assert_str_eq(sent(), "");
    pass(200);
    ck_assert_str_eq(sent(), "read>1*2#4");
    view_told(4, 1, 2, 3, 2);
    ck_assert_str_eq(sent(), "A:live1/2 A:live1/3");
}
END_TEST

START_TEST(a_tail_that_was_never_heard_of_is_found_within_a_second)
{
    events(1, 1, 3);
    watch('A', 1);
    sent();
    pass(1000);
    ck_assert_str_eq(sent(), "read>3*256#2");
    view_told(2, 1, 4, LAST, 4);
    view_told(2, 1, LAST, LAST, 5);
    query_reply(2, DV_OK, 2);
    ck_assert_str_eq(sent(), "A:live1/4 A:live1/5");
    pass(999);
    ck_assert_str_eq(sent(), "");
    pass(1);
    ck_assert_str_eq(sent(), "read>5*256#3");
}
END_TEST

START_TEST(events_too_many_to_wait_are_read_page_by_page)
{
    watch_all('A', true);
    sent();
    event(1, 1, DV_SEQUENCE_WINDOW + 1);
    pass(200);
    ck_assert_str_eq(sent(), "read>0*256#2");
    for (uint32_t i = 1; i <= DV_SEQUENCE_PAGE; i++) view_told(2, i, 1, 1, i);
    query_reply(2, DV_OK, DV_SEQUENCE_PAGE);
    dv_outbox_clear(outbox);
    pass(0);
    ck_assert_str_eq(sent(), "read>256*256#3");
}
END_TEST

START_TEST(an_event_of_an_unknown_order_is_read_for_who_watches_all_and_no_other)
{
    events(1, 3, 3);
    pass(0);
    ck_assert_str_eq(sent(), "");
    watch_all('A', true);
    ck_assert_str_eq(sent(), "A:head=1");
    event(2, 3, 2);
    event(3, 1, 3);
    pass(0);
    ck_assert_str_eq(sent(), "read>1*2#2");
    view_told(2, 2, 3, 3, 2);
    ck_assert_str_eq(sent(), "A:live2/3 A:live3/1");
    query_reply(2, DV_OK, 1);
    event(2, 4, 4);
    ck_assert_str_eq(sent(), "A:live2/4");
}
END_TEST

START_TEST(events_that_nobody_watched_are_there_for_the_next_watcher)
{
    events(1, 3, 4);
    watch('A', 1);
    ck_assert_str_eq(sent(), "get1#2");
    told(2, 1, 4);
    events(1, LAST, LAST);
    ck_assert_str_eq(sent(), "A:now1/4 A:live1/5");
}
END_TEST

START_TEST(it_is_degraded_while_something_has_been_missing_for_five_seconds)
{
    event(1, 2, 2);
    for (int i = 0; i < 5; i++) pass(1000);
    ck_assert_int_eq(DV_NOTIFICATION_CLASS.health(self).degraded, DV_OK);
    pass(1000);
    ck_assert_int_eq(DV_NOTIFICATION_CLASS.health(self).degraded, DV_STORE_AWAY);
    event(1, 1, 1);
    pass(1000);
    ck_assert_int_eq(DV_NOTIFICATION_CLASS.health(self).degraded, DV_OK);
}
END_TEST

/* ---- all orders ---------------------------------------------------------------------------- */

START_TEST(all_orders_begin_with_the_last_position_and_every_later_event_follows)
{
    events(1, 1, 2);
    watch_all('A', true);
    ck_assert_str_eq(sent(), "A:head=2");
    events(1, 3, 3);
    events(2, 1, 1);
    ck_assert_str_eq(sent(), "A:live1/3 A:live2/1");
    watch_all('A', false);
    events(1, 4, 4);
    ck_assert_str_eq(sent(), "");
}
END_TEST

START_TEST(a_gateway_that_watches_one_and_all_gets_each_event_once)
{
    events(1, 1, 1);
    watch_all('A', true);
    watch('A', 1);
    sent();
    events(1, 2, 2);
    ck_assert_str_eq(sent(), "A:live1/2");
    watch_all('A', false);
    events(1, 3, 3);
    ck_assert_str_eq(sent(), "A:live1/3");
}
END_TEST

START_TEST(the_head_is_asked_for_until_it_is_known)
{
    teardown();
    begin();
    watch_all('A', true);
    event(1, 2, 77);
    pass(0);
    ck_assert_str_eq(sent(), "read>0*0#1");
    pass(2000);
    ck_assert_str_eq(sent(), "read>0*0#2");
    query_reply(1, DV_OK, 0); /* no longer the one waited for */
    query_reply(2, DV_STORE_AWAY, 0);
    pass(200);
    ck_assert_str_eq(sent(), "read>0*0#3");
    query_reply(3, DV_OK, 0);
    ck_assert_str_eq(sent(), "A:head=77");
    event(1, 2, 77);
    event(2, 1, 78);
    ck_assert_str_eq(sent(), "A:live2/1");
}
END_TEST

START_TEST(an_order_watched_before_the_head_is_known_is_recalled_after_it)
{
    teardown();
    begin();
    pass(0);
    watch('A', 1);
    watch('A', 2);
    unwatch('A', 2);
    ck_assert_str_eq(sent(), "read>0*0#1");
    event(1, 3, 3); /* too early to be used: the head may be above it */
    query_reply(1, DV_OK, 0);
    ck_assert_str_eq(sent(), "get1#2");
    told(2, 1, 3);
    ck_assert_str_eq(sent(), "A:now1/3");
    events(1, 4, 4);
    ck_assert_str_eq(sent(), "A:live1/4");
}
END_TEST

START_TEST(who_watches_all_is_told_the_head_every_second)
{
    pass(999);
    watch_all('A', true);
    events(1, 1, 1);
    ck_assert_str_eq(sent(), "A:head=0 A:live1/1");
    pass(1);
    ck_assert_str_eq(sent(), "A:head=1");
    pass(999);
    ck_assert_str_eq(sent(), "read>1*256#2");
    pass(1);
    ck_assert_str_eq(sent(), "A:head=1");
}
END_TEST

/* ---- limits -------------------------------------------------------------------------------- */

START_TEST(a_gateway_too_many_takes_the_place_of_the_one_silent_for_longest)
{
    events(1, 1, 1);
    for (int i = 0; i < 64; i++) {
        now.mono_ns++;
        watch((char)('0' + i), 1);
    }
    now.mono_ns++;
    watch('0', 1);
    watch('z', 1);
    sent();
    events(1, 2, 2);
    const char *text = sent();
    ck_assert_ptr_nonnull(strstr(text, "0:live1/2"));
    ck_assert_ptr_null(strstr(text, "1:live1/2"));
    ck_assert_ptr_nonnull(strstr(text, "z:live1/2"));
}
END_TEST

START_TEST(a_gateway_that_was_silent_for_a_minute_is_forgotten)
{
    events(1, 1, 1);
    watch('A', 1);
    watch_all('A', true);
    watch('B', 1);
    pass(59000);
    watch('B', 1);
    pass(2000);
    sent();
    events(1, 2, 2);
    ck_assert_str_eq(sent(), "B:live1/2");
}
END_TEST

START_TEST(more_recalls_than_the_limit_are_refused)
{
    for (uint32_t n = 1; n <= 10000; n++) watch('A', n);
    dv_outbox_clear(outbox);
    watch('A', 10001);
    ck_assert_str_eq(sent(), "A:no17=ENGINE_FULL");
    query_reply(2, DV_ORDER_NOT_FOUND, 0);
    watch('A', 10001);
    ck_assert_str_eq(sent(), "A:no1=ORDER_NOT_FOUND get17#10002");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("notification");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, nothing_is_sent_while_nobody_watches);
    tcase_add_test(tcase, a_watcher_gets_the_view_at_once_and_then_each_event_once);
    tcase_add_test(tcase, an_update_carries_terms_attempts_and_history);
    tcase_add_test(tcase, every_gateway_that_watches_gets_each_event);
    tcase_add_test(tcase, an_event_that_comes_twice_is_sent_once);
    tcase_add_test(tcase, watching_twice_answers_twice_and_sends_each_event_once);
    tcase_add_test(tcase, after_unwatch_nothing_is_sent);
    tcase_add_test(tcase, an_order_that_ended_is_still_shown);
    tcase_add_test(tcase, the_order_that_ended_first_is_forgotten_and_an_unfinished_one_never);
    tcase_add_test(tcase, an_unknown_order_is_recalled_for_its_watcher);
    tcase_add_test(tcase, an_order_is_recalled_once_for_all_who_ask);
    tcase_add_loop_test(tcase, a_recall_that_fails_refuses_the_watch, 0, 3);
    tcase_add_test(tcase, an_answer_without_the_order_is_an_order_not_found_unless_it_was_lost);
    tcase_add_test(tcase, a_recall_without_an_answer_refuses_the_watch_after_two_seconds);
    tcase_add_test(tcase, an_answer_to_an_earlier_recall_is_not_taken_for_the_newest);
    tcase_add_test(tcase, the_first_event_answers_a_watch_that_came_before_it);
    tcase_add_test(tcase,
                   a_view_ahead_of_the_events_is_told_once_and_its_events_are_not_told_again);
    tcase_add_test(tcase, an_event_of_an_order_that_is_being_recalled_is_read);
    tcase_add_test(tcase, events_are_sent_in_the_order_of_their_position);
    tcase_add_test(tcase, lost_events_are_read_and_each_is_sent_once_in_order);
    tcase_add_test(tcase, no_event_is_passed_over_because_another_came_twice);
    tcase_add_test(tcase, lost_events_are_read_until_persistence_answers);
    tcase_add_test(tcase, a_tail_that_was_never_heard_of_is_found_within_a_second);
    tcase_add_test(tcase, events_too_many_to_wait_are_read_page_by_page);
    tcase_add_test(tcase, an_event_of_an_unknown_order_is_read_for_who_watches_all_and_no_other);
    tcase_add_test(tcase, events_that_nobody_watched_are_there_for_the_next_watcher);
    tcase_add_test(tcase, it_is_degraded_while_something_has_been_missing_for_five_seconds);
    tcase_add_test(tcase, all_orders_begin_with_the_last_position_and_every_later_event_follows);
    tcase_add_test(tcase, a_gateway_that_watches_one_and_all_gets_each_event_once);
    tcase_add_test(tcase, the_head_is_asked_for_until_it_is_known);
    tcase_add_test(tcase, an_order_watched_before_the_head_is_known_is_recalled_after_it);
    tcase_add_test(tcase, who_watches_all_is_told_the_head_every_second);
    tcase_add_test(tcase, a_gateway_too_many_takes_the_place_of_the_one_silent_for_longest);
    tcase_add_test(tcase, a_gateway_that_was_silent_for_a_minute_is_forgotten);
    tcase_add_test(tcase, more_recalls_than_the_limit_are_refused);
    Suite *suite = suite_create("unit/notification");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
