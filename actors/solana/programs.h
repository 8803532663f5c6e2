/* Addresses that are the same on every cluster. tests/unit/test_programs.c checks their text.
   Source: solana-sdk-ids, spl-token, spl-token-2022, spl-associated-token-account, spl-memo. */
#ifndef DV_SOLANA_PROGRAMS_H
#define DV_SOLANA_PROGRAMS_H

#include "actors/solana/pubkey.h"

extern const dv_pubkey DV_PROGRAM_SYSTEM;     /* 11111111111111111111111111111111 */
extern const dv_pubkey DV_PROGRAM_TOKEN;      /* TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA */
extern const dv_pubkey DV_PROGRAM_TOKEN_2022; /* TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb */
extern const dv_pubkey
    DV_PROGRAM_ASSOCIATED_TOKEN;                  /* ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL */
extern const dv_pubkey DV_PROGRAM_COMPUTE_BUDGET; /* ComputeBudget111111111111111111111111111111 */
extern const dv_pubkey DV_PROGRAM_MEMO;           /* MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr */
extern const dv_pubkey DV_SYSVAR_OWNER;           /* Sysvar1111111111111111111111111111111111111 */
extern const dv_pubkey DV_SYSVAR_CLOCK;           /* SysvarC1ock11111111111111111111111111111111 */
extern const dv_pubkey DV_SYSVAR_INSTRUCTIONS;    /* Sysvar1nstructions1111111111111111111111111 */
extern const dv_pubkey DV_MINT_WSOL;              /* So11111111111111111111111111111111111111112 */

#endif
