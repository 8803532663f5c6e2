/* Hands an order in: from a body of JSON to the engine's answer. The same for a POST and for a
   message in a WebSocket. */
#ifndef DV_GATEWAY_SUBMIT_H
#define DV_GATEWAY_SUBMIT_H

#include "gateway/front.h"
#include "gateway/request.h"

typedef struct dv_submission {
    dv_err error;       /* DV_OK: accepted, which means committed */
    dv_buffer body;     /* the answer or the error object, to be freed by the caller */
    dv_id order_id;     /* when accepted */
    bool replayed;      /* it had been accepted before, under the same idempotency key */
    bool amount_string; /* the client wrote its amount as a string */
    dv_allowance allowance;
} dv_submission;

/* Blocks for at most answer_timeout_ms. body: JSON. key: the Idempotency-Key, empty for none.
   address: the client's, for the rate limit. path: the request's. */
void dv_submit(const dv_front *front, dv_desk *desk, dv_text body, dv_text key, const char *address,
               dv_text path, dv_submission *ret);

#endif
