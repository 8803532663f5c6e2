/* Facts: what is known of the cluster. Which cluster the endpoints are of, whether trading there is
   allowed, the newest slot and blockhash, the price of compute units, and the rents. */
#ifndef DV_CHAIN_SOLANA_FACTS_H
#define DV_CHAIN_SOLANA_FACTS_H

#include "actors/base/clock.h"
#include "actors/chain/solana/config.h"
#include "actors/solana/rpc.h"
#include "proto/records.h"

#define DV_FACTS_DEXES_MAX 8
#define DV_FACTS_POOLS_MAX 32 /* of one DEX, whose prices are asked for */

/* What a DEX's routers have said of themselves. */
typedef struct dv_facts_dex {
    char name[DV_VENUE_MAX + 1];
    int64_t heard_at_ns;
    dv_pubkey pools[DV_FACTS_POOLS_MAX];
    uint32_t pool_count;
} dv_facts_dex;

typedef struct dv_facts {
    const dv_solana_config *config; /* borrowed */
    dv_rpc *rpc;                    /* borrowed */

    uint32_t genesis_known; /* endpoints, as bits */
    uint8_t genesis[32];
    const char
        *forbidden; /* why nothing may be traded: mainnet, or endpoints of several clusters */

    uint64_t slot;                      /* newest seen, of confirmed state */
    dv_latest_blockhash blockhash;      /* whose height another answer agrees with */
    int64_t blockhash_ns;               /* when it came; 0: there is none */
    dv_latest_blockhash blockhash_last; /* the newest not found out; slot 0: none */
    dv_epoch_info epoch; /* of a finalized block, against which the first blockhash is held; slot 0:
                            none */
    uint32_t blockhash_rounds;            /* each asks another endpoint */
    uint64_t unit_price;                  /* micro-lamports */
    dv_lamports guard_rent, wrapped_rent; /* of a guard, and of wrapped SOL; 0: not known yet */
    int64_t ask_at_ns, fees_at_ns;        /* when to ask next */
    uint32_t open;                        /* questions without an answer */

    dv_facts_dex dexes[DV_FACTS_DEXES_MAX];
    uint32_t dex_count;
} dv_facts;

/* Starts without any fact. config and rpc are borrowed for its life. */
void dv_facts_init(dv_facts *facts, const dv_solana_config *config, dv_rpc *rpc);

/* Lets the endpoints say of which cluster they are, for three seconds at most. Blocks. */
void dv_facts_wait(dv_facts *facts, int64_t now_ns);

/* Asks what is due; returns the next deadline. */
int64_t dv_facts_tick(dv_facts *facts, int64_t now_ns);

/* Whether every endpoint has said of which cluster it is. A proof could be of another cluster else. */
bool dv_facts_is_known(const dv_facts *facts);

/* Whether trading is allowed now: DV_OK, VENUE_NOT_ALLOWED, or CHAIN_AWAY while it is not known. */
dv_err dv_facts_admitted(const dv_facts *facts);

/* Notes a slot of confirmed state that an answer named. */
void dv_facts_saw_slot(dv_facts *facts, uint64_t slot);

/* A router of the DEX is there. pools: addresses of pools that it trades in, 32 bytes each. */
void dv_facts_heard(dv_facts *facts, const char *dex, dv_text pools, int64_t now_ns);

/* How many DEXs have routers that were heard of lately; 1 at least. */
uint32_t dv_facts_dexes(const dv_facts *facts, int64_t now_ns);

#endif
