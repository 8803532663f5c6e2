#include "actors/dex/sim/market.h"

#include <assert.h>

#include "actors/dex/sim/dice.h"
#include "proto/amount.h"

#define PPB_ONE 1000000000ll /* parts per billion in a whole; also nano-dollars in a dollar */
#define US_PER_S 1000000ll
#define LEVEL_MAX ((uint64_t)1 << 62) /* atoms */
#define PRICE_BITS 62
#define PRICE_LEAST ((uint64_t)1 << 20) /* below it a price has less than six digits */

/* One component of a random walk: straight lines between random points. */
typedef struct wave {
    int64_t period_us;
    int64_t amplitude_ppb;
} wave;

/* A token's drift. The steepest that all of them together can be is 1.3 bps in 5 s. */
static const wave DRIFT[] = {
    {20 * US_PER_S, 50000},
    {120 * US_PER_S, 500000},
    {1200 * US_PER_S, 5000000},
    {14400 * US_PER_S, 20000000},
};

/* Half of the difference between the venues: 1.19 % to 2.15 %, so that after their different fees
   they stay 2 % to 5 % apart, whichever of the two the difference is measured by. */
#define HALF_SPREAD_PPB 16700000ll
static const wave SPREAD = {600 * US_PER_S, 4800000};

/* ---- pure decisions ---- */

static int64_t point(uint64_t seed, const wave *w, uint64_t index)
{
    const uint64_t what[2] = {(uint64_t)w->period_us, index};
    uint64_t bits = dv_sim_dice(seed, what, sizeof what);
    return (int64_t)dv_sim_dice_between(bits, 0, 2 * (uint64_t)w->amplitude_ppb) - w->amplitude_ppb;
}

static int64_t wave_at(uint64_t seed, const wave *w, int64_t wall_us)
{
    int64_t into_us = wall_us % w->period_us;
    uint64_t index = (uint64_t)(wall_us / w->period_us);
    int64_t from = point(seed, w, index), to = point(seed, w, index + 1);
    return from + (to - from) * into_us / w->period_us;
}

static int64_t drift_ppb(uint64_t seed, int64_t wall_us)
{
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof DRIFT / sizeof DRIFT[0]; i++)
        sum += wave_at(seed, &DRIFT[i], wall_us);
    return sum;
}

static int64_t half_spread_ppb(uint64_t seed, int64_t wall_us)
{
    int64_t half = HALF_SPREAD_PPB + wave_at(seed, &SPREAD, wall_us);
    bool upward = dv_sim_dice_stream(seed, "upward") & 1;
    return upward ? half : -half;
}

static uint64_t power_of_ten(uint8_t exponent)
{
    assert(exponent <= DV_DECIMALS_MAX);
    uint64_t power = 1;
    while (exponent-- > 0) power *= 10;
    return power;
}

/* A number of PRICE_BITS significant bits: mantissa * 2^exponent. */
typedef struct scaled {
    uint64_t mantissa;
    int exponent;
} scaled;

static scaled scale(dv_u128 value, int exponent)
{
    assert(value > 0);
    while (value >> PRICE_BITS != 0) {
        value >>= 1;
        exponent++;
    }
    while (value >> (PRICE_BITS - 1) == 0) {
        value <<= 1;
        exponent--;
    }
    return (scaled){(uint64_t)value, exponent};
}

/* What one whole token is worth now, times what the other one's atoms are smaller. */
static scaled worth(const dv_token *token, uint8_t other_decimals, uint64_t seed, int64_t wall_us)
{
    uint64_t drifted_ppb = (uint64_t)(PPB_ONE + drift_ppb(seed, wall_us));
    scaled dollars = scale((dv_u128)token->sim_price_nano_usd * drifted_ppb, 0);
    return scale((dv_u128)dollars.mantissa * power_of_ten(other_decimals), dollars.exponent);
}

static dv_err price_at(const dv_sim_pair *pair, int side, int64_t wall_us, dv_sim_price *ret)
{
    scaled y = worth(pair->x, pair->y->decimals, pair->seed_x, wall_us);
    scaled x = worth(pair->y, pair->x->decimals, pair->seed_y, wall_us);
    int apart = y.exponent - x.exponent;
    if (apart >= PRICE_BITS || apart <= -PRICE_BITS) return DV_VENUE_NO_POOL;
    if (apart > 0)
        x.mantissa >>= apart;
    else
        y.mantissa >>= -apart;
    if (x.mantissa < PRICE_LEAST || y.mantissa < PRICE_LEAST) return DV_VENUE_NO_POOL;
    uint64_t tilted_ppb = (uint64_t)(PPB_ONE + side * half_spread_ppb(pair->seed_spread, wall_us));
    bool fits = dv_mul_div_floor(y.mantissa, tilted_ppb, (uint64_t)PPB_ONE, &y.mantissa);
    assert(fits);
    *ret = (dv_sim_price){x.mantissa, y.mantissa};
    return DV_OK;
}

/* ---- commands ---- */

dv_err dv_sim_pair_init(uint64_t seed, const dv_token *a, const dv_token *b, dv_sim_pair *ret_pair)
{
    int order = strcmp(a->mint, b->mint);
    if (order == 0 || a->sim_price_nano_usd == 0 || b->sim_price_nano_usd == 0)
        return DV_VENUE_NO_POOL;
    const dv_token *x = order < 0 ? a : b, *y = order < 0 ? b : a;
    uint64_t drift = dv_sim_dice_stream(seed, "drift"), spread = dv_sim_dice_stream(seed, "spread");
    *ret_pair = (dv_sim_pair){
        .x = x,
        .y = y,
        .seed_x = dv_sim_dice_stream(drift, x->mint),
        .seed_y = dv_sim_dice_stream(drift, y->mint),
        .seed_spread = dv_sim_dice_stream(dv_sim_dice_stream(spread, x->mint), y->mint),
    };
    return DV_OK;
}

dv_err dv_sim_pair_level(const dv_sim_pair *pair, int side, uint64_t depth_usd, int64_t wall_us,
                         dv_sim_level *ret_level)
{
    assert(side == 1 || side == -1);
    dv_sim_price price;
    dv_err error = price_at(pair, side, wall_us, &price);
    if (error != DV_OK) return error;
    dv_u128 y = (dv_u128)depth_usd * (uint64_t)PPB_ONE * power_of_ten(pair->y->decimals) /
                pair->y->sim_price_nano_usd;
    if (y > LEVEL_MAX) y = LEVEL_MAX;
    dv_u128 x = y * price.x / price.y;
    if (x > LEVEL_MAX) {
        x = LEVEL_MAX;
        y = x * price.y / price.x;
    }
    if (x == 0 || y == 0) return DV_VENUE_NO_POOL;
    *ret_level = (dv_sim_level){price, (uint64_t)x, (uint64_t)y};
    return DV_OK;
}
