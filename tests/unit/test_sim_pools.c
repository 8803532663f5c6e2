#include <check.h>
#include <stdlib.h>

#include "actors/dex/sim/dice.h"
#include "actors/dex/sim/pool.h"
#include "proto/amount.h"
#include "tests/support/suite.h"

#define WALL_US 1700000000000000
#define DEPTH_USD 1000000000u
#define ROUNDS 3000

static const dv_sim_pool_class *const KINDS[] = {&DV_SIM_RAYDIUM, &DV_SIM_METEORA};
#define KIND_COUNT 2

static dv_tokens tokens;

static void load(void)
{
    char why[256] = "";
    ck_assert_msg(dv_tokens_load("conf/tokens.conf", &tokens, why) == DV_OK, "%s", why);
    ck_assert_uint_ge(tokens.count, 12);
}

static uint64_t chance(uint64_t least, uint64_t most)
{
    static uint64_t drawn;
    drawn++;
    return dv_sim_dice_between(dv_sim_dice(42, &drawn, sizeof drawn), least, most);
}

static dv_sim_level level_of(const char *a, const char *b, int side)
{
    dv_sim_pair pair;
    dv_sim_level level;
    ck_assert_int_eq(dv_sim_pair_init(1, dv_tokens_find(&tokens, dv_text_of(a)),
                                      dv_tokens_find(&tokens, dv_text_of(b)), &pair),
                     DV_OK);
    ck_assert_int_eq(dv_sim_pair_level(&pair, side, DEPTH_USD, WALL_US, &level), DV_OK);
    return level;
}

static dv_err do_swap(const dv_sim_pool_class *kind, const dv_sim_level *level, bool x_to_y,
                      bool exact_out, uint64_t amount, dv_sim_moved *moved, dv_sim_fill *ret)
{
    return kind->swap(level, &(dv_sim_swap){x_to_y, exact_out, amount}, moved, ret);
}

/* A size from one atom to a tenth of the side it is of, each order of magnitude as likely. */
static uint64_t some_amount(uint64_t side)
{
    uint64_t most = side / 10;
    return most > 1 ? chance(1, most >> chance(0, 40)) + 1 : 1;
}

/* ---- the mathematics of a swap ---- */

START_TEST(the_product_of_the_reserves_never_falls)
{
    dv_sim_level level = level_of("SOL", "USDC", -1);
    dv_sim_moved moved = {0};
    dv_u128 k = (dv_u128)level.x * level.y;
    int done = 0;
    for (int i = 0; i < ROUNDS; i++) {
        bool x_to_y = chance(0, 1), exact_out = chance(0, 1);
        uint64_t amount = some_amount(x_to_y == exact_out ? level.y : level.x);
        dv_sim_fill fill;
        if (do_swap(&DV_SIM_RAYDIUM, &level, x_to_y, exact_out, amount, &moved, &fill) != DV_OK)
            continue;
        done++;
        dv_u128 after = (dv_u128)(level.x + (uint64_t)moved.x) * (level.y + (uint64_t)moved.y);
        ck_assert_msg(after >= k, "round %d", i);
        k = after;
    }
    ck_assert_int_gt(done, ROUNDS / 2);
}
END_TEST

START_TEST(paying_what_an_exact_output_costs_gives_at_least_that_output)
{
    const dv_sim_pool_class *kind = KINDS[_i];
    dv_sim_level level = level_of("BONK", "BTC", kind->side);
    for (int i = 0; i < ROUNDS; i++) {
        bool x_to_y = chance(0, 1);
        uint64_t out = some_amount(x_to_y ? level.y : level.x);
        dv_sim_moved start = {.x = (int64_t)chance(0, level.x / 8), .y = (int64_t)chance(0, 9)};
        dv_sim_moved a = start, b = start, c = start;
        dv_sim_fill asked, paid, less;
        ck_assert_int_eq(do_swap(kind, &level, x_to_y, true, out, &a, &asked), DV_OK);
        ck_assert_uint_eq(asked.amount_out, out);
        ck_assert_int_eq(do_swap(kind, &level, x_to_y, false, asked.amount_in, &b, &paid), DV_OK);
        ck_assert_uint_ge(paid.amount_out, out);
        /* And it is about the least that does. */
        uint64_t short_of = asked.amount_in - asked.amount_in / 1000 - 2;
        if (asked.amount_in > 10 &&
            do_swap(kind, &level, x_to_y, false, short_of, &c, &less) == DV_OK)
            ck_assert_uint_lt(less.amount_out, out);
    }
}
END_TEST

START_TEST(a_round_trip_never_profits)
{
    const dv_sim_pool_class *kind = KINDS[_i];
    dv_sim_level level = level_of("SOL", "BONK", kind->side);
    dv_sim_moved moved = {0};
    int done = 0;
    for (int i = 0; i < ROUNDS; i++) {
        bool x_to_y = chance(0, 1), exact_out = chance(0, 1);
        dv_sim_fill there, back;
        uint64_t amount = some_amount(x_to_y == exact_out ? level.y : level.x);
        if (do_swap(kind, &level, x_to_y, exact_out, amount, &moved, &there) != DV_OK) continue;
        if (do_swap(kind, &level, !x_to_y, false, there.amount_out, &moved, &back) != DV_OK)
            continue;
        ck_assert_uint_lt(back.amount_out, there.amount_in);
        done++;
    }
    ck_assert_int_gt(done, ROUNDS / 2);
}
END_TEST

START_TEST(a_larger_swap_has_a_larger_impact_and_a_worse_price)
{
    const dv_sim_pool_class *kind = KINDS[_i];
    dv_sim_level level = level_of("SOL", "USDC", kind->side);
    for (int direction = 0; direction < 2; direction++) {
        dv_sim_fill last = {0}, fill;
        for (uint64_t parts = 4096; parts >= 4; parts /= 2) {
            uint64_t amount = (direction ? level.x : level.y) / parts;
            dv_sim_moved moved = {0};
            ck_assert_int_eq(do_swap(kind, &level, direction, false, amount, &moved, &fill), DV_OK);
            ck_assert_uint_ge(fill.price_impact_bps, last.price_impact_bps);
            /* Within one bin the price is the same but for rounding, of a millionth at most. */
            uint64_t out = fill.amount_out - fill.amount_out / 1000000;
            if (last.amount_in > 0)
                ck_assert_int_le(
                    dv_swap_compare(fill.amount_in, out, last.amount_in, last.amount_out), 0);
            last = fill;
        }
        ck_assert_uint_gt(last.price_impact_bps, 100);
    }
}
END_TEST

START_TEST(a_fill_makes_the_next_one_in_its_direction_worse)
{
    const dv_sim_pool_class *kind = KINDS[_i];
    dv_sim_level level = level_of("SOL", "USDC", kind->side);
    for (int direction = 0; direction < 2; direction++) {
        uint64_t amount = (direction ? level.x : level.y) / 50;
        dv_sim_moved moved = {0};
        dv_sim_fill first, second;
        ck_assert_int_eq(do_swap(kind, &level, direction, false, amount, &moved, &first), DV_OK);
        ck_assert_int_eq(do_swap(kind, &level, direction, false, amount, &moved, &second), DV_OK);
        ck_assert_uint_lt(second.amount_out, first.amount_out);
    }
}
END_TEST

START_TEST(a_swap_that_fails_leaves_the_pool_where_it_was)
{
    const dv_sim_pool_class *kind = KINDS[_i];
    dv_sim_level level = level_of("SOL", "USDC", kind->side);
    dv_sim_moved moved = {.x = 5, .y = -7, .at_us = 3};
    dv_sim_fill fill;
    static const uint64_t HUGE[] = {UINT64_MAX, UINT64_MAX / 2, (uint64_t)1 << 62};
    for (int i = 0; i < 4; i++) {
        bool x_to_y = i & 1, exact_out = i & 2;
        for (size_t k = 0; k < sizeof HUGE / sizeof HUGE[0]; k++)
            ck_assert_int_eq(do_swap(kind, &level, x_to_y, exact_out, HUGE[k], &moved, &fill),
                             DV_VENUE_LIQUIDITY_INSUFFICIENT);
        ck_assert_int_eq(do_swap(kind, &level, x_to_y, exact_out, 0, &moved, &fill),
                         DV_VENUE_AMOUNT_TOO_SMALL);
    }
    ck_assert(moved.x == 5 && moved.y == -7 && moved.at_us == 3);
}
END_TEST

START_TEST(an_input_that_gives_no_output_is_too_small)
{
    const dv_sim_pool_class *kind = KINDS[_i];
    dv_sim_level level = level_of("BONK", "BTC", kind->side);
    bool bonk_is_x = level.x > level.y;
    dv_sim_moved moved = {0};
    dv_sim_fill fill;
    ck_assert_int_eq(do_swap(kind, &level, bonk_is_x, false, 1000, &moved, &fill),
                     DV_VENUE_AMOUNT_TOO_SMALL);
    ck_assert_int_eq(do_swap(kind, &level, bonk_is_x, true, 1, &moved, &fill), DV_OK);
    ck_assert_uint_gt(fill.amount_in, 1000);
}
END_TEST

START_TEST(bins_hold_the_configured_depth_and_no_more)
{
    dv_sim_level level = level_of("SOL", "USDC", DV_SIM_METEORA.side);
    for (int direction = 0; direction < 2; direction++) {
        uint64_t depth = direction ? level.y : level.x;
        dv_sim_moved moved = {0};
        dv_sim_fill fill;
        ck_assert_int_eq(
            do_swap(&DV_SIM_METEORA, &level, direction, true, depth + depth / 5, &moved, &fill),
            DV_VENUE_LIQUIDITY_INSUFFICIENT);
        ck_assert_int_eq(
            do_swap(&DV_SIM_METEORA, &level, direction, true, depth - depth / 5, &moved, &fill),
            DV_OK);
    }
}
END_TEST

START_TEST(arbitrage_halves_a_move_in_each_half_life)
{
    const int64_t by = 1 << 20;
    dv_sim_moved moved = {.x = by, .y = -by, .at_us = WALL_US};
    for (int n = 0; n <= 20; n++) {
        dv_sim_moved later = dv_sim_moved_at(&moved, WALL_US + n * DV_SIM_HALF_LIFE_US);
        ck_assert_int_eq(later.x, by >> n);
        ck_assert_int_eq(later.y, -(by >> n));
    }
    int64_t last = by;
    for (int64_t us = 0; us < 5 * DV_SIM_HALF_LIFE_US; us += 1000) {
        int64_t x = dv_sim_moved_at(&moved, WALL_US + us).x;
        ck_assert(x <= last && last - x <= by / 5000); /* without jumps */
        last = x;
    }
    ck_assert_int_eq(dv_sim_moved_at(&moved, WALL_US + INT64_C(3600000000)).x, 0);
    ck_assert_int_eq(dv_sim_moved_at(&moved, WALL_US - 1).x, by);
}
END_TEST

/* ---- the market ---- */

/* What about a thousand dollars' worth of the input gives. */
static dv_sim_fill small_fill(const dv_sim_pool_class *kind, const dv_sim_pair *pair, bool x_to_y,
                              int64_t wall_us)
{
    dv_sim_level level;
    ck_assert_int_eq(dv_sim_pair_level(pair, kind->side, DEPTH_USD, wall_us, &level), DV_OK);
    const dv_token *in = x_to_y ? pair->x : pair->y;
    uint64_t amount = 1000;
    for (int i = 0; i < in->decimals; i++) amount *= 10;
    if (in->sim_price_nano_usd > 1000000000) amount /= in->sim_price_nano_usd / 1000000000;
    if (in->sim_price_nano_usd < 1000000000) amount *= 1000000000 / in->sim_price_nano_usd;
    dv_sim_moved moved = {0};
    dv_sim_fill fill;
    ck_assert_int_eq(do_swap(kind, &level, x_to_y, false, amount, &moved, &fill), DV_OK);
    return fill;
}

/* By how many millionths the two differ: of the larger, and of the smaller. */
static void apart_ppm(uint64_t a, uint64_t b, uint64_t *ret_least, uint64_t *ret_most)
{
    uint64_t small = a < b ? a : b, large = a < b ? b : a;
    *ret_least = (large - small) * 1000000 / large;
    *ret_most = (large - small) * 1000000 / small;
}

START_TEST(the_venues_are_two_to_five_percent_apart_for_every_pair_at_any_time)
{
    for (uint64_t seed = 0; seed < 8; seed++)
        for (uint32_t a = 0; a < tokens.count; a++)
            for (uint32_t b = 0; b < tokens.count; b++) {
                dv_sim_pair pair;
                if (a == b) continue;
                const dv_token *in = &tokens.tokens[a], *out = &tokens.tokens[b];
                ck_assert_int_eq(dv_sim_pair_init(seed, in, out, &pair), DV_OK);
                for (int i = 0; i < 20; i++) {
                    int64_t wall_us = WALL_US + (int64_t)chance(0, UINT64_C(86400000000) * 365);
                    bool x_to_y = in == pair.x;
                    uint64_t r = small_fill(&DV_SIM_RAYDIUM, &pair, x_to_y, wall_us).amount_out;
                    uint64_t m = small_fill(&DV_SIM_METEORA, &pair, x_to_y, wall_us).amount_out;
                    uint64_t least, most;
                    apart_ppm(r, m, &least, &most);
                    ck_assert_msg(least >= 20000 && most <= 50000, "seed %u %s to %s: %u %u ppm",
                                  (unsigned)seed, in->symbol, out->symbol, (unsigned)least,
                                  (unsigned)most);
                }
            }
}
END_TEST

START_TEST(each_venue_wins_some_pairs)
{
    int raydium = 0, meteora = 0;
    for (uint32_t a = 0; a < tokens.count; a++)
        for (uint32_t b = a + 1; b < tokens.count; b++) {
            dv_sim_pair pair;
            ck_assert_int_eq(dv_sim_pair_init(1, &tokens.tokens[a], &tokens.tokens[b], &pair),
                             DV_OK);
            uint64_t r = small_fill(&DV_SIM_RAYDIUM, &pair, true, WALL_US).amount_out;
            uint64_t m = small_fill(&DV_SIM_METEORA, &pair, true, WALL_US).amount_out;
            raydium += r > m;
            meteora += m > r;
        }
    ck_assert_int_gt(raydium, 10);
    ck_assert_int_gt(meteora, 10);
}
END_TEST

/* By how many billionths the second price differs from the first. */
static uint64_t moved_ppb(dv_sim_price from, dv_sim_price to)
{
    dv_u128 a = ((dv_u128)from.y << 64) / from.x, b = ((dv_u128)to.y << 64) / to.x;
    while (a >> 90) {
        a >>= 1;
        b >>= 1;
    }
    return (uint64_t)((a > b ? a - b : b - a) * 1000000000 / a);
}

START_TEST(a_price_moves_less_than_5_bps_in_5_s_and_never_jumps)
{
    static const char *const PAIRS[][2] = {{"SOL", "USDC"}, {"BONK", "BTC"}, {"TSLA", "JUP"}};
    uint64_t total = 0;
    for (size_t p = 0; p < 3; p++) {
        dv_sim_pair pair;
        ck_assert_int_eq(dv_sim_pair_init(3, dv_tokens_find(&tokens, dv_text_of(PAIRS[p][0])),
                                          dv_tokens_find(&tokens, dv_text_of(PAIRS[p][1])), &pair),
                         DV_OK);
        for (int64_t us = 0; us < INT64_C(7200000000); us += 1700000) {
            dv_sim_level at, soon, later;
            int64_t t = WALL_US + us;
            ck_assert_int_eq(dv_sim_pair_level(&pair, 1, DEPTH_USD, t, &at), DV_OK);
            ck_assert_int_eq(dv_sim_pair_level(&pair, 1, DEPTH_USD, t + 1000, &soon), DV_OK);
            ck_assert_int_eq(dv_sim_pair_level(&pair, 1, DEPTH_USD, t + 5000000, &later), DV_OK);
            ck_assert_uint_lt(moved_ppb(at.price, soon.price), 500); /* 0.005 bps in a ms */
            ck_assert_uint_lt(moved_ppb(at.price, later.price), 500000);
            total += moved_ppb(at.price, later.price);
        }
    }
    ck_assert_uint_gt(total, 0); /* but it does move */
}
END_TEST

START_TEST(the_market_is_a_function_of_seed_and_time)
{
    const dv_token *sol = dv_tokens_find(&tokens, dv_text_of("SOL"));
    const dv_token *usdc = dv_tokens_find(&tokens, dv_text_of("USDC"));
    dv_sim_pair one, same, other;
    dv_sim_level a, b, c, d;
    ck_assert_int_eq(dv_sim_pair_init(1, sol, usdc, &one), DV_OK);
    ck_assert_int_eq(dv_sim_pair_init(1, usdc, sol, &same), DV_OK);
    ck_assert_int_eq(dv_sim_pair_init(2, sol, usdc, &other), DV_OK);
    ck_assert_int_eq(dv_sim_pair_level(&one, 1, DEPTH_USD, WALL_US, &a), DV_OK);
    ck_assert_int_eq(dv_sim_pair_level(&same, 1, DEPTH_USD, WALL_US, &b), DV_OK);
    ck_assert_int_eq(dv_sim_pair_level(&other, 1, DEPTH_USD, WALL_US, &c), DV_OK);
    ck_assert_int_eq(dv_sim_pair_level(&one, 1, DEPTH_USD, WALL_US + 1000000, &d), DV_OK);
    ck_assert(a.price.x == b.price.x && a.price.y == b.price.y && a.x == b.x && a.y == b.y);
    ck_assert(a.price.x != c.price.x || a.price.y != c.price.y);
    ck_assert(a.price.x != d.price.x || a.price.y != d.price.y);
}
END_TEST

START_TEST(a_price_is_what_the_tokens_are_worth)
{
    dv_sim_level level = level_of("SOL", "USDC", 1);
    const char *sol = dv_tokens_find(&tokens, dv_text_of("SOL"))->mint;
    const char *usdc = dv_tokens_find(&tokens, dv_text_of("USDC"))->mint;
    bool sol_is_x = strcmp(sol, usdc) < 0;
    uint64_t a = sol_is_x ? level.price.y : level.price.x;
    uint64_t b = sol_is_x ? level.price.x : level.price.y;
    uint64_t atoms; /* of USDC for 1 SOL: 152.35 dollars, give or take drift and spread */
    ck_assert(dv_mul_div_floor(1000000000, a, b, &atoms));
    ck_assert_uint_gt(atoms, 152350000 / 100 * 90);
    ck_assert_uint_lt(atoms, 152350000 / 100 * 110);
}
END_TEST

START_TEST(there_is_no_pool_without_a_price_or_for_a_token_with_itself)
{
    dv_token priced = {.symbol = "A", .mint = "A", .decimals = 6, .sim_price_nano_usd = 5};
    dv_token other = {.symbol = "B", .mint = "B", .decimals = 6};
    dv_sim_pair pair;
    ck_assert_int_eq(dv_sim_pair_init(1, &priced, &priced, &pair), DV_VENUE_NO_POOL);
    ck_assert_int_eq(dv_sim_pair_init(1, &priced, &other, &pair), DV_VENUE_NO_POOL);
    ck_assert_int_eq(dv_sim_pair_init(1, &other, &priced, &pair), DV_VENUE_NO_POOL);
}
END_TEST

START_TEST(tokens_of_any_price_and_decimals_give_a_sound_pool_or_none)
{
    static const uint64_t PRICES[] = {1, 1000, 1000000000, UINT64_C(100000000000000), UINT64_MAX};
    static const uint32_t DEPTHS[] = {1000, 2000000000};
    int sound = 0;
    for (int i = 0; i < 5 * 5 * 19 * 19 * 2; i++) {
        dv_token a = {.mint = "A", .decimals = i % 19, .sim_price_nano_usd = PRICES[i / 361 % 5]};
        dv_token b = {
            .mint = "B", .decimals = i / 19 % 19, .sim_price_nano_usd = PRICES[i / 1805 % 5]};
        dv_sim_pair pair;
        dv_sim_level level;
        ck_assert_int_eq(dv_sim_pair_init(1, &a, &b, &pair), DV_OK);
        if (dv_sim_pair_level(&pair, 1, DEPTHS[i / 9025], WALL_US, &level) != DV_OK) continue;
        sound++;
        ck_assert(level.x > 0 && level.x <= (uint64_t)1 << 62);
        ck_assert(level.y > 0 && level.y <= (uint64_t)1 << 62);
        for (int k = 0; k < 16; k++) {
            static const uint64_t AMOUNTS[] = {1, 1000000, UINT64_C(1) << 61, UINT64_MAX};
            dv_sim_moved moved = {.x = INT64_C(1) << 61, .y = INT64_C(1) << 61};
            dv_sim_fill fill;
            dv_err error = do_swap(KINDS[k & 1], &level, k & 2, k & 4, AMOUNTS[(i + k / 8) % 4],
                                   &moved, &fill);
            if (error == DV_OK) ck_assert(fill.amount_in > 0 && fill.amount_out > 0);
        }
    }
    ck_assert_int_gt(sound, 1000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_pools");
    TCase *swaps = tcase_create("swaps");
    tcase_add_checked_fixture(swaps, load, NULL);
    tcase_add_test(swaps, the_product_of_the_reserves_never_falls);
    tcase_add_loop_test(swaps, paying_what_an_exact_output_costs_gives_at_least_that_output, 0,
                        KIND_COUNT);
    tcase_add_loop_test(swaps, a_round_trip_never_profits, 0, KIND_COUNT);
    tcase_add_loop_test(swaps, a_larger_swap_has_a_larger_impact_and_a_worse_price, 0, KIND_COUNT);
    tcase_add_loop_test(swaps, a_fill_makes_the_next_one_in_its_direction_worse, 0, KIND_COUNT);
    tcase_add_loop_test(swaps, a_swap_that_fails_leaves_the_pool_where_it_was, 0, KIND_COUNT);
    tcase_add_loop_test(swaps, an_input_that_gives_no_output_is_too_small, 0, KIND_COUNT);
    tcase_add_test(swaps, bins_hold_the_configured_depth_and_no_more);
    tcase_add_test(swaps, arbitrage_halves_a_move_in_each_half_life);
    suite_add_tcase(suite, swaps);

    TCase *market = tcase_create("market");
    tcase_add_checked_fixture(market, load, NULL);
    tcase_set_timeout(market, 60);
    tcase_add_test(market, the_venues_are_two_to_five_percent_apart_for_every_pair_at_any_time);
    tcase_add_test(market, each_venue_wins_some_pairs);
    tcase_add_test(market, a_price_moves_less_than_5_bps_in_5_s_and_never_jumps);
    tcase_add_test(market, the_market_is_a_function_of_seed_and_time);
    tcase_add_test(market, a_price_is_what_the_tokens_are_worth);
    tcase_add_test(market, there_is_no_pool_without_a_price_or_for_a_token_with_itself);
    tcase_add_test(market, tokens_of_any_price_and_decimals_give_a_sound_pool_or_none);
    suite_add_tcase(suite, market);

    return suite_run(suite);
}
