/* Program-derived addresses: hashes that are not on the curve, so no key signs for them. Source:
   solana-address 1.0 syscalls.rs (create_program_address, find_program_address). */
#ifndef DV_SOLANA_PDA_H
#define DV_SOLANA_PDA_H

#include <stddef.h>

#include "actors/solana/pubkey.h"

#define DV_SEED_SIZE_MAX 32  /* bytes */
#define DV_SEED_COUNT_MAX 16 /* the bump included */

/* Borrowed bytes. */
typedef struct dv_seed {
    const void *at;
    size_t size;
} dv_seed;

#define DV_SEED_TEXT(literal)                                                                      \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define DV_SEED_KEY(key)                                                                           \
    {                                                                                              \
        (key)->bytes, DV_PUBKEY_SIZE                                                               \
    }

/* Whether the bytes are the compressed form of a point of ed25519, of small order or not. An
   unreduced y is no point, as in @solana/web3.js. The runtime (curve25519-dalek) would reduce y,
   but no hash is ever unreduced. */
bool dv_pubkey_is_on_curve(const dv_pubkey *key);

/* The address of these seeds. False, and nothing written, when the seeds are too many, one is too
   long, or the hash is on the curve. */
DV_MUST_CHECK bool dv_pda_create(const dv_seed *seeds, size_t count, const dv_pubkey *program,
                                 dv_pubkey *ret_address);

/* The address of these seeds (at most DV_SEED_COUNT_MAX - 1) and the greatest bump that gives one:
   tried from 255 down. ret_bump may be NULL. */
DV_MUST_CHECK bool dv_pda_find(const dv_seed *seeds, size_t count, const dv_pubkey *program,
                               dv_pubkey *ret_address, uint8_t *ret_bump);

/* The address that a key's seed has under an owner: the hash of key, seed and owner. Source:
   Pubkey::create_with_seed. seed: at most DV_SEED_SIZE_MAX bytes (asserted). */
dv_pubkey dv_address_of_seed(const dv_pubkey *base, dv_text seed, const dv_pubkey *owner);

/* The associated token account of an owner for a mint of this token program. */
dv_pubkey dv_ata_of(const dv_pubkey *owner, const dv_pubkey *mint, const dv_pubkey *token_program);

#endif
