/* Raydium AMM v4: a constant product of plain SPL tokens, with the fee taken from the input.

   Layout and mathematics: raydium-io/raydium-amm (state.rs AmmInfo, math.rs Calculator,
   processor.rs process_swap_base_in/out), checked against the compiled program of May 2026. A pool
   with a live order book (status 1) is refused: part of its reserves is outside its vaults. */
#include "actors/dex/programs/pool.h"
#include "actors/dex/programs/program_ids.h"
#include "actors/solana/pda.h"
#include "actors/solana/programs.h"
#include "proto/amount.h"

#define POOL_SIZE 752

enum { STATUS_ORDER_BOOK = 1, STATUS_SWAP_ONLY = 6, STATUS_WAITING_TRADE = 7 };
enum { TAG_SWAP_BASE_IN_V2 = 16, TAG_SWAP_BASE_OUT_V2 = 17 };

/* The program's own errors. It does not use Anchor. */
enum {
    ERROR_INVALID_STATUS = 22,
    ERROR_INVALID_INPUT = 29,
    ERROR_EXCEEDED_SLIPPAGE = 30,
    ERROR_INSUFFICIENT_FUNDS = 40,
};

/* Side 0 is the coin, side 1 the pc. */
typedef struct amm_v4 {
    dv_pool pool;
    dv_pubkey authority;
    uint64_t reserve[2];        /* atoms: what the vaults hold, less the profit to be taken */
    uint64_t fee_num, fee_den;  /* swap_fee: num < den */
    uint64_t status, open_time; /* seconds since 1970 */
} amm_v4;

static dv_err needs(const dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                    dv_pool_needs *ret_needs, dv_refusal *ret_refusal)
{
    (void)own;
    (void)accounts;
    (void)ret_refusal;
    for (uint32_t side = 0; side < 2; side++) dv_pool_need(ret_needs, &pool->vault[side]);
    return DV_OK;
}

static dv_err read_own(amm_v4 *self, const dv_account *own, dv_refusal *ret_refusal)
{
    const uint8_t *data = own->data;
    for (uint32_t side = 0; side < 2; side++) {
        uint64_t decimals = dv_le64(data + 32 + 8 * side);
        self->pool.token_program[side] = DV_PROGRAM_TOKEN;
        self->pool.token[side].decimals = decimals > UINT8_MAX ? UINT8_MAX : (uint8_t)decimals;
    }
    self->status = dv_le64(data);
    self->fee_num = dv_le64(data + 176);
    self->fee_den = dv_le64(data + 184);
    self->open_time = dv_le64(data + 224);
    /* The account keeps the bump in 8 bytes, of which the program uses one. */
    const dv_seed seeds[] = {DV_SEED_TEXT("amm authority"), {data + 8, 1}};
    if (self->fee_num >= self->fee_den || own->size != POOL_SIZE ||
        !dv_pda_create(seeds, 2, &self->pool.program, &self->authority))
        return dv_refuse_malformed(ret_refusal, "the account is no pool of Raydium AMM v4");
    if (self->status == STATUS_ORDER_BOOK)
        return dv_refuse_unsupported(ret_refusal,
                                     "the pool shares its liquidity with an order book");
    return DV_OK;
}

static dv_err decode(dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                     dv_refusal *ret_refusal)
{
    amm_v4 *self = (amm_v4 *)pool;
    dv_err err = read_own(self, own, ret_refusal);
    for (uint32_t side = 0; err == DV_OK && side < 2; side++) {
        uint64_t profit = dv_le64(own->data + 192 + 8 * side); /* need_take_pnl */
        err = dv_pool_read_reserve(pool, side, profit, accounts, &self->reserve[side], ret_refusal);
    }
    return err;
}

static dv_err refuse_zero(dv_refusal *ret_refusal)
{
    return dv_refuse(ret_refusal, DV_VENUE_AMOUNT_TOO_SMALL, ERROR_INVALID_INPUT,
                     "the amount is too small for this pool");
}

static dv_err refuse_limit(dv_refusal *ret_refusal)
{
    return dv_refuse(ret_refusal, DV_VENUE_SLIPPAGE_EXCEEDED, ERROR_EXCEEDED_SLIPPAGE,
                     "the price is past the limit");
}

/* The program checks the limit before it refuses zero. */
static dv_err quote_exact_in(const amm_v4 *self, const dv_swap_ask *ask, uint32_t in,
                             dv_swap_quote *ret_quote, dv_refusal *ret_refusal)
{
    uint64_t fee, out = 0, amount = ask->amount, x = self->reserve[in], y = self->reserve[1 - in];
    if (!dv_mul_div_ceil(amount, self->fee_num, self->fee_den, &fee))
        return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC);
    uint64_t net = amount - fee; /* fee_num < fee_den: the fee is at most the amount */
    if (net > UINT64_MAX - x)
        return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC); /* no mint has such a supply */
    if (x + net > 0 && !dv_mul_div_floor(net, y, x + net, &out))
        return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC);
    if (out < ask->limit) return refuse_limit(ret_refusal);
    if (out == 0) return refuse_zero(ret_refusal);
    if (out >= y) return dv_refuse_too_much(ret_refusal, ERROR_INSUFFICIENT_FUNDS);
    *ret_quote = (dv_swap_quote){.amount_in = amount, .amount_out = out, .fee = fee};
    return DV_OK;
}

static dv_err quote_exact_out(const amm_v4 *self, const dv_swap_ask *ask, uint32_t in,
                              dv_swap_quote *ret_quote, dv_refusal *ret_refusal)
{
    uint64_t net, pays, amount = ask->amount, x = self->reserve[in], y = self->reserve[1 - in];
    if (amount >= y) return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC);
    if (!dv_mul_div_ceil(x, amount, y - amount, &net) ||
        !dv_mul_div_ceil(net, self->fee_den, self->fee_den - self->fee_num, &pays))
        return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC);
    if (pays > ask->limit) return refuse_limit(ret_refusal);
    if (pays == 0 || amount == 0) return refuse_zero(ret_refusal);
    *ret_quote = (dv_swap_quote){.amount_in = pays, .amount_out = amount, .fee = pays - net};
    return DV_OK;
}

static dv_err quote(const dv_pool *pool, const dv_swap_ask *ask, uint32_t in,
                    const dv_chain_clock *clock, dv_swap_quote *ret_quote, dv_refusal *ret_refusal)
{
    const amm_v4 *self = (const amm_v4 *)pool;
    bool opened = dv_chain_clock_seconds(clock) >= self->open_time;
    if (self->status != STATUS_SWAP_ONLY && !(self->status == STATUS_WAITING_TRADE && opened))
        return dv_refuse(ret_refusal, DV_VENUE_POOL_CLOSED, ERROR_INVALID_STATUS,
                         "swaps are off, or the pool has not opened yet");
    dv_err err = ask->mode == DV_SWAP_EXACT_IN
                     ? quote_exact_in(self, ask, in, ret_quote, ret_refusal)
                     : quote_exact_out(self, ask, in, ret_quote, ret_refusal);
    if (err) return err;
    ret_quote->fee_on_input = true;
    ret_quote->lp_fee = ret_quote->fee; /* all of it stays in the vaults until profit is taken */
    return DV_OK;
}

/* swap_base_in_v2(amount_in, minimum_amount_out), swap_base_out_v2(max_amount_in, amount_out). The
   direction follows from the mints of the user's accounts. */
static dv_err swap(const dv_pool *pool, const dv_swap_ask *ask, uint32_t in,
                   const dv_chain_clock *clock, const dv_swap_user *user,
                   dv_instruction *ret_instruction, dv_refusal *ret_refusal)
{
    const amm_v4 *self = (const amm_v4 *)pool;
    (void)in;
    (void)clock;
    (void)ret_refusal;
    bool exact_in = ask->mode == DV_SWAP_EXACT_IN;
    dv_instruction_begin(ret_instruction, &pool->program);
    dv_instruction_put_le(ret_instruction, exact_in ? TAG_SWAP_BASE_IN_V2 : TAG_SWAP_BASE_OUT_V2,
                          1);
    dv_instruction_put_le(ret_instruction, exact_in ? ask->amount : ask->limit, 8);
    dv_instruction_put_le(ret_instruction, exact_in ? ask->limit : ask->amount, 8);
    dv_instruction_add(ret_instruction, &DV_PROGRAM_TOKEN, false, false);
    dv_instruction_add(ret_instruction, &pool->address, false, true);
    dv_instruction_add(ret_instruction, &self->authority, false, false);
    dv_instruction_add(ret_instruction, &pool->vault[0], false, true);
    dv_instruction_add(ret_instruction, &pool->vault[1], false, true);
    dv_instruction_add(ret_instruction, &user->account_in, false, true);
    dv_instruction_add(ret_instruction, &user->account_out, false, true);
    dv_instruction_add(ret_instruction, &user->owner, true, false);
    return DV_OK;
}

const dv_pool_class DV_RAYDIUM_AMM_V4 = {
    .name = "raydium_amm_v4",
    .dex = "raydium",
    .programs = DV_RAYDIUM_AMM_V4_PROGRAMS,
    .program_count = 2,
    .layout = {POOL_SIZE, 400, 336, false},
    .size = sizeof(amm_v4),
    .needs = needs,
    .decode = decode,
    .quote = quote,
    .swap = swap,
    .error_limit_out = ERROR_EXCEEDED_SLIPPAGE,
    .error_limit_in = ERROR_EXCEEDED_SLIPPAGE,
};
