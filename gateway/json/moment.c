#include "gateway/json/moment.h"

#include <stdio.h>

#include "proto/amount.h"

#define PPM_DECIMALS 6
#define PERCENT_DECIMALS 4 /* of a result's slippage */

/* ---- an order at one of its events ---------------------------------------------------------- */

static bool was_superseded(const dv_view *view, uint64_t attempt)
{
    for (uint32_t i = 0; i < view->events_count; i++)
        if (view->events[i].state == DV_STATE_superseded && view->events[i].attempt == attempt)
            return true;
    return false;
}

/* An attempt as it stands: of a trade that was taken back, and is not confirmed anew, no amounts.
 */
dv_attempt dv_attempt_now(const dv_view *view, const dv_attempt *attempt)
{
    dv_attempt now = *attempt;
    const dv_event *last = dv_view_last(view);
    if (was_superseded(view, now.number) && last->state != DV_STATE_finalized)
        now.amount_in = now.amount_out = 0;
    return now;
}

/* An attempt as it was known at an event of its own. */
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
    case DV_STATE_confirmed: /* what it traded then is not kept once it is superseded */
        then = *now;
        traded = !was_superseded(view, now->number);
        break;
    default: return dv_attempt_now(view, now);
    }
    if (!traded) then.amount_in = then.amount_out = 0;
    then.error = 0; /* an error is learnt with the event that follows */
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

/* The state that clients are shown. */
dv_state dv_moment_state(const dv_moment *m)
{
    return dv_state_shown((uint8_t)m->event.state);
}

void dv_put_status(dv_json *json, const dv_moment *m)
{
    dv_json_string(json, "status", dv_state_name((uint8_t)dv_moment_state(m)));
}

/* How far a trade may be relied on; there is none to speak of without it. */
void dv_put_finality(dv_json *json, const dv_moment *m)
{
    if (m->event.state == DV_STATE_confirmed) dv_json_string(json, "finality", "confirmed");
    if (m->event.state == DV_STATE_superseded) dv_json_string(json, "finality", "superseded");
    if (m->event.state == DV_STATE_finalized) dv_json_string(json, "finality", "finalized");
}

/* Whether the event tells that what was confirmed before is final. */
bool dv_moment_is_finalized(const dv_moment *m)
{
    uint64_t seq = m->event.seq;
    return m->event.state == DV_STATE_finalized && seq >= 2 &&
           m->view->events[seq - 2].state == DV_STATE_confirmed;
}

/* The attempt's number as clients count: an order that waits for its first is in it. */
uint64_t dv_moment_attempt(const dv_moment *m)
{
    return m->event.attempt > 0 ? m->event.attempt : 1;
}

/* Why an attempt ended: the venue's own words where it had some. */
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

/* ---- tokens, amounts, prices ---------------------------------------------------------------- */

static void put_token(dv_json *json, const char *name, dv_text mint, const dv_token *token,
                      bool as_mint)
{
    dv_json_text(json, name, token && !as_mint ? dv_text_of(token->symbol) : mint);
}

void dv_put_token_in(dv_json *json, const char *name, const dv_moment *m)
{
    const dv_terms *terms = &m->view->terms;
    put_token(json, name, terms->token_in, m->in, terms->style & DV_STYLE_IN_MINT);
}

void dv_put_token_out(dv_json *json, const char *name, const dv_moment *m)
{
    const dv_terms *terms = &m->view->terms;
    put_token(json, name, terms->token_out, m->out, terms->style & DV_STYLE_OUT_MINT);
}

/* A number exact to its last digit: atoms of `decimals`. */
void dv_put_decimal(dv_json *json, const char *name, uint64_t atoms, uint8_t decimals)
{
    char text[DV_AMOUNT_TEXT_SIZE];
    uint32_t size = dv_decimal_format(atoms, decimals, text);
    dv_json_number(json, name, (dv_text){text, size});
}

/* The amount as it was written, in the JSON type that it was written in. */
void dv_put_amount_input(dv_json *json, const char *name, const dv_moment *m)
{
    const dv_terms *terms = &m->view->terms;
    const dv_token *token = terms->swap_mode == DV_EXACT_OUT ? m->out : m->in;
    if (terms->style & DV_STYLE_AMOUNT_STRING)
        dv_json_text(json, name, terms->amount_input);
    else if (terms->amount_input.size > 0)
        dv_json_number(json, name, terms->amount_input);
    else
        dv_put_decimal(json, name, terms->amount, token ? token->decimals : 0);
}

/* The amount paid. A buy by quantity learns it from its execution and has no such member before. */
void dv_put_amount_in(dv_json *json, const char *name, const dv_moment *m)
{
    const dv_terms *terms = &m->view->terms;
    if (!(terms->style & DV_STYLE_SIDE_BUY))
        dv_put_amount_input(json, name, m);
    else if (m->attempt.amount_in > 0)
        dv_put_decimal(json, name, m->attempt.amount_in, m->in ? m->in->decimals : 0);
}

static void put_price(dv_json *json, const char *name, const dv_moment *m, uint64_t amount_in,
                      uint64_t amount_out, uint64_t fee_ppm, bool as_string)
{
    char text[DV_AMOUNT_TEXT_SIZE];
    uint32_t size = dv_price_format(amount_in, m->in ? m->in->decimals : 0, amount_out,
                                    m->out ? m->out->decimals : 0, (uint32_t)fee_ppm, text);
    if (as_string)
        dv_json_text(json, name, (dv_text){text, size});
    else
        dv_json_number(json, name, (dv_text){text, size});
}

/* A venue's price before its fee, so that price × (1 - fee) is what the trader gets. */
void dv_put_quote_price(dv_json *json, const char *name, const dv_moment *m, const dv_quote *quote)
{
    if (quote)
        put_price(json, name, m, quote->amount_in, quote->amount_out, quote->fee_ppm, false);
    else
        dv_json_null(json, name);
}

void dv_put_fee(dv_json *json, const char *name, const dv_quote *quote)
{
    if (quote)
        dv_put_decimal(json, name, quote->fee_ppm, PPM_DECIMALS);
    else
        dv_json_null(json, name);
}

bool dv_attempt_executed(const dv_attempt *attempt)
{
    return attempt->amount_in > 0 && attempt->amount_out > 0;
}

void dv_put_executed_price(dv_json *json, const char *name, const dv_moment *m,
                           const dv_attempt *attempt, bool as_string)
{
    put_price(json, name, m, attempt->amount_in, attempt->amount_out, 0, as_string);
}

/* How much worse an execution was than its quote, in millionths of the quote, rounded to the
   nearest; 0 when it was no worse. The prices are amount_out / amount_in, so that the part lost is
   (q - e) / q with q = quoted_out × in and e = out × quoted_in. */
static uint64_t slippage_ppm(uint64_t quoted_in, uint64_t quoted_out, uint64_t in, uint64_t out)
{
    dv_u128 quoted = (dv_u128)quoted_out * in, got = (dv_u128)out * quoted_in;
    if (got >= quoted) return 0;
    dv_u128 rest = quoted - got;
    uint64_t ppm = 0;
    for (int digit = 0; digit < PPM_DECIMALS; digit++) {
        /* rest × 10 may not fit 128 bits: add it up ten times, modulo quoted. */
        dv_u128 sum = 0;
        ppm *= 10;
        for (int i = 0; i < 10; i++) {
            bool carry = sum >= quoted - rest;
            sum = carry ? sum - (quoted - rest) : sum + rest;
            ppm += carry;
        }
        rest = sum;
    }
    return ppm + (rest >= quoted - rest);
}

void dv_put_result_slippage(dv_json *json, const char *name, const dv_attempt *attempt)
{
    const dv_quote *quote = dv_attempt_chosen(attempt);
    if (quote == NULL) return;
    uint64_t ppm =
        slippage_ppm(quote->amount_in, quote->amount_out, attempt->amount_in, attempt->amount_out);
    dv_put_decimal(json, name, ppm, PERCENT_DECIMALS);
}
