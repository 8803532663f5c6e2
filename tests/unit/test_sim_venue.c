#include <time.h>

#include "proto/amount.h"
#include "proto/base58.h"
#include "tests/support/sim_scene.h"
#include "tests/support/suite.h"

#define BLOCKS_MS(n) ((n)*400)
#define EXPIRED_MS BLOCKS_MS(152)

static scene *s;

static void set_up(void)
{
    s = scene_new();
}

static void tear_down(void)
{
    scene_destroy(s);
}

static int lines_of(const scene_swap *swap)
{
    char text[DV_BASE58_TEXT_SIZE];
    dv_text_copy(text, sizeof text, swap->signature);
    return scene_lines_with(s, text);
}

/* ---- quotes ---- */

START_TEST(a_quote_is_told_after_its_delay_and_not_before)
{
    s->config.sim_quote_min_ms = 200;
    s->config.sim_quote_max_ms = 300;
    scene_open(s, "raydium");
    for (uint32_t order = 1; order <= 100; order++)
        scene_ask(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL, order);
    scene_pass_ms(s, 199);
    ck_assert_uint_eq(s->count, 0);
    scene_pass_ms(s, 51);
    ck_assert(s->count > 20 && s->count < 80);
    scene_pass_ms(s, 50);
    ck_assert_uint_eq(s->count, 100);
    ck_assert_int_eq(scene_tick(s), DV_NEVER);
}
END_TEST

START_TEST(a_tick_says_when_the_next_answer_is_due)
{
    s->config.sim_quote_min_ms = s->config.sim_quote_max_ms = 250;
    scene_open(s, "meteora");
    scene_ask(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL, 1);
    ck_assert_int_eq(scene_tick(s), s->now.mono_ns + 250 * DV_NS_PER_MS);
}
END_TEST

START_TEST(a_quote_names_its_venue_fee_and_pool)
{
    static const char *const DEXES[] = {"raydium", "meteora"};
    char pools[2][64];
    for (int i = 0; i < 2; i++) {
        uint8_t key[32];
        scene_open(s, DEXES[i]);
        dv_quote a = scene_quote(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL);
        dv_quote b = scene_quote(s, USDC, SOL, DV_EXACT_OUT, SCENE_SOL);
        ck_assert_uint_eq(a.error, DV_OK);
        ck_assert(dv_text_is(a.venue, DEXES[i]));
        ck_assert_uint_eq(a.fee_ppm, i == 0 ? 2500 : 2000);
        ck_assert_uint_eq(a.amount_in, SCENE_SOL);
        ck_assert_uint_eq(b.amount_out, SCENE_SOL);
        ck_assert(dv_base58_decode(a.pool, key, sizeof key));
        ck_assert(dv_text_equal(a.pool, b.pool));
        dv_text_copy(pools[i], sizeof pools[i], a.pool);
        scene_close(s);
    }
    ck_assert_str_ne(pools[0], pools[1]);
}
END_TEST

START_TEST(what_cannot_be_quoted_says_why)
{
    scene_open(s, _i ? "meteora" : "raydium");
    static const struct {
        const char *in, *out;
        uint64_t amount;
        dv_err error;
    } CASES[] = {
        {SOL, "unknown", 1, DV_VENUE_NO_POOL},
        {SOL, SOL, 1, DV_VENUE_NO_POOL},
        {MINT_UNPRICED, SOL, 1, DV_VENUE_NO_POOL},
        {SOL, USDC, UINT64_MAX, DV_VENUE_LIQUIDITY_INSUFFICIENT},
        {SOL, USDC, 0, DV_VENUE_AMOUNT_TOO_SMALL},
        {SOL, USDC, 1, DV_VENUE_AMOUNT_TOO_SMALL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        dv_quote q = scene_quote(s, CASES[i].in, CASES[i].out, DV_EXACT_IN, CASES[i].amount);
        ck_assert_msg(q.error == CASES[i].error, "case %zu: %s", i, dv_err_name(q.error));
        ck_assert_uint_eq(q.amount_out, 0);
    }
}
END_TEST

START_TEST(the_same_seed_and_time_give_the_same_quotes_and_asking_changes_nothing)
{
    uint64_t first = 0, other = 0;
    for (int run = 0; run < 3; run++) {
        s->config.sim_seed = run < 2 ? 5 : 6;
        scene_open(s, "meteora");
        for (int i = 0; i < run * 50; i++)
            (void)scene_quote(s, SOL, USDC, DV_EXACT_IN, 1000 * SCENE_SOL);
        uint64_t out = scene_quote(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL).amount_out;
        if (run == 0) first = out;
        if (run == 1) ck_assert_uint_eq(out, first);
        if (run == 2) other = out;
        scene_close(s);
    }
    ck_assert_uint_ne(other, first);
}
END_TEST

START_TEST(so_many_percent_of_the_quotes_fail)
{
    s->config.sim_fault_quote_percent = (uint32_t)_i;
    scene_open(s, "raydium");
    for (uint32_t order = 0; order < 2000; order++)
        scene_ask(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL, order);
    int failed = 0;
    for (size_t i = 0; i < s->count; i++) {
        uint64_t error = s->answers[i].message.quote_reply.quote.error;
        ck_assert(error == DV_OK || error == DV_VENUE_QUOTE_FAILED);
        failed += error != DV_OK;
    }
    ck_assert_int_le(abs(failed - 20 * _i), _i % 100 ? 100 : 0);
}
END_TEST

/* ---- building ---- */

START_TEST(a_transaction_is_signed_valid_for_so_many_blocks_and_never_the_same_twice)
{
    scene_open(s, "raydium");
    scene_swap a = scene_sell(s, 1), b = scene_sell(s, 1);
    uint8_t signature[64];
    ck_assert(dv_base58_decode(a.signature, signature, sizeof signature));
    ck_assert_uint_eq(a.last_valid, SCENE_WALL_US / 400000 + 150);
    ck_assert_uint_le(a.transaction.size, DV_TRANSACTION_MAX);
    ck_assert(!dv_text_equal(a.signature, b.signature));
}
END_TEST

START_TEST(what_cannot_be_built_says_why)
{
    scene_open(s, "raydium");
    dv_build_request build = {.order_id = scene_order(1),
                              .attempt = 1,
                              .token_in = dv_text_of(SOL),
                              .token_out = dv_text_of("unknown"),
                              .amount = 5};
    ck_assert_uint_eq(scene_build(s, build).error, DV_VENUE_NO_POOL);
    build.token_out = dv_text_of(USDC);
    build.amount = 0;
    ck_assert_uint_eq(scene_build(s, build).error, DV_VENUE_BUILD_FAILED);
    build.amount = 5;
    build.swap_mode = 2;
    ck_assert_uint_eq(scene_build(s, build).error, DV_VENUE_BUILD_FAILED);
}
END_TEST

/* ---- landing ---- */

START_TEST(a_transaction_lands_after_its_settle_time_for_what_was_quoted)
{
    s->config.sim_settle_min_ms = 2000;
    s->config.sim_settle_max_ms = 3000;
    scene_open(s, _i ? "meteora" : "raydium");
    dv_quote quote = scene_quote(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL);
    scene_swap swap =
        scene_built(s, 1, DV_EXACT_IN, SCENE_SOL, dv_min_amount_out_ceil(quote.amount_out, 10));
    scene_send(s, &swap, 5);
    scene_pass_ms(s, 1999);
    ck_assert_uint_eq(scene_told(s), 0);
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_UNKNOWN);
    scene_pass_ms(s, 1001);
    dv_status_reply status = scene_status(s, &swap);
    ck_assert_uint_eq(scene_last(s, DV_MSG_status_reply)->ticket, 5);
    ck_assert_uint_eq(status.outcome, DV_SWAP_FINALIZED);
    ck_assert_uint_eq(status.error, DV_OK);
    ck_assert_uint_eq(status.amount_in, SCENE_SOL);
    ck_assert_uint_ge(status.amount_out, dv_min_amount_out_ceil(quote.amount_out, 10));
    dv_status_reply checked = scene_check(s, &swap);
    ck_assert_uint_eq(checked.outcome, DV_SWAP_FINALIZED);
    ck_assert_uint_eq(checked.amount_out, status.amount_out);
}
END_TEST

START_TEST(an_exact_output_is_delivered_exactly)
{
    scene_open(s, _i ? "meteora" : "raydium");
    dv_quote quote = scene_quote(s, SOL, USDC, DV_EXACT_OUT, 150000001);
    scene_swap swap = scene_built(s, 1, DV_EXACT_OUT, 150000001, quote.amount_in);
    scene_send(s, &swap, 5);
    dv_status_reply status = scene_status(s, &swap);
    ck_assert_uint_eq(status.outcome, DV_SWAP_FINALIZED);
    ck_assert_uint_eq(status.amount_out, 150000001);
    ck_assert_uint_eq(status.amount_in, quote.amount_in);
}
END_TEST

START_TEST(a_landing_is_one_line_of_the_ledger_with_all_its_members)
{
    scene_open(s, "meteora");
    scene_swap swap = scene_sell(s, 0x01020304);
    scene_send(s, &swap, 5);
    dv_status_reply status = scene_status(s, &swap);
    char expected[1024], line[1024] = "";
    snprintf(expected, sizeof expected,
             "{\"signature\":\"%.*s\",\"orderId\":\"01930000-0000-0000-0000-000004030201\","
             "\"attempt\":1,\"dex\":\"meteora\",\"tokenIn\":\"" SOL "\",\"tokenOut\":\"" USDC
             "\",\"amountIn\":\"1000000000\",\"amountOut\":\"%llu\",\"ok\":true,\"error\":null,"
             "\"at\":\"2023-11-14T22:13:20.000Z\"}\n",
             DV_TEXT_ARG(swap.signature), (unsigned long long)status.amount_out);
    FILE *file = fopen(s->config.sim_ledger, "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    fclose(file);
    ck_assert_str_eq(line, expected);
    ck_assert_int_eq(scene_lines_with(s, ""), 1);
}
END_TEST

static int lines_when_told;

static void look_into_ledger(scene *at, const dv_message *message)
{
    if (message->type == DV_MSG_status_reply)
        lines_when_told = scene_lines(at, (const char *const[]){"\"ok\":true", NULL});
}

START_TEST(the_line_is_written_before_the_landing_is_told)
{
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1);
    s->on_answer = look_into_ledger;
    lines_when_told = -1;
    scene_send(s, &swap, 5);
    ck_assert_int_eq(lines_when_told, 1);
}
END_TEST

START_TEST(a_price_past_the_limit_fails_on_chain)
{
    scene_open(s, _i ? "meteora" : "raydium");
    uint64_t out = scene_quote(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL).amount_out;
    uint64_t in = scene_quote(s, SOL, USDC, DV_EXACT_OUT, 777).amount_in;
    scene_swap swaps[] = {scene_built(s, 1, DV_EXACT_IN, SCENE_SOL, out + 1),
                          scene_built(s, 2, DV_EXACT_OUT, 777, in - 1)};
    for (int i = 0; i < 2; i++) {
        scene_send(s, &swaps[i], 5);
        dv_status_reply status = scene_status(s, &swaps[i]);
        ck_assert_uint_eq(status.outcome, DV_SWAP_FAILED);
        ck_assert_uint_eq(status.error, DV_VENUE_SLIPPAGE_EXCEEDED);
        ck_assert_uint_eq(status.amount_in, 0);
        ck_assert_uint_eq(status.amount_out, 0);
    }
    const char *const first[] = {"\"amountIn\":\"1000000000\",\"amountOut\":\"0\",\"ok\":false,"
                                 "\"error\":\"VENUE_SLIPPAGE_EXCEEDED\"",
                                 NULL};
    const char *const second[] = {"\"amountIn\":\"0\",\"amountOut\":\"777\",\"ok\":false", NULL};
    ck_assert_int_eq(scene_lines(s, first), 1);
    ck_assert_int_eq(scene_lines(s, second), 1);
    ck_assert_uint_eq(scene_quote(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL).amount_out, out);
}
END_TEST

START_TEST(a_pool_that_cannot_fill_any_more_fails_on_chain)
{
    scene_open(s, _i ? "meteora" : "raydium");
    scene_swap swap = scene_built(s, 1, DV_EXACT_IN, UINT64_MAX / 2, 1);
    scene_send(s, &swap, 5);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FAILED);
    ck_assert_uint_eq(scene_status(s, &swap).error, DV_VENUE_LIQUIDITY_INSUFFICIENT);
}
END_TEST

START_TEST(fills_move_the_price_and_arbitrage_brings_it_back)
{
    scene_open(s, _i ? "meteora" : "raydium");
    uint64_t before = scene_quote(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL).amount_out;
    scene_swap large = scene_built(s, 1, DV_EXACT_IN, 300000 * SCENE_SOL, 1);
    scene_send(s, &large, 5);
    ck_assert_uint_eq(scene_status(s, &large).outcome, DV_SWAP_FINALIZED);
    uint64_t moved = scene_quote(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL).amount_out;
    ck_assert_uint_lt(moved, before - before / 400);
    scene_pass_ms(s, 3000);
    uint64_t half = scene_quote(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL).amount_out;
    ck_assert(half > moved + (before - moved) / 3 && half < before - (before - moved) / 3);
    scene_pass_ms(s, 40000);
    uint64_t after = scene_quote(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL).amount_out;
    ck_assert_uint_gt(after, half);
    ck_assert_uint_gt(after, before - before / 300); /* the market itself may have moved */
}
END_TEST

/* ---- at most once ---- */

START_TEST(sending_again_lands_once_and_tells_the_last_sender)
{
    s->config.sim_settle_min_ms = s->config.sim_settle_max_ms = 2000;
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1);
    for (uint64_t ticket = 1; ticket <= 5; ticket++) scene_send(s, &swap, ticket);
    scene_pass_ms(s, 2000);
    ck_assert_uint_eq(scene_told(s), 1);
    ck_assert_uint_eq(scene_last(s, DV_MSG_status_reply)->ticket, 5);
    scene_send(s, &swap, 6);
    scene_pass_ms(s, 5000);
    ck_assert_uint_eq(scene_told(s), 2);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FINALIZED);
    ck_assert_int_eq(scene_lines_with(s, ""), 1);
}
END_TEST

START_TEST(a_signature_lands_once_across_a_restart)
{
    scene_open(s, "raydium");
    uint64_t out = scene_quote(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL).amount_out;
    scene_swap good = scene_sell(s, 1), bad = scene_built(s, 2, DV_EXACT_IN, SCENE_SOL, out + 1);
    scene_send(s, &good, 5);
    dv_status_reply before = scene_status(s, &good);
    scene_send(s, &bad, 5);
    scene_close(s);
    scene_open(s, "raydium");
    ck_assert_uint_eq(scene_check(s, &good).outcome, DV_SWAP_FINALIZED);
    ck_assert_uint_eq(scene_check(s, &good).amount_out, before.amount_out);
    scene_send(s, &good, 6);
    ck_assert_uint_eq(scene_status(s, &good).outcome, DV_SWAP_FINALIZED);
    scene_send(s, &bad, 6);
    ck_assert_uint_eq(scene_status(s, &bad).outcome, DV_SWAP_FAILED);
    ck_assert_uint_eq(scene_status(s, &bad).error, DV_VENUE_SLIPPAGE_EXCEEDED);
    ck_assert_uint_eq(scene_status(s, &bad).amount_in, 0);
    scene_pass_ms(s, EXPIRED_MS);
    ck_assert_uint_eq(scene_check(s, &good).outcome, DV_SWAP_FINALIZED);
    ck_assert_int_eq(scene_lines_with(s, ""), 2);
}
END_TEST

START_TEST(what_was_in_flight_is_lost_with_the_process_and_lands_when_sent_again)
{
    s->config.sim_settle_min_ms = s->config.sim_settle_max_ms = 2000;
    scene_open(s, "meteora");
    scene_swap swap = scene_sell(s, 1);
    scene_send(s, &swap, 5);
    scene_close(s);
    scene_open(s, "meteora");
    scene_pass_ms(s, 10000);
    ck_assert_uint_eq(scene_told(s), 0);
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_UNKNOWN);
    scene_send(s, &swap, 6);
    scene_pass_ms(s, 2000);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FINALIZED);
    ck_assert_int_eq(lines_of(&swap), 1);
}
END_TEST

START_TEST(bytes_that_are_not_what_was_signed_never_land_and_prove_nothing)
{
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1), forged = swap;
    char bytes[DV_TRANSACTION_MAX];
    for (uint32_t i = 0; i <= swap.transaction.size; i++) {
        memcpy(bytes, swap.transaction.at, swap.transaction.size);
        if (i < swap.transaction.size) bytes[i] ^= 1;
        forged.transaction = (dv_text){bytes, swap.transaction.size - (i == swap.transaction.size)};
        scene_send(s, &forged, 5);
        ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_UNKNOWN);
        ck_assert_uint_eq(scene_status(s, &swap).error, DV_VENUE_OUTCOME_UNKNOWN);
    }
    forged = swap;
    forged.signature = scene_sell(s, 2).signature;
    scene_send(s, &forged, 5);
    ck_assert_uint_eq(scene_status(s, &forged).outcome, DV_SWAP_UNKNOWN);
    forged.signature = dv_text_of("not base58: 0OIl");
    scene_send(s, &forged, 5);
    ck_assert_uint_eq(scene_status(s, &forged).outcome, DV_SWAP_UNKNOWN);
    ck_assert_int_eq(scene_lines_with(s, ""), 0);
    scene_send(s, &swap, 5);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FINALIZED);
}
END_TEST

/* ---- expiry ---- */

START_TEST(nothing_is_proven_of_a_transaction_that_is_not_named)
{
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1), unnamed = swap, undated = swap;
    unnamed.signature = dv_text_of("");
    undated.last_valid = 0;
    scene_pass_ms(s, BLOCKS_MS(1000));
    ck_assert_uint_eq(scene_check(s, &unnamed).outcome, DV_SWAP_UNKNOWN);
    ck_assert_uint_eq(scene_check(s, &undated).outcome, DV_SWAP_UNKNOWN);
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_DEAD);
}
END_TEST

START_TEST(only_expiry_proves_death_and_nothing_lands_after_it)
{
    s->config.sim_settle_min_ms = s->config.sim_settle_max_ms = BLOCKS_MS(200);
    scene_open(s, "raydium");
    scene_swap sent = scene_sell(s, 1), unsent = scene_sell(s, 2);
    scene_send(s, &sent, 5);
    scene_pass_ms(s, BLOCKS_MS(150));
    ck_assert_uint_eq(scene_check(s, &sent).outcome, DV_SWAP_UNKNOWN);
    ck_assert_uint_eq(scene_check(s, &unsent).outcome, DV_SWAP_UNKNOWN);
    scene_pass_ms(s, BLOCKS_MS(1));
    ck_assert_uint_eq(scene_check(s, &sent).outcome, DV_SWAP_DEAD);
    ck_assert_uint_eq(scene_check(s, &sent).error, DV_VENUE_TRANSACTION_EXPIRED);
    ck_assert_uint_eq(scene_check(s, &unsent).outcome, DV_SWAP_DEAD);
    scene_send(s, &unsent, 6);
    ck_assert_uint_eq(scene_status(s, &unsent).outcome, DV_SWAP_DEAD);
    s->now.wall_us -= INT64_C(3600000000); /* not even if the clock is put back */
    scene_send(s, &unsent, 7);
    scene_pass_ms(s, BLOCKS_MS(400));
    ck_assert_int_eq(scene_lines_with(s, ""), 0);
}
END_TEST

START_TEST(blocks_go_on_while_the_process_is_down)
{
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1);
    scene_close(s);
    s->now.wall_us += EXPIRED_MS * DV_US_PER_MS;
    s->now.mono_ns = 1; /* another boot */
    scene_open(s, "raydium");
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_DEAD);
    scene_send(s, &swap, 5);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_DEAD);
    ck_assert_int_eq(scene_lines_with(s, ""), 0);
}
END_TEST

/* ---- faults ---- */

START_TEST(a_lost_answer_lands_but_only_a_check_tells)
{
    s->config.sim_fault_lost_answer_percent = 100;
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1);
    scene_send(s, &swap, 5);
    scene_send(s, &swap, 6);
    scene_pass_ms(s, 10000);
    ck_assert_uint_eq(scene_told(s), 0);
    ck_assert_int_eq(lines_of(&swap), 1);
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_FINALIZED);
}
END_TEST

START_TEST(a_dropped_send_never_arrives_and_the_next_one_does)
{
    s->config.sim_fault_drop_percent = 100;
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1), never = scene_sell(s, 2);
    scene_send(s, &swap, 5);
    scene_send(s, &never, 5);
    scene_pass_ms(s, 10000);
    ck_assert_uint_eq(scene_told(s), 0);
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_UNKNOWN);
    scene_send(s, &swap, 6);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FINALIZED);
    scene_pass_ms(s, EXPIRED_MS);
    ck_assert_uint_eq(scene_check(s, &never).outcome, DV_SWAP_DEAD);
    ck_assert_int_eq(scene_lines_with(s, ""), 1);
    ck_assert_int_eq(scene_tick(s), DV_NEVER); /* forgotten */
}
END_TEST

START_TEST(a_late_landing_takes_three_times_as_long_and_more)
{
    s->config.sim_fault_late_percent = 100;
    s->config.sim_settle_min_ms = s->config.sim_settle_max_ms = 2000;
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1);
    scene_send(s, &swap, 5);
    scene_pass_ms(s, 6500);
    ck_assert_uint_eq(scene_told(s), 0);
    scene_pass_ms(s, 3500);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FINALIZED);
}
END_TEST

START_TEST(a_late_landing_comes_before_expiry_where_it_can)
{
    s->config.sim_fault_late_percent = 100;
    s->config.sim_settle_min_ms = s->config.sim_settle_max_ms = 2000;
    s->config.sim_expiry_blocks = 12;
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1);
    scene_send(s, &swap, 5);
    scene_pass_ms(s, 3900);
    ck_assert_uint_eq(scene_told(s), 0);
    for (int i = 0; i < 20; i++) scene_pass_ms(s, 100);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FINALIZED);
}
END_TEST

START_TEST(an_expiring_transaction_never_lands_however_often_it_is_sent)
{
    s->config.sim_fault_expire_percent = 100;
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1);
    for (int i = 0; i < 150; i++) {
        scene_send(s, &swap, 5);
        ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_UNKNOWN);
        scene_pass_ms(s, 400);
    }
    scene_pass_ms(s, 400);
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_DEAD);
    ck_assert_int_eq(scene_lines_with(s, ""), 0);
}
END_TEST

START_TEST(a_slippage_breach_fails_on_chain_whatever_the_limit)
{
    s->config.sim_fault_slippage_percent = 100;
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1);
    scene_send(s, &swap, 5);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FAILED);
    ck_assert_uint_eq(scene_status(s, &swap).error, DV_VENUE_SLIPPAGE_EXCEEDED);
    ck_assert_int_eq(scene_lines_with(s, "\"ok\":false"), 1);
}
END_TEST

START_TEST(each_fault_befalls_its_percentage_and_at_most_one_a_transaction)
{
    s->config.sim_fault_lost_answer_percent = 20;
    s->config.sim_fault_drop_percent = 20;
    s->config.sim_fault_expire_percent = 20;
    s->config.sim_fault_slippage_percent = 20;
    scene_open(s, "meteora");
    int silent = 0, landed = 0, failed = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        scene_swap swap = scene_sell(s, i);
        size_t before = scene_told(s);
        scene_send(s, &swap, 5);
        if (scene_told(s) == before)
            silent++;
        else if (scene_status(s, &swap).outcome == DV_SWAP_FINALIZED)
            landed++;
        else
            failed++;
        s->count = 0;
    }
    ck_assert(abs(silent - 1200) < 150 && abs(landed - 400) < 100 && abs(failed - 400) < 100);
    int ok = scene_lines_with(s, "\"ok\":true"), not_ok = scene_lines_with(s, "\"ok\":false");
    ck_assert_int_eq(not_ok, failed);
    ck_assert_int_lt(abs(ok - 800), 150); /* the lost answers landed */
}
END_TEST

START_TEST(a_fault_is_the_signatures_own_across_a_restart)
{
    s->config.sim_fault_expire_percent = 50;
    scene_open(s, "raydium");
    scene_swap swaps[64];
    bool landed[64];
    for (uint32_t i = 0; i < 64; i++) {
        swaps[i] = scene_sell(s, i);
        scene_send(s, &swaps[i], 5);
        landed[i] = scene_check(s, &swaps[i]).outcome == DV_SWAP_FINALIZED;
    }
    scene_close(s);
    scene_open(s, "raydium");
    for (int i = 0; i < 64; i++) {
        scene_send(s, &swaps[i], 6);
        ck_assert(landed[i] == (scene_check(s, &swaps[i]).outcome == DV_SWAP_FINALIZED));
    }
}
END_TEST

/* ---- size ---- */

/* Of this process, so that a busy machine does not count. */
static int64_t cpu_ms(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

START_TEST(fifty_thousand_in_flight_land_quickly_each_once)
{
    const uint32_t count = 50000;
    s->config.sim_settle_min_ms = 2000;
    s->config.sim_settle_max_ms = 3000;
    s->config.sim_quote_min_ms = 200;
    s->config.sim_quote_max_ms = 300;
    scene_open(s, "raydium");
    int64_t begun_ms = cpu_ms();
    for (uint32_t i = 0; i < count; i++) {
        scene_ask(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL, i);
        scene_swap swap = scene_sell(s, i);
        scene_send(s, &swap, i);
        scene_send(s, &swap, i);
    }
    for (int i = 0; i < 3000; i++) scene_pass_ms(s, 1);
    int64_t took_ms = cpu_ms() - begun_ms;
    ck_assert_uint_eq(scene_told(s), count);
    ck_assert_uint_eq(s->count, 3 * count);
    ck_assert_int_eq(scene_lines_with(s, "\"ok\":true"), (int)count);
    ck_assert_int_lt(took_ms, 30000); /* some 2 s, or 5 under AddressSanitizer */
}
END_TEST

START_TEST(a_venue_can_be_destroyed_with_anything_pending_or_never_started)
{
    s->config.sim_settle_min_ms = s->config.sim_settle_max_ms = 2000;
    s->config.sim_quote_min_ms = s->config.sim_quote_max_ms = 200;
    s->venue = dv_sim_venue_new("meteora", &s->config, &s->tokens);
    s->chain = dv_simulated_new(&s->config, s->confirmation, &s->tokens);
    scene_close(s);
    ck_assert_ptr_null(dv_sim_venue_new("orca", &s->config, &s->tokens));
    scene_open(s, "meteora");
    scene_swap swap = scene_sell(s, 1);
    scene_send(s, &swap, 5);
    scene_ask(s, SOL, USDC, DV_EXACT_IN, SCENE_SOL, 1);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_quotes_and_builds(Suite *suite)
{
    TCase *t = add_case(suite, "quotes");
    tcase_add_test(t, a_quote_is_told_after_its_delay_and_not_before);
    tcase_add_test(t, a_tick_says_when_the_next_answer_is_due);
    tcase_add_test(t, a_quote_names_its_venue_fee_and_pool);
    tcase_add_loop_test(t, what_cannot_be_quoted_says_why, 0, 2);
    tcase_add_test(t, the_same_seed_and_time_give_the_same_quotes_and_asking_changes_nothing);
    tcase_add_loop_test(t, so_many_percent_of_the_quotes_fail, 0, 1);
    tcase_add_loop_test(t, so_many_percent_of_the_quotes_fail, 30, 31);
    tcase_add_loop_test(t, so_many_percent_of_the_quotes_fail, 100, 101);
    t = add_case(suite, "building");
    tcase_add_test(t, a_transaction_is_signed_valid_for_so_many_blocks_and_never_the_same_twice);
    tcase_add_test(t, what_cannot_be_built_says_why);
}

static void add_landings(Suite *suite)
{
    TCase *t = add_case(suite, "landing");
    tcase_add_loop_test(t, a_transaction_lands_after_its_settle_time_for_what_was_quoted, 0, 2);
    tcase_add_loop_test(t, an_exact_output_is_delivered_exactly, 0, 2);
    tcase_add_test(t, a_landing_is_one_line_of_the_ledger_with_all_its_members);
    tcase_add_test(t, the_line_is_written_before_the_landing_is_told);
    tcase_add_loop_test(t, a_price_past_the_limit_fails_on_chain, 0, 2);
    tcase_add_loop_test(t, a_pool_that_cannot_fill_any_more_fails_on_chain, 0, 2);
    tcase_add_loop_test(t, fills_move_the_price_and_arbitrage_brings_it_back, 0, 2);
    t = add_case(suite, "at most once");
    tcase_add_test(t, sending_again_lands_once_and_tells_the_last_sender);
    tcase_add_test(t, a_signature_lands_once_across_a_restart);
    tcase_add_test(t, what_was_in_flight_is_lost_with_the_process_and_lands_when_sent_again);
    tcase_add_test(t, bytes_that_are_not_what_was_signed_never_land_and_prove_nothing);
    t = add_case(suite, "expiry");
    tcase_add_test(t, nothing_is_proven_of_a_transaction_that_is_not_named);
    tcase_add_test(t, only_expiry_proves_death_and_nothing_lands_after_it);
    tcase_add_test(t, blocks_go_on_while_the_process_is_down);
}

static void add_faults(Suite *suite)
{
    TCase *t = add_case(suite, "faults");
    tcase_add_test(t, a_lost_answer_lands_but_only_a_check_tells);
    tcase_add_test(t, a_dropped_send_never_arrives_and_the_next_one_does);
    tcase_add_test(t, a_late_landing_takes_three_times_as_long_and_more);
    tcase_add_test(t, a_late_landing_comes_before_expiry_where_it_can);
    tcase_add_test(t, an_expiring_transaction_never_lands_however_often_it_is_sent);
    tcase_add_test(t, a_slippage_breach_fails_on_chain_whatever_the_limit);
    tcase_add_test(t, each_fault_befalls_its_percentage_and_at_most_one_a_transaction);
    tcase_add_test(t, a_fault_is_the_signatures_own_across_a_restart);
}

static void add_size(Suite *suite)
{
    TCase *t = add_case(suite, "size");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, fifty_thousand_in_flight_land_quickly_each_once);
    tcase_add_test(t, a_venue_can_be_destroyed_with_anything_pending_or_never_started);
}

int main(void)
{
    Suite *suite = suite_create("sim_venue");
    add_quotes_and_builds(suite);
    add_landings(suite);
    add_faults(suite);
    add_size(suite);
    return suite_run(suite);
}
