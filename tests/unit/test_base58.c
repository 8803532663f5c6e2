/* Base58, against what @solana/web3.js answered. */
#include "proto/base58.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>

static const struct {
    const char *hex, *text;
} VECTORS[] = {
    {"00", "1"},
    {"0000", "11"},
    {"01", "2"},
    {"0001", "12"},
    {"ff", "5Q"},
    {"0000ffff", "11LUv"},
    {"4b4007fe45", "9VQo9Ta"},
    {"68656c6c6f20776f726c64", "StV1DL6CwTryKyV"},
    {"82cd3c26c1814bb9a2697894e1a91bdd9b9b8990e9bbfe8e23f4405a507c8d",
     "2zgYC58r4Fy72tFVWZvjU3mmmrNS3Q2Tsow5EHV1Q6p"},
    {"0000000000000000000000000000000000000000000000000000000000000000",
     "11111111111111111111111111111111"},
    {"0000000000000000000000000000000000000000000000000000000000000001",
     "11111111111111111111111111111112"},
    {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG"},
    {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "67rpwLCuS5DGA8KGZXKsVQ7dnPb9goRLoKfgGbLfQg9WoLUgNY77E2jT11fem3coV9nAkguBACzrU1iyZM4B8roQ"},
};
#define VECTOR_COUNT (int)(sizeof VECTORS / sizeof VECTORS[0])

static size_t unhex(const char *hex, uint8_t *ret_bytes)
{
    size_t n = 0;
    for (; hex[2 * n]; n++) {
        char pair[3] = {hex[2 * n], hex[2 * n + 1], 0};
        ret_bytes[n] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n;
}

START_TEST(vectors_encode_and_decode)
{
    uint8_t bytes[DV_BASE58_BYTES_MAX], again[DV_BASE58_BYTES_MAX];
    size_t size = unhex(VECTORS[_i].hex, bytes);
    char text[DV_BASE58_TEXT_SIZE];
    uint32_t n = dv_base58_encode(bytes, size, text);
    ck_assert_str_eq(text, VECTORS[_i].text);
    ck_assert_uint_eq(n, strlen(text));
    ck_assert(dv_base58_decode(dv_text_of(text), again, size));
    ck_assert_mem_eq(again, bytes, size);
}
END_TEST

START_TEST(a_text_of_another_size_is_refused)
{
    uint8_t bytes[DV_BASE58_BYTES_MAX], out[DV_BASE58_BYTES_MAX] = {0};
    size_t size = unhex(VECTORS[_i].hex, bytes);
    dv_text text = dv_text_of(VECTORS[_i].text);
    if (size > 1) ck_assert(!dv_base58_decode(text, out, size - 1));
    if (size < DV_BASE58_BYTES_MAX) ck_assert(!dv_base58_decode(text, out, size + 1));
    for (size_t i = 0; i < sizeof out; i++) ck_assert_uint_eq(out[i], 0);
}
END_TEST

static const char *const OTHER_CHARACTERS[] = {"0",  "O", "I", "l",        "1O", " 1",
                                               "1 ", "+", "/", "\xc3\xa9", "1\n"};

START_TEST(other_characters_are_refused)
{
    uint8_t out[2];
    for (size_t size = 1; size <= 2; size++)
        ck_assert(!dv_base58_decode(dv_text_of(OTHER_CHARACTERS[_i]), out, size));
}
END_TEST

START_TEST(nothing_and_nul_and_too_much_are_refused)
{
    uint8_t out[DV_BASE58_BYTES_MAX];
    char many[2000];
    memset(many, 'z', sizeof many);
    ck_assert(!dv_base58_decode(dv_text_of(""), out, 1));
    ck_assert(!dv_base58_decode(dv_text_of(NULL), out, 1));
    ck_assert(!dv_base58_decode((dv_text){"\0", 1}, out, 1));
    ck_assert(!dv_base58_decode((dv_text){many, sizeof many}, out, 64));
    /* 44 characters, yet more than 32 bytes */
    ck_assert(
        !dv_base58_decode(dv_text_of("JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFH"), out, 32));
}
END_TEST

/* Schoolbook division, digit by digit; overwrites the bytes, the first of which is not 0. */
static uint32_t encode_slowly(uint8_t *bytes, size_t size, char *ret_text)
{
    static const char DIGITS[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    uint32_t length = 0;
    for (size_t first = 0; first < size; first += bytes[first] == 0) {
        uint32_t rest = 0;
        for (size_t i = first; i < size; i++) {
            rest = rest * 256 + bytes[i];
            bytes[i] = (uint8_t)(rest / 58);
            rest %= 58;
        }
        ret_text[length++] = DIGITS[rest];
    }
    for (uint32_t i = 0; i < length / 2; i++) {
        char digit = ret_text[i];
        ret_text[i] = ret_text[length - 1 - i];
        ret_text[length - 1 - i] = digit;
    }
    return length;
}

START_TEST(what_is_longer_than_a_signature_is_read)
{
    uint8_t bytes[DV_BASE58_LONG_BYTES_MAX], again[DV_BASE58_LONG_BYTES_MAX];
    char text[DV_BASE58_LONG_TEXT_SIZE];
    size_t size;
    memset(bytes, 0xff, sizeof bytes); /* the longest text of all */
    uint32_t n = encode_slowly(bytes, sizeof bytes, text);
    memset(bytes, 0xff, sizeof bytes);
    ck_assert_uint_eq(n, DV_BASE58_LONG_TEXT_SIZE - 1);
    ck_assert(dv_base58_decode_long((dv_text){text, n}, again, sizeof again, &size));
    ck_assert_uint_eq(size, sizeof bytes);
    ck_assert_mem_eq(again, bytes, size);
    ck_assert(!dv_base58_decode_long((dv_text){text, n}, again, sizeof again - 1, &size));
    ck_assert(dv_base58_decode_long((dv_text){text, 0}, again, 0, &size));
    ck_assert_uint_eq(size, 0);
    ck_assert(!dv_base58_decode_long(dv_text_of("1"), again, 0, &size));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base58");
    TCase *c = tcase_create("base58");
    suite_add_tcase(suite, c);
    tcase_add_loop_test(c, vectors_encode_and_decode, 0, VECTOR_COUNT);
    tcase_add_loop_test(c, a_text_of_another_size_is_refused, 0, VECTOR_COUNT);
    tcase_add_loop_test(c, other_characters_are_refused, 0,
                        sizeof OTHER_CHARACTERS / sizeof OTHER_CHARACTERS[0]);
    tcase_add_test(c, what_is_longer_than_a_signature_is_read);
    tcase_add_test(c, nothing_and_nul_and_too_much_are_refused);
    return suite_run(suite);
}
