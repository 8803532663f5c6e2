/* How answer.c reads the parts of a node's JSON. */
#ifndef DV_SOLANA_ANSWER_READ_H
#define DV_SOLANA_ANSWER_READ_H

#include <yajl/yajl_tree.h>

#include "actors/solana/outcome.h"

#define DV_ANSWER_DEPTH_MAX 32 /* levels of arrays and objects */

/* Parses hostile bytes; NULL when they are no JSON, or too deep. The caller frees it. */
yajl_val dv_jsonrpc_parse(const char *bytes, size_t size);

/* A member of an object; NULL when it has none of this name, or is no object. */
yajl_val dv_jsonrpc_get(yajl_val object, const char *name);

/* Read a whole number of 64 bits, written without fraction or exponent; a text, which is borrowed;
   an address. False, and nothing written, for NULL or a value of another kind. */
DV_MUST_CHECK bool dv_jsonrpc_u64(yajl_val value, uint64_t *ret_number);
DV_MUST_CHECK bool dv_jsonrpc_text(yajl_val value, dv_text *ret_text);
DV_MUST_CHECK bool dv_jsonrpc_key(yajl_val value, dv_pubkey *ret_key);

/* Reads a TransactionError; null: the transaction did not fail. */
DV_MUST_CHECK dv_err dv_jsonrpc_failure(yajl_val value, dv_failure *ret_failure);

/* Reads the transfers in innerInstructions, compiled or parsed; absent or null: none. ret_moves:
   room for DV_TOKEN_MOVES_MAX. MESSAGE_TOO_LARGE when there are more. */
DV_MUST_CHECK dv_err dv_jsonrpc_moves(yajl_val inner, const dv_pubkey *keys, uint32_t key_count,
                                      dv_token_move *ret_moves, uint32_t *ret_count);

/* Reads preTokenBalances and postTokenBalances of a meta. ret_changes: room for
   DV_TOKEN_CHANGES_MAX. */
DV_MUST_CHECK dv_err dv_jsonrpc_changes(yajl_val meta, const dv_pubkey *keys, uint32_t key_count,
                                        dv_token_change *ret_changes, uint32_t *ret_count);

#endif
