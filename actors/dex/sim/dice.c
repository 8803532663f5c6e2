#include "actors/dex/sim/dice.h"

#include <sodium.h>
#include <string.h>

uint64_t dv_sim_dice(uint64_t seed, const void *bytes, size_t size)
{
    uint8_t key[crypto_shorthash_KEYBYTES] = {0};
    memcpy(key, &seed, sizeof seed);
    uint64_t bits;
    _Static_assert(sizeof bits == crypto_shorthash_BYTES, "a hash is 64 bits");
    crypto_shorthash((unsigned char *)&bits, bytes, size, key);
    return bits;
}

uint64_t dv_sim_dice_stream(uint64_t seed, const char *name)
{
    return dv_sim_dice(seed, name, strlen(name));
}

uint64_t dv_sim_dice_between(uint64_t bits, uint64_t least, uint64_t most)
{
    if (most <= least) return most;
    return least + bits % (most - least + 1);
}
