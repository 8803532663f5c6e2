#include "actors/retry/config.h"

#include <stdlib.h>

/* Some deployments name the parts instead of a URL. */
static void complete(void *values)
{
    char *url = ((dv_retry_config *)values)->redis_url;
    if (*url != '\0' || getenv("REDIS_HOST") == NULL) return;
    const char *password = dv_config_variable("REDIS_PASSWORD", NULL);
    dv_config_append(url, "redis://");
    if (password != NULL) {
        dv_config_append(url, ":");
        dv_config_append_escaped(url, password);
        dv_config_append(url, "@");
    }
    dv_config_append(url, dv_config_variable("REDIS_HOST", "localhost"));
    dv_config_append(url, ":");
    dv_config_append(url, dv_config_variable("REDIS_PORT", "6379"));
}

DV_CONFIG_SECTION(DV_RETRY_SECTION, struct dv_retry_config, DV_RETRY_CONFIG, .title = "Retry",
                  .about = "", .complete = complete);
