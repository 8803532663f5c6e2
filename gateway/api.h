/* The API's paths and what each of them answers. */
#ifndef DV_GATEWAY_API_H
#define DV_GATEWAY_API_H

#include "gateway/reply.h"

/* Fills in the reply to any request that is not an upgrade to a WebSocket. Blocks for at most
   answer_timeout_ms, and for as long as the body takes to arrive. */
void dv_api_serve(dv_request *request, dv_reply *ret_reply);

/* Whether a path has the shape of a pattern, in which one segment may be ":name" for any segment
   that is not empty. ret_capture: that segment as it came, empty without one. */
bool dv_api_path_is(dv_text path, const char *pattern, dv_text *ret_capture);

/* Asks whether an order exists. Errors: ORDER_NOT_FOUND, STORE_AWAY, ENGINE_TIMEOUT, … On DV_OK
   ret_state is the state it is in. */
DV_MUST_CHECK dv_err dv_api_order_state(const dv_front *front, const dv_id *order_id,
                                        uint8_t *ret_state);

#endif
