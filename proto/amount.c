#include "proto/amount.h"

#include <stdio.h>

static const uint64_t POWER_OF_TEN[] = {
    1u,
    10u,
    100u,
    1000u,
    10000u,
    100000u,
    1000000u,
    10000000u,
    100000000u,
    1000000000u,
    10000000000u,
    100000000000u,
    1000000000000u,
    10000000000000u,
    100000000000000u,
    1000000000000000u,
    10000000000000000u,
    100000000000000000u,
    1000000000000000000u,
};

/* A decimal in parts: its digits without the point, and the place of the point. */
typedef struct decimal {
    const char *integer, *fraction;
    uint32_t integer_size, fraction_size;
    int32_t exponent;
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static uint32_t digits_at(dv_text text, uint32_t from)
{
    uint32_t n = 0;
    while (from + n < text.size && is_digit(text.at[from + n])) n++;
    return n;
}

/* Reads "e-7" from `i` to the end. An exponent beyond ±9999 becomes ±9999: it is as absurd. */
static bool exponent_split(dv_text text, uint32_t i, int32_t *ret_exponent)
{
    bool negative = false;
    if (i < text.size && (text.at[i] == '+' || text.at[i] == '-')) negative = text.at[i++] == '-';
    uint32_t n = digits_at(text, i);
    if (n == 0 || i + n != text.size) return false;
    int32_t value = 0;
    for (uint32_t k = 0; k < n; k++)
        if (value < 10000) value = value * 10 + (text.at[i + k] - '0');
    if (value > 9999) value = 9999;
    *ret_exponent = negative ? -value : value;
    return true;
}

static bool decimal_split(dv_text text, bool exponent_allowed, decimal *ret)
{
    decimal d = {.integer = text.at};
    d.integer_size = digits_at(text, 0);
    if (d.integer_size == 0) return false;
    uint32_t i = d.integer_size;
    if (i < text.size && text.at[i] == '.') {
        d.fraction = text.at + i + 1;
        d.fraction_size = digits_at(text, i + 1);
        if (d.fraction_size == 0) return false;
        i += 1 + d.fraction_size;
    }
    if (i < text.size && exponent_allowed && (text.at[i] == 'e' || text.at[i] == 'E')) {
        if (!exponent_split(text, i + 1, &d.exponent)) return false;
        i = text.size;
    }
    if (i != text.size) return false;
    *ret = d;
    return true;
}

/* The digit at a position; 0 is the first digit of the integer part. */
static unsigned digit_at(const decimal *d, uint32_t position)
{
    char c =
        position < d->integer_size ? d->integer[position] : d->fraction[position - d->integer_size];
    return (unsigned)(c - '0');
}

static dv_decimal_result parse(dv_text text, uint8_t decimals, bool exponent_allowed,
                               bool floor_allowed, uint64_t *ret_atoms)
{
    decimal d;
    if (decimals > DV_DECIMALS_MAX || !decimal_split(text, exponent_allowed, &d))
        return DV_DECIMAL_MALFORMED;

    /* The atoms are the first `kept` digits, filled up with zeros. */
    int64_t count = (int64_t)d.integer_size + d.fraction_size;
    int64_t kept = (int64_t)d.integer_size + d.exponent + decimals;
    uint64_t atoms = 0;
    for (int64_t i = 0; i < count || (i < kept && atoms != 0); i++) {
        unsigned digit = i < count ? digit_at(&d, (uint32_t)i) : 0;
        if (i >= kept) {
            if (digit != 0 && !floor_allowed) return DV_DECIMAL_TOO_PRECISE;
            continue;
        }
        if (__builtin_mul_overflow(atoms, 10u, &atoms) ||
            __builtin_add_overflow(atoms, digit, &atoms))
            return DV_DECIMAL_TOO_LARGE;
    }
    *ret_atoms = atoms;
    return DV_DECIMAL_OK;
}

dv_decimal_result dv_decimal_parse(dv_text text, uint8_t decimals, bool exponent_allowed,
                                   uint64_t *ret_atoms)
{
    return parse(text, decimals, exponent_allowed, false, ret_atoms);
}

dv_decimal_result dv_decimal_parse_floor(dv_text text, uint8_t decimals, bool exponent_allowed,
                                         uint64_t *ret_atoms)
{
    return parse(text, decimals, exponent_allowed, true, ret_atoms);
}

/* Writes a number with at least `least` digits. Returns the place after the last one. */
static char *digits_put(char *at, uint64_t value, int least)
{
    char reversed[DV_AMOUNT_TEXT_SIZE];
    int count = 0;
    for (; value > 0 || count < least; value /= 10) reversed[count++] = (char)('0' + value % 10);
    while (count > 0) *at++ = reversed[--count];
    return at;
}

uint32_t dv_decimal_format(uint64_t atoms, uint8_t decimals, char ret_text[DV_AMOUNT_TEXT_SIZE])
{
    uint64_t unit = POWER_OF_TEN[decimals <= DV_DECIMALS_MAX ? decimals : DV_DECIMALS_MAX];
    uint64_t whole = atoms / unit, rest = atoms % unit;
    char *end = digits_put(ret_text, whole, 1);
    if (rest > 0) {
        *end++ = '.';
        end = digits_put(end, rest, decimals);
        while (end[-1] == '0') end--;
    }
    *end = '\0';
    return (uint32_t)(end - ret_text);
}

bool dv_mul_div_floor(uint64_t a, uint64_t b, uint64_t divisor, uint64_t *ret)
{
    if (divisor == 0) return false;
    dv_u128 quotient = (dv_u128)a * b / divisor;
    if (quotient > UINT64_MAX) return false;
    *ret = (uint64_t)quotient;
    return true;
}

bool dv_mul_div_ceil(uint64_t a, uint64_t b, uint64_t divisor, uint64_t *ret)
{
    if (divisor == 0) return false;
    dv_u128 product = (dv_u128)a * b;
    dv_u128 quotient = product / divisor + (product % divisor != 0);
    if (quotient > UINT64_MAX) return false;
    *ret = (uint64_t)quotient;
    return true;
}

uint64_t dv_min_amount_out_ceil(uint64_t expected_out, uint16_t slippage_bps)
{
    uint64_t kept_bps = slippage_bps < DV_BPS_ONE ? DV_BPS_ONE - slippage_bps : 0;
    return (uint64_t)(((dv_u128)expected_out * kept_bps + (DV_BPS_ONE - 1)) / DV_BPS_ONE);
}

uint64_t dv_max_amount_in_floor(uint64_t expected_in, uint16_t slippage_bps)
{
    dv_u128 most = (dv_u128)expected_in * (DV_BPS_ONE + slippage_bps) / DV_BPS_ONE;
    return most > UINT64_MAX ? UINT64_MAX : (uint64_t)most;
}

#define PRICE_DIGITS 15

uint32_t dv_price_format(uint64_t amount_in, uint8_t decimals_in, uint64_t amount_out,
                         uint8_t decimals_out, uint32_t fee_ppm, char ret_text[DV_AMOUNT_TEXT_SIZE])
{
    if (amount_in == 0 || amount_out == 0 || fee_ppm >= DV_PPM_ONE)
        return (uint32_t)snprintf(ret_text, DV_AMOUNT_TEXT_SIZE, "0");

    /* Long division of atoms by atoms; the tokens' decimals only move the point. Both numbers are
       below 2^84, so a remainder times ten fits. */
    dv_u128 dividend = (dv_u128)amount_out * DV_PPM_ONE;
    dv_u128 divisor = (dv_u128)amount_in * (DV_PPM_ONE - fee_ppm);
    char digits[48];
    int size = 0, point; /* the point stands after `point` digits */
    dv_u128 whole = dividend / divisor, rest = dividend % divisor;
    char reversed[40];
    int whole_size = 0;
    for (dv_u128 w = whole; w != 0; w /= 10) reversed[whole_size++] = (char)('0' + (int)(w % 10));
    while (size < whole_size) {
        digits[size] = reversed[whole_size - 1 - size];
        size++;
    }
    point = size;
    while (size < PRICE_DIGITS && rest != 0) {
        rest *= 10;
        int digit = (int)(rest / divisor);
        rest %= divisor;
        if (size == 0 && digit == 0)
            point--; /* a leading zero of the fraction */
        else
            digits[size++] = (char)('0' + digit);
    }
    for (int i = PRICE_DIGITS; i < size; i++) digits[i] = '0';
    point += (int)decimals_in - (int)decimals_out;
    while (size > 0 && size > point && digits[size - 1] == '0') size--;

    char *out = ret_text;
    const char *end = ret_text + DV_AMOUNT_TEXT_SIZE - 1;
    if (point <= 0) {
        *out++ = '0';
        if (size > 0) *out++ = '.';
        for (int i = point; i < 0 && out < end; i++) *out++ = '0';
    }
    for (int i = 0; i < size || i < point; i++) {
        if (i == point && i > 0 && out < end) *out++ = '.';
        if (out < end) *out++ = i < size ? digits[i] : '0';
    }
    *out = '\0';
    return (uint32_t)(out - ret_text);
}

int dv_swap_compare(uint64_t a_in, uint64_t a_out, uint64_t b_in, uint64_t b_out)
{
    dv_u128 a = (dv_u128)a_out * b_in, b = (dv_u128)b_out * a_in;
    return a < b ? -1 : a > b;
}
