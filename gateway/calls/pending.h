/* Pending questions: what the gateway's threads have asked, until the engine has answered.

   A question without an answer is sent again, to another instance where there are several. An order
   is sent again every second with the same id, so it is accepted once, however often it arrives. A
   read is sent again once, after two seconds. When the asker's time is up, the question is
   forgotten, and a late answer is dropped.

   An order that was sent more than once is not refused for lack of room or of the database: another
   instance may have accepted it. */
#ifndef DV_GATEWAY_CALLS_PENDING_H
#define DV_GATEWAY_CALLS_PENDING_H

#include "actors/base/actor.h"

typedef struct dv_pending dv_pending;

/* Makes an empty table for askers that wait for wait_ms each. random: request ids start at a number
   that follows from it. So an answer to a dead gateway of the same name matches no question. Never
   NULL. */
dv_pending *dv_pending_new(uint32_t wait_ms, uint64_t random);
void dv_pending_destroy(dv_pending **pending); /* accepts NULL */

/* Sends a thread's question (envelope->bytes) on to `port`, under a request id of its own. */
void dv_pending_ask(dv_pending *pending, const dv_envelope *envelope, dv_port port, dv_time now,
                    dv_outbox *outbox);

/* Hands an answer, or a part of one, to the thread that asked. last: the answer is complete. */
void dv_pending_answer(dv_pending *pending, const dv_envelope *envelope, bool last,
                       dv_outbox *outbox);

/* Whether every question is answered. */
bool dv_pending_none(const dv_pending *pending);

/* Sends again what is due. Returns when to call again, in monotonic nanoseconds. */
int64_t dv_pending_tick(dv_pending *pending, dv_time now, dv_outbox *outbox);

#endif
