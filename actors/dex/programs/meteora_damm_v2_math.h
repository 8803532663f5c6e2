/* The mathematics of Meteora DAMM v2: fee rates and the price curve. It knows nothing of accounts.

   Source: MeteoraAg/damm-v2, programs/cp-amm/src (base_fee/, liquidity_handler/, math/), checked
   against the compiled program 0.2.0 of April 2026. Square roots of prices are Q64.64. A liquidity
   is the real liquidity times 2^64. */
#ifndef DV_DEX_METEORA_DAMM_V2_MATH_H
#define DV_DEX_METEORA_DAMM_V2_MATH_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/amount.h"

#define DV_DAMM_FEE_ONE 1000000000u /* the denominator of fees */
#define DV_DAMM_BPS_FEE 100000u     /* a basis point as a fee numerator */

/* The program's errors, as these functions return them; DV_DAMM_OK is none. */
typedef enum dv_damm_error {
    DV_DAMM_OK = 0,
    DV_DAMM_MATH_OVERFLOW = 6000,
    DV_DAMM_EXCEEDED_SLIPPAGE = 6002,
    DV_DAMM_POOL_DISABLED = 6003,
    DV_DAMM_AMOUNT_IS_ZERO = 6006,
    DV_DAMM_TYPE_CAST_FAILED = 6007,
    DV_DAMM_PRICE_RANGE_VIOLATION = 6015,
    DV_DAMM_UNDETERMINED = 6051,
} dv_damm_error;

typedef enum dv_damm_fee_mode {
    DV_DAMM_FEE_TIME_LINEAR = 0,
    DV_DAMM_FEE_TIME_EXPONENTIAL = 1,
    DV_DAMM_FEE_RATE_LIMITER = 2,
    DV_DAMM_FEE_PRICE_LINEAR = 3, /* by market cap: how far the price has risen */
    DV_DAMM_FEE_PRICE_EXPONENTIAL = 4,
} dv_damm_fee_mode;

/* The parameters of the base fee. Only the fields of its mode are set. */
typedef struct dv_damm_fee {
    dv_damm_fee_mode mode;
    uint64_t cliff;     /* numerator at the start, at most DV_DAMM_FEE_ONE */
    uint16_t periods;   /* schedulers: how many periods lower the fee */
    uint64_t frequency; /* time schedulers: slots or seconds per period, 0: no schedule */
    uint64_t reduction; /* schedulers: numerator, or basis points, per period */
    uint32_t step_bps;  /* price schedulers: rise of the square root of the price per period */
    uint32_t duration;  /* slots or seconds: price schedulers end, the limiter ends */
    uint64_t increment; /* rate limiter: numerator per reference amount */
    uint64_t most;      /* rate limiter: the greatest numerator, cliff..DV_DAMM_FEE_ONE */
    uint64_t reference; /* rate limiter: atoms */
} dv_damm_fee;

/* What the base fee of a swap depends on beside its amount. */
typedef struct dv_damm_moment {
    uint64_t point, activation; /* slots or seconds; point is not before activation */
    dv_u128 sqrt_price, init_sqrt_price;
    bool a_to_b;
} dv_damm_moment;

/* Whether the rate limiter is in force. */
bool dv_damm_is_limited(const dv_damm_fee *fee, const dv_damm_moment *moment);

/* The base fee's numerator for an amount that includes the fee (included), or excludes it. */
DV_MUST_CHECK dv_damm_error dv_damm_base_fee(const dv_damm_fee *fee, const dv_damm_moment *moment,
                                             uint64_t amount, bool included, uint64_t *ret_fee);

/* The numerator that volatility adds: ceil((accumulator * bin_step)^2 * control / 1e11). */
dv_u128 dv_damm_variable_fee_ceil(uint32_t accumulator, uint16_t bin_step, uint32_t control);

/* The curve: a liquidity between two prices, or, with is_product, a constant product of
   reserves. */
typedef struct dv_damm_curve {
    bool is_product;
    dv_u128 liquidity, sqrt_price, sqrt_min, sqrt_max;
    uint64_t reserve[2]; /* atoms of a and b */
} dv_damm_curve;

/* The output for an input, rounded down. */
DV_MUST_CHECK dv_damm_error dv_damm_out_floor(const dv_damm_curve *curve, bool a_to_b, uint64_t in,
                                              uint64_t *ret_out);

/* The input for an output, rounded up. */
DV_MUST_CHECK dv_damm_error dv_damm_in_ceil(const dv_damm_curve *curve, bool a_to_b, uint64_t out,
                                            uint64_t *ret_in);

/* The output, rounded down, for an input that stops where the price meets its bound. ret_used is
   the part of the input that is swapped: the whole input, or what moves the price to its bound,
   rounded up. */
DV_MUST_CHECK dv_damm_error dv_damm_out_bounded_floor(const dv_damm_curve *curve, bool a_to_b,
                                                      uint64_t in, uint64_t *ret_used,
                                                      uint64_t *ret_out);

#endif
