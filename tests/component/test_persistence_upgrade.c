/* Persistence on a database that an earlier version has left, with a real PostgreSQL. */
#include <pthread.h>
#include <stdlib.h>

#include "actors/persistence/pg/migrate.h"
#include "sql/queries.h"
#include "tests/support/persistence_rig.h"

#define LEASE_MS 200
#define WAIT_MS 700 /* that a migration is watched for not going on */
#define ME "execution@a/00000002"
#define ORDER "0198c0de-0000-7000-8000-000000000001"

/* The database as a version left it whose last migration had this number. */
static void schema_make(unsigned newest)
{
    pg_ask(base, DV_SETUP[DV_SETUP_migrate_table].sql);
    for (const dv_migration *m = DV_MIGRATIONS; m->sql != NULL && m->number <= newest; m++) {
        char note[120];
        snprintf(note, sizeof note, "insert into schema_migrations values (%u, '%s')", m->number,
                 m->name);
        pg_ask(base, m->sql);
        pg_ask(base, note);
    }
}

/* An order whose first attempt failed and whose second is under way, as before 004_learnt. */
static void order_make_003(void)
{
    pg_ask(base, "insert into orders (id, order_type, swap_mode, token_in, token_out, amount,"
                 " slippage_bps, style, amount_input, status, attempt, seq, owner, created_at,"
                 " updated_at) values ('" ORDER "', 1, 0,"
                 " 'So11111111111111111111111111111111111111112',"
                 " 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v', 1500000000, 100, 0, '1.5',"
                 " 'submitted', 2, 6, 'execution@a/00000001', now(), now())");
    pg_ask(base, "insert into order_events (order_id, seq, position, status, attempt, at)"
                 " select '" ORDER "', seq, seq, status, attempt, now() from (values"
                 " (1, 'pending', 0), (2, 'routing', 1), (3, 'building', 1), (4, 'routing', 2),"
                 " (5, 'building', 2), (6, 'submitted', 2)) as e(seq, status, attempt)");
    pg_ask(base, "update event_stream set position = 6, active = 1");
    pg_ask(base,
           "insert into order_executions (order_id, attempt, due_at, chosen_dex, reason,"
           " routing_decision, tx_signature, transaction, last_valid_block_height, limit_amount,"
           " failure_code, failure_reason, created_at, updated_at) values"
           " ('" ORDER "', 1, null, 'raydium', 'it pays more', '{\"quotes\": [{\"venue\":"
           " \"raydium\", \"amount_out\": 18446744073709551615}]}', null, null, null, 1,"
           " 212, 'no blockhash', now(), now()),"
           " ('" ORDER "', 2, timestamptz '2026-01-02 03:04:05.678901+00', 'meteora',"
           " 'it \"pays\" more', '{\"quotes\": [{\"venue\": \"meteora\", \"pool\": \"P\"},"
           " {\"venue\": \"raydium\", \"error\": 211}]}', 'SIGNATURE', '\\x00ff7f',"
           " 18446744073709551615, 77, null, null, now(), now())");
}

/* The instance that had the order; when = its last beat. */
static void instance_make(const char *lease, const char *beat_at)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "insert into instances (owner, name, lease, alive_since, beat_at, leaving) values"
             " ('execution@a/00000001', 'execution@a', '%s', now() - interval '1 h', %s, false)",
             lease, beat_at);
    pg_ask(base, sql);
}

static void assert_attempts(const dv_view *view)
{
    ck_assert_uint_eq(view->events_count, 6);
    ck_assert_uint_eq(view->attempts_count, 2);
    const dv_attempt *first = &view->attempts[0], *second = &view->attempts[1];
    ck_assert_uint_eq(first->number, 1);
    ck_assert(dv_text_is(first->venue, "raydium"));
    ck_assert_uint_eq(first->quotes_count, 1);
    ck_assert_uint_eq(first->quotes[0].amount_out, UINT64_MAX);
    ck_assert_uint_eq(first->error, 212);
    ck_assert(dv_text_is(first->error_text, "no blockhash"));
    ck_assert_uint_eq(first->signature.size, 0);
    ck_assert_uint_eq(second->number, 2);
    ck_assert_uint_eq(second->due_at_us, 1767323045678901);
    ck_assert(dv_text_is(second->reason, "it \"pays\" more"));
    ck_assert_uint_eq(second->quotes_count, 2);
    ck_assert_uint_eq(second->quotes[1].error, 211);
    ck_assert(dv_text_is(second->signature, "SIGNATURE"));
    ck_assert_uint_eq(second->last_valid_block_height, UINT64_MAX);
    ck_assert_uint_eq(second->limit_amount, 77);
    ck_assert_uint_eq(second->error, 0);
}

START_TEST(what_an_earlier_version_knew_of_attempts_is_all_there)
{
    schema_make(3);
    order_make_003();
    instance_make("1 s", "now() - interval '1 h'");
    rig r;
    rig_open(&r, 2, 64);
    dv_order_request get;
    ck_assert(dv_id_parse(dv_text_of(ORDER), &get.order_id));
    rig_tell(&r, DV_PORT(DV_LINK_query, 0),
             &(dv_message){.type = DV_MSG_order_request, .request_id = 7, .order_request = get});
    rig_until(&r, DV_MSG_query_reply, 1);
    assert_attempts(&last(&r, DV_MSG_order_item)->order_item.view);
    assert_sound();
    ck_assert_str_eq(pg_ask(base, "select string_agg(concat_ws(' ', attempt, chosen_dex,"
                                  " tx_signature, encode(transaction, 'hex'), due_at at time zone"
                                  " 'utc', limit_amount, failure_code,"
                                  " routing_decision -> 'quotes' -> 0 ->> 'venue'), ', '"
                                  " order by attempt) from order_attempts"),
                     "1 raydium 1 212 raydium, 2 meteora SIGNATURE 00ff7f"
                     " 2026-01-02 03:04:05.678901 77 meteora");
    rig_close(&r);
}
END_TEST

START_TEST(an_order_under_way_goes_on_with_the_transaction_that_an_earlier_version_signed)
{
    schema_make(3);
    order_make_003();
    rig r;
    rig_open(&r, 2, 64);
    rig_tell(&r, DV_PORT(DV_LINK_write, 0),
             &(dv_message){.type = DV_MSG_lease_request,
                           .lease_request = {.owner = dv_text_of(ME),
                                             .name = dv_text_of("execution@a"),
                                             .lease_ms = LEASE_MS}});
    rig_until(&r, DV_MSG_lease_reply, 1);
    rig_tell(&r, DV_PORT(DV_LINK_write, 0),
             &(dv_message){.type = DV_MSG_claim_request,
                           .claim_request = {.owner = dv_text_of(ME), .limit = 9}});
    rig_until(&r, DV_MSG_claim_item, 1);
    const dv_job *job = &last(&r, DV_MSG_claim_item)->claim_item.job;
    ck_assert_int_eq(job->state, DV_STATE_submitted);
    ck_assert_uint_eq(job->attempt.number, 2);
    ck_assert(dv_text_is(job->attempt.signature, "SIGNATURE"));
    ck_assert_uint_eq(job->attempt.transaction.size, 3);
    ck_assert_mem_eq(job->attempt.transaction.at, "\x00\xff\x7f", 3);
    ck_assert_uint_eq(job->attempt.limit_amount, 77);
    ck_assert_uint_eq(job->attempt.error, 0);
    rig_close(&r);
}
END_TEST

/* An order of each state whose name 005_finality_words changes, as before it. */
static void orders_make_004(void)
{
    pg_ask(base,
           "insert into orders (id, order_type, swap_mode, token_in, token_out, amount,"
           " slippage_bps, style, amount_input, status, outcome, attempt, seq, owner,"
           " created_at, updated_at) select ('0198c0de-0000-7000-8000-00000000000' || n)::uuid,"
           " 1, 0, 'So11111111111111111111111111111111111111112',"
           " 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v', 1500000000, 100, 0, '1.5',"
           " status, nullif(status, 'landed'), 1, n, 'execution@a/00000001', now(), now()"
           " from (values (2, 'landed'), (3, 'confirmed')) as s(n, status)");
    pg_ask(base,
           "insert into order_events (order_id, seq, position, status, attempt, at)"
           " select ('0198c0de-0000-7000-8000-00000000000' || n)::uuid, seq, position, status,"
           " 1, now() from (values (2, 1, 1, 'submitted'), (2, 2, 2, 'landed'),"
           " (3, 1, 3, 'submitted'), (3, 2, 4, 'landed'), (3, 3, 5, 'confirmed'))"
           " as e(n, seq, position, status)");
    pg_ask(base, "update event_stream set position = 5, active = 1, confirmed = 1");
}

START_TEST(finality_gets_its_words_in_orders_events_and_tallies)
{
    schema_make(4);
    orders_make_004();
    rig r;
    rig_open(&r, 2, 64);
    ck_assert_str_eq(pg_ask(base, "select string_agg(concat_ws(' ', seq, status, outcome), ', '"
                                  " order by id) from orders"),
                     "2 confirmed, 3 finalized finalized");
    ck_assert_str_eq(pg_ask(base, "select string_agg(status, ' ' order by position)"
                                  " from order_events"),
                     "submitted confirmed submitted confirmed finalized");
    ck_assert_str_eq(pg_ask(base, "select concat_ws(' ', active, finalized) from event_stream"),
                     "1 1");
    rig_close(&r);
}
END_TEST

static void *migrate_thread(void *applied)
{
    char why[DV_REASON_MAX] = "";
    dv_err error = dv_migrate(base, applied, why);
    ck_assert_msg(error == DV_OK, "%s", why);
    return NULL;
}

START_TEST(the_migration_waits_for_instances_of_an_earlier_version_to_end)
{
    schema_make(3);
    order_make_003();
    instance_make("1 h", "now()");
    pthread_t thread;
    unsigned applied = 0;
    pthread_create(&thread, NULL, migrate_thread, &applied);
    int64_t until_ns = dv_time_now().mono_ns + WAIT_MS * DV_NS_PER_MS;
    while (dv_time_now().mono_ns < until_ns)
        ck_assert_uint_eq(ask_number("select count(*) from schema_migrations"), 3);
    pg_ask(base, "update order_executions set reason = 'it lives' where attempt = 2");
    pg_ask(base, "update instances set leaving = true");
    pthread_join(thread, NULL);
    ck_assert_uint_ge(applied, 1);
    ck_assert_str_eq(pg_ask(base, "select reason from order_attempts where attempt = 2"),
                     "it lives");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_an_earlier_version_knew_of_attempts_is_all_there,
        an_order_under_way_goes_on_with_the_transaction_that_an_earlier_version_signed,
        finality_gets_its_words_in_orders_events_and_tallies,
        the_migration_waits_for_instances_of_an_earlier_version_to_end,
        NULL,
    };
    return run_tests("persistence: upgrade", tests);
}
