/* What a schedule is: a small struct of functions behind which attempts wait for their time. The
   real one is Redis; the simulator puts a model in its place.

     arm ─► due ──take──► leased ──forget──► gone
             ▲               │
             └── lease over ─┘   (after too many hand-outs: gone, and the sweep finds it again)

   A schedule may forget anything at any time: PostgreSQL holds the same due times. */
#ifndef DV_SCHEDULE_H
#define DV_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "actors/base/actor.h"
#include "actors/retry/config.h"

#define DV_SCHEDULE_TAKE_MAX 256 /* entries of one answer to take */

/* An attempt that waits. */
typedef struct dv_schedule_entry {
    dv_id order_id;
    uint8_t attempt;
    int64_t due_us; /* wall time; 0 in what was taken */
    dv_peer peer;   /* who is to be told; empty: not known */
} dv_schedule_entry;

/* The answer to one take. */
typedef struct dv_schedule_taken {
    const dv_schedule_entry *entries; /* valid until the schedule is called again */
    uint32_t count;
    int64_t next_us; /* wall time of the next due entry or end of a lease, past when more are due;
                        DV_NEVER: nothing is in it */
} dv_schedule_taken;

typedef struct dv_schedule dv_schedule;

typedef struct dv_schedule_class {
    /* Gets what it needs. The schedule being away is no error; on one, ret_why says what to do. */
    dv_err (*start)(dv_schedule *schedule, dv_time now, char ret_why[DV_REASON_MAX]);
    /* NULL while it works, otherwise why it is away, empty until the first connection has been made
       or has failed. While away, arm, forget and take do nothing. */
    const char *(*fault)(const dv_schedule *schedule);
    /* Puts entries in, at most DV_SWEEP_MAX. only_lost: those it knows keep their time or lease;
       otherwise the new time counts and a lease ends. */
    void (*arm)(dv_schedule *schedule, const dv_schedule_entry *entries, uint32_t count,
                bool only_lost, dv_time now);
    /* Removes an entry, due or leased. */
    void (*forget)(dv_schedule *schedule, const dv_id *order_id, uint8_t attempt, dv_time now);
    /* Asks for what is due, to be leased until the lease is over. One take at a time: the next one
       follows the answer to the one before, or the schedule's going away. */
    void (*take)(dv_schedule *schedule, dv_time now);
    /* The answer to the last take, once; false when there is none yet. */
    bool (*taken)(dv_schedule *schedule, dv_schedule_taken *ret_taken);
    /* As in dv_actor_class: work that is due, and the descriptors to poll. */
    int64_t (*tick)(dv_schedule *schedule, dv_time now);
    uint32_t (*watch)(dv_schedule *schedule, dv_watch ret_watches[DV_WATCH_MAX]);
    void (*ready)(dv_schedule *schedule, dv_watch watch, dv_time now);
    void (*destroy)(dv_schedule **schedule); /* accepts NULL and half-started */
} dv_schedule_class;

/* A schedule's own struct begins with this. */
struct dv_schedule {
    const dv_schedule_class *class;
};

/* The schedule in Redis at config's redis_url, leases of retry_lease_ms. config is borrowed for its
   life. It belongs to one thread, in which start masks SIGPIPE. A host given by name is looked up
   at each connection, which blocks for as long as the resolver takes. Never NULL. */
dv_schedule *dv_schedule_redis_new(const dv_retry_config *config);

#endif
