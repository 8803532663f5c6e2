/* Handler: a batch of orders. */
#ifndef DV_GATEWAY_API_BATCH_H
#define DV_GATEWAY_API_BATCH_H

#include "gateway/http/reply.h"

/* POST /api/orders/batch: a JSON array, or NDJSON. Blocks as dv_submit_batch does. */
void dv_api_batch_post(dv_request *request, dv_reply *reply);

#endif
