/* What clients read of the service itself: errors, greetings, readiness and the cluster. */
#include "tests/support/render_scene.h"
#include "tests/support/suite.h"

/* ---- errors and greetings ----------------------------------------------------------------------
 */

START_TEST(an_error_of_a_body_lists_its_faults)
{
    dv_faults faults = {.error = DV_ORDER_AMOUNT_INVALID,
                        .count = 2,
                        .list = {{dv_text_of("amount"), dv_text_of("must be more than 0")},
                                 {dv_text_of("userId"), dv_text_of("is empty")}}};
    dv_render_error(&out, DV_ORDER_AMOUNT_INVALID, (dv_text){0}, &faults,
                    dv_text_of("/api/orders/execute"));
    parse();
    ck_assert(YAJL_IS_FALSE(member("success")));
    assert_string("error", "Validation error");
    assert_string("message", "amount must be more than 0; userId is empty");
    assert_length("details", 2);
    assert_length("details/0/path", 1);
    assert_string("details/0/path/0", "amount");
    assert_string("details/0/message", "must be more than 0");
    assert_string("details/1/path/0", "userId");
    assert_string("code", "ORDER_AMOUNT_INVALID");
    assert_string("type", "urn:drover:error:ORDER_AMOUNT_INVALID");
    assert_string("title", "the amount is not usable");
    assert_number("status", "400");
    assert_string("detail", "amount must be more than 0; userId is empty");
    assert_string("instance", "/api/orders/execute");
}
END_TEST

START_TEST(a_missing_order_is_told_in_the_words_that_clients_compare)
{
    dv_render_error(&out, DV_ORDER_NOT_FOUND, (dv_text){0}, NULL, (dv_text){0});
    parse();
    assert_string("error", "Order not found");
    assert_number("status", "404");
    assert_length("details", 0);
    assert_absent("instance");
}
END_TEST

START_TEST(other_errors_are_told_by_the_catalogue)
{
    dv_render_error(&out, DV_ENGINE_FULL, dv_text_of("4 of 4"), NULL, (dv_text){0});
    parse();
    assert_string("error", "the engine has as many orders in flight as it may have");
    assert_string("message", "4 of 4");
    assert_number("status", "503");
    assert_string("code", "ENGINE_FULL");
}
END_TEST

START_TEST(hostile_text_cannot_break_the_json)
{
    dv_render_error(&out, DV_REQUEST_NO_SUCH_PATH, dv_text_of("\"}\\\n\x01"), NULL,
                    dv_text_of("/\xff\xc3 \"x"));
    parse();
    assert_string("message", "\"}\\\n\x01");
    assert_string("instance", "/?? \"x");
}
END_TEST

START_TEST(greetings_are_as_each_path_wants_them)
{
    dv_terms terms = terms_sol_usdc();
    dv_render_connected(&out, &terms.order_id, 7, T0);
    parse();
    assert_string("type", "connected");
    assert_string("orderId", ORDER_ID);
    assert_string("clientId", "7");
    assert_string("timestamp", "2025-11-21T10:00:00.000Z");
    assert_absent("status");
    dv_render_established(&out, &terms.order_id, DV_STATE_building, T0);
    parse();
    assert_string("type", "connection_established");
    assert_string("status", "connected");
    assert_string("currentOrderStatus", "building");
    dv_render_established_all(&out, 9, T0);
    parse();
    assert_string("connectionId", "9");
    assert_absent("orderId");
    dv_render_pong(&out, T0);
    parse();
    assert_string("type", "pong");
}
END_TEST

START_TEST(the_service_tells_of_itself)
{
    dv_watchers watched = {terms_sol_usdc().order_id, 2};
    dv_service_health health = {
        .wall_us = T0, .uptime_ms = 61500, .queue = {1, 2, 30, 4}, .sockets = {5, &watched, 1}};
    dv_render_health(&out, &health);
    parse();
    assert_string("status", "healthy");
    assert_number("uptime", "61.5");
    assert_string("services/database", "connected");
    assert_number("queue/total", "37");
    assert_number("websocket/totalConnections", "5");
    assert_number("websocket/orderConnections/" ORDER_ID, "2");
    health.redis = DV_SCHEDULE_AWAY;
    dv_render_health(&out, &health);
    parse();
    assert_string("status", "degraded");
    assert_string("services/redis", "disconnected");
    dv_render_stats(&out, &health.queue);
    parse();
    assert_number("stats/completed", "30");
    dv_render_ws_stats(&out, &health.sockets);
    parse();
    assert_number("stats/orderConnections/" ORDER_ID, "2");
    dv_render_index(&out, "1.2.3");
    parse();
    assert_string("version", "1.2.3");
    ck_assert(YAJL_IS_OBJECT(member("endpoints")));
}
END_TEST

static dv_readiness readiness(void)
{
    return (dv_readiness){
        .gateway = {.name = "gateway@a",
                    .heard = true,
                    .pid = 9,
                    .started_at_us = 1700000000000000},
        .others = {{.name = "persistence@a",
                    .text = "no orders",
                    .heard = true,
                    .degraded = DV_STORE_AWAY,
                    .pid = 10},
                   {.name = "execution@b", .heard = true, .pid = 11, .orders = 7, .overdue = 2},
                   {.name = "execution@c",
                    .heard = true,
                    .silent = true,
                    .degraded = DV_ENGINE_TIMEOUT,
                    .silent_ms = 4000},
                   {.name = "retry", .silent = true, .degraded = DV_ENGINE_TIMEOUT}},
        .count = 4};
}

START_TEST(readiness_names_what_is_away)
{
    dv_readiness r = readiness();
    dv_render_ready(&out, &r);
    parse();
    ck_assert(YAJL_IS_FALSE(member("ready")));
    assert_string("actors/0/actor", "persistence@a");
    assert_string("actors/0/code", "STORE_AWAY");
    assert_string("actors/0/message", "no orders");
    assert_string("actors/1/status", "well");
    assert_absent("actors/1/code");
    dv_render_live(&out);
    parse();
    assert_string("status", "alive");
}
END_TEST

START_TEST(the_cluster_shows_who_is_there_and_who_is_silent)
{
    dv_readiness r = readiness();
    dv_render_cluster(&out, &r);
    parse();
    ck_assert(YAJL_IS_FALSE(member("ready")));
    assert_number("roles/gateway", "1");
    assert_number("roles/execution", "1");
    assert_number("roles/retry", "0");
    assert_string("instances/0/name", "gateway@a");
    assert_string("instances/0/node", "a");
    assert_string("instances/0/started_at", "2023-11-14T22:13:20.000Z");
    assert_string("instances/1/state", "degraded");
    assert_string("instances/1/text", "no orders");
    assert_string("instances/2/role", "execution");
    assert_string("instances/2/state", "well");
    assert_number("instances/2/orders", "7");
    assert_number("instances/2/overdue", "2");
    assert_string("instances/3/state", "silent");
    assert_number("instances/3/silent_ms", "4000");
    assert_string("instances/4/name", "retry");
    assert_absent("instances/4/pid");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("render");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, an_error_of_a_body_lists_its_faults);
    tcase_add_test(tcase, a_missing_order_is_told_in_the_words_that_clients_compare);
    tcase_add_test(tcase, other_errors_are_told_by_the_catalogue);
    tcase_add_test(tcase, hostile_text_cannot_break_the_json);
    tcase_add_test(tcase, greetings_are_as_each_path_wants_them);
    tcase_add_test(tcase, the_service_tells_of_itself);
    tcase_add_test(tcase, readiness_names_what_is_away);
    tcase_add_test(tcase, the_cluster_shows_who_is_there_and_who_is_silent);
    Suite *suite = suite_create("render service");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
