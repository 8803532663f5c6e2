#include "actors/base/actor.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <zmq.h>

#include "actors/base/failpoint.h"
#include "actors/base/lanes.h"
#include "actors/base/log.h"
#include "proto/codec.h"

#define COMPLAIN_EVERY_NS (1000 * DV_NS_PER_MS) /* at most one line about a link's bad messages */
#define PEERS_WAIT_NS (2 * DV_NS_PER_MS)        /* between tries of what peers had no room for */
#define PORTS_MAX 32
#define PARCELS_SEARCHED 16

/* What a turn waits for. zmq_poll would ask every socket three times over whether it has something,
   two system calls each time; so their descriptors are polled instead. */
typedef struct poll_set {
    struct pollfd *items; /* the pipe, the lanes, the watches */
    nfds_t count, first_watch;
} poll_set;

/* Messages of one turn for one receiver, which leave together. */
typedef struct parcel {
    dv_port port;
    dv_peer to;
    dv_buffer bytes;
} parcel;

typedef struct loop {
    const dv_actor *actor;
    zsock_t *pipe;
    void *context; /* libzmq's, shared by the process */
    dv_lanes ports[PORTS_MAX];
    uint32_t port_count;
    poll_set polls;
    dv_outbox *outbox;
    parcel *parcels; /* those after the count keep their buffers */
    uint32_t parcel_count, parcel_capacity;
    bool draining, drained, stopped;
    bool pipe_unsure;   /* as dv_lane.unsure */
    int64_t beat_at_ns; /* next one */
    int64_t started_at_us;
    uint64_t turns, messages_in, messages_out; /* since the start */
    int64_t busy_ns, idle_ns;                  /* in turns, and between them */
} loop;

static void complain(dv_time now, dv_lanes *p, const char *what, dv_err error, const dv_peer *from)
{
    p->dropped++;
    if (now.mono_ns < p->complain_at_ns) return;
    char peer[DV_NAME_MAX + 1]; /* it may hold anything */
    for (uint8_t i = 0; i < from->size; i++)
        peer[i] = (char)(from->bytes[i] > ' ' && from->bytes[i] < 0x7f ? from->bytes[i] : '?');
    peer[from->size] = '\0';
    dv_warn("message_dropped", NULL, dv_kv_string("link", p->link->name), dv_kv_string("why", what),
            dv_kv_string("error", dv_err_name((uint16_t)error)), dv_kv_string("peer", peer),
            dv_kv_number("dropped", (int64_t)p->dropped));
    p->dropped = 0;
    p->complain_at_ns = now.mono_ns + COMPLAIN_EVERY_NS;
}

static dv_err ports_open(loop *l, char ret_why[DV_REASON_MAX])
{
    const dv_actor *a = l->actor;
    dv_err error = DV_OK;
    size_t lanes = 0;
    for (uint32_t i = 0; i < a->link_count && error == DV_OK; i++) {
        if (!dv_lanes_concern(&a->links[i], a->name)) continue;
        assert(l->port_count < PORTS_MAX);
        dv_lanes *p = &l->ports[l->port_count++];
        error = dv_lanes_open(p, l->context, a->name, &a->links[i], a->network, ret_why);
        lanes += p->count;
    }
    l->polls.items = calloc(1 + lanes + DV_WATCH_MAX, sizeof *l->polls.items);
    if (l->polls.items == NULL) abort();
    return error;
}

/* ---- sending ---- */

static dv_lanes *port_find(loop *l, dv_port number)
{
    for (uint32_t i = 0; i < l->port_count; i++)
        if (l->ports[i].number == number) return &l->ports[i];
    return NULL;
}

/* A new, empty parcel. */
static parcel *parcel_add(loop *l, dv_port port, const dv_peer *to)
{
    if (l->parcel_count == l->parcel_capacity) {
        uint32_t capacity = l->parcel_capacity ? 2 * l->parcel_capacity : 16;
        parcel *grown = realloc(l->parcels, capacity * sizeof *grown);
        if (grown == NULL) abort();
        memset(grown + l->parcel_capacity, 0, (capacity - l->parcel_capacity) * sizeof *grown);
        l->parcels = grown;
        l->parcel_capacity = capacity;
    }
    parcel *p = &l->parcels[l->parcel_count++];
    p->port = port;
    p->to = *to;
    return p;
}

/* The latest parcel for a receiver, or a new one when it is not among the last few: there may be a
   thousand receivers, and a second parcel is as good, since they leave in order. */
static parcel *parcel_of(loop *l, dv_port port, const dv_peer *to)
{
    for (uint32_t n = 1; n <= l->parcel_count && n <= PARCELS_SEARCHED; n++) {
        parcel *p = &l->parcels[l->parcel_count - n];
        if (p->port == port && p->to.size == to->size &&
            memcmp(p->to.bytes, to->bytes, to->size) == 0)
            return p;
    }
    return parcel_add(l, port, to);
}

static void parcel_send(loop *l, parcel *what, dv_time now)
{
    if (what->bytes.size == 0) return;
    dv_lanes *p = port_find(l, what->port);
    assert(p != NULL); /* an actor sends only on links it has */
    const char *fault = dv_lanes_send(p, &what->to, what->bytes.bytes, what->bytes.size);
    if (fault != NULL) complain(now, p, fault, DV_OK, &what->to);
    what->bytes.size = 0;
}

static void entry_send(loop *l, const dv_outbox_entry *e, dv_time now)
{
    parcel *p = parcel_of(l, e->port, &e->to);
    if (p->bytes.size + e->size > DV_FRAME_SIZE_MAX) parcel_send(l, p, now);
    dv_buffer_add(&p->bytes, e->bytes, e->size);
}

static void outbox_flush(loop *l, dv_time now)
{
    for (uint32_t i = 0; i < l->port_count; i++) {
        const char *fault = dv_lanes_flush(&l->ports[i]);
        if (fault != NULL) complain(now, &l->ports[i], fault, DV_OK, &(dv_peer){0});
    }
    l->messages_out += dv_outbox_count(l->outbox);
    for (size_t i = 0; i < dv_outbox_count(l->outbox); i++) {
        dv_outbox_entry e = dv_outbox_at(l->outbox, i);
        dv_fail_verdict fail = DV_FAILPOINT_MESSAGE(l->actor->name, DV_FAIL_SENDING, e.type);
        if (fail != DV_FAIL_DROP) entry_send(l, &e, now);
        if (fail == DV_FAIL_TWICE) entry_send(l, &e, now);
    }
    for (uint32_t i = 0; i < l->parcel_count; i++) parcel_send(l, &l->parcels[i], now);
    l->parcel_count = 0;
    dv_outbox_clear(l->outbox);
}

/* ---- receiving ---- */

/* Whether a message may come in here: on its own link, from the other side. A desk carries whatever
   a gateway's threads ask of their gateway. */
static bool expected(const dv_lanes *p, const dv_lane *lane, dv_message_type type)
{
    if (p->link->kind == DV_LINK_desk) return true;
    const dv_message_info *info = dv_message_info_of(type);
    dv_link_side sender = lane->bound ? DV_SIDE_PRODUCER : DV_SIDE_CONSUMER;
    return info->link == p->link->kind && info->sender == sender;
}

/* Takes the first message off a frame and hands it to its handler. */
static void dispatch(loop *l, dv_lanes *p, const dv_lane *lane, const dv_peer *peer, dv_text *frame,
                     dv_time now)
{
    dv_envelope envelope;
    envelope.port = p->number;
    envelope.peer = *peer;
    envelope.bytes.at = frame->at;
    dv_err error = dv_frame_decode(frame, dv_outbox_arena(l->outbox), &envelope.message);
    envelope.bytes.size = (uint32_t)(frame->at - envelope.bytes.at);
    if (error != DV_OK) {
        complain(now, p, "undecodable", error, peer);
        return;
    }
    dv_handler *handler = l->actor->class->handlers[envelope.message.type];
    if (handler == NULL || !expected(p, lane, envelope.message.type)) {
        complain(now, p, dv_message_info_of(envelope.message.type)->name, DV_MESSAGE_MALFORMED,
                 peer);
        return;
    }
    dv_message_type type = envelope.message.type;
    dv_fail_verdict fail = DV_FAILPOINT_MESSAGE(l->actor->name, DV_FAIL_TAKEN, type);
    if (fail == DV_FAIL_DROP) return;
    handler(l->actor->self, &envelope, now, l->outbox);
    if (fail == DV_FAIL_TWICE) handler(l->actor->self, &envelope, now, l->outbox);
    (void)DV_FAILPOINT_MESSAGE(l->actor->name, DV_FAIL_HANDLED, type);
}

/* Takes one frame; returns how many messages it held, 0 when there is none. */
static int receive(loop *l, dv_lanes *p, dv_lane *lane, dv_time now)
{
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    dv_peer peer;
    const char *fault;
    int count = 0;
    dv_taken taken = dv_lanes_take(p, lane, now, &frame, &peer, &fault);
    if (taken == DV_TAKEN_FAULT) {
        complain(now, p, fault, DV_MESSAGE_MALFORMED, &peer);
        count = 1;
    } else if (taken == DV_TAKEN_MESSAGE) {
        dv_text rest = {zmq_msg_data(&frame), (uint32_t)zmq_msg_size(&frame)};
        do dispatch(l, p, lane, &peer, &rest, now);
        while (count++, rest.size > 0);
    }
    zmq_msg_close(&frame);
    return count;
}

/* Takes all there is from a lane, or a burst. */
static void input_take(loop *l, dv_lanes *p, dv_lane *lane, dv_time now)
{
    int n = 0, taken;
    while (n < DV_BURST && (taken = receive(l, p, lane, now)) > 0) n += taken;
    l->messages_in += (uint64_t)n;
    lane->has_input = n >= DV_BURST;
}

/* Takes from the lanes that the poll found something on, in its order. */
static void inputs_take(loop *l, dv_time now)
{
    const struct pollfd *item = &l->polls.items[1];
    for (uint32_t i = 0; i < l->port_count; i++) {
        dv_lanes *p = &l->ports[i];
        for (uint32_t k = 0; k < p->count; k++, item++)
            if (item->revents != 0 || p->lanes[k].has_input) input_take(l, p, &p->lanes[k], now);
    }
}

/* ---- commands ---- */

static void commands_take(loop *l, dv_time now)
{
    if (l->polls.items[0].revents == 0 && !l->pipe_unsure) return;
    l->pipe_unsure = false;
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
    l->pipe_unsure = true;
    zstr_send(l->pipe, "DRAINED");
}

/* ---- one turn ---- */

/* Says which consumers came or went. */
static void lanes_look(loop *l)
{
    for (uint32_t i = 0; i < l->port_count; i++) {
        dv_lanes *p = &l->ports[i];
        for (uint32_t k = p->bound_count; k < p->count; k++) {
            dv_lane *lane = &p->lanes[k];
            if (!dv_lane_changed(lane)) continue;
            dv_info(lane->up ? "link_up" : "link_down", NULL, dv_kv_string("link", p->link->name),
                    dv_kv_string("peer", lane->remote->name));
        }
    }
}

static void beat(loop *l, dv_time now)
{
    if (now.mono_ns < l->beat_at_ns) return;
    l->beat_at_ns = now.mono_ns + DV_BEAT_EVERY_NS;
    lanes_look(l);
    dv_port number = DV_PORT(DV_LINK_health, 0);
    const dv_lanes *p = port_find(l, number);
    if (p == NULL || p->count == p->bound_count) return;
    const dv_actor_class *class = l->actor->class;
    dv_health health = class->health ? class->health(l->actor->self) : (dv_health){0};
    dv_send(l->outbox, number, NULL,
            &(dv_message){.type = DV_MSG_beat_event,
                          .beat_event = {.actor = dv_text_of(l->actor->name),
                                         .pid = (uint64_t)getpid(),
                                         .degraded = health.degraded,
                                         .text = dv_text_of(health.text),
                                         .orders = health.orders,
                                         .overdue = health.overdue,
                                         .started_at_us = (uint64_t)l->started_at_us,
                                         .turns = l->turns,
                                         .messages_in = l->messages_in,
                                         .messages_out = l->messages_out,
                                         .busy_us = (uint64_t)(l->busy_ns / DV_NS_PER_US),
                                         .idle_us = (uint64_t)(l->idle_ns / DV_NS_PER_US)}});
}

static void poll_add(poll_set *set, int fd, short events)
{
    set->items[set->count++] = (struct pollfd){.fd = fd, .events = events};
}

static void watches_gather(loop *l)
{
    poll_set *set = &l->polls;
    set->first_watch = set->count;
    if (l->actor->class->watch == NULL) return;
    dv_watch watches[DV_WATCH_MAX];
    uint32_t count = l->actor->class->watch(l->actor->self, watches);
    for (uint32_t i = 0; i < count; i++)
        poll_add(set, watches[i].fd,
                 (short)((watches[i].readable ? POLLIN : 0) | (watches[i].writable ? POLLOUT : 0)));
}

/* Nothing was found. */
static void poll_forget(poll_set *set)
{
    for (nfds_t i = 0; i < set->count; i++) set->items[i].revents = 0;
}

/* Gathers what to wait for. Returns whether something is there that no descriptor tells of. */
static bool poll_gather(loop *l)
{
    bool found = l->pipe_unsure;
    l->polls.count = 0;
    poll_add(&l->polls, zsock_fd(l->pipe), POLLIN);
    for (uint32_t i = 0; i < l->port_count; i++) {
        dv_lanes *p = &l->ports[i];
        for (uint32_t k = 0; k < p->count; k++) {
            found = dv_lane_has_input(&p->lanes[k]) || found;
            poll_add(&l->polls, p->lanes[k].fd, POLLIN);
        }
    }
    watches_gather(l);
    return found;
}

static void watches_serve(loop *l, dv_time now)
{
    const poll_set *set = &l->polls;
    for (nfds_t i = set->first_watch; i < set->count; i++) {
        short got = set->items[i].revents;
        if (got == 0) continue;
        dv_watch watch = {.fd = set->items[i].fd,
                          .readable = (got & ~POLLOUT) != 0, /* errors are read */
                          .writable = (got & POLLOUT) != 0};
        l->actor->class->ready(l->actor->self, watch, now, l->outbox);
    }
}

static int poll_timeout_ms(const loop *l, int64_t deadline_ns, dv_time now)
{
    int64_t left_ns = deadline_ns - now.mono_ns;
    for (uint32_t i = 0; i < l->port_count; i++)
        if (dv_lanes_peers_wait(&l->ports[i])) left_ns = dv_min_i64(left_ns, PEERS_WAIT_NS);
    if (left_ns <= 0) return 0;
    return (int)((left_ns + DV_NS_PER_MS - 1) / DV_NS_PER_MS);
}

static void loop_run(loop *l)
{
    const dv_actor_class *class = l->actor->class;
    dv_time now = dv_time_now();
    int64_t deadline_ns = now.mono_ns, slept_ns = now.mono_ns; /* when the last turn ended */
    l->started_at_us = now.wall_us;
    while (!l->stopped) {
        int timeout_ms = poll_gather(l) ? 0 : poll_timeout_ms(l, deadline_ns, now);
        if (poll(l->polls.items, l->polls.count, timeout_ms) < 0) {
            assert(errno == EINTR);
            poll_forget(&l->polls);
        }
        now = dv_time_now();
        l->turns++;
        l->idle_ns += now.mono_ns - slept_ns;
        commands_take(l, now);
        if (l->stopped) break;
        inputs_take(l, now);
        watches_serve(l, now);
        deadline_ns = class->tick ? class->tick(l->actor->self, now, l->outbox) : DV_NEVER;
        beat(l, now);
        deadline_ns = dv_min_i64(deadline_ns, l->beat_at_ns);
        dv_log_flush(); /* what is told is in the log */
        outbox_flush(l, now);
        DV_FAILPOINT_TURN_END(l->actor->name);
        drained_check(l);
        slept_ns = dv_mono_now();
        l->busy_ns += slept_ns - now.mono_ns;
    }
}

static void loop_close(loop *l)
{
    for (uint32_t i = 0; i < l->port_count; i++) dv_lanes_close(&l->ports[i], l->drained);
    for (uint32_t i = 0; i < l->parcel_capacity; i++) dv_buffer_fini(&l->parcels[i].bytes);
    free(l->parcels);
    free(l->polls.items);
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

/* So that tools that show threads show who it is. The kernel keeps 15 bytes. */
static void thread_name(const char *actor)
{
    char name[16];
    snprintf(name, sizeof name, "%s", actor);
    pthread_setname_np(pthread_self(), name);
}

void dv_actor_run(zsock_t *pipe, void *arg)
{
    dv_actor *actor = arg;
    dv_log_actor(actor->name);
    thread_name(actor->name);
    zsock_signal(pipe, 0); /* zactor_new returns; whether we are well is said below */

    loop l = {.actor = actor,
              .pipe = pipe,
              .context = zsys_init(),
              .outbox = dv_outbox_new(),
              .pipe_unsure = true};
    char why[DV_REASON_MAX] = "";
    dv_err error = ports_open(&l, why);
    if (error == DV_OK && actor->class->start)
        error = actor->class->start(actor->self, dv_time_now(), l.outbox, why);
    if (error == DV_OK) {
        zstr_send(pipe, "READY");
        dv_log_hold();
        loop_run(&l);
        dv_log_release();
    } else {
        zstr_sendx(pipe, "FAILED", dv_err_name((uint16_t)error), why, NULL);
        wait_for_end(pipe);
    }
    if (actor->class->destroy) actor->class->destroy(&actor->self);
    loop_close(&l);
}
