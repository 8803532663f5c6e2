#include "tests/support/gateway_stage.h"

#include <sys/socket.h>

#include "gateway/status.h"
#include "proto/arena.h"
#include "tests/support/suite.h"

/* ---- HTTP ------------------------------------------------------------------------------- */

START_TEST(an_accepted_order_is_answered_200_with_its_id)
{
    client c = dial();
    post(&c, ORDER);
    dv_message submit = accept_next(7);
    ck_assert_uint_eq(submit.submit_request.terms.amount, 1000000000);
    answer a = read_answer(&c);
    ck_assert_int_eq(a.status, 200);
    ck_assert_contains(a.body, id_text(7));
    hang_up(&c);
}
END_TEST

START_TEST(an_amount_sent_as_a_string_is_answered_201)
{
    client c = dial();
    post(&c, "{\"tokenIn\":\"SOL\",\"tokenOut\":\"USDC\",\"amountIn\":\"1\"}");
    accept_next(7);
    ck_assert_int_eq(read_answer(&c).status, 201);
    hang_up(&c);
}
END_TEST

START_TEST(a_replay_is_answered_200_and_says_so)
{
    client c = dial();
    post(&c,
         "{\"tokenIn\":\"SOL\",\"tokenOut\":\"USDC\",\"amountIn\":\"1\",\"clientOrderId\":\"k\"}");
    dv_message submit = expect(&ingest, DV_MSG_submit_request);
    dv_submit_reply accepted = {1, view_of(7, 3, 1)};
    tell(&ingest, &(dv_message){.type = DV_MSG_submit_reply,
                                .request_id = submit.request_id,
                                .submit_reply = accepted});
    answer a = read_answer(&c);
    ck_assert_int_eq(a.status, 200);
    ck_assert_contains(a.head, "Idempotency-Replayed: true");
    hang_up(&c);
}
END_TEST

START_TEST(a_refusal_by_the_engine_names_the_field_as_the_client_did)
{
    client c = dial();
    post(&c, "{\"symbol\":\"SOL\",\"side\":\"sell\",\"quantity\":1}");
    dv_message submit = expect(&ingest, DV_MSG_submit_request);
    tell(&ingest, &(dv_message){.type = DV_MSG_submit_refusal,
                                .request_id = submit.request_id,
                                .submit_refusal = {DV_ORDER_AMOUNT_INVALID, dv_text_of("amount"),
                                                   dv_text_of("it is too much")}});
    answer a = read_answer(&c);
    ck_assert_int_eq(a.status, 400);
    ck_assert_contains(a.body, "quantity");
    ck_assert_contains(a.body, "it is too much");
    ck_assert_contains(a.body, "ORDER_AMOUNT_INVALID");
    hang_up(&c);
}
END_TEST

START_TEST(an_invalid_order_does_not_reach_the_engine)
{
    client c = dial();
    post(&c, "{\"tokenIn\":\"SOL\"}");
    ck_assert_int_eq(read_answer(&c).status, 400);
    dv_message message;
    ck_assert(!hear(&ingest, 0, &message));
    hang_up(&c);
}
END_TEST

START_TEST(an_engine_that_does_not_answer_in_time_is_503_and_its_late_answer_is_nobodys)
{
    client c = dial();
    post(&c, ORDER);
    dv_message first = expect(&ingest, DV_MSG_submit_request);
    answer a = read_answer(&c);
    ck_assert_int_eq(a.status, 503);
    ck_assert_contains(a.body, "ENGINE_TIMEOUT");
    ck_assert_contains(a.body, "the order may have been accepted");
    ck_assert_contains(a.body, "same key finds it");
    ck_assert_contains(a.head, "Retry-After: ");
    post(&c, ORDER);
    dv_message second = expect(&ingest, DV_MSG_submit_request);
    dv_submit_reply late = {0, view_of(1, 1, 1)}, timely = {0, view_of(2, 1, 1)};
    tell(&ingest, &(dv_message){.type = DV_MSG_submit_reply,
                                .request_id = first.request_id,
                                .submit_reply = late});
    tell(&ingest, &(dv_message){.type = DV_MSG_submit_reply,
                                .request_id = second.request_id,
                                .submit_reply = timely});
    ck_assert_contains(read_answer(&c).body, id_text(2));
    hang_up(&c);
}
END_TEST

/* Posts an order that the engine, where it is asked, refuses for being full; whether it was. */
static bool refused_for_full(client *c)
{
    dv_message submit;
    post(c, ORDER);
    bool asked = hear(&ingest, 100, &submit);
    if (asked)
        tell(&ingest, &(dv_message){.type = DV_MSG_submit_refusal,
                                    .request_id = submit.request_id,
                                    .submit_refusal = {.error = DV_ENGINE_FULL}});
    answer a = read_answer(c);
    ck_assert_int_eq(a.status, 503);
    ck_assert_contains(a.body, "ENGINE_FULL");
    ck_assert_contains(a.head, "Retry-After: ");
    return asked;
}

START_TEST(an_engine_that_is_full_is_not_asked_again_at_once_but_soon)
{
    client c = dial();
    int spared = 0; /* a machine that is slow enough comes too late for it, now and then */
    for (int i = 0; i < 20; i++) spared += !refused_for_full(&c);
    ck_assert_int_gt(spared, 0);
    ck_assert_int_lt(spared, 20);
    for (int64_t end = now_ms() + DEADLINE_MS; !refused_for_full(&c);)
        ck_assert_int_lt(now_ms(), end);
    hang_up(&c);
}
END_TEST

START_TEST(an_order_that_is_not_answered_is_submitted_again_as_the_same_order)
{
    client c = dial();
    post(&c, ORDER);
    dv_message first = expect(&ingest, DV_MSG_submit_request);
    const dv_id *first_order = &first.submit_request.terms.order_id;
    ck_assert(!dv_id_is_nil(first_order));
    dv_message again = accept_next(1);
    ck_assert_uint_eq(again.request_id, first.request_id);
    ck_assert(dv_id_equal(&again.submit_request.terms.order_id, first_order));
    dv_submit_reply twice = {0, view_of(1, 1, 1)};
    tell(&ingest, &(dv_message){.type = DV_MSG_submit_reply,
                                .request_id = first.request_id,
                                .submit_reply = twice});
    ck_assert_int_eq(read_answer(&c).status, 200);
    post(&c, ORDER);
    dv_message other = accept_next(2);
    ck_assert(!dv_id_equal(&other.submit_request.terms.order_id, first_order));
    ck_assert_contains(read_answer(&c).body, id_text(2));
    hang_up(&c);
}
END_TEST

START_TEST(a_question_that_is_not_answered_is_asked_again_and_answers_are_not_mixed)
{
    client c = dial();
    say(&c, "GET /api/orders?limit=2 HTTP/1.1\r\nHost: x\r\n\r\n");
    uint64_t first = expect(&store, DV_MSG_orders_request).request_id;
    uint64_t again = expect(&store, DV_MSG_orders_request).request_id;
    ck_assert_uint_ne(first, again);
    const uint64_t parts[] = {again, first, first, again};
    for (int i = 0; i < 4; i++)
        tell(&store, &(dv_message){.type = DV_MSG_order_item,
                                   .request_id = parts[i],
                                   .order_item = {1, view_of(2, 1, 2)}});
    tell(&store, &(dv_message){
                     .type = DV_MSG_query_reply, .request_id = again, .query_reply = {.count = 2}});
    ck_assert_int_eq(read_answer(&c).status, 200);
    hang_up(&c);
}
END_TEST

START_TEST(requests_may_be_pipelined_on_one_connection)
{
    client c = dial();
    say(&c, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
            "HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(read_answer(&c).status, 200);
    ck_assert_int_eq(read_answer(&c).status, 404);
    while (strstr(c.bytes, "\r\n\r\n") == NULL) ck_assert(listen_more(&c));
    ck_assert_contains(c.bytes, "HTTP/1.1 200");
    ck_assert_ptr_null(strchr(c.bytes, '{'));
    hang_up(&c);
}
END_TEST

START_TEST(a_chunked_body_is_read_to_its_end_and_the_connection_lives_on)
{
    client c = dial();
    say(&c, "POST /api/orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            "10\r\n{\"tokenIn\":\"SOL\"\r\n23\r\n,\"tokenOut\":\"USDC\",\"amount\":\"2\"}   "
            "\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    dv_message submit = accept_next(7);
    ck_assert_uint_eq(submit.submit_request.terms.amount, 2000000000);
    ck_assert_int_eq(read_answer(&c).status, 201);
    ck_assert_int_eq(read_answer(&c).status, 200);
    hang_up(&c);
}
END_TEST

/* What cannot be right is refused with its own status, and none of it reaches the engine. */
static const struct {
    const char *request;
    int status;
    const char *says; /* in the head or the body */
} REFUSED[] = {
    {"POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413,
     "REQUEST_TOO_LARGE"},
    {"POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: "
     "2\r\n\r\n{}",
     415, "REQUEST_NOT_JSON"},
    {"POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{", 400,
     "REQUEST_MALFORMED"},
    {"POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
     400, "REQUEST_MALFORMED"},
    {"POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 2x\r\n\r\n{}", 400,
     "REQUEST_MALFORMED"},
    {"DELETE /api/orders HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow: GET, HEAD, POST, OPTIONS"},
    {"PUT /app.js HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405, "Allow: GET"},
    {"GET /api/orders/execute HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow: POST"},
    {"GET /gateway.c HTTP/1.1\r\nHost: x\r\n\r\n", 404, "REQUEST_NO_SUCH_PATH"},
    {"GET /../conf/tokens.conf HTTP/1.1\r\nHost: x\r\n\r\n", 404, "REQUEST_NO_SUCH_PATH"},
    {"GET /api/orders/no-such-id HTTP/1.1\r\nHost: x\r\n\r\n", 404, "Order not found"},
    {"GET /api/orders/%00 HTTP/1.1\r\nHost: x\r\n\r\n", 404, "Order not found"},
    {"nonsense\r\n\r\n", 400, "REQUEST_MALFORMED"},
};

START_TEST(what_cannot_be_right_is_refused_with_its_own_status)
{
    client c = dial();
    say(&c, "%s", REFUSED[_i].request);
    answer a = read_answer(&c);
    ck_assert_int_eq(a.status, REFUSED[_i].status);
    const char *where = strstr(a.head, REFUSED[_i].says) ? a.head : a.body;
    ck_assert_contains(where, REFUSED[_i].says);
    ck_assert_contains(a.head, "application/json");
    dv_message message;
    ck_assert(!hear(&ingest, 0, &message));
    hang_up(&c);
}
END_TEST

START_TEST(a_chunked_body_over_a_mebibyte_is_refused)
{
    client c = dial();
    say(&c, "POST /api/orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    char *piece = calloc(1, 65537);
    memset(piece, ' ', 65536);
    for (int i = 0; i < 20; i++) say(&c, "10000\r\n%s\r\n", piece);
    free(piece);
    answer a = read_answer(&c);
    ck_assert_int_eq(a.status, 413);
    hang_up(&c);
}
END_TEST

START_TEST(lists_are_bare_with_parameters_and_wrapped_without)
{
    client c = dial();
    static const struct {
        const char *path;
        char first;
        uint64_t limit, state;
    } LISTS[] = {{"/api/orders", '{', 100, 0},
                 {"/api/orders?limit=7&status=confirmed", '[', 7, DV_STATE_confirmed},
                 {"/api/orders?limit=-1&status=%FF", '[', 100, 0},
                 {"/api/orders?limit=5000", '[', 1000, 0},
                 {"/api/orders?page=2", '{', 100, 0}};
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++) {
        say(&c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", LISTS[i].path);
        dv_message list = expect(&store, DV_MSG_orders_request);
        ck_assert_uint_eq(list.orders_request.limit, LISTS[i].limit);
        ck_assert_uint_eq(list.orders_request.state, LISTS[i].state);
        uint64_t id = list.request_id;
        for (uint8_t k = 2; k > 0; k--)
            tell(&store, &(dv_message){.type = DV_MSG_order_item,
                                       .request_id = id,
                                       .order_item = {1, view_of(k, 1, k)}});
        tell(&store, &(dv_message){.type = DV_MSG_query_reply,
                                   .request_id = id,
                                   .query_reply = {.count = 2}});
        answer a = read_answer(&c);
        ck_assert_int_eq(a.status, 200);
        ck_assert_int_eq(a.body[0], LISTS[i].first);
        const char *newest = strstr(a.body, id_text(2)), *older = strstr(a.body, id_text(1));
        ck_assert(newest != NULL && older != NULL && newest < older);
    }
    hang_up(&c);
}
END_TEST

START_TEST(a_user_is_asked_for_by_the_decoded_name)
{
    client c = dial();
    say(&c, "GET /api/orders/user/a%%2Fb%%20%%C3%%A9 HTTP/1.1\r\nHost: x\r\n\r\n");
    dv_message list = expect(&store, DV_MSG_orders_request);
    ck_assert(dv_text_is(list.orders_request.user_id, "a/b \xC3\xA9"));
    tell(&store, &(dv_message){
                     .type = DV_MSG_query_reply, .request_id = list.request_id, .query_reply = {}});
    ck_assert_contains(read_answer(&c).body, "\"orders\":[]");
    hang_up(&c);
}
END_TEST

START_TEST(a_store_that_is_away_is_503)
{
    client c = dial();
    say(&c, "GET /api/orders/%s HTTP/1.1\r\nHost: x\r\n\r\n", id_text(1));
    dv_message asked = expect(&store, DV_MSG_order_request);
    tell(&store, &(dv_message){.type = DV_MSG_query_reply,
                               .request_id = asked.request_id,
                               .query_reply = {.error = DV_STORE_AWAY}});
    answer a = read_answer(&c);
    ck_assert_int_eq(a.status, 503);
    ck_assert_contains(a.body, "STORE_AWAY");
    hang_up(&c);
}
END_TEST

START_TEST(a_browser_gets_the_page_and_others_the_index)
{
    client c = dial();
    ck_assert_contains(get(&c, "/").body, "endpoints");
    say(&c, "GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html,*/*\r\n\r\n");
    answer a = read_answer(&c);
    ck_assert_contains(a.head, "Content-Type: text/html");
    ck_assert_contains(a.body, "<html");
    ck_assert_contains(get(&c, "/app.js").head, "text/javascript");
    ck_assert_contains(get(&c, "/style.css").head, "text/css");
    hang_up(&c);
}
END_TEST

/* ---- limits and the end ----------------------------------------------------------------- */

START_TEST(websockets_beyond_their_share_are_refused_and_http_goes_on)
{
    client sockets[8];
    for (int i = 0; i < 8; i++) sockets[i] = watch_open("/api/orders/execute");
    client c = dial();
    upgrade(&c, "/api/orders/execute");
    answer a = read_answer(&c);
    ck_assert_int_eq(a.status, 503);
    ck_assert_contains(a.head, "Retry-After: ");
    hang_up(&c);
    c = dial();
    ck_assert_int_eq(get(&c, "/livez").status, 200);
    /* A handshake is answered before the socket is counted. */
    for (int64_t end = now_ms() + DEADLINE_MS; now_ms() < end;)
        if (strstr(get(&c, "/api/orders/ws-stats").body, "\"totalConnections\":8")) break;
    ck_assert_contains(get(&c, "/api/orders/ws-stats").body, "\"totalConnections\":8");
    for (int i = 0; i < 8; i++) hang_up(&sockets[i]);
    hang_up(&c);
}
END_TEST

/* Asks /readyz until it says this status. */
static answer ready_wait(client *c, int status)
{
    answer a;
    for (int64_t end = now_ms() + DEADLINE_MS; now_ms() < end;)
        if ((a = get(c, "/readyz")).status == status) return a;
    ck_abort_msg("/readyz did not become %d: %s", status, a.body);
}

START_TEST(it_is_ready_when_every_role_beats_and_the_store_is_there)
{
    client c = dial();
    ck_assert_int_eq(get(&c, "/readyz").status, 503);
    static const char *const ROLES[] = {"ingest", "execution",    "persistence",
                                        "retry",  "notification", "router:raydium"};
    for (int i = 0; i < 6; i++) beat(ROLES[i], DV_OK, 1);
    ready_wait(&c, 200);
    beat("retry", DV_SCHEDULE_AWAY, 1);
    while (strstr(ready_wait(&c, 200).body, "SCHEDULE_AWAY") == NULL) continue;
    beat("persistence", DV_STORE_AWAY, 1);
    ck_assert_contains(ready_wait(&c, 503).body, "STORE_AWAY");
    ck_assert_int_eq(get(&c, "/livez").status, 200);
    hang_up(&c);
}
END_TEST

/* Asks for the cluster until it says this. */
static void cluster_wait(client *c, const char *part)
{
    answer a = {0};
    for (int64_t end = now_ms() + 2 * DEADLINE_MS; now_ms() < end;)
        if (strstr((a = get(c, "/api/cluster")).body, part) != NULL) return;
    ck_abort_msg("/api/cluster did not say %s: %s", part, a.body);
}

START_TEST(the_cluster_is_shown_with_every_instance_and_what_it_said_last)
{
    client c = dial();
    cluster_wait(&c, "{\"name\":\"gateway\",\"role\":\"gateway\",\"node\":\"\",\"state\":\"well\"");
    beat("execution@a", DV_OK, 1700000000000000);
    beat("execution@b", DV_STORE_AWAY, 1700000000000000);
    cluster_wait(&c, "{\"name\":\"execution@b\",\"role\":\"execution\",\"node\":\"b\",\"state\":"
                     "\"degraded\",\"code\":\"STORE_AWAY\"");
    cluster_wait(&c, "\"execution\":2");
    cluster_wait(&c, "\"ingest\":0");
    cluster_wait(&c, "\"started_at\":\"2023-11-14T22:13:20.000Z\"");
    cluster_wait(
        &c, "\"state\":\"silent\",\"code\":\"ENGINE_TIMEOUT\",\"text\":\"it has fallen silent\"");
    hang_up(&c);
}
END_TEST

/* Needed or not, a signer that runs is shown; while it signs nothing, no order is executed. */
START_TEST(a_signer_is_shown_and_makes_the_engine_unready_while_it_cannot_sign)
{
    client c = dial();
    beat("signer@k", DV_OK, 1700000000000000);
    cluster_wait(&c,
                 "{\"name\":\"signer@k\",\"role\":\"signer\",\"node\":\"k\",\"state\":\"well\"");
    beat("signer@k", DV_SIGNER_JOURNAL_AWAY, 1700000000000000);
    cluster_wait(&c, "\"state\":\"degraded\",\"code\":\"SIGNER_JOURNAL_AWAY\"");
    answer ready = get(&c, "/readyz");
    ck_assert_int_eq(ready.status, 503);
    ck_assert_contains(ready.body, "\"actor\":\"signer@k\"");
    ck_assert_contains(ready.body, "\"code\":\"SIGNER_JOURNAL_AWAY\"");
    hang_up(&c);
}
END_TEST

/* What `drover status` prints and what it exits with, in the arena. */
static const char *status(void)
{
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    FILE *file = tmpfile();
    dup2(fileno(file), STDOUT_FILENO);
    int code = dv_status_main(&config);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    char *text = dv_arena_alloc(arena, 16384);
    rewind(file);
    size_t size = fread(text, 1, 16000, file);
    fclose(file);
    snprintf(text + size, 16, "exit %d", code);
    return text;
}

START_TEST(status_prints_who_is_there_and_exits_by_whether_orders_are_taken)
{
    client c = dial();
    ck_assert_contains(status(), "not ready");
    ck_assert_contains(status(), "exit 1");
    static const char *const ROLES[] = {"ingest@a", "execution@a",        "persistence@a",
                                        "retry@a",  "notification@a\033", "router:raydium@a"};
    for (int i = 0; i < 6; i++) beat(ROLES[i], DV_OK, 1);
    ready_wait(&c, 200);
    const char *text = status();
    ck_assert_contains(text, "exit 0");
    ck_assert_contains(text, "router:raydium@a         a            well");
    ck_assert_contains(text, "notification@a?"); /* and no escape sequence */
    config.port = free_port();
    ck_assert_str_eq(status(), "exit 2");
    hang_up(&c);
}
END_TEST

START_TEST(a_drain_refuses_orders_and_closes_websockets_with_1001)
{
    client c = dial(), w = watch_open("/api/orders/ws");
    ck_assert_int_eq(get(&c, "/livez").status, 200);
    zstr_send(thread, "DRAIN");
    ck_assert_contains(read_frame(&w), "close 1001");
    ck_assert_str_eq(read_frame(&w), "end");
    char *said = zstr_recv(thread);
    ck_assert_str_eq(said, "DRAINED");
    zstr_free(&said);
    post(&c, ORDER);
    answer a = read_answer(&c);
    ck_assert_int_eq(a.status, 503);
    ck_assert_contains(a.body, "ENGINE_DRAINING");
    ck_assert_contains(a.head, "Retry-After: ");
    ck_assert_int_eq(get(&c, "/readyz").status, 503);
    hang_up(&c);
    hang_up(&w);
}
END_TEST

/* ---- other configurations --------------------------------------------------------------- */

static void setup_short_answers(void)
{
    stage_set();
    config.answer_timeout_ms = 200;
    char *said = raise_curtain();
    zstr_free(&said);
}

static void setup_limited(void)
{
    stage_set();
    config.rate_limit_per_second = 1;
    config.rate_limit_burst = 2;
    config.broadcast = false;
    config.bind_upgrade = false;
    char *said = raise_curtain();
    zstr_free(&said);
}

START_TEST(orders_over_the_rate_are_refused_with_429)
{
    client c = dial();
    for (uint8_t i = 1; i <= 2; i++) {
        post(&c, ORDER);
        accept_next(i);
        answer a = read_answer(&c);
        ck_assert_int_eq(a.status, 200);
        ck_assert_contains(a.head, "RateLimit-Limit: 2");
    }
    post(&c, ORDER);
    answer a = read_answer(&c);
    ck_assert_int_eq(a.status, 429);
    ck_assert_contains(a.head, "Retry-After: 1");
    ck_assert_contains(a.head, "RateLimit-Remaining: 0");
    dv_message message;
    ck_assert(!hear(&ingest, 0, &message));
    hang_up(&c);
}
END_TEST

START_TEST(operators_can_turn_broadcast_and_bound_upgrades_off)
{
    client c = dial();
    upgrade(&c, "/api/orders/ws");
    ck_assert_int_eq(read_answer(&c).status, 404);
    hang_up(&c);
    c = dial();
    post(&c, ORDER);
    accept_next(1);
    ck_assert_int_eq(read_answer(&c).status, 200);
    upgrade(&c, "/api/orders/execute");
    ck_assert_int_eq(read_answer(&c).status, 101);
    write_frame(&c, "{\"type\":\"ping\"}");
    ck_assert_contains(read_frame(&c), "pong");
    dv_message message;
    ck_assert(!hear(&feed, 0, &message));
    hang_up(&c);
}
END_TEST

START_TEST(a_port_that_is_taken_fails_the_start_and_names_it)
{
    stage_set();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)config.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    char *said = raise_curtain(), *error = zstr_recv(thread), *why = zstr_recv(thread);
    ck_assert_str_eq(said, "FAILED");
    ck_assert_str_eq(error, "START_FAILED");
    char port[16];
    snprintf(port, sizeof port, "%u", config.port);
    ck_assert_contains(why, port);
    zstr_free(&said);
    zstr_free(&error);
    zstr_free(&why);
    close(fd);
    teardown();
}
END_TEST

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
    Suite *suite = suite_create("gateway");
    TCase *t = tcase(suite, "http", setup);
    tcase_add_test(t, an_accepted_order_is_answered_200_with_its_id);
    tcase_add_test(t, an_amount_sent_as_a_string_is_answered_201);
    tcase_add_test(t, a_replay_is_answered_200_and_says_so);
    tcase_add_test(t, a_refusal_by_the_engine_names_the_field_as_the_client_did);
    tcase_add_test(t, an_invalid_order_does_not_reach_the_engine);
    tcase_add_test(t, an_order_that_is_not_answered_is_submitted_again_as_the_same_order);
    tcase_add_test(t, a_question_that_is_not_answered_is_asked_again_and_answers_are_not_mixed);
    tcase_add_test(t, requests_may_be_pipelined_on_one_connection);
    tcase_add_test(t, a_chunked_body_is_read_to_its_end_and_the_connection_lives_on);
    tcase_add_loop_test(t, what_cannot_be_right_is_refused_with_its_own_status, 0,
                        sizeof REFUSED / sizeof REFUSED[0]);
    tcase_add_test(t, a_chunked_body_over_a_mebibyte_is_refused);
    tcase_add_test(t, lists_are_bare_with_parameters_and_wrapped_without);
    tcase_add_test(t, a_user_is_asked_for_by_the_decoded_name);
    tcase_add_test(t, a_store_that_is_away_is_503);
    tcase_add_test(t, a_browser_gets_the_page_and_others_the_index);
    t = tcase(suite, "limits", setup);
    tcase_add_test(t, websockets_beyond_their_share_are_refused_and_http_goes_on);
    tcase_add_test(t, it_is_ready_when_every_role_beats_and_the_store_is_there);
    tcase_add_test(t, the_cluster_is_shown_with_every_instance_and_what_it_said_last);
    tcase_add_test(t, a_signer_is_shown_and_makes_the_engine_unready_while_it_cannot_sign);
    tcase_add_test(t, status_prints_who_is_there_and_exits_by_whether_orders_are_taken);
    tcase_add_test(t, a_drain_refuses_orders_and_closes_websockets_with_1001);
    t = tcase(suite, "short answers", setup_short_answers);
    tcase_add_test(t, an_engine_that_does_not_answer_in_time_is_503_and_its_late_answer_is_nobodys);
    tcase_add_test(t, an_engine_that_is_full_is_not_asked_again_at_once_but_soon);
    t = tcase(suite, "limited", setup_limited);
    tcase_add_test(t, orders_over_the_rate_are_refused_with_429);
    tcase_add_test(t, operators_can_turn_broadcast_and_bound_upgrades_off);
    t = tcase(suite, "start", NULL);
    tcase_add_test(t, a_port_that_is_taken_fails_the_start_and_names_it);
    return suite_run(suite);
}
