/* The process's section: its log, its start and end, and its place in a cluster. */
#ifndef DV_PROCESS_CONFIG_H
#define DV_PROCESS_CONFIG_H

#include "actors/base/config.h"
#include "actors/base/log.h"

extern const char *const DV_LOG_LEVEL_NAMES[]; /* by dv_log_level; NULL at the end */

#define DV_PROCESS_CONFIG(N, B, T, S, E)                                                           \
    T(tokens_file, "conf/tokens.conf", "",                                                         \
      "File of the tokens that orders may name: symbol, mint, decimals.")                          \
    E(log_level, dv_log_level, DV_LOG_LEVEL_NAMES, DV_LOG_INFO, "",                                \
      "Least level of the lines that are written.")                                                \
    B(log_json, false, "", "Whether log lines are JSON objects instead of key=value.")             \
    N(start_timeout_ms, 60000, 1000, 600000, "ms", "",                                             \
      "Time for every actor to become ready. A start that takes longer fails.")                    \
    N(drain_timeout_ms, 15000, 100, 600000, "ms", "",                                              \
      "Time to finish after SIGTERM. New orders are refused, steps finish, and sockets close "     \
      "with 1001.")                                                                                \
    T(cluster_file, "", "", "File of the cluster's nodes, with their roles and addresses.")        \
    T(node, "", "", "Name of this process's node in the cluster file.")                            \
    T(key_file, "", "", "File of this node's secret key, made by `drover keygen`.")                \
    B(plaintext, false, "",                                                                        \
      "Whether tcp links go without CURVE. This is allowed only where every node's address is "    \
      "loopback.")                                                                                 \
    N(peer_rate_max, 200000, 100, 100000000, "messages", "",                                       \
      "Messages a second from one peer over tcp. Messages beyond the rate are dropped and "        \
      "logged.")

typedef struct dv_process_config {
    DV_CONFIG_FIELDS(DV_PROCESS_CONFIG)
} dv_process_config;

extern const dv_config_section DV_PROCESS_SECTION;

#endif
