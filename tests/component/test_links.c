/* Links over tcp with CURVE: a real actor with the real keeper of keys, and as its peers sockets of
   another ZeroMQ context, as in another process. Every wait ends with an event or fails at its
   deadline. */
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <unistd.h>

#include "actors/base/actor.h"
#include "actors/base/zap.h"
#include "actors/topology.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/frames.h"
#include "tests/support/links.h"
#include "tests/support/pg_proxy.h"
#include "tests/support/suite.h"

#define DEADLINE_MS 10000
#define SCHEDULE DV_PORT(DV_LINK_schedule, 0)
#define WRITE DV_PORT(DV_LINK_write, 0)
#define ASSIGN DV_PORT(DV_LINK_assign, 0)

/* ---- the cluster ---- */

static dv_cluster cluster;
static dv_topology topology;
static dv_network network;
static dv_zap *zap;
static char secret_keys[DV_NODES_MAX][DV_KEY_SIZE];
static char why[256];

/* Whether all ports are free that a node may have to bind here. */
static bool base_is_free(unsigned base)
{
    static const dv_port PORTS[] = {SCHEDULE, WRITE, ASSIGN};
    bool all = true;
    for (size_t i = 0; i < sizeof PORTS / sizeof PORTS[0]; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        at.sin_port = htons((uint16_t)(base + link_port(PORTS[i])));
        all &= bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
        close(fd);
    }
    return all;
}

static void node_add(const char *name, const char *roles)
{
    static unsigned base;
    if (base == 0) base = 20000 + (unsigned)getpid() % 43 * DV_NODE_PORTS;
    do base = base > 31000 ? 20000 : base + DV_NODE_PORTS;
    while (!base_is_free(base));
    dv_node *node = &cluster.nodes[cluster.node_count];
    *node = (dv_node){.host = "127.0.0.1", .port = (uint16_t)base, .loopback = true};
    snprintf(node->name, sizeof node->name, "%s", name);
    ck_assert_int_eq(dv_roles_parse(roles, &node->roles, why), DV_OK);
    ck_assert_int_eq(zmq_curve_keypair(node->public_key, secret_keys[cluster.node_count]), 0);
    cluster.node_count++;
}

static const char *secret_of(const dv_node *node)
{
    return secret_keys[node - cluster.nodes];
}

static void endpoint_of(const char *node, dv_port port, char ret[64])
{
    const dv_node *n = dv_cluster_node(&cluster, node);
    snprintf(ret, 64, "tcp://127.0.0.1:%u", n->port + link_port(port));
}

/* ---- the log ---- */

static int log_pipe = -1;
static char log_text[1 << 20];
static size_t log_size;

/* From here on what is logged can be read. */
static void log_catch(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    log_pipe = ends[0];
}

static void log_read(int timeout_ms)
{
    struct pollfd item = {.fd = log_pipe, .events = POLLIN};
    if (poll(&item, 1, timeout_ms) <= 0) return;
    ssize_t n = read(log_pipe, log_text + log_size, sizeof log_text - 1 - log_size);
    if (n > 0) log_size += (size_t)n;
    log_text[log_size] = '\0';
}

/* A line that holds both texts, once it is there. */
static char *logged(const char *one, const char *other)
{
    static char line[2048];
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_MS * DV_NS_PER_MS;
    while (dv_time_now().mono_ns < deadline_ns) {
        for (const char *at = log_text; *at; at += strcspn(at, "\n") + 1) {
            snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
            if (strstr(line, one) && strstr(line, other)) return line;
            if (at[strcspn(at, "\n")] == '\0') break;
        }
        log_read(100);
    }
    ck_abort_msg("no line with %s and %s in:\n%s", one, other, log_text);
}

static int lines_logged(const char *one)
{
    log_read(0);
    int count = 0;
    for (const char *at = log_text; (at = strstr(at, one)) != NULL; at++) count++;
    return count;
}

/* ---- the actor under test ---- */

typedef struct probe {
    int pipe[2]; /* a byte in it: send the next number on both links */
    uint64_t sent;
} probe;

/* A consumer: answers each arm_retry with a retry_event. */
static void on_arm_retry(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    (void)self;
    (void)now;
    dv_send(outbox, SCHEDULE, &envelope->peer,
            &(dv_message){.type = DV_MSG_retry_event,
                          .retry_event = {.attempt = envelope->message.arm_retry.attempt}});
}

/* A producer: sends a beat to any persistence, and its load to all ingests. */
static uint32_t probe_watch(void *self, dv_watch ret_watches[DV_WATCH_MAX])
{
    ret_watches[0] = (dv_watch){.fd = ((probe *)self)->pipe[0], .readable = true};
    return ret_watches[0].fd != 0;
}

static void probe_ready(void *self, dv_watch watch, dv_time now, dv_outbox *outbox)
{
    (void)now;
    probe *p = self;
    char byte;
    if (read(watch.fd, &byte, 1) != 1) return;
    uint64_t number = p->sent++;
    dv_send(outbox, WRITE, NULL,
            &(dv_message){.type = DV_MSG_lease_request, .lease_request = {.lease_ms = number}});
    dv_send(outbox, ASSIGN, NULL,
            &(dv_message){.type = DV_MSG_load_event, .load_event = {.in_flight = number}});
}

static void probe_destroy(void **self)
{
    free(*self);
    *self = NULL;
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {[DV_MSG_arm_retry] = on_arm_retry};
static const dv_actor_class PROBE = {.name = "probe",
                                     .handlers = HANDLERS,
                                     .watch = probe_watch,
                                     .ready = probe_ready,
                                     .destroy = probe_destroy};

static dv_actor actor = {.class = &PROBE};
static zactor_t *shell;

/* Starts the role's actor as node `name` of the cluster. */
static void launch(const char *name, const char *role)
{
    const dv_node *node = dv_cluster_node(&cluster, name);
    ck_assert_msg(dv_topology_init(&cluster, node, node->roles, &topology, why) == DV_OK, "%s",
                  why);
    network.node_of_key = dv_topology_node_of_key;
    network.may_produce = dv_topology_may_produce;
    network.policy = &topology;
    if (network.peer_rate_max == 0) network.peer_rate_max = 1000000;
    snprintf(network.public_key, DV_KEY_SIZE, "%s", node->public_key);
    snprintf(network.secret_key, DV_KEY_SIZE, "%s", secret_of(node));
    log_catch();
    zsys_handler_set(NULL);
    zap = dv_zap_start(&network, topology.links, topology.link_count);
    ck_assert_ptr_nonnull(zap);
    if (actor.self == NULL) actor.self = calloc(1, sizeof(probe));
    actor.name = dv_topology_instance(&topology, dv_role_of(role));
    actor.links = topology.links;
    actor.link_count = topology.link_count;
    actor.network = &network;
    shell = zactor_new(dv_actor_run, &actor);
    zsock_set_rcvtimeo(shell, DEADLINE_MS);
    char *said = zstr_recv(shell);
    ck_assert_str_eq(said, "READY");
    zstr_free(&said);
}

/* ---- its peers ---- */

static void *context; /* of the other process */

static void *peer_new(int type, const char *name)
{
    int none = 0, deadline = DEADLINE_MS;
    void *peer = zmq_socket(context, type);
    ck_assert_ptr_nonnull(peer);
    zmq_setsockopt(peer, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(peer, ZMQ_RCVTIMEO, &deadline, sizeof deadline);
    zmq_setsockopt(peer, ZMQ_SNDTIMEO, &deadline, sizeof deadline);
    if (name != NULL) zmq_setsockopt(peer, ZMQ_ROUTING_ID, name, strlen(name));
    return peer;
}

/* Connects to the hub, or what passes on to it, as this instance, with the keys of the node (NULL:
   plaintext). */
static void *producer_at(const char *endpoint, const char *name, const char *public_key,
                         const char *secret_key)
{
    const dv_node *hub = dv_cluster_node(&cluster, "hub");
    void *peer = peer_new(ZMQ_DEALER, name);
    if (public_key != NULL) {
        zmq_setsockopt(peer, ZMQ_CURVE_SERVERKEY, hub->public_key, DV_KEY_SIZE - 1);
        zmq_setsockopt(peer, ZMQ_CURVE_PUBLICKEY, public_key, DV_KEY_SIZE - 1);
        zmq_setsockopt(peer, ZMQ_CURVE_SECRETKEY, secret_key, DV_KEY_SIZE - 1);
    }
    ck_assert_int_eq(zmq_connect(peer, endpoint), 0);
    return peer;
}

static void *producer_new(const char *name, const char *public_key, const char *secret_key)
{
    char endpoint[64];
    endpoint_of("hub", SCHEDULE, endpoint);
    return producer_at(endpoint, name, public_key, secret_key);
}

static void *producer_of(const char *node, const char *name)
{
    const dv_node *n = dv_cluster_node(&cluster, node);
    return producer_new(name, n->public_key, secret_of(n));
}

/* A consumer of the actor's, as the node's. */
static void *consumer_of(const char *node, dv_port port, const char *secret_key)
{
    const dv_node *n = dv_cluster_node(&cluster, node);
    int yes = 1;
    char endpoint[64];
    void *peer = peer_new(ZMQ_ROUTER, NULL);
    zmq_setsockopt(peer, ZMQ_CURVE_SERVER, &yes, sizeof yes);
    zmq_setsockopt(peer, ZMQ_CURVE_SECRETKEY, secret_key ? secret_key : secret_of(n),
                   DV_KEY_SIZE - 1);
    endpoint_of(node, port, endpoint);
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_MS * DV_NS_PER_MS;
    while (zmq_bind(peer, endpoint) != 0) /* the one before may not be gone yet */
        ck_assert_msg(zmq_errno() == EADDRINUSE && dv_time_now().mono_ns < deadline_ns, "%s",
                      zmq_strerror(zmq_errno()));
    return peer;
}

static void tell(void *socket, dv_message message)
{
    dv_buffer buffer = {0};
    dv_message_encode(&message, &buffer);
    ck_assert_int_ge(zmq_send(socket, buffer.bytes, buffer.size, 0), 0);
    dv_buffer_fini(&buffer);
}

static void arm(void *socket, uint64_t attempt)
{
    tell(socket, (dv_message){.type = DV_MSG_arm_retry, .arm_retry = {.attempt = attempt}});
}

/* Takes one message off a socket within so long; its type, 0 when none came. */
static unsigned hear(void *socket, bool routed, int timeout_ms, dv_message *ret)
{
    static dv_arena *arena;
    if (arena == NULL) arena = dv_arena_new();
    dv_arena_reset(arena);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    dv_peer from;
    dv_text bytes = message_take(socket, routed ? &from : NULL, 0);
    if (bytes.size == 0) return 0;
    ck_assert_int_eq(dv_message_decode(bytes.at, bytes.size, arena, ret), DV_OK);
    return ret->type;
}

static void assert_served(void *peer, uint64_t attempt)
{
    dv_message message;
    arm(peer, attempt);
    ck_assert_uint_eq(hear(peer, false, DEADLINE_MS, &message), DV_MSG_retry_event);
    ck_assert_uint_eq(message.retry_event.attempt, attempt);
}

static void make(void)
{
    memset(&cluster, 0, sizeof cluster);
    node_add("hub", "retry");
    node_add("e", "execution");
    node_add("f", "execution");
    node_add("x", "router:raydium");
    node_add("p", "persistence");
    node_add("q", "persistence");
    node_add("i", "ingest");
    node_add("j", "ingest");
    network = (dv_network){.curve = true};
    context = zmq_ctx_new();
}

static void end(void)
{
    zactor_destroy(&shell);
    dv_zap_stop(&zap);
    zmq_ctx_term(context);
    dv_topology_fini(&topology);
    log_read(0);
    ck_assert_msg(strstr(log_text, "ERROR") == NULL, "%s", log_text);
}

/* ---- who is let in ---- */

START_TEST(a_peer_with_its_key_and_name_is_served)
{
    launch("hub", "retry");
    void *e = producer_of("e", "execution@e"), *f = producer_of("f", "execution@f");
    for (uint64_t i = 0; i < 100; i++) {
        assert_served(e, i);
        assert_served(f, i);
    }
    ck_assert_int_eq(lines_logged("connection_refused"), 0);
    ck_assert_int_eq(lines_logged("message_dropped"), 0);
    zmq_close(e);
    zmq_close(f);
    end();
}
END_TEST

static void *stranger_new(int kind)
{
    char public_key[DV_KEY_SIZE], secret_key[DV_KEY_SIZE];
    zmq_curve_keypair(public_key, secret_key);
    switch (kind) {
    case 0: return producer_new("execution@e", public_key, secret_key);
    case 1: return producer_of("x", "execution@e"); /* a node that may not send here */
    case 2: return producer_of("hub", "retry@hub"); /* even of the cluster's heart */
    case 3: return producer_new("execution@e", NULL, NULL);
    default: ck_abort(); return NULL;
    }
}

static const char *const STRANGERS[] = {"unknown key", "not the role", "not the role", "no CURVE"};

START_TEST(who_has_no_right_key_is_refused_and_told_while_others_are_served)
{
    launch("hub", "retry");
    void *e = producer_of("e", "execution@e");
    assert_served(e, 1);
    void *stranger = stranger_new(_i);
    dv_message message;
    arm(stranger, 7);
    logged("connection_refused link=schedule address=127.0.0.1", STRANGERS[_i]);
    ck_assert_uint_eq(hear(stranger, false, 100, &message), 0);
    assert_served(e, 2);
    zmq_close(stranger);
    zmq_close(e);
    end();
}
END_TEST

/* Names under e's good key. */
static const char *const FALSE_NAMES[] = {
    "\xff\n\"\x1b@e",
    "execution@f",
    "execution",
    "retry@e",
    "gateway@e",
    "execution@",
    "@e",
    "execution@e/1234abcd",
    "",
    "x@e",
    "*@e",
    "a-name-of-more-than-thirty-one-bytes@e",
};

START_TEST(a_name_that_is_not_its_keys_is_not_heard)
{
    launch("hub", "retry");
    void *e = producer_of("e", "execution@e");
    assert_served(e, 1);
    void *impostor = producer_of("e", *FALSE_NAMES[_i] ? FALSE_NAMES[_i] : NULL);
    arm(impostor, 7);
    char *line = logged("message_dropped", "sender's name");
    ck_assert_msg(strstr(line, "link=schedule") != NULL, "%s", line);
    for (const char *c = line; *c; c++) ck_assert_msg(*c >= ' ' && *c < 0x7f, "%s", line);
    dv_message message;
    ck_assert_uint_eq(hear(impostor, false, 100, &message), 0);
    assert_served(e, 2);
    zmq_close(impostor);
    zmq_close(e);
    end();
}
END_TEST

START_TEST(a_peer_that_starts_anew_is_served_anew)
{
    launch("hub", "retry");
    for (uint64_t i = 0; i < 3; i++) {
        void *e = producer_of("e", "execution@e");
        assert_served(e, i);
        zmq_close(e);
    }
    end();
}
END_TEST

/* Such a connection once ended the process: libzmq sent it heartbeats. */
START_TEST(a_connection_whose_name_a_newer_one_has_taken_may_break_without_harm)
{
    launch("hub", "retry");
    const dv_node *e = dv_cluster_node(&cluster, "e");
    proxy between;
    char endpoint[64];
    proxy_start(&between, dv_cluster_node(&cluster, "hub")->port + link_port(SCHEDULE));
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", between.port);
    void *old = producer_at(endpoint, "execution@e", e->public_key, secret_of(e));
    assert_served(old, 1);
    void *new = producer_of("e", "execution@e");
    assert_served(new, 2);
    arm(old, 3); /* nobody takes it any more */
    for (uint64_t i = 0; i < 200; i++) assert_served(new, i);
    zmq_close(old);
    int64_t until_ns = dv_time_now().mono_ns + 2000 * DV_NS_PER_MS;
    while (dv_time_now().mono_ns < until_ns) assert_served(new, 4);
    zmq_close(new);
    proxy_stop(&between);
    end();
}
END_TEST

/* ---- hostile bytes ---- */

static void send_frames(void *peer, int count)
{
    for (int i = 0; i < count; i++) zmq_send(peer, "frame", 5, i + 1 < count ? ZMQ_SNDMORE : 0);
}

static void send_hostile(void *peer, int kind)
{
    char large[4096] = "";
    switch (kind) {
    case 0: zmq_send(peer, "", 0, 0); break;
    case 1: zmq_send(peer, "\xdd\xff\xff\xff\xff", 5, 0); break;
    case 2: zmq_send(peer, large, sizeof large, 0); break;
    case 3: send_frames(peer, 2); break;
    case 4: send_frames(peer, 1000); break;
    case 5: tell(peer, (dv_message){.type = DV_MSG_retry_event}); break;
    case 6: tell(peer, (dv_message){.type = DV_MSG_step_request}); break;
    default: ck_abort();
    }
}
#define HOSTILE_KINDS 7

START_TEST(hostile_frames_cost_a_line)
{
    int64_t begin_ns = dv_time_now().mono_ns;
    launch("hub", "retry");
    void *e = producer_of("e", "execution@e"), *f = producer_of("f", "execution@f");
    assert_served(e, 1);
    assert_served(f, 1);
    send_hostile(f, _i);
    char *line = logged("message_dropped", "peer=execution@f");
    ck_assert_msg(strstr(line, "link=schedule") != NULL, "%s", line);
    for (int i = 0; i < 1000; i++) send_hostile(f, _i);
    assert_served(e, 2);
    assert_served(f, 2);
    int64_t seconds = (dv_time_now().mono_ns - begin_ns) / DV_NS_PER_S + 1;
    ck_assert_int_le(lines_logged("message_dropped"), 1 + seconds);
    zmq_close(e);
    zmq_close(f);
    end();
}
END_TEST

START_TEST(a_message_that_is_too_large_costs_its_sender_the_connection)
{
    launch("hub", "retry");
    void *e = producer_of("e", "execution@e"), *f = producer_of("f", "execution@f");
    assert_served(e, 1);
    assert_served(f, 1);
    char *large = calloc(1, DV_MESSAGE_SIZE_MAX * 2);
    zmq_send(f, large, DV_MESSAGE_SIZE_MAX * 2, 0);
    free(large);
    assert_served(e, 2);
    zmq_close(f);
    f = producer_of("f", "execution@f");
    assert_served(f, 3);
    zmq_close(e);
    zmq_close(f);
    end();
}
END_TEST

static const char *const RAW[] = {
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    "\xff\x01\x02\x03\x04\x05\x06\x07\x08\x7f\x03\x01"
    "CURVE garbage garbage garbage garbage "
    "garbage garbage garbage garbage garbage garbage",
    "\x16\x03\x01\x02\x01\x01\xfc\x03\x03 a TLS hello and a lot more of it that goes on and on",
};

START_TEST(what_is_no_zeromq_is_closed_and_told)
{
    launch("hub", "retry");
    void *e = producer_of("e", "execution@e");
    assert_served(e, 1);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    at.sin_port = htons((uint16_t)(dv_cluster_node(&cluster, "hub")->port + link_port(SCHEDULE)));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_gt(send(fd, RAW[_i], strlen(RAW[_i]), MSG_NOSIGNAL), 0);
    shutdown(fd, SHUT_WR);
    char *line = logged("connection_refused", "link=schedule");
    ck_assert_msg(strstr(line, "address=") != NULL, "%s", line); /* ?, if it has gone again */
    close(fd);
    assert_served(e, 2);
    zmq_close(e);
    end();
}
END_TEST

START_TEST(a_peer_that_sends_too_fast_is_slowed_and_no_other)
{
    enum { RATE = 200, FLOOD = 20000 };
    network.peer_rate_max = RATE;
    launch("hub", "retry");
    void *e = producer_of("e", "execution@e"), *f = producer_of("f", "execution@f");
    assert_served(e, 1);
    int64_t start_ns = dv_time_now().mono_ns;
    for (uint64_t i = 0; i < FLOOD; i++) arm(f, i % 256);
    for (uint64_t i = 0; i < 20; i++) assert_served(e, i);
    char *line = logged("message_dropped", "peer_rate_max");
    ck_assert_msg(strstr(line, "peer=execution@f") != NULL, "%s", line);
    dv_message message;
    int served = 0;
    while (hear(f, false, 300, &message) != 0) served++;
    int64_t took_ms = (dv_time_now().mono_ns - start_ns) / DV_NS_PER_MS;
    ck_assert_int_ge(served, RATE / 2);
    ck_assert_int_le(served, RATE + RATE * took_ms / 1000 + 1);
    zmq_close(e);
    zmq_close(f);
    end();
}
END_TEST

/* ---- several consumers ---- */

static int trigger; /* a byte here makes the producer send its next number */

static void launch_producer(void)
{
    probe *p = calloc(1, sizeof *p);
    ck_assert_int_eq(pipe(p->pipe), 0);
    trigger = p->pipe[1];
    actor.self = p;
    launch("e", "execution");
}

static void send_next(int count)
{
    char bytes[256] = "";
    ck_assert_int_eq(write(trigger, bytes, (size_t)count), count);
}

/* What a consumer of this link heard, as a number; -1 when nothing came in time. */
static int64_t number_heard(void *consumer, int timeout_ms)
{
    dv_message message;
    switch (hear(consumer, true, timeout_ms, &message)) {
    case DV_MSG_lease_request: return (int64_t)message.lease_request.lease_ms;
    case DV_MSG_load_event: return (int64_t)message.load_event.in_flight;
    default: return -1;
    }
}

START_TEST(all_means_every_consumer_and_any_means_one_in_turn)
{
    void *p = consumer_of("p", WRITE, NULL), *q = consumer_of("q", WRITE, NULL);
    void *i = consumer_of("i", ASSIGN, NULL), *j = consumer_of("j", ASSIGN, NULL);
    launch_producer();
    logged("link_up link=write", "persistence@p");
    logged("link_up link=write", "persistence@q");
    logged("link_up link=assign", "ingest@i");
    logged("link_up link=assign", "ingest@j");
    enum { COUNT = 100 };
    send_next(COUNT);
    for (int64_t n = 0; n < COUNT; n++) {
        ck_assert_int_eq(number_heard(i, DEADLINE_MS), n);
        ck_assert_int_eq(number_heard(j, DEADLINE_MS), n);
    }
    for (int64_t n = 0; n < COUNT; n += 2) { /* whoever is first */
        int64_t one = number_heard(p, DEADLINE_MS), other = number_heard(q, DEADLINE_MS);
        ck_assert_int_eq(one + other, n + n + 1);
        ck_assert_int_eq(one / 2, other / 2);
    }
    ck_assert_int_eq(number_heard(p, 50), -1);
    ck_assert_int_eq(number_heard(q, 50), -1);
    zmq_close(p);
    zmq_close(q);
    zmq_close(i);
    zmq_close(j);
    end();
}
END_TEST

START_TEST(what_is_kept_reaches_in_order_a_consumer_that_starts_later)
{
    launch_producer();
    enum { COUNT = 50 };
    send_next(COUNT);
    void *p = consumer_of("p", WRITE, NULL);
    for (int64_t n = 0; n < COUNT; n++) ck_assert_int_eq(number_heard(p, DEADLINE_MS), n);
    zmq_close(p);
    end();
}
END_TEST

START_TEST(a_consumer_that_is_gone_is_passed_by_and_one_that_comes_back_is_used)
{
    void *p = consumer_of("p", WRITE, NULL), *q = consumer_of("q", WRITE, NULL);
    launch_producer();
    logged("link_up link=write", "persistence@p");
    logged("link_up link=write", "persistence@q");
    zmq_close(q);
    logged("link_down link=write", "persistence@q");
    enum { COUNT = 40 };
    send_next(COUNT);
    for (int64_t n = 0; n < COUNT; n++) ck_assert_int_eq(number_heard(p, DEADLINE_MS), n);
    log_size = 0;
    *log_text = '\0';
    q = consumer_of("q", WRITE, NULL);
    logged("link_up link=write", "persistence@q");
    send_next(2);
    ck_assert_int_ge(number_heard(q, DEADLINE_MS), COUNT);
    ck_assert_int_ge(number_heard(p, DEADLINE_MS), COUNT);
    zmq_close(p);
    zmq_close(q);
    end();
}
END_TEST

START_TEST(a_consumer_with_another_nodes_key_gets_nothing)
{
    char public_key[DV_KEY_SIZE], secret_key[DV_KEY_SIZE];
    zmq_curve_keypair(public_key, secret_key);
    void *thief = consumer_of("p", WRITE, secret_key), *q = consumer_of("q", WRITE, NULL);
    launch_producer();
    logged("link_up link=write", "persistence@q");
    enum { COUNT = 20 };
    send_next(COUNT);
    for (int64_t n = 0; n < COUNT; n++) ck_assert_int_eq(number_heard(q, DEADLINE_MS), n);
    ck_assert_int_eq(number_heard(thief, 200), -1);
    ck_assert_int_eq(lines_logged("link_up link=write peer=persistence@p"), 0);
    zmq_close(thief);
    zmq_close(q);
    end();
}
END_TEST

/* ---- plaintext ---- */

START_TEST(without_curve_names_are_still_held_against_the_cluster)
{
    network.curve = false;
    launch("hub", "retry");
    void *e = producer_new("execution@e", NULL, NULL), *x = producer_new("execution@x", NULL, NULL);
    assert_served(e, 1);
    arm(x, 7);
    logged("message_dropped", "peer=execution@x");
    zmq_close(e);
    zmq_close(x);
    end();
}
END_TEST

static void add_tests(Suite *suite)
{
    TCase *c = tcase_create("links");
    suite_add_tcase(suite, c);
    tcase_set_timeout(c, 30);
    tcase_add_checked_fixture(c, make, NULL);
    tcase_add_test(c, a_peer_with_its_key_and_name_is_served);
    tcase_add_loop_test(c, who_has_no_right_key_is_refused_and_told_while_others_are_served, 0,
                        sizeof STRANGERS / sizeof STRANGERS[0]);
    tcase_add_loop_test(c, a_name_that_is_not_its_keys_is_not_heard, 0,
                        sizeof FALSE_NAMES / sizeof FALSE_NAMES[0]);
    tcase_add_test(c, a_peer_that_starts_anew_is_served_anew);
    tcase_add_test(c, a_connection_whose_name_a_newer_one_has_taken_may_break_without_harm);
    tcase_add_loop_test(c, hostile_frames_cost_a_line, 0, HOSTILE_KINDS);
    tcase_add_test(c, a_message_that_is_too_large_costs_its_sender_the_connection);
    tcase_add_loop_test(c, what_is_no_zeromq_is_closed_and_told, 0, sizeof RAW / sizeof RAW[0]);
    tcase_add_test(c, a_peer_that_sends_too_fast_is_slowed_and_no_other);
    tcase_add_test(c, all_means_every_consumer_and_any_means_one_in_turn);
    tcase_add_test(c, what_is_kept_reaches_in_order_a_consumer_that_starts_later);
    tcase_add_test(c, a_consumer_that_is_gone_is_passed_by_and_one_that_comes_back_is_used);
    tcase_add_test(c, a_consumer_with_another_nodes_key_gets_nothing);
    tcase_add_test(c, without_curve_names_are_still_held_against_the_cluster);
}

int main(void)
{
    Suite *suite = suite_create("links");
    add_tests(suite);
    return suite_run(suite);
}
