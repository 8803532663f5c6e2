/* 256-bit integers, against sums of small numbers and against a division bit by bit. */
#include "actors/dex/programs/wide.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 200000
#define BITS 320

static uint64_t state = 20260501;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Limbs that carries and estimates go wrong at come as often as any others. */
static uint64_t some_limb(void)
{
    static const uint64_t SPECIAL[] = {
        0, 1, 2, UINT64_MAX, UINT64_MAX - 1, 1ull << 63, (1ull << 63) - 1};
    uint64_t r = draw();
    if (r % 2) return SPECIAL[r / 2 % (sizeof SPECIAL / sizeof SPECIAL[0])];
    return draw() >> (draw() % 64);
}

static dv_u256 some(void)
{
    dv_u256 n = {{0}};
    uint64_t limbs = draw() % 5;
    for (uint64_t i = 0; i < limbs; i++) n.limb[i] = some_limb();
    return n;
}

static dv_u128 some_128(void)
{
    return (dv_u128)some_limb() << 64 | some_limb();
}

/* rest = 2 * rest + bit over five limbs; then rest -= b if that can be. Returns whether it could.
 */
static bool divide_bit(uint64_t rest[5], bool bit, const dv_u256 *b)
{
    for (int i = 0; i < 5; i++) {
        bool top = rest[i] >> 63;
        rest[i] = rest[i] << 1 | bit;
        bit = top;
    }
    uint64_t less[5];
    unsigned borrow = 0;
    for (int i = 0; i < 5; i++) {
        dv_u128 limb = (dv_u128)rest[i] - (i < 4 ? b->limb[i] : 0) - borrow;
        less[i] = (uint64_t)limb;
        borrow = (limb >> 64) != 0;
    }
    if (!borrow) memcpy(rest, less, sizeof less);
    return !borrow;
}

/* floor(2^64 * a / b), bit by bit; whether it fits 128 bits. */
static bool reference(const dv_u256 *a, const dv_u256 *b, dv_u128 *ret, bool *ret_exact)
{
    uint64_t rest[5] = {0}, quotient[5] = {0};
    for (int i = BITS - 1; i >= 0; i--) {
        bool bit = i >= 64 && a->limb[i / 64 - 1] >> (i % 64) & 1;
        if (divide_bit(rest, bit, b)) quotient[i / 64] |= 1ull << (i % 64);
    }
    *ret = (dv_u128)quotient[1] << 64 | quotient[0];
    *ret_exact = !(rest[0] | rest[1] | rest[2] | rest[3] | rest[4]);
    return !(quotient[2] | quotient[3] | quotient[4]);
}

START_TEST(division_is_that_of_a_division_bit_by_bit)
{
    int fitted = 0;
    for (int i = 0; i < ROUNDS / 10; i++) {
        dv_u256 a = some(), b = some();
        dv_u128 expected, floor = 7, ceil = 7;
        bool exact;
        if (!(b.limb[0] | b.limb[1] | b.limb[2] | b.limb[3])) continue;
        bool fits = reference(&a, &b, &expected, &exact);
        ck_assert_int_eq(dv_u256_x64_div_floor(&a, &b, &floor), fits);
        ck_assert(floor == (fits ? expected : 7));
        bool ceil_fits = fits && (exact || expected + 1 != 0);
        ck_assert_int_eq(dv_u256_x64_div_ceil(&a, &b, &ceil), ceil_fits);
        ck_assert(ceil == (ceil_fits ? expected + !exact : 7));
        fitted += fits;
    }
    ck_assert_int_gt(fitted, ROUNDS / 50);
}
END_TEST

START_TEST(division_of_a_product_gives_its_factor_back)
{
    for (int i = 0; i < ROUNDS; i++) {
        dv_u128 factor = some_128(), divisor = some_128(), floor, ceil;
        if (divisor == 0) continue;
        /* 2^64 * product / (2^64 * divisor) */
        dv_u256 product = dv_u256_mul(factor, divisor), shifted = dv_u256_x64(divisor);
        ck_assert(dv_u256_x64_div_floor(&product, &shifted, &floor) && floor == factor);
        ck_assert(dv_u256_x64_div_ceil(&product, &shifted, &ceil) && ceil == factor);
    }
}
END_TEST

START_TEST(division_by_nothing_is_refused)
{
    dv_u256 zero = {{0}}, one = {{1}};
    dv_u128 result = 7;
    ck_assert(!dv_u256_x64_div_floor(&one, &zero, &result) && result == 7);
    ck_assert(!dv_u256_x64_div_ceil(&zero, &zero, &result) && result == 7);
}
END_TEST

START_TEST(a_quotient_of_more_than_128_bits_is_refused)
{
    dv_u256 a = {{0, 1}}, b = {{1}}, most = {{UINT64_MAX}};
    dv_u128 result = 7;
    ck_assert(!dv_u256_x64_div_floor(&a, &b, &result) && result == 7);
    ck_assert(dv_u256_x64_div_floor(&most, &b, &result));
    ck_assert(result == (dv_u128)UINT64_MAX << 64);
    /* 2^128 - 1 fits; rounded up from above that it does not */
    dv_u256 over = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, 0}}, under = {{0, 1}};
    ck_assert(!dv_u256_x64_div_floor(&over, &under, &result));
    dv_u256 exact = {{UINT64_MAX, UINT64_MAX, 0, 0}};
    ck_assert(dv_u256_x64_div_ceil(&exact, &under, &result) && result == ~(dv_u128)0);
    dv_u256 twice = {{UINT64_MAX, UINT64_MAX, 1, 0}}, two = {{0, 2}};
    ck_assert(dv_u256_x64_div_floor(&twice, &two, &result) && result == ~(dv_u128)0);
    result = 7;
    ck_assert(!dv_u256_x64_div_ceil(&twice, &two, &result) && result == 7);
}
END_TEST

START_TEST(sums_that_do_not_fit_are_refused)
{
    dv_u256 most = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}}, one = {{1}}, zero = {{0}}, r;
    memset(&r, 7, sizeof r);
    dv_u256 before = r;
    ck_assert(!dv_u256_add(&most, &one, &r));
    ck_assert(!dv_u256_sub(&zero, &one, &r));
    ck_assert_mem_eq(&r, &before, sizeof r);
}
END_TEST

START_TEST(what_is_added_can_be_taken_away_again)
{
    for (int i = 0; i < ROUNDS; i++) {
        dv_u256 a = some(), b = some(), sum, back;
        if (!dv_u256_add(&a, &b, &sum)) continue;
        ck_assert(dv_u256_sub(&sum, &b, &back));
        ck_assert_mem_eq(&back, &a, sizeof a);
    }
}
END_TEST

START_TEST(products_are_those_of_32_bit_digits)
{
    for (int i = 0; i < ROUNDS; i++) {
        dv_u128 a = some_128(), b = some_128();
        uint64_t digit[9] = {0};
        for (int k = 0; k < 16; k++) {
            uint64_t p =
                (uint64_t)(uint32_t)(a >> (32 * (k / 4))) * (uint32_t)(b >> (32 * (k % 4)));
            digit[k / 4 + k % 4] += (uint32_t)p;
            digit[k / 4 + k % 4 + 1] += p >> 32;
        }
        for (int k = 0; k < 8; k++) digit[k + 1] += digit[k] >> 32;
        dv_u256 product = dv_u256_mul(a, b);
        for (int k = 0; k < 8; k++)
            ck_assert_uint_eq((uint32_t)(product.limb[k / 2] >> (32 * (k % 2))),
                              (uint32_t)digit[k]);
    }
}
END_TEST

START_TEST(a_shifted_product_is_rounded_and_must_fit)
{
    uint64_t r = 7;
    ck_assert(dv_mul_shift64_floor(3, (dv_u128)1 << 63, &r) && r == 1);
    ck_assert(dv_mul_shift64_ceil(3, (dv_u128)1 << 63, &r) && r == 2);
    ck_assert(dv_mul_shift64_ceil(2, (dv_u128)1 << 63, &r) && r == 1);
    ck_assert(dv_mul_shift64_ceil(0, ~(dv_u128)0, &r) && r == 0);
    dv_u128 most = (dv_u128)UINT64_MAX << 64;
    ck_assert(dv_mul_shift64_floor(most | 1, 1, &r) && r == UINT64_MAX);
    r = 7;
    ck_assert(!dv_mul_shift64_ceil(most | 1, 1, &r) && r == 7);
    ck_assert(!dv_mul_shift64_floor(most, 2, &r) && r == 7);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wide");
    TCase *c = tcase_create("wide");
    suite_add_tcase(suite, c);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, division_is_that_of_a_division_bit_by_bit);
    tcase_add_test(c, division_of_a_product_gives_its_factor_back);
    tcase_add_test(c, division_by_nothing_is_refused);
    tcase_add_test(c, a_quotient_of_more_than_128_bits_is_refused);
    tcase_add_test(c, sums_that_do_not_fit_are_refused);
    tcase_add_test(c, what_is_added_can_be_taken_away_again);
    tcase_add_test(c, products_are_those_of_32_bit_digits);
    tcase_add_test(c, a_shifted_product_is_rounded_and_must_fit);
    return suite_run(suite);
}
