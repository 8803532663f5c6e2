/* Parameters of JSON-RPC that begin with a list: [["…","…"],{…}]. */
#ifndef DV_SOLANA_PARAMS_H
#define DV_SOLANA_PARAMS_H

#include <stddef.h>

#include "actors/solana/pubkey.h"
#include "proto/base58.h"

/* Bytes that a list of so many keys or signatures takes, with options of that many bytes. */
#define DV_PARAMS_KEYS_SIZE(count, options) ((count) * (DV_BASE58_TEXT_SIZE + 3) + (options) + 8)

#define DV_PARAMS_KEYS_MAX 100 /* that a node looks up at once */

/* Writes the parameters: the texts as a list, and the options (a JSON object; empty: none). They must
   fit `size` bytes. The texts need no escaping. */
void dv_params_texts(char *ret_params, size_t size, const char *const *texts, uint32_t count,
                     const char *options);

/* The same for addresses, at most DV_PARAMS_KEYS_MAX. */
void dv_params_keys(char *ret_params, size_t size, const dv_pubkey *keys, uint32_t count,
                    const char *options);

#endif
