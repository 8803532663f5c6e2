/* Who is told by a node when accounts change: accountSubscribe over WebSocket, kept up by a thread
   of its own, since the library's loop cannot be part of ours. What comes of it are hints alone: an
   account may have changed, look at it. Whoever subscribes looks by itself as well, only less
   often.

     connecting ─► subscribing ─► told of changes
          ▲             │              │
          └─── waits, longer each time ◄┘   the connection ended

   After each connection all accounts are hinted at once, for what was missed. The thread and its
   owner share a pipe, and what is to be subscribed to next, under a lock. */
#ifndef DV_SOLANA_SUBSCRIPTION_H
#define DV_SOLANA_SUBSCRIPTION_H

#include "actors/solana/pubkey.h"

#define DV_SUBSCRIPTION_ACCOUNTS_MAX 256

typedef struct dv_subscription dv_subscription;

/* Subscribes to changes of confirmed state. url: of JSON-RPC, http or https; where it names a port
   the WebSocket is at the next one, as Solana's nodes have it. accounts: copied, at most
   DV_SUBSCRIPTION_ACCOUNTS_MAX. NULL, and ret_why (200 bytes) says why. */
dv_subscription *dv_subscription_new(const char *url, const dv_pubkey *accounts, uint32_t count,
                                     char *ret_why);

/* Subscribes to other accounts instead, over a new connection. Does not block. Hints of the old
   ones may still come, by their old numbers. */
void dv_subscription_change(dv_subscription *subscription, const dv_pubkey *accounts,
                            uint32_t count);

/* Ends the connection and the thread; accepts NULL. May block for some milliseconds. */
void dv_subscription_destroy(dv_subscription **subscription);

/* The descriptor that is readable when there are hints. */
int dv_subscription_descriptor(const dv_subscription *subscription);

/* The next hint: an index of accounts. False: there is none now. */
bool dv_subscription_next(dv_subscription *subscription, uint32_t *ret_index);

#endif
