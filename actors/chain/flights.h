/* A transaction that was sent, or may have been: what is known of it. */
#ifndef DV_DEX_CHAIN_FLIGHT_H
#define DV_DEX_CHAIN_FLIGHT_H

#include "actors/chain/chain_venue.h"

/* How far the proof has come that a transaction can never land; at one endpoint, in this order.

     height        a finalized block past the last valid one, at a height that fits its slot
     blockhash     no longer valid, finalized
     signature     not found in the whole history, at a slot no older than that
     history       reaches back to before the first send                                          */
typedef enum dv_proof_step {
    DV_PROOF_NONE,
    DV_PROOF_HEIGHT,
    DV_PROOF_BLOCKHASH,
    DV_PROOF_SIGNATURE,
    DV_PROOF_HISTORY,
} dv_proof_step;

struct dv_chain_flight {
    char signature[DV_SIGNATURE_MAX + 1]; /* the key, padded with zeros */
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

    dv_proof_step proof;
    uint64_t proof_number;   /* of the question that is open */
    uint32_t proof_endpoint; /* asked now */
    uint64_t proof_slot;     /* of the finalized state that the proof stands on */
    uint32_t agreed;         /* endpoints that prove it, as bits */
    int64_t proof_at_ns;     /* not begun before */
    int64_t proof_wait_ns;
    UT_hash_handle hh;
};

/* The flight of a signature; NULL: there is none. */
dv_chain_flight *dv_chain_flight_find(dv_chain_venue *venue, const char *signature);

/* Notes what became of a flight and tells whoever asked. */
void dv_chain_flight_end(dv_chain_venue *venue, dv_chain_flight *flight, dv_swap_outcome outcome,
                         dv_err error, int64_t now_ns);

/* Reads an answer to getTransaction: the transaction, to be freed by the caller, and the atoms paid
   and received, if it traded for this order; else NULL. */
dv_landed *dv_chain_trade_read(const dv_chain_venue *venue, const dv_rpc_reply *reply,
                               const dv_id *order_id, uint64_t *ret_in, uint64_t *ret_out);

/* Begins a proof that the transaction is dead, if it is time and none is under way; a status that
   is found ends it. */
void dv_chain_proof_begin(dv_chain_venue *venue, dv_chain_flight *flight, int64_t now_ns);
void dv_chain_proof_end(dv_chain_flight *flight);

#ifdef DROVER_FAILPOINTS
/* Whether what is not found is taken for dead at once: only in a build for tests, which shows that
   the guard on the ledger alone keeps an order from trading twice (DV_BREAK_PROOF in its
   environment). */
bool dv_chain_proof_is_broken(void);
#else
static inline bool dv_chain_proof_is_broken(void)
{
    return false;
}
#endif

#endif
