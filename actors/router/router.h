/* Router: the pools of one DEX.

   Purpose          quotes swaps in the pools of one DEX, and says as a leg what a transaction must do
                    for one
   Reads            quote: quote_request, leg_request
                    market: cluster_event, pool_event, read_part, read_reply
   Writes           quote: quote_reply, leg_reply
                    market: watch_cluster, read_request
   Durable effects  none
   May block on     nothing
   Limits           200,000 requests open; one not answered in 120 s is forgotten
   If it dies       quotes and legs are asked for again */
#ifndef DV_ROUTER_H
#define DV_ROUTER_H

#include "actors/base/actor.h"
#include "actors/dex/venue.h"

extern const dv_actor_class DV_ROUTER_CLASS;

/* Makes the actor's self around a venue, which is consumed and nulled. chain: the index of its
   cluster's market link. */
void *dv_router_new(uint8_t chain, dv_venue **venue);

#endif
