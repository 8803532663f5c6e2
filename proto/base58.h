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

#endif
