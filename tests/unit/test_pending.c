/* Pending questions: which are sent again, and which answers reach the asker. */
#include <check.h>

#include "gateway/calls/pending.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/suite.h"

#define DESK DV_PORT(DV_LINK_desk, 0)
#define SUBMIT DV_PORT(DV_LINK_submit, 0)

static dv_pending *book;
static dv_outbox *outbox;
static dv_arena *arena;
static dv_time now;
static uint64_t random_number; /* another one for each gateway */

static void setup(void)
{
    book = dv_pending_new(5000, random_number += 0x123456789abcdef0);
    outbox = dv_outbox_new();
    arena = dv_arena_new();
    now = (dv_time){.mono_ns = 1000 * DV_NS_PER_MS};
}

static void teardown(void)
{
    dv_pending_destroy(&book);
    dv_outbox_destroy(&outbox);
    dv_arena_destroy(&arena);
}

/* The only message in the outbox, which is cleared; type 0 when there is none. */
static dv_message sent(void)
{
    dv_message message = {0};
    ck_assert_uint_le(dv_outbox_count(outbox), 1);
    if (dv_outbox_count(outbox) == 1) {
        dv_outbox_entry e = dv_outbox_at(outbox, 0);
        ck_assert_int_eq(dv_message_decode(e.bytes, e.size, arena, &message), DV_OK);
    }
    dv_outbox_clear(outbox);
    return message;
}

/* A message as it comes from a peer; its bytes live until the test ends. */
static dv_envelope came(dv_port port, dv_message message)
{
    dv_buffer bytes = {0};
    dv_message_encode(&message, &bytes);
    dv_envelope envelope = {.port = port, .message = message};
    envelope.bytes = dv_arena_text(arena, (dv_text){bytes.bytes, (uint32_t)bytes.size});
    dv_buffer_fini(&bytes);
    return envelope;
}

static uint64_t submit(uint64_t request_id)
{
    dv_message order = {.type = DV_MSG_submit_request, .request_id = request_id};
    dv_envelope envelope = came(DESK, order);
    envelope.peer = (dv_peer){.size = 1, .bytes = "t"};
    dv_pending_ask(book, &envelope, SUBMIT, now, outbox);
    dv_message asked = sent();
    ck_assert_int_eq(asked.type, DV_MSG_submit_request);
    return asked.request_id;
}

static void pass(int64_t ms)
{
    now.mono_ns += ms * DV_NS_PER_MS;
    (void)dv_pending_tick(book, now, outbox);
}

static void refuse(uint64_t request_id, dv_err error)
{
    dv_message refusal = {.type = DV_MSG_submit_refusal,
                          .request_id = request_id,
                          .submit_refusal = {.error = error}};
    dv_envelope envelope = came(SUBMIT, refusal);
    dv_pending_answer(book, &envelope, true, outbox);
}

START_TEST(a_refusal_of_the_first_try_is_handed_on)
{
    refuse(submit(7), DV_STORE_AWAY);
    dv_message told = sent();
    ck_assert_int_eq(told.type, DV_MSG_submit_refusal);
    ck_assert_uint_eq(told.request_id, 7);
    ck_assert(dv_pending_none(book));
}
END_TEST

START_TEST(a_refusal_for_want_of_something_is_not_believed_after_a_second_try)
{
    static const dv_err ERRORS[] = {DV_STORE_AWAY, DV_ENGINE_FULL, DV_ENGINE_DRAINING};
    uint64_t id = submit(7);
    pass(1000);
    ck_assert_int_eq(sent().type, DV_MSG_submit_request);
    refuse(id, ERRORS[_i]);
    ck_assert_int_eq(sent().type, 0);
    pass(1000);
    ck_assert_int_eq(sent().type, DV_MSG_submit_request);
}
END_TEST

START_TEST(a_refusal_of_what_is_asked_for_holds_however_often_it_was_sent)
{
    uint64_t id = submit(7);
    pass(1000);
    ck_assert_int_eq(sent().type, DV_MSG_submit_request);
    refuse(id, DV_ORDER_KEY_REUSED);
    ck_assert_int_eq(sent().type, DV_MSG_submit_refusal);
}
END_TEST

START_TEST(an_answer_to_a_gateway_that_died_is_not_taken_for_one_to_its_successor)
{
    uint64_t id = submit(7);
    teardown();
    setup();
    submit(8);
    refuse(id, DV_STORE_AWAY);
    ck_assert_int_eq(sent().type, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unit/pending");
    TCase *tcase = tcase_create("pending");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_refusal_of_the_first_try_is_handed_on);
    tcase_add_loop_test(tcase, a_refusal_for_want_of_something_is_not_believed_after_a_second_try,
                        0, 3);
    tcase_add_test(tcase, a_refusal_of_what_is_asked_for_holds_however_often_it_was_sent);
    tcase_add_test(tcase, an_answer_to_a_gateway_that_died_is_not_taken_for_one_to_its_successor);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
