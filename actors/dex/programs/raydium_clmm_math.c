#include "actors/dex/programs/raydium_clmm_math.h"

#include <assert.h>

/* 2^64 / sqrt(1.0001^(2^i)) for each bit i of |tick|. Source: tick_math.rs. */
static const uint64_t MAGIC[] = {
    0xfffcb933bd6fb800u, 0xfff97272373d4000u, 0xfff2e50f5f657000u, 0xffe5caca7e10f000u,
    0xffcb9843d60f7000u, 0xff973b41fa98e800u, 0xff2ea16466c9b000u, 0xfe5dee046a9a3800u,
    0xfcbe86c7900bb000u, 0xf987a7253ac65800u, 0xf3392b0822bb6000u, 0xe7159475a2caf000u,
    0xd097f3bdfd2f2000u, 0xa9f746462d9f8000u, 0x70d869a156f31c00u, 0x31be135f97ed3200u,
    0x09aa508b5b85a500u, 0x005d6af8dedc582cu, 0x00002216e584f5fau,
};
static_assert(DV_CLMM_TICK_MAX < 1 << (sizeof MAGIC / sizeof MAGIC[0]), "a factor for every bit");

dv_u128 dv_clmm_sqrt_price_of(int32_t tick)
{
    assert(tick >= DV_CLMM_TICK_MIN && tick <= DV_CLMM_TICK_MAX);
    uint32_t bits = (uint32_t)(tick < 0 ? -tick : tick);
    dv_u128 ratio = bits & 1 ? MAGIC[0] : (dv_u128)1 << 64;
    for (uint32_t i = 1; bits >> i != 0; i++)
        if (bits >> i & 1) ratio = ratio * MAGIC[i] >> 64;
    return tick > 0 ? ~(dv_u128)0 / ratio : ratio;
}

/* ---- amounts between two prices, low < high ----

   Token 0: liquidity * 2^64 * (high - low) / (high * low). The program divides by high and then by
   low, rounding each time the same way, which is the same as rounding once. */

static bool fits(dv_u128 amount, uint64_t *ret)
{
    if (amount > UINT64_MAX) return false;
    *ret = (uint64_t)amount;
    return true;
}

static bool amount_0_floor(dv_u128 low, dv_u128 high, dv_u128 liquidity, uint64_t *ret)
{
    dv_u256 over = dv_u256_mul(liquidity, high - low), under = dv_u256_mul(high, low);
    dv_u128 amount;
    return dv_u256_x64_div_floor(&over, &under, &amount) && fits(amount, ret);
}

static bool amount_0_ceil(dv_u128 low, dv_u128 high, dv_u128 liquidity, uint64_t *ret)
{
    dv_u256 over = dv_u256_mul(liquidity, high - low), under = dv_u256_mul(high, low);
    dv_u128 amount;
    return dv_u256_x64_div_ceil(&over, &under, &amount) && fits(amount, ret);
}

/* The input, rounded up, and the output, rounded down, between two prices. */
static bool input_ceil(bool down, dv_u128 low, dv_u128 high, dv_u128 liquidity, uint64_t *ret)
{
    return down ? amount_0_ceil(low, high, liquidity, ret)
                : dv_mul_shift64_ceil(liquidity, high - low, ret);
}

static bool output_floor(bool down, dv_u128 low, dv_u128 high, dv_u128 liquidity, uint64_t *ret)
{
    return down ? dv_mul_shift64_floor(liquidity, high - low, ret)
                : amount_0_floor(low, high, liquidity, ret);
}

/* ---- the price after an amount that does not reach the target ----

   So there is liquidity, and the result is between the price and the target. Rounded to the pool's
   side: an input moves it less far, an output farther. False for what cannot be. */

static bool price_after_input(bool down, dv_u128 price, dv_u128 liquidity, uint64_t in,
                              dv_u128 *ret)
{
    if (liquidity == 0) return false;
    if (!down) return !__builtin_add_overflow(price, ((dv_u128)in << 64) / liquidity, ret);
    dv_u256 all = dv_u256_x64(liquidity), more = dv_u256_mul(in, price), under;
    dv_u256 over = dv_u256_mul(liquidity, price);
    return dv_u256_add(&all, &more, &under) && dv_u256_x64_div_ceil(&over, &under, ret);
}

static bool price_after_output(bool down, dv_u128 price, dv_u128 liquidity, uint64_t out,
                               dv_u128 *ret)
{
    if (liquidity == 0) return false;
    if (down) {
        dv_u128 moved = (dv_u128)out << 64;
        moved = moved / liquidity + (moved % liquidity != 0);
        return !__builtin_sub_overflow(price, moved, ret);
    }
    dv_u256 all = dv_u256_x64(liquidity), less = dv_u256_mul(out, price), under;
    dv_u256 over = dv_u256_mul(liquidity, price);
    return dv_u256_sub(&all, &less, &under) && dv_u256_x64_div_ceil(&over, &under, ret);
}

/* ---- a step ---- */

static uint32_t fee_of(const dv_clmm_course *course, uint64_t left, bool whole, uint64_t in,
                       uint64_t *ret_fee)
{
    uint32_t rest = DV_PPM_ONE - course->fee_rate;
    bool ok = whole ? dv_mul_div_ceil(in, course->fee_rate, rest, ret_fee)
                    : !__builtin_sub_overflow(left, in, ret_fee);
    return ok ? 0 : DV_CLMM_ERROR_CALCULATE_OVERFLOW;
}

/* The program keeps the amount that it computed for the whole way to the target if the step ends at
   the target. Otherwise it computes the amount anew. */
uint32_t dv_clmm_step_take(const dv_clmm_course *course, dv_u128 sqrt_price, dv_u128 target,
                           dv_u128 liquidity, uint64_t left, dv_clmm_step *ret_step)
{
    bool down = course->down, exact_out = course->exact_out;
    dv_u128 low = down ? target : sqrt_price, high = down ? sqrt_price : target, next = target;
    uint64_t all = 0, budget = left, in = 0, out = 0;
    if (!exact_out)
        budget = (uint64_t)((dv_u128)left * (DV_PPM_ONE - course->fee_rate) / DV_PPM_ONE);
    bool reached = exact_out ? output_floor(down, low, high, liquidity, &all)
                             : input_ceil(down, low, high, liquidity, &all);
    reached = reached && budget >= all;
    if (!reached && !(exact_out ? price_after_output : price_after_input)(down, sqrt_price,
                                                                          liquidity, budget, &next))
        return DV_CLMM_ERROR_CALCULATE_OVERFLOW;
    bool whole = next == target;
    low = down ? next : sqrt_price;
    high = down ? sqrt_price : next;
    if (low > high) return DV_CLMM_ERROR_CALCULATE_OVERFLOW;
    if (whole && !exact_out)
        in = all;
    else if (!input_ceil(down, low, high, liquidity, &in))
        return DV_CLMM_ERROR_TOKEN_OVERFLOW;
    if (whole && exact_out)
        out = all;
    else if (!output_floor(down, low, high, liquidity, &out))
        return DV_CLMM_ERROR_TOKEN_OVERFLOW;
    if (exact_out && out > left) out = left;
    dv_clmm_step step = {next, in, out, 0};
    uint32_t error = fee_of(course, left, exact_out || whole, in, &step.fee);
    if (error == 0) *ret_step = step;
    return error;
}
