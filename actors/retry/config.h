/* Retry's section: Redis, and when a due retry is offered again. */
#ifndef DV_RETRY_CONFIG_H
#define DV_RETRY_CONFIG_H

#include "actors/base/config.h"

#define DV_RETRY_CONFIG(N, B, T, S, E)                                                             \
    S(redis_url, "", "REDIS_URL",                                                                  \
      "Redis, as redis://:password@host:port/number. An empty URL is built from REDIS_HOST, "      \
      "REDIS_PORT and REDIS_PASSWORD, if REDIS_HOST is set. `./dev run` sets a private server.")   \
    N(retry_lease_ms, 5000, 100, 600000, "ms", "",                                                 \
      "Time to take over a due retry. A retry that is not taken over in time is handed out "       \
      "again.")                                                                                    \
    N(retry_sweep_ms, 2000, 100, 600000, "ms", "",                                                 \
      "Time between searches of PostgreSQL for retries that Redis lost.")

typedef struct dv_retry_config {
    DV_CONFIG_FIELDS(DV_RETRY_CONFIG)
} dv_retry_config;

extern const dv_config_section DV_RETRY_SECTION;

#endif
