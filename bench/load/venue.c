#include "bench/load/venue.h"

#include <inttypes.h>
#include <stdio.h>

#include "actors/dex/sim/dice.h"

#define US_PER_MS 1000
#define NS_PER_US 1000

static const char *const DEXES[] = {"raydium", "meteora"};

bool load_venue_parse(const char *text, load_venue *ret_venue)
{
    load_venue v;
    int end = 0;
    int read = sscanf(text, "%" SCNu64 ":%" SCNu64 ":%" SCNu64 ":%" SCNu64 ":%" SCNu64 "%n",
                      &v.quote_min, &v.quote_max, &v.settle_min, &v.settle_max, &v.seed, &end);
    if (read != 5 || text[end] != '\0') return false;
    *ret_venue = v;
    return true;
}

static uint64_t dice(const load_venue *v, const char *dex, const char *purpose, const void *bytes,
                     size_t size)
{
    uint64_t seed = dv_sim_dice_stream(v->seed, dex);
    return dv_sim_dice(dv_sim_dice_stream(seed, purpose), bytes, size);
}

int64_t load_venue_own_ns(const load_venue *v, const dv_id *order_id, dv_text dex,
                          const uint8_t signature[DV_SIM_SIGNATURE_SIZE])
{
    uint8_t first_attempt[sizeof order_id->bytes + 1];
    memcpy(first_attempt, order_id->bytes, sizeof order_id->bytes);
    first_attempt[sizeof order_id->bytes] = 1;
    uint64_t quote_us = 0, settle_us = 0;
    for (size_t i = 0; i < sizeof DEXES / sizeof DEXES[0]; i++) {
        uint64_t bits = dice(v, DEXES[i], "quote delay", first_attempt, sizeof first_attempt);
        uint64_t us = dv_sim_dice_between(bits, v->quote_min * US_PER_MS, v->quote_max * US_PER_MS);
        if (us > quote_us) quote_us = us;
        if (!dv_text_is(dex, DEXES[i])) continue;
        bits = dice(v, DEXES[i], "settle", signature, DV_SIM_SIGNATURE_SIZE);
        settle_us = dv_sim_dice_between(bits, v->settle_min * US_PER_MS, v->settle_max * US_PER_MS);
    }
    return (int64_t)(quote_us + settle_us) * NS_PER_US;
}
