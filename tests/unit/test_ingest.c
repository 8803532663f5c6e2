#include "actors/ingest/ingest.h"

#include "actors/topology.h"
#include "tests/support/mints.h"
#include "tests/support/stage.h"
#include "tests/support/suite.h"

#define SUBMIT DV_PORT(DV_LINK_submit, 0)
#define INSERT DV_PORT(DV_LINK_insert, 0)
#define ASSIGN DV_PORT(DV_LINK_assign, 0)

static dv_ingest_config config;
static dv_tokens tokens;
static stage *s;

static void tell_load(const char *name, uint64_t in_flight, bool accepting)
{
    char owner[DV_NAME_MAX + 1];
    snprintf(owner, sizeof owner, "%.20s/1", name);
    stage_receive(s, ASSIGN, name,
                  (dv_message){.type = DV_MSG_load_event,
                               .load_event = {.in_flight = in_flight,
                                              .owner = dv_text_of(owner),
                                              .accepting = accepting}});
}

static void setup(void)
{
    char why[256];
    dv_config_set_defaults(&DV_INGEST_SECTION, &config);
    ck_assert_int_eq(dv_tokens_load("conf/tokens.conf", &tokens, why), DV_OK);
    s = stage_new(&DV_INGEST_CLASS, dv_ingest_new(&config, &tokens));
    tell_load("execution@a", 0, true);
}

static void teardown(void)
{
    stage_destroy(s);
}

/* Each call makes another order. */
static dv_terms terms(void)
{
    static uint8_t orders;
    return (dv_terms){.order_id = {{1, ++orders}},
                      .client_order_id = dv_text_of("key"),
                      .order_type = DV_ORDER_MARKET,
                      .token_in = dv_text_of(SOL),
                      .token_out = dv_text_of(USDC),
                      .amount = 1000000000,
                      .slippage_bps = 100,
                      .amount_input = dv_text_of("1")};
}

static void submit(uint64_t request_id, dv_terms order)
{
    stage_receive(s, SUBMIT, "gateway",
                  (dv_message){.type = DV_MSG_submit_request,
                               .request_id = request_id,
                               .submit_request = {.terms = order}});
}

static dv_id inserted(void)
{
    dv_id id = stage_expect(s, DV_MSG_insert_request)->message.insert_request.terms.order_id;
    stage_receive(
        s, INSERT, "",
        (dv_message){
            .type = DV_MSG_insert_reply,
            .insert_reply = {
                .order_id = id,
                .event = {.seq = 1, .position = 7, .state = DV_STATE_pending, .at_us = 5}}});
    return id;
}

static const dv_submit_refusal *refused(void)
{
    return &stage_expect(s, DV_MSG_submit_refusal)->message.submit_refusal;
}

START_TEST(accepts_only_after_the_commit_and_then_hands_the_order_over)
{
    submit(11, terms());
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_submit_reply), 0);
    dv_id id = inserted();
    const stage_sent *accepted = stage_expect(s, DV_MSG_submit_reply);
    ck_assert_uint_eq(accepted->message.request_id, 11);
    ck_assert_int_eq(memcmp(accepted->to.bytes, "gateway", 7), 0);
    const dv_view *view = &accepted->message.submit_reply.view;
    ck_assert(dv_id_equal(&view->terms.order_id, &id));
    ck_assert_uint_eq(view->events_count, 1);
    ck_assert_uint_eq(view->events[0].position, 7);
    const dv_job *job = &stage_expect(s, DV_MSG_assign_order)->message.assign_order.job;
    ck_assert_uint_eq(job->epoch, 1);
    ck_assert_uint_eq(job->state, DV_STATE_pending);
    ck_assert(dv_text_is(job->terms.token_in, SOL));
}
END_TEST

START_TEST(keeps_the_gateways_id_and_adds_the_time)
{
    dv_terms order = terms();
    submit(1, order);
    const dv_terms *sent = &stage_expect(s, DV_MSG_insert_request)->message.insert_request.terms;
    ck_assert(dv_id_equal(&sent->order_id, &order.order_id));
    ck_assert_uint_eq(sent->created_at_us, (uint64_t)s->now.wall_us);
}
END_TEST

START_TEST(takes_an_order_that_is_submitted_again_once_and_answers_who_asked_last)
{
    dv_terms order = terms();
    submit(1, order);
    submit(2, order);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_insert_request), 1);
    inserted();
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_submit_reply), 1);
    ck_assert_uint_eq(stage_expect(s, DV_MSG_submit_reply)->message.request_id, 2);
}
END_TEST

START_TEST(sends_an_insert_again_that_nobody_answered_and_gives_up_at_last)
{
    dv_terms order = terms();
    submit(1, order);
    stage_skip(s);
    stage_pass_ms(s, 999);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_insert_request), 0);
    static const int64_t WAITS_MS[] = {1, 2000, 4000};
    for (int i = 0; i < 3; i++) {
        stage_pass_ms(s, WAITS_MS[i]);
        const dv_insert_request *again =
            &stage_expect(s, DV_MSG_insert_request)->message.insert_request;
        ck_assert(dv_id_equal(&again->terms.order_id, &order.order_id));
        ck_assert(dv_text_is(again->owner, "execution@a/1"));
    }
    stage_pass_ms(s, 8000);
    ck_assert_uint_eq(refused()->error, DV_ENGINE_TIMEOUT);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_insert_request), 0);
    s->class->drain(s->self, s->now, s->outbox);
    ck_assert(s->class->drained(s->self));
}
END_TEST

START_TEST(gives_an_order_to_the_execution_instance_with_the_fewest)
{
    tell_load("execution@a", 5, true);
    tell_load("execution@b", 3, true);
    tell_load("execution@c", 0, false);
    for (int i = 0; i < 2; i++) { /* each order given counts at once */
        submit(1, terms());
        inserted();
        const stage_sent *assigned = stage_expect(s, DV_MSG_assign_order);
        ck_assert_int_eq(memcmp(assigned->to.bytes, "execution@b", 11), 0);
    }
    tell_load("execution@b", 9, true);
    submit(1, terms());
    const dv_insert_request *insert =
        &stage_expect(s, DV_MSG_insert_request)->message.insert_request;
    ck_assert(dv_text_is(insert->owner, "execution@a/1"));
}
END_TEST

START_TEST(refuses_while_no_execution_instance_takes_orders)
{
    if (_i == 0)
        tell_load("execution@a", 0, false);
    else
        stage_pass_ms(s, 1500); /* silent */
    submit(1, terms());
    ck_assert_uint_eq(refused()->error, DV_ENGINE_NOT_READY);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_insert_request), 0);
}
END_TEST

START_TEST(refuses_what_cannot_be_an_order_and_stores_nothing)
{
    dv_terms bad = terms();
    dv_err error = DV_OK;
    switch (_i) {
    case 0: bad.amount = 0, error = DV_ORDER_AMOUNT_INVALID; break;
    case 1: bad.token_in = dv_text_of("nobody"), error = DV_ORDER_TOKEN_UNKNOWN; break;
    case 2: bad.token_out = dv_text_of("nobody"), error = DV_ORDER_TOKEN_UNKNOWN; break;
    case 3: bad.token_out = bad.token_in, error = DV_ORDER_TOKENS_EQUAL; break;
    case 4: bad.order_type = 2, error = DV_ORDER_TYPE_UNSUPPORTED; break;
    case 5: bad.swap_mode = 2, error = DV_ORDER_AMOUNT_INVALID; break;
    case 6: bad.order_id = (dv_id){0}, error = DV_REQUEST_INVALID; break;
    default: break;
    }
    submit(1, bad);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_insert_request), 0);
    ck_assert_uint_eq(refused()->error, error);
}
END_TEST

static void exists(dv_terms first)
{
    dv_id id = stage_expect(s, DV_MSG_insert_request)->message.insert_request.terms.order_id;
    first.order_id = (dv_id){{9}};
    stage_receive(s, INSERT, "",
                  (dv_message){.type = DV_MSG_insert_conflict,
                               .insert_conflict = {.order_id = id, .view.terms = first}});
}

START_TEST(answers_a_repeated_key_with_the_first_order)
{
    submit(1, terms());
    exists(terms());
    const dv_submit_reply *accepted = &stage_expect(s, DV_MSG_submit_reply)->message.submit_reply;
    ck_assert_uint_eq(accepted->replayed, 1);
    ck_assert_uint_eq(accepted->view.terms.order_id.bytes[0], 9);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_assign_order), 0);
}
END_TEST

START_TEST(refuses_a_key_that_belongs_to_a_different_order)
{
    dv_terms first = terms();
    switch (_i) {
    case 0: first.amount++; break;
    case 1: first.slippage_bps++; break;
    case 2: first.swap_mode = DV_EXACT_OUT; break;
    case 3: first.token_out = dv_text_of("other"); break;
    default: first.token_in = dv_text_of("other"); break;
    }
    submit(1, terms());
    exists(first);
    ck_assert_uint_eq(refused()->error, DV_ORDER_KEY_REUSED);
}
END_TEST

START_TEST(refuses_when_the_store_surely_did_not_store)
{
    submit(3, terms());
    dv_id id = stage_expect(s, DV_MSG_insert_request)->message.insert_request.terms.order_id;
    stage_receive(s, INSERT, "",
                  (dv_message){.type = DV_MSG_insert_refusal,
                               .insert_refusal = {.order_id = id, .error = DV_STORE_AWAY}});
    const dv_message *answer = &stage_expect(s, DV_MSG_submit_refusal)->message;
    ck_assert_uint_eq(answer->submit_refusal.error, DV_STORE_AWAY);
    ck_assert_uint_eq(answer->request_id, 3);
}
END_TEST

START_TEST(asks_on_when_an_insert_is_refused_whose_earlier_send_may_have_been_stored)
{
    submit(3, terms());
    dv_id id = stage_expect(s, DV_MSG_insert_request)->message.insert_request.terms.order_id;
    stage_pass_ms(s, 1000);
    stage_receive(s, INSERT, "",
                  (dv_message){.type = DV_MSG_insert_refusal,
                               .insert_refusal = {.order_id = id, .error = DV_STORE_AWAY}});
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_submit_refusal), 0);
    stage_skip(s);
    stage_pass_ms(s, 2000);
    inserted();
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_submit_reply), 1);
}
END_TEST

START_TEST(leaves_an_order_alone_that_was_committed_for_another_owner)
{
    submit(1, terms());
    dv_id id = stage_expect(s, DV_MSG_insert_request)->message.insert_request.terms.order_id;
    stage_receive(
        s, INSERT, "",
        (dv_message){.type = DV_MSG_insert_reply,
                     .insert_reply = {
                         .order_id = id,
                         .event = {.seq = 1, .position = 7, .state = DV_STATE_pending, .at_us = 5},
                         .owner = dv_text_of("execution@z/9")}});
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_assign_order), 0);
    const stage_sent *accepted = stage_expect(s, DV_MSG_submit_reply);
    ck_assert_uint_eq(accepted->message.submit_reply.view.terms.created_at_us, 5);
}
END_TEST

START_TEST(refuses_more_than_may_be_in_flight)
{
    config.in_flight_max = 2;
    submit(1, terms());
    submit(2, terms());
    submit(3, terms());
    ck_assert_uint_eq(refused()->error, DV_ENGINE_FULL);
}
END_TEST

START_TEST(counts_the_orders_that_execution_has)
{
    config.in_flight_max = 2;
    tell_load("execution@a", 1, true);
    submit(1, terms());
    inserted(); /* handed over, not yet in execution's count */
    submit(2, terms());
    ck_assert_uint_eq(refused()->error, DV_ENGINE_FULL);
    tell_load("execution@a", 0, true);
    submit(3, terms());
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_insert_request), 1);
}
END_TEST

static void tell_pressed(const char *name, uint64_t in_flight)
{
    char owner[DV_NAME_MAX + 1];
    snprintf(owner, sizeof owner, "%.20s/1", name);
    stage_receive(s, ASSIGN, name,
                  (dv_message){.type = DV_MSG_load_event,
                               .load_event = {.in_flight = in_flight,
                                              .owner = dv_text_of(owner),
                                              .accepting = 1,
                                              .pressed = 1}});
}

START_TEST(refuses_orders_while_whoever_could_take_them_is_pressed)
{
    tell_pressed("execution@a", 5000);
    submit(1, terms());
    ck_assert_uint_eq(refused()->error, DV_ENGINE_FULL);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_insert_request), 0);
    tell_load("execution@b", 9000, true); /* has more orders, and bears them */
    submit(2, terms());
    const dv_insert_request *insert =
        &stage_expect(s, DV_MSG_insert_request)->message.insert_request;
    ck_assert(dv_text_is(insert->owner, "execution@b/1"));
    tell_load("execution@a", 4000, true);
    submit(3, terms());
    insert = &stage_expect(s, DV_MSG_insert_request)->message.insert_request;
    ck_assert(dv_text_is(insert->owner, "execution@a/1"));
}
END_TEST

START_TEST(takes_no_new_orders_when_draining_and_finishes_those_under_way)
{
    submit(1, terms());
    s->class->drain(s->self, s->now, s->outbox);
    submit(2, terms());
    ck_assert(!s->class->drained(s->self));
    inserted();
    ck_assert(s->class->drained(s->self));
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_submit_reply), 1);
    s->read = 0;
    ck_assert_uint_eq(refused()->error, DV_ENGINE_DRAINING);
}
END_TEST

START_TEST(answers_a_commit_that_is_told_twice_once)
{
    submit(1, terms());
    dv_id id = inserted();
    stage_skip(s);
    stage_receive(s, INSERT, "",
                  (dv_message){.type = DV_MSG_insert_reply, .insert_reply.order_id = id});
    ck_assert_uint_eq(s->sent_count - s->read, 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("ingest");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, accepts_only_after_the_commit_and_then_hands_the_order_over);
    tcase_add_test(tcase, keeps_the_gateways_id_and_adds_the_time);
    tcase_add_test(tcase, takes_an_order_that_is_submitted_again_once_and_answers_who_asked_last);
    tcase_add_test(tcase, sends_an_insert_again_that_nobody_answered_and_gives_up_at_last);
    tcase_add_test(tcase, gives_an_order_to_the_execution_instance_with_the_fewest);
    tcase_add_loop_test(tcase, refuses_while_no_execution_instance_takes_orders, 0, 2);
    tcase_add_loop_test(tcase, refuses_what_cannot_be_an_order_and_stores_nothing, 0, 7);
    tcase_add_test(tcase, answers_a_repeated_key_with_the_first_order);
    tcase_add_loop_test(tcase, refuses_a_key_that_belongs_to_a_different_order, 0, 5);
    tcase_add_test(tcase, refuses_when_the_store_surely_did_not_store);
    tcase_add_test(tcase,
                   asks_on_when_an_insert_is_refused_whose_earlier_send_may_have_been_stored);
    tcase_add_test(tcase, leaves_an_order_alone_that_was_committed_for_another_owner);
    tcase_add_test(tcase, refuses_more_than_may_be_in_flight);
    tcase_add_test(tcase, counts_the_orders_that_execution_has);
    tcase_add_test(tcase, refuses_orders_while_whoever_could_take_them_is_pressed);
    tcase_add_test(tcase, takes_no_new_orders_when_draining_and_finishes_those_under_way);
    tcase_add_test(tcase, answers_a_commit_that_is_told_twice_once);
    Suite *suite = suite_create("ingest");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
