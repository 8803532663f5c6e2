/* A mint of Token-2022 that withholds part of each transfer. */
#ifndef DV_TESTS_FEE_MINT_H
#define DV_TESTS_FEE_MINT_H

#include "actors/solana/account.h"
#include "actors/solana/programs.h"

#define FEE_MINT_SIZE 278

static inline void fee_mint_put(uint8_t *at, uint64_t value, int size)
{
    for (int i = 0; i < size; i++) at[i] = (uint8_t)(value >> (8 * i));
}

/* Turns a plain mint into one with a transfer fee from epoch 0 on; its data has room for
   FEE_MINT_SIZE bytes. The maximum is in atoms. */
static inline void fee_mint(dv_account *account, uint8_t *data, uint16_t bps, uint64_t maximum)
{
    account->owner = DV_PROGRAM_TOKEN_2022;
    account->size = FEE_MINT_SIZE;
    data[165] = 1;
    fee_mint_put(data + 166, 1, 2);
    fee_mint_put(data + 168, 108, 2);
    fee_mint_put(data + 170 + 98, maximum, 8);
    fee_mint_put(data + 170 + 106, bps, 2);
}

#endif
