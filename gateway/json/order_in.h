/* What clients send: strict JSON into exact integers. */
#ifndef DV_GATEWAY_JSON_ORDER_IN_H
#define DV_GATEWAY_JSON_ORDER_IN_H

#include "actors/base/tokens.h"
#include "proto/amount.h"
#include "proto/arena.h"
#include "proto/message.h"

#define DV_BODY_MAX (1024u * 1024u) /* bytes */
#define DV_JSON_DEPTH_MAX 32
#define DV_FAULTS_MAX 8

/* One thing wrong with a body: which field, and what about it. */
typedef struct dv_fault {
    dv_text field;   /* as the client named it, or should have; empty: the body as a whole */
    dv_text message; /* a sentence */
} dv_fault;

typedef struct dv_faults {
    dv_err error; /* of the first fault */
    uint32_t count;
    dv_fault list[DV_FAULTS_MAX]; /* the first ones */
} dv_faults;

/* Which of the client's fields each part of terms came from, to name it in a refusal. */
typedef struct dv_order_fields {
    const char *amount, *token_in, *token_out, *slippage, *type, *client_order_id, *user_id;
} dv_order_fields;

/* Reads an order in any of the five clients' vocabularies (the contract's "Request").
   key: the Idempotency-Key header; it must equal clientOrderId where both are given.
   Texts of ret_terms live in the arena. order_id and created_at_us stay empty.
   On an error, ret_faults says all that is wrong (up to DV_FAULTS_MAX). Errors:
   REQUEST_MALFORMED (not JSON, not an object, a name twice, too deep) or the first fault's. */
DV_MUST_CHECK dv_err dv_order_in_order(dv_text body, dv_text key, const dv_tokens *tokens,
                                       dv_arena *arena, dv_terms *ret_terms,
                                       dv_order_fields *ret_fields, dv_faults *ret_faults);

#define DV_BATCH_ORDERS_MAX 1000 /* in one request */

/* Cuts a JSON array of 1 to DV_BATCH_ORDERS_MAX orders into its elements, which are parts of the
   body for dv_order_in_order; one that is no object becomes an empty text. The list lives in the
   arena. Errors: REQUEST_MALFORMED when it is no such array, REQUEST_TOO_LARGE for more elements;
   ret_faults says what. */
DV_MUST_CHECK dv_err dv_order_in_batch(dv_text body, dv_arena *arena, dv_text **ret_orders,
                                       uint32_t *ret_count, dv_faults *ret_faults);

/* The same for NDJSON: an order a line, whatever it is; lines of white space do not count. */
DV_MUST_CHECK dv_err dv_order_in_lines(dv_text body, dv_arena *arena, dv_text **ret_orders,
                                       uint32_t *ret_count, dv_faults *ret_faults);

/* Whether an in-band WebSocket message is {"type":"ping"}. Anything unreadable is not. */
bool dv_order_in_is_ping(dv_text message);

#endif
