/* Builds: transactions to sign. A transaction is compiled from its leg, simulated, and given out only
   if the simulation does what the quote said. If the order's guard says that the order has traded, the
   transaction that made the guard is looked for, and given out instead. */
#ifndef DV_CHAIN_SOLANA_BUILD_H
#define DV_CHAIN_SOLANA_BUILD_H

#include "actors/chain/backend.h"
#include "actors/chain/solana/flights.h"

typedef struct dv_build dv_build;

typedef struct dv_builds {
    const dv_solana_config *config; /* borrowed */
    const dv_facts *facts;          /* borrowed */
    dv_guards *guards;              /* borrowed */
    dv_flights *flights;            /* borrowed */
    dv_rpc *rpc;                    /* borrowed */
    dv_pubkey wallet;
    const dv_chain_out *const *out; /* borrowed: of the call that is under way */
    dv_build *builds;               /* owned, by number */
    uint64_t last_number;
} dv_builds;

/* Frees the builds that are open. They are never answered. */
void dv_builds_fini(dv_builds *builds);

/* dv_backend_class.build. */
void dv_builds_ask(dv_builds *builds, uint64_t ticket, const dv_build_request *build, dv_time now);

#endif
