/* Raydium CPMM (raydium_cp_swap): a constant product, with the fee taken from the input.

   Layouts: the program's IDL (raydium-io/raydium-cp-swap, states/pool.rs and config.rs).
   Mathematics: curve/calculator.rs and fees.rs, checked against the compiled program of December
   2024. That program has no creator fee, so a pool that takes one is refused. */
#include "actors/dex/programs/pool.h"
#include "actors/dex/programs/program_ids.h"
#include "actors/solana/pda.h"
#include "actors/solana/programs.h"
#include "proto/amount.h"

#define POOL_SIZE 637
#define CONFIG_SIZE 236
#define CONFIG_AT 8
#define STATUS_SWAP_OFF 4 /* bit 2 */

static const uint8_t POOL_MARK[8] = {0xf7, 0xed, 0xe3, 0xf5, 0xd7, 0xc3, 0xde, 0x46};
static const uint8_t CONFIG_MARK[8] = {0xda, 0xf4, 0x21, 0x68, 0xcb, 0xcb, 0x2b, 0x6f};
static const uint8_t SWAP_BASE_INPUT[8] = {0x8f, 0xbe, 0x5a, 0xda, 0xc4, 0x1e, 0x33, 0xde};
static const uint8_t SWAP_BASE_OUTPUT[8] = {0x37, 0xd9, 0x62, 0x56, 0xa3, 0x4a, 0xb4, 0xad};

/* Anchor's require_gt, and the program's own errors. */
enum { ERROR_REQUIRE_GT = 2505, ERROR_NOT_APPROVED = 6000, ERROR_EXCEEDED_SLIPPAGE = 6005 };

typedef struct cpmm {
    dv_pool pool;
    dv_pubkey config, authority, observation;
    uint64_t reserve[2]; /* atoms: what the vaults hold, less the fees not collected yet */
    uint64_t open_time;  /* seconds since 1970 */
    uint64_t trade_rate, protocol_rate, fund_rate; /* millionths; the last two of the trade fee */
    bool swap_off;
} cpmm;

static dv_err needs(const dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                    dv_pool_needs *ret_needs, dv_refusal *ret_refusal)
{
    dv_pubkey config = dv_pubkey_at(own->data + CONFIG_AT);
    (void)accounts;
    (void)ret_refusal;
    dv_pool_need(ret_needs, &config);
    for (uint32_t side = 0; side < 2; side++) {
        dv_pool_need(ret_needs, &pool->vault[side]);
        dv_pool_need(ret_needs, &pool->mint[side]);
    }
    return DV_OK;
}

static dv_err read_config(cpmm *self, const dv_account_set *accounts, dv_refusal *ret_refusal)
{
    const dv_account *account;
    dv_err err = dv_pool_account(accounts, &self->config, &self->pool.program, CONFIG_SIZE,
                                 &account, ret_refusal);
    if (err) return err;
    self->trade_rate = dv_le64(account->data + 12);
    self->protocol_rate = dv_le64(account->data + 20);
    self->fund_rate = dv_le64(account->data + 28);
    if (memcmp(account->data, CONFIG_MARK, sizeof CONFIG_MARK) != 0 ||
        self->trade_rate >= DV_PPM_ONE || self->protocol_rate > DV_PPM_ONE ||
        self->fund_rate > DV_PPM_ONE - self->protocol_rate)
        return dv_refuse_malformed(ret_refusal, "the pool's configuration is none");
    return DV_OK;
}

static dv_err read_own(cpmm *self, const uint8_t *data, dv_refusal *ret_refusal)
{
    self->config = dv_pubkey_at(data + CONFIG_AT);
    self->observation = dv_pubkey_at(data + 296);
    self->swap_off = data[329] & STATUS_SWAP_OFF;
    self->open_time = dv_le64(data + 373);
    const dv_seed seeds[] = {DV_SEED_TEXT("vault_and_lp_mint_auth_seed"), {data + 328, 1}};
    if (!dv_pda_create(seeds, 2, &self->pool.program, &self->authority))
        return dv_refuse_malformed(ret_refusal, "the pool's authority is none");
    if (data[390] != 0)
        return dv_refuse_unsupported(
            ret_refusal, "the pool takes a creator fee, whose rounding is not verified");
    return DV_OK;
}

static dv_err decode(dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                     dv_refusal *ret_refusal)
{
    cpmm *self = (cpmm *)pool;
    const uint8_t *data = own->data;
    dv_err err = read_own(self, data, ret_refusal);
    if (err == DV_OK) err = read_config(self, accounts, ret_refusal);
    if (err == DV_OK) err = dv_pool_read_mints(pool, accounts, ret_refusal);
    for (uint32_t side = 0; err == DV_OK && side < 2; side++) {
        /* The protocol, the fund and the creator have not collected these yet. */
        dv_u128 fees = (dv_u128)dv_le64(data + 341 + 8 * side) + dv_le64(data + 357 + 8 * side) +
                       dv_le64(data + 397 + 8 * side);
        err = dv_pool_read_reserve(pool, side, fees, accounts, &self->reserve[side], ret_refusal);
    }
    return err;
}

static dv_err refuse_zero(dv_refusal *ret_refusal)
{
    return dv_refuse(ret_refusal, DV_VENUE_AMOUNT_TOO_SMALL, ERROR_REQUIRE_GT,
                     "the amount is too small for this pool");
}

/* Splits the trade fee; the liquidity providers keep the rest. */
static void split_fee(const cpmm *self, uint64_t fee, dv_swap_quote *ret_quote)
{
    ret_quote->fee_on_input = true;
    ret_quote->fee = fee;
    ret_quote->protocol_fee = (uint64_t)((dv_u128)fee * self->protocol_rate / DV_PPM_ONE);
    ret_quote->fund_fee = (uint64_t)((dv_u128)fee * self->fund_rate / DV_PPM_ONE);
    ret_quote->lp_fee = fee - ret_quote->protocol_fee - ret_quote->fund_fee;
}

static dv_err quote_exact_in(const cpmm *self, uint64_t amount, uint32_t in,
                             const dv_chain_clock *clock, dv_swap_quote *ret_quote,
                             dv_refusal *ret_refusal)
{
    uint64_t fee, out, x = self->reserve[in], y = self->reserve[1 - in];
    uint64_t arrives = dv_pool_arrives_floor(&self->pool, in, clock, amount);
    if (arrives == 0) return refuse_zero(ret_refusal);
    if (!dv_mul_div_ceil(arrives, self->trade_rate, DV_PPM_ONE, &fee))
        return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC);
    uint64_t net = arrives - fee; /* the rate is below one: the fee is at most the amount */
    if (net > UINT64_MAX - x)
        return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC); /* no mint has such a supply */
    if (!dv_mul_div_floor(net, y, x + net, &out)) return refuse_zero(ret_refusal);
    out = dv_pool_arrives_floor(&self->pool, 1 - in, clock, out);
    if (out == 0) return refuse_zero(ret_refusal);
    split_fee(self, fee, ret_quote);
    ret_quote->amount_in = amount;
    ret_quote->amount_out = out;
    return DV_OK;
}

/* Programs before November 2025 round a quotient below one to the nearest, later programs round it
   up. Where the older program gets zero and refuses, we refuse under both. */
static dv_err source_ceil(uint64_t x, uint64_t y, uint64_t gross, uint64_t *ret_source,
                          dv_refusal *ret_refusal)
{
    if (gross >= y) return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC);
    dv_u128 product = (dv_u128)x * gross;
    if (product < y - gross && product < (dv_u128)(y - gross) - product)
        return refuse_zero(ret_refusal);
    if (!dv_mul_div_ceil(x, gross, y - gross, ret_source))
        return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC);
    return DV_OK;
}

static dv_err quote_exact_out(const cpmm *self, uint64_t amount, uint32_t in,
                              const dv_chain_clock *clock, dv_swap_quote *ret_quote,
                              dv_refusal *ret_refusal)
{
    uint64_t gross, source, pays, x = self->reserve[in], y = self->reserve[1 - in];
    if (!dv_pool_sent_ceil(&self->pool, 1 - in, clock, amount, &gross))
        return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC);
    dv_err err = source_ceil(x, y, gross, &source, ret_refusal);
    if (err) return err;
    if (!dv_mul_div_ceil(source, DV_PPM_ONE, DV_PPM_ONE - self->trade_rate, &pays))
        return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC);
    split_fee(self, pays - source, ret_quote);
    if (!dv_pool_sent_ceil(&self->pool, in, clock, pays, &ret_quote->amount_in))
        return dv_refuse_too_much(ret_refusal, DV_PROGRAM_PANIC);
    ret_quote->amount_out = amount;
    return DV_OK;
}

static dv_err quote(const dv_pool *pool, const dv_swap_ask *ask, uint32_t in,
                    const dv_chain_clock *clock, dv_swap_quote *ret_quote, dv_refusal *ret_refusal)
{
    const cpmm *self = (const cpmm *)pool;
    if (self->swap_off || dv_chain_clock_seconds(clock) < self->open_time)
        return dv_refuse(ret_refusal, DV_VENUE_POOL_CLOSED, ERROR_NOT_APPROVED,
                         "swaps are off, or the pool has not opened yet");
    return ask->mode == DV_SWAP_EXACT_IN
               ? quote_exact_in(self, ask->amount, in, clock, ret_quote, ret_refusal)
               : quote_exact_out(self, ask->amount, in, clock, ret_quote, ret_refusal);
}

/* swap_base_input(amount_in, minimum_amount_out), swap_base_output(max_amount_in, amount_out). */
static dv_err swap(const dv_pool *pool, const dv_swap_ask *ask, uint32_t in,
                   const dv_chain_clock *clock, const dv_swap_user *user,
                   dv_instruction *ret_instruction, dv_refusal *ret_refusal)
{
    const cpmm *self = (const cpmm *)pool;
    uint32_t out = 1 - in;
    (void)clock;
    (void)ret_refusal;
    bool exact_in = ask->mode == DV_SWAP_EXACT_IN;
    dv_instruction_begin(ret_instruction, &pool->program);
    dv_instruction_put(ret_instruction, exact_in ? SWAP_BASE_INPUT : SWAP_BASE_OUTPUT, 8);
    dv_instruction_put_le(ret_instruction, exact_in ? ask->amount : ask->limit, 8);
    dv_instruction_put_le(ret_instruction, exact_in ? ask->limit : ask->amount, 8);
    dv_instruction_add(ret_instruction, &user->owner, true, false);
    dv_instruction_add(ret_instruction, &self->authority, false, false);
    dv_instruction_add(ret_instruction, &self->config, false, false);
    dv_instruction_add(ret_instruction, &pool->address, false, true);
    dv_instruction_add(ret_instruction, &user->account_in, false, true);
    dv_instruction_add(ret_instruction, &user->account_out, false, true);
    dv_instruction_add(ret_instruction, &pool->vault[in], false, true);
    dv_instruction_add(ret_instruction, &pool->vault[out], false, true);
    dv_instruction_add(ret_instruction, &pool->token_program[in], false, false);
    dv_instruction_add(ret_instruction, &pool->token_program[out], false, false);
    dv_instruction_add(ret_instruction, &pool->mint[in], false, false);
    dv_instruction_add(ret_instruction, &pool->mint[out], false, false);
    dv_instruction_add(ret_instruction, &self->observation, false, true);
    return DV_OK;
}

const dv_pool_class DV_RAYDIUM_CPMM = {
    .name = "raydium_cpmm",
    .dex = "raydium",
    .programs = DV_RAYDIUM_CPMM_PROGRAMS,
    .program_count = 2,
    .layout = {POOL_SIZE, 168, 72, true},
    .mark = POOL_MARK,
    .size = sizeof(cpmm),
    .needs = needs,
    .decode = decode,
    .quote = quote,
    .swap = swap,
    .error_limit_out = ERROR_EXCEEDED_SLIPPAGE,
    .error_limit_in = ERROR_EXCEEDED_SLIPPAGE,
};
