#include "actors/topology.h"
#include "proto/codec.h"

#include <czmq.h>

static const dv_link LINKS[] = {
#define LINK(name, kind, index, producer, consumer, spread, high_water_mark, when_full)            \
    {name,      DV_LINK_##kind, index, producer, consumer, spread, high_water_mark,                \
     when_full, NULL,           NULL,  NULL,     0},
    DV_LINKS(LINK)
#undef LINK
};
#define LINK_COUNT (sizeof LINKS / sizeof LINKS[0])
_Static_assert(LINK_COUNT <= DV_LINK_MAX, "all links fit the topology");

/* ---- the table -------------------------------------------------------------------------- */

static const char *link_fault(const dv_topology *t, uint32_t i)
{
    const dv_link *link = &t->links[i];
    if (dv_role_of(link->consumer) == 0) return "its consumer is no role";
    if (dv_role_of(link->producer) == 0 && !streq(link->producer, "*") &&
        link->kind != DV_LINK_desk)
        return "its producer is no role";
    if (link->high_water_mark <= 0) return "it has no high-water mark";
    for (uint32_t k = 0; k < i; k++) {
        if (streq(t->links[k].name, link->name)) return "another link has its name";
        if (t->links[k].kind == link->kind && t->links[k].index == link->index)
            return "another link has its kind and index";
    }
    return NULL;
}

/* The roles that produce on a link; a desk is for its own process, whatever it runs. */
static dv_roles producers(const dv_link *link)
{
    if (link->kind == DV_LINK_desk) return 0;
    return streq(link->producer, "*") ? DV_ROLES_ALL : dv_role_of(link->producer);
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
    snprintf(ret, DV_ENDPOINT_SIZE, "tcp://%s:%u", node->host,
             (unsigned)node->port + DV_PORT(link->kind, link->index));
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
    if (t->cluster == NULL || !produces || (here && link->spread == DV_ANY)) return;
    for (uint32_t i = 0; i < t->cluster->node_count; i++) {
        const dv_node *node = &t->cluster->nodes[i];
        if (elsewhere(t, node) & dv_role_of(link->consumer)) remote_add(t, link, node);
    }
    link->remote_count = t->remote_count - before;
}

static void link_init(dv_topology *t, uint32_t i)
{
    dv_link *link = &t->links[i];
    bool here = (t->roles & dv_role_of(link->consumer)) != 0;
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
    for (unsigned bit = 0; bit < dv_role_count(); bit++)
        snprintf(t->names[bit], sizeof t->names[bit], "%s%s%s", dv_role_name(bit),
                 t->node ? "@" : "", t->node ? t->node->name : "");
}

dv_err dv_topology_init(const dv_cluster *cluster, const dv_node *node, dv_roles roles,
                        dv_topology *ret_topology, char ret_why[256])
{
    dv_topology *t = ret_topology;
    *t = (dv_topology){.cluster = cluster, .node = node, .roles = roles, .link_count = LINK_COUNT};
    if (node != NULL && (roles & ~node->roles) != 0) {
        unsigned bit = (unsigned)__builtin_ctz(roles & ~node->roles);
        snprintf(ret_why, 256, "node %s has not the role %s in the cluster file", node->name,
                 dv_role_name(bit));
        return DV_CONFIG_INVALID;
    }
    uint32_t nodes = cluster ? cluster->node_count : 0;
    t->remotes = calloc(LINK_COUNT * nodes + 1, sizeof *t->remotes);
    t->peers = calloc(LINK_COUNT * nodes + 1, sizeof *t->peers);
    if (t->remotes == NULL || t->peers == NULL) abort();
    names_init(t);
    for (uint32_t i = 0; i < LINK_COUNT; i++) {
        t->links[i] = LINKS[i];
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
    return topology->names[__builtin_ctz(role)];
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
    char role[DV_NAME_MAX + 1];
    const char *at = strrchr(name, '@');
    if (at == NULL) return false;
    snprintf(role, sizeof role, "%.*s", (int)(at - name), name);
    const dv_node *node = dv_cluster_node(t->cluster, at + 1);
    return node != NULL && (node->roles & producers(link) & dv_role_of(role)) != 0;
}

/* ---- for people ------------------------------------------------------------------------- */

static void link_print(const dv_link *l, FILE *out)
{
    static const char *const SPREADS[] = {[DV_ANY] = "any", [DV_ALL] = "all"};
    static const char *const FULL[] = {[DV_KEEP] = "keep", [DV_DROP] = "drop"};
    fprintf(out, "%-14s %-15s %-15s %-6s %7d %-5s", l->name, l->producer, l->consumer,
            SPREADS[l->spread], l->high_water_mark, FULL[l->when_full]);
    if (l->endpoint != NULL) fprintf(out, " binds %s", l->endpoint);
    if (l->tcp_endpoint != NULL) fprintf(out, " binds %s", l->tcp_endpoint);
    for (uint32_t i = 0; i < l->remote_count; i++)
        fprintf(out, " connects %s=%s", l->remotes[i].name, l->remotes[i].endpoint);
    fputc('\n', out);
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
    for (unsigned bit = 0; bit < dv_role_count(); bit++)
        if (topology->roles & (1u << bit)) fprintf(out, " %s", topology->names[bit]);
    fprintf(out, "\n\n%-14s %-15s %-15s %-6s %7s %-5s %s\n", "link", "producer", "consumer",
            "spread", "hwm", "full", "here");
    for (uint32_t i = 0; i < topology->link_count; i++) link_print(&topology->links[i], out);
    messages_print(topology, out);
}
