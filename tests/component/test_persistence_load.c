/* Persistence with a real PostgreSQL and many orders: positions, lost connections. */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/support/persistence_rig.h"

/* ---- tests: many orders -----------------------------------------------------------------------
 */

START_TEST(five_thousand_orders_have_gapless_seqs_and_positions)
{
    rig r;
    rig_open(&r, 2, 512);
    crowd c = {0};
    int64_t begun_ns = dv_time_now().mono_ns;
    crowd_insert(&r, 5000);
    crowd_finish(&r, &c, 5000);
    int64_t took_ms = (dv_time_now().mono_ns - begun_ns) / DV_NS_PER_MS;
    printf("5000 orders, insert and 4 steps each: %" PRId64 " ms, %" PRId64 " orders/s\n", took_ms,
           5000 * 1000 / took_ms);
    assert_nothing_lost_or_doubled(&r, &c);
    ck_assert_uint_eq(ask_number("select max(position) from order_events"), 25000);
    rig_close(&r);
}
END_TEST

START_TEST(steps_but_the_last_touch_no_index)
{
    rig r;
    rig_open(&r, 2, 512);
    crowd c = {0};
    crowd_insert(&r, 2000);
    crowd_finish(&r, &c, 2000);
    rig_close(&r); /* backends hand in their counts when they end */
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    while (ask_number("select n_tup_upd from pg_stat_user_tables where relname = 'orders'") < 8000)
        ck_assert(dv_time_now().mono_ns < deadline_ns);
    uint64_t hot =
        ask_number("select n_tup_hot_upd from pg_stat_user_tables where relname = 'orders'");
    printf("%" PRIu64 " of 8000 steps were heap-only\n", hot);
    ck_assert_uint_ge(hot, 5400); /* nine in ten of the 6000 that may be */
}
END_TEST

START_TEST(two_writers_share_one_gapless_stream)
{
    rig r[2];
    crowd c[2] = {0};
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    for (int i = 0; i < 2; i++) {
        rig_open(&r[i], 2, 64);
        crowd_insert(&r[i], 500);
    }
    while (c[0].state[DV_STATE_finalized] < 500 || c[1].state[DV_STATE_finalized] < 500)
        for (int i = 0; i < 2; i++) crowd_turn(&r[i], &c[i], deadline_ns);
    for (int i = 0; i < 2; i++) {
        rig_until(&r[i], DV_MSG_order_event, 2500);
        rig_close(&r[i]);
    }
    ck_assert_uint_eq(ask_number("select max(position) from order_events"), 5000);
    assert_sound();
}
END_TEST

START_TEST(killed_backends_lose_and_double_nothing)
{
    rig r;
    rig_open(&r, 2, 64);
    crowd c = {0};
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    crowd_insert(&r, 2000);
    for (uint64_t kill = 1; kill <= 8; kill++) {
        while (c.state[DV_STATE_building] < kill * 100 &&
               c.state[DV_STATE_finalized] + c.refused < 2000)
            crowd_turn(&r, &c, deadline_ns);
        pg_ask(base, KILL_BACKENDS);
    }
    crowd_finish(&r, &c, 2000);
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        five_thousand_orders_have_gapless_seqs_and_positions,
        steps_but_the_last_touch_no_index,
        two_writers_share_one_gapless_stream,
        killed_backends_lose_and_double_nothing,
        NULL,
    };
    return run_tests("persistence with PostgreSQL under load", tests);
}
