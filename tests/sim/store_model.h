/* A PostgreSQL for the simulator: the tables of actors/persistence/store_model.h, and stores on them for
   persistence actors. A request is committed at one instant and answered later; or it fails; or it is
   committed and the answer is lost; or it is committed long after its actor gave up. A request outlives
   the process that asked it. */
#ifndef SIM_STORE_MODEL_H
#define SIM_STORE_MODEL_H

#include "actors/persistence/store_model.h"
#include "proto/arena.h"
#include "tests/sim/world.h"

/* How often a statement meets a fault, in a million. */
typedef struct sim_db_weather {
    uint32_t refuse_ppm, lose_ppm, late_ppm;
    int64_t usual_ns; /* a commit takes at most, without a fault */
} sim_db_weather;

typedef struct sim_db {
    sim_world *world;
    dv_model tables;
    int64_t away_until_ns;
    sim_db_weather weather;
    sim_dice dice;
    struct sim_request *requests; /* under way */
} sim_db;

/* An empty database; the world owns it. */
sim_db *sim_db_new(sim_world *world);
void sim_db_destroy(sim_db **db);

/* The database goes away until then: what is under way is done or not, and nobody hears of it. */
void sim_db_go_away(sim_db *db, int64_t until_ns);

/* The order of an id; NULL when there is none. */
dv_model_order *sim_db_order(const sim_db *db, const dv_id *id);

/* Whether an instance is alive now. */
bool sim_db_alive(sim_db *db, const char *owner);

/* The store of a persistence actor. */
dv_store *sim_store_new(sim_actor *actor);

#endif
