#include "proto/base58.h"

#include <assert.h>

static const char ALPHABET[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* digits: room for the text, all zero; base 58, least significant first. */
static uint32_t encode(const uint8_t *bytes, size_t size, uint8_t *digits, char *ret_text)
{
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

/* Reads into bytes, least significant first and without the leading zeros, which are counted. */
static bool decode(dv_text text, uint8_t *bytes, size_t capacity, uint32_t *ret_count,
                   uint32_t *ret_zeros)
{
    uint32_t count = 0, zeros = 0;
    while (zeros < text.size && text.at[zeros] == ALPHABET[0]) zeros++;
    if (zeros > capacity) return false;
    for (uint32_t i = zeros; i < text.size; i++) {
        const char *found = text.at[i] ? strchr(ALPHABET, text.at[i]) : NULL;
        if (found == NULL) return false;
        uint32_t carry = (uint32_t)(found - ALPHABET);
        for (uint32_t k = 0; k < count || carry > 0; k++) {
            if (k == count) {
                if (count + zeros == capacity) return false;
                bytes[count++] = 0;
            }
            carry += bytes[k] * 58u;
            bytes[k] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    *ret_count = count;
    *ret_zeros = zeros;
    return true;
}

static void put(const uint8_t *bytes, uint32_t count, uint32_t zeros, uint8_t *ret_bytes)
{
    if (zeros > 0) memset(ret_bytes, 0, zeros);
    for (uint32_t i = 0; i < count; i++) ret_bytes[zeros + i] = bytes[count - 1 - i];
}

uint32_t dv_base58_encode(const uint8_t *bytes, size_t size, char ret_text[DV_BASE58_TEXT_SIZE])
{
    assert(size > 0 && size <= DV_BASE58_BYTES_MAX);
    uint8_t digits[DV_BASE58_TEXT_SIZE] = {0};
    return encode(bytes, size, digits, ret_text);
}

bool dv_base58_decode(dv_text text, uint8_t *ret_bytes, size_t size)
{
    assert(size > 0 && size <= DV_BASE58_BYTES_MAX);
    uint8_t bytes[DV_BASE58_BYTES_MAX];
    uint32_t count, zeros;
    if (text.size == 0 || text.size >= DV_BASE58_TEXT_SIZE) return false;
    if (!decode(text, bytes, size, &count, &zeros) || zeros + count != size) return false;
    put(bytes, count, zeros, ret_bytes);
    return true;
}

uint32_t dv_base58_encode_long(const uint8_t *bytes, size_t size,
                               char ret_text[DV_BASE58_LONG_TEXT_SIZE])
{
    assert(size <= DV_BASE58_LONG_BYTES_MAX);
    uint8_t digits[DV_BASE58_LONG_TEXT_SIZE] = {0};
    return encode(bytes, size, digits, ret_text);
}

bool dv_base58_decode_long(dv_text text, uint8_t *ret_bytes, size_t capacity, size_t *ret_size)
{
    assert(capacity <= DV_BASE58_LONG_BYTES_MAX);
    uint8_t bytes[DV_BASE58_LONG_BYTES_MAX];
    uint32_t count, zeros;
    if (text.size >= DV_BASE58_LONG_TEXT_SIZE) return false;
    if (!decode(text, bytes, capacity, &count, &zeros)) return false;
    put(bytes, count, zeros, ret_bytes);
    *ret_size = zeros + count;
    return true;
}
