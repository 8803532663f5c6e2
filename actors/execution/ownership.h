/* Ownership: who an execution instance is to the others, and which orders are its own.

   An incarnation is an instance from one start to its end: "execution@a/5f3a9c21". It beats through
   persistence into a table, and PostgreSQL's clock judges who lives:

     joining ──beat answered──► alive ──leave──► leaving ──answered──► gone
        │                         │ beats unanswered for a lease: takes no new orders until one is
        └────────────┬────────────┘
                     └── a later incarnation has its name ──► superseded
                     ◄── and has been silent for its lease ──────┘

   An alive one claims, in pages, orders whose owners are gone, and looks for orders of its own that
   it lost sight of: assigned while the message was lost, or dropped after a refused step. Each
   claim raises the order's epoch, so that whoever had the order before writes nothing any more. */
#ifndef DV_OWNERSHIP_H
#define DV_OWNERSHIP_H

#include "actors/base/actor.h"
#include "actors/execution/config.h"

typedef enum dv_standing {
    DV_STANDING_JOINING,
    DV_STANDING_ALIVE,
    DV_STANDING_SUPERSEDED,
    DV_STANDING_LEAVING,
    DV_STANDING_GONE,
} dv_standing;

/* What is being claimed, one claim at a time. */
typedef enum dv_claiming { DV_CLAIMING_NOTHING, DV_CLAIMING_ORPHANS, DV_CLAIMING_LOST } dv_claiming;

typedef struct dv_ownership {
    const dv_execution_config *config; /* borrowed */
    char name[DV_NAME_MAX + 1];        /* of the instance, e.g. "execution@a" */
    char owner[DV_NAME_MAX + 1];       /* of this incarnation of it */
    dv_standing standing;
    dv_claiming claiming;
    int64_t alive_until_ns; /* monotonic: a lease from the last answered beat */
    int64_t leave_by_ns;    /* LEAVING: when to go unanswered */
    int64_t beat_at_ns;     /* the next beat */
    int64_t claim_at_ns;    /* when a claim is due, or the one under way has failed */
    int64_t claim_since_ns; /* when the first of the pages that are being claimed was due */
    int64_t sweep_at_ns;    /* the next sweep, or when the one under way has failed */
    dv_id sweep_after;      /* the page to ask for next; nil: the first */
    uint32_t overdue;       /* orders without a step for overdue_ms, by the last whole sweep */
    uint32_t overdue_seen;  /* by the sweep under way */
    dv_id overdue_first;    /* one of them, for the log */
} dv_ownership;

/* Whether the caller has an order in hand, in this epoch or a later one. */
typedef bool dv_ownership_has(void *context, const dv_id *order_id, uint64_t epoch);

/* Makes an incarnation. name: the instance's, at most 22 bytes. random: tells it from others. */
void dv_ownership_init(dv_ownership *ownership, const dv_execution_config *config, const char *name,
                       uint32_t random);

/* Whether orders may be assigned to this incarnation now. */
bool dv_ownership_accepts(const dv_ownership *ownership, dv_time now);

/* Whether it is busy claiming page after page of orphans, which comes before going on with those
   claimed, but not for longer than ten seconds. */
bool dv_ownership_claims(const dv_ownership *ownership, dv_time now);

/* Begins to leave: its orders are free to be claimed at once. No step may be under way. */
void dv_ownership_leave(dv_ownership *ownership, dv_time now, dv_outbox *outbox);

/* The answers. told returns true when the incarnation was superseded by it: its orders are another
   one's. owned: `has` is asked about each order, and those it has not are claimed. */
bool dv_ownership_told(dv_ownership *ownership, const dv_lease_reply *told, dv_time now);
void dv_ownership_claim_done(dv_ownership *ownership, const dv_claim_reply *done, dv_time now);
void dv_ownership_owned(dv_ownership *ownership, const dv_owned_reply *told, dv_ownership_has *has,
                        void *context, dv_time now, dv_outbox *outbox);

/* Beats, claims and sweeps when due; returns the next deadline. */
int64_t dv_ownership_tick(dv_ownership *ownership, dv_time now, dv_outbox *outbox);

#endif
