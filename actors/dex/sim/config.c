#include "actors/dex/sim/config.h"

#include <stddef.h>

static const char *check(const void *values)
{
    const dv_sim_config *c = values;
    if (c->sim_quote_min_ms > c->sim_quote_max_ms)
        return "sim_quote_min_ms is above sim_quote_max_ms";
    if (c->sim_settle_min_ms > c->sim_settle_max_ms)
        return "sim_settle_min_ms is above sim_settle_max_ms";
    uint32_t faults = c->sim_fault_lost_answer_percent + c->sim_fault_drop_percent +
                      c->sim_fault_late_percent + c->sim_fault_expire_percent +
                      c->sim_fault_slippage_percent + c->sim_fault_fork_percent;
    if (faults > 100) return "the sim_fault_… percentages of transactions add up to more than 100";
    return NULL;
}

DV_CONFIG_SECTION(DV_SIM_SECTION, struct dv_sim_config, DV_SIM_CONFIG,
                  .title = "The simulated market",
                  .about = "The defaults resemble Solana on a good day. All times may be 0, for "
                           "measurements. The faults of transactions exclude one another: their "
                           "percentages add up to 100 at most.",
                  .check = check);
