/* Writes: inserts and steps on their way into the store. They are gathered into batches, submitted, and
   answered and published once they are committed. */
#ifndef DV_WRITES_H
#define DV_WRITES_H

#include "actors/persistence/batch.h"

typedef struct dv_writes dv_writes;

/* Without a write; never NULL. config is borrowed for its life. in_flight_max: writes that are not
   answered; more are refused. destroy accepts NULL, and forgets all writes. */
dv_writes *dv_writes_new(const dv_persistence_config *config, uint32_t in_flight_max);
void dv_writes_destroy(dv_writes **writes);

/* Whether every write is answered. */
bool dv_writes_none(const dv_writes *writes);

/* Takes an insert or a step. A write that its sender has sent before is answered once. ENGINE_FULL
   refuses what is too much, STORE_REFUSED a step that is no legal move. */
void dv_writes_insert(dv_writes *writes, const dv_insert_request *insert, const dv_peer *peer,
                      dv_outbox *outbox);
void dv_writes_step(dv_writes *writes, const dv_step_request *step, const dv_peer *peer,
                    dv_outbox *outbox);

/* Submits the next batch to the store, whose writers have room. False: none is to go now. */
bool dv_writes_submit(dv_writes *writes, dv_store *store, uint64_t ticket);

/* The submitted batch of a ticket, which is then in no list; NULL: there is none. */
dv_batch *dv_writes_find(dv_writes *writes, uint64_t ticket);

/* Deals with the answer to such a batch. */
void dv_writes_answer(dv_writes *writes, dv_batch *batch, const dv_store_answer *answer,
                      dv_outbox *outbox);

/* Refuses the inserts that were never submitted: the store is away. */
void dv_writes_refuse_inserts(dv_writes *writes, dv_outbox *outbox);

#endif
