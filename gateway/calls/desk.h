/* The desk: how the gateway's threads ask the actor, and wait for the answer. A thread that asks takes
   a window, which is a socket, and gives it back with the answer. So there are only as many windows
   as threads ever asked at the same time. */
#ifndef DV_GATEWAY_CALLS_DESK_H
#define DV_GATEWAY_CALLS_DESK_H

#include "gateway/calls/roster.h"
#include "proto/message.h"

typedef struct dv_desk dv_desk;

/* Makes a desk. endpoint and roster are borrowed for its life. Never NULL. */
dv_desk *dv_desk_new(const char *endpoint, dv_roster *roster);

/* Frees the desk and clears the pointer; accepts NULL. No thread may ask any more. */
void dv_desk_destroy(dv_desk **desk);

/* Takes one message of an answer, borrowed for the call. True: the answer is complete. */
typedef bool dv_desk_take(void *arg, const dv_message *answer);

/* Sends a question and hands the messages of its answer to `take`. Blocks for at most timeout_ms. Sets
   the question's request_id. Errors: ENGINE_TIMEOUT when the answer is not complete in time,
   ENGINE_DRAINING when the gateway stops meanwhile, ENGINE_FULL when no socket is left. */
DV_MUST_CHECK dv_err dv_desk_ask(dv_desk *desk, dv_message *question, uint32_t timeout_ms,
                                 dv_desk_take *take, void *arg);

/* The same for several questions at once; `take` also gets the index of the question. Returns when
   each answer is complete. After an error, some questions may have been answered. */
typedef bool dv_desk_take_each(void *arg, uint32_t index, const dv_message *answer);
DV_MUST_CHECK dv_err dv_desk_ask_all(dv_desk *desk, dv_message *questions, uint32_t count,
                                     uint32_t timeout_ms, dv_desk_take_each *take, void *arg);

/* Sends the actor a message that has no answer. Does not block. */
void dv_desk_tell(dv_desk *desk, const dv_message *message);

#endif
