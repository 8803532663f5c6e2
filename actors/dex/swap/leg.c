#include "actors/dex/swap/leg.h"

#include "actors/solana/pda.h"
#include "actors/solana/programs.h"
#include "proto/base58.h"

/* ---- addresses --------------------------------------------------------------------------- */

/* The address of an order's seed, its id in base58, under a program. */
static dv_pubkey address_of(const dv_pubkey *wallet, const dv_id *order_id,
                            const dv_pubkey *program)
{
    char seed[DV_BASE58_TEXT_SIZE];
    dv_base58_encode(order_id->bytes, sizeof order_id->bytes, seed);
    return dv_address_of_seed(wallet, dv_text_of(seed), program);
}

dv_pubkey dv_swap_guard_address(const dv_pubkey *wallet, const dv_id *order_id)
{
    return address_of(wallet, order_id, &DV_PROGRAM_SYSTEM);
}

dv_pubkey dv_swap_wrapped_address(const dv_pubkey *wallet, const dv_id *order_id)
{
    return address_of(wallet, order_id, &DV_PROGRAM_TOKEN);
}

dv_pubkey dv_swap_account(const dv_pubkey *wallet, const dv_id *order_id, const dv_pubkey *mint,
                          const dv_pubkey *token_program)
{
    if (dv_pubkey_equal(mint, &DV_MINT_WSOL)) return dv_swap_wrapped_address(wallet, order_id);
    return dv_ata_of(wallet, mint, token_program);
}

/* ---- out of a pool ----------------------------------------------------------------------- */

/* How many accounts the swap names without any spare. */
static dv_err count_least(const dv_pool *pool, const dv_swap_ask *ask, const dv_chain_clock *clock,
                          const dv_swap_user *user, uint32_t *ret_count, dv_refusal *ret_refusal)
{
    dv_instruction least;
    dv_swap_user sparing = *user;
    sparing.spares_less = DV_SWAP_SPARES;
    dv_err err = dv_pool_swap(pool, ask, clock, &sparing, &least, ret_refusal);
    if (err == DV_OK) *ret_count = least.account_count;
    return err;
}

dv_err dv_swap_leg_make(const dv_pool *pool, const dv_swap_ask *ask, const dv_chain_clock *clock,
                        const dv_swap_party *party, dv_swap_leg *ret_leg, dv_refusal *ret_refusal)
{
    uint32_t out = dv_pubkey_equal(&pool->mint[0], &ask->mint_out) ? 0 : 1, least = 0;
    dv_swap_leg *leg = ret_leg;
    leg->program_in = pool->token_program[1 - out];
    leg->program_out = pool->token_program[out];
    leg->out_exists = party->out_exists;
    leg->out_fee = (dv_transfer_fee){0};
    if (pool->token[out].has_transfer_fee)
        leg->out_fee = *dv_mint_fee_at(&pool->token[out], clock->epoch);
    dv_swap_user user = {.owner = party->wallet,
                         .account_in = dv_swap_account(&party->wallet, &party->order_id,
                                                       &ask->mint_in, &leg->program_in),
                         .account_out = dv_swap_account(&party->wallet, &party->order_id,
                                                        &ask->mint_out, &leg->program_out)};
    dv_err err = dv_pool_swap(pool, ask, clock, &user, &leg->instruction, ret_refusal);
    if (err == DV_OK) err = count_least(pool, ask, clock, &user, &least, ret_refusal);
    if (err == DV_OK) leg->spares = leg->instruction.account_count - least;
    return err;
}

/* ---- as a record ------------------------------------------------------------------------- */

static dv_text key_text(const dv_pubkey *key)
{
    return (dv_text){(const char *)key->bytes, DV_PUBKEY_SIZE};
}

dv_err dv_swap_leg_write(const dv_swap_leg *leg, const char *venue,
                         dv_account_use accounts[DV_LEG_ACCOUNTS_MAX], dv_leg *ret_record)
{
    const dv_instruction *ix = &leg->instruction;
    if (ix->account_count > DV_LEG_ACCOUNTS_MAX || ix->data_size > DV_LEG_DATA_MAX)
        return DV_VENUE_BUILD_FAILED;
    for (uint32_t i = 0; i < ix->account_count; i++) {
        const dv_account_meta *meta = &ix->accounts[i];
        accounts[i] =
            (dv_account_use){key_text(&meta->key), (meta->is_writable ? DV_ACCOUNT_WRITABLE : 0u) |
                                                       (meta->is_signer ? DV_ACCOUNT_SIGNER : 0u)};
    }
    *ret_record = (dv_leg){.venue = dv_text_of(venue),
                           .program = key_text(&ix->program),
                           .accounts = accounts,
                           .accounts_count = ix->account_count,
                           .data = {(const char *)ix->data, ix->data_size},
                           .spare_accounts = leg->spares,
                           .program_in = key_text(&leg->program_in),
                           .program_out = key_text(&leg->program_out),
                           .out_exists = leg->out_exists,
                           .out_fee_bps = leg->out_fee.bps,
                           .out_fee_max = leg->out_fee.maximum};
    return DV_OK;
}

static bool key_read(dv_text text, dv_pubkey *ret_key)
{
    if (text.size != DV_PUBKEY_SIZE) return false;
    memcpy(ret_key->bytes, text.at, DV_PUBKEY_SIZE);
    return true;
}

bool dv_swap_leg_read(const dv_leg *record, dv_swap_leg *ret_leg)
{
    dv_pubkey program, key;
    if (!key_read(record->program, &program) || record->spare_accounts > record->accounts_count ||
        !key_read(record->program_in, &ret_leg->program_in) ||
        !key_read(record->program_out, &ret_leg->program_out))
        return false;
    dv_instruction *ix = &ret_leg->instruction;
    dv_instruction_begin(ix, &program);
    for (uint32_t i = 0; i < record->accounts_count; i++) {
        const dv_account_use *use = &record->accounts[i];
        if (!key_read(use->key, &key)) return false;
        dv_instruction_add(ix, &key, (use->flags & DV_ACCOUNT_SIGNER) != 0,
                           (use->flags & DV_ACCOUNT_WRITABLE) != 0);
    }
    dv_instruction_put(ix, record->data.at, record->data.size);
    ret_leg->spares = (uint32_t)record->spare_accounts;
    ret_leg->out_exists = record->out_exists != 0;
    ret_leg->out_fee =
        (dv_transfer_fee){.maximum = record->out_fee_max, .bps = (uint16_t)record->out_fee_bps};
    return true;
}
