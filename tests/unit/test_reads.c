/* What a router asks the nodes through its chain actor. */
#include "actors/dex/pools/reads.h"
#include "tests/support/suite.h"

#include <check.h>
#include <string.h>

#define NOW_NS 1000000000
#define ANSWER "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":77}"

static dv_reads reads;
static dv_message asked; /* last */
static int done_count;
static dv_rpc_reply done; /* its answer is gone */
static uint64_t number;

static void ask(void *context, const dv_message *message)
{
    (void)context;
    asked = *message;
}

static const dv_venue_out OUT = {.ask = ask};

static void on_done(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    ck_assert_ptr_eq(context, &reads);
    (void)now_ns;
    done_count++;
    done = *reply;
    number = 0;
    if (reply->answer != NULL) (void)!dv_answer_number(reply->answer, &number);
}

static void setup(void)
{
    reads = (dv_reads){.out = &OUT};
    done_count = 0;
    dv_reads_ask(&reads, "getSlot", dv_text_of("[]"), DV_RPC_ANY, on_done, &reads, 5, NOW_NS);
}

static void teardown(void)
{
    dv_reads_fini(&reads);
}

static void tell_part(uint32_t offset, uint32_t size)
{
    dv_reads_hear(&reads,
                  &(dv_message){.type = DV_MSG_read_part,
                                .request_id = asked.request_id,
                                .read_part = {.offset = offset, .bytes = {ANSWER + offset, size}}},
                  NOW_NS);
}

static void tell_reply(dv_err error, uint32_t size)
{
    dv_reads_hear(&reads,
                  &(dv_message){.type = DV_MSG_read_reply,
                                .request_id = asked.request_id,
                                .read_reply = {.error = error, .size = size, .rpc_id = 9}},
                  NOW_NS);
}

START_TEST(an_answer_in_parts_is_read_as_one)
{
    ck_assert_uint_eq(asked.type, DV_MSG_read_request);
    ck_assert(dv_text_is(asked.read_request.method, "getSlot"));
    tell_part(0, 10);
    tell_part(10, (uint32_t)strlen(ANSWER) - 10);
    ck_assert_int_eq(done_count, 0);
    tell_reply(DV_OK, strlen(ANSWER));
    ck_assert_int_eq(done_count, 1);
    ck_assert_int_eq(done.error, DV_OK);
    ck_assert_uint_eq(done.tag, 5);
    ck_assert_uint_eq(number, 77);
    tell_reply(DV_OK, strlen(ANSWER)); /* once more: nobody waits any more */
    ck_assert_int_eq(done_count, 1);
}
END_TEST

START_TEST(an_answer_of_which_a_part_is_lost_is_away)
{
    if (_i == 0) tell_part(0, 10);
    tell_part(10, (uint32_t)strlen(ANSWER) - 10 - (_i == 0));
    tell_reply(DV_OK, strlen(ANSWER));
    ck_assert_int_eq(done_count, 1);
    ck_assert_int_eq(done.error, DV_CHAIN_AWAY);
    ck_assert_ptr_null(done.answer);
}
END_TEST

START_TEST(an_error_without_an_answer_is_passed_on)
{
    tell_reply(DV_CHAIN_RATE_LIMITED, 0);
    ck_assert_int_eq(done.error, DV_CHAIN_RATE_LIMITED);
}
END_TEST

START_TEST(a_question_whose_answer_is_lost_ends_in_time)
{
    int64_t until_ns = dv_reads_tick(&reads, NOW_NS);
    ck_assert_int_gt(until_ns, NOW_NS + 30 * DV_NS_PER_S);
    dv_reads_tick(&reads, until_ns - 1);
    ck_assert_int_eq(done_count, 0);
    ck_assert_int_eq(dv_reads_tick(&reads, until_ns), DV_NEVER);
    ck_assert_int_eq(done_count, 1);
    ck_assert_int_eq(done.error, DV_CHAIN_AWAY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reads");
    TCase *tcase = tcase_create("reads");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_answer_in_parts_is_read_as_one);
    tcase_add_loop_test(tcase, an_answer_of_which_a_part_is_lost_is_away, 0, 2);
    tcase_add_test(tcase, an_error_without_an_answer_is_passed_on);
    tcase_add_test(tcase, a_question_whose_answer_is_lost_ends_in_time);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
