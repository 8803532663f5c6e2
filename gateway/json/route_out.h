/* DEXs, quotes and the choice among them. */
#ifndef DV_GATEWAY_JSON_ROUTE_OUT_H
#define DV_GATEWAY_JSON_ROUTE_OUT_H

#include "gateway/json/amount_out.h"

#define DV_DEX_NAME_SIZE (DV_VENUE_MAX + 1)

/* The name of a DEX for people: "Raydium" for raydium. Returns ret_name. */
const char *dv_dex_name(dv_text venue, char ret_name[DV_DEX_NAME_SIZE]);

/* The same as a JSON member. */
void dv_put_dex(dv_json *json, const char *name, dv_text venue);

/* Which DEX an attempt chose, and why. with_quotes: also each DEX's quote in full. name NULL: the
   members go into the object that is open. */
void dv_put_routing(dv_json *json, const char *name, const dv_moment *m, const dv_attempt *attempt,
                    bool with_quotes);

#endif
