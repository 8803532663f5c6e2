/* The nemesis: draws for each run which faults there are, how often, and when they happen, and ends
   them all at a time, after which everything must come to rest. */
#ifndef SIM_NEMESIS_H
#define SIM_NEMESIS_H

#include "tests/sim/world.h"

typedef struct sim_nemesis sim_nemesis;

/* Also sets the venues' faults in the world's configuration: to be made before any actor starts. */
sim_nemesis *sim_nemesis_new(sim_world *world);
void sim_nemesis_destroy(sim_nemesis **nemesis);

/* When the faults cease. */
int64_t sim_nemesis_end_ns(const sim_nemesis *nemesis);

/* Ends all faults: starts what is down, heals the network, wakes who stands still. */
void sim_nemesis_cease(sim_nemesis *nemesis);

#endif
