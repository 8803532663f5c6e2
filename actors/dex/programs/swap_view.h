/* Reads swap instructions back from hostile bytes: what they pay and ask for, and whose accounts
   they name. The signer judges by this what a transaction of another process does. */
#ifndef DV_DEX_SWAP_VIEW_H
#define DV_DEX_SWAP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actors/solana/pubkey.h"
#include "proto/error.h"

typedef struct dv_swap_view {
    bool exact_out;
    uint64_t amount; /* atoms: the exact input, or the exact output if exact_out */
    uint64_t limit;  /* atoms: the least output, or the most input if exact_out */
    /* The trader's places among the instruction's accounts: the signer, the two token accounts. */
    uint8_t owner, account_in, account_out;
} dv_swap_view;

/* Whether the swaps of a program can be read: every known program, on mainnet and devnet. */
bool dv_swap_is_program(const dv_pubkey *program);

/* Reads an instruction of such a program: its data, and how many accounts it is given. False, and
   nothing written, unless dv_pool_swap encodes exactly this: not with another instruction, another
   size, a price limit, or a reserved byte that is set. */
DV_MUST_CHECK bool dv_swap_read(const dv_pubkey *program, const uint8_t *data, size_t size,
                                uint32_t account_count, dv_swap_view *ret_view);

#endif
