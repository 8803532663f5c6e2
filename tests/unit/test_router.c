#include "actors/router/router.h"
#include "proto/roles.h"
#include "tests/support/stage.h"
#include "tests/support/suite.h"

#define PORT DV_PORT(DV_LINK_quote, 1)
#define MARKET DV_PORT(DV_LINK_market, DV_CHAIN_solana)
#define TICKETS 200000
#define FORGET_MS 120000

/* A venue that keeps the tickets it was given, and answers when the test says so. */
typedef struct fake {
    dv_venue base;
    uint64_t tickets[TICKETS + 10];
    size_t count;
    dv_message due; /* what the next tick answers, to `due_ticket` */
    uint64_t due_ticket;
    int64_t next_ns;
    dv_err start_error;
    dv_health health;
    dv_message_type heard; /* last */
} fake;

static fake *venue;
static stage *s;
static bool destroyed;

static void keep(uint64_t ticket)
{
    ck_assert_uint_lt(venue->count, TICKETS + 10);
    venue->tickets[venue->count++] = ticket;
}

static void fake_quote(dv_venue *v, uint64_t ticket, const dv_quote_request *ask, dv_time now,
                       const dv_venue_out *out)
{
    (void)v, (void)ask, (void)now, (void)out;
    keep(ticket);
}

/* A leg is there at once. */
static void fake_leg(dv_venue *v, uint64_t ticket, const dv_leg_request *ask, dv_time now,
                     const dv_venue_out *out)
{
    (void)v, (void)now;
    keep(ticket);
    dv_message message = {.type = DV_MSG_leg_reply,
                          .leg_reply = {.order_id = ask->order_id,
                                        .attempt = ask->attempt,
                                        .leg = {.spare_accounts = 2}}};
    out->answer(out->context, ticket, &message);
}

static void fake_hear(dv_venue *v, const dv_message *message, dv_time now, const dv_venue_out *out)
{
    (void)v, (void)now;
    venue->heard = message->type;
    out->ask(out->context, &(dv_message){.type = DV_MSG_read_request,
                                         .request_id = 5,
                                         .read_request = {.method = dv_text_of("getSlot")}});
}

static int64_t fake_tick(dv_venue *v, dv_time now, const dv_venue_out *out)
{
    (void)v, (void)now;
    if (venue->due.type != 0) out->answer(out->context, venue->due_ticket, &venue->due);
    venue->due.type = 0;
    return venue->next_ns;
}

static dv_err fake_start(dv_venue *v, dv_time now, char ret_why[DV_REASON_MAX])
{
    (void)v, (void)now;
    if (venue->start_error != DV_OK) snprintf(ret_why, DV_REASON_MAX, "the disk is away");
    return venue->start_error;
}

static dv_health fake_health(const dv_venue *v)
{
    (void)v;
    return venue->health;
}

static void fake_destroy(dv_venue **v)
{
    destroyed = true;
    free(*v);
    *v = NULL;
}

static uint32_t fake_watch(dv_venue *v, dv_watch ret_watches[DV_WATCH_MAX])
{
    (void)v;
    ret_watches[0] = (dv_watch){.fd = 42, .readable = true};
    return 1;
}

/* What comes in from outside may be an answer. */
static void fake_ready(dv_venue *v, dv_watch watch, dv_time now, const dv_venue_out *out)
{
    ck_assert_int_eq(watch.fd, 42);
    (void)fake_tick(v, now, out);
}

static dv_venue_class fake_class;

static void set_up(void)
{
    fake_class = (dv_venue_class){.dex = "meteora",
                                  .start = fake_start,
                                  .quote = fake_quote,
                                  .leg = fake_leg,
                                  .hear = fake_hear,
                                  .tick = fake_tick,
                                  .health = fake_health,
                                  .destroy = fake_destroy};
    venue = calloc(1, sizeof *venue);
    venue->base.class = &fake_class;
    venue->next_ns = DV_NEVER;
    dv_venue *given = &venue->base;
    s = stage_new(&DV_ROUTER_CLASS, dv_router_new(DV_CHAIN_solana, &given));
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

static void quote_request(const char *peer, uint32_t number)
{
    stage_receive(s, PORT, peer,
                  (dv_message){.type = DV_MSG_quote_request,
                               .quote_request = {.order_id = order(number), .attempt = 1}});
}

static void answer_quote(uint64_t ticket, uint32_t number)
{
    venue->due = (dv_message){
        .type = DV_MSG_quote_reply,
        .quote_reply = {.order_id = order(number), .attempt = 1, .quote = {.amount_out = 123}}};
    venue->due_ticket = ticket;
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
    quote_request("execution-a", 1);
    quote_request("execution-b", 1);
    ck_assert_uint_eq(s->sent_count, 0);
    ck_assert_uint_ne(venue->tickets[0], venue->tickets[1]);
    answer_quote(venue->tickets[1], 1);
    const stage_sent *sent = stage_expect(s, DV_MSG_quote_reply);
    check_went_to(sent, "execution-b");
    ck_assert_uint_eq(sent->message.quote_reply.quote.amount_out, 123);
    answer_quote(venue->tickets[0], 1);
    check_went_to(stage_expect(s, DV_MSG_quote_reply), "execution-a");
}
END_TEST

START_TEST(an_answer_given_within_the_call_is_sent)
{
    stage_receive(s, PORT, "execution",
                  (dv_message){.type = DV_MSG_leg_request,
                               .leg_request = {.order_id = order(9), .attempt = 2}});
    const stage_sent *sent = stage_expect(s, DV_MSG_leg_reply);
    check_went_to(sent, "execution");
    ck_assert_uint_eq(sent->message.leg_reply.leg.spare_accounts, 2);
    ck_assert_uint_eq(sent->message.leg_reply.attempt, 2);
}
END_TEST

START_TEST(a_request_is_answered_once)
{
    quote_request("execution", 1);
    answer_quote(venue->tickets[0], 1);
    answer_quote(venue->tickets[0], 1);
    answer_quote(venue->tickets[0] + 1000, 1);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_quote_reply), 1);
}
END_TEST

/* ---- limits ---- */

static void fill_up(void)
{
    dv_peer peer = stage_peer("execution");
    for (uint32_t i = 0; i < TICKETS; i++) {
        dv_envelope e = {.port = PORT, .peer = peer, .message = {.type = DV_MSG_quote_request}};
        e.message.quote_request = (dv_quote_request){.order_id = order(i), .attempt = 1};
        DV_ROUTER_CLASS.handlers[DV_MSG_quote_request](s->self, &e, s->now, s->outbox);
    }
    ck_assert_uint_eq(venue->count, TICKETS);
}

START_TEST(a_full_table_refuses_every_kind_of_request_with_an_error)
{
    fill_up();
    quote_request("execution", 1);
    const dv_quote_reply *told = &stage_expect(s, DV_MSG_quote_reply)->message.quote_reply;
    ck_assert_uint_ne(told->quote.error, DV_OK);
    ck_assert(dv_text_is(told->quote.venue, "meteora"));
    stage_receive(s, PORT, "execution",
                  (dv_message){.type = DV_MSG_leg_request,
                               .leg_request = {.order_id = order(1), .attempt = 1}});
    ck_assert_uint_eq(stage_expect(s, DV_MSG_leg_reply)->message.leg_reply.error, DV_ENGINE_FULL);
    ck_assert_uint_eq(venue->count, TICKETS);
    answer_quote(venue->tickets[5], 5); /* makes room for one */
    quote_request("execution", 1);
    ck_assert_uint_eq(venue->count, TICKETS + 1);
}
END_TEST

START_TEST(a_request_that_is_never_answered_is_forgotten_in_time)
{
    fill_up();
    stage_pass_ms(s, FORGET_MS - 1);
    quote_request("execution", 1);
    ck_assert_uint_ne(stage_expect(s, DV_MSG_quote_reply)->message.quote_reply.quote.error, DV_OK);
    stage_pass_ms(s, 1);
    quote_request("execution", 1);
    ck_assert_uint_eq(venue->count, TICKETS + 1);
}
END_TEST

/* ---- its chain ---- */

START_TEST(it_tells_its_chain_each_second_that_it_watches)
{
    stage_tick(s);
    const stage_sent *sent = stage_expect(s, DV_MSG_watch_cluster);
    ck_assert_uint_eq(sent->port, MARKET);
    ck_assert(dv_text_is(sent->message.watch_cluster.dex, "meteora"));
    stage_pass_ms(s, 999);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_watch_cluster), 0);
    stage_pass_ms(s, 1);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_watch_cluster), 1);
}
END_TEST

START_TEST(its_venue_hears_the_chain_and_may_ask_it)
{
    stage_receive(s, MARKET, "", (dv_message){.type = DV_MSG_cluster_event});
    ck_assert_uint_eq(venue->heard, DV_MSG_cluster_event);
    const stage_sent *sent = stage_expect(s, DV_MSG_read_request);
    ck_assert_uint_eq(sent->port, MARKET);
    ck_assert_uint_eq(sent->message.request_id, 5);
}
END_TEST

/* ---- its venue ---- */

START_TEST(a_venue_that_cannot_start_fails_the_actors_start_with_its_reason)
{
    char why[DV_REASON_MAX] = "";
    venue->start_error = DV_START_FAILED;
    ck_assert_int_eq(DV_ROUTER_CLASS.start(s->self, s->now, s->outbox, why), DV_START_FAILED);
    ck_assert_str_eq(why, "the disk is away");
    venue->start_error = DV_OK;
    ck_assert_int_eq(DV_ROUTER_CLASS.start(s->self, s->now, s->outbox, why), DV_OK);
}
END_TEST

START_TEST(a_tick_passes_on_the_venues_deadline)
{
    venue->next_ns = s->now.mono_ns + 5;
    ck_assert_int_eq(stage_tick(s), s->now.mono_ns + 5);
    venue->next_ns = DV_NEVER;
    ck_assert_int_eq(stage_tick(s), s->now.mono_ns + DV_NS_PER_S); /* it watches its chain */
}
END_TEST

START_TEST(the_venues_descriptors_are_watched_and_may_bring_answers)
{
    dv_watch watches[DV_WATCH_MAX];
    ck_assert_uint_eq(DV_ROUTER_CLASS.watch(s->self, watches), 0);
    fake_class.watch = fake_watch;
    fake_class.ready = fake_ready;
    ck_assert_uint_eq(DV_ROUTER_CLASS.watch(s->self, watches), 1);
    quote_request("execution-a", 1);
    venue->due_ticket = venue->tickets[0];
    venue->due = (dv_message){.type = DV_MSG_quote_reply, .quote_reply = {.attempt = 1}};
    DV_ROUTER_CLASS.ready(s->self, watches[0], s->now, s->outbox);
    ck_assert_uint_eq(dv_outbox_count(s->outbox), 1);
    dv_outbox_clear(s->outbox);
}
END_TEST

START_TEST(its_health_is_the_venues)
{
    ck_assert_int_eq(DV_ROUTER_CLASS.health(s->self).degraded, DV_OK);
    venue->health = (dv_health){.degraded = DV_VENUE_OUTCOME_UNKNOWN, .text = "why"};
    ck_assert_int_eq(DV_ROUTER_CLASS.health(s->self).degraded, DV_VENUE_OUTCOME_UNKNOWN);
    ck_assert_str_eq(DV_ROUTER_CLASS.health(s->self).text, "why");
    fake_class.health = NULL;
    ck_assert_int_eq(DV_ROUTER_CLASS.health(s->self).degraded, DV_OK);
}
END_TEST

START_TEST(a_router_that_never_got_further_can_be_destroyed)
{
    void *nothing = NULL;
    DV_ROUTER_CLASS.destroy(&nothing);
    quote_request("execution", 1); /* with a request open: tear_down destroys it */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router");
    TCase *tcase = tcase_create("router");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, an_answer_goes_to_the_peer_that_asked_whatever_the_order);
    tcase_add_test(tcase, an_answer_given_within_the_call_is_sent);
    tcase_add_test(tcase, a_request_is_answered_once);
    tcase_add_test(tcase, a_full_table_refuses_every_kind_of_request_with_an_error);
    tcase_add_test(tcase, a_request_that_is_never_answered_is_forgotten_in_time);
    tcase_add_test(tcase, it_tells_its_chain_each_second_that_it_watches);
    tcase_add_test(tcase, its_venue_hears_the_chain_and_may_ask_it);
    tcase_add_test(tcase, a_venue_that_cannot_start_fails_the_actors_start_with_its_reason);
    tcase_add_test(tcase, a_tick_passes_on_the_venues_deadline);
    tcase_add_test(tcase, the_venues_descriptors_are_watched_and_may_bring_answers);
    tcase_add_test(tcase, its_health_is_the_venues);
    tcase_add_test(tcase, a_router_that_never_got_further_can_be_destroyed);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
