/* The feed of all orders: when notification is told that somebody listens. What a listener is sent is
   tested with real sockets (tests/component/test_gateway_sockets.c). */
#include <check.h>

#include "gateway/stream/all_feed.h"
#include "tests/support/suite.h"

static dv_tokens tokens;
static dv_hub *hub;
static dv_all_feed *feed;
static dv_outbox *outbox;
static dv_time now;
static uint64_t connection;

static void setup(void)
{
    hub = dv_hub_new(4, 128);
    feed = dv_all_feed_new(&tokens, hub, 1);
    outbox = dv_outbox_new();
    now = (dv_time){.mono_ns = 1000 * DV_NS_PER_MS};
    ck_assert(dv_hub_reserve(hub));
    connection = dv_hub_add(hub, NULL, NULL, NULL, true);
}

static void teardown(void)
{
    dv_hub_remove(hub, connection);
    dv_all_feed_destroy(&feed);
    dv_hub_destroy(&hub);
    dv_outbox_destroy(&outbox);
}

static void listen_begin(void)
{
    dv_all_feed_open(feed, &(dv_client_open_event){.connection = connection, .all_orders = 1}, now,
                     outbox);
}

/* Lets seconds pass, with a head in each. Returns how often notification was told that somebody
   listens. */
static size_t renewals(int seconds)
{
    dv_outbox_clear(outbox);
    for (int i = 0; i < seconds; i++) {
        now.mono_ns += 1000 * DV_NS_PER_MS;
        dv_all_feed_head(feed, 7, now);
        dv_all_feed_tick(feed, now, outbox);
    }
    return dv_outbox_count(outbox);
}

START_TEST(the_watch_is_renewed_although_one_notification_answers)
{
    listen_begin();
    ck_assert_uint_eq(dv_outbox_count(outbox), 1);
    ck_assert_uint_ge(renewals(60),
                      11); /* notification forgets a gateway that was silent for a minute */
    ck_assert_uint_le(renewals(60), 12);
}
END_TEST

START_TEST(a_new_notification_is_told_in_haste_since_its_link_may_not_be_up)
{
    listen_begin();
    renewals(10);
    dv_all_feed_renew(feed);
    ck_assert_uint_eq(renewals(4), 4);
}
END_TEST

START_TEST(nobody_is_told_while_nobody_listens)
{
    dv_all_feed_renew(feed);
    ck_assert_uint_eq(renewals(60), 0);
    listen_begin();
    dv_outbox_clear(outbox);
    dv_all_feed_gone(feed, connection, outbox);
    ck_assert_uint_eq(dv_outbox_count(outbox), 1);
    ck_assert_uint_eq(renewals(60), 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("all_feed");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_watch_is_renewed_although_one_notification_answers);
    tcase_add_test(tcase, a_new_notification_is_told_in_haste_since_its_link_may_not_be_up);
    tcase_add_test(tcase, nobody_is_told_while_nobody_listens);
    Suite *suite = suite_create("unit/all_feed");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
