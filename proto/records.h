/* The records that messages and stored events are made of, each declared once.

   From each declaration follow the struct (dv_terms), its encoding, decoding and printing
   (proto/codec.h). Encoded, a record is a msgpack array [field, ...]. Fields are only ever appended: a
   shorter array leaves the missing fields empty, a longer one is read as far as it is known.

   A field is F(S, KIND, name, record, max, "meaning and unit"), S standing for the struct it is in:
     UINT  uint64_t, 0..max                  ID    dv_id, 16 bytes
     TEXT  dv_text, UTF-8, at most max bytes BLOB  dv_text, any bytes, at most max
     ONE   one record                        LIST  const record *name; uint32_t name_count <= max */
#ifndef DV_PROTO_RECORDS_H
#define DV_PROTO_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/id.h"
#include "proto/state.h"
#include "proto/text.h"

#define DV_MINT_MAX 44             /* base58 characters of a 32-byte key */
#define DV_SIGNATURE_MAX 88        /* base58 characters of a 64-byte signature */
#define DV_TRANSACTION_MAX 1232    /* bytes: Solana's packet limit */
#define DV_VENUE_MAX 16            /* bytes of a DEX's name */
#define DV_USER_ID_MAX 128         /* bytes */
#define DV_CLIENT_ORDER_ID_MAX 128 /* bytes */
#define DV_AMOUNT_INPUT_MAX 48     /* bytes of an amount as the client wrote it */
#define DV_REASON_MAX 200          /* bytes of a sentence for people */
#define DV_NAME_MAX 31             /* bytes of an actor instance's name */
#define DV_QUOTES_MAX 8            /* venues asked for one attempt */
#define DV_ATTEMPTS_MAX 16         /* of one order */
#define DV_EVENTS_MAX 64           /* of one order */
#define DV_SWEEP_MAX 512           /* orders in one answer to a sweep, or in one claim by id */
#define DV_LEGS_MAX 4              /* swaps in one transaction */
#define DV_LEG_ACCOUNTS_MAX 64     /* of one instruction: what a packet holds */
#define DV_LEG_DATA_MAX 256        /* bytes of one instruction */
#define DV_RPC_METHOD_MAX 40       /* bytes */
#define DV_RPC_PARAMS_MAX 8192     /* bytes */
#define DV_WATCH_POOLS_MAX 32      /* pools that a router names to its chain */
#define DV_READ_PART_MAX 131072    /* bytes of an answer in one message */

#define DV_U8 UINT8_MAX
#define DV_U16 UINT16_MAX
#define DV_U32 UINT32_MAX
#define DV_U64 UINT64_MAX

/* Which amount of a swap is exact; the other one is the venue's answer. */
typedef enum dv_swap_mode { DV_EXACT_IN = 0, DV_EXACT_OUT = 1 } dv_swap_mode;

typedef enum dv_order_type { DV_ORDER_MARKET = 1 } dv_order_type;

/* How the client wrote its order, so that it is shown back the same way. */
typedef enum dv_style {
    DV_STYLE_AMOUNT_STRING = 1, /* the amount was a JSON string */
    DV_STYLE_IN_MINT = 2,       /* the input token was named by its mint */
    DV_STYLE_OUT_MINT = 4,
    DV_STYLE_SIDE_BUY = 8, /* symbol / side / quantity; the amount is the quantity */
    DV_STYLE_SIDE_SELL = 16,
} dv_style;

/* What a transaction does with an account that it names. */
typedef enum dv_account_flag {
    DV_ACCOUNT_WRITABLE = 1,
    DV_ACCOUNT_SIGNER = 2,
} dv_account_flag;

/* What a venue knows about a transaction that was sent to it. */
typedef enum dv_swap_outcome {
    DV_SWAP_UNKNOWN = 0,    /* neither landed nor proven dead: ask again */
    DV_SWAP_FINALIZED = 1,  /* landed and traded; the chain keeps it for ever */
    DV_SWAP_FAILED = 2,     /* landed and failed: nothing was traded, and it cannot land again */
    DV_SWAP_DEAD = 3,       /* proven: it never landed and never can */
    DV_SWAP_CONFIRMED = 4,  /* landed and traded; the chain may still drop it */
    DV_SWAP_SUPERSEDED = 5, /* was confirmed, and the chain has dropped it; it may land again */
} dv_swap_outcome;

/* ---- records ---------------------------------------------------------------------------- */

/* What the order asks for; never changes after it was accepted. */
#define DV_RECORD_terms(F, S)                                                                      \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, TEXT, client_order_id, , DV_CLIENT_ORDER_ID_MAX, "idempotency key; empty: none")          \
    F(S, TEXT, user_id, , DV_USER_ID_MAX, "the owner; empty: none")                                \
    F(S, UINT, order_type, , DV_U8, "dv_order_type")                                               \
    F(S, UINT, swap_mode, , DV_U8, "dv_swap_mode")                                                 \
    F(S, TEXT, token_in, , DV_MINT_MAX, "mint paid")                                               \
    F(S, TEXT, token_out, , DV_MINT_MAX, "mint received")                                          \
    F(S, UINT, amount, , DV_U64, "atoms of token_in if exact in, of token_out if exact out")       \
    F(S, UINT, slippage_bps, , DV_BPS_MAX, "how much worse than the quote is still taken")         \
    F(S, UINT, style, , DV_U8, "dv_style bits")                                                    \
    F(S, TEXT, amount_input, , DV_AMOUNT_INPUT_MAX, "the amount as the client wrote it")           \
    F(S, UINT, created_at_us, , DV_U64, "microseconds since 1970")
#define DV_BPS_MAX 10000u

/* A venue's answer to "what would this swap give?". */
#define DV_RECORD_quote(F, S)                                                                      \
    F(S, TEXT, venue, , DV_VENUE_MAX, "lower case, e.g. raydium")                                  \
    F(S, UINT, error, , DV_U16, "dv_err; 0: the amounts below are good")                           \
    F(S, UINT, amount_in, , DV_U64, "atoms paid, all fees in")                                     \
    F(S, UINT, amount_out, , DV_U64, "atoms received, all fees off")                               \
    F(S, UINT, fee_ppm, , DV_U32, "the pool's fee in millionths of what is traded")                \
    F(S, UINT, price_impact_bps, , DV_U32, "how much worse than the pool's price before the swap") \
    F(S, TEXT, pool, , DV_MINT_MAX, "the pool's address")                                          \
    F(S, UINT, slot, , DV_U64, "of the chain's state that was quoted; 0: the venue has none")

/* An account that an instruction names. */
#define DV_RECORD_account_use(F, S)                                                                \
    F(S, BLOB, key, , 32, "its address")                                                           \
    F(S, UINT, flags, , DV_U8, "dv_account_flag bits")

/* One swap in one pool, as a part of a transaction. Simulated: venue alone. */
#define DV_RECORD_leg(F, S)                                                                        \
    F(S, TEXT, venue, , DV_VENUE_MAX, "lower case, e.g. raydium")                                  \
    F(S, BLOB, program, , 32, "the program that swaps; empty when simulated")                      \
    F(S, LIST, accounts, account_use, DV_LEG_ACCOUNTS_MAX, "that the instruction is given")        \
    F(S, BLOB, data, , DV_LEG_DATA_MAX, "of the instruction")                                      \
    F(S, UINT, spare_accounts, , DV_U8, "of the last accounts, that may be left out for room")     \
    F(S, BLOB, program_in, , 32, "the token program of token_in")                                  \
    F(S, BLOB, program_out, , 32, "the token program of token_out")                                \
    F(S, UINT, out_exists, , 1, "1: the wallet has an account for token_out")                      \
    F(S, UINT, out_fee_bps, , DV_BPS_MAX, "what a transfer of token_out withholds")                \
    F(S, UINT, out_fee_max, , DV_U64, "at most so many atoms; 0: nothing")

/* One pass from routing on, with at most one signed transaction. Fields fill as it goes. */
#define DV_RECORD_attempt(F, S)                                                                    \
    F(S, UINT, number, , DV_U8, "from 1")                                                          \
    F(S, UINT, due_at_us, , DV_U64, "quoting starts no sooner; 0: at once")                        \
    F(S, TEXT, venue, , DV_VENUE_MAX, "the chosen one; empty before building")                     \
    F(S, TEXT, reason, , DV_REASON_MAX, "why it was chosen")                                       \
    F(S, LIST, quotes, quote, DV_QUOTES_MAX, "every venue's answer")                               \
    F(S, TEXT, signature, , DV_SIGNATURE_MAX,                                                      \
      "of its transaction, base58; empty before submitted")                                        \
    F(S, BLOB, transaction, , DV_TRANSACTION_MAX, "signed bytes; empty where not needed")          \
    F(S, UINT, last_valid_block_height, , DV_U64, "past it the transaction cannot land")           \
    F(S, UINT, limit_amount, , DV_U64, "min_amount_out if exact in, max_amount_in if exact out")   \
    F(S, UINT, amount_in, , DV_U64, "atoms paid, once landed")                                     \
    F(S, UINT, amount_out, , DV_U64, "atoms received, once landed")                                \
    F(S, UINT, error, , DV_U16, "dv_err that ended the attempt; 0: none")                          \
    F(S, TEXT, error_text, , DV_REASON_MAX, "details of it; empty: the catalogue's text")

/* One committed change of state. */
#define DV_RECORD_event(F, S)                                                                      \
    F(S, UINT, seq, , DV_U32, "gapless from 1 within the order")                                   \
    F(S, UINT, position, , DV_U64, "gapless from 1 over all orders, in order of commit")           \
    F(S, UINT, state, , DV_U8, "dv_state entered")                                                 \
    F(S, UINT, attempt, , DV_U8, "0 before the first")                                             \
    F(S, UINT, at_us, , DV_U64, "microseconds since 1970, never less than the event before")

/* An order as committed: all that is needed to show it, or any of its past events. */
#define DV_RECORD_view(F, S)                                                                       \
    F(S, ONE, terms, terms, 0, "what it asks for")                                                 \
    F(S, LIST, attempts, attempt, DV_ATTEMPTS_MAX, "by number")                                    \
    F(S, LIST, events, event, DV_EVENTS_MAX, "by seq, all of them")

/* What execution needs to go on with an order. */
#define DV_RECORD_job(F, S)                                                                        \
    F(S, ONE, terms, terms, 0, "what it asks for")                                                 \
    F(S, UINT, state, , DV_U8, "dv_state committed last")                                          \
    F(S, UINT, epoch, , DV_U32,                                                                    \
      "raised by each change of owner; a write with another one is refused")                       \
    F(S, ONE, attempt, attempt, 0, "the current one")

/* An unfinished order, as its owner looks for those that it lost sight of. */
#define DV_RECORD_owned(F, S)                                                                      \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, epoch, , DV_U32, "as committed")                                                    \
    F(S, UINT, since_us, , DV_U64, "of its last step, microseconds since 1970")

#define DV_RECORD_waiting(F, S)                                                                    \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "the one that waits")                                             \
    F(S, UINT, due_at_us, , DV_U64, "when it may begin")                                           \
    F(S, TEXT, owner, , DV_NAME_MAX, "the incarnation that waits for it")

#define DV_RECORDS(R)                                                                              \
    R(terms) R(quote) R(account_use) R(leg) R(attempt) R(event) R(view) R(job) R(owned) R(waiting)

/* ---- what follows from the list ---------------------------------------------------------- */

#define DV_MEMBER_UINT(name, record) uint64_t name;
#define DV_MEMBER_ID(name, record) dv_id name;
#define DV_MEMBER_TEXT(name, record) dv_text name;
#define DV_MEMBER_BLOB(name, record) dv_text name;
#define DV_MEMBER_ONE(name, record) struct dv_##record name;
#define DV_MEMBER_LIST(name, record)                                                               \
    const struct dv_##record *name;                                                                \
    uint32_t name##_count;
#define DV_MEMBER(S, kind, name, record, max, meaning) DV_MEMBER_##kind(name, record)

#define DV_RECORD_STRUCT(name)                                                                     \
    typedef struct dv_##name {                                                                     \
        DV_RECORD_##name(DV_MEMBER, _)                                                             \
    } dv_##name;
DV_RECORDS(DV_RECORD_STRUCT)
#undef DV_RECORD_STRUCT

#endif
