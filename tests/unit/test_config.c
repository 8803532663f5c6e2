/* Configuration: what is in effect, what is refused, and that conf/drover.conf tells the truth. */
#include "actors/base/config.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dv_config config;
static char why[256];

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
    dv_err error = dv_config_load(path, &config, why);
    unlink(path);
    return error;
}

static void load_good(const char *content)
{
    ck_assert_msg((content ? load_file(content) : dv_config_load(NULL, &config, why)) == DV_OK,
                  "%s", why);
}

/* ---- where values come from ---- */

START_TEST(defaults_are_those_of_the_table)
{
    load_good(NULL);
#define NUMBER(key, value, least, most, unit, env, meaning) ck_assert_uint_eq(config.key, value);
#define BOOL(key, value, env, meaning) ck_assert(config.key == value);
#define TEXT(key, value, env, meaning) ck_assert_str_eq(config.key, value);
    DV_CONFIG(NUMBER, BOOL, TEXT, TEXT)
#undef NUMBER
#undef BOOL
#undef TEXT
}
END_TEST

START_TEST(defaults_are_within_their_ranges)
{
#define NUMBER(key, value, least, most, unit, env, meaning)                                        \
    ck_assert_msg((uint64_t)(value) + 1 > (uint64_t)(least) && (value) <= (most), #key);
#define OTHER(...)
    DV_CONFIG(NUMBER, OTHER, OTHER, OTHER)
#undef NUMBER
#undef OTHER
}
END_TEST

START_TEST(the_environment_wins_over_the_file_and_the_file_over_the_default)
{
    load_good("port = 4000\nattempts_max = 5\nlog_json = yes\n");
    ck_assert_uint_eq(config.port, 4000);
    ck_assert_uint_eq(config.attempts_max, 5);
    ck_assert(config.log_json);
    setenv("PORT", "4001", 1);
    setenv("DROVER_ATTEMPTS_MAX", "6", 1);
    load_good("port = 4000\nattempts_max = 5\n");
    ck_assert_uint_eq(config.port, 4001);
    ck_assert_uint_eq(config.attempts_max, 6);
    setenv("DROVER_PORT", "4002", 1);
    load_good("port = 4000\n");
    ck_assert_uint_eq(config.port, 4002);
}
END_TEST

START_TEST(an_empty_client_variable_counts_as_unset)
{
    setenv("PORT", "", 1);
    load_good("port = 4000\n");
    ck_assert_uint_eq(config.port, 4000);
}
END_TEST

START_TEST(texts_may_hold_spaces_and_comment_signs_in_quotes)
{
    load_good("sim_ledger = \"/tmp/my ledger #1.jsonl\"   # a comment\n");
    ck_assert_str_eq(config.sim_ledger, "/tmp/my ledger #1.jsonl");
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
};

START_TEST(a_bad_variable_is_refused_by_its_name)
{
    setenv(BAD_VARIABLES[_i].name, BAD_VARIABLES[_i].value, 1);
    ck_assert_int_eq(dv_config_load(NULL, &config, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, BAD_VARIABLES[_i].name) != NULL, "%s", why);
}
END_TEST

START_TEST(a_text_that_is_too_long_is_refused)
{
    char value[DV_CONFIG_TEXT_MAX + 1];
    memset(value, 'x', sizeof value);
    value[DV_CONFIG_TEXT_MAX] = '\0';
    setenv("DATABASE_URL", value, 1);
    ck_assert_int_eq(dv_config_load(NULL, &config, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, "DATABASE_URL") != NULL, "%s", why);
    value[DV_CONFIG_TEXT_MAX - 1] = '\0';
    setenv("DATABASE_URL", value, 1);
    load_good(NULL);
}
END_TEST

START_TEST(a_missing_file_is_refused)
{
    ck_assert_int_eq(dv_config_load("/nonexistent/drover.conf", &config, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, "/nonexistent/drover.conf") != NULL, "%s", why);
}
END_TEST

START_TEST(a_refusal_leaves_the_result_alone)
{
    dv_config before = config;
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
    ck_assert_str_eq(config.database_url, "postgresql://postgres@db:5432/postgres");
    ck_assert_str_eq(config.redis_url, "redis://cache:6379");
    setenv("DB_PORT", "5433", 1);
    setenv("DB_NAME", "orders", 1);
    setenv("DB_USER", "o'brien", 1);
    setenv("DB_PASSWORD", "p@ss/w:rd", 1);
    setenv("REDIS_PORT", "6380", 1);
    setenv("REDIS_PASSWORD", "se#cret", 1);
    load_good(NULL);
    ck_assert_str_eq(config.database_url, "postgresql://o%27brien:p%40ss%2Fw%3Ard@db:5433/orders");
    ck_assert_str_eq(config.redis_url, "redis://:se%23cret@cache:6380");
}
END_TEST

START_TEST(a_url_wins_over_its_parts)
{
    setenv("DB_HOST", "db", 1);
    setenv("DATABASE_URL", "postgresql://other/name", 1);
    load_good(NULL);
    ck_assert_str_eq(config.database_url, "postgresql://other/name");
}
END_TEST

/* ---- printing ---- */

static char *printed(void)
{
    static char text[65536];
    FILE *out = fmemopen(text, sizeof text, "w");
    dv_config_print(&config, out);
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
    load_good("port = 4000\nlog_json = yes\nsim_ledger = \"/tmp/a b\"\n");
    dv_config before = config;
    load_good(printed());
    ck_assert_mem_eq(&config, &before, sizeof config);
}
END_TEST

/* ---- conf/drover.conf is the manual ---- */

static char manual[65536];

static void manual_read(void)
{
    clean();
    FILE *file = fopen("conf/drover.conf", "r");
    ck_assert_ptr_nonnull(file);
    manual[fread(manual, 1, sizeof manual - 1, file)] = '\0';
    fclose(file);
}

/* Finds `#key = value`, and holds the comment above it against what it must say. */
static void entry_check(const char *key, const char *value, const char *range, const char *env)
{
    char line[DV_CONFIG_TEXT_MAX], comment[2048];
    snprintf(line, sizeof line, "\n#%s = %s\n", key, value);
    const char *at = strstr(manual, line);
    ck_assert_msg(at != NULL, "conf/drover.conf lacks the line%s", line);
    const char *start = at;
    while (start > manual && !(start[0] == '\n' && start[1] == '\n')) start--;
    snprintf(comment, sizeof comment, "%.*s", (int)(at - start), start);
    ck_assert_msg(strlen(comment) > strlen(range) + 40, "%s is not explained", key);
    ck_assert_msg(strstr(comment, range) != NULL, "%s: %s is not named", key, range);
    ck_assert_msg(strstr(comment, env) != NULL, "%s: %s is not named", key, env);
}

START_TEST(the_manual_has_every_key_with_default_range_and_variable)
{
    char value[DV_CONFIG_TEXT_MAX], range[128];
#define NUMBER(key, default_value, least, most, unit, env, meaning)                                \
    snprintf(value, sizeof value, "%u", (unsigned)(default_value));                                \
    snprintf(range, sizeof range, "%u to %u%s%s.", (unsigned)(least), (unsigned)(most),            \
             *unit ? " " : "", unit);                                                              \
    entry_check(#key, value, range, env);
#define BOOL(key, default_value, env, meaning)                                                     \
    entry_check(#key, (default_value) ? "yes" : "no", "", env);
#define TEXT(key, default_value, env, meaning) entry_check(#key, "\"" default_value "\"", "", env);
    DV_CONFIG(NUMBER, BOOL, TEXT, TEXT)
#undef NUMBER
#undef BOOL
#undef TEXT
}
END_TEST

START_TEST(the_manual_as_it_is_changes_nothing)
{
    load_good(NULL);
    dv_config before = config;
    ck_assert_msg(dv_config_load("conf/drover.conf", &config, why) == DV_OK, "%s", why);
    ck_assert_mem_eq(&config, &before, sizeof config);
}
END_TEST

START_TEST(the_manual_with_every_key_turned_on_is_the_defaults)
{
    load_good(NULL);
    dv_config before = config;
    for (char *at = manual; (at = strstr(at, "\n#")) != NULL; at++)
        if (at[2] >= 'a' && at[2] <= 'z') at[1] = ' ';
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
    tcase_add_test(c, defaults_are_those_of_the_table);
    tcase_add_test(c, defaults_are_within_their_ranges);
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
    tcase_add_test(m, the_manual_has_every_key_with_default_range_and_variable);
    tcase_add_test(m, the_manual_as_it_is_changes_nothing);
    tcase_add_test(m, the_manual_with_every_key_turned_on_is_the_defaults);
}

int main(void)
{
    Suite *suite = suite_create("config");
    add_tests(suite);
    return suite_run(suite);
}
