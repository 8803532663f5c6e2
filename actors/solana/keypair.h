/* Private keys: ed25519, in the file format of Solana's command line. Only the signer includes
   this. */
#ifndef DV_SOLANA_KEYPAIR_H
#define DV_SOLANA_KEYPAIR_H

#include "actors/solana/pubkey.h"
#include "actors/solana/signature.h"

#define DV_SEED_BYTES 32
#define DV_KEY_FILE_TEXT_MAX 1024 /* bytes of text; the tools write about 250 */

/* The owner wipes it with dv_keypair_wipe. */
typedef struct dv_keypair {
    uint8_t secret[64]; /* the seed, then the public key */
} dv_keypair;

/* The keys of a seed. */
void dv_keypair_of_seed(const uint8_t seed[DV_SEED_BYTES], dv_keypair *ret_keypair);

/* Reads the text of a key file: a JSON array of 64 bytes as decimal numbers. REQUEST_MALFORMED, and
   no byte kept, when the text is anything else or its public half is not that of the seed. */
DV_MUST_CHECK dv_err dv_keypair_parse(dv_text text, dv_keypair *ret_keypair);

/* The public half. */
dv_pubkey dv_keypair_pubkey(const dv_keypair *keypair);

/* Signs bytes; the same bytes always give the same signature (RFC 8032). */
dv_signature dv_keypair_sign(const dv_keypair *keypair, const uint8_t *bytes, size_t size);

/* Overwrites the secret, which keeps it out of core dumps. */
void dv_keypair_wipe(dv_keypair *keypair);

#endif
