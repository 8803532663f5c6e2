/* Handlers: one order in, one order out, and lists of orders. */
#ifndef DV_GATEWAY_API_ORDERS_H
#define DV_GATEWAY_API_ORDERS_H

#include "gateway/api/shared.h"
#include "gateway/http/reply.h"

/* POST /api/orders and /api/orders/execute. Blocks as dv_submit does. */
void dv_api_order_post(dv_request *request, dv_reply *reply);

/* GET of one order, of all orders, of the unfinished ones, and of a user's. Each blocks for at most
   answer_timeout_ms. */
void dv_api_order_get(dv_request *request, dv_reply *reply);
void dv_api_orders_get(dv_request *request, dv_reply *reply);
void dv_api_active_get(dv_request *request, dv_reply *reply);
void dv_api_user_get(dv_request *request, dv_reply *reply);

/* Asks the engine for an order's state. Blocks likewise. Errors: ORDER_NOT_FOUND, STORE_AWAY,
   ENGINE_TIMEOUT, … On DV_OK ret_state is the dv_state. */
DV_MUST_CHECK dv_err dv_api_order_state(const dv_shared *shared, const dv_id *order_id,
                                        uint8_t *ret_state);

#endif
