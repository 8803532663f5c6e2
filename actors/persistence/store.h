/* What persistence needs of a database: a small struct of functions, filled by actors/persistence/pg/store.c
   for PostgreSQL, and by a model in tests.

   Requests are submitted, and answered later out of `ready` or `tick`, each once, in any order. A
   request is one transaction. When an answer says STORE_AWAY it is not known whether the request was
   done, and the submitter submits it again. A store never sees an actor's socket or clock. */
#ifndef DV_STORE_H
#define DV_STORE_H

#include "actors/base/actor.h"
#include "actors/persistence/config.h"

typedef struct dv_query dv_query; /* actors/persistence/query.h */

/* Writers take what writes, each busy with one request or a few. Readers take what only reads. */
typedef enum dv_store_lane { DV_STORE_WRITER, DV_STORE_READER, DV_STORE_LANE_COUNT } dv_store_lane;

typedef struct dv_store_request {
    uint64_t ticket; /* comes back with the answer */
    const dv_query *query;
    const dv_message *message; /* what asks; borrowed until the answer. NULL for a batch */
    uint32_t count; /* of a batch's rows, in one of these, borrowed for the call of submit: */
    union {
        const dv_insert_request *const *inserts; /* their ids differ */
        const dv_step_request *const *steps;     /* their orders differ; legal moves */
        const void *const *rows;
    };
} dv_store_request;

/* What became of one row of a batch, or what its order holds now. */
typedef struct dv_store_receipt {
    bool found;        /* the query says what this means */
    dv_event event;    /* insert, step: the one written; look: the order's last one */
    uint64_t epoch;    /* look: the order's */
    dv_text signature; /* look: the current attempt's; empty: none yet */
} dv_store_receipt;

typedef struct dv_store_view {
    uint64_t mark; /* the query says what this means */
    dv_text owner; /* the order's */
    dv_view view;
} dv_store_view;

/* Borrowed for the call that brings it. */
typedef struct dv_store_answer {
    uint64_t ticket;
    /* DV_OK; STORE_AWAY: it may or may not have been done, ask again; STORE_REFUSED: it was not done
       and never will be, because of what is in it; STORE_STALE: a claim by an instance that is not
       alive. */
    dv_err error;
    bool undone;        /* STORE_AWAY: this request was surely not done, and never will be */
    dv_text error_text; /* the database's words, for the log */
    uint32_t count;     /* DV_OK: of what the query answers, in one of these: */
    union {
        dv_message *replies;        /* to a message; their request ids are not set */
        dv_store_receipt *receipts; /* to a batch: as many as its rows, in their order */
        dv_store_view *views;       /* to `find` */
    };
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
    /* Whether no connection serves the lane at present. */
    bool (*away)(const dv_store *store, dv_store_lane lane);
    /* optional: what is wrong with the lane and what that costs, a constant; NULL: all is well. The
       trouble may be the reason for being away, or have failed the last write. */
    const char *(*trouble)(const dv_store *store, dv_store_lane lane);
    /* Takes a request over; only where the lane of its query has room. */
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

/* PostgreSQL: store_connections writers and four readers, one for quick queries, asynchronous and in
   pipeline mode. A connection is used only once it may write and flushes what it commits; a request
   that is not answered in time costs the connection. Only the look-up of a host's name may block
   after start. config is borrowed for its life. start_timeout_ms: the shell waits so long for start, which
   gives up a little earlier. Never NULL. */
dv_store *dv_store_pg_new(const dv_persistence_config *config, uint32_t start_timeout_ms);

#endif
