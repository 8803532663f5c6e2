/* Any bytes as the answer to a search for a pair's pools: refused, or pools of that program and
   those mints, each once, in order of depth. The first byte chooses program and order. */
#include "actors/dex/pools/pair_search.h"

#include <stdlib.h>

#define FOUND_BEFORE 2

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const dv_pool_class *const CLASSES[] = {
    &DV_RAYDIUM_CPMM, &DV_RAYDIUM_AMM_V4, &DV_RAYDIUM_CLMM, &DV_METEORA_DAMM_V2, &DV_METEORA_DLMM};
static dv_pair_pool pools[DV_PAIR_FOUND_MAX];

static void check_pools(const dv_pair_search *s, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert(i == 0 || dv_pubkey_compare(&pools[i - 1].address, &pools[i].address) < 0);
        if (pools[i].held[0] > 0) continue; /* of before */
        assert(dv_pubkey_equal(&pools[i].mint[0], &s->mint[0]));
        assert(dv_pubkey_equal(&pools[i].mint[1], &s->mint[1]));
        pools[i].held[i % 2] = pools[i].vault[0].bytes[0];
    }
    uint32_t kept = dv_pair_sort(pools, count);
    assert(kept <= count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    dv_answer *answer = NULL;
    dv_pair pair = {.mint = {{{1}}, {{2}}}};
    uint32_t count = FOUND_BEFORE;
    if (size < 1) return 0;
    const dv_pool_class *class = CLASSES[bytes[0] % 5];
    dv_pair_search s = dv_pair_search_at(&pair, class, class->programs,
                                         bytes[0] / 5 % dv_pair_search_count(class));
    for (uint32_t i = 0; i < FOUND_BEFORE; i++)
        pools[i] = (dv_pair_pool){.address = {{9, (uint8_t)i}}, .held = {1, 1}};
    if (dv_answer_parse((const char *)bytes + 1, size - 1, 7, &answer) != DV_OK) return 0;
    if (dv_answer_fault(answer) == NULL) {
        if (dv_pair_search_read(&s, answer, pools, &count) == DV_OK)
            check_pools(&s, count);
        else
            assert(count == FOUND_BEFORE);
    }
    dv_answer_destroy(&answer);
    return 0;
}
