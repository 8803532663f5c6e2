/* Meteora DLMM: quotes and swaps. Liquidity lies in bins, each with one price. A swap walks from
   the active bin on. Within a bin it takes the market makers' liquidity before limit orders.
   Source: the compiled program of July 2026 and MeteoraAg/dlmm-sdk, commons/src/quote.rs. */
#include "actors/dex/programs/meteora_dlmm.h"
#include "actors/dex/programs/program_ids.h"
#include "actors/solana/programs.h"

#define FEE_ONE 1000000000u     /* the denominator of fee rates */
#define FEE_RATE_MAX 100000000u /* a fee is at most 10 % */
#define VOLATILITY_ONE 10000    /* the volatility of one bin */
#define VARIABLE_FEE_SCALE 100000000000u
#define PLACERS_SHARE_BPS 5000 /* of limit orders' fees: the part of those who placed them */

/* Custom errors of the program: 6000 and its LBError. */
enum {
    SLIPPAGE_EXCEEDED = 6003,
    TYPE_CAST_FAILED = 6019,
    MISSING_EXTENSION = 6036,
    NONE_IN_DIRECTION = 6037,
    NO_OUTPUT = 6039,
    POOL_DISABLED = 6042,
    NOT_EXACT_OUT = 6057,
    UNDETERMINED = 6085,
    INSUFFICIENT_IN = 6104,
};

/* A swap while it is quoted. */
typedef struct walk {
    const dv_dlmm_pool *pool;
    uint32_t side; /* the mint that is paid: X (0), which lowers the price, or Y (1) */
    bool exact_out;
    bool fee_on_input;
    uint64_t volatility_reference;
    int32_t index_reference;
    uint64_t left;    /* atoms of the exact amount that are left */
    uint64_t in_left; /* atoms of an exact output's limit that are left */
    uint64_t in, out; /* atoms so far */
    uint64_t fee, protocol_fee, limit_order_fee;
    dv_pool_arrays_way way;
    uint32_t crossings;
} walk;

/* What a swap does in one bin. */
typedef struct fill {
    uint64_t in, out; /* atoms; in includes the fee */
    uint64_t fee, protocol_fee, limit_order_fee;
    bool is_emptied; /* the bin gave everything, and some input is left */
} fill;

/* Refuses an amount at a bin's price that does not fit the program's 64 bits. */
static dv_err too_dear(dv_refusal *ret_refusal)
{
    return dv_refuse(ret_refusal, DV_VENUE_QUOTE_FAILED, TYPE_CAST_FAILED,
                     "a bin's price makes more than 64 bits of an amount");
}

/* ---- prices ---- */

static bool shift_div(uint64_t amount, dv_u128 price, bool up, uint64_t *ret)
{
    dv_u128 shifted = (dv_u128)amount << 64, result = shifted / price;
    if (up && result * price != shifted) result++;
    if (result > UINT64_MAX) return false;
    *ret = (uint64_t)result;
    return true;
}

bool dv_dlmm_in_ceil(uint32_t side, dv_u128 price, uint64_t out, uint64_t *ret_in)
{
    return side == 0 ? shift_div(out, price, true, ret_in)
                     : dv_mul_shift64_ceil(out, price, ret_in);
}

bool dv_dlmm_out_floor(uint32_t side, dv_u128 price, uint64_t in, uint64_t *ret_out)
{
    return side == 0 ? dv_mul_shift64_floor(in, price, ret_out)
                     : shift_div(in, price, false, ret_out);
}

/* ---- fees ---- */

static uint32_t rate_at(const walk *w, int32_t bin_id)
{
    const dv_dlmm_pool *pool = w->pool;
    if (pool->variable_fee_control == 0) return pool->base_rate;
    int64_t moved = (int64_t)w->index_reference - bin_id;
    uint64_t volatility =
        w->volatility_reference + (uint64_t)(moved < 0 ? -moved : moved) * VOLATILITY_ONE;
    if (volatility > pool->volatility_max) volatility = pool->volatility_max;
    uint64_t product = volatility * pool->bin_step; /* at most 48 bits */
    dv_u128 scaled = (dv_u128)product * product * pool->variable_fee_control;
    if (scaled > (dv_u128)FEE_RATE_MAX * VARIABLE_FEE_SCALE) return FEE_RATE_MAX;
    uint64_t variable = (uint64_t)scaled / VARIABLE_FEE_SCALE; /* scaled is below 2^64 */
    variable += (uint64_t)scaled % VARIABLE_FEE_SCALE != 0;
    uint64_t rate = pool->base_rate + variable;
    return rate < FEE_RATE_MAX ? (uint32_t)rate : FEE_RATE_MAX;
}

/* ceil(amount * rate / whole). Most products fit 64 bits, where a division costs much less. */
static uint64_t part_ceil(uint64_t amount, uint32_t rate, uint32_t whole)
{
    dv_u128 product = (dv_u128)amount * rate + whole - 1;
    if (product <= UINT64_MAX) return (uint64_t)product / whole;
    return (uint64_t)(product / whole);
}

/* The fee within an amount: at most the amount. */
static uint64_t fee_from_ceil(uint64_t amount, uint32_t rate)
{
    return part_ceil(amount, rate, FEE_ONE);
}

/* The fee on top of an amount: at most a ninth of it, rounded up. */
static uint64_t fee_on_ceil(uint64_t amount, uint32_t rate)
{
    return part_ceil(amount, rate, FEE_ONE - rate);
}

/* Splits a fee by whose liquidity took the input: of `in`, market makers took makers_in. If the fee
   leaves nothing of the input, the protocol gets the whole fee. So does the compiled program; the
   SDK does not. */
static bool split_fee(const dv_dlmm_pool *pool, uint64_t in, uint64_t makers_in, fill *f)
{
    uint64_t makers = in > 0 ? f->fee : 0;
    if (makers_in != in && !dv_mul_div_ceil(f->fee, makers_in, in, &makers)) return false;
    uint64_t orders;
    if (__builtin_sub_overflow(f->fee, makers, &orders)) return false;
    f->limit_order_fee = (uint64_t)((dv_u128)orders * PLACERS_SHARE_BPS / DV_BPS_ONE);
    f->protocol_fee = orders - f->limit_order_fee +
                      (uint64_t)((dv_u128)makers * pool->protocol_share / DV_BPS_ONE);
    return true;
}

/* ---- one bin ---- */

/* Takes from layer after layer. ret_left is the rest of the input, 0 unless all layers are
   empty. */
static bool take_layers(const dv_dlmm_bin *bin, uint32_t side, uint64_t in, uint64_t *ret_left,
                        uint64_t *ret_out, uint64_t *ret_makers_in)
{
    const dv_dlmm_side *from = &bin->side[side];
    uint64_t left = in, out = 0;
    *ret_makers_in = 0;
    for (int i = 0; i < DV_DLMM_LAYERS && left > 0; i++) {
        if (from->out[i] == 0) continue;
        uint64_t taken = from->need[i], given = from->out[i];
        if (left < taken) {
            taken = left;
            if (!dv_dlmm_out_floor(side, bin->price, left, &given)) return false;
        }
        left -= taken;
        out += given; /* at most out_sum */
        if (i == DV_DLMM_LAYER_MAKERS) *ret_makers_in = taken;
    }
    *ret_left = left;
    *ret_out = out;
    return true;
}

/* Pays `amount`, which includes the fee, or as much of it as the bin takes. */
static bool pay_bin(const walk *w, const dv_dlmm_bin *bin, uint32_t rate, uint64_t amount,
                    fill *ret_fill)
{
    fill f = {.in = amount, .fee = w->fee_on_input ? fee_from_ceil(amount, rate) : 0};
    uint64_t in = amount - f.fee, left, makers_in;
    if (!take_layers(bin, w->side, in, &left, &f.out, &makers_in)) return false;
    if (left > 0) {
        in -= left;
        f.is_emptied = true;
        f.fee = w->fee_on_input ? fee_on_ceil(in, rate) : 0;
        if (__builtin_add_overflow(in, f.fee, &f.in)) return false;
    }
    if (!w->fee_on_input) {
        f.fee = fee_from_ceil(f.out, rate);
        f.out -= f.fee;
    }
    *ret_fill = f;
    return split_fee(w->pool, in, makers_in, ret_fill);
}

static dv_err limited(uint32_t program_error, dv_refusal *ret_refusal)
{
    return dv_refuse(ret_refusal, DV_VENUE_SLIPPAGE_EXCEEDED, program_error,
                     "more would be paid than the limit allows");
}

/* Takes exactly `out` from a bin that holds more than `out` and its fee. The program finds the
   input by one division for all layers, then swaps the input layer by layer. The layers may give
   less than `out`, and then the program fails. They may give more, which stays with the
   protocol. */
static dv_err take_exactly(const walk *w, const dv_dlmm_bin *bin, uint32_t rate, uint64_t out,
                           uint64_t with_fee, fill *ret_fill, dv_refusal *ret_refusal)
{
    uint64_t in;
    if (!dv_dlmm_in_ceil(w->side, bin->price, with_fee, &in)) return too_dear(ret_refusal);
    uint64_t fee = w->fee_on_input ? fee_on_ceil(in, rate) : 0;
    if (__builtin_add_overflow(in, fee, &in))
        return dv_refuse_overflow(ret_refusal, DV_PROGRAM_ERROR_NONE);
    if (in > w->in_left) return limited(INSUFFICIENT_IN, ret_refusal);
    if (!pay_bin(w, bin, rate, in, ret_fill))
        return dv_refuse_overflow(ret_refusal, DV_PROGRAM_ERROR_NONE);
    if (ret_fill->out < out)
        return dv_refuse(ret_refusal, DV_VENUE_QUOTE_FAILED, UNDETERMINED,
                         "the program fails on this very amount, by a unit of rounding within "
                         "limit orders; another amount works");
    uint64_t surplus = ret_fill->out - out;
    ret_fill->out = out;
    if (!w->fee_on_input) {
        ret_fill->fee += surplus; /* a fee on the output, like the surplus */
        ret_fill->protocol_fee += surplus;
    }
    return DV_OK;
}

static dv_err take_bin(const walk *w, const dv_dlmm_bin *bin, fill *ret_fill,
                       dv_refusal *ret_refusal)
{
    uint32_t rate = rate_at(w, bin->id);
    const dv_dlmm_side *from = &bin->side[w->side];
    if (from->is_too_dear) return too_dear(ret_refusal);
    uint64_t amount = w->left;
    if (w->exact_out) {
        dv_u128 with_fee = (dv_u128)w->left + (w->fee_on_input ? 0 : fee_on_ceil(w->left, rate));
        if (with_fee < from->out_sum)
            return take_exactly(w, bin, rate, w->left, (uint64_t)with_fee, ret_fill, ret_refusal);
        amount = w->in_left;
    }
    return pay_bin(w, bin, rate, amount, ret_fill)
               ? DV_OK
               : dv_refuse_overflow(ret_refusal, DV_PROGRAM_ERROR_NONE);
}

/* ---- the walk ---- */

/* The program pays an exact output out of its limit, bin by bin. */
static bool is_over(const walk *w)
{
    return w->left == 0 || (w->exact_out && w->in_left == 0);
}

static bool account_for(walk *w, const fill *f)
{
    if (w->exact_out && __builtin_sub_overflow(w->in_left, f->in, &w->in_left)) return false;
    w->fee += f->fee; /* no overflow: each is at most in or out */
    w->protocol_fee += f->protocol_fee;
    w->limit_order_fee += f->limit_order_fee;
    w->crossings += f->is_emptied;
    return !__builtin_sub_overflow(w->left, w->exact_out ? f->out : f->in, &w->left) &&
           !__builtin_add_overflow(w->in, f->in, &w->in) &&
           !__builtin_add_overflow(w->out, f->out, &w->out);
}

/* The place in the array where the walk begins: at the active bin, or next to it. */
static int64_t begin_in(const walk *w, const dv_pool_array *array)
{
    const dv_dlmm_bin *bins = dv_dlmm_bin_at(w->pool, array->first);
    int32_t active = w->pool->active_id;
    if (array->number != dv_dlmm_array_of(active))
        return w->side == 0 ? (int64_t)array->count - 1 : 0;
    uint32_t from = 0, to = array->count; /* of the first bin not below `active` */
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (bins[middle].id < active)
            from = middle + 1;
        else
            to = middle;
    }
    if (w->side == 1) return from;
    return from < array->count && bins[from].id == active ? (int64_t)from : (int64_t)from - 1;
}

static dv_err walk_array(walk *w, const dv_pool_array *array, dv_refusal *ret_refusal)
{
    int64_t step = w->side == 0 ? -1 : 1;
    for (int64_t i = begin_in(w, array); i >= 0 && i < array->count && !is_over(w); i += step) {
        const dv_dlmm_bin *bin = dv_dlmm_bin_at(w->pool, array->first + (uint32_t)i);
        if (bin->side[w->side].out_sum == 0) continue;
        fill f;
        dv_err err = take_bin(w, bin, &f, ret_refusal);
        if (err) return err;
        if (!account_for(w, &f)) return dv_refuse_overflow(ret_refusal, DV_PROGRAM_ERROR_NONE);
    }
    return DV_OK;
}

static dv_err none_left(const walk *w, dv_refusal *ret_refusal)
{
    uint32_t error = w->pool->arrays.bits.has_extension ? NONE_IN_DIRECTION : MISSING_EXTENSION;
    return dv_refuse(ret_refusal, DV_VENUE_LIQUIDITY_INSUFFICIENT, error,
                     "the pool's liquidity ends before the amount");
}

static dv_err walk_on(walk *w, dv_refusal *ret_refusal)
{
    const dv_pool_arrays *arrays = &w->pool->arrays;
    int32_t number = dv_dlmm_array_of(w->pool->active_id);
    if (!dv_pool_arrays_reach(arrays, number)) return none_left(w, ret_refusal);
    while (!is_over(w)) {
        const dv_pool_array *array;
        if (!dv_array_bits_next(&arrays->bits, number, w->way.up, &number))
            return none_left(w, ret_refusal);
        dv_err err = dv_pool_arrays_enter(arrays, number, &w->way, &array, ret_refusal);
        if (err == DV_OK) err = walk_array(w, array, ret_refusal);
        if (err) return err;
        number += w->side == 0 ? -1 : 1;
    }
    return DV_OK;
}

static dv_err check_open(const dv_dlmm_pool *pool, const dv_chain_clock *clock,
                         dv_refusal *ret_refusal)
{
    if (pool->is_disabled)
        return dv_refuse(ret_refusal, DV_VENUE_POOL_CLOSED, POOL_DISABLED, "the pool is disabled");
    if (!pool->has_activation) return DV_OK;
    uint64_t now = pool->activates_by_time ? dv_chain_clock_seconds(clock) : clock->slot;
    if (now < pool->activation_point)
        return dv_refuse(ret_refusal, DV_VENUE_POOL_CLOSED, POOL_DISABLED,
                         "the pool is not active yet");
    return DV_OK;
}

/* Sets what the fee's volatility is measured from. A reference holds for the filter period after a
   swap. Then the active bin becomes the reference. Part of the volatility stays until the decay
   period ends. */
static bool refer(walk *w, const dv_dlmm_pool *pool, const dv_chain_clock *clock)
{
    w->index_reference = pool->index_reference;
    w->volatility_reference = pool->volatility_reference;
    int64_t elapsed;
    if (__builtin_sub_overflow(clock->unix_time, pool->updated_at, &elapsed)) return false;
    if (elapsed < pool->filter_period) return true;
    w->index_reference = pool->active_id;
    w->volatility_reference = 0;
    if (elapsed < pool->decay_period)
        w->volatility_reference = (uint64_t)pool->volatility * pool->reduction_factor / DV_BPS_ONE;
    return true;
}

/* Walks the whole amount, less or plus transfer fees. */
static dv_err walk_all(walk *w, const dv_dlmm_pool *pool, const dv_swap_ask *ask, uint32_t in,
                       const dv_chain_clock *clock, dv_refusal *ret_refusal)
{
    dv_err err = check_open(pool, clock, ret_refusal);
    if (err) return err;
    *w = (walk){.pool = pool, .side = in, .exact_out = ask->mode == DV_SWAP_EXACT_OUT};
    w->way.up = in == 1;
    w->fee_on_input = !pool->fee_on_y || in == 1;
    if (!refer(w, pool, clock)) return dv_refuse_overflow(ret_refusal, DV_PROGRAM_ERROR_NONE);
    w->in_left = dv_pool_arrives_floor(&pool->base, in, clock, ask->limit);
    if (!w->exact_out)
        w->left = dv_pool_arrives_floor(&pool->base, in, clock, ask->amount);
    else if (!dv_pool_sent_ceil(&pool->base, 1 - in, clock, ask->amount, &w->left))
        return dv_refuse_overflow(ret_refusal, DV_PROGRAM_ERROR_NONE);
    err = walk_on(w, ret_refusal);
    if (err) return err;
    if (dv_pool_arrives_floor(&pool->base, 1 - in, clock, w->out) == 0)
        return dv_refuse(ret_refusal, DV_VENUE_AMOUNT_TOO_SMALL, NO_OUTPUT,
                         "the amount is too small for anything to arrive");
    if (w->left > 0) return limited(NOT_EXACT_OUT, ret_refusal);
    return DV_OK;
}

/* ---- the class's functions ---- */

static dv_err quote(const dv_pool *base, const dv_swap_ask *ask, uint32_t in,
                    const dv_chain_clock *clock, dv_swap_quote *ret_quote, dv_refusal *ret_refusal)
{
    walk w;
    dv_err err = walk_all(&w, (const dv_dlmm_pool *)base, ask, in, clock, ret_refusal);
    if (err) return err;
    ret_quote->amount_in = ask->amount;
    if (w.exact_out && !dv_pool_sent_ceil(base, in, clock, w.in, &ret_quote->amount_in))
        return dv_refuse_overflow(ret_refusal, DV_PROGRAM_ERROR_NONE);
    ret_quote->amount_out = dv_pool_arrives_floor(base, 1 - in, clock, w.out);
    ret_quote->fee = w.fee;
    ret_quote->protocol_fee = w.protocol_fee;
    ret_quote->limit_order_fee = w.limit_order_fee;
    ret_quote->lp_fee = w.fee - w.protocol_fee - w.limit_order_fee;
    ret_quote->fee_on_input = w.fee_on_input;
    ret_quote->crossings = w.crossings;
    ret_quote->arrays = w.way.walked;
    return DV_OK;
}

static void add_accounts(const dv_dlmm_pool *pool, const dv_swap_user *user, dv_instruction *to)
{
    const dv_pool *base = &pool->base;
    dv_instruction_add(to, &base->address, false, true);
    if (pool->arrays.bits.has_extension)
        dv_instruction_add(to, &pool->arrays.extension, false, true);
    else
        dv_instruction_add(to, &base->program, false, false); /* Anchor's way to say none */
    dv_instruction_add(to, &base->vault[0], false, true);
    dv_instruction_add(to, &base->vault[1], false, true);
    dv_instruction_add(to, &user->account_in, false, true);
    dv_instruction_add(to, &user->account_out, false, true);
    dv_instruction_add(to, &base->mint[0], false, false);
    dv_instruction_add(to, &base->mint[1], false, false);
    dv_instruction_add(to, &pool->oracle, false, true);
    dv_instruction_add(to, &base->program, false, false); /* no host that shares the fee */
    dv_instruction_add(to, &user->owner, true, false);
    dv_instruction_add(to, &base->token_program[0], false, false);
    dv_instruction_add(to, &base->token_program[1], false, false);
    dv_instruction_add(to, &DV_PROGRAM_MEMO, false, false);
    dv_instruction_add(to, &DV_METEORA_DLMM_EVENT_AUTHORITY, false, false);
    dv_instruction_add(to, &base->program, false, false);
}

/* swap2 and swap_exact_out2, which take mints of both token programs. */
static dv_err swap(const dv_pool *base, const dv_swap_ask *ask, uint32_t in,
                   const dv_chain_clock *clock, const dv_swap_user *user,
                   dv_instruction *ret_instruction, dv_refusal *ret_refusal)
{
    static const uint8_t SWAP_2[8] = {0x41, 0x4b, 0x3f, 0x4c, 0xeb, 0x5b, 0x5b, 0x88};
    static const uint8_t SWAP_EXACT_OUT_2[8] = {0x2b, 0xd7, 0xf7, 0x84, 0x89, 0x3c, 0xf3, 0x51};
    const dv_dlmm_pool *pool = (const dv_dlmm_pool *)base;
    walk w;
    dv_err err = walk_all(&w, pool, ask, in, clock, ret_refusal);
    if (err == DV_OK) err = dv_pool_arrays_fit(&w.way, ret_refusal);
    if (err) return err;
    dv_instruction *to = ret_instruction;
    dv_instruction_begin(to, &base->program);
    dv_instruction_put(to, w.exact_out ? SWAP_EXACT_OUT_2 : SWAP_2, sizeof SWAP_2);
    dv_instruction_put_le(to, w.exact_out ? ask->limit : ask->amount, 8);
    dv_instruction_put_le(to, w.exact_out ? ask->amount : ask->limit, 8);
    dv_instruction_put_le(to, 0, 4); /* no accounts of transfer hooks */
    add_accounts(pool, user, to);
    dv_pool_arrays_add(&pool->arrays, &w.way, user->spares_less, to);
    return DV_OK;
}

const dv_pool_class DV_METEORA_DLMM = {
    .name = "meteora_dlmm",
    .dex = "meteora",
    .programs = &DV_METEORA_DLMM_PROGRAM,
    .program_count = 1,
    .layout = {DV_DLMM_POOL_SIZE, 88, 152, false},
    .mark = DV_DLMM_POOL_MARK,
    .size = sizeof(dv_dlmm_pool),
    .needs = dv_dlmm_needs,
    .decode = dv_dlmm_decode,
    .release = dv_dlmm_release,
    .quote = quote,
    .error_limit_out = SLIPPAGE_EXCEEDED,
    .error_limit_in = SLIPPAGE_EXCEEDED,
    .swap = swap,
};
