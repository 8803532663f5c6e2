/* The time that the simulated venues take of their own for an order: the same dice that they throw
   themselves (actors/dex/sim/venue.c, sim_flight.c), so that what is left is the engine's. */
#ifndef DV_BENCH_LOAD_VENUE_H
#define DV_BENCH_LOAD_VENUE_H

#include "actors/chain/simulated/transaction.h"
#include "proto/id.h"

/* The engine's settings of these names; times in milliseconds. */
typedef struct load_venue {
    uint64_t quote_min, quote_max, settle_min, settle_max, seed;
} load_venue;

/* Reads "quote_min:quote_max:settle_min:settle_max:seed". False when it is something else. */
bool load_venue_parse(const char *text, load_venue *ret_venue);

/* How long an order that was confirmed at its first attempt, without faults, waited for the slower
   of the quotes and for its transaction to land, in nanoseconds. dex: where it was executed. */
int64_t load_venue_own_ns(const load_venue *venue, const dv_id *order_id, dv_text dex,
                          const uint8_t signature[DV_SIM_SIGNATURE_SIZE]);

#endif
