/* Swap instructions read back from hostile bytes: what they pay and ask for, and whose accounts
   they name. For whoever has to know what a transaction does that somebody else made, as the
   signer. */
#ifndef DV_DEX_SWAP_VIEW_H
#define DV_DEX_SWAP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actors/solana/pubkey.h"
#include "proto/error.h"

typedef struct dv_swap_view {
    bool exact_out;
    uint64_t amount; /* the exact one, atoms: of the input, or of the output if exact_out */
    uint64_t limit;  /* atoms: the least output, or the most input if exact_out */
    /* Which of the instruction's accounts are the trader's: who signs, the token accounts. */
    uint8_t owner, account_in, account_out;
} dv_swap_view;

/* Whether a program is one of those whose swaps can be read: each venue's, on mainnet and devnet.
 */
bool dv_swap_is_program(const dv_pubkey *program);

/* Reads the data of an instruction for such a program that is given `account_count` accounts.
   False, and nothing written, unless it is exactly what dv_pool_swap encodes: another instruction,
   another size, a price limit, a reserved byte. */
DV_MUST_CHECK bool dv_swap_read(const dv_pubkey *program, const uint8_t *data, size_t size,
                                uint32_t account_count, dv_swap_view *ret_view);

#endif
