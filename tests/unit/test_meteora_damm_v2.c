/* Meteora DAMM v2 where recorded answers do not reach: what is refused, extreme prices and amounts,
   the fee's own consistency, and the instruction. */
#include <check.h>
#include <stdlib.h>

#include "actors/dex/programs/meteora_damm_v2_math.h"
#include "tests/support/least_input.h"
#include "tests/support/reserves_scene.h"
#include "tests/support/suite.h"

static scene s;

/* The rate limiter on the way from b to a: 1 %, an increment more per million, 50 % at the most. */
static void make_limited(uint16_t increment_bps)
{
    make_damm(&s);
    uint8_t *pool = data_of(&s, POOL);
    put(pool + 8, 10000000, 8);
    pool[16] = 2;
    put(pool + 22, increment_bps, 2);
    put(pool + 24, 100, 4);
    put(pool + 28, 5000, 4);
    put(pool + 32, 1000000, 8);
    pool[484] = 1;
}

START_TEST(a_swap_there_and_back_never_gains)
{
    make_damm(&s);
    for (uint64_t amount = 1; amount < (uint64_t)1 << 38; amount = 3 * amount + 1)
        for (uint32_t in = 0; in < 2; in++) {
            ck_assert_int_eq(ask_in(&s, in, amount), DV_OK);
            uint64_t out = s.quote.amount_out;
            ck_assert_uint_eq(s.quote.protocol_fee + s.quote.compounding_fee + s.quote.lp_fee,
                              s.quote.fee);
            if (out == 0) continue;
            ck_assert_int_eq(ask_out(&s, in, out), DV_OK);
            ck_assert_uint_le(s.quote.amount_in, amount);
            ck_assert_int_eq(ask_in(&s, in, s.quote.amount_in), DV_OK);
            ck_assert_uint_ge(s.quote.amount_out, out);
        }
}
END_TEST

START_TEST(a_disabled_pool_or_one_that_is_not_active_yet_is_closed)
{
    make_damm(&s);
    s.clock.slot = 999;
    ck_assert_int_eq(ask_in(&s, 0, 5), DV_VENUE_POOL_CLOSED);
    ck_assert_uint_eq(s.refusal.program_error, 6003);
    data_of(&s, POOL)[480] = 1; /* by time: long past */
    ck_assert_int_eq(ask_in(&s, 0, 5000), DV_OK);
    data_of(&s, POOL)[481] = 1;
    ck_assert_int_eq(ask_in(&s, 0, 5000), DV_VENUE_POOL_CLOSED);
}
END_TEST

START_TEST(nothing_is_too_small)
{
    make_damm(&s);
    ck_assert_int_eq(ask_in(&s, 0, 0), DV_VENUE_AMOUNT_TOO_SMALL);
    ck_assert_uint_eq(s.refusal.program_error, 6006);
    ck_assert_int_eq(ask_out(&s, 0, 0), DV_VENUE_AMOUNT_TOO_SMALL);
    ck_assert_int_eq(ask_in(&s, 0, 1), DV_OK); /* which the program fills with no output */
    ck_assert_uint_eq(s.quote.amount_out, 0);
}
END_TEST

START_TEST(modes_that_are_not_verified_are_refused)
{
    static const uint32_t PLACES[] = {16, 480, 484, 486};
    static const uint8_t VALUES[] = {5, 2, 3, 2};
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        make_damm(&s);
        data_of(&s, POOL)[PLACES[i]] = VALUES[i];
        ck_assert_int_eq(decode(&s), DV_VENUE_POOL_UNSUPPORTED);
    }
}
END_TEST

START_TEST(numbers_that_the_program_would_not_take_are_refused)
{
    static const struct {
        uint32_t at, size;
        dv_u128 value;
    } ODD[] = {
        {0, 1, 0},    {8, 8, 1000000001},      {48, 1, 101}, {54, 2, 10001},          {424, 16, 0},
        {440, 16, 0}, {440, 16, MAX_SQRT + 1}, {456, 16, 0}, {456, 16, MAX_SQRT + 1},
    };
    for (size_t i = 0; i < sizeof ODD / sizeof ODD[0]; i++) {
        make_damm(&s);
        put(data_of(&s, POOL) + ODD[i].at, ODD[i].value, (int)ODD[i].size);
        ck_assert_int_eq(decode(&s), DV_VENUE_POOL_MALFORMED);
    }
    make_damm(&s);
    data_of(&s, POOL)[484] = 2; /* a product of reserves that are not tracked */
    data_of(&s, POOL)[696] = 0;
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_MALFORMED);
    make_damm(&s);
    data_of(&s, POOL)[56] = 1;
    put(data_of(&s, POOL) + 120, (dv_u128)1 << 32, 16); /* volatility */
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_MALFORMED);
    make_limited(0);
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_MALFORMED);
}
END_TEST

START_TEST(extreme_prices_liquidities_and_amounts_are_answered_or_refused)
{
    static const dv_u128 LIQUIDITY[] = {0, 1, (dv_u128)1 << 64, ~(dv_u128)0};
    static const uint64_t AMOUNTS[] = {1, 1000000, UINT64_MAX / 2, UINT64_MAX};
    const dv_u128 prices[] = {MIN_SQRT, PRICE_ONE, MAX_SQRT};
    for (size_t l = 0; l < 4; l++)
        for (size_t p = 0; p < 3; p++)
            for (size_t a = 0; a < 4; a++)
                for (uint32_t in = 0; in < 2; in++) {
                    make_damm(&s);
                    put(data_of(&s, POOL) + 360, LIQUIDITY[l], 16);
                    put(data_of(&s, POOL) + 456, prices[p], 16);
                    if (ask_in(&s, in, AMOUNTS[a]) == DV_OK)
                        ck_assert_uint_eq(s.quote.amount_in, AMOUNTS[a]);
                    if (ask_out(&s, in, AMOUNTS[a]) == DV_OK)
                        ck_assert_uint_eq(s.quote.amount_out, AMOUNTS[a]);
                    if (ask(&s, DV_SWAP_PARTIAL_FILL, in, AMOUNTS[a], 0) == DV_OK)
                        ck_assert_uint_le(s.quote.amount_in, AMOUNTS[a]);
                }
}
END_TEST

START_TEST(a_partial_fill_stops_at_the_bound_where_an_exact_one_is_refused)
{
    make_damm(&s);
    put(data_of(&s, POOL) + 440, PRICE_ONE + PRICE_ONE / 100, 16);
    uint64_t amount = (uint64_t)1 << 39;
    ck_assert_int_eq(ask_in(&s, 1, amount), DV_VENUE_LIQUIDITY_INSUFFICIENT);
    ck_assert_uint_eq(s.refusal.program_error, 6015);
    ck_assert_int_eq(ask(&s, DV_SWAP_PARTIAL_FILL, 1, amount, 0), DV_OK);
    uint64_t paid = s.quote.amount_in, out = s.quote.amount_out;
    ck_assert_uint_lt(paid, amount);
    ck_assert_int_eq(ask(&s, DV_SWAP_PARTIAL_FILL, 1, UINT64_MAX, 0), DV_OK);
    ck_assert_uint_eq(s.quote.amount_in, paid);
    ck_assert_uint_eq(s.quote.amount_out, out);
    ck_assert_int_eq(ask_in(&s, 1, paid - 1), DV_OK);
}
END_TEST

START_TEST(a_partial_fill_at_the_bound_is_refused_as_nothing)
{
    for (uint32_t in = 0; in < 2; in++) {
        make_damm(&s);
        put(data_of(&s, POOL) + 424 + 16 * in, PRICE_ONE, 16);
        ck_assert_int_eq(ask(&s, DV_SWAP_PARTIAL_FILL, in, 1000, 0), DV_VENUE_AMOUNT_TOO_SMALL);
        ck_assert_uint_eq(s.refusal.program_error, 6006);
    }
}
END_TEST

/* The limiter asks for another rate for an amount than for what remains of the amount. The program
   asks a second time only when something is left over. */
START_TEST(a_partial_fill_that_just_reaches_the_bound_keeps_its_fee)
{
    make_limited(100);
    put(data_of(&s, POOL) + 440, PRICE_ONE + (PRICE_ONE >> 16), 16); /* 2^24 atoms to the bound */
    uint64_t reaches = 0;
    for (uint64_t step = (uint64_t)1 << 30; step > 0; step /= 2) {
        ck_assert_int_eq(ask(&s, DV_SWAP_PARTIAL_FILL, 1, reaches + step, 0), DV_OK);
        if (s.quote.amount_in - s.quote.fee < (uint64_t)1 << 24) reaches += step;
    }
    reaches++; /* the least amount of which what remains reaches the bound */
    ck_assert_int_eq(ask(&s, DV_SWAP_PARTIAL_FILL, 1, reaches, 0), DV_OK);
    ck_assert_uint_eq(s.quote.amount_in, reaches);
    ck_assert_uint_eq(s.quote.amount_in - s.quote.fee, (uint64_t)1 << 24);
}
END_TEST

/* A pool of random price, liquidity, bounds, fee and transfer fees. */
static void make_random(least_input *at)
{
    make_damm(&s);
    uint8_t *pool = data_of(&s, POOL);
    dv_u128 price = (PRICE_ONE >> 16) * least_input_amount(at, 32);
    dv_u128 spread = price / (2 + least_input_draw(at) % 1000);
    put(pool + 8, least_input_draw(at) % 400000000, 8);
    put(pool + 360, (dv_u128)least_input_amount(at, 50) << 64, 16);
    put(pool + 424, price - spread, 16);
    put(pool + 440, price + spread, 16);
    put(pool + 456, price, 16);
    pool[484] = least_input_draw(at) % 2; /* the fee is taken from the output, or is b */
    for (uint32_t side = 0; side < 2; side++)
        withhold(&s, side, least_input_bps(at), least_input_amount(at, 40));
    ck_assert_int_eq(decode(&s), DV_OK);
    at->pool = s.pool;
    at->clock = s.clock;
    at->in = least_input_draw(at) % 2;
}

START_TEST(a_fill_charges_no_atom_more_than_it_needs)
{
    least_input at = {.state = 4501};
    for (int i = 0; i < 20000; i++) {
        make_random(&at);
        least_input_check_partial(&at, least_input_amount(&at, 45));
        least_input_check_exact_out(&at, least_input_amount(&at, 45));
    }
    ck_assert_uint_gt(at.fills, 10000);
}
END_TEST

START_TEST(the_rate_limiter_holds_one_way_and_for_its_time)
{
    make_limited(100);
    ck_assert_int_eq(ask_in(&s, 0, 50000000), DV_OK); /* a to b: the cliff, on the output */
    ck_assert_uint_eq(s.quote.fee, (s.quote.amount_out + s.quote.fee + 99) / 100);
    ck_assert_int_eq(ask_in(&s, 1, 1000000), DV_OK);
    ck_assert_uint_eq(s.quote.fee, 10000);
    ck_assert_int_eq(ask_in(&s, 1, 2000000), DV_OK); /* the second million pays 2 % */
    ck_assert_uint_eq(s.quote.fee, 30000);
    s.clock.slot = 1100;
    ck_assert_int_eq(ask_in(&s, 1, 2000000), DV_OK);
    ck_assert_uint_eq(s.quote.fee, 30000);
    s.clock.slot = 1101;
    ck_assert_int_eq(ask_in(&s, 1, 2000000), DV_OK);
    ck_assert_uint_eq(s.quote.fee, 20000);
}
END_TEST

/* Of the amount that the limiter asks for a net amount, at least that remains: to within the
   rounding of the numerator, which is a billionth. */
START_TEST(the_rate_limiters_two_directions_agree)
{
    const dv_damm_fee fee = {.mode = DV_DAMM_FEE_RATE_LIMITER,
                             .cliff = 10000000,
                             .duration = 10,
                             .increment = 1000000 * (uint64_t)_i,
                             .most = 500000000,
                             .reference = 1000000};
    const dv_damm_moment moment = {.point = 5, .activation = 0};
    for (uint64_t net = 1; net < (uint64_t)1 << 50; net += net / 3 + 1) {
        uint64_t excluded, included;
        ck_assert_int_eq(dv_damm_base_fee(&fee, &moment, net, false, &excluded), DV_DAMM_OK);
        ck_assert_uint_ge(excluded, fee.cliff);
        ck_assert_uint_le(excluded, fee.most);
        uint64_t whole =
            (uint64_t)(((dv_u128)net * DV_DAMM_FEE_ONE + DV_DAMM_FEE_ONE - excluded - 1) /
                       (DV_DAMM_FEE_ONE - excluded));
        ck_assert_int_eq(dv_damm_base_fee(&fee, &moment, whole, true, &included), DV_DAMM_OK);
        uint64_t charged = (uint64_t)(((dv_u128)whole * included) / DV_DAMM_FEE_ONE);
        uint64_t slack = whole / 100000000 + 8;
        ck_assert_uint_le(net, whole - charged + slack);
        ck_assert_uint_le(whole - charged, net + slack);
    }
}
END_TEST

START_TEST(schedules_fall_by_period_and_stop_at_the_last)
{
    dv_damm_fee fee = {.mode = DV_DAMM_FEE_TIME_LINEAR,
                       .cliff = 500000000,
                       .periods = 10,
                       .frequency = 5,
                       .reduction = 1000000};
    dv_damm_moment moment = {.activation = 100};
    uint64_t numerator, before = UINT64_MAX;
    for (moment.point = 100; moment.point < 200; moment.point++) {
        uint64_t periods = (moment.point - 100) / 5;
        ck_assert_int_eq(dv_damm_base_fee(&fee, &moment, 1, true, &numerator), DV_DAMM_OK);
        ck_assert_uint_eq(numerator, 500000000 - 1000000 * (periods < 10 ? periods : 10));
    }
    fee.mode = DV_DAMM_FEE_TIME_EXPONENTIAL;
    fee.reduction = 1000; /* a tenth */
    for (moment.point = 100; moment.point < 150; moment.point += 5) {
        ck_assert_int_eq(dv_damm_base_fee(&fee, &moment, 1, true, &numerator), DV_DAMM_OK);
        ck_assert_uint_lt(numerator, before);
        before = numerator;
    }
    ck_assert_uint_eq(before, 193710244); /* 0.9^9 of it, rounded down */
    fee.mode = DV_DAMM_FEE_TIME_LINEAR;
    fee.reduction = 100000000; /* more than there is */
    ck_assert_int_eq(dv_damm_base_fee(&fee, &moment, 1, true, &numerator), DV_DAMM_MATH_OVERFLOW);
}
END_TEST

START_TEST(accounts_cut_off_anywhere_are_refused)
{
    make_damm(&s);
    decode_cut(&s);
}
END_TEST

START_TEST(a_swap_names_its_accounts_and_with_the_limiter_the_instructions)
{
    dv_instruction made;
    make_damm(&s);
    ck_assert_int_eq(encode(&s, DV_SWAP_PARTIAL_FILL, 1, &made), DV_OK);
    ck_assert_uint_eq(made.data_size, 25);
    ck_assert_mem_eq(made.data,
                     "\x41\x4b\x3f\x4c\xeb\x5b\x5b\x88\xe8\x03\0\0\0\0\0\0\7\0\0\0\0\0\0\0\1", 25);
    assert_keys(&made, "0r 1w 8w 9w 5w 6w 3r 4r 7s 0r 0r 0r 0r 0r");
    ck_assert(dv_pubkey_equal(&made.accounts[11].key, &DV_METEORA_DAMM_V2_PROGRAM));
    ck_assert_int_eq(encode(&s, DV_SWAP_EXACT_OUT, 1, &made), DV_OK);
    ck_assert_uint_eq(made.data[24], 2);
    make_limited(100);
    ck_assert_int_eq(encode(&s, DV_SWAP_EXACT_IN, 0, &made), DV_OK);
    ck_assert_uint_eq(made.account_count, 15);
    ck_assert(dv_pubkey_equal(&made.accounts[14].key, &DV_SYSVAR_INSTRUCTIONS));
}
END_TEST

static void put_away(void)
{
    dv_pool_destroy(&s.pool);
}

int main(void)
{
    Suite *suite = suite_create("meteora_damm_v2");
    TCase *c = tcase_create("meteora_damm_v2");
    suite_add_tcase(suite, c);
    tcase_add_checked_fixture(c, NULL, put_away);
    tcase_add_test(c, a_swap_there_and_back_never_gains);
    tcase_add_test(c, a_disabled_pool_or_one_that_is_not_active_yet_is_closed);
    tcase_add_test(c, nothing_is_too_small);
    tcase_add_test(c, modes_that_are_not_verified_are_refused);
    tcase_add_test(c, numbers_that_the_program_would_not_take_are_refused);
    tcase_add_test(c, extreme_prices_liquidities_and_amounts_are_answered_or_refused);
    tcase_add_test(c, a_partial_fill_stops_at_the_bound_where_an_exact_one_is_refused);
    tcase_add_test(c, a_partial_fill_at_the_bound_is_refused_as_nothing);
    tcase_add_test(c, a_partial_fill_that_just_reaches_the_bound_keeps_its_fee);
    tcase_add_test(c, a_fill_charges_no_atom_more_than_it_needs);
    tcase_add_test(c, the_rate_limiter_holds_one_way_and_for_its_time);
    tcase_add_loop_test(c, the_rate_limiters_two_directions_agree, 1, 5);
    tcase_add_test(c, schedules_fall_by_period_and_stop_at_the_last);
    tcase_add_test(c, accounts_cut_off_anywhere_are_refused);
    tcase_add_test(c, a_swap_names_its_accounts_and_with_the_limiter_the_instructions);
    return suite_run(suite);
}
