/* Amounts: decimals are read exactly or refused, and what is rounded is rounded to the safe side.
 */
#include "proto/amount.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>

#define MOST "18446744073709551615" /* 2^64 - 1 */

typedef struct parse_case {
    const char *text;
    uint8_t decimals;
    bool exponent_allowed;
    dv_decimal_result result;
    uint64_t atoms; /* when the result is OK */
} parse_case;

static const parse_case PARSE[] = {
    {"0", 6, false, DV_DECIMAL_OK, 0},
    {"12", 0, false, DV_DECIMAL_OK, 12},
    {"12.5", 6, false, DV_DECIMAL_OK, 12500000},
    {"0.000001", 6, false, DV_DECIMAL_OK, 1},
    {"1.500000000", 1, false, DV_DECIMAL_OK, 15},
    {"007", 2, false, DV_DECIMAL_OK, 700},
    {"0.000000000000000001", 18, false, DV_DECIMAL_OK, 1},
    {MOST, 0, false, DV_DECIMAL_OK, UINT64_MAX},
    {"18.446744073709551615", 18, false, DV_DECIMAL_OK, UINT64_MAX},
    /* not plain decimals */
    {"", 6, false, DV_DECIMAL_MALFORMED, 0},
    {".", 6, false, DV_DECIMAL_MALFORMED, 0},
    {"1.", 6, false, DV_DECIMAL_MALFORMED, 0},
    {".5", 6, false, DV_DECIMAL_MALFORMED, 0},
    {"+1", 6, false, DV_DECIMAL_MALFORMED, 0},
    {"-1", 6, true, DV_DECIMAL_MALFORMED, 0},
    {" 1", 6, false, DV_DECIMAL_MALFORMED, 0},
    {"1 ", 6, false, DV_DECIMAL_MALFORMED, 0},
    {"1,5", 6, false, DV_DECIMAL_MALFORMED, 0},
    {"1.2.3", 6, false, DV_DECIMAL_MALFORMED, 0},
    {"0x10", 6, true, DV_DECIMAL_MALFORMED, 0},
    {"NaN", 6, true, DV_DECIMAL_MALFORMED, 0},
    {"Infinity", 6, true, DV_DECIMAL_MALFORMED, 0},
    {"1", DV_DECIMALS_MAX + 1, false, DV_DECIMAL_MALFORMED, 0},
    /* more digits than the token has */
    {"0.0000001", 6, false, DV_DECIMAL_TOO_PRECISE, 0},
    {"0.30000000000000004", 9, false, DV_DECIMAL_TOO_PRECISE, 0},
    {"1.5", 0, false, DV_DECIMAL_TOO_PRECISE, 0},
    /* more atoms than 64 bits hold */
    {"18446744073709551616", 0, false, DV_DECIMAL_TOO_LARGE, 0},
    {"18.446744073709551616", 18, false, DV_DECIMAL_TOO_LARGE, 0},
    {"99999999999999999999", 0, false, DV_DECIMAL_TOO_LARGE, 0},
    {"18446744073710", 6, false, DV_DECIMAL_TOO_LARGE, 0},
    /* exponents, where they may be */
    {"1e-7", 9, true, DV_DECIMAL_OK, 100},
    {"1E2", 2, true, DV_DECIMAL_OK, 10000},
    {"1.25e+1", 2, true, DV_DECIMAL_OK, 1250},
    {"120e-1", 0, true, DV_DECIMAL_OK, 12},
    {"0e400", 6, true, DV_DECIMAL_OK, 0},
    {"1e0", 6, true, DV_DECIMAL_OK, 1000000},
    {"1e-7", 9, false, DV_DECIMAL_MALFORMED, 0},
    {"1e", 6, true, DV_DECIMAL_MALFORMED, 0},
    {"1e+", 6, true, DV_DECIMAL_MALFORMED, 0},
    {"1e1.5", 6, true, DV_DECIMAL_MALFORMED, 0},
    {"e5", 6, true, DV_DECIMAL_MALFORMED, 0},
    {"1e-7", 6, true, DV_DECIMAL_TOO_PRECISE, 0},
    {"1e-400", 6, true, DV_DECIMAL_TOO_PRECISE, 0},
    {"1e400", 6, true, DV_DECIMAL_TOO_LARGE, 0},
    {"1e99999999999999999999", 6, true, DV_DECIMAL_TOO_LARGE, 0},
};
#define PARSE_COUNT (int)(sizeof PARSE / sizeof PARSE[0])

START_TEST(decimals_are_read_exactly_or_refused)
{
    const parse_case *c = &PARSE[_i];
    uint64_t atoms = 77;
    dv_decimal_result got =
        dv_decimal_parse(dv_text_of(c->text), c->decimals, c->exponent_allowed, &atoms);
    ck_assert_msg(got == c->result, "\"%s\" with %u decimals gives %d", c->text, c->decimals, got);
    ck_assert_uint_eq(atoms, got == DV_DECIMAL_OK ? c->atoms : 77);
}
END_TEST

START_TEST(floor_cuts_what_is_too_precise_and_nothing_else)
{
    uint64_t atoms;
    ck_assert_int_eq(dv_decimal_parse_floor(dv_text_of("1.9999999"), 6, false, &atoms),
                     DV_DECIMAL_OK);
    ck_assert_uint_eq(atoms, 1999999);
    ck_assert_int_eq(dv_decimal_parse_floor(dv_text_of("1e-30"), 6, true, &atoms), DV_DECIMAL_OK);
    ck_assert_uint_eq(atoms, 0);
    ck_assert_int_eq(dv_decimal_parse_floor(dv_text_of("1."), 6, false, &atoms),
                     DV_DECIMAL_MALFORMED);
    ck_assert_int_eq(dv_decimal_parse_floor(dv_text_of("1e30"), 6, true, &atoms),
                     DV_DECIMAL_TOO_LARGE);
}
END_TEST

START_TEST(a_text_is_read_to_its_size_not_to_a_nul)
{
    uint64_t atoms;
    ck_assert_int_eq(dv_decimal_parse((dv_text){"12345", 2}, 0, false, &atoms), DV_DECIMAL_OK);
    ck_assert_uint_eq(atoms, 12);
}
END_TEST

static const struct {
    uint64_t atoms;
    uint8_t decimals;
    const char *text;
} FORMAT[] = {
    {0, 0, "0"},
    {0, 9, "0"},
    {1, 0, "1"},
    {1, 9, "0.000000001"},
    {100000, 6, "0.1"},
    {12000000, 6, "12"},
    {12000001, 6, "12.000001"},
    {1, 18, "0.000000000000000001"},
    {UINT64_MAX, 0, MOST},
    {UINT64_MAX, 18, "18.446744073709551615"},
};
#define FORMAT_COUNT (int)(sizeof FORMAT / sizeof FORMAT[0])

START_TEST(formatting_gives_the_shortest_decimal_which_reads_back)
{
    char text[DV_AMOUNT_TEXT_SIZE];
    uint32_t size = dv_decimal_format(FORMAT[_i].atoms, FORMAT[_i].decimals, text);
    ck_assert_str_eq(text, FORMAT[_i].text);
    ck_assert_uint_eq(size, strlen(text));
    uint64_t atoms;
    ck_assert_int_eq(dv_decimal_parse(dv_text_of(text), FORMAT[_i].decimals, false, &atoms),
                     DV_DECIMAL_OK);
    ck_assert_uint_eq(atoms, FORMAT[_i].atoms);
}
END_TEST

START_TEST(mul_div_keeps_128_bits_in_between)
{
    uint64_t r = 77;
    ck_assert(dv_mul_div_floor(UINT64_MAX, UINT64_MAX, UINT64_MAX, &r));
    ck_assert_uint_eq(r, UINT64_MAX);
    ck_assert(dv_mul_div_floor(7, 3, 2, &r));
    ck_assert_uint_eq(r, 10);
    ck_assert(dv_mul_div_ceil(7, 3, 2, &r));
    ck_assert_uint_eq(r, 11);
    ck_assert(dv_mul_div_ceil(6, 3, 2, &r));
    ck_assert_uint_eq(r, 9);
    ck_assert(dv_mul_div_ceil(UINT64_MAX, UINT64_MAX, UINT64_MAX, &r));
    ck_assert_uint_eq(r, UINT64_MAX);
}
END_TEST

START_TEST(mul_div_refuses_zero_divisors_and_what_does_not_fit)
{
    uint64_t r = 77;
    ck_assert(!dv_mul_div_floor(1, 1, 0, &r));
    ck_assert(!dv_mul_div_ceil(1, 1, 0, &r));
    ck_assert(!dv_mul_div_floor(UINT64_MAX, 2, 1, &r));
    ck_assert(!dv_mul_div_ceil(UINT64_MAX, UINT64_MAX, UINT64_MAX - 1, &r));
    ck_assert_uint_eq(r, 77);
}
END_TEST

START_TEST(the_least_output_is_rounded_up)
{
    ck_assert_uint_eq(dv_min_amount_out_ceil(1000, 0), 1000);
    ck_assert_uint_eq(dv_min_amount_out_ceil(1000, 100), 990);
    ck_assert_uint_eq(dv_min_amount_out_ceil(999, 50), 995); /* 994.005 */
    ck_assert_uint_eq(dv_min_amount_out_ceil(1, 9999), 1);   /* 0.0001 */
    ck_assert_uint_eq(dv_min_amount_out_ceil(1000, 10000), 0);
    ck_assert_uint_eq(dv_min_amount_out_ceil(UINT64_MAX, 0), UINT64_MAX);
}
END_TEST

START_TEST(the_most_input_is_rounded_down_and_saturates)
{
    ck_assert_uint_eq(dv_max_amount_in_floor(1000, 0), 1000);
    ck_assert_uint_eq(dv_max_amount_in_floor(1000, 100), 1010);
    ck_assert_uint_eq(dv_max_amount_in_floor(999, 50), 1003); /* 1003.995 */
    ck_assert_uint_eq(dv_max_amount_in_floor(1000, 10000), 2000);
    ck_assert_uint_eq(dv_max_amount_in_floor(UINT64_MAX, 1), UINT64_MAX);
}
END_TEST

static const struct {
    uint64_t amount_in;
    uint8_t decimals_in;
    uint64_t amount_out;
    uint8_t decimals_out;
    uint32_t fee_ppm;
    const char *price;
} PRICE[] = {
    {1000000000, 9, 152350000, 6, 0, "152.35"}, /* 1 SOL for 152.35 USDC */
    {152350000, 6, 1000000000, 9, 0, "0.00656383327863472"},
    {3, 0, 1, 0, 0, "0.333333333333333"},
    {3, 0, 2, 0, 0, "0.666666666666666"}, /* down, not to the nearest */
    {1, 0, 1, 0, 0, "1"},
    {1000, 0, 1, 0, 0, "0.001"},
    {1, 0, 1000, 0, 0, "1000"},
    {9975, 0, 9975, 0, 0, "1"},
    {10000, 0, 9975, 0, 2500, "1"}, /* what a fee of 0.25 % took is added back */
    {1000000, 6, 999999, 6, 999999, "999999"},
    {UINT64_MAX, 18, 1, 0, 0, "0.0542101086242752"},
    {UINT64_MAX, 0, 1, 18, 0, "0.0000000000000000000000000000000000000542101086242752"},
    {1, 18, UINT64_MAX, 0, 0, "18446744073709500000000000000000000000"},
    {1, 0, UINT64_MAX, 18, 0, "18.4467440737095"},
    {0, 0, 1, 0, 0, "0"},
    {1, 0, 0, 0, 0, "0"},
    {1, 0, 1, 0, DV_PPM_ONE, "0"},
};
#define PRICE_COUNT (int)(sizeof PRICE / sizeof PRICE[0])

START_TEST(prices_have_fifteen_digits_rounded_down)
{
    char text[DV_AMOUNT_TEXT_SIZE];
    uint32_t size =
        dv_price_format(PRICE[_i].amount_in, PRICE[_i].decimals_in, PRICE[_i].amount_out,
                        PRICE[_i].decimals_out, PRICE[_i].fee_ppm, text);
    ck_assert_str_eq(text, PRICE[_i].price);
    ck_assert_uint_eq(size, strlen(text));
}
END_TEST

START_TEST(every_price_fits_its_buffer)
{
    static const uint64_t AMOUNTS[] = {1, 3, 7, 999999937, UINT64_MAX / 3, UINT64_MAX};
    static const uint32_t FEES[] = {0, 1, 3000, DV_PPM_ONE - 1};
    char text[DV_AMOUNT_TEXT_SIZE];
    for (int a = 0; a < 6; a++)
        for (int b = 0; b < 6; b++)
            for (int fee = 0; fee < 4; fee++)
                for (uint8_t in = 0; in <= DV_DECIMALS_MAX; in += 9)
                    for (uint8_t out = 0; out <= DV_DECIMALS_MAX; out += 9) {
                        uint32_t n =
                            dv_price_format(AMOUNTS[a], in, AMOUNTS[b], out, FEES[fee], text);
                        ck_assert_uint_lt(n, DV_AMOUNT_TEXT_SIZE);
                        ck_assert_uint_eq(n, strlen(text));
                        ck_assert_uint_eq(strspn(text, "0123456789."), n);
                        ck_assert(text[n - 1] != '.');
                        ck_assert(strchr(text, '.') == NULL || text[n - 1] != '0');
                    }
}
END_TEST

START_TEST(swaps_compare_by_what_is_got_for_what_is_paid)
{
    ck_assert_int_lt(dv_swap_compare(100, 99, 100, 100), 0);
    ck_assert_int_eq(dv_swap_compare(100, 200, 50, 100), 0);
    ck_assert_int_gt(dv_swap_compare(99, 100, 100, 100), 0);
    ck_assert_int_gt(dv_swap_compare(UINT64_MAX - 1, UINT64_MAX, UINT64_MAX, UINT64_MAX), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("amount");
    TCase *c = tcase_create("amount");
    suite_add_tcase(suite, c);
    tcase_add_loop_test(c, decimals_are_read_exactly_or_refused, 0, PARSE_COUNT);
    tcase_add_test(c, floor_cuts_what_is_too_precise_and_nothing_else);
    tcase_add_test(c, a_text_is_read_to_its_size_not_to_a_nul);
    tcase_add_loop_test(c, formatting_gives_the_shortest_decimal_which_reads_back, 0, FORMAT_COUNT);
    tcase_add_test(c, mul_div_keeps_128_bits_in_between);
    tcase_add_test(c, mul_div_refuses_zero_divisors_and_what_does_not_fit);
    tcase_add_test(c, the_least_output_is_rounded_up);
    tcase_add_test(c, the_most_input_is_rounded_down_and_saturates);
    tcase_add_loop_test(c, prices_have_fifteen_digits_rounded_down, 0, PRICE_COUNT);
    tcase_add_test(c, every_price_fits_its_buffer);
    tcase_add_test(c, swaps_compare_by_what_is_got_for_what_is_paid);
    return suite_run(suite);
}
