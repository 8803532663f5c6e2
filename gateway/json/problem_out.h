/* The error object. */
#ifndef DV_GATEWAY_JSON_PROBLEM_OUT_H
#define DV_GATEWAY_JSON_PROBLEM_OUT_H

#include "gateway/json/faults.h"
#include "proto/buffer.h"

/* The error object. message: empty for the faults in one line or, without faults, the catalogue's
   text. faults: may be NULL. instance: the request's path; may be empty. */
void dv_render_error(dv_buffer *out, dv_err error, dv_text message, const dv_faults *faults,
                     dv_text instance);

#endif
