/* Persistence: the PostgreSQL connections, batches and queries.

   Purpose          commits inserts and steps of many orders in one statement each, and tells their
                    senders and notification at once; keeps instances; answers queries
   Reads            insert: insert_request · write: step_request · and what each of queries/ asks:
                    write: lease_request, claim_request, owned_request · sweep: retries_request ·
                    query: order_request, orders_request, events_request, stats_request
   Writes           insert: insert_reply, insert_conflict, insert_refusal · write: step_reply ·
                    events: order_event, in no particular order · and the replies of each query
   Durable effects  tables orders, order_events, event_stream, instances (sql/)
   May block on     connecting at start, at most start_timeout_ms, and migrating; nothing later
   Limits           one step of an order per batch; store_batch_max orders a statement; 10,000 queries
                    that wait
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

/* The same on the caller's store, which is consumed and nulled: for tests and the simulator. */
void *dv_persistence_new_on(const dv_persistence_config *config, uint32_t in_flight_max,
                            dv_store **store);

#endif
