/* The inside of a simulated venue, shared by its two halves: quotes and transactions to sign
   (sim_venue.c), and what becomes of those that are sent (sim_flight.c). */
#ifndef DV_DEX_SIM_VENUE_H
#define DV_DEX_SIM_VENUE_H

#include <uthash.h>

#include "actors/base/heap.h"
#include "actors/dex/sim/chain.h"
#include "actors/dex/sim/config.h"
#include "actors/dex/sim/ledger.h"
#include "actors/dex/sim/pool.h"
#include "actors/dex/venue.h"
#include "proto/base58.h"

/* A pool, made when its pair is first named. */
typedef struct dv_sim_pool {
    const dv_token *key[2]; /* the pair's tokens, in its order */
    dv_sim_pair pair;
    dv_sim_moved moved;
    int64_t level_us; /* the wall time of */
    dv_sim_level level;
    dv_err level_error;                /* or why there is none */
    char address[DV_BASE58_TEXT_SIZE]; /* made up, and always the same */
    UT_hash_handle hh;
} dv_sim_pool;

typedef struct dv_sim_flight dv_sim_flight;

typedef struct dv_sim_venue {
    dv_venue base; /* first: a dv_venue is this */
    const dv_sim_pool_class *pools_class;
    const dv_sim_config *config; /* borrowed */
    dv_confirmation confirmation;
    const dv_tokens *tokens; /* borrowed */
    uint64_t seed;           /* of this venue's own choices; the market has the configured one */
    uint64_t builds;         /* transactions built, for their nonces */
    dv_sim_chain chain;
    dv_sim_ledger ledger;
    dv_sim_pool *pools;     /* owned, by tokens */
    dv_heap quotes;         /* of pending quotes, which it owns */
    dv_sim_flight *flights; /* owned, by signature */
    dv_heap landings;       /* of flights */
    dv_sim_flight *finals;  /* of them: to be written to the ledger when the turn ends */
} dv_sim_venue;

/* The pool of two mints, and whether the swap goes from its X to its Y; NULL: there is none. */
dv_sim_pool *dv_sim_venue_pool(dv_sim_venue *venue, dv_text token_in, dv_text token_out,
                               bool *ret_x_to_y);

/* What a swap would do now, and where it would leave the pool. Errors: those of a pool's swap. */
DV_MUST_CHECK dv_err dv_sim_venue_swap(const dv_sim_venue *venue, dv_sim_pool *pool,
                                       const dv_sim_swap *swap, int64_t wall_us,
                                       dv_sim_fill *ret_fill, dv_sim_moved *ret_moved);

/* The halves of dv_venue_class that are about transactions sent. */
void dv_sim_flight_send(dv_venue *venue, uint64_t ticket, const dv_send_request *send, dv_time now,
                        const dv_answers *answers);
void dv_sim_flight_check(dv_venue *venue, uint64_t ticket, const dv_status_request *check,
                         dv_time now, const dv_answers *answers);

/* Lands what is due; returns the next deadline. */
int64_t dv_sim_flight_tick(dv_sim_venue *venue, dv_time now, const dv_answers *answers);

/* Forgets everything that is in flight, as a validator that dies does. */
void dv_sim_flight_fini(dv_sim_venue *venue);

#endif
