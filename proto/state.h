/* The states of an order and the moves between them.

                      cancel/expiry
 pending ──► watching ─────────────► cancelled | expired
    │           │ trigger
    ▼           ▼
    routing ──► building ──► submitted ──► confirmed
    ▲  │           │             │
    │  └──────┬────┴─────────────┘
    │         ▼ error
    │    a new attempt: back to routing with attempt + 1 and a due time
    └─────────┘
         a REJECT, or attempts used up ──► failed (code and reason kept)

   The wait before a new attempt is part of its `routing`: the move is committed when the attempt
   before it has failed, and carries the time at which quoting may begin. */
#ifndef DV_PROTO_STATE_H
#define DV_PROTO_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/text.h"

/* X(number, name, terminal). Numbers are stored and sent: they never change. */
#define DV_STATES(X)                                                                               \
    X(1, pending, false)                                                                           \
    X(2, watching, false)                                                                          \
    X(3, routing, false)                                                                           \
    X(4, building, false)                                                                          \
    X(5, submitted, false)                                                                         \
    X(6, confirmed, true)                                                                          \
    X(7, failed, true)                                                                             \
    X(8, cancelled, true)                                                                          \
    X(9, expired, true)

typedef enum dv_state {
    DV_STATE_NONE = 0,
#define DV_STATE_ENUM(number, name, terminal) DV_STATE_##name = number,
    DV_STATES(DV_STATE_ENUM)
#undef DV_STATE_ENUM
        DV_STATE_COUNT,
} dv_state;

/* The state's name as stored and shown; "none" for a number that is no state. */
const char *dv_state_name(uint8_t state);

/* The state of a name, DV_STATE_NONE when there is none such. */
dv_state dv_state_of(dv_text name);

/* Whether nothing follows this state. */
bool dv_state_terminal(uint8_t state);

/* Whether an order may go from one state to another in one step. */
bool dv_state_may_move(uint8_t from, uint8_t to);

#endif
