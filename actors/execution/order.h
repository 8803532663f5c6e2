/* An order as execution holds it: what it learns, and what it says to others. Which state comes next,
   and which quote is taken, is decided in execution.c. */
#ifndef DV_ORDER_H
#define DV_ORDER_H

#include <uthash.h>

#include "actors/base/actor.h"
#include "actors/base/heap.h"
#include "proto/roles.h"

/* The DEXs' names, by index; also the index of each one's quote link. */
extern const char *const DV_ORDER_DEXES[];

/* What an order is waiting for. */
typedef enum dv_phase {
    DV_PHASE_PARKED,   /* its turn to go on, or nothing: the instance is leaving */
    DV_PHASE_STEPPING, /* the commit of a step */
    DV_PHASE_WAITING,  /* its attempt's due time */
    DV_PHASE_QUOTING,  /* quotes, until answer_by_ns */
    DV_PHASE_LEG,      /* the router's leg, until answer_by_ns */
    DV_PHASE_BUILDING, /* the chain's transaction, until answer_by_ns */
    DV_PHASE_SIGNING,  /* the signer's signature, until answer_by_ns */
    DV_PHASE_LANDING,  /* the outcome of the transaction sent */
} dv_phase;

/* One DEX's quote for the current attempt. */
typedef struct dv_order_quote {
    bool arrived;   /* false: none has, or its time was up */
    dv_quote quote; /* texts in `pool` and DV_ORDER_DEXES */
    char pool[DV_MINT_MAX + 1];
} dv_order_quote;

/* An order that this instance owns. Strings are NUL-terminated. */
typedef struct dv_order {
    UT_hash_handle hh; /* in execution.orders, by id */
    dv_timer timer;    /* in execution.timers; what it means follows from the phase */
    dv_id id;
    char token_in[DV_MINT_MAX + 1], token_out[DV_MINT_MAX + 1];
    uint64_t amount; /* atoms */
    uint16_t slippage_bps;
    dv_swap_mode mode;

    uint8_t state, attempt; /* as committed; set by dv_order_enter alone */
    const uint8_t *chains;  /* dv_chain of each DEX; borrowed */
    uint32_t epoch;
    dv_phase phase;
    /* The step under way, while stepping. */
    uint8_t step_state, step_attempt; /* what it enters */
    dv_err step_error;                /* what ended the attempt; DV_OK: nothing did */
    char *error_text;                 /* of step_error; owned, may be NULL */
    int64_t step_at_us, step_due_us;  /* when decided; when the next attempt may begin */
    int64_t step_wait_ns;             /* before it is sent again */

    uint8_t asked_attempt;  /* quotes were asked for */
    int64_t answer_by_ns;   /* quotes or a transaction that come later are not waited for */
    int64_t due_at_us;      /* of the current attempt; 0: at once */
    dv_order_quote *quotes; /* by DEX, owned; NULL: none yet, or forgotten */
    int chosen;             /* index of DV_ORDER_DEXES; -1: none yet */
    uint64_t quoted_slot;   /* of the chosen quote, once quotes are forgotten */
    uint64_t limit_amount;  /* atoms */
    char signature[DV_SIGNATURE_MAX + 1];
    char *transaction; /* owned, may be NULL; while signing: the message that is to be signed */
    uint32_t transaction_size;
    uint64_t last_valid_block_height;
    uint32_t looks;                 /* how often we resent or asked since the first send */
    uint64_t amount_in, amount_out; /* atoms, once landed */
} dv_order;

/* The door: the one function that sets an order's state. The step into it is committed, and the
   step under way, if any, is over. */
void dv_order_enter(dv_order *order, uint8_t state, uint8_t attempt);

/* Takes over what is committed: terms, state, epoch, and what is known of the current attempt. The
   id, the timer and the phase stay. */
void dv_order_load(dv_order *order, const dv_job *job);

/* Frees an order that is in no table and no heap, and clears the pointer; accepts NULL. */
void dv_order_destroy(dv_order **order);

/* Copies the signed bytes of the current attempt; empty: there are none. */
void dv_order_set_transaction(dv_order *order, dv_text bytes);

/* Notes the quote of a DEX for the current attempt; notes that it has not arrived in time. */
void dv_order_set_quote(dv_order *order, int dex, const dv_quote *quote);
void dv_order_set_quote_late(dv_order *order, int dex);

/* Forgets all quotes, and which was chosen; forgets all but the slot of the chosen one, which is what
   matters once the transaction is committed. */
void dv_order_clear_quotes(dv_order *order);
void dv_order_forget_quotes(dv_order *order);

/* Whether the quote of a DEX has arrived; whether every one has; and the quotes as a list, in the
   order of DV_ORDER_DEXES. */
bool dv_order_has_quote(const dv_order *order, int dex);
bool dv_order_has_all_quotes(const dv_order *order);
void dv_order_quotes(const dv_order *order, dv_quote ret_quotes[DV_DEX_COUNT]);

/* Sends persistence the step that is under way. */
void dv_order_send_step(dv_order *order, dv_outbox *outbox);

/* Asks the routers that have not quoted for asked_attempt; asks the chosen one for its leg; asks its
   chain to build a transaction of that leg; asks the signer to sign the transaction; sends it to the
   chain; asks the chain what became of it. */
void dv_order_ask_quotes(const dv_order *order, dv_outbox *outbox);
void dv_order_ask_leg(const dv_order *order, dv_outbox *outbox);
void dv_order_ask_build(const dv_order *order, const dv_leg *leg, dv_outbox *outbox);
void dv_order_ask_signature(const dv_order *order, dv_outbox *outbox);
void dv_order_send_transaction(const dv_order *order, dv_outbox *outbox);
void dv_order_check_transaction(const dv_order *order, dv_outbox *outbox);

#endif
