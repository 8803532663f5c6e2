/* A sequence: whose turn each event is, what is kept meanwhile, and when what is to be read. */
#include <check.h>

#include "actors/base/clock.h"
#include "actors/notification/sequence.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/suite.h"

static dv_sequence *s;
static dv_arena *arena;
static int64_t now;

static void setup(void)
{
    now = 1000 * DV_NS_PER_MS;
    s = dv_sequence_new(now);
    arena = dv_arena_new();
    dv_sequence_read(s, now);
    dv_sequence_read_done(s, 0, true, now);
    dv_sequence_start(s, 100, now);
}

static void teardown(void)
{
    dv_sequence_destroy(&s);
    dv_arena_destroy(&arena);
}

static dv_turn offer(uint64_t position)
{
    dv_message event = {.type = DV_MSG_order_event,
                        .order_event = {.event = {.seq = 1, .position = position}}};
    dv_buffer bytes = {0};
    dv_message_encode(&event, &bytes);
    dv_turn turn =
        dv_sequence_offer(s, position, (dv_text){bytes.bytes, (uint32_t)bytes.size}, now);
    dv_buffer_fini(&bytes);
    return turn;
}

static void use(uint64_t position)
{
    ck_assert_int_eq(offer(position), DV_TURN_NOW);
    dv_sequence_advance(s, now);
}

/* The position of the event that was kept for the next turn; 0: none was. */
static uint64_t next(void)
{
    dv_text bytes = dv_sequence_next(s);
    if (bytes.size == 0) return 0;
    dv_message m;
    ck_assert_int_eq(dv_message_decode(bytes.at, bytes.size, arena, &m), DV_OK);
    return m.order_event.event.position;
}

static int64_t due_ms(void)
{
    return (dv_sequence_due(s) - now) / DV_NS_PER_MS;
}

static void pass(int64_t ms)
{
    now += ms * DV_NS_PER_MS;
}

START_TEST(first_of_all_the_head_is_read)
{
    dv_sequence_destroy(&s);
    s = dv_sequence_new(now);
    ck_assert(!dv_sequence_started(s));
    ck_assert_int_eq(due_ms(), 0);
    ck_assert_uint_eq(dv_sequence_read(s, now).limit, 0);
    dv_sequence_read_done(s, 0, false, now); /* the store is away */
    ck_assert_int_eq(due_ms(), 200);
    ck_assert_int_eq(offer(8), DV_TURN_LATER);
    dv_sequence_start(s, 5, now);
    ck_assert_int_eq(offer(5), DV_TURN_PAST);
    ck_assert_int_eq(due_ms(), 0); /* what was heard of before the start has to be read */
    dv_sequence_page page = dv_sequence_read(s, now);
    ck_assert_uint_eq(page.after, 5);
    ck_assert_uint_eq(page.limit, 3);
}
END_TEST

START_TEST(events_in_order_are_used_as_they_come_and_each_once)
{
    for (uint64_t position = 101; position < 110; position++) use(position);
    ck_assert_int_eq(offer(109), DV_TURN_PAST);
    ck_assert_int_eq(offer(50), DV_TURN_PAST);
    ck_assert_uint_eq(dv_sequence_position(s), 109);
}
END_TEST

START_TEST(events_that_come_early_wait_for_those_before_them)
{
    static const uint64_t EARLY[] = {104, 102, 103, 102, 106};
    for (int i = 0; i < 5; i++) ck_assert_int_eq(offer(EARLY[i]), DV_TURN_LATER);
    ck_assert_uint_eq(next(), 0);
    use(101);
    for (uint64_t position = 102; position <= 104; position++) {
        ck_assert_uint_eq(next(), position);
        dv_sequence_advance(s, now);
    }
    ck_assert_uint_eq(next(), 0);
    use(105);
    ck_assert_uint_eq(next(), 106);
}
END_TEST

START_TEST(a_gap_is_read_when_it_has_stood_for_200_ms)
{
    pass(900);
    ck_assert_int_eq(offer(103), DV_TURN_LATER);
    ck_assert_int_eq(due_ms(), 200);
    pass(150);
    ck_assert_int_eq(offer(104), DV_TURN_LATER);
    ck_assert_int_eq(due_ms(), 50);
    pass(10);
    use(101); /* 102 may be on its way as well */
    ck_assert_int_eq(due_ms(), 200);
    pass(200);
    dv_sequence_page page = dv_sequence_read(s, now);
    ck_assert_uint_eq(page.after, 101);
    ck_assert_uint_eq(page.limit, 3);
    ck_assert_int_eq(dv_sequence_offer_read(s, 102), DV_TURN_NOW);
    dv_sequence_advance(s, now);
    ck_assert_uint_eq(next(), 103);
}
END_TEST

START_TEST(a_tail_is_looked_for_after_a_second_of_silence)
{
    use(101);
    ck_assert_int_eq(due_ms(), 1000);
    pass(1000);
    dv_sequence_page page = dv_sequence_read(s, now);
    ck_assert_uint_eq(page.after, 101);
    ck_assert_uint_eq(page.limit, DV_SEQUENCE_PAGE);
    ck_assert_uint_eq(dv_sequence_read_done(s, 0, true, now), 0);
    ck_assert_int_eq(due_ms(), 1000);
}
END_TEST

START_TEST(a_full_page_is_followed_by_the_next_at_once)
{
    offer(101 + 2 * DV_SEQUENCE_PAGE);
    dv_sequence_page page = dv_sequence_read(s, now);
    ck_assert_uint_eq(page.limit, DV_SEQUENCE_PAGE);
    for (uint32_t i = 1; i <= page.limit; i++) {
        ck_assert_int_eq(dv_sequence_offer_read(s, 100 + i), DV_TURN_NOW);
        dv_sequence_advance(s, now);
    }
    dv_sequence_read_done(s, page.limit, true, now);
    ck_assert_int_eq(due_ms(), 0);
}
END_TEST

START_TEST(a_page_without_an_answer_is_asked_again_after_two_seconds)
{
    dv_sequence_read(s, now);
    ck_assert_int_eq(due_ms(), 2000);
    pass(2000);
    dv_sequence_read(s, now);
    ck_assert_int_eq(due_ms(), 2000);
}
END_TEST

START_TEST(what_does_not_fit_the_window_is_read)
{
    ck_assert_int_eq(offer(100 + DV_SEQUENCE_WINDOW), DV_TURN_LATER);
    ck_assert_int_eq(offer(101 + DV_SEQUENCE_WINDOW), DV_TURN_LATER);
    use(101);
    for (uint32_t i = 2; i < DV_SEQUENCE_WINDOW; i++) use(100 + i);
    ck_assert_uint_eq(next(), 100 + DV_SEQUENCE_WINDOW);
    dv_sequence_advance(s, now);
    ck_assert_uint_eq(next(), 0);
    ck_assert_int_eq(due_ms(), 200);
    ck_assert_uint_eq(dv_sequence_read(s, now).after, 100 + DV_SEQUENCE_WINDOW);
}
END_TEST

START_TEST(an_event_that_cannot_be_used_is_read_at_once)
{
    ck_assert_int_eq(offer(101), DV_TURN_NOW);
    dv_sequence_reject(s);
    ck_assert_int_eq(due_ms(), 0);
    ck_assert_int_eq(offer(102), DV_TURN_LATER);
    ck_assert_uint_eq(dv_sequence_read(s, now).limit, 2);
    ck_assert_int_eq(dv_sequence_offer_read(s, 101), DV_TURN_NOW);
    dv_sequence_advance(s, now);
    ck_assert_uint_eq(next(), 102);
    dv_sequence_reject(s);
    ck_assert_uint_eq(next(), 0);
    dv_sequence_read_done(s, 1, true, now);
    ck_assert_int_eq(due_ms(), 0);
}
END_TEST

static uint64_t read_with_hole(bool whole)
{
    dv_sequence_read(s, now);
    ck_assert_int_eq(dv_sequence_offer_read(s, 104), DV_TURN_LATER);
    return dv_sequence_read_done(s, 1, whole, now);
}

START_TEST(a_hole_is_passed_over_only_when_the_store_has_shown_it_twice)
{
    offer(105);
    ck_assert_uint_eq(read_with_hole(false), 0); /* a message of the page was lost */
    ck_assert_uint_eq(read_with_hole(true), 0);
    ck_assert_uint_eq(read_with_hole(false), 0);
    ck_assert_uint_eq(read_with_hole(true), 3);
    ck_assert_uint_eq(dv_sequence_position(s), 103);
    ck_assert_int_eq(due_ms(), 0);
}
END_TEST

START_TEST(it_is_behind_when_something_has_been_missing_for_five_seconds)
{
    pass(60000);
    ck_assert(!dv_sequence_behind(s, now));
    offer(102);
    pass(5000);
    ck_assert(!dv_sequence_behind(s, now));
    pass(1);
    ck_assert(dv_sequence_behind(s, now));
    dv_sequence_read(s, now);
    dv_sequence_read_done(s, 0, true, now);
    ck_assert(dv_sequence_behind(s, now));
    use(101);
    ck_assert(!dv_sequence_behind(s, now));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("sequence");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, first_of_all_the_head_is_read);
    tcase_add_test(tcase, events_in_order_are_used_as_they_come_and_each_once);
    tcase_add_test(tcase, events_that_come_early_wait_for_those_before_them);
    tcase_add_test(tcase, a_gap_is_read_when_it_has_stood_for_200_ms);
    tcase_add_test(tcase, a_tail_is_looked_for_after_a_second_of_silence);
    tcase_add_test(tcase, a_full_page_is_followed_by_the_next_at_once);
    tcase_add_test(tcase, a_page_without_an_answer_is_asked_again_after_two_seconds);
    tcase_add_test(tcase, what_does_not_fit_the_window_is_read);
    tcase_add_test(tcase, an_event_that_cannot_be_used_is_read_at_once);
    tcase_add_test(tcase, a_hole_is_passed_over_only_when_the_store_has_shown_it_twice);
    tcase_add_test(tcase, it_is_behind_when_something_has_been_missing_for_five_seconds);
    Suite *suite = suite_create("unit/sequence");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
