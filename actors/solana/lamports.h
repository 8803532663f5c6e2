/* Lamports: billionths of a SOL. A type of its own keeps them apart from the atoms of a token. */
#ifndef DV_SOLANA_LAMPORTS_H
#define DV_SOLANA_LAMPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/error.h"

typedef struct dv_lamports {
    uint64_t count;
} dv_lamports;

#define DV_LAMPORTS_MAX ((dv_lamports){UINT64_MAX})

/* a + b. False, and nothing written, when the sum does not fit 64 bits. */
DV_MUST_CHECK static inline bool dv_lamports_add(dv_lamports a, dv_lamports b, dv_lamports *ret_sum)
{
    if (a.count > UINT64_MAX - b.count) return false;
    ret_sum->count = a.count + b.count;
    return true;
}

/* How much a is more than b; 0 when it is not. */
static inline dv_lamports dv_lamports_beyond(dv_lamports a, dv_lamports b)
{
    return (dv_lamports){a.count > b.count ? a.count - b.count : 0};
}

#endif
