#include "proto/view.h"

const dv_event *dv_view_last(const dv_view *view)
{
    return view->events_count > 0 ? &view->events[view->events_count - 1] : NULL;
}

const dv_attempt *dv_view_attempt(const dv_view *view, uint64_t number)
{
    for (uint32_t i = 0; i < view->attempts_count; i++)
        if (view->attempts[i].number == number) return &view->attempts[i];
    return NULL;
}

const dv_quote *dv_attempt_chosen(const dv_attempt *attempt)
{
    for (uint32_t i = 0; i < attempt->quotes_count; i++)
        if (dv_text_equal(attempt->quotes[i].venue, attempt->venue)) return &attempt->quotes[i];
    return NULL;
}

static void text_learn(dv_text *known, dv_text learnt)
{
    if (learnt.size > 0) *known = learnt;
}

static void uint_learn(uint64_t *known, uint64_t learnt)
{
    if (learnt != 0) *known = learnt;
}

void dv_attempt_learn(dv_attempt *known, const dv_attempt *learnt)
{
    uint_learn(&known->due_at_us, learnt->due_at_us);
    text_learn(&known->venue, learnt->venue);
    text_learn(&known->reason, learnt->reason);
    if (learnt->quotes_count > 0) {
        known->quotes = learnt->quotes;
        known->quotes_count = learnt->quotes_count;
    }
    text_learn(&known->signature, learnt->signature);
    text_learn(&known->transaction, learnt->transaction);
    uint_learn(&known->last_valid_block_height, learnt->last_valid_block_height);
    uint_learn(&known->limit_amount, learnt->limit_amount);
    uint_learn(&known->amount_in, learnt->amount_in);
    uint_learn(&known->amount_out, learnt->amount_out);
    uint_learn(&known->error, learnt->error);
    text_learn(&known->error_text, learnt->error_text);
}

/* A copy of a list with room for more. */
static void *list_copy(dv_arena *arena, const void *list, size_t size, uint32_t count,
                       uint32_t more)
{
    void *copy = dv_arena_alloc(arena, size * (count + more));
    if (count > 0) memcpy(copy, list, size * count);
    return copy;
}

static void attempts_learn(dv_view *view, const dv_attempt *attempts, uint32_t count,
                           dv_arena *arena)
{
    dv_attempt *list = list_copy(arena, view->attempts, sizeof *list, view->attempts_count, count);
    for (uint32_t i = 0; i < count; i++) {
        if (attempts[i].number == 0) continue;
        uint32_t at = 0;
        while (at < view->attempts_count && list[at].number != attempts[i].number) at++;
        if (at == view->attempts_count) {
            if (view->attempts_count == DV_ATTEMPTS_MAX) continue;
            view->attempts_count++;
            list[at].number = attempts[i].number;
        }
        dv_attempt_learn(&list[at], &attempts[i]);
    }
    view->attempts = list;
}

bool dv_view_apply(dv_view *view, const dv_event *event, const dv_attempt *attempts,
                   uint32_t attempt_count, dv_arena *arena)
{
    if (event->seq <= view->events_count) return true;
    if (event->seq != view->events_count + 1u || view->events_count == DV_EVENTS_MAX) return false;
    dv_event *events = list_copy(arena, view->events, sizeof *events, view->events_count, 1);
    events[view->events_count++] = *event;
    view->events = events;
    if (attempt_count > 0) attempts_learn(view, attempts, attempt_count, arena);
    return true;
}
