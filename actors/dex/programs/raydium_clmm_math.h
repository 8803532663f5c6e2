/* The mathematics of Raydium CLMM: the prices of ticks, and one step of a swap within a range of
   constant liquidity. Source: the program's tick_math.rs, sqrt_price_math.rs, liquidity_math.rs and
   swap_math.rs (raydium-io/raydium-clmm), checked against the compiled program of May 2026. */
#ifndef DV_DEX_RAYDIUM_CLMM_MATH_H
#define DV_DEX_RAYDIUM_CLMM_MATH_H

#include "actors/dex/programs/wide.h"

#define DV_CLMM_TICK_MIN (-443636)
#define DV_CLMM_TICK_MAX 443636
/* Square roots of prices (token 1 per token 0, in atoms), Q64.64, of these ticks. */
#define DV_CLMM_SQRT_PRICE_MIN ((dv_u128)4295048016u)
#define DV_CLMM_SQRT_PRICE_MAX ((dv_u128)0xfffec4b1u << 64 | 0x845c1aa94e69579bu)

/* The program's errors. */
#define DV_CLMM_ERROR_TOKEN_OVERFLOW 6042
#define DV_CLMM_ERROR_CALCULATE_OVERFLOW 6043

/* The program's square root of 1.0001^tick, Q64.64. tick: MIN..MAX. */
dv_u128 dv_clmm_sqrt_price_of(int32_t tick);

/* What stays the same throughout a swap. */
typedef struct dv_clmm_course {
    bool down;         /* token 0 is paid: the price falls */
    bool exact_out;    /* the amount that is left is output; otherwise input, fee included */
    uint32_t fee_rate; /* of the input, millionths, below 1000000 */
} dv_clmm_course;

typedef struct dv_clmm_step {
    dv_u128 sqrt_price; /* where the step ended: at the target, or before it */
    uint64_t in, out;   /* atoms: in without the fee, rounded up; out rounded down */
    uint64_t fee;       /* atoms of the input, rounded up */
} dv_clmm_step;

/* Swaps the amount that is left, or what takes the price to the target. The target lies in the
   course's direction. Both prices are within MIN..MAX. Returns 0, or the program's error. */
DV_MUST_CHECK uint32_t dv_clmm_step_take(const dv_clmm_course *course, dv_u128 sqrt_price,
                                         dv_u128 target, dv_u128 liquidity, uint64_t left,
                                         dv_clmm_step *ret_step);

#endif
