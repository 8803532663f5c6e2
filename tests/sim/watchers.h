/* Clients with WebSockets: what they read must be the stored events, each once and in order, also
   across lost connections and other gateways. */
#ifndef SIM_WATCHERS_H
#define SIM_WATCHERS_H

#include "tests/sim/world.h"

typedef struct sim_watchers sim_watchers;

/* Some that listen to all orders begin in the course of the run. busy: there are many orders, and
   one of the listeners is too slow for them. */
sim_watchers *sim_watchers_new(sim_world *world, bool busy);
void sim_watchers_destroy(sim_watchers **watchers);

/* One that watches an order begins. */
void sim_watch_order(sim_watchers *watchers, const dv_id *order_id);

/* Nobody drops its connection or reads slowly any more. */
void sim_watchers_calm(sim_watchers *watchers);

/* Whether everybody has seen all that there is. */
bool sim_watchers_at_rest(const sim_watchers *watchers);
void sim_watchers_explain(const sim_watchers *watchers);
void sim_watchers_end(sim_watchers *watchers);

/* A gateway that takes requests; NULL: none does. */
sim_actor *sim_gateway_pick(sim_world *world, sim_dice *dice);

/* Hands a gateway's actor a message of one of its threads. */
void sim_desk_send(sim_actor *gateway, const char *peer, const dv_message *message, sim_dice *dice);

#endif
