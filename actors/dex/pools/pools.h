/* The pools of one DEX on Solana: those that the configuration names and those that were found for its
   pairs, read time and again. */
#ifndef DV_DEX_POOLS_POOLS_H
#define DV_DEX_POOLS_POOLS_H

#include "actors/dex/pools/pairs.h"

#define DV_POOLS_MAX 256
#define DV_POOL_ACCOUNTS_MAX 96 /* below the 100 that a node looks up at once */

#define DV_POOL_CONFIGURED UINT32_MAX

typedef struct dv_listed_pool {
    bool in_use;    /* false: the place is free, once no question is open */
    uint32_t group; /* of dv_pairs that found it; DV_POOL_CONFIGURED: it is named */
    dv_pubkey address;
    char text[DV_BASE58_TEXT_SIZE];           /* the same */
    dv_pubkey accounts[DV_POOL_ACCOUNTS_MAX]; /* asked for: own, clock, and what it needs */
    uint32_t count;
    bool asked;           /* the question is open */
    int64_t look_at_ns;   /* next */
    dv_pool *pool;        /* owned; NULL: not read yet, or refused */
    dv_refusal refusal;   /* why there is none; err 0: it has not been read */
    dv_chain_clock clock; /* with which it was read */
    uint64_t slot;
    bool has_account[2]; /* the wallet's associated one, by mint */
} dv_listed_pool;

typedef struct dv_pools {
    const char *dex; /* borrowed, and all of these */
    const dv_pools_config *config;
    const dv_pools_limits *limits;
    dv_cluster_view *cluster;
    dv_reads *reads;
    dv_pairs *pairs;
    dv_listed_pool *pools; /* owned: DV_POOLS_MAX places, of which the first `count` were used */
    uint32_t count;
    bool changed; /* since hints were asked for */
} dv_pools;

/* Reads the pools and pairs of the DEX from the configuration's file. On CONFIG_INVALID ret_why says
   what is wrong. */
DV_MUST_CHECK dv_err dv_pools_load(dv_pools *pools, char ret_why[DV_REASON_MAX]);
void dv_pools_fini(dv_pools *pools);

/* Lists what the pairs have found, and asks for pools whose time has come; returns when the next
   one's does. */
int64_t dv_pools_tick(dv_pools *pools, int64_t now_ns);

/* The pool of an address; NULL: there is none. */
dv_listed_pool *dv_pools_find(const dv_pools *pools, dv_text address);

/* Why a pool cannot be traded in now; DV_OK: it can. */
dv_err dv_pools_state(const dv_pools *pools, const dv_listed_pool *pool);

/* How many pools that were found for each pair are traded in. */
void dv_pools_count(const dv_pools *pools, uint32_t ret_counts[DV_PAIRS_MAX]);

#endif
