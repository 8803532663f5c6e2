/* Ids are UUIDs of version 7: they sort by time, and only their own form is read. */
#include "proto/id.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>

static const uint8_t ONES[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
static const uint8_t ZEROS[10];

START_TEST(version_and_variant_are_those_of_rfc_9562)
{
    dv_id low = dv_id_make(0, ZEROS), high = dv_id_make(0, ONES);
    ck_assert_uint_eq(low.bytes[6] >> 4, 7);
    ck_assert_uint_eq(high.bytes[6] >> 4, 7);
    ck_assert_uint_eq(low.bytes[8] >> 6, 2);
    ck_assert_uint_eq(high.bytes[8] >> 6, 2);
}
END_TEST

START_TEST(the_rfc_example_comes_out)
{
    /* RFC 9562, appendix A.6: 2022-02-22T19:22:22.000Z. */
    static const uint8_t RANDOM[10] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    dv_id id = dv_id_make(1645557742000000, RANDOM);
    char text[DV_ID_TEXT_SIZE];
    dv_id_format(&id, text);
    ck_assert_str_eq(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}
END_TEST

START_TEST(ids_sort_by_their_millisecond)
{
    int64_t us = 1700000000000000;
    for (int step = 0; step < 40; step++) {
        dv_id before = dv_id_make(us, ONES);
        us += 1000ll << step;
        dv_id after = dv_id_make(us, ZEROS);
        ck_assert_int_lt(memcmp(before.bytes, after.bytes, sizeof before.bytes), 0);
    }
}
END_TEST

START_TEST(all_random_bits_matter)
{
    int distinct = 0;
    dv_id base = dv_id_make(1, ZEROS);
    for (int bit = 0; bit < 80; bit++) {
        uint8_t random[10] = {0};
        random[bit / 8] = (uint8_t)(1u << bit % 8);
        dv_id id = dv_id_make(1, random);
        distinct += !dv_id_equal(&id, &base);
    }
    ck_assert_int_eq(distinct, 74);
}
END_TEST

START_TEST(the_printed_form_reads_back_in_either_case)
{
    static const char UPPER[] = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F";
    dv_id id, again;
    char text[DV_ID_TEXT_SIZE];
    ck_assert(dv_id_parse(dv_text_of(UPPER), &id));
    dv_id_format(&id, text);
    ck_assert(dv_id_parse(dv_text_of(text), &again));
    ck_assert(dv_id_equal(&id, &again));
    ck_assert_str_eq(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}
END_TEST

static const char *const JUNK[] = {
    "",
    "017f22e2",
    "017f22e279b07cc398c4dc0c0c07398f",
    "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
    "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
    " 17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
    "------------------------------------",
};

START_TEST(junk_is_no_id_and_changes_nothing)
{
    dv_id id = dv_id_make(1, ONES), before = id;
    ck_assert(!dv_id_parse(dv_text_of(JUNK[_i]), &id));
    ck_assert(dv_id_equal(&id, &before));
}
END_TEST

START_TEST(only_zeros_are_nil)
{
    dv_id nil = {{0}}, id = dv_id_make(0, ZEROS);
    ck_assert(dv_id_is_nil(&nil));
    ck_assert(!dv_id_is_nil(&id));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("id");
    TCase *c = tcase_create("id");
    suite_add_tcase(suite, c);
    tcase_add_test(c, version_and_variant_are_those_of_rfc_9562);
    tcase_add_test(c, the_rfc_example_comes_out);
    tcase_add_test(c, ids_sort_by_their_millisecond);
    tcase_add_test(c, all_random_bits_matter);
    tcase_add_test(c, the_printed_form_reads_back_in_either_case);
    tcase_add_loop_test(c, junk_is_no_id_and_changes_nothing, 0, sizeof JUNK / sizeof JUNK[0]);
    tcase_add_test(c, only_zeros_are_nil);
    return suite_run(suite);
}
