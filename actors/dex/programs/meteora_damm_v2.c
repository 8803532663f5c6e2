/* Meteora DAMM v2 (cp_amm): one price range, or a constant product. Fees follow time, price,
   volatility or the size of a swap.

   Layout: the program's IDL 0.2.0 (MeteoraAg/damm-v2, state/pool.rs and state/fee.rs). The pool's
   account holds price and liquidity, so a quote needs no vault. */
#include "actors/dex/programs/meteora_damm_v2_math.h"

#include "actors/dex/programs/pool.h"
#include "actors/dex/programs/program_ids.h"
#include "actors/solana/programs.h"

#define POOL_SIZE 1112

/* Source: constants.rs. */
static const dv_u128 MIN_SQRT_PRICE = 4295048016u;
#define MAX_SQRT_PRICE (((dv_u128)4294886577u << 64) | 9537527425331189659u)

static const uint8_t POOL_MARK[8] = {0xf1, 0x9a, 0x6d, 0x04, 0x11, 0xb1, 0x6d, 0xbc};
static const uint8_t SWAP2[8] = {0x41, 0x4b, 0x3f, 0x4c, 0xeb, 0x5b, 0x5b, 0x88};
enum { SWAP2_EXACT_IN = 0, SWAP2_PARTIAL_FILL = 1, SWAP2_EXACT_OUT = 2 };

enum { COLLECT_OUTPUT = 0, COLLECT_ONLY_B = 1, COLLECT_COMPOUNDING = 2 };

/* Side 0 is a, side 1 is b. */
typedef struct damm {
    dv_pool pool;
    dv_damm_fee fee;
    dv_damm_curve curve;
    dv_u128 variable_fee; /* numerator, from the stored volatility */
    dv_u128 init_sqrt_price;
    uint64_t max_fee; /* numerator */
    uint64_t activation;
    uint16_t compounding_bps; /* of the fee less the protocol's part */
    uint8_t protocol_percent; /* of the fee */
    bool by_slot;             /* activation is a slot, not a time */
    bool disabled, fee_only_b;
} damm;

static dv_err needs(const dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                    dv_pool_needs *ret_needs, dv_refusal *ret_refusal)
{
    (void)own;
    (void)accounts;
    (void)ret_refusal;
    for (uint32_t side = 0; side < 2; side++) dv_pool_need(ret_needs, &pool->mint[side]);
    return DV_OK;
}

/* Reads base_fee_info: the 32 bytes at 8. False for numbers that the program would refuse. */
static bool read_base_fee(const uint8_t *at, dv_damm_fee *ret_fee)
{
    *ret_fee = (dv_damm_fee){.cliff = dv_le64(at), .mode = (dv_damm_fee_mode)at[8]};
    if (ret_fee->cliff > DV_DAMM_FEE_ONE) return false;
    if (ret_fee->mode != DV_DAMM_FEE_RATE_LIMITER) {
        bool by_price = ret_fee->mode >= DV_DAMM_FEE_PRICE_LINEAR;
        ret_fee->periods = dv_le16(at + 14);
        ret_fee->frequency = by_price ? 0 : dv_le64(at + 16);
        ret_fee->step_bps = by_price ? dv_le32(at + 16) : 0;
        ret_fee->duration = by_price ? dv_le32(at + 20) : 0;
        ret_fee->reduction = dv_le64(at + 24);
        return true;
    }
    uint16_t increment_bps = dv_le16(at + 14);
    uint32_t max_bps = dv_le32(at + 20);
    ret_fee->duration = dv_le32(at + 16);
    ret_fee->reference = dv_le64(at + 24);
    if (increment_bps == 0 && max_bps == 0 && ret_fee->duration == 0 && ret_fee->reference == 0)
        return true; /* there is no limiter */
    ret_fee->increment = (uint64_t)increment_bps * DV_DAMM_BPS_FEE;
    ret_fee->most = (uint64_t)max_bps * DV_DAMM_BPS_FEE;
    return increment_bps > 0 && increment_bps <= DV_BPS_ONE && max_bps <= DV_BPS_ONE &&
           ret_fee->most >= ret_fee->cliff && ret_fee->reference > 0;
}

/* Reads pool_fees: bytes 8 to 168. */
static bool read_fees(damm *self, const uint8_t *data)
{
    dv_u128 accumulator = dv_le128(data + 120);
    self->protocol_percent = data[48];
    self->compounding_bps = dv_le16(data + 54);
    self->init_sqrt_price = dv_le128(data + 152);
    self->max_fee = data[486] == 0 ? DV_DAMM_FEE_ONE / 2 : DV_DAMM_FEE_ONE / 100 * 99;
    if (data[56] != 0) {
        if (accumulator > UINT32_MAX) return false;
        self->variable_fee = dv_damm_variable_fee_ceil((uint32_t)accumulator, dv_le16(data + 72),
                                                       dv_le32(data + 68));
    }
    return self->protocol_percent <= 100 && self->compounding_bps <= DV_BPS_ONE &&
           read_base_fee(data + 8, &self->fee);
}

static bool read_curve(damm *self, const uint8_t *data)
{
    dv_damm_curve *curve = &self->curve;
    *curve = (dv_damm_curve){
        .is_product = data[484] == COLLECT_COMPOUNDING,
        .liquidity = dv_le128(data + 360),
        .sqrt_min = dv_le128(data + 424),
        .sqrt_max = dv_le128(data + 440),
        .sqrt_price = dv_le128(data + 456),
        .reserve = {dv_le64(data + 680), dv_le64(data + 688)},
    };
    if (curve->is_product) return data[696] != 0; /* 0: the reserves are not tracked */
    return MIN_SQRT_PRICE <= curve->sqrt_min && curve->sqrt_min <= curve->sqrt_price &&
           curve->sqrt_price <= curve->sqrt_max && curve->sqrt_max <= MAX_SQRT_PRICE;
}

static dv_err read_own(damm *self, const uint8_t *data, dv_refusal *ret_refusal)
{
    self->activation = dv_le64(data + 472);
    self->by_slot = data[480] == 0;
    self->disabled = data[481] != 0;
    self->fee_only_b = data[484] != COLLECT_OUTPUT;
    if (data[16] > DV_DAMM_FEE_PRICE_EXPONENTIAL || data[480] > 1 ||
        data[484] > COLLECT_COMPOUNDING || data[486] > 1)
        return dv_refuse_unsupported(ret_refusal,
                                     "the pool has a fee or activation mode that is not verified");
    if (!read_fees(self, data) || !read_curve(self, data))
        return dv_refuse_malformed(ret_refusal, "the pool's fees or prices are out of range");
    return DV_OK;
}

static dv_err decode(dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                     dv_refusal *ret_refusal)
{
    dv_err err = read_own((damm *)pool, own->data, ret_refusal);
    return err ? err : dv_pool_read_mints(pool, accounts, ret_refusal);
}

/* ---- quotes ------------------------------------------------------------------------------ */

/* A swap while it is quoted. */
typedef struct swap_at {
    const damm *pool;
    dv_damm_moment moment;
    bool fee_in; /* the fee is taken from the input, else from the output */
} swap_at;

/* The whole fee's numerator for an amount that includes the fee, or excludes it. */
static dv_damm_error fee_rate(const swap_at *at, uint64_t amount, bool included, uint64_t *ret_rate)
{
    uint64_t base;
    dv_damm_error error = dv_damm_base_fee(&at->pool->fee, &at->moment, amount, included, &base);
    if (error) return error;
    dv_u128 rate = at->pool->variable_fee + base;
    *ret_rate = rate < at->pool->max_fee ? (uint64_t)rate : at->pool->max_fee;
    return DV_DAMM_OK;
}

/* Takes the fee out of an amount, whose rate is below one, and returns the fee. */
static uint64_t take_fee(uint64_t *amount, uint64_t rate)
{
    uint64_t fee = 0;
    bool fits = dv_mul_div_ceil(*amount, rate, DV_DAMM_FEE_ONE, &fee);
    assert(fits && fee <= *amount);
    *amount -= fee;
    return fee;
}

/* Adds the fee to an amount that excludes it. */
static dv_damm_error add_fee(const swap_at *at, uint64_t *amount, uint64_t *ret_fee)
{
    uint64_t rate, whole;
    dv_damm_error error = fee_rate(at, *amount, false, &rate);
    if (error) return error;
    if (!dv_mul_div_ceil(*amount, DV_DAMM_FEE_ONE, DV_DAMM_FEE_ONE - rate, &whole))
        return DV_DAMM_TYPE_CAST_FAILED;
    *ret_fee = whole - *amount;
    *amount = whole;
    return DV_DAMM_OK;
}

/* Swaps what arrives in the vault. ret_paid is that amount, or a smaller one when a PARTIAL_FILL
   stops at the price's bound: then the program computes the fee anew. ret_out leaves the other
   vault. */
static dv_damm_error swap_in(const swap_at *at, uint64_t arrives, bool partial, uint64_t *ret_paid,
                             uint64_t *ret_out, uint64_t *ret_fee)
{
    const dv_damm_curve *curve = &at->pool->curve;
    uint64_t rate, net = arrives, used;
    bool a_to_b = at->moment.a_to_b;
    dv_damm_error error = fee_rate(at, arrives, true, &rate);
    if (error) return error;
    if (at->fee_in) *ret_fee = take_fee(&net, rate);
    used = net;
    error = partial ? dv_damm_out_bounded_floor(curve, a_to_b, net, &used, ret_out)
                    : dv_damm_out_floor(curve, a_to_b, net, ret_out);
    if (error) return error;
    *ret_paid = used < net ? used : arrives;
    if (used < net && at->fee_in) error = add_fee(at, ret_paid, ret_fee);
    if (error) return error;
    if (!at->fee_in) *ret_fee = take_fee(ret_out, rate);
    return DV_DAMM_OK;
}

/* EXACT_IN pays the amount of the ask. PARTIAL_FILL pays the least amount from which the transfer
   fee leaves what the vault receives. It does so even when it uses all of the amount. */
static dv_damm_error quote_in(const swap_at *at, const dv_swap_ask *ask, uint32_t in,
                              const dv_chain_clock *clock, dv_swap_quote *quote)
{
    const dv_pool *pool = &at->pool->pool;
    uint64_t paid, out;
    bool partial = ask->mode == DV_SWAP_PARTIAL_FILL;
    uint64_t arrives = dv_pool_arrives_floor(pool, in, clock, ask->amount);
    if (arrives == 0) return DV_DAMM_AMOUNT_IS_ZERO;
    dv_damm_error error = swap_in(at, arrives, partial, &paid, &out, &quote->fee);
    if (error) return error;
    if (paid == 0) return DV_DAMM_AMOUNT_IS_ZERO; /* the price is at its bound */
    quote->amount_in = ask->amount;
    if (partial && !dv_pool_sent_ceil(pool, in, clock, paid, &quote->amount_in))
        return DV_DAMM_MATH_OVERFLOW;
    quote->amount_out = dv_pool_arrives_floor(pool, 1 - in, clock, out);
    return DV_DAMM_OK;
}

static dv_damm_error quote_out(const swap_at *at, const dv_swap_ask *ask, uint32_t in,
                               const dv_chain_clock *clock, dv_swap_quote *quote)
{
    const dv_pool *pool = &at->pool->pool;
    uint64_t out, paid;
    dv_damm_error error = DV_DAMM_OK;
    if (ask->amount == 0) return DV_DAMM_AMOUNT_IS_ZERO;
    if (!dv_pool_sent_ceil(pool, 1 - in, clock, ask->amount, &out)) return DV_DAMM_MATH_OVERFLOW;
    if (!at->fee_in) error = add_fee(at, &out, &quote->fee);
    if (!error) error = dv_damm_in_ceil(&at->pool->curve, at->moment.a_to_b, out, &paid);
    if (!error && at->fee_in) error = add_fee(at, &paid, &quote->fee);
    if (error) return error;
    if (!dv_pool_sent_ceil(pool, in, clock, paid, &quote->amount_in)) return DV_DAMM_MATH_OVERFLOW;
    quote->amount_out = ask->amount;
    return DV_DAMM_OK;
}

static dv_err refuse(dv_damm_error error, dv_refusal *ret_refusal)
{
    switch (error) {
    case DV_DAMM_POOL_DISABLED:
        return dv_refuse(ret_refusal, DV_VENUE_POOL_CLOSED, error,
                         "the pool is disabled or has not opened yet");
    case DV_DAMM_AMOUNT_IS_ZERO:
        return dv_refuse(ret_refusal, DV_VENUE_AMOUNT_TOO_SMALL, error, "nothing would be swapped");
    case DV_DAMM_PRICE_RANGE_VIOLATION:
        return dv_refuse(ret_refusal, DV_VENUE_LIQUIDITY_INSUFFICIENT, error,
                         "the price would leave the pool's range");
    case DV_DAMM_MATH_OVERFLOW:
    case DV_DAMM_TYPE_CAST_FAILED: return dv_refuse_too_much(ret_refusal, error);
    default:
        return dv_refuse(ret_refusal, DV_VENUE_QUOTE_FAILED, error,
                         "the program has no fee for this amount");
    }
}

static swap_at swap_begin(const damm *self, uint32_t in, const dv_chain_clock *clock)
{
    return (swap_at){
        .pool = self,
        .moment = {.point = self->by_slot ? clock->slot : dv_chain_clock_seconds(clock),
                   .activation = self->activation,
                   .sqrt_price = self->curve.sqrt_price,
                   .init_sqrt_price = self->init_sqrt_price,
                   .a_to_b = in == 0},
        .fee_in = self->fee_only_b && in == 1,
    };
}

static dv_err quote(const dv_pool *pool, const dv_swap_ask *ask, uint32_t in,
                    const dv_chain_clock *clock, dv_swap_quote *ret_quote, dv_refusal *ret_refusal)
{
    const damm *self = (const damm *)pool;
    swap_at at = swap_begin(self, in, clock);
    dv_damm_error error;
    if (self->disabled || at.moment.point < at.moment.activation)
        error = DV_DAMM_POOL_DISABLED;
    else if (ask->mode == DV_SWAP_EXACT_OUT)
        error = quote_out(&at, ask, in, clock, ret_quote);
    else
        error = quote_in(&at, ask, in, clock, ret_quote);
    if (error) return refuse(error, ret_refusal);
    uint64_t fee = ret_quote->fee;
    ret_quote->fee_on_input = at.fee_in;
    ret_quote->protocol_fee = (uint64_t)((dv_u128)fee * self->protocol_percent / 100);
    uint64_t rest = fee - ret_quote->protocol_fee;
    ret_quote->compounding_fee = (uint64_t)((dv_u128)rest * self->compounding_bps / DV_BPS_ONE);
    ret_quote->lp_fee = rest - ret_quote->compounding_fee;
    return DV_OK;
}

/* swap2(amount_0, amount_1, mode). The program's id in the place of the referral account means that
   there is none. */
static dv_err swap(const dv_pool *pool, const dv_swap_ask *ask, uint32_t in,
                   const dv_chain_clock *clock, const dv_swap_user *user,
                   dv_instruction *ret_instruction, dv_refusal *ret_refusal)
{
    static const uint8_t MODES[] = {[DV_SWAP_EXACT_IN] = SWAP2_EXACT_IN,
                                    [DV_SWAP_EXACT_OUT] = SWAP2_EXACT_OUT,
                                    [DV_SWAP_PARTIAL_FILL] = SWAP2_PARTIAL_FILL};
    const damm *self = (const damm *)pool;
    (void)in;
    (void)clock;
    (void)ret_refusal;
    dv_instruction_begin(ret_instruction, &pool->program);
    dv_instruction_put(ret_instruction, SWAP2, sizeof SWAP2);
    dv_instruction_put_le(ret_instruction, ask->amount, 8);
    dv_instruction_put_le(ret_instruction, ask->limit, 8);
    dv_instruction_put_le(ret_instruction, MODES[ask->mode], 1);
    dv_instruction_add(ret_instruction, &DV_METEORA_DAMM_V2_AUTHORITY, false, false);
    dv_instruction_add(ret_instruction, &pool->address, false, true);
    dv_instruction_add(ret_instruction, &user->account_in, false, true);
    dv_instruction_add(ret_instruction, &user->account_out, false, true);
    dv_instruction_add(ret_instruction, &pool->vault[0], false, true);
    dv_instruction_add(ret_instruction, &pool->vault[1], false, true);
    dv_instruction_add(ret_instruction, &pool->mint[0], false, false);
    dv_instruction_add(ret_instruction, &pool->mint[1], false, false);
    dv_instruction_add(ret_instruction, &user->owner, true, false);
    dv_instruction_add(ret_instruction, &pool->token_program[0], false, false);
    dv_instruction_add(ret_instruction, &pool->token_program[1], false, false);
    dv_instruction_add(ret_instruction, &pool->program, false, false);
    dv_instruction_add(ret_instruction, &DV_METEORA_DAMM_V2_EVENT_AUTHORITY, false, false);
    dv_instruction_add(ret_instruction, &pool->program, false, false);
    /* With the rate limiter the program looks for a second swap of the pool in the transaction. */
    if (self->fee.mode == DV_DAMM_FEE_RATE_LIMITER)
        dv_instruction_add(ret_instruction, &DV_SYSVAR_INSTRUCTIONS, false, false);
    return DV_OK;
}

const dv_pool_class DV_METEORA_DAMM_V2 = {
    .name = "meteora_damm_v2",
    .dex = "meteora",
    .programs = &DV_METEORA_DAMM_V2_PROGRAM,
    .program_count = 1,
    .layout = {POOL_SIZE, 168, 232, false},
    .mark = POOL_MARK,
    .size = sizeof(damm),
    .fills_partly = true,
    .needs = needs,
    .decode = decode,
    .quote = quote,
    .swap = swap,
    .error_limit_out = DV_DAMM_EXCEEDED_SLIPPAGE,
    .error_limit_in = DV_DAMM_EXCEEDED_SLIPPAGE,
};
