/* What a transaction did: its failure, its token transfers, and the balances that it changed. */
#ifndef DV_SOLANA_OUTCOME_H
#define DV_SOLANA_OUTCOME_H

#include "actors/solana/pubkey.h"

/* Why a transaction failed (TransactionError). */
#define DV_FAILURE_NAME_MAX 47
typedef struct dv_failure {
    bool failed;         /* false: it did not fail, and the rest is empty */
    bool in_instruction; /* InstructionError: instruction and custom are set */
    bool is_custom;      /* custom is the program's own code */
    uint8_t instruction; /* its index */
    uint32_t custom;
    char name[DV_FAILURE_NAME_MAX + 1]; /* e.g. BlockhashNotFound, Custom */
} dv_failure;

/* A transfer by a token program within a transaction. */
typedef struct dv_token_move {
    uint8_t instruction; /* index of the transaction's instruction */
    dv_pubkey source, destination;
    uint64_t amount;   /* atoms, before Token-2022 withholds its fee */
    uint64_t withheld; /* the transfer fee if the program names it; otherwise 0 */
} dv_token_move;
#define DV_TOKEN_MOVES_MAX 64

/* A token account's balance before and after a transaction. */
typedef struct dv_token_change {
    dv_pubkey account, owner, mint;
    uint64_t before, after; /* atoms; 0 where the account was not there */
} dv_token_change;
#define DV_TOKEN_CHANGES_MAX 32

#endif
