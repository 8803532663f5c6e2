/* Persistence with a real PostgreSQL: who is alive, and who may claim whose orders. */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/support/persistence_rig.h"

#define LEASE_MS 60000 /* longer than a test: only what a test does makes anybody late */
#define A "execution@a/00000001"
#define B "execution@b/00000001"

/* An incarnation beats. Returns what it is told. */
static const dv_lease_reply *beat_or_leave(rig *r, const char *owner, uint64_t leaving)
{
    dv_text name = {owner, (uint32_t)strcspn(owner, "/")};
    rig_tell(r, DV_PORT(DV_LINK_write, 0),
             &(dv_message){.type = DV_MSG_lease_request,
                           .lease_request = {.owner = dv_text_of(owner),
                                             .name = name,
                                             .lease_ms = LEASE_MS,
                                             .leaving = leaving}});
    rig_until(r, DV_MSG_lease_reply, said(r, DV_MSG_lease_reply) + 1);
    const dv_lease_reply *told = &last(r, DV_MSG_lease_reply)->lease_reply;
    ck_assert(dv_text_is(told->owner, owner));
    return told;
}

static const dv_lease_reply *beat(rig *r, const char *owner)
{
    return beat_or_leave(r, owner, 0);
}

/* A claim of orphans, or of the orders listed. Returns how many it got. */
static uint64_t claim_listed(rig *r, const char *owner, uint64_t limit, const dv_owned *orders,
                             uint32_t count)
{
    size_t before = said(r, DV_MSG_claim_item);
    rig_tell(r, DV_PORT(DV_LINK_write, 0),
             &(dv_message){.type = DV_MSG_claim_request,
                           .claim_request = {.owner = dv_text_of(owner),
                                             .limit = limit,
                                             .orders = orders,
                                             .orders_count = count}});
    rig_until(r, DV_MSG_claim_reply, said(r, DV_MSG_claim_reply) + 1);
    uint64_t claimed = last(r, DV_MSG_claim_reply)->claim_reply.count;
    ck_assert_uint_eq(said(r, DV_MSG_claim_item), before + claimed);
    return claimed;
}

static uint64_t claim(rig *r, const char *owner)
{
    return claim_listed(r, owner, 500, NULL, 0);
}

static uint64_t claim_error(rig *r)
{
    return last(r, DV_MSG_claim_reply)->claim_reply.error;
}

/* As if an instance had begun to beat long ago; and as if it had been silent since. */
static void make_old(const char *owner)
{
    char sql[200];
    snprintf(
        sql, sizeof sql,
        "update instances set alive_since = alive_since - interval '1 hour' where owner = '%s'",
        owner);
    pg_ask(base, sql);
}

static void make_silent(const char *owner)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "update instances set beat_at = beat_at - interval '1 hour' where owner = '%s'",
             owner);
    pg_ask(base, sql);
}

/* ---- tests: who is alive -------------------------------------------------------------------- */

START_TEST(a_beat_is_answered_and_kept)
{
    rig r;
    rig_open(&r, 2, 512);
    for (int times = 0; times < 2; times++) {
        const dv_lease_reply *told = beat(&r, A);
        ck_assert_int_eq(told->error, DV_OK);
        ck_assert_uint_eq(told->orphans, 0);
    }
    ck_assert_str_eq(pg_ask(base, "select owner || ' ' || name || ' ' || lease from instances"),
                     A " execution@a 00:01:00");
    rig_close(&r);
}
END_TEST

START_TEST(only_the_latest_incarnation_of_a_name_is_alive)
{
    rig r;
    rig_open(&r, 2, 512);
    ck_assert_int_eq(beat(&r, "execution@a/ffffffff")->error, DV_OK);
    ck_assert_int_eq(beat(&r, A)->error, DV_OK);
    for (int times = 0; times < 2; times++)
        ck_assert_int_eq(beat(&r, "execution@a/ffffffff")->error, DV_STORE_STALE);
    ck_assert_int_eq(beat(&r, A)->error, DV_OK);
    ck_assert_uint_eq(claim(&r, "execution@a/ffffffff"), 0);
    ck_assert_int_eq(claim_error(&r), DV_STORE_STALE);
    rig_close(&r);
}
END_TEST

START_TEST(a_later_incarnation_that_is_silent_shuts_nobody_out)
{
    rig r;
    rig_open(&r, 2, 512);
    ck_assert_int_eq(beat(&r, A)->error, DV_OK);
    ck_assert_int_eq(beat(&r, "execution@a/ffffffff")->error, DV_OK);
    ck_assert_int_eq(beat(&r, A)->error, DV_STORE_STALE);
    make_silent("execution@a/ffffffff"); /* its first beat was its last, and came late */
    ck_assert_int_eq(beat(&r, A)->error, DV_OK);
    claim(&r, A);
    ck_assert_int_eq(claim_error(&r), DV_OK);
    ck_assert_int_eq(beat(&r, "execution@a/ffffffff")->error, DV_OK);
    ck_assert_int_eq(beat(&r, A)->error, DV_STORE_STALE);
    rig_close(&r);
}
END_TEST

START_TEST(a_claim_by_one_who_never_beat_or_is_silent_or_leaves_is_stale)
{
    rig r;
    rig_open(&r, 2, 512);
    insert_one(&r, "gone");
    ck_assert_uint_eq(claim(&r, A), 0);
    ck_assert_int_eq(claim_error(&r), DV_STORE_STALE);
    beat(&r, A);
    make_old(A);
    make_silent(A);
    ck_assert_uint_eq(claim(&r, A), 0);
    ck_assert_int_eq(claim_error(&r), DV_STORE_STALE);
    ck_assert_uint_eq(beat_or_leave(&r, A, 1)->orphans, 0);
    ck_assert_uint_eq(claim(&r, A), 0);
    ck_assert_int_eq(claim_error(&r), DV_STORE_STALE);
    ck_assert_uint_eq(ask_number("select count(*) from orders where owner = 'gone'"), 1);
    rig_close(&r);
}
END_TEST

START_TEST(rows_of_instances_go_a_day_after_their_last_beat_once_they_own_nothing)
{
    rig r;
    rig_open(&r, 2, 512);
    beat(&r, A);
    beat(&r, B);
    insert_one(&r, B);
    pg_ask(base, "update instances set beat_at = beat_at - interval '25 hours'");
    beat(&r, "execution@c/1");
    ck_assert_str_eq(pg_ask(base, "select string_agg(owner, ' ' order by owner) from instances"),
                     B " execution@c/1");
    rig_close(&r);
}
END_TEST

/* ---- tests: whose orders -------------------------------------------------------------------- */

START_TEST(orders_of_an_earlier_incarnation_are_claimed_at_once_and_it_is_shut_out)
{
    rig r;
    rig_open(&r, 2, 512);
    beat(&r, "execution@a/0");
    dv_id ids[4];
    for (int i = 0; i < 4; i++) {
        ids[i] = insert_one(&r, "execution@a/0").order_id;
        step_to(&r, &ids[i], i == 3 ? DV_STATE_finalized : DV_STATE_submitted);
    }
    ck_assert_uint_eq(beat(&r, A)->orphans, 1);
    uint64_t pages[] = {claim_listed(&r, A, 2, NULL, 0), claim_listed(&r, A, 2, NULL, 0)};
    ck_assert_uint_eq(pages[0], 2);
    ck_assert_uint_eq(pages[1], 1);
    ck_assert_int_eq(claim_error(&r), DV_OK);
    ck_assert_uint_eq(beat(&r, A)->orphans, 0);
    const dv_job *job = &last(&r, DV_MSG_claim_item)->claim_item.job;
    ck_assert_uint_eq(job->epoch, 2);
    ck_assert_uint_eq(job->state, DV_STATE_submitted);
    ck_assert_uint_eq(job->attempt.number, 1);
    ck_assert_uint_eq(job->attempt.transaction.size, 7);
    ck_assert_mem_eq(job->attempt.transaction.at, "\0\1\xff\\\"{}", 7);
    ck_assert_uint_eq(job->attempt.quotes_count, 2);
    ck_assert_uint_eq(job->terms.amount, UINT64_MAX);

    dv_step_request step = step_from(&ids[0], DV_STATE_submitted);
    ck_assert_int_eq(step_one(&r, &step), DV_STORE_STALE);
    step.epoch = 2;
    ck_assert_int_eq(step_one(&r, &step), DV_OK);
    ck_assert_uint_eq(ask_number("select count(*) from orders where owner = '" A "'"), 3);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_living_owner_keeps_its_orders_and_a_silent_one_loses_them)
{
    rig r;
    rig_open(&r, 2, 512);
    beat(&r, A);
    beat(&r, B);
    make_old(A);
    insert_one(&r, B);
    ck_assert_uint_eq(beat(&r, A)->orphans, 0);
    ck_assert_uint_eq(claim(&r, A), 0);
    ck_assert_int_eq(claim_error(&r), DV_OK);
    make_silent(B);
    ck_assert_uint_eq(beat(&r, A)->orphans, 1);
    ck_assert_uint_eq(claim(&r, A), 1);
    ck_assert_uint_eq(beat(&r, A)->orphans, 0);
    ck_assert_int_eq(beat(&r, B)->error, DV_OK); /* a zombie lives again, without its orders */
    rig_close(&r);
}
END_TEST

START_TEST(whoever_has_just_begun_or_come_back_claims_nothing_of_other_names)
{
    rig r;
    rig_open(&r, 2, 512);
    beat(&r, A);
    beat(&r, B);
    insert_one(&r, A);
    insert_one(&r, B);
    make_old(A);
    make_old(B);
    make_silent(A); /* PostgreSQL was away: both could not beat */
    make_silent(B);
    ck_assert_uint_eq(beat(&r, A)->orphans, 0);
    ck_assert_uint_eq(claim(&r, A), 0);
    ck_assert_int_eq(claim_error(&r), DV_OK);
    ck_assert_uint_eq(beat(&r, "execution@c/1")->orphans, 0);
    ck_assert_uint_eq(claim(&r, "execution@c/1"), 0);
    ck_assert_uint_eq(beat(&r, "execution@b/2")->orphans, 1); /* but of its own name */
    ck_assert_uint_eq(claim(&r, "execution@b/2"), 1);
    make_old(A); /* now it has beaten for a lease */
    ck_assert_uint_eq(beat(&r, A)->orphans, 0);
    make_silent("execution@b/2");
    ck_assert_uint_eq(beat(&r, A)->orphans, 1);
    ck_assert_uint_eq(claim(&r, A), 1);
    rig_close(&r);
}
END_TEST

START_TEST(a_beat_is_told_when_a_lease_may_end_next)
{
    rig r;
    rig_open(&r, 2, 512);
    ck_assert_uint_eq(beat(&r, A)->orphans_in_ms, 0);
    beat(&r, B);
    ck_assert_uint_eq(beat(&r, A)->orphans_in_ms, 0); /* B owns nothing */
    insert_one(&r, B);
    make_old(A);
    uint64_t in_ms = beat(&r, A)->orphans_in_ms;
    ck_assert_uint_gt(in_ms, 50000);
    ck_assert_uint_le(in_ms, 60000);
    pg_ask(base,
           "update instances set beat_at = beat_at - interval '50 seconds' where owner = '" B "'");
    in_ms = beat(&r, A)->orphans_in_ms;
    ck_assert_uint_gt(in_ms, 0);
    ck_assert_uint_le(in_ms, 10000);
    make_silent(B);
    ck_assert_uint_eq(beat(&r, A)->orphans_in_ms, 0);
    ck_assert_uint_eq(beat(&r, A)->orphans, 1);
    rig_close(&r);
}
END_TEST

START_TEST(whoever_succeeds_a_living_namesake_claims_as_that_one_would)
{
    rig r;
    rig_open(&r, 2, 512);
    insert_one(&r, B);
    beat(&r, "execution@a/1");
    make_old("execution@a/1");
    ck_assert_uint_eq(beat(&r, "execution@a/2")->orphans, 1);
    make_silent("execution@a/2"); /* and one after a silence has to wait */
    make_silent("execution@a/1");
    ck_assert_uint_eq(beat(&r, "execution@a/3")->orphans, 0);
    ck_assert_uint_eq(claim(&r, "execution@a/3"), 0);
    rig_close(&r);
}
END_TEST

START_TEST(one_who_leaves_gives_its_orders_away_at_once_and_for_good)
{
    rig r;
    rig_open(&r, 2, 512);
    beat(&r, A);
    beat(&r, B);
    insert_one(&r, B);
    ck_assert_uint_eq(beat(&r, A)->orphans, 0);
    beat_or_leave(&r, B, 1);
    beat(&r, B); /* an earlier beat that came late takes nothing back */
    ck_assert_uint_eq(beat(&r, A)->orphans, 1);
    ck_assert_uint_eq(claim(&r, A), 1);
    ck_assert_uint_eq(beat(&r, A)->orphans, 0);
    rig_close(&r);
}
END_TEST

START_TEST(orders_for_an_owner_that_is_already_gone_or_unknown_are_claimed)
{
    rig r;
    rig_open(&r, 2, 512);
    insert_one(&r, "execution"); /* as an engine without instances wrote it */
    beat(&r, A);
    ck_assert_uint_eq(beat(&r, A)->orphans, 0);
    make_old(A);
    ck_assert_uint_eq(beat(&r, A)->orphans, 1);
    ck_assert_uint_eq(claim(&r, A), 1);
    beat(&r, "execution@a/2");
    insert_one(&r, A);
    ck_assert_uint_eq(beat(&r, "execution@a/2")->orphans, 1);
    ck_assert_uint_eq(claim(&r, "execution@a/2"), 2);
    rig_close(&r);
}
END_TEST

START_TEST(two_claimers_at_once_share_the_orders_and_none_gets_one_twice)
{
    rig r[2];
    const char *const owners[] = {A, B};
    for (int i = 0; i < 2; i++) rig_open(&r[i], 2, 512);
    for (int i = 0; i < 1300; i++) {
        dv_terms terms = terms_make("", "");
        tell_insert_for(&r[0], &terms, i % 2 ? "gone/1" : "gone/2");
    }
    rig_until(&r[0], DV_MSG_insert_reply, 1300);
    for (int i = 0; i < 2; i++) {
        beat(&r[i], owners[i]);
        make_old(owners[i]);
    }
    size_t pages = 0;
    do {
        pages++;
        for (int i = 0; i < 2; i++)
            rig_tell(
                &r[i], DV_PORT(DV_LINK_write, 0),
                &(dv_message){.type = DV_MSG_claim_request,
                              .claim_request = {.owner = dv_text_of(owners[i]), .limit = 100}});
        for (int i = 0; i < 2; i++) rig_until(&r[i], DV_MSG_claim_reply, pages);
    } while (last(&r[0], DV_MSG_claim_reply)->claim_reply.count > 0 ||
             last(&r[1], DV_MSG_claim_reply)->claim_reply.count > 0);
    uint64_t sum = 0;
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_gt(said(&r[i], DV_MSG_claim_item), 0);
        sum += said(&r[i], DV_MSG_claim_item);
        rig_close(&r[i]);
    }
    ck_assert_uint_eq(sum, 1300);
    ck_assert_uint_eq(ask_number("select count(*) from orders where epoch = 2"), 1300);
}
END_TEST

/* Makes whatever reads the instances wait, once it has its snapshot, for a lock that is held. */
static PGconn *claims_hold(void)
{
    pg_ask(base, "alter table instances rename to beats;"
                 " create function passed() returns boolean language plpgsql as $$"
                 " begin perform pg_advisory_xact_lock_shared(7); return true; end $$;"
                 " create view instances as select * from beats where passed()");
    PGconn *holder = PQconnectdb(base);
    PQclear(PQexec(holder, "select pg_advisory_lock(7)"));
    ck_assert_int_eq(PQtransactionStatus(holder), PQTRANS_IDLE);
    return holder;
}

static void claims_go(PGconn **holder)
{
    PQfinish(*holder);
    *holder = NULL;
}

START_TEST(a_claim_leaves_an_order_that_takes_a_step_meanwhile)
{
    rig r[2];
    for (int i = 0; i < 2; i++) rig_open(&r[i], 2, 512);
    beat(&r[0], A);
    make_old(A);
    dv_id id = insert_one(&r[0], "gone/1").order_id;
    PGconn *holder = claims_hold();
    rig_tell(&r[0], DV_PORT(DV_LINK_write, 0),
             &(dv_message){.type = DV_MSG_claim_request,
                           .claim_request = {.owner = dv_text_of(A), .limit = 100}});
    while (ask_number("select count(*) from pg_locks where locktype = 'advisory' and not granted") <
           1)
        rig_turn(&r[0]);
    step_to(&r[1], &id, DV_STATE_submitted); /* the claim's snapshot is older */
    claims_go(&holder);
    rig_until(&r[0], DV_MSG_claim_reply, 1);
    ck_assert_int_eq(claim_error(&r[0]), DV_OK);
    ck_assert_uint_eq(last(&r[0], DV_MSG_claim_reply)->claim_reply.count, 0);
    ck_assert_uint_eq(claim(&r[0], A), 1);
    const dv_job *job = &last(&r[0], DV_MSG_claim_item)->claim_item.job;
    ck_assert_uint_eq(job->state, DV_STATE_submitted);
    ck_assert_uint_eq(job->attempt.number, 1);
    ck_assert_uint_gt(job->attempt.transaction.size, 0);
    for (int i = 0; i < 2; i++) rig_close(&r[i]);
}
END_TEST

/* ---- tests: sweeps -------------------------------------------------------------------------- */

static const dv_owned_reply *ask_owned(rig *r, const char *owner, uint64_t older_ms,
                                       const dv_id *after)
{
    rig_tell(r, DV_PORT(DV_LINK_write, 0),
             &(dv_message){.type = DV_MSG_owned_request,
                           .owned_request = {
                               .owner = dv_text_of(owner), .older_ms = older_ms, .after = *after}});
    rig_until(r, DV_MSG_owned_reply, said(r, DV_MSG_owned_reply) + 1);
    const dv_owned_reply *told = &last(r, DV_MSG_owned_reply)->owned_reply;
    ck_assert_int_eq(told->error, DV_OK);
    return told;
}

START_TEST(an_owner_is_told_its_unfinished_orders_without_a_step_for_long)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_id none = {0}, ids[3];
    for (int i = 0; i < 3; i++) ids[i] = insert_one(&r, A).order_id;
    insert_one(&r, B);
    step_to(&r, &ids[2], DV_STATE_finalized);
    ck_assert_uint_eq(ask_owned(&r, A, 3600000, &none)->orders_count, 0);
    const dv_owned_reply *told = ask_owned(&r, A, 0, &none);
    ck_assert_uint_eq(told->orders_count, 2);
    dv_owned first = told->orders[0];
    ck_assert_uint_eq(first.epoch, 1);
    ck_assert_uint_eq(first.since_us, ask_number("select (extract(epoch from updated_at) * 1000000)"
                                                 "::bigint from orders where outcome is null"
                                                 " and owner = '" A "' order by id limit 1"));
    told = ask_owned(&r, A, 0, &first.order_id);
    ck_assert_uint_eq(told->orders_count, 1);
    ck_assert(!dv_id_equal(&told->orders[0].order_id, &first.order_id));
    rig_close(&r);
}
END_TEST

START_TEST(an_owner_is_told_its_orders_whose_times_are_ahead_of_the_store_s_clock)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_id none = {0};
    insert_one(&r, A);
    pg_ask(base, "update orders set updated_at = now() + interval '10 minutes'");
    ck_assert_uint_eq(ask_owned(&r, A, 3600000, &none)->orders_count, 1);
    rig_close(&r);
}
END_TEST

START_TEST(a_claim_by_list_takes_own_unfinished_orders_in_the_epoch_listed)
{
    rig r;
    rig_open(&r, 2, 512);
    beat(&r, A);
    dv_owned list[5] = {0};
    for (int i = 0; i < 4; i++)
        list[i] = (dv_owned){.order_id = insert_one(&r, i == 0 ? B : A).order_id, .epoch = 1};
    step_to(&r, &list[1].order_id, DV_STATE_finalized);
    list[2].epoch = 2;
    ck_assert_uint_eq(claim_listed(&r, A, 500, list, 5), 1);
    const dv_job *job = &last(&r, DV_MSG_claim_item)->claim_item.job;
    ck_assert(dv_id_equal(&job->terms.order_id, &list[3].order_id));
    ck_assert_uint_eq(job->epoch, 2);
    ck_assert_uint_eq(claim_listed(&r, A, 500, list, 5), 0); /* the same again, come late */
    ck_assert_int_eq(claim_error(&r), DV_OK);
    make_silent(A);
    list[3].epoch = 2;
    ck_assert_uint_eq(claim_listed(&r, A, 500, list, 5), 0);
    ck_assert_int_eq(claim_error(&r), DV_STORE_STALE);
    rig_close(&r);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_beat_is_answered_and_kept,
        only_the_latest_incarnation_of_a_name_is_alive,
        a_later_incarnation_that_is_silent_shuts_nobody_out,
        a_claim_by_one_who_never_beat_or_is_silent_or_leaves_is_stale,
        rows_of_instances_go_a_day_after_their_last_beat_once_they_own_nothing,
        orders_of_an_earlier_incarnation_are_claimed_at_once_and_it_is_shut_out,
        a_living_owner_keeps_its_orders_and_a_silent_one_loses_them,
        whoever_has_just_begun_or_come_back_claims_nothing_of_other_names,
        a_beat_is_told_when_a_lease_may_end_next,
        whoever_succeeds_a_living_namesake_claims_as_that_one_would,
        one_who_leaves_gives_its_orders_away_at_once_and_for_good,
        orders_for_an_owner_that_is_already_gone_or_unknown_are_claimed,
        two_claimers_at_once_share_the_orders_and_none_gets_one_twice,
        a_claim_leaves_an_order_that_takes_a_step_meanwhile,
        an_owner_is_told_its_unfinished_orders_without_a_step_for_long,
        an_owner_is_told_its_orders_whose_times_are_ahead_of_the_store_s_clock,
        a_claim_by_list_takes_own_unfinished_orders_in_the_epoch_listed,
        NULL,
    };
    return run_tests("persistence: owners", tests);
}
