/* The heap of deadlines gives the earliest first, whatever is put in, moved and taken out. */
#include "actors/base/heap.h"

#include <check.h>
#include <stdlib.h>

#include "actors/base/clock.h"
#include "tests/support/suite.h"

#define TIMERS 64
#define STEPS 20000

typedef struct owner {
    char name;
    dv_timer timer;
} owner;

/* A reproducible sequence (Knuth's MMIX constants). */
static uint64_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static int64_t model_next(const dv_timer *timers)
{
    int64_t next = DV_NEVER;
    for (int i = 0; i < TIMERS; i++)
        if (timers[i].place != 0) next = dv_min_i64(next, timers[i].at_ns);
    return next;
}

START_TEST(random_operations_agree_with_a_model)
{
    dv_heap heap = {0};
    dv_timer timers[TIMERS] = {0};
    uint64_t state = (uint64_t)_i + 1;
    size_t in = 0;
    for (int step = 0; step < STEPS; step++) {
        dv_timer *t = &timers[random_next(&state) % TIMERS];
        bool was_in = t->place != 0;
        if (random_next(&state) % 3 != 0) {
            dv_heap_set(&heap, t, (int64_t)(random_next(&state) % 100));
            in += !was_in;
        } else {
            dv_heap_unset(&heap, t);
            in -= was_in;
            ck_assert_uint_eq(t->place, 0);
        }
        ck_assert_uint_eq(heap.count, in);
        ck_assert_int_eq(dv_heap_next(&heap), model_next(timers));
    }
    int64_t last = INT64_MIN;
    for (dv_timer *t; (t = dv_heap_pop_due(&heap, 100)) != NULL; in--) {
        ck_assert_int_ge(t->at_ns, last);
        last = t->at_ns;
    }
    ck_assert_uint_eq(in, 0);
    dv_heap_fini(&heap);
}
END_TEST

START_TEST(only_what_is_due_is_popped)
{
    dv_heap heap = {0};
    dv_timer early = {0}, late = {0};
    dv_heap_set(&heap, &late, 20);
    dv_heap_set(&heap, &early, 10);
    ck_assert_ptr_null(dv_heap_pop_due(&heap, 9));
    ck_assert_ptr_eq(dv_heap_pop_due(&heap, 10), &early);
    ck_assert_ptr_null(dv_heap_pop_due(&heap, 19));
    ck_assert_ptr_eq(dv_heap_pop_due(&heap, 50), &late);
    ck_assert_ptr_null(dv_heap_pop_due(&heap, DV_NEVER));
    dv_heap_fini(&heap);
}
END_TEST

START_TEST(setting_a_timer_again_moves_it)
{
    dv_heap heap = {0};
    dv_timer a = {0}, b = {0};
    dv_heap_set(&heap, &a, 10);
    dv_heap_set(&heap, &b, 20);
    dv_heap_set(&heap, &a, 30);
    ck_assert_uint_eq(heap.count, 2);
    ck_assert_int_eq(dv_heap_next(&heap), 20);
    dv_heap_fini(&heap);
}
END_TEST

START_TEST(an_empty_heap_has_no_deadline)
{
    dv_heap heap = {0};
    dv_timer unset = {0};
    ck_assert_int_eq(dv_heap_next(&heap), DV_NEVER);
    ck_assert_ptr_null(dv_heap_pop_due(&heap, DV_NEVER));
    dv_heap_unset(&heap, &unset);
    ck_assert_uint_eq(heap.count, 0);
    dv_heap_fini(&heap);
}
END_TEST

START_TEST(a_timer_finds_its_owner)
{
    owner o = {.name = 'x'};
    ck_assert_int_eq(DV_TIMER_OWNER(&o.timer, owner, timer)->name, 'x');
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("heap");
    TCase *c = tcase_create("heap");
    suite_add_tcase(suite, c);
    tcase_add_loop_test(c, random_operations_agree_with_a_model, 0, 4);
    tcase_add_test(c, only_what_is_due_is_popped);
    tcase_add_test(c, setting_a_timer_again_moves_it);
    tcase_add_test(c, an_empty_heap_has_no_deadline);
    tcase_add_test(c, a_timer_finds_its_owner);
    return suite_run(suite);
}
