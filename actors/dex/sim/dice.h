/* Chance in the simulated venues: every random choice is a hash of the seed and of what is chosen
   for, so that a run can be repeated and two venues agree without speaking to each other. */
#ifndef DV_DEX_SIM_DICE_H
#define DV_DEX_SIM_DICE_H

#include <stddef.h>
#include <stdint.h>

/* 64 even bits from a seed and some bytes (SipHash-2-4 of libsodium). */
uint64_t dv_sim_dice(uint64_t seed, const void *bytes, size_t size);

/* The seed of an independent stream of choices, by its name. */
uint64_t dv_sim_dice_stream(uint64_t seed, const char *name);

/* A dice's bits brought into least..most, both included. The bias is below 2^-30 for ranges of
   milliseconds and parts per billion. When most is below least it is most: a configuration that
   sets a maximum of zero means zero. */
uint64_t dv_sim_dice_between(uint64_t bits, uint64_t least, uint64_t most);

#endif
