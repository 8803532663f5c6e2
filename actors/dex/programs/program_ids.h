/* Addresses of the DEXs' programs, on mainnet and devnet. tests/unit/test_programs.c checks their
   text. */
#ifndef DV_DEX_PROGRAM_IDS_H
#define DV_DEX_PROGRAM_IDS_H

#include "actors/solana/pubkey.h"

/* Mainnet, devnet. */
extern const dv_pubkey DV_RAYDIUM_CPMM_PROGRAMS[2], DV_RAYDIUM_AMM_V4_PROGRAMS[2];

/* The same on both. The authorities are program-derived: ["pool_authority"], ["__event_authority"].
 */
extern const dv_pubkey DV_METEORA_DAMM_V2_PROGRAM, DV_METEORA_DAMM_V2_AUTHORITY,
    DV_METEORA_DAMM_V2_EVENT_AUTHORITY;

/* Mainnet, devnet. */
extern const dv_pubkey DV_RAYDIUM_CLMM_PROGRAMS[2];

/* The same on both; the authority is ["__event_authority"]. */
extern const dv_pubkey DV_METEORA_DLMM_PROGRAM, DV_METEORA_DLMM_EVENT_AUTHORITY;

#endif
