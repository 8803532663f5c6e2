#include "actors/dex/pools/config.h"

DV_CONFIG_SECTION(DV_POOLS_SECTION, struct dv_pools_config, DV_POOLS_CONFIG,
                  .title = "Pools on Solana", .about = "");
