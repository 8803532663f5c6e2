/* Which quote an attempt takes: pure decisions. */
#ifndef DV_EXECUTION_CHOICE_H
#define DV_EXECUTION_CHOICE_H

#include "proto/message.h"

/* The better of the quotes by effective output: what the trader gets for what is paid, after all
   fees and price impact. Ties go to the earlier one. -1 when none is usable.
   ret_error: why none is, the first quote's error that is not about to pass, else VENUE_NO_QUOTE.
 */
int dv_route_choose(const dv_quote *quotes, uint32_t count, dv_err *ret_error);

/* Why a quote was chosen, as a sentence for people, e.g. "raydium gives 2.31 % more than meteora".
   chosen: an index as dv_route_choose returns it. */
void dv_route_reason(const dv_quote *quotes, uint32_t count, int chosen,
                     char ret_reason[DV_REASON_MAX]);

/* What the venue may at worst give or take, by the order's slippage: min_amount_out for an exact
   input, max_amount_in for an exact output, rounded to the trader's safe side. */
uint64_t dv_route_limit(dv_swap_mode mode, const dv_quote *chosen, uint16_t slippage_bps);

#endif
