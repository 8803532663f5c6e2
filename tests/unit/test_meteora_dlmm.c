/* Meteora DLMM beyond the recorded answers: the ends of the range, hostile bytes, refusals. */
#include <check.h>
#include <stdlib.h>

#include "tests/support/least_input.h"
#include "tests/support/pools_scene.h"
#include "tests/support/suite.h"

#define ROUNDS 20000
#define HELD UINT64_C(1000000000)

static uint64_t state = 7;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static scene s;

/* Bins of 10 bps from -100 (Y) to 100 (X), the active one, 0, with both: arrays -2 to 1. */
static void begin(void)
{
    scene_dlmm(&s, 10, 0);
    for (int32_t id = -100; id <= 100; id++)
        scene_dlmm_bin(&s, id, id >= 0 ? HELD : 0, id <= 0 ? HELD : 0);
}

static void end(void)
{
    dv_pool_destroy(&s.pool);
}

static void make(void)
{
    ck_assert_int_eq(scene_make(&s), DV_OK);
}

static uint8_t *pool(void)
{
    return scene_data(&s, SCENE_POOL);
}

/* ---- prices ---- */

START_TEST(what_is_paid_for_an_output_gives_at_least_that_output)
{
    int fitted = 0;
    for (int i = 0; i < ROUNDS; i++) {
        dv_u128 price = ((dv_u128)draw() << 64 | draw()) >> (draw() % 128);
        uint64_t out = draw() >> (draw() % 64), in, back;
        uint32_t side = draw() % 2;
        if (price == 0 || !dv_dlmm_in_ceil(side, price, out, &in)) continue;
        fitted++;
        if (dv_dlmm_out_floor(side, price, in, &back)) ck_assert_uint_ge(back, out);
        if (in > 0 && dv_dlmm_out_floor(side, price, in - 1, &back)) ck_assert_uint_lt(back, out);
    }
    ck_assert_int_gt(fitted, ROUNDS / 4);
}
END_TEST

/* ---- quotes ---- */

START_TEST(within_the_active_bin_the_price_is_the_bins_and_the_fee_the_base)
{
    begin();
    make();
    for (uint32_t in = 0; in < 2; in++) {
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, in, 1000000), DV_OK);
        ck_assert_uint_eq(s.quote.amount_out, 999000); /* 10 bps */
        ck_assert_uint_eq(s.quote.fee, 1000);
        ck_assert_uint_eq(s.quote.protocol_fee, 100);
        ck_assert_uint_eq(s.quote.lp_fee, 900);
        ck_assert(s.quote.fee_on_input && s.quote.crossings == 0);
    }
    end();
}
END_TEST

START_TEST(a_fee_on_y_is_taken_from_the_output_when_x_is_paid)
{
    begin();
    pool()[36] = 1;
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000), DV_OK);
    ck_assert(!s.quote.fee_on_input);
    ck_assert_uint_eq(s.quote.amount_out + s.quote.fee, 1000000);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 1, 1000000), DV_OK);
    ck_assert(s.quote.fee_on_input);
    end();
}
END_TEST

START_TEST(paying_what_an_exact_output_costs_gives_at_least_that_output)
{
    for (int fee_mode = 0; fee_mode < 2; fee_mode++) {
        begin();
        pool()[36] = (uint8_t)fee_mode;
        scene_put(pool() + 16, 40000, 4); /* variable_fee_control */
        make();
        int crossed = 0;
        for (int i = 0; i < ROUNDS / 4; i++) {
            uint32_t in = draw() % 2;
            uint64_t amount = 1 + draw() % (90 * HELD) / (1 + draw() % 1000);
            ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_OUT, in, amount), DV_OK);
            uint64_t paid = s.quote.amount_in;
            crossed += s.quote.crossings > 0;
            ck_assert_uint_eq(s.quote.amount_out, amount);
            ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, in, paid), DV_OK);
            ck_assert_uint_ge(s.quote.amount_out, amount);
        }
        ck_assert_int_gt(crossed, ROUNDS / 200);
        end();
    }
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

START_TEST(the_fee_grows_with_the_bins_crossed_and_is_a_tenth_at_most)
{
    begin();
    scene_put(pool() + 16, UINT32_MAX, 4);
    scene_put(pool() + 20, UINT32_MAX, 4);
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 1, HELD / 2), DV_OK);
    ck_assert_uint_eq(s.quote.fee, HELD / 2 / 1000);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 1, 60 * HELD), DV_OK);
    ck_assert_uint_gt(s.quote.fee, 5 * HELD);
    ck_assert_uint_le(s.quote.fee, 6 * HELD + 100);
    ck_assert_uint_gt(s.quote.crossings, 40);
    end();
}
END_TEST

START_TEST(a_last_atom_that_is_all_fee_goes_to_the_protocol)
{
    begin();
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_OUT, 0, HELD), DV_OK);
    uint64_t emptied = s.quote.amount_in, fee = s.quote.fee, protocol_fee = s.quote.protocol_fee;
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, emptied + 1), DV_OK);
    ck_assert_uint_eq(s.quote.amount_out, HELD);
    ck_assert_uint_eq(s.quote.fee, fee + 1);
    ck_assert_uint_eq(s.quote.protocol_fee, protocol_fee + 1);
    end();
}
END_TEST

START_TEST(an_exact_output_is_paid_out_of_its_limit_bin_by_bin)
{
    static const struct {
        uint64_t amount;
        uint32_t program_error; /* of a limit that is one atom short */
    } CASES[] = {{HELD / 2, 6104}, {HELD, 6057}, {3 * HELD, 6057}, {3 * HELD + 1000, 6104}};
    begin();
    make();
    for (int i = 0; i < 4; i++) {
        dv_swap_ask ask = scene_ask(DV_SWAP_EXACT_OUT, 0, CASES[i].amount);
        ck_assert_int_eq(dv_pool_quote(s.pool, &ask, &s.clock, &s.quote, &s.refusal), DV_OK);
        ask.limit = s.quote.amount_in;
        ck_assert_int_eq(dv_pool_quote(s.pool, &ask, &s.clock, &s.quote, &s.refusal), DV_OK);
        ck_assert_uint_eq(s.quote.amount_in, ask.limit);
        ask.limit--;
        ck_assert_int_eq(dv_pool_quote(s.pool, &ask, &s.clock, &s.quote, &s.refusal),
                         DV_VENUE_SLIPPAGE_EXCEEDED);
        ck_assert_uint_eq(s.refusal.program_error, CASES[i].program_error);
    }
    end();
}
END_TEST

START_TEST(volatility_fades_with_time)
{
    uint64_t fee[3];
    static const int64_t ELAPSED[] = {10, 100, 1000}; /* below the filter, below the decay, above */
    for (int i = 0; i < 3; i++) {
        begin();
        scene_put(pool() + 16, 4000, 4);
        scene_put(pool() + 40, 200000, 4);       /* volatility: 20 bins */
        scene_put(pool() + 44, 200000, 4);       /* its reference */
        scene_put(pool() + 48, (uint32_t)-5, 4); /* the bin it refers to */
        scene_put(pool() + 56, SCENE_TIME - (uint64_t)ELAPSED[i], 8);
        make();
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, HELD / 2), DV_OK);
        fee[i] = s.quote.fee;
        end();
    }
    /* of 10^9: 10^6, and ceil(4000 * (volatility * 10)^2 / 10^11) for 25, 10 and 0 bins */
    ck_assert_uint_eq(fee[0], 625000);
    ck_assert_uint_eq(fee[1], 520000);
    ck_assert_uint_eq(fee[2], 500000);
}
END_TEST

START_TEST(a_swap_that_empties_the_bins_is_refused_and_one_just_within_them_is_not)
{
    for (int extended = 0; extended < 2; extended++) {
        begin();
        if (extended) scene_dlmm_extension(&s);
        make();
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_OUT, 0, 101 * HELD), DV_OK);
        uint64_t all = s.quote.amount_in;
        ck_assert_uint_eq(s.quote.crossings, 101);
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, all), DV_OK);
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, all + 1000),
                         DV_VENUE_LIQUIDITY_INSUFFICIENT);
        ck_assert_uint_eq(s.refusal.program_error, extended ? 6037 : 6036);
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_OUT, 1, UINT64_MAX),
                         DV_VENUE_LIQUIDITY_INSUFFICIENT);
        end();
    }
}
END_TEST

START_TEST(limit_orders_are_taken_after_the_market_makers_and_share_the_fee)
{
    begin();
    pool()[35] = 2;
    uint8_t *bin = scene_dlmm_bin(&s, 0, 0, 1000000);
    scene_put(bin + 112, 500000, 8); /* open, and bids: Y that is paid for X */
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 900000), DV_OK);
    ck_assert_uint_eq(s.quote.limit_order_fee, 0);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1400000), DV_OK);
    ck_assert_uint_eq(s.quote.crossings, 0);
    ck_assert_uint_gt(s.quote.limit_order_fee, 0);
    ck_assert_uint_eq(s.quote.lp_fee + s.quote.protocol_fee + s.quote.limit_order_fee, s.quote.fee);
    end();
    bin[140] = 1; /* asks: they wait for Y, and so are out of the way of X */
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1400000), DV_OK);
    ck_assert_uint_eq(s.quote.crossings, 1);
    end();
}
END_TEST

START_TEST(limit_orders_count_in_pools_that_have_them)
{
    static const struct {
        uint8_t function;
        bool rewards, counts;
    } CASES[] = {{0, false, true}, {0, true, false}, {1, false, false}, {2, true, true}};
    for (int i = 0; i < 4; i++) {
        scene_dlmm(&s, 10, 0);
        scene_put(scene_dlmm_bin(&s, 0, 0, 0) + 128, HELD, 8);
        pool()[35] = CASES[i].function;
        if (CASES[i].rewards) scene_put_key(pool() + 264 + 144, 9);
        make();
        dv_err err = scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000);
        ck_assert_int_eq(err, CASES[i].counts ? DV_OK : DV_VENUE_LIQUIDITY_INSUFFICIENT);
        end();
    }
}
END_TEST

START_TEST(arrays_that_hold_nothing_of_the_output_are_passed_over)
{
    scene_dlmm(&s, 10, 1000);
    scene_dlmm_bin(&s, 1005, HELD, 0);
    scene_dlmm_bin(&s, 700, 0, 0);
    scene_dlmm_bin(&s, -700, 0, HELD);
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000), DV_OK);
    ck_assert_uint_eq(s.quote.crossings, 0);
    ck_assert_uint_lt(s.quote.amount_out, 510000); /* at the price of bin -700 */
    end();
}
END_TEST

START_TEST(a_bin_array_that_is_not_there_is_named_as_missing_when_the_swap_comes_to_it)
{
    begin();
    scene_remove(&s, SCENE_ARRAY); /* bins -140 to -71 */
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 10 * HELD), DV_OK);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 90 * HELD), DV_VENUE_ACCOUNT_MISSING);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 1, 90 * HELD), DV_OK);
    end();
}
END_TEST

START_TEST(arrays_beyond_the_own_bitmap_take_the_extension)
{
    for (int with = 0; with < 2; with++) {
        scene_dlmm(&s, 1, -512 * 70);
        scene_dlmm_extension(&s);
        scene_dlmm_bin(&s, -512 * 70, 0, HELD);
        scene_dlmm_bin(&s, -512 * 70 - 1, 0, HELD); /* array -513 */
        if (!with) scene_remove(&s, SCENE_EXTENSION);
        make();
        dv_err err = scene_quote(&s, DV_SWAP_EXACT_OUT, 0, HELD + 5);
        ck_assert_int_eq(err, with ? DV_OK : DV_VENUE_LIQUIDITY_INSUFFICIENT);
        if (!with) ck_assert_uint_eq(s.refusal.program_error, 6036);
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_OUT, 0, HELD), DV_OK);
        end();
    }
}
END_TEST

START_TEST(amounts_too_small_to_give_anything_are_refused)
{
    begin();
    scene_withhold(&s, SCENE_MINT_1, 10000, UINT64_MAX);
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 0), DV_VENUE_AMOUNT_TOO_SMALL);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 1, 1000), DV_VENUE_AMOUNT_TOO_SMALL);
    ck_assert_uint_eq(s.refusal.program_error, 6039);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000), DV_VENUE_AMOUNT_TOO_SMALL);
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_PARTIAL_FILL, 0, 1000), DV_VENUE_QUOTE_FAILED);
    end();
}
END_TEST

START_TEST(bins_that_would_overflow_are_refused_and_do_not_wrap)
{
    static const struct {
        uint64_t x, y;
        dv_u128 price;
    } CASES[] = {
        {UINT64_MAX, UINT64_MAX, 1},
        {UINT64_MAX, UINT64_MAX, ~(dv_u128)0},
        {UINT64_MAX, UINT64_MAX, (dv_u128)1 << 64},
    };
    for (int i = 0; i < 3; i++) {
        scene_dlmm(&s, 10, 0);
        scene_put(scene_dlmm_bin(&s, 0, CASES[i].x, CASES[i].y) + 16, CASES[i].price, 16);
        make();
        for (uint32_t in = 0; in < 2; in++)
            for (int mode = DV_SWAP_EXACT_IN; mode <= DV_SWAP_EXACT_OUT; mode++) {
                if (scene_quote(&s, mode, in, UINT64_MAX) == DV_OK)
                    ck_assert_uint_eq(mode == DV_SWAP_EXACT_OUT ? s.quote.amount_out
                                                                : s.quote.amount_in,
                                      UINT64_MAX);
                if (scene_quote(&s, mode, in, 1000) == DV_OK)
                    ck_assert_uint_gt(s.quote.amount_in, 0);
            }
        end();
    }
}
END_TEST

START_TEST(a_clock_before_the_last_swap_counts_as_no_time)
{
    begin();
    scene_put(pool() + 56, SCENE_TIME + 500, 8);
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000), DV_OK);
    end();
    scene_put(pool() + 56, (uint64_t)INT64_MIN, 8);
    make();
    ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000), DV_VENUE_QUOTE_FAILED);
    end();
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_permissioned_pool_opens_at_its_slot_or_time)
{
    for (uint8_t by_time = 0; by_time < 2; by_time++) {
        begin();
        pool()[75] = 1;
        pool()[86] = by_time;
        scene_put(pool() + 816, by_time ? SCENE_TIME + 1 : 1001, 8);
        make();
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000), DV_VENUE_POOL_CLOSED);
        s.clock.slot++;
        s.clock.unix_time++;
        ck_assert_int_eq(scene_quote(&s, DV_SWAP_EXACT_IN, 0, 1000000), DV_OK);
        end();
    }
}
END_TEST

static const struct {
    const char *what;
    uint32_t account, at;
    int bytes;
    uint64_t value;
    dv_err err; /* of making the pool, or of a quote when quote is set */
    bool quote;
} CHANGES[] = {
    {"another discriminator", SCENE_POOL, 0, 1, 0, DV_VENUE_POOL_MALFORMED, false},
    {"disabled", SCENE_POOL, 82, 1, 1, DV_VENUE_POOL_CLOSED, true},
    {"an unknown function", SCENE_POOL, 35, 1, 3, DV_VENUE_POOL_UNSUPPORTED, false},
    {"an unknown fee mode", SCENE_POOL, 36, 1, 2, DV_VENUE_POOL_UNSUPPORTED, false},
    {"an unknown pair type", SCENE_POOL, 75, 1, 4, DV_VENUE_POOL_UNSUPPORTED, false},
    {"an active bin out of range", SCENE_POOL, 76, 4, 1u << 31, DV_VENUE_POOL_MALFORMED, false},
    {"a fee beyond 128 bits", SCENE_POOL, 34, 1, 28, DV_VENUE_POOL_MALFORMED, false},
    {"more than the fee", SCENE_POOL, 32, 2, 10001, DV_VENUE_POOL_MALFORMED, false},
    {"another mint", SCENE_POOL, 88, 1, 99, DV_VENUE_ACCOUNT_MISSING, false},
    {"no mint", SCENE_MINT_1, 45, 1, 0, DV_VENUE_POOL_MALFORMED, false},
    {"an array out of range", SCENE_ARRAY, 8, 8, 1ull << 40, DV_VENUE_POOL_MALFORMED, false},
    {"an array twice", SCENE_ARRAY, 8, 8, (uint64_t)-1, DV_VENUE_POOL_MALFORMED, false},
    {"a bin without a price", SCENE_ARRAY, 56 + 69 * 144 + 16, 8, 0, DV_VENUE_POOL_MALFORMED,
     false},
};

START_TEST(a_pool_that_is_not_as_it_should_be_is_refused_with_the_reason)
{
    begin();
    scene_put(scene_data(&s, SCENE_ARRAY) + 56 + 69 * 144 + 24, 0, 8); /* prices below 1 */
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

START_TEST(old_counters_where_limit_orders_are_now_are_refused)
{
    begin();
    pool()[35] = 2;
    uint8_t *array = scene_data(&s, SCENE_ARRAY);
    array[16] = 1;
    make();
    scene_put(array + 56 + 144 * 3 + 128, 5, 8);
    ck_assert_int_eq(scene_make(&s), DV_VENUE_POOL_UNSUPPORTED);
    pool()[35] = 1; /* where they do not matter */
    make();
    end();
}
END_TEST

/* ---- instructions ---- */

START_TEST(its_swaps_are_read_back)
{
    begin();
    make();
    scene_read_back(&s, 27);
    end();
}
END_TEST

START_TEST(a_swap_names_its_accounts_in_the_programs_order)
{
    for (int extended = 0; extended < 2; extended++) {
        begin();
        if (extended) scene_dlmm_extension(&s);
        make();
        dv_instruction to;
        ck_assert_int_eq(scene_swap(&s, DV_SWAP_EXACT_IN, 1, 1000000, 990000, &to), DV_OK);
        static const uint8_t NAMES[] = {SCENE_POOL,   0,   101, 102, 202, 203, SCENE_MINT_0,
                                        SCENE_MINT_1, 103, 0,   201};
        for (uint32_t i = 0; i < sizeof NAMES; i++)
            if (NAMES[i]) ck_assert_uint_eq(to.accounts[i].key.bytes[7], NAMES[i]);
        if (extended)
            ck_assert_uint_eq(to.accounts[1].key.bytes[7], SCENE_EXTENSION);
        else
            ck_assert_mem_eq(&to.accounts[1].key, &DV_METEORA_DLMM_PROGRAM, 32);
        ck_assert_int_eq(to.accounts[1].is_writable, extended);
        ck_assert_mem_eq(&to.accounts[9].key, &DV_METEORA_DLMM_PROGRAM, 32);
        ck_assert(to.accounts[10].is_signer && !to.accounts[10].is_writable);
        ck_assert_mem_eq(&to.accounts[14].key, &DV_METEORA_DLMM_EVENT_AUTHORITY, 32);
        ck_assert_uint_eq(to.account_count, 16 + 2); /* arrays 0 and 1, which is spare */
        static const uint8_t DATA[] = {0x41, 0x4b, 0x3f, 0x4c, 0xeb, 0x5b, 0x5b, 0x88, 0x40, 0x42,
                                       0x0f, 0,    0,    0,    0,    0,    0x30, 0x1b, 0x0f, 0,
                                       0,    0,    0,    0,    0,    0,    0,    0};
        ck_assert_uint_eq(to.data_size, sizeof DATA);
        ck_assert_mem_eq(to.data, DATA, sizeof DATA);
        ck_assert_int_eq(scene_swap(&s, DV_SWAP_EXACT_OUT, 1, 990000, 1000000, &to), DV_OK);
        ck_assert_uint_eq(to.data[0], 0x2b);
        ck_assert_mem_eq(to.data + 8, DATA + 8, sizeof DATA - 8); /* the limit, then the amount */
        end();
    }
}
END_TEST

START_TEST(a_pool_asks_for_what_its_accounts_name)
{
    begin();
    dv_account_set set = {s.accounts, s.count};
    dv_pubkey address = scene_key(SCENE_POOL), mint = scene_key(SCENE_MINT_0);
    dv_pool_needs needs;
    ck_assert_int_eq(dv_pool_list_needs(&address, &set, &needs, &s.refusal), DV_OK);
    ck_assert_uint_eq(needs.count, 2 + 1 + 4); /* two mints, the extension, four arrays */
    ck_assert(dv_pubkey_equal(&needs.at[0], &mint));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("meteora_dlmm");
    TCase *c = tcase_create("meteora_dlmm");
    suite_add_tcase(suite, c);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, what_is_paid_for_an_output_gives_at_least_that_output);
    tcase_add_test(c, within_the_active_bin_the_price_is_the_bins_and_the_fee_the_base);
    tcase_add_test(c, a_fee_on_y_is_taken_from_the_output_when_x_is_paid);
    tcase_add_test(c, paying_what_an_exact_output_costs_gives_at_least_that_output);
    tcase_add_test(c, an_exact_output_costs_no_atom_more_than_it_needs);
    tcase_add_test(c, the_fee_grows_with_the_bins_crossed_and_is_a_tenth_at_most);
    tcase_add_test(c, a_last_atom_that_is_all_fee_goes_to_the_protocol);
    tcase_add_test(c, an_exact_output_is_paid_out_of_its_limit_bin_by_bin);
    tcase_add_test(c, volatility_fades_with_time);
    tcase_add_test(c, a_swap_that_empties_the_bins_is_refused_and_one_just_within_them_is_not);
    tcase_add_test(c, limit_orders_are_taken_after_the_market_makers_and_share_the_fee);
    tcase_add_test(c, limit_orders_count_in_pools_that_have_them);
    tcase_add_test(c, arrays_that_hold_nothing_of_the_output_are_passed_over);
    tcase_add_test(c, a_bin_array_that_is_not_there_is_named_as_missing_when_the_swap_comes_to_it);
    tcase_add_test(c, arrays_beyond_the_own_bitmap_take_the_extension);
    tcase_add_test(c, amounts_too_small_to_give_anything_are_refused);
    tcase_add_test(c, bins_that_would_overflow_are_refused_and_do_not_wrap);
    tcase_add_test(c, a_clock_before_the_last_swap_counts_as_no_time);
    tcase_add_test(c, a_permissioned_pool_opens_at_its_slot_or_time);
    tcase_add_loop_test(c, a_pool_that_is_not_as_it_should_be_is_refused_with_the_reason, 0,
                        sizeof CHANGES / sizeof CHANGES[0]);
    tcase_add_test(c, old_counters_where_limit_orders_are_now_are_refused);
    tcase_add_test(c, a_swap_names_its_accounts_in_the_programs_order);
    tcase_add_test(c, its_swaps_are_read_back);
    tcase_add_test(c, a_pool_asks_for_what_its_accounts_name);
    return suite_run(suite);
}
