/* The order object, and those of its parts that other texts show, too. */
#ifndef DV_GATEWAY_JSON_ORDER_PARTS_H
#define DV_GATEWAY_JSON_ORDER_PARTS_H

#include "gateway/json/moment.h"

/* The price of the execution, under each of the names that clients read. */
void dv_put_prices(dv_json *json, const dv_moment *m);

/* Symbol, side and quantity of an order that was given by them; of other orders nothing. */
void dv_put_side(dv_json *json, const dv_moment *m);

/* All members of the order object, into the object that is open. */
void dv_put_order_members(dv_json *json, const dv_moment *m);

/* The order object. */
void dv_put_order(dv_json *json, const char *name, const dv_moment *m);

#endif
