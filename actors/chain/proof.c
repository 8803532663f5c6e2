/* The proof that a transaction can never land (chain_flight.h says of what it is made). Each
   endpoint is asked by itself, since one node's answers only make sense together; with several
   endpoints two of them have to agree. Whatever does not fit ends the try, never the transaction.
 */
#include <stdio.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/chain/flights.h"

#define WAIT_MIN_NS (1 * DV_NS_PER_S)
#define WAIT_MAX_NS (30 * DV_NS_PER_S)
#define AGREE_MIN 2
/* A blockhash is valid for so many blocks (agave MAX_PROCESSING_AGE). */
#define BLOCKHASH_BLOCKS 150
/* Blocks by which a height may run ahead of what slots allow since the quote: the blockhash may be
   some slots older than that. */
#define HEIGHT_SLACK 64

static dv_rpc_done on_step;

static uint32_t count_bits(uint32_t bits)
{
    return (uint32_t)__builtin_popcount(bits);
}

/* The flight whose proof waits for this question. */
static dv_chain_flight *flight_numbered(dv_chain_venue *v, uint64_t number)
{
    for (dv_chain_flight *f = v->flights; f != NULL; f = f->hh.next)
        if (f->proof != DV_PROOF_NONE && f->proof_number == number) return f;
    return NULL;
}

void dv_chain_proof_end(dv_chain_flight *flight)
{
    flight->proof = DV_PROOF_NONE;
    flight->agreed = 0;
}

static void proof_fail(const dv_chain_venue *v, dv_chain_flight *f, const char *why, int64_t now_ns)
{
    dv_debug("not_proven", &f->order_id, dv_kv_string("dex", v->base.class->dex),
             dv_kv_string("endpoint", dv_rpc_endpoint_name(v->rpc, f->proof_endpoint)),
             dv_kv_number("step", f->proof), dv_kv_string("why", why));
    f->proof = DV_PROOF_NONE;
    f->proof_wait_ns = dv_min_i64(dv_max_i64(f->proof_wait_ns * 2, WAIT_MIN_NS), WAIT_MAX_NS);
    f->proof_at_ns = now_ns + f->proof_wait_ns;
}

/* ---- the questions ----------------------------------------------------------------------- */

static void step_ask(dv_chain_venue *v, dv_chain_flight *f, dv_proof_step step, int64_t now_ns)
{
    static const char FINALIZED[] = "{\"commitment\":\"finalized\"}";
    static const char *const METHODS[] = {
        [DV_PROOF_HEIGHT] = "getEpochInfo",
        [DV_PROOF_BLOCKHASH] = "isBlockhashValid",
        [DV_PROOF_SIGNATURE] = "getSignatureStatuses",
        [DV_PROOF_HISTORY] = "getFirstAvailableBlock",
    };
    char params[DV_SIGNATURE_MAX + 120] = "[]", blockhash[DV_BASE58_TEXT_SIZE];
    if (step == DV_PROOF_HEIGHT) {
        snprintf(params, sizeof params, "[%s]", FINALIZED);
    } else if (step == DV_PROOF_BLOCKHASH) {
        dv_base58_encode(f->blockhash.bytes, sizeof f->blockhash.bytes, blockhash);
        snprintf(params, sizeof params, "[\"%s\",%s]", blockhash, FINALIZED);
    } else if (step == DV_PROOF_SIGNATURE) {
        snprintf(params, sizeof params, "[[\"%s\"],{\"searchTransactionHistory\":true}]",
                 f->signature);
    }
    f->proof = step;
    f->proof_number = ++v->last_number;
    dv_rpc_ask(v->rpc, METHODS[step], dv_text_of(params), f->proof_endpoint, on_step, v,
               f->proof_number, now_ns);
}

/* The next endpoint that has not agreed, from the one after `from`; false: there is none. */
static bool endpoint_next(const dv_chain_venue *v, const dv_chain_flight *f, uint32_t from,
                          uint32_t *ret)
{
    uint32_t count = dv_rpc_endpoint_count(v->rpc);
    for (uint32_t i = 1; i <= count; i++) {
        uint32_t at = (from + i) % count;
        if (f->agreed & 1u << at) continue;
        *ret = at;
        return true;
    }
    return false;
}

static void call_dead(dv_chain_venue *v, dv_chain_flight *f, int64_t now_ns)
{
    snprintf(f->error_text, sizeof f->error_text, "its last valid block height was %llu",
             (unsigned long long)f->last_valid_block_height);
    dv_chain_flight_end(v, f, DV_SWAP_DEAD, DV_VENUE_TRANSACTION_EXPIRED, now_ns);
}

#ifdef DROVER_FAILPOINTS
bool dv_chain_proof_is_broken(void)
{
    return getenv("DV_BREAK_PROOF") != NULL;
}
#endif

void dv_chain_proof_begin(dv_chain_venue *venue, dv_chain_flight *flight, int64_t now_ns)
{
    if (dv_chain_proof_is_broken()) {
        call_dead(venue, flight, now_ns);
        return;
    }
    if (flight->proof != DV_PROOF_NONE || now_ns < flight->proof_at_ns || flight->size == 0) return;
    if (!endpoint_next(venue, flight, flight->proof_endpoint, &flight->proof_endpoint)) return;
    step_ask(venue, flight, DV_PROOF_HEIGHT, now_ns);
}

/* ---- the answers ------------------------------------------------------------------------- */

/* Blocks cannot be more than the slots they are in: a node that answers the slot for the height
   shows itself by a height that has run ahead of its slot since the quote. */
static bool is_plausible(const dv_chain_flight *f, const dv_epoch_info *info)
{
    uint64_t since = f->last_valid_block_height - BLOCKHASH_BLOCKS;
    if (f->last_valid_block_height < BLOCKHASH_BLOCKS || info->block_height > info->slot ||
        f->quoted_slot == 0 || info->slot < f->quoted_slot)
        return false;
    return info->block_height - since <= info->slot - f->quoted_slot + HEIGHT_SLACK;
}

static const char *height_fault(dv_chain_flight *f, const dv_answer *answer)
{
    dv_epoch_info info;
    if (dv_answer_epoch(answer, &info) != DV_OK) return "no epoch info";
    if (info.block_height <= f->last_valid_block_height) return "it may still land";
    if (!is_plausible(f, &info)) return "the height does not fit the slot";
    f->proof_slot = info.slot;
    return NULL;
}

static const char *blockhash_fault(dv_chain_flight *f, const dv_answer *answer)
{
    bool valid;
    uint64_t slot;
    if (dv_answer_flag(answer, &valid, &slot) != DV_OK) return "no answer about the blockhash";
    if (valid) return "its blockhash is valid";
    if (slot < f->proof_slot) return "the blockhash was looked at too early";
    return NULL;
}

static const char *signature_fault(const dv_chain_flight *f, const dv_answer *answer)
{
    dv_signature_status status;
    uint64_t slot;
    if (dv_answer_statuses(answer, 1, &status, &slot) != DV_OK) return "no status";
    if (status.found) return "it has landed";
    return slot < f->proof_slot ? "the status was looked at too early" : NULL;
}

static const char *history_fault(const dv_chain_flight *f, const dv_answer *answer)
{
    uint64_t first;
    if (dv_answer_number(answer, &first) != DV_OK) return "no first block";
    return first > f->quoted_slot ? "the history does not reach back to the first send" : NULL;
}

static const char *step_fault(dv_chain_flight *f, const dv_answer *answer)
{
    switch (f->proof) {
    case DV_PROOF_HEIGHT: return height_fault(f, answer);
    case DV_PROOF_BLOCKHASH: return blockhash_fault(f, answer);
    case DV_PROOF_SIGNATURE: return signature_fault(f, answer);
    case DV_PROOF_HISTORY: return history_fault(f, answer);
    default: return "nothing was asked";
    }
}

/* One endpoint has proven it: that is all, or another one has to agree. */
static void agree(dv_chain_venue *v, dv_chain_flight *f, int64_t now_ns)
{
    uint32_t endpoints = dv_rpc_endpoint_count(v->rpc);
    f->agreed |= 1u << f->proof_endpoint;
    f->proof = DV_PROOF_NONE;
    f->proof_wait_ns = 0;
    if (count_bits(f->agreed) < (endpoints < AGREE_MIN ? endpoints : AGREE_MIN)) {
        dv_chain_proof_begin(v, f, now_ns);
        return;
    }
    call_dead(v, f, now_ns);
}

static void on_step(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_chain_venue *v = context;
    dv_chain_flight *f = flight_numbered(v, reply->tag);
    if (f == NULL) return; /* the proof has ended meanwhile */
    if (reply->error != DV_OK) {
        proof_fail(v, f, dv_err_name((uint16_t)reply->error), now_ns);
        return;
    }
    const char *fault = step_fault(f, reply->answer);
    if (fault != NULL)
        proof_fail(v, f, fault, now_ns);
    else if (f->proof == DV_PROOF_HISTORY)
        agree(v, f, now_ns);
    else
        step_ask(v, f, f->proof + 1, now_ns);
}
