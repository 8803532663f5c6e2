/* Tokens, amounts and prices of an order, each as one JSON member. Numbers are exact. */
#ifndef DV_GATEWAY_JSON_AMOUNT_OUT_H
#define DV_GATEWAY_JSON_AMOUNT_OUT_H

#include "gateway/json/moment.h"

/* A token, as the client named it: by symbol or by mint. */
void dv_put_token_in(dv_json *json, const char *name, const dv_moment *m);
void dv_put_token_out(dv_json *json, const char *name, const dv_moment *m);

/* A number of `decimals` digits after the point. */
void dv_put_decimal(dv_json *json, const char *name, uint64_t atoms, uint8_t decimals);

/* The amount as the client wrote it: the same digits, the same JSON type. */
void dv_put_amount_input(dv_json *json, const char *name, const dv_moment *m);

/* The amount paid. For a buy by quantity only the execution brings it; before, nothing is written. */
void dv_put_amount_in(dv_json *json, const char *name, const dv_moment *m);

/* The quoted price before the fee: the trader gets price × (1 - fee). quote NULL: null. */
void dv_put_quote_price(dv_json *json, const char *name, const dv_moment *m, const dv_quote *quote);

/* The fee of the quoted pool, as a fraction. quote NULL: null. */
void dv_put_fee(dv_json *json, const char *name, const dv_quote *quote);

/* The price at which an attempt traded. as_string: as a JSON string. */
void dv_put_executed_price(dv_json *json, const char *name, const dv_moment *m,
                           const dv_attempt *attempt, bool as_string);

/* How much worse an attempt traded than its quote, in percent. Without a quote, nothing is
   written. */
void dv_put_result_slippage(dv_json *json, const char *name, const dv_attempt *attempt);

#endif
