/* Dice: streams of random numbers that follow from a seed alone. */
#ifndef SIM_DICE_H
#define SIM_DICE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct sim_dice {
    uint64_t state;
} sim_dice;

/* A stream of its own for each purpose, so that a throw more for one leaves the others as they
   were. */
static inline sim_dice sim_dice_of(uint64_t seed, uint64_t purpose)
{
    return (sim_dice){(seed + 1) * 0x9e3779b97f4a7c15u ^ (purpose + 1) * 0xd1342543de82ef95u};
}

/* SplitMix64. */
static inline uint64_t sim_roll(sim_dice *dice)
{
    uint64_t z = (dice->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0..count-1; count is above 0. */
static inline uint32_t sim_below(sim_dice *dice, uint32_t count)
{
    return (uint32_t)(((sim_roll(dice) >> 32) * count) >> 32);
}

/* least..most. */
static inline int64_t sim_between(sim_dice *dice, int64_t least, int64_t most)
{
    return least + (int64_t)(sim_roll(dice) % (uint64_t)(most - least + 1));
}

/* True so many times in a million. */
static inline bool sim_chance(sim_dice *dice, uint32_t ppm)
{
    return sim_below(dice, 1000000) < ppm;
}

#endif
