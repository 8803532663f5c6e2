#include "actors/execution/choice.h"

#include <stdio.h>

#include "proto/amount.h"

static bool usable(const dv_quote *quote)
{
    return quote->error == DV_OK && quote->amount_in > 0 && quote->amount_out > 0;
}

static int better(const dv_quote *a, const dv_quote *b)
{
    return dv_swap_compare(a->amount_in, a->amount_out, b->amount_in, b->amount_out);
}

/* An order that every venue rejects for good fails; one that any of them may take later is tried
   again. */
static dv_err common_error(const dv_quote *quotes, uint32_t count)
{
    dv_err reject = DV_OK;
    for (uint32_t i = 0; i < count; i++) {
        if (dv_err_class((uint16_t)quotes[i].error) != DV_CLASS_REJECT) return DV_VENUE_NO_QUOTE;
        if (reject == DV_OK || reject == DV_VENUE_NO_POOL) reject = (dv_err)quotes[i].error;
    }
    return reject != DV_OK ? reject : DV_VENUE_NO_QUOTE;
}

int dv_route_choose(const dv_quote *quotes, uint32_t count, dv_err *ret_error)
{
    int chosen = -1;
    for (uint32_t i = 0; i < count; i++) {
        if (!usable(&quotes[i])) continue;
        if (chosen < 0 || better(&quotes[i], &quotes[chosen]) > 0) chosen = (int)i;
    }
    if (chosen < 0) *ret_error = common_error(quotes, count);
    return chosen;
}

/* How much better a is than b, in basis points, rounded down. One side of both swaps is the same,
   since all venues are asked for the same amount. */
static uint64_t advantage_bps(const dv_quote *a, const dv_quote *b)
{
    bool exact_in = a->amount_in == b->amount_in;
    uint64_t more = exact_in ? a->amount_out : b->amount_in;
    uint64_t less = exact_in ? b->amount_out : a->amount_in;
    dv_u128 bps = (dv_u128)(more - less) * DV_BPS_ONE / less;
    return bps > UINT32_MAX ? UINT32_MAX : (uint64_t)bps;
}

void dv_route_reason(const dv_quote *quotes, uint32_t count, int chosen,
                     char ret_reason[DV_REASON_MAX])
{
    const dv_quote *best = &quotes[chosen], *second = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (&quotes[i] == best || !usable(&quotes[i])) continue;
        if (second == NULL || better(&quotes[i], second) > 0) second = &quotes[i];
    }
    if (second == NULL) {
        snprintf(ret_reason, DV_REASON_MAX, "%.*s alone gave a usable quote",
                 DV_TEXT_ARG(best->venue));
        return;
    }
    uint64_t bps = better(best, second) > 0 ? advantage_bps(best, second) : 0;
    snprintf(ret_reason, DV_REASON_MAX,
             "%.*s is %llu.%02llu %% better than %.*s after fees and impact",
             DV_TEXT_ARG(best->venue), (unsigned long long)bps / 100, (unsigned long long)bps % 100,
             DV_TEXT_ARG(second->venue));
}

uint64_t dv_route_limit(dv_swap_mode mode, const dv_quote *chosen, uint16_t slippage_bps)
{
    return mode == DV_EXACT_IN ? dv_min_amount_out_ceil(chosen->amount_out, slippage_bps)
                               : dv_max_amount_in_floor(chosen->amount_in, slippage_bps);
}
