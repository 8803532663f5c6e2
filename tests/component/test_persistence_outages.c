/* Persistence while PostgreSQL is away in one way or another: accepted orders wait, new ones are
   refused soon, nothing is lost, doubled, or acknowledged without a commit, and health says why. */
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "tests/support/persistence_rig.h"
#include "tests/support/pg_proxy.h"

#define KNOWN_MS 1000 /* an insert is refused so soon after the outage is known */

static bool can_mount; /* this process has mounts of its own */

static int64_t now_ns(void)
{
    return dv_time_now().mono_ns;
}

static int64_t deadline(void)
{
    return now_ns() + DEADLINE_NS;
}

/* A database's setting for new connections, or "reset". */
static void database_set(const char *setting)
{
    char sql[200];
    const char *name = strrchr(base, '/') + 1;
    snprintf(sql, sizeof sql, "alter database %s %s", name, setting);
    pg_ask(server.url, sql);
}

/* The server's setting, for every session at once. */
static void system_set(const char *setting)
{
    char sql[200];
    snprintf(sql, sizeof sql, "alter system %s", setting);
    pg_ask(server.url, sql);
    pg_ask(server.url, "select pg_reload_conf()");
}

/* A crowd with orders in every state. */
static void crowd_begin(rig *r, crowd *c, uint32_t count)
{
    int64_t deadline_ns = deadline();
    crowd_insert(r, count);
    while (c->state[DV_STATE_building] < count / 4) crowd_turn(r, c, deadline_ns);
}

/* New inserts are refused as not stored, soon. */
static void assert_refuses(rig *r, crowd *c)
{
    int64_t deadline_ns = now_ns() + KNOWN_MS * DV_NS_PER_MS;
    uint64_t refused = c->refused;
    crowd_insert(r, 10);
    while (c->refused < refused + 10) crowd_turn(r, c, deadline_ns);
    ck_assert_int_eq(last(r, DV_MSG_insert_refusal)->insert_refusal.error, DV_STORE_AWAY);
}

static void crowd_turn_until(rig *r, crowd *c, const char *words)
{
    int64_t deadline_ns = deadline();
    while (strstr(rig_health(r), words) == NULL) crowd_turn(r, c, deadline_ns);
}

/* ---- tests: restarts ------------------------------------------------------------------------ */

static void outlive(void (*stop)(const pg_server *pg))
{
    rig r;
    rig_open(&r, 2, 64);
    crowd c = {0};
    crowd_begin(&r, &c, 1000);
    stop(&server);
    crowd_turn_until(&r, &c, "PostgreSQL cannot be reached: no order is accepted");
    assert_refuses(&r, &c);
    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_order_request});
    rig_until(&r, DV_MSG_query_reply, 1);
    ck_assert_int_eq(last(&r, DV_MSG_query_reply)->query_reply.error, DV_STORE_AWAY);
    pg_resume(&server);
    crowd_finish(&r, &c, 1010);
    rig_until_health(&r, "");
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}

START_TEST(a_crash_of_the_server_loses_and_doubles_nothing)
{
    outlive(pg_crash);
}
END_TEST

START_TEST(a_restart_of_the_server_loses_and_doubles_nothing)
{
    outlive(pg_halt);
}
END_TEST

/* ---- tests: answers that are lost ----------------------------------------------------------- */

START_TEST(a_commit_whose_answer_is_lost_is_found_by_reading_back)
{
    rig r;
    crowd c = {0};
    proxy p;
    char url[128], sql[100];
    proxy_start(&p, server.port);
    snprintf(url, sizeof url, "postgresql://drover@127.0.0.1:%d/%s", p.port,
             strrchr(base, '/') + 1);
    rig_open_at(&r, url, 2, 64);
    for (uint64_t round = 1; round <= 5; round++) {
        int64_t deadline_ns = deadline();
        proxy_set(&p, PROXY_DEAF);
        crowd_insert(&r, 50);
        while (ask_number("select count(*) from orders") < 50 * round)
            crowd_turn(&r, &c, deadline_ns); /* they are committed, and the actor does not know */
        ck_assert_uint_eq(c.state[DV_STATE_pending], 50 * (round - 1));
        proxy_set(&p, PROXY_CUT);
        while (c.state[DV_STATE_building] < 50 * (round - 1) + 10) crowd_turn(&r, &c, deadline_ns);
        proxy_set(&p, PROXY_DEAF);
        snprintf(sql, sizeof sql, "select position > %" PRIu64 " from event_stream",
                 ask_number("select position from event_stream"));
        while (c.state[DV_STATE_finalized] < 50 * round && pg_ask(base, sql)[0] != 't')
            crowd_turn(&r, &c, deadline_ns); /* so are some steps, unless all were before */
        proxy_set(&p, PROXY_CUT);
        crowd_finish(&r, &c, 50 * round);
    }
    crowd_finish(&r, &c, 250);
    ck_assert_uint_eq(c.refused, 0);
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
    proxy_stop(&p);
}
END_TEST

/* A commit that waits for a standby is local already when its backend is killed. */
START_TEST(a_commit_whose_backend_is_killed_is_told_only_once_it_is_as_safe_as_asked)
{
    rig r;
    rig_open(&r, 1, 64);
    crowd c = {0};
    int64_t deadline_ns = deadline();
    system_set("set synchronous_standby_names = 'nobody'");
    crowd_insert(&r, 20);
    for (int kill = 0; kill < 3; kill++) { /* the commit; then the look at what became of it */
        while (ask_number("select count(*) from pg_stat_activity where wait_event = 'SyncRep'") ==
               0)
            crowd_turn(&r, &c, deadline_ns);
        pg_ask(base, KILL_BACKENDS);
        ck_assert_uint_eq(ask_number("select count(*) from orders"), 20);
        ck_assert_uint_eq(c.state[DV_STATE_pending], 0);
    }
    system_set("reset synchronous_standby_names");
    crowd_finish(&r, &c, 20);
    ck_assert_uint_eq(c.refused, 0);
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}
END_TEST

START_TEST(commits_are_flushed_whatever_the_server_or_the_url_says)
{
    rig r;
    rig_open(&r, 1, 64);
    rig_close(&r);
    pg_ask(base, "create table seen (value text)");
    pg_ask(base, "create function see() returns trigger language plpgsql as $$ begin"
                 " insert into seen values (current_setting('synchronous_commit'));"
                 " return new; end $$");
    pg_ask(base, "create trigger see before insert on orders for each row execute function see()");
    database_set("set synchronous_commit = off");
    static const char *const options[] = {"", "?options=-c%20synchronous_commit%3Doff",
                                          "?options=-c%20synchronous_commit%3Dlocal",
                                          "?options=-c%20synchronous_commit%3Dremote_apply"};
    for (int i = 0; i < 4; i++) {
        char url[200];
        snprintf(url, sizeof url, "%s%s", base, options[i]);
        rig_open_at(&r, url, 1, 64);
        insert_one(&r, "execution");
        rig_close(&r);
    }
    ck_assert_str_eq(pg_ask(base, "select string_agg(value, ' ') from seen"),
                     "on on on remote_apply");
}
END_TEST

/* ---- tests: a server that answers, but cannot serve ------------------------------------------ */

START_TEST(a_server_that_turns_read_only_is_away_until_it_may_be_written)
{
    rig r;
    rig_open(&r, 2, 64);
    crowd c = {0};
    crowd_begin(&r, &c, 200);
    system_set("set default_transaction_read_only = on"); /* also for the sessions there are */
    crowd_turn_until(&r, &c, "PostgreSQL is read-only: no order is accepted");
    assert_refuses(&r, &c);
    uint64_t confirmed = ask_number("select count(*) from orders where outcome is not null");
    for (int i = 0; i < 100; i++) {
        crowd_turn(&r, &c, deadline());
        ck_assert_ptr_nonnull(strstr(rig_health(&r), "read-only")); /* and does not flap */
    }
    ck_assert_uint_eq(ask_number("select count(*) from orders where outcome is not null"),
                      confirmed);
    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_order_request});
    rig_until(&r, DV_MSG_query_reply, 1);
    ck_assert_int_eq(last(&r, DV_MSG_query_reply)->query_reply.error, DV_ORDER_NOT_FOUND);
    system_set("reset default_transaction_read_only");
    crowd_finish(&r, &c, 210);
    rig_until_health(&r, "");
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}
END_TEST

START_TEST(a_server_with_too_many_connections_is_away_until_it_has_room)
{
    rig r;
    crowd c = {0};
    char url[128], sql[128];
    const char *name = strrchr(base, '/') + 1;
    snprintf(sql, sizeof sql, "create role %s_app login", name);
    pg_ask(base, sql);
    snprintf(sql, sizeof sql, "alter database %s owner to %s_app", name, name);
    pg_ask(base, sql);
    snprintf(sql, sizeof sql, "grant all on schema public to %s_app", name);
    pg_ask(base, sql);
    snprintf(url, sizeof url, "postgresql://%s_app@127.0.0.1:%d/%s", name, server.port, name);
    rig_open_at(&r, url, 2, 64);
    crowd_begin(&r, &c, 200);
    snprintf(sql, sizeof sql, "alter role %s_app connection limit 0", name);
    pg_ask(base, sql);
    pg_ask(base, KILL_BACKENDS);
    crowd_turn_until(&r, &c, "PostgreSQL has too many connections: no order is accepted");
    assert_refuses(&r, &c);
    snprintf(sql, sizeof sql, "alter role %s_app connection limit -1", name);
    pg_ask(base, sql);
    crowd_finish(&r, &c, 210);
    rig_until_health(&r, "");
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}
END_TEST

/* The disk is full until `free_it` is called; wholly, or but for the pages that have room. */
static void fill(rig *r, crowd *c, bool wholly, void (*free_it)(const char *context),
                 const char *context)
{
    int64_t deadline_ns = deadline();
    while (strstr(rig_health(r), "no disk space") == NULL) {
        crowd_insert(r, 20);
        crowd_turn(r, c, deadline_ns);
    }
    for (int i = 0; i < 100; i++) { /* whatever is tried meanwhile */
        crowd_turn(r, c, deadline_ns);
        if (wholly) ck_assert_str_ne(rig_health(r), "");
    }
    if (wholly) assert_refuses(r, c);
    free_it(context);
    while (c->state[DV_STATE_finalized] < c->state[DV_STATE_pending] ||
           !DV_PERSISTENCE_CLASS.drained(r->self))
        crowd_turn(r, c, deadline_ns);
    uint64_t confirmed = c->state[DV_STATE_finalized];
    crowd_insert(r, 10); /* nothing was to be done: only a write shows that it is over */
    crowd_finish(r, c, confirmed + c->refused + 10);
    ck_assert_str_eq(rig_health(r), "");
    if (wholly) ck_assert_uint_gt(c->refused, 0);
    assert_nothing_lost_or_doubled(r, c);
}

static void free_trigger(const char *context)
{
    (void)context;
    pg_ask(base, "drop trigger full_ on order_events");
}

START_TEST(a_server_that_says_its_disk_is_full_is_away_until_it_can_write)
{
    rig r;
    rig_open(&r, 2, 64);
    crowd c = {0};
    crowd_begin(&r, &c, 200);
    pg_ask(base, "create function full_() returns trigger language plpgsql as $$ begin raise"
                 " exception 'could not extend file' using errcode = 'disk_full'; end $$");
    pg_ask(base, "create trigger full_ before insert on order_events for each row"
                 " execute function full_()");
    fill(&r, &c, true, free_trigger, NULL);
    rig_close(&r);
}
END_TEST

static void free_file(const char *path)
{
    ck_assert_int_eq(unlink(path), 0);
}

/* Fills the rest of a small disk, but for some bytes. */
static void make_filler(const char *path, long left)
{
    FILE *file = fopen(path, "w");
    static char zeros[65536];
    long size = 0;
    while (fwrite(zeros, sizeof zeros, 1, file) == 1 && fflush(file) == 0) size += sizeof zeros;
    ck_assert_int_eq(ftruncate(fileno(file), size - left), 0);
    fclose(file);
}

START_TEST(a_full_disk_is_borne_until_it_has_room)
{
    char folder[] = "/tmp/drover-small-XXXXXX", sql[200], path[100], url[128];
    if (!can_mount) {
        printf("no disk of its own: only a server that says so was tried\n");
        return;
    }
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(mount("tmpfs", folder, "tmpfs", 0, "size=24m"), 0);
    const struct passwd *user = getpwnam("postgres");
    ck_assert_int_eq(chown(folder, user->pw_uid, user->pw_gid), 0);
    snprintf(sql, sizeof sql, "create tablespace small location '%s'", folder);
    pg_ask(server.url, sql);
    pg_ask(server.url, "create database small tablespace small");
    snprintf(url, sizeof url, "postgresql://drover@127.0.0.1:%d/small", server.port);
    base = url;
    rig r;
    rig_open(&r, 2, 64);
    crowd c = {0};
    crowd_begin(&r, &c, 200);
    snprintf(path, sizeof path, "%s/filler", folder);
    make_filler(path, 200000);
    fill(&r, &c, false, free_file, path);
    rig_close(&r);
    pg_ask(server.url, "drop database small with (force)");
    pg_ask(server.url, "drop tablespace small");
    ck_assert_int_eq(umount(folder), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* ---- tests: silence ------------------------------------------------------------------------- */

/* A statement of ours waits for a session that will not let go; after a while the server gives the
   statement up, and we ask again. */
START_TEST(a_statement_that_hangs_on_a_lock_is_silence_and_then_asked_again)
{
    rig r;
    rig_open(&r, 1, 64);
    crowd c = {0};
    crowd_begin(&r, &c, 40);
    PGconn *other = PQconnectdb(base);
    PQclear(PQexec(other, "begin"));
    PQclear(PQexec(other, "lock table order_events in exclusive mode"));
    int64_t locked_ns = now_ns(), deadline_ns = deadline();
    crowd_turn_until(&r, &c, "PostgreSQL does not answer: no order is accepted");
    ck_assert_int_lt(now_ns() - locked_ns, 2500 * DV_NS_PER_MS);
    assert_refuses(&r, &c);
    while (now_ns() - locked_ns < 9000 * DV_NS_PER_MS) crowd_turn(&r, &c, deadline_ns);
    PQfinish(other);
    crowd_finish(&r, &c, 50);
    rig_until_health(&r, "");
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}
END_TEST

START_TEST(a_question_that_hangs_is_answered_as_away_in_time)
{
    rig r;
    rig_open(&r, 1, 64);
    insert_one(&r, "execution");
    dv_message ask = {.type = DV_MSG_stats_request, .request_id = 7};
    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &ask);
    rig_until(&r, DV_MSG_stats_reply, 1);
    ck_assert_int_eq(last(&r, DV_MSG_stats_reply)->stats_reply.error, DV_OK);
    PGconn *other = PQconnectdb(base);
    PQclear(PQexec(other, "begin"));
    PQclear(PQexec(other, "lock table orders in access exclusive mode"));
    int64_t locked_ns = now_ns();
    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &ask);
    rig_until(&r, DV_MSG_stats_reply, 2);
    ck_assert_int_lt(now_ns() - locked_ns, 7000 * DV_NS_PER_MS);
    const dv_stats_reply *told = &last(&r, DV_MSG_stats_reply)->stats_reply;
    ck_assert_int_eq(told->error, DV_STORE_AWAY);
    ck_assert_uint_eq(last(&r, DV_MSG_stats_reply)->request_id, 7);
    ck_assert_uint_eq(told->waiting, 1); /* as last known */
    PQfinish(other);
    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &ask);
    rig_until(&r, DV_MSG_stats_reply, 3);
    ck_assert_int_eq(last(&r, DV_MSG_stats_reply)->stats_reply.error, DV_OK);
    insert_one(&r, "execution");
    rig_close(&r);
}
END_TEST

START_TEST(a_look_up_does_not_wait_for_lists)
{
    rig r;
    rig_open(&r, 1, 64);
    insert_one(&r, "execution");
    PGconn *other = PQconnectdb(base);
    PQclear(PQexec(other, "begin"));
    PQclear(PQexec(other, "lock table order_events in access exclusive mode"));
    dv_message list = {.type = DV_MSG_orders_request, .orders_request = {.limit = 9}};
    for (uint64_t i = 0; i < 20; i++) {
        list.request_id = i + 1;
        rig_tell(&r, DV_PORT(DV_LINK_query, 0), &list);
    }
    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_stats_request});
    rig_until(&r, DV_MSG_stats_reply, 1);
    ck_assert_int_eq(last(&r, DV_MSG_stats_reply)->stats_reply.error, DV_OK);
    ck_assert_uint_eq(said(&r, DV_MSG_query_reply), 0);
    PQfinish(other);
    rig_until(&r, DV_MSG_query_reply, 20);
    rig_close(&r);
}
END_TEST

START_TEST(connections_that_die_without_a_word_are_given_up_and_made_anew)
{
    rig r;
    crowd c = {0};
    proxy p;
    char url[128];
    proxy_start(&p, server.port);
    snprintf(url, sizeof url, "postgresql://drover@127.0.0.1:%d/%s", p.port,
             strrchr(base, '/') + 1);
    rig_open_at(&r, url, 2, 64);
    crowd_begin(&r, &c, 200);
    proxy_set(&p, PROXY_FROZEN);
    int64_t frozen_ns = now_ns();
    crowd_insert(&r, 1);
    crowd_turn_until(&r, &c, "PostgreSQL does not answer: no order is accepted");
    ck_assert_int_lt(now_ns() - frozen_ns, 2500 * DV_NS_PER_MS);
    assert_refuses(&r, &c);
    crowd_finish(&r, &c, 211);
    ck_assert_int_lt(now_ns() - frozen_ns, 15000 * DV_NS_PER_MS);
    rig_until_health(&r, "");
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
    proxy_stop(&p);
}
END_TEST

int main(void)
{
    can_mount =
        unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    const TTest *const tests[] = {
        a_crash_of_the_server_loses_and_doubles_nothing,
        a_restart_of_the_server_loses_and_doubles_nothing,
        a_commit_whose_answer_is_lost_is_found_by_reading_back,
        a_commit_whose_backend_is_killed_is_told_only_once_it_is_as_safe_as_asked,
        commits_are_flushed_whatever_the_server_or_the_url_says,
        a_server_that_turns_read_only_is_away_until_it_may_be_written,
        a_server_with_too_many_connections_is_away_until_it_has_room,
        a_server_that_says_its_disk_is_full_is_away_until_it_can_write,
        a_full_disk_is_borne_until_it_has_room,
        a_statement_that_hangs_on_a_lock_is_silence_and_then_asked_again,
        a_question_that_hangs_is_answered_as_away_in_time,
        a_look_up_does_not_wait_for_lists,
        connections_that_die_without_a_word_are_given_up_and_made_anew,
        NULL,
    };
    return run_tests("persistence with PostgreSQL away", tests);
}
