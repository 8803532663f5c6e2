/* Parts of the order object that frames show, too. */
#ifndef DV_GATEWAY_JSON_ORDER_PARTS_H
#define DV_GATEWAY_JSON_ORDER_PARTS_H

#include "gateway/json/moment.h"

#define DEX_NAME_SIZE (DV_VENUE_MAX + 1)

/* "Raydium" for raydium. */
const char *dv_dex_name(dv_text venue, char ret_name[DEX_NAME_SIZE]);

/* The name of a DEX. */
void dv_put_dex(dv_json *json, const char *name, dv_text venue);

/* Which DEX was chosen and why. with_quotes: also every answer in full. */
void dv_put_routing(dv_json *json, const char *name, const dv_moment *m, const dv_attempt *attempt,
                    bool with_quotes);

/* The price of the execution, under each of the names that clients read. */
void dv_put_prices(dv_json *json, const dv_moment *m);

/* Symbol, side and quantity of an order that was written so. */
void dv_put_side(dv_json *json, const dv_moment *m);

/* The order as one object, under a name. */
void dv_put_order(dv_json *json, const char *name, const dv_moment *m);

#endif
