/* The simulated chain: block heights, transactions and their signatures.

   The height follows from the wall time, so that it goes on across restarts; it never falls while
   the process lives, so that what was proven expired stays expired. */
#ifndef DV_DEX_SIM_CHAIN_H
#define DV_DEX_SIM_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/message.h"

#define DV_SIM_SIGNATURE_SIZE 64 /* bytes */
#define DV_SIM_NONCE_SIZE 8      /* bytes */

typedef struct dv_sim_chain {
    int64_t block_us; /* between blocks, above 0 */
    uint64_t height;  /* the highest seen; starts as 0 */
} dv_sim_chain;

/* The height at a wall time. */
uint64_t dv_sim_chain_height(dv_sim_chain *chain, int64_t wall_us);

/* The wall time at which a height is over. */
int64_t dv_sim_chain_end_us(const dv_sim_chain *chain, uint64_t height);

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
