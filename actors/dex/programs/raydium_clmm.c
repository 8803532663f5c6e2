/* Raydium CLMM: quotes and swaps. The price moves from one initialised tick to the next, through
   ranges of constant liquidity. raydium_clmm_decode.c finds the ticks, raydium_clmm_math.c computes
   a step within a range. Source: the program's swap.rs and swap_v2.rs. */
#include "actors/dex/programs/raydium_clmm.h"
#include "actors/dex/programs/program_ids.h"
#include "actors/solana/programs.h"

/* Custom errors of the program (6000 and its ErrorCode), and Anchor's require_eq and require_gt. */
enum {
    NOT_APPROVED = 6001,
    SQRT_PRICE_LIMIT = 6013,
    LIQUIDITY_INSUFFICIENT = 6019,
    TOO_LITTLE_OUTPUT = 6022,
    TOO_MUCH_INPUT = 6023,
    ZERO_AMOUNT = 6024,
    TOO_SMALL = 6026,
    MISSING_EXTENSION = 6040,
    NONE_IN_DIRECTION = 6041,
    REQUIRE_EQ = 2502,
    REQUIRE_GT = 2505,
};

/* A swap while it is quoted. */
typedef struct walk {
    const dv_clmm_pool *pool;
    dv_clmm_course course;
    dv_u128 sqrt_price, liquidity;
    dv_u128 bound;       /* the end of the price range, where a swap stops */
    uint64_t left;       /* atoms of the exact amount that are left */
    uint64_t calculated; /* atoms of the other mint so far */
    const dv_pool_array *array;
    int64_t next; /* the next tick in the array; -1 or its count when there is none left */
    dv_pool_arrays_way way;
    uint64_t fee, protocol_fee, fund_fee;
    uint32_t crossings;
} walk;

/* ---- from tick to tick ---- */

static dv_err none_left(const walk *w, uint32_t program_error, dv_refusal *ret_refusal)
{
    if (!w->pool->arrays.bits.has_extension)
        return dv_refuse(ret_refusal, DV_VENUE_LIQUIDITY_INSUFFICIENT, MISSING_EXTENSION,
                         "the pool's liquidity ends there, as far as its own bitmap tells");
    return dv_refuse(ret_refusal, DV_VENUE_LIQUIDITY_INSUFFICIENT, program_error,
                     "the pool's liquidity ends before the amount");
}

static dv_err enter_array(walk *w, int32_t number, dv_refusal *ret_refusal)
{
    dv_err err = dv_pool_arrays_enter(&w->pool->arrays, number, &w->way, &w->array, ret_refusal);
    if (err) return err;
    if (w->array->count == 0)
        return dv_refuse_malformed(ret_refusal,
                                   "a tick array that the bitmap names has no initialised tick");
    w->next = w->course.down ? (int64_t)w->array->count - 1 : 0;
    return DV_OK;
}

static dv_err enter_next_array(walk *w, int32_t from, uint32_t error_when_none,
                               dv_refusal *ret_refusal)
{
    int32_t number;
    if (!dv_array_bits_next(&w->pool->arrays.bits, from, w->way.up, &number))
        return none_left(w, error_when_none, ret_refusal);
    return enter_array(w, number, ret_refusal);
}

static bool is_past_array(const walk *w)
{
    return w->next < 0 || w->next >= w->array->count;
}

/* Goes to the first tick in the swap's direction. That is the tick at or below the current tick, or
   the one above, if the current tick's array is in use. Otherwise it is the first tick of the next
   array. */
static dv_err enter_first_array(walk *w, dv_refusal *ret_refusal)
{
    const dv_clmm_pool *pool = w->pool;
    int32_t own = dv_clmm_array_of(pool->tick, pool->tick_spacing);
    if (!dv_pool_arrays_reach(&pool->arrays, own))
        return none_left(w, MISSING_EXTENSION, ret_refusal);
    if (!dv_array_bits_has(&pool->arrays.bits, own))
        return enter_next_array(w, w->course.down ? own - 1 : own + 1, NONE_IN_DIRECTION,
                                ret_refusal);
    dv_err err = enter_array(w, own, ret_refusal);
    if (err) return err;
    const dv_clmm_tick *ticks = dv_clmm_tick_at(pool, w->array->first);
    if (w->course.down)
        while (w->next >= 0 && ticks[w->next].index > pool->tick) w->next--;
    else
        while (w->next < w->array->count && ticks[w->next].index <= pool->tick) w->next++;
    return DV_OK;
}

static dv_err find_next_tick(walk *w, const dv_clmm_tick **ret_tick, dv_refusal *ret_refusal)
{
    if (is_past_array(w)) {
        int32_t from = w->course.down ? w->array->number - 1 : w->array->number + 1;
        dv_err err = enter_next_array(w, from, LIQUIDITY_INSUFFICIENT, ret_refusal);
        if (err) return err;
    }
    *ret_tick = dv_clmm_tick_at(w->pool, w->array->first + (uint32_t)w->next);
    return DV_OK;
}

static bool cross(walk *w, const dv_clmm_tick *tick)
{
    w->next += w->course.down ? -1 : 1;
    w->crossings++;
    bool adds = (tick->liquidity_net >= 0) != w->course.down;
    dv_u128 net = (dv_u128)tick->liquidity_net;
    if (tick->liquidity_net < 0) net = -net;
    return !(adds ? __builtin_add_overflow(w->liquidity, net, &w->liquidity)
                  : __builtin_sub_overflow(w->liquidity, net, &w->liquidity));
}

/* ---- the walk ---- */

static bool account_for(walk *w, const dv_clmm_step *step)
{
    const dv_clmm_pool *pool = w->pool;
    uint64_t in;
    if (__builtin_add_overflow(step->in, step->fee, &in)) return false;
    uint64_t taken = w->course.exact_out ? step->out : in;
    uint64_t other = w->course.exact_out ? in : step->out;
    w->fee += step->fee; /* no overflow: the sum is at most in */
    w->protocol_fee += (uint64_t)((dv_u128)step->fee * pool->protocol_rate / DV_PPM_ONE);
    w->fund_fee += (uint64_t)((dv_u128)step->fee * pool->fund_rate / DV_PPM_ONE);
    w->sqrt_price = step->sqrt_price;
    return !__builtin_sub_overflow(w->left, taken, &w->left) &&
           !__builtin_add_overflow(w->calculated, other, &w->calculated);
}

static dv_err walk_on(walk *w, dv_refusal *ret_refusal)
{
    while (w->left > 0 && w->sqrt_price != w->bound) {
        const dv_clmm_tick *tick;
        dv_clmm_step step;
        dv_err err = find_next_tick(w, &tick, ret_refusal);
        if (err) return err;
        dv_u128 target = tick->sqrt_price;
        if (w->course.down ? target < w->bound : target > w->bound) target = w->bound;
        uint32_t program_error =
            dv_clmm_step_take(&w->course, w->sqrt_price, target, w->liquidity, w->left, &step);
        if (program_error) return dv_refuse_overflow(ret_refusal, program_error);
        if (!account_for(w, &step))
            return dv_refuse_overflow(ret_refusal, DV_CLMM_ERROR_CALCULATE_OVERFLOW);
        if (w->sqrt_price == tick->sqrt_price && !cross(w, tick))
            return dv_refuse_overflow(ret_refusal, DV_CLMM_ERROR_CALCULATE_OVERFLOW);
    }
    return DV_OK;
}

/* The program's checks at the end. exact: the amount with which the walk began. */
static dv_err check_end(const walk *w, uint64_t exact, dv_refusal *ret_refusal)
{
    if (w->left == exact || w->calculated == 0)
        return dv_refuse(ret_refusal, DV_VENUE_AMOUNT_TOO_SMALL, TOO_SMALL,
                         "the amount is too small for the pool");
    if (w->sqrt_price == w->pool->sqrt_price)
        return dv_refuse(ret_refusal, DV_VENUE_AMOUNT_TOO_SMALL, REQUIRE_GT,
                         "the amount is too small to move the pool's price");
    if (w->left > 0)
        return dv_refuse(ret_refusal, DV_VENUE_LIQUIDITY_INSUFFICIENT, REQUIRE_EQ,
                         "the pool's price ends before the amount");
    return DV_OK;
}

static dv_err check_open(const dv_clmm_pool *pool, const dv_swap_ask *ask,
                         const dv_chain_clock *clock, dv_refusal *ret_refusal)
{
    if (ask->amount == 0)
        return dv_refuse(ret_refusal, DV_VENUE_AMOUNT_TOO_SMALL, ZERO_AMOUNT, "the amount is 0");
    if (pool->is_swap_off)
        return dv_refuse(ret_refusal, DV_VENUE_POOL_CLOSED, NOT_APPROVED,
                         "swaps are switched off in the pool");
    if (dv_chain_clock_seconds(clock) < pool->open_time)
        return dv_refuse(ret_refusal, DV_VENUE_POOL_CLOSED, DV_PROGRAM_ERROR_NONE,
                         "the pool is not open yet");
    return DV_OK;
}

/* Begins the walk with the amount less or plus its transfer fee. */
static dv_err walk_begin(walk *w, const dv_clmm_pool *pool, const dv_swap_ask *ask, uint32_t in,
                         const dv_chain_clock *clock, dv_refusal *ret_refusal)
{
    dv_err err = check_open(pool, ask, clock, ret_refusal);
    if (err) return err;
    *w = (walk){.pool = pool, .sqrt_price = pool->sqrt_price, .liquidity = pool->liquidity};
    w->way.up = in == 1;
    w->course = (dv_clmm_course){in == 0, ask->mode == DV_SWAP_EXACT_OUT, pool->fee_rate};
    w->bound = in == 0 ? DV_CLMM_SQRT_PRICE_MIN + 1 : DV_CLMM_SQRT_PRICE_MAX - 1;
    if (w->course.exact_out) {
        if (!dv_pool_sent_ceil(&pool->base, 1 - in, clock, ask->amount, &w->left))
            return dv_refuse_overflow(ret_refusal, DV_PROGRAM_ERROR_NONE);
    } else {
        w->left = dv_pool_arrives_floor(&pool->base, in, clock, ask->amount);
        if (w->left == 0)
            return dv_refuse(ret_refusal, DV_VENUE_AMOUNT_TOO_SMALL, ZERO_AMOUNT,
                             "nothing of the amount is left after the transfer fee");
    }
    if (in == 0 ? pool->sqrt_price <= w->bound : pool->sqrt_price >= w->bound)
        return dv_refuse(ret_refusal, DV_VENUE_LIQUIDITY_INSUFFICIENT, SQRT_PRICE_LIMIT,
                         "the pool's price is at its end");
    return enter_first_array(w, ret_refusal);
}

static dv_err walk_all(walk *w, const dv_clmm_pool *pool, const dv_swap_ask *ask, uint32_t in,
                       const dv_chain_clock *clock, dv_refusal *ret_refusal)
{
    dv_err err = walk_begin(w, pool, ask, in, clock, ret_refusal);
    if (err) return err;
    uint64_t exact = w->left;
    err = walk_on(w, ret_refusal);
    return err ? err : check_end(w, exact, ret_refusal);
}

/* ---- the class's functions ---- */

static dv_err quote(const dv_pool *base, const dv_swap_ask *ask, uint32_t in,
                    const dv_chain_clock *clock, dv_swap_quote *ret_quote, dv_refusal *ret_refusal)
{
    walk w;
    dv_err err = walk_all(&w, (const dv_clmm_pool *)base, ask, in, clock, ret_refusal);
    if (err) return err;
    uint64_t out = w.calculated;
    ret_quote->amount_in = ask->amount;
    if (w.course.exact_out &&
        (!dv_pool_sent_ceil(base, in, clock, w.calculated, &ret_quote->amount_in) ||
         !dv_pool_sent_ceil(base, 1 - in, clock, ask->amount, &out)))
        return dv_refuse_overflow(ret_refusal, DV_PROGRAM_ERROR_NONE);
    ret_quote->amount_out = dv_pool_arrives_floor(base, 1 - in, clock, out);
    ret_quote->fee = w.fee;
    ret_quote->protocol_fee = w.protocol_fee;
    ret_quote->fund_fee = w.fund_fee;
    ret_quote->lp_fee = w.fee - w.protocol_fee - w.fund_fee;
    ret_quote->fee_on_input = true;
    ret_quote->crossings = w.crossings;
    ret_quote->arrays = w.way.walked;
    return DV_OK;
}

/* Encodes swap_v2, which takes mints of both token programs. */
static dv_err swap(const dv_pool *base, const dv_swap_ask *ask, uint32_t in,
                   const dv_chain_clock *clock, const dv_swap_user *user,
                   dv_instruction *ret_instruction, dv_refusal *ret_refusal)
{
    static const uint8_t SWAP_V2[8] = {0x2b, 0x04, 0xed, 0x0b, 0x1a, 0xc9, 0x1e, 0x62};
    const dv_clmm_pool *pool = (const dv_clmm_pool *)base;
    walk w;
    dv_err err = walk_all(&w, pool, ask, in, clock, ret_refusal);
    if (err == DV_OK) err = dv_pool_arrays_fit(&w.way, ret_refusal);
    if (err) return err;
    dv_instruction *to = ret_instruction;
    dv_instruction_begin(to, &base->program);
    dv_instruction_put(to, SWAP_V2, sizeof SWAP_V2);
    dv_instruction_put_le(to, ask->amount, 8);
    dv_instruction_put_le(to, ask->limit, 8);
    dv_instruction_put_le(to, 0, 8); /* no price limit: 0 of 128 bits */
    dv_instruction_put_le(to, 0, 8);
    dv_instruction_put_le(to, !w.course.exact_out, 1);
    dv_instruction_add(to, &user->owner, true, false);
    dv_instruction_add(to, &pool->config, false, false);
    dv_instruction_add(to, &base->address, false, true);
    dv_instruction_add(to, &user->account_in, false, true);
    dv_instruction_add(to, &user->account_out, false, true);
    dv_instruction_add(to, &base->vault[in], false, true);
    dv_instruction_add(to, &base->vault[1 - in], false, true);
    dv_instruction_add(to, &pool->observation, false, true);
    dv_instruction_add(to, &DV_PROGRAM_TOKEN, false, false);
    dv_instruction_add(to, &DV_PROGRAM_TOKEN_2022, false, false);
    dv_instruction_add(to, &DV_PROGRAM_MEMO, false, false);
    dv_instruction_add(to, &base->mint[in], false, false);
    dv_instruction_add(to, &base->mint[1 - in], false, false);
    if (pool->arrays.bits.has_extension)
        dv_instruction_add(to, &pool->arrays.extension, false, false);
    dv_pool_arrays_add(&pool->arrays, &w.way, user->spares_less, to);
    return DV_OK;
}

const dv_pool_class DV_RAYDIUM_CLMM = {
    .name = "raydium_clmm",
    .dex = "raydium",
    .programs = DV_RAYDIUM_CLMM_PROGRAMS,
    .program_count = sizeof DV_RAYDIUM_CLMM_PROGRAMS / sizeof DV_RAYDIUM_CLMM_PROGRAMS[0],
    .layout = {DV_CLMM_POOL_SIZE, 73, 137, true},
    .mark = DV_CLMM_POOL_MARK,
    .size = sizeof(dv_clmm_pool),
    .needs = dv_clmm_needs,
    .decode = dv_clmm_decode,
    .release = dv_clmm_release,
    .quote = quote,
    .error_limit_out = TOO_LITTLE_OUTPUT,
    .error_limit_in = TOO_MUCH_INPUT,
    .swap = swap,
};
