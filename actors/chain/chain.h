/* Chain: one cluster. It makes transactions, sends them, and says what became of them.

   Purpose          builds a transaction from the legs of the routers, sends it, and tells its outcome
                    in the catalogue's errors. For the routers it reads from the cluster's nodes, within
                    the one rate of each endpoint.
   Reads            chain: build_request, send_request, status_request
                    market: watch_cluster, read_request
                    past: order_item, query_reply
   Writes           chain: build_reply, status_reply
                    market: cluster_event, pool_event, read_part, read_reply
                    past: orders_request
   Durable effects  transactions on the cluster (simulated: lines of the ledger file)
   May block on     nothing (the simulated cluster appends lines to its ledger file)
   Limits           200,000 requests open; one not answered in 120 s is forgotten
   If it dies       builds are asked for again; sent transactions are sent again, the same bytes */
#ifndef DV_CHAIN_H
#define DV_CHAIN_H

#include "actors/base/actor.h"
#include "actors/chain/backend.h"
#include "proto/roles.h"

extern const dv_actor_class DV_CHAIN_CLASS;

/* Makes the actor's self around a backend, which is consumed and nulled. dexes: bits, by dv_dex, of
   those that trade on this cluster. */
void *dv_chain_new(dv_chain which, uint32_t dexes, dv_backend **backend);

#endif
