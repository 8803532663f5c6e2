/* What every fill has in common, whatever the program: it charges what the fill needs, and no atom
   more. For tests over random pools. */
#ifndef DV_TESTS_LEAST_INPUT_H
#define DV_TESTS_LEAST_INPUT_H

#include <check.h>

#include "actors/dex/programs/pool.h"

/* A pool, how to ask it, and random numbers. */
typedef struct least_input {
    const dv_pool *pool;
    dv_chain_clock clock;
    uint32_t in; /* the side that is paid */
    uint64_t state;
    uint32_t fills; /* quotes that were checked */
} least_input;

static inline uint64_t least_input_draw(least_input *self)
{
    self->state ^= self->state << 13;
    self->state ^= self->state >> 7;
    self->state ^= self->state << 17;
    return self->state;
}

/* A number of so many bits at most, 1..63, and at least 1: small ones as often as great ones. */
static inline uint64_t least_input_amount(least_input *self, uint32_t bits)
{
    uint64_t below = (uint64_t)1 << (1 + least_input_draw(self) % bits);
    return 1 + least_input_draw(self) % below;
}

/* 0..10000 basis points: every kind of transfer fee, also none and all. */
static inline uint16_t least_input_bps(least_input *self)
{
    static const uint16_t BPS[] = {0, 1, 7, 100, 500, 3333, 9999, 10000};
    return BPS[least_input_draw(self) % (sizeof BPS / sizeof BPS[0])];
}

static inline dv_err least_input_quote(const least_input *self, dv_pool_mode mode, uint64_t amount,
                                       dv_swap_quote *ret_quote)
{
    const dv_pool *pool = self->pool;
    dv_refusal refusal;
    dv_swap_ask ask = {mode, pool->mint[self->in], pool->mint[1 - self->in], amount,
                       mode == DV_SWAP_EXACT_OUT ? DV_LIMIT_NONE_IN : DV_LIMIT_NONE_OUT};
    return dv_pool_quote(pool, &ask, &self->clock, ret_quote, &refusal);
}

/* What the vault receives of a payment. */
static inline uint64_t least_input_arrives(const least_input *self, uint64_t paid)
{
    return paid - dv_pool_withheld_ceil(self->pool, self->in, &self->clock, paid);
}

/* With an atom less the vault would receive less than the fill needs. */
static inline void least_input_check_charge(const least_input *self, uint64_t charged)
{
    ck_assert_uint_gt(charged, 0);
    ck_assert_uint_gt(least_input_arrives(self, charged), least_input_arrives(self, charged - 1));
}

/* A partial fill charges no more than was offered, and whoever offers what it charged pays all of
   that and gets the same. */
static inline void least_input_check_partial(least_input *self, uint64_t offered)
{
    dv_swap_quote fill, again;
    if (least_input_quote(self, DV_SWAP_PARTIAL_FILL, offered, &fill)) return;
    self->fills++;
    ck_assert_uint_le(fill.amount_in, offered);
    least_input_check_charge(self, fill.amount_in);
    ck_assert_int_eq(least_input_quote(self, DV_SWAP_PARTIAL_FILL, fill.amount_in, &again), DV_OK);
    ck_assert_uint_eq(again.amount_in, fill.amount_in);
    ck_assert_uint_eq(again.amount_out, fill.amount_out);
}

/* An exact output: what is charged buys it, and an atom less does not. As an exact input the charge
   may be refused where its rounding takes the price past the pool's bound. */
static inline void least_input_check_exact_out(least_input *self, uint64_t wanted)
{
    dv_swap_quote fill, less;
    if (least_input_quote(self, DV_SWAP_EXACT_OUT, wanted, &fill)) return;
    self->fills++;
    ck_assert_uint_eq(fill.amount_out, wanted);
    least_input_check_charge(self, fill.amount_in);
    if (least_input_quote(self, DV_SWAP_EXACT_IN, fill.amount_in, &less) == DV_OK)
        ck_assert_uint_ge(less.amount_out, wanted);
    if (least_input_quote(self, DV_SWAP_EXACT_IN, fill.amount_in - 1, &less) == DV_OK)
        ck_assert_uint_lt(less.amount_out, wanted);
}

#endif
