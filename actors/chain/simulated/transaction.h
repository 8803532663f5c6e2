/* Transactions of the simulated chain, and their signatures. */
#ifndef DV_CHAIN_SIMULATED_TRANSACTION_H
#define DV_CHAIN_SIMULATED_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/message.h"

#define DV_SIM_SIGNATURE_SIZE 64 /* bytes */
#define DV_SIM_NONCE_SIZE 8      /* bytes */

/* One swap, as its transaction says it. */
typedef struct dv_sim_transaction {
    char dex[DV_VENUE_MAX];
    dv_id order_id;
    uint8_t attempt;
    uint8_t swap_mode; /* dv_swap_mode */
    char token_in[DV_MINT_MAX + 1], token_out[DV_MINT_MAX + 1];
    uint64_t amount;       /* the exact one, atoms */
    uint64_t limit_amount; /* the other one's limit, atoms */
    uint64_t last_valid_block_height;
    uint8_t nonce[DV_SIM_NONCE_SIZE]; /* tells apart what is otherwise equal */
} dv_sim_transaction;

/* A mark of 8 bytes, then the fields in their order: texts padded with zeros, numbers with their
   least significant byte first. */
#define DV_SIM_TRANSACTION_SIZE                                                                    \
    (8 + DV_VENUE_MAX + 16 + 1 + 1 + 2 * DV_MINT_MAX + 3 * 8 + DV_SIM_NONCE_SIZE)
_Static_assert(DV_SIM_TRANSACTION_SIZE <= DV_TRANSACTION_MAX, "it fits a packet");

/* Writes a transaction's bytes; the texts in it must be padded with zeros. */
void dv_sim_transaction_encode(const dv_sim_transaction *transaction,
                               uint8_t ret_bytes[DV_SIM_TRANSACTION_SIZE]);

/* Reads bytes of any origin; false, and nothing written, when they are no such transaction. */
DV_MUST_CHECK bool dv_sim_transaction_decode(dv_text bytes, dv_sim_transaction *ret_transaction);

/* The signature of a transaction's bytes: their BLAKE2b hash of 64 bytes. */
void dv_sim_sign(dv_text bytes, uint8_t ret_signature[DV_SIM_SIGNATURE_SIZE]);

#endif
