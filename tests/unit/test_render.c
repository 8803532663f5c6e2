/* What clients read of orders: at each of their events, and in answers. */
#include "proto/buffer.h"
#include "tests/support/render_scene.h"
#include "tests/support/suite.h"

/* ---- an order that needs two attempts ---------------------------------------------------------
 */

/* 2 SOL give 300 USDC after 0.25 % at raydium, 306 after 0.2 % at meteora. */
static const dv_quote QUOTES[] = {
    {.venue = {"raydium", 7},
     .amount_in = 2000000000,
     .amount_out = 300000000,
     .fee_ppm = 2500,
     .price_impact_bps = 3,
     .pool = {"pool-r", 6}},
    {.venue = {"meteora", 7},
     .amount_in = 2000000000,
     .amount_out = 306000000,
     .fee_ppm = 2000,
     .price_impact_bps = 4,
     .pool = {"pool-m", 6}},
};

/* meteora did not answer. */
static const dv_quote QUOTES_ONE[] = {
    {.venue = {"raydium", 7}, .amount_in = 2000000000, .amount_out = 300000000, .fee_ppm = 2500},
    {.venue = {"meteora", 7}, .error = DV_VENUE_QUOTE_LATE},
};

static const dv_attempt ATTEMPTS[] = {
    {.number = 1,
     .venue = {"raydium", 7},
     .reason = {"the only quote", 14},
     .quotes = QUOTES_ONE,
     .quotes_count = 2,
     .signature = {"first", 5},
     .error = DV_VENUE_TRANSACTION_EXPIRED},
    {.number = 2,
     .due_at_us = T0 + 4000000,
     .venue = {"meteora", 7},
     .reason = {"2 % more out", 12},
     .quotes = QUOTES,
     .quotes_count = 2,
     .signature = {SIGNATURE, sizeof SIGNATURE - 1},
     .amount_in = 2000000000,
     .amount_out = 305082000}, /* 0.3 % less than quoted */
};

static const dv_event EVENTS[] = {
    {1, 11, DV_STATE_pending, 0, T0},
    {2, 13, DV_STATE_routing, 1, T0 + 1000},
    {3, 14, DV_STATE_building, 1, T0 + 300000},
    {4, 17, DV_STATE_submitted, 1, T0 + 301000},
    {5, 19, DV_STATE_routing, 2, T0 + 2000000},
    {6, 23, DV_STATE_building, 2, T0 + 4300000},
    {7, 29, DV_STATE_submitted, 2, T0 + 4400000},
    {8, 31, DV_STATE_finalized, 2, T0 + 6400000},
};

static dv_view confirmed_view(void)
{
    return (dv_view){terms_sol_usdc(), ATTEMPTS, 2, EVENTS, 8};
}

static void render_frame(const dv_view *view, uint32_t seq)
{
    dv_render_frame(&out, &tokens, view, seq, DV_FRAME_STATUS_UPDATE);
    parse();
}

START_TEST(a_frame_of_pending_tells_the_order)
{
    dv_view view = confirmed_view();
    render_frame(&view, 1);
    assert_string("type", "status_update");
    assert_string("orderId", ORDER_ID);
    assert_string("status", "pending");
    assert_string("timestamp", "2025-11-21T10:00:00.000Z");
    assert_number("attempt", "1");
    assert_number("seq", "1");
    assert_number("position", "11");
    assert_absent("dex");
    assert_absent("slippageBps");
    assert_absent("txHash");
    assert_string("order/id", ORDER_ID);
    assert_string("order/type", "market");
    assert_string("order/orderType", "market");
    assert_string("order/tokenIn", "SOL");
    assert_string("order/tokenOut", "USDC");
    assert_number("order/amountIn", "2.0");
    assert_string("order/userId", "user-1");
    assert_number("order/slippageTolerance", "0.01");
    assert_number("order/retryCount", "0");
    assert_length("order/statusHistory", 1);
    assert_string("order/createdAt", "2025-11-21T10:00:00.000Z");
    assert_string("order/created_at", "2025-11-21T10:00:00.000Z");
    assert_string("order/payload/tokenIn", "SOL");
    assert_string("order/payload/tokenOut", "USDC");
    assert_number("order/payload/amount", "2.0");
    assert_number("order/payload/slippage", "0.01");
    assert_absent("order/dexUsed");
    assert_absent("order/symbol");
}
END_TEST

START_TEST(a_frame_of_building_shows_both_prices_before_their_fees)
{
    dv_view view = confirmed_view();
    render_frame(&view, 6);
    assert_string("status", "building");
    assert_string("message", "Building the transaction for Meteora");
    assert_number("attempt", "2");
    assert_string("dex", "Meteora");
    assert_string("routing/dex", "meteora");
    assert_number("routing/raydiumPrice", "150.375939849624");
    assert_number("routing/meteoraPrice", "153.306613226452");
    assert_number("routing/raydiumFee", "0.0025");
    assert_number("routing/meteoraFee", "0.002");
    assert_string("routing/reason", "2 % more out");
    assert_string("quote/dex", "Meteora");
    assert_number("quote/price", "153.306613226452");
    assert_number("quote/fee", "0.002");
    assert_absent("slippageBps");
    assert_absent("order/txHash");
    assert_string("order/dexUsed", "meteora");
    assert_string("order/statusHistory/5/metadata/dex", "meteora");
    assert_number("order/statusHistory/5/metadata/meteoraPrice", "153.306613226452");
}
END_TEST

START_TEST(a_venue_without_a_quote_is_shown_as_null)
{
    dv_view view = confirmed_view();
    render_frame(&view, 3);
    assert_number("attempt", "1");
    assert_string("routing/dex", "raydium");
    assert_number("routing/raydiumPrice", "150.375939849624");
    assert_null("routing/meteoraPrice");
    assert_null("routing/meteoraFee");
}
END_TEST

START_TEST(a_past_frame_knows_nothing_of_what_came_later)
{
    dv_view view = confirmed_view();
    render_frame(&view, 4);
    assert_string("status", "submitted");
    assert_string("dex", "Raydium");
    assert_number("slippageBps", "100");
    assert_string("order/txHash", "first");
    assert_length("order/statusHistory", 4);
    assert_string("order/updatedAt", "2025-11-21T10:00:00.301Z");
    assert_absent("order/outcome");
    assert_absent("order/failureReason");
    assert_absent("order/executedPrice");
    assert_number("order/retryCount", "0");
}
END_TEST

START_TEST(a_frame_is_the_same_whenever_it_is_rendered)
{
    dv_view then = confirmed_view(), now = confirmed_view();
    for (uint32_t seq = 1; seq <= now.events_count; seq++) {
        dv_buffer other = {0};
        then.events_count = seq;
        dv_render_frame(&out, &tokens, &now, seq, DV_FRAME_STATUS_UPDATE);
        /* Once the attempt's error is committed, so is the event that follows. */
        dv_attempt attempts[2] = {ATTEMPTS[0], ATTEMPTS[1]};
        if (seq < 5) attempts[0].error = 0;
        then.attempts = attempts;
        dv_render_frame(&other, &tokens, &then, seq, DV_FRAME_STATUS_UPDATE);
        ck_assert_uint_eq(out.size, other.size);
        ck_assert_mem_eq(out.bytes, other.bytes, out.size);
        dv_buffer_fini(&other);
        out.size = 0;
    }
}
END_TEST

START_TEST(a_retry_raises_the_attempt_and_says_why_and_when)
{
    dv_view view = confirmed_view();
    render_frame(&view, 5);
    assert_string("status", "routing");
    assert_number("attempt", "2");
    assert_absent("dex");
    assert_absent("order/dexUsed");
    assert_absent("order/txHash");
    assert_number("order/retryCount", "1");
    assert_number("order/statusHistory/4/metadata/attempt", "2");
    assert_string("order/statusHistory/4/metadata/retryAt", "2025-11-21T10:00:04.000Z");
    assert_string("order/statusHistory/4/metadata/code", "VENUE_TRANSACTION_EXPIRED");
    assert_string("order/statusHistory/4/metadata/reason",
                  "the transaction expired and can never land");
}
END_TEST

START_TEST(a_frame_of_confirmed_has_the_effective_price_under_all_its_names)
{
    dv_view view = confirmed_view();
    render_frame(&view, 8);
    assert_string("status", "confirmed");
    assert_string("dex", "Meteora");
    assert_number("slippageBps", "100");
    assert_string("txHash", SIGNATURE);
    assert_number("price", "152.541");
    assert_number("executedPrice", "152.541");
    assert_number("executionPrice", "152.541");
    assert_number("slippage", "0.3");
    assert_string("order/txHash", SIGNATURE);
    assert_number("order/executedPrice", "152.541");
    assert_number("order/slippage", "0.3");
    assert_string("order/statusHistory/7/metadata/txHash", SIGNATURE);
    assert_number("order/statusHistory/7/metadata/price", "152.541");
    assert_length("order/statusHistory", 8);
}
END_TEST

START_TEST(frames_and_history_agree)
{
    dv_view view = confirmed_view();
    dv_render_order(&out, &tokens, &view, 0);
    parse();
    yajl_val order = root;
    root = NULL;
    for (uint32_t seq = 1; seq <= view.events_count; seq++) {
        const char *path[] = {"statusHistory", NULL};
        yajl_val entry = YAJL_GET_ARRAY(yajl_tree_get(order, path, yajl_t_array))->values[seq - 1];
        const char *status[] = {"status", NULL}, *timestamp[] = {"timestamp", NULL};
        render_frame(&view, seq);
        assert_string("status", YAJL_GET_STRING(yajl_tree_get(entry, status, yajl_t_string)));
        assert_string("timestamp", YAJL_GET_STRING(yajl_tree_get(entry, timestamp, yajl_t_string)));
    }
    yajl_tree_free(order);
}
END_TEST

START_TEST(frames_of_all_orders_are_order_updates)
{
    dv_view view = confirmed_view();
    dv_render_frame(&out, &tokens, &view, 2, DV_FRAME_ORDER_UPDATE);
    parse();
    assert_string("type", "order_update");
    assert_string("message", "Comparing venues");
}
END_TEST

/* ---- failures and doubt ------------------------------------------------------------------------
 */

START_TEST(a_failed_order_says_why)
{
    dv_attempt attempt = {.number = 1, .error = DV_VENUE_NO_QUOTE};
    dv_event events[] = {{1, 1, DV_STATE_pending, 0, T0},
                         {2, 2, DV_STATE_routing, 1, T0},
                         {3, 3, DV_STATE_failed, 1, T0}};
    dv_view view = {terms_sol_usdc(), &attempt, 1, events, 3};
    render_frame(&view, 3);
    assert_string("error", "no venue gave a usable quote");
    assert_string("reason", "no venue gave a usable quote");
    assert_string("code", "VENUE_NO_QUOTE");
    assert_string("order/failureReason", "no venue gave a usable quote");
    assert_string("order/statusHistory/2/metadata/code", "VENUE_NO_QUOTE");
    assert_absent("dex");
    assert_absent("txHash");

    attempt.error_text = dv_text_of("custom program error: 0x1771");
    render_frame(&view, 3);
    assert_string("error", "custom program error: 0x1771");
    assert_string("message", "Order failed: custom program error: 0x1771");
}
END_TEST

START_TEST(an_outcome_is_unknown_when_nothing_was_heard_of_the_transaction_for_long)
{
    dv_attempt attempt = ATTEMPTS[0];
    attempt.error = 0;
    dv_view view = {terms_sol_usdc(), &attempt, 1, EVENTS, 4};
    int64_t submitted_us = (int64_t)EVENTS[3].at_us;
    dv_render_single(&out, &tokens, &view, submitted_us);
    parse();
    assert_absent("outcome");
    dv_render_single(&out, &tokens, &view, submitted_us + 1);
    parse();
    assert_string("outcome", "unknown");
    assert_string("order/outcome", "unknown");
    assert_string("status", "submitted");
    ck_assert(member("outcomeReason") != NULL);
    view.events_count = 3; /* not sent yet, so that nothing can have become of it */
    dv_render_single(&out, &tokens, &view, submitted_us + 1);
    parse();
    assert_absent("outcome");
}
END_TEST

START_TEST(a_frame_does_not_know_of_an_error_that_came_after_it)
{
    dv_attempt attempt = ATTEMPTS[0];
    dv_view view = {terms_sol_usdc(), &attempt, 1, EVENTS, 4};
    attempt.error = 0;
    dv_render_frame(&out, &tokens, &view, 4, DV_FRAME_STATUS_UPDATE);
    char *kept = strndup(out.bytes, out.size);
    out.size = 0;
    attempt.error = DV_VENUE_OUTCOME_UNKNOWN;
    dv_render_frame(&out, &tokens, &view, 4, DV_FRAME_STATUS_UPDATE);
    ck_assert(dv_text_is((dv_text){out.bytes, (uint32_t)out.size}, kept));
    free(kept);
}
END_TEST

/* ---- how the client wrote it -------------------------------------------------------------------
 */

START_TEST(a_string_amount_makes_string_prices_in_the_order)
{
    dv_view view = confirmed_view();
    view.terms.style = DV_STYLE_AMOUNT_STRING;
    render_frame(&view, 8);
    assert_string("order/amountIn", "2.0");
    assert_string("order/payload/amount", "2.0");
    assert_string("order/executedPrice", "152.541");
    assert_number("executedPrice", "152.541");
}
END_TEST

START_TEST(a_token_is_shown_by_mint_if_it_was_named_by_mint_or_is_not_in_the_table)
{
    dv_view view = confirmed_view();
    view.terms.style = DV_STYLE_IN_MINT;
    view.terms.token_out = dv_text_of("Unlisted111111111111111111111111111111111111");
    dv_render_accepted(&out, &tokens, &view);
    parse();
    assert_string("tokenIn", SOL);
    assert_string("tokenOut", "Unlisted111111111111111111111111111111111111");
}
END_TEST

START_TEST(a_buy_shows_its_quantity_and_what_it_paid_once_that_is_known)
{
    dv_view view = confirmed_view();
    view.terms.token_in = dv_text_of(USDC);
    view.terms.token_out = dv_text_of(SOL);
    view.terms.swap_mode = DV_EXACT_OUT;
    view.terms.style = DV_STYLE_SIDE_BUY;
    view.terms.amount_input = dv_text_of("2");
    dv_attempt attempt = ATTEMPTS[1];
    dv_quote quote = QUOTES[1];
    quote.amount_in = 306000000;
    quote.amount_out = attempt.amount_out = 2000000000;
    attempt.amount_in = 306306000;
    attempt.quotes = &quote;
    attempt.quotes_count = 1;
    view.attempts = &attempt;
    view.attempts_count = 1;
    render_frame(&view, 7);
    assert_string("order/symbol", "SOL");
    assert_string("order/side", "buy");
    assert_number("order/quantity", "2");
    assert_string("order/tokenIn", "USDC");
    assert_absent("order/amountIn");
    assert_absent("order/payload/amount");
    render_frame(&view, 8);
    assert_number("order/amountIn", "306.306");
    assert_number("order/quantity", "2");
    assert_number("slippage", "0.0999"); /* 1 - 306 / 306.306 = 0.000999 */
}
END_TEST

START_TEST(an_amount_whose_writing_is_not_known_is_shown_from_its_atoms)
{
    dv_view view = confirmed_view();
    view.terms.amount_input = (dv_text){0};
    dv_render_order(&out, &tokens, &view, 0);
    parse();
    assert_number("amountIn", "2");
}
END_TEST

START_TEST(a_sell_pays_its_quantity)
{
    dv_view view = confirmed_view();
    view.terms.style = DV_STYLE_SIDE_SELL;
    dv_render_accepted(&out, &tokens, &view);
    parse();
    assert_string("symbol", "SOL");
    assert_string("side", "sell");
    assert_number("quantity", "2.0");
    assert_number("amountIn", "2.0");
}
END_TEST

/* ---- slippage of the result --------------------------------------------------------------------
 */

typedef struct slippage_row {
    uint64_t quoted_in, quoted_out, in, out;
    const char *percent;
} slippage_row;

static const slippage_row SLIPPAGES[] = {
    {1000, 1000, 1000, 1000, "0"},
    {1000, 1000, 1000, 1001, "0"},
    {1000, 1000, 1000, 990, "1"},
    {1000, 1000, 1010, 1000, "0.9901"},
    {3, 3, 3, 2, "33.3333"},
    {3, 3, 3, 1, "66.6667"},
    {1, 2000000, 1, 1999999, "0.0001"}, /* half rounds up */
    {1, 2000001, 1, 2000000, "0"},
    {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX / 2, "50"},
    {UINT64_MAX, UINT64_MAX, UINT64_MAX, 1, "100"},
    {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX - 1, "0"},
};

START_TEST(slippage_is_how_much_worse_than_the_quote_an_execution_was)
{
    const slippage_row *row = &SLIPPAGES[_i];
    dv_quote quote = QUOTES[1];
    dv_attempt attempt = ATTEMPTS[1];
    quote.amount_in = row->quoted_in;
    quote.amount_out = row->quoted_out;
    attempt.amount_in = row->in;
    attempt.amount_out = row->out;
    attempt.quotes = &quote;
    attempt.quotes_count = 1;
    dv_view view = confirmed_view();
    view.attempts = &attempt;
    view.attempts_count = 1;
    render_frame(&view, 8);
    assert_number("slippage", row->percent);
}
END_TEST

/* ---- answers -----------------------------------------------------------------------------------
 */

START_TEST(the_answer_to_a_post_serves_all_clients)
{
    dv_view view = confirmed_view();
    view.events_count = 1;
    view.attempts_count = 0;
    dv_render_accepted(&out, &tokens, &view);
    parse();
    ck_assert(YAJL_IS_TRUE(member("success")));
    assert_string("orderId", ORDER_ID);
    assert_string("status", "pending");
    assert_string("tokenIn", "SOL");
    assert_string("tokenOut", "USDC");
    assert_number("amountIn", "2.0");
    assert_string("createdAt", "2025-11-21T10:00:00.000Z");
    ck_assert(YAJL_IS_STRING(member("message")));
    assert_string("websocketUrl", "/api/orders/stream?orderId=" ORDER_ID);
    assert_string("upgradeInstructions/method", "GET");
    assert_string("upgradeInstructions/url", "/api/orders/stream?orderId=" ORDER_ID);
    assert_string("upgradeInstructions/headers/Upgrade", "websocket");
}
END_TEST

START_TEST(a_replayed_answer_is_the_first_answer)
{
    dv_view first = confirmed_view(), later = confirmed_view();
    dv_buffer other = {0};
    first.events_count = 1;
    first.attempts_count = 0;
    dv_render_accepted(&out, &tokens, &first);
    dv_render_accepted(&other, &tokens, &later);
    ck_assert_uint_eq(out.size, other.size);
    ck_assert_mem_eq(out.bytes, other.bytes, out.size);
    dv_buffer_fini(&other);
}
END_TEST

START_TEST(a_single_order_is_flat_nested_and_has_its_executions)
{
    dv_view view = confirmed_view();
    dv_render_single(&out, &tokens, &view, 0);
    parse();
    ck_assert(YAJL_IS_TRUE(member("success")));
    assert_string("id", ORDER_ID);
    assert_string("status", "confirmed");
    assert_string("order/status", "confirmed");
    assert_number("order/retryCount", "1");
    assert_length("executions", 2);
    assert_string("executions/0/id", ORDER_ID "-1");
    assert_string("executions/0/order_id", ORDER_ID);
    assert_number("executions/0/attempt_number", "1");
    assert_string("executions/0/chosen_dex", "raydium");
    assert_string("executions/0/tx_hash", "first");
    assert_null("executions/0/execution_price");
    assert_string("executions/0/failure_reason", "the transaction expired and can never land");
    assert_length("executions/0/routing_decision/quotes", 2);
    assert_string("executions/0/routing_decision/quotes/1/code", "VENUE_QUOTE_LATE");
    assert_string("executions/1/routing_decision/dex", "meteora");
    assert_string("executions/1/routing_decision/quotes/0/amountOut", "300000000");
    assert_number("executions/1/routing_decision/quotes/0/priceImpactBps", "3");
    assert_number("executions/1/execution_price", "152.541");
    assert_null("executions/1/failure_reason");
}
END_TEST

START_TEST(lists_come_wrapped_or_bare)
{
    dv_view view = confirmed_view();
    dv_render_list_open(&out, DV_LIST_WRAPPED);
    dv_render_list_close(&out, DV_LIST_WRAPPED);
    parse();
    ck_assert(YAJL_IS_TRUE(member("success")));
    assert_length("orders", 0);
    dv_render_list_open(&out, DV_LIST_WRAPPED);
    dv_render_list_add(&out, &tokens, &view, 0);
    dv_render_list_close(&out, DV_LIST_WRAPPED);
    parse();
    assert_length("orders", 1);
    dv_render_list_open(&out, DV_LIST_BARE);
    dv_render_list_add(&out, &tokens, &view, 0);
    dv_render_list_add(&out, &tokens, &view, 0);
    dv_render_list_close(&out, DV_LIST_BARE);
    parse();
    assert_length("", 2);
    assert_string("1/id", ORDER_ID);
}
END_TEST

static void add_order_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_frame_of_pending_tells_the_order);
    tcase_add_test(tcase, a_frame_of_building_shows_both_prices_before_their_fees);
    tcase_add_test(tcase, a_venue_without_a_quote_is_shown_as_null);
    tcase_add_test(tcase, a_past_frame_knows_nothing_of_what_came_later);
    tcase_add_test(tcase, a_frame_is_the_same_whenever_it_is_rendered);
    tcase_add_test(tcase, a_retry_raises_the_attempt_and_says_why_and_when);
    tcase_add_test(tcase, a_frame_of_confirmed_has_the_effective_price_under_all_its_names);
    tcase_add_test(tcase, frames_and_history_agree);
    tcase_add_test(tcase, frames_of_all_orders_are_order_updates);
    tcase_add_test(tcase, a_failed_order_says_why);
    tcase_add_test(tcase, an_outcome_is_unknown_when_nothing_was_heard_of_the_transaction_for_long);
    tcase_add_test(tcase, a_frame_does_not_know_of_an_error_that_came_after_it);
    tcase_add_test(tcase, a_string_amount_makes_string_prices_in_the_order);
    tcase_add_test(tcase, a_token_is_shown_by_mint_if_it_was_named_by_mint_or_is_not_in_the_table);
    tcase_add_test(tcase, a_buy_shows_its_quantity_and_what_it_paid_once_that_is_known);
    tcase_add_test(tcase, an_amount_whose_writing_is_not_known_is_shown_from_its_atoms);
    tcase_add_test(tcase, a_sell_pays_its_quantity);
    tcase_add_loop_test(tcase, slippage_is_how_much_worse_than_the_quote_an_execution_was, 0,
                        (int)(sizeof SLIPPAGES / sizeof SLIPPAGES[0]));
}

int main(void)
{
    TCase *tcase = tcase_create("render");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    add_order_tests(tcase);
    tcase_add_test(tcase, the_answer_to_a_post_serves_all_clients);
    tcase_add_test(tcase, a_replayed_answer_is_the_first_answer);
    tcase_add_test(tcase, a_single_order_is_flat_nested_and_has_its_executions);
    tcase_add_test(tcase, lists_come_wrapped_or_bare);
    Suite *suite = suite_create("render");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
