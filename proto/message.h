/* The message catalogue: every message that one actor sends to another, declared once.

   From each declaration follow the struct (dv_submit_request), its encoding, decoding, printing and the
   bound on its size (proto/codec.h). Fields are declared as those of records (proto/records.h). On the
   wire a message is a msgpack array [number, request id, field, ...]. A changed meaning is a new message.
   Delivery is at least once, so a receiver must bear any message twice.

   Names follow one grammar:
     x_request   asks                        x_reply     answers it, and is the last of an answer
     x_item      one item of an answer       x_refusal   says that it is not done, and why
     x_event     reports what has happened   verb_noun   commands, and is not answered            */
#ifndef DV_PROTO_MESSAGE_H
#define DV_PROTO_MESSAGE_H

#include "proto/error.h"
#include "proto/records.h"

/* ---- messages --------------------------------------------------------------------------- */

/* gateway → ingest */
#define DV_MESSAGE_submit_request(F, S)                                                            \
    F(S, ONE, terms, terms, 0, "order_id made by the gateway; created_at_us still empty")
#define DV_MESSAGE_submit_reply(F, S)                                                              \
    F(S, UINT, replayed, , 1, "1: the first order of this idempotency key")                        \
    F(S, ONE, view, view, 0, "the order as committed")
#define DV_MESSAGE_submit_refusal(F, S)                                                            \
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
#define DV_MESSAGE_leg_request(F, S)                                                               \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt")                                                    \
    F(S, TEXT, token_in, , DV_MINT_MAX, "mint")                                                    \
    F(S, TEXT, token_out, , DV_MINT_MAX, "mint")                                                   \
    F(S, UINT, swap_mode, , DV_U8, "dv_swap_mode")                                                 \
    F(S, UINT, amount, , DV_U64, "the exact one, atoms")                                           \
    F(S, UINT, limit_amount, , DV_U64, "the other one's limit, atoms")                             \
    F(S, ONE, quote, quote, 0, "the quote that was chosen")
#define DV_MESSAGE_leg_reply(F, S)                                                                 \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt")                                                    \
    F(S, UINT, error, , DV_U16, "dv_err; 0: the leg is good")                                      \
    F(S, TEXT, error_text, , DV_REASON_MAX, "details")                                             \
    F(S, ONE, leg, leg, 0, "the swap in the quoted pool")

/* execution → chain */
#define DV_MESSAGE_build_request(F, S)                                                             \
    F(S, ID, order_id, , 0, "the order")                                                           \
    F(S, UINT, attempt, , DV_U8, "its attempt")                                                    \
    F(S, TEXT, token_in, , DV_MINT_MAX, "mint")                                                    \
    F(S, TEXT, token_out, , DV_MINT_MAX, "mint")                                                   \
    F(S, UINT, swap_mode, , DV_U8, "dv_swap_mode")                                                 \
    F(S, UINT, amount, , DV_U64, "the exact one, atoms")                                           \
    F(S, UINT, limit_amount, , DV_U64, "the other one's limit, atoms")                             \
    F(S, ONE, quote, quote, 0, "the quote that was chosen")                                        \
    F(S, LIST, legs, leg, DV_LEGS_MAX, "the swaps of the transaction, in their order")
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

/* router → chain: of a cluster and its pools. A lost message costs time, or a worse quote. */
#define DV_MESSAGE_watch_cluster(F, S)                                                             \
    F(S, TEXT, dex, , DV_VENUE_MAX, "whose pools the sender quotes; sent every second")            \
    F(S, BLOB, pools, , DV_WATCH_POOLS_MAX * 32,                                                   \
      "addresses of some that it trades in, 32 bytes each")
#define DV_MESSAGE_cluster_event(F, S)                                                             \
    F(S, UINT, error, , DV_U16, "dv_err: why nothing may be traded now; 0: all is well")           \
    F(S, TEXT, error_text, , DV_REASON_MAX, "details")                                             \
    F(S, BLOB, genesis, , 32, "hash of the cluster's first block; empty: not known")               \
    F(S, UINT, slot, , DV_U64, "newest slot of confirmed state; 0: the cluster has none")          \
    F(S, BLOB, wallet, , 32, "address that pays and trades; empty: simulated")                     \
    F(S, UINT, endpoints, , DV_U8, "how many a read may name")                                     \
    F(S, UINT, dexes, , DV_U8, "that share the rate of the endpoints")
#define DV_MESSAGE_pool_event(F, S)                                                                \
    F(S, TEXT, dex, , DV_VENUE_MAX, "of a simulated pool")                                         \
    F(S, TEXT, token_x, , DV_MINT_MAX, "mint; the lesser one")                                     \
    F(S, TEXT, token_y, , DV_MINT_MAX, "mint")                                                     \
    F(S, UINT, moved_x, , DV_U64, "atoms that fills moved it by, as int64_t's bits")               \
    F(S, UINT, moved_y, , DV_U64, "the same of the other side")                                    \
    F(S, UINT, at_us, , DV_U64, "wall time of the last fill, microseconds since 1970")
#define DV_MESSAGE_read_request(F, S)                                                              \
    F(S, TEXT, method, , DV_RPC_METHOD_MAX, "of JSON-RPC")                                         \
    F(S, TEXT, params, , DV_RPC_PARAMS_MAX, "its parameters, a JSON array")                        \
    F(S, UINT, endpoint, , DV_U32, "its number; DV_U32: any")                                      \
    F(S, UINT, search_size, , DV_U32, "bytes that a search may answer; 0: a plain read")
#define DV_MESSAGE_read_part(F, S)                                                                 \
    F(S, UINT, offset, , DV_U32, "of these bytes in the answer")                                   \
    F(S, BLOB, bytes, , DV_READ_PART_MAX, "")
#define DV_MESSAGE_read_reply(F, S)                                                                \
    F(S, UINT, error, , DV_U16, "dv_err; 0: the parts before it are the whole answer")             \
    F(S, UINT, endpoint, , DV_U32, "that answered, or was asked last")                             \
    F(S, UINT, size, , DV_U32, "bytes of the answer; 0: there is none")                            \
    F(S, UINT, rpc_id, , DV_U64, "the id that the answer bears")

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
#define DV_MESSAGE_order_request(F, S) F(S, ID, order_id, , 0, "the order")
#define DV_MESSAGE_orders_request(F, S)                                                            \
    F(S, UINT, state, , DV_U8, "only those that clients are shown in this dv_state; 0: any")       \
    F(S, UINT, active_only, , 1, "1: only states that are not terminal")                           \
    F(S, UINT, has_user, , 1, "1: only user_id's")                                                 \
    F(S, TEXT, user_id, , DV_USER_ID_MAX, "the owner")                                             \
    F(S, UINT, limit, , 1000, "newest first, at most so many")
#define DV_MESSAGE_events_request(F, S)                                                            \
    F(S, UINT, after_position, , DV_U64, "events above it")                                        \
    F(S, UINT, limit, , 1000, "lowest first, at most so many")
#define DV_MESSAGE_stats_request(F, S)
#define DV_MESSAGE_order_item(F, S)                                                                \
    F(S, UINT, seq, , DV_U32, "the event meant, for events_request; otherwise the last")           \
    F(S, ONE, view, view, 0, "one of the orders asked for")
#define DV_MESSAGE_query_reply(F, S)                                                               \
    F(S, UINT, error, , DV_U16, "dv_err; not 0: the answer is not complete")                       \
    F(S, UINT, count, , DV_U32, "order_item messages sent before this one")                        \
    F(S, UINT, head_position, , DV_U64, "of the newest committed event")
#define DV_MESSAGE_stats_reply(F, S)                                                               \
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
    F(S, UINT, frame_type, , DV_U8, "which `type` its frames bear (gateway/json/frame_out.h)")     \
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
    F(S, UINT, started_at_us, , DV_U64, "when this incarnation started, microseconds since 1970")  \
    F(S, UINT, turns, , DV_U64, "of its run loop since then")                                      \
    F(S, UINT, messages_in, , DV_U64, "taken since then")                                          \
    F(S, UINT, messages_out, , DV_U64, "sent since then")                                          \
    F(S, UINT, busy_us, , DV_U64, "microseconds of turns since then")                              \
    F(S, UINT, idle_us, , DV_U64, "microseconds between turns since then")

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
    X(52, build_request, chain, PRODUCER)                                                          \
    X(53, build_reply, chain, CONSUMER)                                                            \
    X(54, send_request, chain, PRODUCER)                                                           \
    X(55, status_request, chain, PRODUCER)                                                         \
    X(56, status_reply, chain, CONSUMER)                                                           \
    X(57, leg_request, quote, PRODUCER)                                                            \
    X(58, leg_reply, quote, CONSUMER)                                                              \
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
    X(121, watch_cluster, market, PRODUCER)                                                        \
    X(122, cluster_event, market, CONSUMER)                                                        \
    X(123, pool_event, market, CONSUMER)                                                           \
    X(124, read_request, market, PRODUCER)                                                         \
    X(125, read_part, market, CONSUMER)                                                            \
    X(126, read_reply, market, CONSUMER)                                                           \
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
    DV_LINK_chain,
    DV_LINK_market,
    DV_LINK_desk,
    DV_LINK_KIND_COUNT,
} dv_link_kind;

typedef enum dv_link_side { DV_SIDE_PRODUCER, DV_SIDE_CONSUMER } dv_link_side;

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

/* Any message: its type, the request that it makes or answers, and its body. Texts and lists are
   borrowed from the maker of the message. */
typedef struct dv_message {
    dv_message_type type;
    uint64_t request_id; /* chosen by who asks, and the same in every answer; 0: none */
    union {
        char body[1]; /* the bytes of the member that `type` names, for the codec */
#define DV_MESSAGE_MEMBER(number, name, link, sender) dv_##name name;
        DV_MESSAGES(DV_MESSAGE_MEMBER)
#undef DV_MESSAGE_MEMBER
    };
} dv_message;

#endif
