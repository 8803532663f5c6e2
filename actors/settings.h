/* Settings: every section of the configuration. The shell loads them and hands each actor its own
   section. Nothing below the shell includes this header. */
#ifndef DV_SETTINGS_H
#define DV_SETTINGS_H

#include "actors/base/process_config.h"
#include "actors/chain/solana/config.h"
#include "actors/dex/pools/config.h"
#include "actors/dex/sim/config.h"
#include "actors/execution/config.h"
#include "actors/ingest/config.h"
#include "actors/persistence/config.h"
#include "actors/retry/config.h"
#include "actors/router/config.h"
#include "actors/signer/config.h"
#include "gateway/http/config.h"

/* S(member, section), in the order of the manual. */
#define DV_SETTINGS(S)                                                                             \
    S(gateway, DV_GATEWAY_SECTION)                                                                 \
    S(process, DV_PROCESS_SECTION)                                                                 \
    S(ingest, DV_INGEST_SECTION)                                                                   \
    S(execution, DV_EXECUTION_SECTION)                                                             \
    S(persistence, DV_PERSISTENCE_SECTION)                                                         \
    S(retry, DV_RETRY_SECTION)                                                                     \
    S(signer, DV_SIGNER_SECTION)                                                                   \
    S(router, DV_ROUTER_SECTION)                                                                   \
    S(pools, DV_POOLS_SECTION)                                                                     \
    S(solana, DV_SOLANA_SECTION)                                                                   \
    S(sim, DV_SIM_SECTION)

typedef struct dv_settings {
#define DV_SETTINGS_MEMBER(member, section) dv_##member##_config member;
    DV_SETTINGS(DV_SETTINGS_MEMBER)
#undef DV_SETTINGS_MEMBER
} dv_settings;

/* dv_config_load of all sections. On an error ret_settings stays as it was. */
DV_MUST_CHECK dv_err dv_settings_load(const char *file, dv_settings *ret_settings,
                                      char ret_why[DV_CONFIG_WHY_SIZE]);

/* Prints every key with its effective value as lines of the file's format, secrets masked. */
void dv_settings_print(const dv_settings *settings, FILE *out);

/* Prints the manual of all keys, which is a configuration file with every key commented out. */
void dv_settings_print_manual(FILE *out);

#endif
