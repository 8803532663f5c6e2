#include "actors/settings.h"

#include <stdlib.h>

#define ONE(member, section) +1
#define COUNT (0 DV_SETTINGS(ONE))

static void parts_fill(dv_settings *settings, dv_config_part ret_parts[COUNT])
{
    dv_config_part *part = ret_parts;
#define PART(member, section) *part++ = (dv_config_part){&section, &settings->member};
    DV_SETTINGS(PART)
#undef PART
}

dv_err dv_settings_load(const char *file, dv_settings *ret_settings,
                        char ret_why[DV_CONFIG_WHY_SIZE])
{
    dv_settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL) return DV_OUT_OF_MEMORY;
    dv_config_part parts[COUNT];
    parts_fill(settings, parts);
    dv_err error = dv_config_load(file, parts, COUNT, ret_why);
    if (error == DV_OK) *ret_settings = *settings;
    free(settings);
    return error;
}

void dv_settings_print(const dv_settings *settings, FILE *out)
{
    dv_config_part parts[COUNT];
    parts_fill((dv_settings *)settings, parts); /* only read */
    dv_config_print(parts, COUNT, out);
}

void dv_settings_print_manual(FILE *out)
{
    dv_config_part parts[COUNT] = {0};
#define SECTION(member, table) parts[i++].section = &table;
    uint32_t i = 0;
    DV_SETTINGS(SECTION)
#undef SECTION
    dv_config_print_manual(parts, COUNT, out);
}
