/* Execution: the state machine of the orders it owns.

   Purpose          takes each order from pending to a terminal state, one committed step at a time;
                    which orders are its own is ownership.h's business.
   Reads            assign: assign_order · write: step_reply, lease_reply, claim_item,
                    claim_reply, owned_reply · quote: quote_reply, leg_reply ·
                    chain: build_reply, status_reply · sign: sign_reply · schedule: retry_event
   Writes           assign: load · write: step_request, lease_request, claim_request, owned_request ·
                    quote: quote_request, leg_request ·
                    chain: build_request, send_request, status_request ·
                    sign: sign_request · schedule: arm_retry, forget_retry
   Durable effects  none of its own; persistence commits its steps
   May block on     nothing
   Limits           one step of an order under way at a time; attempts_max attempts
   If it dies       its orders stand in PostgreSQL; the others, or its next incarnation, claim them
                    and go on from the last commit
 */
#ifndef DV_EXECUTION_H
#define DV_EXECUTION_H

#include "actors/base/actor.h"
#include "actors/base/tokens.h"
#include "actors/execution/config.h"
#include "proto/roles.h"

extern const dv_actor_class DV_EXECUTION_CLASS;

/* Makes the actor's self. config and tokens are borrowed for its life. retry_sweep_ms: how late
   a retry may be that Redis lost. chains: the dv_chain of each DEX. name: the instance's. seed: of the retry jitter, and of what tells
   this incarnation from others. Never NULL. */
void *dv_execution_new(const dv_execution_config *config, uint32_t retry_sweep_ms,
                       const dv_tokens *tokens, const uint8_t chains[DV_DEX_COUNT],
                       const char *name, uint64_t seed);

#endif
