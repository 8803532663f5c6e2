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
#include "actors/base/link.h"
#include "actors/base/outbox.h"
#include "proto/arena.h"
#include "proto/error.h"
#include "proto/message.h"

/* A message that came in. All of it is borrowed for the call. */
typedef struct dv_envelope {
    dv_port port;
    dv_peer peer;
    dv_text bytes; /* the message as it came, for whoever keeps it */
    dv_message message;
} dv_envelope;

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

/* The run loop's pace; the simulator keeps the same. */
#define DV_BEAT_EVERY_NS (500 * DV_NS_PER_MS) /* an actor reports how it is */
#define DV_BURST 256                          /* messages taken from one lane in a turn */

/* The body of every actor's thread, for zactor_new(dv_actor_run, dv_actor *). Speaks to its shell
   on the pipe in strings: it says "READY", or "FAILED", name of the error, why; it obeys "DRAIN",
   says "DRAINED" when done, and ends at "$TERM". */
void dv_actor_run(zsock_t *pipe, void *actor);

#endif
