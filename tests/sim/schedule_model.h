/* A model of Redis as the retry schedule uses it: one memory that all retry actors share. It may
   forget everything, and be away. */
#ifndef SIM_SCHEDULE_MODEL_H
#define SIM_SCHEDULE_MODEL_H

#include "actors/retry/schedule.h"
#include "tests/sim/world.h"

typedef struct sim_schedule sim_redis;

/* An empty memory; the world owns it. */
sim_redis *sim_redis_new(sim_world *world);
void sim_redis_destroy(sim_redis **redis);

/* Forgets everything. */
void sim_redis_forget(sim_redis *redis);

/* Is away until then; what it holds stays. */
void sim_redis_go_away(sim_redis *redis, int64_t until_ns);

/* The schedule of a retry actor. */
dv_schedule *sim_schedule_new(sim_actor *actor);

#endif
