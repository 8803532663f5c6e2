/* Retry's logic on a model of the schedule, on virtual time; and the URL of the real one. */
#include <check.h>

#include "actors/retry/redis_url.h"
#include "actors/retry/retry.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/suite.h"

#define SCHEDULE DV_PORT(DV_LINK_schedule, 0)
#define SWEEP DV_PORT(DV_LINK_sweep, 0)
#define LEASE_US 5000000
#define SECOND 1000000ll

/* ---- a model of the schedule --------------------------------------------------------------- */

typedef struct model_entry {
    dv_schedule_entry entry;
    int64_t leased_until_us; /* 0: due */
} model_entry;

typedef struct model {
    dv_schedule schedule;
    const char *fault;
    model_entry entries[DV_SWEEP_MAX];
    uint32_t count;
    bool asked;
    int64_t asked_us;
    uint32_t takes; /* asked for so far */
    dv_schedule_entry taken[DV_SCHEDULE_TAKE_MAX];
} model;

static model *model_of(dv_schedule *schedule)
{
    return (model *)(void *)schedule;
}

static model_entry *model_find(model *m, const dv_id *id, uint8_t attempt)
{
    for (uint32_t i = 0; i < m->count; i++)
        if (dv_id_equal(&m->entries[i].entry.order_id, id) &&
            m->entries[i].entry.attempt == attempt)
            return &m->entries[i];
    return NULL;
}

static dv_err model_start(dv_schedule *schedule, dv_time now, char ret_why[DV_REASON_MAX])
{
    (void)schedule, (void)now, (void)ret_why;
    return DV_OK;
}

static const char *model_fault(const dv_schedule *schedule)
{
    return ((const model *)(const void *)schedule)->fault;
}

static void model_arm(dv_schedule *schedule, const dv_schedule_entry *entries, uint32_t count,
                      bool only_lost, dv_time now)
{
    (void)now;
    model *m = model_of(schedule);
    if (m->fault != NULL) return;
    for (uint32_t i = 0; i < count; i++) {
        model_entry *known = model_find(m, &entries[i].order_id, entries[i].attempt);
        if (known != NULL && only_lost) continue;
        if (known == NULL) known = &m->entries[m->count++];
        *known = (model_entry){.entry = entries[i]};
    }
}

static void model_forget(dv_schedule *schedule, const dv_id *order_id, uint8_t attempt, dv_time now)
{
    (void)now;
    model *m = model_of(schedule);
    model_entry *known = model_find(m, order_id, attempt);
    if (known != NULL) *known = m->entries[--m->count];
}

static void model_take(dv_schedule *schedule, dv_time now)
{
    model *m = model_of(schedule);
    ck_assert_msg(!m->asked, "a take before the last one was answered");
    m->asked = true;
    m->asked_us = now.wall_us;
    m->takes++;
}

static bool model_taken(dv_schedule *schedule, dv_schedule_taken *ret_taken)
{
    model *m = model_of(schedule);
    if (!m->asked || m->fault != NULL) return false;
    m->asked = false;
    *ret_taken = (dv_schedule_taken){.entries = m->taken, .next_us = DV_NEVER};
    for (uint32_t i = 0; i < m->count; i++) {
        model_entry *e = &m->entries[i];
        int64_t due_us = e->leased_until_us ? e->leased_until_us : e->entry.due_us;
        if (due_us <= m->asked_us) {
            m->taken[ret_taken->count++] = e->entry;
            due_us = e->leased_until_us = m->asked_us + LEASE_US;
        }
        ret_taken->next_us = dv_min_i64(ret_taken->next_us, due_us);
    }
    return true;
}

static int64_t model_tick(dv_schedule *schedule, dv_time now)
{
    (void)schedule, (void)now;
    return DV_NEVER;
}

static void model_destroy(dv_schedule **schedule)
{
    *schedule = NULL;
}

static const dv_schedule_class MODEL_CLASS = {
    .start = model_start,
    .fault = model_fault,
    .arm = model_arm,
    .forget = model_forget,
    .take = model_take,
    .taken = model_taken,
    .tick = model_tick,
    .destroy = model_destroy,
};

/* ---- the actor on virtual time ------------------------------------------------------------- */

static model schedule;
static dv_retry_config config;
static void *self;
static dv_outbox *outbox;
static dv_arena *arena;
static dv_time now;
static int64_t deadline_ns;
static dv_retries_request last_ask;
static dv_waiting swept[DV_SWEEP_MAX];
static const char *swept_owner;

static void setup(void)
{
    memset(&schedule, 0, sizeof schedule);
    memset(&config, 0, sizeof config);
    swept_owner = "execution/5f3a9c21";
    schedule.schedule.class = &MODEL_CLASS;
    config.retry_sweep_ms = 2000;
    outbox = dv_outbox_new();
    arena = dv_arena_new();
    now = (dv_time){.mono_ns = 7 * DV_NS_PER_MS, .wall_us = 1700000000 * SECOND};
    dv_schedule *model_at = &schedule.schedule;
    self = dv_retry_new_on(&config, &model_at);
    char why[DV_REASON_MAX];
    ck_assert_int_eq(DV_RETRY_CLASS.start(self, now, outbox, why), DV_OK);
}

static void teardown(void)
{
    DV_RETRY_CLASS.destroy(&self);
    dv_outbox_destroy(&outbox);
    dv_arena_destroy(&arena);
}

static dv_id order(uint32_t n)
{
    return (dv_id){{1, (uint8_t)(n >> 8), (uint8_t)n}};
}

static void give(dv_port port, const char *from, dv_message message)
{
    dv_envelope envelope = {.port = port, .message = message};
    envelope.peer.size = (uint8_t)strlen(from);
    memcpy(envelope.peer.bytes, from, envelope.peer.size);
    DV_RETRY_CLASS.handlers[message.type](self, &envelope, now, outbox);
}

static void arm(const char *from, uint32_t n, int64_t due_us)
{
    give(SCHEDULE, from,
         (dv_message){.type = DV_MSG_arm_retry, .arm_retry = {order(n), 2, (uint64_t)due_us}});
}

static void done(const char *from, uint32_t n)
{
    give(SCHEDULE, from, (dv_message){.type = DV_MSG_forget_retry, .forget_retry = {order(n), 2}});
}

/* Persistence tells of orders from..to, all due at that time. */
static void sweep_told(uint32_t from, uint32_t to, int64_t due_us)
{
    uint32_t count = 0;
    for (uint32_t n = from; n <= to; n++)
        swept[count++] = (dv_waiting){order(n), 2, (uint64_t)due_us, dv_text_of(swept_owner)};
    give(SWEEP, "", (dv_message){.type = DV_MSG_retries_reply, .retries_reply = {swept, count, 0}});
}

/* Writes what was sent as words, "execution:1" for a retry_event of order 1 and "sweep" for a
   retries_request, and clears it. */
static const char *sent(void)
{
    static char text[8192];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < dv_outbox_count(outbox); i++) {
        dv_outbox_entry e = dv_outbox_at(outbox, i);
        dv_message m;
        ck_assert_int_eq(dv_message_decode(e.bytes, e.size, arena, &m), DV_OK);
        const char *space = n > 0 ? " " : "";
        if (m.type == DV_MSG_retries_request) {
            ck_assert_uint_eq(e.port, SWEEP);
            last_ask = m.retries_request;
            n += (size_t)snprintf(text + n, sizeof text - n, "%ssweep", space);
        } else {
            ck_assert_int_eq(m.type, DV_MSG_retry_event);
            ck_assert_uint_eq(e.port, SCHEDULE);
            ck_assert_uint_eq(m.retry_event.attempt, 2);
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s:%u", space, e.to.size,
                                  (const char *)e.to.bytes, m.retry_event.order_id.bytes[2]);
        }
        ck_assert_uint_lt(n, sizeof text);
    }
    dv_outbox_clear(outbox);
    dv_arena_reset(arena);
    return text;
}

/* A tick, and another one that finds the answer to a take. */
static void tick(void)
{
    deadline_ns = DV_RETRY_CLASS.tick(self, now, outbox);
    if (schedule.asked) deadline_ns = DV_RETRY_CLASS.tick(self, now, outbox);
}

static void pass(int64_t us)
{
    now.mono_ns += us * DV_NS_PER_US;
    now.wall_us += us;
    tick();
}

/* Begins with the first sweep answered: nothing waits. */
static void begin(void)
{
    tick();
    sweep_told(1, 0, 0);
    ck_assert_str_eq(sent(), "sweep");
}

/* ---- the tests ----------------------------------------------------------------------------- */

START_TEST(an_attempt_is_handed_to_who_armed_it_when_it_is_due)
{
    begin();
    arm("execution:b", 1, now.wall_us + 500000);
    arm("execution:a", 2, now.wall_us + 500000);
    tick();
    ck_assert_int_eq(deadline_ns, now.mono_ns + 500 * DV_NS_PER_MS);
    pass(499999);
    ck_assert_str_eq(sent(), "");
    pass(1);
    ck_assert_str_eq(sent(), "execution:b:1 execution:a:2");
}
END_TEST

START_TEST(an_earlier_attempt_brings_the_next_look_forward)
{
    begin();
    arm("execution", 1, now.wall_us + 900000);
    tick();
    arm("execution", 2, now.wall_us + 300000);
    tick();
    ck_assert_int_eq(deadline_ns, now.mono_ns + 300 * DV_NS_PER_MS);
    pass(300000);
    ck_assert_str_eq(sent(), "execution:2");
    ck_assert_int_eq(deadline_ns, now.mono_ns + 600 * DV_NS_PER_MS);
}
END_TEST

START_TEST(an_idle_schedule_is_looked_at_once_a_second)
{
    begin();
    uint32_t takes = schedule.takes;
    for (int i = 0; i < 1000; i++) {
        if (deadline_ns > now.mono_ns)
            pass((deadline_ns - now.mono_ns) / DV_NS_PER_US);
        else
            tick();
        if (strstr(sent(), "sweep") != NULL) sweep_told(1, 0, 0);
        if (now.wall_us >= (1700000000 + 10) * SECOND) break;
    }
    ck_assert_uint_ge(schedule.takes - takes, 10);
    ck_assert_uint_le(schedule.takes - takes, 12);
}
END_TEST

START_TEST(what_was_taken_over_is_not_handed_out_again)
{
    begin();
    arm("execution", 1, now.wall_us);
    arm("execution", 2, now.wall_us);
    tick();
    ck_assert_str_eq(sent(), "execution:1 execution:2");
    done("execution", 1);
    for (int i = 0; i < 50; i++) {
        pass(100000);
        if (strstr(sent(), ":1") != NULL) ck_abort_msg("it was handed out again");
    }
    ck_assert_ptr_null(model_find(&schedule, &(dv_id){{1, 0, 1}}, 2));
    ck_assert_ptr_nonnull(model_find(&schedule, &(dv_id){{1, 0, 2}}, 2));
}
END_TEST

START_TEST(the_sweep_arms_what_is_lost_and_leaves_what_is_known)
{
    begin();
    arm("execution", 1, now.wall_us);
    tick();
    ck_assert_str_eq(sent(), "execution:1");
    pass(2000000);
    ck_assert_str_eq(sent(), "sweep");
    sweep_told(1, 2, now.wall_us);
    tick();
    ck_assert_str_eq(sent(), "execution:2");
}
END_TEST

START_TEST(a_sweep_looks_ahead_further_than_to_the_next_one)
{
    tick();
    ck_assert_str_eq(sent(), "sweep");
    ck_assert(dv_id_is_nil(&last_ask.after));
    ck_assert_int_gt((int64_t)last_ask.before_us, now.wall_us + 2 * 2 * SECOND);
}
END_TEST

START_TEST(a_full_answer_to_a_sweep_asks_for_the_page_after_it)
{
    tick();
    sent();
    sweep_told(1, DV_SWEEP_MAX, now.wall_us + 100 * SECOND);
    ck_assert_str_eq(sent(), "sweep");
    dv_id last = order(DV_SWEEP_MAX);
    ck_assert(dv_id_equal(&last_ask.after, &last));
    sweep_told(1, 0, 0);
    ck_assert_str_eq(sent(), "");
    ck_assert_uint_eq(schedule.count, DV_SWEEP_MAX);
    pass(2000000);
    ck_assert_str_eq(sent(), "sweep");
    ck_assert(dv_id_is_nil(&last_ask.after));
}
END_TEST

START_TEST(a_sweep_that_failed_or_got_lost_is_begun_anew)
{
    tick();
    ck_assert_str_eq(sent(), "sweep");
    pass(5000000);
    ck_assert_str_eq(sent(), "sweep");
    give(SWEEP, "",
         (dv_message){.type = DV_MSG_retries_reply, .retries_reply = {.error = DV_STORE_AWAY}});
    pass(1999999);
    ck_assert_str_eq(sent(), "");
    pass(1);
    ck_assert_str_eq(sent(), "sweep");
}
END_TEST

START_TEST(what_a_sweep_found_is_told_to_the_instance_that_owns_it)
{
    begin();
    swept_owner = "execution@b/00000007";
    sweep_told(1, 1, now.wall_us);
    tick();
    ck_assert_str_eq(sent(), "execution@b:1");
    swept_owner = "execution@c/00000008";
    sweep_told(2, 2, now.wall_us);
    tick();
    ck_assert_str_eq(sent(), "execution@c:2");
}
END_TEST

START_TEST(while_the_schedule_is_away_what_is_overdue_is_handed_out_by_the_sweep)
{
    begin();
    schedule.fault = "gone";
    tick();
    ck_assert_int_eq(DV_RETRY_CLASS.health(self).degraded, DV_SCHEDULE_AWAY);
    arm("execution", 1, now.wall_us);
    sweep_told(1, 1, now.wall_us);
    sweep_told(2, 2, now.wall_us + 1);
    ck_assert_str_eq(sent(), "execution:1");
    ck_assert_int_ge(deadline_ns, now.mono_ns + 1000 * DV_NS_PER_MS); /* and it does not spin */
}
END_TEST

START_TEST(a_schedule_that_is_back_is_filled_at_once)
{
    begin();
    schedule.fault = "gone";
    pass(10000);
    schedule.fault = NULL;
    schedule.asked = false;
    pass(10000);
    ck_assert_str_eq(sent(), "sweep");
    sweep_told(1, 1, now.wall_us);
    tick();
    ck_assert_str_eq(sent(), "execution:1");
    ck_assert_int_eq(DV_RETRY_CLASS.health(self).degraded, DV_OK);
}
END_TEST

START_TEST(a_take_that_the_schedule_took_along_is_asked_again)
{
    begin();
    arm("execution", 1, now.wall_us);
    DV_RETRY_CLASS.tick(self, now, outbox);
    ck_assert(schedule.asked);
    schedule.fault = "gone";
    schedule.asked = false;
    pass(10000);
    schedule.fault = NULL;
    pass(10000);
    ck_assert_str_eq(sent(), "sweep execution:1");
}
END_TEST

/* ---- the URL ------------------------------------------------------------------------------- */

static const struct {
    const char *text, *user, *password, *host;
    uint16_t port;
    uint32_t database;
} GOOD[] = {
    {"redis://localhost", "", "", "localhost", 6379, 0},
    {"redis://localhost/", "", "", "localhost", 6379, 0},
    {"redis://10.0.0.1:7000/12", "", "", "10.0.0.1", 7000, 12},
    {"redis://:pass@host:1", "", "pass", "host", 1, 0},
    {"redis://me:p%40%2Fs:s@host", "me", "p@/s:s", "host", 6379, 0},
    {"redis://:a@b@host", "", "a@b", "host", 6379, 0},
    {"redis://[::1]", "", "", "::1", 6379, 0},
    {"redis://[::1]:7000/1", "", "", "::1", 7000, 1},
};

START_TEST(a_url_is_read)
{
    dv_redis_url url;
    char why[DV_REASON_MAX];
    ck_assert_int_eq(dv_redis_url_parse(GOOD[_i].text, &url, why), DV_OK);
    ck_assert_str_eq(url.user, GOOD[_i].user);
    ck_assert_str_eq(url.password, GOOD[_i].password);
    ck_assert_str_eq(url.host, GOOD[_i].host);
    ck_assert_uint_eq(url.port, GOOD[_i].port);
    ck_assert_uint_eq(url.database, GOOD[_i].database);
}
END_TEST

static const char *const BAD[] = {
    "",
    "localhost:6379",
    "http://localhost",
    "rediss://localhost",
    "redis://",
    "redis:///1",
    "redis://:6379",
    "redis://host:",
    "redis://host:0",
    "redis://host:65536",
    "redis://host:63a",
    "redis://host/x",
    "redis://host/-1",
    "redis://host/99999999999",
    "redis://s3cret@host",
    "redis://me:@host",
    "redis://:s3cret%4@host",
    "redis://:s3cret%zz@host",
    "redis://:s3cret%00@host",
    "redis://[::1",
    "redis://[::1]x",
    "redis://[::1]:",
    "redis://[]",
};

START_TEST(a_bad_url_is_refused_without_telling_the_password)
{
    dv_redis_url url;
    char why[DV_REASON_MAX] = "";
    ck_assert_int_eq(dv_redis_url_parse(BAD[_i], &url, why), DV_CONFIG_INVALID);
    ck_assert_ptr_nonnull(strstr(why, "redis_url"));
    ck_assert_ptr_null(strstr(why, "s3cret"));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("retry");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_attempt_is_handed_to_who_armed_it_when_it_is_due);
    tcase_add_test(tcase, an_earlier_attempt_brings_the_next_look_forward);
    tcase_add_test(tcase, an_idle_schedule_is_looked_at_once_a_second);
    tcase_add_test(tcase, what_was_taken_over_is_not_handed_out_again);
    tcase_add_test(tcase, the_sweep_arms_what_is_lost_and_leaves_what_is_known);
    tcase_add_test(tcase, a_sweep_looks_ahead_further_than_to_the_next_one);
    tcase_add_test(tcase, a_full_answer_to_a_sweep_asks_for_the_page_after_it);
    tcase_add_test(tcase, a_sweep_that_failed_or_got_lost_is_begun_anew);
    tcase_add_test(tcase, what_a_sweep_found_is_told_to_the_instance_that_owns_it);
    tcase_add_test(tcase, while_the_schedule_is_away_what_is_overdue_is_handed_out_by_the_sweep);
    tcase_add_test(tcase, a_schedule_that_is_back_is_filled_at_once);
    tcase_add_test(tcase, a_take_that_the_schedule_took_along_is_asked_again);
    TCase *url = tcase_create("redis_url");
    tcase_add_loop_test(url, a_url_is_read, 0, sizeof GOOD / sizeof GOOD[0]);
    tcase_add_loop_test(url, a_bad_url_is_refused_without_telling_the_password, 0,
                        sizeof BAD / sizeof BAD[0]);
    Suite *suite = suite_create("unit/retry");
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, url);
    return suite_run(suite);
}
