#include "actors/dex/sim/pool.h"

#include <assert.h>

#include "proto/amount.h"

static int64_t halve(int64_t atoms, int64_t elapsed_us)
{
    int64_t halvings = elapsed_us / DV_SIM_HALF_LIFE_US;
    if (halvings >= 63) return 0;
    /* A straight line from one halving to the next: within 6 % of the true curve, and exact. */
    int64_t whole = atoms / ((int64_t)1 << halvings);
    __int128 off = (__int128)whole * (elapsed_us % DV_SIM_HALF_LIFE_US) / (2 * DV_SIM_HALF_LIFE_US);
    return whole - (int64_t)off;
}

dv_sim_moved dv_sim_moved_at(const dv_sim_moved *moved, int64_t wall_us)
{
    int64_t elapsed_us = wall_us > moved->at_us ? wall_us - moved->at_us : 0;
    return (dv_sim_moved){
        .x = halve(moved->x, elapsed_us),
        .y = halve(moved->y, elapsed_us),
        .at_us = wall_us,
    };
}

uint64_t dv_sim_net_of_fee_floor(uint64_t amount_in, uint32_t fee_ppm)
{
    assert(fee_ppm < DV_PPM_ONE);
    return (uint64_t)((dv_u128)amount_in * (DV_PPM_ONE - fee_ppm) / DV_PPM_ONE);
}

bool dv_sim_gross_of_net_ceil(uint64_t net, uint32_t fee_ppm, uint64_t *ret_gross)
{
    assert(fee_ppm < DV_PPM_ONE);
    return dv_mul_div_ceil(net, DV_PPM_ONE, DV_PPM_ONE - fee_ppm, ret_gross);
}

uint32_t dv_sim_price_impact_bps(uint64_t price_in, uint64_t price_out, uint64_t net, uint64_t out)
{
    assert(price_in > 0);
    dv_u128 ideal = (dv_u128)net * price_out / price_in;
    if (ideal <= out || ideal > UINT64_MAX) return 0;
    return (uint32_t)((ideal - out) * DV_BPS_ONE / ideal);
}
