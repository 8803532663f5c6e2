/* The gateway's WebSockets: what each client is sent, in what order, and that it is sent once. */
#include "proto/arena.h"
#include "tests/support/gateway_stage.h"
#include "tests/support/suite.h"

#include <sys/socket.h>

/* ---- WebSockets of one order ------------------------------------------------------------ */

START_TEST(a_late_subscriber_gets_the_latest_state_first_and_then_the_rest)
{
    char path[100];
    snprintf(path, sizeof path, "/ws/orders?orderId=%s", id_text(1));
    dv_view now = view_of(1, 3, 10), later = view_of(1, 5, 10);
    client c = follow_open(path, &now);
    update(&now, false);
    ck_assert_says(read_frame(&c), "seq", 3);
    update(&later, true); /* the update with seq 4 is lost */
    ck_assert_says(read_frame(&c), "seq", 4);
    const char *last = read_frame(&c);
    ck_assert_says(last, "seq", 5);
    ck_assert_contains(last, "\"status\":\"confirmed\"");
    expect(&feed, DV_MSG_unwatch_order);
    hang_up(&c);
}
END_TEST

START_TEST(since_replays_what_follows_it)
{
    char path[100];
    snprintf(path, sizeof path, "/api/orders/%s/ws?since=1", id_text(1));
    dv_view view = view_of(1, 3, 10);
    client c = follow_open(path, &view);
    update(&view, false);
    ck_assert_contains(read_frame(&c), "\"type\":\"connected\"");
    ck_assert_says(read_frame(&c), "seq", 2);
    ck_assert_says(read_frame(&c), "seq", 3);
    hang_up(&c);
}
END_TEST

START_TEST(an_update_that_comes_twice_or_late_is_shown_once)
{
    char path[100];
    snprintf(path, sizeof path, "/api/orders/stream?orderId=%s", id_text(1));
    dv_view two = view_of(1, 2, 10), three = view_of(1, 3, 10), four = view_of(1, 4, 10);
    client c = follow_open(path, &two);
    ck_assert_contains(read_frame(&c), "\"currentOrderStatus\":\"routing\"");
    update(&two, false);
    update(&three, true);
    update(&three, true);
    update(&two, true);
    update(&four, true);
    for (uint64_t seq = 2; seq <= 4; seq++) ck_assert_says(read_frame(&c), "seq", seq);
    hang_up(&c);
}
END_TEST

START_TEST(several_watchers_of_one_order_see_the_same_frames)
{
    char path[100];
    snprintf(path, sizeof path, "/ws/orders?orderId=%s&since=0", id_text(1));
    dv_view view = view_of(1, 5, 10);
    client a = follow_open(path, &view), b = follow_open(path, &view);
    update(&view, true);
    for (uint64_t seq = 1; seq <= 5; seq++) {
        const char *frame = read_frame(&a);
        ck_assert_says(frame, "seq", seq);
        ck_assert_str_eq(frame, read_frame(&b));
    }
    hang_up(&a);
    hang_up(&b);
}
END_TEST

START_TEST(an_order_is_unwatched_when_its_last_watcher_is_gone)
{
    char path[100];
    snprintf(path, sizeof path, "/ws/orders?orderId=%s", id_text(1));
    dv_view view = view_of(1, 2, 10);
    client c = follow_open(path, &view);
    hang_up(&c);
    dv_message gone = expect(&feed, DV_MSG_unwatch_order);
    dv_id id = id_of(1);
    ck_assert(dv_id_equal(&gone.unwatch_order.order_id, &id));
}
END_TEST

START_TEST(a_handshake_without_a_known_order_is_refused)
{
    client c = dial();
    upgrade(&c, "/ws/orders");
    ck_assert_int_eq(read_answer(&c).status, 400);
    hang_up(&c);
    c = dial();
    upgrade(&c, "/ws/orders?orderId=nonsense");
    ck_assert_int_eq(read_answer(&c).status, 404);
    hang_up(&c);
    char path[100];
    snprintf(path, sizeof path, "/ws/orders?orderId=%s", id_text(9));
    c = dial();
    upgrade(&c, path);
    found_next(NULL);
    answer a = read_answer(&c);
    ck_assert_int_eq(a.status, 404);
    ck_assert_contains(a.body, "Order not found");
    hang_up(&c);
    c = dial();
    upgrade(&c, "/ws/nowhere");
    ck_assert_int_eq(read_answer(&c).status, 404);
    hang_up(&c);
}
END_TEST

START_TEST(a_watch_that_is_refused_is_told_or_tried_again)
{
    char path[100];
    snprintf(path, sizeof path, "/ws/orders?orderId=%s", id_text(1));
    dv_view view = view_of(1, 2, 10);
    client c = follow_open(path, &view);
    dv_watch_refusal refused = {id_of(1), DV_STORE_AWAY};
    tell(&feed, &(dv_message){.type = DV_MSG_watch_refusal, .watch_refusal = refused});
    expect(&feed, DV_MSG_watch_order); /* again, by itself */
    refused.error = DV_ORDER_NOT_FOUND;
    tell(&feed, &(dv_message){.type = DV_MSG_watch_refusal, .watch_refusal = refused});
    ck_assert_contains(read_frame(&c), "Order not found");
    ck_assert_contains(read_frame(&c), "close 4404");
    hang_up(&c);
}
END_TEST

/* ---- orders and their WebSocket on one connection --------------------------------------- */

START_TEST(an_upgrade_right_after_a_post_follows_that_order)
{
    client c = dial();
    post(&c, ORDER);
    accept_next(3);
    ck_assert_int_eq(read_answer(&c).status, 200);
    upgrade(&c, "/api/orders/execute");
    ck_assert_int_eq(read_answer(&c).status, 101);
    dv_message watch = expect(&feed, DV_MSG_watch_order);
    dv_id id = id_of(3);
    ck_assert(dv_id_equal(&watch.watch_order.order_id, &id));
    dv_view view = view_of(3, 2, 1);
    update(&view, false);
    ck_assert_says(read_frame(&c), "seq", 2);
    hang_up(&c);
}
END_TEST

START_TEST(an_upgrade_after_another_request_follows_nothing)
{
    client c = dial();
    post(&c, ORDER);
    accept_next(3);
    ck_assert_int_eq(read_answer(&c).status, 200);
    ck_assert_int_eq(get(&c, "/livez").status, 200);
    upgrade(&c, "/api/orders/execute");
    ck_assert_int_eq(read_answer(&c).status, 101);
    write_frame(&c, "{\"type\":\"ping\"}");
    ck_assert_contains(read_frame(&c), "\"type\":\"pong\"");
    dv_message message;
    ck_assert(!hear(&feed, 0, &message));
    hang_up(&c);
}
END_TEST

START_TEST(orders_in_band_are_followed_from_pending_on_and_bad_ones_leave_the_socket_usable)
{
    client c = watch_open("/api/orders/execute");
    write_frame(&c, "this is not JSON");
    ck_assert_contains(read_frame(&c), "\"error\"");
    for (uint8_t number = 1; number <= 2; number++) {
        write_frame(&c, ORDER);
        accept_next(number);
        expect(&feed, DV_MSG_watch_order);
        dv_view view = view_of(number, 2, number);
        update(&view, false);
        const char *frame = read_frame(&c);
        ck_assert_contains(frame, "\"status\":\"pending\"");
        ck_assert_contains(frame, id_text(number));
        ck_assert_says(read_frame(&c), "seq", 2);
    }
    hang_up(&c);
}
END_TEST

START_TEST(a_feed_that_was_started_anew_is_told_the_watches_again)
{
    char path[100];
    snprintf(path, sizeof path, "/ws/orders?orderId=%s", id_text(1));
    dv_view view = view_of(1, 2, 10);
    client c = follow_open(path, &view), all = watch_open("/api/orders/ws");
    expect(&feed, DV_MSG_watch_orders);
    update(&view, false);
    tell(&feed, &(dv_message){.type = DV_MSG_head_event, .head_event = {11}});
    ck_assert_says(read_frame(&c), "seq", 2);
    for (uint64_t start = 1; start <= 2; start++) { /* the first beat may precede the connection */
        beat("notification@a", DV_OK, start);
        beat("notification@a", DV_OK, start);
        expect(&feed, DV_MSG_watch_order);
        expect(&feed, DV_MSG_watch_orders);
    }
    hang_up(&c);
    hang_up(&all);
}
END_TEST

START_TEST(an_update_of_an_order_that_nobody_follows_is_declined)
{
    char path[100];
    snprintf(path, sizeof path, "/ws/orders?orderId=%s", id_text(1));
    dv_view view = view_of(1, 2, 10), other = view_of(2, 2, 20);
    client c = follow_open(path, &view);
    update(&other, true);
    ck_assert_uint_eq(expect(&feed, DV_MSG_watch_orders).watch_orders.on, 0);
    dv_id id = id_of(2), declined = expect(&feed, DV_MSG_unwatch_order).unwatch_order.order_id;
    ck_assert(dv_id_equal(&declined, &id));
    hang_up(&c);
}
END_TEST

/* ---- WebSockets of all orders ----------------------------------------------------------- */

static void head_tell(uint64_t position)
{
    expect(&feed, DV_MSG_watch_orders);
    tell(&feed, &(dv_message){.type = DV_MSG_head_event, .head_event = {position}});
}

/* The store answers the next page with one event of order 1 for each position asked, up to head. */
static void page_tell(uint64_t after, uint64_t head)
{
    dv_message ask = expect(&store, DV_MSG_events_request);
    ck_assert_uint_eq(ask.events_request.after_position, after);
    uint64_t id = ask.request_id;
    for (uint64_t position = after + 1; position <= head; position++)
        tell(&store, &(dv_message){.type = DV_MSG_order_item,
                                   .request_id = id,
                                   .order_item = {1, view_of(1, 1, position)}});
    tell(&store,
         &(dv_message){.type = DV_MSG_query_reply,
                       .request_id = id,
                       .query_reply = {.count = (uint32_t)(head - after), .head_position = head}});
}

static void event_tell(uint64_t position)
{
    dv_view view = view_of((uint8_t)position, 1, position);
    update(&view, true);
}

START_TEST(a_socket_of_all_orders_shows_what_is_committed_from_then_on)
{
    client c = watch_open("/api/orders/test-ws");
    ck_assert_contains(read_frame(&c), "\"type\":\"connection_established\"");
    head_tell(41);
    event_tell(42);
    event_tell(42);
    event_tell(43);
    const char *frame = read_frame(&c);
    ck_assert_says(frame, "position", 42);
    ck_assert_contains(frame, "\"type\":\"order_update\"");
    ck_assert_says(read_frame(&c), "position", 43);
    hang_up(&c);
    ck_assert_uint_eq(expect(&feed, DV_MSG_watch_orders).watch_orders.on, 0);
}
END_TEST

START_TEST(a_gap_in_the_feed_is_filled_from_the_store)
{
    client c = watch_open("/api/orders/ws");
    head_tell(41);
    event_tell(42);
    event_tell(45);
    page_tell(42, 45);
    event_tell(46);
    for (uint64_t position = 42; position <= 46; position++)
        ck_assert_says(read_frame(&c), "position", position);
    hang_up(&c);
}
END_TEST

START_TEST(two_feeds_one_behind_the_other_show_each_event_once)
{
    client c = watch_open("/api/orders/ws");
    head_tell(41);
    static const uint64_t TOLD[] = {42, 43, 42, 43, 44, 44, 45};
    for (int i = 0; i < 7; i++) event_tell(TOLD[i]);
    tell(&feed,
         &(dv_message){.type = DV_MSG_head_event, .head_event = {43}}); /* of the slower one */
    event_tell(46);
    for (uint64_t position = 42; position <= 46; position++)
        ck_assert_says(read_frame(&c), "position", position);
    dv_message message;
    ck_assert(!hear(&store, 0, &message));
    hang_up(&c);
}
END_TEST

START_TEST(a_tail_that_was_lost_on_the_way_is_read_when_the_head_is_told)
{
    client c = watch_open("/api/orders/ws");
    head_tell(41);
    tell(&feed, &(dv_message){.type = DV_MSG_head_event, .head_event = {43}});
    page_tell(41, 43);
    for (uint64_t position = 42; position <= 43; position++)
        ck_assert_says(read_frame(&c), "position", position);
    hang_up(&c);
}
END_TEST

START_TEST(since_on_all_orders_replays_from_that_position_and_then_goes_live)
{
    client c = watch_open("/api/orders/ws?since=30");
    head_tell(35);
    page_tell(30, 34);
    event_tell(36); /* while it still catches up */
    page_tell(34, 36);
    event_tell(37);
    for (uint64_t position = 31; position <= 37; position++)
        ck_assert_says(read_frame(&c), "position", position);
    hang_up(&c);
}
END_TEST

START_TEST(a_page_with_a_lost_message_is_asked_again)
{
    client c = watch_open("/api/orders/ws?since=1");
    head_tell(4);
    dv_message ask = expect(&store, DV_MSG_events_request);
    uint64_t id = ask.request_id;
    for (uint64_t position = 2; position <= 4; position += 2)
        tell(&store, &(dv_message){.type = DV_MSG_order_item,
                                   .request_id = id,
                                   .order_item = {1, view_of(1, 1, position)}});
    tell(&store, &(dv_message){.type = DV_MSG_query_reply,
                               .request_id = id,
                               .query_reply = {.count = 3, .head_position = 4}});
    page_tell(2, 4);
    for (uint64_t position = 2; position <= 4; position++)
        ck_assert_says(read_frame(&c), "position", position);
    hang_up(&c);
}
END_TEST

/* The store answers the next page with events at these positions, and says how many it sent. */
static void page_tell_only(const uint64_t *positions, uint32_t sent, uint32_t said)
{
    dv_message ask = expect(&store, DV_MSG_events_request);
    uint64_t id = ask.request_id;
    for (uint32_t i = 0; i < sent; i++)
        tell(&store, &(dv_message){.type = DV_MSG_order_item,
                                   .request_id = id,
                                   .order_item = {1, view_of(1, 1, positions[i])}});
    tell(&store, &(dv_message){.type = DV_MSG_query_reply,
                               .request_id = id,
                               .query_reply = {.count = said, .head_position = 4}});
}

START_TEST(no_event_is_passed_over_because_another_came_twice)
{
    client c = watch_open("/api/orders/ws?since=1");
    head_tell(4);
    page_tell_only((const uint64_t[]){2, 4, 4}, 3, 3); /* 3 was lost, and 4 doubled */
    page_tell_only((const uint64_t[]){4}, 1, 2);       /* 3 was lost again */
    page_tell(2, 4);
    for (uint64_t position = 2; position <= 4; position++)
        ck_assert_says(read_frame(&c), "position", position);
    hang_up(&c);
}
END_TEST

START_TEST(what_the_store_does_not_have_is_passed_over_when_it_was_shown_twice)
{
    client c = watch_open("/api/orders/ws?since=1");
    head_tell(4);
    page_tell_only((const uint64_t[]){2, 4}, 2, 2);
    page_tell_only((const uint64_t[]){4}, 1, 1);
    ck_assert_says(read_frame(&c), "position", 2);
    ck_assert_says(read_frame(&c), "position", 4);
    hang_up(&c);
}
END_TEST

/* Has `count` events told, and reads them from a client as they come. */
static void stream(client *c, uint64_t from, uint64_t count)
{
    for (uint64_t position = from; position < from + count; position++) {
        event_tell(position);
        ck_assert_says(read_frame(c), "position", position);
        if (position % 512 == 0) dv_arena_reset(arena);
    }
}

START_TEST(a_client_that_does_not_read_delays_nobody_and_is_closed_with_4408)
{
    client slow = dial();
    int small = 256 * 1024;
    setsockopt(slow.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    upgrade(&slow, "/api/orders/ws");
    ck_assert_int_eq(read_answer(&slow).status, 101);
    head_tell(0);
    client fast = watch_open("/api/orders/ws?since=0");
    page_tell(0, 0);
    int64_t begun_ms = now_ms();
    stream(&fast, 1, 8000);
    ck_assert_int_lt(now_ms() - begun_ms, 15000);
    uint64_t seen = 0;
    const char *frame;
    while (strncmp(frame = read_frame(&slow), "close", 5) != 0 && strcmp(frame, "end") != 0) {
        ck_assert_says(frame, "position", ++seen); /* nothing is skipped up to the close */
        dv_arena_reset(arena);
    }
    char expected[64];
    snprintf(expected, sizeof expected, "close 4408 resume from %llu", (unsigned long long)seen);
    ck_assert_str_eq(frame, expected);
    ck_assert_uint_lt(seen, 8000);
    hang_up(&slow);
    hang_up(&fast);
}
END_TEST

static void setup_small_queues(void)
{
    stage_set();
    config.websocket_queue_max = 200;
    char *said = raise_curtain();
    zstr_free(&said);
}

static TCase *tcase(Suite *suite, const char *name, void (*before)(void))
{
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 40);
    if (before != NULL) tcase_add_checked_fixture(t, before, teardown);
    suite_add_tcase(suite, t);
    return t;
}

int main(void)
{
    Suite *suite = suite_create("gateway sockets");
    TCase *t = tcase(suite, "one order", setup);
    tcase_add_test(t, a_late_subscriber_gets_the_latest_state_first_and_then_the_rest);
    tcase_add_test(t, since_replays_what_follows_it);
    tcase_add_test(t, an_update_that_comes_twice_or_late_is_shown_once);
    tcase_add_test(t, several_watchers_of_one_order_see_the_same_frames);
    tcase_add_test(t, an_order_is_unwatched_when_its_last_watcher_is_gone);
    tcase_add_test(t, a_handshake_without_a_known_order_is_refused);
    tcase_add_test(t, a_watch_that_is_refused_is_told_or_tried_again);
    tcase_add_test(t, an_upgrade_right_after_a_post_follows_that_order);
    tcase_add_test(t, an_upgrade_after_another_request_follows_nothing);
    tcase_add_test(
        t, orders_in_band_are_followed_from_pending_on_and_bad_ones_leave_the_socket_usable);
    tcase_add_test(t, a_feed_that_was_started_anew_is_told_the_watches_again);
    tcase_add_test(t, an_update_of_an_order_that_nobody_follows_is_declined);
    t = tcase(suite, "all orders", setup);
    tcase_add_test(t, two_feeds_one_behind_the_other_show_each_event_once);
    tcase_add_test(t, a_tail_that_was_lost_on_the_way_is_read_when_the_head_is_told);
    tcase_add_test(t, a_socket_of_all_orders_shows_what_is_committed_from_then_on);
    tcase_add_test(t, a_gap_in_the_feed_is_filled_from_the_store);
    tcase_add_test(t, since_on_all_orders_replays_from_that_position_and_then_goes_live);
    tcase_add_test(t, a_page_with_a_lost_message_is_asked_again);
    tcase_add_test(t, no_event_is_passed_over_because_another_came_twice);
    tcase_add_test(t, what_the_store_does_not_have_is_passed_over_when_it_was_shown_twice);
    t = tcase(suite, "small queues", setup_small_queues);
    tcase_add_test(t, a_client_that_does_not_read_delays_nobody_and_is_closed_with_4408);
    return suite_run(suite);
}
