#include "actors/base/actor.h"

#include <assert.h>
#include <errno.h>
#include <zmq.h>

#include "actors/base/log.h"

#define BURST 256 /* messages taken from one input before the next has its turn */
#define BEAT_EVERY_NS (500 * DV_NS_PER_MS)      /* how often an actor says how it is */
#define COMPLAIN_EVERY_NS (1000 * DV_NS_PER_MS) /* at most one line about bad or lost messages */
#define PORTS_MAX 32

/* ---- outbox ------------------------------------------------------------------------------- */

typedef struct entry {
    dv_port port;
    dv_peer to;
    size_t at, size; /* in bytes */
} entry;

struct dv_outbox {
    dv_arena *arena;
    dv_buffer bytes;
    entry *entries;
    size_t count, capacity;
};

dv_outbox *dv_outbox_new(void)
{
    dv_outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL) abort();
    outbox->arena = dv_arena_new();
    return outbox;
}

void dv_outbox_destroy(dv_outbox **outbox)
{
    if (outbox == NULL || *outbox == NULL) return;
    dv_arena_destroy(&(*outbox)->arena);
    dv_buffer_fini(&(*outbox)->bytes);
    free((*outbox)->entries);
    free(*outbox);
    *outbox = NULL;
}

void dv_send(dv_outbox *outbox, dv_port port, const dv_peer *to, const dv_message *message)
{
    if (outbox->count == outbox->capacity) {
        size_t capacity = outbox->capacity ? outbox->capacity * 2 : 64;
        entry *grown = realloc(outbox->entries, capacity * sizeof *grown);
        if (grown == NULL) abort();
        outbox->entries = grown;
        outbox->capacity = capacity;
    }
    entry *e = &outbox->entries[outbox->count++];
    *e = (entry){.port = port, .at = outbox->bytes.size};
    if (to != NULL) e->to = *to;
    dv_message_encode(message, &outbox->bytes);
    e->size = outbox->bytes.size - e->at;
}

dv_arena *dv_outbox_arena(dv_outbox *outbox)
{
    return outbox->arena;
}

size_t dv_outbox_count(const dv_outbox *outbox)
{
    return outbox->count;
}

dv_outbox_entry dv_outbox_at(const dv_outbox *outbox, size_t i)
{
    const entry *e = &outbox->entries[i];
    return (dv_outbox_entry){e->port, e->to, outbox->bytes.bytes + e->at, e->size};
}

void dv_outbox_clear(dv_outbox *outbox)
{
    outbox->count = 0;
    outbox->bytes.size = 0;
    dv_arena_reset(outbox->arena);
}

/* ---- the loop ----------------------------------------------------------------------------- */

/* A message that its link did not take yet. */
typedef struct kept {
    struct kept *next;
    dv_peer to;
    size_t size;
    char bytes[];
} kept;

typedef struct port {
    const dv_link *link;
    dv_port number;
    dv_link_side side;
    void *socket; /* libzmq's */
    kept *first, **last;
} port;

typedef struct loop {
    const dv_actor *actor;
    zsock_t *pipe;
    void *context; /* libzmq's, shared by the process */
    port ports[PORTS_MAX];
    uint32_t port_count;
    dv_outbox *outbox;
    bool draining, drained, stopped, busy;
    int64_t beat_at_ns;     /* next one */
    int64_t complain_at_ns; /* not before */
    uint64_t dropped;       /* not yet complained of */
} loop;

static bool is_bound(const port *p)
{
    return p->side == DV_SIDE_CONSUMER;
}

static bool is_routed(const port *p)
{
    return is_bound(p) && p->link->pattern == DV_DEALER_ROUTER;
}

static void complain(loop *l, dv_time now, const port *p, const char *what, dv_err error)
{
    l->dropped++;
    if (now.mono_ns < l->complain_at_ns) return;
    dv_warn("message_dropped", NULL, dv_kv_string("link", p->link->name), dv_kv_string("why", what),
            dv_kv_string("error", dv_err_name((uint16_t)error)),
            dv_kv_number("dropped", (int64_t)l->dropped));
    l->dropped = 0;
    l->complain_at_ns = now.mono_ns + COMPLAIN_EVERY_NS;
}

static int socket_type(const port *p)
{
    if (p->link->pattern == DV_PUB_SUB) return is_bound(p) ? ZMQ_SUB : ZMQ_PUB;
    return is_bound(p) ? ZMQ_ROUTER : ZMQ_DEALER;
}

static void set_int(void *socket, int option, int value)
{
    int rc = zmq_setsockopt(socket, option, &value, sizeof value);
    assert(rc == 0);
    (void)rc;
}

static bool port_open(loop *l, port *p)
{
    p->last = &p->first;
    p->socket = zmq_socket(l->context, socket_type(p));
    if (p->socket == NULL) return false;
    set_int(p->socket, ZMQ_LINGER, 0);
    set_int(p->socket, ZMQ_SNDHWM, p->link->high_water_mark);
    set_int(p->socket, ZMQ_RCVHWM, p->link->high_water_mark);
    int64_t size_max = DV_MESSAGE_SIZE_MAX;
    zmq_setsockopt(p->socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max);
    if (is_routed(p)) {
        set_int(p->socket, ZMQ_ROUTER_MANDATORY, 1);
        set_int(p->socket, ZMQ_ROUTER_HANDOVER, 1);
    } else if (is_bound(p)) {
        zmq_setsockopt(p->socket, ZMQ_SUBSCRIBE, "", 0);
    } else if (p->link->pattern == DV_DEALER_ROUTER) {
        zmq_setsockopt(p->socket, ZMQ_ROUTING_ID, l->actor->name, strlen(l->actor->name));
    }
    const char *endpoint = p->link->endpoint;
    return (is_bound(p) ? zmq_bind(p->socket, endpoint) : zmq_connect(p->socket, endpoint)) == 0;
}

static bool names_actor(const char *role, const char *actor)
{
    return streq(role, "*") || streq(role, actor);
}

static dv_err ports_open(loop *l, char ret_why[DV_REASON_MAX])
{
    const dv_actor *a = l->actor;
    for (uint32_t i = 0; i < a->link_count; i++) {
        const dv_link *link = &a->links[i];
        bool consumes = streq(link->consumer, a->name);
        if (!consumes && !names_actor(link->producer, a->name)) continue;
        assert(l->port_count < PORTS_MAX);
        port *p = &l->ports[l->port_count++];
        p->link = link;
        p->number = DV_PORT(link->kind, link->index);
        p->side = consumes ? DV_SIDE_CONSUMER : DV_SIDE_PRODUCER;
        if (!port_open(l, p)) {
            snprintf(ret_why, DV_REASON_MAX, "cannot %s %s (link %s): %s",
                     consumes ? "bind" : "connect to", link->endpoint, link->name,
                     zmq_strerror(zmq_errno()));
            return DV_START_FAILED;
        }
    }
    return DV_OK;
}

/* ---- sending ---- */

/* Hands one message to libzmq. False when the link would block; a peer that is gone counts as sent
   and is complained of, since waiting for it could last for ever. */
static bool transmit(loop *l, port *p, const dv_peer *to, const char *bytes, size_t size,
                     dv_time now)
{
    if (is_routed(p) && zmq_send(p->socket, to->bytes, to->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        if (zmq_errno() == EAGAIN) return false;
        complain(l, now, p, "its receiver is gone", DV_OK);
        return true;
    }
    if (zmq_send(p->socket, bytes, size, ZMQ_DONTWAIT) >= 0) return true;
    if (zmq_errno() == EAGAIN) return false;
    complain(l, now, p, zmq_strerror(zmq_errno()), DV_OK);
    return true;
}

static void keep(port *p, const dv_peer *to, const char *bytes, size_t size)
{
    kept *k = malloc(sizeof *k + size);
    if (k == NULL) abort();
    k->next = NULL;
    k->to = *to;
    k->size = size;
    memcpy(k->bytes, bytes, size);
    *p->last = k;
    p->last = &k->next;
}

static void kept_drop_first(port *p)
{
    kept *k = p->first;
    p->first = k->next;
    if (p->first == NULL) p->last = &p->first;
    free(k);
}

static void kept_send(loop *l, port *p, dv_time now)
{
    while (p->first != NULL && transmit(l, p, &p->first->to, p->first->bytes, p->first->size, now))
        kept_drop_first(p);
}

static port *port_find(loop *l, dv_port number)
{
    for (uint32_t i = 0; i < l->port_count; i++)
        if (l->ports[i].number == number) return &l->ports[i];
    return NULL;
}

static void outbox_flush(loop *l, dv_time now)
{
    for (uint32_t i = 0; i < l->port_count; i++) kept_send(l, &l->ports[i], now);
    for (size_t i = 0; i < dv_outbox_count(l->outbox); i++) {
        dv_outbox_entry e = dv_outbox_at(l->outbox, i);
        port *p = port_find(l, e.port);
        assert(p != NULL); /* an actor sends only on links it has */
        bool waiting = p->first != NULL;
        if (!waiting && transmit(l, p, &e.to, e.bytes, e.size, now)) continue;
        if (p->link->when_full == DV_KEEP)
            keep(p, &e.to, e.bytes, e.size);
        else
            complain(l, now, p, "the link is full", DV_OK);
    }
    dv_outbox_clear(l->outbox);
}

/* ---- receiving ---- */

/* Whether a message may come in here: on its own link, from the other side. A desk carries whatever
   a gateway's threads ask of their gateway. */
static bool expected(const port *p, dv_message_type type)
{
    if (p->link->kind == DV_LINK_desk) return true;
    const dv_message_info *info = dv_message_info_of(type);
    return info->link == p->link->kind && info->sender != p->side;
}

static void dispatch(loop *l, port *p, const dv_peer *peer, zmq_msg_t *frame, dv_time now)
{
    dv_envelope envelope = {.port = p->number, .peer = *peer};
    dv_err error = dv_message_decode(zmq_msg_data(frame), zmq_msg_size(frame),
                                     dv_outbox_arena(l->outbox), &envelope.message);
    if (error != DV_OK) {
        complain(l, now, p, "undecodable", error);
        return;
    }
    dv_handler *handler = l->actor->class->handlers[envelope.message.type];
    if (handler == NULL || !expected(p, envelope.message.type)) {
        complain(l, now, p, dv_message_info_of(envelope.message.type)->name, DV_MESSAGE_MALFORMED);
        return;
    }
    handler(l->actor->self, &envelope, now, l->outbox);
}

static void skip_rest(void *socket, zmq_msg_t *frame)
{
    while (zmq_msg_more(frame) && zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) >= 0) continue;
}

/* Takes one message. False when there is none. */
static bool receive(loop *l, port *p, dv_time now)
{
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    dv_peer peer = {0};
    bool got = zmq_msg_recv(&frame, p->socket, ZMQ_DONTWAIT) >= 0, good = got;
    if (got && is_routed(p)) {
        good = zmq_msg_size(&frame) <= sizeof peer.bytes && zmq_msg_more(&frame);
        if (good) {
            peer.size = (uint8_t)zmq_msg_size(&frame);
            memcpy(peer.bytes, zmq_msg_data(&frame), peer.size);
            good = zmq_msg_recv(&frame, p->socket, ZMQ_DONTWAIT) >= 0;
        }
    }
    if (good && !zmq_msg_more(&frame))
        dispatch(l, p, &peer, &frame, now);
    else if (got) {
        skip_rest(p->socket, &frame);
        complain(l, now, p, "not in two frames", DV_MESSAGE_MALFORMED);
    }
    zmq_msg_close(&frame);
    return got;
}

static bool receives(const port *p)
{
    return p->link->pattern == DV_DEALER_ROUTER || is_bound(p);
}

static void inputs_take(loop *l, dv_time now)
{
    l->busy = false;
    for (uint32_t i = 0; i < l->port_count; i++) {
        port *p = &l->ports[i];
        if (!receives(p)) continue;
        int n = 0;
        while (n < BURST && receive(l, p, now)) n++;
        if (n == BURST) l->busy = true;
    }
}

/* ---- commands ---- */

static void commands_take(loop *l, dv_time now)
{
    while (zsock_events(l->pipe) & ZMQ_POLLIN) {
        char *command = zstr_recv(l->pipe);
        if (command == NULL || streq(command, "$TERM"))
            l->stopped = true;
        else if (streq(command, "DRAIN") && !l->draining) {
            l->draining = true;
            if (l->actor->class->drain) l->actor->class->drain(l->actor->self, now, l->outbox);
        }
        zstr_free(&command);
        if (l->stopped) return;
    }
}

static void drained_check(loop *l)
{
    const dv_actor_class *class = l->actor->class;
    if (!l->draining || l->drained) return;
    if (class->drained != NULL && !class->drained(l->actor->self)) return;
    l->drained = true;
    zstr_send(l->pipe, "DRAINED");
}

/* ---- one turn ---- */

static void beat(loop *l, dv_time now)
{
    if (now.mono_ns < l->beat_at_ns) return;
    l->beat_at_ns = now.mono_ns + BEAT_EVERY_NS;
    dv_port number = DV_PORT(DV_LINK_health, 0);
    const port *p = port_find(l, number);
    if (p == NULL || is_bound(p)) return;
    const dv_actor_class *class = l->actor->class;
    dv_health health = class->health ? class->health(l->actor->self) : (dv_health){0};
    dv_send(l->outbox, number, NULL,
            &(dv_message){.type = DV_MSG_beat,
                          .beat = {.actor = dv_text_of(l->actor->name),
                                   .pid = (uint64_t)getpid(),
                                   .degraded = health.degraded,
                                   .text = dv_text_of(health.text)}});
}

typedef struct poll_set {
    zmq_pollitem_t items[1 + PORTS_MAX + DV_WATCH_MAX];
    int count, first_watch;
} poll_set;

static void poll_gather(loop *l, poll_set *ret)
{
    ret->count = 0;
    ret->items[ret->count++] =
        (zmq_pollitem_t){.socket = zsock_resolve(l->pipe), .events = ZMQ_POLLIN};
    for (uint32_t i = 0; i < l->port_count; i++) {
        const port *p = &l->ports[i];
        short events = (short)((receives(p) ? ZMQ_POLLIN : 0) | (p->first ? ZMQ_POLLOUT : 0));
        ret->items[ret->count++] = (zmq_pollitem_t){.socket = p->socket, .events = events};
    }
    ret->first_watch = ret->count;
    if (l->actor->class->watch == NULL) return;
    dv_watch watches[DV_WATCH_MAX];
    uint32_t count = l->actor->class->watch(l->actor->self, watches);
    for (uint32_t i = 0; i < count; i++) {
        short events = (short)((watches[i].readable ? ZMQ_POLLIN : 0) |
                               (watches[i].writable ? ZMQ_POLLOUT : 0));
        ret->items[ret->count++] = (zmq_pollitem_t){.fd = watches[i].fd, .events = events};
    }
}

static void watches_serve(loop *l, const poll_set *set, dv_time now)
{
    for (int i = set->first_watch; i < set->count; i++) {
        short got = set->items[i].revents;
        if (got == 0) continue;
        dv_watch watch = {.fd = set->items[i].fd,
                          .readable = (got & (ZMQ_POLLIN | ZMQ_POLLERR)) != 0,
                          .writable = (got & ZMQ_POLLOUT) != 0};
        l->actor->class->ready(l->actor->self, watch, now, l->outbox);
    }
}

static long poll_timeout_ms(const loop *l, int64_t deadline_ns, dv_time now)
{
    if (l->busy) return 0;
    int64_t left_ns = deadline_ns - now.mono_ns;
    if (left_ns <= 0) return 0;
    return (long)((left_ns + DV_NS_PER_MS - 1) / DV_NS_PER_MS);
}

static void loop_run(loop *l)
{
    const dv_actor_class *class = l->actor->class;
    dv_time now = dv_time_now();
    int64_t deadline_ns = now.mono_ns;
    while (!l->stopped) {
        poll_set set;
        poll_gather(l, &set);
        if (zmq_poll(set.items, set.count, poll_timeout_ms(l, deadline_ns, now)) < 0 &&
            zmq_errno() != EINTR)
            break; /* the context was terminated */
        now = dv_time_now();
        commands_take(l, now);
        if (l->stopped) break;
        inputs_take(l, now);
        watches_serve(l, &set, now);
        deadline_ns = class->tick ? class->tick(l->actor->self, now, l->outbox) : DV_NEVER;
        beat(l, now);
        deadline_ns = dv_min_i64(deadline_ns, l->beat_at_ns);
        outbox_flush(l, now);
        drained_check(l);
    }
}

static void loop_close(loop *l)
{
    for (uint32_t i = 0; i < l->port_count; i++) {
        while (l->ports[i].first != NULL) kept_drop_first(&l->ports[i]);
        if (l->ports[i].socket != NULL) zmq_close(l->ports[i].socket);
    }
    dv_outbox_destroy(&l->outbox);
}

/* Stops doing anything but waiting for the shell's word. */
static void wait_for_end(zsock_t *pipe)
{
    for (;;) {
        char *command = zstr_recv(pipe);
        bool end = command == NULL || streq(command, "$TERM");
        zstr_free(&command);
        if (end) return;
    }
}

void dv_actor_run(zsock_t *pipe, void *arg)
{
    dv_actor *actor = arg;
    dv_log_actor(actor->name);
    zsock_signal(pipe, 0); /* zactor_new returns; whether we are well is said below */

    loop l = {.actor = actor, .pipe = pipe, .context = zsys_init(), .outbox = dv_outbox_new()};
    char why[DV_REASON_MAX] = "";
    dv_err error = ports_open(&l, why);
    if (error == DV_OK && actor->class->start)
        error = actor->class->start(actor->self, dv_time_now(), l.outbox, why);
    if (error == DV_OK) {
        zstr_send(pipe, "READY");
        loop_run(&l);
    } else {
        zstr_sendx(pipe, "FAILED", dv_err_name((uint16_t)error), why, NULL);
        wait_for_end(pipe);
    }
    if (actor->class->destroy) actor->class->destroy(&actor->self);
    loop_close(&l);
}
