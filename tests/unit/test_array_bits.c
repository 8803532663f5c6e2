/* The bitmaps of arrays, and their extensions. */
#include "actors/dex/programs/array_bits.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_SIZE 64 /* bytes */

typedef struct bytes {
    uint8_t own[128], up[14 * GROUP_SIZE], down[14 * GROUP_SIZE];
} bytes;

static void set(uint8_t *at, uint32_t bit)
{
    at[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static int32_t next(const dv_array_bits *bits, int32_t from, bool up)
{
    int32_t found = INT32_MAX;
    return dv_array_bits_next(bits, from, up, &found) ? found : INT32_MAX;
}

START_TEST(the_own_bitmap_begins_512_arrays_below_0)
{
    bytes b = {0};
    dv_array_bits bits;
    set(b.own, 0);
    set(b.own, 512);
    set(b.own, 1023);
    dv_array_bits_decode(b.own, NULL, NULL, 0, false, &bits);
    ck_assert(!bits.has_extension);
    ck_assert_int_eq(next(&bits, INT32_MIN, true), -512);
    ck_assert_int_eq(next(&bits, -511, true), 0);
    ck_assert_int_eq(next(&bits, 0, true), 0);
    ck_assert_int_eq(next(&bits, 1, true), 511);
    ck_assert_int_eq(next(&bits, 512, true), INT32_MAX);
    ck_assert_int_eq(next(&bits, INT32_MAX, true), INT32_MAX);
    ck_assert_int_eq(next(&bits, INT32_MAX, false), 511);
    ck_assert_int_eq(next(&bits, 510, false), 0);
    ck_assert_int_eq(next(&bits, -1, false), -512);
    ck_assert_int_eq(next(&bits, -513, false), INT32_MAX);
    ck_assert_int_eq(next(&bits, INT32_MIN, false), INT32_MAX);
}
END_TEST

/* A bit of an extension, and the array it stands for. Sources: tickarray_bitmap_extension.rs of
   raydium-clmm, and bin_array_bitmap_extension.rs of dlmm-sdk. */
static const struct {
    bool up, meteora;
    uint32_t bit;
    int32_t array;
} EXTENSION_BITS[] = {
    {true, false, 0, 512},       {true, false, 511, 1023},    {true, false, 512, 1024},
    {true, false, 7167, 7679},   {false, false, 0, -1024},    {false, false, 511, -513},
    {false, false, 512, -1536},  {false, false, 1023, -1025}, {false, false, 6656, -7680},
    {false, false, 7167, -7169}, {true, true, 0, 512},        {true, true, 6143, 6655},
    {false, true, 0, -513},      {false, true, 511, -1024},   {false, true, 512, -1025},
    {false, true, 6143, -6656},
};

START_TEST(each_bit_of_an_extension_stands_for_its_array)
{
    bytes b = {0};
    dv_array_bits bits;
    bool meteora = EXTENSION_BITS[_i].meteora;
    int32_t array = EXTENSION_BITS[_i].array;
    set(EXTENSION_BITS[_i].up ? b.up : b.down, EXTENSION_BITS[_i].bit);
    dv_array_bits_decode(b.own, b.up, b.down, meteora ? 12 : 14, meteora, &bits);
    ck_assert(bits.has_extension);
    ck_assert(dv_array_bits_has(&bits, array));
    ck_assert(!dv_array_bits_has(&bits, array - 1) && !dv_array_bits_has(&bits, array + 1));
    ck_assert_int_eq(next(&bits, INT32_MIN, true), array);
    ck_assert_int_eq(next(&bits, INT32_MAX, false), array);
    ck_assert_int_eq(next(&bits, array, true), array);
    ck_assert_int_eq(next(&bits, array, false), array);
    ck_assert_int_eq(next(&bits, array + 1, true), INT32_MAX);
    ck_assert_int_eq(next(&bits, array - 1, false), INT32_MAX);
}
END_TEST

START_TEST(a_search_finds_what_looking_at_each_array_finds)
{
    bytes b = {0};
    dv_array_bits bits;
    uint32_t r = 1;
    for (int i = 0; i < 40; i++) {
        r = r * 1664525 + 1013904223;
        set(i % 3 == 0 ? b.own : i % 3 == 1 ? b.up : b.down, (r >> 8) % (i % 3 == 0 ? 1024 : 7168));
    }
    dv_array_bits_decode(b.own, b.up, b.down, 14, false, &bits);
    int32_t last = INT32_MAX;
    for (int32_t at = DV_ARRAY_BITS_LAST + 2; at >= DV_ARRAY_BITS_FIRST - 2; at--) {
        if (dv_array_bits_has(&bits, at)) last = at;
        ck_assert_int_eq(next(&bits, at, true), last);
    }
    last = INT32_MAX;
    for (int32_t at = DV_ARRAY_BITS_FIRST - 2; at <= DV_ARRAY_BITS_LAST + 2; at++) {
        if (dv_array_bits_has(&bits, at)) last = at;
        ck_assert_int_eq(next(&bits, at, false), last);
    }
}
END_TEST

START_TEST(the_nearest_arrays_come_in_turns_until_there_are_none)
{
    bytes b = {0};
    dv_array_bits bits;
    static const uint32_t SET[] = {500, 510, 512, 515, 520, 530, 540};
    for (size_t i = 0; i < sizeof SET / sizeof SET[0]; i++) set(b.own, SET[i]);
    dv_array_bits_decode(b.own, NULL, NULL, 0, false, &bits);
    int32_t near[8];
    static const int32_t EXPECTED[] = {0, 3, -2, 8, -12, 18, 28};
    ck_assert_uint_eq(dv_array_bits_near(&bits, 0, 8, near), 7);
    for (int i = 0; i < 7; i++) ck_assert_int_eq(near[i], EXPECTED[i]);
    ck_assert_uint_eq(dv_array_bits_near(&bits, 0, 3, near), 3);
    ck_assert_uint_eq(dv_array_bits_near(&bits, 0, 0, near), 0);
    ck_assert_uint_eq(dv_array_bits_near(&bits, INT32_MAX, 8, near), 7);
    ck_assert_uint_eq(dv_array_bits_near(&bits, INT32_MIN, 8, near), 7);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("array_bits");
    TCase *c = tcase_create("array_bits");
    suite_add_tcase(suite, c);
    tcase_add_test(c, the_own_bitmap_begins_512_arrays_below_0);
    tcase_add_loop_test(c, each_bit_of_an_extension_stands_for_its_array, 0,
                        sizeof EXTENSION_BITS / sizeof EXTENSION_BITS[0]);
    tcase_add_test(c, a_search_finds_what_looking_at_each_array_finds);
    tcase_add_test(c, the_nearest_arrays_come_in_turns_until_there_are_none);
    return suite_run(suite);
}
