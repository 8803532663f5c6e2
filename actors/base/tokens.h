/* The table of tokens: symbol, mint and decimals, from a configuration file. */
#ifndef DV_BASE_TOKENS_H
#define DV_BASE_TOKENS_H

#include <stdint.h>

#include "proto/error.h"
#include "proto/text.h"

#define DV_TOKENS_MAX 1024
#define DV_SYMBOL_MAX 16 /* bytes */

typedef struct dv_token {
    char symbol[DV_SYMBOL_MAX + 1]; /* e.g. SOL; compared case-sensitively */
    char mint[45];                  /* base58 of 32 bytes */
    uint8_t decimals;               /* 0..18 */
    /* What the simulated venues take one whole token to be worth, in billionths of a US dollar.
       0: the simulated venues do not trade it. Never used for real ones. */
    uint64_t sim_price_nano_usd;
} dv_token;

/* Read once at start, then never changed, so that it may be read from any thread. */
typedef struct dv_tokens {
    dv_token tokens[DV_TOKENS_MAX];
    uint32_t count;
} dv_tokens;

/* Reads the file: a ZPL section per symbol with `mint`, `decimals` and, for the simulated venues,
   `sim_price` (US dollars, a plain decimal of at most 9 fraction digits). On CONFIG_INVALID ret_why
   names the file, the token and the fault (missing, not base58 of 32 bytes, listed twice, …). */
DV_MUST_CHECK dv_err dv_tokens_load(const char *file, dv_tokens *ret_tokens, char ret_why[256]);

/* The token of a symbol or a mint; NULL when there is none. */
const dv_token *dv_tokens_find(const dv_tokens *tokens, dv_text symbol_or_mint);

/* The token of a mint; NULL when there is none. */
const dv_token *dv_tokens_by_mint(const dv_tokens *tokens, dv_text mint);

#endif
