/* From one member of an order's JSON to one exact value. A function that finds a fault adds it to
   the reading and says in its return that it has no value. */
#ifndef DV_GATEWAY_JSON_FIELD_IN_H
#define DV_GATEWAY_JSON_FIELD_IN_H

#include "actors/base/tokens.h"
#include "gateway/json/members.h"

/* Why a text is not an identifier of at most `max` bytes; NULL when it is one. */
const char *dv_identifier_flaw(dv_text text, uint32_t max);

/* An identifier of at most `max` bytes; empty when the member is absent or at fault. */
dv_text dv_field_identifier(dv_reading *r, dv_member member, uint32_t max);

/* A text that is required and not empty. False: it is at fault. */
bool dv_field_text(dv_reading *r, dv_member member, dv_text *ret_text);

/* The token that a member names by symbol or mint; NULL when the member is at fault. Borrowed from
   tokens. */
const dv_token *dv_field_token(dv_reading *r, const dv_tokens *tokens, dv_member member);

/* An amount in atoms of a token, above 0; 0 when it is at fault. token: NULL when the token is
   unknown; then only the form of the amount is checked. */
uint64_t dv_field_amount(dv_reading *r, dv_member member, const dv_token *token);

/* A slippage in basis points, 0 to DV_BPS_ONE. It is rounded down, which never loosens the client's
   limit. False: it is at fault. */
bool dv_field_slippage(dv_reading *r, dv_member member, uint64_t *ret_bps);

#endif
