/* Learns from a node when accounts change: accountSubscribe over WebSocket, in a thread of its own,
   since the library's loop cannot be part of ours. It gives hints: an account may have changed, so
   read it. The owner also reads accounts without hints, less often.

     connecting ─► subscribing ─► told of changes
          ▲             │              │
          └─── waits, longer each time ◄┘   the connection ended

   Each new connection hints at all accounts, since changes were missed before it. The thread and its
   owner share a pipe, and, under a lock, the accounts to subscribe to next. */
#ifndef DV_SOLANA_SUBSCRIPTION_H
#define DV_SOLANA_SUBSCRIPTION_H

#include "actors/solana/pubkey.h"

#define DV_SUBSCRIPTION_ACCOUNTS_MAX 256

typedef struct dv_subscription dv_subscription;

/* Subscribes to changes of confirmed state. url: of JSON-RPC, http or https. If it names a port,
   the WebSocket is at the next port, as on Solana's nodes. accounts: copied, at most
   DV_SUBSCRIPTION_ACCOUNTS_MAX. NULL, and ret_why (200 bytes) says why. */
dv_subscription *dv_subscription_new(const char *url, const dv_pubkey *accounts, uint32_t count,
                                     char *ret_why);

/* Subscribes to other accounts instead, over a new connection. Does not block. Hints of the old
   accounts may still come, by their old indices. */
void dv_subscription_change(dv_subscription *subscription, const dv_pubkey *accounts,
                            uint32_t count);

/* Ends the connection and the thread; accepts NULL. May block for some milliseconds. */
void dv_subscription_destroy(dv_subscription **subscription);

/* The descriptor that is readable when there are hints. */
int dv_subscription_descriptor(const dv_subscription *subscription);

/* The next hint: an index of accounts. False: there is none now. */
bool dv_subscription_next(dv_subscription *subscription, uint32_t *ret_index);

#endif
