/* Failpoints: faults at exact places, for tests of what the engine makes of them. Only a build with
   -DDROVER_FAILPOINTS=ON (`./dev build fault`) has them; in any other the macros below are nothing,
   and nothing of this is linked.

   The environment variable DV_FAILPOINTS lists them, with commas between:

     actor:message:when:count:action     e.g. execution:step_reply:handled:37:kill
     place:at:count:action               e.g. store:submitted:at:3:kill

   actor    a role (router:raydium), or *
   message  a name of proto/message.h, or *
   when     taken    it has come in, its handler has not run
            handled  its handler has run; what that sends has not left
            sending  it is about to leave this actor (so for step_request's answer: it is committed)
            sent     the turn in which it was handled or left has ended, all it sends has left
   place    the name of a DV_FAILPOINT() in the code
   count    N        the Nth time only, from 1
            ~N       one of the first N times, by DV_FAILPOINTS_SEED (1)
            P%       each time with a chance of P in 100, by the same seed
   action   kill     SIGKILL to this process
            stop     SIGSTOP to this process, as a machine that sleeps
            pause=MS the actor's thread stands still for so many milliseconds
            drop     the message is lost (taken, sending)
            twice    the message is handled twice, or sent twice (taken, sending)

   Each one that fires says so in a line on standard error, and how often it has (one that fires by
   chance only the 1st, 2nd, 4th, 8th … time):
     failpoint execution:step_reply:handled:37:kill pid=4711 fired=1 */
#ifndef DV_BASE_FAILPOINT_H
#define DV_BASE_FAILPOINT_H

#include <stdint.h>

#include "proto/error.h"
#include "proto/message.h"

typedef enum dv_fail_when {
    DV_FAIL_TAKEN,
    DV_FAIL_HANDLED,
    DV_FAIL_SENDING,
    DV_FAIL_SENT,
    DV_FAIL_AT,
} dv_fail_when;

/* What is left to do for whoever reached a failpoint. */
typedef enum dv_fail_verdict { DV_FAIL_NOTHING, DV_FAIL_DROP, DV_FAIL_TWICE } dv_fail_verdict;

/* Reads the list; NULL or "": none. Replaces what was read before; call before any thread starts.
   On CONFIG_INVALID ret_why says which entry is wrong, and what is allowed. */
DV_MUST_CHECK dv_err dv_failpoints_read(const char *list, uint64_t seed, char ret_why[256]);

/* The same from the environment: DV_FAILPOINTS, DV_FAILPOINTS_SEED. */
DV_MUST_CHECK dv_err dv_failpoints_load(char ret_why[256]);

/* A message is at a failpoint of the actor (an instance's name): counts, and does what is asked. */
dv_fail_verdict dv_failpoint_message(const char *actor, dv_fail_when when, dv_message_type type);

/* The actor's turn has ended: what it handled or sent in this thread is at `sent`. */
void dv_failpoint_turn_end(const char *actor);

/* The code is at a named place. */
void dv_failpoint_place(const char *place);

/* For the code that is to fail. */
#ifdef DROVER_FAILPOINTS
#define DV_FAILPOINT(place) dv_failpoint_place(place)
#define DV_FAILPOINT_MESSAGE(actor, when, type) dv_failpoint_message(actor, when, type)
#define DV_FAILPOINT_TURN_END(actor) dv_failpoint_turn_end(actor)
#else
#define DV_FAILPOINT(place) ((void)0)
#define DV_FAILPOINT_MESSAGE(actor, when, type) ((void)(type), DV_FAIL_NOTHING)
#define DV_FAILPOINT_TURN_END(actor) ((void)0)
#endif

#endif
