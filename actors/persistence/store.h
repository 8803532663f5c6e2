/* What persistence needs of a database: a small struct of functions, filled by actors/persistence/pg/connection.c
   for PostgreSQL and by a model in tests.

   Requests are submitted, and answered later out of `ready` or `tick`, each once, in any order. A
   request is one transaction. A store keeps no request: when an answer says STORE_AWAY it is not
   known whether the request was done, and whoever submitted it does so again. A store never sees
   an actor's socket or clock. */
#ifndef DV_STORE_H
#define DV_STORE_H

#include "actors/base/actor.h"
#include "actors/persistence/config.h"

/* Writers take batches, each busy with one or a few; the reader takes queries. */
typedef enum dv_store_lane { DV_STORE_WRITER, DV_STORE_READER, DV_STORE_LANE_COUNT } dv_store_lane;

typedef enum dv_store_type {
    DV_STORE_INSERT, /* writer: inserts → a receipt each, found: it was new */
    DV_STORE_FIND,   /* writer: inserts that were not new → the views in their way, by mark */
    DV_STORE_STEP,   /* writer: steps of different orders → a receipt each, found: it was taken */
    DV_STORE_LOOK,   /* writer: steps that were not taken → what their orders hold now */
    DV_STORE_BEAT, /* writer: an instance's beat → beat: its error, whether there are orphans that
                      this instance may claim, and when there may be some next */
    DV_STORE_CLAIM, /* writer: → jobs, by order id; at most 500 orphans, or those listed that are
                       the claimer's, unfinished, and in the epoch listed */
    DV_STORE_OWNED, /* reader: → owned, by order id */
    DV_STORE_WAITING, /* reader: → waiting, by order id */
    DV_STORE_GET,     /* reader: → views, none when there is no such order */
    DV_STORE_LIST,    /* reader: → views, newest first */
    DV_STORE_EVENTS,  /* reader: → views, by position of the event meant */
    DV_STORE_STATS,   /* reader: → stats */
} dv_store_type;

/* Borrowed for the call of submit. */
typedef struct dv_store_request {
    uint64_t ticket; /* comes back with the answer */
    dv_store_type type;
    uint32_t count; /* of inserts or steps */
    union {
        const dv_insert_request *const *inserts; /* INSERT, FIND: ids differ */
        const dv_step_request *const *steps;     /* STEP, LOOK: orders differ; legal moves */
        dv_lease_request beat;
        dv_claim_request claim;
        dv_owned_request owned;
        dv_retries_request waiting;
        dv_order_request get;
        dv_orders_request list;
        dv_events_request events;
    };
} dv_store_request;

/* What became of one row of a batch, or what its order holds now. */
typedef struct dv_store_receipt {
    bool found;        /* what this means is said by the request's type */
    dv_event event;    /* INSERT, STEP: the one written; LOOK: the order's last one */
    uint64_t epoch;    /* LOOK: the order's */
    dv_text signature; /* LOOK: the current attempt's; empty: none yet */
} dv_store_receipt;

typedef struct dv_store_view {
    uint64_t
        mark; /* FIND: the insert's index, from 1; EVENTS: the event's seq; else the last seq */
    dv_text owner; /* the order's, for FIND */
    dv_view view;
} dv_store_view;

/* Borrowed for the call that brings it. */
typedef struct dv_store_answer {
    uint64_t ticket;
    dv_store_type type;
    /* DV_OK; STORE_AWAY: it may or may not have been done, ask again; STORE_REFUSED: it was not
       done and never will be, because of what is in it; STORE_STALE: a CLAIM by who is not alive.
     */
    dv_err error;
    bool undone;        /* STORE_AWAY: this request was surely not done, and never will be */
    dv_text error_text; /* the database's words, for the log */
    uint32_t count;     /* of what the type says, in one of these: */
    union {
        const dv_store_receipt *receipts; /* as many as rows were submitted, in their order */
        const dv_store_view *views;
        const dv_job *jobs;
        const dv_owned *owned;
        const dv_waiting *waiting;
        dv_lease_reply beat;
    };
    uint64_t head_position; /* views: of the newest event committed when they were read */
    dv_stats_reply stats;
} dv_store_answer;

/* Where answers go: called from within `ready` and `tick`. An answer that is no error may be met
   with new requests, within the call. */
typedef struct dv_store_answers {
    void (*answer)(void *context, const dv_store_answer *answer);
    void *context;
} dv_store_answers;

typedef struct dv_store dv_store;

typedef struct dv_store_class {
    /* Connects, which may block for start_timeout_ms, and brings the schema up to date, which takes
       what the migrations take. On an error ret_why says what is wrong, where, and what to do. */
    dv_err (*start)(dv_store *store, char ret_why[DV_REASON_MAX]);
    /* How many more requests the lane takes now. */
    uint32_t (*room)(const dv_store *store, dv_store_lane lane);
    /* Whether nobody serves the lane at present. */
    bool (*away)(const dv_store *store, dv_store_lane lane);
    /* optional: what is wrong with the lane and what that costs, a constant; NULL: all is well. It
       may be the reason for being away, or have failed the last write. */
    const char *(*trouble)(const dv_store *store, dv_store_lane lane);
    /* Takes a request over; only where there is room. */
    void (*submit)(dv_store *store, const dv_store_request *request);
    /* As in dv_actor_class, answers instead of an outbox. */
    int64_t (*tick)(dv_store *store, dv_time now, const dv_store_answers *answers);
    uint32_t (*watch)(dv_store *store, dv_watch ret_watches[DV_WATCH_MAX]);
    void (*ready)(dv_store *store, dv_watch watch, dv_time now, const dv_store_answers *answers);
    void (*destroy)(dv_store **store); /* accepts NULL and half-started */
} dv_store_class;

/* A store's own struct begins with this. */
struct dv_store {
    const dv_store_class *class;
};

/* The lane that serves a type of request. */
static inline dv_store_lane dv_store_lane_of(dv_store_type type)
{
    return type <= DV_STORE_CLAIM ? DV_STORE_WRITER : DV_STORE_READER;
}

/* What a step teaches about attempts: the fields learnt with it, and the error that ended the one
   before. Returns how many, by number; none when nothing was learnt. They borrow from the step. */
uint32_t dv_step_learnt(const dv_step_request *step, dv_attempt ret_attempts[2]);

/* PostgreSQL: store_connections writers and four readers, one for single orders, asynchronous and
   in pipeline mode. A connection is used only once it may write and flushes what it commits; a
   request that is not answered in time costs the connection. Only the look-up of a host's name may
   block after start. config is borrowed for its life. start_timeout_ms: the shell waits so long for
   start, which gives up a little earlier. Never NULL. */
dv_store *dv_store_pg_new(const dv_persistence_config *config, uint32_t start_timeout_ms);

#endif
