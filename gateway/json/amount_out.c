#include "gateway/json/amount_out.h"

#include "proto/amount.h"

#define PPM_DECIMALS 6
#define PERCENT_DECIMALS 4 /* of a slippage: one percent is 10,000 ppm */

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

void dv_put_decimal(dv_json *json, const char *name, uint64_t atoms, uint8_t decimals)
{
    char text[DV_AMOUNT_TEXT_SIZE];
    uint32_t size = dv_decimal_format(atoms, decimals, text);
    dv_json_number(json, name, (dv_text){text, size});
}

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

void dv_put_executed_price(dv_json *json, const char *name, const dv_moment *m,
                           const dv_attempt *attempt, bool as_string)
{
    put_price(json, name, m, attempt->amount_in, attempt->amount_out, 0, as_string);
}

/* How much worse the execution was than the quote, in millionths of the quote, rounded to the
   nearest; 0 when it was no worse. A price is amount_out / amount_in. The lost part is therefore
   (q - e) / q, where q = quoted_out × in and e = out × quoted_in. */
static uint64_t slippage_ppm(uint64_t quoted_in, uint64_t quoted_out, uint64_t in, uint64_t out)
{
    dv_u128 quoted = (dv_u128)quoted_out * in, got = (dv_u128)out * quoted_in;
    if (got >= quoted) return 0;
    dv_u128 rest = quoted - got;
    uint64_t ppm = 0;
    for (int digit = 0; digit < PPM_DECIMALS; digit++) {
        /* rest × 10 may not fit 128 bits, so rest is added ten times, modulo quoted. */
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
