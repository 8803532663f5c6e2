/* Mints and token accounts of the SPL Token and Token-2022 programs, and Token-2022's transfer fee.
   Layouts: spl-token state.rs, spl-token-2022 extension/mod.rs and transfer_fee/mod.rs. */
#ifndef DV_SOLANA_TOKEN_H
#define DV_SOLANA_TOKEN_H

#include "actors/solana/account.h"

/* A transfer fee from an epoch on. */
typedef struct dv_transfer_fee {
    uint64_t epoch;   /* the first epoch of the fee */
    uint64_t maximum; /* atoms */
    uint16_t bps;     /* 0..10000 */
} dv_transfer_fee;

typedef struct dv_mint {
    uint64_t supply; /* atoms */
    uint8_t decimals;
    bool has_authority, has_freeze_authority;
    dv_pubkey authority, freeze_authority; /* zero without one */
    bool is_token_2022;
    bool has_transfer_fee;
    dv_transfer_fee older, newer; /* all zero without has_transfer_fee */
    /* Token-2022 extensions that stop a plain transfer, or need further accounts. */
    bool has_transfer_hook;     /* the hook names a program */
    bool is_paused;             /* extension Pausable, paused now */
    bool is_nontransferable;    /* extension NonTransferable */
    bool has_unknown_extension; /* newer than this list: it may change a transfer */
} dv_mint;

typedef struct dv_token_account {
    dv_pubkey mint, owner;
    uint64_t amount; /* atoms */
    bool has_delegate, is_frozen, is_native;
    dv_pubkey delegate;              /* zero without one */
    dv_lamports rent_exempt_reserve; /* 0 unless is_native */
    bool is_token_2022;
} dv_token_account;

/* Read an account of either token program. MESSAGE_MALFORMED: it belongs to another program, is not
   initialised, is of the other kind, or its extensions are malformed. */
DV_MUST_CHECK dv_err dv_mint_decode(const dv_account *account, dv_mint *ret_mint);
DV_MUST_CHECK dv_err dv_token_account_decode(const dv_account *account,
                                             dv_token_account *ret_account);

/* The transfer fee in force in an epoch: the newer one from its epoch on, else the older one. */
static inline const dv_transfer_fee *dv_mint_fee_at(const dv_mint *mint, uint64_t epoch)
{
    return epoch >= mint->newer.epoch ? &mint->newer : &mint->older;
}

/* What a transfer of `amount` withholds: min(ceil(amount * bps / 10000), maximum). */
uint64_t dv_transfer_fee_ceil(const dv_transfer_fee *fee, uint64_t amount);

/* What a transfer withholds if `net` has to arrive, as the programs compute it: the transfer is of
   net plus this. False, and nothing written, when that sum does not fit u64. */
DV_MUST_CHECK bool dv_transfer_fee_inverse_ceil(const dv_transfer_fee *fee, uint64_t net,
                                                uint64_t *ret_withheld);

#endif
