#include "actors/execution/ownership.h"

#include <check.h>

#include "actors/topology.h"
#include "tests/support/stage.h"
#include "tests/support/suite.h"

/* Ownership on a stage of its own: an actor of nothing else. */
typedef struct only {
    dv_ownership ownership;
    dv_id had; /* the one order in hand; nil: none */
} only;

static dv_execution_config config;
static stage *s;
static only *it;

static bool has(void *context, const dv_id *order_id, uint64_t epoch)
{
    const only *self = context;
    return dv_id_equal(&self->had, order_id) && epoch <= 1;
}

static void on_told(void *self, const dv_envelope *e, dv_time now, dv_outbox *outbox)
{
    (void)outbox;
    dv_ownership_told(&((only *)self)->ownership, &e->message.lease_reply, now);
}

static void on_done(void *self, const dv_envelope *e, dv_time now, dv_outbox *outbox)
{
    (void)outbox;
    dv_ownership_claim_done(&((only *)self)->ownership, &e->message.claim_reply, now);
}

static void on_owned(void *self, const dv_envelope *e, dv_time now, dv_outbox *outbox)
{
    only *o = self;
    dv_ownership_owned(&o->ownership, &e->message.owned_reply, has, o, now, outbox);
}

static int64_t tick(void *self, dv_time now, dv_outbox *outbox)
{
    return dv_ownership_tick(&((only *)self)->ownership, now, outbox);
}

static void destroy(void **self)
{
    free(*self);
    *self = NULL;
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {[DV_MSG_lease_reply] = on_told,
                                                   [DV_MSG_claim_reply] = on_done,
                                                   [DV_MSG_owned_reply] = on_owned};
static const dv_actor_class CLASS = {
    .name = "only", .handlers = HANDLERS, .tick = tick, .destroy = destroy};

#define WRITE DV_PORT(DV_LINK_write, 0)

static void setup(void)
{
    config = (dv_execution_config){.lease_ms = 5000, .sweep_ms = 2000, .overdue_ms = 60000};
    it = calloc(1, sizeof *it);
    dv_ownership_init(&it->ownership, &config, "execution@a", 0x5f3a9c21);
    s = stage_new(&CLASS, it);
}

static void teardown(void)
{
    stage_destroy(s);
}

static void tell(dv_err error, bool orphans)
{
    stage_receive(s, WRITE, "",
                  (dv_message){.type = DV_MSG_lease_reply,
                               .lease_reply = {.owner = dv_text_of("execution@a/5f3a9c21"),
                                               .error = error,
                                               .orphans = orphans}});
}

static void claim_reply(uint32_t count, dv_err error)
{
    stage_receive(
        s, WRITE, "",
        (dv_message){.type = DV_MSG_claim_reply, .claim_reply = {.count = count, .error = error}});
}

static void owned(const dv_owned *orders, uint32_t count, dv_err error)
{
    stage_receive(
        s, WRITE, "",
        (dv_message){.type = DV_MSG_owned_reply,
                     .owned_reply = {.orders = orders, .orders_count = count, .error = error}});
}

static bool accepts(void)
{
    return dv_ownership_accepts(&it->ownership, s->now);
}

START_TEST(takes_orders_only_once_its_beat_was_answered)
{
    stage_tick(s);
    const dv_lease_request *beat = &stage_expect(s, DV_MSG_lease_request)->message.lease_request;
    ck_assert(dv_text_is(beat->owner, "execution@a/5f3a9c21"));
    ck_assert(dv_text_is(beat->name, "execution@a"));
    ck_assert_uint_eq(beat->lease_ms, 5000);
    ck_assert(!accepts());
    tell(DV_STORE_AWAY, false);
    ck_assert(!accepts());
    tell(DV_OK, false);
    ck_assert(accepts());
}
END_TEST

START_TEST(takes_no_orders_once_its_beats_go_unanswered_for_a_lease)
{
    stage_tick(s);
    tell(DV_OK, false);
    stage_pass_ms(s, 4999);
    ck_assert(accepts());
    stage_pass_ms(s, 1);
    ck_assert(!accepts());
    tell(DV_OK, false);
    ck_assert(accepts());
}
END_TEST

START_TEST(beats_five_times_a_lease)
{
    for (int i = 0; i < 10; i++) {
        stage_pass_ms(s, 1000);
        ck_assert_uint_eq(stage_waiting(s, DV_MSG_lease_request), 1);
        stage_skip(s);
    }
}
END_TEST

START_TEST(beats_as_soon_as_a_lease_may_end)
{
    stage_tick(s);
    stage_skip(s);
    stage_receive(s, WRITE, "",
                  (dv_message){.type = DV_MSG_lease_reply,
                               .lease_reply = {.owner = dv_text_of("execution@a/5f3a9c21"),
                                               .orphans_in_ms = 300}});
    stage_pass_ms(s, 299);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_lease_request), 0);
    stage_pass_ms(s, 1);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_lease_request), 1);
}
END_TEST

START_TEST(claims_orphans_page_by_page_until_none_are_left)
{
    stage_tick(s);
    tell(DV_OK, true);
    for (uint32_t page = 0; page < 3; page++) {
        stage_tick(s);
        const dv_claim_request *claim =
            &stage_expect(s, DV_MSG_claim_request)->message.claim_request;
        ck_assert_uint_eq(claim->orders_count, 0);
        ck_assert_uint_gt(claim->limit, 0);
        claim_reply(page < 2 ? (uint32_t)claim->limit : 0, DV_OK);
    }
    stage_tick(s);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_claim_request), 0);
}
END_TEST

START_TEST(claims_again_after_a_claim_that_failed_or_went_unanswered)
{
    stage_tick(s);
    tell(DV_OK, true);
    stage_tick(s);
    stage_expect(s, DV_MSG_claim_request);
    if (_i == 0) claim_reply(0, DV_STORE_AWAY);
    stage_pass_ms(s, 1000);
    stage_expect(s, DV_MSG_claim_request);
}
END_TEST

START_TEST(claims_nothing_while_it_is_not_sure_to_live)
{
    stage_tick(s);
    tell(DV_OK, true);
    stage_pass_ms(s, 5000);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_claim_request), 0);
}
END_TEST

START_TEST(claims_its_own_orders_that_it_lost_sight_of)
{
    stage_tick(s);
    tell(DV_OK, false);
    stage_tick(s);
    ck_assert_uint_gt(stage_expect(s, DV_MSG_owned_request)->message.owned_request.older_ms, 0);
    it->had = (dv_id){{1}};
    const dv_owned orders[] = {{.order_id = {{1}}, .epoch = 1},
                               {.order_id = {{2}}, .epoch = 1},
                               {.order_id = {{3}}, .epoch = 4}};
    owned(orders, 3, DV_OK);
    const dv_claim_request *claim = &stage_expect(s, DV_MSG_claim_request)->message.claim_request;
    ck_assert_uint_eq(claim->orders_count, 2);
    ck_assert_uint_eq(claim->orders[0].order_id.bytes[0], 2);
    ck_assert_uint_eq(claim->orders[1].order_id.bytes[0], 3);
}
END_TEST

START_TEST(sweeps_page_by_page_and_then_pauses)
{
    static dv_owned page[DV_SWEEP_MAX];
    for (int i = 0; i < DV_SWEEP_MAX; i++) page[i].order_id.bytes[1] = (uint8_t)(i % 250);
    page[DV_SWEEP_MAX - 1].order_id.bytes[0] = 9;
    stage_tick(s);
    tell(DV_OK, false);
    stage_tick(s);
    stage_skip(s);
    owned(page, DV_SWEEP_MAX, DV_OK);
    stage_tick(s);
    const dv_owned_request *next = &stage_expect(s, DV_MSG_owned_request)->message.owned_request;
    ck_assert_uint_eq(next->after.bytes[0], 9);
    owned(NULL, 0, DV_OK);
    stage_pass_ms(s, 1999);
    ck_assert_uint_eq(stage_waiting(s, DV_MSG_owned_request), 0);
    stage_pass_ms(s, 1);
    ck_assert(dv_id_is_nil(&stage_expect(s, DV_MSG_owned_request)->message.owned_request.after));
}
END_TEST

START_TEST(counts_orders_without_a_step_for_too_long)
{
    uint64_t now_us = (uint64_t)s->now.wall_us;
    const dv_owned orders[] = {{.order_id = {{1}}, .since_us = now_us - 60000000},
                               {.order_id = {{2}}, .since_us = now_us - 59999999}};
    stage_tick(s);
    tell(DV_OK, false);
    owned(orders, 2, DV_OK);
    ck_assert_uint_eq(it->ownership.overdue, 1);
    stage_pass_ms(s, 2000);
    owned(NULL, 0, DV_OK);
    ck_assert_uint_eq(it->ownership.overdue, 0);
}
END_TEST

START_TEST(only_beats_while_superseded_and_joins_again_when_told_that_it_lives)
{
    stage_tick(s);
    tell(DV_OK, true);
    tell(DV_STORE_STALE, false);
    stage_skip(s);
    for (int times = 0; times < 20; times++) {
        ck_assert_int_eq(it->ownership.standing, DV_STANDING_SUPERSEDED);
        stage_pass_ms(s, 1000);
        ck_assert_uint_eq(s->sent_count - s->read, 1);
        stage_expect(s, DV_MSG_lease_request);
        ck_assert(!accepts());
        tell(DV_STORE_STALE, false);
    }
    tell(DV_OK, false);
    ck_assert(accepts());
    stage_tick(s);
    stage_expect(s, DV_MSG_owned_request); /* what it forgot and nobody claimed */
}
END_TEST

START_TEST(leaves_when_told_so_or_when_nobody_answers)
{
    stage_tick(s);
    tell(DV_OK, false);
    dv_ownership_leave(&it->ownership, s->now, s->outbox);
    stage_collect(s);
    ck_assert(!accepts());
    if (_i == 0)
        tell(DV_OK, true);
    else
        stage_pass_ms(s, 2000);
    ck_assert_int_eq(it->ownership.standing, DV_STANDING_GONE);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("ownership");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, takes_orders_only_once_its_beat_was_answered);
    tcase_add_test(tcase, takes_no_orders_once_its_beats_go_unanswered_for_a_lease);
    tcase_add_test(tcase, beats_five_times_a_lease);
    tcase_add_test(tcase, beats_as_soon_as_a_lease_may_end);
    tcase_add_test(tcase, claims_orphans_page_by_page_until_none_are_left);
    tcase_add_loop_test(tcase, claims_again_after_a_claim_that_failed_or_went_unanswered, 0, 2);
    tcase_add_test(tcase, claims_nothing_while_it_is_not_sure_to_live);
    tcase_add_test(tcase, claims_its_own_orders_that_it_lost_sight_of);
    tcase_add_test(tcase, sweeps_page_by_page_and_then_pauses);
    tcase_add_test(tcase, counts_orders_without_a_step_for_too_long);
    tcase_add_test(tcase, only_beats_while_superseded_and_joins_again_when_told_that_it_lives);
    tcase_add_loop_test(tcase, leaves_when_told_so_or_when_nobody_answers, 0, 2);
    Suite *suite = suite_create("ownership");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
