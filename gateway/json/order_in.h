/* From a client's JSON to an order's exact terms. */
#ifndef DV_GATEWAY_JSON_ORDER_IN_H
#define DV_GATEWAY_JSON_ORDER_IN_H

#include "actors/base/tokens.h"
#include "gateway/json/faults.h"
#include "proto/arena.h"
#include "proto/message.h"

/* The name under which the client gave each part of the terms. A refusal by the engine is told
   under this name. */
typedef struct dv_order_fields {
    const char *amount, *token_in, *token_out, *slippage, *type, *client_order_id, *user_id;
} dv_order_fields;

/* Reads an order in any of the vocabularies that docs/api.md lists. key: the Idempotency-Key
   header, empty for none; it must equal clientOrderId where both are given. The texts of ret_terms
   live in the arena. order_id and created_at_us stay empty. Errors, of which ret_faults lists all
   reasons: REQUEST_MALFORMED (no JSON object, a member twice, too deep), else the first fault's. */
DV_MUST_CHECK dv_err dv_order_in_read(dv_text body, dv_text key, const dv_tokens *tokens,
                                      dv_arena *arena, dv_terms *ret_terms,
                                      dv_order_fields *ret_fields, dv_faults *ret_faults);

/* Whether a WebSocket message is {"type":"ping"}. A message that cannot be read is not. */
bool dv_is_ping(dv_text message);

#endif
