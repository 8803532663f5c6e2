#include "actors/solana/keypair.h"

#include <assert.h>
#include <sodium.h>

static_assert(sizeof(dv_keypair) == crypto_sign_SECRETKEYBYTES, "the library's form of a key");
static_assert(DV_SIGNATURE_SIZE == crypto_sign_BYTES, "the library's form of a signature");

void dv_keypair_of_seed(const uint8_t seed[DV_SEED_BYTES], dv_keypair *ret_keypair)
{
    uint8_t public_half[crypto_sign_PUBLICKEYBYTES];
    crypto_sign_seed_keypair(public_half, ret_keypair->secret, seed);
}

static void skip_space(dv_text *text)
{
    while (text->size > 0 && strchr(" \t\r\n", *text->at) != NULL && *text->at != '\0')
        text->at++, text->size--;
}

static bool take(dv_text *text, char wanted)
{
    skip_space(text);
    if (text->size == 0 || *text->at != wanted) return false;
    text->at++, text->size--;
    return true;
}

static bool take_byte(dv_text *text, uint8_t *ret_byte)
{
    uint32_t value = 0, digits = 0;
    skip_space(text);
    bool zero = text->size > 0 && *text->at == '0';
    for (; text->size > 0 && *text->at >= '0' && *text->at <= '9' && digits < 4; digits++) {
        value = 10 * value + (uint32_t)(*text->at - '0');
        text->at++, text->size--;
    }
    *ret_byte = (uint8_t)value;
    return digits >= 1 && digits <= (zero ? 1u : 3u) && value <= UINT8_MAX;
}

static bool take_array(dv_text text, uint8_t *ret_bytes, size_t count)
{
    if (text.size > DV_KEY_FILE_TEXT_MAX) return false;
    for (size_t i = 0; i < count; i++)
        if (!take(&text, i == 0 ? '[' : ',') || !take_byte(&text, &ret_bytes[i])) return false;
    if (!take(&text, ']')) return false;
    skip_space(&text);
    return text.size == 0;
}

dv_err dv_keypair_parse(dv_text text, dv_keypair *ret_keypair)
{
    dv_keypair read, derived;
    dv_err err = DV_REQUEST_MALFORMED;
    if (take_array(text, read.secret, sizeof read.secret)) {
        dv_keypair_of_seed(read.secret, &derived);
        if (sodium_memcmp(&read, &derived, sizeof read) == 0) err = DV_OK;
        if (err == DV_OK) *ret_keypair = derived;
        dv_keypair_wipe(&derived);
    }
    dv_keypair_wipe(&read);
    return err;
}

dv_pubkey dv_keypair_pubkey(const dv_keypair *keypair)
{
    return dv_pubkey_at(keypair->secret + DV_SEED_BYTES);
}

dv_signature dv_keypair_sign(const dv_keypair *keypair, const uint8_t *bytes, size_t size)
{
    dv_signature signature;
    crypto_sign_detached(signature.bytes, NULL, bytes, size, keypair->secret);
    return signature;
}

void dv_keypair_wipe(dv_keypair *keypair)
{
    sodium_memzero(keypair, sizeof *keypair);
}
