/* A model of PostgreSQL: the tables in memory with the semantics of sql/queries, and stores on
   them for persistence actors. A request is committed at one instant and answered later; or it
   fails, or it is committed and the answer is lost, or it is committed long after its asker gave
   up. A request outlives the process that asked it. */
#ifndef SIM_STORE_MODEL_H
#define SIM_STORE_MODEL_H

#include <uthash.h>

#include "actors/persistence/store.h"
#include "proto/arena.h"
#include "tests/sim/world.h"

#define SIM_INSTANCES_MAX 256

/* A row of orders, with its events and executions as one view. */
typedef struct sim_order {
    UT_hash_handle hh;
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
    void *notes;      /* the book's */
} sim_order;

typedef struct sim_instance {
    char owner[DV_NAME_MAX + 1], name[DV_NAME_MAX + 1];
    int64_t lease_us, alive_us, beat_us;
    bool leaving;
} sim_instance;

typedef struct sim_event {
    sim_order *order;
    uint32_t seq;
} sim_event;

/* How often a statement meets a fault, in a million. */
typedef struct sim_db_weather {
    uint32_t refuse_ppm, lose_ppm, late_ppm;
    int64_t usual_ns; /* a commit takes at most, without a fault */
} sim_db_weather;

typedef struct sim_db {
    sim_world *world;
    sim_order *orders;
    sim_order *keys; /* by_key */
    sim_event *events;
    uint64_t event_count, event_capacity;      /* position of the newest; */
    sim_instance instances[SIM_INSTANCES_MAX]; /* in order of their first beats */
    uint32_t instance_count;
    int64_t away_until_ns;
    sim_db_weather weather;
    sim_dice dice;
    struct sim_request *requests; /* under way */
    uint32_t unfinished;
} sim_db;

/* An empty database; the world owns it. */
sim_db *sim_db_new(sim_world *world);
void sim_db_destroy(sim_db **db);

/* The database goes away until then: what is under way is done or not, and nobody hears of it. */
void sim_db_go_away(sim_db *db, int64_t until_ns);

/* The time of the database's clock. */
int64_t sim_db_now_us(const sim_db *db);

/* The order of an id; NULL when there is none. */
sim_order *sim_db_order(const sim_db *db, const dv_id *id);

/* The instance of an owner; NULL when it never beat. */
sim_instance *sim_db_instance(const sim_db *db, const char *owner);

/* Whether an instance is alive, by the rules of sql/queries. */
bool sim_db_alive(const sim_db *db, const char *owner);

/* Does what a request asks, as one transaction. receipts, views and so on are the arena's or the
   orders' own, and stay as they are. */
void sim_db_do(sim_db *db, const dv_store_request *request, dv_arena *arena, dv_store_answer *ret);

/* The store of a persistence actor. */
dv_store *sim_store_new(sim_actor *actor);

#endif
