/* The tape: when the feeds are told that somebody listens. What a listener is shown is shown with
   real sockets (tests/component/test_gateway_sockets.c). */
#include <check.h>

#include "gateway/stream/all_feed.h"
#include "tests/support/suite.h"

static dv_tokens tokens;
static dv_hub *hub;
static dv_all_feed *tape;
static dv_outbox *outbox;
static dv_time now;
static uint64_t connection;

static void setup(void)
{
    hub = dv_hub_new(4, 128);
    tape = dv_all_feed_new(&tokens, hub, 1);
    outbox = dv_outbox_new();
    now = (dv_time){.mono_ns = 1000 * DV_NS_PER_MS};
    ck_assert(dv_hub_reserve(hub));
    connection = dv_hub_add(hub, NULL, NULL, NULL, true);
}

static void teardown(void)
{
    dv_hub_remove(hub, connection);
    dv_all_feed_destroy(&tape);
    dv_hub_destroy(&hub);
    dv_outbox_destroy(&outbox);
}

static void listen_begin(void)
{
    dv_all_feed_open(tape, &(dv_client_open_event){.connection = connection, .all_orders = 1}, now,
                     outbox);
}

/* Lets so many seconds pass, in each of which a feed tells the head; returns how often the feeds
   were told that somebody listens. */
static size_t renewals(int seconds)
{
    dv_outbox_clear(outbox);
    for (int i = 0; i < seconds; i++) {
        now.mono_ns += 1000 * DV_NS_PER_MS;
        dv_all_feed_head(tape, 7, now);
        dv_all_feed_tick(tape, now, outbox);
    }
    return dv_outbox_count(outbox);
}

START_TEST(feeds_are_told_again_and_again_though_one_of_them_answers)
{
    listen_begin();
    ck_assert_uint_eq(dv_outbox_count(outbox), 1);
    ck_assert_uint_ge(renewals(60), 11); /* a feed forgets who was silent for a minute */
    ck_assert_uint_le(renewals(60), 12);
}
END_TEST

START_TEST(a_feed_that_is_new_is_told_hastily_since_its_link_may_not_be_up)
{
    listen_begin();
    renewals(10);
    dv_all_feed_renew(tape);
    ck_assert_uint_eq(renewals(4), 4);
}
END_TEST

START_TEST(nobody_is_told_while_nobody_listens)
{
    dv_all_feed_renew(tape);
    ck_assert_uint_eq(renewals(60), 0);
    listen_begin();
    dv_outbox_clear(outbox);
    dv_all_feed_gone(tape, connection, outbox);
    ck_assert_uint_eq(dv_outbox_count(outbox), 1);
    ck_assert_uint_eq(renewals(60), 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("tape");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, feeds_are_told_again_and_again_though_one_of_them_answers);
    tcase_add_test(tcase, a_feed_that_is_new_is_told_hastily_since_its_link_may_not_be_up);
    tcase_add_test(tcase, nobody_is_told_while_nobody_listens);
    Suite *suite = suite_create("unit/tape");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
