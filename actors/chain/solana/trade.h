/* A transaction as it landed: whether it traded for an order, and what. */
#ifndef DV_CHAIN_SOLANA_TRADE_H
#define DV_CHAIN_SOLANA_TRADE_H

#include "actors/dex/swap/compose.h"
#include "actors/solana/rpc.h"

#define DV_TRADE_PARAMS_SIZE (DV_SIGNATURE_MAX + 120)

/* Writes getTransaction's parameters. */
void dv_trade_params(dv_text signature, dv_commitment commitment,
                     char ret_params[DV_TRADE_PARAMS_SIZE]);

/* Reads an answer to getTransaction: the transaction, to be freed by the caller, and the atoms paid
   and received, if it traded for this order; else NULL. */
dv_landed *dv_trade_read(const dv_pubkey *wallet, const dv_rpc_reply *reply, const dv_id *order_id,
                         uint64_t *ret_in, uint64_t *ret_out);

#endif
