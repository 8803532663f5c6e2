/* compact-u16, the counts of Solana's messages: 7 bits a byte, least significant first, in the
   fewest bytes. Source: solana-short-vec. */
#ifndef DV_SOLANA_COMPACT_H
#define DV_SOLANA_COMPACT_H

#include <stddef.h>
#include <stdint.h>

#define DV_COMPACT_SIZE_MAX 3

/* Writes a value; returns how many bytes (1..3). */
static inline size_t dv_compact_put(uint16_t value, uint8_t ret_bytes[DV_COMPACT_SIZE_MAX])
{
    size_t size = 0;
    uint32_t rest = value;
    while (rest >= 0x80) {
        ret_bytes[size++] = (uint8_t)(rest | 0x80);
        rest >>= 7;
    }
    ret_bytes[size++] = (uint8_t)rest;
    return size;
}

/* Reads a value at the start of hostile bytes and returns how many it takes (1..3). 0: the bytes
   end within the value, are more than needed, or say more than 65535. */
static inline size_t dv_compact_get(const uint8_t *bytes, size_t size, uint16_t *ret_value)
{
    uint32_t value = 0;
    for (size_t i = 0; i < DV_COMPACT_SIZE_MAX && i < size; i++) {
        value |= (uint32_t)(bytes[i] & 0x7f) << (7 * i);
        if (bytes[i] & 0x80) continue;
        if ((i > 0 && bytes[i] == 0) || value > UINT16_MAX) return 0;
        *ret_value = (uint16_t)value;
        return i + 1;
    }
    return 0;
}

#endif
