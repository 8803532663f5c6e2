/* Block heights of the simulated chain. The height follows from the wall time, so it goes on across
   restarts. It never falls while the process lives: what was proven expired stays expired. */
#ifndef DV_CHAIN_SIMULATED_HEIGHTS_H
#define DV_CHAIN_SIMULATED_HEIGHTS_H

#include <stdint.h>

typedef struct dv_sim_heights {
    int64_t block_us; /* between blocks, above 0 */
    uint64_t height;  /* the highest seen; starts as 0 */
} dv_sim_heights;

/* The height at a wall time. */
uint64_t dv_sim_height_at(dv_sim_heights *heights, int64_t wall_us);

/* The wall time at which a height is over. */
int64_t dv_sim_height_end_us(const dv_sim_heights *heights, uint64_t height);

#endif
