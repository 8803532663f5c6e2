#include "actors/chain/solana/flights.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "actors/base/log.h"
#include "actors/chain/solana/limits.h"
#include "actors/chain/solana/proof.h"
#include "actors/chain/solana/trade.h"
#include "actors/solana/params.h"

#define STATUSES_MAX 200 /* in one question; nodes take 256 */
#define FORGET_NS (120 * DV_NS_PER_S)
#define RECENT_SLOTS 200 /* statuses of older transactions are looked for in the whole history */
#define MISSES_MAX 3     /* one node's forks may differ for a moment; so many answers agree */
#define ROUND_BITS 16    /* of a question's tag: of the proof that it belongs to */

struct dv_flight {
    char signature[DV_SIGNATURE_MAX + 1]; /* padded with zeros */
    uint64_t number;                      /* tags its questions: it may go while one is open */
    dv_id order_id;
    uint8_t attempt;
    uint64_t ticket;                  /* of the last send; 0: none, or it was answered */
    uint64_t last_valid_block_height; /* 0: it is known to have landed, perhaps long ago */
    uint64_t quoted_slot;
    uint8_t bytes[DV_TRANSACTION_MAX];
    uint32_t size; /* 0: the bytes are not known */
    dv_blockhash blockhash;
    uint32_t sends_open; /* without an answer */
    bool sent, halted;   /* halted: a preflight failed, so it is not sent again */
    int64_t resend_at_ns;

    bool asked; /* for what landed, with the commitment asked_at */
    dv_commitment asked_at;
    dv_status_reply outcome; /* DV_SWAP_UNKNOWN, CONFIRMED: not final; texts in error_text */
    bool relied_on;          /* its order counts as confirmed: tell when that no longer holds */
    uint64_t seen_slot;      /* newest at which it was confirmed, or relied on */
    uint32_t misses;         /* answers since that knew nothing of it, at later slots */
    char error_text[DV_REASON_MAX + 1];
    int64_t forget_at_ns; /* once the outcome is known, or nobody asks any more */

    dv_proof proof;
    UT_hash_handle by_signature, by_number;
};

/* ---- flights ----------------------------------------------------------------------------- */

static dv_flight *flight_find(const dv_flights *v, const char *signature)
{
    char key[DV_SIGNATURE_MAX + 1] = {0};
    dv_flight *f;
    snprintf(key, sizeof key, "%s", signature);
    HASH_FIND(by_signature, v->flights, key, sizeof key, f);
    return f;
}

/* The flight that a question was about. */
static dv_flight *flight_tagged(const dv_flights *v, uint64_t tag)
{
    uint64_t number = tag >> ROUND_BITS;
    dv_flight *f;
    HASH_FIND(by_number, v->by_number, &number, sizeof number, f);
    return f;
}

static uint64_t tag_of(const dv_flight *f)
{
    return f->number << ROUND_BITS;
}

static dv_flight *flight_add(dv_flights *v, dv_text signature, const dv_id *order_id,
                             uint64_t attempt)
{
    dv_flight *f = calloc(1, sizeof *f);
    if (f == NULL) abort();
    dv_text_copy(f->signature, sizeof f->signature, signature);
    f->number = ++v->last_number;
    f->order_id = *order_id;
    f->attempt = (uint8_t)attempt;
    HASH_ADD(by_signature, v->flights, signature, sizeof f->signature, f);
    HASH_ADD(by_number, v->by_number, number, sizeof f->number, f);
    return f;
}

static void flight_free(dv_flights *v, dv_flight *f)
{
    HASH_DELETE(by_signature, v->flights, f);
    HASH_DELETE(by_number, v->by_number, f);
    free(f);
}

static bool is_open(const dv_flight *f)
{
    return f->outcome.outcome == DV_SWAP_UNKNOWN || f->outcome.outcome == DV_SWAP_CONFIRMED;
}

static bool is_gone(const dv_flight *f)
{
    return f->misses >= MISSES_MAX;
}

/* Whether there is something to tell to whoever asks, relying on a confirmation or not. */
static bool has_news(const dv_flight *f)
{
    if (!is_open(f)) return true;
    return f->relied_on ? is_gone(f) : f->outcome.outcome == DV_SWAP_CONFIRMED;
}

/* ---- telling ----------------------------------------------------------------------------- */

static void tell(const dv_chain_out *out, uint64_t ticket, const dv_flight *f)
{
    dv_message message = {.type = DV_MSG_status_reply, .status_reply = f->outcome};
    if (is_open(f) && f->relied_on) message.status_reply.outcome = DV_SWAP_SUPERSEDED;
    message.status_reply.order_id = f->order_id;
    message.status_reply.attempt = f->attempt;
    message.status_reply.signature = dv_text_of(f->signature);
    message.status_reply.error_text = dv_text_of(f->error_text);
    out->answer(out->context, ticket, &message);
}

/* Tells whoever sent it last, if there is something new. */
static void sender_tell(dv_flights *v, dv_flight *f)
{
    if (f->ticket == 0 || !has_news(f)) return;
    tell(*v->out, f->ticket, f);
    f->ticket = 0;
}

/* Notes what became of a flight, and tells the actor that sent it last. */
static void flight_end(dv_flights *v, dv_flight *f, dv_swap_outcome outcome, dv_err error,
                       int64_t now_ns)
{
    dv_proof_end(&f->proof);
    f->outcome.outcome = outcome;
    f->outcome.error = error;
    f->forget_at_ns = now_ns + FORGET_NS;
    sender_tell(v, f);
}

/* ---- sending ----------------------------------------------------------------------------- */

static void on_sent(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    dv_flights *v = context;
    dv_flight *f = flight_tagged(v, reply->tag);
    if (f != NULL && f->sends_open > 0) f->sends_open--;
    if (reply->error == DV_OK) return; /* received, which says nothing of landing */
    const dv_rpc_fault *fault = reply->answer ? dv_answer_fault(reply->answer) : NULL;
    dv_debug("send_failed", NULL,
             dv_kv_string("endpoint", dv_rpc_endpoint_name(v->rpc, reply->endpoint)),
             dv_kv_string("error", dv_err_name((uint16_t)reply->error)),
             dv_kv_text("why", fault ? fault->message : dv_text_of("")));
}

/* The first send's answer. A preflight that fails in an instruction will fail so on the chain too,
   at the cost of the fee: it is not sent again, and dies with its blockhash. */
static void on_preflight(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_flights *v = context;
    dv_flight *f = flight_tagged(v, reply->tag);
    on_sent(context, reply, now_ns);
    const dv_rpc_fault *fault = reply->answer ? dv_answer_fault(reply->answer) : NULL;
    if (f == NULL || fault == NULL || fault->code != DV_RPC_PREFLIGHT_FAILED ||
        !fault->failure.in_instruction)
        return;
    char text[DV_REASON_MAX + 1];
    dv_err err =
        dv_swap_failure(&fault->failure, f->bytes, f->size, DV_VENUE_SIMULATION_FAILED, text);
    f->halted = true;
    dv_info("preflight_failed", &f->order_id, dv_kv_number("attempt", f->attempt),
            dv_kv_string("error", dv_err_name((uint16_t)err)), dv_kv_string("why", text));
}

static void send_to(dv_flights *v, dv_flight *f, uint32_t endpoint, bool preflight, int64_t now_ns)
{
    char text[DV_TRANSACTION_BASE64_SIZE], params[DV_TRANSACTION_BASE64_SIZE + 200];
    sodium_bin2base64(text, sizeof text, f->bytes, f->size, sodium_base64_VARIANT_ORIGINAL);
    snprintf(params, sizeof params,
             "[\"%s\",{\"encoding\":\"base64\",\"skipPreflight\":%s,\"preflightCommitment\":"
             "\"confirmed\",\"maxRetries\":0}]",
             text, preflight ? "false" : "true");
    dv_rpc_ask(v->rpc, "sendTransaction", dv_text_of(params), endpoint,
               preflight ? on_preflight : on_sent, v, tag_of(f), now_ns);
    f->sends_open++;
}

/* Preflight on the first send only, at the preferred endpoint; later the same bytes to every one.
 */
static void flight_send(dv_flights *v, dv_flight *f, int64_t now_ns)
{
    f->resend_at_ns = now_ns + v->config->solana_resend_ms * DV_NS_PER_MS;
    if (!f->sent) {
        f->sent = true;
        send_to(v, f, 0, true, now_ns);
        return;
    }
    uint32_t endpoints = dv_rpc_endpoint_count(v->rpc);
    if (f->sends_open > endpoints) return; /* they do not keep up */
    for (uint32_t i = 0; i < endpoints; i++) send_to(v, f, i, false, now_ns);
}

/* ---- what landed ------------------------------------------------------------------------- */

/* It traded, with these amounts, as far as the commitment goes at which that was asked. */
static void landed_take(dv_flights *v, dv_flight *f, uint64_t in, uint64_t out, int64_t now_ns)
{
    f->outcome.amount_in = in;
    f->outcome.amount_out = out;
    if (f->asked_at != DV_COMMITMENT_FINALIZED) {
        f->outcome.outcome = DV_SWAP_CONFIRMED;
        sender_tell(v, f);
        return;
    }
    flight_end(v, f, DV_SWAP_FINALIZED, DV_OK, now_ns);
    if (v->config->solana_guard) dv_guards_add(v->guards, &f->order_id, f->last_valid_block_height);
}

static void on_landed(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_flights *v = context;
    dv_flight *f = flight_tagged(v, reply->tag);
    if (f == NULL || !is_open(f)) return;
    f->asked = false;
    uint64_t in, out;
    dv_landed *landed = dv_trade_read(&v->wallet, reply, &f->order_id, &in, &out);
    if (landed != NULL) landed_take(v, f, in, out, now_ns);
    free(landed);
}

static void landed_ask(dv_flights *v, dv_flight *f, dv_commitment commitment, int64_t now_ns)
{
    char params[DV_TRADE_PARAMS_SIZE];
    if (f->asked) return;
    f->asked = true;
    f->asked_at = commitment;
    dv_trade_params(dv_text_of(f->signature), commitment, params);
    dv_rpc_ask(v->rpc, "getTransaction", dv_text_of(params), DV_RPC_ANY, on_landed, v, tag_of(f),
               now_ns);
}

/* ---- proofs ------------------------------------------------------------------------------ */

static dv_rpc_done on_proof;

static dv_proof_subject subject_of(const dv_flight *f)
{
    return (dv_proof_subject){.signature = f->signature,
                              .blockhash = f->blockhash,
                              .last_valid_block_height = f->last_valid_block_height,
                              .quoted_slot = f->quoted_slot};
}

static void proof_ask(dv_flights *v, dv_flight *f, int64_t now_ns)
{
    char params[DV_PROOF_PARAMS_SIZE];
    const char *method;
    dv_proof_subject subject = subject_of(f);
    dv_proof_question(&f->proof, &subject, &method, params);
    dv_rpc_ask(v->rpc, method, dv_text_of(params), f->proof.endpoint, on_proof, v,
               tag_of(f) | f->proof.round, now_ns);
}

/* Begins a proof that the transaction is dead, if it is time and none is under way. */
static void proof_begin(dv_flights *v, dv_flight *f, int64_t now_ns)
{
    if (f->size > 0 && dv_proof_begin(&f->proof, dv_rpc_endpoint_count(v->rpc), now_ns))
        proof_ask(v, f, now_ns);
}

static void call_dead(dv_flights *v, dv_flight *f, int64_t now_ns)
{
    snprintf(f->error_text, sizeof f->error_text, "its last valid block height was %llu",
             (unsigned long long)f->last_valid_block_height);
    flight_end(v, f, DV_SWAP_DEAD, DV_VENUE_TRANSACTION_EXPIRED, now_ns);
}

static void on_proof(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_flights *v = context;
    dv_flight *f = flight_tagged(v, reply->tag);
    if (f == NULL || f->proof.step == DV_PROOF_NONE || reply->tag != (tag_of(f) | f->proof.round))
        return; /* the proof has ended meanwhile */
    const char *fault;
    dv_proof_subject subject = subject_of(f);
    dv_proof_step step = f->proof.step;
    switch (dv_proof_take(&f->proof, &subject, reply->error, reply->answer,
                          dv_rpc_endpoint_count(v->rpc), now_ns, &fault)) {
    case DV_PROOF_ASK: proof_ask(v, f, now_ns); break;
    case DV_PROOF_DEAD: call_dead(v, f, now_ns); break;
    case DV_PROOF_LATER: break;
    case DV_PROOF_FAULT:
        dv_debug("not_proven", &f->order_id,
                 dv_kv_string("endpoint", dv_rpc_endpoint_name(v->rpc, f->proof.endpoint)),
                 dv_kv_number("step", step), dv_kv_string("why", fault));
        break;
    }
}

/* ---- statuses ---------------------------------------------------------------------------- */

/* The flights that one question is about, in its order. */
struct dv_flight_batch {
    uint32_t count;
    bool searched; /* in the whole history */
    char signatures[STATUSES_MAX][DV_SIGNATURE_MAX + 1];
};

/* An answer of a slot knows nothing of the transaction. */
static void status_miss(dv_flights *v, dv_flight *f, uint64_t slot, int64_t now_ns)
{
    bool past = v->final_height > f->last_valid_block_height && f->last_valid_block_height > 0;
    if (past) proof_begin(v, f, now_ns);
    bool confirmed = f->relied_on || f->outcome.outcome == DV_SWAP_CONFIRMED;
    bool would_know = v->batch->searched || slot <= f->quoted_slot + RECENT_SLOTS;
    if (!is_open(f) || !confirmed || !would_know || slot <= f->seen_slot || is_gone(f)) return;
    f->seen_slot = slot; /* so that each miss is of a later slot */
    if (++f->misses < MISSES_MAX) return;
    dv_warn("superseded", &f->order_id, dv_kv_number("attempt", f->attempt),
            dv_kv_string("signature", f->signature), dv_kv_number("slot", (int64_t)slot));
    f->outcome.outcome = DV_SWAP_UNKNOWN;
    sender_tell(v, f);
}

/* It is on the chain, confirmed or final, and traded. */
static void status_traded(dv_flights *v, dv_flight *f, dv_commitment commitment, int64_t now_ns)
{
    bool counts = v->config->solana_commitment == DV_CONFIRMATION_CONFIRMED;
    if (commitment == DV_COMMITMENT_FINALIZED)
        landed_ask(v, f, commitment, now_ns);
    else if (counts && !f->relied_on && f->outcome.outcome == DV_SWAP_UNKNOWN)
        landed_ask(v, f, commitment, now_ns);
}

static void status_take(dv_flights *v, dv_flight *f, const dv_signature_status *s, uint64_t slot,
                        int64_t now_ns)
{
    if (!s->found) {
        status_miss(v, f, slot, now_ns);
        return;
    }
    dv_proof_end(&f->proof);
    f->resend_at_ns = now_ns + v->config->solana_resend_ms * DV_NS_PER_MS; /* it has arrived */
    if (s->commitment < DV_COMMITMENT_CONFIRMED) return;
    if (!s->failure.failed) {
        f->misses = 0;
        if (slot > f->seen_slot) f->seen_slot = slot;
        status_traded(v, f, s->commitment, now_ns);
        return;
    }
    if (s->commitment != DV_COMMITMENT_FINALIZED) return; /* a failure counts once it is final */
    dv_err err =
        dv_swap_failure(&s->failure, f->bytes, f->size, DV_VENUE_TRANSACTION_FAILED, f->error_text);
    flight_end(v, f, DV_SWAP_FAILED, err, now_ns);
}

static void on_statuses(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_flights *v = context;
    const dv_flight_batch *b = v->batch;
    dv_signature_status statuses[STATUSES_MAX];
    uint64_t slot;
    v->status_asked = false;
    if (reply->error != DV_OK ||
        dv_answer_statuses(reply->answer, b->count, statuses, &slot) != DV_OK)
        return;
    for (uint32_t i = 0; i < b->count; i++) {
        dv_flight *f = flight_find(v, b->signatures[i]);
        if (f != NULL && is_open(f)) status_take(v, f, &statuses[i], slot, now_ns);
    }
}

static void on_epoch(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    dv_flights *v = context;
    dv_epoch_info info;
    if (reply->error != DV_OK || dv_answer_epoch(reply->answer, &info) != DV_OK) return;
    if (info.block_height > v->final_height) v->final_height = info.block_height;
}

/* Takes the next flights that are open, in turn; true when one of them is old. */
static bool batch_fill(dv_flights *v)
{
    dv_flight_batch *b = v->batch;
    bool old = false;
    uint32_t at = 0, open = 0;
    b->count = 0;
    for (dv_flight *f = v->flights; f != NULL; f = f->by_signature.next) {
        if (!is_open(f)) continue;
        open++;
        if (at++ < v->status_from || b->count == STATUSES_MAX) continue;
        memcpy(b->signatures[b->count++], f->signature, sizeof f->signature);
        old = old || f->quoted_slot + RECENT_SLOTS < v->facts->slot ||
              f->last_valid_block_height == 0;
    }
    v->status_from += b->count;
    if (v->status_from >= open) v->status_from = 0;
    return old;
}

static void statuses_ask(dv_flights *v, int64_t now_ns)
{
    const char *texts[STATUSES_MAX];
    char params[DV_PARAMS_KEYS_SIZE(STATUSES_MAX, 64)];
    if (v->batch == NULL) v->batch = malloc(sizeof *v->batch);
    if (v->batch == NULL) abort();
    bool old = batch_fill(v);
    v->batch->searched = old;
    if (v->batch->count == 0) return;
    for (uint32_t i = 0; i < v->batch->count; i++) texts[i] = v->batch->signatures[i];
    dv_params_texts(params, sizeof params, texts, v->batch->count,
                    old ? "{\"searchTransactionHistory\":true}"
                        : "{\"searchTransactionHistory\":false}");
    v->status_asked = true;
    dv_rpc_ask(v->rpc, "getSignatureStatuses", dv_text_of(params), DV_RPC_ANY, on_statuses, v, 0,
               now_ns);
    dv_rpc_ask(v->rpc, "getEpochInfo", dv_text_of("[{\"commitment\":\"finalized\"}]"), DV_RPC_ANY,
               on_epoch, v, 0, now_ns);
}

/* ---- the backend's side -------------------------------------------------------------------- */

/* The transaction is read for its blockhash, and has to be the one that is named. */
static bool bytes_take(dv_flight *f, dv_text bytes)
{
    dv_transaction_view view;
    char name[DV_BASE58_TEXT_SIZE];
    if (bytes.size > sizeof f->bytes ||
        dv_transaction_decode((const uint8_t *)bytes.at, bytes.size, &view) != DV_OK)
        return false;
    dv_base58_encode(view.signatures, DV_SIGNATURE_SIZE, name);
    if (strcmp(name, f->signature) != 0) return false;
    memcpy(f->bytes, bytes.at, bytes.size);
    f->size = bytes.size;
    f->blockhash = view.blockhash;
    return true;
}

static void unknown_tell(const dv_chain_out *out, uint64_t ticket, const dv_id *order_id,
                         uint64_t attempt, dv_text signature, const char *why)
{
    out->answer(out->context, ticket,
                &(dv_message){.type = DV_MSG_status_reply,
                              .status_reply = {.order_id = *order_id,
                                               .attempt = attempt,
                                               .signature = signature,
                                               .outcome = DV_SWAP_UNKNOWN,
                                               .error = DV_VENUE_OUTCOME_UNKNOWN,
                                               .error_text = dv_text_of(why)}});
}

/* The flight of a transaction that is asked about, made if need be. NULL: it is not named. */
static dv_flight *flight_of(dv_flights *v, dv_text signature, const dv_id *order_id,
                            uint64_t attempt, dv_time now)
{
    uint8_t bytes[DV_SIGNATURE_SIZE];
    char name[DV_SIGNATURE_MAX + 1];
    if (!dv_base58_decode(signature, bytes, sizeof bytes)) return NULL;
    dv_text_copy(name, sizeof name, signature);
    dv_flight *f = flight_find(v, name);
    if (f == NULL) f = flight_add(v, signature, order_id, attempt);
    f->forget_at_ns = now.mono_ns + FORGET_NS;
    return f;
}

/* Whether the order counts as confirmed, which it then was at the newest slot that is known. */
static void rely(const dv_flights *v, dv_flight *f, bool landed)
{
    if (landed && !f->relied_on && v->facts->slot > f->seen_slot) f->seen_slot = v->facts->slot;
    f->relied_on = landed;
}

void dv_flights_send(dv_flights *flights, uint64_t ticket, const dv_send_request *send, dv_time now)
{
    dv_flights *v = flights;
    const dv_chain_out *out = *v->out;
    dv_flight *f = flight_of(v, send->signature, &send->order_id, send->attempt, now);
    if (f != NULL && !is_open(f)) {
        tell(out, ticket, f);
        return;
    }
    if (f == NULL || (f->size == 0 && !bytes_take(f, send->transaction))) {
        unknown_tell(out, ticket, &send->order_id, send->attempt, send->signature,
                     "the bytes are not the transaction that is named");
        return;
    }
    f->last_valid_block_height = send->last_valid_block_height;
    f->quoted_slot = send->quoted_slot;
    rely(v, f, send->relied_on != 0);
    f->ticket = has_news(f) ? 0 : ticket;
    if (has_news(f)) tell(out, ticket, f);
}

void dv_flights_check(dv_flights *flights, uint64_t ticket, const dv_status_request *check,
                      dv_time now)
{
    dv_flights *v = flights;
    const dv_chain_out *out = *v->out;
    dv_flight *f = flight_of(v, check->signature, &check->order_id, check->attempt, now);
    if (f != NULL && is_open(f)) rely(v, f, check->relied_on != 0);
    if (f != NULL && has_news(f)) {
        tell(out, ticket, f);
        return;
    }
    if (f != NULL && f->last_valid_block_height == 0) {
        f->last_valid_block_height = check->last_valid_block_height;
        f->quoted_slot = check->quoted_slot;
    }
    unknown_tell(out, ticket, &check->order_id, check->attempt, check->signature, "");
}

/* Nothing is sent to a cluster that is not known to be the right one. */
static int64_t sends_tick(dv_flights *v, int64_t now_ns)
{
    int64_t next_ns = DV_NEVER;
    bool admitted = dv_facts_admitted(v->facts) == DV_OK;
    dv_flight *f, *next;
    HASH_ITER (by_signature, v->flights, f, next) {
        if (f->forget_at_ns <= now_ns) {
            flight_free(v, f);
            continue;
        }
        next_ns = dv_min_i64(next_ns, f->forget_at_ns);
        if (!is_open(f) || f->halted || f->relied_on || f->size == 0 || !admitted) continue;
        if (f->resend_at_ns <= now_ns) flight_send(v, f, now_ns);
        next_ns = dv_min_i64(next_ns, f->resend_at_ns);
    }
    return next_ns;
}

void dv_flights_reopen(dv_flights *flights, const char *signature)
{
    dv_flight *f = flight_find(flights, signature);
    if (f != NULL) f->outcome = (dv_status_reply){.outcome = DV_SWAP_UNKNOWN};
}

int64_t dv_flights_tick(dv_flights *flights, int64_t now_ns)
{
    if (flights->flights == NULL) return DV_NEVER;
    int64_t next_ns = sends_tick(flights, now_ns);
    if (flights->status_asked) return next_ns; /* an answer wakes us */
    if (flights->status_at_ns <= now_ns) {
        flights->status_at_ns = now_ns + flights->config->solana_poll_ms * DV_NS_PER_MS;
        if (dv_facts_admitted(flights->facts) == DV_OK) statuses_ask(flights, now_ns);
    }
    return dv_min_i64(next_ns, flights->status_at_ns);
}

void dv_flights_fini(dv_flights *flights)
{
    dv_flight *f, *next;
    HASH_ITER (by_signature, flights->flights, f, next) flight_free(flights, f);
    free(flights->batch);
    flights->batch = NULL;
}
