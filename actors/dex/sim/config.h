/* The section of the simulated market and cluster: timing, faults and the ledger. */
#ifndef DV_SIM_CONFIG_H
#define DV_SIM_CONFIG_H

#include "actors/base/config.h"

#define DV_SIM_CONFIG(N, B, T, S, E)                                                               \
    T(sim_ledger, "var/sim-ledger.jsonl", "",                                                      \
      "File of the transactions that landed or failed, one JSON object a line. A line is "         \
      "written before any actor is told of its transaction.")                                      \
    N(sim_seed, 1, 0, 1000000000, "", "", "Seed of everything random in the simulation.")          \
    N(sim_depth_usd, 1000000000, 1000, 2000000000, "USD", "",                                      \
      "Worth of each side of a simulated pool at the start.")                                      \
    N(sim_quote_min_ms, 200, 0, 60000, "ms", "", "Shortest time that a quote takes.")              \
    N(sim_quote_max_ms, 300, 0, 60000, "ms", "", "Longest time that a quote takes.")               \
    N(sim_settle_min_ms, 2000, 0, 60000, "ms", "",                                                 \
      "Shortest time that a transaction takes to land.")                                           \
    N(sim_settle_max_ms, 3000, 0, 60000, "ms", "",                                                 \
      "Longest time that a transaction takes to land.")                                            \
    N(sim_finality_ms, 0, 0, 600000, "ms", "",                                                     \
      "Time from a transaction's landing until it is finalized. Until then its order counts as "   \
      "confirmed if solana_commitment says so. 0: transactions are finalized when they land.")     \
    N(sim_block_ms, 400, 1, 60000, "ms", "", "Time between blocks.")                               \
    N(sim_expiry_blocks, 150, 1, 10000, "blocks", "",                                              \
      "Number of blocks for which a blockhash is valid. A transaction cannot land after them.")    \
    N(sim_fault_quote_percent, 0, 0, 100, "%", "", "Quotes that fail.")                            \
    N(sim_fault_lost_answer_percent, 0, 0, 100, "%", "",                                           \
      "Transactions that land without a report of it.")                                            \
    N(sim_fault_drop_percent, 0, 0, 100, "%", "", "Sends that never arrive.")                      \
    N(sim_fault_late_percent, 0, 0, 100, "%", "", "Transactions that land much later than usual.") \
    N(sim_fault_expire_percent, 0, 0, 100, "%", "", "Transactions that never land and expire.")    \
    N(sim_fault_fork_percent, 0, 0, 100, "%", "",                                                  \
      "Transactions that land and that a fork drops once, before they are finalized. They may "    \
      "be sent again. This fault needs sim_finality_ms.")                                          \
    N(sim_fault_slippage_percent, 0, 0, 100, "%", "",                                              \
      "Transactions that meet a price beyond their limit.")

typedef struct dv_sim_config {
    DV_CONFIG_FIELDS(DV_SIM_CONFIG)
} dv_sim_config;

extern const dv_config_section DV_SIM_SECTION;

#endif
