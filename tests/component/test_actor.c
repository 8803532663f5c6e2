/* The run loop with real sockets: an actor of a test class, and the test itself as its neighbours
   and its shell. Every wait ends with an event or fails at its deadline. */
#include "actors/base/actor.h"

#include <arpa/inet.h>
#include <check.h>
#include <unistd.h>

#include "actors/base/heap.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/frames.h"
#include "tests/support/ports.h"
#include "tests/support/suite.h"

#define DEADLINE_MS 10000
#define SCHEDULE DV_PORT(DV_LINK_schedule, 0)
#define SWEEP DV_PORT(DV_LINK_sweep, 0)

/* ---- the actor under test: answers each arm_retry with a retry_event ---- */

typedef struct probe {
    uint64_t handled;      /* messages, so far */
    uint64_t produce;      /* retry_arms to send at start, as a producer */
    bool busy_until_asked; /* not drained before the next message */
    int pipe[2];           /* watched; 0: none */
    dv_heap timers;
    struct wait {
        dv_timer timer;
        dv_peer peer;
        uint64_t attempt;
    } waits[8];
    size_t wait_count;
} probe;

static void due_send(dv_outbox *outbox, const dv_peer *peer, uint64_t attempt)
{
    dv_send(outbox, SCHEDULE, peer,
            &(dv_message){.type = DV_MSG_retry_event, .retry_event = {.attempt = attempt}});
}

/* due_at_us: microseconds from now; 0: at once. */
static void on_arm_retry(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    probe *p = self;
    const dv_arm_retry *arm = &envelope->message.arm_retry;
    p->handled++;
    p->busy_until_asked = false;
    if (arm->due_at_us == 0) {
        due_send(outbox, &envelope->peer, arm->attempt);
        return;
    }
    struct wait *w = &p->waits[p->wait_count++];
    w->peer = envelope->peer;
    w->attempt = arm->attempt;
    dv_heap_set(&p->timers, &w->timer, now.mono_ns + (int64_t)arm->due_at_us * DV_NS_PER_US);
}

/* forget_retry asks for a burst of as many answers as its attempt says, numbered from 0. */
static void on_forget_retry(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    (void)self;
    (void)now;
    for (uint64_t i = 0; i < envelope->message.forget_retry.attempt; i++)
        due_send(outbox, &envelope->peer, i);
}

/* The other link: answers with how many messages came before. */
static void on_retries_request(void *self, const dv_envelope *envelope, dv_time now,
                               dv_outbox *outbox)
{
    (void)now;
    dv_waiting row = {.due_at_us = ((probe *)self)->handled};
    dv_send(outbox, SWEEP, &envelope->peer,
            &(dv_message){.type = DV_MSG_retries_reply,
                          .retries_reply = {.waiting = &row, .waiting_count = 1}});
}

/* Messages that may not come in here; if one did, its answer would be seen. */
static void on_unexpected(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    (void)self;
    (void)now;
    due_send(outbox, &envelope->peer, 255);
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_arm_retry] = on_arm_retry,    [DV_MSG_forget_retry] = on_forget_retry,
    [DV_MSG_retry_event] = on_unexpected, [DV_MSG_retries_request] = on_retries_request,
    [DV_MSG_watch_order] = on_unexpected,
};

static dv_err probe_start(void *self, dv_time now, dv_outbox *outbox, char ret_why[DV_REASON_MAX])
{
    (void)now;
    (void)ret_why;
    for (uint64_t i = 0; i < ((probe *)self)->produce; i++)
        dv_send(outbox, SCHEDULE, NULL,
                &(dv_message){.type = DV_MSG_arm_retry, .arm_retry = {.due_at_us = i}});
    return DV_OK;
}

static int64_t probe_tick(void *self, dv_time now, dv_outbox *outbox)
{
    probe *p = self;
    for (dv_timer *t; (t = dv_heap_pop_due(&p->timers, now.mono_ns)) != NULL;) {
        struct wait *w = DV_TIMER_OWNER(t, struct wait, timer);
        due_send(outbox, &w->peer, w->attempt);
    }
    return dv_heap_next(&p->timers);
}

static void probe_drain(void *self, dv_time now, dv_outbox *outbox)
{
    (void)self;
    (void)now;
    (void)outbox;
}

static bool probe_drained(const void *self)
{
    return !((const probe *)self)->busy_until_asked;
}

static uint32_t probe_watch(void *self, dv_watch ret_watches[DV_WATCH_MAX])
{
    ret_watches[0] = (dv_watch){.fd = ((probe *)self)->pipe[0], .readable = true};
    return ret_watches[0].fd != 0;
}

static void probe_ready(void *self, dv_watch watch, dv_time now, dv_outbox *outbox)
{
    (void)self;
    (void)now;
    char byte = 0;
    ck_assert(watch.readable && read(watch.fd, &byte, 1) == 1);
    due_send(outbox, &(dv_peer){9, "neighbour"}, (uint8_t)byte);
}

static dv_health probe_health(const void *self)
{
    (void)self;
    return (dv_health){.degraded = DV_SCHEDULE_AWAY, .text = "retries wait for the sweep"};
}

static void probe_destroy(void **self)
{
    dv_heap_fini(&((probe *)*self)->timers);
    free(*self);
    *self = NULL;
}

static const dv_actor_class PROBE = {.name = "probe",
                                     .handlers = HANDLERS,
                                     .start = probe_start,
                                     .tick = probe_tick,
                                     .drain = probe_drain,
                                     .drained = probe_drained,
                                     .watch = probe_watch,
                                     .ready = probe_ready,
                                     .health = probe_health,
                                     .destroy = probe_destroy};

static dv_err failing_start(void *self, dv_time now, dv_outbox *outbox, char ret_why[DV_REASON_MAX])
{
    (void)self;
    (void)now;
    (void)outbox;
    snprintf(ret_why, DV_REASON_MAX, "the disk is full");
    return DV_STORE_AWAY;
}

static const dv_actor_class FAILING = {
    .name = "failing", .handlers = HANDLERS, .start = failing_start, .destroy = probe_destroy};

/* ---- its shell ---- */

static char schedule_endpoint[64] = "inproc://schedule"; /* where the neighbour finds it */
static dv_link links[] = {
    {"schedule", DV_LINK_schedule, 0, "neighbour", "probe", DV_ANY, 1000, DV_KEEP,
     "inproc://schedule"},
    {"sweep", DV_LINK_sweep, 0, "neighbour", "probe", DV_ANY, 1000, DV_KEEP, "inproc://sweep"},
    {"health", DV_LINK_health, 0, "*", "gateway", DV_ALL, 1000, DV_DROP, "inproc://health"},
};

static bool may_produce(const void *policy, const dv_link *link, const char *name)
{
    (void)policy;
    (void)link;
    return streq(name, "neighbour") || streq(name, "other");
}
static const dv_network PLAINTEXT = {.peer_rate_max = 1000000, .may_produce = may_produce};

static dv_actor actor = {.class = &PROBE, .name = "probe", .links = links, .link_count = 3};
static zactor_t *shell;

static void use_tcp(void)
{
    snprintf(schedule_endpoint, sizeof schedule_endpoint, "tcp://127.0.0.1:%u", free_port());
    links[0].tcp_endpoint = schedule_endpoint;
    actor.network = &PLAINTEXT;
}

static char *shell_hears(void)
{
    zsock_set_rcvtimeo(shell, DEADLINE_MS);
    return zstr_recv(shell);
}

static void assert_hears(const char *expected)
{
    char *said = shell_hears();
    ck_assert_msg(said != NULL && streq(said, expected), "said %s", said ? said : "nothing");
    zstr_free(&said);
}

static void launch(void)
{
    if (actor.self == NULL) actor.self = calloc(1, sizeof(probe));
    shell = zactor_new(dv_actor_run, &actor);
    ck_assert_ptr_nonnull(shell);
}

static probe *probe_new(void)
{
    actor.self = calloc(1, sizeof(probe));
    return actor.self;
}

static void stop(void)
{
    zactor_destroy(&shell);
    ck_assert_ptr_null(actor.self);
}

/* ---- its neighbours ---- */

static int neighbour_room = 1000; /* frames that wait in a neighbour's socket */

static void *neighbour_new(int type, const char *name, const char *endpoint, bool binds)
{
    void *socket = zmq_socket(zsys_init(), type);
    int linger = 0, deadline = DEADLINE_MS;
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(socket, ZMQ_RCVHWM, &neighbour_room, sizeof neighbour_room);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &deadline, sizeof deadline);
    zmq_setsockopt(socket, ZMQ_SNDTIMEO, &deadline, sizeof deadline);
    if (name != NULL) zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, strlen(name));
    ck_assert_int_eq(binds ? zmq_bind(socket, endpoint) : zmq_connect(socket, endpoint), 0);
    return socket;
}

static void *neighbour_connect(const char *endpoint)
{
    return neighbour_new(ZMQ_DEALER, "neighbour", endpoint, false);
}

static void tell(void *socket, dv_message message)
{
    dv_buffer buffer = {0};
    dv_message_encode(&message, &buffer);
    ck_assert_int_ge(zmq_send(socket, buffer.bytes, buffer.size, 0), 0);
    dv_buffer_fini(&buffer);
}

static void arm(void *socket, uint64_t attempt, uint64_t after_us)
{
    tell(socket, (dv_message){.type = DV_MSG_arm_retry,
                              .arm_retry = {.attempt = attempt, .due_at_us = after_us}});
}

/* The next message, which must come before the deadline. from: NULL, or a ROUTER's sender. */
static dv_message hear_from(void *socket, dv_peer *from)
{
    static dv_arena *arena;
    if (arena == NULL) arena = dv_arena_new();
    dv_arena_reset(arena);
    dv_text bytes = message_take(socket, from, 0);
    ck_assert_msg(bytes.size > 0, "nothing came: %s", zmq_strerror(zmq_errno()));
    dv_message message;
    ck_assert_int_eq(dv_message_decode(bytes.at, bytes.size, arena, &message), DV_OK);
    return message;
}

static dv_message hear(void *socket)
{
    return hear_from(socket, NULL);
}

static void assert_due(void *socket, uint64_t attempt)
{
    dv_message message = hear(socket);
    ck_assert_int_eq(message.type, DV_MSG_retry_event);
    ck_assert_uint_eq(message.retry_event.attempt, attempt);
}

/* ---- life cycle ---- */

START_TEST(an_actor_is_ready_answers_and_stops)
{
    if (_i == 1) use_tcp();
    launch();
    assert_hears("READY");
    void *neighbour = neighbour_connect(schedule_endpoint);
    for (uint64_t i = 0; i < 100; i++) arm(neighbour, i, 0);
    for (uint64_t i = 0; i < 100; i++) assert_due(neighbour, i);
    zmq_close(neighbour);
    stop();
}
END_TEST

START_TEST(two_actors_talk)
{
    if (_i == 1) use_tcp();
    dv_remote remote = {.name = "probe", .endpoint = schedule_endpoint};
    dv_link between[] = {links[0]};
    between[0].producers = "other";
    probe *producer = calloc(1, sizeof *producer);
    producer->produce = 1;
    dv_actor other = {.class = &PROBE,
                      .name = "other",
                      .self = producer,
                      .links = between,
                      .link_count = 1,
                      .network = actor.network};
    static dv_link all[] = {{0}, {0}};
    all[0] = between[0];
    all[1] = links[1];
    if (_i == 1) {
        between[0].endpoint = between[0].tcp_endpoint = NULL;
        between[0].remotes = &remote;
        between[0].remote_count = 1;
    }
    actor.links = all;
    actor.link_count = 2;
    launch();
    assert_hears("READY");
    zactor_t *other_shell = zactor_new(dv_actor_run, &other);
    char *said = zstr_recv(other_shell);
    ck_assert_str_eq(said, "READY");
    zstr_free(&said);

    /* The other's message has come when one more is counted than the neighbour sent. */
    void *neighbour = neighbour_connect("inproc://sweep");
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_MS * DV_NS_PER_MS;
    uint64_t handled = 0;
    while (handled == 0 && dv_time_now().mono_ns < deadline_ns) {
        tell(neighbour, (dv_message){.type = DV_MSG_retries_request});
        handled = hear(neighbour).retries_reply.waiting[0].due_at_us;
    }
    ck_assert_uint_eq(handled, 1);
    zmq_close(neighbour);
    zactor_destroy(&other_shell);
    stop();
}
END_TEST

START_TEST(an_actor_that_cannot_start_says_why)
{
    actor.class = &FAILING;
    launch();
    assert_hears("FAILED");
    assert_hears("STORE_AWAY");
    assert_hears("the disk is full");
    stop();
}
END_TEST

START_TEST(an_actor_that_cannot_bind_says_where)
{
    void *squatter = neighbour_new(ZMQ_ROUTER, NULL, schedule_endpoint, true);
    launch();
    assert_hears("FAILED");
    assert_hears("START_FAILED");
    char *why = shell_hears();
    ck_assert_msg(strstr(why, "link schedule") && strstr(why, schedule_endpoint), "%s", why);
    zstr_free(&why);
    stop();
    zmq_close(squatter);
}
END_TEST

START_TEST(draining_is_done_when_the_actor_says_so)
{
    probe_new()->busy_until_asked = true;
    launch();
    assert_hears("READY");
    zstr_send(shell, "DRAIN");
    void *neighbour = neighbour_connect("inproc://sweep");
    tell(neighbour, (dv_message){.type = DV_MSG_retries_request});
    hear(neighbour); /* a whole turn has gone by */
    zsock_set_rcvtimeo(shell, 0);
    ck_assert_ptr_null(zstr_recv(shell));
    void *asker = neighbour_connect(schedule_endpoint);
    arm(asker, 1, 0);
    assert_due(asker, 1);
    assert_hears("DRAINED");
    zmq_close(asker);
    zmq_close(neighbour);
    stop();
}
END_TEST

START_TEST(an_actor_says_how_it_is)
{
    void *gateway = neighbour_new(ZMQ_DEALER, NULL, "inproc://health", true);
    launch();
    assert_hears("READY");
    dv_message beat = hear(gateway);
    ck_assert_int_eq(beat.type, DV_MSG_beat_event);
    ck_assert(dv_text_is(beat.beat_event.actor, "probe"));
    ck_assert_uint_eq(beat.beat_event.degraded, DV_SCHEDULE_AWAY);
    ck_assert(dv_text_is(beat.beat_event.text, "retries wait for the sweep"));
    ck_assert_uint_eq(beat.beat_event.pid, (uint64_t)getpid());
    hear(gateway); /* and says it again */
    zmq_close(gateway);
    stop();
}
END_TEST

/* The run loop's counters are sums since the start. */
START_TEST(an_actor_tells_how_much_it_did)
{
    void *gateway = neighbour_new(ZMQ_DEALER, NULL, "inproc://health", true);
    launch();
    assert_hears("READY");
    void *neighbour = neighbour_connect(schedule_endpoint);
    dv_beat_event first = hear(gateway).beat_event;
    for (uint64_t i = 0; i < 100; i++) arm(neighbour, i, 0);
    for (uint64_t i = 0; i < 100; i++) assert_due(neighbour, i);
    dv_beat_event then = hear(gateway).beat_event;
    ck_assert_uint_ge(then.turns, first.turns + 1);
    ck_assert_uint_eq(then.messages_in, first.messages_in + 100);
    ck_assert_uint_eq(then.messages_out, first.messages_out + 100 + 1); /* and the first beat */
    ck_assert_uint_ge(then.busy_us, first.busy_us);
    uint64_t passed_us = then.busy_us + then.idle_us - first.busy_us - first.idle_us;
    ck_assert_uint_ge(passed_us, 400000); /* a beat's period is 500 ms */
    ck_assert_uint_ge(then.idle_us, first.idle_us + 200000);
    zmq_close(neighbour);
    zmq_close(gateway);
    stop();
}
END_TEST

/* ---- foreign bytes ---- */

static void send_oversized(void *neighbour)
{
    char *large = calloc(1, DV_MESSAGE_SIZE_MAX + 1);
    zmq_send(neighbour, large, DV_MESSAGE_SIZE_MAX + 1, 0);
    free(large);
}

static void send_three_frames(void *neighbour)
{
    zmq_send(neighbour, "one", 3, ZMQ_SNDMORE);
    zmq_send(neighbour, "two", 3, ZMQ_SNDMORE);
    zmq_send(neighbour, "three", 5, 0);
}

static void send_garbage(void *neighbour, int kind)
{
    switch (kind) {
    case 0: zmq_send(neighbour, "", 0, 0); break;
    case 1: zmq_send(neighbour, "\xdd\xff\xff\xff\xff", 5, 0); break;
    case 2: zmq_send(neighbour, "GET / HTTP/1.1\r\n\r\n", 18, 0); break;
    case 3: send_three_frames(neighbour); break;
    case 4: send_oversized(neighbour); break;
    case 5: tell(neighbour, (dv_message){.type = DV_MSG_retry_event}); break; /* wrong side */
    case 6: tell(neighbour, (dv_message){.type = DV_MSG_watch_order}); break; /* wrong link */
    case 7:
        tell(neighbour, (dv_message){.type = DV_MSG_client_close_event});
        break; /* no handler */
    case 8:
        tell(neighbour, (dv_message){.type = DV_MSG_retries_request});
        break; /* another link's */
    default: ck_abort();
    }
}
#define GARBAGE_KINDS 9

START_TEST(garbage_is_dropped_and_the_actor_lives)
{
    if (_i >= GARBAGE_KINDS) use_tcp();
    launch();
    assert_hears("READY");
    void *neighbour = neighbour_connect(schedule_endpoint);
    arm(neighbour, 1, 0);
    assert_due(neighbour, 1);
    send_garbage(neighbour, _i % GARBAGE_KINDS);
    if (_i == GARBAGE_KINDS + 4) { /* tcp: the connection is closed on it; a new one is served */
        zmq_close(neighbour);
        neighbour = neighbour_connect(schedule_endpoint);
    }
    arm(neighbour, 2, 0);
    assert_due(neighbour, 2);
    zmq_close(neighbour);
    stop();
}
END_TEST

START_TEST(a_peer_with_too_long_a_name_is_not_heard)
{
    launch();
    assert_hears("READY");
    void *stranger =
        neighbour_new(ZMQ_DEALER, "a-name-of-more-than-thirty-one-bytes", schedule_endpoint, false);
    arm(stranger, 7, 0);
    void *neighbour = neighbour_connect(schedule_endpoint);
    arm(neighbour, 1, 0);
    assert_due(neighbour, 1);
    int now = 0;
    zmq_setsockopt(stranger, ZMQ_RCVTIMEO, &now, sizeof now);
    ck_assert_int_lt(zmq_recv(stranger, NULL, 0, 0), 0);
    zmq_close(stranger);
    zmq_close(neighbour);
    stop();
}
END_TEST

START_TEST(a_peer_that_comes_back_is_answered_where_it_is_now)
{
    use_tcp();
    launch();
    assert_hears("READY");
    void *before = neighbour_connect(schedule_endpoint);
    arm(before, 1, 0);
    assert_due(before, 1);
    void *after = neighbour_connect(schedule_endpoint); /* the same name */
    arm(after, 2, 0);
    assert_due(after, 2);
    zmq_close(before);
    arm(after, 3, 0);
    assert_due(after, 3);
    zmq_close(after);
    stop();
}
END_TEST

/* ---- full links ---- */

#define BURST_SIZE 250

START_TEST(a_full_link_that_keeps_loses_nothing_and_keeps_order)
{
    links[0].high_water_mark = 4000;
    launch();
    assert_hears("READY");
    void *neighbour = neighbour_connect(schedule_endpoint);
    enum { BURSTS = 32 }; /* both ends hold 5000 of their answers; the others are kept */
    for (int burst = 0; burst < BURSTS; burst++)
        tell(neighbour,
             (dv_message){.type = DV_MSG_forget_retry, .forget_retry = {.attempt = BURST_SIZE}});
    /* The other link still answers while this one is full. */
    void *other = neighbour_connect("inproc://sweep");
    tell(other, (dv_message){.type = DV_MSG_retries_request});
    hear(other);
    for (uint64_t i = 0; i < BURSTS * BURST_SIZE; i++) assert_due(neighbour, i % BURST_SIZE);
    zmq_close(other);
    zmq_close(neighbour);
    stop();
}
END_TEST

START_TEST(a_peer_that_takes_nothing_holds_up_no_other_and_costs_bounded_room)
{
    enum { MARK = 2 }; /* frames, of which each burst fills most of one */
    links[0].high_water_mark = neighbour_room = MARK;
    launch();
    assert_hears("READY");
    void *stuck = neighbour_new(ZMQ_DEALER, "stuck", schedule_endpoint, false);
    void *neighbour = neighbour_connect(schedule_endpoint);
    for (int burst = 0; burst < 20; burst++) /* more than both ends hold and the sender keeps */
        tell(stuck,
             (dv_message){.type = DV_MSG_forget_retry, .forget_retry = {.attempt = BURST_SIZE}});
    for (uint64_t i = 0; i < 200; i++) {
        arm(neighbour, i, 0);
        assert_due(neighbour, i);
    }
    int soon = 200, got = 0;
    zmq_setsockopt(stuck, ZMQ_RCVTIMEO, &soon, sizeof soon);
    while (zmq_recv(stuck, NULL, 0, 0) >= 0) got++;
    ck_assert_int_ge(got, 2 * MARK); /* what the pipe held, and what was kept */
    ck_assert_int_le(got, 3 * MARK);
    zmq_close(stuck);
    zmq_close(neighbour);
    stop();
}
END_TEST

START_TEST(a_full_link_that_drops_keeps_the_first_and_lives)
{
    links[0].high_water_mark = neighbour_room = 2;
    links[0].when_full = DV_DROP;
    launch();
    assert_hears("READY");
    void *neighbour = neighbour_new(ZMQ_DEALER, "neighbour", schedule_endpoint, false);
    tell(neighbour, (dv_message){.type = DV_MSG_forget_retry, .forget_retry = {.attempt = 1}});
    assert_due(neighbour, 0);
    void *other = neighbour_connect("inproc://sweep");
    for (int i = 0; i < 20; i++) /* more than both ends may hold */
        tell(neighbour,
             (dv_message){.type = DV_MSG_forget_retry, .forget_retry = {.attempt = BURST_SIZE}});
    tell(other, (dv_message){.type = DV_MSG_retries_request});
    hear(other);
    assert_due(neighbour, 0);
    int now = 200;
    zmq_setsockopt(neighbour, ZMQ_RCVTIMEO, &now, sizeof now);
    int got = 1;
    while (zmq_recv(neighbour, NULL, 0, 0) >= 0) got++;
    ck_assert_int_le(got, 2 * 2); /* frames: the others were dropped */
    zmq_close(other);
    zmq_close(neighbour);
    stop();
}
END_TEST

START_TEST(what_is_sent_before_the_consumer_is_there_arrives_in_order)
{
    if (_i == 1) use_tcp();
    links[0].producers = "probe";
    links[0].consumer = "neighbour";
    links[0].high_water_mark = BURST_SIZE; /* so many are kept while nobody is there */
    dv_remote remote = {.name = "neighbour", .endpoint = schedule_endpoint};
    if (_i == 1) {
        links[0].endpoint = links[0].tcp_endpoint = NULL;
        links[0].remotes = &remote;
        links[0].remote_count = 1;
    }
    probe_new()->produce = BURST_SIZE;
    launch();
    assert_hears("READY");
    void *consumer = neighbour_new(ZMQ_ROUTER, NULL, schedule_endpoint, true);
    for (uint64_t i = 0; i < BURST_SIZE; i++) {
        dv_peer from;
        dv_message message = hear_from(consumer, &from);
        ck_assert_int_eq(from.size, 5);
        ck_assert_mem_eq(from.bytes, "probe", 5);
        ck_assert_uint_eq(message.arm_retry.due_at_us, i);
    }
    zmq_close(consumer);
    stop();
}
END_TEST

/* ---- time and turns ---- */

START_TEST(timers_fire_in_order_never_early_and_soon_after)
{
    static const uint64_t AFTER_MS[] = {120, 40, 80, 1};
    static const uint64_t ORDER[] = {3, 1, 2, 0};
    launch();
    assert_hears("READY");
    void *neighbour = neighbour_connect(schedule_endpoint);
    int64_t start_ns = dv_time_now().mono_ns;
    for (uint64_t i = 0; i < 4; i++) arm(neighbour, i, AFTER_MS[i] * 1000);
    for (int i = 0; i < 4; i++) {
        assert_due(neighbour, ORDER[i]);
        int64_t took_ms = (dv_time_now().mono_ns - start_ns) / DV_NS_PER_MS;
        ck_assert_int_ge(took_ms, (int64_t)AFTER_MS[ORDER[i]]);
        ck_assert_int_lt(took_ms, (int64_t)AFTER_MS[ORDER[i]] + 250); /* not the next beat's turn */
    }
    zmq_close(neighbour);
    stop();
}
END_TEST

START_TEST(a_flood_on_one_link_does_not_starve_another)
{
    enum { FLOOD = 20000 };
    links[0].high_water_mark = links[1].high_water_mark = FLOOD;
    int mark = FLOOD;
    void *flooder = zmq_socket(zsys_init(), ZMQ_DEALER);
    zmq_setsockopt(flooder, ZMQ_SNDHWM, &mark, sizeof mark);
    zmq_setsockopt(flooder, ZMQ_ROUTING_ID, "neighbour", 9);
    ck_assert_int_eq(zmq_connect(flooder, schedule_endpoint), 0);
    for (uint64_t i = 0; i < FLOOD; i++) arm(flooder, i % 256, 0);
    void *other = neighbour_connect("inproc://sweep");
    tell(other, (dv_message){.type = DV_MSG_retries_request});
    launch(); /* both are waiting when it starts */
    assert_hears("READY");
    ck_assert_uint_le(hear(other).retries_reply.waiting[0].due_at_us, 512);
    zmq_close(flooder);
    zmq_close(other);
    stop();
}
END_TEST

START_TEST(a_foreign_descriptor_is_served)
{
    probe *p = probe_new();
    ck_assert_int_eq(pipe(p->pipe), 0);
    int in = p->pipe[1], out = p->pipe[0];
    launch();
    assert_hears("READY");
    void *neighbour = neighbour_connect(schedule_endpoint);
    arm(neighbour, 1, 0); /* it is known by name from here on */
    assert_due(neighbour, 1);
    for (uint8_t byte = 10; byte < 20; byte++) {
        ck_assert_int_eq(write(in, &byte, 1), 1);
        assert_due(neighbour, byte);
    }
    zmq_close(neighbour);
    stop();
    close(in);
    close(out);
}
END_TEST

static void add_tests(Suite *suite)
{
    TCase *c = tcase_create("actor");
    suite_add_tcase(suite, c);
    tcase_set_timeout(c, 30);
    tcase_add_loop_test(c, an_actor_is_ready_answers_and_stops, 0, 2);
    tcase_add_loop_test(c, two_actors_talk, 0, 2);
    tcase_add_test(c, an_actor_that_cannot_start_says_why);
    tcase_add_test(c, an_actor_that_cannot_bind_says_where);
    tcase_add_test(c, draining_is_done_when_the_actor_says_so);
    tcase_add_test(c, an_actor_says_how_it_is);
    tcase_add_test(c, an_actor_tells_how_much_it_did);
    tcase_add_loop_test(c, garbage_is_dropped_and_the_actor_lives, 0, 2 * GARBAGE_KINDS);
    tcase_add_test(c, a_peer_with_too_long_a_name_is_not_heard);
    tcase_add_test(c, a_peer_that_comes_back_is_answered_where_it_is_now);
    tcase_add_test(c, a_full_link_that_keeps_loses_nothing_and_keeps_order);
    tcase_add_test(c, a_peer_that_takes_nothing_holds_up_no_other_and_costs_bounded_room);
    tcase_add_test(c, a_full_link_that_drops_keeps_the_first_and_lives);
    tcase_add_loop_test(c, what_is_sent_before_the_consumer_is_there_arrives_in_order, 0, 2);
    tcase_add_test(c, timers_fire_in_order_never_early_and_soon_after);
    tcase_add_test(c, a_flood_on_one_link_does_not_starve_another);
    tcase_add_test(c, a_foreign_descriptor_is_served);
}

int main(void)
{
    Suite *suite = suite_create("actor");
    add_tests(suite);
    return suite_run(suite);
}
