#include "gateway/json/order_in.h"

#include "gateway/json/field_in.h"

#define QUOTE_SYMBOL "USDC" /* symbol, side and quantity trade against this token */
#define SLIPPAGE_PAIR_BPS 100
#define SLIPPAGE_SYMBOL_BPS 50

/* ---- members of every vocabulary ------------------------------------------------------------ */

/* The idempotency key. Header and body may both give it, if they give the same. */
static dv_text read_key(dv_reading *r, dv_text header)
{
    dv_text key = dv_field_identifier(r, DV_MEMBER_CLIENT_ORDER_ID, DV_CLIENT_ORDER_ID_MAX);
    if (header.size == 0) return key;
    const char *flaw = dv_identifier_flaw(header, DV_CLIENT_ORDER_ID_MAX);
    if (flaw)
        dv_faults_add(r->faults, DV_REQUEST_INVALID, dv_text_of("Idempotency-Key"),
                      dv_text_of(flaw));
    if (key.size > 0 && !dv_text_equal(key, header))
        dv_member_fault(r, DV_REQUEST_INVALID, DV_MEMBER_CLIENT_ORDER_ID,
                        "differs from the Idempotency-Key header");
    return dv_arena_text(r->arena, header);
}

static void check_type(dv_reading *r, dv_member member)
{
    const dv_value *v = &r->values[member];
    if (!dv_member_given(r, member) ||
        (v->kind == DV_VALUE_STRING && dv_text_is(v->text, "market")))
        return;
    dv_member_fault(r, DV_ORDER_TYPE_UNSUPPORTED, member, "must be \"market\"");
}

/* The slippage tolerance, under one of two names; without either, the default. */
static uint64_t read_tolerance(dv_reading *r, uint64_t default_bps)
{
    uint64_t slippage_bps = default_bps, tolerance_bps = default_bps;
    bool one = dv_member_given(r, DV_MEMBER_SLIPPAGE) &&
               dv_field_slippage(r, DV_MEMBER_SLIPPAGE, &slippage_bps);
    bool other = dv_member_given(r, DV_MEMBER_SLIPPAGE_TOLERANCE) &&
                 dv_field_slippage(r, DV_MEMBER_SLIPPAGE_TOLERANCE, &tolerance_bps);
    if (one && other && slippage_bps != tolerance_bps)
        dv_member_fault(r, DV_ORDER_SLIPPAGE_INVALID, DV_MEMBER_SLIPPAGE_TOLERANCE,
                        "differs from slippage");
    return one ? slippage_bps : tolerance_bps;
}

/* ---- the vocabularies ----------------------------------------------------------------------- */

/* Sets the terms that both vocabularies set alike. */
static void set_swap(dv_reading *r, dv_terms *terms, const dv_token *in, const dv_token *out,
                     dv_member amount)
{
    const dv_value *v = &r->values[amount];
    terms->token_in = in ? dv_arena_text(r->arena, dv_text_of(in->mint)) : (dv_text){0};
    terms->token_out = out ? dv_arena_text(r->arena, dv_text_of(out->mint)) : (dv_text){0};
    terms->amount_input = v->text;
    if (v->kind == DV_VALUE_STRING) terms->style |= DV_STYLE_AMOUNT_STRING;
}

/* Reads tokenIn, tokenOut, and amount or amountIn. */
static void read_pair(dv_reading *r, const dv_tokens *tokens, dv_terms *terms,
                      dv_order_fields *fields)
{
    dv_member amount =
        dv_member_given(r, DV_MEMBER_AMOUNT_IN) ? DV_MEMBER_AMOUNT_IN : DV_MEMBER_AMOUNT;
    const dv_token *in = dv_field_token(r, tokens, DV_MEMBER_TOKEN_IN);
    const dv_token *out = dv_field_token(r, tokens, DV_MEMBER_TOKEN_OUT);
    if (in && in == out)
        dv_member_fault(r, DV_ORDER_TOKENS_EQUAL, DV_MEMBER_TOKEN_OUT,
                        "is the same token as tokenIn");
    if (dv_member_given(r, DV_MEMBER_AMOUNT) && dv_member_given(r, DV_MEMBER_AMOUNT_IN))
        dv_member_fault(r, DV_ORDER_AMOUNT_INVALID, DV_MEMBER_AMOUNT_IN,
                        "and amount are two names for one value: give one of them");
    terms->swap_mode = DV_EXACT_IN;
    terms->amount = dv_field_amount(r, amount, in);
    set_swap(r, terms, in, out, amount);
    if (in && dv_text_is(r->values[DV_MEMBER_TOKEN_IN].text, in->mint))
        terms->style |= DV_STYLE_IN_MINT;
    if (out && dv_text_is(r->values[DV_MEMBER_TOKEN_OUT].text, out->mint))
        terms->style |= DV_STYLE_OUT_MINT;
    fields->amount = dv_member_name(amount);
    fields->token_in = dv_member_name(DV_MEMBER_TOKEN_IN);
    fields->token_out = dv_member_name(DV_MEMBER_TOKEN_OUT);
}

/* Reads symbol, side and quantity. The quantity counts the symbol, so a buy is exact in what it
   gets. */
static void read_symbol(dv_reading *r, const dv_tokens *tokens, dv_terms *terms,
                        dv_order_fields *fields)
{
    const dv_token *token = dv_field_token(r, tokens, DV_MEMBER_SYMBOL);
    const dv_token *quote = dv_tokens_find(tokens, dv_text_of(QUOTE_SYMBOL));
    if (token && token == quote)
        dv_member_fault(r, DV_ORDER_TOKENS_EQUAL, DV_MEMBER_SYMBOL,
                        "is what symbols are traded against: name another");
    else if (token && !quote)
        dv_member_fault(r, DV_ORDER_TOKEN_UNKNOWN, DV_MEMBER_SYMBOL,
                        "cannot be traded: USDC is not configured here");
    dv_text side;
    bool buy = false;
    if (dv_field_text(r, DV_MEMBER_SIDE, &side)) {
        buy = dv_text_is(side, "buy");
        if (!buy && !dv_text_is(side, "sell"))
            dv_member_fault(r, DV_REQUEST_INVALID, DV_MEMBER_SIDE, "must be \"buy\" or \"sell\"");
    }
    terms->swap_mode = buy ? DV_EXACT_OUT : DV_EXACT_IN;
    terms->amount = dv_field_amount(r, DV_MEMBER_QUANTITY, token);
    terms->style = buy ? DV_STYLE_SIDE_BUY : DV_STYLE_SIDE_SELL;
    set_swap(r, terms, buy ? quote : token, buy ? token : quote, DV_MEMBER_QUANTITY);
    if (token && dv_text_is(r->values[DV_MEMBER_SYMBOL].text, token->mint))
        terms->style |= buy ? DV_STYLE_OUT_MINT : DV_STYLE_IN_MINT;
    fields->amount = dv_member_name(DV_MEMBER_QUANTITY);
    fields->token_in = fields->token_out = dv_member_name(DV_MEMBER_SYMBOL);
}

static bool same_swap(const dv_terms *a, const dv_terms *b)
{
    return a->swap_mode == b->swap_mode && a->amount == b->amount &&
           dv_text_equal(a->token_in, b->token_in) && dv_text_equal(a->token_out, b->token_out);
}

/* The first member of a range that is given; DV_MEMBER_COUNT when none is. */
static dv_member first_given(const dv_reading *r, dv_member from, dv_member to)
{
    for (dv_member member = from; member <= to; member++)
        if (dv_member_given(r, member)) return member;
    return DV_MEMBER_COUNT;
}

/* Reads an order in both vocabularies, which must say the same. Clients are shown the pair. */
static void read_both(dv_reading *r, const dv_tokens *tokens, dv_terms *terms,
                      dv_order_fields *fields)
{
    dv_terms by_symbol = {0};
    read_symbol(r, tokens, &by_symbol, fields);
    read_pair(r, tokens, terms, fields);
    if (r->faults->count == 0 && same_swap(terms, &by_symbol)) return;
    dv_member_fault(
        r, DV_REQUEST_INVALID, first_given(r, DV_MEMBER_SYMBOL, DV_MEMBER_QUANTITY),
        "contradicts tokenIn, tokenOut and amount: give either these or symbol, side and "
        "quantity");
}

/* Reads the order in its vocabulary, and returns the default slippage tolerance of that vocabulary.
   For both vocabularies, the stricter default counts. */
static uint64_t read_swap(dv_reading *r, const dv_tokens *tokens, dv_terms *terms,
                          dv_order_fields *fields)
{
    bool symbol = first_given(r, DV_MEMBER_SYMBOL, DV_MEMBER_QUANTITY) != DV_MEMBER_COUNT;
    bool pair = first_given(r, DV_MEMBER_TOKEN_IN, DV_MEMBER_AMOUNT_IN) != DV_MEMBER_COUNT;
    if (symbol && pair)
        read_both(r, tokens, terms, fields);
    else if (symbol)
        read_symbol(r, tokens, terms, fields);
    else
        read_pair(r, tokens, terms, fields);
    return symbol ? SLIPPAGE_SYMBOL_BPS : SLIPPAGE_PAIR_BPS;
}

dv_err dv_order_in_read(dv_text body, dv_text key, const dv_tokens *tokens, dv_arena *arena,
                        dv_terms *ret_terms, dv_order_fields *ret_fields, dv_faults *ret_faults)
{
    dv_reading r = {.arena = arena, .faults = ret_faults, .current = DV_MEMBER_COUNT};
    *ret_faults = (dv_faults){0};
    if (!dv_members_read(&r, body)) return ret_faults->error;

    dv_terms terms = {.order_type = DV_ORDER_MARKET};
    dv_order_fields fields = {
        .type = dv_member_name(dv_member_given(&r, DV_MEMBER_ORDER_TYPE) ? DV_MEMBER_ORDER_TYPE
                                                                         : DV_MEMBER_TYPE),
        .slippage = dv_member_name(dv_member_given(&r, DV_MEMBER_SLIPPAGE_TOLERANCE)
                                       ? DV_MEMBER_SLIPPAGE_TOLERANCE
                                       : DV_MEMBER_SLIPPAGE),
        .client_order_id = dv_member_given(&r, DV_MEMBER_CLIENT_ORDER_ID)
                               ? dv_member_name(DV_MEMBER_CLIENT_ORDER_ID)
                               : "Idempotency-Key",
        .user_id = dv_member_name(DV_MEMBER_USER_ID),
    };
    check_type(&r, DV_MEMBER_TYPE);
    check_type(&r, DV_MEMBER_ORDER_TYPE);
    uint64_t default_bps = read_swap(&r, tokens, &terms, &fields);
    terms.slippage_bps = read_tolerance(&r, default_bps);
    terms.user_id = dv_field_identifier(&r, DV_MEMBER_USER_ID, DV_USER_ID_MAX);
    terms.client_order_id = read_key(&r, key);
    if (ret_faults->count > 0) return ret_faults->error;
    *ret_terms = terms;
    *ret_fields = fields;
    return DV_OK;
}

bool dv_is_ping(dv_text message)
{
    dv_arena *arena = dv_arena_new();
    dv_faults faults = {0};
    dv_reading r = {.arena = arena, .faults = &faults, .current = DV_MEMBER_COUNT};
    const dv_value *type = &r.values[DV_MEMBER_TYPE];
    bool ping = dv_members_read(&r, message) && type->kind == DV_VALUE_STRING &&
                dv_text_is(type->text, "ping");
    dv_arena_destroy(&arena);
    return ping;
}
