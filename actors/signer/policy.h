/* What may be signed: a message is read, every instruction of it judged, and its cost counted.

   A swap is signed when all of this holds, and nothing else is in the message:
   - it asks for one signature, the wallet's, which pays; it looks no account up in tables;
   - one swap, of an allowed venue program, by the wallet, of exactly the mode, amount and limit
   that the ask says, from and to token accounts that are provably the wallet's and of the ask's two
     mints: associated ones, or made in this message from the wallet's seed and initialised for it;
   - around it: compute budget; idempotent associated accounts for the wallet; accounts from the
     wallet's seed (a token account, or an empty one of the system program, the guard); transfers
     into the wallet's own wrapped-SOL accounts; syncNative; closeAccount and transferWithSeed to
     the wallet; memos;
   - both mints are allowed, the amount is at most the input's maximum per order, and the lamports
     beside it (fee, rent, transfers) at most theirs.

   With amount 0 the message takes back: no swap, and nothing that spends more than the fee.

   Pure: no socket, no clock, no key. What was signed before is the actor's business (signer.h). */
#ifndef DV_SIGNER_POLICY_H
#define DV_SIGNER_POLICY_H

#include "actors/base/tokens.h"
#include "actors/signer/config.h"
#include "actors/solana/lamports.h"
#include "actors/solana/pubkey.h"
#include "proto/message.h"

#define DV_SIGNER_PROGRAMS_MAX 16

/* Lamports counted for an associated token account that may have to be made: the rent of 300 bytes,
   which is more than any mint that we trade asks for. */
#define DV_SIGNER_ACCOUNT_LAMPORTS ((dv_lamports){3000000})

/* What is allowed of one token; in the order of the table of tokens. */
typedef struct dv_signer_rule {
    dv_pubkey mint;
    bool allowed;       /* may be paid or received */
    bool may_be_paid;   /* both maxima are set */
    uint64_t order_max; /* atoms that one order may pay */
    uint64_t day_max;   /* atoms that all orders of 24 hours may pay */
} dv_signer_rule;

typedef struct dv_signer_policy {
    dv_pubkey wallet;
    const dv_tokens *tokens; /* borrowed */
    dv_signer_rule rules[DV_TOKENS_MAX];
    dv_pubkey programs[DV_SIGNER_PROGRAMS_MAX]; /* venues'; none: all that can be read */
    uint32_t program_count;
    dv_lamports order_lamports_max, day_lamports_max;
    uint32_t attempts_max;
} dv_signer_policy;

/* What a message costs at most. */
typedef struct dv_signer_cost {
    bool swaps;           /* false: it takes back, and token and atoms are 0 */
    uint32_t token;       /* the one paid, by its place in the table of tokens */
    uint64_t atoms;       /* of it */
    dv_lamports lamports; /* beside these: fee, rent, transfers beyond a swap of SOL */
} dv_signer_cost;

/* Reads the policy from the configuration. attempts_max: of an order. On CONFIG_INVALID ret_why names the key and the fault:
   no such token, no venue's program, no amount. */
DV_MUST_CHECK dv_err dv_signer_policy_init(const dv_signer_config *config, uint32_t attempts_max,
                                           const dv_tokens *tokens, const dv_pubkey *wallet,
                                           dv_signer_policy *ret_policy,
                                           char ret_why[DV_REASON_MAX]);

/* Judges the message of an ask. SIGNER_REFUSED, and ret_why says why. Bytes may be hostile. */
DV_MUST_CHECK dv_err dv_signer_policy_check(const dv_signer_policy *policy,
                                            const dv_sign_request *ask, dv_signer_cost *ret_cost,
                                            char ret_why[DV_REASON_MAX]);

#endif
