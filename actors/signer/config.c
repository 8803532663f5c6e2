#include "actors/signer/config.h"

DV_CONFIG_SECTION(DV_SIGNER_SECTION, struct dv_signer_config, DV_SIGNER_CONFIG,
                  .title = "The wallet and its signer",
                  .about =
                      "Only the process that runs the role signer needs the key. Only that process "
                      "reads these keys, except wallet. The signer signs swaps that it can read in "
                      "full, and nothing else (actors/signer/policy.h).");
