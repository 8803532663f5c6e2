/* A batch: the inserts or steps of many orders on their way into the store together, and all that is
   needed to answer them. A batch is in one list of writes.c at a time. */
#ifndef DV_BATCH_H
#define DV_BATCH_H

#include <uthash.h>

#include "actors/persistence/query.h"
#include "proto/arena.h"

/* One insert or step, from its arrival until it is answered. The keys of the look-ups come first: there
   are more items than a cache holds. */
typedef struct dv_batch_item {
    UT_hash_handle pending; /* by id, among all that are not answered */
    dv_id id;               /* of its order */
    UT_hash_handle hh;      /* by id, within its batch */
    dv_peer peer;           /* its sender */
    bool answered;          /* it needs nothing more */
    union {
        dv_insert_request insert;
        dv_step_request step;
    };
} dv_batch_item;

typedef enum dv_batch_kind { DV_BATCH_INSERTS, DV_BATCH_STEPS, DV_BATCH_KIND_COUNT } dv_batch_kind;

/* A request to the store concerns the unanswered items of the window. The window is the whole batch
   unless the store has refused a row:

     open ─► write ──► all of it written ─► answered and published ─► spare
              ▲ │ │
              │ │ └─► some not written ─► look what is there instead ─► answered
              │ └───► refused: half the window; alone and refused: given up
              └────── store away: the same again; inserts surely not written: refused    */
typedef struct dv_batch {
    struct dv_batch *prev, *next; /* in a list of writes.c */
    dv_batch_kind kind;
    bool looking;           /* asks what is there instead of writing */
    bool doubtful;          /* a request whose answer was lost may have written some of it */
    uint64_t ticket;        /* of the request in flight */
    uint32_t first, window; /* items[first], and how many */
    uint32_t count, capacity;
    dv_batch_item *items;
    dv_batch_item *by_id; /* hash of the items */
    dv_arena *arena;      /* the items' texts and lists */
} dv_batch;

/* An empty batch for `capacity` items. Aborts when out of memory. */
dv_batch *dv_batch_new(uint32_t capacity);

/* Accepts NULL. */
void dv_batch_destroy(dv_batch **batch);

/* Empties it for the next use. */
void dv_batch_clear(dv_batch *batch);

/* Whether there is room for an item of this order: a statement cannot change a row twice. */
bool dv_batch_takes(const dv_batch *batch, const dv_id *id);

/* Adds a copy; only where the batch takes it. The window then is the whole batch. Returns the item,
   which stays where it is until the batch is cleared. */
dv_batch_item *dv_batch_add_insert(dv_batch *batch, const dv_insert_request *insert,
                                   const dv_peer *peer);
dv_batch_item *dv_batch_add_step(dv_batch *batch, const dv_step_request *step, const dv_peer *peer);

/* Whether two steps are the same one, sent twice. */
bool dv_batch_same_step(const dv_step_request *a, const dv_step_request *b);

/* How many items of the window are not answered. */
uint32_t dv_batch_unanswered(const dv_batch *batch);

/* What to ask the store next. rows: room for `capacity` pointers, which the request borrows. */
dv_store_request dv_batch_request(const dv_batch *batch, const void **rows);

#endif
