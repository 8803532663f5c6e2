/* The section of real pools: which ones a DEX trades in. */
#ifndef DV_POOLS_CONFIG_H
#define DV_POOLS_CONFIG_H

#include "actors/base/config.h"

#define DV_POOLS_CONFIG(N, B, T, S, E)                                                             \
    T(pools_file, "conf/pools.conf", "",                                                           \
      "File of the pools and pairs that DEXs on Solana trade in.")                                 \
    N(pair_pools_max, 3, 1, 32, "pools", "",                                                       \
      "Pools of each program that are traded in for a pair of pools_file, the deepest first. "     \
      "More pools take more of solana_rate_per_second.")                                           \
    N(pair_search_s, 600, 5, 86400, "s", "", "Time between searches for the pools of a pair.")

typedef struct dv_pools_config {
    DV_CONFIG_FIELDS(DV_POOLS_CONFIG)
} dv_pools_config;

extern const dv_config_section DV_POOLS_SECTION;

#endif
