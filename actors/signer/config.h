/* The signer's section: the wallet, its key, and what may be signed. */
#ifndef DV_SIGNER_CONFIG_H
#define DV_SIGNER_CONFIG_H

#include "actors/base/config.h"

#define DV_SIGNER_CONFIG(N, B, T, S, E)                                                            \
    T(wallet, "", "",                                                                              \
      "Address that pays and trades. The signer refuses a key that is not this wallet's, and a "   \
      "transaction that another wallet pays. Empty: the wallet of this process's signer.")         \
    T(signer_key_file, "", "",                                                                     \
      "File of the wallet's key, as solana-keygen makes it, readable by its owner alone (0600). "  \
      "Empty: the key is PRIVATE_KEY of the environment, the same JSON array of 64 bytes, and "    \
      "that variable is wiped. Without both, nothing is signed.")                                  \
    T(signer_journal, "var/signer.journal", "",                                                    \
      "Journal of what was signed in the last 24 hours. Never delete it in use, and keep it as "   \
      "safe as the key: without it the signer forgets what an attempt and a day have spent. Its "  \
      "folder must exist.")                                                                        \
    T(signer_programs, "", "",                                                                     \
      "DEX programs that the signer signs swaps for: addresses, separated by commas. Empty: "      \
      "every program that Drover can trade with, on mainnet and on devnet.")                       \
    T(signer_mints, "", "",                                                                        \
      "Tokens that may be paid and received: symbols or mints, separated by commas. Empty: all "   \
      "tokens of tokens_file.")                                                                    \
    T(signer_order_max, "", "",                                                                    \
      "Most that one order may pay, by token, in whole tokens, e.g. SOL=2.5, USDC=500, *=100. "    \
      "The entry * covers every token without an entry of its own. A token without a maximum is "  \
      "not paid.")                                                                                 \
    T(signer_day_max, "", "",                                                                      \
      "Most that all orders of 24 hours may pay, in the same form. A signed order counts even "    \
      "if it does not land: leave room for retries.")                                              \
    N(signer_order_lamports_max, 20000000, 5000, 4294967295, "lamports", "",                       \
      "Most that one transaction may cost beside its swap: its fee, and the rent of accounts "     \
      "that it makes.")                                                                            \
    N(signer_day_lamports_max, 1000000000, 5000, 4294967295, "lamports", "",                       \
      "Most that all transactions of 24 hours may cost beside their swaps.")

typedef struct dv_signer_config {
    DV_CONFIG_FIELDS(DV_SIGNER_CONFIG)
} dv_signer_config;

extern const dv_config_section DV_SIGNER_SECTION;

#endif
