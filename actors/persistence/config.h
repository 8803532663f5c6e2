/* Persistence's section: PostgreSQL, and how much is written at once. */
#ifndef DV_PERSISTENCE_CONFIG_H
#define DV_PERSISTENCE_CONFIG_H

#include "actors/base/config.h"

#define DV_PERSISTENCE_CONFIG(N, B, T, S, E)                                                       \
    S(database_url, "", "DATABASE_URL",                                                            \
      "PostgreSQL, as postgresql://user:password@host:port/name. An empty URL is built from "      \
      "DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD, if DB_HOST is set. `./dev run` sets "   \
      "a private server.")                                                                         \
    N(store_connections, 2, 1, 12, "", "",                                                         \
      "Connections to PostgreSQL that write. Events are numbered in the order of commit, so "      \
      "commits wait for one another. A further connection is used only while the others are "      \
      "busy and a batch is full (store_batch_max).")                                               \
    N(store_batch_max, 512, 1, 4096, "orders", "", "Most orders that one statement writes.")

typedef struct dv_persistence_config {
    DV_CONFIG_FIELDS(DV_PERSISTENCE_CONFIG)
} dv_persistence_config;

extern const dv_config_section DV_PERSISTENCE_SECTION;

#endif
