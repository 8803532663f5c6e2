/* Ingest's section: how many orders are taken. */
#ifndef DV_INGEST_CONFIG_H
#define DV_INGEST_CONFIG_H

#include "actors/base/config.h"

#define DV_INGEST_CONFIG(N, B, T, S, E)                                                            \
    N(in_flight_max, 100000, 1, 10000000, "orders", "",                                            \
      "Orders that are accepted and not terminal. At this number new orders get 503.")

typedef struct dv_ingest_config {
    DV_CONFIG_FIELDS(DV_INGEST_CONFIG)
} dv_ingest_config;

extern const dv_config_section DV_INGEST_SECTION;

#endif
