/* Signer: the wallet's key, and what it is used for.

   Purpose          signs the one message of an order's attempt when the policy allows it
                    (signer_policy.h), and says why when not.
   Reads            sign: sign_request
   Writes           sign: sign_reply
   Durable effects  its journal (signer_journal.h): every message signed, before its signature
   leaves May block on     the journal's disk, once a turn Limits           4096 messages a turn;
   1,000,000 signed in 24 hours If it dies       asks are repeated; restarted, it knows what it has
   signed

   What is compared: a swap against the ask's mints, mode, amount and limit, which are the order's
   as committed; and against what was signed before. An order's attempt is signed for once: the same
   message again gets the same signature, since ed25519 is deterministic, another one is refused
   (SIGNER_CONFLICT), also after a restart, for 24 hours. So of an execution that was thought dead
   and the one that took its order over, at most one gets a signature for the attempt; the other
   begins a new attempt. A message that takes back has no attempt and may be signed again.

   What an order and 24 hours may cost is counted by what is signed, landed or not: each message's
   greatest cost, kept in the journal. Restarts forget nothing; retries count again. Hours are those
   of the wall clock: set back, it remembers longer; set forward, it forgets too soon.

   What this protects against: a fault, or somebody with the execution's key, can at worst make the
   wallet swap allowed tokens for allowed tokens with the venues' programs, up to the maxima of a
   day, at a limit that is told. It cannot move funds to another wallet, and the key cannot be had
   from here but with this process's memory. What it does not: it cannot see PostgreSQL, so terms
   that were never ordered look the same to it; a bad price within the told limit is a swap like
   others; and after 24 hours it forgets attempts, which the guard on the ledger does not. */
#ifndef DV_SIGNER_H
#define DV_SIGNER_H

#include "actors/base/actor.h"
#include "actors/base/tokens.h"
#include "actors/signer/config.h"

extern const dv_actor_class DV_SIGNER_CLASS;

/* Makes the actor's self. Takes the key at once, from signer_key_file or PRIVATE_KEY, and wipes
   that variable from the environment: call before any thread starts. What is wrong with it is told
   at the start. Without a key it starts, and refuses every message with SIGNER_NO_KEY.
   attempts_max: of an order. tokens: borrowed. */
void *dv_signer_new(const dv_signer_config *config, uint32_t attempts_max, const dv_tokens *tokens);

/* The wallet's address in base58; empty: it has no key. Borrowed. */
const char *dv_signer_wallet(const void *self);

#endif
