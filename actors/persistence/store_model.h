/* PostgreSQL's tables as the simulator keeps them, in memory. Each query of queries/ has a model, which does
   on these tables what the query's statement does on PostgreSQL's. tests/sim/store_tables.c implements
   this; tests/component/test_store_model.c holds every model against a real PostgreSQL. */
#ifndef DV_STORE_MODEL_H
#define DV_STORE_MODEL_H

#include <uthash.h>

#include "actors/persistence/query.h"

#define DV_MODEL_INSTANCES_MAX 256

/* A row of orders, with its events as one view. */
typedef struct dv_model_order {
    UT_hash_handle hh; /* by id */
    UT_hash_handle by_key;
    dv_id id;
    char key[DV_USER_ID_MAX + DV_CLIENT_ORDER_ID_MAX + 2]; /* user, newline, key; empty: no key */
    dv_arena *arena;                                       /* of all that the view points to */
    dv_view view;
    char owner[DV_NAME_MAX + 1];
    uint64_t epoch;
    uint8_t state, attempt;
    int64_t updated_us;
    int64_t retry_us; /* DV_NEVER: null */
    void *notes;      /* the watcher's */
} dv_model_order;

typedef struct dv_model_instance {
    char owner[DV_NAME_MAX + 1], name[DV_NAME_MAX + 1];
    int64_t lease_us, alive_us, beat_us;
    bool leaving;
} dv_model_instance;

typedef struct dv_model_event {
    dv_model_order *order;
    uint32_t seq;
} dv_model_event;

/* Who is told of each change of an order: after an insert, before and after a step or a claim. */
typedef struct dv_model_watcher {
    void (*inserted)(void *context, dv_model_order *order);
    void (*stepping)(void *context, const dv_model_order *order, const dv_step_request *step);
    void (*stepped)(void *context, const dv_model_order *order);
    void (*fenced)(void *context, const dv_model_order *order); /* a step came with an old epoch */
    void (*claiming)(void *context, dv_model_order *order, const char *owner);
    void (*claimed)(void *context, const dv_model_order *order);
} dv_model_watcher;

/* Starts as {0}. */
struct dv_model {
    int64_t now_us; /* PostgreSQL's clock, set before each query */
    dv_model_order *orders;
    dv_model_order *keys; /* by_key */
    uint32_t unfinished;  /* orders */
    dv_model_event *events;
    uint64_t event_count, event_capacity;                /* position of the newest; */
    dv_model_instance instances[DV_MODEL_INSTANCES_MAX]; /* in order of their first beats */
    uint32_t instance_count;
    const dv_model_watcher *watcher; /* NULL: none */
    void *watched_for;               /* its context */
};

/* Tells the watcher: DV_MODEL_TELL(model, stepped, order). */
#define DV_MODEL_TELL(model, change, ...)                                                          \
    do {                                                                                           \
        if ((model)->watcher != NULL) (model)->watcher->change((model)->watched_for, __VA_ARGS__); \
    } while (0)

/* The order of an id, or of the key that terms name; NULL when there is none. */
dv_model_order *dv_model_order_of(const dv_model *model, const dv_id *id);
dv_model_order *dv_model_order_of_key(const dv_model *model, const dv_terms *terms);

/* Adds an order in pending, without an event; its id and key must be free. Copies the terms. */
dv_model_order *dv_model_order_add(dv_model *model, const dv_terms *terms, dv_text owner);

/* All orders by id. The list is the arena's. */
dv_model_order **dv_model_orders(const dv_model *model, dv_arena *arena, uint32_t *ret_count);

/* Writes the order's next event, from its state, attempt and updated_us. Copies what was learnt. */
dv_event dv_model_event_write(dv_model *model, dv_model_order *order, const dv_attempt *learnt,
                              uint32_t learnt_count);

/* The order as others see it: without signed bytes. Borrows from the order. */
dv_store_view dv_model_view(const dv_model_order *order, uint64_t mark, dv_arena *arena);

/* The instance of an owner, NULL when it never beat; and a new one of a name, the latest. */
dv_model_instance *dv_model_instance_of(const dv_model *model, dv_text owner);
dv_model_instance *dv_model_instance_add(dv_model *model, dv_text owner, dv_text name);

/* As sql/parts has them: superseded, alive, and whether `me` may claim the orders of an owner, which is
   text of a row (NUL ends it). */
bool dv_model_superseded(const dv_model *model, const dv_model_instance *instance);
bool dv_model_alive(const dv_model *model, const dv_model_instance *instance);
bool dv_model_orphaned(const dv_model *model, const dv_model_instance *me, dv_text owner);

#endif
