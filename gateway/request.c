#include "gateway/request.h"
#include "proto/arena.h"

#include <ctype.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

/* ---- members ------------------------------------------------------------------------------ */

/* M(member, name): what an order may consist of, each vocabulary's members in one run. Everything
   else in a body is ignored. */
#define MEMBERS(M)                                                                                 \
    M(TOKEN_IN, "tokenIn")                                                                         \
    M(TOKEN_OUT, "tokenOut")                                                                       \
    M(AMOUNT, "amount")                                                                            \
    M(AMOUNT_IN, "amountIn")                                                                       \
    M(SYMBOL, "symbol")                                                                            \
    M(SIDE, "side")                                                                                \
    M(QUANTITY, "quantity")                                                                        \
    M(TYPE, "type")                                                                                \
    M(ORDER_TYPE, "orderType")                                                                     \
    M(SLIPPAGE, "slippage")                                                                        \
    M(SLIPPAGE_TOLERANCE, "slippageTolerance")                                                     \
    M(USER_ID, "userId")                                                                           \
    M(CLIENT_ORDER_ID, "clientOrderId")

typedef enum member_id {
#define MEMBER_ENUM(member, name) MEMBER_##member,
    MEMBERS(MEMBER_ENUM)
#undef MEMBER_ENUM
        MEMBER_COUNT,
} member_id;

static const char *const MEMBER_NAMES[MEMBER_COUNT] = {
#define MEMBER_NAME(member, name) [MEMBER_##member] = name,
    MEMBERS(MEMBER_NAME)
#undef MEMBER_NAME
};

typedef enum value_kind {
    VALUE_ABSENT,
    VALUE_NULL, /* as good as absent, but its name is taken */
    VALUE_STRING,
    VALUE_NUMBER,
    VALUE_OTHER, /* true, false, an object or an array: right for no member */
} value_kind;

typedef struct value {
    value_kind kind;
    dv_text text; /* a number's as it was written, a string's with its escapes resolved */
} value;

/* One reading of one body. */
typedef struct reading {
    dv_arena *arena;
    dv_faults *faults;
    uint32_t depth;    /* objects and arrays that are open */
    member_id current; /* whose value comes next; MEMBER_COUNT: one that is ignored */
    value values[MEMBER_COUNT];
} reading;

static void fault(dv_faults *faults, dv_err error, dv_text field, dv_text message)
{
    if (faults->count == 0) faults->error = error;
    if (faults->count < DV_FAULTS_MAX) faults->list[faults->count++] = (dv_fault){field, message};
}

static void member_fault(reading *r, dv_err error, member_id member, const char *message)
{
    fault(r->faults, error, dv_text_of(MEMBER_NAMES[member]), dv_text_of(message));
}

/* ---- from JSON to members: yajl's callbacks, which return 0 to stop ----------------------------
 */

static int refuse_body(reading *r, dv_text field, const char *message)
{
    fault(r->faults, DV_REQUEST_MALFORMED, field, dv_text_of(message));
    return 0;
}

static int take_value(reading *r, value_kind kind, const char *at, size_t size)
{
    if (r->depth == 0) return refuse_body(r, (dv_text){0}, "the body is not a JSON object");
    if (r->depth > 1 || r->current == MEMBER_COUNT) return 1;
    r->values[r->current] = (value){kind, dv_arena_text(r->arena, (dv_text){at, (uint32_t)size})};
    return 1;
}

static int on_null(void *context)
{
    return take_value(context, VALUE_NULL, NULL, 0);
}

static int on_boolean(void *context, int boolean)
{
    (void)boolean;
    return take_value(context, VALUE_OTHER, NULL, 0);
}

static int on_number(void *context, const char *at, size_t size)
{
    return take_value(context, VALUE_NUMBER, at, size);
}

static int on_string(void *context, const unsigned char *at, size_t size)
{
    return take_value(context, VALUE_STRING, (const char *)at, size);
}

static int open_nested(reading *r)
{
    if (r->depth == DV_JSON_DEPTH_MAX)
        return refuse_body(r, (dv_text){0}, "the body is nested more than 32 levels deep");
    r->depth++;
    return 1;
}

_Static_assert(DV_JSON_DEPTH_MAX == 32, "the message above names the limit");

static int on_object(void *context)
{
    reading *r = context;
    if (r->depth > 0) take_value(r, VALUE_OTHER, NULL, 0);
    return open_nested(r);
}

static int on_array(void *context)
{
    return take_value(context, VALUE_OTHER, NULL, 0) ? open_nested(context) : 0;
}

static int on_end(void *context)
{
    ((reading *)context)->depth--;
    return 1;
}

static int on_name(void *context, const unsigned char *at, size_t size)
{
    reading *r = context;
    if (r->depth > 1) return 1;
    dv_text name = {(const char *)at, (uint32_t)size};
    member_id member = 0;
    while (member < MEMBER_COUNT && !dv_text_is(name, MEMBER_NAMES[member])) member++;
    r->current = member;
    if (member == MEMBER_COUNT || r->values[member].kind == VALUE_ABSENT) return 1;
    return refuse_body(r, dv_text_of(MEMBER_NAMES[member]), "is given twice");
}

static const yajl_callbacks CALLBACKS = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object,
    .yajl_map_key = on_name,
    .yajl_end_map = on_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_end,
};

/* What yajl has against the body, as a fault. */
static void syntax_fault(reading *r, yajl_handle parser)
{
    unsigned char *why = yajl_get_error(parser, 0, NULL, 0);
    dv_text line = dv_text_of(why ? (const char *)why : "");
    while (line.size > 0 && line.at[line.size - 1] == '\n') line.size--;
    dv_text message = dv_arena_printf(r->arena, "the body is not JSON: %.*s", DV_TEXT_ARG(line));
    fault(r->faults, DV_REQUEST_MALFORMED, (dv_text){0}, message);
    if (why) yajl_free_error(parser, why);
}

/* Reads the members of a body. False, and a fault is noted, when it is not one JSON object. */
static bool read_members(reading *r, dv_text body)
{
    if (!dv_text_is_utf8(body)) {
        refuse_body(r, (dv_text){0}, "the body is not UTF-8");
        return false;
    }
    yajl_handle parser = yajl_alloc(&CALLBACKS, NULL, r);
    if (parser == NULL) abort();
    yajl_status status = yajl_parse(parser, (const unsigned char *)body.at, body.size);
    if (status == yajl_status_ok) status = yajl_complete_parse(parser);
    if (status == yajl_status_error) syntax_fault(r, parser);
    yajl_free(parser);
    return status == yajl_status_ok;
}

/* ---- from members to terms ------------------------------------------------------------------ */

#define QUOTE_SYMBOL "USDC" /* what symbol / side / quantity trades against */
#define SLIPPAGE_PAIR_BPS 100
#define SLIPPAGE_SYMBOL_BPS 50
#define FRACTION_DECIMALS 18 /* in which a slippage is compared with 1 before it is rounded */
#define EXCERPT_MAX 48       /* bytes of a client's text that a message repeats */

static bool given(const reading *r, member_id member)
{
    return r->values[member].kind > VALUE_NULL;
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

static dv_text read_identifier(reading *r, member_id member, uint32_t max)
{
    const value *v = &r->values[member];
    if (!given(r, member)) return (dv_text){0};
    const char *flaw = v->kind == VALUE_STRING ? identifier_flaw(v->text, max) : "is not a string";
    if (flaw) member_fault(r, DV_REQUEST_INVALID, member, flaw);
    return flaw ? (dv_text){0} : v->text;
}

/* The idempotency key: the header's, the body's, or both if they agree. */
static dv_text read_key(reading *r, dv_text header)
{
    dv_text key = read_identifier(r, MEMBER_CLIENT_ORDER_ID, DV_CLIENT_ORDER_ID_MAX);
    if (header.size == 0) return key;
    const char *flaw = identifier_flaw(header, DV_CLIENT_ORDER_ID_MAX);
    if (flaw) fault(r->faults, DV_REQUEST_INVALID, dv_text_of("Idempotency-Key"), dv_text_of(flaw));
    if (key.size > 0 && !dv_text_equal(key, header))
        member_fault(r, DV_REQUEST_INVALID, MEMBER_CLIENT_ORDER_ID,
                     "differs from the Idempotency-Key header");
    return dv_arena_text(r->arena, header);
}

static void check_type(reading *r, member_id member)
{
    const value *v = &r->values[member];
    if (!given(r, member) || (v->kind == VALUE_STRING && dv_text_is(v->text, "market"))) return;
    member_fault(r, DV_ORDER_TYPE_UNSUPPORTED, member, "must be \"market\"");
}

/* A slippage as basis points, rounded down: to the safe side of the user's limit. */
static bool read_slippage(reading *r, member_id member, uint64_t *ret_bps)
{
    static const uint64_t one = 1000000000000000000u; /* in FRACTION_DECIMALS */
    const value *v = &r->values[member];
    uint64_t fraction;
    if ((v->kind == VALUE_NUMBER || v->kind == VALUE_STRING) &&
        dv_decimal_parse_floor(v->text, FRACTION_DECIMALS, v->kind == VALUE_NUMBER, &fraction) ==
            DV_DECIMAL_OK &&
        fraction <= one) {
        *ret_bps = fraction / (one / DV_BPS_ONE);
        return true;
    }
    member_fault(r, DV_ORDER_SLIPPAGE_INVALID, member, "must be a fraction from 0 to 1");
    return false;
}

/* The tolerance under either of its names, or the default. */
static uint64_t read_tolerance(reading *r, uint64_t default_bps)
{
    uint64_t slippage_bps = default_bps, tolerance_bps = default_bps;
    bool one = given(r, MEMBER_SLIPPAGE) && read_slippage(r, MEMBER_SLIPPAGE, &slippage_bps);
    bool other = given(r, MEMBER_SLIPPAGE_TOLERANCE) &&
                 read_slippage(r, MEMBER_SLIPPAGE_TOLERANCE, &tolerance_bps);
    if (one && other && slippage_bps != tolerance_bps)
        member_fault(r, DV_ORDER_SLIPPAGE_INVALID, MEMBER_SLIPPAGE_TOLERANCE,
                     "differs from slippage");
    return one ? slippage_bps : tolerance_bps;
}

/* A text that must be there, and not empty. */
static bool read_text(reading *r, member_id member, dv_text *ret_text)
{
    const value *v = &r->values[member];
    const char *flaw = !given(r, member)         ? "is required"
                       : v->kind != VALUE_STRING ? "must be a string"
                       : v->text.size == 0       ? "must not be empty"
                       : has_controls(v->text)   ? "holds a control character"
                                                 : NULL;
    if (flaw) member_fault(r, DV_REQUEST_INVALID, member, flaw);
    if (!flaw) *ret_text = v->text;
    return flaw == NULL;
}

/* The token that a member names by symbol or mint; NULL, and a fault, when there is none. */
static const dv_token *read_token(reading *r, const dv_tokens *tokens, member_id member)
{
    dv_text name;
    if (!read_text(r, member, &name)) return NULL;
    const dv_token *token = dv_tokens_find(tokens, name);
    if (token == NULL)
        fault(r->faults, DV_ORDER_TOKEN_UNKNOWN, dv_text_of(MEMBER_NAMES[member]),
              dv_arena_printf(r->arena, "there is no token \"%.*s\" here",
                              DV_TEXT_ARG(excerpt(name))));
    return token;
}

/* Why a text was not read as an amount, for its sender. */
static dv_text amount_flaw(reading *r, const value *v, const dv_token *token,
                           dv_decimal_result result)
{
    dv_text shown = excerpt(v->text);
    if (result == DV_DECIMAL_TOO_PRECISE)
        return dv_arena_printf(r->arena, "%s has %u decimals: %.*s has more", token->symbol,
                               token->decimals, DV_TEXT_ARG(shown));
    if (result == DV_DECIMAL_TOO_LARGE)
        return dv_arena_printf(r->arena, "%.*s is more than an order can hold", DV_TEXT_ARG(shown));
    if (v->kind == VALUE_NUMBER) return dv_text_of("must be more than 0");
    return dv_text_of("must be a plain decimal such as \"0.5\"");
}

/* An amount in atoms of a token. token NULL, when its name was wrong: only the form is checked.
   0 means that it was faulted. */
static uint64_t read_amount(reading *r, member_id member, const dv_token *token)
{
    const value *v = &r->values[member];
    dv_text name = dv_text_of(MEMBER_NAMES[member]);
    bool number = v->kind == VALUE_NUMBER;
    uint64_t atoms = 1;
    dv_text flaw = {0};
    if (!given(r, member)) {
        flaw = dv_text_of("is required");
    } else if (!number && v->kind != VALUE_STRING) {
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
    fault(r->faults, given(r, member) ? DV_ORDER_AMOUNT_INVALID : DV_REQUEST_INVALID, name, flaw);
    return 0;
}

_Static_assert(DV_AMOUNT_INPUT_MAX == 48, "the message above names the limit");

/* Fills in what the two tokens and the amount of an order have in common in both vocabularies. */
static void set_swap(reading *r, dv_terms *terms, const dv_token *in, const dv_token *out,
                     member_id amount)
{
    const value *v = &r->values[amount];
    terms->token_in = in ? dv_arena_text(r->arena, dv_text_of(in->mint)) : (dv_text){0};
    terms->token_out = out ? dv_arena_text(r->arena, dv_text_of(out->mint)) : (dv_text){0};
    terms->amount_input = v->text;
    if (v->kind == VALUE_STRING) terms->style |= DV_STYLE_AMOUNT_STRING;
}

/* tokenIn, tokenOut and amount or amountIn. */
static void read_pair(reading *r, const dv_tokens *tokens, dv_terms *terms, dv_order_fields *fields)
{
    member_id amount = given(r, MEMBER_AMOUNT_IN) ? MEMBER_AMOUNT_IN : MEMBER_AMOUNT;
    const dv_token *in = read_token(r, tokens, MEMBER_TOKEN_IN);
    const dv_token *out = read_token(r, tokens, MEMBER_TOKEN_OUT);
    if (in && in == out)
        member_fault(r, DV_ORDER_TOKENS_EQUAL, MEMBER_TOKEN_OUT, "is the same token as tokenIn");
    if (given(r, MEMBER_AMOUNT) && given(r, MEMBER_AMOUNT_IN))
        member_fault(r, DV_ORDER_AMOUNT_INVALID, MEMBER_AMOUNT_IN,
                     "and amount are two names for one value: give one of them");
    terms->swap_mode = DV_EXACT_IN;
    terms->amount = read_amount(r, amount, in);
    set_swap(r, terms, in, out, amount);
    if (in && dv_text_is(r->values[MEMBER_TOKEN_IN].text, in->mint))
        terms->style |= DV_STYLE_IN_MINT;
    if (out && dv_text_is(r->values[MEMBER_TOKEN_OUT].text, out->mint))
        terms->style |= DV_STYLE_OUT_MINT;
    fields->amount = MEMBER_NAMES[amount];
    fields->token_in = MEMBER_NAMES[MEMBER_TOKEN_IN];
    fields->token_out = MEMBER_NAMES[MEMBER_TOKEN_OUT];
}

/* symbol, side and quantity: the quantity is of the symbol, so a buy is exact in what it gets. */
static void read_symbol(reading *r, const dv_tokens *tokens, dv_terms *terms,
                        dv_order_fields *fields)
{
    const dv_token *token = read_token(r, tokens, MEMBER_SYMBOL);
    const dv_token *quote = dv_tokens_find(tokens, dv_text_of(QUOTE_SYMBOL));
    if (token && token == quote)
        member_fault(r, DV_ORDER_TOKENS_EQUAL, MEMBER_SYMBOL,
                     "is what symbols are traded against: name another");
    else if (token && !quote)
        member_fault(r, DV_ORDER_TOKEN_UNKNOWN, MEMBER_SYMBOL,
                     "cannot be traded: USDC is not configured here");
    dv_text side;
    bool buy = false;
    if (read_text(r, MEMBER_SIDE, &side)) {
        buy = dv_text_is(side, "buy");
        if (!buy && !dv_text_is(side, "sell"))
            member_fault(r, DV_REQUEST_INVALID, MEMBER_SIDE, "must be \"buy\" or \"sell\"");
    }
    terms->swap_mode = buy ? DV_EXACT_OUT : DV_EXACT_IN;
    terms->amount = read_amount(r, MEMBER_QUANTITY, token);
    terms->style = buy ? DV_STYLE_SIDE_BUY : DV_STYLE_SIDE_SELL;
    set_swap(r, terms, buy ? quote : token, buy ? token : quote, MEMBER_QUANTITY);
    if (token && dv_text_is(r->values[MEMBER_SYMBOL].text, token->mint))
        terms->style |= buy ? DV_STYLE_OUT_MINT : DV_STYLE_IN_MINT;
    fields->amount = MEMBER_NAMES[MEMBER_QUANTITY];
    fields->token_in = fields->token_out = MEMBER_NAMES[MEMBER_SYMBOL];
}

static bool same_swap(const dv_terms *a, const dv_terms *b)
{
    return a->swap_mode == b->swap_mode && a->amount == b->amount &&
           dv_text_equal(a->token_in, b->token_in) && dv_text_equal(a->token_out, b->token_out);
}

/* The first member of a range that is given; MEMBER_COUNT when none is. */
static member_id first_given(const reading *r, member_id from, member_id to)
{
    for (member_id member = from; member <= to; member++)
        if (given(r, member)) return member;
    return MEMBER_COUNT;
}

/* An order in both vocabularies must say the same in each; it is then shown as the pair. */
static void read_both(reading *r, const dv_tokens *tokens, dv_terms *terms, dv_order_fields *fields)
{
    dv_terms by_symbol = {0};
    read_symbol(r, tokens, &by_symbol, fields);
    read_pair(r, tokens, terms, fields);
    if (r->faults->count == 0 && same_swap(terms, &by_symbol)) return;
    member_fault(r, DV_REQUEST_INVALID, first_given(r, MEMBER_SYMBOL, MEMBER_QUANTITY),
                 "contradicts tokenIn, tokenOut and amount: give either these or symbol, side and "
                 "quantity");
}

/* Reads the order in the vocabulary that it uses; returns that one's default tolerance, and the
   stricter one when it uses both. */
static uint64_t read_swap(reading *r, const dv_tokens *tokens, dv_terms *terms,
                          dv_order_fields *fields)
{
    bool symbol = first_given(r, MEMBER_SYMBOL, MEMBER_QUANTITY) != MEMBER_COUNT;
    bool pair = first_given(r, MEMBER_TOKEN_IN, MEMBER_AMOUNT_IN) != MEMBER_COUNT;
    if (symbol && pair)
        read_both(r, tokens, terms, fields);
    else if (symbol)
        read_symbol(r, tokens, terms, fields);
    else
        read_pair(r, tokens, terms, fields);
    return symbol ? SLIPPAGE_SYMBOL_BPS : SLIPPAGE_PAIR_BPS;
}

dv_err dv_request_order(dv_text body, dv_text key, const dv_tokens *tokens, dv_arena *arena,
                        dv_terms *ret_terms, dv_order_fields *ret_fields, dv_faults *ret_faults)
{
    reading r = {.arena = arena, .faults = ret_faults, .current = MEMBER_COUNT};
    *ret_faults = (dv_faults){0};
    if (!read_members(&r, body)) return ret_faults->error;

    dv_terms terms = {.order_type = DV_ORDER_MARKET};
    dv_order_fields fields = {
        .type = MEMBER_NAMES[given(&r, MEMBER_ORDER_TYPE) ? MEMBER_ORDER_TYPE : MEMBER_TYPE],
        .slippage = MEMBER_NAMES[given(&r, MEMBER_SLIPPAGE_TOLERANCE) ? MEMBER_SLIPPAGE_TOLERANCE
                                                                      : MEMBER_SLIPPAGE],
        .client_order_id = given(&r, MEMBER_CLIENT_ORDER_ID) ? MEMBER_NAMES[MEMBER_CLIENT_ORDER_ID]
                                                             : "Idempotency-Key",
        .user_id = MEMBER_NAMES[MEMBER_USER_ID],
    };
    check_type(&r, MEMBER_TYPE);
    check_type(&r, MEMBER_ORDER_TYPE);
    uint64_t default_bps = read_swap(&r, tokens, &terms, &fields);
    terms.slippage_bps = read_tolerance(&r, default_bps);
    terms.user_id = read_identifier(&r, MEMBER_USER_ID, DV_USER_ID_MAX);
    terms.client_order_id = read_key(&r, key);
    if (ret_faults->count > 0) return ret_faults->error;
    *ret_terms = terms;
    *ret_fields = fields;
    return DV_OK;
}

/* ---- batches ------------------------------------------------------------------------------ */

/* One reading of an array of orders. */
typedef struct cutting {
    yajl_handle parser;
    dv_text body;
    dv_text *orders;
    uint32_t count;
    uint32_t depth; /* objects and arrays that are open */
    const char *flaw;
} cutting;

/* The place right after what yajl has read. */
static size_t cut_at(const cutting *c)
{
    return yajl_get_bytes_consumed(c->parser);
}

static int cut_flawed(cutting *c, const char *flaw)
{
    c->flaw = flaw;
    return 0;
}

static const char NOT_ORDERS[] = "the body is not a JSON array of orders";
static const char TOO_MANY[] = "a batch holds at most 1000 orders";
_Static_assert(DV_BATCH_ORDERS_MAX == 1000, "the message above names the limit");

/* A value begins; the first byte of an object or array has just been read. */
static int cut_value(cutting *c, bool nests, bool is_object)
{
    if (c->depth == 0 && (!nests || is_object)) return cut_flawed(c, NOT_ORDERS);
    if (c->depth == 1) {
        if (c->count == DV_BATCH_ORDERS_MAX) return cut_flawed(c, TOO_MANY);
        c->orders[c->count++] = (dv_text){is_object ? c->body.at + cut_at(c) - 1 : NULL, 0};
    }
    if (!nests) return 1;
    if (c->depth == DV_JSON_DEPTH_MAX) return cut_flawed(c, NOT_ORDERS);
    c->depth++;
    return 1;
}

static int cut_null(void *context)
{
    return cut_value(context, false, false);
}

static int cut_boolean(void *context, int boolean)
{
    (void)boolean;
    return cut_value(context, false, false);
}

static int cut_number(void *context, const char *at, size_t size)
{
    (void)at;
    (void)size;
    return cut_value(context, false, false);
}

static int cut_string(void *context, const unsigned char *at, size_t size)
{
    (void)at;
    (void)size;
    return cut_value(context, false, false);
}

static int cut_object(void *context)
{
    return cut_value(context, true, true);
}

static int cut_array(void *context)
{
    return cut_value(context, true, false);
}

static int cut_end(void *context)
{
    cutting *c = context;
    if (--c->depth != 1) return 1;
    dv_text *order = &c->orders[c->count - 1];
    if (order->at != NULL) order->size = (uint32_t)(c->body.at + cut_at(c) - order->at);
    return 1;
}

static const yajl_callbacks CUTTING_CALLBACKS = {
    .yajl_null = cut_null,
    .yajl_boolean = cut_boolean,
    .yajl_number = cut_number,
    .yajl_string = cut_string,
    .yajl_start_map = cut_object,
    .yajl_end_map = cut_end,
    .yajl_start_array = cut_array,
    .yajl_end_array = cut_end,
};

dv_err dv_request_batch(dv_text body, dv_arena *arena, dv_text **ret_orders, uint32_t *ret_count,
                        dv_faults *ret_faults)
{
    *ret_faults = (dv_faults){0};
    cutting c = {.body = body,
                 .orders = dv_arena_alloc(arena, DV_BATCH_ORDERS_MAX * sizeof(dv_text))};
    c.parser = yajl_alloc(&CUTTING_CALLBACKS, NULL, &c);
    if (c.parser == NULL) abort();
    yajl_config(c.parser, yajl_dont_validate_strings, 1); /* each order is read again */
    yajl_status status = yajl_parse(c.parser, (const unsigned char *)body.at, body.size);
    if (status == yajl_status_ok) status = yajl_complete_parse(c.parser);
    yajl_free(c.parser);
    const char *flaw = c.flaw;
    if (flaw == NULL && (status != yajl_status_ok || c.count == 0)) flaw = NOT_ORDERS;
    if (flaw != NULL)
        fault(ret_faults, flaw == TOO_MANY ? DV_REQUEST_TOO_LARGE : DV_REQUEST_MALFORMED,
              (dv_text){0}, dv_text_of(flaw));
    *ret_orders = c.orders;
    *ret_count = c.count;
    return ret_faults->count > 0 ? ret_faults->error : DV_OK;
}

static dv_text trimmed(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at)) at++;
    while (at < end && isspace((unsigned char)end[-1])) end--;
    return (dv_text){at, (uint32_t)(end - at)};
}

dv_err dv_request_lines(dv_text body, dv_arena *arena, dv_text **ret_orders, uint32_t *ret_count,
                        dv_faults *ret_faults)
{
    *ret_faults = (dv_faults){0};
    *ret_orders = dv_arena_alloc(arena, DV_BATCH_ORDERS_MAX * sizeof(dv_text));
    *ret_count = 0;
    const char *end = body.at + body.size;
    for (const char *at = body.at, *next; at < end; at = next + 1) {
        next = memchr(at, '\n', (size_t)(end - at));
        if (next == NULL) next = end;
        dv_text line = trimmed(at, next);
        if (line.size == 0) continue;
        if (*ret_count == DV_BATCH_ORDERS_MAX) {
            fault(ret_faults, DV_REQUEST_TOO_LARGE, (dv_text){0}, dv_text_of(TOO_MANY));
            return ret_faults->error;
        }
        (*ret_orders)[(*ret_count)++] = line;
    }
    if (*ret_count == 0)
        fault(ret_faults, DV_REQUEST_MALFORMED, (dv_text){0}, dv_text_of("the body has no lines"));
    return ret_faults->count > 0 ? ret_faults->error : DV_OK;
}

bool dv_request_is_ping(dv_text message)
{
    dv_arena *arena = dv_arena_new();
    dv_faults faults = {0};
    reading r = {.arena = arena, .faults = &faults, .current = MEMBER_COUNT};
    const value *type = &r.values[MEMBER_TYPE];
    bool ping =
        read_members(&r, message) && type->kind == VALUE_STRING && dv_text_is(type->text, "ping");
    dv_arena_destroy(&arena);
    return ping;
}
