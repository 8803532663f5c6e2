/* Swaps through many arrays of ticks or bins: those whose transaction does not fit a packet are
   found out before they are quoted, and what can be spared is left out of the others. */
#include "actors/dex/swap/compose.h"

#include <check.h>
#include <stdlib.h>

#include "actors/solana/builders.h"
#include "tests/support/pools_scene.h"
#include "tests/support/suite.h"

#define ARRAYS 14
#define WALLET 201
#define NO_SIDE 2
#define MOST_OF_SOL 4 /* arrays that a swap may come through, whatever else is so */
#define MOST_OF_TOKENS 9

static scene S;

/* What makes a transaction small or large. */
typedef struct setting {
    bool is_dlmm, has_extension, is_2022; /* is_2022: the token that is not SOL */
    uint32_t in, sol;                     /* sides; sol: NO_SIDE: neither is SOL */
    bool out_exists;
} setting;

static setting setting_of(int i)
{
    return (setting){.is_dlmm = i & 1,
                     .has_extension = i & 2,
                     .is_2022 = i & 4,
                     .in = i & 8 ? 1 : 0,
                     .out_exists = i & 16,
                     .sol = (uint32_t)(i >> 5)};
}
#define SETTINGS (3 << 5)

static void become_sol(uint32_t side, uint32_t mints_at)
{
    dv_pubkey old = scene_key(SCENE_MINT_0 + side);
    memcpy(scene_data(&S, SCENE_POOL) + mints_at + 32 * side, DV_MINT_WSOL.bytes, 32);
    for (uint32_t i = 0; i < S.count; i++)
        if (dv_pubkey_equal(&S.accounts[i].address, &old)) S.accounts[i].address = DV_MINT_WSOL;
}

/* A pool whose arrays on the way of the swap each hold something. */
static void make_pool(const setting *t)
{
    int32_t way = t->in == 0 ? -1 : 1;
    dv_pool_destroy(&S.pool);
    if (t->is_dlmm) {
        scene_dlmm(&S, 10, 0);
        if (t->has_extension) scene_dlmm_extension(&S);
        for (int32_t i = 0; i < ARRAYS; i++) scene_dlmm_bin(&S, way * i * 70, 1000000, 1000000);
    } else {
        scene_clmm(&S, 10, 5, 1000000000000);
        if (t->has_extension) scene_clmm_extension(&S);
        for (int32_t i = 0; i < ARRAYS; i++)
            scene_clmm_tick(&S, (way * i + (way < 0)) * 600 - 300 * way, 1);
    }
    for (uint32_t side = 0; side < 2; side++)
        if (t->is_2022 && side != t->sol) scene_withhold(&S, SCENE_MINT_0 + side, 0, 0);
    if (t->sol != NO_SIDE) become_sol(t->sol, t->is_dlmm ? 88 : 73);
    dv_err err = scene_make(&S);
    ck_assert_msg(err == DV_OK, "%s", S.refusal.reason);
}

static dv_swap_order order_of(const setting *t, uint64_t amount)
{
    return (dv_swap_order){.order_id = {{0xff, 0x9f, 3, 4}},
                           .attempt = 2,
                           .wallet = scene_key(WALLET),
                           .ask = {.mode = DV_SWAP_EXACT_IN,
                                   .mint_in = S.pool->mint[t->in],
                                   .mint_out = S.pool->mint[1 - t->in],
                                   .amount = amount},
                           .units = 600000,
                           .unit_price = 5,
                           .guard_rent = {890880},
                           .wrapped_rent = {2039280},
                           .has_guard = true,
                           .has_memo = true,
                           .takes_back = true,
                           .back_id = {{7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}};
}

/* The array accounts of the swap that was compiled. */
static uint32_t arrays_of(const dv_transaction *made, const dv_swap_layout *layout)
{
    dv_transaction_view view;
    uint32_t count = 0;
    ck_assert_int_eq(dv_transaction_decode(made->bytes, made->size, &view), DV_OK);
    const dv_instruction_view *swap = &view.instructions[layout->swap];
    for (uint32_t i = 0; i < swap->account_count; i++) {
        const uint8_t *key = view.keys + 32 * swap->accounts[i];
        count += key[0] == key[31] && key[0] >= SCENE_ARRAY && key[0] < SCENE_ARRAY + ARRAYS;
    }
    return count;
}

/* How many arrays the largest swap comes through that fits; all smaller ones do, with spares as far
   as there is room. */
static uint32_t most_that_fit(const setting *t)
{
    uint32_t most = 0, seen = 0;
    for (uint64_t amount = 1000; amount < (1ull << 60); amount += amount / 8) {
        dv_swap_order order = order_of(t, amount);
        dv_transaction made;
        dv_swap_layout layout;
        dv_refusal refusal;
        dv_swap_quote quote;
        if (dv_pool_quote(S.pool, &order.ask, &S.clock, &quote, &refusal) != DV_OK) break;
        if (quote.arrays == seen) continue;
        seen = quote.arrays;
        dv_swap_leg leg;
        dv_swap_party party = {order.wallet, order.order_id, t->out_exists};
        bool fits =
            dv_swap_leg_make(S.pool, &order.ask, &S.clock, &party, &leg, &refusal) == DV_OK &&
            dv_swap_compile(&leg, &order, &made, &layout, &refusal) == DV_OK;
        ck_assert_msg(fits == dv_swap_fits(S.pool, &order, &S.clock, t->out_exists, quote.arrays),
                      "%u arrays", seen);
        ck_assert_msg(!fits || most + 1 >= seen || most == 0, "%u do, and fewer do not", seen);
        if (!fits) continue;
        uint32_t arrays = arrays_of(&made, &layout);
        ck_assert_uint_ge(arrays, quote.arrays);
        ck_assert_uint_le(arrays, quote.arrays + DV_SWAP_SPARES);
        most = seen;
    }
    ck_assert_uint_gt(seen, most); /* the scene is large enough to show where it ends */
    return most;
}

START_TEST(swaps_fit_as_far_as_is_said_before_they_are_quoted)
{
    setting t = setting_of(_i);
    make_pool(&t);
    uint32_t most = most_that_fit(&t);
    ck_assert_uint_ge(most, t.sol == NO_SIDE ? MOST_OF_TOKENS : MOST_OF_SOL);
    dv_pool_destroy(&S.pool);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("compose_fit");
    tcase_add_loop_test(t, swaps_fit_as_far_as_is_said_before_they_are_quoted, 0, SETTINGS);
    Suite *suite = suite_create("compose_fit");
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
