/* Raydium CLMM beyond the recorded answers: the ends of the range, hostile bytes, refusals. */
#include <check.h>
#include <stdlib.h>

#include "tests/support/least_input.h"
#include "tests/support/pools_scene.h"
#include "tests/support/suite.h"

#define ROUNDS 20000
#define LIQUIDITY ((dv_u128)5000000000000u)

static uint64_t state = 99;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static scene s;

/* Liquidity from tick -6000 to 6000, and as much again from -600 to 600; spacing 10. */
static void begin(void)
{
    scene_clmm(&s, 10, 3, 2 * LIQUIDITY);
    scene_clmm_extension(&s);
    scene_clmm_tick(&s, -6000, (__int128)LIQUIDITY);
    scene_clmm_tick(&s, -600, (__int128)LIQUIDITY);
    scene_clmm_tick(&s, 600, -(__int128)LIQUIDITY);
    scene_clmm_tick(&s, 6000, -(__int128)LIQUIDITY);
}

static void end(void)
{
    dv_pool_destroy(&s.pool);
}

static void make(void)
{
    ck_assert_int_eq(scene_make(&s), DV_OK);
}

/* ---- mathematics ---- */

START_TEST(prices_at_the_ends_are_the_programs_constants)
{
    ck_assert(dv_clmm_sqrt_price_of(DV_CLMM_TICK_MIN) == DV_CLMM_SQRT_PRICE_MIN);
    ck_assert(dv_clmm_sqrt_price_of(DV_CLMM_TICK_MAX) == DV_CLMM_SQRT_PRICE_MAX);
    ck_assert(dv_clmm_sqrt_price_of(0) == (dv_u128)1 << 64);
}
END_TEST

START_TEST(every_tick_has_a_higher_price_than_the_one_below)
{
    dv_u128 below = 0;
    for (int32_t tick = DV_CLMM_TICK_MIN; tick <= DV_CLMM_TICK_MAX; tick++) {
        dv_u128 price = dv_clmm_sqrt_price_of(tick);
        ck_assert_msg(price > below, "tick %d", tick);
        below = price;
    }
}
END_TEST

/* Any two prices, any liquidity, any amount: what a step may never do. */
START_TEST(a_step_stays_within_its_bounds)
{
    int taken = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int32_t span = DV_CLMM_TICK_MAX - DV_CLMM_TICK_MIN + 1;
        dv_u128 a = dv_clmm_sqrt_price_of(DV_CLMM_TICK_MIN + (int32_t)(draw() % (uint32_t)span));
        dv_u128 b = dv_clmm_sqrt_price_of(DV_CLMM_TICK_MIN + (int32_t)(draw() % (uint32_t)span));
        dv_clmm_course course = {b < a, draw() % 2, (uint32_t)(draw() % 1000000)};
        dv_u128 liquidity = ((dv_u128)draw() << 64 | draw()) >> (draw() % 128);
        uint64_t left = draw() >> (draw() % 64);
        dv_clmm_step step;
        if (dv_clmm_step_take(&course, a, b, liquidity, left, &step) != 0) continue;
        taken++;
        ck_assert(b < a ? step.sqrt_price >= b && step.sqrt_price <= a
                        : step.sqrt_price >= a && step.sqrt_price <= b);
        if (course.exact_out) ck_assert_uint_le(step.out, left);
        if (!course.exact_out) ck_assert((dv_u128)step.in + step.fee <= left);
        if (!course.exact_out && step.sqrt_price != b) ck_assert(step.in + step.fee == left);
        if (course.exact_out && step.sqrt_price != b) ck_assert_uint_eq(step.out, left);
    }
    ck_assert_int_gt(taken, ROUNDS / 4);
}
END_TEST

START_TEST(a_step_without_liquidity_reaches_its_target_for_nothing)
{
    for (int exact_out = 0; exact_out < 2; exact_out++) {
        dv_clmm_course course = {true, exact_out, 2500};
        dv_clmm_step step;
        dv_u128 target = dv_clmm_sqrt_price_of(-100);
        ck_assert_uint_eq(dv_clmm_step_take(&course, (dv_u128)1 << 64, target, 0, 5, &step), 0);
        ck_assert(step.sqrt_price == target);
        ck_assert(step.in == 0 && step.out == 0 && step.fee == 0);
    }
}
END_TEST

/* ---- quotes ---- */

START_TEST(paying_what_an_exact_output_costs_gives_at_least_that_output)
{
    begin();
    make();
    int crossed = 0;
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t in = draw() % 2;
        uint64_t amount = draw() % 1000000000000 >> (draw() % 40);
        if (scene_quote(&s, DV_SWAP_EXACT_OUT, in, amount) != DV_OK) continue;
        uint64_t paid = s.quote.amount_in;
        crossed += s.quote.crossings > 0;
        ck_assert_uint_eq(s.quote.amount_out, amount);
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, in, paid), DV_OK);
        ck_assert_uint_ge(s.quote.amount_out, amount);
        ck_assert_uint_eq(s.quote.amount_in, paid);
    }
    ck_assert_int_gt(crossed, ROUNDS / 100);
    end();
}
END_TEST

START_TEST(an_exact_output_costs_no_atom_more_than_it_needs)
{
    least_input at = {.state = 4501};
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 100 == 0) {
            end();
            begin();
            for (uint32_t side = 0; side < 2; side++)
                scene_withhold(&s, SCENE_MINT_0 + side, least_input_bps(&at),
                               least_input_amount(&at, 40));
            make();
        }
        at.pool = s.pool;
        at.clock = s.clock;
        at.in = least_input_draw(&at) % 2;
        least_input_check_exact_out(&at, least_input_amount(&at, 40));
    }
    ck_assert_uint_gt(at.fills, ROUNDS / 10);
    end();
}
END_TEST

START_TEST(the_parts_of_the_fee_add_up)
{
    begin();
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000000), DV_OK);
    ck_assert_uint_eq(s.quote.fee, 2500000);
    ck_assert_uint_eq(s.quote.protocol_fee, 300000);
    ck_assert_uint_eq(s.quote.fund_fee, 100000);
    ck_assert_uint_eq(s.quote.lp_fee, 2100000);
    ck_assert(s.quote.fee_on_input && s.quote.crossings == 0);
    end();
}
END_TEST

START_TEST(a_swap_that_leaves_the_ticks_is_refused_and_one_just_within_them_is_not)
{
    for (uint32_t in = 0; in < 2; in++) {
        begin();
        make();
        uint64_t least = 1, most = UINT64_MAX / 4;
        while (most - least > 1) {
            uint64_t middle = least + (most - least) / 2;
            if (scene_quote(&s, DV_SWAP_EXACT_IN, in, middle) == DV_OK)
                least = middle;
            else
                most = middle;
        }
        ck_assert_int_eq(s.refusal.err ? s.refusal.err : DV_VENUE_LIQUIDITY_INSUFFICIENT,
                         DV_VENUE_LIQUIDITY_INSUFFICIENT);
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, in, most),
                         DV_VENUE_LIQUIDITY_INSUFFICIENT);
        ck_assert_uint_eq(s.refusal.program_error, 6019);
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, in, least), DV_OK);
        ck_assert_uint_eq(s.quote.crossings, 2);
        end();
    }
}
END_TEST

/* Every tick from one end to the other: the first and the last that there are. */
START_TEST(a_pool_over_the_whole_range_ends_where_prices_do)
{
    for (uint32_t in = 0; in < 2; in++) {
        scene_clmm(&s, 60, 0, 1000000);
        scene_clmm_extension(&s);
        scene_clmm_tick(&s, -443580, 1000000);
        scene_clmm_tick(&s, 443580, -1000000);
        make();
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, in, 1000), DV_OK);
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, in, UINT64_MAX),
                         DV_VENUE_LIQUIDITY_INSUFFICIENT);
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_OUT, in, UINT64_MAX),
                         DV_VENUE_LIQUIDITY_INSUFFICIENT);
        end();
    }
}
END_TEST

START_TEST(a_price_at_the_end_of_the_range_goes_no_farther)
{
    scene_clmm(&s, 1, DV_CLMM_TICK_MIN, 1000000);
    scene_clmm_extension(&s);
    scene_clmm_tick(&s, DV_CLMM_TICK_MIN, 1000000);
    scene_clmm_tick(&s, DV_CLMM_TICK_MIN + 1, -1000000);
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000), DV_VENUE_LIQUIDITY_INSUFFICIENT);
    ck_assert_uint_eq(s.refusal.program_error, 6013);
    end();
}
END_TEST

START_TEST(amounts_that_overflow_are_refused_and_do_not_wrap)
{
    scene_clmm(&s, 60, 0, ~(dv_u128)0 >> 1);
    scene_clmm_extension(&s);
    scene_clmm_tick(&s, -443580, (__int128)(~(dv_u128)0 >> 1));
    scene_clmm_tick(&s, 443580, -(__int128)(~(dv_u128)0 >> 1));
    make();
    for (uint32_t in = 0; in < 2; in++)
        for (int mode = DV_SWAP_EXACT_IN; mode <= DV_SWAP_EXACT_OUT; mode++) {
            dv_err err = scene_quote(&s, mode, in, UINT64_MAX);
            ck_assert(err != DV_OK || s.quote.amount_in <= UINT64_MAX);
            if (err == DV_OK) ck_assert_uint_ge(s.quote.amount_in, s.quote.amount_out);
        }
    end();
}
END_TEST

START_TEST(a_tick_array_that_is_not_there_is_named_as_missing_when_the_swap_comes_to_it)
{
    begin();
    scene_remove(&s, SCENE_ARRAY); /* that of tick -6000 */
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000), DV_OK);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000000000000),
                     DV_VENUE_ACCOUNT_MISSING);
    ck_assert_ptr_nonnull(s.refusal.reason);
    end();
}
END_TEST

START_TEST(arrays_beyond_the_own_bitmap_take_the_extension)
{
    for (int with = 0; with < 2; with++) {
        scene_clmm(&s, 1, 30703, LIQUIDITY); /* array 511: the last of the own bitmap */
        scene_clmm_extension(&s);
        scene_clmm_tick(&s, 30660, (__int128)LIQUIDITY);
        scene_clmm_tick(&s, 30730, -(__int128)LIQUIDITY); /* array 512 */
        if (!with) scene_remove(&s, SCENE_EXTENSION);
        make();
        dv_err err = scene_quote(&s, DV_SWAP_EXACT_IN, 1, 100000000);
        ck_assert_int_eq(err, with ? DV_OK : DV_VENUE_LIQUIDITY_INSUFFICIENT);
        if (!with) ck_assert_uint_eq(s.refusal.program_error, 6040);
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000), DV_OK);
        end();
    }
}
END_TEST

START_TEST(a_pool_whose_own_array_is_empty_goes_on_from_the_next)
{
    scene_clmm(&s, 10, 0, 0);
    scene_clmm_extension(&s);
    scene_clmm_tick(&s, -1300, (__int128)LIQUIDITY);
    scene_clmm_tick(&s, -1200, -(__int128)LIQUIDITY);
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000), DV_OK);
    ck_assert_uint_eq(s.quote.crossings, 1);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 1, 1000000),
                     DV_VENUE_LIQUIDITY_INSUFFICIENT);
    ck_assert_uint_eq(s.refusal.program_error, 6041);
    end();
}
END_TEST

START_TEST(nothing_asked_and_nothing_given_are_refused)
{
    begin();
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 0), DV_VENUE_AMOUNT_TOO_SMALL);
    ck_assert_uint_eq(s.refusal.program_error, 6024);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1), DV_VENUE_AMOUNT_TOO_SMALL);
    ck_assert_uint_eq(s.refusal.program_error, 6026);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_PARTIAL_FILL, 0, 100000), DV_VENUE_QUOTE_FAILED);
    end();
}
END_TEST

START_TEST(a_mint_that_withholds_everything_leaves_nothing_to_swap)
{
    begin();
    scene_withhold(&s, SCENE_MINT_0, 10000, UINT64_MAX);
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000), DV_VENUE_AMOUNT_TOO_SMALL);
    ck_assert_int_ne(scene_quote(&s, DV_SWAP_EXACT_OUT, 1, 1000000), DV_OK);
    end();
}
END_TEST

START_TEST(transfer_fees_are_paid_on_both_sides)
{
    begin();
    scene_withhold(&s, SCENE_MINT_0, 100, UINT64_MAX);
    scene_withhold(&s, SCENE_MINT_1, 200, UINT64_MAX);
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_OUT, 0, 1000000), DV_OK);
    uint64_t paid = s.quote.amount_in;
    ck_assert_uint_ge(s.quote.amount_out, 1000000);
    ck_assert_uint_gt(paid, 1030000);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, paid), DV_OK);
    ck_assert_uint_ge(s.quote.amount_out, 1000000);
    end();
}
END_TEST

/* ---- what is refused ---- */

static const struct {
    const char *what;
    uint32_t account, at;
    int bytes;
    uint64_t value;
    dv_err err; /* of making the pool, or of a quote when quote is set */
    bool quote;
} CHANGES[] = {
    {"another discriminator", SCENE_POOL, 0, 1, 0, DV_VENUE_POOL_MALFORMED, false},
    {"a fee from a fixed token", SCENE_POOL, 390, 1, 1, DV_VENUE_POOL_UNSUPPORTED, false},
    {"a dynamic fee", SCENE_POOL, 1096, 2, 30, DV_VENUE_POOL_UNSUPPORTED, false},
    {"swaps switched off", SCENE_POOL, 389, 1, 16, DV_VENUE_POOL_CLOSED, true},
    {"not open yet", SCENE_POOL, 1080, 8, SCENE_TIME + 1, DV_VENUE_POOL_CLOSED, true},
    {"no tick spacing", SCENE_POOL, 235, 2, 0, DV_VENUE_POOL_MALFORMED, false},
    {"a tick out of range", SCENE_POOL, 269, 4, 443636, DV_VENUE_POOL_MALFORMED, false},
    {"a tick that is not the price's", SCENE_POOL, 269, 4, 5, DV_VENUE_POOL_MALFORMED, false},
    {"no price", SCENE_POOL, 253, 8, 0, DV_VENUE_POOL_MALFORMED, false},
    {"another configuration", SCENE_POOL, 9, 1, 9, DV_VENUE_ACCOUNT_MISSING, false},
    {"a configuration of another kind", SCENE_CONFIG, 0, 1, 0, DV_VENUE_POOL_MALFORMED, false},
    {"a fee of everything", SCENE_CONFIG, 47, 4, 1000000, DV_VENUE_POOL_MALFORMED, false},
    {"shares above the fee", SCENE_CONFIG, 43, 4, 970000, DV_VENUE_POOL_MALFORMED, false},
    {"no mint", SCENE_MINT_0, 45, 1, 0, DV_VENUE_POOL_MALFORMED, false},
    {"an array beside its place", SCENE_ARRAY, 40, 4, 10, DV_VENUE_POOL_MALFORMED, false},
    {"an array out of range", SCENE_ARRAY, 40, 4, 600000000, DV_VENUE_POOL_MALFORMED, false},
    {"an array twice", SCENE_ARRAY, 40, 4, (uint32_t)-600, DV_VENUE_POOL_MALFORMED, false},
    {"a tick beside its place", SCENE_ARRAY, 44, 4, 7, DV_VENUE_POOL_MALFORMED, false},
    {"limit orders", SCENE_ARRAY, 44 + 168 * 3 + 124, 8, 1, DV_VENUE_POOL_UNSUPPORTED, false},
    {"limit orders filled in part", SCENE_ARRAY, 44 + 168 * 3 + 132, 8, 1,
     DV_VENUE_POOL_UNSUPPORTED, false},
};

START_TEST(a_pool_that_is_not_as_it_should_be_is_refused_with_the_reason)
{
    begin();
    scene_put(scene_data(&s, CHANGES[_i].account) + CHANGES[_i].at, CHANGES[_i].value,
              CHANGES[_i].bytes);
    dv_err err = scene_make(&s);
    if (CHANGES[_i].quote && err == DV_OK) err = scene_quote(&s, DV_SWAP_EXACT_IN, 0, 100000);
    ck_assert_msg(err == CHANGES[_i].err, "%s: %s", CHANGES[_i].what, dv_err_name(err));
    ck_assert_int_eq(s.refusal.err, err);
    ck_assert_ptr_nonnull(s.refusal.reason);
    end();
}
END_TEST

START_TEST(arrays_of_other_pools_and_programs_are_not_looked_at)
{
    for (int i = 0; i < 3; i++) {
        begin();
        uint8_t *array = scene_data(&s, SCENE_ARRAY);
        if (i == 0) scene_put_key(array + 8, 77);
        if (i == 1) scene_remove(&s, SCENE_ARRAY);
        if (i == 2) array[0] ^= 1;
        make();
        ck_assert_uint_eq(((dv_clmm_pool *)s.pool)->arrays.count, 3);
        end();
    }
}
END_TEST

START_TEST(a_named_array_without_a_tick_is_refused)
{
    begin();
    memset(scene_data(&s, SCENE_ARRAY) + 44, 0, 168); /* its only tick */
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000000000000),
                     DV_VENUE_POOL_MALFORMED);
    end();
}
END_TEST

START_TEST(a_tick_that_takes_more_liquidity_than_there_is_is_refused)
{
    begin();
    scene_clmm_tick(&s, -600, 5 * (__int128)LIQUIDITY);
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000000000), DV_VENUE_QUOTE_FAILED);
    end();
}
END_TEST

/* ---- instructions ---- */

START_TEST(its_swaps_are_read_back)
{
    begin();
    make();
    scene_read_back(&s, 39);
    end();
}
END_TEST

START_TEST(a_swap_names_its_accounts_in_the_programs_order)
{
    begin();
    make();
    dv_instruction to;
    ck_assert_int_eq(scene_swap(&s, DV_SWAP_EXACT_IN, 1, 1000000, 990000, &to), DV_OK);
    static const uint8_t NAMES[] = {201, SCENE_CONFIG, SCENE_POOL, 202, 203, 102, 101, 103};
    for (uint32_t i = 0; i < sizeof NAMES; i++)
        ck_assert_uint_eq(to.accounts[i].key.bytes[7], NAMES[i]);
    ck_assert_mem_eq(&to.accounts[8].key, &DV_PROGRAM_TOKEN, 32);
    ck_assert_mem_eq(&to.accounts[9].key, &DV_PROGRAM_TOKEN_2022, 32);
    ck_assert_mem_eq(&to.accounts[10].key, &DV_PROGRAM_MEMO, 32);
    ck_assert_uint_eq(to.accounts[11].key.bytes[7], SCENE_MINT_1);
    ck_assert_uint_eq(to.accounts[12].key.bytes[7], SCENE_MINT_0);
    ck_assert_uint_eq(to.accounts[13].key.bytes[7], SCENE_EXTENSION);
    ck_assert_uint_eq(to.account_count, 16); /* the array of tick 600 and the spare one of 6000 */
    ck_assert(to.accounts[0].is_signer && !to.accounts[0].is_writable);
    ck_assert(to.accounts[14].is_writable && !to.accounts[13].is_writable);
    static const uint8_t DATA[] = {0x2b, 0x04, 0xed, 0x0b, 0x1a, 0xc9, 0x1e, 0x62, 0x40, 0x42,
                                   0x0f, 0,    0,    0,    0,    0,    0x30, 0x1b, 0x0f};
    ck_assert_uint_eq(to.data_size, 8 + 8 + 8 + 16 + 1);
    ck_assert_mem_eq(to.data, DATA, sizeof DATA);
    ck_assert_uint_eq(to.data[40], 1);
    ck_assert_int_eq(scene_swap(&s, DV_SWAP_EXACT_OUT, 0, 1000000, 1100000, &to), DV_OK);
    ck_assert_uint_eq(to.data[40], 0);
    ck_assert_uint_eq(to.accounts[5].key.bytes[7], 101);
    end();
}
END_TEST

START_TEST(a_pool_asks_for_what_its_accounts_name)
{
    begin();
    dv_account_set set = {s.accounts, s.count};
    dv_pubkey address = scene_key(SCENE_POOL), config = scene_key(SCENE_CONFIG);
    dv_pool_needs needs;
    ck_assert_int_eq(dv_pool_list_needs(&address, &set, &needs, &s.refusal), DV_OK);
    ck_assert_uint_eq(needs.count, 1 + 2 + 1 + 4); /* and one array for each tick here */
    ck_assert(dv_pubkey_equal(&needs.at[0], &config));
}
END_TEST

START_TEST(a_bitmap_of_lies_asks_for_no_array_beyond_the_ticks)
{
    scene_clmm(&s, 60000, 5, 1000000);
    scene_clmm_extension(&s);
    memset(scene_data(&s, SCENE_POOL) + 904, 0xff, 128);
    memset(scene_data(&s, SCENE_EXTENSION) + 40, 0xff, 1832 - 40);
    dv_account_set set = {s.accounts, s.count};
    dv_pubkey address = scene_key(SCENE_POOL);
    dv_pool_needs needs;
    dv_refusal refusal;
    ck_assert_int_eq(dv_pool_list_needs(&address, &set, &needs, &refusal), DV_OK);
    ck_assert_uint_eq(needs.count,
                      6); /* configuration, mints, extension, the arrays at 0 and below */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raydium_clmm");
    TCase *c = tcase_create("raydium_clmm");
    suite_add_tcase(suite, c);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, prices_at_the_ends_are_the_programs_constants);
    tcase_add_test(c, every_tick_has_a_higher_price_than_the_one_below);
    tcase_add_test(c, a_step_stays_within_its_bounds);
    tcase_add_test(c, a_step_without_liquidity_reaches_its_target_for_nothing);
    tcase_add_test(c, paying_what_an_exact_output_costs_gives_at_least_that_output);
    tcase_add_test(c, an_exact_output_costs_no_atom_more_than_it_needs);
    tcase_add_test(c, the_parts_of_the_fee_add_up);
    tcase_add_test(c, a_swap_that_leaves_the_ticks_is_refused_and_one_just_within_them_is_not);
    tcase_add_test(c, a_pool_over_the_whole_range_ends_where_prices_do);
    tcase_add_test(c, a_price_at_the_end_of_the_range_goes_no_farther);
    tcase_add_test(c, amounts_that_overflow_are_refused_and_do_not_wrap);
    tcase_add_test(c, a_tick_array_that_is_not_there_is_named_as_missing_when_the_swap_comes_to_it);
    tcase_add_test(c, arrays_beyond_the_own_bitmap_take_the_extension);
    tcase_add_test(c, a_pool_whose_own_array_is_empty_goes_on_from_the_next);
    tcase_add_test(c, nothing_asked_and_nothing_given_are_refused);
    tcase_add_test(c, a_mint_that_withholds_everything_leaves_nothing_to_swap);
    tcase_add_test(c, transfer_fees_are_paid_on_both_sides);
    tcase_add_loop_test(c, a_pool_that_is_not_as_it_should_be_is_refused_with_the_reason, 0,
                        sizeof CHANGES / sizeof CHANGES[0]);
    tcase_add_test(c, arrays_of_other_pools_and_programs_are_not_looked_at);
    tcase_add_test(c, a_named_array_without_a_tick_is_refused);
    tcase_add_test(c, a_tick_that_takes_more_liquidity_than_there_is_is_refused);
    tcase_add_test(c, a_swap_names_its_accounts_in_the_programs_order);
    tcase_add_test(c, its_swaps_are_read_back);
    tcase_add_test(c, a_pool_asks_for_what_its_accounts_name);
    tcase_add_test(c, a_bitmap_of_lies_asks_for_no_array_beyond_the_ticks);
    return suite_run(suite);
}
