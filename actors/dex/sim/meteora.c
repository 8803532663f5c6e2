/* Liquidity bins on a line. Bin 0 is where the level is; bin i trades at the level's price times
   1.001^i. Each bin is worth `width` atoms of Y: left of the pool's place it holds Y, right of it
   the X that so much Y pays for.

        bin -2      bin -1       bin 0       bin 1       bin 2
     |  y y y y  |  y y y y  |  y y|x x  |  x x x x  |  x x x x  |
                                   ▲ place: atoms of Y from the middle of bin 0

   Selling X takes Y and moves the place left; paying Y takes X and moves it right. */
#include <assert.h>

#include "actors/dex/sim/pool.h"
#include "proto/amount.h"

#define FEE_PPM 2000
#define BINS 100           /* on each side of bin 0 */
#define STEPS_PER_ONE 1000 /* a bin's price is this part more than that of the bin before */

typedef struct walk {
    int64_t width; /* of a bin, atoms of Y */
    int64_t place;
    int bin;            /* the one the next atom is taken from */
    dv_sim_price price; /* its price */
    bool x_to_y;
} walk;

/* ---- pure decisions ---- */

static int64_t left_edge(int64_t width, int bin)
{
    return bin * width - width / 2;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static void price_step(dv_sim_price *price, bool up)
{
    uint64_t y = price->y;
    price->y =
        up ? y + y / STEPS_PER_ONE : (uint64_t)((dv_u128)y * STEPS_PER_ONE / (STEPS_PER_ONE + 1));
}

static walk walk_begin(const dv_sim_level *level, int64_t place, bool x_to_y)
{
    walk w = {.price = level->price, .x_to_y = x_to_y};
    w.width = (int64_t)((dv_u128)level->y * 2 / (2 * BINS + 1));
    if (w.width == 0) return w;
    int64_t least = left_edge(w.width, -BINS), most = left_edge(w.width, BINS + 1);
    w.place = place < least ? least : place > most ? most : place;
    w.bin = (int)floor_div(w.place + w.width / 2, w.width);
    if (x_to_y && w.place == left_edge(w.width, w.bin)) w.bin--;
    for (int i = 0; i < w.bin; i++) price_step(&w.price, true);
    for (int i = 0; i > w.bin; i--) price_step(&w.price, false);
    return w;
}

static uint64_t convert(uint64_t atoms, uint64_t to, uint64_t from, bool up)
{
    uint64_t result;
    bool fits =
        up ? dv_mul_div_ceil(atoms, to, from, &result) : dv_mul_div_floor(atoms, to, from, &result);
    assert(fits); /* a bin is at most 1.11 times a 101st of the level, which has 62 bits */
    return result;
}

/* What `left` (input, or output if exact_out) does in a bin with `room` atoms of Y to go. */
static void bin_take(const walk *w, uint64_t room, uint64_t left, bool exact_out, uint64_t *ret_in,
                     uint64_t *ret_out)
{
    uint64_t x = w->price.x, y = w->price.y;
    uint64_t all_in = w->x_to_y ? convert(room, x, y, true) : room;
    uint64_t all_out = w->x_to_y ? room : convert(room, x, y, false);
    *ret_in = all_in;
    *ret_out = all_out;
    if (left >= (exact_out ? all_out : all_in)) return;
    uint64_t from = w->x_to_y ? x : y, to = w->x_to_y ? y : x;
    *ret_in = exact_out ? convert(left, from, to, true) : left;
    *ret_out = exact_out ? left : convert(left, to, from, false);
}

/* ---- the swap ---- */

/* Walks until `amount` is used up; the sums are what reached the pool and what left it. */
static dv_err walk_on(walk *w, uint64_t amount, bool exact_out, uint64_t *ret_net,
                      uint64_t *ret_out)
{
    uint64_t net = 0, out = 0;
    for (uint64_t left = amount; left > 0;) {
        if (w->bin < -BINS || w->bin > BINS) return DV_VENUE_LIQUIDITY_INSUFFICIENT;
        int64_t edge = left_edge(w->width, w->x_to_y ? w->bin : w->bin + 1);
        uint64_t room = (uint64_t)(w->x_to_y ? w->place - edge : edge - w->place);
        uint64_t bin_in, bin_out;
        bin_take(w, room, left, exact_out, &bin_in, &bin_out);
        net += bin_in;
        out += bin_out;
        left -= exact_out ? bin_out : bin_in;
        w->place += w->x_to_y ? -(int64_t)bin_out : (int64_t)bin_in;
        if (w->place != edge) continue;
        w->bin += w->x_to_y ? -1 : 1;
        price_step(&w->price, !w->x_to_y);
    }
    *ret_net = net;
    *ret_out = out;
    return DV_OK;
}

static dv_err swap(const dv_sim_level *level, const dv_sim_swap *swap, dv_sim_moved *moved,
                   dv_sim_fill *ret_fill)
{
    bool exact_out = swap->exact_out;
    uint64_t amount = exact_out ? swap->amount : dv_sim_net_of_fee_floor(swap->amount, FEE_PPM);
    if (amount == 0) return DV_VENUE_AMOUNT_TOO_SMALL;
    walk w = walk_begin(level, moved->y, swap->x_to_y);
    if (w.width == 0) return DV_VENUE_LIQUIDITY_INSUFFICIENT;
    dv_sim_price before = w.price;
    uint64_t net;
    dv_sim_fill fill = {.amount_in = swap->amount};
    dv_err error = walk_on(&w, amount, exact_out, &net, &fill.amount_out);
    if (error != DV_OK) return error;
    if (fill.amount_out == 0) return DV_VENUE_AMOUNT_TOO_SMALL;
    if (exact_out && !dv_sim_gross_of_net_ceil(net, FEE_PPM, &fill.amount_in))
        return DV_VENUE_LIQUIDITY_INSUFFICIENT;
    fill.price_impact_bps =
        dv_sim_price_impact_bps(swap->x_to_y ? before.x : before.y,
                                swap->x_to_y ? before.y : before.x, net, fill.amount_out);
    moved->y = w.place;
    *ret_fill = fill;
    return DV_OK;
}

const dv_sim_pool_class DV_SIM_METEORA = {
    .dex = "meteora",
    .fee_ppm = FEE_PPM,
    .side = 1,
    .swap = swap,
};
