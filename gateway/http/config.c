#include "gateway/http/config.h"

DV_CONFIG_SECTION(DV_GATEWAY_SECTION, struct dv_gateway_config, DV_GATEWAY_CONFIG,
                  .title = "The gateway", .about = "Clients come in here by HTTP and WebSocket.");
