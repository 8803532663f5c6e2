/* What an actor is, and the one run loop that every actor lives in.

   An actor's logic is a struct and handlers that see messages and a time, and put messages into an
   outbox. They never see a socket or a clock. The run loop binds them to ZeroMQ:

     poll ─► commands ─► inputs in turn (a burst each) ─► foreign descriptors ─► tick ─► send ─┐
       ▲                          one `now`, one scratch arena per turn                        │
       └───────────────────────────────────────────────────────────────────────────────────────┘

   The same class and self run on virtual time and a simulated network in tests/sim: whoever calls
   the handlers and empties the outbox is the run loop.

   Life cycle, as its shell (actors/main.c) sees it:

     new ─► start ─► READY ─► … ─► drain ─► DRAINED ─► stop ─► destroy
               └──► FAILED code text                                        */
#ifndef DV_BASE_ACTOR_H
#define DV_BASE_ACTOR_H

#include <czmq.h>
#include <stdbool.h>
#include <stdint.h>

#include "actors/base/clock.h"
#include "proto/arena.h"
#include "proto/error.h"
#include "proto/message.h"

/* Where a producer's message goes when its link has several consumers. */
typedef enum dv_spread {
    DV_ANY, /* to one: the one in this process, else in turn among those that are connected */
    DV_ALL, /* to each; one that is not connected, or has no room, goes without (never DV_KEEP) */
} dv_spread;

/* What happens to a message when its link is full or its peer is gone. */
typedef enum dv_when_full {
    DV_KEEP, /* it waits in the sender, in order, until the link takes it */
    DV_DROP, /* it is dropped and counted: the receiver finds out by itself, or asks again */
} dv_when_full;

/* A consumer of a link that lives in another process. Strings are borrowed. */
typedef struct dv_remote {
    const char *name;       /* the instance, e.g. "persistence@p1" */
    const char *endpoint;   /* tcp://address:port */
    const char *public_key; /* its node's, Z85; not looked at without CURVE */
} dv_remote;

/* A link as this process uses it: a row of actors/topology.h with its endpoints filled in. The
   consumer binds a ROUTER, producers connect a DEALER to each consumer; so both sides speak, and an
   answer comes back on the link of its question. */
typedef struct dv_link {
    const char *name; /* e.g. "quote:raydium" */
    dv_link_kind kind;
    uint8_t index;                   /* among links of its kind, 0..7 */
    const char *producer, *consumer; /* roles; "*": any */
    dv_spread spread;
    int high_water_mark; /* frames that may wait on each side, and in a sender that keeps */
    dv_when_full when_full;
    const char *endpoint;     /* inproc://… of the consumer in this process; NULL: none is here */
    const char *tcp_endpoint; /* where that consumer listens for other processes; NULL: nowhere */
    const dv_remote *remotes; /* the consumers in other processes; DV_ANY: none with one here */
    uint32_t remote_count;
} dv_link;

#define DV_KEY_SIZE 41 /* bytes of a CURVE key as Z85, its NUL included */

/* What a process needs for its tcp links; made at start, then only read, from several threads. */
typedef struct dv_network {
    bool curve;                   /* false: plaintext, which somebody asked for by name */
    bool watched;                 /* a dv_zap reads what the sockets tell of their connections */
    char public_key[DV_KEY_SIZE]; /* this node's */
    char secret_key[DV_KEY_SIZE];
    uint32_t peer_rate_max; /* messages a second from one peer; what is above is dropped */
    /* The node that a public key belongs to, if one of its roles produces on the link; otherwise
       NULL, and why. Called with the policy below. */
    const char *(*node_of_key)(const void *policy, const dv_link *link, const char *key,
                               const char **ret_why);
    /* Whether an instance of this name ("role@node") exists and its role produces on the link. */
    bool (*may_produce)(const void *policy, const dv_link *link, const char *name);
    const void *policy;
} dv_network;

/* One end of a link in an actor. Numbered by link, so that every actor knows its ports by name. */
typedef uint8_t dv_port;
#define DV_PORT(kind, index) ((dv_port)((kind)*8 + (index)))
#define DV_PORT_KIND(port) ((dv_link_kind)((port) / 8))
#define DV_PORT_INDEX(port) ((uint8_t)((port) % 8))
#define DV_PORT_COUNT (DV_LINK_KIND_COUNT * 8)

/* Who sent a message that came in on a port that we consume: its instance name, to answer to. Empty
   for what a consumer answered us. */
typedef struct dv_peer {
    uint8_t size;
    uint8_t bytes[DV_NAME_MAX];
} dv_peer;

/* A message that came in. All of it is borrowed for the call. */
typedef struct dv_envelope {
    dv_port port;
    dv_peer peer;
    dv_text bytes; /* the message as it came, for whoever keeps it */
    dv_message message;
} dv_envelope;

/* Messages on their way out, sent when the turn ends. */
typedef struct dv_outbox dv_outbox;

/* Puts a message into the outbox; it is encoded now, so what it borrows may go after the call.
   to: on a port that we consume, the peer it is for; NULL: to the link's consumers, as it spreads.
 */
void dv_send(dv_outbox *outbox, dv_port port, const dv_peer *to, const dv_message *message);

/* Puts a message into the outbox as it came, with another request id: the bytes of an envelope, or
   what dv_message_encode made. Nothing is decoded or encoded anew. */
void dv_send_bytes(dv_outbox *outbox, dv_port port, const dv_peer *to, dv_text bytes,
                   uint64_t request_id);

/* The turn's arena: what is allocated in it lives until the turn ends. */
dv_arena *dv_outbox_arena(dv_outbox *outbox);

/* For whoever runs handlers without the run loop (tests, the simulator): an outbox to hand in, and
   what is in it. Entries are valid until the outbox is cleared; `bytes` is the encoded message. */
typedef struct dv_outbox_entry {
    dv_port port;
    dv_message_type type;
    dv_peer to;
    const char *bytes;
    size_t size;
} dv_outbox_entry;
/* An empty outbox; the caller owns it. destroy accepts NULL. at: i is below count. */
dv_outbox *dv_outbox_new(void);
void dv_outbox_destroy(dv_outbox **outbox);
size_t dv_outbox_count(const dv_outbox *outbox);
dv_outbox_entry dv_outbox_at(const dv_outbox *outbox, size_t i);
void dv_outbox_clear(dv_outbox *outbox); /* also resets the arena */

/* Handles one message. May not block. */
typedef void dv_handler(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox);

/* Begins the definition of a handler. DV_HANDLER(execution, assign_order) {…} defines on_assign_order
   for the table of handlers. Its body sees execution *self, const dv_assign_order *message, envelope,
   now and outbox, and may leave any of them unused. */
#define DV_HANDLER(actor, name)                                                                    \
    static void handle_##name(actor *self, const dv_##name *message, const dv_envelope *envelope,  \
                              dv_time now, dv_outbox *outbox);                                     \
    static void on_##name(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox) \
    {                                                                                              \
        handle_##name(self, &envelope->message.name, envelope, now, outbox);                       \
    }                                                                                              \
    static void handle_##name(DV_UNUSED actor *self, DV_UNUSED const dv_##name *message,           \
                              DV_UNUSED const dv_envelope *envelope, DV_UNUSED dv_time now,        \
                              DV_UNUSED dv_outbox *outbox)
#define DV_UNUSED __attribute__((unused))

/* A descriptor of a foreign library (libpq, hiredis) for the loop to poll. */
typedef struct dv_watch {
    int fd;
    bool readable, writable; /* wanted; in `ready`: what it is */
} dv_watch;
#define DV_WATCH_MAX 16

/* How an actor is doing, for readiness. */
typedef struct dv_health {
    dv_err degraded;  /* DV_OK: well */
    const char *text; /* what is away and what that costs, or what else there is to say; borrowed */
    uint32_t orders;  /* execution: unfinished orders that it owns */
    uint32_t overdue; /* of them: without a step for longer than overdue_ms */
} dv_health;

/* A kind of actor. Members marked optional may be NULL. */
typedef struct dv_actor_class {
    const char *name;
    /* By message type; a type without a handler is dropped and logged. */
    dv_handler *const *handlers; /* DV_MSG_COUNT of them */
    /* optional: gets what it needs, in the actor's thread, and may block for seconds. On an error
       ret_why (200 bytes) says what is wrong, where, and what to do. */
    dv_err (*start)(void *self, dv_time now, dv_outbox *outbox, char ret_why[DV_REASON_MAX]);
    /* optional: does all work that is due and returns the next deadline, monotonic nanoseconds. */
    int64_t (*tick)(void *self, dv_time now, dv_outbox *outbox);
    /* optional: begins to finish. From then on `drained` is asked each turn. */
    void (*drain)(void *self, dv_time now, dv_outbox *outbox);
    bool (*drained)(const void *self); /* optional: true when nothing is left to finish */
    /* optional, together: the descriptors to poll (at most DV_WATCH_MAX; returns how many), and
       what happens when one of them is ready. */
    uint32_t (*watch)(void *self, dv_watch ret_watches[DV_WATCH_MAX]);
    void (*ready)(void *self, dv_watch watch, dv_time now, dv_outbox *outbox);
    dv_health (*health)(const void *self); /* optional: well when absent */
    void (*destroy)(void **self);          /* frees and clears; accepts a half-started self */
} dv_actor_class;

/* What an actor's thread is given. Everything is borrowed until the actor is stopped, but for self,
   which the loop destroys. */
typedef struct dv_actor {
    const dv_actor_class *class;
    const char *name; /* the instance, "router:raydium" or "router:raydium@r1": its role, and its
                         node in a cluster; names it in logs and to its peers */
    void *self;
    const dv_link *links; /* all of the process: the loop takes those that name this actor's role */
    uint32_t link_count;
    const dv_network *network; /* NULL: no link of this process uses tcp */
} dv_actor;

/* The body of every actor's thread, for zactor_new(dv_actor_run, dv_actor *). Speaks to its shell
   on the pipe in strings: it says "READY", or "FAILED", name of the error, why; it obeys "DRAIN",
   says "DRAINED" when done, and ends at "$TERM". */
void dv_actor_run(zsock_t *pipe, void *actor);

#endif
