/* Submits orders: from JSON to the engine's answer. POSTs and in-band messages submit alike. */
#ifndef DV_GATEWAY_API_SUBMIT_H
#define DV_GATEWAY_API_SUBMIT_H

#include "gateway/api/shared.h"
#include "gateway/json/batch_in.h"
#include "proto/buffer.h"

typedef struct dv_submission {
    dv_err error;       /* DV_OK: the order is accepted, which means committed */
    dv_buffer body;     /* the answer or the error object; the caller frees it */
    dv_id order_id;     /* of an accepted order */
    bool replayed;      /* an earlier submission with the same idempotency key was accepted */
    bool amount_string; /* the client wrote the amount as a JSON string */
    dv_allowance allowance;
} dv_submission;

/* Submits one order. Blocks for the admission (http/admission.h), then for at most
   answer_timeout_ms. body: JSON. key: the Idempotency-Key header, empty for none. address: the
   client's, for the rate limit. path: the request's, for the error object. */
void dv_submit(const dv_shared *shared, dv_text body, dv_text key, const char *address,
               dv_text path, dv_submission *ret);

/* Submits a batch, which `cut` cuts into orders. Each order is accepted or refused on its own, and
   has its own key. Blocks as dv_submit does. ret: in the order of the batch; the caller frees them
   with dv_submissions_free. Errors of the batch as a whole, without submissions: REQUEST_MALFORMED,
   REQUEST_TOO_LARGE, which ret_faults explains; ENGINE_DRAINING, ENGINE_FULL. */
DV_MUST_CHECK dv_err dv_submit_batch(const dv_shared *shared, dv_batch_in *cut, dv_text body,
                                     const char *address, dv_text path, dv_submission **ret,
                                     uint32_t *ret_count, dv_faults *ret_faults);

/* Frees the submissions and clears the pointer; accepts NULL. */
void dv_submissions_free(dv_submission **submissions, uint32_t count);

#endif
