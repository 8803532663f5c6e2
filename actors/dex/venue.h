/* What a venue is: a small struct of functions that a router actor serves.

   A venue answers at once or later: each request is given with a `dv_ticket` to answer by, and the
   answers due come out of `tick`, which ends each turn. It never sees a socket or a clock. */
#ifndef DV_DEX_VENUE_H
#define DV_DEX_VENUE_H

#include <stdint.h>

#include "actors/base/actor.h"
#include "actors/base/tokens.h"
#include "actors/chain/confirmation.h"
#include "proto/message.h"

/* Where answers go: called from within the venue's functions, any number of times. The message is
   quote_reply, build_reply or status_reply and is borrowed for the call; ticket is the request's. */
typedef struct dv_answers {
    void (*answer)(void *context, uint64_t ticket, const dv_message *message);
    void *context;
} dv_answers;

typedef struct dv_venue dv_venue;

typedef struct dv_venue_class {
    const char *dex; /* lower case, e.g. raydium */
    /* Gets what it needs; may block. On an error ret_why says what is wrong and what to do. */
    dv_err (*start)(dv_venue *venue, dv_time now, char ret_why[DV_REASON_MAX]);
    /* Requests, each answered once, except that a send may be answered any number of times: the
       outcome is told when it is known, or never. Repeating a send is harmless. */
    void (*quote)(dv_venue *venue, uint64_t ticket, const dv_quote_request *ask, dv_time now,
                  const dv_answers *answers);
    void (*build)(dv_venue *venue, uint64_t ticket, const dv_build_request *build, dv_time now,
                  const dv_answers *answers);
    void (*send)(dv_venue *venue, uint64_t ticket, const dv_send_request *send, dv_time now,
                 const dv_answers *answers);
    void (*check)(dv_venue *venue, uint64_t ticket, const dv_status_request *check, dv_time now,
                  const dv_answers *answers);
    /* optional: told of the orders that were confirmed here before it started, of all of the last
       thousand; of one of them perhaps again. */
    void (*traded)(dv_venue *venue, const dv_id *order_id);
    /* Does what is due; returns the next deadline, monotonic nanoseconds. */
    int64_t (*tick)(dv_venue *venue, dv_time now, const dv_answers *answers);
    /* optional, together: the descriptors to poll (at most DV_WATCH_MAX; returns how many), and
       what happens when one of them is ready. */
    uint32_t (*watch)(dv_venue *venue, dv_watch ret_watches[DV_WATCH_MAX]);
    void (*ready)(dv_venue *venue, dv_watch watch, dv_time now, const dv_answers *answers);
    /* optional: how the venue is doing, for readiness; well when absent. */
    dv_health (*health)(const dv_venue *venue);
    void (*destroy)(dv_venue **venue); /* accepts NULL and half-started */
} dv_venue_class;

/* A venue's own struct begins with this. */
struct dv_venue {
    const dv_venue_class *class;
};

struct dv_sim_config;
struct dv_solana_config;
struct dv_pools_config;

/* The simulated venue of a DEX ("raydium": constant-product pools, "meteora": liquidity bins), NULL
   for a DEX that has none. confirmation: what makes an order confirmed. config and tokens are borrowed
   for its life. */
dv_venue *dv_sim_venue_new(const char *dex, const struct dv_sim_config *config,
                           dv_confirmation confirmation, const dv_tokens *tokens);

/* A DEX on Solana: the pools and pairs of the configuration, on the cluster that solana_rpc_url
   names. wallet: the address that pays and trades, read at its start. All is borrowed for its life.
   What is wrong is told by start. */
dv_venue *dv_chain_venue_new(const char *dex, const struct dv_solana_config *config,
                             const struct dv_pools_config *pools_config, const char *wallet,
                             const dv_tokens *tokens);

#endif
