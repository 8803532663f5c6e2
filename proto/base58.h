/* Base58 with Bitcoin's alphabet, as Solana writes keys and signatures. */
#ifndef DV_PROTO_BASE58_H
#define DV_PROTO_BASE58_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/error.h"
#include "proto/text.h"

#define DV_BASE58_BYTES_MAX 64 /* a signature */
#define DV_BASE58_TEXT_SIZE 89 /* its text and a NUL */

/* Writes the text of 1..64 bytes, NUL-terminated; returns its length. */
uint32_t dv_base58_encode(const uint8_t *bytes, size_t size, char ret_text[DV_BASE58_TEXT_SIZE]);

/* Reads a text that must hold exactly `size` bytes (1..64). False, and nothing written, when it
   holds other characters, or fewer or more bytes. */
DV_MUST_CHECK bool dv_base58_decode(dv_text text, uint8_t *ret_bytes, size_t size);

/* Limits for longer bytes, such as a whole transaction. The time grows with the square of the size:
   1232 bytes take about a tenth of a millisecond. */
#define DV_BASE58_LONG_BYTES_MAX 1232
#define DV_BASE58_LONG_TEXT_SIZE 1684 /* its text and a NUL */

/* Reads a text of at most `capacity` (0..1232) bytes; the empty text is no bytes. False, and
   nothing written, when it holds other characters or more bytes. */
DV_MUST_CHECK bool dv_base58_decode_long(dv_text text, uint8_t *ret_bytes, size_t capacity,
                                         size_t *ret_size);

#endif
