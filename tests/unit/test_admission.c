/* Admission: how many submissions ask the engine at a time. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "gateway/http/admission.h"
#include "tests/support/suite.h"

#define ROOM 4u
#define THREADS 64
#define SHORT_NS (20 * DV_NS_PER_MS)
#define LONG_NS (60000 * DV_NS_PER_MS)

static dv_admission *admission;

static void teardown(void)
{
    dv_admission_destroy(&admission);
    dv_admission_destroy(&admission); /* accepts NULL */
}

static void fill(int64_t wait_ns)
{
    admission = dv_admission_new(ROOM, wait_ns);
    for (uint32_t i = 0; i < ROOM; i++) ck_assert(dv_admission_enter(admission, dv_time_now()));
}

START_TEST(a_submission_without_room_is_refused_after_its_wait)
{
    fill(SHORT_NS);
    dv_time before = dv_time_now();
    ck_assert(!dv_admission_enter(admission, before));
    ck_assert_int_ge(dv_time_now().mono_ns - before.mono_ns, SHORT_NS);
    dv_admission_leave(admission);
    ck_assert(dv_admission_enter(admission, dv_time_now()));
}
END_TEST

static void *leave(void *unused)
{
    dv_admission_leave(admission);
    return unused;
}

START_TEST(a_waiting_submission_is_admitted_when_another_leaves)
{
    fill(LONG_NS);
    pthread_t thread;
    dv_time before = dv_time_now();
    ck_assert_int_eq(pthread_create(&thread, NULL, leave, NULL), 0);
    ck_assert(dv_admission_enter(admission, before));
    ck_assert_int_lt(dv_time_now().mono_ns - before.mono_ns, LONG_NS);
    pthread_join(thread, NULL);
}
END_TEST

static _Atomic uint32_t inside, most, entered;

static void *visit(void *unused)
{
    if (!dv_admission_enter(admission, dv_time_now())) return unused;
    entered++;
    uint32_t now_inside = ++inside;
    for (uint32_t seen = most; now_inside > seen;)
        if (atomic_compare_exchange_weak(&most, &seen, now_inside)) break;
    sched_yield();
    inside--;
    dv_admission_leave(admission);
    return unused;
}

START_TEST(a_burst_is_admitted_a_few_at_a_time)
{
    pthread_t threads[THREADS];
    admission = dv_admission_new(ROOM, LONG_NS);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, visit, NULL), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    ck_assert_uint_eq(entered, THREADS);
    ck_assert_uint_le(most, ROOM);
}
END_TEST

START_TEST(while_the_engine_is_full_no_submission_waits)
{
    fill(LONG_NS);
    dv_time now = dv_time_now();
    dv_admission_shut(admission, now);
    ck_assert(!dv_admission_enter(admission, now));
    dv_admission_leave(admission);
    ck_assert(!dv_admission_enter(admission, now));
    now.mono_ns += DV_NS_PER_S;
    ck_assert(dv_admission_enter(admission, now));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("admission");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, a_submission_without_room_is_refused_after_its_wait);
    tcase_add_test(tcase, a_waiting_submission_is_admitted_when_another_leaves);
    tcase_add_test(tcase, a_burst_is_admitted_a_few_at_a_time);
    tcase_add_test(tcase, while_the_engine_is_full_no_submission_waits);
    Suite *suite = suite_create("unit/admission");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
