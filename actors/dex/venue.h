/* A venue: the pools of one DEX, as a router actor serves them. A small struct of functions.

   A venue quotes swaps, and says as a leg what a transaction must do for one. It answers at once or
   later: each request comes with a ticket to answer by, and answers that are due come out of `tick`,
   which ends each turn. It hears of its cluster from the chain actor. It sees no socket and no clock. */
#ifndef DV_DEX_VENUE_H
#define DV_DEX_VENUE_H

#include <stdint.h>

#include "actors/base/actor.h"
#include "actors/base/tokens.h"

/* Where a venue's messages go, any number of them within one call of the venue. A message is borrowed
   for its call. */
typedef struct dv_venue_out {
    /* Answers a request by its ticket: quote_reply or leg_reply. */
    void (*answer)(void *context, uint64_t ticket, const dv_message *message);
    /* Asks the chain actor of the venue's cluster: read_request. */
    void (*ask)(void *context, const dv_message *message);
    void *context;
} dv_venue_out;

typedef struct dv_venue dv_venue;

typedef struct dv_venue_class {
    const char *dex; /* lower case, e.g. raydium */
    /* Gets what it needs; may block. On an error ret_why says what is wrong and what to do. */
    dv_err (*start)(dv_venue *venue, dv_time now, char ret_why[DV_REASON_MAX]);
    /* Requests, each answered once. */
    void (*quote)(dv_venue *venue, uint64_t ticket, const dv_quote_request *ask, dv_time now,
                  const dv_venue_out *out);
    void (*leg)(dv_venue *venue, uint64_t ticket, const dv_leg_request *ask, dv_time now,
                const dv_venue_out *out);
    /* What the chain actor says: cluster_event, pool_event, read_part or read_reply. */
    void (*hear)(dv_venue *venue, const dv_message *message, dv_time now, const dv_venue_out *out);
    /* optional: addresses of some pools that it trades in, 32 bytes each; returns how many. The chain
       actor asks the nodes what blocks with these accounts cost. */
    uint32_t (*named_pools)(const dv_venue *venue, uint8_t ret_keys[DV_WATCH_POOLS_MAX * 32]);
    /* Does what is due; returns the next deadline, monotonic nanoseconds. */
    int64_t (*tick)(dv_venue *venue, dv_time now, const dv_venue_out *out);
    /* optional, together: the descriptors to poll (at most DV_WATCH_MAX; returns how many), and
       what happens when one of them is ready. */
    uint32_t (*watch)(dv_venue *venue, dv_watch ret_watches[DV_WATCH_MAX]);
    void (*ready)(dv_venue *venue, dv_watch watch, dv_time now, const dv_venue_out *out);
    /* optional: how the venue is doing, for readiness; well when absent. */
    dv_health (*health)(const dv_venue *venue);
    void (*destroy)(dv_venue **venue); /* accepts NULL and half-started */
} dv_venue_class;

/* A venue's own struct begins with this. */
struct dv_venue {
    const dv_venue_class *class;
};

struct dv_sim_config;
struct dv_pools_config;

/* The simulated venue of a DEX ("raydium": constant-product pools, "meteora": liquidity bins), NULL
   for a DEX that has none. config and tokens are borrowed for its life. */
dv_venue *dv_sim_venue_new(const char *dex, const struct dv_sim_config *config,
                           const dv_tokens *tokens);

/* What a venue on Solana takes from other sections of the configuration. */
typedef struct dv_pools_limits {
    uint32_t poll_ms; /* between reads of a pool */
    uint32_t
        rate_per_second; /* requests to an endpoint; pools take at most half of it; 0: no limit */
    uint32_t quote_slots_max;  /* age of the state that a quote comes from */
    bool has_guard;            /* transactions carry the order's guard */
    const char *subscribe_url; /* of the node that reports changes, copied; NULL: none is asked */
} dv_pools_limits;

/* A DEX on Solana: the pools and pairs of the configuration. config and tokens are borrowed for its
   life; limits are copied. What is wrong is told by start. NULL: no program of the DEX is known. */
dv_venue *dv_pools_venue_new(const char *dex, const struct dv_pools_config *config,
                             const dv_pools_limits *limits, const dv_tokens *tokens);

#endif
