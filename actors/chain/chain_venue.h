/* The inside of a venue on Solana, shared by its parts: what it knows of the chain and the pools
   (chain_venue.c, chain_pools.c, chain_pairs.c), transactions to sign (chain_build.c), and what
   becomes of those that are sent (chain_flight.c, chain_proof.c). */
#ifndef DV_DEX_CHAIN_VENUE_H
#define DV_DEX_CHAIN_VENUE_H

#include <uthash.h>

#include "actors/chain/compose.h"
#include "actors/chain/config.h"
#include "actors/dex/pools/config.h"
#include "actors/dex/venue.h"
#include "actors/solana/rpc.h"
#include "actors/solana/subscription.h"

#define DV_CHAIN_POOLS_MAX 256
#define DV_CHAIN_POOL_ACCOUNTS_MAX 96 /* below the 100 that a node looks up at once */

#define DV_CHAIN_CONFIGURED UINT32_MAX

/* A pool of the configuration, or one that was found for a pair of it. */
typedef struct dv_chain_pool {
    bool in_use;    /* false: the place is free, once no question is open */
    uint32_t group; /* of chain_pairs.c that found it; DV_CHAIN_CONFIGURED: it is named */
    dv_pubkey address;
    char text[DV_BASE58_TEXT_SIZE];                 /* the same */
    dv_pubkey accounts[DV_CHAIN_POOL_ACCOUNTS_MAX]; /* asked for: own, clock, and what it needs */
    uint32_t count;
    bool asked;           /* the question is open */
    int64_t look_at_ns;   /* next */
    dv_pool *pool;        /* owned; NULL: not read yet, or refused */
    dv_refusal refusal;   /* why there is none; err 0: it has not been read */
    dv_chain_clock clock; /* with which it was read */
    uint64_t slot;
    bool has_account[2]; /* the wallet's associated one, by mint */
} dv_chain_pool;

typedef struct dv_chain_build dv_chain_build;
typedef struct dv_chain_flight dv_chain_flight;
typedef struct dv_chain_batch dv_chain_batch;
typedef struct dv_chain_guard dv_chain_guard;
typedef struct dv_chain_pairs dv_chain_pairs;

typedef struct dv_chain_venue {
    dv_venue base;                       /* first: a dv_venue is this */
    const dv_solana_config *config;      /* borrowed */
    const dv_pools_config *pools_config; /* borrowed */
    const char *wallet_text;             /* borrowed */
    const dv_tokens *tokens;             /* borrowed */
    dv_rpc *rpc;                         /* owned */
    dv_subscription *hints; /* owned: which pools may have changed; NULL: looks alone tell */
    dv_pubkey wallet;
    bool has_wallet;
    const dv_answers *answers; /* of the call that is under way */

    /* Whether it may trade: every endpoint is of one cluster, and that is allowed. */
    uint32_t genesis_known; /* endpoints, as bits */
    uint8_t genesis[32];
    bool forbidden; /* mainnet, or endpoints of several clusters */
    const char *forbidden_why;

    uint64_t slot;                             /* newest seen, of confirmed state */
    uint64_t final_height;                     /* newest finalized block height seen */
    dv_latest_blockhash blockhash;             /* whose height another answer agrees with */
    int64_t blockhash_ns;                      /* when it came; 0: there is none */
    dv_latest_blockhash blockhash_last;        /* the newest not found out; slot 0: none */
    uint32_t blockhash_rounds;                 /* each asks another endpoint */
    uint64_t unit_price;                       /* micro-lamports */
    uint64_t guard_lamports, wrapped_lamports; /* rents; 0: not known yet */
    int64_t chain_at_ns, fees_at_ns;           /* when to ask next */
    uint32_t chain_open;                       /* questions about the chain without an answer */

    dv_chain_pool
        *pools; /* owned: DV_CHAIN_POOLS_MAX places, of which the first pool_count were used */
    uint32_t pool_count;
    bool pools_changed;                            /* since `hints` was told of them */
    dv_chain_pairs *pairs;                         /* owned; NULL: there are none */
    uint32_t hinted[DV_SUBSCRIPTION_ACCOUNTS_MAX]; /* pools, by their number in `hints` */
    dv_chain_build *builds;                        /* owned, by number */
    uint64_t last_number;                          /* of a build, or of a question in a proof */
    dv_chain_flight *flights;                      /* owned, by signature */
    int64_t status_at_ns;                          /* when to ask for statuses next */
    bool status_asked;
    uint32_t status_from;  /* how many open flights the last questions were about */
    dv_chain_batch *batch; /* owned: what the open one is about */

    dv_chain_guard *guards; /* owned, guard_count of them: whose rent is to be taken back */
    uint32_t guard_count;
    bool guards_asked;
    int64_t guards_at_ns; /* when to look at them next */
} dv_chain_venue;

/* Reads the pools and pairs of a DEX from the configuration's file. On CONFIG_INVALID ret_why says
   what is wrong. */
DV_MUST_CHECK dv_err dv_chain_pools_load(dv_chain_venue *venue, char ret_why[DV_REASON_MAX]);
void dv_chain_pools_fini(dv_chain_venue *venue);

/* Asks for pools whose time has come; returns when the next one's does. */
int64_t dv_chain_pools_tick(dv_chain_venue *venue, int64_t now_ns);

/* The pool of an address; NULL: there is none. */
dv_chain_pool *dv_chain_pool_find(dv_chain_venue *venue, dv_text address);

/* Why a pool cannot be traded in now; DV_OK: it can. */
dv_err dv_chain_pool_state(const dv_chain_venue *venue, const dv_chain_pool *pool);

/* Lists a pool that a group of chain_pairs.c found. False: it is refused for good, or there is no
   place left. */
bool dv_chain_pool_list(dv_chain_venue *venue, const dv_pubkey *address, uint32_t group);

/* Forgets a pool that was found. */
void dv_chain_pool_drop(dv_chain_venue *venue, dv_chain_pool *pool);

/* Adds a pair of the configuration, e.g. "SOL/USDC". CONFIG_INVALID: ret_why says what is wrong. */
DV_MUST_CHECK dv_err dv_chain_pairs_add(dv_chain_venue *venue, const char *text,
                                        char ret_why[DV_REASON_MAX]);
void dv_chain_pairs_fini(dv_chain_venue *venue);

/* Searches for pools when it is time; returns when that is. */
int64_t dv_chain_pairs_tick(dv_chain_venue *venue, int64_t now_ns);

/* Chooses anew among what a group found, after one of its pools was refused. */
void dv_chain_pairs_choose(dv_chain_venue *venue, uint32_t group);

/* Whether a pool is what its group looked for: of the pair's mints, of the program. */
bool dv_chain_pairs_fit(const dv_chain_venue *venue, uint32_t group, const dv_pool *pool);

/* Why there is no pool of two mints: VENUE_NO_POOL, or that they are still looked for (CHAIN_AWAY),
   or cannot be (CHAIN_REFUSED). */
dv_err dv_chain_pairs_state(const dv_chain_venue *venue, const dv_pubkey *a, const dv_pubkey *b);

/* What each pair gave, for people, until the next call; NULL: there are no pairs. */
const char *dv_chain_pairs_text(const dv_chain_venue *venue);

/* Whether a program that has one id on mainnet (0) and another on devnet (1) may be here. */
bool dv_chain_is_here(const dv_chain_venue *venue, uint32_t program);

/* dv_venue_class.quote. */
void dv_chain_quote(dv_venue *venue, uint64_t ticket, const dv_quote_request *ask, dv_time now,
                    const dv_answers *answers);

/* dv_venue_class.build; frees those that are open. */
void dv_chain_build_ask(dv_venue *venue, uint64_t ticket, const dv_build_request *build,
                        dv_time now, const dv_answers *answers);
void dv_chain_builds_fini(dv_chain_venue *venue);

/* dv_venue_class.send and check. */
void dv_chain_send(dv_venue *venue, uint64_t ticket, const dv_send_request *send, dv_time now,
                   const dv_answers *answers);
void dv_chain_check(dv_venue *venue, uint64_t ticket, const dv_status_request *check, dv_time now,
                    const dv_answers *answers);

/* Resends, asks for statuses and proves what is due; returns the next deadline. */
int64_t dv_chain_flights_tick(dv_chain_venue *venue, int64_t now_ns);
void dv_chain_flights_fini(dv_chain_venue *venue);

/* Notes that an order has traded, so that its guard can go once no attempt of it can land: the last
   that could, could until last_height, or until what is built now can. */
void dv_chain_guard_add(dv_chain_venue *venue, const dv_id *order_id, uint64_t last_height);

/* dv_venue_class.traded: notes it likewise. */
void dv_chain_traded(dv_venue *venue, const dv_id *order_id);

/* Lends an order whose guard is on the chain and may go to a transaction, which takes it back if it
   lands, until last_height. False: there is none. */
bool dv_chain_guard_lend(dv_chain_venue *venue, uint64_t last_height, dv_id *ret_order_id);

/* Looks which guards are still there; returns when to look again. */
int64_t dv_chain_guards_tick(dv_chain_venue *venue, int64_t now_ns);
void dv_chain_guards_fini(dv_chain_venue *venue);

/* Notes a slot of confirmed state that an answer named. */
static inline void dv_chain_saw_slot(dv_chain_venue *venue, uint64_t slot)
{
    if (slot > venue->slot) venue->slot = slot;
}

/* Whether the venue may trade now: it knows of which cluster its endpoints are, and may. */
dv_err dv_chain_admitted(const dv_chain_venue *venue);

#endif
