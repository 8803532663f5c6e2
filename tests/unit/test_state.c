/* The state table: every state against every state, as the diagram in proto/state.h draws it. */
#include "proto/state.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>

/* Rows: from; columns: to, in the same order. x: may move. */
static const char *const NAMES[] = {"none",      "pending",   "watching",  "routing",
                                    "building",  "submitted", "finalized", "failed",
                                    "cancelled", "expired",   "confirmed", "superseded"};
#define COUNT 12
static const char *const DIAGRAM[COUNT] = {
    /*                n p w r b s F f x e C S */
    /* none       */ ". x . . . . . . . . . .",
    /* pending    */ ". . x x . . . x x . . .",
    /* watching   */ ". . . x . . . x x x . .",
    /* routing    */ ". . . x x . . x . . . .",
    /* building   */ ". . . x . x . x . . . .",
    /* submitted  */ ". . . x . . x x . . x .",
    /* finalized  */ ". . . . . . . . . . . .",
    /* failed     */ ". . . . . . . . . . . .",
    /* cancelled  */ ". . . . . . . . . . . .",
    /* expired    */ ". . . . . . . . . . . .",
    /* confirmed  */ ". . . . . . x . . . . x",
    /* superseded */ ". . . x . . x x . . . .",
};

START_TEST(moves_are_those_of_the_diagram)
{
    uint8_t from = (uint8_t)(_i / COUNT), to = (uint8_t)(_i % COUNT);
    bool expected = DIAGRAM[from][2 * to] == 'x';
    ck_assert_msg(dv_state_may_move(from, to) == expected, "%s -> %s", NAMES[from], NAMES[to]);
}
END_TEST

START_TEST(names_and_numbers_belong_together)
{
    ck_assert_int_eq(DV_STATE_COUNT, COUNT);
    ck_assert_str_eq(dv_state_name((uint8_t)_i), NAMES[_i]);
    ck_assert_int_eq(dv_state_of(dv_text_of(NAMES[_i])), _i);
}
END_TEST

START_TEST(terminal_states_are_those_that_nothing_follows)
{
    bool follows = false;
    for (uint8_t to = 0; to < COUNT; to++) follows |= dv_state_may_move((uint8_t)_i, to);
    ck_assert_int_eq(dv_state_terminal((uint8_t)_i), !follows);
}
END_TEST

START_TEST(clients_are_shown_the_states_they_know)
{
    dv_state expected = _i == DV_STATE_finalized    ? DV_STATE_confirmed
                        : _i == DV_STATE_superseded ? DV_STATE_submitted
                                                    : (dv_state)_i;
    ck_assert_int_eq(dv_state_shown((uint8_t)_i), expected);
    ck_assert_int_eq(dv_state_shown(COUNT), DV_STATE_NONE);
}
END_TEST

START_TEST(what_is_no_state_has_no_name_and_no_moves)
{
    ck_assert_str_eq(dv_state_name(COUNT), "none");
    ck_assert_str_eq(dv_state_name(UINT8_MAX), "none");
    ck_assert_int_eq(dv_state_of(dv_text_of("")), DV_STATE_NONE);
    ck_assert_int_eq(dv_state_of(dv_text_of("Pending")), DV_STATE_NONE);
    ck_assert_int_eq(dv_state_of(dv_text_of("pendin")), DV_STATE_NONE);
    ck_assert(!dv_state_terminal(UINT8_MAX));
    for (unsigned other = 0; other <= UINT8_MAX; other++) {
        ck_assert(!dv_state_may_move(UINT8_MAX, (uint8_t)other));
        ck_assert(!dv_state_may_move((uint8_t)other, UINT8_MAX));
        if (other >= COUNT) ck_assert(!dv_state_may_move(DV_STATE_pending, (uint8_t)other));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("state");
    TCase *c = tcase_create("state");
    suite_add_tcase(suite, c);
    tcase_add_loop_test(c, moves_are_those_of_the_diagram, 0, COUNT * COUNT);
    tcase_add_loop_test(c, names_and_numbers_belong_together, 0, COUNT);
    tcase_add_loop_test(c, clients_are_shown_the_states_they_know, 0, COUNT);
    tcase_add_loop_test(c, terminal_states_are_those_that_nothing_follows, 0, COUNT);
    tcase_add_test(c, what_is_no_state_has_no_name_and_no_moves);
    return suite_run(suite);
}
