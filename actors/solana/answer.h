/* What a Solana node answers, read strictly: JSON-RPC 2.0 over hostile bytes.

   A decoder takes an answer whose result has the shape that the method promises, and nothing else:
   a number that is no u64, a list of another length, base64 that does not decode, is
   MESSAGE_MALFORMED, and then nothing was written. Source of the shapes: solana.com/docs/rpc,
   agave rpc-client-types (response.rs), transaction-status-client-types. */
#ifndef DV_SOLANA_ANSWER_H
#define DV_SOLANA_ANSWER_H

#include "actors/solana/account.h"
#include "actors/solana/transaction.h"

#define DV_ANSWER_SIZE_MAX (16u << 20) /* bytes */
#define DV_ANSWER_DEPTH_MAX 32         /* arrays and objects within each other */

/* Why a transaction did not do what it says (TransactionError). */
#define DV_FAILURE_NAME_MAX 47
typedef struct dv_failure {
    bool failed;         /* false: it did; the rest is empty */
    bool in_instruction; /* InstructionError: instruction and custom mean something */
    bool is_custom;      /* the program's own code */
    uint8_t instruction; /* its index */
    uint32_t custom;
    char name[DV_FAILURE_NAME_MAX + 1]; /* e.g. BlockhashNotFound, Custom */
} dv_failure;

/* A JSON-RPC error. */
typedef struct dv_rpc_fault {
    int64_t code;
    dv_text message;    /* borrowed from the answer */
    dv_failure failure; /* -32002: what the preflight's simulation met */
} dv_rpc_fault;

/* Codes that the client acts on (landing.md's list; agave rpc-client-types custom_error.rs). */
enum {
    DV_RPC_PREFLIGHT_FAILED = -32002,
    DV_RPC_SIGNATURE_INVALID = -32003,
    DV_RPC_NODE_BEHIND = -32005,
    DV_RPC_STATUS_NOT_YET = -32014,
    DV_RPC_SLOT_NOT_REACHED = -32016,
    DV_RPC_TOO_MANY = -32429, /* as some providers say 429 */
};

/* An answer that was parsed. Heap memory; what its decoders hand out is borrowed from it. */
typedef struct dv_answer dv_answer;

/* Parses an answer to the request of this id. MESSAGE_MALFORMED: not JSON-RPC, another id, too
   deep; MESSAGE_TOO_LARGE. The caller owns it. */
DV_MUST_CHECK dv_err dv_answer_parse(const char *bytes, size_t size, uint64_t id,
                                     dv_answer **ret_answer);
void dv_answer_destroy(dv_answer **answer); /* accepts NULL */

/* The error it bears; NULL: it bears a result. */
const dv_rpc_fault *dv_answer_fault(const dv_answer *answer);

/* A plain number (getSlot, getBlockHeight, getFirstAvailableBlock, …); a plain text
   (getGenesisHash, sendTransaction, requestAirdrop), borrowed. */
DV_MUST_CHECK dv_err dv_answer_number(const dv_answer *answer, uint64_t *ret_number);
DV_MUST_CHECK dv_err dv_answer_text(const dv_answer *answer, dv_text *ret_text);

/* isBlockhashValid: yes or no, at a slot. */
DV_MUST_CHECK dv_err dv_answer_flag(const dv_answer *answer, bool *ret_flag, uint64_t *ret_slot);

/* getLatestBlockhash. */
typedef struct dv_latest_blockhash {
    dv_blockhash blockhash;
    uint64_t last_valid_block_height, slot;
} dv_latest_blockhash;
/* Reads that. */
DV_MUST_CHECK dv_err dv_answer_blockhash(const dv_answer *answer, dv_latest_blockhash *ret_latest);

/* getEpochInfo: slot and height of one block, of one node. */
typedef struct dv_epoch_info {
    uint64_t slot, block_height, epoch;
} dv_epoch_info;
/* Reads that. */
DV_MUST_CHECK dv_err dv_answer_epoch(const dv_answer *answer, dv_epoch_info *ret_info);

/* getMultipleAccounts with encoding base64, for these addresses in this order. One that is not on
   chain has size 0. The bytes belong to the answer. ret_accounts: room for count. */
DV_MUST_CHECK dv_err dv_answer_accounts(dv_answer *answer, const dv_pubkey *addresses,
                                        uint32_t count, dv_account *ret_accounts,
                                        uint64_t *ret_slot);

/* getProgramAccounts with encoding base64 and a slice of `size` bytes: accounts of a program, at
   addresses of the node's choice. The bytes belong to the answer. MESSAGE_MALFORMED also when one
   belongs to another program or has another size; MESSAGE_TOO_LARGE: more than max. ret_accounts:
   room for max. */
DV_MUST_CHECK dv_err dv_answer_program_accounts(dv_answer *answer, const dv_pubkey *program,
                                                uint32_t size, uint32_t max,
                                                dv_account *ret_accounts, uint32_t *ret_count);

typedef enum dv_commitment {
    DV_COMMITMENT_PROCESSED,
    DV_COMMITMENT_CONFIRMED,
    DV_COMMITMENT_FINALIZED,
} dv_commitment;

/* One of getSignatureStatuses. */
typedef struct dv_signature_status {
    bool found; /* false: unknown, which is not the same as failed */
    uint64_t slot;
    dv_commitment commitment;
    dv_failure failure;
} dv_signature_status;
/* Reads those of `count` signatures, in their order. ret_statuses: room for count. */
DV_MUST_CHECK dv_err dv_answer_statuses(const dv_answer *answer, uint32_t count,
                                        dv_signature_status *ret_statuses, uint64_t *ret_slot);

/* A movement of tokens by a token program, within an instruction of a transaction. */
typedef struct dv_token_move {
    uint8_t instruction; /* of the transaction */
    dv_pubkey source, destination;
    uint64_t amount;   /* atoms, before Token-2022 withholds its fee */
    uint64_t withheld; /* the fee, when the program names it; otherwise 0 */
} dv_token_move;
#define DV_TOKEN_MOVES_MAX 64

/* simulateTransaction with innerInstructions. keys: of the transaction, in its order. */
typedef struct dv_simulation {
    dv_failure failure;
    uint64_t units, slot;
    uint32_t move_count;
    dv_token_move moves[DV_TOKEN_MOVES_MAX];
} dv_simulation;
/* Reads that. */
DV_MUST_CHECK dv_err dv_answer_simulation(const dv_answer *answer, const dv_pubkey *keys,
                                          uint32_t key_count, dv_simulation *ret_simulation);

/* What a token account held before and after a transaction. */
typedef struct dv_token_change {
    dv_pubkey account, owner, mint;
    uint64_t before, after; /* atoms; 0 where the account was not there */
} dv_token_change;
#define DV_TOKEN_CHANGES_MAX 32

/* getTransaction with encoding base64, of a transaction that landed. */
typedef struct dv_landed {
    uint64_t slot, fee; /* lamports */
    dv_failure failure;
    dv_transaction transaction; /* as it landed; its signatures are not verified here */
    uint32_t move_count, change_count;
    dv_token_move moves[DV_TOKEN_MOVES_MAX];
    dv_token_change changes[DV_TOKEN_CHANGES_MAX];
} dv_landed;

/* ret_found: false when the node does not know the transaction; then ret_landed is not written. */
DV_MUST_CHECK dv_err dv_answer_landed(const dv_answer *answer, bool *ret_found,
                                      dv_landed *ret_landed);

/* getSignaturesForAddress: the signature of the oldest transaction listed that succeeded, base58 of
   64 bytes, borrowed from the answer; empty: none did. */
DV_MUST_CHECK dv_err dv_answer_first_success(const dv_answer *answer, dv_text *ret_signature);

/* getRecentPrioritizationFees: the fee, micro-lamports a compute unit, that `percent` percent of
   the recent blocks did not exceed. 0 when there were none. */
DV_MUST_CHECK dv_err dv_answer_fee(const dv_answer *answer, uint32_t percent, uint64_t *ret_price);

#endif
