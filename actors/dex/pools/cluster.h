/* What a router knows of its cluster: what the chain actor told last. */
#ifndef DV_DEX_POOLS_CLUSTER_H
#define DV_DEX_POOLS_CLUSTER_H

#include "actors/base/clock.h"
#include "actors/solana/pubkey.h"
#include "proto/message.h"

/* Starts as {0}. */
typedef struct dv_cluster_view {
    int64_t heard_at_ns; /* 0: never */
    dv_err error;        /* why nothing may be traded; DV_OK: all is well */
    bool has_genesis;
    uint8_t genesis[32];
    uint64_t slot; /* newest seen, of confirmed state */
    bool has_wallet;
    dv_pubkey wallet;
    uint32_t endpoints;
    uint32_t dexes; /* that share the rate of the endpoints; 0: not known yet */
} dv_cluster_view;

/* Takes over what the chain actor tells. */
void dv_cluster_view_take(dv_cluster_view *view, const dv_cluster_event *event, int64_t now_ns);

/* Notes a slot of confirmed state that an answer named. */
void dv_cluster_view_saw_slot(dv_cluster_view *view, uint64_t slot);

/* Whether quotes may be given now: DV_OK, or why not. CHAIN_AWAY: the chain actor is silent. */
dv_err dv_cluster_view_admitted(const dv_cluster_view *view, int64_t now_ns);

/* Whether a program that has one id on mainnet (0) and another on devnet (1) may be here. */
bool dv_cluster_view_has_program(const dv_cluster_view *view, uint32_t program);

#endif
