/* Reads a Solana node's answers strictly: JSON-RPC 2.0 in hostile bytes.

   A decoder accepts a result of the shape that the method promises and no other. MESSAGE_MALFORMED:
   a number is no u64, a list has another length, base64 does not decode; then nothing was written.
   Source of the shapes: solana.com/docs/rpc, agave rpc-client-types (response.rs),
   transaction-status-client-types. */
#ifndef DV_SOLANA_ANSWER_H
#define DV_SOLANA_ANSWER_H

#include "actors/solana/account.h"
#include "actors/solana/outcome.h"
#include "actors/solana/transaction.h"

#define DV_ANSWER_SIZE_MAX (16u << 20) /* bytes */

/* A JSON-RPC error. */
typedef struct dv_rpc_fault {
    int64_t code;
    dv_text message;    /* borrowed from the answer */
    dv_failure failure; /* of -32002: why the preflight's simulation failed */
} dv_rpc_fault;

/* Codes that the client acts on (agave rpc-client-types custom_error.rs). */
enum {
    DV_RPC_PREFLIGHT_FAILED = -32002,
    DV_RPC_SIGNATURE_INVALID = -32003,
    DV_RPC_NODE_BEHIND = -32005,
    DV_RPC_STATUS_NOT_YET = -32014,
    DV_RPC_SLOT_NOT_REACHED = -32016,
    DV_RPC_TOO_MANY = -32429, /* some providers' form of HTTP 429 */
};

/* A parsed answer, on the heap. Its decoders return memory that it owns. */
typedef struct dv_answer dv_answer;

/* Parses an answer to the request of this id. The caller owns the answer. MESSAGE_MALFORMED: it is
   not JSON-RPC, has another id, or is too deep. MESSAGE_TOO_LARGE. */
DV_MUST_CHECK dv_err dv_answer_parse(const char *bytes, size_t size, uint64_t id,
                                     dv_answer **ret_answer);
void dv_answer_destroy(dv_answer **answer); /* accepts NULL */

/* The answer's error; NULL: it has a result. */
const dv_rpc_fault *dv_answer_fault(const dv_answer *answer);

/* Read a plain number (getSlot, getBlockHeight, getFirstAvailableBlock, …), or a plain text
   (getGenesisHash, sendTransaction, requestAirdrop), which is borrowed. */
DV_MUST_CHECK dv_err dv_answer_number(const dv_answer *answer, uint64_t *ret_number);
DV_MUST_CHECK dv_err dv_answer_text(const dv_answer *answer, dv_text *ret_text);

/* Reads getMinimumBalanceForRentExemption. */
DV_MUST_CHECK dv_err dv_answer_rent(const dv_answer *answer, dv_lamports *ret_rent);

/* Reads isBlockhashValid: yes or no, at a slot. */
DV_MUST_CHECK dv_err dv_answer_flag(const dv_answer *answer, bool *ret_flag, uint64_t *ret_slot);

/* getLatestBlockhash. */
typedef struct dv_latest_blockhash {
    dv_blockhash blockhash;
    uint64_t last_valid_block_height, slot;
} dv_latest_blockhash;
/* Reads it. */
DV_MUST_CHECK dv_err dv_answer_blockhash(const dv_answer *answer, dv_latest_blockhash *ret_latest);

/* getEpochInfo: slot and height of one block, of one node. */
typedef struct dv_epoch_info {
    uint64_t slot, block_height, epoch;
} dv_epoch_info;
/* Reads it. */
DV_MUST_CHECK dv_err dv_answer_epoch(const dv_answer *answer, dv_epoch_info *ret_info);

/* Reads getMultipleAccounts with encoding base64, for these addresses in this order. An account
   that is not on chain has size 0. The bytes belong to the answer. ret_accounts: room for count. */
DV_MUST_CHECK dv_err dv_answer_accounts(dv_answer *answer, const dv_pubkey *addresses,
                                        uint32_t count, dv_account *ret_accounts,
                                        uint64_t *ret_slot);

/* Reads getProgramAccounts with encoding base64 and a slice of `size` bytes: a program's accounts,
   in the node's order. The bytes belong to the answer. MESSAGE_MALFORMED also when an account
   belongs to another program or has another size. MESSAGE_TOO_LARGE: there are more than max.
   ret_accounts: room for max. */
DV_MUST_CHECK dv_err dv_answer_program_accounts(dv_answer *answer, const dv_pubkey *program,
                                                uint32_t size, uint32_t max,
                                                dv_account *ret_accounts, uint32_t *ret_count);

typedef enum dv_commitment {
    DV_COMMITMENT_PROCESSED,
    DV_COMMITMENT_CONFIRMED,
    DV_COMMITMENT_FINALIZED,
} dv_commitment;

/* One status of getSignatureStatuses. */
typedef struct dv_signature_status {
    bool found; /* false: the node does not know the signature, which may have landed */
    uint64_t slot;
    dv_commitment commitment;
    dv_failure failure;
} dv_signature_status;
/* Reads the statuses of `count` signatures, in their order. ret_statuses: room for count. */
DV_MUST_CHECK dv_err dv_answer_statuses(const dv_answer *answer, uint32_t count,
                                        dv_signature_status *ret_statuses, uint64_t *ret_slot);

/* simulateTransaction with innerInstructions. */
typedef struct dv_simulation {
    dv_failure failure;
    uint64_t units, slot;
    uint32_t move_count;
    dv_token_move moves[DV_TOKEN_MOVES_MAX];
} dv_simulation;
/* Reads it. */
DV_MUST_CHECK dv_err dv_answer_simulation(const dv_answer *answer, const dv_pubkey *keys,
                                          uint32_t key_count, dv_simulation *ret_simulation);

/* getTransaction with encoding base64, of a transaction that landed. */
typedef struct dv_landed {
    uint64_t slot;
    dv_lamports fee;
    dv_failure failure;
    dv_transaction transaction; /* as it landed; its signatures are not verified */
    uint32_t move_count, change_count;
    dv_token_move moves[DV_TOKEN_MOVES_MAX];
    dv_token_change changes[DV_TOKEN_CHANGES_MAX];
} dv_landed;

/* Reads it. ret_found: false when the node does not know the transaction; then ret_landed is not
   written. */
DV_MUST_CHECK dv_err dv_answer_landed(const dv_answer *answer, bool *ret_found,
                                      dv_landed *ret_landed);

/* Reads getSignaturesForAddress: the signature of the oldest listed transaction that succeeded.
   Base58 of 64 bytes, borrowed from the answer; empty: none succeeded. */
DV_MUST_CHECK dv_err dv_answer_first_success(const dv_answer *answer, dv_text *ret_signature);

/* Reads getRecentPrioritizationFees: the fee, micro-lamports a compute unit, that `percent` percent
   of the recent blocks did not exceed. 0 when there are no blocks. */
DV_MUST_CHECK dv_err dv_answer_fee(const dv_answer *answer, uint32_t percent, uint64_t *ret_price);

#endif
