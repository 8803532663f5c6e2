/* Configuration: what is in effect, what is refused, what is printed, and that the manual tells the
   truth. */
#include "actors/settings.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dv_settings config;
static char why[DV_CONFIG_WHY_SIZE];

/* Every key, with the place of its value. */
#define FOR_EVERY_KEY(part, key)                                                                   \
    for (const dv_config_part *part = PARTS; part < PARTS + PART_COUNT; part++)                    \
        for (const dv_config_key *key = part->section->keys;                                       \
             key < part->section->keys + part->section->key_count; key++)
#define PART(member, section) {&section, &config.member},
static const dv_config_part PARTS[] = {DV_SETTINGS(PART)};
#define PART_COUNT (sizeof PARTS / sizeof PARTS[0])

static void clean(void)
{
    clearenv();
    memset(&config, 0xee, sizeof config);
}

static dv_err load_file(const char *content)
{
    char path[] = "/tmp/drover-config-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
    dv_err error = dv_settings_load(path, &config, why);
    unlink(path);
    return error;
}

static void load_good(const char *content)
{
    ck_assert_msg((content ? load_file(content) : dv_settings_load(NULL, &config, why)) == DV_OK,
                  "%s", why);
}

/* ---- where values come from ---- */

static void default_check(const dv_config_key *key, const void *at)
{
    int number;
    switch (key->kind) {
    case DV_CONFIG_NUMBER: ck_assert_uint_eq(*(const uint32_t *)at, key->number_default); break;
    case DV_CONFIG_FLAG: ck_assert_int_eq(*(const bool *)at, key->number_default != 0); break;
    case DV_CONFIG_TEXT:
    case DV_CONFIG_SECRET: ck_assert_str_eq(at, key->text_default); break;
    case DV_CONFIG_ENUM:
        memcpy(&number, at, sizeof number);
        ck_assert_int_eq(number, (int)key->number_default);
    }
}

START_TEST(defaults_are_those_of_the_tables)
{
    load_good(NULL);
    FOR_EVERY_KEY(part, key) default_check(key, (char *)part->values + key->offset);
    ck_assert_uint_eq(config.gateway.port, 3000);
    ck_assert_str_eq(config.process.tokens_file, "conf/tokens.conf");
    ck_assert_int_eq(config.process.log_level, DV_LOG_INFO);
    ck_assert_int_eq(config.router.raydium_mode, DV_DEX_SIMULATED);
    ck_assert_int_eq(config.solana.solana_commitment, DV_CONFIRMATION_CONFIRMED);
    ck_assert(config.gateway.broadcast);
}
END_TEST

START_TEST(defaults_are_within_their_ranges)
{
    FOR_EVERY_KEY(part, key)
    {
        if (key->kind != DV_CONFIG_NUMBER) continue;
        ck_assert_msg(key->number_default >= key->least && key->number_default <= key->most, "%s",
                      key->name);
    }
}
END_TEST

START_TEST(no_two_keys_share_a_name)
{
    FOR_EVERY_KEY(part, key)
    {
        uint32_t same = 0;
        FOR_EVERY_KEY(other_part, other) same += strcmp(key->name, other->name) == 0;
        ck_assert_msg(same == 1, "%s", key->name);
    }
}
END_TEST

START_TEST(the_environment_wins_over_the_file_and_the_file_over_the_default)
{
    load_good("port = 4000\nattempts_max = 5\nlog_json = yes\n");
    ck_assert_uint_eq(config.gateway.port, 4000);
    ck_assert_uint_eq(config.execution.attempts_max, 5);
    ck_assert(config.process.log_json);
    setenv("PORT", "4001", 1);
    setenv("DROVER_ATTEMPTS_MAX", "6", 1);
    load_good("port = 4000\nattempts_max = 5\n");
    ck_assert_uint_eq(config.gateway.port, 4001);
    ck_assert_uint_eq(config.execution.attempts_max, 6);
    setenv("DROVER_PORT", "4002", 1);
    load_good("port = 4000\n");
    ck_assert_uint_eq(config.gateway.port, 4002);
}
END_TEST

START_TEST(an_empty_client_variable_counts_as_unset)
{
    setenv("PORT", "", 1);
    load_good("port = 4000\n");
    ck_assert_uint_eq(config.gateway.port, 4000);
}
END_TEST

START_TEST(texts_may_hold_spaces_and_comment_signs_in_quotes)
{
    load_good("sim_ledger = \"/tmp/my ledger #1.jsonl\"   # a comment\n");
    ck_assert_str_eq(config.sim.sim_ledger, "/tmp/my ledger #1.jsonl");
}
END_TEST

START_TEST(enums_are_read_by_name)
{
    setenv("DROVER_METEORA_MODE", "solana", 1);
    load_good("log_level = warn\nsolana_commitment = \"finalized\"\n");
    ck_assert_int_eq(config.process.log_level, DV_LOG_WARN);
    ck_assert_int_eq(config.solana.solana_commitment, DV_CONFIRMATION_FINALIZED);
    ck_assert_int_eq(config.router.raydium_mode, DV_DEX_SIMULATED);
    ck_assert_int_eq(config.router.meteora_mode, DV_DEX_SOLANA);
}
END_TEST

/* ---- what is refused ---- */

static const struct {
    const char *content, *named;
} BAD_FILES[] = {
    {"prot = 3000\n", "prot"},
    {"Port = 3000\n", "Port"},
    {"port = 0\n", "port"},
    {"port = 65536\n", "1 to 65535"},
    {"port = 99999999999999999999999\n", "port"},
    {"port = -1\n", "port"},
    {"port = 3000x\n", "port"},
    {"port = \"\"\n", "port"},
    {"retry_base_ms = 3600001\n", "ms"},
    {"log_json = maybe\n", "yes or no"},
    {"log_level = loud\n", "log_level"},
    {"log_level = loud\n", "debug, info, warn or error"},
    {"log_level = Info\n", "log_level"},
    {"log_level = \"\"\n", "log_level"},
    {"raydium_mode = solan\n", "raydium_mode"},
    {"meteora_mode = mainnet\n", "simulated or solana"},
    {"solana_commitment = processed\n", "confirmed or finalized"},
    {"sim_quote_min_ms = 301\n", "sim_quote_max_ms"},
    {"sim_settle_min_ms = 3001\n", "sim_settle_max_ms"},
    {"sim_fault_drop_percent = 60\nsim_fault_late_percent = 41\n", "100"},
};

START_TEST(a_bad_file_is_refused_and_names_what_is_wrong)
{
    ck_assert_int_eq(load_file(BAD_FILES[_i].content), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, BAD_FILES[_i].named) != NULL, "%s", why);
}
END_TEST

static const struct {
    const char *name, *value;
} BAD_VARIABLES[] = {
    {"PORT", "http"},
    {"DROVER_PORT", ""},
    {"DROVER_PROT", "3000"},
    {"DROVER_LOG_JSON", "2"},
    {"DROVER_METEORA_MODE", "Solana"},
};

START_TEST(a_bad_variable_is_refused_by_its_name)
{
    setenv(BAD_VARIABLES[_i].name, BAD_VARIABLES[_i].value, 1);
    ck_assert_int_eq(dv_settings_load(NULL, &config, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, BAD_VARIABLES[_i].name) != NULL, "%s", why);
}
END_TEST

START_TEST(a_text_that_is_too_long_is_refused)
{
    char value[DV_CONFIG_TEXT_MAX + 1];
    memset(value, 'x', sizeof value);
    value[DV_CONFIG_TEXT_MAX] = '\0';
    setenv("DATABASE_URL", value, 1);
    ck_assert_int_eq(dv_settings_load(NULL, &config, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, "DATABASE_URL") != NULL, "%s", why);
    value[DV_CONFIG_TEXT_MAX - 1] = '\0';
    setenv("DATABASE_URL", value, 1);
    load_good(NULL);
}
END_TEST

START_TEST(a_missing_file_is_refused)
{
    ck_assert_int_eq(dv_settings_load("/nonexistent/drover.conf", &config, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, "/nonexistent/drover.conf") != NULL, "%s", why);
}
END_TEST

START_TEST(a_refusal_leaves_the_result_alone)
{
    dv_settings before = config;
    ck_assert_int_eq(load_file("port = 0\n"), DV_CONFIG_INVALID);
    ck_assert_mem_eq(&config, &before, sizeof config);
}
END_TEST

/* ---- URLs put together from parts ---- */

START_TEST(urls_are_put_together_from_parts)
{
    setenv("DB_HOST", "db", 1);
    setenv("REDIS_HOST", "cache", 1);
    load_good(NULL);
    ck_assert_str_eq(config.persistence.database_url, "postgresql://postgres@db:5432/postgres");
    ck_assert_str_eq(config.retry.redis_url, "redis://cache:6379");
    setenv("DB_PORT", "5433", 1);
    setenv("DB_NAME", "orders", 1);
    setenv("DB_USER", "o'brien", 1);
    setenv("DB_PASSWORD", "p@ss/w:rd", 1);
    setenv("REDIS_PORT", "6380", 1);
    setenv("REDIS_PASSWORD", "se#cret", 1);
    load_good(NULL);
    ck_assert_str_eq(config.persistence.database_url,
                     "postgresql://o%27brien:p%40ss%2Fw%3Ard@db:5433/orders");
    ck_assert_str_eq(config.retry.redis_url, "redis://:se%23cret@cache:6380");
}
END_TEST

START_TEST(a_url_wins_over_its_parts)
{
    setenv("DB_HOST", "db", 1);
    setenv("DATABASE_URL", "postgresql://other/name", 1);
    load_good(NULL);
    ck_assert_str_eq(config.persistence.database_url, "postgresql://other/name");
}
END_TEST

/* ---- printing ---- */

static char *printed(void)
{
    static char text[65536];
    FILE *out = fmemopen(text, sizeof text, "w");
    dv_settings_print(&config, out);
    fclose(out);
    return text;
}

START_TEST(secrets_are_masked)
{
    setenv("DATABASE_URL", "postgresql://user:hush@db:5432/name", 1);
    setenv("REDIS_URL", "redis://:hush@cache", 1);
    load_good(NULL);
    ck_assert_ptr_null(strstr(printed(), "hush"));
    ck_assert_ptr_nonnull(strstr(printed(), "\"postgresql://user:***@db:5432/name\""));
    ck_assert_ptr_nonnull(strstr(printed(), "\"redis://:***@cache\""));
}
END_TEST

static const char *const SECRET_URLS[] = {
    "postgresql://db/name?user=me&password=hush",
    "postgresql://db/name?password=hush&sslmode=require",
    "host=db user=me password=hush",
    "host=db password='hush' user=me",
    "postgresql://user:hush:hush@db/name",
};

START_TEST(secrets_are_masked_wherever_libpq_takes_them)
{
    setenv("DATABASE_URL", SECRET_URLS[_i], 1);
    load_good(NULL);
    ck_assert_msg(strstr(printed(), "hush") == NULL, "%s", printed());
    ck_assert_ptr_nonnull(strstr(printed(), "***"));
}
END_TEST

START_TEST(what_is_printed_loads_again)
{
    load_good("port = 4000\nlog_json = yes\nsim_ledger = \"/tmp/a b\"\nlog_level = error\n");
    dv_settings before = config;
    load_good(printed());
    ck_assert_mem_eq(&config, &before, sizeof config);
}
END_TEST

START_TEST(each_key_is_printed_on_a_line_of_its_own_with_its_first_sentence_and_unit)
{
    load_good(NULL);
    ck_assert_ptr_nonnull(
        strstr(printed(), "\nwebsockets_max = 1000  # WebSockets open at once\n"));
    ck_assert_ptr_nonnull(
        strstr(printed(), "\nretry_base_ms = 2000  # Wait before the second attempt, in ms\n"));
    ck_assert_ptr_nonnull(strstr(printed(), "\nlog_level = \"info\"  # Least level of the lines"));
    FOR_EVERY_KEY(part, key)
    {
        char line[100];
        snprintf(line, sizeof line, "\n%s = ", key->name);
        ck_assert_msg(strstr(printed(), line) != NULL, "%s", key->name);
    }
}
END_TEST

/* ---- the manual ---- */

static char manual[65536];

static void manual_read(void)
{
    clean();
    FILE *out = fmemopen(manual, sizeof manual, "w");
    dv_settings_print_manual(out);
    fclose(out);
}

/* Finds `#key = value`, and holds the comment above it against what it must say. */
static void entry_check(const char *key, const char *value, const char *range, const char *env)
{
    char line[DV_CONFIG_TEXT_MAX], comment[2048];
    snprintf(line, sizeof line, "\n#%s = %s\n", key, value);
    const char *at = strstr(manual, line);
    ck_assert_msg(at != NULL, "the manual lacks the line%s", line);
    const char *start = at;
    while (start > manual && !(start[0] == '\n' && start[1] == '\n')) start--;
    snprintf(comment, sizeof comment, "%.*s", (int)(at - start), start);
    for (char *c = strchr(comment + 2, '\n'); c != NULL; c = strchr(c, '\n'))
        memmove(c, c + 2, strlen(c + 1)); /* one line */
    ck_assert_msg(strlen(comment) > strlen(range) + 40, "%s is not explained", key);
    ck_assert_msg(strstr(comment, range) != NULL, "%s: %s is not named", key, range);
    ck_assert_msg(strstr(comment, env) != NULL, "%s: %s is not named", key, env);
}

START_TEST(the_manual_has_every_key_with_default_range_and_variable)
{
    char value[DV_CONFIG_TEXT_MAX], range[128];
    FOR_EVERY_KEY(part, key)
    {
        range[0] = '\0';
        switch (key->kind) {
        case DV_CONFIG_NUMBER:
            snprintf(value, sizeof value, "%u", key->number_default);
            snprintf(range, sizeof range, "%u to %u%s%s.", key->least, key->most,
                     *key->unit ? " " : "", key->unit);
            break;
        case DV_CONFIG_FLAG:
            snprintf(value, sizeof value, "%s", key->number_default ? "yes" : "no");
            break;
        case DV_CONFIG_TEXT:
        case DV_CONFIG_SECRET: snprintf(value, sizeof value, "\"%s\"", key->text_default); break;
        case DV_CONFIG_ENUM:
            snprintf(value, sizeof value, "\"%s\"", key->names[key->number_default]);
            for (uint32_t i = 0; key->names[i] != NULL; i++)
                entry_check(key->name, value, key->names[i], key->variable);
        }
        entry_check(key->name, value, range, key->variable);
    }
    entry_check("port", "3000", "1 to 65535.", "[PORT, DROVER_PORT]");
    entry_check("log_level", "\"info\"", "One of: debug, info, warn or error.",
                "[DROVER_LOG_LEVEL]");
}
END_TEST

/* A manual for people: sentences, lines that fit, and a heading for every section. */
START_TEST(the_manual_is_for_people)
{
    FOR_EVERY_KEY(part, key)
    {
        size_t size = strlen(key->meaning);
        ck_assert_msg(size > 10 && key->meaning[size - 1] == '.', "%s: %s", key->name,
                      key->meaning);
        char heading[128];
        snprintf(heading, sizeof heading, "\n\n# ---- %s ----", part->section->title);
        ck_assert_msg(strstr(manual, heading) != NULL, "%s", heading);
    }
    for (const char *line = manual; *line; line += strcspn(line, "\n") + 1)
        ck_assert_uint_le(strcspn(line, "\n"), 100);
}
END_TEST

START_TEST(the_manual_as_it_is_changes_nothing)
{
    load_good(NULL);
    dv_settings before = config;
    load_good(manual);
    ck_assert_mem_eq(&config, &before, sizeof config);
}
END_TEST

START_TEST(the_manual_with_every_key_turned_on_is_the_defaults)
{
    load_good(NULL);
    dv_settings before = config;
    uint32_t keys = 0, turned_on = 0;
    FOR_EVERY_KEY(part, key) keys++;
    for (char *at = manual; (at = strstr(at, "\n#")) != NULL; at++)
        if (at[2] >= 'a' && at[2] <= 'z') at[1] = ' ', turned_on++;
    ck_assert_uint_eq(turned_on, keys);
    for (char *at = manual; (at = strstr(at, "\n ")) != NULL;) memmove(at + 1, at + 2, strlen(at));
    load_good(manual);
    ck_assert_mem_eq(&config, &before, sizeof config);
}
END_TEST

static void add_tests(Suite *suite)
{
    TCase *c = tcase_create("config"), *m = tcase_create("manual");
    suite_add_tcase(suite, c);
    suite_add_tcase(suite, m);
    tcase_add_checked_fixture(c, clean, NULL);
    tcase_add_checked_fixture(m, manual_read, NULL);
    tcase_add_test(c, defaults_are_those_of_the_tables);
    tcase_add_test(c, defaults_are_within_their_ranges);
    tcase_add_test(c, no_two_keys_share_a_name);
    tcase_add_test(c, enums_are_read_by_name);
    tcase_add_test(c, the_environment_wins_over_the_file_and_the_file_over_the_default);
    tcase_add_test(c, an_empty_client_variable_counts_as_unset);
    tcase_add_test(c, texts_may_hold_spaces_and_comment_signs_in_quotes);
    tcase_add_loop_test(c, a_bad_file_is_refused_and_names_what_is_wrong, 0,
                        sizeof BAD_FILES / sizeof BAD_FILES[0]);
    tcase_add_loop_test(c, a_bad_variable_is_refused_by_its_name, 0,
                        sizeof BAD_VARIABLES / sizeof BAD_VARIABLES[0]);
    tcase_add_test(c, a_text_that_is_too_long_is_refused);
    tcase_add_test(c, a_missing_file_is_refused);
    tcase_add_test(c, a_refusal_leaves_the_result_alone);
    tcase_add_test(c, urls_are_put_together_from_parts);
    tcase_add_test(c, a_url_wins_over_its_parts);
    tcase_add_test(c, secrets_are_masked);
    tcase_add_loop_test(c, secrets_are_masked_wherever_libpq_takes_them, 0,
                        sizeof SECRET_URLS / sizeof SECRET_URLS[0]);
    tcase_add_test(c, what_is_printed_loads_again);
    tcase_add_test(c, each_key_is_printed_on_a_line_of_its_own_with_its_first_sentence_and_unit);
    tcase_add_test(m, the_manual_has_every_key_with_default_range_and_variable);
    tcase_add_test(m, the_manual_is_for_people);
    tcase_add_test(m, the_manual_as_it_is_changes_nothing);
    tcase_add_test(m, the_manual_with_every_key_turned_on_is_the_defaults);
}

int main(void)
{
    Suite *suite = suite_create("config");
    add_tests(suite);
    return suite_run(suite);
}
