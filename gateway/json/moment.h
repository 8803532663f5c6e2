/* An order at one moment: what was known of it when one of its events was committed. The files of
   this folder that show orders work on moments. */
#ifndef DV_GATEWAY_JSON_MOMENT_H
#define DV_GATEWAY_JSON_MOMENT_H

#include "actors/base/tokens.h"
#include "gateway/json/writer.h"
#include "proto/view.h"

/* An order at one of its events. All of it is borrowed from the view and the tokens. */
typedef struct dv_moment {
    const dv_view *view;
    const dv_token *in, *out; /* NULL: the token is not configured */
    dv_event event;
    dv_attempt attempt;      /* the event's attempt, without what later events brought */
    int64_t doubt_before_us; /* a transaction sent before this wall time is in doubt */
} dv_moment;

/* An attempt as it stands now. A trade that the chain dropped has no amounts until it is finalized
   after all. */
dv_attempt dv_attempt_now(const dv_view *view, const dv_attempt *attempt);

/* The attempt of an event, as it was known at that event. */
dv_attempt dv_attempt_at(const dv_view *view, const dv_event *event);

/* Whether an attempt traded. */
bool dv_attempt_executed(const dv_attempt *attempt);

/* Why an attempt failed: the DEX's own words, else those of the error catalogue. */
dv_text dv_attempt_failure_text(const dv_attempt *attempt);
const char *dv_attempt_failure_code(const dv_attempt *attempt);

/* An order at the event `seq`; 0: before its first event. */
dv_moment dv_moment_at(const dv_tokens *tokens, const dv_view *view, uint32_t seq);

/* An order at its latest event. doubt_before_us: as in dv_moment. */
dv_moment dv_moment_now(const dv_tokens *tokens, const dv_view *view, int64_t doubt_before_us);

/* The state that clients are shown. */
dv_state dv_moment_state(const dv_moment *m);

/* Whether the event finalizes a trade that an earlier event confirmed. */
bool dv_moment_is_finalized(const dv_moment *m);

/* The number of the attempt as clients count. An order before its first attempt counts as in it. */
uint64_t dv_moment_attempt(const dv_moment *m);

/* Write `status`, and `finality` once the order has traded. */
void dv_put_status(dv_json *json, const dv_moment *m);
void dv_put_finality(dv_json *json, const dv_moment *m);

#endif
