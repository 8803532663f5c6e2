#include "actors/chain/solana/proof.h"

#include <stdio.h>

#include "actors/base/clock.h"
#include "actors/chain/solana/limits.h"
#include "proto/base58.h"

#define WAIT_MIN_NS (1 * DV_NS_PER_S)
#define WAIT_MAX_NS (30 * DV_NS_PER_S)
#define AGREE_MIN 2

/* ---- the questions ----------------------------------------------------------------------- */

void dv_proof_question(const dv_proof *proof, const dv_proof_subject *subject,
                       const char **ret_method, char ret_params[DV_PROOF_PARAMS_SIZE])
{
    static const char FINALIZED[] = "{\"commitment\":\"finalized\"}";
    static const char *const METHODS[] = {
        [DV_PROOF_HEIGHT] = "getEpochInfo",
        [DV_PROOF_BLOCKHASH] = "isBlockhashValid",
        [DV_PROOF_SIGNATURE] = "getSignatureStatuses",
        [DV_PROOF_HISTORY] = "getFirstAvailableBlock",
    };
    char blockhash[DV_BASE58_TEXT_SIZE];
    snprintf(ret_params, DV_PROOF_PARAMS_SIZE, "[]");
    if (proof->step == DV_PROOF_HEIGHT) {
        snprintf(ret_params, DV_PROOF_PARAMS_SIZE, "[%s]", FINALIZED);
    } else if (proof->step == DV_PROOF_BLOCKHASH) {
        dv_base58_encode(subject->blockhash.bytes, sizeof subject->blockhash.bytes, blockhash);
        snprintf(ret_params, DV_PROOF_PARAMS_SIZE, "[\"%s\",%s]", blockhash, FINALIZED);
    } else if (proof->step == DV_PROOF_SIGNATURE) {
        snprintf(ret_params, DV_PROOF_PARAMS_SIZE, "[[\"%s\"],{\"searchTransactionHistory\":true}]",
                 subject->signature);
    }
    *ret_method = METHODS[proof->step];
}

static void step_set(dv_proof *proof, dv_proof_step step)
{
    proof->step = step;
    proof->round++;
}

/* Goes to the next endpoint that has not agreed; false: there is none. */
static bool endpoint_next(dv_proof *proof, uint32_t endpoints)
{
    for (uint32_t i = 1; i <= endpoints; i++) {
        uint32_t at = (proof->endpoint + i) % endpoints;
        if (proof->agreed & 1u << at) continue;
        proof->endpoint = at;
        return true;
    }
    return false;
}

bool dv_proof_begin(dv_proof *proof, uint32_t endpoints, int64_t now_ns)
{
    if (proof->step != DV_PROOF_NONE || now_ns < proof->at_ns) return false;
    if (!endpoint_next(proof, endpoints)) return false;
    step_set(proof, DV_PROOF_HEIGHT);
    return true;
}

void dv_proof_end(dv_proof *proof)
{
    proof->step = DV_PROOF_NONE;
    proof->agreed = 0;
}

/* ---- the answers ------------------------------------------------------------------------- */

/* Blocks cannot be more than the slots they are in: a node that answers the slot for the height
   shows itself by a height that has run ahead of its slot since the quote. */
static bool is_plausible(const dv_proof_subject *s, const dv_epoch_info *info)
{
    uint64_t since = s->last_valid_block_height - DV_BLOCKHASH_BLOCKS;
    if (s->last_valid_block_height < DV_BLOCKHASH_BLOCKS || info->block_height > info->slot ||
        s->quoted_slot == 0 || info->slot < s->quoted_slot)
        return false;
    return info->block_height - since <= info->slot - s->quoted_slot + DV_HEIGHT_SLACK;
}

static const char *height_fault(dv_proof *p, const dv_proof_subject *s, const dv_answer *answer)
{
    dv_epoch_info info;
    if (dv_answer_epoch(answer, &info) != DV_OK) return "no epoch info";
    if (info.block_height <= s->last_valid_block_height) return "it may still land";
    if (!is_plausible(s, &info)) return "the height does not fit the slot";
    p->slot = info.slot;
    return NULL;
}

static const char *blockhash_fault(const dv_proof *p, const dv_answer *answer)
{
    bool valid;
    uint64_t slot;
    if (dv_answer_flag(answer, &valid, &slot) != DV_OK) return "no answer about the blockhash";
    if (valid) return "its blockhash is valid";
    if (slot < p->slot) return "the blockhash was looked at too early";
    return NULL;
}

static const char *signature_fault(const dv_proof *p, const dv_answer *answer)
{
    dv_signature_status status;
    uint64_t slot;
    if (dv_answer_statuses(answer, 1, &status, &slot) != DV_OK) return "no status";
    if (status.found) return "it has landed";
    return slot < p->slot ? "the status was looked at too early" : NULL;
}

static const char *history_fault(const dv_proof_subject *s, const dv_answer *answer)
{
    uint64_t first;
    if (dv_answer_number(answer, &first) != DV_OK) return "no first block";
    return first > s->quoted_slot ? "the history does not reach back to the first send" : NULL;
}

static const char *step_fault(dv_proof *p, const dv_proof_subject *s, const dv_answer *answer)
{
    switch (p->step) {
    case DV_PROOF_HEIGHT: return height_fault(p, s, answer);
    case DV_PROOF_BLOCKHASH: return blockhash_fault(p, answer);
    case DV_PROOF_SIGNATURE: return signature_fault(p, answer);
    case DV_PROOF_HISTORY: return history_fault(s, answer);
    default: return "nothing was asked";
    }
}

static dv_proof_verdict fail(dv_proof *proof, int64_t now_ns)
{
    proof->step = DV_PROOF_NONE;
    proof->wait_ns = dv_min_i64(dv_max_i64(proof->wait_ns * 2, WAIT_MIN_NS), WAIT_MAX_NS);
    proof->at_ns = now_ns + proof->wait_ns;
    return DV_PROOF_FAULT;
}

/* One endpoint has proven it: that is all, or another one has to agree. */
static dv_proof_verdict agree(dv_proof *proof, uint32_t endpoints, int64_t now_ns)
{
    proof->agreed |= 1u << proof->endpoint;
    proof->step = DV_PROOF_NONE;
    proof->wait_ns = 0;
    uint32_t count = (uint32_t)__builtin_popcount(proof->agreed);
    if (count >= (endpoints < AGREE_MIN ? endpoints : AGREE_MIN)) return DV_PROOF_DEAD;
    return dv_proof_begin(proof, endpoints, now_ns) ? DV_PROOF_ASK : DV_PROOF_LATER;
}

dv_proof_verdict dv_proof_take(dv_proof *proof, const dv_proof_subject *subject, dv_err error,
                               const dv_answer *answer, uint32_t endpoints, int64_t now_ns,
                               const char **ret_fault)
{
    *ret_fault = error ? dv_err_name((uint16_t)error) : step_fault(proof, subject, answer);
    if (*ret_fault != NULL) return fail(proof, now_ns);
    if (proof->step == DV_PROOF_HISTORY) return agree(proof, endpoints, now_ns);
    step_set(proof, proof->step + 1);
    return DV_PROOF_ASK;
}
