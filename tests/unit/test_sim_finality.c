/* The simulated venue whose transactions are confirmed before they are final. */
#include "tests/support/sim_scene.h"
#include "tests/support/suite.h"

#define FINALITY_MS 5000
#define BLOCK_MS 400
#define EXPIRED_MS (152 * BLOCK_MS)

static scene *s;
static scene_swap swap;

static void setup(void)
{
    s = scene_new();
    s->config.sim_finality_ms = FINALITY_MS;
    s->confirmation = DV_CONFIRMATION_CONFIRMED;
}

static void teardown(void)
{
    scene_destroy(s);
}

/* Opens the venue and sends a transaction, which lands at once. */
static void land(void)
{
    scene_open(s, "raydium");
    swap = scene_sell(s, 1);
    scene_send(s, &swap, 1);
}

/* As an order sends and asks that counts as confirmed. */
static void follow(uint64_t ticket)
{
    dv_send_request send = {.order_id = swap.order_id,
                            .attempt = swap.attempt,
                            .signature = swap.signature,
                            .transaction = swap.transaction,
                            .last_valid_block_height = swap.last_valid,
                            .relied_on = 1};
    s->chain->class->send(s->chain, ticket, &send, s->now, &s->chain_to);
    scene_tick(s); /* the turn ends */
}

static dv_swap_outcome followed(void)
{
    dv_status_request check = {.order_id = swap.order_id,
                               .attempt = swap.attempt,
                               .signature = swap.signature,
                               .last_valid_block_height = swap.last_valid,
                               .relied_on = 1};
    s->chain->class->check(s->chain, 9, &check, s->now, &s->chain_to);
    return (dv_swap_outcome)scene_status(s, &swap).outcome;
}

START_TEST(a_trade_is_confirmed_and_written_down_once_it_is_final)
{
    land();
    dv_status_reply confirmed = scene_status(s, &swap);
    ck_assert_uint_eq(confirmed.outcome, DV_SWAP_CONFIRMED);
    ck_assert_uint_gt(confirmed.amount_out, 0);
    ck_assert_int_eq(scene_lines_with(s, ""), 0);
    follow(2);
    ck_assert_uint_eq(scene_told(s), 1);
    scene_pass_ms(s, FINALITY_MS);
    dv_status_reply final = scene_status(s, &swap);
    ck_assert_uint_eq(scene_last(s, DV_MSG_status_reply)->ticket, 2);
    ck_assert_uint_eq(final.outcome, DV_SWAP_FINALIZED);
    ck_assert_uint_eq(final.amount_out, confirmed.amount_out);
    ck_assert_int_eq(scene_lines_with(s, "\"ok\":true"), 1);
}
END_TEST

START_TEST(only_what_is_final_counts_if_that_is_asked_for)
{
    s->confirmation = DV_CONFIRMATION_FINALIZED;
    land();
    ck_assert_uint_eq(scene_told(s), 0);
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_UNKNOWN);
    scene_pass_ms(s, FINALITY_MS);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FINALIZED);
}
END_TEST

START_TEST(a_failure_on_chain_is_told_only_when_it_is_final)
{
    s->config.sim_fault_slippage_percent = 100;
    land();
    ck_assert_uint_eq(scene_told(s), 0);
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_UNKNOWN);
    scene_pass_ms(s, FINALITY_MS);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FAILED);
}
END_TEST

START_TEST(a_fork_takes_a_confirmation_back_and_the_bytes_land_again_once)
{
    s->config.sim_fault_fork_percent = 100;
    land();
    follow(2);
    scene_pass_ms(s, FINALITY_MS);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_SUPERSEDED);
    ck_assert_uint_eq(scene_last(s, DV_MSG_status_reply)->ticket, 2);
    ck_assert_int_eq(scene_lines_with(s, ""), 0);
    ck_assert_uint_eq(followed(), DV_SWAP_SUPERSEDED);
    follow(3); /* told once more, and not sent again by that */
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_SUPERSEDED);
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_UNKNOWN);
    scene_send(s, &swap, 4);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_CONFIRMED);
    scene_pass_ms(s, FINALITY_MS);
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_FINALIZED);
    scene_send(s, &swap, 5);
    ck_assert_int_eq(scene_lines_with(s, ""), 1);
}
END_TEST

START_TEST(what_was_forked_out_and_not_sent_again_is_dead_once_expired)
{
    s->config.sim_fault_fork_percent = 100;
    land();
    scene_pass_ms(s, FINALITY_MS);
    scene_pass_ms(s, EXPIRED_MS);
    ck_assert_uint_eq(followed(), DV_SWAP_DEAD);
    scene_send(s, &swap, 4);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_DEAD);
    ck_assert_int_eq(scene_lines_with(s, ""), 0);
}
END_TEST

START_TEST(what_landed_in_time_is_not_dead_while_it_waits_to_be_final)
{
    s->config.sim_finality_ms = EXPIRED_MS + FINALITY_MS;
    land();
    scene_pass_ms(s, EXPIRED_MS);
    ck_assert_uint_eq(followed(), DV_SWAP_CONFIRMED);
    scene_pass_ms(s, FINALITY_MS);
    ck_assert_uint_eq(followed(), DV_SWAP_FINALIZED);
}
END_TEST

START_TEST(a_venue_that_dies_forgets_what_was_not_final)
{
    land();
    scene_close(s);
    scene_open(s, "raydium");
    ck_assert_uint_eq(followed(), DV_SWAP_SUPERSEDED);
    scene_pass_ms(s, FINALITY_MS);
    scene_send(s, &swap, 3);
    scene_pass_ms(s, FINALITY_MS);
    ck_assert_uint_eq(followed(), DV_SWAP_FINALIZED);
    ck_assert_int_eq(scene_lines_with(s, ""), 1);
}
END_TEST

START_TEST(without_finality_a_trade_is_final_at_once)
{
    s->config.sim_finality_ms = 0;
    s->config.sim_fault_fork_percent = 100;
    land();
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FINALIZED);
    ck_assert_int_eq(scene_lines_with(s, ""), 1);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("sim_finality");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_trade_is_confirmed_and_written_down_once_it_is_final);
    tcase_add_test(tcase, only_what_is_final_counts_if_that_is_asked_for);
    tcase_add_test(tcase, a_failure_on_chain_is_told_only_when_it_is_final);
    tcase_add_test(tcase, a_fork_takes_a_confirmation_back_and_the_bytes_land_again_once);
    tcase_add_test(tcase, what_was_forked_out_and_not_sent_again_is_dead_once_expired);
    tcase_add_test(tcase, what_landed_in_time_is_not_dead_while_it_waits_to_be_final);
    tcase_add_test(tcase, a_venue_that_dies_forgets_what_was_not_final);
    tcase_add_test(tcase, without_finality_a_trade_is_final_at_once);
    Suite *suite = suite_create("sim_finality");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
