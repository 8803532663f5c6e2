/* Execution's section: deadlines of steps, attempts and their back-off, ownership. */
#ifndef DV_EXECUTION_CONFIG_H
#define DV_EXECUTION_CONFIG_H

#include "actors/base/config.h"

#define DV_EXECUTION_CONFIG(N, B, T, S, E)                                                         \
    N(step_wait_max_ms, 250, 10, 60000, "ms", "",                                                  \
      "Longest wait for a step's commit. While a thousand or more steps wait for longer, new "     \
      "orders get 503. This keeps accepted orders quick, since an order takes five steps.")        \
    N(quote_timeout_ms, 1000, 1, 60000, "ms", "",                                                  \
      "Time that DEXs have to quote. A later quote is left out.")                                  \
    N(build_timeout_ms, 2000, 1, 60000, "ms", "", "Time to build a transaction.")                  \
    N(resend_ms, 1000, 10, 60000, "ms", "",                                                        \
      "Time between sends of a transaction that has not landed yet. Every send has the same "      \
      "bytes.")                                                                                    \
    N(attempts_max, 3, 1, 16, "", "", "Attempts of an order, the first one included.")             \
    N(retry_base_ms, 2000, 0, 3600000, "ms", "", "Wait before the second attempt.")                \
    N(retry_factor, 2, 1, 10, "times", "",                                                         \
      "Factor by which the wait grows before each further attempt.")                               \
    N(retry_jitter_percent, 10, 0, 100, "%", "",                                                   \
      "Greatest share of the wait that is added at random. The jitter keeps retries from "         \
      "coming in waves.")                                                                          \
    N(lease_ms, 5000, 300, 600000, "ms", "",                                                       \
      "Silence after which an execution instance loses its orders to the other instances.")        \
    N(sweep_ms, 2000, 100, 600000, "ms", "",                                                       \
      "Time between searches for orders that no instance works on.")                               \
    N(overdue_ms, 120000, 100, 86400000, "ms", "",                                                 \
      "Time without a step after which an unfinished order is overdue. Overdue orders are "        \
      "counted and logged.")

typedef struct dv_execution_config {
    DV_CONFIG_FIELDS(DV_EXECUTION_CONFIG)
} dv_execution_config;

extern const dv_config_section DV_EXECUTION_SECTION;

#endif
