#include "actors/topology.h"

static const char *const ACTORS[] = {"gateway",       "ingest", "execution",
                                     "persistence",   "retry",  "notification",
#define ROUTER(name, Name) "router:" #name,
                                     DV_DEXES(ROUTER)
#undef ROUTER
};

static const dv_link LINKS[] = {
#define LINK(name, kind, index, producer, consumer, pattern, high_water_mark, when_full)           \
    {name, DV_LINK_##kind, index, producer, consumer, pattern, high_water_mark, when_full, NULL},
    DV_LINKS(LINK)
#undef LINK
};
#define LINK_COUNT (sizeof LINKS / sizeof LINKS[0])
_Static_assert(LINK_COUNT <= DV_LINK_MAX, "all links fit the topology");

static const char *const LINK_NAMES[] = {
#define NAME(name, kind, index, producer, consumer, pattern, high_water_mark, when_full) name,
    DV_LINKS(NAME)
#undef NAME
        NULL,
};

const char *const *dv_topology_link_names(void)
{
    return LINK_NAMES;
}

static bool is_actor(const char *name)
{
    for (size_t i = 0; i < sizeof ACTORS / sizeof ACTORS[0]; i++)
        if (streq(ACTORS[i], name)) return true;
    return false;
}

static const char *link_fault(const dv_topology *t, uint32_t i)
{
    const dv_link *link = &t->links[i];
    if (!is_actor(link->consumer)) return "its consumer is no actor";
    if (!is_actor(link->producer) && !streq(link->producer, "*") && link->kind != DV_LINK_desk)
        return "its producer is no actor";
    if (link->high_water_mark <= 0) return "it has no high-water mark";
    if (strncmp(link->endpoint, "inproc://", 9) != 0 && strncmp(link->endpoint, "tcp://", 6) != 0)
        return "its endpoint is neither inproc:// nor tcp://";
    if (link->kind == DV_LINK_desk && strncmp(link->endpoint, "inproc://", 9) != 0)
        return "a gateway's desk stays in its process: its endpoint must be inproc://";
    for (uint32_t k = 0; k < i; k++) {
        if (streq(t->links[k].endpoint, link->endpoint)) return "another link has its endpoint";
        if (t->links[k].kind == link->kind && t->links[k].index == link->index)
            return "another link has its kind and index";
    }
    return NULL;
}

dv_err dv_topology_init(const dv_config *config, dv_topology *ret_topology, char ret_why[256])
{
    dv_topology *t = ret_topology;
    *t = (dv_topology){.link_count = LINK_COUNT};
    for (uint32_t i = 0; i < LINK_COUNT; i++) {
        const char *endpoint = dv_config_endpoint(config, LINKS[i].name);
        if (endpoint != NULL)
            snprintf(t->endpoints[i], DV_CONFIG_TEXT_MAX, "%s", endpoint);
        else
            snprintf(t->endpoints[i], DV_CONFIG_TEXT_MAX, "inproc://%s", LINKS[i].name);
        t->links[i] = LINKS[i];
        t->links[i].endpoint = t->endpoints[i];
    }
    for (uint32_t i = 0; i < LINK_COUNT; i++) {
        const char *fault = link_fault(t, i);
        if (fault == NULL) continue;
        snprintf(ret_why, 256, "link %s (%.100s): %s", t->links[i].name, t->links[i].endpoint,
                 fault);
        return DV_CONFIG_INVALID;
    }
    return DV_OK;
}

void dv_topology_print(const dv_topology *topology, FILE *out)
{
    static const char *const PATTERNS[] = {
        [DV_DEALER_ROUTER] = "dealer/router", [DV_PUB_SUB] = "pub/sub"};
    static const char *const FULL[] = {[DV_KEEP] = "keep", [DV_DROP] = "drop"};
    fprintf(out, "actors:");
    for (size_t i = 0; i < sizeof ACTORS / sizeof ACTORS[0]; i++) fprintf(out, " %s", ACTORS[i]);
    fprintf(out, "\n\n%-14s %-15s %-15s %-14s %7s %-5s %s\n", "link", "producer", "consumer",
            "sockets", "hwm", "full", "endpoint");
    for (uint32_t i = 0; i < topology->link_count; i++) {
        const dv_link *l = &topology->links[i];
        fprintf(out, "%-14s %-15s %-15s %-14s %7d %-5s %s\n", l->name, l->producer, l->consumer,
                PATTERNS[l->pattern], l->high_water_mark, FULL[l->when_full], l->endpoint);
    }
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
