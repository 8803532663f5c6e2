/* The routers' section: where each DEX trades. */
#ifndef DV_ROUTER_CONFIG_H
#define DV_ROUTER_CONFIG_H

#include "actors/base/config.h"

typedef enum dv_dex_mode { DV_DEX_SIMULATED, DV_DEX_SOLANA } dv_dex_mode;

extern const char *const DV_DEX_MODE_NAMES[]; /* by dv_dex_mode; NULL at the end */

#define DV_ROUTER_CONFIG(N, B, T, S, E)                                                            \
    E(raydium_mode, dv_dex_mode, DV_DEX_MODE_NAMES, DV_DEX_SIMULATED, "",                          \
      "Where Raydium trades. Every node needs the same value.")                                    \
    E(meteora_mode, dv_dex_mode, DV_DEX_MODE_NAMES, DV_DEX_SIMULATED, "",                          \
      "Where Meteora trades. Every node needs the same value.")

typedef struct dv_router_config {
    DV_CONFIG_FIELDS(DV_ROUTER_CONFIG)
} dv_router_config;

extern const dv_config_section DV_ROUTER_SECTION;

#endif
