/* What a SQLSTATE says of the server, and the words for it. */
#include "actors/persistence/pg/trouble.h"
#include "tests/support/suite.h"

#include <check.h>

START_TEST(an_error_is_a_trouble_of_the_server_or_a_fault_of_the_statement)
{
    static const struct {
        const char *sqlstate;
        dv_trouble expected;
    } rows[] = {
        {"08006", DV_TROUBLE_UNREACHABLE}, {"25006", DV_TROUBLE_READ_ONLY},
        {"25001", DV_TROUBLE_NONE},        {"53100", DV_TROUBLE_FULL},
        {"53200", DV_TROUBLE_RESOURCES},   {"53300", DV_TROUBLE_CONNECTIONS},
        {"57P01", DV_TROUBLE_STARTING},    {"57P03", DV_TROUBLE_STARTING},
        {"57014", DV_TROUBLE_NONE},        {"58030", DV_TROUBLE_BROKEN},
        {"42P01", DV_TROUBLE_SCHEMA},      {"42501", DV_TROUBLE_FORBIDDEN},
        {"28P01", DV_TROUBLE_FORBIDDEN},   {"3D000", DV_TROUBLE_FORBIDDEN},
        {"22021", DV_TROUBLE_NONE},        {"23505", DV_TROUBLE_NONE},
        {"40P01", DV_TROUBLE_NONE},        {"", DV_TROUBLE_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(dv_trouble_of(rows[i].sqlstate) == rows[i].expected, "%s", rows[i].sqlstate);
}
END_TEST

START_TEST(a_sqlstate_is_found_in_a_message_of_any_language)
{
    static const char *const rows[][2] = {
        {"connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  53300: sorry\n",
         "53300"},
        {"FATALE:  57P03: il database si sta avviando", "57P03"},
        {"FATAL:  28P01: password authentication failed\nLOCATION:  auth_failed, auth.c:335",
         "28P01"},
        {"connection to server at \"::1\", port 5432 failed: Connection refused\n\tIs it?", ""},
        {":  12345", ""},
        {":  123", ""},
        {":  ", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sqlstate[6];
        dv_trouble_sqlstate(rows[i][0], sqlstate);
        ck_assert_str_eq(sqlstate, rows[i][1]);
    }
}
END_TEST

START_TEST(every_trouble_has_words_for_both_lanes_that_fit_a_beat)
{
    for (dv_trouble trouble = DV_TROUBLE_NONE + 1; trouble < DV_TROUBLE_COUNT; trouble++)
        for (dv_store_lane lane = 0; lane < DV_STORE_LANE_COUNT; lane++) {
            const char *text = dv_trouble_text(trouble, lane);
            ck_assert_ptr_nonnull(strstr(text, "PostgreSQL "));
            ck_assert_ptr_nonnull(strstr(text, lane == DV_STORE_WRITER ? "no order is accepted"
                                                                       : "cannot be looked up"));
            ck_assert_uint_le(strlen(text), DV_REASON_MAX);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store trouble");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, an_error_is_a_trouble_of_the_server_or_a_fault_of_the_statement);
    tcase_add_test(tests, a_sqlstate_is_found_in_a_message_of_any_language);
    tcase_add_test(tests, every_trouble_has_words_for_both_lanes_that_fit_a_beat);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
