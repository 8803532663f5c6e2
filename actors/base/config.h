/* Configuration: one table of keys. A value comes from its environment variables (the last one set
   wins), else from the file, else from the default. The file is ZPL (`key = value` lines, # for
   comments); conf/drover.conf holds every key with its default and is the manual. A key that is not
   in the table, or a value out of range, refuses to start and names itself. */
#ifndef DV_BASE_CONFIG_H
#define DV_BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/error.h"

#define DV_CONFIG_TEXT_MAX 512 /* bytes of a text value, its NUL included */

/* N(key, default, least, most, unit, other environment variable, meaning)  a whole number
   B(key, default, other environment variable, meaning)                    yes or no
   T(key, default, other environment variable, meaning)                    a text
   S(…)                                                                    a text that is secret
   Each key is also read from DROVER_<KEY>. */
#define DV_CONFIG(N, B, T, S)                                                                      \
    T(host, "127.0.0.1", "HOST", "address to listen on; 0.0.0.0 for all")                          \
    N(port, 3000, 1, 65535, "", "PORT", "port to listen on")                                       \
    S(database_url, "", "DATABASE_URL", "PostgreSQL; empty: DB_HOST … or a private one of ./dev")  \
    S(redis_url, "", "REDIS_URL", "Redis; empty: REDIS_HOST … or a private one of ./dev")          \
    T(tokens_file, "conf/tokens.conf", "", "the table of tokens")                                  \
    T(ui_dir, "gateway/ui", "", "the web page's files")                                            \
    T(log_level, "info", "", "debug, info, warn or error")                                         \
    B(log_json, false, "", "log lines as JSON")                                                    \
    N(http_threads, 128, 4, 4096, "threads", "", "HTTP requests served at once")                   \
    N(websockets_max, 1000, 0, 20000, "", "", "WebSockets open at once; each takes a thread")      \
    N(websocket_queue_max, 4096, 16, 1000000, "frames", "", "waiting for one WebSocket")           \
    N(websocket_ping_ms, 25000, 1000, 600000, "ms", "", "silence before a WebSocket is pinged")    \
    N(request_timeout_ms, 10000, 100, 600000, "ms", "", "to receive a request, or send an answer") \
    N(keep_alive_timeout_ms, 15000, 100, 600000, "ms", "", "an idle HTTP connection stays open")   \
    N(answer_timeout_ms, 5000, 100, 60000, "ms", "", "a request waits for the engine")             \
    N(rate_limit_per_second, 0, 0, 1000000, "orders", "", "per address; 0: no limit")              \
    N(rate_limit_burst, 100, 1, 1000000, "orders", "", "per address, above the rate")              \
    B(broadcast, true, "", "sockets that show everybody's orders are allowed")                     \
    B(bind_upgrade, true, "",                                                                      \
      "an upgrade right after a POST on its connection follows that order")                        \
    N(in_flight_max, 100000, 1, 10000000, "orders", "", "accepted and not terminal")               \
    N(step_wait_max_ms, 250, 10, 60000, "ms", "", "of a step; beyond it new orders get 503")       \
    N(drain_timeout_ms, 15000, 100, 600000, "ms", "", "to finish after SIGTERM")                   \
    N(start_timeout_ms, 60000, 1000, 600000, "ms", "", "for every actor to be ready")              \
    T(cluster_file, "", "", "who runs what, and where; empty: this process runs all")              \
    T(node, "", "", "which node of the cluster this process is")                                   \
    T(key_file, "", "", "this node's secret key, as `drover keygen` made it")                      \
    B(plaintext, false, "", "tcp links without CURVE; only between loopback addresses")            \
    N(peer_rate_max, 200000, 100, 100000000, "messages", "",                                       \
      "a second from one peer over tcp; what is above is dropped")                                 \
    N(lease_ms, 5000, 300, 600000, "ms", "",                                                       \
      "an execution instance silent for so long loses its orders to others")                       \
    N(sweep_ms, 2000, 100, 600000, "ms", "", "between looks for orders that nobody looks after")   \
    N(overdue_ms, 120000, 100, 86400000, "ms", "", "an order without a step for so long is told")  \
    N(store_connections, 2, 1, 12, "", "", "PostgreSQL connections that write")                    \
    N(store_batch_max, 512, 1, 4096, "orders", "", "written by one statement")                     \
    N(attempts_max, 3, 1, 16, "", "", "attempts of an order")                                      \
    N(retry_base_ms, 2000, 0, 3600000, "ms", "", "wait before the second attempt")                 \
    N(retry_factor, 2, 1, 10, "times", "", "longer before each further one")                       \
    N(retry_jitter_percent, 10, 0, 100, "%", "", "of the wait, added at random")                   \
    N(retry_lease_ms, 5000, 100, 600000, "ms", "", "a due retry is handed out anew after")         \
    N(retry_sweep_ms, 2000, 100, 600000, "ms", "",                                                 \
      "between looks into PostgreSQL for lost retries")                                            \
    N(quote_timeout_ms, 1000, 1, 60000, "ms", "", "venues have to quote")                          \
    N(build_timeout_ms, 2000, 1, 60000, "ms", "", "a venue has to build a transaction")            \
    N(resend_ms, 1000, 10, 60000, "ms", "", "between sends of a transaction not yet landed")       \
    T(wallet, "", "", "the address that pays and trades; empty: that of this process's signer")    \
    T(signer_key_file, "", "", "its key, as the Solana command line keeps it; else PRIVATE_KEY")   \
    T(signer_journal, "var/signer.journal", "", "what was signed; never delete it in use")         \
    T(signer_programs, "", "", "venue programs that it signs for; empty: all that are known")      \
    T(signer_mints, "", "", "tokens that it signs for; empty: all of tokens_file")                 \
    T(signer_order_max, "", "", "the most that an order may pay, TOKEN=AMOUNT …")                  \
    T(signer_day_max, "", "", "the most that all orders of 24 hours may pay, TOKEN=AMOUNT …")      \
    N(signer_order_lamports_max, 20000000, 5000, 4294967295, "lamports", "",                       \
      "a transaction may cost beside its swap: fee, rent")                                         \
    N(signer_day_lamports_max, 1000000000, 5000, 4294967295, "lamports", "",                       \
      "the same, of 24 hours")                                                                     \
    T(raydium_mode, "simulated", "", "what Raydium is: simulated, or solana")                      \
    T(meteora_mode, "simulated", "", "what Meteora is: simulated, or solana")                      \
    S(solana_rpc_url, "", "SOLANA_RPC_URL", "endpoints of the cluster, spaces between them")       \
    B(allow_mainnet, false, "", "venues may trade on Solana's mainnet, with real money")           \
    T(pools_file, "conf/pools.conf", "", "the pools that venues on Solana trade in")               \
    N(pair_pools_max, 3, 1, 32, "pools", "", "of a pair in pools_file, in each program")           \
    N(pair_search_s, 600, 5, 86400, "s", "", "between searches for the pools of a pair")           \
    N(solana_timeout_ms, 5000, 50, 60000, "ms", "", "an endpoint has to answer")                   \
    N(solana_hedge_ms, 800, 0, 60000, "ms", "",                                                    \
      "a read later than this goes to another endpoint too; 0: never")                             \
    N(solana_rate_per_second, 40, 0, 100000, "requests", "", "to one endpoint; 0: no limit")       \
    N(solana_poll_ms, 400, 20, 60000, "ms", "", "between looks at pools, and at what is sent")     \
    B(solana_subscribe, true, "", "nodes tell of changes to pools, between looks at them")         \
    N(solana_resend_ms, 1000, 50, 60000, "ms", "", "between sends of a transaction to the chain")  \
    T(solana_commitment, "confirmed", "", "a transaction that traded confirms its order at")       \
    N(solana_quote_slots_max, 25, 1, 100000, "slots", "", "a quote older than this is refused")    \
    N(solana_simulation_bps, 0, 0, 10000, "bps", "",                                               \
      "a simulation may differ from its quote; more stops the attempt")                            \
    N(solana_units_max, 600000, 20000, 1400000, "units", "", "a transaction may compute")          \
    N(solana_unit_price_percent, 75, 0, 100, "%", "",                                              \
      "of recent blocks took no higher price for a compute unit than ours")                        \
    N(solana_unit_price_max, 1000000, 0, 1000000000, "micro-lamports", "", "the most of it")       \
    B(solana_guard, true, "", "an account on the ledger keeps an order from trading twice")        \
    B(solana_memo, true, "", "transactions bear a memo with their order and attempt")              \
    T(sim_ledger, "var/sim-ledger.jsonl", "", "what landed on the simulated venues")               \
    N(sim_seed, 1, 0, 1000000000, "", "", "of everything random in the simulated venues")          \
    N(sim_depth_usd, 1000000000, 1000, 2000000000, "USD", "", "each side of a simulated pool")     \
    N(sim_quote_min_ms, 200, 0, 60000, "ms", "", "a simulated quote takes")                        \
    N(sim_quote_max_ms, 300, 0, 60000, "ms", "", "")                                               \
    N(sim_settle_min_ms, 2000, 0, 60000, "ms", "", "a simulated transaction takes to land")        \
    N(sim_settle_max_ms, 3000, 0, 60000, "ms", "", "")                                             \
    N(sim_finality_ms, 0, 0, 600000, "ms", "", "from landing to being final; 0: final at once")    \
    N(sim_block_ms, 400, 1, 60000, "ms", "", "between simulated blocks")                           \
    N(sim_expiry_blocks, 150, 1, 10000, "blocks", "", "a simulated blockhash is valid")            \
    N(sim_fault_quote_percent, 0, 0, 100, "%", "", "quotes that fail")                             \
    N(sim_fault_lost_answer_percent, 0, 0, 100, "%", "", "transactions whose landing is not told") \
    N(sim_fault_drop_percent, 0, 0, 100, "%", "", "sends that never arrive")                       \
    N(sim_fault_late_percent, 0, 0, 100, "%", "", "transactions that land much later")             \
    N(sim_fault_expire_percent, 0, 0, 100, "%", "", "transactions that never land and expire")     \
    N(sim_fault_fork_percent, 0, 0, 100, "%", "",                                                  \
      "transactions that land and are forked out once")                                            \
    N(sim_fault_slippage_percent, 0, 0, 100, "%", "",                                              \
      "transactions that meet a price past their limit")

typedef struct dv_config {
#define DV_CONFIG_NUMBER(key, default_value, least, most, unit, env, meaning) uint32_t key;
#define DV_CONFIG_BOOL(key, default_value, env, meaning) bool key;
#define DV_CONFIG_TEXT(key, default_value, env, meaning) char key[DV_CONFIG_TEXT_MAX];
    DV_CONFIG(DV_CONFIG_NUMBER, DV_CONFIG_BOOL, DV_CONFIG_TEXT, DV_CONFIG_TEXT)
#undef DV_CONFIG_NUMBER
#undef DV_CONFIG_BOOL
#undef DV_CONFIG_TEXT
} dv_config;

/* Fills in the defaults, then the file (NULL: none), then the environment, and checks it all.
   On CONFIG_INVALID ret_why says which key or variable, from where, and what is allowed. */
DV_MUST_CHECK dv_err dv_config_load(const char *file, dv_config *ret_config, char ret_why[256]);

/* Prints every key with its effective value as lines of the file's format, secrets masked. */
void dv_config_print(const dv_config *config, FILE *out);

#endif
