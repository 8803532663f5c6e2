/* The rent of guards taken back: the transaction of a later order takes back that of an earlier
   one.

     landed ─► waiting ─► looked at ─► ready ─► lent to a transaction ─► waiting …
                 until every attempt of its order      until that can no longer land
                 is past its last block, and more
                             └────► forgotten: it is not on the chain any more

   Only what is finalized is believed, so a swap does not fail for a guard that is gone. After a
   start the orders that PostgreSQL calls finalized are noted again (chain.h). No other order is: its
   guard is what keeps it from trading twice. */
#ifndef DV_CHAIN_SOLANA_GUARDS_H
#define DV_CHAIN_SOLANA_GUARDS_H

#include "actors/chain/solana/facts.h"

typedef struct dv_guard dv_guard;

typedef struct dv_guards {
    const dv_facts *facts; /* borrowed */
    dv_rpc *rpc;           /* borrowed */
    dv_pubkey wallet;
    dv_guard *guards; /* owned, `count` of them */
    uint32_t count;
    bool asked;
    int64_t look_at_ns; /* next */
} dv_guards;

/* Starts without guards. facts and rpc are borrowed for its life. */
void dv_guards_init(dv_guards *guards, const dv_facts *facts, dv_rpc *rpc, const dv_pubkey *wallet);
void dv_guards_fini(dv_guards *guards);

/* Notes that an order has traded, so that its guard can go once no attempt of the order can land. The
   last attempt that could land, could until last_height; 0: until what is built now can. */
void dv_guards_add(dv_guards *guards, const dv_id *order_id, uint64_t last_height);

/* Lends an order whose guard is on the chain and may go to a transaction, which takes the guard back
   if it lands, until last_height. False: there is none. */
bool dv_guards_lend(dv_guards *guards, uint64_t last_height, dv_id *ret_order_id);

/* Looks which guards are still there; returns when to look again. */
int64_t dv_guards_tick(dv_guards *guards, int64_t now_ns);

#endif
