/* A decoded Meteora DLMM pool (LbPair). meteora_dlmm_decode.c makes it, meteora_dlmm.c quotes it.
   Layouts: the IDL of lb_clmm 0.12 (MeteoraAg/dlmm-sdk, July 2026); program
   LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo (mainnet and devnet). */
#ifndef DV_DEX_METEORA_DLMM_H
#define DV_DEX_METEORA_DLMM_H

#include "actors/dex/programs/pool_arrays.h"
#include "actors/dex/programs/wide.h"

#define DV_DLMM_POOL_SIZE 904u /* bytes */
#define DV_DLMM_ARRAY_BINS 70

/* The layers of a bin's token, in the order in which swaps take them: the market makers' liquidity,
   limit orders that are being filled, open limit orders. */
enum { DV_DLMM_LAYER_MAKERS, DV_DLMM_LAYER_PROCESSED, DV_DLMM_LAYER_OPEN, DV_DLMM_LAYERS };

/* What a bin offers to swaps in one direction. */
typedef struct dv_dlmm_side {
    uint64_t out[DV_DLMM_LAYERS];  /* atoms of the output */
    uint64_t need[DV_DLMM_LAYERS]; /* atoms of the input that take the whole layer, rounded up */
    uint64_t out_sum;              /* 0: nothing to take */
    bool is_too_dear; /* a need does not fit 64 bits, and the program's sums overflow */
} dv_dlmm_side;

/* A bin that is not empty. */
typedef struct dv_dlmm_bin {
    dv_u128 price;        /* Y per X in atoms, Q64.64; not 0 */
    dv_dlmm_side side[2]; /* by the mint that is paid: X (0), Y (1) */
    int32_t id;
} dv_dlmm_bin;

typedef struct dv_dlmm_pool {
    dv_pool base;     /* mint 0 is X, mint 1 is Y */
    dv_pubkey oracle; /* an address */
    bool is_disabled;
    bool has_activation; /* the pool is closed before activation_point */
    bool activates_by_time;
    uint64_t activation_point; /* a slot, or seconds since 1970 */
    bool fee_on_y;             /* the fee is always taken in Y, otherwise in the input */
    bool has_limit_orders;
    int32_t active_id; /* the bin where swaps begin */
    uint16_t bin_step; /* bps between two bins */
    /* The fee: a base, and a part that grows with the active bin's moves. */
    uint32_t base_rate;                   /* of 10^9, at most 10^8 */
    uint32_t variable_fee_control;        /* 0: only the base */
    uint16_t filter_period, decay_period; /* seconds */
    uint16_t reduction_factor; /* bps of the volatility that stay after the filter period */
    uint16_t protocol_share;   /* bps of the market makers' fees */
    uint32_t volatility, volatility_reference, volatility_max; /* in 10^-4 bins */
    int32_t index_reference;                                   /* a bin id */
    int64_t updated_at;                                        /* seconds since 1970 */
    dv_pool_arrays arrays; /* their slots are the dv_dlmm_bin that are not empty */
} dv_dlmm_pool;

/* The number of the array that a bin is in. */
static inline int32_t dv_dlmm_array_of(int32_t bin_id)
{
    return bin_id / DV_DLMM_ARRAY_BINS - (bin_id % DV_DLMM_ARRAY_BINS < 0);
}

/* The input for `out` atoms at a price, rounded up; the output for `in` atoms, rounded down. side:
   as in a bin; price: not 0. False, and nothing written, when the result does not fit 64 bits. */
DV_MUST_CHECK bool dv_dlmm_in_ceil(uint32_t side, dv_u128 price, uint64_t out, uint64_t *ret_in);
DV_MUST_CHECK bool dv_dlmm_out_floor(uint32_t side, dv_u128 price, uint64_t in, uint64_t *ret_out);

/* A bin by its place in the row of all arrays' bins. */
static inline const dv_dlmm_bin *dv_dlmm_bin_at(const dv_dlmm_pool *pool, uint32_t i)
{
    return (const dv_dlmm_bin *)pool->arrays.slots + i;
}

/* The class's functions that decode; see pool.h. */
dv_err dv_dlmm_needs(const dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                     dv_pool_needs *ret_needs, dv_refusal *ret_refusal);
dv_err dv_dlmm_decode(dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                      dv_refusal *ret_refusal);
void dv_dlmm_release(dv_pool *pool);

/* The 8 bytes that a pool's account begins with. */
extern const uint8_t DV_DLMM_POOL_MARK[8];

#endif
