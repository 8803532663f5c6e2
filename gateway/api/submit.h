/* Hands an order in: from a body of JSON to the engine's answer. The same for a POST and for a
   message in a WebSocket. */
#ifndef DV_GATEWAY_API_SUBMIT_H
#define DV_GATEWAY_API_SUBMIT_H

#include "gateway/http/service.h"
#include "gateway/json/order_in.h"
#include "proto/arena.h"
#include "proto/buffer.h"

typedef struct dv_submission {
    dv_err error;       /* DV_OK: accepted, which means committed */
    dv_buffer body;     /* the answer or the error object, to be freed by the caller */
    dv_id order_id;     /* when accepted */
    bool replayed;      /* it had been accepted before, under the same idempotency key */
    bool amount_string; /* the client wrote its amount as a string */
    dv_allowance allowance;
} dv_submission;

/* Blocks at the door (door.h), and then for at most answer_timeout_ms. body: JSON. key: the
   Idempotency-Key, empty for none. address: the client's, for the rate limit. path: the request's.
 */
void dv_submit(const dv_service *service, dv_text body, dv_text key, const char *address,
               dv_text path, dv_submission *ret);

/* Cuts the body of a batch into its orders: dv_order_in_batch or dv_order_in_lines. */
typedef dv_err dv_batch_cut(dv_text body, dv_arena *arena, dv_text **ret_orders,
                            uint32_t *ret_count, dv_faults *ret_faults);

/* The same for many orders, each of which is accepted or refused on its own; the keys
   are their own, too. The submissions, in the orders' order, are the caller's to end with
   dv_submissions_free. On an error of the batch as a whole there are none, and ret_faults says
   what: REQUEST_MALFORMED, REQUEST_TOO_LARGE, ENGINE_DRAINING, ENGINE_FULL. */
DV_MUST_CHECK dv_err dv_submit_batch(const dv_service *service, dv_batch_cut *cut, dv_text body,
                                     const char *address, dv_text path, dv_submission **ret,
                                     uint32_t *ret_count, dv_faults *ret_faults);
void dv_submissions_free(dv_submission **submissions, uint32_t count); /* accepts NULL */

#endif
