/* An order as seen from outside: its terms, and what was committed since, folded from events. */
#ifndef DV_PROTO_VIEW_H
#define DV_PROTO_VIEW_H

#include "proto/arena.h"
#include "proto/message.h"

/* Adds an event, and the partial attempts learnt with it, to a view. A field that is set replaces
   the view's. Lists grow in the arena; texts stay borrowed. Returns true if the view is now
   complete up to this event, also when it knew the event already. False, and nothing changed, when
   earlier events are missing. */
DV_MUST_CHECK bool dv_view_apply(dv_view *view, const dv_event *event, const dv_attempt *attempts,
                                 uint32_t attempt_count, dv_arena *arena);

/* Adds what was learnt of an attempt: fields that are set replace the known ones. Texts stay
   borrowed. */
void dv_attempt_learn(dv_attempt *known, const dv_attempt *learnt);

/* The attempt of a number; NULL when the view has none. */
const dv_attempt *dv_view_attempt(const dv_view *view, uint64_t number);

/* The last event; NULL only for an empty view. */
const dv_event *dv_view_last(const dv_view *view);

/* The quote of the attempt's chosen venue; NULL when none was chosen. */
const dv_quote *dv_attempt_chosen(const dv_attempt *attempt);

#endif
