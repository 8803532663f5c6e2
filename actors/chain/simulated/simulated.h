/* The inside of the simulated cluster, shared by its two parts: transactions to sign (simulated.c), and
   what becomes of those that are sent (flights.c). */
#ifndef DV_CHAIN_SIMULATED_H
#define DV_CHAIN_SIMULATED_H

#include "actors/base/heap.h"
#include "actors/chain/backend.h"
#include "actors/chain/simulated/heights.h"
#include "actors/chain/simulated/ledger.h"
#include "actors/dex/sim/pools.h"

#define DV_SIM_DEXES_MAX 8

/* A simulated DEX, as the cluster has it. */
typedef struct dv_sim_dex_state {
    uint64_t seed; /* of this DEX's own choices; the market has the configured one */
    dv_sim_pools pools;
} dv_sim_dex_state;

typedef struct dv_sim_flight dv_sim_flight;

typedef struct dv_simulated {
    dv_backend base;             /* first: a dv_backend is this */
    const dv_sim_config *config; /* borrowed */
    dv_confirmation confirmation;
    dv_sim_dex_state dexes[DV_SIM_DEXES_MAX];
    uint32_t dex_count;
    uint64_t builds; /* transactions built, for their nonces */
    dv_sim_heights heights;
    dv_sim_ledger ledger;
    dv_sim_flight *flights; /* owned, by signature */
    dv_heap landings;       /* of flights */
    dv_sim_flight *finals;  /* of them: to be written to the ledger when the turn ends */
    bool moved;             /* a pool has moved since routers were told */
} dv_simulated;

/* The state of a DEX; NULL: none is simulated under this name. */
dv_sim_dex_state *dv_simulated_dex(dv_simulated *cluster, dv_text dex);

/* dv_backend_class.send and check. */
void dv_sim_flight_send(dv_backend *backend, uint64_t ticket, const dv_send_request *send,
                        dv_time now, const dv_chain_out *out);
void dv_sim_flight_check(dv_backend *backend, uint64_t ticket, const dv_status_request *check,
                         dv_time now, const dv_chain_out *out);

/* Lands what is due; returns the next deadline. */
int64_t dv_sim_flight_tick(dv_simulated *cluster, dv_time now, const dv_chain_out *out);

/* Forgets everything that is in flight, as a validator that dies does. */
void dv_sim_flight_fini(dv_simulated *cluster);

#endif
