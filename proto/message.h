/* The message catalogue: every message that one actor sends to another, declared once.

   From each declaration follow the struct (dv_submit_request), encoding, decoding, printing and the
   bound on its size. On the wire a message is a msgpack array [number, field, field, ...] and a
   record inside it an array [field, ...]. Fields are only ever appended: a shorter array leaves
   the missing ones empty, a longer one is read as far as it is known. A changed meaning is a new
   message. Delivery is at least once, so a receiver must bear any message twice.

   A field is F(S, KIND, name, record, max, "meaning and unit"), S standing for the struct it is in:
     UINT  uint64_t, 0..max                  ID    dv_id, 16 bytes
     TEXT  dv_text, UTF-8, at most max bytes BLOB  dv_text, any bytes, at most max
     ONE   one record                        LIST  const record *name; uint32_t name_count <= max */
#ifndef DV_PROTO_MESSAGE_H
#define DV_PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/arena.h"
#include "proto/error.h"
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

#define DV_RECORDS(R) R(terms) R(quote) R(attempt) R(event) R(view) R(job) R(owned) R(waiting)

/* ---- messages --------------------------------------------------------------------------- */

/* gateway → ingest */
#define DV_MESSAGE_submit_request(F, S)                                                            \
    F(S, UINT, request_id, , DV_U64, "the caller's, comes back with the answer")                   \
    F(S, ONE, terms, terms, 0, "order_id made by the gateway; created_at_us still empty")
#define DV_MESSAGE_submit_reply(F, S)                                                              \
    F(S, UINT, request_id, , DV_U64, "")                                                           \
    F(S, UINT, replayed, , 1, "1: the first order of this idempotency key")                        \
    F(S, ONE, view, view, 0, "the order as committed")
#define DV_MESSAGE_submit_refusal(F, S)                                                            \
    F(S, UINT, request_id, , DV_U64, "")                                                           \
    F(S, UINT, error, , DV_U16, "dv_err; nothing was stored")                                      \
    F(S, TEXT, field, , 24, "the field of terms at fault; empty: none")                            \
    F(S, TEXT, error_text, , DV_REASON_MAX, "details; empty: the catalogue's text")

/* ingest → persistence */
#define DV_MESSAGE_insert_request(F, S)                                                            \
    F(S, ONE, terms, terms, 0, "complete")                                                         \
    F(S, TEXT, owner, , DV_NAME_MAX, "the execution instance that is to own it")
#define DV_MESSAGE_insert_reply(F, S)                                                              \
    F(S, ID, order_id, , 0, "the order, committed as pending in epoch 1")                          \
    F(S, ONE, event, event, 0, "its first event")                                                  \
    F(S, TEXT, owner, , DV_NAME_MAX, "as committed: of the first insert, if it came twice")
#define DV_MESSAGE_insert_conflict(F, S)                                                           \
    F(S, ID, order_id, , 0, "the id that was to be inserted")                                      \
    F(S, ONE, view, view, 0, "the order that holds its idempotency key")
#define DV_MESSAGE_insert_refusal(F, S)                                                            \
    F(S, ID, order_id, , 0, "the order, surely not stored")                                        \
    F(S, UINT, error, , DV_U16, "dv_err")

/* execution → ingest */
#define DV_MESSAGE_load_event(F, S)                                                                \
    F(S, UINT, in_flight, , DV_U32, "orders that are not terminal")                                \
    F(S, TEXT, owner, , DV_NAME_MAX, "the sender's incarnation: the owner to insert orders for")   \
    F(S, UINT, accepting, , 1, "0: it takes no new orders")                                        \
    F(S, UINT, pressed, , 1, "1: its orders wait too long for their commits to take more")
#define DV_MESSAGE_assign_order(F, S) F(S, ONE, job, job, 0, "an order committed as this owner's")

/* execution → persistence */
#define DV_MESSAGE_step_request(F, S)                                                              \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, epoch, , DV_U32, "the sender's")                                                    \
    F(S, UINT, from_state, , DV_U8, "dv_state expected")                                           \
    F(S, UINT, to_state, , DV_U8, "dv_state to enter")                                             \
    F(S, UINT, from_attempt, , DV_U8, "attempt number expected")                                   \
    F(S, UINT, at_us, , DV_U64, "when it was decided")                                             \
    F(S, ONE, attempt, attempt, 0,                                                                 \
      "the attempt after the step; only fields learnt with it are set")                            \
    F(S, UINT, failed_error, , DV_U16,                                                             \
      "dv_err that ended from_attempt; 0: it has not ended in error")                              \
    F(S, TEXT, failed_text, , DV_REASON_MAX, "details of it")
#define DV_MESSAGE_step_reply(F, S)                                                                \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, to_state, , DV_U8, "dv_state asked for")                                            \
    F(S, UINT, attempt, , DV_U8, "attempt number after the step")                                  \
    F(S, UINT, error, , DV_U16, "0: committed; STORE_STALE: not ours, or already past it")         \
    F(S, UINT, epoch, , DV_U32, "of the step that is answered")                                    \
    F(S, TEXT, signature, , DV_SIGNATURE_MAX, "the same; empty: it had none")
#define DV_MESSAGE_lease_request(F, S)                                                             \
    F(S, TEXT, owner, , DV_NAME_MAX, "the sender's incarnation, e.g. execution@a/5f3a9c21")        \
    F(S, TEXT, name, , DV_NAME_MAX, "what comes before the slash: one incarnation of it lives")    \
    F(S, UINT, lease_ms, , DV_U32, "silent for so long, its orders may be claimed")                \
    F(S, UINT, leaving, , 1, "1: its orders may be claimed at once")
#define DV_MESSAGE_lease_reply(F, S)                                                               \
    F(S, TEXT, owner, , DV_NAME_MAX, "whose beat this answers")                                    \
    F(S, UINT, error, , DV_U16, "0: alive; STORE_STALE: a later incarnation has its name")         \
    F(S, UINT, orphans, , 1, "1: orders wait to be claimed from owners that are gone")             \
    F(S, UINT, orphans_in_ms, , DV_U32,                                                            \
      "until orders wait to be claimed, unless their owner beats; 0: no time is known")
#define DV_MESSAGE_claim_request(F, S)                                                             \
    F(S, TEXT, owner, , DV_NAME_MAX, "who claims; must be alive")                                  \
    F(S, UINT, limit, , DV_U32, "at most so many now")                                             \
    F(S, LIST, orders, owned, DV_SWEEP_MAX,                                                        \
      "the claimer's own that it lost sight of; empty: those whose owner is gone")
#define DV_MESSAGE_claim_item(F, S) F(S, ONE, job, job, 0, "an order that is the claimer's now")
#define DV_MESSAGE_claim_reply(F, S)                                                               \
    F(S, UINT, count, , DV_U32, "orders claimed; as many as the limit: there may be more")         \
    F(S, UINT, error, , DV_U16, "dv_err; STORE_STALE: not alive; not 0: ask again, after a beat")
#define DV_MESSAGE_owned_request(F, S)                                                             \
    F(S, TEXT, owner, , DV_NAME_MAX, "whose unfinished orders")                                    \
    F(S, UINT, older_ms, , DV_U32, "only those whose last step is at least so old")                \
    F(S, ID, after, , 0, "only order ids above it; nil: from the first")
#define DV_MESSAGE_owned_reply(F, S)                                                               \
    F(S, LIST, orders, owned, DV_SWEEP_MAX, "by order id; a full list: ask again after the last")  \
    F(S, UINT, error, , DV_U16, "dv_err; not 0: ask again later")

/* execution → router */
#define DV_MESSAGE_quote_request(F, S)                                                             \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt")                                                    \
    F(S, TEXT, token_in, , DV_MINT_MAX, "mint")                                                    \
    F(S, TEXT, token_out, , DV_MINT_MAX, "mint")                                                   \
    F(S, UINT, swap_mode, , DV_U8, "dv_swap_mode")                                                 \
    F(S, UINT, amount, , DV_U64, "atoms, as in terms")
#define DV_MESSAGE_quote_reply(F, S)                                                               \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt")                                                    \
    F(S, ONE, quote, quote, 0, "the answer, or its error")
#define DV_MESSAGE_build_request(F, S)                                                             \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt")                                                    \
    F(S, TEXT, token_in, , DV_MINT_MAX, "mint")                                                    \
    F(S, TEXT, token_out, , DV_MINT_MAX, "mint")                                                   \
    F(S, UINT, swap_mode, , DV_U8, "dv_swap_mode")                                                 \
    F(S, UINT, amount, , DV_U64, "the exact one, atoms")                                           \
    F(S, UINT, limit_amount, , DV_U64, "the other one's limit, atoms")                             \
    F(S, ONE, quote, quote, 0, "the quote that was chosen")
#define DV_MESSAGE_build_reply(F, S)                                                               \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt")                                                    \
    F(S, UINT, error, , DV_U16, "dv_err; 0: built")                                                \
    F(S, TEXT, error_text, , DV_REASON_MAX, "details")                                             \
    F(S, TEXT, signature, , DV_SIGNATURE_MAX, "base58; empty: it is still to be signed")           \
    F(S, BLOB, transaction, , DV_TRANSACTION_MAX,                                                  \
      "signed bytes, the same ones whenever it is sent; unsigned: the message alone")              \
    F(S, UINT, last_valid_block_height, , DV_U64, "past it the transaction cannot land")
#define DV_MESSAGE_send_request(F, S)                                                              \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt")                                                    \
    F(S, TEXT, signature, , DV_SIGNATURE_MAX, "base58")                                            \
    F(S, BLOB, transaction, , DV_TRANSACTION_MAX, "signed bytes, committed before")                \
    F(S, UINT, last_valid_block_height, , DV_U64, "as built")                                      \
    F(S, UINT, quoted_slot, , DV_U64, "of its quote: nothing was sent before it")                  \
    F(S, UINT, relied_on, , 1,                                                                     \
      "1: its order is confirmed; tell what becomes of it, do not send it again")
#define DV_MESSAGE_status_request(F, S)                                                            \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt")                                                    \
    F(S, TEXT, signature, , DV_SIGNATURE_MAX, "what became of it?")                                \
    F(S, UINT, last_valid_block_height, , DV_U64, "as built")                                      \
    F(S, UINT, quoted_slot, , DV_U64, "as sent")                                                   \
    F(S, UINT, relied_on, , 1, "as sent")
#define DV_MESSAGE_status_reply(F, S)                                                              \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt")                                                    \
    F(S, TEXT, signature, , DV_SIGNATURE_MAX, "of the transaction meant")                          \
    F(S, UINT, outcome, , DV_U8, "dv_swap_outcome")                                                \
    F(S, UINT, error, , DV_U16, "dv_err when it failed or is dead")                                \
    F(S, TEXT, error_text, , DV_REASON_MAX, "the program's own error")                             \
    F(S, UINT, amount_in, , DV_U64, "atoms paid, when landed")                                     \
    F(S, UINT, amount_out, , DV_U64, "atoms received, when landed")

/* execution → signer */
#define DV_MESSAGE_sign_request(F, S)                                                              \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt, for which one message is signed; 0: takes back")    \
    F(S, TEXT, token_in, , DV_MINT_MAX, "mint that the message pays")                              \
    F(S, TEXT, token_out, , DV_MINT_MAX, "mint that it receives")                                  \
    F(S, UINT, swap_mode, , DV_U8, "dv_swap_mode")                                                 \
    F(S, UINT, amount, , DV_U64, "the exact one, atoms; 0: no swap, only takes back what is ours") \
    F(S, UINT, limit_amount, , DV_U64, "the other one's limit, atoms")                             \
    F(S, BLOB, message, , DV_TRANSACTION_MAX, "legacy or v0, as it is signed")
#define DV_MESSAGE_sign_reply(F, S)                                                                \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt")                                                    \
    F(S, UINT, error, , DV_U16, "dv_err; 0: signed")                                               \
    F(S, TEXT, error_text, , DV_REASON_MAX, "why it is not")                                       \
    F(S, TEXT, signature, , DV_SIGNATURE_MAX, "base58")                                            \
    F(S, BLOB, transaction, , DV_TRANSACTION_MAX, "the message with its signature before it")

/* execution → retry */
#define DV_MESSAGE_arm_retry(F, S)                                                                 \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "the attempt that waits")                                         \
    F(S, UINT, due_at_us, , DV_U64, "wall time, also in PostgreSQL")
#define DV_MESSAGE_retry_event(F, S)                                                               \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "the attempt that may begin")
#define DV_MESSAGE_forget_retry(F, S)                                                              \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "taken over: forget it")

/* retry → persistence */
#define DV_MESSAGE_retries_request(F, S)                                                           \
    F(S, UINT, before_us, , DV_U64, "attempts due before this wall time")                          \
    F(S, ID, after, , 0, "only order ids above it; nil: from the first")
#define DV_MESSAGE_retries_reply(F, S)                                                             \
    F(S, LIST, waiting, waiting, DV_SWEEP_MAX,                                                     \
      "by order id; a full list: ask again after the last")                                        \
    F(S, UINT, error, , DV_U16, "dv_err; not 0: ask again later")

/* persistence → notification */
#define DV_MESSAGE_order_event(F, S)                                                               \
    F(S, ONE, terms, terms, 0, "complete with seq 1; of later ones only order_id")                 \
    F(S, ONE, event, event, 0, "what was committed")                                               \
    F(S, LIST, attempts, attempt, 2, "fields learnt with it, by attempt; the others empty")

/* notification → persistence, gateway → persistence */
#define DV_MESSAGE_order_request(F, S)                                                             \
    F(S, UINT, request_id, , DV_U64, "the caller's")                                               \
    F(S, ID, order_id, , 0, "the order")
#define DV_MESSAGE_orders_request(F, S)                                                            \
    F(S, UINT, request_id, , DV_U64, "the caller's")                                               \
    F(S, UINT, state, , DV_U8, "only those that clients are shown in this dv_state; 0: any")       \
    F(S, UINT, active_only, , 1, "1: only states that are not terminal")                           \
    F(S, UINT, has_user, , 1, "1: only user_id's")                                                 \
    F(S, TEXT, user_id, , DV_USER_ID_MAX, "the owner")                                             \
    F(S, UINT, limit, , 1000, "newest first, at most so many")
#define DV_MESSAGE_events_request(F, S)                                                            \
    F(S, UINT, request_id, , DV_U64, "the caller's")                                               \
    F(S, UINT, after_position, , DV_U64, "events above it")                                        \
    F(S, UINT, limit, , 1000, "lowest first, at most so many")
#define DV_MESSAGE_stats_request(F, S) F(S, UINT, request_id, , DV_U64, "the caller's")
#define DV_MESSAGE_order_item(F, S)                                                                \
    F(S, UINT, request_id, , DV_U64, "")                                                           \
    F(S, UINT, seq, , DV_U32, "the event meant, for events_request; otherwise the last")           \
    F(S, ONE, view, view, 0, "one of the orders asked for")
#define DV_MESSAGE_query_reply(F, S)                                                               \
    F(S, UINT, request_id, , DV_U64, "")                                                           \
    F(S, UINT, error, , DV_U16, "dv_err; not 0: the answer is not complete")                       \
    F(S, UINT, count, , DV_U32, "order_item messages sent before this one")                        \
    F(S, UINT, head_position, , DV_U64, "of the newest committed event")
#define DV_MESSAGE_stats_reply(F, S)                                                               \
    F(S, UINT, request_id, , DV_U64, "")                                                           \
    F(S, UINT, waiting, , DV_U64, "orders pending or between attempts")                            \
    F(S, UINT, active, , DV_U64, "orders being executed")                                          \
    F(S, UINT, completed, , DV_U64, "orders confirmed")                                            \
    F(S, UINT, failed, , DV_U64, "orders failed, cancelled or expired")                            \
    F(S, UINT, error, , DV_U16, "dv_err; not 0: the numbers are the last known")

/* gateway → notification */
#define DV_MESSAGE_watch_order(F, S)                                                               \
    F(S, ID, order_id, , 0, "send its view now and after each event")
#define DV_MESSAGE_unwatch_order(F, S) F(S, ID, order_id, , 0, "no more of it")
#define DV_MESSAGE_watch_orders(F, S)                                                              \
    F(S, UINT, on, , 1, "1: send every event's order, beginning now")
#define DV_MESSAGE_update_event(F, S)                                                              \
    F(S, UINT, live, , 1, "1: the last event was just committed; 0: the answer to a watch")        \
    F(S, ONE, view, view, 0, "the order with all its events so far")
#define DV_MESSAGE_watch_refusal(F, S)                                                             \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, error, , DV_U16, "dv_err: no such order, or the store is away")
#define DV_MESSAGE_head_event(F, S) F(S, UINT, position, , DV_U64, "all later events will be sent")

/* a gateway's own threads → its actor */
#define DV_MESSAGE_client_open_event(F, S)                                                         \
    F(S, UINT, connection, , DV_U64, "the WebSocket")                                              \
    F(S, UINT, all_orders, , 1, "1: every order; 0: order_id")                                     \
    F(S, UINT, frame_type, , DV_U8, "which `type` its frames bear (gateway/render.h)")             \
    F(S, ID, order_id, , 0, "the one order")                                                       \
    F(S, UINT, has_since, , 1, "1: resume after `since`")                                          \
    F(S, UINT, since, , DV_U64, "seq for one order, position for all")
#define DV_MESSAGE_client_close_event(F, S)                                                        \
    F(S, UINT, connection, , DV_U64, "the WebSocket that closed")

/* every actor → gateway */
#define DV_MESSAGE_beat_event(F, S)                                                                \
    F(S, TEXT, actor, , DV_NAME_MAX, "e.g. persistence, router:raydium")                           \
    F(S, UINT, pid, , DV_U32, "its process")                                                       \
    F(S, UINT, degraded, , DV_U16, "dv_err; 0: well")                                              \
    F(S, TEXT, text, , DV_REASON_MAX, "what is away and what that costs, or a note")               \
    F(S, UINT, orders, , DV_U32, "execution: unfinished orders that it owns")                      \
    F(S, UINT, overdue, , DV_U32, "of them: without a step for longer than overdue_ms")            \
    F(S, UINT, started_at_us, , DV_U64, "when this incarnation started, microseconds since 1970")

/* X(number, name, link, sender): the sender is the link's PRODUCER or CONSUMER. Numbers are sent
   and never change. A message that arrives on another link, or from the other side, is dropped. */
#define DV_MESSAGES(X)                                                                             \
    X(10, submit_request, submit, PRODUCER)                                                        \
    X(11, submit_reply, submit, CONSUMER)                                                          \
    X(12, submit_refusal, submit, CONSUMER)                                                        \
    X(20, insert_request, insert, PRODUCER)                                                        \
    X(21, insert_reply, insert, CONSUMER)                                                          \
    X(22, insert_conflict, insert, CONSUMER)                                                       \
    X(23, insert_refusal, insert, CONSUMER)                                                        \
    X(30, assign_order, assign, CONSUMER)                                                          \
    X(31, load_event, assign, PRODUCER)                                                            \
    X(40, step_request, write, PRODUCER)                                                           \
    X(41, step_reply, write, CONSUMER)                                                             \
    X(42, claim_request, write, PRODUCER)                                                          \
    X(43, claim_item, write, CONSUMER)                                                             \
    X(44, claim_reply, write, CONSUMER)                                                            \
    X(45, lease_request, write, PRODUCER)                                                          \
    X(46, lease_reply, write, CONSUMER)                                                            \
    X(47, owned_request, write, PRODUCER)                                                          \
    X(48, owned_reply, write, CONSUMER)                                                            \
    X(50, quote_request, quote, PRODUCER)                                                          \
    X(51, quote_reply, quote, CONSUMER)                                                            \
    X(52, build_request, quote, PRODUCER)                                                          \
    X(53, build_reply, quote, CONSUMER)                                                            \
    X(54, send_request, quote, PRODUCER)                                                           \
    X(55, status_request, quote, PRODUCER)                                                         \
    X(56, status_reply, quote, CONSUMER)                                                           \
    X(60, arm_retry, schedule, PRODUCER)                                                           \
    X(61, retry_event, schedule, CONSUMER)                                                         \
    X(62, forget_retry, schedule, PRODUCER)                                                        \
    X(70, retries_request, sweep, PRODUCER)                                                        \
    X(71, retries_reply, sweep, CONSUMER)                                                          \
    X(80, order_event, events, PRODUCER)                                                           \
    X(90, order_request, query, PRODUCER)                                                          \
    X(91, orders_request, query, PRODUCER)                                                         \
    X(92, events_request, query, PRODUCER)                                                         \
    X(93, stats_request, query, PRODUCER)                                                          \
    X(94, order_item, query, CONSUMER)                                                             \
    X(95, query_reply, query, CONSUMER)                                                            \
    X(96, stats_reply, query, CONSUMER)                                                            \
    X(100, watch_order, feed, PRODUCER)                                                            \
    X(101, unwatch_order, feed, PRODUCER)                                                          \
    X(102, watch_orders, feed, PRODUCER)                                                           \
    X(103, update_event, feed, CONSUMER)                                                           \
    X(104, watch_refusal, feed, CONSUMER)                                                          \
    X(105, head_event, feed, CONSUMER)                                                             \
    X(110, client_open_event, desk, PRODUCER)                                                      \
    X(111, client_close_event, desk, PRODUCER)                                                     \
    X(115, sign_request, sign, PRODUCER)                                                           \
    X(116, sign_reply, sign, CONSUMER)                                                             \
    X(120, beat_event, health, PRODUCER)

/* The kinds of link, as named above. What they connect is actors/topology.h's business. A link's
   port over tcp follows from its kind's place here; the desk, last, never leaves its process. */
typedef enum dv_link_kind {
    DV_LINK_submit,
    DV_LINK_insert,
    DV_LINK_assign,
    DV_LINK_write,
    DV_LINK_quote,
    DV_LINK_schedule,
    DV_LINK_sweep,
    DV_LINK_events,
    DV_LINK_query,
    DV_LINK_feed,
    DV_LINK_sign,
    DV_LINK_health,
    DV_LINK_desk,
    DV_LINK_KIND_COUNT,
} dv_link_kind;

typedef enum dv_link_side { DV_SIDE_PRODUCER, DV_SIDE_CONSUMER } dv_link_side;

/* ---- what follows from the catalogue ---------------------------------------------------- */

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

#define DV_MESSAGE_STRUCT(number, name, link, sender)                                              \
    typedef struct dv_##name {                                                                     \
        DV_MESSAGE_##name(DV_MEMBER, _)                                                            \
    } dv_##name;
DV_MESSAGES(DV_MESSAGE_STRUCT)
#undef DV_MESSAGE_STRUCT

typedef enum dv_message_type {
#define DV_MESSAGE_ENUM(number, name, link, sender) DV_MSG_##name = number,
    DV_MESSAGES(DV_MESSAGE_ENUM)
#undef DV_MESSAGE_ENUM
        DV_MSG_COUNT = 128, /* above every number */
} dv_message_type;

/* Any message: its type and its body. Texts and lists are borrowed from whoever made it. */
typedef struct dv_message {
    dv_message_type type;
    union {
#define DV_MESSAGE_MEMBER(number, name, link, sender) dv_##name name;
        DV_MESSAGES(DV_MESSAGE_MEMBER)
#undef DV_MESSAGE_MEMBER
    };
} dv_message;

/* The body of any message, which begins at the same place whatever its type. */
#define DV_MESSAGE_BODY(message) ((void *)&(message)->submit_request)

typedef enum dv_field_kind {
    DV_FIELD_UINT,
    DV_FIELD_ID,
    DV_FIELD_TEXT,
    DV_FIELD_BLOB,
    DV_FIELD_ONE,
    DV_FIELD_LIST,
} dv_field_kind;

/* The shape of a record or message, for the generic walkers and for people. */
typedef struct dv_shape dv_shape;

typedef struct dv_field {
    const char *name;
    dv_field_kind kind;
    size_t offset;         /* of the member */
    size_t count_offset;   /* of a list's count */
    uint64_t max;          /* value, bytes or elements */
    const dv_shape *shape; /* of ONE and LIST */
    const char *meaning;
} dv_field;

struct dv_shape {
    const char *name;
    size_t size; /* bytes of the struct */
    const dv_field *fields;
    uint32_t field_count;
};

/* A message's entry in the catalogue. */
typedef struct dv_message_info {
    dv_message_type type;
    const char *name;
    dv_link_kind link;
    dv_link_side sender;
    const dv_shape *shape;
} dv_message_info;

/* The entry of a type; NULL for a number that is not in the catalogue. */
const dv_message_info *dv_message_info_of(unsigned type);

/* The most bytes a message of this type takes on the wire; 0 for an unknown type. */
size_t dv_message_bound(unsigned type);

/* No message is larger on the wire; a unit test holds every bound against it. */
#define DV_MESSAGE_SIZE_MAX (256u * 1024u)

/* Somewhere to encode to: grows as needed, is reused. Start from {0}; dv_buffer_fini frees. */
typedef struct dv_buffer {
    char *bytes;
    size_t size, capacity;
} dv_buffer;

/* Appends bytes. Aborts when the machine has no memory at all. */
void dv_buffer_add(dv_buffer *buffer, const void *bytes, size_t size);
void dv_buffer_fini(dv_buffer *buffer);

/* Appends a message's encoding. The message must obey the catalogue's maxima (asserted): the texts
   a caller got from outside were checked when they came in. */
void dv_message_encode(const dv_message *message, dv_buffer *buffer);

/* Reads a message from bytes of any origin. What it returns borrows texts from `bytes` and lists
   from `arena`; on an error it is not to be looked at. Errors: MESSAGE_MALFORMED (not msgpack,
   unknown type, wrong kind of field, over a maximum, invalid UTF-8), MESSAGE_TOO_LARGE. */
DV_MUST_CHECK dv_err dv_message_decode(const void *bytes, size_t size, dv_arena *arena,
                                       dv_message *ret_message);

/* Frames: what travels as one piece, one message after the other. A frame holds at most
   DV_FRAME_SIZE_MAX bytes, and a message that is larger by itself alone. */
#define DV_FRAME_SIZE_MAX (8u * 1024u)

/* How many messages a frame of any origin holds, which says nothing of their contents; 0: it is not
   msgpack. */
uint32_t dv_frame_count(const void *bytes, size_t size);

/* Reads the first message of a frame as dv_message_decode does, and takes it off the frame. One
   that is malformed is taken off, too, and all that follows if its end cannot be told: the frame
   gets smaller with each call, unless it is empty. */
DV_MUST_CHECK dv_err dv_frame_decode(dv_text *frame, dv_arena *arena, dv_message *ret_message);

/* Appends the message as one line of JSON, for logs and traces: texts quoted, blobs as lengths. */
void dv_message_print(const dv_message *message, dv_buffer *buffer);

/* The same three for a record on its own: what an actor keeps or stores. */
void dv_record_encode(const dv_shape *shape, const void *record, dv_buffer *buffer);
DV_MUST_CHECK dv_err dv_record_decode(const dv_shape *shape, const void *bytes, size_t size,
                                      dv_arena *arena, void *ret_record);
void dv_record_print(const dv_shape *shape, const void *record, dv_buffer *buffer);

/* Prints a record without its members that are 0, nil or empty, at any depth. */
void dv_record_print_set(const dv_shape *shape, const void *record, dv_buffer *buffer);

#define DV_RECORD_SHAPE(name) extern const dv_shape DV_SHAPE_##name;
DV_RECORDS(DV_RECORD_SHAPE)
#undef DV_RECORD_SHAPE

#endif
