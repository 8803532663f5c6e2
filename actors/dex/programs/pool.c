#include "actors/dex/programs/pool.h"

#include <stdlib.h>

/* Every known program; ends with NULL. */
static const dv_pool_class *const CLASSES[] = {&DV_RAYDIUM_CPMM, &DV_RAYDIUM_AMM_V4,
                                               &DV_RAYDIUM_CLMM, &DV_METEORA_DAMM_V2,
                                               &DV_METEORA_DLMM, NULL};

const dv_pool_class *dv_pool_class_of(const dv_pubkey *program)
{
    for (size_t i = 0; CLASSES[i] != NULL; i++)
        for (uint32_t k = 0; k < CLASSES[i]->program_count; k++)
            if (dv_pubkey_equal(&CLASSES[i]->programs[k], program)) return CLASSES[i];
    return NULL;
}

const dv_pool_class *dv_pool_class_next(const dv_pool_class *after)
{
    size_t i = 0;
    if (after == NULL) return CLASSES[0];
    while (CLASSES[i] != after) i++;
    return CLASSES[i + 1];
}

void dv_pool_need(dv_pool_needs *needs, const dv_pubkey *address)
{
    for (uint32_t i = 0; i < needs->count; i++)
        if (dv_pubkey_equal(&needs->at[i], address)) return;
    if (needs->count < DV_POOL_NEEDS_MAX) needs->at[needs->count++] = *address;
}

/* Finds the pool's own account and its class. */
static dv_err find_own(const dv_pubkey *address, const dv_account_set *accounts,
                       const dv_account **ret_own, const dv_pool_class **ret_class,
                       dv_refusal *ret_refusal)
{
    const dv_account *own = dv_account_find(accounts, address);
    if (own == NULL || own->size == 0)
        return dv_refuse(ret_refusal, DV_VENUE_ACCOUNT_MISSING, DV_PROGRAM_ERROR_NONE,
                         "there is no account at the pool's address");
    const dv_pool_class *class = dv_pool_class_of(&own->owner);
    if (class == NULL)
        return dv_refuse_unsupported(ret_refusal,
                                     "the account belongs to none of the known venue programs");
    if (own->size < class->layout.size)
        return dv_refuse_malformed(ret_refusal, "the pool's account is too short");
    if (class->mark != NULL && memcmp(own->data, class->mark, 8) != 0)
        return dv_refuse_malformed(ret_refusal, "the account is no pool of its program");
    *ret_own = own;
    *ret_class = class;
    return DV_OK;
}

/* The part of a pool that all programs have in common. */
static dv_pool base_of(const dv_pool_class *class, const dv_account *own)
{
    dv_pool base = {.class = class, .program = own->owner, .address = own->address};
    for (uint32_t side = 0; side < 2; side++) {
        base.mint[side] = dv_pubkey_at(own->data + class->layout.mints_at + DV_PUBKEY_SIZE * side);
        base.vault[side] =
            dv_pubkey_at(own->data + class->layout.vaults_at + DV_PUBKEY_SIZE * side);
    }
    return base;
}

dv_err dv_pool_list_needs(const dv_pubkey *address, const dv_account_set *accounts,
                          dv_pool_needs *ret_needs, dv_refusal *ret_refusal)
{
    const dv_account *own;
    const dv_pool_class *class;
    ret_needs->count = 0;
    if (dv_account_find(accounts, address) == NULL) return DV_OK;
    dv_err err = find_own(address, accounts, &own, &class, ret_refusal);
    if (err) return err;
    dv_pool base = base_of(class, own);
    return class->needs(&base, own, accounts, ret_needs, ret_refusal);
}

dv_err dv_pool_new(const dv_pubkey *address, const dv_account_set *accounts, dv_pool **ret_pool,
                   dv_refusal *ret_refusal)
{
    const dv_account *own;
    const dv_pool_class *class;
    dv_err err = find_own(address, accounts, &own, &class, ret_refusal);
    if (err) return err;
    dv_pool *pool = calloc(1, class->size);
    if (pool == NULL) abort();
    *pool = base_of(class, own);
    if (dv_pubkey_equal(&pool->mint[0], &pool->mint[1]))
        err = dv_refuse_malformed(ret_refusal, "the pool's two mints are one");
    else
        err = class->decode(pool, own, accounts, ret_refusal);
    if (err)
        dv_pool_destroy(&pool);
    else
        *ret_pool = pool;
    return err;
}

void dv_pool_destroy(dv_pool **pool)
{
    if (*pool == NULL) return;
    if ((*pool)->class->release != NULL) (*pool)->class->release(*pool);
    free(*pool);
    *pool = NULL;
}

/* Whether the program takes the mode, and which side of the pool the input is. */
static dv_err read_ask(const dv_pool *pool, const dv_swap_ask *ask, uint32_t *ret_in,
                       dv_refusal *ret_refusal)
{
    if (ask->mode == DV_SWAP_PARTIAL_FILL && !pool->class->fills_partly)
        return dv_refuse(ret_refusal, DV_VENUE_QUOTE_FAILED, DV_PROGRAM_ERROR_NONE,
                         "the program fills exactly or not at all");
    for (uint32_t in = 0; in < 2; in++) {
        if (!dv_pubkey_equal(&ask->mint_in, &pool->mint[in])) continue;
        if (!dv_pubkey_equal(&ask->mint_out, &pool->mint[1 - in])) continue;
        *ret_in = in;
        return DV_OK;
    }
    return dv_refuse(ret_refusal, DV_VENUE_NO_POOL, DV_PROGRAM_ERROR_NONE,
                     "the pool is of other mints");
}

static dv_err check_limit(const dv_pool *pool, const dv_swap_ask *ask, const dv_swap_quote *quote,
                          dv_refusal *ret_refusal)
{
    if (ask->mode == DV_SWAP_EXACT_OUT) {
        if (quote->amount_in <= ask->limit) return DV_OK;
        return dv_refuse(ret_refusal, DV_VENUE_SLIPPAGE_EXCEEDED, pool->class->error_limit_in,
                         "more would be paid than the limit allows");
    }
    if (quote->amount_out >= ask->limit) return DV_OK;
    return dv_refuse(ret_refusal, DV_VENUE_SLIPPAGE_EXCEEDED, pool->class->error_limit_out,
                     "less would arrive than the limit allows");
}

dv_err dv_pool_quote(const dv_pool *pool, const dv_swap_ask *ask, const dv_chain_clock *clock,
                     dv_swap_quote *ret_quote, dv_refusal *ret_refusal)
{
    uint32_t in;
    dv_swap_quote quote = {0};
    dv_err err = read_ask(pool, ask, &in, ret_refusal);
    if (err == DV_OK) err = pool->class->quote(pool, ask, in, clock, &quote, ret_refusal);
    if (err == DV_OK) err = check_limit(pool, ask, &quote, ret_refusal);
    if (err == DV_OK) *ret_quote = quote;
    return err;
}

dv_err dv_pool_swap(const dv_pool *pool, const dv_swap_ask *ask, const dv_chain_clock *clock,
                    const dv_swap_user *user, dv_instruction *ret_instruction,
                    dv_refusal *ret_refusal)
{
    uint32_t in;
    dv_err err = read_ask(pool, ask, &in, ret_refusal);
    if (err) return err;
    return pool->class->swap(pool, ask, in, clock, user, ret_instruction, ret_refusal);
}

dv_err dv_pool_account(const dv_account_set *accounts, const dv_pubkey *address,
                       const dv_pubkey *owner, uint32_t size, const dv_account **ret_account,
                       dv_refusal *ret_refusal)
{
    const dv_account *account = dv_account_find(accounts, address);
    if (account == NULL || account->size == 0)
        return dv_refuse(ret_refusal, DV_VENUE_ACCOUNT_MISSING, DV_PROGRAM_ERROR_NONE,
                         "an account that the pool names is missing");
    if (owner != NULL && !dv_pubkey_equal(&account->owner, owner))
        return dv_refuse_malformed(ret_refusal,
                                   "an account that the pool names belongs to another program");
    if (account->size < size)
        return dv_refuse_malformed(ret_refusal, "an account that the pool names is too short");
    *ret_account = account;
    return DV_OK;
}

dv_err dv_pool_read_reserve(const dv_pool *pool, uint32_t side, dv_u128 owes,
                            const dv_account_set *accounts, uint64_t *ret_reserve,
                            dv_refusal *ret_refusal)
{
    enum { TOKEN_ERROR_FROZEN = 17 };
    const dv_account *account;
    dv_token_account token;
    dv_err err = dv_pool_account(accounts, &pool->vault[side], &pool->token_program[side], 1,
                                 &account, ret_refusal);
    if (err) return err;
    if (dv_token_account_decode(account, &token) != DV_OK ||
        !dv_pubkey_equal(&token.mint, &pool->mint[side]))
        return dv_refuse_malformed(ret_refusal, "a vault of the pool holds no tokens of its mint");
    if (token.is_frozen)
        return dv_refuse(ret_refusal, DV_VENUE_POOL_CLOSED, TOKEN_ERROR_FROZEN,
                         "a vault of the pool is frozen");
    if (owes > token.amount)
        return dv_refuse_malformed(ret_refusal, "the pool owes more than its vault holds");
    *ret_reserve = token.amount - (uint64_t)owes;
    return DV_OK;
}

static dv_err read_mint(dv_pool *pool, uint32_t side, const dv_account_set *accounts,
                        dv_refusal *ret_refusal)
{
    const dv_account *account;
    dv_mint mint;
    dv_err err = dv_pool_account(accounts, &pool->mint[side], NULL, 1, &account, ret_refusal);
    if (err) return err;
    if (dv_mint_decode(account, &mint) != DV_OK)
        return dv_refuse_malformed(ret_refusal, "a mint of the pool is no mint");
    const char *reason = NULL;
    if (mint.has_transfer_hook) reason = "a mint of the pool has a transfer hook";
    if (mint.has_unknown_extension) reason = "a mint of the pool has an unknown extension";
    if (mint.is_paused) reason = "a mint of the pool is paused";
    if (mint.is_nontransferable) reason = "a mint of the pool cannot be transferred";
    if (reason) return dv_refuse_unsupported(ret_refusal, reason);
    pool->token[side] = mint;
    pool->token_program[side] = account->owner;
    return DV_OK;
}

dv_err dv_pool_read_mints(dv_pool *pool, const dv_account_set *accounts, dv_refusal *ret_refusal)
{
    dv_err err = read_mint(pool, 0, accounts, ret_refusal);
    return err ? err : read_mint(pool, 1, accounts, ret_refusal);
}
