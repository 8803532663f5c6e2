/* What clients read of a confirmation that is not final yet, and of what becomes of it. */
#include "tests/support/render_scene.h"
#include "tests/support/suite.h"

static const dv_quote QUOTES[] = {
    {.venue = {"raydium", 7}, .amount_in = 2000000000, .amount_out = 300000000, .fee_ppm = 2500}};

static dv_attempt attempt;
static dv_event events[8];
static dv_view view;

/* An order that goes through these states in its first attempt. */
static void order_of(const dv_state *states, uint32_t count)
{
    attempt = (dv_attempt){.number = 1,
                           .venue = {"raydium", 7},
                           .quotes = QUOTES,
                           .quotes_count = 1,
                           .signature = dv_text_of(SIGNATURE),
                           .amount_in = 2000000000,
                           .amount_out = 300000000};
    for (uint32_t i = 0; i < count; i++)
        events[i] = (dv_event){i + 1, i + 1, states[i], i > 0, T0 + i * 1000000};
    view = (dv_view){terms_sol_usdc(), &attempt, 1, events, count};
}

#define ORDER_OF(...)                                                                              \
    order_of((const dv_state[]){DV_STATE_pending, DV_STATE_routing, DV_STATE_building,             \
                                DV_STATE_submitted, __VA_ARGS__},                                  \
             4 + sizeof((const dv_state[]){__VA_ARGS__}) / sizeof(dv_state))

static void render_frame(uint32_t seq, dv_frame_type type)
{
    dv_render_frame(&out, &tokens, &view, seq, type);
    parse();
}

START_TEST(a_confirmation_says_that_it_is_not_final_and_then_that_it_is)
{
    ORDER_OF(DV_STATE_confirmed, DV_STATE_finalized);
    render_frame(4, DV_FRAME_STATUS_UPDATE);
    assert_absent("finality");
    render_frame(5, DV_FRAME_STATUS_UPDATE);
    assert_string("type", "status_update");
    assert_string("status", "confirmed");
    assert_string("finality", "confirmed");
    assert_string("message", "Order executed on Raydium");
    assert_string("txHash", SIGNATURE);
    assert_number("price", "150");
    assert_string("order/status", "confirmed");
    assert_string("order/finality", "confirmed");
    assert_number("order/executedPrice", "150");
    assert_string("order/statusHistory/4/metadata/finality", "confirmed");
    render_frame(6, DV_FRAME_STATUS_UPDATE);
    assert_string("type", "finalized");
    assert_string("status", "confirmed");
    assert_string("finality", "finalized");
    assert_string("message", "Order executed on Raydium, and final");
    assert_number("price", "150");
    assert_string("order/statusHistory/4/status", "confirmed");
    assert_string("order/statusHistory/5/status", "confirmed");
    assert_string("order/statusHistory/5/metadata/finality", "finalized");
}
END_TEST

START_TEST(what_is_final_at_once_is_confirmed_by_one_frame)
{
    ORDER_OF(DV_STATE_finalized);
    render_frame(5, DV_FRAME_STATUS_UPDATE);
    assert_string("type", "status_update");
    assert_string("status", "confirmed");
    assert_string("finality", "finalized");
    assert_string("message", "Order executed on Raydium");
}
END_TEST

START_TEST(a_confirmation_that_is_taken_back_has_no_price_any_more)
{
    ORDER_OF(DV_STATE_confirmed, DV_STATE_superseded);
    render_frame(6, DV_FRAME_STATUS_UPDATE);
    assert_string("type", "superseded");
    assert_string("status", "submitted");
    assert_string("finality", "superseded");
    assert_absent("price");
    assert_string("order/status", "submitted");
    assert_absent("order/executedPrice");
    assert_string("order/statusHistory/5/status", "submitted");
    assert_absent("order/statusHistory/4/metadata/price");
    dv_render_single(&out, &tokens, &view, 0);
    parse();
    assert_string("status", "submitted");
    assert_null("executions/0/execution_price");
}
END_TEST

START_TEST(what_lands_again_is_confirmed_once_it_is_final)
{
    ORDER_OF(DV_STATE_confirmed, DV_STATE_superseded, DV_STATE_finalized);
    render_frame(7, DV_FRAME_STATUS_UPDATE);
    assert_string("type", "status_update"); /* the status is a new one */
    assert_string("status", "confirmed");
    assert_string("finality", "finalized");
    assert_number("price", "150");
    assert_absent("order/statusHistory/4/metadata/price");
    assert_absent("order/statusHistory/5/metadata/price");
    dv_render_single(&out, &tokens, &view, 0);
    parse();
    assert_number("executions/0/execution_price", "150");
}
END_TEST

START_TEST(a_failure_after_a_superseded_confirmation_shows_no_trade)
{
    ORDER_OF(DV_STATE_confirmed, DV_STATE_superseded, DV_STATE_failed);
    attempt.error = DV_VENUE_TRANSACTION_EXPIRED;
    view.terms.style = DV_STYLE_SIDE_BUY;
    render_frame(7, DV_FRAME_STATUS_UPDATE);
    assert_string("status", "failed");
    assert_absent("finality");
    assert_absent("order/executedPrice");
    assert_absent("order/amountIn"); /* of a buy, known by its trade alone */
    dv_render_single(&out, &tokens, &view, 0);
    parse();
    assert_null("executions/0/execution_price");
}
END_TEST

START_TEST(a_superseded_order_is_in_doubt_as_a_submitted_one_is)
{
    ORDER_OF(DV_STATE_confirmed, DV_STATE_superseded);
    dv_render_single(&out, &tokens, &view, (int64_t)events[5].at_us + 1);
    parse();
    assert_string("outcome", "unknown");
    ORDER_OF(DV_STATE_confirmed);
    dv_render_single(&out, &tokens, &view, (int64_t)events[4].at_us + 1);
    parse();
    assert_absent("outcome");
}
END_TEST

START_TEST(watchers_of_all_orders_are_told_of_finality_by_type_too)
{
    ORDER_OF(DV_STATE_confirmed, DV_STATE_finalized);
    render_frame(5, DV_FRAME_ORDER_UPDATE);
    assert_string("type", "order_update");
    render_frame(6, DV_FRAME_ORDER_UPDATE);
    assert_string("type", "finalized");
}
END_TEST

START_TEST(a_greeting_names_the_state_that_clients_know)
{
    dv_id id;
    ck_assert(dv_id_parse(dv_text_of(ORDER_ID), &id));
    dv_render_established(&out, &id, DV_STATE_confirmed, T0);
    parse();
    assert_string("currentOrderStatus", "confirmed");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("render_finality");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_confirmation_says_that_it_is_not_final_and_then_that_it_is);
    tcase_add_test(tcase, what_is_final_at_once_is_confirmed_by_one_frame);
    tcase_add_test(tcase, a_confirmation_that_is_taken_back_has_no_price_any_more);
    tcase_add_test(tcase, what_lands_again_is_confirmed_once_it_is_final);
    tcase_add_test(tcase, a_failure_after_a_superseded_confirmation_shows_no_trade);
    tcase_add_test(tcase, a_superseded_order_is_in_doubt_as_a_submitted_one_is);
    tcase_add_test(tcase, watchers_of_all_orders_are_told_of_finality_by_type_too);
    tcase_add_test(tcase, a_greeting_names_the_state_that_clients_know);
    Suite *suite = suite_create("render_finality");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
