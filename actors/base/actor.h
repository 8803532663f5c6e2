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

/* How the two ends of a link speak. */
typedef enum dv_pattern {
    DV_DEALER_ROUTER, /* producers connect and ask; the consumer binds and answers whom it likes */
    DV_PUB_SUB,       /* producers connect and tell; consumers bind and only listen */
} dv_pattern;

/* What happens to a message when its link is full or its peer is gone. */
typedef enum dv_when_full {
    DV_KEEP, /* it waits in the sender, in order, until the link takes it */
    DV_DROP, /* it is dropped and counted: the receiver finds out by itself, or asks again */
} dv_when_full;

/* A link as this process uses it: a row of actors/topology.h with its endpoint filled in. */
typedef struct dv_link {
    const char *name; /* e.g. "quote:raydium"; also the configuration key endpoint_quote_raydium */
    dv_link_kind kind;
    uint8_t index;                   /* among links of its kind, 0..7 */
    const char *producer, *consumer; /* actors' names; "*": any */
    dv_pattern pattern;
    int high_water_mark; /* messages that may wait on each side */
    dv_when_full when_full;
    const char *endpoint; /* inproc://… or tcp://… */
} dv_link;

/* One end of a link in an actor. Numbered by link, so that every actor knows its ports by name. */
typedef uint8_t dv_port;
#define DV_PORT(kind, index) ((dv_port)((kind)*8 + (index)))
#define DV_PORT_KIND(port) ((dv_link_kind)((port) / 8))
#define DV_PORT_INDEX(port) ((uint8_t)((port) % 8))
#define DV_PORT_COUNT (DV_LINK_KIND_COUNT * 8)

/* Who sent a message that came in on a bound port, to answer to. Empty on a connected port. */
typedef struct dv_peer {
    uint8_t size;
    uint8_t bytes[DV_NAME_MAX];
} dv_peer;

/* A message that came in. All of it is borrowed for the call. */
typedef struct dv_envelope {
    dv_port port;
    dv_peer peer;
    dv_message message;
} dv_envelope;

/* Messages on their way out, sent when the turn ends. */
typedef struct dv_outbox dv_outbox;

/* Puts a message into the outbox; it is encoded now, so what it borrows may go after the call.
   to: on a bound port, the peer it is for; NULL on a connected one. */
void dv_send(dv_outbox *outbox, dv_port port, const dv_peer *to, const dv_message *message);

/* The turn's arena: what is allocated in it lives until the turn ends. */
dv_arena *dv_outbox_arena(dv_outbox *outbox);

/* For whoever runs handlers without the run loop (tests, the simulator): an outbox to hand in, and
   what is in it. Entries are valid until the outbox is cleared; `bytes` is the encoded message. */
typedef struct dv_outbox_entry {
    dv_port port;
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

/* A descriptor of a foreign library (libpq, hiredis) for the loop to poll. */
typedef struct dv_watch {
    int fd;
    bool readable, writable; /* wanted; in `ready`: what it is */
} dv_watch;
#define DV_WATCH_MAX 16

/* How an actor is doing, for readiness. */
typedef struct dv_health {
    dv_err degraded;  /* DV_OK: well */
    const char *text; /* what is away and what that costs; a constant */
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
    const char *name; /* the instance, e.g. "router:raydium": names it in logs and to its peers */
    void *self;
    const dv_link *links; /* all of the process: the loop takes those that name this actor */
    uint32_t link_count;
} dv_actor;

/* The body of every actor's thread, for zactor_new(dv_actor_run, dv_actor *). Speaks to its shell
   on the pipe in strings: it says "READY", or "FAILED", name of the error, why; it obeys "DRAIN",
   says "DRAINED" when done, and ends at "$TERM". */
void dv_actor_run(zsock_t *pipe, void *actor);

#endif
