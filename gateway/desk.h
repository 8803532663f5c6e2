/* The desk: how one of the gateway's threads asks its actor, and waits. A thread has a desk of its
   own; the socket behind it is made when it is needed and dropped when the thread turns to a
   WebSocket, so that ten thousand open WebSockets hold no ten thousand sockets here. */
#ifndef DV_GATEWAY_DESK_H
#define DV_GATEWAY_DESK_H

#include "gateway/board.h"
#include "proto/message.h"

typedef struct dv_desk dv_desk;

/* Makes a desk without a socket; endpoint and board are borrowed for its life. Never NULL. */
dv_desk *dv_desk_new(const char *endpoint, dv_board *board);

/* Closes and frees it and clears the pointer; accepts NULL. */
void dv_desk_destroy(dv_desk **desk);

/* Gives the socket and the scratch memory back; the next question makes new ones. */
void dv_desk_close(dv_desk *desk);

/* Takes one message of an answer, borrowed for the call. True: it was the last one. */
typedef bool dv_desk_take(void *arg, const dv_message *answer);

/* Sends a question and hands its answer, message by message, to `take`; blocks for at most
   timeout_ms. Sets the question's request_id. Errors: ENGINE_TIMEOUT when the answer is not
   complete by then, ENGINE_DRAINING when the gateway stops meanwhile. */
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
