/* The venues' ledger in memory: stands in for actors/chain/simulated/ledger.c, so that a landing is checked
   at the instant at which it happens. */
#ifndef SIM_LEDGER_MODEL_H
#define SIM_LEDGER_MODEL_H

#include "actors/chain/simulated/ledger.h"
#include "tests/sim/world.h"

typedef struct sim_landed {
    struct sim_landed *next;
    uint8_t signature[DV_SIM_SIGNATURE_SIZE];
    char dex[DV_VENUE_MAX];
    uint64_t amount_in, amount_out;
    dv_err error;
} sim_landed;

typedef struct sim_ledger {
    sim_landed *landings;
    int64_t broken_until_ns; /* nothing can be written before */
} sim_ledger;

/* An empty ledger; the world owns it. */
sim_ledger *sim_ledger_new(sim_world *world);
void sim_ledger_destroy(sim_ledger **ledger);

/* What landed under a signature in base58; NULL: nothing has. */
const sim_landed *sim_ledger_find(const sim_ledger *ledger, dv_text signature);

#endif
