#include "actors/chain/solana/config.h"

const char *const DV_CONFIRMATION_NAMES[] = {"confirmed", "finalized", NULL};

DV_CONFIG_SECTION(DV_SOLANA_SECTION, struct dv_solana_config, DV_SOLANA_CONFIG,
                  .title = "The Solana cluster",
                  .about = "Slot times, rents and fees are read from the cluster.");
