#include "actors/base/lanes.h"

#include "proto/codec.h"
#include <czmq.h>

#include <assert.h>
#include <errno.h>

#define HEARTBEAT_EVERY_MS 500
#define KEEPALIVE_IDLE_S 2 /* then, by the kernel, every KEEPALIVE_EVERY_S */
#define KEEPALIVE_EVERY_S 1
#define KEEPALIVE_COUNT 3
#define CONNECT_TIMEOUT_MS 3000
#define RECONNECT_LEAST_MS 100 /* doubles up to DV_RECONNECT_MOST_MS */
#define HANDSHAKE_TIMEOUT_MS 5000
#define LAST_WORDS_MS 1000 /* for what was sent before a clean end to leave */

struct dv_kept {
    struct dv_kept *next;
    size_t size;
    char bytes[];
};

/* ---- opening ---------------------------------------------------------------------------- */

static void set_int(void *socket, int option, int value)
{
    int rc = zmq_setsockopt(socket, option, &value, sizeof value);
    assert(rc == 0);
    (void)rc;
}

static void set_text(void *socket, int option, const char *text)
{
    int rc = zmq_setsockopt(socket, option, text, strlen(text));
    assert(rc == 0);
    (void)rc;
}

/* Who connects sends heartbeats and says how long it may be silent. Who binds sends none: when a
   peer that came back has taken over the name of a connection that then breaks, libzmq (4.3.5 and
   before) aborts in the timer of that connection's own heartbeats. So the kernel, too, watches for
   peers that vanish. */
static void set_heartbeats(const dv_lane *lane)
{
    void *s = lane->socket;
    set_int(s, ZMQ_TCP_KEEPALIVE, 1);
    set_int(s, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S);
    set_int(s, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_EVERY_S);
    set_int(s, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT);
    set_int(s, ZMQ_TCP_MAXRT, DV_SILENCE_MS);
    if (lane->bound) return;
    set_int(s, ZMQ_HEARTBEAT_IVL, HEARTBEAT_EVERY_MS);
    set_int(s, ZMQ_HEARTBEAT_TIMEOUT, DV_SILENCE_MS);
    set_int(s, ZMQ_HEARTBEAT_TTL, DV_SILENCE_MS);
}

static void set_for_tcp(const dv_lane *lane, const dv_link *link, const dv_network *network,
                        const char *endpoint)
{
    void *s = lane->socket;
    set_int(s, ZMQ_IPV6, strchr(endpoint, '[') != NULL);
    set_int(s, ZMQ_IMMEDIATE, 1);
    set_heartbeats(lane);
    set_int(s, ZMQ_CONNECT_TIMEOUT, CONNECT_TIMEOUT_MS);
    set_int(s, ZMQ_RECONNECT_IVL, RECONNECT_LEAST_MS);
    set_int(s, ZMQ_RECONNECT_IVL_MAX, DV_RECONNECT_MOST_MS);
    set_int(s, ZMQ_HANDSHAKE_IVL, HANDSHAKE_TIMEOUT_MS);
    if (!network->curve) return;
    set_text(s, ZMQ_CURVE_SECRETKEY, network->secret_key);
    if (lane->bound) {
        set_int(s, ZMQ_CURVE_SERVER, 1);
        set_text(s, ZMQ_ZAP_DOMAIN, link->name);
    } else {
        set_text(s, ZMQ_CURVE_PUBLICKEY, network->public_key);
        set_text(s, ZMQ_CURVE_SERVERKEY, lane->remote->public_key);
    }
}

/* A socket's monitor waits for its reader, so without one there is none. */
static bool monitor_open(const dv_lane *lane, const dv_link *link)
{
    char address[DV_LANES_MONITOR_SIZE];
    snprintf(address, sizeof address, DV_LANES_MONITOR, link->name);
    return zmq_socket_monitor(
               lane->socket, address,
               ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                   ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                   ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) == 0;
}

static bool lane_attach(const dv_lane *lane, const dv_link *link, const dv_network *network,
                        const char *endpoint)
{
    if (!lane->bound) return zmq_connect(lane->socket, endpoint) == 0;
    if (lane->tcp && network->watched && !monitor_open(lane, link)) return false;
    return zmq_bind(lane->socket, endpoint) == 0;
}

static bool lane_fd(dv_lane *lane)
{
    size_t size = sizeof lane->fd;
    lane->unsure = true;
    return zmq_getsockopt(lane->socket, ZMQ_FD, &lane->fd, &size) == 0;
}

/* Adds a socket that binds or connects to the endpoint. */
static dv_err lane_open(dv_lanes *l, void *context, const char *actor, bool binds,
                        const char *endpoint, const dv_remote *remote, char *ret_why)
{
    dv_lane *lane = &l->lanes[l->count];
    const dv_link *link = l->link;
    *lane = (dv_lane){.bound = binds, .remote = remote, .tcp = strncmp(endpoint, "tcp:", 4) == 0};
    lane->up = !lane->tcp;
    lane->tokens_ns = DV_NS_PER_S;
    assert(!lane->tcp || l->network != NULL);
    lane->socket = zmq_socket(context, binds ? ZMQ_ROUTER : ZMQ_DEALER);
    if (lane->socket != NULL) {
        l->count++;
        if (binds) l->bound_count++;
        int64_t size_max = DV_MESSAGE_SIZE_MAX;
        zmq_setsockopt(lane->socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max);
        set_int(lane->socket, ZMQ_LINGER, 0);
        set_int(lane->socket, ZMQ_SNDHWM, link->high_water_mark);
        set_int(lane->socket, ZMQ_RCVHWM, link->high_water_mark);
        if (binds) {
            set_int(lane->socket, ZMQ_ROUTER_MANDATORY, 1);
            set_int(lane->socket, ZMQ_ROUTER_HANDOVER, 1);
        } else {
            set_text(lane->socket, ZMQ_ROUTING_ID, actor);
        }
        if (lane->tcp) set_for_tcp(lane, link, l->network, endpoint);
        if (lane_attach(lane, link, l->network, endpoint) && lane_fd(lane)) return DV_OK;
    }
    snprintf(ret_why, DV_REASON_MAX, "cannot %s %s (link %s): %s", binds ? "bind" : "connect to",
             endpoint, link->name, zmq_strerror(zmq_errno()));
    return DV_START_FAILED;
}

bool dv_lanes_concern(const dv_link *link, const char *actor)
{
    dv_text name = dv_text_of(actor);
    return dv_link_consumes(link, name) || dv_link_produces(link, name);
}

dv_err dv_lanes_open(dv_lanes *lanes, void *context, const char *actor, const dv_link *link,
                     const dv_network *network, char ret_why[DV_REASON_MAX])
{
    *lanes =
        (dv_lanes){.link = link, .network = network, .number = DV_PORT(link->kind, link->index)};
    lanes->lanes = calloc(link->remote_count + 2, sizeof *lanes->lanes);
    if (lanes->lanes == NULL) abort();
    dv_err error = DV_OK;
    bool consumes = dv_link_consumes(link, dv_text_of(actor));
    if (link->endpoint != NULL)
        error = lane_open(lanes, context, actor, consumes, link->endpoint, NULL, ret_why);
    if (consumes && link->tcp_endpoint != NULL && error == DV_OK)
        error = lane_open(lanes, context, actor, true, link->tcp_endpoint, NULL, ret_why);
    if (!dv_link_produces(link, dv_text_of(actor))) return error;
    for (uint32_t i = 0; i < link->remote_count && error == DV_OK; i++)
        error = lane_open(lanes, context, actor, false, link->remotes[i].endpoint,
                          &link->remotes[i], ret_why);
    return error;
}

/* ---- what is kept ------------------------------------------------------------------------- */

/* False when the link drops it. */
static bool keep(const dv_lanes *l, dv_kept_queue *queue, const char *bytes, size_t size)
{
    if (!dv_link_keeps(l->link, queue->count)) return false;
    dv_kept *k = malloc(sizeof *k + size);
    if (k == NULL) abort();
    k->next = NULL;
    k->size = size;
    memcpy(k->bytes, bytes, size);
    if (queue->first != NULL)
        queue->last->next = k;
    else
        queue->first = k;
    queue->last = k;
    queue->count++;
    return true;
}

static void kept_drop_first(dv_kept_queue *queue)
{
    dv_kept *k = queue->first;
    queue->first = k->next;
    queue->count--;
    free(k);
}

void dv_lanes_close(dv_lanes *lanes, bool finish)
{
    while (lanes->kept.first != NULL) kept_drop_first(&lanes->kept);
    for (uint32_t i = 0; i < lanes->peer_count; i++)
        while (lanes->peers[i].kept.first != NULL) kept_drop_first(&lanes->peers[i].kept);
    for (uint32_t i = 0; i < lanes->count; i++) {
        const dv_lane *lane = &lanes->lanes[i];
        if (lane->bound && lane->tcp && lanes->network->watched)
            zmq_socket_monitor(lane->socket, NULL, 0);
        if (lane->tcp && finish) set_int(lane->socket, ZMQ_LINGER, LAST_WORDS_MS);
        zmq_close(lane->socket);
    }
    free(lanes->peers);
    free(lanes->lanes);
    *lanes = (dv_lanes){0};
}

/* ---- peers ---- */

static dv_lane_peer *peer_find(const dv_lanes *l, const dv_peer *name)
{
    for (uint32_t i = 0; i < l->peer_count; i++)
        if (l->peers[i].name.size == name->size &&
            memcmp(l->peers[i].name.bytes, name->bytes, name->size) == 0)
            return &l->peers[i];
    return NULL;
}

static dv_lane_peer *peer_add(dv_lanes *l, const dv_peer *name, dv_lane *lane)
{
    dv_lane_peer *grown = realloc(l->peers, (l->peer_count + 1) * sizeof *grown);
    if (grown == NULL) abort();
    l->peers = grown;
    l->peers[l->peer_count] = (dv_lane_peer){.name = *name, .lane = lane, .tokens_ns = DV_NS_PER_S};
    return &l->peers[l->peer_count++];
}

/* ---- sending ------------------------------------------------------------------------------ */

static const char NO_ROOM[] = "the link is full";
static const char NO_CONSUMER[] = "no consumer takes it";
static const char GONE[] = "its receiver is gone";

typedef enum sent { SENT, FULL, LOST } sent;

static sent lane_send(dv_lane *lane, const dv_peer *to, const char *bytes, size_t size)
{
    lane->unsure = true;
    int routed =
        !lane->bound ? 0 : zmq_send(lane->socket, to->bytes, to->size, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    if (routed >= 0 && zmq_send(lane->socket, bytes, size, ZMQ_DONTWAIT) >= 0) return SENT;
    return zmq_errno() == EAGAIN ? FULL : LOST;
}

/* To one that answers to this name. It is known from what it sent; one that is not may be on either
   of the sockets: lane, in and out, is where. */
static sent peer_send(dv_lanes *l, const dv_peer *to, const char *bytes, size_t size,
                      dv_lane **lane)
{
    if (*lane != NULL) return lane_send(*lane, to, bytes, size);
    sent result = LOST;
    for (uint32_t i = 0; i < l->bound_count && result == LOST; i++) {
        *lane = &l->lanes[i];
        result = lane_send(*lane, to, bytes, size);
    }
    return result;
}

static const char *answer(dv_lanes *l, const dv_peer *to, const char *bytes, size_t size)
{
    dv_lane_peer *peer = peer_find(l, to);
    dv_lane *lane = peer != NULL ? peer->lane : NULL;
    bool waits = peer != NULL && peer->kept.first != NULL;
    sent result = waits ? FULL : peer_send(l, to, bytes, size, &lane);
    if (result == SENT) return NULL;
    if (result == LOST) return GONE;
    if (!dv_link_keeps(l->link, peer != NULL ? peer->kept.count : 0)) return NO_ROOM;
    if (peer == NULL) peer = peer_add(l, to, lane);
    return keep(l, &peer->kept, bytes, size) ? NULL : NO_ROOM;
}

static const char *send_all(dv_lanes *l, const char *bytes, size_t size)
{
    const char *fault = NULL;
    for (uint32_t i = l->bound_count; i < l->count; i++)
        if (lane_send(&l->lanes[i], NULL, bytes, size) != SENT && l->lanes[i].up) fault = NO_ROOM;
    return fault; /* that nobody is at a lane's other end is told when it goes down */
}

typedef struct offer {
    dv_lanes *lanes;
    const char *bytes;
    size_t size;
} offer;

static bool lane_offer(void *arg, uint32_t lane)
{
    const offer *o = arg;
    return lane_send(&o->lanes->lanes[o->lanes->bound_count + lane], NULL, o->bytes, o->size) ==
           SENT;
}

/* In turn, past those that are not connected or have no room. */
static bool send_any(dv_lanes *l, const char *bytes, size_t size)
{
    offer o = {l, bytes, size};
    return dv_spread_any(l->count - l->bound_count, &l->turn, lane_offer, &o);
}

const char *dv_lanes_send(dv_lanes *lanes, const dv_peer *to, const char *bytes, size_t size)
{
    if (to->size > 0) return answer(lanes, to, bytes, size);
    if (lanes->link->spread == DV_ALL) return send_all(lanes, bytes, size);
    bool waits = lanes->kept.first != NULL;
    if (!waits && send_any(lanes, bytes, size)) return NULL;
    return keep(lanes, &lanes->kept, bytes, size) ? NULL : NO_CONSUMER;
}

const char *dv_lanes_flush(dv_lanes *lanes)
{
    const char *fault = NULL;
    dv_kept_queue *kept = &lanes->kept;
    while (kept->first != NULL && send_any(lanes, kept->first->bytes, kept->first->size))
        kept_drop_first(kept);
    for (uint32_t i = 0; i < lanes->peer_count; i++) {
        dv_lane_peer *peer = &lanes->peers[i];
        while (peer->kept.first != NULL) {
            const dv_kept *k = peer->kept.first;
            sent result = lane_send(peer->lane, &peer->name, k->bytes, k->size);
            if (result == FULL) break;
            if (result == LOST) fault = GONE;
            kept_drop_first(&peer->kept);
        }
    }
    return fault;
}

bool dv_lanes_peers_wait(const dv_lanes *lanes)
{
    for (uint32_t i = 0; i < lanes->peer_count; i++)
        if (lanes->peers[i].kept.first != NULL) return true;
    return false;
}

/* What the socket is ready for, now; 0 as well when its context has ended. */
static int lane_events(const dv_lane *lane)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(lane->socket, ZMQ_EVENTS, &events, &size) == 0 ? events : 0;
}

bool dv_lane_has_input(dv_lane *lane)
{
    if (lane->unsure) lane->has_input = (lane_events(lane) & ZMQ_POLLIN) != 0;
    lane->unsure = false;
    return lane->has_input;
}

bool dv_lane_changed(dv_lane *lane)
{
    if (lane->bound || !lane->tcp) return false;
    lane->unsure = true;
    bool up = (lane_events(lane) & ZMQ_POLLOUT) != 0;
    if (up == lane->up) return false;
    lane->up = up;
    return true;
}

/* ---- receiving ---------------------------------------------------------------------------- */

/* Takes tokens for each message of a frame; false when there are not as many left. */
static bool tokens_take(const dv_lanes *l, zmq_msg_t *frame, int64_t *tokens_ns, int64_t *read_ns,
                        dv_time now)
{
    uint32_t count = dv_frame_count(zmq_msg_data(frame), zmq_msg_size(frame));
    int64_t cost_ns = DV_NS_PER_S * (count > 0 ? count : 1) / l->network->peer_rate_max;
    *tokens_ns = dv_min_i64(*tokens_ns + (now.mono_ns - *read_ns), DV_NS_PER_S);
    *read_ns = now.mono_ns;
    if (*tokens_ns < cost_ns) return false;
    *tokens_ns -= cost_ns;
    return true;
}

/* What is wrong with a message that came to a bound lane over tcp; NULL: nothing. */
static const char *sender_fault(dv_lanes *l, dv_lane *lane, const dv_peer *peer, zmq_msg_t *frame,
                                dv_time now)
{
    char name[DV_NAME_MAX + 1];
    memcpy(name, peer->bytes, peer->size);
    name[peer->size] = '\0';
    if (l->network->curve) {
        const char *node = zmq_msg_gets(frame, "User-Id"), *at = strrchr(name, '@');
        if (node == NULL || at == NULL || !streq(at + 1, node))
            return "its sender's name is not of the node whose key it has";
    }
    dv_lane_peer *known = peer_find(l, peer);
    if (known == NULL) {
        if (strlen(name) != peer->size ||
            !l->network->may_produce(l->network->policy, l->link, name))
            return "its sender's name is none that sends on this link";
        known = peer_add(l, peer, lane);
        known->tokens_read_ns = now.mono_ns;
    }
    known->lane = lane;
    if (!tokens_take(l, frame, &known->tokens_ns, &known->tokens_read_ns, now))
        return "its sender is above peer_rate_max";
    return NULL;
}

static void skip_rest(void *socket, zmq_msg_t *frame)
{
    while (zmq_msg_more(frame) && zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) >= 0) continue;
}

dv_taken dv_lanes_take(dv_lanes *lanes, dv_lane *lane, dv_time now, zmq_msg_t *frame,
                       dv_peer *ret_peer, const char **ret_fault)
{
    dv_peer peer = {0};
    if (zmq_msg_recv(frame, lane->socket, ZMQ_DONTWAIT) < 0) return DV_TAKEN_NOTHING;
    bool good = true;
    if (lane->bound) {
        good = zmq_msg_size(frame) <= sizeof peer.bytes && zmq_msg_more(frame);
        if (good) {
            peer.size = (uint8_t)zmq_msg_size(frame);
            memcpy(peer.bytes, zmq_msg_data(frame), peer.size);
            good = zmq_msg_recv(frame, lane->socket, ZMQ_DONTWAIT) >= 0;
        }
    }
    *ret_peer = peer;
    if (!good || zmq_msg_more(frame)) {
        skip_rest(lane->socket, frame);
        *ret_fault = good ? "it has more than one frame" : "its sender's name is too long";
        return DV_TAKEN_FAULT;
    }
    *ret_fault = NULL;
    if (lane->tcp && lane->bound)
        *ret_fault = sender_fault(lanes, lane, &peer, frame, now);
    else if (lane->tcp && !tokens_take(lanes, frame, &lane->tokens_ns, &lane->tokens_read_ns, now))
        *ret_fault = "its sender is above peer_rate_max";
    return *ret_fault == NULL ? DV_TAKEN_MESSAGE : DV_TAKEN_FAULT;
}
