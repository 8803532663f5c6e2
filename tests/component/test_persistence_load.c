/* Persistence with a real PostgreSQL and many orders: positions, lost connections, crashes. */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/component/persistence_rig.c"

/* Ends every connection of the actor. */
#define KILL_BACKENDS                                                                              \
    "select pg_terminate_backend(pid) from pg_stat_activity"                                       \
    " where application_name = 'drover' and datname = current_database()"

/* A crowd of orders that this test takes from insert to confirmed, as execution would. */
typedef struct crowd {
    size_t seen;                    /* messages of the rig looked at */
    uint64_t state[DV_STATE_COUNT]; /* orders by the state last told */
    uint64_t refused;               /* inserts */
} crowd;

static void crowd_insert(rig *r, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        dv_terms terms = terms_make("", "");
        tell_insert(r, &terms);
    }
}

/* Asks for the next step of each order that has taken one. */
static void crowd_drive(rig *r, crowd *c)
{
    for (; c->seen < r->count; c->seen++) {
        const dv_message *m = &r->messages[c->seen];
        const dv_id *id;
        uint64_t state;
        if (m->type == DV_MSG_order_inserted) {
            id = &m->order_inserted.order_id;
            state = DV_STATE_pending;
        } else if (m->type == DV_MSG_step_done) {
            ck_assert_msg(m->step_done.error == DV_OK, "a step to %s ended with %s",
                          dv_state_name((uint8_t)m->step_done.to_state),
                          dv_err_name((uint16_t)m->step_done.error));
            id = &m->step_done.order_id;
            state = m->step_done.to_state;
        } else {
            c->refused += m->type == DV_MSG_insert_refused;
            continue;
        }
        c->state[state]++;
        if (state == DV_STATE_confirmed) continue;
        dv_order_step step = step_from(id, state);
        tell_step(r, &step);
    }
}

static void crowd_turn(rig *r, crowd *c, int64_t deadline_ns)
{
    rig_turn(r);
    crowd_drive(r, c);
    ck_assert_msg(dv_time_now().mono_ns < deadline_ns,
                  "%" PRIu64 " pending, %" PRIu64 " confirmed in time", c->state[DV_STATE_pending],
                  c->state[DV_STATE_confirmed]);
}

static void crowd_finish(rig *r, crowd *c, uint64_t count)
{
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    while (c->state[DV_STATE_confirmed] + c->refused < count) crowd_turn(r, c, deadline_ns);
    ck_assert_uint_eq(c->state[DV_STATE_confirmed] + c->refused, count);
}

/* ---- tests: many orders -----------------------------------------------------------------------
 */

/* Every order that was answered is there, every other is not, and each event was told. */
static void assert_nothing_lost_or_doubled(rig *r, const crowd *c)
{
    uint64_t confirmed = c->state[DV_STATE_confirmed];
    ck_assert_uint_eq(ask_number("select count(*) from orders"), confirmed);
    ck_assert_uint_eq(ask_number("select count(*) from order_events"), 5 * confirmed);
    ck_assert_uint_eq(c->state[DV_STATE_pending], confirmed);
    rig_until(r, DV_MSG_order_event, 5 * confirmed);
    bool *told = calloc(5 * confirmed + 1, sizeof *told);
    for (size_t i = 0; i < r->count; i++)
        if (r->messages[i].type == DV_MSG_order_event)
            told[r->messages[i].order_event.event.position] = true;
    for (uint64_t p = 1; p <= 5 * confirmed; p++) ck_assert_msg(told[p], "%" PRIu64, p);
    free(told);
    assert_sound();
}

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

START_TEST(two_writers_share_one_gapless_stream)
{
    rig r[2];
    crowd c[2] = {0};
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    for (int i = 0; i < 2; i++) {
        rig_open(&r[i], 2, 64);
        crowd_insert(&r[i], 500);
    }
    while (c[0].state[DV_STATE_confirmed] < 500 || c[1].state[DV_STATE_confirmed] < 500)
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
               c.state[DV_STATE_confirmed] + c.refused < 2000)
            crowd_turn(&r, &c, deadline_ns);
        pg_ask(base, KILL_BACKENDS);
    }
    crowd_finish(&r, &c, 2000);
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}
END_TEST

START_TEST(a_crash_of_the_server_loses_and_doubles_nothing)
{
    rig r;
    rig_open(&r, 2, 64);
    crowd c = {0};
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    crowd_insert(&r, 1000);
    while (c.state[DV_STATE_building] < 300) crowd_turn(&r, &c, deadline_ns);
    pg_crash(&server);
    while (DV_PERSISTENCE_CLASS.health(r.self).degraded == DV_OK) crowd_turn(&r, &c, deadline_ns);
    ck_assert_int_eq(DV_PERSISTENCE_CLASS.health(r.self).degraded, DV_STORE_AWAY);

    uint64_t refused = c.refused;
    crowd_insert(&r, 10); /* surely not stored, so refused at once */
    while (c.refused < refused + 10) crowd_turn(&r, &c, deadline_ns);
    ck_assert_int_eq(last(&r, DV_MSG_insert_refused)->insert_refused.error, DV_STORE_AWAY);
    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_order_get});
    rig_until(&r, DV_MSG_query_done, 1);
    ck_assert_int_eq(last(&r, DV_MSG_query_done)->query_done.error, DV_STORE_AWAY);

    pg_resume(&server);
    crowd_finish(&r, &c, 1010);
    ck_assert_int_eq(DV_PERSISTENCE_CLASS.health(r.self).degraded, DV_OK);
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}
END_TEST

START_TEST(a_server_that_may_only_be_read_is_away_until_it_may_be_written)
{
    rig r;
    rig_open(&r, 2, 64);
    crowd c = {0};
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    crowd_insert(&r, 200);
    while (c.state[DV_STATE_building] < 50) crowd_turn(&r, &c, deadline_ns);
    char sql[128];
    snprintf(sql, sizeof sql, "alter database %s set default_transaction_read_only = on",
             strrchr(base, '/') + 1);
    pg_ask(server.url, sql); /* for new connections, as after a fail-over to a standby */
    pg_ask(base, KILL_BACKENDS);
    while (DV_PERSISTENCE_CLASS.health(r.self).degraded == DV_OK) crowd_turn(&r, &c, deadline_ns);
    while (DV_PERSISTENCE_CLASS.health(r.self).degraded != DV_OK) crowd_turn(&r, &c, deadline_ns);
    while (DV_PERSISTENCE_CLASS.health(r.self).degraded == DV_OK) crowd_turn(&r, &c, deadline_ns);
    snprintf(sql, sizeof sql, "alter database %s set default_transaction_read_only = off",
             strrchr(base, '/') + 1);
    pg_ask(server.url, sql);
    crowd_finish(&r, &c, 200);
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        five_thousand_orders_have_gapless_seqs_and_positions,
        two_writers_share_one_gapless_stream,
        killed_backends_lose_and_double_nothing,
        a_crash_of_the_server_loses_and_doubles_nothing,
        a_server_that_may_only_be_read_is_away_until_it_may_be_written,
        NULL,
    };
    return run_tests("persistence with PostgreSQL under load", tests);
}
