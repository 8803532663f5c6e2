/* Times, kept one by one, so that quantiles are exact. */
#ifndef DV_BENCH_LOAD_SAMPLES_H
#define DV_BENCH_LOAD_SAMPLES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct load_samples {
    uint32_t *us; /* owned; microseconds */
    size_t count, capacity;
} load_samples;

/* Adds a time in nanoseconds; one below zero counts as zero, one above 71 minutes as that. Aborts
   when out of memory. */
void load_samples_add(load_samples *samples, int64_t ns);
void load_samples_fini(load_samples *samples);

/* The least time that at least a share of the samples (0 to 1) do not exceed, in microseconds; 0
   without samples. Sorts them. */
uint32_t load_samples_quantile(load_samples *samples, double share);

/* Prints {"count":…,"p50":…,"p99":…,"p99.9":…,"max":…} in milliseconds. */
void load_samples_print(load_samples *samples, FILE *out);

#endif
