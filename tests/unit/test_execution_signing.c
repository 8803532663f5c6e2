/* Transactions that a venue leaves to the signer, and orders that may have traded. */
#include "proto/base58.h"
#include "tests/support/execution_scene.h"
#include "tests/support/suite.h"

#define SIGN DV_PORT(DV_LINK_sign, 0)
#define MESSAGE "what is to be signed"

static void tell_unsigned(void)
{
    tell_leg(METEORA, 1, DV_OK);
    stage_receive(s, CHAIN, "",
                  (dv_message){.type = DV_MSG_build_reply,
                               .build_reply = {.order_id = ORDER,
                                               .attempt = 1,
                                               .transaction = dv_text_of(MESSAGE),
                                               .last_valid_block_height = 99}});
}

/* The message with a signature of this byte before it, told under its name. */
static void tell_signed(uint8_t byte, const char *message, dv_err error)
{
    uint8_t bytes[200] = {1};
    char name[DV_BASE58_TEXT_SIZE];
    memset(bytes + 1, byte, 64);
    memcpy(bytes + 65, message, strlen(message));
    dv_base58_encode(bytes + 1, 64, name);
    stage_receive(s, SIGN, "",
                  (dv_message){.type = DV_MSG_sign_reply,
                               .sign_reply = {.order_id = ORDER,
                                              .attempt = 1,
                                              .error = error,
                                              .signature = dv_text_of(error ? "" : name),
                                              .transaction = {(char *)bytes,
                                                              error ? 0 : 65 + strlen(message)}}});
}

START_TEST(has_a_message_signed_as_the_order_was_committed)
{
    advance(DV_STATE_building);
    stage_skip(s);
    tell_unsigned();
    const dv_sign_request *ask = &stage_expect(s, DV_MSG_sign_request)->message.sign_request;
    ck_assert(dv_text_is(ask->message, MESSAGE));
    ck_assert(dv_text_is(ask->token_in, SOL) && dv_text_is(ask->token_out, USDC));
    ck_assert_uint_eq(ask->amount, 1000000000);
    ck_assert_uint_eq(ask->limit_amount, 151470000); /* 153000000 less 1 % */
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
    tell_signed(7, MESSAGE, DV_OK);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 0);
    const dv_step_request *step = commit(DV_STATE_building, DV_STATE_submitted, 1);
    ck_assert_uint_eq(step->attempt.transaction.size, 65 + strlen(MESSAGE));
    const dv_send_request *send = &stage_expect(s, DV_MSG_send_request)->message.send_request;
    ck_assert_uint_eq(send->transaction.size, 65 + strlen(MESSAGE));
    ck_assert_uint_eq(send->last_valid_block_height, 99);
}
END_TEST

START_TEST(takes_no_signature_of_another_message)
{
    advance(DV_STATE_building);
    stage_skip(s);
    tell_unsigned();
    tell_signed(7, "what is to be stolen", DV_OK);
    tell_signed(7, "", DV_OK);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
    tell_signed(7, MESSAGE, DV_OK);
    commit(DV_STATE_building, DV_STATE_submitted, 1);
}
END_TEST

START_TEST(tries_again_or_fails_as_the_signer_says)
{
    static const dv_err ERRORS[] = {DV_SIGNER_CONFLICT, DV_SIGNER_REFUSED};
    static const dv_state NEXT[] = {DV_STATE_routing, DV_STATE_failed};
    advance(DV_STATE_building);
    stage_skip(s);
    tell_unsigned();
    tell_signed(7, MESSAGE, ERRORS[_i]);
    const dv_step_request *step = &stage_expect(s, DV_MSG_step_request)->message.step_request;
    ck_assert_uint_eq(step->to_state, NEXT[_i]);
    ck_assert_uint_eq(step->failed_error, ERRORS[_i]);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 0);
}
END_TEST

/* The guard on the ledger says that some attempt has traded. */
START_TEST(neither_fails_nor_retries_an_order_that_may_have_traded)
{
    advance(DV_STATE_building);
    stage_skip(s);
    tell_leg(METEORA, 1, DV_OK);
    tell_built(1, DV_VENUE_ORDER_GUARDED);
    stage_pass_ms(s, 20000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
    stage_pass_ms(s, 20000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
    stage_expect(s, DV_MSG_leg_request);
}
END_TEST

START_TEST(begins_the_attempt_that_finds_the_trade_when_one_fails_for_the_guard)
{
    config.attempts_max = 1; /* however many there were: it may not fail */
    advance(DV_STATE_submitted);
    stage_skip(s);
    tell_status(DV_SWAP_FAILED, DV_VENUE_ORDER_GUARDED);
    const dv_step_request *step = &stage_expect(s, DV_MSG_step_request)->message.step_request;
    ck_assert_uint_eq(step->to_state, DV_STATE_routing);
    ck_assert_uint_eq(step->attempt.number, 2);
}
END_TEST

START_TEST(asks_a_silent_signer_again_and_then_begins_a_new_attempt)
{
    advance(DV_STATE_building);
    stage_skip(s);
    tell_unsigned();
    stage_expect(s, DV_MSG_sign_request);
    stage_pass_ms(s, config.build_timeout_ms / 2);
    stage_expect(s, DV_MSG_sign_request);
    stage_pass_ms(s, config.build_timeout_ms);
    const dv_step_request *step = &stage_expect(s, DV_MSG_step_request)->message.step_request;
    ck_assert_uint_eq(step->to_state, DV_STATE_routing);
    ck_assert_uint_eq(step->attempt.number, 2);
    tell_signed(7, MESSAGE, DV_OK); /* too late */
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("execution_signing");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, has_a_message_signed_as_the_order_was_committed);
    tcase_add_test(tcase, takes_no_signature_of_another_message);
    tcase_add_loop_test(tcase, tries_again_or_fails_as_the_signer_says, 0, 2);
    tcase_add_test(tcase, neither_fails_nor_retries_an_order_that_may_have_traded);
    tcase_add_test(tcase, begins_the_attempt_that_finds_the_trade_when_one_fails_for_the_guard);
    tcase_add_test(tcase, asks_a_silent_signer_again_and_then_begins_a_new_attempt);
    Suite *suite = suite_create("execution_signing");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
