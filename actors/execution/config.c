#include "actors/execution/config.h"

DV_CONFIG_SECTION(
    DV_EXECUTION_SECTION, struct dv_execution_config, DV_EXECUTION_CONFIG, .title = "Execution",
    .about =
        "A failed attempt is followed by a new one after retry_base_ms. Each further wait is "
        "retry_factor times the last one. A random part of up to retry_jitter_percent is added.");
