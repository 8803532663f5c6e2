/* What execution makes of a transaction that is confirmed before it is final. */
#include "tests/support/execution_scene.h"
#include "tests/support/suite.h"

static void finality_claimed(dv_state state)
{
    static const dv_quote QUOTES[] = {{.venue = {"meteora", 7}, .amount_in = 5, .amount_out = 7}};
    dv_attempt attempt = {.number = 1,
                          .venue = dv_text_of("meteora"),
                          .quotes = QUOTES,
                          .quotes_count = 1,
                          .signature = dv_text_of("signature"),
                          .transaction = {"\1\2\3", 3},
                          .last_valid_block_height = 99};
    stage_receive(
        s, WRITE, "",
        (dv_message){
            .type = DV_MSG_claim_item,
            .claim_item.job = {.terms = terms(), .state = state, .epoch = 2, .attempt = attempt}});
    stage_pass_ms(s, 1); /* its turn */
}

/* What each outcome does to each state of a transaction that was sent; NONE: nothing. */
static const struct {
    dv_state from, to[DV_SWAP_SUPERSEDED + 1]; /* by dv_swap_outcome */
} TABLE[] = {
    {DV_STATE_submitted,
     {[DV_SWAP_FINALIZED] = DV_STATE_finalized,
      [DV_SWAP_FAILED] = DV_STATE_routing,
      [DV_SWAP_DEAD] = DV_STATE_routing,
      [DV_SWAP_CONFIRMED] = DV_STATE_confirmed}},
    {DV_STATE_confirmed,
     {[DV_SWAP_FINALIZED] = DV_STATE_finalized,
      [DV_SWAP_FAILED] = DV_STATE_superseded,
      [DV_SWAP_DEAD] = DV_STATE_superseded,
      [DV_SWAP_SUPERSEDED] = DV_STATE_superseded}},
    {DV_STATE_superseded,
     {[DV_SWAP_FINALIZED] = DV_STATE_finalized,
      [DV_SWAP_FAILED] = DV_STATE_routing,
      [DV_SWAP_DEAD] = DV_STATE_routing}},
};
#define OUTCOMES (DV_SWAP_SUPERSEDED + 1)
#define ROWS ((int)(sizeof TABLE / sizeof *TABLE))

START_TEST(every_outcome_moves_every_state_as_tabled)
{
    dv_state from = TABLE[_i / OUTCOMES].from, to = TABLE[_i / OUTCOMES].to[_i % OUTCOMES];
    finality_claimed(from);
    tell_status((dv_swap_outcome)(_i % OUTCOMES), DV_OK);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), to != DV_STATE_NONE);
    if (to != DV_STATE_NONE) commit(from, to, to == DV_STATE_routing ? 2 : 1);
}
END_TEST

START_TEST(confirms_with_amounts_and_follows_the_order_until_it_is_final)
{
    advance(DV_STATE_submitted);
    ck_assert_uint_eq(stage_expect(s, DV_MSG_send_request)->message.send_request.relied_on, 0);
    tell_status(DV_SWAP_CONFIRMED, DV_OK);
    const dv_step_request *landed = commit(DV_STATE_submitted, DV_STATE_confirmed, 1);
    ck_assert_uint_eq(landed->attempt.amount_in, 1000000000);
    ck_assert_uint_eq(landed->attempt.amount_out, 150000000);
    ck_assert_uint_eq(stage_expect(s, DV_MSG_send_request)->message.send_request.relied_on, 1);
    stage_pass_ms(s, config.resend_ms);
    ck_assert_uint_eq(stage_expect(s, DV_MSG_status_request)->message.status_request.relied_on, 1);
    tell_status(DV_SWAP_FINALIZED, DV_OK);
    const dv_step_request *final = commit(DV_STATE_confirmed, DV_STATE_finalized, 1);
    ck_assert_uint_eq(final->attempt.amount_out, 150000000);
    stage_skip(s);
    stage_pass_ms(s, 60000); /* it is forgotten */
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 0);
}
END_TEST

START_TEST(sends_the_same_bytes_again_once_a_confirmation_is_taken_back)
{
    finality_claimed(DV_STATE_confirmed);
    ck_assert_uint_eq(stage_expect(s, DV_MSG_send_request)->message.send_request.relied_on, 1);
    tell_status(DV_SWAP_SUPERSEDED, DV_OK);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 0); /* not before it is committed */
    commit(DV_STATE_confirmed, DV_STATE_superseded, 1);
    const dv_send_request *send = &stage_expect(s, DV_MSG_send_request)->message.send_request;
    ck_assert_uint_eq(send->relied_on, 0);
    ck_assert(dv_text_is(send->signature, "signature"));
    ck_assert_int_eq(memcmp(send->transaction.at, "\1\2\3", 3), 0);
    tell_status(DV_SWAP_FINALIZED, DV_OK);
    commit(DV_STATE_superseded, DV_STATE_finalized, 1);
}
END_TEST

START_TEST(a_new_attempt_follows_a_superseded_one_only_by_proof)
{
    finality_claimed(DV_STATE_confirmed);
    tell_status(DV_SWAP_DEAD, DV_VENUE_TRANSACTION_EXPIRED);
    commit(DV_STATE_confirmed, DV_STATE_superseded, 1);
    stage_pass_ms(s, 600000); /* time alone proves nothing */
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
    tell_status(DV_SWAP_DEAD, DV_VENUE_TRANSACTION_EXPIRED);
    const dv_step_request *step = commit(DV_STATE_superseded, DV_STATE_routing, 2);
    ck_assert_uint_eq(step->failed_error, DV_VENUE_TRANSACTION_EXPIRED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("execution, finality");
    TCase *c = tcase_create("finality");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, every_outcome_moves_every_state_as_tabled, 0, ROWS * OUTCOMES);
    tcase_add_test(c, confirms_with_amounts_and_follows_the_order_until_it_is_final);
    tcase_add_test(c, sends_the_same_bytes_again_once_a_confirmation_is_taken_back);
    tcase_add_test(c, a_new_attempt_follows_a_superseded_one_only_by_proof);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
