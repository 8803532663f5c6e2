/* Reads: what routers ask the cluster's nodes. Each question goes through the one RPC client, so that
   all DEXs together stay within the rate of each endpoint. The answer goes back as its bytes came. */
#ifndef DV_CHAIN_SOLANA_READS_H
#define DV_CHAIN_SOLANA_READS_H

#include "actors/chain/backend.h"
#include "actors/solana/rpc.h"

typedef struct dv_node_reads {
    dv_rpc *rpc;                    /* borrowed */
    const dv_chain_out *const *out; /* borrowed: of the call that is under way */
} dv_node_reads;

/* dv_backend_class.read. */
void dv_node_reads_ask(dv_node_reads *reads, uint64_t ticket, const dv_read_request *read,
                       dv_time now);

#endif
