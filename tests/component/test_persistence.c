/* Persistence with a real PostgreSQL: what it writes, and what it answers. */
#include <stdlib.h>

#include "proto/codec.h"
#include "proto/view.h"
#include "sql/queries.h"
#include "tests/support/persistence_rig.h"

static dv_terms insert_with(rig *r, const char *user, const char *key)
{
    dv_terms terms = terms_make(user, key);
    tell_insert(r, &terms);
    rig_until(r, DV_MSG_insert_reply, said(r, DV_MSG_insert_reply) + 1);
    return terms;
}

static const dv_view *view_of(rig *r, const dv_id *id)
{
    rig_tell(r, DV_PORT(DV_LINK_query, 0),
             &(dv_message){.type = DV_MSG_order_request, .request_id = 77, .order_request = {*id}});
    rig_until(r, DV_MSG_query_reply, said(r, DV_MSG_query_reply) + 1);
    ck_assert_int_eq(last(r, DV_MSG_query_reply)->query_reply.error, DV_OK);
    ck_assert_int_eq(last(r, DV_MSG_query_reply)->request_id, 77);
    return &last(r, DV_MSG_order_item)->order_item.view;
}

/* What an observer makes of the events published for an order. */
static dv_view fold(const rig *r, const dv_id *id)
{
    dv_view view = {0};
    for (size_t i = 0; i < r->count; i++) {
        const dv_order_event *e = &r->messages[i].order_event;
        if (r->messages[i].type != DV_MSG_order_event) continue;
        if (!dv_id_equal(&e->terms.order_id, id)) continue;
        if (e->event.seq == 1) view.terms = e->terms;
        ck_assert(dv_view_apply(&view, &e->event, e->attempts, e->attempts_count, r->arena));
    }
    return view;
}

static void assert_views_equal(const dv_view *a, const dv_view *b)
{
    dv_buffer x = {0}, y = {0};
    dv_record_print(&DV_SHAPE_view, a, &x);
    dv_record_print(&DV_SHAPE_view, b, &y);
    dv_buffer_add(&x, "", 1);
    dv_buffer_add(&y, "", 1);
    ck_assert_str_eq(x.bytes, y.bytes);
    x.size = y.size = 0;
    dv_record_encode(&DV_SHAPE_view, a, &x);
    dv_record_encode(&DV_SHAPE_view, b, &y);
    ck_assert_uint_eq(x.size, y.size);
    ck_assert_mem_eq(x.bytes, y.bytes, x.size);
    dv_buffer_fini(&x);
    dv_buffer_fini(&y);
}

/* ---- tests: one order ----------------------------------------------------------------------- */

START_TEST(an_insert_is_committed_then_answered_and_published)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_terms terms = terms_make("ann", "key-1");
    tell_insert(&r, &terms);
    ck_assert_uint_eq(r.count, 0);
    rig_until(&r, DV_MSG_order_event, 1);
    const dv_insert_reply *inserted = &last(&r, DV_MSG_insert_reply)->insert_reply;
    ck_assert(dv_id_equal(&inserted->order_id, &terms.order_id));
    ck_assert_uint_eq(inserted->event.seq, 1);
    ck_assert_uint_eq(inserted->event.position, 1);
    ck_assert_uint_eq(inserted->event.state, DV_STATE_pending);
    ck_assert_uint_eq(inserted->event.at_us, terms.created_at_us);
    ck_assert_str_eq(pg_ask(base, "select status || ' ' || epoch || ' ' || owner || ' ' || amount"
                                  " from orders"),
                     "pending 1 execution 18446744073709551615");
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_view_equals_what_was_written_and_what_was_published)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_terms terms = insert_with(&r, "ann \xe2\x82\xac", "key-1");
    step_to(&r, &terms.order_id, DV_STATE_finalized);
    rig_until(&r, DV_MSG_order_event, 5);
    dv_view folded = fold(&r, &terms.order_id);
    const dv_view *view = view_of(&r, &terms.order_id);
    assert_views_equal(view, &folded);
    ck_assert_uint_eq(view->events_count, 5);
    ck_assert_uint_eq(view->attempts_count, 1);
    ck_assert_uint_eq(view->attempts[0].amount_out, 10000000000000000001u);
    ck_assert_uint_eq(view->attempts[0].quotes_count, 2);
    ck_assert_uint_eq(view->attempts[0].quotes[0].amount_out, UINT64_MAX);
    ck_assert_uint_eq(view->attempts[0].last_valid_block_height, UINT64_MAX);
    ck_assert_uint_eq(view->attempts[0].transaction.size, 0); /* told to its owner alone */
    ck_assert_uint_eq(view->terms.amount, UINT64_MAX);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_retry_keeps_the_failed_attempt_and_waits_until_it_is_routed)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_terms terms = insert_one(&r, "execution");
    step_to(&r, &terms.order_id, DV_STATE_building);
    dv_step_request retry = step_from(&terms.order_id, DV_STATE_building);
    uint64_t due_us = retry.at_us + 2000000;
    retry.to_state = DV_STATE_routing;
    retry.attempt = (dv_attempt){.number = 2, .due_at_us = due_us};
    retry.failed_error = DV_VENUE_BUILD_FAILED;
    retry.failed_text = dv_text_of("no blockhash");
    ck_assert_int_eq(step_one(&r, &retry), DV_OK);
    rig_until(&r, DV_MSG_order_event, 4);
    dv_view folded = fold(&r, &terms.order_id);
    assert_views_equal(view_of(&r, &terms.order_id), &folded);
    ck_assert_uint_eq(folded.attempts[0].error, DV_VENUE_BUILD_FAILED);

    dv_message sweep = {.type = DV_MSG_retries_request, .retries_request = {.before_us = due_us}};
    rig_tell(&r, DV_PORT(DV_LINK_sweep, 0), &sweep);
    rig_until(&r, DV_MSG_retries_reply, 1);
    ck_assert_uint_eq(last(&r, DV_MSG_retries_reply)->retries_reply.waiting_count, 0);
    sweep.retries_request.before_us = due_us + 1;
    rig_tell(&r, DV_PORT(DV_LINK_sweep, 0), &sweep);
    rig_until(&r, DV_MSG_retries_reply, 2);
    const dv_retries_reply *told = &last(&r, DV_MSG_retries_reply)->retries_reply;
    ck_assert_uint_eq(told->waiting_count, 1);
    ck_assert(dv_id_equal(&told->waiting[0].order_id, &terms.order_id));
    ck_assert_uint_eq(told->waiting[0].attempt, 2);
    ck_assert_uint_eq(told->waiting[0].due_at_us, due_us);

    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_stats_request});
    rig_until(&r, DV_MSG_stats_reply, 1);
    ck_assert_uint_eq(last(&r, DV_MSG_stats_reply)->stats_reply.waiting, 1);
    ck_assert_uint_eq(last(&r, DV_MSG_stats_reply)->stats_reply.active, 0);

    dv_step_request build = step_from(&terms.order_id, DV_STATE_routing);
    build.from_attempt = build.attempt.number = 2;
    ck_assert_int_eq(step_one(&r, &build), DV_OK);
    rig_tell(&r, DV_PORT(DV_LINK_sweep, 0), &sweep);
    rig_until(&r, DV_MSG_retries_reply, 3);
    ck_assert_uint_eq(last(&r, DV_MSG_retries_reply)->retries_reply.waiting_count, 0);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_step_with_another_epoch_state_or_attempt_is_stale_and_moves_nothing)
{
    rig r;
    rig_open(&r, 1, 512);
    dv_terms terms = insert_one(&r, "execution");
    step_to(&r, &terms.order_id, DV_STATE_building);
    dv_step_request wrong[4];
    for (int i = 0; i < 4; i++) wrong[i] = step_from(&terms.order_id, DV_STATE_building);
    wrong[0].epoch = 2;
    wrong[1].from_attempt = wrong[1].attempt.number = 2;
    wrong[2] = step_from(&terms.order_id, DV_STATE_submitted);
    wrong[3].order_id.bytes[15] ^= 1;
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(step_one(&r, &wrong[i]), DV_STORE_STALE);
        ck_assert_str_eq(pg_ask(base, "select status || ' ' || seq from orders"), "building 3");
    }
    dv_step_request illegal = step_from(&terms.order_id, DV_STATE_building);
    illegal.to_state = DV_STATE_finalized;
    ck_assert_int_eq(step_one(&r, &illegal), DV_STORE_REFUSED);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(an_event_is_never_dated_before_the_one_before_it)
{
    rig r;
    rig_open(&r, 1, 512);
    dv_terms terms = insert_one(&r, "execution");
    dv_step_request step = step_from(&terms.order_id, DV_STATE_pending);
    step.at_us = terms.created_at_us - 5000000; /* its sender's clock is behind */
    ck_assert_int_eq(step_one(&r, &step), DV_OK);
    const dv_view *view = view_of(&r, &terms.order_id);
    ck_assert_uint_eq(view->events[1].at_us, terms.created_at_us);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_resent_insert_or_step_is_answered_again_and_written_once)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_terms terms = insert_with(&r, "ann", "key");
    for (size_t times = 2; times <= 3; times++) {
        tell_insert_for(&r, &terms, "another owner");
        rig_until(&r, DV_MSG_insert_reply, times);
    }
    ck_assert_uint_eq(last(&r, DV_MSG_insert_reply)->insert_reply.event.position, 1);
    ck_assert(dv_text_is(last(&r, DV_MSG_insert_reply)->insert_reply.owner, "execution"));
    dv_step_request step = step_from(&terms.order_id, DV_STATE_pending);
    for (size_t times = 1; times <= 3; times++) {
        tell_step(&r, &step);
        rig_until(&r, DV_MSG_step_reply, times);
    }
    for (size_t i = 0; i < r.count; i++)
        if (r.messages[i].type == DV_MSG_step_reply)
            ck_assert_int_eq(r.messages[i].step_reply.error, DV_OK);
    ck_assert_uint_eq(ask_number("select count(*) from order_events"), 2);
    ck_assert_uint_eq(said(&r, DV_MSG_insert_conflict), 0);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_second_order_with_the_same_key_gets_the_first_ones_view)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_terms first = terms_make("ann", "key"), second = terms_make("ann", "key");
    dv_terms other_user = terms_make("bob", "key"), nobody = terms_make("", "key");
    tell_insert(&r, &first); /* one batch holds all four */
    tell_insert(&r, &second);
    tell_insert(&r, &other_user);
    tell_insert(&r, &nobody);
    rig_until(&r, DV_MSG_insert_reply, 3);
    rig_until(&r, DV_MSG_insert_conflict, 1);
    const dv_insert_conflict *exists = &last(&r, DV_MSG_insert_conflict)->insert_conflict;
    const dv_id *winner = &exists->view.terms.order_id;
    ck_assert(dv_id_equal(winner, &first.order_id) || dv_id_equal(winner, &second.order_id));
    ck_assert(!dv_id_equal(winner, &exists->order_id));
    dv_id winner_id = *winner;

    step_to(&r, &winner_id, DV_STATE_building);
    dv_terms third = terms_make("ann", "key");
    tell_insert(&r, &third); /* and across batches */
    rig_until(&r, DV_MSG_insert_conflict, 2);
    exists = &last(&r, DV_MSG_insert_conflict)->insert_conflict;
    ck_assert(dv_id_equal(&exists->order_id, &third.order_id));
    ck_assert(dv_id_equal(&exists->view.terms.order_id, &winner_id));
    ck_assert_uint_eq(exists->view.events_count, 3);
    ck_assert_uint_eq(ask_number("select count(*) from orders"), 3);
    assert_sound();
    rig_close(&r);
}
END_TEST

START_TEST(a_refused_row_does_not_poison_its_batch)
{
    rig r;
    rig_open(&r, 1, 512);
    dv_terms bad = terms_make("", ""), good[100];
    bad.user_id = (dv_text){"nul\0byte", 8}; /* PostgreSQL has no such text */
    for (int i = 0; i < 100; i++) {
        good[i] = terms_make("", "");
        tell_insert(&r, &good[i]);
        if (i == 70) tell_insert(&r, &bad);
    }
    rig_until(&r, DV_MSG_insert_reply, 100);
    rig_until(&r, DV_MSG_insert_refusal, 1);
    rig_until(&r, DV_MSG_order_event, 100);
    const dv_insert_refusal *refused = &last(&r, DV_MSG_insert_refusal)->insert_refusal;
    ck_assert_int_eq(refused->error, DV_STORE_REFUSED);
    ck_assert(dv_id_equal(&refused->order_id, &bad.order_id));

    for (int i = 0; i < 100; i++) {
        dv_step_request step = step_from(&good[i].order_id, DV_STATE_pending);
        if (i == 33) step.attempt.venue = dv_text_of("\xff"); /* no UTF-8 */
        tell_step(&r, &step);
    }
    rig_until(&r, DV_MSG_step_reply, 100);
    uint32_t stored = 0;
    for (size_t i = 0; i < r.count; i++) {
        if (r.messages[i].type != DV_MSG_step_reply) continue;
        bool is_bad = dv_id_equal(&r.messages[i].step_reply.order_id, &good[33].order_id);
        ck_assert_int_eq(r.messages[i].step_reply.error, is_bad ? DV_STORE_REFUSED : DV_OK);
        stored += !is_bad;
    }
    ck_assert_uint_eq(stored, 99);
    ck_assert_uint_eq(ask_number("select count(*) from orders where status = 'routing'"), 99);
    rig_until(&r, DV_MSG_order_event, 199);
    assert_sound();
    rig_close(&r);
}
END_TEST

/* ---- tests: queries ------------------------------------------------------------ */

/* The ids a list query gives, as indexes into ids[5], newest first: "43210". */
static void list(rig *r, const dv_orders_request *query, const dv_id ids[5], char ret[8])
{
    size_t from = r->count, n = 0;
    rig_tell(r, DV_PORT(DV_LINK_query, 0),
             &(dv_message){.type = DV_MSG_orders_request, .orders_request = *query});
    rig_until(r, DV_MSG_query_reply, said(r, DV_MSG_query_reply) + 1);
    for (size_t i = from; i < r->count; i++) {
        if (r->messages[i].type != DV_MSG_order_item) continue;
        for (char k = 0; k < 5; k++)
            if (dv_id_equal(&r->messages[i].order_item.view.terms.order_id, &ids[(int)k]))
                ret[n++] = (char)('0' + k);
    }
    ret[n] = '\0';
    ck_assert_uint_eq(last(r, DV_MSG_query_reply)->query_reply.count, n);
}

START_TEST(lists_are_newest_first_by_state_activity_and_user)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_id ids[5];
    for (int i = 0; i < 5; i++) {
        dv_terms terms = terms_make(i % 2 ? "ann" : "", "");
        terms.order_id.bytes[5] = 0; /* ids of one millisecond are not ordered: make them so */
        terms.order_id.bytes[6] = 0x70;
        terms.order_id.bytes[7] = (uint8_t)i;
        ids[i] = terms.order_id;
        tell_insert(&r, &terms);
    }
    rig_until(&r, DV_MSG_insert_reply, 5);
    step_to(&r, &ids[1], DV_STATE_finalized);
    step_to(&r, &ids[2], DV_STATE_routing);
    const struct {
        dv_orders_request query;
        const char *expected;
    } rows[] = {
        {{.limit = 100}, "43210"},
        {{.limit = 2}, "43"},
        {{.limit = 0}, ""},
        {{.limit = 9, .state = DV_STATE_pending}, "430"},
        {{.limit = 9, .state = DV_STATE_confirmed}, "1"},
        {{.limit = 9, .state = DV_STATE_failed}, ""},
        {{.limit = 9, .active_only = 1}, "4320"},
        {{.limit = 9, .active_only = 1, .state = DV_STATE_confirmed}, ""},
        {{.limit = 9, .active_only = 1, .state = DV_STATE_routing}, "2"},
        {{.limit = 9, .has_user = 1, .user_id = {"ann", 3}}, "31"},
        {{.limit = 9, .has_user = 1, .user_id = {"ann", 3}, .active_only = 1}, "3"},
        {{.limit = 9, .has_user = 1, .user_id = {"ann", 3}, .state = DV_STATE_confirmed}, "1"},
        {{.limit = 9, .has_user = 1, .user_id = {"stranger", 8}}, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[8];
        list(&r, &rows[i].query, ids, got);
        ck_assert_str_eq(got, rows[i].expected);
    }
    rig_close(&r);
}
END_TEST

/* Whether a plan of a statement, made as a reader makes it, walks along an index. */
static bool plan_walks(PGconn *pg, const char *statement, const char *types, const char *arguments,
                       const char *index)
{
    char sql[8192], words[80];
    const dv_statement *s = DV_SQL;
    while (strcmp(s->name, statement) != 0) s++;
    snprintf(sql, sizeof sql, "prepare %s(%s) as %s", statement, types, s->sql);
    PQclear(PQexec(pg, sql));
    snprintf(sql, sizeof sql, "explain execute %s(%s)", statement, arguments);
    PGresult *plan = PQexec(pg, sql);
    ck_assert_msg(PQntuples(plan) > 0, "%s", PQerrorMessage(pg));
    snprintf(words, sizeof words, "Index Scan Backward using %s on orders", index);
    bool found = false;
    for (int row = 0; row < PQntuples(plan); row++)
        found = found || strstr(PQgetvalue(plan, row, 0), words) != NULL;
    PQclear(plan);
    return found;
}

START_TEST(a_list_of_few_orders_does_not_walk_through_all_others)
{
    rig r;
    rig_open(&r, 1, 512);
    pg_ask(base,
           "insert into orders (id, user_id, order_type, swap_mode, token_in, token_out,"
           " amount, slippage_bps, style, amount_input, status, outcome, owner, created_at,"
           " updated_at) select lpad(to_hex(i), 32, '0')::uuid, 'user_' || i % 10, 1, 0, 'A', 'B', "
           "1, 1, 0,"
           " '1', s, s, 'a/1', now(), now() from generate_series(1, 20000) i cross join lateral"
           " (select case when i % 33 = 0 then 'failed' else 'finalized' end as s) as state");
    pg_ask(base, "analyze orders");
    PGconn *pg = PQconnectdb(base);
    PQclear(PQexec(pg, "set plan_cache_mode = force_generic_plan; set enable_seqscan = off;"
                       " set enable_bitmapscan = off; set enable_mergejoin = off;"
                       " set enable_hashjoin = off"));
    ck_assert(plan_walks(pg, "list_finished", "bigint, text", "50, 'failed'", "orders_finished"));
    ck_assert(plan_walks(pg, "list_confirmed", "bigint, text", "50, ''", "orders_finished"));
    ck_assert(plan_walks(pg, "list_confirmed", "bigint, text", "50, ''", "orders_owned"));
    ck_assert(plan_walks(pg, "list_unfinished", "bigint, text", "50, ''", "orders_owned"));
    ck_assert(plan_walks(pg, "list_user", "bigint, text, text, bigint", "50, '', 'user_1', 0",
                         "orders_user"));
    ck_assert(plan_walks(pg, "list_all", "bigint", "50", "orders_pkey"));
    PQfinish(pg);
    rig_close(&r);
}
END_TEST

/* Moves an order of attempt 1 on from a state that it was taken to before. */
static void move(rig *r, const dv_id *id, dv_state from, dv_state to)
{
    dv_step_request step = step_from(id, from);
    step.to_state = to;
    ck_assert_int_eq(step_one(r, &step), DV_OK);
}

static void stats_are(const char *expected)
{
    ck_assert_str_eq(pg_ask(base, "select pending || ' ' || active || ' ' || finalized || ' ' ||"
                                  " failed from event_stream"),
                     expected);
}

START_TEST(a_confirmed_order_is_unfinished_until_it_is_finalized)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_id ids[5] = {0};
    for (int i = 0; i < 3; i++) {
        dv_terms terms = terms_make("ann", "");
        terms.order_id.bytes[5] = 0;
        terms.order_id.bytes[6] = 0x70;
        terms.order_id.bytes[7] = (uint8_t)i;
        ids[i] = terms.order_id;
        tell_insert(&r, &terms);
    }
    rig_until(&r, DV_MSG_insert_reply, 3);
    for (int i = 0; i < 3; i++) {
        step_to(&r, &ids[i], DV_STATE_submitted);
        move(&r, &ids[i], DV_STATE_submitted, DV_STATE_confirmed);
    }
    stats_are("0 3 0 0");
    move(&r, &ids[1], DV_STATE_confirmed, DV_STATE_superseded);
    stats_are("0 3 0 0");
    move(&r, &ids[0], DV_STATE_confirmed, DV_STATE_finalized);
    stats_are("0 2 1 0");
    const struct {
        dv_orders_request query;
        const char *expected;
    } rows[] = {
        {{.limit = 9, .state = DV_STATE_confirmed}, "20"},
        {{.limit = 1, .state = DV_STATE_confirmed}, "2"},
        {{.limit = 9, .state = DV_STATE_finalized}, "20"}, /* no state of clients' */
        {{.limit = 9, .state = DV_STATE_submitted}, "1"},
        {{.limit = 9, .active_only = 1}, "21"},
        {{.limit = 9, .active_only = 1, .state = DV_STATE_confirmed}, "2"},
        {{.limit = 9, .has_user = 1, .user_id = {"ann", 3}, .state = DV_STATE_confirmed}, "20"},
        {{.limit = 9, .has_user = 1, .user_id = {"ann", 3}, .active_only = 1}, "21"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[8];
        list(&r, &rows[i].query, ids, got);
        ck_assert_str_eq(got, rows[i].expected);
    }
    move(&r, &ids[1], DV_STATE_superseded, DV_STATE_finalized);
    stats_are("0 1 2 0");
    rig_close(&r);
}
END_TEST

START_TEST(events_come_by_position_each_with_its_order)
{
    rig r;
    rig_open(&r, 2, 512);
    dv_id a = insert_one(&r, "execution").order_id, b = insert_one(&r, "execution").order_id;
    step_to(&r, &a, DV_STATE_building);
    step_to(&r, &b, DV_STATE_routing); /* a b a a b */
    rig_tell(
        &r, DV_PORT(DV_LINK_query, 0),
        &(dv_message){.type = DV_MSG_events_request, .request_id = 5, .events_request = {1, 3}});
    rig_until(&r, DV_MSG_query_reply, 1);
    const uint64_t seqs[] = {1, 2, 3};
    const dv_id *orders[] = {&b, &a, &a};
    size_t k = 0;
    for (size_t i = 0; i < r.count; i++) {
        if (r.messages[i].type != DV_MSG_order_item) continue;
        ck_assert_uint_eq(r.messages[i].order_item.seq, seqs[k]);
        ck_assert(dv_id_equal(&r.messages[i].order_item.view.terms.order_id, orders[k]));
        k++;
    }
    ck_assert_uint_eq(k, 3);
    ck_assert_uint_eq(last(&r, DV_MSG_query_reply)->query_reply.count, 3);
    ck_assert_uint_eq(last(&r, DV_MSG_query_reply)->query_reply.head_position, 5);
    rig_close(&r);
}
END_TEST

START_TEST(an_unknown_order_is_not_found_and_the_head_is_told_all_the_same)
{
    rig r;
    rig_open(&r, 1, 512);
    insert_one(&r, "execution");
    rig_tell(&r, DV_PORT(DV_LINK_query, 0), &(dv_message){.type = DV_MSG_order_request});
    rig_until(&r, DV_MSG_query_reply, 1);
    ck_assert_int_eq(last(&r, DV_MSG_query_reply)->query_reply.error, DV_ORDER_NOT_FOUND);
    ck_assert_uint_eq(last(&r, DV_MSG_query_reply)->query_reply.head_position, 1);
    rig_close(&r);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        an_insert_is_committed_then_answered_and_published,
        a_view_equals_what_was_written_and_what_was_published,
        a_retry_keeps_the_failed_attempt_and_waits_until_it_is_routed,
        a_step_with_another_epoch_state_or_attempt_is_stale_and_moves_nothing,
        an_event_is_never_dated_before_the_one_before_it,
        a_resent_insert_or_step_is_answered_again_and_written_once,
        a_second_order_with_the_same_key_gets_the_first_ones_view,
        a_refused_row_does_not_poison_its_batch,
        lists_are_newest_first_by_state_activity_and_user,
        a_list_of_few_orders_does_not_walk_through_all_others,
        a_confirmed_order_is_unfinished_until_it_is_finalized,
        events_come_by_position_each_with_its_order,
        an_unknown_order_is_not_found_and_the_head_is_told_all_the_same,
        NULL,
    };
    return run_tests("persistence with PostgreSQL", tests);
}
