/* The pools of pairs of tokens: searched for in each of the DEX's programs, and weighed. It answers
   which pools are wanted; pools.c lists them. One search is open at a time. */
#ifndef DV_DEX_POOLS_PAIRS_H
#define DV_DEX_POOLS_PAIRS_H

#include "actors/dex/pools/cluster.h"
#include "actors/dex/pools/config.h"
#include "actors/dex/pools/pair_search.h"
#include "actors/dex/pools/reads.h"

#define DV_PAIRS_MAX 32
#define DV_PAIRS_KEPT_MAX 64 /* of a group's pools: twice pair_pools_max at most */

typedef struct dv_pairs dv_pairs;

/* Starts without pairs. All is borrowed for its life; dex is lower case. Never NULL. */
dv_pairs *dv_pairs_new(const char *dex, const dv_pools_config *config, const dv_tokens *tokens,
                       const dv_cluster_view *cluster, dv_reads *reads);
void dv_pairs_destroy(dv_pairs **pairs); /* accepts NULL */

/* Adds a pair of the configuration, e.g. "SOL/USDC". CONFIG_INVALID: ret_why says what is wrong. */
DV_MUST_CHECK dv_err dv_pairs_add(dv_pairs *pairs, const char *text, char ret_why[DV_REASON_MAX]);

/* Searches for pools when it is time; returns when that is. */
int64_t dv_pairs_tick(dv_pairs *pairs, int64_t now_ns);

/* A group: the pools of a pair in one program. How many there are. */
uint32_t dv_pairs_groups(const dv_pairs *pairs);

/* Whether a group's pools have changed since this was asked last. */
bool dv_pairs_has_changed(dv_pairs *pairs, uint32_t group);

/* A group's pools, the deepest first: up to twice as many as are to be traded in. */
const dv_pubkey *dv_pairs_wanted(const dv_pairs *pairs, uint32_t group, uint32_t *ret_count);

/* Which pair a group is of. */
uint32_t dv_pairs_pair_of(const dv_pairs *pairs, uint32_t group);

/* Whether a pool is what its group looked for: of the pair's mints, of the program. */
bool dv_pairs_fit(const dv_pairs *pairs, uint32_t group, const dv_pool *pool);

/* Why there is no pool of two mints: VENUE_NO_POOL, or that they are still looked for (CHAIN_AWAY),
   or cannot be (CHAIN_REFUSED). */
dv_err dv_pairs_state(const dv_pairs *pairs, const dv_pubkey *a, const dv_pubkey *b);

/* What each pair gave, for people, until the next call; NULL: there are no pairs. counts: by pair, how
   many pools are traded in. */
const char *dv_pairs_text(dv_pairs *pairs, const uint32_t counts[DV_PAIRS_MAX]);

#endif
