#include "bench/load/flights.h"

#include <stdlib.h>

load_flight *load_flights_get(load_flights *flights, const dv_id *id)
{
    load_flight *flight;
    HASH_FIND(hh, flights->by_id, id, sizeof *id, flight);
    if (flight != NULL) return flight;
    flight = calloc(1, sizeof *flight);
    if (flight == NULL) abort();
    flight->id = *id;
    HASH_ADD(hh, flights->by_id, id, sizeof *id, flight);
    return flight;
}

void load_flights_remove(load_flights *flights, load_flight *flight)
{
    HASH_DEL(flights->by_id, flight);
    free(flight);
}

void load_flights_fini(load_flights *flights)
{
    load_flight *flight, *next;
    HASH_ITER (hh, flights->by_id, flight, next) load_flights_remove(flights, flight);
}
