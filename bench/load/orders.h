/* The requests: HTTP POSTs of random orders, made once and sent over and over. */
#ifndef DV_BENCH_LOAD_ORDERS_H
#define DV_BENCH_LOAD_ORDERS_H

#include <stddef.h>
#include <stdint.h>

#define LOAD_REQUESTS 64
#define LOAD_BATCH_MAX 4096

typedef struct load_request {
    char *bytes; /* owned */
    size_t size;
} load_request;

typedef struct load_orders {
    load_request requests[LOAD_REQUESTS];
    uint32_t next;
} load_orders;

/* Market orders between SOL and USDC, either way, of up to about 100 dollars. seed: which. batch:
   0: one order each for /api/orders/execute; 1..LOAD_BATCH_MAX: arrays of so many for
   /api/orders/batch. Aborts when out of memory. */
void load_orders_make(load_orders *ret_orders, uint64_t seed, uint32_t batch);
void load_orders_fini(load_orders *orders);

/* The next request, in turn. Borrowed. */
const load_request *load_orders_next(load_orders *orders);

#endif
