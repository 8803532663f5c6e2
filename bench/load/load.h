/* One run of the load generator: what is asked of it, and what it has seen.

     closed  `connections` clients post as fast as they are answered, while fewer than `bound`
             orders are accepted and not finished; one that is refused with 503 or 429 rests for a
             second, as Retry-After asks of it
     open    orders are due at a fixed rate, and latency counts from when an order was due: a
             server that is slow does not slow down what is asked of it

   How many orders have ended is asked of the engine, some 20 times a second; when each of them
   ended is seen on the socket that shows all orders, if wanted.

     ASKING ─► WARMING ─► STEADY ─► DRAINING ─► DONE                                             */
#ifndef DV_BENCH_LOAD_LOAD_H
#define DV_BENCH_LOAD_LOAD_H

#include "bench/load/client.h"
#include "bench/load/flights.h"
#include "bench/load/orders.h"
#include "bench/load/samples.h"
#include "bench/load/venue.h"
#include "bench/load/watch.h"

#define LOAD_CONNECTIONS_MAX 4096

typedef struct load_options {
    uint16_t port;
    uint32_t connections;
    uint32_t bound; /* closed: orders accepted and not finished */
    double rate;    /* open: orders a second; 0: closed */
    double warmup_s, seconds, drain_s;
    uint32_t poll_hz; /* how often the tallies are asked for */
    uint32_t batch;   /* orders a request; 0: single ones */
    uint32_t late_ms; /* open: an order that could not be sent for so long is given up; 0: never */
    uint64_t seed;    /* which orders */
    bool follow;      /* watch for the last frame of each order */
    bool has_venue;   /* follow: tell the venues' own time from the engine's */
    load_venue venue;
} load_options;

typedef enum load_phase {
    LOAD_ASKING,
    LOAD_WARMING,
    LOAD_STEADY,
    LOAD_DRAINING,
    LOAD_DONE
} load_phase;

/* Tallies at a time, as the engine told them. */
typedef struct load_poll {
    int64_t at_ns;
    uint64_t confirmed, failed;
} load_poll;

/* What was sent and answered, in orders, over the whole run or in the steady window. */
typedef struct load_counts {
    uint64_t sent, accepted, limited, unavailable, other, lost, unsent;
} load_counts;

typedef struct load_run {
    load_options options;
    load_loop loop;
    load_orders orders;
    load_client *clients; /* owned, `connections` of them */
    uint32_t *idle;       /* owned: which of them are free */
    uint32_t idle_count;
    uint32_t *resting; /* owned, a ring: those that rest, by when they may go on */
    uint32_t resting_first, resting_count;
    load_client poller;
    load_watch watch;
    load_flights flights;
    load_phase phase;
    int64_t start_ns, steady_ns, end_ns, drained_ns;
    int64_t poll_due_ns, progress_due_ns;
    uint64_t due_count; /* open: orders that were sent or given up */
    load_poll base;     /* before the first order */
    load_poll *polls;   /* owned */
    size_t poll_count, poll_capacity;
    load_counts counts, steady; /* steady: of those due within the window */
    uint64_t position;          /* of the newest frame */
    uint64_t reopened;          /* how often the socket was opened again */
    load_samples accept, end_to_end, added;
    double cpu_s; /* our own, in the window */
} load_run;

/* Runs it to its end, telling on standard output, a JSON object a line: "steady" and "end" of the
   window, "progress" twice a second, and "result". Returns the program's exit status. */
int load_run_all(const load_options *options);

/* Prints the result. */
void load_result_print(load_run *run, FILE *out);

#endif
