/* The sockets of one port: an actor's end of one link.

   A consumer has up to two ROUTERs, one for producers in its process (inproc) and one for those in
   other processes (tcp); they are apart, so that nobody who comes over the network can take the
   name of an actor at home. (A node that may send on a link can take the name of another that may:
   what it says is dropped, but answers go to it until the other connects again.) A producer has a
   DEALER for each consumer: a lane.

   Only the run loop uses this. Nothing here blocks or logs. */
#ifndef DV_BASE_LANES_H
#define DV_BASE_LANES_H

#include <zmq.h>

#include "actors/base/clock.h"
#include "actors/base/link.h"

/* Frames that wait for room, in order. */
typedef struct dv_kept dv_kept;
typedef struct dv_kept_queue {
    dv_kept *first, *last;
    int count;
} dv_kept_queue;

/* One socket. */
typedef struct dv_lane {
    void *socket;            /* libzmq's */
    int fd;                  /* readable once libzmq has something for the socket to look at */
    bool unsure;             /* there may be input of which fd does not tell */
    bool has_input;          /* there is */
    const dv_remote *remote; /* who it is connected to; NULL: in this process, or bound */
    bool bound, tcp;
    bool up;                /* connected: whether it takes messages, when last looked at */
    int64_t tokens_ns;      /* connected over tcp: see dv_lane_peer */
    int64_t tokens_read_ns; /* when that was brought up to date, monotonic */
} dv_lane;

/* A producer that a consumer has heard over tcp, or keeps messages for. */
typedef struct dv_lane_peer {
    dv_peer name;
    dv_lane *lane;
    dv_kept_queue kept;
    int64_t tokens_ns; /* what it may still send, as time at the highest rate; at most a second */
    int64_t tokens_read_ns;
} dv_lane_peer;

typedef struct dv_lanes {
    const dv_link *link;
    const dv_network *network;
    dv_port number;
    dv_lane *lanes; /* bound ones first */
    uint32_t count, bound_count;
    uint32_t turn;      /* DV_ANY: the lane to try first */
    dv_kept_queue kept; /* for the link's consumers */
    dv_lane_peer *peers;
    uint32_t peer_count;
    uint64_t dropped;       /* messages not yet complained of; the loop's */
    int64_t complain_at_ns; /* not before; the loop's */
} dv_lanes;

/* Opens the sockets that an actor of this name needs on the link, as its consumer or producer or
   both. context: libzmq's. On START_FAILED ret_why names the endpoint and the link, and what was
   opened is closed by dv_lanes_close. link and network (NULL: no tcp) are borrowed until then. */
DV_MUST_CHECK dv_err dv_lanes_open(dv_lanes *lanes, void *context, const char *actor,
                                   const dv_link *link, const dv_network *network,
                                   char ret_why[DV_REASON_MAX]);

/* Closes everything and forgets what was kept. finish: what libzmq has taken may still leave, which
   the end of its context then waits for, a second at most. Accepts {0}, and half-opened ones. */
void dv_lanes_close(dv_lanes *lanes, bool finish);

/* Whether an actor of this name has an end of the link: its role is the consumer, or produces. */
bool dv_lanes_concern(const dv_link *link, const char *actor);

/* Sends a frame to the peer (to->size > 0), or to the consumers, as the link spreads. What finds
   no room is kept or dropped, as the link says. NULL, or why it was dropped: a constant. */
const char *dv_lanes_send(dv_lanes *lanes, const dv_peer *to, const char *bytes, size_t size);

/* Sends what was kept, as far as there is room. NULL, or why something was dropped. */
const char *dv_lanes_flush(dv_lanes *lanes);

/* Whether something waits for room at a peer, which no poll tells of: come back soon. */
bool dv_lanes_peers_wait(const dv_lanes *lanes);

/* Whether there is something to take from a lane of which its fd may not tell. To be asked before
   waiting for that: what libzmq looks at when it sends may be news of input too. */
bool dv_lane_has_input(dv_lane *lane);

typedef enum dv_taken {
    DV_TAKEN_NOTHING, /* none is there */
    DV_TAKEN_MESSAGE,
    DV_TAKEN_FAULT, /* one was there and was dropped */
} dv_taken;

/* Takes one frame of messages from a lane, initialised and closed by the caller, and says who sent
   it (empty on a connected lane). After NOTHING the lane's fd tells of the next one. Over tcp a
   peer must bear the name of an instance that produces on this link, of the node whose key it came
   with, and keep below the highest rate. ret_fault: with FAULT why it was dropped, a constant. */
dv_taken dv_lanes_take(dv_lanes *lanes, dv_lane *lane, dv_time now, zmq_msg_t *frame,
                       dv_peer *ret_peer, const char **ret_fault);

/* Looks whether a connected lane takes messages, and remembers. True when that has changed. */
bool dv_lane_changed(dv_lane *lane);

/* Where the connections to a link's tcp endpoint are told of, for whoever watches them (zap.h):
   the address of an inproc PAIR socket. */
#define DV_LANES_MONITOR "inproc://monitor/%s"
#define DV_LANES_MONITOR_SIZE 64

#endif
