#include "actors/execution/order.h"

#include "actors/execution/choice.h"

#define WRITE DV_PORT(DV_LINK_write, 0)
#define SIGN DV_PORT(DV_LINK_sign, 0)
#define QUOTE(dex) DV_PORT(DV_LINK_quote, dex)
#define CHAIN(o) DV_PORT(DV_LINK_chain, (o)->chains[(o)->chosen])

const char *const DV_ORDER_DEXES[] = {
#define DEX(name, Name) #name,
    DV_DEXES(DEX)
#undef DEX
};
_Static_assert(sizeof DV_ORDER_DEXES / sizeof DV_ORDER_DEXES[0] == DV_DEX_COUNT, "one each");
_Static_assert(DV_DEX_COUNT <= DV_QUOTES_MAX, "every DEX may quote");

void dv_order_destroy(dv_order **order)
{
    if (*order == NULL) return;
    free((*order)->error_text);
    free((*order)->transaction);
    free((*order)->quotes);
    free(*order);
    *order = NULL;
}

/* ---- what it learns --------------------------------------------------------------------- */

void dv_order_set_transaction(dv_order *o, dv_text bytes)
{
    free(o->transaction);
    o->transaction = NULL;
    o->transaction_size = 0;
    if (bytes.size == 0) return;
    o->transaction = malloc(bytes.size);
    if (o->transaction == NULL) abort();
    memcpy(o->transaction, bytes.at, bytes.size);
    o->transaction_size = bytes.size;
}

static int dex_index(dv_text name)
{
    for (uint8_t dex = 0; dex < DV_DEX_COUNT; dex++)
        if (dv_text_is(name, DV_ORDER_DEXES[dex])) return dex;
    return -1;
}

static dv_order_quote *quote_set(dv_order *o, int dex, const dv_quote *quote)
{
    if (o->quotes == NULL) o->quotes = calloc(DV_DEX_COUNT, sizeof *o->quotes);
    if (o->quotes == NULL) abort();
    dv_order_quote *q = &o->quotes[dex];
    q->quote = *quote;
    dv_text_copy(q->pool, sizeof q->pool, quote->pool);
    q->quote.pool = dv_text_of(q->pool);
    q->quote.venue = dv_text_of(DV_ORDER_DEXES[dex]);
    return q;
}

void dv_order_set_quote(dv_order *o, int dex, const dv_quote *quote)
{
    quote_set(o, dex, quote)->arrived = true;
}

void dv_order_set_quote_late(dv_order *o, int dex)
{
    (void)quote_set(o, dex, &(dv_quote){.error = DV_VENUE_QUOTE_LATE});
}

void dv_order_clear_quotes(dv_order *o)
{
    free(o->quotes);
    o->quotes = NULL;
    o->chosen = -1;
    o->quoted_slot = 0;
}

void dv_order_forget_quotes(dv_order *o)
{
    if (o->quotes == NULL) return;
    o->quoted_slot = o->quotes[o->chosen].quote.slot;
    free(o->quotes);
    o->quotes = NULL;
}

void dv_order_quotes(const dv_order *o, dv_quote ret_quotes[DV_DEX_COUNT])
{
    for (uint8_t dex = 0; dex < DV_DEX_COUNT; dex++)
        ret_quotes[dex] = o->quotes != NULL ? o->quotes[dex].quote : (dv_quote){0};
}

bool dv_order_has_quote(const dv_order *o, int dex)
{
    return o->quotes != NULL && o->quotes[dex].arrived;
}

bool dv_order_has_all_quotes(const dv_order *o)
{
    for (uint8_t dex = 0; dex < DV_DEX_COUNT; dex++)
        if (!dv_order_has_quote(o, dex)) return false;
    return true;
}

void dv_order_enter(dv_order *o, uint8_t state, uint8_t attempt)
{
    o->state = state;
    o->attempt = attempt;
    o->step_error = DV_OK;
    free(o->error_text);
    o->error_text = NULL;
}

void dv_order_load(dv_order *o, const dv_job *job)
{
    const dv_terms *terms = &job->terms;
    dv_text_copy(o->token_in, sizeof o->token_in, terms->token_in);
    dv_text_copy(o->token_out, sizeof o->token_out, terms->token_out);
    o->amount = terms->amount;
    o->slippage_bps = (uint16_t)terms->slippage_bps;
    o->mode = (dv_swap_mode)terms->swap_mode;
    o->epoch = (uint32_t)job->epoch;

    const dv_attempt *attempt = &job->attempt;
    dv_order_enter(o, (uint8_t)job->state, (uint8_t)attempt->number);
    o->asked_attempt = 0;
    o->due_at_us = (int64_t)attempt->due_at_us;
    dv_order_clear_quotes(o);
    for (uint32_t i = 0; i < attempt->quotes_count; i++) {
        int dex = dex_index(attempt->quotes[i].venue);
        if (dex >= 0) dv_order_set_quote(o, dex, &attempt->quotes[i]);
    }
    o->chosen = dex_index(attempt->venue);
    o->limit_amount = attempt->limit_amount;
    dv_text_copy(o->signature, sizeof o->signature, attempt->signature);
    dv_order_set_transaction(o, attempt->transaction);
    o->last_valid_block_height = attempt->last_valid_block_height;
}

/* ---- what it says ----------------------------------------------------------------------- */

/* What the step teaches about the attempt it leads to. reason must live as long as the result. */
static dv_attempt step_attempt(const dv_order *o, const dv_quote *quotes, const char *reason)
{
    dv_attempt attempt = {.number = o->step_attempt};
    switch (o->step_state) {
    case DV_STATE_routing: attempt.due_at_us = (uint64_t)o->step_due_us; break;
    case DV_STATE_building:
        attempt.venue = dv_text_of(DV_ORDER_DEXES[o->chosen]);
        attempt.reason = dv_text_of(reason);
        attempt.quotes = quotes;
        attempt.quotes_count = DV_DEX_COUNT;
        attempt.limit_amount = o->limit_amount;
        break;
    case DV_STATE_submitted:
        attempt.venue = dv_text_of(DV_ORDER_DEXES[o->chosen]);
        attempt.signature = dv_text_of(o->signature);
        attempt.transaction = (dv_text){o->transaction, o->transaction_size};
        attempt.last_valid_block_height = o->last_valid_block_height;
        break;
    case DV_STATE_confirmed:
    case DV_STATE_finalized:
        attempt.amount_in = o->amount_in;
        attempt.amount_out = o->amount_out;
        break;
    default: break;
    }
    return attempt;
}

void dv_order_send_step(dv_order *o, dv_outbox *outbox)
{
    dv_quote quotes[DV_DEX_COUNT];
    char reason[DV_REASON_MAX] = "";
    dv_order_quotes(o, quotes);
    if (o->step_state == DV_STATE_building)
        dv_route_reason(quotes, DV_DEX_COUNT, o->chosen, reason);
    dv_send(outbox, WRITE, NULL,
            &(dv_message){.type = DV_MSG_step_request,
                          .step_request = {.order_id = o->id,
                                           .epoch = o->epoch,
                                           .from_state = o->state,
                                           .to_state = o->step_state,
                                           .from_attempt = o->attempt,
                                           .at_us = (uint64_t)o->step_at_us,
                                           .attempt = step_attempt(o, quotes, reason),
                                           .failed_error = o->step_error,
                                           .failed_text = dv_text_of(o->error_text)}});
}

void dv_order_ask_quotes(const dv_order *o, dv_outbox *outbox)
{
    for (uint8_t dex = 0; dex < DV_DEX_COUNT; dex++) {
        if (dv_order_has_quote(o, dex)) continue;
        dv_send(outbox, QUOTE(dex), NULL,
                &(dv_message){.type = DV_MSG_quote_request,
                              .quote_request = {.order_id = o->id,
                                                .attempt = o->asked_attempt,
                                                .token_in = dv_text_of(o->token_in),
                                                .token_out = dv_text_of(o->token_out),
                                                .swap_mode = o->mode,
                                                .amount = o->amount}});
    }
}

void dv_order_ask_leg(const dv_order *o, dv_outbox *outbox)
{
    dv_quote quotes[DV_DEX_COUNT];
    dv_order_quotes(o, quotes);
    dv_send(outbox, QUOTE(o->chosen), NULL,
            &(dv_message){.type = DV_MSG_leg_request,
                          .leg_request = {.order_id = o->id,
                                          .attempt = o->attempt,
                                          .token_in = dv_text_of(o->token_in),
                                          .token_out = dv_text_of(o->token_out),
                                          .swap_mode = o->mode,
                                          .amount = o->amount,
                                          .limit_amount = o->limit_amount,
                                          .quote = quotes[o->chosen]}});
}

void dv_order_ask_build(const dv_order *o, const dv_leg *leg, dv_outbox *outbox)
{
    dv_quote quotes[DV_DEX_COUNT];
    dv_order_quotes(o, quotes);
    dv_send(outbox, CHAIN(o), NULL,
            &(dv_message){.type = DV_MSG_build_request,
                          .build_request = {.order_id = o->id,
                                            .attempt = o->attempt,
                                            .token_in = dv_text_of(o->token_in),
                                            .token_out = dv_text_of(o->token_out),
                                            .swap_mode = o->mode,
                                            .amount = o->amount,
                                            .limit_amount = o->limit_amount,
                                            .quote = quotes[o->chosen],
                                            .legs = leg,
                                            .legs_count = 1}});
}

void dv_order_ask_signature(const dv_order *o, dv_outbox *outbox)
{
    dv_send(outbox, SIGN, NULL,
            &(dv_message){.type = DV_MSG_sign_request,
                          .sign_request = {.order_id = o->id,
                                           .attempt = o->attempt,
                                           .token_in = dv_text_of(o->token_in),
                                           .token_out = dv_text_of(o->token_out),
                                           .swap_mode = o->mode,
                                           .amount = o->amount,
                                           .limit_amount = o->limit_amount,
                                           .message = {o->transaction, o->transaction_size}}});
}

void dv_order_send_transaction(const dv_order *o, dv_outbox *outbox)
{
    dv_send(outbox, CHAIN(o), NULL,
            &(dv_message){.type = DV_MSG_send_request,
                          .send_request = {.order_id = o->id,
                                           .attempt = o->attempt,
                                           .signature = dv_text_of(o->signature),
                                           .transaction = {o->transaction, o->transaction_size},
                                           .last_valid_block_height = o->last_valid_block_height,
                                           .quoted_slot = o->quoted_slot,
                                           .relied_on = o->state == DV_STATE_confirmed}});
}

void dv_order_check_transaction(const dv_order *o, dv_outbox *outbox)
{
    dv_send(outbox, CHAIN(o), NULL,
            &(dv_message){.type = DV_MSG_status_request,
                          .status_request = {.order_id = o->id,
                                             .attempt = o->attempt,
                                             .signature = dv_text_of(o->signature),
                                             .last_valid_block_height = o->last_valid_block_height,
                                             .quoted_slot = o->quoted_slot,
                                             .relied_on = o->state == DV_STATE_confirmed}});
}
