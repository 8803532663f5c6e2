/* Orders that were sent and are not known to have ended. An order's answer and its last frame come
   on different connections, in either order. */
#ifndef DV_BENCH_LOAD_FLIGHTS_H
#define DV_BENCH_LOAD_FLIGHTS_H

#include <uthash.h>

#include "proto/id.h"

typedef struct load_flight {
    dv_id id;
    int64_t due_ns;   /* when it was meant to be sent; 0: its answer has not come */
    int64_t ended_ns; /* when its last frame came; 0: not yet */
    int64_t own_ns;   /* with its last frame: the time that the venues took, if known */
    UT_hash_handle hh;
} load_flight;

typedef struct load_flights {
    load_flight *by_id;
} load_flights;

/* The order's flight, made if need be; it lives until it is removed. Aborts when out of memory. */
load_flight *load_flights_get(load_flights *flights, const dv_id *id);
void load_flights_remove(load_flights *flights, load_flight *flight);
void load_flights_fini(load_flights *flights);

#endif
