/* The instructions around a swap: fees, token accounts, wrapped SOL, memos.
   Sources: solana-compute-budget-interface, solana-system-interface, spl-token instruction.rs,
   spl-associated-token-account, spl-memo. All keys are borrowed; the instruction is overwritten. */
#ifndef DV_SOLANA_BUILDERS_H
#define DV_SOLANA_BUILDERS_H

#include "actors/solana/instruction.h"
#include "actors/solana/lamports.h"

/* Compute budget: the most compute units (up to 1,400,000) the transaction may use. */
void dv_ix_compute_unit_limit(uint32_t units, dv_instruction *ret_instruction);

/* Compute budget: the price of a unit, millionths of a lamport. The fee of a transaction is
   5000 lamports a signature and ceil(price * limit / 1e6). */
void dv_ix_compute_unit_price(uint64_t micro_lamports, dv_instruction *ret_instruction);

/* System: an account at the address that the payer's seed has under an owner (dv_address_of_seed),
   with lamports and `space` zero bytes. seed: UTF-8, at most DV_SEED_SIZE_MAX bytes. */
typedef struct dv_seeded_account {
    dv_pubkey payer, owner;
    dv_text seed;
    dv_lamports lamports;
    uint64_t space; /* bytes */
} dv_seeded_account;
#define DV_SYSTEM_ALREADY_IN_USE 0 /* SystemError::AccountAlreadyInUse */

/* Makes the account; payer signs. Fails with the custom error ALREADY_IN_USE when it exists. */
void dv_ix_create_with_seed(const dv_seeded_account *account, dv_instruction *ret_instruction);

/* Takes the account's lamports back to payer, who signs. `lamports` has to be all of them. */
void dv_ix_take_back(const dv_seeded_account *account, dv_instruction *ret_instruction);

/* SPL Token: initialises a new account for a mint and an owner. */
void dv_ix_initialize_account(const dv_pubkey *account, const dv_pubkey *mint,
                              const dv_pubkey *owner, const dv_pubkey *token_program,
                              dv_instruction *ret_instruction);

/* Makes the owner's associated token account unless it exists; payer signs. */
void dv_ix_create_ata(const dv_pubkey *payer, const dv_pubkey *owner, const dv_pubkey *mint,
                      const dv_pubkey *token_program, dv_instruction *ret_instruction);

/* SPL Token: closes an account, its lamports to destination; owner signs. */
void dv_ix_close_account(const dv_pubkey *account, const dv_pubkey *destination,
                         const dv_pubkey *owner, const dv_pubkey *token_program,
                         dv_instruction *ret_instruction);

/* Memo: logs a text (UTF-8, at most 1232 bytes). signer may be NULL. */
void dv_ix_memo(dv_text text, const dv_pubkey *signer, dv_instruction *ret_instruction);

#endif
