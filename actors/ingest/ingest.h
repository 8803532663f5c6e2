/* Ingest: admission of orders.

   Purpose          checks what gateways submit, has it committed as the order of the execution
                    instance with the fewest, hands it over, and answers the gateway.
   Reads            submit: submit_request · insert: insert_reply, insert_conflict, insert_refusal ·
                    assign: load
   Writes           submit: submit_reply, submit_refusal · insert: insert_request ·
                    assign: assign_order
   Durable effects  none of its own; an order is accepted only after insert_reply
   May block on     nothing
   Limits           in_flight_max orders accepted and not terminal; more are refused ENGINE_FULL
   If it dies       gateways send what was not answered to another one, under the same id; what was
                    committed and not handed over, its owner finds by itself */
#ifndef DV_INGEST_H
#define DV_INGEST_H

#include "actors/base/actor.h"
#include "actors/base/tokens.h"
#include "actors/ingest/config.h"

extern const dv_actor_class DV_INGEST_CLASS;

/* Makes the actor's self. config and tokens are borrowed for its life. Never NULL. */
void *dv_ingest_new(const dv_ingest_config *config, const dv_tokens *tokens);

#endif
