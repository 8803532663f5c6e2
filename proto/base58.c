#include "proto/base58.h"

#include <assert.h>

static const char ALPHABET[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

uint32_t dv_base58_encode(const uint8_t *bytes, size_t size, char ret_text[DV_BASE58_TEXT_SIZE])
{
    assert(size > 0 && size <= DV_BASE58_BYTES_MAX);
    uint8_t digits[DV_BASE58_TEXT_SIZE] = {0}; /* base 58, least significant first */
    uint32_t count = 0, zeros = 0;
    while (zeros < size && bytes[zeros] == 0) zeros++;
    for (size_t i = zeros; i < size; i++) {
        uint32_t carry = bytes[i];
        for (uint32_t k = 0; k < count || carry > 0; k++) {
            if (k == count) digits[count++] = 0;
            carry += (uint32_t)digits[k] << 8;
            digits[k] = (uint8_t)(carry % 58);
            carry /= 58;
        }
    }
    char *out = ret_text;
    for (uint32_t i = 0; i < zeros; i++) *out++ = ALPHABET[0];
    while (count > 0) *out++ = ALPHABET[digits[--count]];
    *out = '\0';
    return (uint32_t)(out - ret_text);
}

bool dv_base58_decode(dv_text text, uint8_t *ret_bytes, size_t size)
{
    assert(size > 0 && size <= DV_BASE58_BYTES_MAX);
    if (text.size == 0 || text.size >= DV_BASE58_TEXT_SIZE) return false;
    uint8_t bytes[DV_BASE58_BYTES_MAX] = {0}; /* least significant first */
    uint32_t count = 0, zeros = 0;
    while (zeros < text.size && text.at[zeros] == ALPHABET[0]) zeros++;
    for (uint32_t i = zeros; i < text.size; i++) {
        const char *found = text.at[i] ? strchr(ALPHABET, text.at[i]) : NULL;
        if (found == NULL) return false;
        uint32_t carry = (uint32_t)(found - ALPHABET);
        for (uint32_t k = 0; k < count || carry > 0; k++) {
            if (k == count) {
                if (count == size) return false;
                bytes[count++] = 0;
            }
            carry += bytes[k] * 58u;
            bytes[k] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    if (zeros + count != size) return false;
    memset(ret_bytes, 0, zeros);
    for (uint32_t i = 0; i < count; i++) ret_bytes[zeros + i] = bytes[count - 1 - i];
    return true;
}
