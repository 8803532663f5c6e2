/* A stage for the gateway: the real actor with the real civetweb, scripted neighbours on its links,
   and clients that speak HTTP and WebSocket over plain TCP. Every wait has a deadline. */
#ifndef DV_TESTS_GATEWAY_STAGE_H
#define DV_TESTS_GATEWAY_STAGE_H

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/frames.h"
#include "tests/support/links.h"
#include "tests/support/mints.h"
#include "tests/support/ports.h"

#define DEADLINE_MS 5000

#define OVERDUE_MS 120000

/* The other end of one of the gateway's links. */
typedef struct neighbour {
    void *socket;
    dv_peer peer; /* the gateway, as heard last */
} neighbour;

static dv_gateway_config config;
static dv_tokens tokens;
static dv_actor actor;
static zactor_t *thread;
static neighbour ingest, store, feed;
static void *health;
static dv_arena *arena;

static dv_link links[5];

/* ---- the stage -------------------------------------------------------------------------- */

static inline int64_t now_ms(void)
{
    return dv_time_now().mono_ns / DV_NS_PER_MS;
}

static inline void *neighbour_bind(const char *endpoint)
{
    void *socket = zmq_socket(zsys_init(), ZMQ_ROUTER);
    int none = 0;
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    ck_assert_int_eq(zmq_bind(socket, endpoint), 0);
    return socket;
}

/* What a test may change before raise_curtain. */
static inline void stage_set(void)
{
    links[0] = link_at("submit", "inproc://stage-submit");
    links[1] = link_at("query", "inproc://stage-query");
    links[2] = link_at("feed", "inproc://stage-feed");
    links[3] = link_at("desk", "inproc://stage-desk");
    links[4] = link_at("health", "inproc://stage-health");
    char why[256];
    dv_config_set_defaults(&DV_GATEWAY_SECTION, &config);
    ck_assert_int_eq(dv_tokens_load("conf/tokens.conf", &tokens, why), DV_OK);
    snprintf(config.host, sizeof config.host, "127.0.0.1");
    config.port = free_port();
    config.http_threads = 8;
    config.websockets_max = 8;
    arena = dv_arena_new();
}

/* Starts the actor; returns what it says: READY, or FAILED. */
static inline char *raise_curtain(void)
{
    zsys_handler_set(NULL);
    ingest.socket = neighbour_bind("inproc://stage-submit");
    store.socket = neighbour_bind("inproc://stage-query");
    feed.socket = neighbour_bind("inproc://stage-feed");
    actor = (dv_actor){
        .class = &DV_GATEWAY_CLASS,
        .name = "gateway",
        .self = dv_gateway_new(&config, "", 0, OVERDUE_MS, &tokens, "inproc://stage-desk"),
        .links = links,
        .link_count = sizeof links / sizeof links[0]};
    thread = zactor_new(dv_actor_run, &actor);
    char *said = zstr_recv(thread);
    health = zmq_socket(zsys_init(), ZMQ_DEALER);
    zmq_connect(health, "inproc://stage-health");
    return said;
}

static inline void setup(void)
{
    stage_set();
    char *said = raise_curtain();
    ck_assert_str_eq(said, "READY");
    zstr_free(&said);
}

/* Knocks until told to stop: civetweb's listener looks up every two seconds, or when somebody
   comes, and so many tests would be slow. */
static inline void knock(zsock_t *pipe, void *arg)
{
    (void)arg;
    zsock_signal(pipe, 0);
    while ((zsock_events(pipe) & ZMQ_POLLIN) == 0) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)config.port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        (void)!connect(fd, (struct sockaddr *)&at, sizeof at);
        close(fd);
        zmq_pollitem_t item = {.socket = zsock_resolve(pipe), .events = ZMQ_POLLIN};
        zmq_poll(&item, 1, 5);
    }
}

static inline void teardown(void)
{
    zactor_t *knocker = zactor_new(knock, NULL);
    zactor_destroy(&thread);
    zactor_destroy(&knocker);
    zmq_close(ingest.socket);
    zmq_close(store.socket);
    zmq_close(feed.socket);
    zmq_close(health);
    dv_arena_destroy(&arena);
    zsys_shutdown();
}

/* ---- neighbours ------------------------------------------------------------------------- */

/* Takes the next message, whatever it is. False: none came by the deadline. */
static inline bool hear(neighbour *n, int wait_ms, dv_message *ret)
{
    if (!message_waits(n->socket, wait_ms)) return false;
    dv_text copy = dv_arena_text(arena, message_take(n->socket, &n->peer, 0));
    ck_assert_uint_gt(copy.size, 0);
    ck_assert_int_eq(dv_message_decode(copy.at, copy.size, arena, ret), DV_OK);
    return true;
}

/* Waits for a message of a type; others before it are passed over. */
static inline dv_message expect(neighbour *n, dv_message_type type)
{
    dv_message message;
    for (int64_t end = now_ms() + DEADLINE_MS; now_ms() < end;)
        if (hear(n, 100, &message) && message.type == type) return message;
    ck_abort_msg("no %s came", dv_message_info_of(type)->name);
}

static inline void tell(neighbour *n, const dv_message *message)
{
    dv_buffer bytes = {0};
    dv_message_encode(message, &bytes);
    zmq_send(n->socket, n->peer.bytes, n->peer.size, ZMQ_SNDMORE);
    zmq_send(n->socket, bytes.bytes, bytes.size, 0);
    dv_buffer_fini(&bytes);
}

static inline dv_id id_of(uint8_t number)
{
    dv_id id = {{0}};
    id.bytes[0] = 1;
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    id.bytes[15] = number;
    return id;
}

static inline const char *id_text(uint8_t number)
{
    static char texts[4][DV_ID_TEXT_SIZE];
    static int turn;
    char *text = texts[turn++ % 4];
    dv_id id = id_of(number);
    dv_id_format(&id, text);
    return text;
}

/* An order with its first `count` events (pending, routing, building, submitted, confirmed), at
   positions from `position` on. */
static inline dv_view view_of(uint8_t number, uint32_t count, uint64_t position)
{
    static const uint8_t STATES[] = {DV_STATE_pending, DV_STATE_routing, DV_STATE_building,
                                     DV_STATE_submitted, DV_STATE_finalized};
    dv_event *events = dv_arena_alloc(arena, count * sizeof *events);
    for (uint32_t i = 0; i < count; i++)
        events[i] = (dv_event){.seq = i + 1,
                               .position = position + i,
                               .state = STATES[i],
                               .attempt = i > 0,
                               .at_us = 1700000000000000ull + i};
    dv_attempt *attempt = dv_arena_alloc(arena, sizeof *attempt);
    *attempt = (dv_attempt){.number = 1};
    return (dv_view){.terms = {.order_id = id_of(number),
                               .order_type = DV_ORDER_MARKET,
                               .token_in = dv_text_of(SOL),
                               .token_out = dv_text_of(USDC),
                               .amount = 1000000000,
                               .slippage_bps = 100,
                               .amount_input = dv_text_of("1"),
                               .created_at_us = 1700000000000000ull},
                     .attempts = attempt,
                     .attempts_count = count > 1,
                     .events = events,
                     .events_count = count};
}

/* Ingest accepts the next order under this number. */
static inline dv_message accept_next(uint8_t number)
{
    dv_message submit = expect(&ingest, DV_MSG_submit_request);
    tell(&ingest, &(dv_message){.type = DV_MSG_submit_reply,
                                .request_id = submit.request_id,
                                .submit_reply = {.view = view_of(number, 1, 1)}});
    return submit;
}

/* The store answers the next order_request. */
static inline void found_next(const dv_view *view)
{
    dv_message get = expect(&store, DV_MSG_order_request);
    uint64_t id = get.request_id;
    if (view != NULL)
        tell(&store, &(dv_message){.type = DV_MSG_order_item,
                                   .request_id = id,
                                   .order_item = {view->events_count, *view}});
    tell(&store, &(dv_message){.type = DV_MSG_query_reply,
                               .request_id = id,
                               .query_reply = {.count = view != NULL}});
}

static inline void update(const dv_view *view, bool live)
{
    tell(&feed, &(dv_message){.type = DV_MSG_update_event, .update_event = {live, *view}});
}

/* Says how an actor is. */
static inline void beat(const char *name, dv_err degraded, uint64_t started_at_us)
{
    dv_buffer bytes = {0};
    dv_message_encode(&(dv_message){.type = DV_MSG_beat_event,
                                    .beat_event = {.actor = dv_text_of(name),
                                                   .pid = 1,
                                                   .degraded = degraded,
                                                   .started_at_us = started_at_us}},
                      &bytes);
    zmq_send(health, bytes.bytes, bytes.size, 0);
    dv_buffer_fini(&bytes);
}

/* ---- clients ---------------------------------------------------------------------------- */

typedef struct client {
    int fd;
    char *bytes; /* received, not yet read */
    size_t size;
} client;

typedef struct answer {
    int status;
    char head[2048];
    char *body; /* NUL-terminated */
} answer;

static inline client dial(void)
{
    client c = {.fd = socket(AF_INET, SOCK_STREAM, 0), .bytes = calloc(1, 1)};
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)config.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(connect(c.fd, (struct sockaddr *)&at, sizeof at), 0);
    return c;
}

static inline void hang_up(client *c)
{
    close(c->fd);
    free(c->bytes);
}

static inline void say(client *c, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int size = vasprintf(&text, format, args);
    va_end(args);
    ck_assert_int_eq(send(c->fd, text, (size_t)size, MSG_NOSIGNAL), size);
    free(text);
}

/* Waits for more bytes. False: the gateway closed, or nothing came. */
static inline bool listen_more(client *c)
{
    struct pollfd p = {c->fd, POLLIN, 0};
    if (poll(&p, 1, DEADLINE_MS) <= 0) return false;
    c->bytes = realloc(c->bytes, c->size + 65536 + 1);
    ssize_t n = recv(c->fd, c->bytes + c->size, 65536, 0);
    if (n <= 0) return false;
    c->size += (size_t)n;
    c->bytes[c->size] = '\0';
    return true;
}

static inline void consume(client *c, size_t size)
{
    memmove(c->bytes, c->bytes + size, c->size - size + 1);
    c->size -= size;
}

/* Reads one HTTP answer; its body lives in the arena. */
static inline answer read_answer(client *c)
{
    answer a = {0};
    char *end;
    while ((end = strstr(c->bytes, "\r\n\r\n")) == NULL) ck_assert(listen_more(c));
    size_t head = (size_t)(end - c->bytes) + 4;
    snprintf(a.head, sizeof a.head, "%.*s", (int)head, c->bytes);
    ck_assert_int_eq(sscanf(a.head, "HTTP/1.1 %d", &a.status), 1);
    const char *length = strcasestr(a.head, "content-length:");
    size_t size = length ? strtoul(length + 15, NULL, 10) : 0;
    while (c->size < head + size) ck_assert(listen_more(c));
    a.body = dv_arena_alloc(arena, size + 1);
    memcpy(a.body, c->bytes + head, size);
    consume(c, head + size);
    return a;
}

static inline answer get(client *c, const char *path)
{
    say(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    return read_answer(c);
}

static inline void post(client *c, const char *body)
{
    say(c,
        "POST /api/orders/execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        strlen(body), body);
}

static const char ORDER[] = "{\"tokenIn\":\"SOL\",\"tokenOut\":\"USDC\",\"amount\":1}";

static inline void upgrade(client *c, const char *path)
{
    say(c,
        "GET %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        path);
}

static inline client watch_open(const char *path)
{
    client c = dial();
    upgrade(&c, path);
    ck_assert_int_eq(read_answer(&c).status, 101);
    return c;
}

/* Opens a WebSocket for an order that the store knows, up to where it waits for the feed. */
static inline client follow_open(const char *path, const dv_view *view)
{
    client c = dial();
    upgrade(&c, path);
    found_next(view);
    ck_assert_int_eq(read_answer(&c).status, 101);
    expect(&feed, DV_MSG_watch_order);
    return c;
}

/* Reads a WebSocket frame into the arena, NUL-terminated; a close frame as "close <code> <reason>",
   the end of the connection as "end". Pings are passed over. */
static inline const char *read_frame(client *c)
{
    for (;;) {
        while (c->size < 2)
            if (!listen_more(c)) return "end";
        const unsigned char *b = (unsigned char *)c->bytes;
        size_t head = 2, size = b[1] & 127;
        if (size == 126) {
            while (c->size < 4)
                if (!listen_more(c)) return "end";
            b = (unsigned char *)c->bytes;
            size = (size_t)b[2] << 8 | b[3];
            head = 4;
        }
        ck_assert_uint_ne(size, 127);
        while (c->size < head + size)
            if (!listen_more(c)) return "end";
        b = (unsigned char *)c->bytes;
        int opcode = b[0] & 15;
        dv_text text = {c->bytes + head, (uint32_t)size};
        if (opcode == 8 && size >= 2)
            text = dv_arena_printf(arena, "close %d %.*s", b[head] << 8 | b[head + 1],
                                   (int)size - 2, c->bytes + head + 2);
        else
            text = dv_arena_printf(arena, "%.*s", (int)size, text.at);
        consume(c, head + size);
        if (opcode == 1 || opcode == 8) return text.at;
    }
}

static inline void write_frame(client *c, const char *text)
{
    size_t size = strlen(text);
    ck_assert_uint_lt(size, 65536);
    unsigned char head[8] = {0x81, 0x80 | 126, (unsigned char)(size >> 8), (unsigned char)size};
    ck_assert_int_eq(send(c->fd, head, 8, MSG_NOSIGNAL), 8); /* a mask of zeros masks nothing */
    ck_assert_int_eq(send(c->fd, text, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* Whether a frame says this of a number: "seq":3. */
static inline bool says(const char *frame, const char *name, uint64_t value)
{
    char with_comma[64], with_brace[64];
    snprintf(with_comma, sizeof with_comma, "\"%s\":%llu,", name, (unsigned long long)value);
    snprintf(with_brace, sizeof with_brace, "\"%s\":%llu}", name, (unsigned long long)value);
    return strstr(frame, with_comma) != NULL || strstr(frame, with_brace) != NULL;
}

#define ck_assert_says(frame, name, value)                                                         \
    do {                                                                                           \
        const char *frame_said = (frame);                                                          \
        ck_assert_msg(says(frame_said, name, value), "no %s %llu in %s", name,                     \
                      (unsigned long long)(value), frame_said);                                    \
    } while (0)
#define ck_assert_contains(text, part)                                                             \
    do {                                                                                           \
        const char *text_said = (text);                                                            \
        ck_assert_msg(strstr(text_said, part) != NULL, "no %s in %s", part, text_said);            \
    } while (0)

#endif
