#include "gateway/json/members.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- from members to terms ------------------------------------------------------------------ */

#define QUOTE_SYMBOL "USDC" /* what symbol / side / quantity trades against */
#define SLIPPAGE_PAIR_BPS 100
#define SLIPPAGE_SYMBOL_BPS 50
#define FRACTION_DECIMALS 18 /* in which a slippage is compared with 1 before it is rounded */
#define EXCERPT_MAX 48       /* bytes of a client's text that a message repeats */

static bool given(const dv_reading *r, dv_member member)
{
    return r->values[member].kind > DV_VALUE_NULL;
}

/* The start of a text, cut between two characters. */
static dv_text excerpt(dv_text text)
{
    if (text.size <= EXCERPT_MAX) return text;
    text.size = EXCERPT_MAX;
    while (text.size > 0 && ((unsigned char)text.at[text.size] & 0xc0) == 0x80) text.size--;
    return text;
}

/* Control characters have no place in an identifier, and PostgreSQL stores no NUL. */
static bool has_controls(dv_text text)
{
    for (uint32_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f) return true;
    return false;
}

/* Why a text cannot be an identifier of at most `max` bytes; NULL when it can. */
static const char *identifier_flaw(dv_text text, uint32_t max)
{
    if (text.size == 0) return "is empty";
    if (text.size > max) return "is longer than 128 bytes";
    if (!dv_text_is_utf8(text)) return "is not valid Unicode";
    return has_controls(text) ? "holds a control character" : NULL;
}

_Static_assert(DV_USER_ID_MAX == 128 && DV_CLIENT_ORDER_ID_MAX == 128,
               "the message above names the limit");

static dv_text read_identifier(dv_reading *r, dv_member member, uint32_t max)
{
    const dv_value *v = &r->values[member];
    if (!given(r, member)) return (dv_text){0};
    const char *flaw =
        v->kind == DV_VALUE_STRING ? identifier_flaw(v->text, max) : "is not a string";
    if (flaw) dv_member_fault(r, DV_REQUEST_INVALID, member, flaw);
    return flaw ? (dv_text){0} : v->text;
}

/* The idempotency key: the header's, the body's, or both if they agree. */
static dv_text read_key(dv_reading *r, dv_text header)
{
    dv_text key = read_identifier(r, DV_MEMBER_CLIENT_ORDER_ID, DV_CLIENT_ORDER_ID_MAX);
    if (header.size == 0) return key;
    const char *flaw = identifier_flaw(header, DV_CLIENT_ORDER_ID_MAX);
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
    if (!given(r, member) || (v->kind == DV_VALUE_STRING && dv_text_is(v->text, "market"))) return;
    dv_member_fault(r, DV_ORDER_TYPE_UNSUPPORTED, member, "must be \"market\"");
}

/* A slippage as basis points, rounded down: to the safe side of the user's limit. */
static bool read_slippage(dv_reading *r, dv_member member, uint64_t *ret_bps)
{
    static const uint64_t one = 1000000000000000000u; /* in FRACTION_DECIMALS */
    const dv_value *v = &r->values[member];
    uint64_t fraction;
    if ((v->kind == DV_VALUE_NUMBER || v->kind == DV_VALUE_STRING) &&
        dv_decimal_parse_floor(v->text, FRACTION_DECIMALS, v->kind == DV_VALUE_NUMBER, &fraction) ==
            DV_DECIMAL_OK &&
        fraction <= one) {
        *ret_bps = fraction / (one / DV_BPS_ONE);
        return true;
    }
    dv_member_fault(r, DV_ORDER_SLIPPAGE_INVALID, member, "must be a fraction from 0 to 1");
    return false;
}

/* The tolerance under either of its names, or the default. */
static uint64_t read_tolerance(dv_reading *r, uint64_t default_bps)
{
    uint64_t slippage_bps = default_bps, tolerance_bps = default_bps;
    bool one = given(r, DV_MEMBER_SLIPPAGE) && read_slippage(r, DV_MEMBER_SLIPPAGE, &slippage_bps);
    bool other = given(r, DV_MEMBER_SLIPPAGE_TOLERANCE) &&
                 read_slippage(r, DV_MEMBER_SLIPPAGE_TOLERANCE, &tolerance_bps);
    if (one && other && slippage_bps != tolerance_bps)
        dv_member_fault(r, DV_ORDER_SLIPPAGE_INVALID, DV_MEMBER_SLIPPAGE_TOLERANCE,
                        "differs from slippage");
    return one ? slippage_bps : tolerance_bps;
}

/* A text that must be there, and not empty. */
static bool read_text(dv_reading *r, dv_member member, dv_text *ret_text)
{
    const dv_value *v = &r->values[member];
    const char *flaw = !given(r, member)            ? "is required"
                       : v->kind != DV_VALUE_STRING ? "must be a string"
                       : v->text.size == 0          ? "must not be empty"
                       : has_controls(v->text)      ? "holds a control character"
                                                    : NULL;
    if (flaw) dv_member_fault(r, DV_REQUEST_INVALID, member, flaw);
    if (!flaw) *ret_text = v->text;
    return flaw == NULL;
}

/* The token that a member names by symbol or mint; NULL, and a fault, when there is none. */
static const dv_token *read_token(dv_reading *r, const dv_tokens *tokens, dv_member member)
{
    dv_text name;
    if (!read_text(r, member, &name)) return NULL;
    const dv_token *token = dv_tokens_find(tokens, name);
    if (token == NULL)
        dv_faults_add(r->faults, DV_ORDER_TOKEN_UNKNOWN, dv_text_of(dv_member_name(member)),
                      dv_arena_printf(r->arena, "there is no token \"%.*s\" here",
                                      DV_TEXT_ARG(excerpt(name))));
    return token;
}

/* Why a text was not read as an amount, for its sender. */
static dv_text amount_flaw(dv_reading *r, const dv_value *v, const dv_token *token,
                           dv_decimal_result result)
{
    dv_text shown = excerpt(v->text);
    if (result == DV_DECIMAL_TOO_PRECISE)
        return dv_arena_printf(r->arena, "%s has %u decimals: %.*s has more", token->symbol,
                               token->decimals, DV_TEXT_ARG(shown));
    if (result == DV_DECIMAL_TOO_LARGE)
        return dv_arena_printf(r->arena, "%.*s is more than an order can hold", DV_TEXT_ARG(shown));
    if (v->kind == DV_VALUE_NUMBER) return dv_text_of("must be more than 0");
    return dv_text_of("must be a plain decimal such as \"0.5\"");
}

/* An amount in atoms of a token. token NULL, when its name was wrong: only the form is checked.
   0 means that it was faulted. */
static uint64_t read_amount(dv_reading *r, dv_member member, const dv_token *token)
{
    const dv_value *v = &r->values[member];
    dv_text name = dv_text_of(dv_member_name(member));
    bool number = v->kind == DV_VALUE_NUMBER;
    uint64_t atoms = 1;
    dv_text flaw = {0};
    if (!given(r, member)) {
        flaw = dv_text_of("is required");
    } else if (!number && v->kind != DV_VALUE_STRING) {
        flaw = dv_text_of("must be a number or a decimal string");
    } else if (v->text.size > DV_AMOUNT_INPUT_MAX) {
        flaw = dv_text_of("is written with more than 48 characters");
    } else {
        dv_decimal_result result =
            token ? dv_decimal_parse(v->text, token->decimals, number, &atoms)
                  : dv_decimal_parse_floor(v->text, DV_DECIMALS_MAX, number, &atoms);
        if (result != DV_DECIMAL_OK && (token || result == DV_DECIMAL_MALFORMED))
            flaw = amount_flaw(r, v, token, result);
        else if (atoms == 0)
            flaw = dv_text_of("must be more than 0");
    }
    if (flaw.size == 0) return atoms;
    dv_faults_add(r->faults, given(r, member) ? DV_ORDER_AMOUNT_INVALID : DV_REQUEST_INVALID, name,
                  flaw);
    return 0;
}

_Static_assert(DV_AMOUNT_INPUT_MAX == 48, "the message above names the limit");

/* Fills in what the two tokens and the amount of an order have in common in both vocabularies. */
static void set_swap(dv_reading *r, dv_terms *terms, const dv_token *in, const dv_token *out,
                     dv_member amount)
{
    const dv_value *v = &r->values[amount];
    terms->token_in = in ? dv_arena_text(r->arena, dv_text_of(in->mint)) : (dv_text){0};
    terms->token_out = out ? dv_arena_text(r->arena, dv_text_of(out->mint)) : (dv_text){0};
    terms->amount_input = v->text;
    if (v->kind == DV_VALUE_STRING) terms->style |= DV_STYLE_AMOUNT_STRING;
}

/* tokenIn, tokenOut and amount or amountIn. */
static void read_pair(dv_reading *r, const dv_tokens *tokens, dv_terms *terms,
                      dv_order_fields *fields)
{
    dv_member amount = given(r, DV_MEMBER_AMOUNT_IN) ? DV_MEMBER_AMOUNT_IN : DV_MEMBER_AMOUNT;
    const dv_token *in = read_token(r, tokens, DV_MEMBER_TOKEN_IN);
    const dv_token *out = read_token(r, tokens, DV_MEMBER_TOKEN_OUT);
    if (in && in == out)
        dv_member_fault(r, DV_ORDER_TOKENS_EQUAL, DV_MEMBER_TOKEN_OUT,
                        "is the same token as tokenIn");
    if (given(r, DV_MEMBER_AMOUNT) && given(r, DV_MEMBER_AMOUNT_IN))
        dv_member_fault(r, DV_ORDER_AMOUNT_INVALID, DV_MEMBER_AMOUNT_IN,
                        "and amount are two names for one value: give one of them");
    terms->swap_mode = DV_EXACT_IN;
    terms->amount = read_amount(r, amount, in);
    set_swap(r, terms, in, out, amount);
    if (in && dv_text_is(r->values[DV_MEMBER_TOKEN_IN].text, in->mint))
        terms->style |= DV_STYLE_IN_MINT;
    if (out && dv_text_is(r->values[DV_MEMBER_TOKEN_OUT].text, out->mint))
        terms->style |= DV_STYLE_OUT_MINT;
    fields->amount = dv_member_name(amount);
    fields->token_in = dv_member_name(DV_MEMBER_TOKEN_IN);
    fields->token_out = dv_member_name(DV_MEMBER_TOKEN_OUT);
}

/* symbol, side and quantity: the quantity is of the symbol, so a buy is exact in what it gets. */
static void read_symbol(dv_reading *r, const dv_tokens *tokens, dv_terms *terms,
                        dv_order_fields *fields)
{
    const dv_token *token = read_token(r, tokens, DV_MEMBER_SYMBOL);
    const dv_token *quote = dv_tokens_find(tokens, dv_text_of(QUOTE_SYMBOL));
    if (token && token == quote)
        dv_member_fault(r, DV_ORDER_TOKENS_EQUAL, DV_MEMBER_SYMBOL,
                        "is what symbols are traded against: name another");
    else if (token && !quote)
        dv_member_fault(r, DV_ORDER_TOKEN_UNKNOWN, DV_MEMBER_SYMBOL,
                        "cannot be traded: USDC is not configured here");
    dv_text side;
    bool buy = false;
    if (read_text(r, DV_MEMBER_SIDE, &side)) {
        buy = dv_text_is(side, "buy");
        if (!buy && !dv_text_is(side, "sell"))
            dv_member_fault(r, DV_REQUEST_INVALID, DV_MEMBER_SIDE, "must be \"buy\" or \"sell\"");
    }
    terms->swap_mode = buy ? DV_EXACT_OUT : DV_EXACT_IN;
    terms->amount = read_amount(r, DV_MEMBER_QUANTITY, token);
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
        if (given(r, member)) return member;
    return DV_MEMBER_COUNT;
}

/* An order in both vocabularies must say the same in each; it is then shown as the pair. */
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

/* Reads the order in the vocabulary that it uses; returns that one's default tolerance, and the
   stricter one when it uses both. */
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

dv_err dv_order_in_order(dv_text body, dv_text key, const dv_tokens *tokens, dv_arena *arena,
                         dv_terms *ret_terms, dv_order_fields *ret_fields, dv_faults *ret_faults)
{
    dv_reading r = {.arena = arena, .faults = ret_faults, .current = DV_MEMBER_COUNT};
    *ret_faults = (dv_faults){0};
    if (!dv_members_read(&r, body)) return ret_faults->error;

    dv_terms terms = {.order_type = DV_ORDER_MARKET};
    dv_order_fields fields = {
        .type =
            dv_member_name(given(&r, DV_MEMBER_ORDER_TYPE) ? DV_MEMBER_ORDER_TYPE : DV_MEMBER_TYPE),
        .slippage =
            dv_member_name(given(&r, DV_MEMBER_SLIPPAGE_TOLERANCE) ? DV_MEMBER_SLIPPAGE_TOLERANCE
                                                                   : DV_MEMBER_SLIPPAGE),
        .client_order_id = given(&r, DV_MEMBER_CLIENT_ORDER_ID)
                               ? dv_member_name(DV_MEMBER_CLIENT_ORDER_ID)
                               : "Idempotency-Key",
        .user_id = dv_member_name(DV_MEMBER_USER_ID),
    };
    check_type(&r, DV_MEMBER_TYPE);
    check_type(&r, DV_MEMBER_ORDER_TYPE);
    uint64_t default_bps = read_swap(&r, tokens, &terms, &fields);
    terms.slippage_bps = read_tolerance(&r, default_bps);
    terms.user_id = read_identifier(&r, DV_MEMBER_USER_ID, DV_USER_ID_MAX);
    terms.client_order_id = read_key(&r, key);
    if (ret_faults->count > 0) return ret_faults->error;
    *ret_terms = terms;
    *ret_fields = fields;
    return DV_OK;
}

bool dv_order_in_is_ping(dv_text message)
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
