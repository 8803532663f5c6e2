/* Persistence: the PostgreSQL connections, and batches.

   Purpose          commits inserts and steps of many orders in one statement each, and tells the
                    sender and notification at once; keeps instances; answers questions.
   Reads            insert: insert_request · write: step_request, lease_request, claim_request,
                    owned_request · sweep: retries_request · recall, query: order_request, orders_request,
                    events_request, stats_request
   Writes           insert: insert_reply, insert_conflict, insert_refusal · write: step_reply,
                    lease_reply, claim_item, claim_reply, owned_reply · sweep: retries_reply ·
                    events: order_event, in no particular order · recall, query: order_item,
                    query_reply, stats_reply
   Durable effects  tables orders, order_events, event_stream, instances (sql/)
   May block on     connecting at start, at most start_timeout_ms, and migrating; nothing later
   Limits           one step of an order per batch; store_batch_max orders a statement; 500 orders
                    a claim
   If it dies       what it answered is committed; what it did not answer is sent again, and a step
                    found already taken is answered as committed */
#ifndef DV_PERSISTENCE_H
#define DV_PERSISTENCE_H

#include "actors/base/actor.h"
#include "actors/persistence/config.h"
#include "actors/persistence/store.h"

extern const dv_actor_class DV_PERSISTENCE_CLASS;

/* Makes the actor's self. config is borrowed for its life. in_flight_max: items of work that it
   takes before it is full. start_timeout_ms: how long the shell waits for its start. Never NULL. */
void *dv_persistence_new(const dv_persistence_config *config, uint32_t in_flight_max,
                         uint32_t start_timeout_ms);

/* The same on a store of the caller's, which is consumed and nulled: for tests and the simulator.
 */
void *dv_persistence_new_on(const dv_persistence_config *config, uint32_t in_flight_max,
                            dv_store **store);

#endif
