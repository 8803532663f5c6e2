/* Cuts the body of a batch into its orders, each of which dv_order_in_read then reads. */
#ifndef DV_GATEWAY_JSON_BATCH_IN_H
#define DV_GATEWAY_JSON_BATCH_IN_H

#include "gateway/json/faults.h"
#include "proto/arena.h"

#define DV_BATCH_ORDERS_MAX 1000 /* in one request */

/* Cuts a body. The list lives in the arena and its texts are parts of the body. Errors, which
   ret_faults explains: REQUEST_MALFORMED, and REQUEST_TOO_LARGE above DV_BATCH_ORDERS_MAX. */
typedef dv_err dv_batch_in(dv_text body, dv_arena *arena, dv_text **ret_orders, uint32_t *ret_count,
                           dv_faults *ret_faults);

/* Cuts a JSON array. An element that is no object becomes an empty text. REQUEST_MALFORMED: the
   body is no array, or an empty one. */
DV_MUST_CHECK dv_batch_in dv_batch_in_array;

/* Cuts NDJSON: each line is an order, whatever it holds. Blank lines do not count.
   REQUEST_MALFORMED: there are no lines. */
DV_MUST_CHECK dv_batch_in dv_batch_in_lines;

#endif
