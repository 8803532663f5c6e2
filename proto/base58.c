#include "proto/base58.h"

#include <assert.h>

static const char ALPHABET[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* The digit of a character, plus 1. 0: it is no digit. */
static const uint8_t DIGITS[128] = {
    ['1'] = 1,  ['2'] = 2,  ['3'] = 3,  ['4'] = 4,  ['5'] = 5,  ['6'] = 6,  ['7'] = 7,  ['8'] = 8,
    ['9'] = 9,  ['A'] = 10, ['B'] = 11, ['C'] = 12, ['D'] = 13, ['E'] = 14, ['F'] = 15, ['G'] = 16,
    ['H'] = 17, ['J'] = 18, ['K'] = 19, ['L'] = 20, ['M'] = 21, ['N'] = 22, ['P'] = 23, ['Q'] = 24,
    ['R'] = 25, ['S'] = 26, ['T'] = 27, ['U'] = 28, ['V'] = 29, ['W'] = 30, ['X'] = 31, ['Y'] = 32,
    ['Z'] = 33, ['a'] = 34, ['b'] = 35, ['c'] = 36, ['d'] = 37, ['e'] = 38, ['f'] = 39, ['g'] = 40,
    ['h'] = 41, ['i'] = 42, ['j'] = 43, ['k'] = 44, ['m'] = 45, ['n'] = 46, ['o'] = 47, ['p'] = 48,
    ['q'] = 49, ['r'] = 50, ['s'] = 51, ['t'] = 52, ['u'] = 53, ['v'] = 54, ['w'] = 55, ['x'] = 56,
    ['y'] = 57, ['z'] = 58,
};

/* Both directions use a long number in limbs, least significant first. Each limb takes several
   digits of the other base at once: limb * factor + carry. */
#define GROUP 5            /* digits of base 58 in a limb */
#define GROUP_58 656356768 /* 58^5 */
#define WORD 4             /* bytes in a limb */

/* number = number * factor + addend, in limbs below `base`. Returns how many limbs there are
   now. */
static inline uint32_t limbs_add(uint32_t *limbs, uint32_t count, uint64_t factor, uint64_t addend,
                                 uint64_t base)
{
    uint64_t carry = addend;
    for (uint32_t k = 0; k < count; k++) {
        carry += limbs[k] * factor;
        limbs[k] = (uint32_t)(carry % base);
        carry /= base;
    }
    for (; carry > 0; carry /= base) limbs[count++] = (uint32_t)(carry % base);
    return count;
}

/* Writes a limb's digits: all of them, or without leading zeros. */
static char *digits_put(char *out, uint32_t limb, bool all)
{
    uint32_t size = 0;
    for (uint32_t rest = limb; rest > 0; rest /= 58) size++;
    if (all) size = GROUP;
    for (uint32_t i = size; i-- > 0; limb /= 58) out[i] = ALPHABET[limb % 58];
    return out + size;
}

/* limbs: room for the text, GROUP characters in each. */
static uint32_t encode(const uint8_t *bytes, size_t size, uint32_t *limbs, char *ret_text)
{
    uint32_t count = 0, zeros = 0;
    while (zeros < size && bytes[zeros] == 0) zeros++;
    for (size_t i = zeros; i < size;) {
        size_t take = (size - i) % WORD > 0 ? (size - i) % WORD : WORD;
        uint64_t word = 0, factor = 1;
        for (size_t end = i + take; i < end; i++, factor <<= 8) word = word << 8 | bytes[i];
        count = limbs_add(limbs, count, factor, word, GROUP_58);
    }
    char *out = ret_text;
    for (uint32_t i = 0; i < zeros; i++) *out++ = ALPHABET[0];
    for (uint32_t k = count; k-- > 0;) out = digits_put(out, limbs[k], k + 1 < count);
    *out = '\0';
    return (uint32_t)(out - ret_text);
}

/* Counts the leading zeros, and reads the number after them into limbs of WORD bytes. limbs: room
   for `capacity` bytes, rounded up to limbs, and one limb more. False: the text is no base 58, or
   longer. */
static bool decode(dv_text text, uint32_t *limbs, size_t capacity, uint32_t *ret_count,
                   uint32_t *ret_zeros)
{
    uint32_t count = 0, zeros = 0;
    while (zeros < text.size && text.at[zeros] == ALPHABET[0]) zeros++;
    if (zeros > capacity) return false;
    for (uint32_t i = zeros; i < text.size;) {
        uint32_t take = (text.size - i) % GROUP > 0 ? (text.size - i) % GROUP : GROUP;
        uint64_t group = 0, factor = 1;
        for (uint32_t end = i + take; i < end; i++, factor *= 58) {
            uint8_t digit = (uint8_t)text.at[i] < 128 ? DIGITS[(uint8_t)text.at[i]] : 0;
            if (digit == 0) return false;
            group = group * 58 + digit - 1;
        }
        count = limbs_add(limbs, count, factor, group, UINT64_C(1) << 32);
        if (count * WORD >= capacity + 2 * WORD) return false;
    }
    *ret_count = count;
    *ret_zeros = zeros;
    return true;
}

/* Writes the zeros and the number's bytes, most significant first. False: there are too many. */
static bool put(const uint32_t *limbs, uint32_t count, uint32_t zeros, uint8_t *ret_bytes,
                size_t capacity, size_t *ret_size)
{
    uint32_t top = count > 0 ? limbs[count - 1] : 0, top_bytes = 0;
    for (; top > 0; top >>= 8) top_bytes++;
    size_t size = count > 0 ? (count - 1) * (size_t)WORD + top_bytes : 0;
    if (zeros + size > capacity) return false;
    if (zeros > 0) memset(ret_bytes, 0, zeros);
    for (size_t i = 0; i < size; i++)
        ret_bytes[zeros + size - 1 - i] = (uint8_t)(limbs[i / WORD] >> 8 * (i % WORD));
    *ret_size = zeros + size;
    return true;
}

/* How many limbs a text of so many characters takes; and so many bytes, with one limb more. */
#define TEXT_LIMBS(characters) ((characters) / GROUP + 1)
#define BYTE_LIMBS(bytes) ((bytes) / WORD + 2)

uint32_t dv_base58_encode(const uint8_t *bytes, size_t size, char ret_text[DV_BASE58_TEXT_SIZE])
{
    assert(size > 0 && size <= DV_BASE58_BYTES_MAX);
    uint32_t limbs[TEXT_LIMBS(DV_BASE58_TEXT_SIZE)];
    return encode(bytes, size, limbs, ret_text);
}

bool dv_base58_decode(dv_text text, uint8_t *ret_bytes, size_t size)
{
    assert(size > 0 && size <= DV_BASE58_BYTES_MAX);
    uint32_t limbs[BYTE_LIMBS(DV_BASE58_BYTES_MAX) + 1], count, zeros;
    uint8_t bytes[DV_BASE58_BYTES_MAX];
    size_t found;
    if (text.size == 0 || text.size >= DV_BASE58_TEXT_SIZE) return false;
    if (!decode(text, limbs, size, &count, &zeros)) return false;
    if (!put(limbs, count, zeros, bytes, size, &found) || found != size) return false;
    memcpy(ret_bytes, bytes, size);
    return true;
}

bool dv_base58_decode_long(dv_text text, uint8_t *ret_bytes, size_t capacity, size_t *ret_size)
{
    assert(capacity <= DV_BASE58_LONG_BYTES_MAX);
    uint32_t limbs[BYTE_LIMBS(DV_BASE58_LONG_BYTES_MAX) + 1], count, zeros;
    if (text.size >= DV_BASE58_LONG_TEXT_SIZE) return false;
    if (!decode(text, limbs, capacity, &count, &zeros)) return false;
    return put(limbs, count, zeros, ret_bytes, capacity, ret_size);
}
