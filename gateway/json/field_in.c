#include "gateway/json/field_in.h"

#include "proto/amount.h"
#include "proto/message.h"

#define FRACTION_DECIMALS 18 /* a slippage is compared with 1 before it is rounded */
#define EXCERPT_MAX 48       /* bytes of a client's text that a message repeats */

/* The start of a text that may be long. It ends between two characters of UTF-8. */
static dv_text excerpt(dv_text text)
{
    if (text.size <= EXCERPT_MAX) return text;
    text.size = EXCERPT_MAX;
    while (text.size > 0 && ((unsigned char)text.at[text.size] & 0xc0) == 0x80) text.size--;
    return text;
}

/* Whether a text has control characters. PostgreSQL, for one, stores no NUL. */
static bool has_controls(dv_text text)
{
    for (uint32_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f) return true;
    return false;
}

const char *dv_identifier_flaw(dv_text text, uint32_t max)
{
    if (text.size == 0) return "is empty";
    if (text.size > max) return "is longer than 128 bytes";
    if (!dv_text_is_utf8(text)) return "is not valid Unicode";
    return has_controls(text) ? "holds a control character" : NULL;
}

_Static_assert(DV_USER_ID_MAX == 128 && DV_CLIENT_ORDER_ID_MAX == 128,
               "the message above names the limit");

dv_text dv_field_identifier(dv_reading *r, dv_member member, uint32_t max)
{
    const dv_value *v = &r->values[member];
    if (!dv_member_given(r, member)) return (dv_text){0};
    const char *flaw =
        v->kind == DV_VALUE_STRING ? dv_identifier_flaw(v->text, max) : "is not a string";
    if (flaw) dv_member_fault(r, DV_REQUEST_INVALID, member, flaw);
    return flaw ? (dv_text){0} : v->text;
}

bool dv_field_slippage(dv_reading *r, dv_member member, uint64_t *ret_bps)
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

bool dv_field_text(dv_reading *r, dv_member member, dv_text *ret_text)
{
    const dv_value *v = &r->values[member];
    const char *flaw = !dv_member_given(r, member)  ? "is required"
                       : v->kind != DV_VALUE_STRING ? "must be a string"
                       : v->text.size == 0          ? "must not be empty"
                       : has_controls(v->text)      ? "holds a control character"
                                                    : NULL;
    if (flaw) dv_member_fault(r, DV_REQUEST_INVALID, member, flaw);
    if (!flaw) *ret_text = v->text;
    return flaw == NULL;
}

const dv_token *dv_field_token(dv_reading *r, const dv_tokens *tokens, dv_member member)
{
    dv_text name;
    if (!dv_field_text(r, member, &name)) return NULL;
    const dv_token *token = dv_tokens_find(tokens, name);
    if (token == NULL)
        dv_faults_add(r->faults, DV_ORDER_TOKEN_UNKNOWN, dv_text_of(dv_member_name(member)),
                      dv_arena_printf(r->arena, "there is no token \"%.*s\" here",
                                      DV_TEXT_ARG(excerpt(name))));
    return token;
}

/* What a client is told whose amount could not be read. */
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

uint64_t dv_field_amount(dv_reading *r, dv_member member, const dv_token *token)
{
    const dv_value *v = &r->values[member];
    dv_text name = dv_text_of(dv_member_name(member));
    bool number = v->kind == DV_VALUE_NUMBER;
    uint64_t atoms = 1;
    dv_text flaw = {0};
    if (!dv_member_given(r, member)) {
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
    dv_faults_add(r->faults,
                  dv_member_given(r, member) ? DV_ORDER_AMOUNT_INVALID : DV_REQUEST_INVALID, name,
                  flaw);
    return 0;
}

_Static_assert(DV_AMOUNT_INPUT_MAX == 48, "the message above names the limit");
