/* Money: u64 atoms, parsed from and printed as exact decimals. No floating point anywhere. */
#ifndef DV_PROTO_AMOUNT_H
#define DV_PROTO_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/error.h"
#include "proto/text.h"

typedef unsigned __int128 dv_u128;

#define DV_BPS_ONE 10000u   /* basis points in a whole */
#define DV_PPM_ONE 1000000u /* millionths in a whole; fees are in these */
#define DV_DECIMALS_MAX 18  /* of a token */

/* Room for every number that these functions print, and its NUL. */
#define DV_AMOUNT_TEXT_SIZE 64

/* Why a decimal text is no amount. */
typedef enum dv_decimal_result {
    DV_DECIMAL_OK,
    DV_DECIMAL_MALFORMED,   /* not digits with an optional fraction (and exponent, if allowed) */
    DV_DECIMAL_TOO_PRECISE, /* digits other than 0 beyond the token's decimals */
    DV_DECIMAL_TOO_LARGE,   /* does not fit 64 bits of atoms */
} dv_decimal_result;

/* Reads "12" or "12.5" (not ".5", "12." or "-1") as atoms of a token with `decimals` (0..18).
   exponent_allowed: also takes "1e-7", which JSON numbers may be and strings may not. Zero is a
   valid decimal; the caller decides whether it is a valid amount. */
DV_MUST_CHECK dv_decimal_result dv_decimal_parse(dv_text text, uint8_t decimals,
                                                 bool exponent_allowed, uint64_t *ret_atoms);

/* As dv_decimal_parse, but rounds towards zero: it drops the digits beyond `decimals`. */
DV_MUST_CHECK dv_decimal_result dv_decimal_parse_floor(dv_text text, uint8_t decimals,
                                                       bool exponent_allowed, uint64_t *ret_atoms);

/* Prints atoms as the shortest plain decimal ("0.1", "12"), NUL-terminated; returns its length. */
uint32_t dv_decimal_format(uint64_t atoms, uint8_t decimals, char ret_text[DV_AMOUNT_TEXT_SIZE]);

/* floor(a * b / divisor), and the same rounded up. False, and nothing written, when the divisor is
   0 or the result does not fit 64 bits. */
DV_MUST_CHECK bool dv_mul_div_floor(uint64_t a, uint64_t b, uint64_t divisor, uint64_t *ret);
DV_MUST_CHECK bool dv_mul_div_ceil(uint64_t a, uint64_t b, uint64_t divisor, uint64_t *ret);

/* The least output that an order accepts: expected less slippage_bps (0..10000), rounded up to the
   safe side of the user's limit. */
uint64_t dv_min_amount_out_ceil(uint64_t expected_out, uint16_t slippage_bps);

/* The most input that an order pays: expected plus slippage_bps, rounded down. At most 2^64 - 1. */
uint64_t dv_max_amount_in_floor(uint64_t expected_in, uint16_t slippage_bps);

/* Prints the price of a swap, out per in, of whole tokens, before a fee of fee_ppm: amount_out /
   amount_in / (1 - fee). fee_ppm is below DV_PPM_ONE; 0 gives the effective price. A plain decimal
   of 15 significant digits, rounded down; "0" when amount_in is 0. Returns its length. */
uint32_t dv_price_format(uint64_t amount_in, uint8_t decimals_in, uint64_t amount_out,
                         uint8_t decimals_out, uint32_t fee_ppm,
                         char ret_text[DV_AMOUNT_TEXT_SIZE]);

/* Compares two swaps of one pair by out per in, after all fees: negative when a is worse than b, 0
   when they are equal, positive when a is better. */
int dv_swap_compare(uint64_t a_in, uint64_t a_out, uint64_t b_in, uint64_t b_out);

#endif
