/* The clocks: one never goes back, the other is printed for people. */
#include "actors/base/clock.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

START_TEST(monotonic_time_never_goes_back)
{
    int64_t last = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t now = dv_time_now().mono_ns;
        ck_assert_int_ge(now, last);
        last = now;
    }
}
END_TEST

START_TEST(wall_time_is_microseconds_since_1970)
{
    int64_t before = (int64_t)time(NULL), wall_us = dv_time_now().wall_us;
    ck_assert_int_ge(wall_us, (before - 1) * 1000000);
    ck_assert_int_le(wall_us, (before + 60) * 1000000);
}
END_TEST

static const struct {
    int64_t wall_us;
    const char *text;
} ISO[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {999999, "1970-01-01T00:00:00.999Z"},
    {1645557742000000, "2022-02-22T19:22:22.000Z"},
    {1709164800001999, "2024-02-29T00:00:00.001Z"},
    {253402300799999999, "9999-12-31T23:59:59.999Z"},
};

START_TEST(iso_times_are_cut_to_milliseconds)
{
    char text[DV_ISO_SIZE];
    dv_time_iso(ISO[_i].wall_us, text);
    ck_assert_str_eq(text, ISO[_i].text);
}
END_TEST

START_TEST(the_lesser_and_the_greater_time)
{
    ck_assert_int_eq(dv_min_i64(1, DV_NEVER), 1);
    ck_assert_int_eq(dv_min_i64(3, 2), 2);
    ck_assert_int_eq(dv_max_i64(-1, 1), 1);
    ck_assert_int_eq(dv_max_i64(3, 2), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *c = tcase_create("clock");
    suite_add_tcase(suite, c);
    tcase_add_test(c, monotonic_time_never_goes_back);
    tcase_add_test(c, wall_time_is_microseconds_since_1970);
    tcase_add_loop_test(c, iso_times_are_cut_to_milliseconds, 0, sizeof ISO / sizeof ISO[0]);
    tcase_add_test(c, the_lesser_and_the_greater_time);
    return suite_run(suite);
}
