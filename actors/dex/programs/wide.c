/* Division is Knuth's algorithm D (The Art of Computer Programming, volume 2, 4.3.1) on 64-bit
   limbs, over the limbs in use. A quotient of one limb costs one hardware division. */
#include "actors/dex/programs/wide.h"

#define LIMBS 4
#define DIVIDEND_LIMBS (LIMBS + 2) /* a shift by one limb, and room to normalise */

static int limbs_used(const uint64_t *limbs, int count)
{
    while (count > 0 && limbs[count - 1] == 0) count--;
    return count;
}

/* Shifts left by fewer than 64 bits. Returns the bits that leave the top limb. */
static uint64_t shift_left(uint64_t *limbs, int count, int bits)
{
    uint64_t carry = 0;
    for (int i = 0; i < count; i++) {
        dv_u128 limb = (dv_u128)limbs[i] << bits;
        limbs[i] = (uint64_t)limb | carry;
        carry = (uint64_t)(limb >> 64);
    }
    return carry;
}

/* Estimates a digit of the quotient from u's top three limbs and v's top two (u < v * 2^64). The
   estimate is at most 2 too large. */
static uint64_t estimate(const uint64_t *u, const uint64_t *v)
{
    if (u[2] >= v[1]) return UINT64_MAX;
    dv_u128 top = (dv_u128)u[2] << 64 | u[1];
    uint64_t digit = (uint64_t)(top / v[1]);
    dv_u128 rest = top - (dv_u128)digit * v[1];
    while ((rest >> 64) == 0 && (dv_u128)digit * v[0] > (rest << 64 | u[0])) {
        digit--;
        rest += v[1];
    }
    return digit;
}

/* u -= digit * v over count + 1 limbs of u. Returns whether the result is below zero. */
static bool subtract_multiple(uint64_t *u, const uint64_t *v, int count, uint64_t digit)
{
    uint64_t carry = 0;
    for (int i = 0; i < count; i++) {
        dv_u128 product = (dv_u128)digit * v[i] + carry;
        carry = (uint64_t)(product >> 64) + (u[i] < (uint64_t)product);
        u[i] -= (uint64_t)product;
    }
    bool below = u[count] < carry;
    u[count] -= carry;
    return below;
}

static void add_back(uint64_t *u, const uint64_t *v, int count)
{
    dv_u128 carry = 0;
    for (int i = 0; i < count; i++) {
        carry += (dv_u128)u[i] + v[i];
        u[i] = (uint64_t)carry;
        carry >>= 64;
    }
    u[count] += (uint64_t)carry;
}

/* Divides u (`size` limbs) by v (`count` limbs, the top one not 0) into quotient. u becomes the
   remainder, perhaps shifted. */
static void divide(uint64_t *u, int size, uint64_t *v, int count, uint64_t *quotient)
{
    if (count == 1) {
        uint64_t rest = 0;
        for (int i = size - 1; i >= 0; i--) {
            dv_u128 part = (dv_u128)rest << 64 | u[i];
            quotient[i] = (uint64_t)(part / v[0]);
            rest = (uint64_t)(part % v[0]);
            u[i] = 0;
        }
        u[0] = rest;
        return;
    }
    int bits = __builtin_clzll(v[count - 1]);
    shift_left(v, count, bits);
    u[size] = shift_left(u, size, bits);
    for (int i = size - count; i >= 0; i--) {
        uint64_t digit = estimate(u + i + count - 2, v + count - 2);
        if (subtract_multiple(u + i, v, count, digit)) {
            digit--;
            add_back(u + i, v, count);
        }
        quotient[i] = digit;
    }
}

/* u / b into ret. Overwrites u. */
static bool divide_into(uint64_t u[DIVIDEND_LIMBS], const dv_u256 *b, bool up, dv_u128 *ret)
{
    uint64_t v[LIMBS] = {b->limb[0], b->limb[1], b->limb[2], b->limb[3]};
    uint64_t quotient[DIVIDEND_LIMBS] = {0};
    int size = limbs_used(u, LIMBS + 1), count = limbs_used(v, LIMBS);
    if (count == 0) return false;
    if (size >= count) divide(u, size, v, count, quotient);
    if (limbs_used(quotient, DIVIDEND_LIMBS) > 2) return false;
    dv_u128 result = (dv_u128)quotient[1] << 64 | quotient[0];
    if (up && limbs_used(u, DIVIDEND_LIMBS) > 0) {
        if (result == ~(dv_u128)0) return false;
        result++;
    }
    *ret = result;
    return true;
}

static bool x64_div(const dv_u256 *a, const dv_u256 *b, bool up, dv_u128 *ret)
{
    uint64_t u[DIVIDEND_LIMBS] = {0, a->limb[0], a->limb[1], a->limb[2], a->limb[3], 0};
    return divide_into(u, b, up, ret);
}

static bool plain_div(const dv_u256 *a, const dv_u256 *b, bool up, dv_u128 *ret)
{
    uint64_t u[DIVIDEND_LIMBS] = {a->limb[0], a->limb[1], a->limb[2], a->limb[3], 0, 0};
    return divide_into(u, b, up, ret);
}

bool dv_u256_x64_div_floor(const dv_u256 *a, const dv_u256 *b, dv_u128 *ret)
{
    return x64_div(a, b, false, ret);
}

bool dv_u256_x64_div_ceil(const dv_u256 *a, const dv_u256 *b, dv_u128 *ret)
{
    return x64_div(a, b, true, ret);
}

bool dv_u256_div_floor(const dv_u256 *a, const dv_u256 *b, dv_u128 *ret)
{
    return plain_div(a, b, false, ret);
}

bool dv_u256_div_ceil(const dv_u256 *a, const dv_u256 *b, dv_u128 *ret)
{
    return plain_div(a, b, true, ret);
}
