/* The simulator's model of the store against a real PostgreSQL: the same requests, drawn at random
   from few orders, keys and instances so that they meet, must be answered alike. Every query of
   actors/persistence/queries is asked. */
#include <check.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/persistence/store_model.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/sim/dice.h"
#include "tests/sim/store_tables.h"
#include "tests/support/pg.h"
#include "tests/support/suite.h"

#define REQUESTS 1000
#define ORDERS 12
#define KEYS 5
#define HOUR_US (3600ll * 1000000)
#define LEASE_MS 1800000 /* only what the test does makes anybody silent or old */
#define DEADLINE_NS (30000 * DV_NS_PER_MS)

static const char *const OWNERS[] = {"execution@a/00000001", "execution@a/00000002",
                                     "execution@b/00000001", "execution@c/00000001"};
#define OWNER_COUNT ((uint32_t)(sizeof OWNERS / sizeof OWNERS[0]))

static pg_server server;
static const char *base;
static dv_persistence_config config;
static dv_store *store;
static dv_model model;
static sim_dice dice;
static dv_arena *arena; /* of one request and its answers */
static dv_buffer said;  /* what PostgreSQL answered, as text */
static bool answered;

/* ---- answers as text ---------------------------------------------------------------------- */

static void write_text(dv_buffer *out, dv_text text)
{
    dv_buffer_add(out, text.at, text.size);
    dv_buffer_add(out, "\n", 1);
}

static void write_receipts(dv_buffer *out, const dv_store_answer *a, bool looks)
{
    for (uint32_t i = 0; i < a->count; i++) {
        const dv_store_receipt *r = &a->receipts[i];
        const dv_event *e = &r->event;
        write_text(out, dv_arena_printf(arena,
                                        "%d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                                        " %" PRIu64 " %" PRIu64,
                                        r->found, e->seq, e->position, e->state, e->attempt,
                                        e->at_us, looks && r->found ? r->epoch : 0));
        if (looks && r->found) write_text(out, r->signature);
    }
}

static void write_record(dv_buffer *out, const dv_shape *shape, const void *record)
{
    dv_record_print(shape, record, out);
    dv_buffer_add(out, "\n", 1);
}

static void write_views(dv_buffer *out, const dv_store_answer *a)
{
    for (uint32_t i = 0; i < a->count; i++) {
        write_text(out, dv_arena_printf(arena, "mark %" PRIu64, a->views[i].mark));
        write_text(out, a->views[i].owner);
        write_record(out, &DV_SHAPE_view, &a->views[i].view);
    }
}

static void write_replies(dv_buffer *out, const dv_store_answer *a)
{
    for (uint32_t i = 0; i < a->count; i++) {
        dv_message reply = a->replies[i];
        const dv_message_info *info = dv_message_info_of(reply.type);
        if (reply.type == DV_MSG_lease_reply) /* the clocks are not read at one instant */
            reply.lease_reply.orphans_in_ms = reply.lease_reply.orphans_in_ms > 0;
        write_text(out, dv_text_of(info->name));
        write_record(out, info->shape, reply.body);
    }
}

static void write_answer(dv_buffer *out, const dv_query *query, const dv_store_answer *a)
{
    out->size = 0;
    write_text(out, dv_text_of(dv_err_name((uint16_t)a->error)));
    if (a->error != DV_OK) return;
    if (!query->batched)
        write_replies(out, a);
    else if (query == &DV_QUERY_find)
        write_views(out, a);
    else
        write_receipts(out, a, query == &DV_QUERY_look);
}

static void on_answer(void *context, const dv_store_answer *answer)
{
    write_answer(&said, context, answer);
    answered = true;
}

/* Has PostgreSQL do what a request asks. */
static void ask_postgres(const dv_store_request *request)
{
    const dv_store_class *class = store->class;
    dv_store_answers answers = {on_answer, (void *)(uintptr_t)request->query};
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_NS;
    answered = false;
    while (class->room(store, request->query->lane) == 0)
        class->tick(store, dv_time_now(), &answers);
    class->submit(store, request);
    while (!answered) {
        ck_assert(dv_time_now().mono_ns < deadline_ns);
        class->tick(store, dv_time_now(), &answers);
        dv_watch watches[DV_WATCH_MAX];
        struct pollfd fds[DV_WATCH_MAX];
        uint32_t count = class->watch(store, watches);
        for (uint32_t i = 0; i < count; i++)
            fds[i] = (struct pollfd){.fd = watches[i].fd,
                                     .events = (short)((watches[i].readable ? POLLIN : 0) |
                                                       (watches[i].writable ? POLLOUT : 0))};
        poll(fds, count, 5);
        for (uint32_t i = 0; i < count; i++)
            if (fds[i].revents != 0) class->ready(store, watches[i], dv_time_now(), &answers);
    }
}

/* ---- requests at random ------------------------------------------------------------------- */

/* Ids are in no order of birth, so that what is sorted by id shows. */
static dv_id order_id(uint32_t n)
{
    return (dv_id){{(uint8_t)(n * 37 + 1), 7, (uint8_t)n}};
}

static dv_text owner_pick(void)
{
    return dv_text_of(OWNERS[sim_below(&dice, OWNER_COUNT)]);
}

static dv_text name_of_owner(dv_text owner)
{
    return (dv_text){owner.at, (uint32_t)strcspn(owner.at, "/")};
}

/* Now, two hours ago, or in two hours, so that ages of an hour are never in doubt. */
static uint64_t time_pick(void)
{
    return (uint64_t)(dv_time_now().wall_us + sim_between(&dice, -1, 1) * 2 * HOUR_US);
}

static dv_insert_request *insert_make(uint32_t n)
{
    dv_insert_request *insert = dv_arena_alloc(arena, sizeof *insert);
    bool keyed = sim_chance(&dice, 500000), named = sim_chance(&dice, 500000);
    insert->owner = owner_pick();
    insert->terms = (dv_terms){.order_id = order_id(n),
                               .order_type = DV_ORDER_MARKET,
                               .swap_mode = sim_below(&dice, 2),
                               .token_in = dv_text_of("in"),
                               .token_out = dv_text_of("out"),
                               .amount = sim_roll(&dice),
                               .slippage_bps = 50,
                               .amount_input = dv_text_of("1.5"),
                               .created_at_us = time_pick()};
    if (keyed)
        insert->terms.client_order_id = dv_arena_printf(arena, "key %u", sim_below(&dice, KEYS));
    if (named) insert->terms.user_id = dv_arena_printf(arena, "user %u", sim_below(&dice, 2));
    return insert;
}

/* The state, attempt and epoch that the step expects: those of the order, mostly. */
static void step_aim(dv_step_request *step, const dv_model_order *o)
{
    static const uint8_t NEXT[] = {
        [DV_STATE_pending] = DV_STATE_routing,      [DV_STATE_routing] = DV_STATE_building,
        [DV_STATE_building] = DV_STATE_submitted,   [DV_STATE_submitted] = DV_STATE_confirmed,
        [DV_STATE_confirmed] = DV_STATE_superseded, [DV_STATE_superseded] = DV_STATE_finalized};
    bool open = o != NULL && !dv_state_terminal(o->state);
    step->epoch = o != NULL ? o->epoch : 1;
    step->from_state = open ? o->state : 1u + 2 * sim_below(&dice, 2);
    step->from_attempt = o != NULL ? o->attempt : 0;
    step->to_state = NEXT[step->from_state];
    bool sent = step->to_state == DV_STATE_confirmed || step->from_state == DV_STATE_confirmed;
    if (sent && sim_chance(&dice, 500000))
        step->to_state = DV_STATE_finalized;
    else if (step->from_state > DV_STATE_pending && step->from_state != DV_STATE_confirmed &&
             sim_chance(&dice, 250000))
        step->to_state = sim_chance(&dice, 500000) ? DV_STATE_failed : DV_STATE_routing;
    if (sim_chance(&dice, 100000)) step->epoch++;
    if (sim_chance(&dice, 50000)) step->from_attempt++;
    step->attempt.number = step->from_attempt + (step->to_state == DV_STATE_routing);
}

static void step_teach(dv_step_request *step)
{
    static dv_quote quotes[2];
    quotes[0] = (dv_quote){.venue = dv_text_of("raydium"), .amount_in = 5, .amount_out = 7};
    quotes[1] = (dv_quote){.venue = dv_text_of("meteora"), .error = DV_VENUE_QUOTE_LATE};
    dv_attempt *a = &step->attempt;
    if (step->to_state == DV_STATE_routing && step->from_state != DV_STATE_pending) {
        a->due_at_us = time_pick();
        step->failed_error = DV_VENUE_TRANSACTION_EXPIRED;
        step->failed_text = dv_text_of("too \"late\"");
    } else if (step->to_state == DV_STATE_building) {
        a->venue = dv_text_of("raydium");
        a->reason = dv_text_of("better");
        a->quotes = quotes;
        a->quotes_count = 2;
        a->limit_amount = UINT64_MAX;
    } else if (step->to_state == DV_STATE_submitted) {
        a->signature = dv_arena_printf(arena, "signature%u", sim_below(&dice, 1000));
        a->transaction = (dv_text){"\0\1\377", 3};
        a->last_valid_block_height = sim_roll(&dice);
    } else if (step->to_state == DV_STATE_confirmed || step->to_state == DV_STATE_finalized) {
        a->amount_in = 1 + sim_below(&dice, 1000);
        a->amount_out = UINT64_MAX;
    } else if (step->to_state == DV_STATE_failed) {
        step->failed_error = DV_VENUE_SLIPPAGE_EXCEEDED;
    }
}

static dv_step_request *step_make(uint32_t n)
{
    dv_step_request *step = dv_arena_alloc(arena, sizeof *step);
    step->order_id = order_id(n);
    step->at_us = time_pick();
    step_aim(step, dv_model_order_of(&model, &step->order_id));
    step_teach(step);
    return step;
}

/* One to four rows of different orders. */
static void rows_make(dv_store_request *r, bool inserts)
{
    const void **rows = dv_arena_alloc(arena, 4 * sizeof *rows);
    uint32_t n = sim_below(&dice, ORDERS);
    r->count = 1 + sim_below(&dice, 4);
    for (uint32_t i = 0; i < r->count; i++, n = (n + 1 + sim_below(&dice, 2)) % ORDERS)
        rows[i] = inserts ? (const void *)insert_make(n) : (const void *)step_make(n);
    r->rows = rows;
}

static dv_id after_pick(void)
{
    return sim_chance(&dice, 500000) ? (dv_id){0} : order_id(sim_below(&dice, ORDERS));
}

static void lease_make(dv_message *m)
{
    m->lease_request = (dv_lease_request){
        .owner = owner_pick(), .lease_ms = LEASE_MS, .leaving = sim_chance(&dice, 20000)};
    m->lease_request.name = name_of_owner(m->lease_request.owner);
}

static void claim_make(dv_message *m)
{
    dv_claim_request *claim = &m->claim_request;
    *claim = (dv_claim_request){.owner = owner_pick(), .limit = 1 + sim_below(&dice, 3)};
    if (sim_chance(&dice, 500000)) return;
    dv_owned *list = dv_arena_alloc(arena, ORDERS * sizeof *list);
    for (uint32_t n = 0; n < ORDERS; n += 1 + sim_below(&dice, 3))
        list[claim->orders_count++] =
            (dv_owned){.order_id = order_id(n), .epoch = 1 + sim_below(&dice, 3)};
    claim->orders = list;
}

static void owned_make(dv_message *m)
{
    m->owned_request =
        (dv_owned_request){.owner = owner_pick(), .older_ms = LEASE_MS, .after = after_pick()};
}

static void retries_make(dv_message *m)
{
    uint64_t before_us = (uint64_t)(dv_time_now().wall_us + HOUR_US);
    m->retries_request = (dv_retries_request){.before_us = before_us, .after = after_pick()};
}

static void order_make(dv_message *m)
{
    m->order_request.order_id = order_id(sim_below(&dice, ORDERS + 2));
}

static void orders_make(dv_message *m)
{
    uint64_t state = sim_below(&dice, 3) * sim_below(&dice, DV_STATE_COUNT);
    m->orders_request = (dv_orders_request){.state = state < DV_STATE_COUNT ? state : 0,
                                            .active_only = sim_below(&dice, 2),
                                            .has_user = sim_below(&dice, 2),
                                            .user_id = dv_text_of("user 1"),
                                            .limit = 1 + sim_below(&dice, ORDERS)};
}

static void events_make(dv_message *m)
{
    m->events_request =
        (dv_events_request){.after_position = sim_below(&dice, 60), .limit = sim_below(&dice, 6)};
}

/* How a message is made whose fields have to fit. Fields of others are drawn one by one. */
static void (*const MAKERS[DV_MSG_COUNT])(dv_message *) = {
    [DV_MSG_lease_request] = lease_make,   [DV_MSG_claim_request] = claim_make,
    [DV_MSG_owned_request] = owned_make,   [DV_MSG_retries_request] = retries_make,
    [DV_MSG_order_request] = order_make,   [DV_MSG_orders_request] = orders_make,
    [DV_MSG_events_request] = events_make,
};

/* Numbers, ids and texts such as orders have; lists stay empty. */
static void fields_draw(dv_message *m)
{
    const dv_shape *shape = dv_message_info_of(m->type)->shape;
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const dv_field *f = &shape->fields[i];
        void *member = (char *)m->body + f->offset;
        uint64_t number = sim_below(&dice, f->max < ORDERS ? (uint32_t)f->max + 1 : ORDERS);
        if (f->kind == DV_FIELD_UINT) memcpy(member, &number, sizeof number);
        if (f->kind == DV_FIELD_ID) *(dv_id *)member = order_id(sim_below(&dice, ORDERS));
        if (f->kind == DV_FIELD_TEXT)
            *(dv_text *)member = sim_chance(&dice, 500000) ? owner_pick() : dv_text_of("user 1");
    }
}

static void request_make(dv_store_request *r, uint64_t ticket)
{
    static uint32_t count;
    while (DV_QUERIES[count] != NULL) count++;
    *r = (dv_store_request){.ticket = ticket, .query = DV_QUERIES[sim_below(&dice, count)]};
    if (sim_chance(&dice, 200000)) r->query = &DV_QUERY_step; /* more often: it changes things */
    if (r->query->batched) {
        rows_make(r, r->query->asks == DV_MSG_insert_request);
        return;
    }
    dv_message *m = dv_arena_alloc(arena, sizeof *m);
    m->type = r->query->asks;
    if (MAKERS[m->type] != NULL)
        MAKERS[m->type](m);
    else
        fields_draw(m);
    r->message = m;
}

/* ---- what time does ------------------------------------------------------------------------ */

/* An instance has begun long ago, or has been silent since. */
static void age_one(void)
{
    uint32_t n = sim_below(&dice, OWNER_COUNT);
    bool silent = sim_chance(&dice, 500000);
    const char *column = silent ? "beat_at" : "alive_since";
    char sql[200];
    snprintf(sql, sizeof sql, "update instances set %s = %s - interval '1 hour' where owner = '%s'",
             column, column, OWNERS[n]);
    pg_ask(base, sql);
    dv_model_instance *i = dv_model_instance_of(&model, dv_text_of(OWNERS[n]));
    if (i == NULL) return;
    if (silent)
        i->beat_us -= HOUR_US;
    else
        i->alive_us -= HOUR_US;
}

/* The model's clock is that of the machine, which PostgreSQL runs on. */
static void clock_set(void)
{
    model.now_us = dv_time_now().wall_us;
}

START_TEST(the_model_answers_as_postgresql_does)
{
    dice = sim_dice_of((uint64_t)_i, 1);
    dv_buffer modelled = {0};
    for (uint64_t ticket = 1; ticket <= REQUESTS; ticket++) {
        dv_arena_reset(arena);
        if (sim_chance(&dice, 30000)) age_one();
        dv_store_request request;
        request_make(&request, ticket);
        ask_postgres(&request);
        dv_store_answer answer = {.ticket = ticket};
        clock_set();
        answer.error = request.query->model(&model, &request, arena, &answer);
        write_answer(&modelled, request.query, &answer);
        dv_buffer_add(&said, "", 1);
        dv_buffer_add(&modelled, "", 1);
        ck_assert_msg(strcmp(said.bytes, modelled.bytes) == 0,
                      "request %" PRIu64 ", %s: PostgreSQL answers\n%s\nand the model\n%s", ticket,
                      request.query->name, said.bytes, modelled.bytes);
    }
    ck_assert_uint_gt(model.event_count, ORDERS);
    dv_buffer_fini(&modelled);
}
END_TEST

static void setup(void)
{
    static int number;
    char name[32], why[DV_REASON_MAX] = "";
    snprintf(name, sizeof name, "model_%d_%d", (int)getpid(), number++);
    base = pg_database(&server, name);
    config = (dv_persistence_config){.store_connections = 1, .store_batch_max = 16};
    snprintf(config.database_url, sizeof config.database_url, "%s", base);
    store = dv_store_pg_new(&config, 20000);
    ck_assert_msg(store->class->start(store, why) == DV_OK, "%s", why);
    arena = dv_arena_new();
    memset(&model, 0, sizeof model);
}

static void teardown(void)
{
    store->class->destroy(&store);
    dv_arena_destroy(&arena);
    dv_buffer_fini(&said);
    sim_tables_fini(&model);
}

int main(void)
{
    dv_log_init(DV_LOG_ERROR, false);
    pg_start(&server);
    Suite *suite = suite_create("component/store model");
    TCase *tcase = tcase_create("store model");
    tcase_set_timeout(tcase, 110);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, the_model_answers_as_postgresql_does, 0, 4);
    suite_add_tcase(suite, tcase);
    int status = suite_run(suite);
    pg_stop(&server);
    return status;
}
