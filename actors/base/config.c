#include "actors/base/config.h"

#include <czmq.h>
#include <errno.h>

extern char **environ;

#define WHY_SIZE 256

typedef enum kind { NUMBER, BOOLEAN, TEXT, SECRET } kind;

/* A row of the table; values live in dv_config at the offset. */
typedef struct key_row {
    const char *key;
    kind kind;
    size_t offset;
    uint32_t least, most;
    const char *unit, *env, *meaning;
    const char *text_default;
    uint32_t number_default;
} key_row;

#define NUMBER_ROW(key, value, least, most, unit, env, meaning)                                    \
    {#key, NUMBER, offsetof(dv_config, key), least, most, unit, env, meaning, NULL, value},
#define BOOL_ROW(key, value, env, meaning)                                                         \
    {#key, BOOLEAN, offsetof(dv_config, key), 0, 1, "", env, meaning, NULL, value},
#define TEXT_ROW(key, value, env, meaning)                                                         \
    {#key, TEXT, offsetof(dv_config, key), 0, 0, "", env, meaning, value, 0},
#define SECRET_ROW(key, value, env, meaning)                                                       \
    {#key, SECRET, offsetof(dv_config, key), 0, 0, "", env, meaning, value, 0},
static const key_row KEYS[] = {DV_CONFIG(NUMBER_ROW, BOOL_ROW, TEXT_ROW, SECRET_ROW)};
#define KEY_COUNT (sizeof KEYS / sizeof KEYS[0])

/* ---- one value ---- */

static dv_err set_number(const key_row *row, const char *value, const char *origin, void *at,
                         char *ret_why)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || number < row->least ||
        number > row->most) {
        snprintf(ret_why, WHY_SIZE, "%s is \"%.64s\", but must be a whole number from %u to %u%s%s",
                 origin, value, row->least, row->most, *row->unit ? " " : "", row->unit);
        return DV_CONFIG_INVALID;
    }
    *(uint32_t *)at = (uint32_t)number;
    return DV_OK;
}

static dv_err set_bool(const char *value, const char *origin, void *at, char *ret_why)
{
    bool yes = streq(value, "yes") || streq(value, "true") || streq(value, "1");
    bool no = streq(value, "no") || streq(value, "false") || streq(value, "0");
    if (!yes && !no) {
        snprintf(ret_why, WHY_SIZE, "%s is \"%.64s\", but must be yes or no", origin, value);
        return DV_CONFIG_INVALID;
    }
    *(bool *)at = yes;
    return DV_OK;
}

static dv_err set_text(const char *value, const char *origin, char *at, char *ret_why)
{
    if (strlen(value) >= DV_CONFIG_TEXT_MAX) {
        snprintf(ret_why, WHY_SIZE, "%s is longer than %d bytes", origin, DV_CONFIG_TEXT_MAX - 1);
        return DV_CONFIG_INVALID;
    }
    snprintf(at, DV_CONFIG_TEXT_MAX, "%s", value);
    return DV_OK;
}

static dv_err set_value(const key_row *row, const char *value, const char *origin,
                        dv_config *config, char *ret_why)
{
    char *at = (char *)config + row->offset;
    switch (row->kind) {
    case NUMBER: return set_number(row, value, origin, at, ret_why);
    case BOOLEAN: return set_bool(value, origin, at, ret_why);
    case TEXT:
    case SECRET: return set_text(value, origin, at, ret_why);
    }
    return DV_CONFIG_INVALID;
}

static dv_err set_named(const char *key, const char *value, const char *origin, dv_config *config,
                        char *ret_why)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (streq(KEYS[i].key, key)) return set_value(&KEYS[i], value, origin, config, ret_why);
    snprintf(ret_why, WHY_SIZE, "%s: there is no such key (see `drover config`)", origin);
    return DV_CONFIG_INVALID;
}

/* ---- the file and the environment ---- */

static dv_err load_file(const char *file, dv_config *config, char *ret_why)
{
    zconfig_t *root = zconfig_load(file);
    if (root == NULL) {
        snprintf(ret_why, WHY_SIZE, "cannot read %.128s: it is missing, or not `key = value` lines",
                 file);
        return DV_CONFIG_INVALID;
    }
    dv_err error = DV_OK;
    for (zconfig_t *item = zconfig_child(root); item && error == DV_OK; item = zconfig_next(item)) {
        char origin[200];
        snprintf(origin, sizeof origin, "%.100s in %.90s", zconfig_name(item), file);
        const char *value = zconfig_value(item);
        error = set_named(zconfig_name(item), value ? value : "", origin, config, ret_why);
    }
    zconfig_destroy(&root);
    return error;
}

static dv_err load_drover_variable(const char *variable, dv_config *config, char *ret_why)
{
    const char *value = strchr(variable, '=') + 1;
    char origin[100], key[100];
    snprintf(origin, sizeof origin, "%.*s", (int)(value - 1 - variable), variable);
    snprintf(key, sizeof key, "%s", origin + strlen("DROVER_"));
    for (char *c = key; *c; c++) *c = (char)tolower((unsigned char)*c);
    return set_named(key, value, origin, config, ret_why);
}

static dv_err load_environment(dv_config *config, char *ret_why)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const char *value = *KEYS[i].env ? getenv(KEYS[i].env) : NULL;
        if (value == NULL || *value == '\0') continue;
        dv_err error = set_value(&KEYS[i], value, KEYS[i].env, config, ret_why);
        if (error != DV_OK) return error;
    }
    for (char **variable = environ; variable && *variable; variable++) {
        if (strncmp(*variable, "DROVER_", 7) != 0 || strchr(*variable, '=') == NULL) continue;
        dv_err error = load_drover_variable(*variable, config, ret_why);
        if (error != DV_OK) return error;
    }
    return DV_OK;
}

static const char *variable_or(const char *name, const char *other)
{
    const char *value = getenv(name);
    return value && *value ? value : other;
}

/* Appends a part of a URL, escaping what RFC 3986 reserves. */
static void url_add(char *url, const char *part)
{
    size_t n = strlen(url);
    for (; *part && n + 4 < DV_CONFIG_TEXT_MAX; part++) {
        unsigned char c = (unsigned char)*part;
        n += (size_t)snprintf(url + n, 4, isalnum(c) || strchr("-._~", c) ? "%c" : "%%%02X", c);
    }
}

static void url_printf(char *url, const char *format, const char *value)
{
    size_t n = strlen(url);
    snprintf(url + n, DV_CONFIG_TEXT_MAX - n, format, value);
}

/* Some clients' deployments name the parts instead of a URL. */
static void urls_from_parts(dv_config *config)
{
    if (*config->database_url == '\0' && getenv("DB_HOST") != NULL) {
        url_printf(config->database_url, "%s", "postgresql://");
        url_add(config->database_url, variable_or("DB_USER", "postgres"));
        if (*variable_or("DB_PASSWORD", "")) {
            url_printf(config->database_url, "%s", ":");
            url_add(config->database_url, getenv("DB_PASSWORD"));
        }
        url_printf(config->database_url, "@%s", variable_or("DB_HOST", "localhost"));
        url_printf(config->database_url, ":%s/", variable_or("DB_PORT", "5432"));
        url_add(config->database_url, variable_or("DB_NAME", "postgres"));
    }
    if (*config->redis_url == '\0' && getenv("REDIS_HOST") != NULL) {
        url_printf(config->redis_url, "%s", "redis://");
        if (*variable_or("REDIS_PASSWORD", "")) {
            url_printf(config->redis_url, "%s", ":");
            url_add(config->redis_url, getenv("REDIS_PASSWORD"));
            url_printf(config->redis_url, "%s", "@");
        }
        url_printf(config->redis_url, "%s", variable_or("REDIS_HOST", "localhost"));
        url_printf(config->redis_url, ":%s", variable_or("REDIS_PORT", "6379"));
    }
}

static bool is_mode(const char *value)
{
    return streq(value, "simulated") || streq(value, "solana");
}

static dv_err check_together(const dv_config *c, char *ret_why)
{
    const char *wrong = NULL;
    if (c->sim_quote_min_ms > c->sim_quote_max_ms)
        wrong = "sim_quote_min_ms is above sim_quote_max_ms";
    else if (c->sim_settle_min_ms > c->sim_settle_max_ms)
        wrong = "sim_settle_min_ms is above sim_settle_max_ms";
    else if (c->sim_fault_lost_answer_percent + c->sim_fault_drop_percent +
                 c->sim_fault_late_percent + c->sim_fault_expire_percent +
                 c->sim_fault_slippage_percent + c->sim_fault_fork_percent >
             100)
        wrong = "the sim_fault_… percentages of transactions add up to more than 100";
    else if (!streq(c->log_level, "debug") && !streq(c->log_level, "info") &&
             !streq(c->log_level, "warn") && !streq(c->log_level, "error"))
        wrong = "log_level must be debug, info, warn or error";
    else if (!is_mode(c->raydium_mode) || !is_mode(c->meteora_mode))
        wrong = "raydium_mode and meteora_mode must be simulated or solana";
    else if (!streq(c->solana_commitment, "confirmed") && !streq(c->solana_commitment, "finalized"))
        wrong = "solana_commitment must be confirmed or finalized";
    if (wrong == NULL) return DV_OK;
    snprintf(ret_why, WHY_SIZE, "%s", wrong);
    return DV_CONFIG_INVALID;
}

dv_err dv_config_load(const char *file, dv_config *ret_config, char ret_why[WHY_SIZE])
{
    dv_config *config = calloc(1, sizeof *config);
    if (config == NULL) return DV_OUT_OF_MEMORY;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        char *at = (char *)config + KEYS[i].offset;
        switch (KEYS[i].kind) {
        case NUMBER: *(uint32_t *)(void *)at = KEYS[i].number_default; break;
        case BOOLEAN: *(bool *)at = KEYS[i].number_default != 0; break;
        case TEXT:
        case SECRET: snprintf(at, DV_CONFIG_TEXT_MAX, "%s", KEYS[i].text_default); break;
        }
    }
    dv_err error = file ? load_file(file, config, ret_why) : DV_OK;
    if (error == DV_OK) error = load_environment(config, ret_why);
    if (error == DV_OK) urls_from_parts(config);
    if (error == DV_OK) error = check_together(config, ret_why);
    if (error == DV_OK) *ret_config = *config;
    free(config);
    return error;
}

/* ---- printing ---- */

/* Bytes of a parameter's value: libpq takes password=… in a URL, and in key=value words. */
static size_t parameter_size(const char *value)
{
    if (*value != '\'') return strcspn(value, "& ");
    const char *end = strchr(value + 1, '\'');
    return end ? (size_t)(end + 1 - value) : strlen(value);
}

/* A connection's address with its password as ***. */
static void print_masked(FILE *out, const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *user = scheme ? scheme + 3 : url;
    const char *at = scheme ? strrchr(user, '@') : NULL;
    const char *colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;
    fputc('"', out);
    if (colon != NULL) {
        fprintf(out, "%.*s:***", (int)(colon - url), url);
        url = at;
    }
    const char *parameter = strstr(url, "password=");
    if (parameter != NULL) {
        parameter += strlen("password=");
        fprintf(out, "%.*s***", (int)(parameter - url), url);
        url = parameter + parameter_size(parameter);
    }
    fprintf(out, "%s\"", url);
}

void dv_config_print(const dv_config *config, FILE *out)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const key_row *row = &KEYS[i];
        const char *at = (const char *)config + row->offset;
        fprintf(out, "%s = ", row->key);
        switch (row->kind) {
        case NUMBER: fprintf(out, "%u", *(const uint32_t *)(const void *)at); break;
        case BOOLEAN: fprintf(out, "%s", *(const bool *)at ? "yes" : "no"); break;
        case TEXT: fprintf(out, "\"%s\"", at); break;
        case SECRET: print_masked(out, at); break;
        }
        if (*row->meaning || *row->unit)
            fprintf(out, "  # %s%s%s", row->meaning, *row->unit ? ", in " : "", row->unit);
        fputc('\n', out);
    }
}
