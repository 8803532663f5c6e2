/* Two gateways and two notifications over one store, all of them real but the store, which loses,
   delays and doubles what it publishes. Whatever is killed meanwhile, every client that comes back
   with `since` is shown every event once and in order, and all of them are shown the same. */
#include <stdatomic.h>

#include "actors/notification/notification.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "proto/view.h"
#include "tests/support/frames.h"
#include "tests/support/gateway_stage.h"
#include "tests/support/links.h"
#include "tests/support/suite.h"

#define ORDERS 250u
#define EVENTS_EACH 8u
#define TOTAL (ORDERS * EVENTS_EACH)
#define OPEN_ORDERS 12u /* that the store has under way at once */
#define VIEWERS 14u     /* clients; the first ALL_VIEWERS of them see all orders */
#define ALL_VIEWERS 4u
#define REST_MS 60000

/* ---- the store ---------------------------------------------------------------------------- */

typedef struct committed {
    uint32_t order;
    uint32_t seq;
} committed;

typedef struct feed_out {
    void *socket;
    uint64_t delayed; /* position of an event that is sent after the next one; 0: none */
} feed_out;

static uint32_t store_port, events_port[2];

typedef struct world {
    dv_arena *arena;
    committed log[TOTAL + 1]; /* by position */
    uint64_t position;        /* head */
    uint32_t seqs[ORDERS];
    uint64_t positions[ORDERS][EVENTS_EACH + 1];
    unsigned random;
    feed_out feeds[2];
    void *socket; /* ROUTER, asked by gateways and notifications */
} world;

static uint32_t chance(world *w, uint32_t below)
{
    return (uint32_t)rand_r(&w->random) % below;
}

static dv_id order_id(uint32_t order)
{
    dv_id id = {{1, 0, 0, 0, (uint8_t)(order >> 8), (uint8_t)order, 0x70, 0, 0x80}};
    return id;
}

static uint32_t order_of_id(const dv_id *id)
{
    return (uint32_t)id->bytes[4] << 8 | id->bytes[5];
}

/* What is learnt with an event of an order that needs two attempts. */
static uint32_t learnt(uint32_t seq, dv_attempt ret[2])
{
    static const dv_quote QUOTES[] = {
        {.venue = {"raydium", 7}, .amount_in = 1000000000, .amount_out = 150000000}};
    dv_attempt *a = &ret[0];
    ret[0] = ret[1] = (dv_attempt){0};
    a->number = seq < 5 ? 1 : 2;
    if (seq == 3 || seq == 6)
        *a = (dv_attempt){.number = a->number,
                          .venue = {"raydium", 7},
                          .reason = {"the only one", 12},
                          .quotes = QUOTES,
                          .quotes_count = 1,
                          .limit_amount = 140000000};
    if (seq == 4 || seq == 7) a->signature = seq == 4 ? dv_text_of("sig1") : dv_text_of("sig2");
    if (seq == 5) {
        a->due_at_us = 1700000000500000;
        ret[1] = (dv_attempt){.number = 1, .error = DV_VENUE_TRANSACTION_FAILED};
    }
    if (seq == 8) a->amount_in = 1000000000, a->amount_out = 149000000;
    return seq == 1 ? 0 : seq == 5 ? 2 : 1;
}

static dv_order_event event_of(world *w, uint32_t order, uint32_t seq, dv_attempt attempts[2])
{
    static const uint8_t STATES[] = {DV_STATE_pending,   DV_STATE_routing,  DV_STATE_building,
                                     DV_STATE_submitted, DV_STATE_routing,  DV_STATE_building,
                                     DV_STATE_submitted, DV_STATE_finalized};
    dv_order_event m = {.terms = {.order_id = order_id(order)},
                        .event = {.seq = seq,
                                  .position = w->positions[order][seq],
                                  .state = STATES[seq - 1],
                                  .attempt = seq == 1  ? 0
                                             : seq < 5 ? 1
                                                       : 2,
                                  .at_us = 1700000000000000 + w->positions[order][seq]},
                        .attempts = attempts,
                        .attempts_count = learnt(seq, attempts)};
    if (seq > 1) return m;
    m.terms.order_type = DV_ORDER_MARKET;
    m.terms.token_in = dv_text_of(SOL);
    m.terms.token_out = dv_text_of(USDC);
    m.terms.amount = 1000000000;
    m.terms.slippage_bps = 100;
    m.terms.amount_input = dv_text_of("1");
    m.terms.created_at_us = 1700000000000000;
    return m;
}

static dv_view view_folded(world *w, uint32_t order)
{
    dv_view view = {0};
    for (uint32_t seq = 1; seq <= w->seqs[order]; seq++) {
        dv_attempt attempts[2];
        dv_order_event m = event_of(w, order, seq, attempts);
        if (seq == 1) view.terms = m.terms;
        ck_assert(dv_view_apply(&view, &m.event, m.attempts, m.attempts_count, w->arena));
    }
    return view;
}

static void send_out(void *socket, const dv_peer *to, const dv_message *message)
{
    dv_buffer bytes = {0};
    dv_message_encode(message, &bytes);
    if (to != NULL) zmq_send(socket, to->bytes, to->size, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    zmq_send(socket, bytes.bytes, bytes.size, ZMQ_DONTWAIT);
    dv_buffer_fini(&bytes);
}

static void publish(world *w, feed_out *out, uint64_t position)
{
    dv_attempt attempts[2];
    dv_order_event m = event_of(w, w->log[position].order, w->log[position].seq, attempts);
    send_out(out->socket, NULL, &(dv_message){.type = DV_MSG_order_event, .order_event = m});
}

/* One in ten is lost, one in ten overtaken, one in ten doubled. */
static void publish_badly(world *w, feed_out *out, uint64_t position)
{
    uint32_t fate = chance(w, 10);
    uint64_t delayed = out->delayed;
    out->delayed = fate == 1 ? position : 0;
    if (fate > 1) publish(w, out, position);
    if (fate == 2) publish(w, out, position);
    if (delayed != 0) publish(w, out, delayed);
}

/* Commits the next event of one of the orders that are under way. */
static void commit(world *w)
{
    uint32_t first = 0;
    while (first < ORDERS && w->seqs[first] == EVENTS_EACH) first++;
    if (first == ORDERS) return;
    uint32_t order;
    do {
        order = first + chance(w, OPEN_ORDERS);
    } while (order >= ORDERS || w->seqs[order] == EVENTS_EACH);
    uint64_t position = ++w->position;
    w->log[position] = (committed){order, ++w->seqs[order]};
    w->positions[order][w->seqs[order]] = position;
    for (int i = 0; i < 2; i++) publish_badly(w, &w->feeds[i], position);
}

/* One in fifty is lost. */
static void show(world *w, const dv_peer *to, uint64_t request_id, uint32_t order, uint32_t seq)
{
    if (chance(w, 50) == 0) return;
    dv_order_item item = {seq, view_folded(w, order)};
    send_out(
        w->socket, to,
        &(dv_message){.type = DV_MSG_order_item, .request_id = request_id, .order_item = item});
}

static uint32_t page_show(world *w, const dv_peer *to, uint64_t request_id,
                          const dv_events_request *ask)
{
    uint32_t count = 0;
    for (uint64_t at = ask->after_position + 1; at <= w->position && count < ask->limit; at++) {
        show(w, to, request_id, w->log[at].order, w->log[at].seq);
        count++;
    }
    return count;
}

static void question_answer(world *w)
{
    dv_peer peer;
    dv_text bytes = message_take(w->socket, &peer, 0);
    dv_message m;
    ck_assert_int_eq(dv_message_decode(bytes.at, bytes.size, w->arena, &m), DV_OK);
    uint32_t count = 0;
    if (m.type == DV_MSG_order_request) {
        uint32_t order = order_of_id(&m.order_request.order_id);
        count = order < ORDERS && w->seqs[order] > 0;
        if (count > 0) show(w, &peer, m.request_id, order, w->seqs[order]);
    } else if (m.type == DV_MSG_events_request) {
        count = page_show(w, &peer, m.request_id, &m.events_request);
    }
    send_out(w->socket, &peer,
             &(dv_message){.type = DV_MSG_query_reply,
                           .request_id = m.request_id,
                           .query_reply = {DV_OK, count, w->position}});
}

static void *socket_new(int type, const char *name)
{
    void *socket = zmq_socket(zsys_init(), type);
    int none = 0, yes = 1, soon_ms = 50;
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    if (type == ZMQ_ROUTER) {
        zmq_setsockopt(socket, ZMQ_ROUTER_HANDOVER, &yes, sizeof yes);
    } else {
        zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, strlen(name));
        zmq_setsockopt(socket, ZMQ_IMMEDIATE, &yes, sizeof yes);
        zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &soon_ms, sizeof soon_ms);
    }
    return socket;
}

static const char *at_port(uint32_t port)
{
    static char texts[64][40];
    static _Atomic unsigned turn;
    char *text = texts[turn++ % 64];
    snprintf(text, 40, "tcp://127.0.0.1:%u", port);
    return text;
}

/* The store's thread: commits an event every now and then, and answers in between. */
static void store_run(zsock_t *pipe, void *unused)
{
    (void)unused;
    world *w = calloc(1, sizeof *w);
    w->arena = dv_arena_new();
    w->random = 7;
    w->socket = socket_new(ZMQ_ROUTER, "");
    ck_assert_int_eq(zmq_bind(w->socket, at_port(store_port)), 0);
    for (int i = 0; i < 2; i++) {
        w->feeds[i].socket = socket_new(ZMQ_DEALER, "persistence@p");
        zmq_connect(w->feeds[i].socket, at_port(events_port[i]));
    }
    zsock_signal(pipe, 0);
    zmq_pollitem_t items[] = {{.socket = w->socket, .events = ZMQ_POLLIN},
                              {.socket = zsock_resolve(pipe), .events = ZMQ_POLLIN}};
    int64_t commit_at_ns = 0;
    while ((items[1].revents & ZMQ_POLLIN) == 0) {
        zmq_poll(items, 2, 1);
        while (message_waits(w->socket, 0)) question_answer(w);
        if (dv_time_now().mono_ns >= commit_at_ns) {
            commit(w);
            commit_at_ns = dv_time_now().mono_ns + 2 * DV_NS_PER_MS;
        }
        dv_arena_reset(w->arena);
    }
    zmq_close(w->socket);
    for (int i = 0; i < 2; i++) zmq_close(w->feeds[i].socket);
    dv_arena_destroy(&w->arena);
    free(w);
}

/* ---- the actors ---------------------------------------------------------------------------- */

static bool anybody(const void *policy, const dv_link *link, const char *name)
{
    (void)policy, (void)link, (void)name;
    return true;
}

static const dv_network NETWORK = {.peer_rate_max = 1000000, .may_produce = anybody};

/* An actor in a process of its own, as it were. */
typedef struct place {
    dv_actor actor;
    dv_gateway_config config;
    char node[8];
    dv_link links[5];
    char desk[40];
    zactor_t *thread; /* NULL: killed */
} place;

static place gateways[2], notifications[2];
static dv_remote store_remote, feed_remotes[2], health_remotes[2];
static uint32_t feed_port[2], health_port[2], http_port[2];

static void places_plan(void)
{
    store_port = free_port();
    store_remote = (dv_remote){"persistence@p", at_port(store_port), NULL};
    for (int i = 0; i < 2; i++) {
        events_port[i] = free_port();
        feed_port[i] = free_port();
        health_port[i] = free_port();
        http_port[i] = free_port();
        feed_remotes[i] =
            (dv_remote){i ? "notification@n1" : "notification@n0", at_port(feed_port[i]), NULL};
        health_remotes[i] =
            (dv_remote){i ? "gateway@g1" : "gateway@g0", at_port(health_port[i]), NULL};
    }
}

static void place_start(place *p, const dv_actor_class *class, const char *name, void *self)
{
    p->actor = (dv_actor){.class = class,
                          .name = name,
                          .self = self,
                          .links = p->links,
                          .link_count = 5,
                          .network = &NETWORK};
    p->thread = zactor_new(dv_actor_run, &p->actor);
    char *said = zstr_recv(p->thread);
    ck_assert_str_eq(said, "READY");
    zstr_free(&said);
}

static void gateway_start(int i)
{
    place *p = &gateways[i];
    static const char *const NAMES[] = {"gateway@g0", "gateway@g1"};
    p->config = config;
    p->config.port = http_port[i];
    snprintf(p->node, sizeof p->node, "g%d", i);
    snprintf(p->desk, sizeof p->desk, "inproc://streams-desk-%d", i);
    p->links[0] = link_named("query");
    p->links[0].remotes = &store_remote;
    p->links[0].remote_count = 1;
    p->links[1] = link_named("feed");
    p->links[1].remotes = feed_remotes;
    p->links[1].remote_count = 2;
    p->links[2] = link_named("desk");
    p->links[2].endpoint = p->desk;
    p->links[3] = link_named("health");
    p->links[3].tcp_endpoint = at_port(health_port[i]);
    p->links[4] = (dv_link){.name = "none", .producers = "none", .consumer = "none"};
    place_start(p, &DV_GATEWAY_CLASS, NAMES[i],
                dv_gateway_new(&p->config, p->node, 0, OVERDUE_MS, &tokens, p->desk));
}

static void notification_start(int i)
{
    place *p = &notifications[i];
    static const char *const NAMES[] = {"notification@n0", "notification@n1"};
    p->links[0] = link_named("query");
    p->links[0].remotes = &store_remote;
    p->links[0].remote_count = 1;
    p->links[1] = link_named("feed");
    p->links[1].tcp_endpoint = at_port(feed_port[i]);
    p->links[2] = link_named("events");
    p->links[2].tcp_endpoint = at_port(events_port[i]);
    p->links[3] = link_named("health");
    p->links[3].remotes = health_remotes;
    p->links[3].remote_count = 2;
    p->links[4] = (dv_link){.name = "none", .producers = "none", .consumer = "none"};
    place_start(p, &DV_NOTIFICATION_CLASS, NAMES[i], dv_notification_new());
}

static void kill_place(place *p)
{
    config.port = p->config.port; /* that knock knows where */
    zactor_t *knocker = p->config.port ? zactor_new(knock, NULL) : NULL;
    zactor_destroy(&p->thread);
    zactor_destroy(&knocker);
    for (uint32_t i = 0; i < p->actor.link_count; i++) {
        const char *endpoint = p->links[i].tcp_endpoint;
        if (endpoint != NULL) port_await((uint16_t)strtoul(strrchr(endpoint, ':') + 1, NULL, 10));
    }
    if (p->config.port) port_await(p->config.port);
}

/* Lets it send its clients away before it ends. */
static void drain_place(place *p)
{
    zstr_send(p->thread, "DRAIN");
    char *said = zstr_recv(p->thread);
    ck_assert_str_eq(said, "DRAINED");
    zstr_free(&said);
    kill_place(p);
}

/* ---- the clients --------------------------------------------------------------------------- */

typedef struct viewer {
    client wire;
    bool used, open, done;
    bool all;        /* of all orders; else of one */
    uint32_t order;  /* the one */
    uint64_t cursor; /* position, or seq, of the last frame */
} viewer;

static viewer viewers[VIEWERS];
static char *frames[TOTAL + 1]; /* by position, as first shown */
static unsigned luck = 3;
static uint32_t resumed;

/* Connects to a gateway that lives, and resumes. False: not this time. */
static bool viewer_open(viewer *v)
{
    int g = rand_r(&luck) % 2;
    if (gateways[g].thread == NULL) g = 1 - g;
    config.port = http_port[g];
    char path[120], id[DV_ID_TEXT_SIZE];
    dv_id order = order_id(v->order);
    dv_id_format(&order, id);
    if (v->all)
        snprintf(path, sizeof path, "/api/orders/ws?since=%u", (unsigned)v->cursor);
    else
        snprintf(path, sizeof path, "/ws/orders?orderId=%s&since=%u", id, (unsigned)v->cursor);
    v->wire = dial();
    upgrade(&v->wire, path);
    answer a = read_answer(&v->wire);
    v->open = a.status == 101;
    ck_assert_msg(v->open || a.status == 503 || a.status == 404, "%d: %s", a.status, a.body);
    if (!v->open) hang_up(&v->wire); /* its answer was lost on the way from the store */
    resumed += v->open && v->cursor > 0;
    return v->open;
}

static void viewer_close(viewer *v)
{
    hang_up(&v->wire);
    v->open = false;
}

static uint64_t number_in(const char *frame, const char *name)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    const char *at = strstr(frame, quoted);
    ck_assert_msg(at != NULL, "no %s in %s", name, frame);
    return strtoull(at + strlen(quoted), NULL, 10);
}

/* A client of its own follows every so many orders from their first event on. */
static void order_follow(const char *frame)
{
    dv_id id;
    dv_text text = {strstr(frame, "\"orderId\":\"") + 11, DV_ID_TEXT_SIZE - 1};
    ck_assert(dv_id_parse(text, &id));
    for (uint32_t i = ALL_VIEWERS; i < VIEWERS; i++) {
        viewer *v = &viewers[i];
        if (v->used && !v->done) continue;
        if (v->open) viewer_close(v);
        *v = (viewer){.used = true, .order = order_of_id(&id)};
        return;
    }
}

static void frame_take(viewer *v, const char *frame)
{
    uint64_t position = number_in(frame, "position"), seq = number_in(frame, "seq");
    ck_assert_uint_eq(v->all ? position : seq, v->cursor + 1); /* none skipped, none twice */
    ck_assert(position <= TOTAL);
    if (frames[position] == NULL) frames[position] = strdup(frame);
    ck_assert_str_eq(frame, frames[position]); /* the same for all */
    v->cursor++;
    v->done = v->cursor == (v->all ? TOTAL : EVENTS_EACH);
    if (v == &viewers[0] && seq == 1) order_follow(frame);
}

/* Takes what has come for a client, or lets it connect. Returns whether anything came. */
static bool viewer_serve(viewer *v)
{
    if (!v->used || v->done) return false;
    if (!v->open && !viewer_open(v)) return false;
    struct pollfd p = {v->wire.fd, POLLIN, 0};
    if (v->wire.size == 0 && poll(&p, 1, 1) <= 0) return false;
    const char *frame = read_frame(&v->wire);
    if (strcmp(frame, "end") == 0 || strncmp(frame, "close ", 6) == 0)
        viewer_close(v);
    else
        frame_take(v, frame);
    if (v->open && rand_r(&luck) % 200 == 0) viewer_close(v); /* and comes back elsewhere */
    return true;
}

static bool all_done(void)
{
    for (uint32_t i = 0; i < VIEWERS; i++)
        if (viewers[i].used && !viewers[i].done) return false;
    return true;
}

/* What is killed when the first client has seen so much. */
static void strike(uint64_t *step, uint64_t seen)
{
    if (seen < (*step + 1) * (TOTAL / 10)) return;
    switch ((*step)++) {
    case 1: kill_place(&gateways[0]); break;
    case 2: gateway_start(0); break;
    case 3: kill_place(&notifications[0]); break;
    case 4: notification_start(0); break;
    case 5: drain_place(&gateways[1]); break;
    case 6: gateway_start(1); break;
    case 7:
        for (int i = 0; i < 2; i++) kill_place(&notifications[i]);
        for (int i = 0; i < 2; i++) notification_start(i);
        break;
    default: break;
    }
}

START_TEST(clients_that_resume_are_shown_every_event_once_whatever_is_killed)
{
    stage_set();
    zsys_handler_set(NULL);
    config.websockets_max = 32;
    places_plan();
    zactor_t *store_thread = zactor_new(store_run, NULL);
    for (int i = 0; i < 2; i++) notification_start(i);
    for (int i = 0; i < 2; i++) gateway_start(i);
    for (uint32_t i = 0; i < ALL_VIEWERS; i++) viewers[i] = (viewer){.used = true, .all = true};
    uint64_t step = 0;
    int64_t end_ms = now_ms() + REST_MS;
    while (!all_done() && now_ms() < end_ms) {
        for (uint32_t i = 0; i < VIEWERS; i++) viewer_serve(&viewers[i]);
        strike(&step, viewers[0].cursor);
        dv_arena_reset(arena);
    }
    for (uint32_t i = 0; i < VIEWERS; i++)
        ck_assert_msg(!viewers[i].used || viewers[i].done, "client %u saw %u", i,
                      (unsigned)viewers[i].cursor);
    ck_assert_uint_ge(step, 8);
    ck_assert_uint_gt(resumed, 10);
    for (uint32_t i = 0; i < VIEWERS; i++)
        if (viewers[i].open) viewer_close(&viewers[i]);
    for (int i = 0; i < 2; i++) kill_place(&gateways[i]);
    for (int i = 0; i < 2; i++) kill_place(&notifications[i]);
    zsock_signal(store_thread, 0);
    zactor_destroy(&store_thread);
    for (uint64_t i = 0; i <= TOTAL; i++) free(frames[i]);
    dv_arena_destroy(&arena);
    zsys_shutdown();
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("streams");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, clients_that_resume_are_shown_every_event_once_whatever_is_killed);
    Suite *suite = suite_create("streams");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
