/* A leg: one swap in one pool, as an instruction that a transaction can take in. Routers make legs out
   of pools; the chain actor puts them into transactions. Pure. */
#ifndef DV_DEX_SWAP_LEG_H
#define DV_DEX_SWAP_LEG_H

#include "actors/dex/programs/pool.h"
#include "proto/id.h"
#include "proto/records.h"

/* Plain memory, without pointers. */
typedef struct dv_swap_leg {
    dv_instruction instruction;        /* with all its spare accounts */
    uint32_t spares;                   /* of its last accounts: may be left out, from the last on */
    dv_pubkey program_in, program_out; /* token programs of the two mints */
    bool out_exists;                   /* the wallet has an account for the mint received */
    dv_transfer_fee out_fee;           /* what a transfer of that mint withholds; bps 0: nothing */
} dv_swap_leg;

/* Who swaps. */
typedef struct dv_swap_party {
    dv_pubkey wallet;
    dv_id order_id;
    bool out_exists; /* the wallet's associated account for the mint received */
} dv_swap_party;

/* The address of an order's guard, and of the account in which the order wraps SOL. */
dv_pubkey dv_swap_guard_address(const dv_pubkey *wallet, const dv_id *order_id);
dv_pubkey dv_swap_wrapped_address(const dv_pubkey *wallet, const dv_id *order_id);

/* The account that an order pays a mint from, or receives it in: the wallet's associated one, except
   for SOL, which the order wraps in an account of its own. */
dv_pubkey dv_swap_account(const dv_pubkey *wallet, const dv_id *order_id, const dv_pubkey *mint,
                          const dv_pubkey *token_program);

/* Makes the leg of a swap. Errors: those of dv_pool_swap. */
DV_MUST_CHECK dv_err dv_swap_leg_make(const dv_pool *pool, const dv_swap_ask *ask,
                                      const dv_chain_clock *clock, const dv_swap_party *party,
                                      dv_swap_leg *ret_leg, dv_refusal *ret_refusal);

/* Writes a leg as a record, which borrows from the leg and from accounts. VENUE_BUILD_FAILED: the
   instruction is larger than a packet. */
DV_MUST_CHECK dv_err dv_swap_leg_write(const dv_swap_leg *leg, const char *venue,
                                       dv_account_use accounts[DV_LEG_ACCOUNTS_MAX],
                                       dv_leg *ret_record);

/* Reads a record. False: it is no leg of Solana. */
DV_MUST_CHECK bool dv_swap_leg_read(const dv_leg *record, dv_swap_leg *ret_leg);

#endif
