/* The proof that a transaction can never land. Pure: it says what to ask and judges the answers; who
   sends (flights.c) asks.

   At one endpoint, in this order, since one node's answers only make sense together:

     height        a finalized block past the last valid one, at a height that fits its slot
     blockhash     no longer valid, finalized
     signature     not found in the whole history, at a slot no older than that
     history       reaches back to before the first send

   With several endpoints two of them have to agree. An answer that does not fit ends the try, never the
   transaction. */
#ifndef DV_CHAIN_SOLANA_PROOF_H
#define DV_CHAIN_SOLANA_PROOF_H

#include "actors/solana/answer.h"
#include "proto/records.h"

typedef enum dv_proof_step {
    DV_PROOF_NONE,
    DV_PROOF_HEIGHT,
    DV_PROOF_BLOCKHASH,
    DV_PROOF_SIGNATURE,
    DV_PROOF_HISTORY,
} dv_proof_step;

#define DV_PROOF_PARAMS_SIZE (DV_SIGNATURE_MAX + 120)

/* How far a proof has come. Starts as {0}. */
typedef struct dv_proof {
    dv_proof_step step; /* whose question is open; DV_PROOF_NONE: none is under way */
    uint16_t round;     /* counts the questions: an answer to an earlier one is not meant */
    uint32_t endpoint;  /* asked now */
    uint64_t slot;      /* of the finalized state that the proof stands on */
    uint32_t agreed;    /* endpoints that prove it, as bits */
    int64_t at_ns;      /* not begun before */
    int64_t wait_ns;
} dv_proof;

/* What is to be proven dead. */
typedef struct dv_proof_subject {
    const char *signature; /* base58 */
    dv_blockhash blockhash;
    uint64_t last_valid_block_height;
    uint64_t quoted_slot; /* nothing was sent before it */
} dv_proof_subject;

typedef enum dv_proof_verdict {
    DV_PROOF_ASK,   /* the next question is to be asked */
    DV_PROOF_FAULT, /* this try has ended; ret_fault says why */
    DV_PROOF_LATER, /* one endpoint proves it; another one has to agree, later */
    DV_PROOF_DEAD,  /* proven */
} dv_proof_verdict;

/* Begins a try if it is time and none is under way. True: its question is to be asked. */
bool dv_proof_begin(dv_proof *proof, uint32_t endpoints, int64_t now_ns);

/* Forgets what is under way: the transaction was seen. */
void dv_proof_end(dv_proof *proof);

/* The question of the present step: for proof->endpoint. */
void dv_proof_question(const dv_proof *proof, const dv_proof_subject *subject,
                       const char **ret_method, char ret_params[DV_PROOF_PARAMS_SIZE]);

/* Judges what came of the question. error and answer: as in dv_rpc_reply. */
dv_proof_verdict dv_proof_take(dv_proof *proof, const dv_proof_subject *subject, dv_err error,
                               const dv_answer *answer, uint32_t endpoints, int64_t now_ns,
                               const char **ret_fault);

#endif
