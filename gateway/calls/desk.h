/* The desk: how the gateway's threads ask its actor, and wait. It has windows, each a socket; a
   thread takes one for as long as it asks, so there are as many as threads ever asked at the same
   time, not as many as there are threads. */
#ifndef DV_GATEWAY_CALLS_DESK_H
#define DV_GATEWAY_CALLS_DESK_H

#include "gateway/calls/roster.h"
#include "proto/message.h"

typedef struct dv_desk dv_desk;

/* Makes a desk without a window; endpoint and roster are borrowed for its life. Never NULL. */
dv_desk *dv_desk_new(const char *endpoint, dv_roster *roster);

/* Closes and frees it and clears the pointer, once no thread asks any more; accepts NULL. */
void dv_desk_destroy(dv_desk **desk);

/* Takes one message of an answer, borrowed for the call. True: it was the last one. */
typedef bool dv_desk_take(void *arg, const dv_message *answer);

/* Sends a question and hands its answer, message by message, to `take`; blocks for at most
   timeout_ms. Sets the question's request_id. Errors: ENGINE_TIMEOUT when the answer is not
   complete by then, ENGINE_DRAINING when the gateway stops meanwhile, ENGINE_FULL when there is no
   window to be had. */
DV_MUST_CHECK dv_err dv_desk_ask(dv_desk *desk, dv_message *question, uint32_t timeout_ms,
                                 dv_desk_take *take, void *arg);

/* The same for several questions at once: `take` also gets the index of the question. Returns when
   each has its last message. Errors as above, when some may be answered and others not. */
typedef bool dv_desk_take_each(void *arg, uint32_t index, const dv_message *answer);
DV_MUST_CHECK dv_err dv_desk_ask_all(dv_desk *desk, dv_message *questions, uint32_t count,
                                     uint32_t timeout_ms, dv_desk_take_each *take, void *arg);

/* Tells the actor something that has no answer. Does not block. */
void dv_desk_tell(dv_desk *desk, const dv_message *message);

#endif
