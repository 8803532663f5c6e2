#include "actors/persistence/config.h"

#include <stdlib.h>

/* Some deployments name the parts instead of a URL. */
static void complete(void *values)
{
    char *url = ((dv_persistence_config *)values)->database_url;
    if (*url != '\0' || getenv("DB_HOST") == NULL) return;
    const char *password = dv_config_variable("DB_PASSWORD", NULL);
    dv_config_append(url, "postgresql://");
    dv_config_append_escaped(url, dv_config_variable("DB_USER", "postgres"));
    if (password != NULL) {
        dv_config_append(url, ":");
        dv_config_append_escaped(url, password);
    }
    dv_config_append(url, "@");
    dv_config_append(url, dv_config_variable("DB_HOST", "localhost"));
    dv_config_append(url, ":");
    dv_config_append(url, dv_config_variable("DB_PORT", "5432"));
    dv_config_append(url, "/");
    dv_config_append_escaped(url, dv_config_variable("DB_NAME", "postgres"));
}

DV_CONFIG_SECTION(DV_PERSISTENCE_SECTION, struct dv_persistence_config, DV_PERSISTENCE_CONFIG,
                  .title = "Persistence", .about = "", .complete = complete);
