/* Questions: what the gateway's threads have asked, until the engine has answered.

   A question that stays without an answer is asked again, of another instance where there are
   several: an order every second, as the same order, so that it is accepted once however often it
   arrives; what only reads once, after two seconds. When the asker's time is up it is forgotten,
   and an answer after that is nobody's. An order that was sent more than once is not refused for
   want of room or a database: one of those it was sent to may have taken it. */
#ifndef DV_GATEWAY_CALLS_PENDING_H
#define DV_GATEWAY_CALLS_PENDING_H

#include "actors/base/actor.h"

typedef struct dv_pending dv_pending;

/* Makes an empty book for askers that wait for wait_ms each. random: any number; request ids begin
   at one that follows from it, so that what is still answered to a gateway of this name that died
   is nobody's. Never NULL. */
dv_pending *dv_pending_new(uint32_t wait_ms, uint64_t random);
void dv_pending_destroy(dv_pending **questions); /* accepts NULL */

/* Sends a thread's question on to `port` as it came (envelope->bytes), under a request id of ours. */
void dv_pending_ask(dv_pending *questions, const dv_envelope *envelope, dv_port port, dv_time now,
                    dv_outbox *outbox);

/* Hands an answer, or a part of it, to the thread that asked. last: nothing of it follows. */
void dv_pending_answer(dv_pending *questions, const dv_envelope *envelope, bool last,
                       dv_outbox *outbox);

/* Whether every question is answered. */
bool dv_pending_none(const dv_pending *questions);

/* Asks again what is due. Returns when there will be more to do, monotonic nanoseconds. */
int64_t dv_pending_tick(dv_pending *questions, dv_time now, dv_outbox *outbox);

#endif
