/* The error catalogue: numbers and names are unique, and a class fits what callers do with it. */
#include "proto/error.h"
#include "tests/support/suite.h"

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    uint16_t number;
    const char *name;
    dv_error_class class;
    int http;
    const char *text;
} row;
static const row ROWS[] = {
#define ROW(number, name, class, http, text) {number, #name, DV_CLASS_##class, http, text},
    DV_ERRORS(ROW)
#undef ROW
};
#define COUNT (int)(sizeof ROWS / sizeof ROWS[0])

START_TEST(numbers_and_names_are_unique)
{
    for (int k = 0; k < _i; k++) {
        ck_assert_uint_ne(ROWS[k].number, ROWS[_i].number);
        ck_assert_str_ne(ROWS[k].name, ROWS[_i].name);
    }
}
END_TEST

START_TEST(numbers_are_grouped_and_ascend)
{
    if (_i == 0) return;
    ck_assert_uint_gt(ROWS[_i].number, ROWS[_i - 1].number);
    ck_assert_uint_lt(ROWS[_i].number, 1000);
}
END_TEST

START_TEST(a_number_finds_its_row)
{
    const row *r = &ROWS[_i];
    ck_assert_str_eq(dv_err_name(r->number), r->name);
    ck_assert_str_eq(dv_err_text(r->number), r->text);
    ck_assert_int_eq(dv_err_class(r->number), r->class);
    ck_assert_int_eq(dv_err_http_status(r->number), r->http);
}
END_TEST

START_TEST(names_are_category_and_condition)
{
    const char *name = ROWS[_i].name;
    for (const char *c = name; *c; c++) ck_assert(isupper((unsigned char)*c) || *c == '_');
    if (ROWS[_i].number == DV_OK) return;
    ck_assert_ptr_nonnull(strchr(name, '_'));
    ck_assert(islower((unsigned char)ROWS[_i].text[0]));
    ck_assert(ROWS[_i].text[strlen(ROWS[_i].text) - 1] != '.');
}
END_TEST

START_TEST(http_statuses_fit_the_group)
{
    const row *r = &ROWS[_i];
    if (r->number == DV_OK)
        ck_assert_int_eq(r->http, 200);
    else if (r->number < 200)
        ck_assert(r->http >= 400 && r->http < 500 && r->class == DV_CLASS_REJECT);
    else
        ck_assert(r->http >= 400 && r->http < 600);
    if (r->class == DV_CLASS_RETRY || r->class == DV_CLASS_FATAL) ck_assert_int_ge(r->http, 500);
}
END_TEST

START_TEST(a_newer_peers_error_may_have_happened)
{
    ck_assert_int_eq(dv_err_class(999), DV_CLASS_UNKNOWN);
    ck_assert_int_eq(dv_err_class(UINT16_MAX), DV_CLASS_UNKNOWN);
    ck_assert_int_eq(dv_err_http_status(999), 500);
    ck_assert_str_eq(dv_err_name(999), "UNKNOWN_ERROR");
    ck_assert_str_ne(dv_err_text(999), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *c = tcase_create("error");
    suite_add_tcase(suite, c);
    tcase_add_loop_test(c, numbers_and_names_are_unique, 0, COUNT);
    tcase_add_loop_test(c, numbers_are_grouped_and_ascend, 0, COUNT);
    tcase_add_loop_test(c, a_number_finds_its_row, 0, COUNT);
    tcase_add_loop_test(c, names_are_category_and_condition, 0, COUNT);
    tcase_add_loop_test(c, http_statuses_fit_the_group, 0, COUNT);
    tcase_add_test(c, a_newer_peers_error_may_have_happened);
    return suite_run(suite);
}
