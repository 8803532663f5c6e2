/* JSON-RPC to several nodes of a cluster, over libcurl's multi interface: no call blocks. One thread
   owns a client and calls all of its functions.

     ask ─► waiting (for a rate, or a health) ─► under way ─► done: an answer, or why there is none
                        ▲                            │
                        └── next endpoint ◄──────────┘ a read that met a fault

   A read goes to the first endpoint that is well. After a fault, or when the answer is late (hedged),
   the read also goes to the next endpoint. A send, or one half of a proof, names its endpoint and is
   tried once. An endpoint that fails rests, twice as long after each failure. An endpoint that
   answers 429 rests as long as it asks. */
#ifndef DV_SOLANA_RPC_H
#define DV_SOLANA_RPC_H

#include "actors/solana/answer.h"

#define DV_RPC_ENDPOINTS_MAX 8
#define DV_RPC_URL_MAX 256    /* bytes, its NUL included */
#define DV_RPC_ANY UINT32_MAX /* as endpoint: any that is well */

/* Texts are borrowed for the call that takes them. */
typedef struct dv_rpc_options {
    const char *urls;    /* http:// or https://, spaces or commas between; the first is preferred */
    uint32_t timeout_ms; /* of one exchange */
    uint32_t hedge_ms;   /* a read that is later than this goes to another endpoint too; 0: never */
    uint32_t rate_per_second; /* requests to one endpoint; 0: no limit */
    uint32_t asks_max;        /* open at once; further ones are refused */
} dv_rpc_options;

typedef struct dv_rpc dv_rpc;

/* The result of an ask. error is OK: answer has a result. CHAIN_REFUSED: answer has the node's
   error. CHAIN_BEHIND: every endpoint that was asked is behind. CHAIN_AWAY, CHAIN_RATE_LIMITED,
   CHAIN_ANSWER_MALFORMED: there is no answer, and the node may have acted. ENGINE_FULL: no node was
   asked. */
typedef struct dv_rpc_reply {
    dv_err error;
    uint32_t endpoint; /* the endpoint that answered, or was asked last */
    uint64_t tag;      /* the asker's */
    dv_answer *answer; /* NULL or borrowed for the call */
    dv_text body;      /* the bytes that it was read from, and */
    uint64_t id;       /* the id that they bear; without an answer both are empty */
} dv_rpc_reply;

/* Called from dv_rpc_ready and dv_rpc_tick, never from dv_rpc_ask. It may ask again. */
typedef void dv_rpc_done(void *context, const dv_rpc_reply *reply, int64_t now_ns);

/* Makes a client. NULL, and ret_why (200 bytes) says why: there is no URL, one is malformed, or
   there are too many. */
dv_rpc *dv_rpc_new(const dv_rpc_options *options, char *ret_why);
void dv_rpc_destroy(dv_rpc **rpc); /* accepts NULL; open asks are never answered */

/* How many endpoints were named. */
uint32_t dv_rpc_endpoint_count(const dv_rpc *rpc);

/* How many endpoints answered when they were asked last, or were not asked yet. */
uint32_t dv_rpc_endpoints_well(const dv_rpc *rpc);

/* The URL of an endpoint without user, path and query, which may be secret; borrowed. */
const char *dv_rpc_endpoint_name(const dv_rpc *rpc, uint32_t endpoint);

/* Asks: method and params (a JSON array) are copied. endpoint: an index, or DV_RPC_ANY for a read.
   done is called once, with context and tag, unless the client is destroyed first. */
void dv_rpc_ask(dv_rpc *rpc, const char *method, dv_text params, uint32_t endpoint,
                dv_rpc_done *done, void *context, uint64_t tag, int64_t now_ns);

/* Asks one endpoint what many refuse, or answer slowly (getProgramAccounts). It has 30 s. The
   result does not change the endpoint's health. HTTP 403, 405 and 410 are CHAIN_REFUSED without an
   answer. MESSAGE_TOO_LARGE: the answer has more than size_max bytes. */
void dv_rpc_search(dv_rpc *rpc, const char *method, dv_text params, uint32_t endpoint,
                   size_t size_max, dv_rpc_done *done, void *context, uint64_t tag, int64_t now_ns);

/* The descriptor to wait for: readable when dv_rpc_ready has something to do. */
int dv_rpc_descriptor(const dv_rpc *rpc);
void dv_rpc_ready(dv_rpc *rpc, int64_t now_ns);

/* Does what is due; returns the next deadline, monotonic nanoseconds. Call it after dv_rpc_ask too.
 */
int64_t dv_rpc_tick(dv_rpc *rpc, int64_t now_ns);

#endif
