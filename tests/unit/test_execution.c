#include "tests/support/execution_scene.h"
#include "tests/support/suite.h"

START_TEST(asks_all_venues_while_the_first_step_commits)
{
    assign();
    const dv_quote_request *ask = &stage_expect(s, DV_MSG_quote_request)->message.quote_request;
    ck_assert_uint_eq(ask->amount, 1000000000);
    stage_expect(s, DV_MSG_quote_request);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 1);
}
END_TEST

START_TEST(chooses_the_larger_output_and_sets_the_limit_from_the_slippage)
{
    advance(DV_STATE_routing);
    tell_quote(RAYDIUM, 1, DV_OK, 150000000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
    tell_quote(METEORA, 1, DV_OK, 153000000);
    const dv_step_request *step = commit(DV_STATE_routing, DV_STATE_building, 1);
    ck_assert(dv_text_is(step->attempt.venue, "meteora"));
    ck_assert_uint_eq(step->attempt.quotes_count, 2);
    ck_assert_uint_eq(step->attempt.limit_amount, 151470000);
    ck_assert(dv_text_is(step->attempt.reason,
                         "meteora is 2.00 % better than raydium after fees and impact"));
    const stage_sent *leg = stage_expect(s, DV_MSG_leg_request);
    ck_assert_uint_eq(leg->port, METEORA);
    ck_assert_uint_eq(leg->message.leg_request.limit_amount, 151470000);
}
END_TEST

START_TEST(waits_for_the_commit_of_routing_before_it_decides)
{
    assign();
    tell_quote(RAYDIUM, 1, DV_OK, 150000000);
    tell_quote(METEORA, 1, DV_OK, 153000000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 1);
    commit(DV_STATE_pending, DV_STATE_routing, 1);
    commit(DV_STATE_routing, DV_STATE_building, 1);
}
END_TEST

START_TEST(leaves_out_a_venue_that_is_late)
{
    advance(DV_STATE_routing);
    tell_quote(RAYDIUM, 1, DV_OK, 150000000);
    stage_pass_ms(s, config.quote_timeout_ms);
    const dv_step_request *step = commit(DV_STATE_routing, DV_STATE_building, 1);
    ck_assert(dv_text_is(step->attempt.venue, "raydium"));
    ck_assert_uint_eq(step->attempt.quotes[1].error, DV_VENUE_QUOTE_LATE);
    ck_assert(dv_text_is(step->attempt.reason, "raydium alone gave a usable quote"));
    tell_quote(METEORA, 1, DV_OK, 999000000); /* too late: changes nothing */
    stage_skip(s);
    tell_leg(RAYDIUM, 1, DV_OK);
    tell_built(1, DV_OK);
    commit(DV_STATE_building, DV_STATE_submitted, 1);
}
END_TEST

START_TEST(leaves_out_a_venue_that_fails)
{
    advance(DV_STATE_routing);
    tell_quote(METEORA, 1, DV_VENUE_QUOTE_FAILED, 0);
    tell_quote(RAYDIUM, 1, DV_OK, 1);
    const dv_step_request *step = commit(DV_STATE_routing, DV_STATE_building, 1);
    ck_assert(dv_text_is(step->attempt.venue, "raydium"));
}
END_TEST

START_TEST(has_the_chain_build_what_the_router_gives_as_its_leg)
{
    advance(DV_STATE_building);
    stage_expect(s, DV_MSG_leg_request);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_build_request), 0);
    tell_leg(METEORA, 1, DV_OK);
    const stage_sent *build = stage_expect(s, DV_MSG_build_request);
    ck_assert_uint_eq(build->port, CHAIN);
    ck_assert_uint_eq(build->message.build_request.limit_amount, 151470000);
    ck_assert_uint_eq(build->message.build_request.legs_count, 1);
    ck_assert(dv_text_is(build->message.build_request.legs[0].data, "swap"));
    tell_leg(METEORA, 1, DV_OK); /* once more: it is not built twice at once */
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_build_request), 0);
}
END_TEST

START_TEST(asks_for_the_leg_again_when_a_build_is_late)
{
    advance(DV_STATE_building);
    tell_leg(METEORA, 1, DV_OK);
    stage_skip(s);
    stage_pass_ms(s, config.build_timeout_ms / 2);
    stage_expect(s, DV_MSG_leg_request);
    tell_built(1, DV_OK); /* of the first request: as good */
    commit(DV_STATE_building, DV_STATE_submitted, 1);
}
END_TEST

START_TEST(tries_again_when_a_router_has_no_leg)
{
    advance(DV_STATE_building);
    tell_leg(METEORA, 1, DV_VENUE_QUOTE_STALE);
    commit(DV_STATE_building, DV_STATE_routing, 2);
}
END_TEST

START_TEST(commits_the_signature_before_it_sends)
{
    advance(DV_STATE_building);
    tell_leg(METEORA, 1, DV_OK);
    tell_built(1, DV_OK);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 0);
    const dv_step_request *step = commit(DV_STATE_building, DV_STATE_submitted, 1);
    ck_assert(dv_text_is(step->attempt.signature, "signature"));
    ck_assert(dv_text_is(step->attempt.venue, "meteora"));
    ck_assert_uint_eq(step->attempt.transaction.size, 3);
    const stage_sent *send = stage_expect(s, DV_MSG_send_request);
    ck_assert_uint_eq(send->port, CHAIN);
    ck_assert_int_eq(memcmp(send->message.send_request.transaction.at, "\1\2\3", 3), 0);
}
END_TEST

START_TEST(confirms_what_landed_and_forgets_the_order)
{
    advance(DV_STATE_submitted);
    tell_status(DV_SWAP_FINALIZED, DV_OK);
    const dv_step_request *step = commit(DV_STATE_submitted, DV_STATE_finalized, 1);
    ck_assert_uint_eq(step->attempt.amount_out, 150000000);
    stage_skip(s);
    tell_status(DV_SWAP_FINALIZED, DV_OK);
    stage_pass_ms(s, 60000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
}
END_TEST

START_TEST(sends_the_same_bytes_again_until_the_outcome_is_known)
{
    advance(DV_STATE_submitted);
    stage_expect(s, DV_MSG_send_request);
    tell_status(DV_SWAP_UNKNOWN, DV_OK);
    for (int i = 0; i < 4; i++) stage_pass_ms(s, config.resend_ms);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_status_request), 2);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 2);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
}
END_TEST

START_TEST(begins_a_new_attempt_only_after_proof_that_the_last_is_dead)
{
    advance(DV_STATE_submitted);
    stage_pass_ms(s, 600000); /* time alone proves nothing */
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
    tell_status(DV_SWAP_DEAD, DV_VENUE_TRANSACTION_EXPIRED);
    const dv_step_request *step = commit(DV_STATE_submitted, DV_STATE_routing, 2);
    ck_assert_uint_eq(step->from_attempt, 1);
    ck_assert_uint_eq(step->failed_error, DV_VENUE_TRANSACTION_EXPIRED);
    ck_assert_uint_eq(step->attempt.due_at_us, (uint64_t)s->now.wall_us + 2000000);
    const dv_arm_retry *arm = &stage_expect(s, DV_MSG_arm_retry)->message.arm_retry;
    ck_assert_uint_eq(arm->due_at_us, step->attempt.due_at_us);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_quote_request), 0);
}
END_TEST

static void retry_event(uint8_t attempt)
{
    stage_receive(s, SCHEDULE, "",
                  (dv_message){.type = DV_MSG_retry_event,
                               .retry_event = {.order_id = ORDER, .attempt = attempt}});
}

START_TEST(quotes_again_when_the_retry_is_due_and_not_before)
{
    advance(DV_STATE_submitted);
    tell_status(DV_SWAP_DEAD, DV_VENUE_TRANSACTION_EXPIRED);
    commit(DV_STATE_submitted, DV_STATE_routing, 2);
    stage_skip(s);
    retry_event(2);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_quote_request), 0);
    stage_pass_ms(s, 2000);
    retry_event(2);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_quote_request), 2);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_forget_retry), 1);
    retry_event(2); /* handed out twice: harmless */
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_quote_request), 2);
}
END_TEST

START_TEST(waits_no_longer_for_a_time_that_a_wrong_clock_has_set)
{
    advance(DV_STATE_submitted);
    s->now.wall_us += 3600000000; /* an hour too far */
    tell_status(DV_SWAP_DEAD, DV_VENUE_TRANSACTION_EXPIRED);
    s->now.wall_us -= 3600000000;
    commit(DV_STATE_submitted, DV_STATE_routing, 2);
    stage_skip(s);
    stage_pass_ms(s, 2000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_quote_request), 0);
    stage_pass_ms(s, 2000); /* a sweep later */
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_quote_request), 2);
}
END_TEST

START_TEST(waits_longer_before_each_attempt_and_fails_after_the_last)
{
    assign();
    commit(DV_STATE_pending, DV_STATE_routing, 1);
    const uint64_t waits_us[] = {2000000, 4000000};
    for (uint8_t attempt = 1; attempt <= 2; attempt++) {
        tell_quote(RAYDIUM, attempt, DV_VENUE_QUOTE_FAILED, 0);
        tell_quote(METEORA, attempt, DV_VENUE_QUOTE_FAILED, 0);
        const dv_step_request *step = commit(DV_STATE_routing, DV_STATE_routing, attempt + 1);
        ck_assert_uint_eq(step->attempt.due_at_us - (uint64_t)s->now.wall_us,
                          waits_us[attempt - 1]);
        ck_assert_uint_eq(step->failed_error, DV_VENUE_NO_QUOTE);
        stage_pass_ms(s, (int64_t)waits_us[attempt - 1] / 1000);
        retry_event(attempt + 1);
    }
    tell_quote(RAYDIUM, 3, DV_VENUE_QUOTE_FAILED, 0);
    tell_quote(METEORA, 3, DV_VENUE_QUOTE_FAILED, 0);
    const dv_step_request *step = commit(DV_STATE_routing, DV_STATE_failed, 3);
    ck_assert_uint_eq(step->failed_error, DV_VENUE_NO_QUOTE);
}
END_TEST

START_TEST(does_not_retry_what_can_never_work)
{
    static const dv_err REJECTS[] = {DV_VENUE_SLIPPAGE_EXCEEDED, DV_VENUE_LIQUIDITY_INSUFFICIENT};
    advance(DV_STATE_submitted);
    tell_status(DV_SWAP_FAILED, REJECTS[_i]);
    const dv_step_request *step = commit(DV_STATE_submitted, DV_STATE_failed, 1);
    ck_assert_uint_eq(step->failed_error, REJECTS[_i]);
}
END_TEST

START_TEST(fails_at_once_when_every_venue_rejects)
{
    advance(DV_STATE_routing);
    tell_quote(RAYDIUM, 1, DV_VENUE_NO_POOL, 0);
    tell_quote(METEORA, 1, DV_VENUE_LIQUIDITY_INSUFFICIENT, 0);
    const dv_step_request *step = commit(DV_STATE_routing, DV_STATE_failed, 1);
    ck_assert_uint_eq(step->failed_error, DV_VENUE_LIQUIDITY_INSUFFICIENT);
}
END_TEST

START_TEST(tries_again_when_a_venue_cannot_build)
{
    advance(DV_STATE_building);
    tell_leg(METEORA, 1, DV_OK);
    tell_built(1, DV_VENUE_BUILD_FAILED);
    commit(DV_STATE_building, DV_STATE_routing, 2);
}
END_TEST

START_TEST(tries_again_when_a_venue_does_not_answer_a_build)
{
    advance(DV_STATE_building);
    stage_pass_ms(s, config.build_timeout_ms);
    commit(DV_STATE_building, DV_STATE_routing, 2);
    tell_leg(METEORA, 1, DV_OK);
    tell_built(1, DV_OK); /* too late */
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
}
END_TEST

START_TEST(drops_an_order_that_another_instance_owns)
{
    assign();
    const dv_step_request *step = &stage_expect(s, DV_MSG_step_request)->message.step_request;
    stage_receive(s, WRITE, "",
                  (dv_message){.type = DV_MSG_step_reply,
                               .step_reply = {.order_id = ORDER,
                                              .to_state = step->to_state,
                                              .attempt = step->attempt.number,
                                              .epoch = step->epoch,
                                              .error = DV_STORE_STALE}});
    stage_skip(s);
    tell_quote(RAYDIUM, 1, DV_OK, 1);
    tell_quote(METEORA, 1, DV_OK, 2);
    stage_pass_ms(s, 60000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
}
END_TEST

START_TEST(takes_no_answer_to_a_step_that_signed_other_bytes)
{
    advance(DV_STATE_building);
    tell_leg(METEORA, 1, DV_OK);
    tell_built(1, DV_OK);
    const dv_step_request *step = &stage_expect(s, DV_MSG_step_request)->message.step_request;
    static const char *const SIGNATURES[] = {"another signature", "signature"};
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 0);
        stage_receive(s, WRITE, "",
                      (dv_message){.type = DV_MSG_step_reply,
                                   .step_reply = {.order_id = ORDER,
                                                  .to_state = DV_STATE_submitted,
                                                  .attempt = 1,
                                                  .epoch = step->epoch,
                                                  .signature = dv_text_of(SIGNATURES[i])}});
    }
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 1);
}
END_TEST

START_TEST(sends_a_step_again_that_nobody_answered)
{
    assign();
    stage_skip(s);
    stage_pass_ms(s, 15000);
    const dv_step_request *step = &stage_expect(s, DV_MSG_step_request)->message.step_request;
    ck_assert_uint_eq(step->to_state, DV_STATE_routing);
}
END_TEST

START_TEST(ignores_the_answer_to_an_older_epochs_step)
{
    assign();
    stage_skip(s);
    stage_receive(
        s, WRITE, "",
        (dv_message){.type = DV_MSG_claim_item,
                     .claim_item.job = {.terms = terms(), .state = DV_STATE_pending, .epoch = 2}});
    stage_pass_ms(s, 1); /* its turn */
    const dv_step_request *step = &stage_expect(s, DV_MSG_step_request)->message.step_request;
    ck_assert_uint_eq(step->epoch, 2);
    stage_receive(s, WRITE, "",
                  (dv_message){.type = DV_MSG_step_reply,
                               .step_reply = {.order_id = ORDER,
                                              .to_state = DV_STATE_routing,
                                              .attempt = 1,
                                              .epoch = 1,
                                              .error = DV_STORE_STALE}});
    stage_receive(s, WRITE, "",
                  (dv_message){.type = DV_MSG_step_reply,
                               .step_reply = {.order_id = ORDER,
                                              .to_state = DV_STATE_routing,
                                              .attempt = 1,
                                              .epoch = 2}});
    tell_quote(RAYDIUM, 1, DV_OK, 1);
    tell_quote(METEORA, 1, DV_OK, 2);
    commit(DV_STATE_routing, DV_STATE_building, 1);
}
END_TEST

static void claimed(dv_state state, dv_attempt attempt)
{
    stage_receive(
        s, WRITE, "",
        (dv_message){
            .type = DV_MSG_claim_item,
            .claim_item.job = {.terms = terms(), .state = state, .epoch = 2, .attempt = attempt}});
    stage_pass_ms(s, 1); /* its turn */
}

START_TEST(goes_on_with_a_claimed_order_from_its_committed_state)
{
    static const dv_quote QUOTES[] = {{.venue = {"raydium", 7}, .amount_in = 5, .amount_out = 7}};
    dv_attempt attempt = {.number = 2,
                          .venue = dv_text_of("raydium"),
                          .quotes = QUOTES,
                          .quotes_count = 1,
                          .signature = dv_text_of("signature"),
                          .transaction = {"\1\2\3", 3},
                          .last_valid_block_height = 99,
                          .limit_amount = 6};
    static const struct {
        dv_state state;
        dv_message_type sends;
    } TABLE[] = {
        {DV_STATE_pending, DV_MSG_quote_request},
        {DV_STATE_routing, DV_MSG_quote_request},
        {DV_STATE_building, DV_MSG_leg_request},
        {DV_STATE_submitted, DV_MSG_send_request},
    };
    if (TABLE[_i].state == DV_STATE_pending) attempt = (dv_attempt){0};
    claimed(TABLE[_i].state, attempt);
    const stage_sent *sent = stage_expect(s, TABLE[_i].sends);
    bool is_sent = TABLE[_i].state == DV_STATE_submitted;
    ck_assert_uint_eq(sent->port, is_sent ? CHAIN : RAYDIUM);
    if (is_sent) {
        ck_assert_int_eq(memcmp(sent->message.send_request.transaction.at, "\1\2\3", 3), 0);
        ck_assert_uint_eq(sent->message.send_request.last_valid_block_height, 99);
    }
}
END_TEST

START_TEST(concludes_nothing_from_a_submitted_order_without_its_transaction)
{
    claimed(DV_STATE_submitted, (dv_attempt){.number = 1, .venue = dv_text_of("raydium")});
    stage_pass_ms(s, 60000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_status_request), 0);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 0);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
}
END_TEST

START_TEST(claims_all_orphans_before_it_goes_on_with_those_claimed)
{
    stage_tick(s);
    dv_lease_request beat = stage_expect(s, DV_MSG_lease_request)->message.lease_request;
    stage_receive(s, WRITE, "",
                  (dv_message){.type = DV_MSG_lease_reply,
                               .lease_reply = {.owner = beat.owner, .orphans = 1}});
    stage_tick(s);
    stage_expect(s, DV_MSG_claim_request);
    claimed(DV_STATE_pending, (dv_attempt){0});
    stage_receive(s, WRITE, "", (dv_message){.type = DV_MSG_claim_reply, .claim_reply.count = 1});
    stage_tick(s);
    stage_expect(s, DV_MSG_claim_request);
    stage_pass_ms(s, 1000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
    stage_receive(s, WRITE, "", (dv_message){.type = DV_MSG_claim_reply});
    stage_pass_ms(s, 100);
    stage_expect(s, DV_MSG_step_request);
}
END_TEST

START_TEST(arms_the_schedule_for_a_claimed_order_that_waits)
{
    claimed(DV_STATE_routing,
            (dv_attempt){.number = 3, .due_at_us = (uint64_t)s->now.wall_us + 5000000});
    const dv_arm_retry *arm = &stage_expect(s, DV_MSG_arm_retry)->message.arm_retry;
    ck_assert_uint_eq(arm->attempt, 3);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_quote_request), 0);
}
END_TEST

START_TEST(begins_a_retry_by_itself_that_the_schedule_forgot)
{
    claimed(DV_STATE_routing,
            (dv_attempt){.number = 2, .due_at_us = (uint64_t)s->now.wall_us + 1000000});
    stage_skip(s);
    stage_pass_ms(s, 1000 + RETRY_SWEEP_MS - 2);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_quote_request), 0);
    stage_pass_ms(s, 1);
    stage_expect(s, DV_MSG_forget_retry);
    stage_expect(s, DV_MSG_quote_request);
}
END_TEST

START_TEST(keeps_a_step_that_persistence_could_not_take)
{
    static const dv_err ERRORS[] = {DV_ENGINE_FULL, DV_STORE_AWAY};
    assign();
    const dv_step_request *step = &stage_expect(s, DV_MSG_step_request)->message.step_request;
    stage_receive(s, WRITE, "",
                  (dv_message){.type = DV_MSG_step_reply,
                               .step_reply = {.order_id = step->order_id,
                                              .to_state = step->to_state,
                                              .attempt = step->attempt.number,
                                              .epoch = step->epoch,
                                              .error = ERRORS[_i]}});
    stage_skip(s);
    stage_pass_ms(s, 2000);
    commit(DV_STATE_pending, DV_STATE_routing, 1);
    tell_quote(RAYDIUM, 1, DV_OK, 1);
    tell_quote(METEORA, 1, DV_OK, 2);
    commit(DV_STATE_routing, DV_STATE_building, 1);
}
END_TEST

START_TEST(asks_a_silent_venue_again_within_its_time)
{
    assign();
    commit(DV_STATE_pending, DV_STATE_routing, 1);
    tell_quote(RAYDIUM, 1, DV_OK, 1);
    stage_skip(s);
    stage_pass_ms(s, config.quote_timeout_ms / 2);
    ck_assert_uint_eq(stage_expect(s, DV_MSG_quote_request)->port, METEORA);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_quote_request), 0);
    tell_quote(METEORA, 1, DV_OK, 2);
    commit(DV_STATE_routing, DV_STATE_building, 1);
    stage_skip(s);
    stage_pass_ms(s, config.build_timeout_ms / 2);
    ck_assert_uint_eq(stage_expect(s, DV_MSG_leg_request)->port, METEORA);
}
END_TEST

START_TEST(takes_an_order_that_is_assigned_twice_once)
{
    assign();
    stage_skip(s);
    assign();
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
}
END_TEST

START_TEST(finishes_the_step_under_way_and_leaves_when_draining)
{
    stage_tick(s);
    dv_lease_request beat = stage_expect(s, DV_MSG_lease_request)->message.lease_request;
    dv_message told = {.type = DV_MSG_lease_reply, .lease_reply.owner = beat.owner};
    stage_receive(s, WRITE, "", told);
    advance(DV_STATE_routing);
    tell_quote(RAYDIUM, 1, DV_OK, 1);
    tell_quote(METEORA, 1, DV_OK, 2);
    s->class->drain(s->self, s->now, s->outbox);
    stage_tick(s);
    ck_assert(!s->class->drained(s->self));
    commit(DV_STATE_routing, DV_STATE_building, 1);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_build_request), 0);
    stage_tick(s);
    ck_assert_uint_eq(stage_expect(s, DV_MSG_lease_request)->message.lease_request.leaving, 1);
    ck_assert(!s->class->drained(s->self));
    stage_receive(s, WRITE, "", told);
    ck_assert(s->class->drained(s->self));
}
END_TEST

/* A thousand orders and some, each waiting for its first step's answer. */
static void assign_many(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        dv_terms many = terms();
        many.order_id.bytes[14] = (uint8_t)(i >> 8);
        many.order_id.bytes[15] = (uint8_t)i;
        stage_receive(s, ASSIGN, "ingest",
                      (dv_message){.type = DV_MSG_assign_order,
                                   .assign_order.job = {
                                       .terms = many, .state = DV_STATE_pending, .epoch = 1}});
    }
}

/* Answers a number of the steps that wait, in the order they were sent. */
static void commit_many(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) commit(DV_STATE_pending, DV_STATE_routing, 1);
}

static uint64_t is_pressed(void)
{
    size_t read = s->read;
    stage_pass_ms(s, 100);
    uint64_t pressed = 0;
    for (; s->read < s->sent_count; s->read++)
        if (s->sent[s->read].message.type == DV_MSG_load_event)
            pressed = s->sent[s->read].message.load_event.pressed;
    s->read = read;
    return pressed;
}

START_TEST(is_pressed_while_very_many_steps_wait_for_long)
{
    uint32_t spare = _i == 0 ? 200 : 0; /* and not where fewer than a thousand wait */
    assign_many(900 + spare);
    ck_assert_uint_eq(is_pressed(), 0);
    stage_pass_ms(s, config.step_wait_max_ms);
    commit_many(10);
    ck_assert_uint_eq(is_pressed(), spare > 0);
    commit_many(spare);
    ck_assert_uint_eq(is_pressed(), 0);
}
END_TEST

START_TEST(takes_no_new_order_when_draining)
{
    s->class->drain(s->self, s->now, s->outbox);
    stage_tick(s);
    ck_assert_uint_eq(stage_expect(s, DV_MSG_load_event)->message.load_event.accepting, 0);
    assign();
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
}
END_TEST

START_TEST(forgets_its_orders_when_a_later_incarnation_has_its_name)
{
    stage_tick(s);
    dv_lease_request beat = stage_expect(s, DV_MSG_lease_request)->message.lease_request;
    advance(DV_STATE_submitted);
    stage_receive(s, WRITE, "",
                  (dv_message){.type = DV_MSG_lease_reply,
                               .lease_reply = {.owner = beat.owner, .error = DV_STORE_STALE}});
    ck_assert_int_eq(s->class->health(s->self).degraded, DV_STORE_STALE);
    stage_skip(s);
    tell_status(DV_SWAP_FINALIZED, DV_OK);
    stage_pass_ms(s, 100000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 0);
}
END_TEST

/* In every state, a message that belongs to another state changes nothing. */
START_TEST(ignores_messages_that_do_not_belong_to_the_state)
{
    static const dv_state STATES[] = {DV_STATE_routing, DV_STATE_building, DV_STATE_submitted};
    dv_state state = STATES[_i];
    advance(state);
    stage_skip(s);
    if (state != DV_STATE_routing) tell_quote(RAYDIUM, 1, DV_OK, 999999999);
    tell_quote(RAYDIUM, 9, DV_OK, 999999999);
    if (state != DV_STATE_building) {
        tell_leg(METEORA, 1, DV_OK);
        tell_built(1, DV_OK);
    }
    tell_leg(METEORA, 9, DV_OK);
    tell_built(9, DV_OK);
    if (state != DV_STATE_submitted) tell_status(DV_SWAP_FINALIZED, DV_OK);
    retry_event(1);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_step_request), 0);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_send_request), 0);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_quote_request), 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("execution");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, asks_all_venues_while_the_first_step_commits);
    tcase_add_test(tcase, chooses_the_larger_output_and_sets_the_limit_from_the_slippage);
    tcase_add_test(tcase, waits_for_the_commit_of_routing_before_it_decides);
    tcase_add_test(tcase, leaves_out_a_venue_that_is_late);
    tcase_add_test(tcase, leaves_out_a_venue_that_fails);
    tcase_add_test(tcase, has_the_chain_build_what_the_router_gives_as_its_leg);
    tcase_add_test(tcase, asks_for_the_leg_again_when_a_build_is_late);
    tcase_add_test(tcase, tries_again_when_a_router_has_no_leg);
    tcase_add_test(tcase, commits_the_signature_before_it_sends);
    tcase_add_test(tcase, confirms_what_landed_and_forgets_the_order);
    tcase_add_test(tcase, sends_the_same_bytes_again_until_the_outcome_is_known);
    tcase_add_test(tcase, begins_a_new_attempt_only_after_proof_that_the_last_is_dead);
    tcase_add_test(tcase, quotes_again_when_the_retry_is_due_and_not_before);
    tcase_add_test(tcase, waits_no_longer_for_a_time_that_a_wrong_clock_has_set);
    tcase_add_test(tcase, waits_longer_before_each_attempt_and_fails_after_the_last);
    tcase_add_loop_test(tcase, does_not_retry_what_can_never_work, 0, 2);
    tcase_add_test(tcase, fails_at_once_when_every_venue_rejects);
    tcase_add_test(tcase, tries_again_when_a_venue_cannot_build);
    tcase_add_test(tcase, tries_again_when_a_venue_does_not_answer_a_build);
    tcase_add_test(tcase, drops_an_order_that_another_instance_owns);
    tcase_add_test(tcase, sends_a_step_again_that_nobody_answered);
    tcase_add_test(tcase, takes_no_answer_to_a_step_that_signed_other_bytes);
    tcase_add_test(tcase, ignores_the_answer_to_an_older_epochs_step);
    tcase_add_loop_test(tcase, goes_on_with_a_claimed_order_from_its_committed_state, 0, 4);
    tcase_add_test(tcase, concludes_nothing_from_a_submitted_order_without_its_transaction);
    tcase_add_test(tcase, claims_all_orphans_before_it_goes_on_with_those_claimed);
    tcase_add_test(tcase, arms_the_schedule_for_a_claimed_order_that_waits);
    tcase_add_test(tcase, begins_a_retry_by_itself_that_the_schedule_forgot);
    tcase_add_loop_test(tcase, keeps_a_step_that_persistence_could_not_take, 0, 2);
    tcase_add_test(tcase, asks_a_silent_venue_again_within_its_time);
    tcase_add_test(tcase, takes_an_order_that_is_assigned_twice_once);
    tcase_add_test(tcase, finishes_the_step_under_way_and_leaves_when_draining);
    tcase_add_loop_test(tcase, is_pressed_while_very_many_steps_wait_for_long, 0, 2);
    tcase_add_test(tcase, takes_no_new_order_when_draining);
    tcase_add_test(tcase, forgets_its_orders_when_a_later_incarnation_has_its_name);
    tcase_add_loop_test(tcase, ignores_messages_that_do_not_belong_to_the_state, 0, 3);
    Suite *suite = suite_create("execution");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
