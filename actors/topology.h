/* Who talks to whom: the table of actors and the table of links. Wiring is data: start-up checks
   it, `drover topology` prints it, and the run loop opens what names its actor. */
#ifndef DV_TOPOLOGY_H
#define DV_TOPOLOGY_H

#include <stdio.h>

#include "actors/base/actor.h"
#include "actors/base/config.h"

/* D(name, Name): the DEXs, each with a router actor of its own. To add one, add a row here, its
   links below, and its venue in actors/dex. */
#define DV_DEXES(D)                                                                                \
    D(raydium, "Raydium")                                                                          \
    D(meteora, "Meteora")

/* L(name, kind, index, producer, consumer, pattern, high-water mark, when full) */
#define DV_LINKS(L)                                                                                \
    L("submit", submit, 0, "gateway", "ingest", DV_DEALER_ROUTER, 100000, DV_DROP)                 \
    L("insert", insert, 0, "ingest", "persistence", DV_DEALER_ROUTER, 100000, DV_KEEP)             \
    L("assign", assign, 0, "execution", "ingest", DV_DEALER_ROUTER, 100000, DV_KEEP)               \
    L("write", write, 0, "execution", "persistence", DV_DEALER_ROUTER, 100000, DV_KEEP)            \
    L("quote:raydium", quote, 0, "execution", "router:raydium", DV_DEALER_ROUTER, 100000, DV_DROP) \
    L("quote:meteora", quote, 1, "execution", "router:meteora", DV_DEALER_ROUTER, 100000, DV_DROP) \
    L("schedule", schedule, 0, "execution", "retry", DV_DEALER_ROUTER, 100000, DV_DROP)            \
    L("sweep", sweep, 0, "retry", "persistence", DV_DEALER_ROUTER, 1000, DV_DROP)                  \
    L("events", events, 0, "persistence", "notification", DV_DEALER_ROUTER, 100000, DV_DROP)       \
    L("recall", query, 1, "notification", "persistence", DV_DEALER_ROUTER, 10000, DV_DROP)         \
    L("query", query, 0, "gateway", "persistence", DV_DEALER_ROUTER, 10000, DV_DROP)               \
    L("feed", feed, 0, "gateway", "notification", DV_DEALER_ROUTER, 100000, DV_DROP)               \
    L("desk", desk, 0, "gateway-thread", "gateway", DV_DEALER_ROUTER, 100000, DV_DROP)             \
    L("health", health, 0, "*", "gateway", DV_PUB_SUB, 1000, DV_DROP)

#define DV_LINK_MAX 32

typedef struct dv_topology {
    dv_link links[DV_LINK_MAX];
    uint32_t link_count;
    char endpoints[DV_LINK_MAX][DV_CONFIG_TEXT_MAX]; /* what links[].endpoint points to */
} dv_topology;

/* The names of all links, NULL-terminated, for dv_config_load. */
const char *const *dv_topology_link_names(void);

/* Fills in the endpoints (configured, or inproc) and checks the table: actors exist, endpoints are
   distinct and of a known transport, high-water marks are set. On an error ret_why says what. */
DV_MUST_CHECK dv_err dv_topology_init(const dv_config *config, dv_topology *ret_topology,
                                      char ret_why[256]);

/* Prints actors and links as a table for people. */
void dv_topology_print(const dv_topology *topology, FILE *out);

#endif
