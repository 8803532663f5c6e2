/* Readiness, from the beats of the cluster's actors. */
#include <stdlib.h>
#include <string.h>

#include "gateway/calls/roster.h"
#include "tests/support/suite.h"

#define SIGNER dv_role_of("signer")

static dv_roster *roster;
static dv_time now;
static dv_readiness *r;

static void setup(void)
{
    now = (dv_time){.mono_ns = 1000 * DV_NS_PER_S, .wall_us = 1700000000000000};
    r = NULL;
}

static void teardown(void)
{
    free(r);
    dv_roster_destroy(&roster);
}

static void beat(const char *actor, dv_err degraded, const char *text)
{
    dv_beat_event event = {.actor = dv_text_of(actor),
                           .pid = 1,
                           .degraded = (uint64_t)degraded,
                           .text = dv_text_of(text),
                           .turns = 5,
                           .messages_in = 6,
                           .messages_out = 7,
                           .busy_us = 8,
                           .idle_us = 9};
    dv_roster_beat(roster, &event, now);
}

/* Every role that each cluster needs is well. */
static void all_beat(void)
{
    for (uint32_t i = 0; i < dv_role_count(); i++)
        if (dv_role_at(i)->need == DV_NEED_ALWAYS) beat(dv_role_at(i)->name, DV_OK, "");
}

static void judge(void)
{
    free(r);
    r = dv_roster_judge(roster, now);
}

static const dv_instance *shown(const char *name)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (strcmp(r->others[i].name, name) == 0) return &r->others[i];
    return NULL;
}

START_TEST(it_is_ready_once_every_needed_role_is_well)
{
    roster = dv_roster_new("gateway", 0);
    judge();
    ck_assert(!r->ready);
    ck_assert_ptr_nonnull(shown("ingest"));
    ck_assert(!shown("ingest")->heard);
    all_beat();
    judge();
    ck_assert(r->ready);
    ck_assert_ptr_null(shown("signer"));
}
END_TEST

START_TEST(a_signer_that_the_cluster_has_is_missed)
{
    roster = dv_roster_new("gateway", SIGNER);
    all_beat();
    judge();
    ck_assert(!r->ready);
    ck_assert_ptr_nonnull(shown("signer"));
    beat("signer@k", DV_OK, "");
    judge();
    ck_assert(r->ready);
    now.mono_ns += 4 * DV_NS_PER_S;
    all_beat();
    judge();
    ck_assert(!r->ready);
    ck_assert(shown("signer@k")->silent);
}
END_TEST

START_TEST(a_signer_that_signs_nothing_stops_orders_and_says_why)
{
    roster = dv_roster_new("gateway", 0);
    all_beat();
    beat("signer", DV_START_FAILED, "its journal cannot be written: nothing is signed");
    judge();
    ck_assert(!r->ready);
    ck_assert_uint_eq(shown("signer")->degraded, DV_START_FAILED);
    ck_assert_ptr_nonnull(strstr(shown("signer")->text, "journal"));
}
END_TEST

START_TEST(one_well_instance_of_a_family_suffices)
{
    roster = dv_roster_new("gateway", 0);
    all_beat();
    beat("router:raydium", DV_CHAIN_AWAY, "no endpoint answers");
    judge();
    ck_assert(r->ready);
    beat("router:meteora", DV_CHAIN_AWAY, "no endpoint answers");
    judge();
    ck_assert(!r->ready);
}
END_TEST

START_TEST(what_an_actor_did_is_kept_with_its_beat)
{
    roster = dv_roster_new("gateway", 0);
    all_beat();
    judge();
    const dv_instance *execution = shown("execution");
    ck_assert_uint_eq(execution->turns, 5);
    ck_assert_uint_eq(execution->messages_in, 6);
    ck_assert_uint_eq(execution->messages_out, 7);
    ck_assert_uint_eq(execution->busy_us, 8);
    ck_assert_uint_eq(execution->idle_us, 9);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unit/roster");
    TCase *c = tcase_create("roster");
    suite_add_tcase(suite, c);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, it_is_ready_once_every_needed_role_is_well);
    tcase_add_test(c, a_signer_that_the_cluster_has_is_missed);
    tcase_add_test(c, a_signer_that_signs_nothing_stops_orders_and_says_why);
    tcase_add_test(c, one_well_instance_of_a_family_suffices);
    tcase_add_test(c, what_an_actor_did_is_kept_with_its_beat);
    return suite_run(suite);
}
