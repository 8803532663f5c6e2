/* Integers of 256 bits, as far as the concentrated-liquidity programs need them: products of two
   128-bit numbers, and their quotients. No function wraps: each reports a result that does not
   fit. */
#ifndef DV_DEX_WIDE_H
#define DV_DEX_WIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/amount.h"

/* Least significant limb first. */
typedef struct dv_u256 {
    uint64_t limb[4];
} dv_u256;

/* a * 2^64. */
static inline dv_u256 dv_u256_x64(dv_u128 a)
{
    return (dv_u256){{0, (uint64_t)a, (uint64_t)(a >> 64), 0}};
}

/* a * b, which always fits. */
static inline dv_u256 dv_u256_mul(dv_u128 a, dv_u128 b)
{
    uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64);
    uint64_t b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    dv_u128 low = (dv_u128)a0 * b0, left = (dv_u128)a1 * b0, right = (dv_u128)a0 * b1;
    dv_u128 middle = (low >> 64) + (uint64_t)left + (uint64_t)right;
    dv_u128 high = (dv_u128)a1 * b1 + (left >> 64) + (right >> 64) + (middle >> 64);
    return (dv_u256){{(uint64_t)low, (uint64_t)middle, (uint64_t)high, (uint64_t)(high >> 64)}};
}

/* a + b; false, and nothing written, when it does not fit 256 bits. */
DV_MUST_CHECK static inline bool dv_u256_add(const dv_u256 *a, const dv_u256 *b, dv_u256 *ret)
{
    dv_u256 sum;
    dv_u128 carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (dv_u128)a->limb[i] + b->limb[i];
        sum.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry) return false;
    *ret = sum;
    return true;
}

/* a - b; false, and nothing written, when b is more than a. */
DV_MUST_CHECK static inline bool dv_u256_sub(const dv_u256 *a, const dv_u256 *b, dv_u256 *ret)
{
    dv_u256 difference;
    unsigned borrow = 0;
    for (int i = 0; i < 4; i++) {
        dv_u128 limb = (dv_u128)a->limb[i] - b->limb[i] - borrow;
        difference.limb[i] = (uint64_t)limb;
        borrow = (limb >> 64) != 0;
    }
    if (borrow) return false;
    *ret = difference;
    return true;
}

/* floor(a * b / 2^64); false, and nothing written, when it does not fit 64 bits. */
DV_MUST_CHECK static inline bool dv_mul_shift64_floor(dv_u128 a, dv_u128 b, uint64_t *ret)
{
    dv_u256 product = dv_u256_mul(a, b);
    if (product.limb[2] != 0 || product.limb[3] != 0) return false;
    *ret = product.limb[1];
    return true;
}

/* The same, rounded up. */
DV_MUST_CHECK static inline bool dv_mul_shift64_ceil(dv_u128 a, dv_u128 b, uint64_t *ret)
{
    dv_u256 product = dv_u256_mul(a, b);
    uint64_t more = product.limb[0] != 0;
    if (product.limb[2] != 0 || product.limb[3] != 0 || product.limb[1] > UINT64_MAX - more)
        return false;
    *ret = product.limb[1] + more;
    return true;
}

/* floor(2^64 * a / b), and the same rounded up. False, and nothing written, when b is 0 or the
   result does not fit 128 bits. */
DV_MUST_CHECK bool dv_u256_x64_div_floor(const dv_u256 *a, const dv_u256 *b, dv_u128 *ret);
DV_MUST_CHECK bool dv_u256_x64_div_ceil(const dv_u256 *a, const dv_u256 *b, dv_u128 *ret);

/* floor(a / b), and the same rounded up. False as above. */
DV_MUST_CHECK bool dv_u256_div_floor(const dv_u256 *a, const dv_u256 *b, dv_u128 *ret);
DV_MUST_CHECK bool dv_u256_div_ceil(const dv_u256 *a, const dv_u256 *b, dv_u128 *ret);

#endif
