#include "actors/execution/backoff.h"
#include "tests/support/suite.h"

#include <check.h>

START_TEST(waits_longer_for_each_attempt_with_a_bounded_jitter)
{
    dv_execution_config config;
    dv_config_set_defaults(&DV_EXECUTION_SECTION, &config);
    ck_assert_int_eq(dv_retry_wait_us(&config, 2, 0), 2000000);
    ck_assert_int_eq(dv_retry_wait_us(&config, 3, 0), 4000000);
    ck_assert_int_eq(dv_retry_wait_us(&config, 4, 0), 8000000);
    ck_assert_int_eq(dv_retry_wait_us(&config, 2, UINT32_MAX), 2199999);
    config.retry_factor = 10;
    ck_assert_int_eq(dv_retry_wait_us(&config, 255, 0), 86400000000);
    config.retry_base_ms = 0;
    ck_assert_int_eq(dv_retry_wait_us(&config, 9, UINT32_MAX), 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("backoff");
    tcase_add_test(tcase, waits_longer_for_each_attempt_with_a_bounded_jitter);
    Suite *suite = suite_create("backoff");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
