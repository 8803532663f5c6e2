/* Pieces that answers are put together from: how answer.c reads a node's JSON. */
#ifndef DV_SOLANA_ANSWER_READ_H
#define DV_SOLANA_ANSWER_READ_H

#include <yajl/yajl_tree.h>

#include "actors/solana/answer.h"

/* Parses hostile bytes; NULL when they are no JSON, or too deep. The caller frees it. */
yajl_val dv_jsonrpc_parse(const char *bytes, size_t size);

/* A member of an object; NULL when it has none of this name, or is no object. */
yajl_val dv_jsonrpc_get(yajl_val object, const char *name);

/* Whole numbers of 64 bits, written without fraction or exponent; texts (borrowed); addresses.
   False, and nothing written, when the value is something else; NULL is something else. */
DV_MUST_CHECK bool dv_jsonrpc_u64(yajl_val value, uint64_t *ret_number);
DV_MUST_CHECK bool dv_jsonrpc_text(yajl_val value, dv_text *ret_text);
DV_MUST_CHECK bool dv_jsonrpc_key(yajl_val value, dv_pubkey *ret_key);

/* A TransactionError; null: it did not fail. */
DV_MUST_CHECK dv_err dv_jsonrpc_failure(yajl_val value, dv_failure *ret_failure);

/* What innerInstructions moved, be they compiled or parsed; absent or null: nothing.
   ret_moves: room for DV_TOKEN_MOVES_MAX. MESSAGE_TOO_LARGE when there are more. */
DV_MUST_CHECK dv_err dv_jsonrpc_moves(yajl_val inner, const dv_pubkey *keys, uint32_t key_count,
                                      dv_token_move *ret_moves, uint32_t *ret_count);

/* preTokenBalances and postTokenBalances of a meta. ret_changes: room for DV_TOKEN_CHANGES_MAX. */
DV_MUST_CHECK dv_err dv_jsonrpc_changes(yajl_val meta, const dv_pubkey *keys, uint32_t key_count,
                                        dv_token_change *ret_changes, uint32_t *ret_count);

#endif
