/* Any bytes in the accounts of a pool of ticks or of bins: it is refused, or its quotes keep their
   promises. The input is a choice, then patches (account, offset, eight bytes) to a sound pool,
   then what is asked of it. */
#include "tests/support/pools_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define PATCH_SIZE 11
#define LIQUIDITY ((__int128)5000000000000)

static void build(scene *s, uint8_t choice)
{
    if (choice & 1) {
        scene_clmm(s, choice & 2 ? 1 : 60, 3, 2 * (dv_u128)LIQUIDITY);
        if (choice & 4) scene_clmm_extension(s);
        scene_clmm_tick(s, -6000, LIQUIDITY);
        scene_clmm_tick(s, -600, LIQUIDITY);
        scene_clmm_tick(s, 600, -LIQUIDITY);
        scene_clmm_tick(s, 6000, -LIQUIDITY);
    } else {
        scene_dlmm(s, choice & 2 ? 1 : 80, 0);
        if (choice & 4) scene_dlmm_extension(s);
        for (int32_t id = -72; id <= 72; id += 6)
            scene_dlmm_bin(s, id, id >= 0 ? 1000000 : 0, id <= 0 ? 1000000 : 0);
        scene_data(s, SCENE_POOL)[35] = choice & 8 ? 2 : 1;
        scene_data(s, SCENE_POOL)[36] = choice >> 4 & 1;
    }
    if (choice & 32) scene_withhold(s, SCENE_MINT_0, 250, 1u << 30);
}

static void patch(scene *s, const uint8_t *at)
{
    uint32_t i = at[0] % s->count, offset = dv_le16(at + 1);
    for (uint32_t k = 0; k < 8; k++)
        if (offset + k < s->accounts[i].size) s->data[i][offset + k] ^= at[3 + k];
}

static void ask(scene *s, dv_pool_mode mode, uint32_t in, uint64_t amount)
{
    static dv_instruction instruction;
    dv_err err = scene_quote(s, mode, in, amount);
    assert(err == s->refusal.err);
    if (err != DV_OK) {
        assert(s->refusal.reason);
        return;
    }
    const dv_swap_quote *q = &s->quote;
    assert(mode == DV_SWAP_EXACT_OUT || q->amount_in == amount);
    assert(mode == DV_SWAP_EXACT_IN || q->amount_out >= amount);
    assert(q->protocol_fee + q->fund_fee + q->lp_fee + q->limit_order_fee == q->fee);
    (void)scene_swap(s, mode, in, amount, 0, &instruction);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static scene s;
    if (size < 9) return 0;
    build(&s, bytes[0]);
    uint64_t amount = dv_le64(bytes + 1);
    for (size_t i = 9; i + PATCH_SIZE <= size; i += PATCH_SIZE) patch(&s, bytes + i);
    dv_account_set set = {s.accounts, s.count};
    dv_pubkey address = scene_key(SCENE_POOL);
    dv_pool_needs needs;
    (void)dv_pool_list_needs(&address, &set, &needs, &s.refusal);
    if (scene_make(&s) == DV_OK) {
        for (uint32_t in = 0; in < 2; in++) {
            ask(&s, DV_SWAP_EXACT_IN, in, amount);
            ask(&s, DV_SWAP_EXACT_OUT, in, amount);
        }
    }
    dv_pool_destroy(&s.pool);
    return 0;
}
