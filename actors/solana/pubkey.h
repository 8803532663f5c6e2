/* A 32-byte Solana address: a public key, or a program-derived address, which has no private
   key. */
#ifndef DV_SOLANA_PUBKEY_H
#define DV_SOLANA_PUBKEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proto/base58.h"

#define DV_PUBKEY_SIZE 32

typedef struct dv_pubkey {
    uint8_t bytes[DV_PUBKEY_SIZE];
} dv_pubkey;

static inline bool dv_pubkey_equal(const dv_pubkey *a, const dv_pubkey *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Compares bytes, as programs sort the two mints of a pool: negative, 0 or positive. */
static inline int dv_pubkey_compare(const dv_pubkey *a, const dv_pubkey *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

/* Whether all bytes are zero. That is the system program's address; in accounts it stands for
   none. */
static inline bool dv_pubkey_is_zero(const dv_pubkey *key)
{
    static const dv_pubkey zero;
    return dv_pubkey_equal(key, &zero);
}

/* Copies an address out of bytes. The caller knows that 32 of them are there. */
static inline dv_pubkey dv_pubkey_at(const uint8_t *bytes)
{
    dv_pubkey key;
    memcpy(key.bytes, bytes, sizeof key.bytes);
    return key;
}

/* Reads base58; false, and nothing written, unless the text is exactly 32 bytes. */
DV_MUST_CHECK static inline bool dv_pubkey_parse(dv_text text, dv_pubkey *ret_key)
{
    return dv_base58_decode(text, ret_key->bytes, sizeof ret_key->bytes);
}

#endif
