/* Transactions: compiled from instructions, and read back from hostile bytes.

   A transaction is its signatures (a compact count, 64 bytes each) and a message:

     legacy   header, keys, blockhash, instructions
     v0       0x80, header, keys, blockhash, instructions, lookups in address tables

   header: how many keys sign, how many of those are read-only, how many of the others are. Keys are
   in that order: writable signers, read-only signers, writable, read-only. The first pays. Source:
   solana-message (legacy.rs, versions/v0), solana-transaction; key order as @solana/web3.js 1.x
   compiles, so that the same swap gives the same bytes. */
#ifndef DV_SOLANA_TRANSACTION_H
#define DV_SOLANA_TRANSACTION_H

#include "actors/solana/account.h"
#include "actors/solana/instruction.h"
#include "actors/solana/signature.h"

#define DV_TRANSACTION_SIZE_MAX 1232  /* bytes: PACKET_DATA_SIZE */
#define DV_TRANSACTION_SIGNERS_MAX 12 /* more leave no room in a packet */
#define DV_TRANSACTION_KEYS_MAX 256   /* static and looked up; an index is a byte */
#define DV_TRANSACTION_INSTRUCTIONS_MAX 64
#define DV_TRANSACTION_LOOKUPS_MAX 32 /* 34 bytes each at least */
#define DV_LOOKUP_TABLE_ADDRESSES_MAX 256

typedef enum dv_transaction_version {
    DV_TRANSACTION_LEGACY,
    DV_TRANSACTION_V0,
} dv_transaction_version;

/* A recent blockhash. Some 150 blocks later the transaction can no longer land. */
typedef struct dv_blockhash {
    uint8_t bytes[32];
} dv_blockhash;

/* The addresses of a table, borrowed. */
typedef struct dv_lookup_table {
    dv_pubkey key;
    const dv_pubkey *addresses;
    uint32_t count; /* 0..256 */
} dv_lookup_table;

/* What to compile; everything is borrowed. */
typedef struct dv_transaction_plan {
    dv_transaction_version version;
    dv_pubkey payer;
    dv_blockhash blockhash;
    const dv_instruction *instructions;
    uint32_t instruction_count;
    const dv_lookup_table *tables; /* v0 only; the first that has a key wins */
    uint32_t table_count;
} dv_transaction_plan;

/* The bytes of a transaction. */
typedef struct dv_transaction {
    uint32_t size;
    uint32_t message_at; /* where the message begins, which is signed */
    uint8_t bytes[DV_TRANSACTION_SIZE_MAX];
} dv_transaction;

/* Compiles a plan; its signatures are zero. MESSAGE_TOO_LARGE: it does not fit a packet, needs more
   keys than an index counts, or more signers than we allow. REQUEST_INVALID: a legacy transaction
   with tables, or a table that is too large. */
DV_MUST_CHECK dv_err dv_transaction_compile(const dv_transaction_plan *plan,
                                            dv_transaction *ret_transaction);

/* One instruction of a decoded transaction; its pointers are into the bytes. */
typedef struct dv_instruction_view {
    uint8_t program;         /* index of a static key */
    const uint8_t *accounts; /* indices of keys: static, then looked up to write, then to read */
    uint16_t account_count;
    const uint8_t *data;
    uint16_t data_size;
} dv_instruction_view;

typedef struct dv_lookup_view {
    dv_pubkey table;
    const uint8_t *writable, *readonly; /* indices in the table */
    uint16_t writable_count, readonly_count;
} dv_lookup_view;

/* A decoded transaction. */
typedef struct dv_transaction_view {
    dv_transaction_version version;
    const uint8_t *signatures; /* signer_count signatures; the first names the transaction */
    const uint8_t *message;
    uint32_t message_size;
    uint8_t signer_count, readonly_signer_count, readonly_other_count;
    uint16_t key_count;  /* static keys */
    const uint8_t *keys; /* 32 bytes each */
    dv_blockhash blockhash;
    uint16_t instruction_count, lookup_count;
    uint16_t looked_up_count; /* keys that come from tables */
    dv_instruction_view instructions[DV_TRANSACTION_INSTRUCTIONS_MAX];
    dv_lookup_view lookups[DV_TRANSACTION_LOOKUPS_MAX];
} dv_transaction_view;

/* Reads hostile bytes, which the view borrows. The runtime's sanity checks hold: indices exist; the
   payer signs, is writable and is no program; every lookup finds keys; no byte follows. Signatures
   are not verified. MESSAGE_MALFORMED; MESSAGE_TOO_LARGE beyond the bounds above. */
DV_MUST_CHECK dv_err dv_transaction_decode(const uint8_t *bytes, size_t size,
                                           dv_transaction_view *ret_view);

/* Reads a message without signatures. signatures is NULL in the view. */
DV_MUST_CHECK dv_err dv_transaction_message_decode(const uint8_t *bytes, size_t size,
                                                   dv_transaction_view *ret_view);

#endif
