#include "actors/base/config.h"

#include <assert.h>
#include <ctype.h>
#include <czmq.h>
#include <errno.h>

extern char **environ;

#define WHY_SIZE DV_CONFIG_WHY_SIZE
#define PREFIX "DROVER_"
#define MANUAL_WIDTH 100    /* columns */
#define GLUE "\1"           /* a space at which a line may not break */
#define MANUAL_COMMENT 4096 /* bytes of one key's comment, before it is wrapped */

typedef struct sections {
    const dv_config_part *parts;
    uint32_t count;
} sections;

static void *value_at(const dv_config_part *part, const dv_config_key *key)
{
    return (char *)part->values + key->offset;
}

/* ---- one value ---- */

static dv_err set_number(const dv_config_key *key, const char *value, const char *origin, void *at,
                         char *ret_why)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || number < key->least ||
        number > key->most) {
        snprintf(ret_why, WHY_SIZE, "%s is \"%.64s\", but must be a whole number from %u to %u%s%s",
                 origin, value, key->least, key->most, *key->unit ? " " : "", key->unit);
        return DV_CONFIG_INVALID;
    }
    *(uint32_t *)at = (uint32_t)number;
    return DV_OK;
}

static dv_err set_flag(const char *value, const char *origin, void *at, char *ret_why)
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

/* "debug, info, warn or error"; what does not fit is cut. */
static void names_list(const char *const *names, char *ret_list, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; names[i] != NULL && n < size; i++) {
        const char *comma = i == 0 ? "" : names[i + 1] == NULL ? " or " : ", ";
        n += (size_t)snprintf(ret_list + n, size - n, "%s%s", comma, names[i]);
    }
}

/* An enum is as large as an int, by every compiler that builds this. */
static void enum_store(void *at, uint32_t number)
{
    memcpy(at, &number, sizeof number);
}

static uint32_t enum_load(const void *at)
{
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static dv_err set_enum(const dv_config_key *key, const char *value, const char *origin, void *at,
                       char *ret_why)
{
    uint32_t number = 0;
    while (key->names[number] != NULL && !streq(key->names[number], value)) number++;
    if (key->names[number] == NULL) {
        char allowed[128];
        names_list(key->names, allowed, sizeof allowed);
        snprintf(ret_why, WHY_SIZE, "%s is \"%.64s\", but must be %s", origin, value, allowed);
        return DV_CONFIG_INVALID;
    }
    enum_store(at, number);
    return DV_OK;
}

static dv_err set_value(const dv_config_key *key, const char *value, const char *origin, void *at,
                        char *ret_why)
{
    switch (key->kind) {
    case DV_CONFIG_NUMBER: return set_number(key, value, origin, at, ret_why);
    case DV_CONFIG_FLAG: return set_flag(value, origin, at, ret_why);
    case DV_CONFIG_ENUM: return set_enum(key, value, origin, at, ret_why);
    case DV_CONFIG_TEXT:
    case DV_CONFIG_SECRET: return set_text(value, origin, at, ret_why);
    }
    return DV_CONFIG_INVALID;
}

static dv_err set_named(const sections *all, const char *name, const char *value,
                        const char *origin, char *ret_why)
{
    for (const dv_config_part *p = all->parts; p < all->parts + all->count; p++)
        for (uint32_t i = 0; i < p->section->key_count; i++) {
            const dv_config_key *key = &p->section->keys[i];
            if (streq(key->name, name))
                return set_value(key, value, origin, value_at(p, key), ret_why);
        }
    snprintf(ret_why, WHY_SIZE, "%s: there is no such key (see `drover config`)", origin);
    return DV_CONFIG_INVALID;
}

/* ---- defaults, file, environment ---- */

void dv_config_set_defaults(const dv_config_section *section, void *values)
{
    for (uint32_t i = 0; i < section->key_count; i++) {
        const dv_config_key *key = &section->keys[i];
        char *at = (char *)values + key->offset;
        switch (key->kind) {
        case DV_CONFIG_NUMBER: *(uint32_t *)(void *)at = key->number_default; break;
        case DV_CONFIG_FLAG: *(bool *)at = key->number_default != 0; break;
        case DV_CONFIG_ENUM: enum_store(at, key->number_default); break;
        case DV_CONFIG_TEXT:
        case DV_CONFIG_SECRET: snprintf(at, DV_CONFIG_TEXT_MAX, "%s", key->text_default); break;
        }
    }
}

static dv_err load_file(const sections *all, const char *file, char *ret_why)
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
        error = set_named(all, zconfig_name(item), value ? value : "", origin, ret_why);
    }
    zconfig_destroy(&root);
    return error;
}

/* variable: "DROVER_<KEY>=value". */
static dv_err load_own_variable(const sections *all, const char *variable, char *ret_why)
{
    const char *value = strchr(variable, '=') + 1;
    char origin[100], name[100];
    snprintf(origin, sizeof origin, "%.*s", (int)(value - 1 - variable), variable);
    snprintf(name, sizeof name, "%s", origin + strlen(PREFIX));
    for (char *c = name; *c; c++) *c = (char)tolower((unsigned char)*c);
    return set_named(all, name, value, origin, ret_why);
}

/* The variables that the section's keys have beside DROVER_<KEY>. An empty one counts as unset. */
static dv_err load_other_variables(const dv_config_part *part, char *ret_why)
{
    for (uint32_t i = 0; i < part->section->key_count; i++) {
        const dv_config_key *key = &part->section->keys[i];
        const char *value = *key->variable ? dv_config_variable(key->variable, NULL) : NULL;
        if (value == NULL) continue;
        dv_err error = set_value(key, value, key->variable, value_at(part, key), ret_why);
        if (error != DV_OK) return error;
    }
    return DV_OK;
}

static dv_err load_environment(const sections *all, char *ret_why)
{
    for (uint32_t i = 0; i < all->count; i++) {
        dv_err error = load_other_variables(&all->parts[i], ret_why);
        if (error != DV_OK) return error;
    }
    for (char **variable = environ; variable && *variable; variable++) {
        bool own = strncmp(*variable, PREFIX, strlen(PREFIX)) == 0;
        if (!own || strchr(*variable, '=') == NULL) continue;
        dv_err error = load_own_variable(all, *variable, ret_why);
        if (error != DV_OK) return error;
    }
    return DV_OK;
}

dv_err dv_config_load(const char *file, const dv_config_part *parts, uint32_t count,
                      char ret_why[WHY_SIZE])
{
    const sections all = {parts, count};
    for (uint32_t i = 0; i < count; i++) dv_config_set_defaults(parts[i].section, parts[i].values);
    dv_err error = file ? load_file(&all, file, ret_why) : DV_OK;
    if (error == DV_OK) error = load_environment(&all, ret_why);
    for (uint32_t i = 0; i < count && error == DV_OK; i++) {
        const dv_config_section *section = parts[i].section;
        if (section->complete) section->complete(parts[i].values);
        const char *wrong = section->check ? section->check(parts[i].values) : NULL;
        if (wrong == NULL) continue;
        snprintf(ret_why, WHY_SIZE, "%s", wrong);
        error = DV_CONFIG_INVALID;
    }
    return error;
}

/* ---- values put together ---- */

const char *dv_config_variable(const char *name, const char *other)
{
    const char *value = getenv(name);
    return value && *value ? value : other;
}

void dv_config_append(char *text, const char *part)
{
    size_t n = strlen(text);
    snprintf(text + n, DV_CONFIG_TEXT_MAX - n, "%s", part);
}

void dv_config_append_escaped(char *text, const char *part)
{
    size_t n = strlen(text);
    for (; *part && n + 4 < DV_CONFIG_TEXT_MAX; part++) {
        unsigned char c = (unsigned char)*part;
        n += (size_t)snprintf(text + n, 4, isalnum(c) || strchr("-._~", c) ? "%c" : "%%%02X", c);
    }
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

static void print_value(const dv_config_key *key, const void *at, FILE *out)
{
    switch (key->kind) {
    case DV_CONFIG_NUMBER: fprintf(out, "%u", *(const uint32_t *)at); break;
    case DV_CONFIG_FLAG: fputs(*(const bool *)at ? "yes" : "no", out); break;
    case DV_CONFIG_TEXT: fprintf(out, "\"%s\"", (const char *)at); break;
    case DV_CONFIG_SECRET: print_masked(out, at); break;
    case DV_CONFIG_ENUM: fprintf(out, "\"%s\"", key->names[enum_load(at)]); break;
    }
}

/* Bytes of the first sentence, without its full stop. */
static int first_sentence(const char *text)
{
    const char *end = strstr(text, ". ");
    size_t size = end ? (size_t)(end - text) : strlen(text);
    if (end == NULL && size > 0 && text[size - 1] == '.') size--;
    return (int)size;
}

void dv_config_print(const dv_config_part *parts, uint32_t count, FILE *out)
{
    for (const dv_config_part *p = parts; p < parts + count; p++) {
        fprintf(out, "%s# ---- %s\n", p == parts ? "" : "\n", p->section->title);
        for (uint32_t i = 0; i < p->section->key_count; i++) {
            const dv_config_key *key = &p->section->keys[i];
            fprintf(out, "%s = ", key->name);
            print_value(key, value_at(p, key), out);
            fprintf(out, "  # %.*s%s%s\n", first_sentence(key->meaning), key->meaning,
                    *key->unit ? ", in " : "", key->unit);
        }
    }
}

/* ---- the manual ---- */

/* Prints words as comment lines. Words with GLUE between them stay on one line. */
static void print_wrapped(const char *text, FILE *out)
{
    size_t column = 0;
    while (*text) {
        size_t size = strcspn(text, " ");
        bool breaks = column == 0 || column + 1 + size > MANUAL_WIDTH;
        if (breaks) fputs(column == 0 ? "#" : "\n#", out);
        fputc(' ', out);
        for (size_t i = 0; i < size; i++) fputc(text[i] == *GLUE ? ' ' : text[i], out);
        column = (breaks ? 1 : column) + 1 + size;
        text += size + strspn(text + size, " ");
    }
    fputc('\n', out);
}

static void print_key_manual(const dv_config_key *key, FILE *out)
{
    char range[256] = "", list[200] = "", own[100] = PREFIX, comment[MANUAL_COMMENT];
    if (key->kind == DV_CONFIG_NUMBER)
        snprintf(range, sizeof range, " %u" GLUE "to" GLUE "%u%s%s.", key->least, key->most,
                 *key->unit ? GLUE : "", key->unit);
    if (key->kind == DV_CONFIG_ENUM) {
        names_list(key->names, list, sizeof list);
        snprintf(range, sizeof range, " One of: %s.", list);
    }
    for (size_t i = 0; key->name[i] && i + sizeof PREFIX < sizeof own; i++)
        own[i + strlen(PREFIX)] = (char)toupper((unsigned char)key->name[i]);
    int size = snprintf(comment, sizeof comment, "%s%s [%s%s%s]", key->meaning, range,
                        key->variable, *key->variable ? ", " : "", own);
    assert(size > 0 && (size_t)size < sizeof comment);
    fputc('\n', out);
    print_wrapped(comment, out);
    fprintf(out, "#%s = ", key->name);
    switch (key->kind) {
    case DV_CONFIG_NUMBER: fprintf(out, "%u\n", key->number_default); break;
    case DV_CONFIG_FLAG: fprintf(out, "%s\n", key->number_default ? "yes" : "no"); break;
    case DV_CONFIG_TEXT:
    case DV_CONFIG_SECRET: fprintf(out, "\"%s\"\n", key->text_default); break;
    case DV_CONFIG_ENUM: fprintf(out, "\"%s\"\n", key->names[key->number_default]); break;
    }
}

void dv_config_print_manual(const dv_config_part *parts, uint32_t count, FILE *out)
{
    fputs(
        "# Drover's configuration: every key with its meaning, range, variables and default.\n"
        "#\n"
        "# Uncomment a line to change its value, and start with: drover serve --config FILE\n"
        "#\n"
        "# A value comes from the environment variables in the key's brackets, the last one that\n"
        "# is set; else from this file; else from the default. An unknown key, or a value out of\n"
        "# its range, stops the start with a message that names it. Texts stand in quotes.\n"
        "# Switches are yes or no. `drover config` prints the values in effect.\n",
        out);
    for (const dv_config_part *p = parts; p < parts + count; p++) {
        int used = fprintf(out, "\n# ---- %s ", p->section->title);
        for (; used <= MANUAL_WIDTH; used++) fputc('-', out);
        fputc('\n', out);
        if (*p->section->about) print_wrapped(p->section->about, out);
        for (uint32_t i = 0; i < p->section->key_count; i++)
            print_key_manual(&p->section->keys[i], out);
    }
}
