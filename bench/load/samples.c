#include "bench/load/samples.h"

#include <math.h>
#include <stdlib.h>

void load_samples_add(load_samples *samples, int64_t ns)
{
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity > 0 ? 2 * samples->capacity : 4096;
        samples->us = realloc(samples->us, samples->capacity * sizeof *samples->us);
        if (samples->us == NULL) abort();
    }
    int64_t us = ns < 0 ? 0 : ns / 1000;
    samples->us[samples->count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

void load_samples_fini(load_samples *samples)
{
    free(samples->us);
    *samples = (load_samples){0};
}

static int compare(const void *a_, const void *b_)
{
    uint32_t a = *(const uint32_t *)a_, b = *(const uint32_t *)b_;
    return (a > b) - (a < b);
}

static uint32_t at_share(const load_samples *samples, double share)
{
    if (samples->count == 0) return 0;
    size_t rank = (size_t)ceil(share * (double)samples->count);
    return samples->us[rank > 0 ? rank - 1 : 0];
}

uint32_t load_samples_quantile(load_samples *samples, double share)
{
    if (samples->count > 0) qsort(samples->us, samples->count, sizeof *samples->us, compare);
    return at_share(samples, share);
}

void load_samples_print(load_samples *samples, FILE *out)
{
    if (samples->count > 0) qsort(samples->us, samples->count, sizeof *samples->us, compare);
    fprintf(out, "{\"count\":%zu,\"p50\":%.3f,\"p99\":%.3f,\"p99.9\":%.3f,\"max\":%.3f}",
            samples->count, at_share(samples, 0.5) / 1e3, at_share(samples, 0.99) / 1e3,
            at_share(samples, 0.999) / 1e3, at_share(samples, 1) / 1e3);
}
