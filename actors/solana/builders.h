/* The instructions around a swap: fees, token accounts, wrapped SOL, memos.
   Sources: solana-compute-budget-interface, solana-system-interface, spl-token instruction.rs,
   spl-associated-token-account, spl-memo. All keys are borrowed; the instruction is overwritten. */
#ifndef DV_SOLANA_BUILDERS_H
#define DV_SOLANA_BUILDERS_H

#include "actors/solana/instruction.h"

/* Compute budget: the most compute units (up to 1,400,000) the transaction may use. */
void dv_ix_compute_unit_limit(uint32_t units, dv_instruction *ret_instruction);

/* Compute budget: the price of a unit, millionths of a lamport. The fee of a transaction is
   5000 lamports a signature and ceil(price * limit / 1e6). */
void dv_ix_compute_unit_price(uint64_t micro_lamports, dv_instruction *ret_instruction);

/* Compute budget: heap bytes, and the most bytes of accounts to be loaded. */
void dv_ix_heap_frame(uint32_t bytes, dv_instruction *ret_instruction);
void dv_ix_loaded_data_limit(uint32_t bytes, dv_instruction *ret_instruction);

/* System: moves lamports; from signs. */
void dv_ix_transfer(const dv_pubkey *from, const dv_pubkey *to, uint64_t lamports,
                    dv_instruction *ret_instruction);

/* Makes the owner's associated token account unless it is there already; payer signs. */
void dv_ix_create_ata(const dv_pubkey *payer, const dv_pubkey *owner, const dv_pubkey *mint,
                      const dv_pubkey *token_program, dv_instruction *ret_instruction);

/* SPL Token: makes the amount of a wrapped-SOL account what its lamports are. */
void dv_ix_sync_native(const dv_pubkey *account, dv_instruction *ret_instruction);

/* SPL Token: closes an account, its lamports to destination; owner signs. */
void dv_ix_close_account(const dv_pubkey *account, const dv_pubkey *destination,
                         const dv_pubkey *owner, const dv_pubkey *token_program,
                         dv_instruction *ret_instruction);

/* What a checked transfer names. */
typedef struct dv_token_transfer {
    dv_pubkey source, mint, destination, owner, token_program; /* owner signs */
    uint64_t amount;                                           /* atoms */
    uint8_t decimals;                                          /* of the mint: checked on chain */
} dv_token_transfer;

/* SPL Token: transferChecked. */
void dv_ix_transfer_checked(const dv_token_transfer *transfer, dv_instruction *ret_instruction);

/* Memo: a text (UTF-8, at most 1232 bytes) in the log; signer may be NULL. */
void dv_ix_memo(dv_text text, const dv_pubkey *signer, dv_instruction *ret_instruction);

#endif
