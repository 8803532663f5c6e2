/* Links: how messages go from the actors of one role to those of another. */
#ifndef DV_BASE_LINK_H
#define DV_BASE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/message.h"

#define DV_NODE_PORTS 256            /* a node reserves so many from its base port on */
#define DV_NO_PORT UINT16_MAX        /* of a link that never leaves its process */
#define DV_OWN_THREADS "own-threads" /* producers: the consumer's own threads */

/* Connections over tcp: one that is silent for so long is closed, and is tried again at the latest after
   so long. */
#define DV_SILENCE_MS 2000
#define DV_RECONNECT_MOST_MS 3000

/* Where a producer's message goes when its link has several consumers. */
typedef enum dv_spread {
    DV_ANY, /* to one: the one in this process, else in turn among those that are connected */
    DV_ALL, /* to each; one that is not connected, or has no room, goes without (never DV_KEEP) */
} dv_spread;

/* What happens to a message when its link is full or its peer is gone. */
typedef enum dv_when_full {
    DV_KEEP, /* it waits in the sender, in order, until the link takes it */
    DV_DROP, /* it is dropped and counted: the receiver finds out by itself, or asks again */
} dv_when_full;

/* A consumer of a link that lives in another process. Strings are borrowed. */
typedef struct dv_remote {
    const char *name;       /* the instance, e.g. "persistence@p1" */
    const char *endpoint;   /* tcp://address:port */
    const char *public_key; /* its node's, Z85; not looked at without CURVE */
} dv_remote;

/* A link as this process uses it: a row of actors/topology.h with its endpoints filled in. The
   consumer binds a ROUTER, producers connect a DEALER to each consumer; so both sides speak, and an
   answer comes back on the link of its question. */
typedef struct dv_link {
    const char *name; /* e.g. "quote:raydium" */
    dv_link_kind kind;
    uint8_t index;         /* among links of its kind */
    const char *producers; /* roles and families, as dv_roles_named reads them; DV_OWN_THREADS */
    const char *consumer;  /* one role */
    dv_spread spread;
    int high_water_mark; /* frames that may wait on each side, and in a sender that keeps */
    dv_when_full when_full;
    const char *endpoint;     /* inproc://… of the consumer in this process; NULL: none is here */
    const char *tcp_endpoint; /* where that consumer listens for other processes; NULL: nowhere */
    const dv_remote *remotes; /* the consumers in other processes; DV_ANY: none with one here */
    uint32_t remote_count;
    uint16_t port; /* over tcp: above the node's base port; DV_NO_PORT: it stays in its process */
} dv_link;

#define DV_KEY_SIZE 41 /* bytes of a CURVE key as Z85, its NUL included */

/* What a process needs for its tcp links; made at start, then only read, from several threads. */
typedef struct dv_network {
    bool curve;                   /* false: plaintext, which somebody asked for by name */
    bool watched;                 /* a dv_zap reads what the sockets tell of their connections */
    char public_key[DV_KEY_SIZE]; /* this node's */
    char secret_key[DV_KEY_SIZE];
    uint32_t peer_rate_max; /* messages a second from one peer; what is above is dropped */
    /* The node that a public key belongs to, if one of its roles produces on the link; otherwise
       NULL, and why. Called with the policy below. */
    const char *(*node_of_key)(const void *policy, const dv_link *link, const char *key,
                               const char **ret_why);
    /* Whether an instance of this name ("role@node") exists and its role produces on the link. */
    bool (*may_produce)(const void *policy, const dv_link *link, const char *name);
    const void *policy;
} dv_network;

/* One end of a link in an actor. Numbered by link, so that every actor knows its ports by name. */
typedef uint16_t dv_port;
#define DV_LINK_INDEXES 32 /* links of one kind */
#define DV_PORT(kind, index) ((dv_port)((kind)*DV_LINK_INDEXES + (index)))
#define DV_PORT_KIND(port) ((dv_link_kind)((port) / DV_LINK_INDEXES))
#define DV_PORT_INDEX(port) ((uint8_t)((port) % DV_LINK_INDEXES))
#define DV_PORT_COUNT (DV_LINK_KIND_COUNT * DV_LINK_INDEXES)

/* Who sent a message that came in on a port that we consume: its instance name, to answer to. Empty
   for what a consumer answered us. */
typedef struct dv_peer {
    uint8_t size;
    uint8_t bytes[DV_NAME_MAX];
} dv_peer;

/* Whether an instance produces on a link, and whether it consumes on it. On a link from every role it
   may do both: it then produces for the consumers in other processes. */
bool dv_link_produces(const dv_link *link, dv_text instance);
bool dv_link_consumes(const dv_link *link, dv_text instance);

/* Whether a producer connects to a consumer in another process. has_local: there is one in its own. */
static inline bool dv_link_reaches_out(dv_spread spread, bool has_local)
{
    return spread == DV_ALL || !has_local;
}

/* Whether a message of a link that finds no room, or nobody, waits in its sender, where so many wait
   already. If not, it is dropped. */
static inline bool dv_link_keeps(const dv_link *link, int waiting)
{
    return link->when_full == DV_KEEP && waiting < link->high_water_mark;
}

/* Offers a message of a DV_ANY link to its lanes, from number *turn on, until one takes it; the lane
   after that one has the next turn. False: none took it. */
typedef bool dv_lane_offer(void *arg, uint32_t lane);
bool dv_spread_any(uint32_t lanes, uint32_t *turn, dv_lane_offer *offer, void *arg);

#endif
