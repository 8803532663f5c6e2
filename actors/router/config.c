#include "actors/router/config.h"

const char *const DV_DEX_MODE_NAMES[] = {"simulated", "solana", NULL};

DV_CONFIG_SECTION(DV_ROUTER_SECTION, struct dv_router_config, DV_ROUTER_CONFIG, .title = "DEXs",
                  .about =
                      "A DEX is simulated, or trades in real pools on Solana with the signer's "
                      "wallet.");
