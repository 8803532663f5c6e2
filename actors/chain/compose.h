/* A swap of an order as a transaction on the chain, and what such a transaction did. Pure.

     limit and price of compute units
     guard     an account at the address of the order's seed: fails in every transaction of the
   order once one of them has landed, and takes the swap down with it account   for what is
   received, unless it is there; SOL is wrapped in an account at the address of the order's seed
   under the token program: no other order's swap close     that account: what is in it is SOL again
     memo      "order id:attempt"                                                                 */
#ifndef DV_DEX_CHAIN_SWAP_H
#define DV_DEX_CHAIN_SWAP_H

#include "actors/dex/programs/pool.h"
#include "actors/solana/answer.h"
#include "actors/solana/transaction.h"
#include "proto/id.h"

/* What to build. */
typedef struct dv_chain_order {
    dv_id order_id;
    uint8_t attempt;
    dv_pubkey wallet;
    dv_swap_ask ask;
    dv_chain_clock clock; /* of the pool's state */
    dv_blockhash blockhash;
    uint32_t units;            /* compute units it may use */
    uint64_t unit_price;       /* micro-lamports each */
    uint64_t guard_lamports;   /* rent of an empty account */
    uint64_t wrapped_lamports; /* rent of a token account */
    bool has_guard, has_memo;
    bool takes_back; /* the guard of an order that has long traded, which is on the chain */
    dv_id back_id;   /* that order */
    bool out_exists; /* the wallet's associated account for mint_out */
} dv_chain_order;

/* Where things are in the transaction. */
typedef struct dv_chain_layout {
    uint8_t guard, swap; /* instructions; guard: UINT8_MAX when there is none */
    dv_pubkey account_in, account_out;
} dv_chain_layout;

/* Compiles it, without a signature. What is taken back, then the memo, then the swap's spare arrays
   are left out if it does not fit. Errors: those of dv_pool_swap; VENUE_BUILD_FAILED: it does not
   fit a packet. */
DV_MUST_CHECK dv_err dv_chain_compile(const dv_pool *pool, const dv_chain_order *order,
                                      dv_transaction *ret_transaction, dv_chain_layout *ret_layout,
                                      dv_refusal *ret_refusal);

/* Whether a swap that comes through so many arrays fits into a transaction of the order. Cheap
   while they are few. */
bool dv_chain_fits(const dv_pool *pool, const dv_chain_order *order, uint32_t arrays);

/* Sets the compute-unit limit of a transaction that dv_chain_compile made; its size stays. */
void dv_chain_set_units(dv_transaction *transaction, uint32_t units);

/* The address of an order's guard, and of the account in which it wraps SOL. */
dv_pubkey dv_chain_guard_address(const dv_pubkey *wallet, const dv_id *order_id);
dv_pubkey dv_chain_wrapped_address(const dv_pubkey *wallet, const dv_id *order_id);

/* What a simulation moved into and out of the layout's accounts. */
void dv_chain_simulated(const dv_simulation *simulation, const dv_chain_layout *layout,
                        const dv_pool *pool, const dv_chain_order *order, uint64_t *ret_in,
                        uint64_t *ret_out);

/* What a transaction of an order that landed moved out of and into the wallet. VENUE_BUILD_FAILED:
   it has no swap that moved anything. */
DV_MUST_CHECK dv_err dv_chain_landed(const dv_landed *landed, const dv_pubkey *wallet,
                                     const dv_id *order_id, uint64_t *ret_in, uint64_t *ret_out);

/* Why a transaction failed, in our catalogue: VENUE_SLIPPAGE_EXCEEDED, VENUE_FUNDS_INSUFFICIENT,
   VENUE_ORDER_GUARDED, or `other` when it is none of these. The transaction's bytes say which
   program each instruction is of. ret_text: DV_REASON_MAX + 1 bytes, a sentence with the raw code.
 */
dv_err dv_chain_failure(const dv_failure *failure, const uint8_t *transaction, size_t size,
                        dv_err other, char *ret_text);

#endif
