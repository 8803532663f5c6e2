#include "actors/dex/programs/meteora_damm_v2_math.h"

#include "actors/dex/programs/wide.h"

#define ONE DV_DAMM_FEE_ONE
#define VARIABLE_DIVISOR 100000000000u /* 1e11 */
#define EXPONENT_BITS 19               /* of an exponent; the program's power ignores the others */

/* ---- schedules --------------------------------------------------------------------------- */

/* base^exponent of a Q64.64 base of at most 2^64, rounded down after every product. */
static dv_u128 power_floor(dv_u128 base, uint32_t exponent)
{
    dv_u128 result = (dv_u128)1 << 64, square = base;
    for (int bit = 0; bit < EXPONENT_BITS; bit++) {
        /* Both factors are at most 2^64: limbs 1 and 2 hold the product's whole part. */
        if (exponent >> bit & 1) {
            dv_u256 product = dv_u256_mul(result, square);
            result = (dv_u128)product.limb[2] << 64 | product.limb[1];
        }
        dv_u256 product = dv_u256_mul(square, square);
        square = (dv_u128)product.limb[2] << 64 | product.limb[1];
    }
    return result;
}

static dv_damm_error linear(const dv_damm_fee *fee, uint64_t period, uint64_t *ret_fee)
{
    dv_u128 less = (dv_u128)fee->reduction * period;
    if (less > fee->cliff) return DV_DAMM_MATH_OVERFLOW;
    *ret_fee = fee->cliff - (uint64_t)less;
    return DV_DAMM_OK;
}

static dv_damm_error exponential(const dv_damm_fee *fee, uint64_t period, uint64_t *ret_fee)
{
    *ret_fee = fee->cliff;
    if (fee->reduction == 0) return DV_DAMM_OK;
    if (fee->reduction > DV_BPS_ONE) return DV_DAMM_MATH_OVERFLOW;
    dv_u128 base = ((dv_u128)1 << 64) - ((dv_u128)fee->reduction << 64) / DV_BPS_ONE;
    dv_u256 product = dv_u256_mul(power_floor(base, (uint32_t)period), fee->cliff);
    *ret_fee = product.limb[1]; /* the power is at most 2^64 */
    return DV_DAMM_OK;
}

/* Periods that have passed by time. */
static uint64_t time_periods(const dv_damm_fee *fee, const dv_damm_moment *moment)
{
    uint64_t passed = (moment->point - moment->activation) / fee->frequency;
    return passed < fee->periods ? passed : fee->periods;
}

/* Periods that have passed by the rise of the price. */
static dv_damm_error price_periods(const dv_damm_fee *fee, const dv_damm_moment *moment,
                                   uint64_t *ret_periods)
{
    dv_u128 rise, init = moment->init_sqrt_price;
    *ret_periods = fee->periods;
    if (moment->point > (dv_u128)moment->activation + fee->duration) return DV_DAMM_OK;
    *ret_periods = 0;
    if (moment->sqrt_price <= init) return DV_DAMM_OK;
    dv_u256 product = dv_u256_mul(moment->sqrt_price - init, DV_BPS_ONE);
    dv_u256 divisor = dv_u256_mul(init, 1);
    if (!dv_u256_div_floor(&product, &divisor, &rise) || fee->step_bps == 0)
        return DV_DAMM_MATH_OVERFLOW;
    rise /= fee->step_bps;
    *ret_periods = rise < fee->periods ? (uint64_t)rise : fee->periods;
    return DV_DAMM_OK;
}

/* ---- the rate limiter -------------------------------------------------------------------- */

bool dv_damm_is_limited(const dv_damm_fee *fee, const dv_damm_moment *moment)
{
    return fee->mode == DV_DAMM_FEE_RATE_LIMITER && fee->reference > 0 && !moment->a_to_b &&
           moment->point <= (dv_u128)moment->activation + fee->duration;
}

/* How many reference amounts after the first raise the numerator: at most 10000, as the increment
   is at least a basis point. */
static uint64_t steps_to_most(const dv_damm_fee *fee)
{
    return (fee->most - fee->cliff) / fee->increment;
}

/* The numerator for an amount that includes the fee. The first reference amount pays the cliff,
   each further one an increment more, up to the greatest. Amounts are below 2^64, numerators below
   2^30 and steps below 2^14: no sum reaches 2^128. */
static uint64_t limiter_included_ceil(const dv_damm_fee *fee, uint64_t amount)
{
    uint64_t reference = fee->reference, cliff = fee->cliff, increment = fee->increment;
    if (amount <= reference) return cliff;
    uint64_t a = (amount - reference) / reference, b = (amount - reference) % reference;
    uint64_t m = steps_to_most(fee), whole = a < m ? a : m;
    dv_u128 per_reference =
        (dv_u128)cliff + (dv_u128)cliff * whole + (dv_u128)increment * whole * (whole + 1) / 2;
    dv_u128 total = reference * per_reference;
    if (a < m)
        total += b * ((dv_u128)cliff + (dv_u128)increment * (a + 1));
    else
        total += ((dv_u128)(a - m) * reference + b) * fee->most;
    dv_u128 charged = (total + ONE - 1) / ONE;
    return (uint64_t)((charged * ONE + amount - 1) / amount);
}

/* What remains of an amount after the limiter's fee. */
static uint64_t limiter_rest(const dv_damm_fee *fee, uint64_t amount)
{
    uint64_t charged = 0;
    /* Rounded up, the numerator may be above ONE; the fee is never more than the amount. */
    if (!dv_mul_div_ceil(amount, limiter_included_ceil(fee, amount), ONE, &charged)) return 0;
    return charged < amount ? amount - charged : 0;
}

/* floor(sqrt(n)), bit by bit. */
static dv_u128 sqrt_floor(const dv_u256 *n)
{
    dv_u128 root = 0;
    for (int bit = 127; bit >= 0; bit--) {
        dv_u128 tried = root | (dv_u128)1 << bit;
        dv_u256 square = dv_u256_mul(tried, tried), rest;
        if (dv_u256_sub(n, &square, &rest)) root = tried;
    }
    return root;
}

/* The whole amount that leaves `rest`, where the numerator still rises: the smaller root of a
   quadratic, then the part of a step beyond it. */
static dv_damm_error limiter_rising(const dv_damm_fee *fee, uint64_t rest, dv_u128 *ret_total)
{
    uint64_t x0 = fee->reference, c = fee->cliff, i = fee->increment;
    dv_u128 y = (dv_u128)x0 * (2 * (uint64_t)ONE + i - 2 * c);
    dv_u256 square = dv_u256_mul(y, y), under;
    dv_u256 product = dv_u256_mul((dv_u128)x0 * (8 * (uint64_t)ONE * i), rest);
    if (!dv_u256_sub(&square, &product, &under)) return DV_DAMM_MATH_OVERFLOW;
    dv_u128 solution = (y - sqrt_floor(&under)) / (2 * i);
    if (solution > UINT64_MAX) return DV_DAMM_TYPE_CAST_FAILED;
    uint64_t s = (uint64_t)solution, remains = limiter_rest(fee, s);
    dv_u128 numerator = c + (dv_u128)i * (s / x0);
    if (remains > rest || numerator >= ONE) return DV_DAMM_MATH_OVERFLOW;
    dv_u128 divisor = ONE - numerator, beyond = (dv_u128)(rest - remains) * ONE;
    *ret_total = s + (beyond + divisor - 1) / divisor;
    return DV_DAMM_OK;
}

/* The numerator for an amount that excludes the fee. */
static dv_damm_error limiter_excluded_ceil(const dv_damm_fee *fee, uint64_t rest, uint64_t *ret_fee)
{
    *ret_fee = fee->cliff;
    if (rest <= limiter_rest(fee, fee->reference)) return DV_DAMM_OK;
    dv_u128 whole = (dv_u128)(steps_to_most(fee) + 1) * fee->reference, total;
    bool overflows = whole > UINT64_MAX;
    uint64_t top = overflows ? UINT64_MAX : (uint64_t)whole, top_rest = limiter_rest(fee, top);
    if (rest == top_rest) {
        *ret_fee = limiter_included_ceil(fee, top);
        return DV_DAMM_OK;
    }
    if (rest < top_rest) {
        dv_damm_error error = limiter_rising(fee, rest, &total);
        if (error) return error;
    } else {
        if (overflows || fee->most >= ONE) return DV_DAMM_MATH_OVERFLOW;
        dv_u128 divisor = ONE - fee->most, beyond = (dv_u128)(rest - top_rest) * ONE;
        total = top + (beyond + divisor - 1) / divisor;
    }
    if (total > UINT64_MAX || total < rest) return DV_DAMM_MATH_OVERFLOW;
    dv_u128 numerator = ((total - rest) * ONE + total - 1) / total;
    *ret_fee = (uint64_t)numerator;
    return numerator < fee->cliff ? DV_DAMM_UNDETERMINED : DV_DAMM_OK;
}

/* ---- fees -------------------------------------------------------------------------------- */

dv_damm_error dv_damm_base_fee(const dv_damm_fee *fee, const dv_damm_moment *moment,
                               uint64_t amount, bool included, uint64_t *ret_fee)
{
    uint64_t periods;
    dv_damm_error error;
    *ret_fee = fee->cliff;
    switch (fee->mode) {
    case DV_DAMM_FEE_TIME_LINEAR:
        if (fee->frequency == 0) return DV_DAMM_OK;
        return linear(fee, time_periods(fee, moment), ret_fee);
    case DV_DAMM_FEE_TIME_EXPONENTIAL:
        if (fee->frequency == 0) return DV_DAMM_OK;
        return exponential(fee, time_periods(fee, moment), ret_fee);
    case DV_DAMM_FEE_PRICE_LINEAR:
        error = price_periods(fee, moment, &periods);
        return error ? error : linear(fee, periods, ret_fee);
    case DV_DAMM_FEE_PRICE_EXPONENTIAL:
        error = price_periods(fee, moment, &periods);
        return error ? error : exponential(fee, periods, ret_fee);
    default: break;
    }
    if (!dv_damm_is_limited(fee, moment)) return DV_DAMM_OK;
    if (!included) return limiter_excluded_ceil(fee, amount, ret_fee);
    *ret_fee = limiter_included_ceil(fee, amount);
    return DV_DAMM_OK;
}

dv_u128 dv_damm_variable_fee_ceil(uint32_t accumulator, uint16_t bin_step, uint32_t control)
{
    dv_u128 product = (dv_u128)accumulator * bin_step; /* below 2^48 */
    product = product * product * control;             /* below 2^128 */
    return product / VARIABLE_DIVISOR + (product % VARIABLE_DIVISOR != 0);
}

/* ---- the curve --------------------------------------------------------------------------- */

/* a * 2^128. */
static dv_u256 x128(uint64_t a)
{
    return (dv_u256){{0, 0, a, 0}};
}

static bool to_u64(dv_u128 value, uint64_t *ret)
{
    *ret = (uint64_t)value;
    return value <= UINT64_MAX;
}

/* Atoms of a between two prices: L * (upper - lower) / (upper * lower). */
static bool atoms_a(const dv_damm_curve *curve, dv_u128 lower, dv_u128 upper, bool up,
                    uint64_t *ret)
{
    dv_u128 atoms;
    dv_u256 product = dv_u256_mul(curve->liquidity, upper - lower);
    dv_u256 divisor = dv_u256_mul(upper, lower);
    bool fits = up ? dv_u256_div_ceil(&product, &divisor, &atoms)
                   : dv_u256_div_floor(&product, &divisor, &atoms);
    return fits && to_u64(atoms, ret);
}

/* Atoms of b between two prices: L * (upper - lower) / 2^128. */
static bool atoms_b(const dv_damm_curve *curve, dv_u128 lower, dv_u128 upper, bool up,
                    uint64_t *ret)
{
    dv_u256 product = dv_u256_mul(curve->liquidity, upper - lower);
    dv_u128 atoms = (dv_u128)product.limb[3] << 64 | product.limb[2];
    if (atoms > UINT64_MAX) return false;
    return to_u64(atoms + (up && (product.limb[0] | product.limb[1]) != 0), ret);
}

/* L * price / (L + amount * price), rounded up; with - instead of + unless `adds`. */
static bool price_after_a_ceil(const dv_damm_curve *curve, uint64_t amount, bool adds,
                               dv_u128 *ret_price)
{
    dv_u256 product = dv_u256_mul(curve->liquidity, curve->sqrt_price), divisor;
    dv_u256 liquidity = dv_u256_mul(curve->liquidity, 1);
    dv_u256 change = dv_u256_mul(curve->sqrt_price, amount);
    bool fits = adds ? dv_u256_add(&liquidity, &change, &divisor)
                     : dv_u256_sub(&liquidity, &change, &divisor);
    return fits && dv_u256_div_ceil(&product, &divisor, ret_price);
}

/* amount * 2^128 / L: how far an amount of b moves the price. */
static bool price_move(const dv_damm_curve *curve, uint64_t amount, bool up, dv_u128 *ret_move)
{
    dv_u256 product = x128(amount), divisor = dv_u256_mul(curve->liquidity, 1);
    return up ? dv_u256_div_ceil(&product, &divisor, ret_move)
              : dv_u256_div_floor(&product, &divisor, ret_move);
}

dv_damm_error dv_damm_out_floor(const dv_damm_curve *curve, bool a_to_b, uint64_t in,
                                uint64_t *ret_out)
{
    dv_u128 next, move, price = curve->sqrt_price;
    bool fits;
    if (curve->is_product) {
        uint64_t x = curve->reserve[!a_to_b], y = curve->reserve[a_to_b];
        if (in > UINT64_MAX - x || !dv_mul_div_floor(y, in, x + in, ret_out))
            return DV_DAMM_MATH_OVERFLOW;
        return DV_DAMM_OK;
    }
    if (a_to_b) {
        if (!price_after_a_ceil(curve, in, true, &next)) return DV_DAMM_MATH_OVERFLOW;
        if (next < curve->sqrt_min) return DV_DAMM_PRICE_RANGE_VIOLATION;
        fits = atoms_b(curve, next, price, false, ret_out);
    } else {
        if (!price_move(curve, in, false, &move) || move > ~(dv_u128)0 - price)
            return DV_DAMM_MATH_OVERFLOW;
        next = price + move;
        if (next > curve->sqrt_max) return DV_DAMM_PRICE_RANGE_VIOLATION;
        fits = atoms_a(curve, price, next, false, ret_out);
    }
    return fits ? DV_DAMM_OK : DV_DAMM_TYPE_CAST_FAILED;
}

dv_damm_error dv_damm_in_ceil(const dv_damm_curve *curve, bool a_to_b, uint64_t out,
                              uint64_t *ret_in)
{
    dv_u128 next, move, price = curve->sqrt_price;
    bool fits;
    if (curve->is_product) {
        uint64_t x = curve->reserve[!a_to_b], y = curve->reserve[a_to_b];
        if (out >= y || !dv_mul_div_ceil(x, out, y - out, ret_in)) return DV_DAMM_MATH_OVERFLOW;
        return DV_DAMM_OK;
    }
    if (a_to_b) {
        if (!price_move(curve, out, true, &move) || move > price) return DV_DAMM_MATH_OVERFLOW;
        next = price - move;
        if (next < curve->sqrt_min) return DV_DAMM_PRICE_RANGE_VIOLATION;
        fits = atoms_a(curve, next, price, true, ret_in);
    } else {
        if (!price_after_a_ceil(curve, out, false, &next)) return DV_DAMM_MATH_OVERFLOW;
        if (next > curve->sqrt_max) return DV_DAMM_PRICE_RANGE_VIOLATION;
        fits = atoms_b(curve, price, next, true, ret_in);
    }
    return fits ? DV_DAMM_OK : DV_DAMM_TYPE_CAST_FAILED;
}

dv_damm_error dv_damm_out_bounded_floor(const dv_damm_curve *curve, bool a_to_b, uint64_t in,
                                        uint64_t *ret_used, uint64_t *ret_out)
{
    uint64_t most;
    dv_u128 price = curve->sqrt_price;
    *ret_used = in;
    if (curve->is_product) return dv_damm_out_floor(curve, a_to_b, in, ret_out);
    bool fits = a_to_b ? atoms_a(curve, curve->sqrt_min, price, true, &most)
                       : atoms_b(curve, price, curve->sqrt_max, true, &most);
    if (!fits || in < most) return dv_damm_out_floor(curve, a_to_b, in, ret_out);
    *ret_used = most;
    fits = a_to_b ? atoms_b(curve, curve->sqrt_min, price, false, ret_out)
                  : atoms_a(curve, price, curve->sqrt_max, false, ret_out);
    return fits ? DV_DAMM_OK : DV_DAMM_TYPE_CAST_FAILED;
}
