#include "actors/chain/simulated/heights.h"

uint64_t dv_sim_height_at(dv_sim_heights *heights, int64_t wall_us)
{
    uint64_t height = wall_us > 0 ? (uint64_t)(wall_us / heights->block_us) : 0;
    if (height > heights->height) heights->height = height;
    return heights->height;
}

int64_t dv_sim_height_end_us(const dv_sim_heights *heights, uint64_t height)
{
    int64_t end_us;
    if (height >= INT64_MAX ||
        __builtin_mul_overflow((int64_t)height + 1, heights->block_us, &end_us))
        return INT64_MAX;
    return end_us;
}
