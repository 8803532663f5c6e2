/* The wallet's private key while it is in use: in memory that is locked, left out of core dumps,
   between guard pages, unreadable but for the moment of a signature, and wiped at the end. */
#ifndef DV_SIGNER_KEY_H
#define DV_SIGNER_KEY_H

#include "actors/solana/keypair.h"
#include "proto/message.h"

typedef struct dv_signer_key dv_signer_key;

/* Reads the key from a file of the Solana command line or, when `file` is empty, from `text`, a
   JSON array of 64 bytes, which is wiped whatever comes of it; both empty: NULL, and DV_OK. On
   START_FAILED ret_why says what is wrong: the file is not there, no plain file, another user's or
   readable by others than its owner (0600), no key; or memory cannot be locked. */
DV_MUST_CHECK dv_err dv_signer_key_load(const char *file, char *text, dv_signer_key **ret_key,
                                        char ret_why[DV_REASON_MAX]);

/* The public half. */
dv_pubkey dv_signer_key_wallet(const dv_signer_key *key);

/* Signs bytes. Not from two threads at once. */
dv_signature dv_signer_key_sign(dv_signer_key *key, const uint8_t *bytes, size_t size);

/* Wipes it; accepts NULL, leaves NULL. */
void dv_signer_key_destroy(dv_signer_key **key);

#endif
