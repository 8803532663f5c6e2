/* Which of a pool's arrays of ticks or bins are in use: one bit each, in one row. Raydium and
   Meteora keep these bits in a bitmap of the pool's account and in an extension's account. Array 0
   begins at tick or bin 0. */
#ifndef DV_DEX_ARRAY_BITS_H
#define DV_DEX_ARRAY_BITS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/error.h"

/* The pool's own bitmap holds arrays -512 to 511; the extension's account holds the others. */
#define DV_ARRAY_BITS_OWN_WORDS 16
#define DV_ARRAY_BITS_OWN_FIRST (-512)
#define DV_ARRAY_BITS_GROUP_WORDS 8 /* 512 arrays: a group of an extension */
#define DV_ARRAY_BITS_GROUPS_MAX 14 /* on a side of an extension: Raydium's; Meteora has 12 */
#define DV_ARRAY_BITS_WORDS                                                                        \
    (DV_ARRAY_BITS_OWN_WORDS + 2 * DV_ARRAY_BITS_GROUPS_MAX * DV_ARRAY_BITS_GROUP_WORDS)
#define DV_ARRAY_BITS_FIRST (DV_ARRAY_BITS_OWN_FIRST - 512 * DV_ARRAY_BITS_GROUPS_MAX)
#define DV_ARRAY_BITS_LAST (-DV_ARRAY_BITS_FIRST - 1)

/* Bit i of the words, the least significant first, is array FIRST + i. */
typedef struct dv_array_bits {
    bool has_extension;
    uint64_t words[DV_ARRAY_BITS_WORDS];
} dv_array_bits;

/* Reads the pool's own bitmap (16 little-endian u64) and an extension's groups. The groups upwards
   begin at array 512, those downwards end at array -513. Within a downward group Raydium's bits
   ascend (bit 0 is array -1024), Meteora's descend (bit 0 is array -513). NULL: there is no
   extension. */
void dv_array_bits_decode(const uint8_t *own, const uint8_t *up_groups, const uint8_t *down_groups,
                          uint32_t group_count, bool down_descends, dv_array_bits *ret_bits);

/* The nearest array in use at or above `from` (up), or at or below it. False when there is none.
   `from` may be any number. */
DV_MUST_CHECK bool dv_array_bits_next(const dv_array_bits *self, int32_t from, bool up,
                                      int32_t *ret_array);

/* Lists the arrays in use nearest to `at`: downwards, `at` first, and upwards in turns. Returns how
   many, at most max. */
uint32_t dv_array_bits_near(const dv_array_bits *self, int32_t at, uint32_t max,
                            int32_t *ret_arrays);

/* Whether an array is in use. */
static inline bool dv_array_bits_has(const dv_array_bits *self, int32_t array)
{
    if (array < DV_ARRAY_BITS_FIRST || array > DV_ARRAY_BITS_LAST) return false;
    uint32_t bit = (uint32_t)(array - DV_ARRAY_BITS_FIRST);
    return self->words[bit / 64] >> (bit % 64) & 1;
}

#endif
