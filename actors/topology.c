#include "actors/topology.h"
#include "proto/codec.h"

#include <czmq.h>

#define LINK(name_, kind_, index_, port_, producers_, consumer_, spread_, high_water, full)        \
    {                                                                                              \
        .name = name_, .kind = DV_LINK_##kind_, .index = index_, .port = port_,                    \
        .producers = producers_, .consumer = consumer_, .spread = spread_,                         \
        .high_water_mark = high_water, .when_full = full,                                          \
    }
/* name, kind, index, port, producers, consumer, spread, high-water mark in frames, when full. Ports are
   fixed and only added to: a cluster's nodes agree on them. Those of quotes, chains and markets begin at
   numbers of their own. */
#define CHAIN_PORTS 64
#define MARKET_PORTS 80
#define QUOTE_PORTS 128
static const dv_link LINKS[] = {
    LINK("submit", submit, 0, 0, "gateway", "ingest", DV_ANY, 100000, DV_DROP),
    LINK("insert", insert, 0, 1, "ingest", "persistence", DV_ANY, 100000, DV_KEEP),
    LINK("assign", assign, 0, 2, "execution", "ingest", DV_ALL, 100000, DV_KEEP),
    LINK("write", write, 0, 3, "execution", "persistence", DV_ANY, 100000, DV_KEEP),
    LINK("sign", sign, 0, 4, "execution", "signer", DV_ANY, 10000, DV_DROP),
    LINK("schedule", schedule, 0, 5, "execution", "retry", DV_ANY, 100000, DV_DROP),
    LINK("sweep", sweep, 0, 6, "retry", "persistence", DV_ANY, 1000, DV_DROP),
    LINK("events", events, 0, 7, "persistence", "notification", DV_ALL, 100000, DV_DROP),
    LINK("query", query, 0, 8, "gateway notification chain", "persistence", DV_ANY, 10000, DV_DROP),
    LINK("feed", feed, 0, 9, "gateway", "notification", DV_ALL, 100000, DV_DROP),
    LINK("health", health, 0, 10, "*", "gateway", DV_ALL, 1000, DV_DROP),
    LINK("desk", desk, 0, DV_NO_PORT, DV_OWN_THREADS, "gateway", DV_ANY, 100000, DV_DROP),
#define CHAIN(name)                                                                                \
    LINK("chain:" #name, chain, DV_CHAIN_##name, CHAIN_PORTS + DV_CHAIN_##name, "execution",       \
         "chain:" #name, DV_ANY, 100000, DV_DROP),                                                 \
        LINK("market:" #name, market, DV_CHAIN_##name, MARKET_PORTS + DV_CHAIN_##name, "router",   \
             "chain:" #name, DV_ANY, 10000, DV_DROP),
    DV_CHAINS(CHAIN)
#undef CHAIN
#define QUOTE(dex, Dex)                                                                            \
    LINK("quote:" #dex, quote, DV_DEX_##dex, QUOTE_PORTS + DV_DEX_##dex, "execution",              \
         "router:" #dex, DV_ANY, 100000, DV_DROP),
        DV_DEXES(QUOTE)
#undef QUOTE
};
#undef LINK
#define LINK_COUNT (sizeof LINKS / sizeof LINKS[0])
_Static_assert(LINK_COUNT <= DV_LINK_MAX, "all links fit the topology");

const dv_link *dv_link_at(uint32_t i)
{
    return i < LINK_COUNT ? &LINKS[i] : NULL;
}

/* ---- the table -------------------------------------------------------------------------- */

/* The roles that produce on a link: none, if only the consumer's own threads do. */
static dv_roles producers(const dv_link *link)
{
    return dv_roles_named(link->producers);
}

static dv_roles consumers(const dv_link *link)
{
    return dv_role_of(link->consumer);
}

static const char *link_fault(const dv_topology *t, uint32_t i)
{
    const dv_link *link = &t->links[i];
    bool leaves = link->port != DV_NO_PORT;
    if (consumers(link) == 0) return "its consumer is no role";
    if (leaves && dv_roles_named(link->producers) == 0) return "its producers are no roles";
    if (leaves && link->port >= DV_NODE_PORTS) return "its port is not a node's";
    if (link->high_water_mark <= 0) return "it has no high-water mark";
    for (uint32_t k = 0; k < i; k++) {
        if (streq(t->links[k].name, link->name)) return "another link has its name";
        if (t->links[k].kind == link->kind && t->links[k].index == link->index)
            return "another link has its kind and index";
        if (leaves && t->links[k].port == link->port) return "another link has its port";
    }
    return NULL;
}

/* ---- this process ----------------------------------------------------------------------- */

/* The roles that run on a node outside this process. */
static dv_roles elsewhere(const dv_topology *t, const dv_node *node)
{
    return node == t->node ? node->roles & ~t->roles : node->roles;
}

/* A gateway is told how the others are; it knows how it is itself. */
static bool others_produce(const dv_topology *t, const dv_link *link)
{
    for (uint32_t i = 0; t->cluster != NULL && i < t->cluster->node_count; i++)
        if (elsewhere(t, &t->cluster->nodes[i]) & producers(link)) return true;
    return false;
}

static void tcp_endpoint(const dv_node *node, const dv_link *link, char ret[DV_ENDPOINT_SIZE])
{
    snprintf(ret, DV_ENDPOINT_SIZE, "tcp://%s:%u", node->host, (unsigned)node->port + link->port);
}

static void remote_add(dv_topology *t, const dv_link *link, const dv_node *node)
{
    struct dv_topology_peer *peer = &t->peers[t->remote_count];
    snprintf(peer->name, sizeof peer->name, "%s@%s", link->consumer, node->name);
    tcp_endpoint(node, link, peer->endpoint);
    t->remotes[t->remote_count++] =
        (dv_remote){.name = peer->name, .endpoint = peer->endpoint, .public_key = node->public_key};
}

/* Where this process's producers of the link connect: to the consumer here, or, when there is none
   or each is to be told, to those elsewhere. */
static void remotes_init(dv_topology *t, dv_link *link, bool here)
{
    link->remotes = &t->remotes[t->remote_count];
    uint32_t before = t->remote_count;
    bool produces = (producers(link) & t->roles) != 0;
    if (t->cluster == NULL || !produces || !dv_link_reaches_out(link->spread, here)) return;
    for (uint32_t i = 0; i < t->cluster->node_count; i++) {
        const dv_node *node = &t->cluster->nodes[i];
        if (elsewhere(t, node) & consumers(link)) remote_add(t, link, node);
    }
    link->remote_count = t->remote_count - before;
}

static void link_init(dv_topology *t, uint32_t i)
{
    dv_link *link = &t->links[i];
    bool here = (t->roles & consumers(link)) != 0;
    if (here) {
        snprintf(t->endpoints[i], DV_ENDPOINT_SIZE, "inproc://%s", link->name);
        link->endpoint = t->endpoints[i];
    }
    if (here && others_produce(t, link)) {
        tcp_endpoint(t->node, link, t->tcp_endpoints[i]);
        link->tcp_endpoint = t->tcp_endpoints[i];
    }
    remotes_init(t, link, here);
}

static void names_init(dv_topology *t)
{
    for (uint32_t i = 0; i < dv_role_count(); i++)
        snprintf(t->names[i], sizeof t->names[i], "%s%s%s", dv_role_at(i)->name, t->node ? "@" : "",
                 t->node ? t->node->name : "");
}

dv_err dv_topology_init(const dv_cluster *cluster, const dv_node *node, dv_roles roles,
                        dv_topology *ret_topology, char ret_why[256])
{
    dv_topology *t = ret_topology;
    *t = (dv_topology){.cluster = cluster, .node = node, .roles = roles, .link_count = LINK_COUNT};
    if (node != NULL && (roles & ~node->roles) != 0) {
        unsigned first = (unsigned)__builtin_ctzll(roles & ~node->roles);
        snprintf(ret_why, 256, "node %s has not the role %s in the cluster file", node->name,
                 dv_role_at(first)->name);
        return DV_CONFIG_INVALID;
    }
    uint32_t nodes = cluster ? cluster->node_count : 0;
    t->remotes = calloc(LINK_COUNT * nodes + 1, sizeof *t->remotes);
    t->peers = calloc(LINK_COUNT * nodes + 1, sizeof *t->peers);
    if (t->remotes == NULL || t->peers == NULL) abort();
    names_init(t);
    for (uint32_t i = 0; i < LINK_COUNT; i++) {
        t->links[i] = *dv_link_at(i);
        link_init(t, i);
    }
    for (uint32_t i = 0; i < LINK_COUNT; i++) {
        const char *fault = link_fault(t, i);
        if (fault == NULL) continue;
        snprintf(ret_why, 256, "link %s: %s", t->links[i].name, fault);
        return DV_CONFIG_INVALID;
    }
    return DV_OK;
}

void dv_topology_fini(dv_topology *topology)
{
    free(topology->remotes);
    free(topology->peers);
    *topology = (dv_topology){0};
}

const char *dv_topology_instance(const dv_topology *topology, dv_roles role)
{
    return topology->names[__builtin_ctzll(role)];
}

dv_roles dv_topology_roles(const dv_topology *topology)
{
    dv_roles roles = topology->roles;
    for (uint32_t i = 0; topology->cluster != NULL && i < topology->cluster->node_count; i++)
        roles |= topology->cluster->nodes[i].roles;
    return roles;
}

bool dv_topology_uses_tcp(const dv_topology *topology)
{
    for (uint32_t i = 0; i < topology->link_count; i++)
        if (topology->links[i].tcp_endpoint != NULL || topology->links[i].remote_count > 0)
            return true;
    return false;
}

/* ---- who may come in -------------------------------------------------------------------- */

const char *dv_topology_node_of_key(const void *topology, const dv_link *link, const char *key,
                                    const char **ret_why)
{
    const dv_topology *t = topology;
    const dv_node *node = dv_cluster_node_of_key(t->cluster, key);
    *ret_why = node == NULL ? "unknown key" : "its node has not the role that sends on this link";
    return node != NULL && (node->roles & producers(link)) ? node->name : NULL;
}

bool dv_topology_may_produce(const void *topology, const dv_link *link, const char *name)
{
    const dv_topology *t = topology;
    const char *at = strrchr(name, '@');
    if (at == NULL) return false;
    dv_roles role = dv_role_of_text((dv_text){name, (uint32_t)(at - name)});
    const dv_node *node = dv_cluster_node(t->cluster, at + 1);
    return node != NULL && (node->roles & producers(link) & role) != 0;
}

/* ---- for people ------------------------------------------------------------------------- */

static void link_print(const dv_link *l, FILE *out)
{
    static const char *const SPREADS[] = {[DV_ANY] = "any", [DV_ALL] = "all"};
    static const char *const FULL[] = {[DV_KEEP] = "keep", [DV_DROP] = "drop"};
    char port[8] = "-";
    if (l->port != DV_NO_PORT) snprintf(port, sizeof port, "%u", l->port);
    fprintf(out, "%-14s %-30s %-15s %4s %-6s %7d %-5s", l->name, l->producers, l->consumer, port,
            SPREADS[l->spread], l->high_water_mark, FULL[l->when_full]);
    if (l->endpoint != NULL) fprintf(out, " binds %s", l->endpoint);
    if (l->tcp_endpoint != NULL) fprintf(out, " binds %s", l->tcp_endpoint);
    for (uint32_t i = 0; i < l->remote_count; i++)
        fprintf(out, " connects %s=%s", l->remotes[i].name, l->remotes[i].endpoint);
    fputc('\n', out);
}

static void roles_print(FILE *out)
{
    static const char *const NEEDS[] = {[DV_NEED_ALWAYS] = "always",
                                        [DV_NEED_SIMULATED] = "simulated",
                                        [DV_NEED_SOLANA] = "solana"};
    fprintf(out, "\n%-16s %-9s %-7s %-5s %s\n", "role", "needed", "orders", "drain",
            "what it does");
    for (uint32_t i = 0; i < dv_role_count(); i++) {
        const dv_role *role = dv_role_at(i);
        fprintf(out, "%-16s %-9s %-7s %-5u %s\n", role->name, NEEDS[role->need],
                role->stops_orders ? "stop" : "go on", role->drain, role->meaning);
    }
}

static void messages_print(const dv_topology *topology, FILE *out)
{
    fprintf(out, "\n%-6s %-16s %-10s %-9s %s\n", "number", "message", "link", "sender", "bytes");
    for (unsigned type = 0; type < DV_MSG_COUNT; type++) {
        const dv_message_info *info = dv_message_info_of(type);
        if (info == NULL) continue;
        const char *link = "";
        for (uint32_t i = 0; i < topology->link_count && !*link; i++)
            if (topology->links[i].kind == info->link) link = topology->links[i].name;
        fprintf(out, "%-6u %-16s %-10.*s %-9s %zu\n", type, info->name, (int)strcspn(link, ":"),
                link, info->sender == DV_SIDE_PRODUCER ? "producer" : "consumer",
                dv_message_bound(type));
    }
}

void dv_topology_print(const dv_topology *topology, FILE *out)
{
    fprintf(out, "actors:");
    for (uint32_t i = 0; i < dv_role_count(); i++)
        if (topology->roles & (dv_roles)1 << i) fprintf(out, " %s", topology->names[i]);
    fprintf(out, "\n\n%-14s %-30s %-15s %4s %-6s %7s %-5s %s\n", "link", "producers", "consumer",
            "port", "spread", "hwm", "full", "here");
    for (uint32_t i = 0; i < topology->link_count; i++) link_print(&topology->links[i], out);
    roles_print(out);
    messages_print(topology, out);
}
