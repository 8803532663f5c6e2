/* A query: one thing that is asked of the store, and all that the engine knows of it. A query is a file
   of queries/, named as the query is, and its statements in sql/queries. README.md says how to add one.

     message ──► bind ──► statement ══► PostgreSQL ══► rows ──► read ──► replies ──► its sender
                   └────────────► model, in the simulator ─────────┘

   A message that asks is answered with messages (calls.h). A batch asks for many messages at once, and is
   answered with a receipt or a view for each (batch.h). */
#ifndef DV_QUERY_H
#define DV_QUERY_H

#include "actors/persistence/store.h"
#include "proto/arena.h"

typedef struct dv_statement dv_statement; /* sql/statement.h */
typedef struct dv_params dv_params;       /* actors/persistence/pg/params.h */
typedef struct pg_result dv_rows;         /* libpq's; actors/persistence/pg/rows.h reads them */
typedef struct dv_model dv_model;         /* actors/persistence/store_model.h */

struct dv_query {
    const char *name;
    dv_message_type asks; /* the message that asks */
    bool batched;         /* many of them are asked for at once, by a batch */
    dv_store_lane lane;
    bool quick;     /* reads a row or a few: does not wait behind long lists */
    bool remembers; /* its last reply, which borrows nothing, is kept for `refuse` */
    /* Replies in one answer; more are an error. 0: there is a receipt or a view for each row. */
    uint32_t replies_max;
    /* Fills in the parameters; returns the statement. Scratch memory comes from the arena. */
    const dv_statement *(*bind)(const dv_store_request *request, dv_arena *arena,
                                dv_params *params);
    /* Reads rows into the answer, which lives in the arena. The request's own rows are gone.
       STORE_REFUSED: the rows are not what the schema promises; STORE_STALE: as in store.h. */
    dv_err (*read)(const dv_rows *rows, const dv_store_request *request, dv_arena *arena,
                   dv_store_answer *ret);
    /* What is replied when the store could not answer. last: the reply that is remembered, or NULL.
       False: no reply. NULL for a batch. */
    bool (*refuse)(dv_err error, const dv_message *last, dv_message *ret_reply);
    /* Does and answers the same on the simulator's tables. NULL but in programs with the model. */
    dv_err (*model)(dv_model *model, const dv_store_request *request, dv_arena *arena,
                    dv_store_answer *ret);
};

/* Every query, ending with a NULL. The build lists the files of queries/. */
extern const dv_query *const DV_QUERIES[];

/* Those that batches ask for. */
extern const dv_query DV_QUERY_insert, DV_QUERY_find, DV_QUERY_step, DV_QUERY_look;

/* The query that a message asks for; NULL: none, or one that batches ask for. */
const dv_query *dv_query_of(dv_message_type asks);

/* ---- for queries ---- */

/* Begin the definitions of a query's functions, the members above: DV_QUERY_BIND(get_order) {…} defines
   bind_get_order. A body sees the parameters named here, and may leave any unused. Only programs with
   DROVER_STORE_MODEL hold models. */
#define DV_QUERY_BIND(name)                                                                        \
    static const dv_statement *bind_##name(DV_UNUSED const dv_store_request *request,              \
                                           DV_UNUSED dv_arena *arena, DV_UNUSED dv_params *params)
#define DV_QUERY_READ(name)                                                                        \
    static dv_err read_##name(const dv_rows *rows, DV_UNUSED const dv_store_request *request,      \
                              dv_arena *arena, dv_store_answer *ret)
#define DV_QUERY_REFUSE(name)                                                                      \
    static bool refuse_##name(DV_UNUSED dv_err error, DV_UNUSED const dv_message *last,            \
                              DV_UNUSED dv_message *ret_reply)
#define DV_QUERY_MODEL(name)                                                                       \
    DV_UNUSED static dv_err model_##name(dv_model *model,                                          \
                                         DV_UNUSED const dv_store_request *request,                \
                                         dv_arena *arena, dv_store_answer *ret)
#ifdef DROVER_STORE_MODEL
#define DV_QUERY_MODELLED(function) function
#else
#define DV_QUERY_MODELLED(function) NULL
#endif

/* Adds a reply, zeroed but for its type, to the answer; its memory is the arena's. Valid until the next. */
dv_message *dv_answer_add(dv_store_answer *answer, dv_message_type type, dv_arena *arena);

/* Orders as a query has found them, in the order in which they are replied. */
typedef struct dv_views {
    dv_store_view *list; /* mark: the seq of the event that is meant */
    uint32_t count;
    uint64_t head_position; /* of the newest event committed when they were read */
} dv_views;

/* Replies with an order_item for each view, and a query_reply. if_none: its error if there is no view. */
void dv_answer_views(dv_store_answer *answer, const dv_views *views, dv_err if_none,
                     dv_arena *arena);

/* The `refuse` of queries that reply with views: a query_reply with the error. */
bool dv_refuse_views(dv_err error, const dv_message *last, dv_message *ret_reply);

#endif
