#include "actors/execution/backoff.h"

#define WAIT_MAX_MS 86400000u /* a day */

int64_t dv_retry_wait_us(const dv_execution_config *config, uint8_t attempt, uint32_t random)
{
    uint64_t wait_ms = config->retry_base_ms;
    for (uint8_t i = 2; i < attempt && wait_ms < WAIT_MAX_MS; i++) wait_ms *= config->retry_factor;
    if (wait_ms > WAIT_MAX_MS) wait_ms = WAIT_MAX_MS;
    uint64_t jitter_us = wait_ms * 10 * config->retry_jitter_percent;
    if (jitter_us > 0) jitter_us = (uint64_t)random * jitter_us >> 32;
    return (int64_t)(wait_ms * 1000 + jitter_us);
}
