/* When the next attempt begins: a pure decision. */
#ifndef DV_EXECUTION_BACKOFF_H
#define DV_EXECUTION_BACKOFF_H

#include "actors/execution/config.h"

/* The wait before an attempt (from 2), in microseconds: base * factor^(attempt - 2), and a random
   part of up to the jitter. random: any 32 bits. Saturates at a day. */
int64_t dv_retry_wait_us(const dv_execution_config *config, uint8_t attempt, uint32_t random);

#endif
