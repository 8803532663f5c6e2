/* The clients of a run: some submit orders, with and without idempotency keys, and do so again when
   they are not answered; some watch single orders or all of them, drop, and resume. */
#ifndef SIM_CLIENTS_H
#define SIM_CLIENTS_H

#include "tests/sim/world.h"

typedef struct sim_clients sim_clients;

/* The clients of a world, which owns them; their first requests are set as alarms. */
sim_clients *sim_clients_new(sim_world *world);
void sim_clients_destroy(sim_clients **clients);

/* A gateway answers a thread of its own: a client's request. */
void sim_clients_answer(sim_actor *gateway, const dv_outbox_entry *entry);

/* A gateway is gone, and with it the requests that wait in it. */
void sim_clients_gone(sim_actor *gateway);

/* From now on nobody drops connections or reads slowly. */
void sim_clients_calm(sim_clients *clients);

/* Whether all that must be answered is, and every watcher has seen all there is. */
bool sim_clients_at_rest(const sim_clients *clients);

/* Checks what clients were told against the store. Prints who waits, when not at rest. */
void sim_clients_end(sim_clients *clients);
void sim_clients_explain(const sim_clients *clients);

#endif
