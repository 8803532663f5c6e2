/* Log lines: one event a line, whatever the values hold. */
#include "actors/base/log.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

static char got[8192];
static FILE *caught;

/* Standard error goes to a file from here on; each test is a process of its own. */
static void catch_log(void)
{
    caught = tmpfile();
    ck_assert_ptr_nonnull(caught);
    ck_assert_int_ge(dup2(fileno(caught), STDERR_FILENO), 0);
}

static const char *log_text(void)
{
    rewind(caught);
    size_t n = fread(got, 1, sizeof got - 1, caught);
    got[n] = '\0';
    return got;
}

/* What follows the time. */
static const char *after_time(void)
{
    const char *text = log_text();
    ck_assert_uint_ge(strlen(text), 25);
    ck_assert_int_eq(text[10], 'T');
    ck_assert_mem_eq(text + 23, "Z ", 2);
    return text + 25;
}

START_TEST(a_line_is_level_actor_event_order_and_pairs)
{
    dv_id order = {{0x01, 0x93}};
    dv_log_actor("execution");
    dv_info("routed", &order, dv_kv_string("dex", "raydium"), dv_kv_number("amount", -5));
    ck_assert_str_eq(after_time(),
                     "INFO execution routed order=01930000-0000-0000-0000-000000000000 "
                     "dex=raydium amount=-5\n");
}
END_TEST

START_TEST(a_line_without_order_and_pairs_is_fine)
{
    dv_warn("serving", NULL);
    ck_assert_str_eq(after_time(), "WARN main serving\n");
}
END_TEST

START_TEST(lines_wait_where_they_are_held_but_warnings_do_not)
{
    dv_log_hold();
    dv_info("first", NULL);
    dv_info("second", NULL);
    ck_assert_str_eq(log_text(), "");
    dv_warn("third", NULL);
    const char *text = log_text();
    ck_assert(strstr(text, "first") < strstr(text, "second") && strstr(text, "third") != NULL);
    dv_info("fourth", NULL);
    ck_assert_ptr_null(strstr(log_text(), "fourth"));
    dv_log_flush();
    ck_assert_ptr_nonnull(strstr(log_text(), "fourth"));
    for (int i = 0; i < 120; i++) dv_info("a_long_event", NULL, dv_kv_number("number", i));
    ck_assert_ptr_nonnull(strstr(log_text(), "number=50"));
    ck_assert_ptr_null(strstr(log_text(), "number=119"));
    dv_log_release();
    ck_assert_ptr_nonnull(strstr(log_text(), "number=119"));
}
END_TEST

START_TEST(values_cannot_break_the_line)
{
    dv_error("e", NULL, dv_kv_string("a", "two\nlines"), dv_kv_string("b", "x=\"y\""),
             dv_kv_text("c", (dv_text){0}));
    ck_assert_str_eq(after_time(), "ERROR main e a=\"two\\u000alines\" b=\"x=\\\"y\\\"\" c=\"\"\n");
}
END_TEST

START_TEST(lines_below_the_least_level_are_not_written)
{
    dv_debug("quiet", NULL);
    ck_assert_str_eq(log_text(), "");
    dv_log_init(DV_LOG_ERROR, false);
    dv_warn("quiet", NULL);
    ck_assert_str_eq(log_text(), "");
    dv_error("loud", NULL);
    ck_assert_str_ne(log_text(), "");
}
END_TEST

/* The value of a key in the one JSON line that was written, until the next call. */
static const char *json_value(const char *key)
{
    static char text[4096];
    char why[200];
    yajl_val line = yajl_tree_parse(log_text(), why, sizeof why);
    ck_assert_msg(line != NULL, "%s: %s", got, why);
    yajl_val value = yajl_tree_get(line, (const char *[]){key, NULL}, yajl_t_any);
    ck_assert_msg(value != NULL, "%s has no %s", got, key);
    snprintf(text, sizeof text, "%s",
             YAJL_IS_NUMBER(value) ? YAJL_GET_NUMBER(value) : value->u.string);
    yajl_tree_free(line);
    return text;
}

START_TEST(json_lines_hold_the_same_keys)
{
    dv_id order = {{1}};
    dv_log_init(DV_LOG_INFO, true);
    dv_info("routed", &order, dv_kv_string("why", "a \"b\"\n\\c\t\x7f"), dv_kv_number("n", 7));
    ck_assert_str_eq(json_value("level"), "INFO");
    ck_assert_str_eq(json_value("actor"), "main");
    ck_assert_str_eq(json_value("event"), "routed");
    ck_assert_str_eq(json_value("order"), "01000000-0000-0000-0000-000000000000");
    ck_assert_str_eq(json_value("why"), "a \"b\"\n\\c\t\x7f");
    ck_assert_str_eq(json_value("n"), "7");
}
END_TEST

START_TEST(a_line_that_is_too_long_is_cut_and_stays_json)
{
    char many[5000];
    static const char *const FILLINGS[] = {"x", "\n", "\xc3\xa9", "\xf0\x9f\x98\x80"};
    size_t step = strlen(FILLINGS[_i / 4]);
    memset(many, 'x', sizeof many);
    for (size_t at = (size_t)_i % 4; at + step <= sizeof many; at += step)
        memcpy(many + at, FILLINGS[_i / 4], step);
    dv_log_init(DV_LOG_INFO, true);
    dv_info("long", NULL, dv_kv_text("text", (dv_text){many, sizeof many}),
            dv_kv_string("after", "it"));
    ck_assert_uint_gt(strlen(json_value("text")), 100);
    ck_assert_uint_lt(strlen(got), 4096);
    ck_assert_ptr_eq(strchr(got, '\n'), got + strlen(got) - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *c = tcase_create("log");
    suite_add_tcase(suite, c);
    tcase_add_checked_fixture(c, catch_log, NULL);
    tcase_add_test(c, a_line_is_level_actor_event_order_and_pairs);
    tcase_add_test(c, a_line_without_order_and_pairs_is_fine);
    tcase_add_test(c, lines_wait_where_they_are_held_but_warnings_do_not);
    tcase_add_test(c, values_cannot_break_the_line);
    tcase_add_test(c, lines_below_the_least_level_are_not_written);
    tcase_add_test(c, json_lines_hold_the_same_keys);
    tcase_add_loop_test(c, a_line_that_is_too_long_is_cut_and_stays_json, 0, 16);
    return suite_run(suite);
}
