#include "actors/base/process_config.h"

const char *const DV_LOG_LEVEL_NAMES[] = {"debug", "info", "warn", "error", NULL};

DV_CONFIG_SECTION(
    DV_PROCESS_SECTION, struct dv_process_config, DV_PROCESS_CONFIG, .title = "The process",
    .about = "Without a cluster file this process runs every actor. conf/cluster.conf "
             "shows a cluster of several nodes. The log goes to standard error.");
