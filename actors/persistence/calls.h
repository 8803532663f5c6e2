/* Calls: the messages that ask for a query, each from its arrival until its replies are sent. */
#ifndef DV_CALLS_H
#define DV_CALLS_H

#include "actors/persistence/query.h"

typedef struct dv_calls dv_calls;

/* Without a call; never NULL. destroy accepts NULL, and forgets all calls. */
dv_calls *dv_calls_new(void);
void dv_calls_destroy(dv_calls **calls);

/* Whether every call is answered. */
bool dv_calls_none(const dv_calls *calls);

/* Takes over a message that asks for the query. Beyond a limit it is refused with ENGINE_FULL. */
void dv_calls_add(dv_calls *calls, const dv_query *query, const dv_envelope *envelope,
                  dv_outbox *outbox);

/* Submits the oldest call that waits for the lane, which has room. False: none waits. */
bool dv_calls_submit(dv_calls *calls, dv_store_lane lane, dv_store *store, uint64_t ticket);

/* Replies to the call whose answer this is. False: it is the answer to something else. */
bool dv_calls_answer(dv_calls *calls, const dv_store_answer *answer, dv_outbox *outbox);

/* Refuses all calls that wait for the lane. */
void dv_calls_refuse(dv_calls *calls, dv_store_lane lane, dv_err error, dv_outbox *outbox);

#endif
