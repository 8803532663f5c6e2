#include "actors/base/zap.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "actors/base/lanes.h"
#include "actors/base/log.h"

#define ENDPOINT "inproc://zeromq.zap.01" /* RFC 27 */
#define LOOK_EVERY_MS 1000
#define TELL_EVERY_NS (1000 * DV_NS_PER_MS)
#define LOST_AFTER_NS (7000 * DV_NS_PER_MS) /* longer than a handshake may take */
#define KEY_BYTES 32
#define CONNECTIONS_MAX 128 /* of a link, remembered; the oldest are forgotten */
#define FRAMES 7 /* of a request: version, id, domain, address, identity, mechanism, key */

/* A connection, by its descriptor. */
typedef struct connection {
    int fd; /* 0: none */
    char from[64];
    int64_t ended; /* handshakes that had ended on its link when it was accepted */
} connection;

/* What is watched of one link. */
typedef struct watch {
    const dv_link *link;
    void *monitor; /* a PAIR of libzmq's */
    connection connections[CONNECTIONS_MAX];
    uint32_t last; /* the latest of them */
    int64_t ended; /* handshakes, well or not */
    /* Connections whose handshake is under way, and the fewest there were in this window: when that
       is above 0 for longer than a handshake may take, so many were closed without a word. */
    int64_t open, least_open;
    int64_t window_ends_ns;
    int64_t tell_at_ns; /* not before */
    bool told_address;  /* the last time */
    int64_t refused;    /* not yet told */
} watch;

struct dv_zap {
    const dv_network *network;
    zactor_t *thread;
    void *handler; /* libzmq's REP */
    watch *watches;
    uint32_t count;
    bool well; /* it has its sockets; zactor_new does not tell */
};

static const char NOT_ZEROMQ[] = "it speaks no ZeroMQ";
static const char UNKNOWN_ADDRESS[] = "?"; /* it was gone before it could be asked */

/* At most once a second; but whoever comes again and can be named is not kept from the log because
   it could not be before. */
static void tell(watch *w, const char *address, const char *why, dv_time now)
{
    bool named = !streq(address, UNKNOWN_ADDRESS);
    w->refused++;
    if (now.mono_ns < w->tell_at_ns && (w->told_address || !named)) return;
    dv_warn("connection_refused", NULL, dv_kv_string("link", w->link->name),
            dv_kv_string("address", address), dv_kv_string("why", why),
            dv_kv_number("refused", w->refused));
    w->refused = 0;
    w->told_address = named;
    w->tell_at_ns = now.mono_ns + TELL_EVERY_NS;
}

/* ---- keys ------------------------------------------------------------------------------- */

static watch *watch_of(const dv_zap *zap, const char *link)
{
    for (uint32_t i = 0; i < zap->count; i++)
        if (streq(zap->watches[i].link->name, link)) return &zap->watches[i];
    return NULL;
}

/* The node's name, or NULL and why not. */
static const char *judge(const dv_zap *zap, const watch *w, const char *mechanism, zframe_t *key,
                         const char **ret_why)
{
    char text[DV_KEY_SIZE];
    *ret_why = "no CURVE";
    if (!streq(mechanism, "CURVE") || key == NULL || zframe_size(key) != KEY_BYTES) return NULL;
    zmq_z85_encode(text, zframe_data(key), KEY_BYTES);
    return zap->network->node_of_key(zap->network->policy, w->link, text, ret_why);
}

static void answer(void *handler, const char *id, const char *node)
{
    zmq_send(handler, "1.0", 3, ZMQ_SNDMORE);
    zmq_send(handler, id, strlen(id), ZMQ_SNDMORE);
    zmq_send(handler, node ? "200" : "400", 3, ZMQ_SNDMORE);
    zmq_send(handler, node ? "OK" : "no", 2, ZMQ_SNDMORE);
    zmq_send(handler, node ? node : "", node ? strlen(node) : 0, ZMQ_SNDMORE);
    zmq_send(handler, "", 0, 0); /* no further metadata */
}

static void request_take(dv_zap *zap, dv_time now)
{
    zmsg_t *request = zmsg_recv(zap->handler);
    if (request == NULL) return;
    char *texts[FRAMES - 1]; /* all but the key */
    for (int i = 0; i < FRAMES - 1; i++) {
        texts[i] = zmsg_popstr(request);
        if (texts[i] == NULL) texts[i] = strdup("");
        if (texts[i] == NULL) abort();
    }
    zframe_t *key = zmsg_pop(request);
    watch *w = watch_of(zap, texts[2]);
    const char *why = NULL;
    const char *node = w ? judge(zap, w, texts[5], key, &why) : NULL;
    if (w != NULL && node == NULL) tell(w, texts[3], why, now);
    answer(zap->handler, texts[1], node);
    zframe_destroy(&key);
    zmsg_destroy(&request);
    for (int i = 0; i < FRAMES - 1; i++) free(texts[i]);
}

/* ---- connections ------------------------------------------------------------------------ */

/* The address at the other end. Read a moment after it connected: it may have gone again. */
static void address_read(int fd, char ret[64])
{
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    char host[INET6_ADDRSTRLEN] = "";
    unsigned port = 0;
    snprintf(ret, 64, "%s", UNKNOWN_ADDRESS);
    if (getpeername(fd, (struct sockaddr *)&at, &size) != 0) return;
    if (at.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&at;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        port = ntohs(v4->sin_port);
    } else if (at.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)&at;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        port = ntohs(v6->sin6_port);
    }
    snprintf(ret, 64, "%s:%u", host, port);
}

static void open_change(watch *w, int by)
{
    w->open = dv_max_i64(w->open + by, 0);
    w->least_open = dv_min_i64(w->least_open, w->open);
}

static void on_accepted(watch *w, int fd)
{
    w->last = (w->last + 1) % CONNECTIONS_MAX;
    connection *c = &w->connections[w->last];
    *c = (connection){.fd = fd, .ended = w->ended};
    address_read(fd, c->from);
    open_change(w, 1);
}

/* A handshake has ended; libzmq does not say whose, so the latest address is named. */
static void on_ended(watch *w, const char *fault, dv_time now)
{
    w->ended++;
    open_change(w, -1);
    if (fault != NULL) tell(w, w->connections[w->last].from, fault, now);
}

/* libzmq says nothing of a handshake when what connected is no ZeroMQ at all. It was one of those
   if no handshake ended while it was there. */
static void on_closed(watch *w, int fd, dv_time now)
{
    for (uint32_t i = 0; i < CONNECTIONS_MAX; i++) {
        connection *c = &w->connections[(w->last + CONNECTIONS_MAX - i) % CONNECTIONS_MAX];
        if (c->fd != fd) continue;
        if (c->ended == w->ended) {
            open_change(w, -1);
            tell(w, c->from, NOT_ZEROMQ, now);
        } else {
            dv_debug("connection_closed", NULL, dv_kv_string("link", w->link->name),
                     dv_kv_string("address", c->from));
        }
        c->fd = 0;
        return;
    }
}

static void event_take(watch *w, uint16_t event, int32_t value, dv_time now)
{
    switch (event) {
    case ZMQ_EVENT_ACCEPTED: on_accepted(w, value); break;
    case ZMQ_EVENT_DISCONNECTED: on_closed(w, value, now); break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: on_ended(w, NULL, now); break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: on_ended(w, NULL, now); break; /* told with its key */
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        on_ended(w, "it speaks another mechanism than this link: no CURVE, or not this node's key",
                 now);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        on_ended(w, "its handshake broke off: no CURVE, or it went away", now);
        break;
    default: break;
    }
}

static void events_take(watch *w, dv_time now)
{
    uint8_t head[6];
    while (zmq_recv(w->monitor, head, sizeof head, ZMQ_DONTWAIT) == sizeof head) {
        char address[128];
        zmq_recv(w->monitor, address, sizeof address, 0);
        uint16_t event;
        int32_t value;
        memcpy(&event, head, sizeof event);
        memcpy(&value, head + sizeof event, sizeof value);
        event_take(w, event, value, now);
    }
}

/* For those that came and went while other handshakes ended. */
static void window_look(watch *w, dv_time now)
{
    if (now.mono_ns < w->window_ends_ns) return;
    if (w->window_ends_ns != 0 && w->least_open > 0) {
        w->open -= w->least_open;
        tell(w, w->connections[w->last].from, NOT_ZEROMQ, now);
    }
    w->least_open = w->open;
    w->window_ends_ns = now.mono_ns + LOST_AFTER_NS;
}

/* ---- the thread ------------------------------------------------------------------------- */

static bool sockets_open(dv_zap *zap)
{
    void *context = zsys_init();
    int none = 0;
    zap->handler = zmq_socket(context, ZMQ_REP);
    if (zap->handler == NULL || zmq_bind(zap->handler, ENDPOINT) != 0) return false;
    zmq_setsockopt(zap->handler, ZMQ_LINGER, &none, sizeof none);
    for (uint32_t i = 0; i < zap->count; i++) {
        watch *w = &zap->watches[i];
        char address[DV_LANES_MONITOR_SIZE];
        snprintf(address, sizeof address, DV_LANES_MONITOR, w->link->name);
        w->monitor = zmq_socket(context, ZMQ_PAIR);
        if (w->monitor == NULL || zmq_connect(w->monitor, address) != 0) return false;
    }
    return true;
}

static void zap_run(zsock_t *pipe, void *arg)
{
    dv_zap *zap = arg;
    dv_log_actor("zap");
    zap->well = sockets_open(zap);
    zmq_pollitem_t *items = calloc(2 + zap->count, sizeof *items);
    if (items == NULL) abort();
    items[0] = (zmq_pollitem_t){.socket = zsock_resolve(pipe), .events = ZMQ_POLLIN};
    items[1] = (zmq_pollitem_t){.socket = zap->handler, .events = ZMQ_POLLIN};
    for (uint32_t i = 0; i < zap->count; i++)
        items[2 + i] = (zmq_pollitem_t){.socket = zap->watches[i].monitor, .events = ZMQ_POLLIN};
    zsock_signal(pipe, 0);
    while (zap->well) {
        int ready = zmq_poll(items, (int)(2 + zap->count), LOOK_EVERY_MS);
        if (ready < 0 && zmq_errno() != EINTR) break;
        if (ready < 0) continue;
        dv_time now = dv_time_now();
        for (uint32_t i = 0; i < zap->count; i++) {
            events_take(&zap->watches[i], now);
            window_look(&zap->watches[i], now);
        }
        if (items[1].revents & ZMQ_POLLIN) request_take(zap, now);
        if (items[0].revents & ZMQ_POLLIN) break; /* the only word that the shell has for us */
    }
    free(items);
    if (zap->handler != NULL) zmq_close(zap->handler);
    for (uint32_t i = 0; i < zap->count; i++)
        if (zap->watches[i].monitor != NULL) zmq_close(zap->watches[i].monitor);
}

dv_zap *dv_zap_start(dv_network *network, const dv_link *links, uint32_t link_count)
{
    dv_zap *zap = calloc(1, sizeof *zap);
    if (zap == NULL) abort();
    zap->network = network;
    zap->watches = calloc(link_count + 1, sizeof *zap->watches);
    if (zap->watches == NULL) abort();
    for (uint32_t i = 0; i < link_count; i++)
        if (links[i].tcp_endpoint != NULL) zap->watches[zap->count++].link = &links[i];
    zap->thread = zactor_new(zap_run, zap);
    network->watched = zap->thread != NULL && zap->well;
    if (!network->watched) dv_zap_stop(&zap);
    return zap;
}

void dv_zap_stop(dv_zap **zap)
{
    if (*zap == NULL) return;
    zactor_destroy(&(*zap)->thread);
    free((*zap)->watches);
    free(*zap);
    *zap = NULL;
}
