/* Views are folded from events: in order, each once, learning what each brought. */
#include "proto/arena.h"
#include "proto/view.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>

static dv_arena *arena;

static void make(void)
{
    arena = dv_arena_new();
}
static void clean(void)
{
    dv_arena_destroy(&arena);
}

static dv_event event(uint64_t seq, dv_state state, uint64_t attempt)
{
    return (dv_event){
        .seq = seq, .position = 100 + seq, .state = state, .attempt = attempt, .at_us = seq};
}

static void add(dv_view *view, uint64_t seq, dv_state state, uint64_t attempt)
{
    dv_event e = event(seq, state, attempt);
    ck_assert(dv_view_apply(view, &e, NULL, 0, arena));
}

START_TEST(events_are_taken_in_order)
{
    dv_view view = {0};
    ck_assert_ptr_null(dv_view_last(&view));
    add(&view, 1, DV_STATE_pending, 0);
    add(&view, 2, DV_STATE_routing, 1);
    ck_assert_uint_eq(view.events_count, 2);
    ck_assert_uint_eq(dv_view_last(&view)->state, DV_STATE_routing);
    ck_assert_uint_eq(view.events[0].state, DV_STATE_pending);
}
END_TEST

START_TEST(an_event_known_already_changes_nothing)
{
    dv_view view = {0};
    add(&view, 1, DV_STATE_pending, 0);
    add(&view, 2, DV_STATE_routing, 1);
    dv_view before = view;
    dv_event again = event(1, DV_STATE_failed, 9);
    dv_attempt learnt = {.number = 1, .venue = dv_text_of("raydium")};
    ck_assert(dv_view_apply(&view, &again, &learnt, 1, arena));
    ck_assert_mem_eq(&view, &before, sizeof view);
}
END_TEST

START_TEST(a_gap_is_told_and_changes_nothing)
{
    dv_view view = {0};
    add(&view, 1, DV_STATE_pending, 0);
    dv_view before = view;
    dv_event later = event(3, DV_STATE_building, 1);
    ck_assert(!dv_view_apply(&view, &later, NULL, 0, arena));
    ck_assert_mem_eq(&view, &before, sizeof view);
}
END_TEST

START_TEST(attempts_learn_only_the_fields_that_are_set)
{
    dv_view view = {0};
    add(&view, 1, DV_STATE_pending, 0);
    dv_quote quotes[] = {{.venue = dv_text_of("raydium"), .amount_out = 5},
                         {.venue = dv_text_of("meteora"), .amount_out = 6}};
    dv_attempt routed = {.number = 1,
                         .venue = dv_text_of("meteora"),
                         .quotes = quotes,
                         .quotes_count = 2,
                         .reason = dv_text_of("6 is more")};
    dv_event e2 = event(2, DV_STATE_building, 1);
    ck_assert(dv_view_apply(&view, &e2, &routed, 1, arena));
    dv_attempt sent = {.number = 1, .signature = dv_text_of("5sig"), .limit_amount = 4};
    dv_event e3 = event(3, DV_STATE_submitted, 1);
    ck_assert(dv_view_apply(&view, &e3, &sent, 1, arena));

    const dv_attempt *a = dv_view_attempt(&view, 1);
    ck_assert_ptr_nonnull(a);
    ck_assert(dv_text_is(a->venue, "meteora"));
    ck_assert(dv_text_is(a->reason, "6 is more"));
    ck_assert(dv_text_is(a->signature, "5sig"));
    ck_assert_uint_eq(a->limit_amount, 4);
    ck_assert_uint_eq(dv_attempt_chosen(a)->amount_out, 6);
}
END_TEST

START_TEST(one_event_may_end_an_attempt_and_begin_the_next)
{
    dv_view view = {0};
    add(&view, 1, DV_STATE_pending, 0);
    dv_attempt both[] = {{.number = 1, .error = DV_VENUE_NO_QUOTE}, {.number = 2, .due_at_us = 7}};
    dv_event e = event(2, DV_STATE_routing, 2);
    ck_assert(dv_view_apply(&view, &e, both, 2, arena));
    ck_assert_uint_eq(view.attempts_count, 2);
    ck_assert_uint_eq(dv_view_attempt(&view, 1)->error, DV_VENUE_NO_QUOTE);
    ck_assert_uint_eq(dv_view_attempt(&view, 2)->due_at_us, 7);
    ck_assert_ptr_null(dv_view_attempt(&view, 3));
}
END_TEST

START_TEST(an_attempt_of_no_venue_has_no_chosen_quote)
{
    dv_quote quote = {.venue = dv_text_of("raydium")};
    dv_attempt a = {.number = 1, .quotes = &quote, .quotes_count = 1};
    ck_assert_ptr_null(dv_attempt_chosen(&a));
    a.venue = dv_text_of("orca");
    ck_assert_ptr_null(dv_attempt_chosen(&a));
}
END_TEST

START_TEST(a_view_stays_within_its_limits)
{
    dv_view view = {0};
    for (uint64_t seq = 1; seq <= DV_EVENTS_MAX; seq++) {
        dv_attempt learnt = {.number = seq};
        dv_event e = event(seq, DV_STATE_routing, seq);
        ck_assert(dv_view_apply(&view, &e, &learnt, 1, arena));
    }
    ck_assert_uint_eq(view.attempts_count, DV_ATTEMPTS_MAX);
    dv_event more = event(DV_EVENTS_MAX + 1, DV_STATE_failed, 1);
    ck_assert(!dv_view_apply(&view, &more, NULL, 0, arena));
    ck_assert_uint_eq(view.events_count, DV_EVENTS_MAX);
}
END_TEST

START_TEST(a_view_given_out_before_is_not_changed_by_later_events)
{
    dv_view view = {0};
    add(&view, 1, DV_STATE_pending, 0);
    dv_view given = view;
    add(&view, 2, DV_STATE_routing, 1);
    ck_assert_uint_eq(given.events_count, 1);
    ck_assert_uint_eq(dv_view_last(&given)->state, DV_STATE_pending);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("view");
    TCase *c = tcase_create("view");
    suite_add_tcase(suite, c);
    tcase_add_checked_fixture(c, make, clean);
    tcase_add_test(c, events_are_taken_in_order);
    tcase_add_test(c, an_event_known_already_changes_nothing);
    tcase_add_test(c, a_gap_is_told_and_changes_nothing);
    tcase_add_test(c, attempts_learn_only_the_fields_that_are_set);
    tcase_add_test(c, one_event_may_end_an_attempt_and_begin_the_next);
    tcase_add_test(c, an_attempt_of_no_venue_has_no_chosen_quote);
    tcase_add_test(c, a_view_stays_within_its_limits);
    tcase_add_test(c, a_view_given_out_before_is_not_changed_by_later_events);
    return suite_run(suite);
}
