/* The section of a Solana cluster: its endpoints, and how transactions are built, sent and judged. */
#ifndef DV_SOLANA_CONFIG_H
#define DV_SOLANA_CONFIG_H

#include "actors/base/config.h"
#include "actors/chain/confirmation.h"

#define DV_SOLANA_CONFIG(N, B, T, S, E)                                                            \
    S(solana_rpc_url, "", "SOLANA_RPC_URL",                                                        \
      "Endpoints of the cluster's nodes, http:// or https://, separated by spaces; the first "     \
      "one is preferred. With several endpoints, two must agree before a transaction is given "    \
      "up.")                                                                                       \
    B(allow_mainnet, false, "", "Whether DEXs may trade on Solana's mainnet, with real money.")    \
    N(solana_timeout_ms, 5000, 50, 60000, "ms", "", "Time that an endpoint has to reply.")         \
    N(solana_hedge_ms, 800, 0, 60000, "ms", "",                                                    \
      "Time after which an unanswered read goes to another endpoint too. 0 turns this off.")       \
    N(solana_rate_per_second, 40, 0, 100000, "requests", "",                                       \
      "Requests a second to one endpoint. Reads of pools take at most half of the rate. 0 sets "   \
      "no limit.")                                                                                 \
    N(solana_poll_ms, 400, 20, 60000, "ms", "",                                                    \
      "Time between reads of a pool, and between reads of transactions' statuses.")                \
    B(solana_subscribe, true, "",                                                                  \
      "Whether the preferred endpoint is asked to report changes of pools, by WebSocket. A "       \
      "changed pool is read at once. Every pool is still read every solana_poll_ms.")              \
    N(solana_resend_ms, 1000, 50, 60000, "ms", "",                                                 \
      "Time between sends of a transaction to the cluster. Every send has the same bytes.")        \
    E(solana_commitment, dv_confirmation, DV_CONFIRMATION_NAMES, DV_CONFIRMATION_CONFIRMED, "",    \
      "Commitment of a transaction that makes its order confirmed. A transaction is `confirmed` "  \
      "a second or two after it landed, and `finalized` some 13 s later. A confirmed order is "    \
      "watched until its transaction is finalized. An event tells that the transaction was "       \
      "finalized, or that a fork dropped it.")                                                     \
    N(solana_quote_slots_max, 25, 1, 100000, "slots", "",                                          \
      "Greatest age of the state that a quote comes from. A quote of older state is refused.")     \
    N(solana_simulation_bps, 0, 0, 10000, "bps", "",                                               \
      "Greatest difference between a simulation and its quote. A greater difference stops the "    \
      "attempt.")                                                                                  \
    N(solana_units_max, 600000, 20000, 1400000, "units", "",                                       \
      "Most compute units that a transaction may use. A transaction's own limit is what its "      \
      "simulation used, and a fifth more.")                                                        \
    N(solana_unit_price_percent, 75, 0, 100, "%", "",                                              \
      "Percentile of recent blocks' prices that is paid for a compute unit.")                      \
    N(solana_unit_price_max, 1000000, 0, 1000000000, "micro-lamports", "",                         \
      "Most that a compute unit may cost.")                                                        \
    B(solana_guard, true, "",                                                                      \
      "Whether an account on the ledger keeps an order from trading twice, no matter what else "   \
      "fails. The account holds the rent of an empty account (some 0.0009 SOL), which later "      \
      "orders take back.")                                                                         \
    B(solana_memo, true, "", "Whether transactions carry a memo with their order and attempt.")

typedef struct dv_solana_config {
    DV_CONFIG_FIELDS(DV_SOLANA_CONFIG)
} dv_solana_config;

extern const dv_config_section DV_SOLANA_SECTION;

#endif
