#include "actors/solana/pda.h"

#include <assert.h>
#include <sodium.h>

#include "actors/solana/programs.h"

static const char MARKER[] = "ProgramDerivedAddress"; /* without its NUL */

/* Whether y is at least 2^255 - 19; the uppermost bit is the sign of x. */
static bool is_unreduced(const dv_pubkey *key)
{
    for (int i = 1; i < DV_PUBKEY_SIZE - 1; i++)
        if (key->bytes[i] != 0xff) return false;
    return (key->bytes[31] & 0x7f) == 0x7f && key->bytes[0] >= 0xed;
}

/* libsodium's own test also asks for the prime-order subgroup, which Solana does not. Adding the
   neutral element only asks that both points decompress. */
bool dv_pubkey_is_on_curve(const dv_pubkey *key)
{
    static const uint8_t neutral[crypto_core_ed25519_BYTES] = {1};
    uint8_t sum[crypto_core_ed25519_BYTES];
    return !is_unreduced(key) && crypto_core_ed25519_add(sum, key->bytes, neutral) == 0;
}

static bool hash_seeds(const dv_seed *seeds, size_t count, crypto_hash_sha256_state *hash)
{
    crypto_hash_sha256_init(hash);
    for (size_t i = 0; i < count; i++) {
        if (seeds[i].size > DV_SEED_SIZE_MAX) return false;
        crypto_hash_sha256_update(hash, seeds[i].at, seeds[i].size);
    }
    return true;
}

static bool finish(crypto_hash_sha256_state *hash, const dv_pubkey *program, dv_pubkey *ret_address)
{
    dv_pubkey address;
    crypto_hash_sha256_update(hash, program->bytes, DV_PUBKEY_SIZE);
    crypto_hash_sha256_update(hash, (const uint8_t *)MARKER, sizeof MARKER - 1);
    crypto_hash_sha256_final(hash, address.bytes);
    if (dv_pubkey_is_on_curve(&address)) return false;
    *ret_address = address;
    return true;
}

bool dv_pda_create(const dv_seed *seeds, size_t count, const dv_pubkey *program,
                   dv_pubkey *ret_address)
{
    crypto_hash_sha256_state hash;
    if (count > DV_SEED_COUNT_MAX || !hash_seeds(seeds, count, &hash)) return false;
    return finish(&hash, program, ret_address);
}

bool dv_pda_find(const dv_seed *seeds, size_t count, const dv_pubkey *program,
                 dv_pubkey *ret_address, uint8_t *ret_bump)
{
    crypto_hash_sha256_state hash;
    if (count >= DV_SEED_COUNT_MAX || !hash_seeds(seeds, count, &hash)) return false;
    for (int bump = 255; bump >= 0; bump--) {
        crypto_hash_sha256_state with_bump = hash;
        uint8_t byte = (uint8_t)bump;
        crypto_hash_sha256_update(&with_bump, &byte, 1);
        if (!finish(&with_bump, program, ret_address)) continue;
        if (ret_bump) *ret_bump = byte;
        return true;
    }
    return false;
}

dv_pubkey dv_address_of_seed(const dv_pubkey *base, dv_text seed, const dv_pubkey *owner)
{
    dv_pubkey address;
    crypto_hash_sha256_state hash;
    assert(seed.size <= DV_SEED_SIZE_MAX);
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, base->bytes, sizeof base->bytes);
    crypto_hash_sha256_update(&hash, (const uint8_t *)seed.at, seed.size);
    crypto_hash_sha256_update(&hash, owner->bytes, sizeof owner->bytes);
    crypto_hash_sha256_final(&hash, address.bytes);
    return address;
}

dv_pubkey dv_ata_of(const dv_pubkey *owner, const dv_pubkey *mint, const dv_pubkey *token_program)
{
    const dv_seed seeds[] = {DV_SEED_KEY(owner), DV_SEED_KEY(token_program), DV_SEED_KEY(mint)};
    dv_pubkey address = {{0}};
    bool found = dv_pda_find(seeds, 3, &DV_PROGRAM_ASSOCIATED_TOKEN, &address, NULL);
    assert(found); /* 256 hashes in a row are never all on the curve */
    return address;
}
