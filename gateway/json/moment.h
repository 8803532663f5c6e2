/* What can be said of an order at one moment, and the members of JSON objects that say so. For the
   parts of this folder that show orders. */
#ifndef DV_GATEWAY_JSON_MOMENT_H
#define DV_GATEWAY_JSON_MOMENT_H

#include "actors/base/tokens.h"
#include "gateway/json/writer.h"
#include "proto/view.h"

/* What could be said of an order when one of its events was committed. */
typedef struct dv_moment {
    const dv_view *view;
    const dv_token *in, *out; /* NULL: a mint that is not in the table */
    dv_event event;
    dv_attempt attempt;      /* the event's, with what was learnt later left out */
    int64_t doubt_before_us; /* an older transaction, of which nothing was heard, is in doubt */
} dv_moment;

/* An attempt as it stands: of a trade that was taken back, and is not confirmed anew, no amounts.
 */
dv_attempt dv_attempt_now(const dv_view *view, const dv_attempt *attempt);

/* An attempt as it was known at an event of its own. */
dv_attempt dv_attempt_at(const dv_view *view, const dv_event *event);

/* An order as it was told with one of its events; and as it stands now. An older transaction than
   doubt_before_us, of which nothing was heard, is in doubt. */
dv_moment dv_moment_at(const dv_tokens *tokens, const dv_view *view, uint32_t seq);
dv_moment dv_moment_now(const dv_tokens *tokens, const dv_view *view, int64_t doubt_before_us);

/* The state that clients are shown. */
dv_state dv_moment_state(const dv_moment *m);

/* The order's status, as clients are shown it. */
void dv_put_status(dv_json *json, const dv_moment *m);

/* How far a trade may be relied on; there is none to speak of without it. */
void dv_put_finality(dv_json *json, const dv_moment *m);

/* Whether the event tells that what was confirmed before is final. */
bool dv_moment_is_finalized(const dv_moment *m);

/* The attempt's number as clients count: an order that waits for its first is in it. */
uint64_t dv_moment_attempt(const dv_moment *m);

/* Why an attempt ended: the venue's own words where it had some. */
dv_text dv_attempt_failure_text(const dv_attempt *attempt);
const char *dv_attempt_failure_code(const dv_attempt *attempt);

/* The symbols of the tokens, or their mints. */
void dv_put_token_in(dv_json *json, const char *name, const dv_moment *m);
void dv_put_token_out(dv_json *json, const char *name, const dv_moment *m);

/* A number exact to its last digit: atoms of `decimals`. */
void dv_put_decimal(dv_json *json, const char *name, uint64_t atoms, uint8_t decimals);

/* The amount as it was written, in the JSON type that it was written in. */
void dv_put_amount_input(dv_json *json, const char *name, const dv_moment *m);

/* The amount paid. A buy by quantity learns it from its execution and has no such member before. */
void dv_put_amount_in(dv_json *json, const char *name, const dv_moment *m);

/* A venue's price before its fee, so that price × (1 - fee) is what the trader gets. */
void dv_put_quote_price(dv_json *json, const char *name, const dv_moment *m, const dv_quote *quote);

/* The pool's fee as a fraction. */
void dv_put_fee(dv_json *json, const char *name, const dv_quote *quote);

/* Whether an attempt traded. */
bool dv_attempt_executed(const dv_attempt *attempt);

/* The price at which an attempt traded. as_string: as a JSON string. */
void dv_put_executed_price(dv_json *json, const char *name, const dv_moment *m,
                           const dv_attempt *attempt, bool as_string);

/* How much worse an attempt traded than its quote, in percent. */
void dv_put_result_slippage(dv_json *json, const char *name, const dv_attempt *attempt);

#endif
