/* The load generator's parts that touch no socket. */
#include <check.h>
#include <stdlib.h>

#include "bench/load/flights.h"
#include "bench/load/orders.h"
#include "bench/load/samples.h"
#include "bench/load/scan.h"
#include "bench/load/venue.h"
#include "tests/support/suite.h"

#define MS 1000000ll

/* ---- times ---- */

START_TEST(a_quantile_is_the_least_time_that_enough_samples_do_not_exceed)
{
    load_samples samples = {0};
    ck_assert_uint_eq(load_samples_quantile(&samples, 0.5), 0);
    for (int64_t i = 10000; i > 0; i--) load_samples_add(&samples, i * 1000);
    static const struct {
        double share;
        uint32_t us;
    } CASES[] = {{0, 1}, {0.0001, 1}, {0.5, 5000}, {0.99, 9900}, {0.999, 9990}, {1, 10000}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        ck_assert_uint_eq(load_samples_quantile(&samples, CASES[i].share), CASES[i].us);
    load_samples_fini(&samples);
}
END_TEST

START_TEST(a_time_out_of_range_becomes_the_nearest_one_in_it)
{
    load_samples samples = {0};
    load_samples_add(&samples, -5 * MS);
    ck_assert_uint_eq(load_samples_quantile(&samples, 1), 0);
    load_samples_add(&samples, 3600 * 1000 * MS * 2);
    ck_assert_uint_eq(load_samples_quantile(&samples, 1), UINT32_MAX);
    load_samples_fini(&samples);
}
END_TEST

static void assert_prints(load_samples *samples, const char *expected)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    load_samples_print(samples, out);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
    load_samples_fini(samples);
}

START_TEST(quantiles_are_printed_in_milliseconds)
{
    load_samples samples = {0};
    assert_prints(&samples,
                  "{\"count\":0,\"p50\":0.000,\"p99\":0.000,\"p99.9\":0.000,\"max\":0.000}");
    load_samples_add(&samples, 7 * MS);
    load_samples_add(&samples, 1500000);
    assert_prints(&samples,
                  "{\"count\":2,\"p50\":1.500,\"p99\":7.000,\"p99.9\":7.000,\"max\":7.000}");
}
END_TEST

/* ---- what an engine answers ---- */

#define ID "\"orderId\":\""

START_TEST(a_text_member_is_found_by_its_bytes)
{
    static const struct {
        const char *json, *expected;
    } CASES[] = {
        {"{\"orderId\":\"abc\",\"x\":1}", "abc"},
        {"{\"order\":{\"orderId\":\"\"}}", ""},
        {"{\"orderId\":\"first\"},{\"orderId\":\"second\"}", "first"},
        {"{\"websocketUrl\":\"/ws?orderId=abc\"}", ""},
        {"{\"orderId\":\"cut", ""},
        {"{\"orderId\":\"", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        dv_text found = load_scan_text(CASES[i].json, strlen(CASES[i].json), ID);
        ck_assert_msg(dv_text_is(found, CASES[i].expected), "%s: %.*s", CASES[i].json,
                      DV_TEXT_ARG(found));
    }
}
END_TEST

START_TEST(nothing_after_the_end_is_looked_at)
{
    static const char JSON[] = "{\"orderId\":\"abc\"}";
    ck_assert_uint_eq(load_scan_text(JSON, 12, ID).size, 0);
    ck_assert_uint_eq(load_scan_count(JSON, 12, ID), 1);
    ck_assert_uint_eq(load_scan_count(JSON, 11, ID), 0);
    uint64_t number = 7;
    ck_assert(load_scan_number("{\"n\":123}", 7, "\"n\":", &number));
    ck_assert_uint_eq(number, 12);
}
END_TEST

START_TEST(a_number_is_read_or_left_alone)
{
    static const struct {
        const char *json;
        bool found;
        uint64_t number;
    } CASES[] = {
        {"{\"completed\":12,\"failed\":3}", true, 12},
        {"{\"completed\": 0}", true, 0},
        {"{\"completed\":18446744073709551615}", true, UINT64_MAX},
        {"{\"completed\":18446744073709551616}", false, 0},
        {"{\"completed\":\"12\"}", false, 0},
        {"{\"completed\":", false, 0},
        {"{\"complete\":12}", false, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint64_t number = 99;
        bool found =
            load_scan_number(CASES[i].json, strlen(CASES[i].json), "\"completed\":", &number);
        ck_assert_msg(found == CASES[i].found, "%s", CASES[i].json);
        ck_assert_uint_eq(number, found ? CASES[i].number : 99);
    }
}
END_TEST

START_TEST(members_are_counted)
{
    static const char JSON[] = "[{\"orderId\":\"a\"},{\"error\":1},{\"orderId\":\"b\"}]";
    ck_assert_uint_eq(load_scan_count(JSON, sizeof JSON - 1, ID), 2);
    ck_assert_uint_eq(load_scan_count("", 0, ID), 0);
}
END_TEST

/* ---- requests ---- */

/* The body of a request, which its head announces. */
static const char *body_of(const load_request *request)
{
    const char *body = strstr(request->bytes, "\r\n\r\n");
    ck_assert_ptr_nonnull(body);
    body += 4;
    uint64_t length;
    ck_assert(load_scan_number(request->bytes, request->size, "Content-Length:", &length));
    ck_assert_uint_eq(length, request->size - (size_t)(body - request->bytes));
    return body;
}

START_TEST(a_seed_gives_the_same_orders_again_and_another_seed_others)
{
    load_orders a, b, c;
    load_orders_make(&a, 1, 0);
    load_orders_make(&b, 1, 0);
    load_orders_make(&c, 2, 0);
    bool differ = false;
    for (size_t i = 0; i < LOAD_REQUESTS; i++) {
        const char *body = body_of(load_orders_next(&a));
        ck_assert_str_eq(body, body_of(load_orders_next(&b)));
        differ |= strcmp(body, body_of(load_orders_next(&c))) != 0;
    }
    ck_assert(differ);
    load_orders_fini(&a);
    load_orders_fini(&b);
    load_orders_fini(&c);
}
END_TEST

START_TEST(a_batch_is_an_array_for_its_own_path)
{
    load_orders orders;
    load_orders_make(&orders, 1, 3);
    const load_request *request = load_orders_next(&orders);
    const char *body = body_of(request);
    ck_assert(strncmp(request->bytes, "POST /api/orders/batch ", 23) == 0);
    ck_assert_uint_eq(load_scan_count(body, strlen(body), "\"tokenIn\":"), 3);
    ck_assert(body[0] == '[' && body[strlen(body) - 1] == ']');
    load_orders_fini(&orders);
}
END_TEST

/* ---- orders under way ---- */

START_TEST(an_order_has_one_flight_until_it_is_removed)
{
    load_flights flights = {0};
    dv_id a = {{1}}, b = {{2}};
    load_flight *f = load_flights_get(&flights, &a);
    f->due_ns = 5;
    ck_assert_ptr_eq(load_flights_get(&flights, &a), f);
    ck_assert_ptr_ne(load_flights_get(&flights, &b), f);
    load_flights_remove(&flights, f);
    ck_assert_int_eq(load_flights_get(&flights, &a)->due_ns, 0);
    load_flights_fini(&flights);
}
END_TEST

/* ---- the venues' own time ---- */

START_TEST(venues_are_read_whole_or_not_at_all)
{
    load_venue venue;
    ck_assert(load_venue_parse("200:300:2000:3000:1", &venue));
    ck_assert_uint_eq(venue.quote_max, 300);
    ck_assert_uint_eq(venue.seed, 1);
    static const char *const BAD[] = {"", "200:300:2000:3000", "200:300:2000:3000:1x", "a:b:c:d:e"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        ck_assert(!load_venue_parse(BAD[i], &venue));
}
END_TEST

START_TEST(the_venues_own_time_is_the_slower_quote_and_the_landing)
{
    const load_venue fixed = {250, 250, 2500, 2500, 1}, wide = {200, 300, 2000, 3000, 1};
    const uint8_t signature[DV_SIM_SIGNATURE_SIZE] = {9};
    dv_text dex = dv_text_of("meteora");
    int64_t least = INT64_MAX, most = 0;
    for (uint8_t i = 0; i < 100; i++) {
        dv_id id = {{i}};
        ck_assert_int_eq(load_venue_own_ns(&fixed, &id, dex, signature), 2750 * MS);
        int64_t own = load_venue_own_ns(&wide, &id, dex, signature);
        if (own < least) least = own;
        if (own > most) most = own;
    }
    ck_assert_int_ge(least, 2200 * MS);
    ck_assert_int_le(most, 3300 * MS);
    ck_assert_int_gt(most - least, 50 * MS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load");
    TCase *tests = tcase_create("load");
    tcase_add_test(tests, a_quantile_is_the_least_time_that_enough_samples_do_not_exceed);
    tcase_add_test(tests, a_time_out_of_range_becomes_the_nearest_one_in_it);
    tcase_add_test(tests, quantiles_are_printed_in_milliseconds);
    tcase_add_test(tests, a_text_member_is_found_by_its_bytes);
    tcase_add_test(tests, nothing_after_the_end_is_looked_at);
    tcase_add_test(tests, a_number_is_read_or_left_alone);
    tcase_add_test(tests, members_are_counted);
    tcase_add_test(tests, a_seed_gives_the_same_orders_again_and_another_seed_others);
    tcase_add_test(tests, a_batch_is_an_array_for_its_own_path);
    tcase_add_test(tests, an_order_has_one_flight_until_it_is_removed);
    tcase_add_test(tests, venues_are_read_whole_or_not_at_all);
    tcase_add_test(tests, the_venues_own_time_is_the_slower_quote_and_the_landing);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
