#include "actors/chain/chain.h"
#include "tests/support/stage.h"
#include "tests/support/suite.h"

#define PORT DV_PORT(DV_LINK_chain, DV_CHAIN_solana)
#define MARKET DV_PORT(DV_LINK_market, DV_CHAIN_solana)
#define PAST DV_PORT(DV_LINK_query, 0)
#define TICKETS 200000
#define FORGET_MS 120000

/* A backend that keeps the tickets it was given, and answers when the test says so. */
typedef struct fake {
    dv_backend base;
    uint64_t tickets[TICKETS + 10];
    size_t count;
    dv_message due; /* what the next tick answers, to `due_ticket` */
    uint64_t due_ticket;
    int64_t next_ns;
    dv_err start_error;
    dv_health health;
    dv_id traded[8]; /* what it was told of */
    size_t traded_count;
} fake;

static fake *backend;
static stage *s;
static bool destroyed;

static void keep(uint64_t ticket)
{
    ck_assert_uint_lt(backend->count, TICKETS + 10);
    backend->tickets[backend->count++] = ticket;
}

/* Building answers at once. */
static void fake_build(dv_backend *v, uint64_t ticket, const dv_build_request *build, dv_time now,
                       const dv_chain_out *out)
{
    (void)v, (void)now;
    keep(ticket);
    dv_message message = {.type = DV_MSG_build_reply,
                          .build_reply = {.order_id = build->order_id,
                                          .attempt = build->attempt,
                                          .last_valid_block_height = 77}};
    out->answer(out->context, ticket, &message);
}

static void fake_send(dv_backend *v, uint64_t ticket, const dv_send_request *send, dv_time now,
                      const dv_chain_out *out)
{
    (void)v, (void)send, (void)now, (void)out;
    keep(ticket);
}

static void fake_check(dv_backend *v, uint64_t ticket, const dv_status_request *check, dv_time now,
                       const dv_chain_out *out)
{
    (void)v, (void)check, (void)now, (void)out;
    keep(ticket);
}

static int64_t fake_tick(dv_backend *v, dv_time now, const dv_chain_out *out)
{
    (void)v, (void)now;
    if (backend->due.type != 0) out->answer(out->context, backend->due_ticket, &backend->due);
    backend->due.type = 0;
    return backend->next_ns;
}

static dv_err fake_start(dv_backend *v, dv_time now, char ret_why[DV_REASON_MAX])
{
    (void)v, (void)now;
    if (backend->start_error != DV_OK) snprintf(ret_why, DV_REASON_MAX, "the disk is away");
    return backend->start_error;
}

static dv_health fake_health(const dv_backend *v)
{
    (void)v;
    return backend->health;
}

static void fake_destroy(dv_backend **v)
{
    destroyed = true;
    free(*v);
    *v = NULL;
}

static uint32_t fake_watch(dv_backend *v, dv_watch ret_watches[DV_WATCH_MAX])
{
    (void)v;
    ret_watches[0] = (dv_watch){.fd = 42, .readable = true};
    return 1;
}

/* What comes in from outside may be an answer. */
static void fake_ready(dv_backend *v, dv_watch watch, dv_time now, const dv_chain_out *out)
{
    ck_assert_int_eq(watch.fd, 42);
    (void)fake_tick(v, now, out);
}

static void fake_traded(dv_backend *v, const dv_id *order_id)
{
    (void)v;
    backend->traded[backend->traded_count++] = *order_id;
}

static dv_backend_class fake_class;

static void set_up(void)
{
    fake_class = (dv_backend_class){.name = "solana",
                                    .start = fake_start,
                                    .build = fake_build,
                                    .send = fake_send,
                                    .check = fake_check,
                                    .tick = fake_tick,
                                    .health = fake_health,
                                    .destroy = fake_destroy};
    backend = calloc(1, sizeof *backend);
    backend->base.class = &fake_class;
    backend->next_ns = DV_NEVER;
    dv_backend *given = &backend->base;
    s = stage_new(&DV_CHAIN_CLASS, dv_chain_new(DV_CHAIN_solana, 1u << DV_DEX_meteora, &given));
    ck_assert_ptr_null(given);
}

static void tear_down(void)
{
    stage_destroy(s);
    ck_assert(destroyed);
}

static dv_id order(uint32_t number)
{
    dv_id id = {{0x01}};
    memcpy(&id.bytes[12], &number, sizeof number);
    return id;
}

static void check_request(const char *peer, uint32_t number)
{
    stage_receive(s, PORT, peer,
                  (dv_message){.type = DV_MSG_status_request,
                               .status_request = {.order_id = order(number), .attempt = 1}});
}

static void send_request(const char *peer, uint32_t number, const char *signature)
{
    stage_receive(s, PORT, peer,
                  (dv_message){.type = DV_MSG_send_request,
                               .send_request = {.order_id = order(number),
                                                .attempt = 1,
                                                .signature = dv_text_of(signature)}});
}

static void answer_status(uint64_t ticket, uint32_t number, dv_swap_outcome outcome)
{
    backend->due = (dv_message){
        .type = DV_MSG_status_reply,
        .status_reply = {
            .order_id = order(number), .attempt = 1, .outcome = outcome, .amount_out = 123}};
    backend->due_ticket = ticket;
    stage_tick(s);
}

static void check_went_to(const stage_sent *sent, const char *peer)
{
    dv_peer expected = stage_peer(peer);
    ck_assert_uint_eq(sent->port, PORT);
    ck_assert_uint_eq(sent->to.size, expected.size);
    ck_assert_mem_eq(sent->to.bytes, expected.bytes, expected.size);
}

/* ---- who is answered ---- */

START_TEST(an_answer_goes_to_the_peer_that_asked_whatever_the_order)
{
    check_request("execution-a", 1);
    check_request("execution-b", 1);
    ck_assert_uint_eq(s->sent_count, 0);
    ck_assert_uint_ne(backend->tickets[0], backend->tickets[1]);
    answer_status(backend->tickets[1], 1, DV_SWAP_FINALIZED);
    const stage_sent *sent = stage_expect(s, DV_MSG_status_reply);
    check_went_to(sent, "execution-b");
    ck_assert_uint_eq(sent->message.status_reply.amount_out, 123);
    answer_status(backend->tickets[0], 1, DV_SWAP_FINALIZED);
    check_went_to(stage_expect(s, DV_MSG_status_reply), "execution-a");
}
END_TEST

START_TEST(an_answer_given_within_the_call_is_sent)
{
    stage_receive(s, PORT, "execution",
                  (dv_message){.type = DV_MSG_build_request,
                               .build_request = {.order_id = order(9), .attempt = 2}});
    const stage_sent *sent = stage_expect(s, DV_MSG_build_reply);
    check_went_to(sent, "execution");
    ck_assert_uint_eq(sent->message.build_reply.last_valid_block_height, 77);
    ck_assert_uint_eq(sent->message.build_reply.attempt, 2);
}
END_TEST

START_TEST(a_request_is_answered_once)
{
    check_request("execution", 1);
    answer_status(backend->tickets[0], 1, DV_SWAP_FINALIZED);
    answer_status(backend->tickets[0], 1, DV_SWAP_FINALIZED);
    answer_status(backend->tickets[0] + 1000, 1, DV_SWAP_FINALIZED);
    ck_assert_uint_eq(s->sent_count, 1);
}
END_TEST

START_TEST(a_send_repeated_shares_its_ticket_and_the_last_sender_is_told)
{
    send_request("execution-a", 1, "sigA");
    send_request("execution-b", 1, "sigA");
    send_request("execution-a", 2, "sigAB");
    ck_assert_uint_eq(backend->tickets[0], backend->tickets[1]);
    ck_assert_uint_ne(backend->tickets[0], backend->tickets[2]);
    answer_status(backend->tickets[0], 1, DV_SWAP_FINALIZED);
    check_went_to(stage_expect(s, DV_MSG_status_reply), "execution-b");
    answer_status(backend->tickets[2], 2, DV_SWAP_FAILED);
    check_went_to(stage_expect(s, DV_MSG_status_reply), "execution-a");
    send_request("execution-a", 1, "sigA"); /* answered before: a request of its own */
    answer_status(backend->tickets[3], 1, DV_SWAP_FINALIZED);
    check_went_to(stage_expect(s, DV_MSG_status_reply), "execution-a");
}
END_TEST

START_TEST(a_check_is_answered_beside_a_send_of_the_same_transaction)
{
    send_request("execution", 1, "sig");
    stage_receive(s, PORT, "other",
                  (dv_message){.type = DV_MSG_status_request,
                               .status_request = {.order_id = order(1),
                                                  .attempt = 1,
                                                  .signature = dv_text_of("sig")}});
    answer_status(backend->tickets[1], 1, DV_SWAP_UNKNOWN);
    check_went_to(stage_expect(s, DV_MSG_status_reply), "other");
    answer_status(backend->tickets[0], 1, DV_SWAP_FINALIZED);
    check_went_to(stage_expect(s, DV_MSG_status_reply), "execution");
}
END_TEST

/* ---- limits ---- */

static void fill_up(void)
{
    dv_peer peer = stage_peer("execution");
    for (uint32_t i = 0; i < TICKETS; i++) {
        dv_envelope e = {.port = PORT, .peer = peer, .message = {.type = DV_MSG_status_request}};
        e.message.status_request = (dv_status_request){.order_id = order(i), .attempt = 1};
        DV_CHAIN_CLASS.handlers[DV_MSG_status_request](s->self, &e, s->now, s->outbox);
    }
    ck_assert_uint_eq(backend->count, TICKETS);
}

START_TEST(a_full_table_refuses_every_kind_of_request_with_an_error)
{
    fill_up();
    check_request("execution", 1);
    const dv_status_reply *status = &stage_expect(s, DV_MSG_status_reply)->message.status_reply;
    ck_assert_uint_eq(status->error, DV_ENGINE_FULL);
    stage_receive(s, PORT, "execution",
                  (dv_message){.type = DV_MSG_build_request,
                               .build_request = {.order_id = order(1), .attempt = 1}});
    ck_assert_uint_eq(stage_expect(s, DV_MSG_build_reply)->message.build_reply.error,
                      DV_ENGINE_FULL);
    send_request("execution", 1, "sig");
    status = &stage_expect(s, DV_MSG_status_reply)->message.status_reply;
    ck_assert_uint_eq(status->outcome, DV_SWAP_UNKNOWN);
    ck_assert_uint_eq(status->error, DV_ENGINE_FULL);
    ck_assert(dv_text_is(status->signature, "sig"));
    stage_receive(s, PORT, "execution",
                  (dv_message){.type = DV_MSG_status_request,
                               .status_request = {.order_id = order(1), .attempt = 1}});
    status = &stage_expect(s, DV_MSG_status_reply)->message.status_reply;
    ck_assert_uint_eq(status->outcome, DV_SWAP_UNKNOWN);
    ck_assert_uint_eq(backend->count, TICKETS);
    answer_status(backend->tickets[5], 5, DV_SWAP_FINALIZED); /* makes room for one */
    check_request("execution", 1);
    ck_assert_uint_eq(backend->count, TICKETS + 1);
}
END_TEST

START_TEST(a_request_that_is_never_answered_is_forgotten_in_time)
{
    fill_up();
    send_request("execution", 1, "sig");
    stage_expect(s, DV_MSG_status_reply);
    ck_assert_int_eq(stage_tick(s), s->now.mono_ns + FORGET_MS * DV_NS_PER_MS);
    stage_pass_ms(s, FORGET_MS);
    ck_assert_int_eq(stage_tick(s), DV_NEVER);
    backend->count = 0;
    send_request("execution", 1, "sig");
    ck_assert_uint_eq(backend->count, 1);
    stage_pass_ms(s, FORGET_MS - 1);
    send_request("execution", 1, "sig"); /* asked again: not forgotten yet */
    stage_pass_ms(s, FORGET_MS - 1);
    answer_status(backend->tickets[0], 1, DV_SWAP_FINALIZED);
    stage_expect(s, DV_MSG_status_reply);
}
END_TEST

/* ---- its backend ---- */

START_TEST(a_backend_that_cannot_start_fails_the_actors_start_with_its_reason)
{
    char why[DV_REASON_MAX] = "";
    backend->start_error = DV_START_FAILED;
    ck_assert_int_eq(DV_CHAIN_CLASS.start(s->self, s->now, s->outbox, why), DV_START_FAILED);
    ck_assert_str_eq(why, "the disk is away");
    backend->start_error = DV_OK;
    ck_assert_int_eq(DV_CHAIN_CLASS.start(s->self, s->now, s->outbox, why), DV_OK);
}
END_TEST

START_TEST(a_tick_passes_on_the_backends_deadline)
{
    backend->next_ns = s->now.mono_ns + 5;
    ck_assert_int_eq(stage_tick(s), s->now.mono_ns + 5);
    backend->next_ns = DV_NEVER;
    ck_assert_int_eq(stage_tick(s), DV_NEVER);
}
END_TEST

START_TEST(the_backends_descriptors_are_watched_and_may_bring_answers)
{
    dv_watch watches[DV_WATCH_MAX];
    ck_assert_uint_eq(DV_CHAIN_CLASS.watch(s->self, watches), 0);
    fake_class.watch = fake_watch;
    fake_class.ready = fake_ready;
    ck_assert_uint_eq(DV_CHAIN_CLASS.watch(s->self, watches), 1);
    check_request("execution-a", 1);
    backend->due_ticket = backend->tickets[0];
    backend->due = (dv_message){.type = DV_MSG_status_reply, .status_reply = {.attempt = 1}};
    DV_CHAIN_CLASS.ready(s->self, watches[0], s->now, s->outbox);
    ck_assert_uint_eq(dv_outbox_count(s->outbox), 1);
    dv_outbox_clear(s->outbox);
}
END_TEST

START_TEST(its_health_is_the_backends)
{
    ck_assert_int_eq(DV_CHAIN_CLASS.health(s->self).degraded, DV_OK);
    backend->health = (dv_health){.degraded = DV_VENUE_OUTCOME_UNKNOWN, .text = "why"};
    ck_assert_int_eq(DV_CHAIN_CLASS.health(s->self).degraded, DV_VENUE_OUTCOME_UNKNOWN);
    ck_assert_str_eq(DV_CHAIN_CLASS.health(s->self).text, "why");
    fake_class.health = NULL;
    ck_assert_int_eq(DV_CHAIN_CLASS.health(s->self).degraded, DV_OK);
}
END_TEST

/* The router of a backend that wants to know what it has confirmed. */
static void set_up_past(void)
{
    tear_down();
    fake_class.traded = fake_traded;
    backend = calloc(1, sizeof *backend);
    backend->base.class = &fake_class;
    backend->next_ns = DV_NEVER;
    dv_backend *given = &backend->base;
    s = stage_new(&DV_CHAIN_CLASS, dv_chain_new(DV_CHAIN_solana, 1u << DV_DEX_meteora, &given));
}

static uint64_t past_asked(void)
{
    const dv_message *asked = &stage_expect(s, DV_MSG_orders_request)->message;
    ck_assert_uint_eq(asked->orders_request.state, DV_STATE_confirmed);
    return asked->request_id;
}

static void tell_past(uint64_t request_id, uint32_t number, dv_state state, const char *dex)
{
    const dv_attempt attempts[] = {{.number = 1, .venue = dv_text_of("raydium")},
                                   {.number = 2, .venue = dv_text_of(dex)}};
    const dv_event events[] = {{.seq = 1, .state = DV_STATE_pending},
                               {.seq = 2, .state = state, .attempt = 2}};
    dv_message told = {.type = DV_MSG_order_item, .request_id = request_id, .order_item = {}};
    told.order_item.view = (dv_view){.terms = {.order_id = order(number)},
                                     .attempts = attempts,
                                     .attempts_count = 2,
                                     .events = events,
                                     .events_count = 2};
    stage_receive(s, PAST, "persistence", told);
}

static void tell_past_done(uint64_t request_id, uint32_t count, dv_err error)
{
    dv_query_reply done = {.count = count, .error = error};
    stage_receive(
        s, PAST, "persistence",
        (dv_message){.type = DV_MSG_query_reply, .request_id = request_id, .query_reply = done});
}

START_TEST(a_backend_that_wants_to_know_is_told_what_it_has_confirmed)
{
    set_up_past();
    stage_tick(s);
    uint64_t asked = past_asked();
    tell_past(asked, 1, DV_STATE_finalized, "meteora");
    tell_past(asked, 2, DV_STATE_finalized, "raydium");
    tell_past(asked, 3, DV_STATE_submitted, "meteora");
    tell_past(asked + 1, 4, DV_STATE_finalized, "meteora");
    tell_past_done(asked, 3, DV_OK);
    ck_assert_uint_eq(backend->traded_count, 1);
    dv_id first = order(1);
    ck_assert_mem_eq(&backend->traded[0], &first, sizeof first);
    stage_pass_ms(s, 60000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_orders_request), 0);
}
END_TEST

START_TEST(what_it_has_confirmed_is_asked_for_until_all_of_it_has_come)
{
    set_up_past();
    stage_tick(s);
    past_asked(); /* and no answer */
    stage_pass_ms(s, 10000);
    tell_past_done(past_asked(), 0, DV_STORE_AWAY);
    stage_pass_ms(s, 10000);
    uint64_t asked = past_asked();
    tell_past(asked, 1, DV_STATE_finalized, "meteora");
    tell_past_done(asked, 2, DV_OK); /* one was lost */
    stage_pass_ms(s, 10000);
    tell_past_done(past_asked(), 0, DV_OK);
    stage_pass_ms(s, 60000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_orders_request), 0);
}
END_TEST

/* ---- routers ---- */

static void fake_watch_cluster(dv_backend *b, const char *dex, const dv_watch_cluster *watch,
                               dv_time now, const dv_chain_out *out)
{
    (void)b, (void)watch, (void)now;
    out->publish(out->context, dex,
                 &(dv_message){.type = DV_MSG_pool_event, .pool_event = {.moved_x = 7}});
}

static void fake_read(dv_backend *b, uint64_t ticket, const dv_read_request *read, dv_time now,
                      const dv_chain_out *out)
{
    (void)b, (void)now;
    ck_assert(dv_text_is(read->method, "getSlot"));
    out->answer(out->context, ticket,
                &(dv_message){.type = DV_MSG_read_part, .read_part = {.bytes = {"ab", 2}}});
    out->answer(out->context, ticket,
                &(dv_message){.type = DV_MSG_read_reply, .read_reply = {.size = 2}});
    out->answer(out->context, ticket, &(dv_message){.type = DV_MSG_read_reply}); /* closed */
}

static void watch_cluster(const char *peer, const char *dex)
{
    stage_receive(
        s, MARKET, peer,
        (dv_message){.type = DV_MSG_watch_cluster, .watch_cluster = {.dex = dv_text_of(dex)}});
}

START_TEST(routers_are_told_of_their_dex_as_long_as_they_watch)
{
    fake_class.watch_cluster = fake_watch_cluster;
    watch_cluster("router:raydium@a", "raydium");
    stage_skip(s);
    watch_cluster("router:meteora@a", "meteora");
    const stage_sent *sent = stage_expect(s, DV_MSG_pool_event);
    ck_assert_uint_eq(sent->port, MARKET);
    dv_peer expected = stage_peer("router:meteora@a");
    ck_assert_mem_eq(sent->to.bytes, expected.bytes, expected.size);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_pool_event), 0);
    stage_pass_ms(s, 6000); /* meteora's router is silent from here on */
    watch_cluster("router:meteora@b", "meteora");
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_pool_event), 1);
}
END_TEST

START_TEST(a_read_is_answered_in_parts_under_its_own_number)
{
    fake_class.read = fake_read;
    stage_receive(s, MARKET, "router:raydium",
                  (dv_message){.type = DV_MSG_read_request,
                               .request_id = 77,
                               .read_request = {.method = dv_text_of("getSlot")}});
    const stage_sent *part = stage_expect(s, DV_MSG_read_part);
    ck_assert_uint_eq(part->message.request_id, 77);
    ck_assert_uint_eq(stage_expect(s, DV_MSG_read_reply)->message.request_id, 77);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_read_reply), 0);
}
END_TEST

START_TEST(a_backend_that_wants_to_know_nothing_has_nothing_asked_for)
{
    stage_tick(s);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_orders_request), 0);
}
END_TEST

START_TEST(a_chain_that_never_got_further_can_be_destroyed)
{
    void *nothing = NULL;
    DV_CHAIN_CLASS.destroy(&nothing);
    send_request("execution", 1, "sig"); /* with a request open: tear_down destroys it */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chain");
    TCase *tcase = tcase_create("chain");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, an_answer_goes_to_the_peer_that_asked_whatever_the_order);
    tcase_add_test(tcase, an_answer_given_within_the_call_is_sent);
    tcase_add_test(tcase, a_request_is_answered_once);
    tcase_add_test(tcase, a_send_repeated_shares_its_ticket_and_the_last_sender_is_told);
    tcase_add_test(tcase, a_check_is_answered_beside_a_send_of_the_same_transaction);
    tcase_add_test(tcase, a_full_table_refuses_every_kind_of_request_with_an_error);
    tcase_add_test(tcase, a_request_that_is_never_answered_is_forgotten_in_time);
    tcase_add_test(tcase, a_backend_that_cannot_start_fails_the_actors_start_with_its_reason);
    tcase_add_test(tcase, a_tick_passes_on_the_backends_deadline);
    tcase_add_test(tcase, the_backends_descriptors_are_watched_and_may_bring_answers);
    tcase_add_test(tcase, its_health_is_the_backends);
    tcase_add_test(tcase, a_backend_that_wants_to_know_is_told_what_it_has_confirmed);
    tcase_add_test(tcase, what_it_has_confirmed_is_asked_for_until_all_of_it_has_come);
    tcase_add_test(tcase, a_backend_that_wants_to_know_nothing_has_nothing_asked_for);
    tcase_add_test(tcase, routers_are_told_of_their_dex_as_long_as_they_watch);
    tcase_add_test(tcase, a_read_is_answered_in_parts_under_its_own_number);
    tcase_add_test(tcase, a_chain_that_never_got_further_can_be_destroyed);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
