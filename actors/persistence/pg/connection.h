/* A connection to PostgreSQL: asynchronous, in pipeline mode, one transaction a request.

     DOWN ─► CONNECTING ─► PREPARING ─► SERVING
      ▲          │            │           │
      └──────────┴────────────┴───────────┘ error; again after a growing pause */
#ifndef DV_PG_CONNECTION_H
#define DV_PG_CONNECTION_H

#include <libpq-fe.h>

#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/trouble.h"
#include "actors/persistence/query.h"

#define DV_PG_WRITER_DEPTH                                                                         \
    2 /* in a writer's pipeline: the server begins one while we read another */
#define DV_PG_READER_DEPTH 64 /* in a reader's */

typedef enum dv_pg_phase {
    DV_PG_DOWN,
    DV_PG_CONNECTING,
    DV_PG_PREPARING,
    DV_PG_SERVING
} dv_pg_phase;

/* PREPARING has two entries of its own in the pipeline. */
typedef enum dv_pg_purpose { DV_PG_REQUEST, DV_PG_CHECKS, DV_PG_PREPARES } dv_pg_purpose;

/* An entry of a pipeline, up to the sync that commits it. */
typedef struct dv_pg_sent {
    dv_pg_purpose purpose;
    dv_store_request request; /* without the rows of a batch */
    PGresult *result;         /* its rows or its error, whichever came last */
} dv_pg_sent;

typedef struct dv_pg_conn {
    PGconn *pg; /* NULL when DOWN */
    dv_store_lane lane;
    dv_pg_phase phase;
    PostgresPollingStatusType polling; /* while CONNECTING */
    bool flushing;                     /* libpq holds bytes that the socket did not take */
    bool broken;                       /* to be dropped at the next tick */
    int64_t due_ns;                    /* DOWN: when to connect; before SERVING: when to give up */
    int64_t backoff_ns;                /* the last pause */
    int64_t serving_since_ns;
    int64_t heard_ns; /* SERVING: of the last answer, or of the first request after it */
    dv_pg_sent pipeline[DV_PG_READER_DEPTH]; /* a ring */
    uint32_t first, count;
} dv_pg_conn;

/* What the connections of a store share. */
typedef struct dv_pg_shared {
    const char *url;
    dv_trouble trouble[DV_STORE_LANE_COUNT]; /* the last one not seen to be over */
    char why[DV_REASON_MAX];                 /* the last connection was lost, for start */
    bool unsafe_told;                        /* that the server does not flush */
    dv_params params;                        /* of one submit */
    dv_arena *request; /* scratch of one submit, maybe while an answer is given */
    dv_arena *answer;  /* of one answer */
} dv_pg_shared;

/* How many more requests the connection takes. */
uint32_t dv_pg_conn_room(const dv_pg_conn *conn);

/* Whether it serves, and answers within the time after which its lane counts as away. */
bool dv_pg_conn_serves(const dv_pg_conn *conn, int64_t now_ns);

/* Sends a request; only where there is room. */
void dv_pg_conn_submit(dv_pg_shared *shared, dv_pg_conn *conn, const dv_store_request *request,
                       int64_t now_ns);

/* Does what is due; returns when something is due next. */
int64_t dv_pg_conn_tick(dv_pg_shared *shared, dv_pg_conn *conn, dv_time now,
                        const dv_store_answers *answers);

/* What to poll. False: nothing. And: goes on when its descriptor is ready. */
bool dv_pg_conn_watch(const dv_pg_conn *conn, dv_watch *ret_watch);
void dv_pg_conn_ready(dv_pg_shared *shared, dv_pg_conn *conn, dv_time now,
                      const dv_store_answers *answers);

/* Closes it, whatever it is doing. */
void dv_pg_conn_fini(dv_pg_conn *conn);

#endif
