/* A swap of an order as a transaction on Solana, and what such a transaction did. Pure. Its
   instructions, in this order:

     limit and price of compute units
     guard     an account at the address of the order's seed. Once a transaction of the order has
               landed, the guard makes every other one fail, swap included.
     account   for what is received, unless the wallet has one. SOL is wrapped in an account at the
               address of the order's seed under the token program: no other order's swap uses it.
     swap      the leg
     close     the account of wrapped SOL: its contents are SOL again
     memo      "order id:attempt" */
#ifndef DV_DEX_SWAP_COMPOSE_H
#define DV_DEX_SWAP_COMPOSE_H

#include "actors/dex/swap/leg.h"
#include "actors/solana/answer.h"
#include "actors/solana/transaction.h"
#include "proto/id.h"

/* What to build. */
typedef struct dv_swap_order {
    dv_id order_id;
    uint8_t attempt;
    dv_pubkey wallet;
    dv_swap_ask ask;
    dv_blockhash blockhash;
    uint32_t units;           /* compute units it may use */
    uint64_t unit_price;      /* micro-lamports each */
    dv_lamports guard_rent;   /* of an empty account */
    dv_lamports wrapped_rent; /* of a token account */
    bool has_guard, has_memo;
    bool takes_back; /* the guard of an order that has long traded, which is on the chain */
    dv_id back_id;   /* that order */
} dv_swap_order;

/* Where things are in the transaction. */
typedef struct dv_swap_layout {
    uint8_t guard, swap; /* instructions; guard: UINT8_MAX when there is none */
    dv_pubkey account_in, account_out;
} dv_swap_layout;

/* Compiles the transaction of a leg, without a signature. If it does not fit a packet, what is taken
   back is left out, then the memo, then the leg's spare accounts. VENUE_BUILD_FAILED: even so it does
   not fit. VENUE_FUNDS_INSUFFICIENT: it wraps more SOL than 64 bits of lamports. */
DV_MUST_CHECK dv_err dv_swap_compile(const dv_swap_leg *leg, const dv_swap_order *order,
                                     dv_transaction *ret_transaction, dv_swap_layout *ret_layout,
                                     dv_refusal *ret_refusal);

/* Whether a swap that comes through so many arrays fits into a transaction of the order. Cheap
   while they are few. */
bool dv_swap_fits(const dv_pool *pool, const dv_swap_order *order, const dv_chain_clock *clock,
                  bool out_exists, uint32_t arrays);

/* Sets the compute-unit limit of a transaction that dv_swap_compile made; its size stays. */
void dv_swap_set_units(dv_transaction *transaction, uint32_t units);

/* What a simulation moved into and out of the layout's accounts. */
void dv_swap_simulated(const dv_simulation *simulation, const dv_swap_layout *layout,
                       const dv_swap_leg *leg, uint64_t *ret_in, uint64_t *ret_out);

/* What a transaction of an order that landed moved out of and into the wallet. VENUE_BUILD_FAILED:
   it has no swap that moved anything. */
DV_MUST_CHECK dv_err dv_swap_landed(const dv_landed *landed, const dv_pubkey *wallet,
                                    const dv_id *order_id, uint64_t *ret_in, uint64_t *ret_out);

/* Why a transaction failed, in our catalogue: VENUE_SLIPPAGE_EXCEEDED, VENUE_FUNDS_INSUFFICIENT,
   VENUE_ORDER_GUARDED, or `other` when it is none of these. The transaction's bytes say which
   program each instruction is of. ret_text: DV_REASON_MAX + 1 bytes, a sentence with the raw code.
 */
dv_err dv_swap_failure(const dv_failure *failure, const uint8_t *transaction, size_t size,
                       dv_err other, char *ret_text);

#endif
