/* An order as seen from outside: its terms and what has been committed since, folded from events.
 */
#ifndef DV_PROTO_VIEW_H
#define DV_PROTO_VIEW_H

#include "proto/arena.h"
#include "proto/message.h"

/* Adds an event and what was learnt with it to a view.
   attempts: partial; a field that is set replaces the view's, the others stay. Lists grow in the
   arena; texts stay borrowed from where they are.
   Returns true if the view is complete up to this event now: also when it knew the event already.
   False, and nothing is changed, when events before it are missing. */
DV_MUST_CHECK bool dv_view_apply(dv_view *view, const dv_event *event, const dv_attempt *attempts,
                                 uint32_t attempt_count, dv_arena *arena);

/* Adds what was learnt of an attempt: fields that are set replace those known. Borrows as above. */
void dv_attempt_learn(dv_attempt *known, const dv_attempt *learnt);

/* The attempt of a number; NULL when the view has none such. */
const dv_attempt *dv_view_attempt(const dv_view *view, uint64_t number);

/* The last event; NULL only for an empty view. */
const dv_event *dv_view_last(const dv_view *view);

/* The quote of the attempt's chosen venue; NULL when none was chosen. */
const dv_quote *dv_attempt_chosen(const dv_attempt *attempt);

#endif
