/* Reads: questions to the cluster's nodes, put through the chain actor. They look like dv_rpc_ask and
   dv_rpc_search (actors/solana/rpc.h), and their answers do too. A question whose answer is lost ends
   as CHAIN_AWAY. */
#ifndef DV_DEX_POOLS_READS_H
#define DV_DEX_POOLS_READS_H

#include "actors/dex/venue.h"
#include "actors/solana/rpc.h"

typedef struct dv_read dv_read;

/* Starts as {0}. */
typedef struct dv_reads {
    const dv_venue_out *out; /* of the call that is under way */
    dv_read *open;           /* owned, by number, in order of asking */
    uint64_t last;
    uint32_t endpoints; /* that a question may name */
} dv_reads;

/* Questions that are open are never answered. */
void dv_reads_fini(dv_reads *reads);

/* Asks: method and params (a JSON array) are copied. endpoint: an index below `endpoints`, or
   DV_RPC_ANY. done is called once, from dv_reads_hear or dv_reads_tick, with context and tag. */
void dv_reads_ask(dv_reads *reads, const char *method, dv_text params, uint32_t endpoint,
                  dv_rpc_done *done, void *context, uint64_t tag, int64_t now_ns);

/* Asks one endpoint what takes long to answer: at most size_max bytes, within 30 s. */
void dv_reads_search(dv_reads *reads, const char *method, dv_text params, uint32_t endpoint,
                     uint32_t size_max, dv_rpc_done *done, void *context, uint64_t tag,
                     int64_t now_ns);

/* Takes a read_part or read_reply. */
void dv_reads_hear(dv_reads *reads, const dv_message *message, int64_t now_ns);

/* Ends questions that have waited for too long; returns when the next one has. */
int64_t dv_reads_tick(dv_reads *reads, int64_t now_ns);

#endif
