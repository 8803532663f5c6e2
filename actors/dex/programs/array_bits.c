#include "actors/dex/programs/array_bits.h"

#include <string.h>

#include "actors/solana/account.h"

#define OWN_AT (DV_ARRAY_BITS_GROUPS_MAX * DV_ARRAY_BITS_GROUP_WORDS) /* of the pool's own bitmap */

static uint64_t reversed(uint64_t word)
{
    uint64_t result = 0;
    for (int i = 0; i < 64; i++) result |= (word >> i & 1) << (63 - i);
    return result;
}

void dv_array_bits_decode(const uint8_t *own, const uint8_t *up_groups, const uint8_t *down_groups,
                          uint32_t group_count, bool down_descends, dv_array_bits *ret_bits)
{
    memset(ret_bits, 0, sizeof *ret_bits);
    uint64_t *words = ret_bits->words;
    for (uint32_t i = 0; i < DV_ARRAY_BITS_OWN_WORDS; i++) words[OWN_AT + i] = dv_le64(own + 8 * i);
    if (!up_groups || !down_groups) return;
    ret_bits->has_extension = true;
    for (uint32_t i = 0; i < group_count * DV_ARRAY_BITS_GROUP_WORDS; i++) {
        words[OWN_AT + DV_ARRAY_BITS_OWN_WORDS + i] = dv_le64(up_groups + 8 * i);
        uint64_t down = dv_le64(down_groups + 8 * i);
        uint32_t group = i / DV_ARRAY_BITS_GROUP_WORDS, word = i % DV_ARRAY_BITS_GROUP_WORDS;
        if (down_descends)
            words[OWN_AT - 1 - i] = reversed(down);
        else
            words[OWN_AT - (group + 1) * DV_ARRAY_BITS_GROUP_WORDS + word] = down;
    }
}

static bool next_up(const uint64_t *words, uint32_t bit, uint32_t *ret_bit)
{
    uint32_t word = bit / 64;
    uint64_t left = words[word] & UINT64_MAX << (bit % 64);
    while (left == 0) {
        if (++word == DV_ARRAY_BITS_WORDS) return false;
        left = words[word];
    }
    *ret_bit = word * 64 + (uint32_t)__builtin_ctzll(left);
    return true;
}

static bool next_down(const uint64_t *words, uint32_t bit, uint32_t *ret_bit)
{
    uint32_t word = bit / 64;
    uint64_t left = words[word] & UINT64_MAX >> (63 - bit % 64);
    while (left == 0) {
        if (word-- == 0) return false;
        left = words[word];
    }
    *ret_bit = word * 64 + 63 - (uint32_t)__builtin_clzll(left);
    return true;
}

bool dv_array_bits_next(const dv_array_bits *self, int32_t from, bool up, int32_t *ret_array)
{
    if (up ? from > DV_ARRAY_BITS_LAST : from < DV_ARRAY_BITS_FIRST) return false;
    if (from < DV_ARRAY_BITS_FIRST) from = DV_ARRAY_BITS_FIRST;
    if (from > DV_ARRAY_BITS_LAST) from = DV_ARRAY_BITS_LAST;
    uint32_t bit = (uint32_t)(from - DV_ARRAY_BITS_FIRST), found;
    if (!(up ? next_up : next_down)(self->words, bit, &found)) return false;
    *ret_array = (int32_t)found + DV_ARRAY_BITS_FIRST;
    return true;
}

uint32_t dv_array_bits_near(const dv_array_bits *self, int32_t at, uint32_t max,
                            int32_t *ret_arrays)
{
    uint32_t count = 0;
    int32_t next[2] = {at, at < INT32_MAX ? at + 1 : at};
    bool more[2] = {true, at < INT32_MAX};
    while (more[0] || more[1])
        for (int up = 0; up < 2; up++) {
            more[up] = more[up] && count < max && dv_array_bits_next(self, next[up], up, &next[up]);
            if (!more[up]) continue;
            ret_arrays[count++] = next[up];
            next[up] += up ? 1 : -1;
        }
    return count;
}
