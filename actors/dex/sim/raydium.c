#include "actors/dex/sim/pool.h"
#include "proto/amount.h"

#define FEE_PPM 2500

static uint64_t reserve(uint64_t level, int64_t moved)
{
    __int128 atoms = (__int128)level + moved;
    if (atoms < 1) return 1;
    return atoms > INT64_MAX ? (uint64_t)INT64_MAX : (uint64_t)atoms;
}

static dv_err swap_exact_in(uint64_t reserve_in, uint64_t reserve_out, uint64_t amount,
                            uint64_t *ret_net, uint64_t *ret_out)
{
    uint64_t net = dv_sim_net_of_fee_floor(amount, FEE_PPM), after, out;
    if (__builtin_add_overflow(reserve_in, net, &after) ||
        !dv_mul_div_floor(reserve_out, net, after, &out) || out > reserve_out / 2)
        return DV_VENUE_LIQUIDITY_INSUFFICIENT;
    if (out == 0) return DV_VENUE_AMOUNT_TOO_SMALL;
    *ret_net = net;
    *ret_out = out;
    return DV_OK;
}

static dv_err swap_exact_out(uint64_t reserve_in, uint64_t reserve_out, uint64_t amount,
                             uint64_t *ret_net, uint64_t *ret_in)
{
    uint64_t net;
    if (amount > reserve_out / 2 ||
        !dv_mul_div_ceil(reserve_in, amount, reserve_out - amount, &net) ||
        !dv_sim_gross_of_net_ceil(net, FEE_PPM, ret_in))
        return DV_VENUE_LIQUIDITY_INSUFFICIENT;
    *ret_net = net;
    return DV_OK;
}

/* Moves one side by what the trader paid and the other by what it received. */
static void move(dv_sim_moved *moved, bool x_to_y, const dv_sim_fill *fill)
{
    int64_t *in = x_to_y ? &moved->x : &moved->y, *out = x_to_y ? &moved->y : &moved->x;
    *in += (int64_t)fill->amount_in;
    *out -= (int64_t)fill->amount_out;
}

static dv_err swap(const dv_sim_level *level, const dv_sim_swap *swap, dv_sim_moved *moved,
                   dv_sim_fill *ret_fill)
{
    if (swap->amount == 0) return DV_VENUE_AMOUNT_TOO_SMALL;
    uint64_t x = reserve(level->x, moved->x), y = reserve(level->y, moved->y), net;
    uint64_t reserve_in = swap->x_to_y ? x : y, reserve_out = swap->x_to_y ? y : x;
    dv_sim_fill fill = {.amount_in = swap->amount, .amount_out = swap->amount};
    dv_err error =
        swap->exact_out
            ? swap_exact_out(reserve_in, reserve_out, swap->amount, &net, &fill.amount_in)
            : swap_exact_in(reserve_in, reserve_out, swap->amount, &net, &fill.amount_out);
    if (error != DV_OK) return error;
    if (fill.amount_in > (uint64_t)INT64_MAX - reserve_in) return DV_VENUE_LIQUIDITY_INSUFFICIENT;
    fill.price_impact_bps = dv_sim_price_impact_bps(reserve_in, reserve_out, net, fill.amount_out);
    move(moved, swap->x_to_y, &fill);
    *ret_fill = fill;
    return DV_OK;
}

const dv_sim_pool_class DV_SIM_RAYDIUM = {
    .dex = "raydium",
    .fee_ppm = FEE_PPM,
    .side = -1,
    .swap = swap,
};
