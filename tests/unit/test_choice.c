#include "actors/execution/choice.h"

#include <check.h>

#include "tests/support/suite.h"

static const dv_quote BAD = {.venue = {"raydium", 7}, .error = DV_VENUE_QUOTE_FAILED};

static dv_quote quote(const char *venue, uint64_t in, uint64_t out)
{
    return (dv_quote){.venue = dv_text_of(venue), .amount_in = in, .amount_out = out};
}

START_TEST(chooses_by_effective_output)
{
    dv_err error;
    dv_quote exact_in[] = {quote("a", 10, 100), quote("b", 10, 101)};
    ck_assert_int_eq(dv_route_choose(exact_in, 2, &error), 1);
    dv_quote exact_out[] = {quote("a", 10, 100), quote("b", 11, 100)};
    ck_assert_int_eq(dv_route_choose(exact_out, 2, &error), 0);
    dv_quote tie[] = {quote("a", 10, 100), quote("b", 10, 100)};
    ck_assert_int_eq(dv_route_choose(tie, 2, &error), 0);
    dv_quote one[] = {BAD, quote("b", UINT64_MAX, 1)};
    ck_assert_int_eq(dv_route_choose(one, 2, &error), 1);
    dv_quote huge[] = {quote("a", UINT64_MAX - 1, UINT64_MAX), quote("b", UINT64_MAX, UINT64_MAX)};
    ck_assert_int_eq(dv_route_choose(huge, 2, &error), 0);
}
END_TEST

START_TEST(says_why_no_quote_is_usable)
{
    static const struct {
        dv_err a, b, together;
    } TABLE[] = {
        {DV_VENUE_QUOTE_FAILED, DV_VENUE_QUOTE_LATE, DV_VENUE_NO_QUOTE},
        {DV_VENUE_QUOTE_FAILED, DV_VENUE_NO_POOL, DV_VENUE_NO_QUOTE},
        {DV_VENUE_NO_POOL, DV_VENUE_NO_POOL, DV_VENUE_NO_POOL},
        {DV_VENUE_NO_POOL, DV_VENUE_LIQUIDITY_INSUFFICIENT, DV_VENUE_LIQUIDITY_INSUFFICIENT},
        {DV_OK, DV_OK, DV_VENUE_NO_QUOTE}, /* amounts of 0 */
    };
    dv_quote quotes[] = {{.error = TABLE[_i].a}, {.error = TABLE[_i].b}};
    dv_err error = DV_OK;
    ck_assert_int_eq(dv_route_choose(quotes, 2, &error), -1);
    ck_assert_str_eq(dv_err_name(error), dv_err_name(TABLE[_i].together));
}
END_TEST

START_TEST(gives_the_reason_in_a_sentence)
{
    char reason[DV_REASON_MAX];
    dv_quote two[] = {quote("raydium", 10, 10231), quote("meteora", 10, 10000)};
    dv_route_reason(two, 2, 0, reason);
    ck_assert_str_eq(reason, "raydium is 2.31 % better than meteora after fees and impact");
    dv_quote out[] = {quote("raydium", 10300, 5), quote("meteora", 10000, 5)};
    dv_route_reason(out, 2, 1, reason);
    ck_assert_str_eq(reason, "meteora is 3.00 % better than raydium after fees and impact");
    dv_quote one[] = {BAD, quote("meteora", 1, 1)};
    dv_route_reason(one, 2, 1, reason);
    ck_assert_str_eq(reason, "meteora alone gave a usable quote");
}
END_TEST

START_TEST(sets_the_limit_to_the_traders_safe_side)
{
    dv_quote q = quote("a", 999, 999);
    ck_assert_uint_eq(dv_route_limit(DV_EXACT_IN, &q, 100), 990);   /* 989.01 up */
    ck_assert_uint_eq(dv_route_limit(DV_EXACT_OUT, &q, 100), 1008); /* 1008.99 down */
    ck_assert_uint_eq(dv_route_limit(DV_EXACT_IN, &q, 0), 999);
    ck_assert_uint_eq(dv_route_limit(DV_EXACT_IN, &q, 10000), 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("choice");
    tcase_add_test(tcase, chooses_by_effective_output);
    tcase_add_loop_test(tcase, says_why_no_quote_is_usable, 0, 5);
    tcase_add_test(tcase, gives_the_reason_in_a_sentence);
    tcase_add_test(tcase, sets_the_limit_to_the_traders_safe_side);
    Suite *suite = suite_create("choice");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
