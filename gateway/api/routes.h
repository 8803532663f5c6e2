/* The API's paths and what each of them answers. */
#ifndef DV_GATEWAY_API_ROUTES_H
#define DV_GATEWAY_API_ROUTES_H

#include "gateway/http/reply.h"

/* Fills in the reply to any request that is not an upgrade to a WebSocket. Blocks for at most
   answer_timeout_ms, and for as long as the body takes to arrive. */
void dv_api_serve(dv_request *request, dv_reply *ret_reply);

/* Asks whether an order exists. Errors: ORDER_NOT_FOUND, STORE_AWAY, ENGINE_TIMEOUT, … On DV_OK
   ret_state is the state it is in. */
DV_MUST_CHECK dv_err dv_api_order_state(const dv_service *service, const dv_id *order_id,
                                        uint8_t *ret_state);

#endif
