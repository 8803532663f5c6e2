/* The states of an order and the moves between them.

                      cancel/expiry
 pending ──► watching ─────────────► cancelled | expired
    │           │ trigger                  ┌──────────────────────┐
    ▼           ▼                          │                      ▼
    routing ──► building ──► submitted ────┴──► confirmed ──► finalized
    ▲  │           │             │                  │             ▲
    │  │           │             │                  ▼             │
    │  │           │             │             superseded ────────┤
    │  └──────┬────┴─────────────┴──────────────────┘
    │         ▼ error
    │    a new attempt: back to routing with attempt + 1 and a due time
    └─────────┘
         a REJECT, or attempts used up ──► failed (code and reason kept)

   The wait before a new attempt is part of its `routing`. The step into routing is committed when the
   attempt before it has failed, and carries the time at which quoting may begin.

   confirmed, finalized and superseded speak of the order's transaction, as Solana does:

     state        the transaction                               clients are shown
     confirmed    traded, and the chain may still drop it       confirmed, finality confirmed
     finalized    traded, and the chain keeps it for ever       confirmed, finality finalized
     superseded   was confirmed, and the chain has dropped it   submitted

   A superseded order keeps its attempt and its bytes, and only finalized confirms it again. So no
   attempt enters a state twice, and a step that comes late finds that the order has left its state.

   No order waits in watching yet, so watching, cancelled and expired are not reached.

   A step is decided by step_begin (actors/execution/execution.c). The statement sql/queries/step.sql makes
   the step, after actors/persistence/writes.c has checked dv_state_may_move. The owner believes the
   step in on_step_reply, through dv_order_enter (actors/execution/order.c), the one function that sets
   an order's state. */
#ifndef DV_PROTO_STATE_H
#define DV_PROTO_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/text.h"

/* X(number, name, terminal, the state that clients are shown). Numbers and names are stored and
   sent: migration 005 renamed 6 and 10. */
#define DV_STATES(X)                                                                               \
    X(1, pending, false, pending)                                                                  \
    X(2, watching, false, watching)                                                                \
    X(3, routing, false, routing)                                                                  \
    X(4, building, false, building)                                                                \
    X(5, submitted, false, submitted)                                                              \
    X(6, finalized, true, confirmed)                                                               \
    X(7, failed, true, failed)                                                                     \
    X(8, cancelled, true, cancelled)                                                               \
    X(9, expired, true, expired)                                                                   \
    X(10, confirmed, false, confirmed)                                                             \
    X(11, superseded, false, submitted)

typedef enum dv_state {
    DV_STATE_NONE = 0,
#define DV_STATE_ENUM(number, name, terminal, shown) DV_STATE_##name = number,
    DV_STATES(DV_STATE_ENUM)
#undef DV_STATE_ENUM
        DV_STATE_COUNT,
} dv_state;

/* The state's name as it is stored and shown; "none" for a number that is no state. */
const char *dv_state_name(uint8_t state);

/* The state of a name; DV_STATE_NONE for other names. */
dv_state dv_state_of(dv_text name);

/* The state that clients are shown instead, mostly the state itself. */
dv_state dv_state_shown(uint8_t state);

/* Whether no state follows this one. */
bool dv_state_terminal(uint8_t state);

/* Whether the attempt's transaction is committed and may have been sent, and its outcome is not final:
   submitted, confirmed or superseded. */
bool dv_state_is_sent(uint8_t state);

/* Whether an order may go from one state to another in one step. */
bool dv_state_may_move(uint8_t from, uint8_t to);

#endif
