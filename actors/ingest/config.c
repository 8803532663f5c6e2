#include "actors/ingest/config.h"

DV_CONFIG_SECTION(DV_INGEST_SECTION, struct dv_ingest_config, DV_INGEST_CONFIG, .title = "Ingest",
                  .about = "");
