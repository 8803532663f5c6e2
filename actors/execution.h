/* Execution: the state machine of the orders it owns.

   Purpose          takes each order from pending to a terminal state, one committed step at a time.
   Reads            assign: order_assign · write: step_done, order_claimed, claim_done ·
                    quote: quote_told, swap_built, swap_status · schedule: retry_due
   Writes           assign: load · write: order_step, orders_claim · quote: quote_ask, swap_build,
                    swap_send, swap_check · schedule: retry_arm, retry_done
   Durable effects  none of its own; persistence commits its steps
   May block on     nothing
   Limits           one step of an order under way at a time; attempts_max attempts
   If it dies       its orders stand in PostgreSQL; whoever claims them goes on from the last commit
 */
#ifndef DV_EXECUTION_H
#define DV_EXECUTION_H

#include "actors/base/actor.h"
#include "actors/base/config.h"
#include "actors/base/tokens.h"

extern const dv_actor_class DV_EXECUTION_CLASS;

/* Makes the actor's self. config and tokens are borrowed for its life. seed: of the retry jitter.
   Never NULL. */
void *dv_execution_new(const dv_config *config, const dv_tokens *tokens, uint64_t seed);

#endif
