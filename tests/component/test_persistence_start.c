/* The start of persistence with a real PostgreSQL: migrations, killed ones too, and schemas that do
   not fit. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "actors/persistence/pg/migrate.h"
#include "tests/support/persistence_rig.h"

#define ROUNDS 15       /* of killing a migration */
#define AT_ONCE_MS 3000 /* of the 20 s that a start may take */

static void *migrate_thread(void *applied)
{
    char why[DV_REASON_MAX] = "";
    dv_err error = dv_migrate(base, applied, why);
    ck_assert_msg(error == DV_OK, "%s", why);
    return NULL;
}

static unsigned migrate(void)
{
    unsigned applied = 0;
    migrate_thread(&applied);
    return applied;
}

START_TEST(two_migrations_at_once_apply_each_step_once)
{
    pthread_t threads[2];
    unsigned applied[2] = {0};
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, migrate_thread, &applied[i]);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    ck_assert_uint_eq(applied[0] + applied[1],
                      ask_number("select count(*) from schema_migrations"));
    ck_assert_uint_gt(applied[0] + applied[1], 0);
    ck_assert_uint_eq(migrate(), 0);
}
END_TEST

/* ---- tests: killed migrations --------------------------------------------------------------- */

/* Ends at some time within which a migration usually is over. */
static void pass_some_time(void)
{
    uint16_t random;
    ck_assert_int_eq(getrandom(&random, sizeof random, 0), sizeof random);
    int64_t until_ns = dv_time_now().mono_ns + random % 80 * DV_NS_PER_MS;
    while (dv_time_now().mono_ns < until_ns) sched_yield();
}

static void kill_process(pid_t child)
{
    kill(child, SIGKILL);
}

static void kill_backend(pid_t child)
{
    (void)child;
    pg_ask(base, "select pg_terminate_backend(pid) from pg_stat_activity"
                 " where application_name = 'drover migrate' and datname = current_database()");
}

/* Whether the tables are those of the migrations that are noted. Also of 0 when none is. */
static void assert_all_or_nothing(void)
{
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    while (ask_number("select count(*) from pg_stat_activity where application_name ="
                      " 'drover migrate' and datname = current_database()") > 0)
        ck_assert(dv_time_now().mono_ns < deadline_ns);
    bool noted = pg_ask(base, "select to_regclass('schema_migrations') is not null")[0] == 't';
    uint64_t count = noted ? ask_number("select count(*) from schema_migrations") : 0;
    char sql[200];
    snprintf(sql, sizeof sql,
             "select (to_regclass('order_events_position') is not null) = (%d >= 1)"
             " and (to_regclass('orders_owned') is not null) = (%d >= 2)",
             (int)count, (int)count);
    ck_assert_str_eq(pg_ask(base, sql), "t");
}

static void kill_migrations(void (*kill_it)(pid_t child))
{
    unsigned interrupted = 0;
    for (int round = 0; round < ROUNDS; round++) {
        char name[32];
        snprintf(name, sizeof name, "test_%d_%d", (int)getpid(), round);
        base = pg_database(&server, name);
        pid_t child = fork();
        if (child == 0) {
            unsigned applied;
            char why[DV_REASON_MAX];
            _exit(dv_migrate(base, &applied, why) == DV_OK ? 0 : 1);
        }
        pass_some_time();
        kill_it(child);
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        interrupted += status != 0;
        assert_all_or_nothing();
        migrate(); /* the next start */
        ck_assert_uint_eq(migrate(), 0);
        rig r;
        rig_open(&r, 1, 512);
        insert_one(&r, "execution");
        rig_close(&r);
    }
    printf("%u of %d migrations were interrupted\n", interrupted, ROUNDS);
    ck_assert_uint_gt(interrupted, 0);
}

START_TEST(a_migration_whose_process_is_killed_leaves_all_or_nothing_and_the_next_goes_on)
{
    kill_migrations(kill_process);
}
END_TEST

START_TEST(a_migration_whose_backend_is_killed_leaves_all_or_nothing_and_the_next_goes_on)
{
    kill_migrations(kill_backend);
}
END_TEST

START_TEST(a_running_engine_works_on_while_a_newer_one_migrates)
{
    rig r;
    rig_open(&r, 2, 64);
    crowd c = {0};
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    crowd_insert(&r, 200);
    while (c.state[DV_STATE_building] < 50) crowd_turn(&r, &c, deadline_ns);
    PGconn *newer = PQconnectdb(base);
    PQclear(PQexec(newer, "begin; create table more (id uuid primary key);"
                          " alter table orders add column more text not null default '';"
                          " create index orders_more on orders (id) where more <> '';"
                          " alter table order_events add column more bigint;"
                          " insert into schema_migrations (number, name) values (900, 'more')"));
    for (int i = 0; i < 50; i++) crowd_turn(&r, &c, deadline_ns);
    PGresult *result = PQexec(newer, "commit");
    ck_assert_int_eq(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    PQfinish(newer);
    crowd_insert(&r, 100);
    crowd_finish(&r, &c, 300);
    assert_nothing_lost_or_doubled(&r, &c);
    ck_assert_str_eq(rig_health(&r), "");
    rig_close(&r);
}
END_TEST

/* ---- tests: starts that fail ---------------------------------------------------------------- */

START_TEST(a_failed_start_says_where_and_why_but_not_the_password)
{
    rig r;
    rig_make(&r, "postgresql://ann:secret@127.0.0.1:1/drover", 1, 1);
    r.start_timeout_ms = 1;
    char why[DV_REASON_MAX];
    ck_assert_int_eq(rig_start(&r, why), DV_STORE_AWAY);
    ck_assert_ptr_nonnull(strstr(why, "ann@127.0.0.1:1/drover"));
    ck_assert_ptr_nonnull(strstr(why, "refused"));
    ck_assert_ptr_null(strstr(why, "secret"));
    rig_close(&r);
}
END_TEST

/* The start fails for good, at once, and says this. */
static void assert_start_refused(const char *url, const char *words)
{
    rig r;
    rig_make(&r, url, 2, 512);
    char why[DV_REASON_MAX];
    int64_t begun_ns = dv_time_now().mono_ns;
    ck_assert_int_eq(rig_start(&r, why), DV_STORE_REFUSED);
    ck_assert_msg(strstr(why, words) != NULL, "%s", why);
    ck_assert_int_lt(dv_time_now().mono_ns - begun_ns, AT_ONCE_MS * DV_NS_PER_MS);
    rig_close(&r);
}

START_TEST(a_start_on_a_schema_that_does_not_fit_fails_at_once)
{
    migrate();
    pg_ask(base, "alter table orders drop column amount_input");
    assert_start_refused(base, "amount_input");
}
END_TEST

START_TEST(a_start_on_a_database_that_is_newer_fails_at_once)
{
    migrate();
    pg_ask(base, "insert into schema_migrations (number, name) values (900, 'much later')");
    assert_start_refused(base, "the database is newer (migration 900) than this program");
}
END_TEST

START_TEST(a_start_whose_migration_fails_fails_at_once_and_leaves_the_database_as_it_was)
{
    pg_ask(base, "create table order_events (mine text)");
    assert_start_refused(base, "001_orders: ERROR:  relation \"order_events\" already exists");
    ck_assert_str_eq(pg_ask(base, "select to_regclass('orders') is null"), "t");
    ck_assert_uint_eq(ask_number("select count(*) from schema_migrations"), 0);
}
END_TEST

START_TEST(a_start_without_its_database_fails_at_once)
{
    char url[128];
    snprintf(url, sizeof url, "postgresql://drover@127.0.0.1:%d/nowhere", server.port);
    assert_start_refused(url, "database \"nowhere\" does not exist");
}
END_TEST

static void *resume_thread(void *context)
{
    (void)context;
    pg_resume(&server);
    return NULL;
}

START_TEST(a_start_waits_for_a_server_that_is_starting)
{
    rig r;
    pthread_t thread;
    pg_crash(&server); /* so that it has to recover first */
    rig_make(&r, base, 2, 512);
    r.start_timeout_ms = 60000;
    pthread_create(&thread, NULL, resume_thread, NULL);
    char why[DV_REASON_MAX];
    ck_assert_msg(rig_start(&r, why) == DV_OK, "%s", why);
    pthread_join(thread, NULL);
    rig_close(&r);
}
END_TEST

START_TEST(a_schema_that_stops_fitting_is_an_outage_until_it_fits_again)
{
    rig r;
    rig_open(&r, 2, 64);
    crowd c = {0};
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    crowd_insert(&r, 100);
    while (c.state[DV_STATE_building] < 20) crowd_turn(&r, &c, deadline_ns);
    pg_ask(base, "alter table order_events rename to hidden");
    while (strstr(rig_health(&r), "has a schema that this program does not fit") == NULL)
        crowd_turn(&r, &c, deadline_ns);
    pg_ask(base, "alter table hidden rename to order_events");
    crowd_finish(&r, &c, 100);
    rig_until_health(&r, "");
    assert_nothing_lost_or_doubled(&r, &c);
    rig_close(&r);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        two_migrations_at_once_apply_each_step_once,
        a_migration_whose_process_is_killed_leaves_all_or_nothing_and_the_next_goes_on,
        a_migration_whose_backend_is_killed_leaves_all_or_nothing_and_the_next_goes_on,
        a_running_engine_works_on_while_a_newer_one_migrates,
        a_failed_start_says_where_and_why_but_not_the_password,
        a_start_on_a_schema_that_does_not_fit_fails_at_once,
        a_start_on_a_database_that_is_newer_fails_at_once,
        a_start_whose_migration_fails_fails_at_once_and_leaves_the_database_as_it_was,
        a_start_without_its_database_fails_at_once,
        a_start_waits_for_a_server_that_is_starting,
        a_schema_that_stops_fitting_is_an_outage_until_it_fits_again,
        NULL,
    };
    return run_tests("persistence: start", tests);
}
