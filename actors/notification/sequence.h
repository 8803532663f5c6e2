/* A sequence: events put in the order of their position, in whatever order they come.

   Positions are gapless over all orders, so that whatever is missing shows as soon as anything
   above it has come. What comes too early waits in a window of bounded size. To be read from the
   store is what has been missing for 200 ms, what did not fit into the window, what could not be
   used as it came, and, after a second of silence, a tail that nobody may have spoken of.

     offer ──► NOW: use it, then advance ──► take what was kept for the next turn ─┐
        │          ▲                                                               │
        ├► LATER   └───────────────────────────────────────────────────────────────┘
        └► PAST    and whenever `due` has come: read a page, offer its events, read_done

   It knows neither clocks nor messages' way: whoever has it tells it the time and asks the store.
 */
#ifndef DV_SEQUENCE_H
#define DV_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/message.h"

#define DV_SEQUENCE_WINDOW 16384u /* positions above the present one that are kept */
#define DV_SEQUENCE_PAGE 256u     /* events read at once */

typedef enum dv_turn {
    DV_TURN_NOW,   /* it is next */
    DV_TURN_LATER, /* something before it is missing */
    DV_TURN_PAST,  /* it, or the like of it, has been used */
} dv_turn;

/* What to ask the store for: events above `after`, at most `limit` of them. A limit of 0 asks for
   nothing but the head. */
typedef struct dv_sequence_page {
    uint64_t after;
    uint32_t limit;
} dv_sequence_page;

typedef struct dv_sequence dv_sequence;

/* Makes a sequence that does not know yet where it begins: first of all the head is due to be read.
   Never NULL. */
dv_sequence *dv_sequence_new(int64_t now_ns);
void dv_sequence_destroy(dv_sequence **sequence); /* accepts NULL */

/* Begins after a position. */
void dv_sequence_start(dv_sequence *sequence, uint64_t position, int64_t now_ns);
bool dv_sequence_started(const dv_sequence *sequence);

/* Every event up to it has been used; 0 before the start. */
uint64_t dv_sequence_position(const dv_sequence *sequence);

/* Whose turn an event is that was published, an order_event message; a copy of it is kept when it
   comes too early and fits the window. */
dv_turn dv_sequence_offer(dv_sequence *sequence, uint64_t position, dv_text event, int64_t now_ns);

/* The same for an event of the page under way, of which nothing is kept. */
dv_turn dv_sequence_offer_read(dv_sequence *sequence, uint64_t position);

/* The next event has been used. */
void dv_sequence_advance(dv_sequence *sequence, int64_t now_ns);

/* The next event came, but cannot be used as it is: it is to be read, at once. */
void dv_sequence_reject(dv_sequence *sequence);

/* The next event if it was kept, as it was offered; empty when it was not. Good
   until the sequence advances, rejects it or is destroyed. */
dv_text dv_sequence_next(const dv_sequence *sequence);

/* When there is something to do: to read, or to give up on a page. Monotonic nanoseconds. */
int64_t dv_sequence_due(const dv_sequence *sequence);

/* Begins to read; a page under way is given up. */
dv_sequence_page dv_sequence_read(dv_sequence *sequence, int64_t now_ns);

/* A page has ended: count events came of it, and `whole` says that these are all the store had to
   tell. Returns how many positions were passed over because the store, asked twice, has nothing
   there; 0 is the rule. */
uint64_t dv_sequence_read_done(dv_sequence *sequence, uint32_t count, bool whole, int64_t now_ns);

/* Whether something has been missing for more than five seconds. */
bool dv_sequence_behind(const dv_sequence *sequence, int64_t now_ns);

#endif
