/* A backend: one cluster, as the chain actor serves it. A small struct of functions.

   A backend builds transactions from legs, sends them, and says what became of them. It answers at
   once or later, by ticket; answers that are due come out of `tick`, which ends each turn. It sees no
   socket of ours and no clock. */
#ifndef DV_CHAIN_BACKEND_H
#define DV_CHAIN_BACKEND_H

#include "actors/base/actor.h"
#include "actors/base/tokens.h"
#include "actors/chain/confirmation.h"

/* Where a backend's messages go, any number of them within one call. A message is borrowed for its
   call. */
typedef struct dv_chain_out {
    /* Answers a request by its ticket: build_reply, status_reply, read_reply. read_part goes before
       its read_reply. */
    void (*answer)(void *context, uint64_t ticket, const dv_message *message);
    /* Tells the routers that watch the cluster: cluster_event, pool_event. dex: only its routers;
       NULL: all of them. */
    void (*publish)(void *context, const char *dex, const dv_message *message);
    void *context;
} dv_chain_out;

typedef struct dv_backend dv_backend;

typedef struct dv_backend_class {
    const char *name; /* of the cluster, e.g. solana */
    /* Gets what it needs; may block. On an error ret_why says what is wrong and what to do. */
    dv_err (*start)(dv_backend *backend, dv_time now, char ret_why[DV_REASON_MAX]);
    /* Requests. build and check are answered once. A send is answered any number of times: the
       outcome is told when it is known, or never. Repeating a send is harmless. */
    void (*build)(dv_backend *backend, uint64_t ticket, const dv_build_request *build, dv_time now,
                  const dv_chain_out *out);
    void (*send)(dv_backend *backend, uint64_t ticket, const dv_send_request *send, dv_time now,
                 const dv_chain_out *out);
    void (*check)(dv_backend *backend, uint64_t ticket, const dv_status_request *check, dv_time now,
                  const dv_chain_out *out);
    /* optional: hears of an order that was finalized before the start. It is told of the last
       thousand such orders, and perhaps twice of one. */
    void (*traded)(dv_backend *backend, const dv_id *order_id);
    /* A router of the DEX is there: publishes what the DEX's routers must know. Called every second. */
    void (*watch_cluster)(dv_backend *backend, const char *dex, const dv_watch_cluster *watch,
                          dv_time now, const dv_chain_out *out);
    /* optional: answers a router's question to the cluster's nodes. */
    void (*read)(dv_backend *backend, uint64_t ticket, const dv_read_request *read, dv_time now,
                 const dv_chain_out *out);
    /* Does what is due; returns the next deadline, monotonic nanoseconds. */
    int64_t (*tick)(dv_backend *backend, dv_time now, const dv_chain_out *out);
    /* optional, together: the descriptors to poll (at most DV_WATCH_MAX; returns how many), and
       what happens when one of them is ready. */
    uint32_t (*watch)(dv_backend *backend, dv_watch ret_watches[DV_WATCH_MAX]);
    void (*ready)(dv_backend *backend, dv_watch watch, dv_time now, const dv_chain_out *out);
    /* optional: how the cluster is doing, for readiness; well when absent. */
    dv_health (*health)(const dv_backend *backend);
    void (*destroy)(dv_backend **backend); /* accepts NULL and half-started */
} dv_backend_class;

/* A backend's own struct begins with this. */
struct dv_backend {
    const dv_backend_class *class;
};

struct dv_sim_config;
struct dv_solana_config;

/* The simulated cluster. confirmation: what makes an order confirmed. config and tokens are borrowed
   for its life. Never NULL. */
dv_backend *dv_simulated_new(const struct dv_sim_config *config, dv_confirmation confirmation,
                             const dv_tokens *tokens);

/* The Solana cluster that solana_rpc_url names. wallet: the address that pays and trades, read at the
   start. Both are borrowed for its life. What is wrong is told by start. Never NULL. */
dv_backend *dv_solana_new(const struct dv_solana_config *config, const char *wallet);

#endif
