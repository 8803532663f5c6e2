/* Retry with a real Redis: the test is execution and persistence to it, and starts, stops and kills
   the Redis server. */
#include <arpa/inet.h>
#include <check.h>
#include <czmq.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <zmq.h>

#include "actors/retry/retry.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/frames.h"
#include "tests/support/suite.h"

#define DEADLINE_MS 10000

/* ---- a Redis of our own -------------------------------------------------------------------- */

static pid_t redis_pid;
static char redis_port[8];
static const char *redis_password = "";

static bool port_is_free(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_free = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_free;
}

static void port_pick(void)
{
    uint64_t seed = (uint64_t)zclock_usecs() ^ ((uint64_t)getpid() << 20);
    int port;
    do {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        port = 20000 + (int)((seed >> 33) % 12000);
    } while (!port_is_free(port));
    snprintf(redis_port, sizeof redis_port, "%d", port);
}

static void redis_exec(int output)
{
    dup2(output, STDOUT_FILENO);
    execlp("redis-server", "redis-server", "--port", redis_port, "--bind", "127.0.0.1", "--save",
           "", "--appendonly", "no", "--requirepass", redis_password, NULL);
    _exit(127);
}

/* Starts the server and waits until it says that it takes connections. */
static void redis_begin(void)
{
    int output[2];
    ck_assert_int_eq(pipe(output), 0);
    redis_pid = fork();
    if (redis_pid == 0) redis_exec(output[1]);
    close(output[1]);
    char said[16384];
    size_t n = 0;
    for (said[0] = '\0'; strstr(said, "Ready to accept") == NULL;) {
        struct pollfd p = {.fd = output[0], .events = POLLIN};
        ck_assert_msg(poll(&p, 1, DEADLINE_MS) == 1, "redis-server does not start: %s", said);
        ssize_t got = read(output[0], said + n, sizeof said - 1 - n);
        ck_assert_msg(got > 0, "redis-server ended: %s", said);
        n += (size_t)got;
        said[n] = '\0';
    }
    close(output[0]);
}

static void redis_kill(void)
{
    if (redis_pid == 0) return;
    kill(redis_pid, SIGKILL);
    waitpid(redis_pid, NULL, 0);
    redis_pid = 0;
}

/* Runs a command in a database and returns its answer, a number or 0. */
static long long redis_do(int database, const char *command)
{
    redisContext *c = redisConnect("127.0.0.1", (int)strtol(redis_port, NULL, 10));
    ck_assert(c != NULL && c->err == 0);
    if (*redis_password) freeReplyObject(redisCommand(c, "AUTH %s", redis_password));
    freeReplyObject(redisCommand(c, "SELECT %d", database));
    redisReply *r = redisCommand(c, command);
    ck_assert_ptr_nonnull(r);
    ck_assert_msg(r->type != REDIS_REPLY_ERROR, "%s: %s", command, r->str);
    long long answer = r->type == REDIS_REPLY_INTEGER ? r->integer : 0;
    freeReplyObject(r);
    redisFree(c);
    return answer;
}

/* ---- the actor and its neighbours ---------------------------------------------------------- */

static dv_link links[] = {
    {"schedule", DV_LINK_schedule, 0, "execution", "retry", DV_ANY, 100000, DV_DROP,
     "inproc://schedule"},
    {"sweep", DV_LINK_sweep, 0, "retry", "persistence", DV_ANY, 100000, DV_DROP, "inproc://sweep"},
    {"health", DV_LINK_health, 0, "*", "gateway", DV_ALL, 1000, DV_DROP, "inproc://health"},
};

static dv_retry_config config;
static dv_actor actor;
static zactor_t *thread;
static void *execution, *persistence, *gateway;
static dv_arena *arena;

/* What persistence answers to each sweep. */
static dv_waiting waiting[4];
static uint32_t waiting_count;

static void actor_begin(void)
{
    actor = (dv_actor){.class = &DV_RETRY_CLASS,
                       .name = "retry",
                       .self = dv_retry_new(&config),
                       .links = links,
                       .link_count = sizeof links / sizeof links[0]};
    thread = zactor_new(dv_actor_run, &actor);
    char *said = zstr_recv(thread);
    ck_assert_str_eq(said, "READY");
    zstr_free(&said);
}

static void *socket_open(int type, const char *name, const char *endpoint, bool binds)
{
    void *socket = zmq_socket(zsys_init(), type);
    int zero = 0;
    zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
    if (name != NULL) zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, strlen(name));
    int rc = binds ? zmq_bind(socket, endpoint) : zmq_connect(socket, endpoint);
    ck_assert_int_eq(rc, 0);
    return socket;
}

static void neighbours_begin(void)
{
    persistence = socket_open(ZMQ_ROUTER, NULL, "inproc://sweep", true);
    gateway = socket_open(ZMQ_DEALER, NULL, "inproc://health", true);
    execution = socket_open(ZMQ_DEALER, "execution", "inproc://schedule", false);
}

static void setup(void)
{
    signal(SIGPIPE, SIG_DFL);
    port_pick();
    arena = dv_arena_new();
    memset(&config, 0, sizeof config);
    config.retry_lease_ms = 300;
    config.retry_sweep_ms = 100;
    snprintf(config.redis_url, sizeof config.redis_url, "redis://127.0.0.1:%s", redis_port);
    waiting_count = 0;
}

static void teardown(void)
{
    if (thread != NULL) zactor_destroy(&thread);
    if (execution != NULL) zmq_close(execution);
    if (persistence != NULL) zmq_close(persistence);
    if (gateway != NULL) zmq_close(gateway);
    redis_kill();
    dv_arena_destroy(&arena);
}

static dv_id order(uint8_t n)
{
    return (dv_id){{[0] = 1, [15] = n}};
}

static int64_t now_us(void)
{
    return dv_time_now().wall_us;
}

static void tell(void *socket, const dv_message *message)
{
    dv_buffer buffer = {0};
    dv_message_encode(message, &buffer);
    ck_assert_int_ge(zmq_send(socket, buffer.bytes, buffer.size, 0), 0);
    dv_buffer_fini(&buffer);
}

static void arm(uint8_t n, int64_t due_us)
{
    tell(execution,
         &(dv_message){
             .type = DV_MSG_arm_retry,
             .arm_retry = {.order_id = order(n), .attempt = 2, .due_at_us = (uint64_t)due_us}});
}

static void done(uint8_t n)
{
    tell(execution, &(dv_message){.type = DV_MSG_forget_retry,
                                  .forget_retry = {.order_id = order(n), .attempt = 2}});
}

/* from: NULL, or a ROUTER's sender. */
static dv_message hear_from(void *socket, dv_peer *from)
{
    dv_text bytes = message_take(socket, from, 0);
    dv_message message;
    ck_assert_int_eq(dv_message_decode(bytes.at, bytes.size, arena, &message), DV_OK);
    return message;
}

static dv_message hear(void *socket)
{
    return hear_from(socket, NULL);
}

/* Persistence: answers one sweep. */
static void sweep_answer(void)
{
    dv_peer peer;
    dv_message ask = hear_from(persistence, &peer);
    ck_assert_int_eq(ask.type, DV_MSG_retries_request);
    zmq_send(persistence, peer.bytes, peer.size, ZMQ_SNDMORE);
    tell(persistence,
         &(dv_message){.type = DV_MSG_retries_reply,
                       .retries_reply = {.waiting = waiting, .waiting_count = waiting_count}});
}

/* Waits for something on a socket while the sweeps are answered. False at the deadline. */
static bool wait_for(void *socket, int deadline_ms)
{
    int64_t end_ms = zclock_mono() + deadline_ms;
    for (;;) {
        if (message_waits(socket, 0)) return true;
        zmq_pollitem_t items[] = {{.socket = socket, .events = ZMQ_POLLIN},
                                  {.socket = persistence, .events = ZMQ_POLLIN}};
        int64_t left_ms = end_ms - zclock_mono();
        if (left_ms <= 0 || zmq_poll(items, 2, left_ms) <= 0) return false;
        if (items[1].revents & ZMQ_POLLIN) sweep_answer();
        if (items[0].revents & ZMQ_POLLIN) return true;
    }
}

/* The next retry_event is this order's; returns when it came. */
static int64_t expect_due(uint8_t n)
{
    ck_assert_msg(wait_for(execution, DEADLINE_MS), "order %u is never due", n);
    int64_t at_us = now_us();
    dv_message message = hear(execution);
    ck_assert_int_eq(message.type, DV_MSG_retry_event);
    ck_assert_uint_eq(message.retry_event.attempt, 2);
    ck_assert_msg(message.retry_event.order_id.bytes[15] == n, "order %u is due instead of %u",
                  message.retry_event.order_id.bytes[15], n);
    return at_us;
}

/* Waits for a beat that says so. */
static void expect_health(dv_err degraded)
{
    int64_t end_ms = zclock_mono() + DEADLINE_MS;
    while (zclock_mono() < end_ms) {
        if (!wait_for(gateway, DEADLINE_MS)) break;
        dv_message message = hear(gateway);
        if (message.type == DV_MSG_beat_event && message.beat_event.degraded == degraded) return;
    }
    ck_abort_msg("retry's health never becomes %s", dv_err_name(degraded));
}

static void all_begin(void)
{
    redis_begin();
    neighbours_begin();
    actor_begin();
    expect_health(DV_OK);
}

static void sweep_tells(uint8_t n, int64_t due_us)
{
    waiting[waiting_count++] = (dv_waiting){.order_id = order(n),
                                            .attempt = 2,
                                            .due_at_us = (uint64_t)due_us,
                                            .owner = dv_text_of("execution/5f3a9c21")};
}

/* ---- the tests ----------------------------------------------------------------------------- */

START_TEST(attempts_are_due_in_order_of_time_and_on_time)
{
    all_begin();
    int64_t start_us = now_us();
    arm(1, start_us + 400000);
    arm(2, start_us + 200000);
    arm(3, start_us);
    expect_due(3);
    done(3);
    int64_t at_us = expect_due(2);
    ck_assert_int_ge(at_us, start_us + 200000);
    ck_assert_int_lt(at_us, start_us + 350000); /* 20 ms on an idle machine */
    done(2);
    at_us = expect_due(1);
    ck_assert_int_ge(at_us, start_us + 400000);
    ck_assert_int_lt(at_us, start_us + 550000);
}
END_TEST

START_TEST(an_attempt_that_nobody_takes_over_is_due_again_after_its_lease)
{
    all_begin();
    arm(1, now_us());
    int64_t first_us = expect_due(1);
    int64_t second_us = expect_due(1);
    ck_assert_int_ge(second_us - first_us, 250000);
}
END_TEST

START_TEST(an_attempt_taken_over_is_never_due_again)
{
    all_begin();
    arm(1, now_us());
    expect_due(1);
    done(1);
    arm(2, now_us() + 700000); /* past two leases */
    expect_due(2);
    done(2);
    arm(3, now_us());
    expect_due(3);
    ck_assert_int_eq(redis_do(0, "HEXISTS drover:retry:handed "
                                 "01000000-0000-0000-0000-000000000001:2"),
                     0);
}
END_TEST

START_TEST(an_attempt_handed_out_in_vain_too_often_is_left_to_the_sweep)
{
    config.retry_lease_ms = 100;
    all_begin();
    arm(1, now_us());
    for (int i = 0; i < 5; i++) expect_due(1);
    arm(2, now_us() + 500000);
    expect_due(2);
    done(2);
    sweep_tells(1, now_us());
    expect_due(1);
}
END_TEST

START_TEST(what_redis_lost_is_found_by_the_sweep)
{
    all_begin();
    int64_t due_us = now_us() + 600000;
    arm(1, due_us);
    arm(2, now_us());
    expect_due(2); /* so 1 is in Redis */
    redis_do(0, "FLUSHALL");
    sweep_tells(1, due_us);
    int64_t at_us = expect_due(1);
    ck_assert_int_ge(at_us, due_us);
    ck_assert_int_lt(at_us, due_us + 150000);
}
END_TEST

START_TEST(the_sweep_never_shortens_a_lease)
{
    config.retry_lease_ms = 100000;
    all_begin();
    sweep_tells(1, now_us());
    expect_due(1);
    arm(2, now_us() + 500000); /* past several sweeps that tell of 1 */
    expect_due(2);
}
END_TEST

START_TEST(scripts_that_redis_forgot_are_sent_in_full)
{
    all_begin();
    arm(1, now_us());
    expect_due(1);
    done(1);
    redis_do(0, "SCRIPT FLUSH");
    arm(2, now_us());
    expect_due(2);
    expect_health(DV_OK);
}
END_TEST

START_TEST(a_dead_redis_costs_only_lateness)
{
    all_begin();
    arm(1, now_us());
    expect_due(1);
    done(1);
    redis_kill();
    expect_health(DV_SCHEDULE_AWAY);
    arm(2, now_us());
    sweep_tells(2, now_us());
    expect_due(2);
    waiting_count = 0;
    redis_begin();
    expect_health(DV_OK);
    while (wait_for(execution, 1)) (void)hear(execution);
    arm(3, now_us());
    expect_due(3);
}
END_TEST

START_TEST(redis_may_be_away_at_start)
{
    neighbours_begin();
    actor_begin();
    expect_health(DV_SCHEDULE_AWAY);
    sweep_tells(1, now_us());
    expect_due(1);
    waiting_count = 0;
    redis_begin();
    expect_health(DV_OK);
}
END_TEST

START_TEST(a_redis_that_does_not_answer_is_given_up_and_found_again)
{
    all_begin();
    kill(redis_pid, SIGSTOP);
    expect_health(DV_SCHEDULE_AWAY);
    sweep_tells(1, now_us());
    expect_due(1);
    waiting_count = 0;
    kill(redis_pid, SIGCONT);
    expect_health(DV_OK);
}
END_TEST

START_TEST(the_schedule_outlives_the_actor)
{
    config.retry_lease_ms = 100000;
    all_begin();
    int64_t due_us = now_us() + 500000;
    arm(1, due_us);
    arm(2, now_us());
    expect_due(2); /* so 1 is in Redis */
    zactor_destroy(&thread);
    zmq_close(execution);
    links[0].endpoint = "inproc://schedule-again"; /* the old one is given free some time later */
    execution = socket_open(ZMQ_DEALER, "execution", links[0].endpoint, false);
    actor_begin();
    expect_health(DV_OK);
    int64_t at_us = expect_due(1);
    ck_assert_int_ge(at_us, due_us);
}
END_TEST

START_TEST(the_password_and_the_database_of_the_url_are_used)
{
    redis_password = "s3cret/@";
    snprintf(config.redis_url, sizeof config.redis_url, "redis://:s3cret%%2F%%40@localhost:%s/3",
             redis_port);
    all_begin();
    arm(1, now_us() + 60000000);
    arm(2, now_us());
    expect_due(2);
    ck_assert_int_eq(redis_do(3, "ZCARD drover:retry:due"), 1);
    ck_assert_int_eq(redis_do(0, "DBSIZE"), 0);
}
END_TEST

START_TEST(a_wrong_password_is_a_schedule_that_is_away)
{
    redis_password = "s3cret";
    snprintf(config.redis_url, sizeof config.redis_url, "redis://:wrong@127.0.0.1:%s", redis_port);
    redis_begin();
    neighbours_begin();
    actor_begin();
    expect_health(DV_SCHEDULE_AWAY);
    sweep_tells(1, now_us());
    expect_due(1);
}
END_TEST

START_TEST(a_url_that_is_none_refuses_to_start_and_says_why)
{
    snprintf(config.redis_url, sizeof config.redis_url, "http://127.0.0.1");
    actor = (dv_actor){.class = &DV_RETRY_CLASS, .name = "retry", .self = dv_retry_new(&config)};
    thread = zactor_new(dv_actor_run, &actor);
    char *said, *error, *why;
    ck_assert_int_eq(zstr_recvx(thread, &said, &error, &why, NULL), 3);
    ck_assert_str_eq(said, "FAILED");
    ck_assert_str_eq(error, "CONFIG_INVALID");
    ck_assert_ptr_nonnull(strstr(why, "redis_url"));
    zstr_free(&said);
    zstr_free(&error);
    zstr_free(&why);
}
END_TEST

START_TEST(thousands_are_due_at_once_and_each_is_handed_out)
{
    config.retry_lease_ms = 100000;
    all_begin();
    enum { COUNT = 3000 };
    int64_t due_us = now_us() + 200000;
    for (uint32_t i = 0; i < COUNT; i++) {
        dv_id id = {{[0] = 2, [1] = (uint8_t)(i >> 8), [2] = (uint8_t)i}};
        tell(execution,
             &(dv_message){
                 .type = DV_MSG_arm_retry,
                 .arm_retry = {.order_id = id, .attempt = 2, .due_at_us = (uint64_t)due_us}});
    }
    static bool seen[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        ck_assert(wait_for(execution, DEADLINE_MS));
        dv_message message = hear(execution);
        const uint8_t *id = message.retry_event.order_id.bytes;
        uint32_t n = (uint32_t)id[1] << 8 | id[2];
        ck_assert(n < COUNT && !seen[n]);
        seen[n] = true;
        dv_arena_reset(arena);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("retry with Redis");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, attempts_are_due_in_order_of_time_and_on_time);
    tcase_add_test(tcase, an_attempt_that_nobody_takes_over_is_due_again_after_its_lease);
    tcase_add_test(tcase, an_attempt_taken_over_is_never_due_again);
    tcase_add_test(tcase, an_attempt_handed_out_in_vain_too_often_is_left_to_the_sweep);
    tcase_add_test(tcase, what_redis_lost_is_found_by_the_sweep);
    tcase_add_test(tcase, the_sweep_never_shortens_a_lease);
    tcase_add_test(tcase, scripts_that_redis_forgot_are_sent_in_full);
    tcase_add_test(tcase, a_dead_redis_costs_only_lateness);
    tcase_add_test(tcase, redis_may_be_away_at_start);
    tcase_add_test(tcase, a_redis_that_does_not_answer_is_given_up_and_found_again);
    tcase_add_test(tcase, the_schedule_outlives_the_actor);
    tcase_add_test(tcase, the_password_and_the_database_of_the_url_are_used);
    tcase_add_test(tcase, a_wrong_password_is_a_schedule_that_is_away);
    tcase_add_test(tcase, a_url_that_is_none_refuses_to_start_and_says_why);
    tcase_add_test(tcase, thousands_are_due_at_once_and_each_is_handed_out);
    Suite *suite = suite_create("component/retry");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
