#include "gateway/json/moment.h"

static bool was_superseded(const dv_view *view, uint64_t attempt)
{
    for (uint32_t i = 0; i < view->events_count; i++)
        if (view->events[i].state == DV_STATE_superseded && view->events[i].attempt == attempt)
            return true;
    return false;
}

dv_attempt dv_attempt_now(const dv_view *view, const dv_attempt *attempt)
{
    dv_attempt now = *attempt;
    const dv_event *last = dv_view_last(view);
    if (was_superseded(view, now.number) && last->state != DV_STATE_finalized)
        now.amount_in = now.amount_out = 0;
    return now;
}

dv_attempt dv_attempt_at(const dv_view *view, const dv_event *event)
{
    dv_attempt then = {.number = event->attempt};
    const dv_attempt *now = dv_view_attempt(view, event->attempt);
    if (now == NULL || event->state < DV_STATE_routing) return then;
    bool traded = false;
    switch (event->state) {
    case DV_STATE_routing: then.due_at_us = now->due_at_us; return then;
    case DV_STATE_building:
        then = *now;
        then.signature = (dv_text){0};
        break;
    case DV_STATE_submitted:
    case DV_STATE_superseded: then = *now; break;
    case DV_STATE_confirmed: /* the amounts of a superseded trade are not kept */
        then = *now;
        traded = !was_superseded(view, now->number);
        break;
    default: return dv_attempt_now(view, now);
    }
    if (!traded) then.amount_in = then.amount_out = 0;
    then.error = 0; /* the next event brings the error */
    return then;
}

dv_moment dv_moment_at(const dv_tokens *tokens, const dv_view *view, uint32_t seq)
{
    const dv_terms *terms = &view->terms;
    dv_moment m = {
        .view = view,
        .in = dv_tokens_by_mint(tokens, terms->token_in),
        .out = dv_tokens_by_mint(tokens, terms->token_out),
        .event = {.state = DV_STATE_pending, .at_us = terms->created_at_us},
    };
    if (seq >= 1 && seq <= view->events_count) m.event = view->events[seq - 1];
    m.attempt = dv_attempt_at(view, &m.event);
    return m;
}

dv_moment dv_moment_now(const dv_tokens *tokens, const dv_view *view, int64_t doubt_before_us)
{
    dv_moment m = dv_moment_at(tokens, view, view->events_count);
    m.doubt_before_us = doubt_before_us;
    return m;
}

dv_state dv_moment_state(const dv_moment *m)
{
    return dv_state_shown((uint8_t)m->event.state);
}

void dv_put_status(dv_json *json, const dv_moment *m)
{
    dv_json_string(json, "status", dv_state_name((uint8_t)dv_moment_state(m)));
}

void dv_put_finality(dv_json *json, const dv_moment *m)
{
    if (m->event.state == DV_STATE_confirmed) dv_json_string(json, "finality", "confirmed");
    if (m->event.state == DV_STATE_superseded) dv_json_string(json, "finality", "superseded");
    if (m->event.state == DV_STATE_finalized) dv_json_string(json, "finality", "finalized");
}

bool dv_moment_is_finalized(const dv_moment *m)
{
    uint64_t seq = m->event.seq;
    return m->event.state == DV_STATE_finalized && seq >= 2 &&
           m->view->events[seq - 2].state == DV_STATE_confirmed;
}

uint64_t dv_moment_attempt(const dv_moment *m)
{
    return m->event.attempt > 0 ? m->event.attempt : 1;
}

dv_text dv_attempt_failure_text(const dv_attempt *attempt)
{
    if (attempt->error_text.size > 0) return attempt->error_text;
    return dv_text_of(attempt->error ? dv_err_text((uint16_t)attempt->error)
                                     : "the reason was not recorded");
}

const char *dv_attempt_failure_code(const dv_attempt *attempt)
{
    return dv_err_name((uint16_t)attempt->error);
}

bool dv_attempt_executed(const dv_attempt *attempt)
{
    return attempt->amount_in > 0 && attempt->amount_out > 0;
}
