/* Configuration, the engine: kinds of value, sections, and where values come from.

   A section is a table of keys that its owner declares in a config.h of its own folder, and the
   struct that the table fills. A value comes from its environment variables, else from the file,
   else from the default. Each key has the variable DROVER_<KEY>, which wins over the key's other
   variable. The file is ZPL: `key = value` lines, with # for comments. An unknown key or a bad value
   is CONFIG_INVALID. actors/settings.h lists the sections.

   A table takes a macro for each kind of value:

     N(key, default, least, most, unit, variable, meaning)     uint32_t, a whole number
     B(key, default, variable, meaning)                        bool, yes or no
     T(key, default, variable, meaning)                        char[DV_CONFIG_TEXT_MAX], a text
     S(key, default, variable, meaning)                        the same, masked when printed
     E(key, type, names, default, variable, meaning)           a C enum, by name

   variable is the key's other environment variable, or "". names lists the enum's names from 0 on,
   NULL at the end. meaning is whole sentences for the manual; the first one stands alone in
   `drover config`. Adding a row to a table is all that a new key needs. */
#ifndef DV_BASE_CONFIG_H
#define DV_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/error.h"

#define DV_CONFIG_TEXT_MAX 512 /* bytes of a text value, its NUL included */
#define DV_CONFIG_WHY_SIZE 256 /* bytes of an explanation, its NUL included */

typedef enum dv_config_kind {
    DV_CONFIG_NUMBER,
    DV_CONFIG_FLAG,
    DV_CONFIG_TEXT,
    DV_CONFIG_SECRET,
    DV_CONFIG_ENUM,
} dv_config_kind;

/* A row of a table. */
typedef struct dv_config_key {
    const char *name;
    dv_config_kind kind;
    size_t offset;            /* of the value in the section's struct */
    uint32_t least, most;     /* NUMBER */
    const char *unit;         /* NUMBER; "": none */
    const char *const *names; /* ENUM, NULL at the end */
    const char *variable;     /* beside DROVER_<KEY>; "": none */
    const char *meaning;      /* sentences */
    const char *text_default; /* TEXT and SECRET */
    uint32_t number_default;  /* the other kinds */
} dv_config_key;

/* A table with what the manual says of it. values is the section's struct. */
typedef struct dv_config_section {
    const char *title, *about; /* about: sentences, or "" */
    const dv_config_key *keys;
    uint32_t key_count;
    /* optional: fills in what follows from other variables, after file and environment */
    void (*complete)(void *values);
    /* optional: what is wrong with the values together; NULL: nothing */
    const char *(*check)(const void *values);
} dv_config_section;

/* A section and the struct that holds its values. */
typedef struct dv_config_part {
    const dv_config_section *section;
    void *values;
} dv_config_part;

/* The members of a section's struct:
   typedef struct dv_x_config { DV_CONFIG_FIELDS(DV_X_CONFIG) } dv_x_config; */
#define DV_CONFIG_FIELDS(table)                                                                    \
    table(DV_CONFIG_FIELD_N, DV_CONFIG_FIELD_B, DV_CONFIG_FIELD_T, DV_CONFIG_FIELD_T,              \
          DV_CONFIG_FIELD_E)
#define DV_CONFIG_FIELD_N(key, value, least, most, unit, variable, meaning) uint32_t key;
#define DV_CONFIG_FIELD_B(key, value, variable, meaning) bool key;
#define DV_CONFIG_FIELD_T(key, value, variable, meaning) char key[DV_CONFIG_TEXT_MAX];
#define DV_CONFIG_FIELD_E(key, type, names, value, variable, meaning) type key;

/* Defines a section, once in a C file: its name, its struct, its table, then the members of
   dv_config_section from title on, with designators. */
#define DV_CONFIG_SECTION(section, struct_type, table, ...)                                        \
    typedef struct_type dv_config_self;                                                            \
    static const dv_config_key CONFIG_KEYS[] = {table(                                             \
        DV_CONFIG_KEY_N, DV_CONFIG_KEY_B, DV_CONFIG_KEY_T, DV_CONFIG_KEY_S, DV_CONFIG_KEY_E)};     \
    const dv_config_section section = {                                                            \
        .keys = CONFIG_KEYS, .key_count = sizeof CONFIG_KEYS / sizeof CONFIG_KEYS[0], __VA_ARGS__}
#define DV_CONFIG_ROW(key, kind, ...) {#key, kind, offsetof(dv_config_self, key), __VA_ARGS__},
#define DV_CONFIG_KEY_N(key, value, least, most, unit, variable, meaning)                          \
    DV_CONFIG_ROW(key, DV_CONFIG_NUMBER, least, most, unit, NULL, variable, meaning, NULL, value)
#define DV_CONFIG_KEY_B(key, value, variable, meaning)                                             \
    DV_CONFIG_ROW(key, DV_CONFIG_FLAG, 0, 1, "", NULL, variable, meaning, NULL, value)
#define DV_CONFIG_KEY_T(key, value, variable, meaning)                                             \
    DV_CONFIG_ROW(key, DV_CONFIG_TEXT, 0, 0, "", NULL, variable, meaning, value, 0)
#define DV_CONFIG_KEY_S(key, value, variable, meaning)                                             \
    DV_CONFIG_ROW(key, DV_CONFIG_SECRET, 0, 0, "", NULL, variable, meaning, value, 0)
#define DV_CONFIG_KEY_E(key, type, names, value, variable, meaning)                                \
    DV_CONFIG_ROW(key, DV_CONFIG_ENUM, 0, 0, "", names, variable, meaning, NULL, value)

/* Sets every value of a section to its default. */
void dv_config_set_defaults(const dv_config_section *section, void *values);

/* Sets the defaults, then what the file (NULL: none) and the environment say, and checks it all.
   On CONFIG_INVALID ret_why says which key or variable, from where, and what is allowed, and the
   values are undefined. */
DV_MUST_CHECK dv_err dv_config_load(const char *file, const dv_config_part *parts, uint32_t count,
                                    char ret_why[DV_CONFIG_WHY_SIZE]);

/* Prints every key with its effective value as lines of the file's format, secrets masked. */
void dv_config_print(const dv_config_part *parts, uint32_t count, FILE *out);

/* Prints the sections as a file of the format: meaning, range, variables and default of each key.
   Every key is commented out. The values are not read. */
void dv_config_print_manual(const dv_config_part *parts, uint32_t count, FILE *out);

/* For a section's `complete`: appends to a text of DV_CONFIG_TEXT_MAX bytes, as it is, or with what
   RFC 3986 reserves escaped. What does not fit is cut. */
void dv_config_append(char *text, const char *part);
void dv_config_append_escaped(char *text, const char *part);

/* The value of an environment variable; `other` when the variable is unset or empty. */
const char *dv_config_variable(const char *name, const char *other);

#endif
