/* The links of the topology, for a test that plays the other end. */
#ifndef DV_TESTS_LINKS_H
#define DV_TESTS_LINKS_H

#include <check.h>
#include <string.h>

#include "actors/topology.h"

/* The link of this name, without endpoints. */
static inline dv_link link_named(const char *name)
{
    const dv_link *link;
    for (uint32_t i = 0; (link = dv_link_at(i)) != NULL; i++)
        if (strcmp(link->name, name) == 0) return *link;
    ck_abort_msg("there is no link %s", name);
    return (dv_link){0};
}

/* The same, within this process. */
static inline dv_link link_at(const char *name, const char *endpoint)
{
    dv_link link = link_named(name);
    link.endpoint = endpoint;
    return link;
}

/* Where a link is over tcp, above its consumer's base port. */
static inline unsigned link_port(dv_port number)
{
    const dv_link *link;
    for (uint32_t i = 0; (link = dv_link_at(i)) != NULL; i++)
        if (DV_PORT(link->kind, link->index) == number) return link->port;
    ck_abort_msg("there is no link %u", number);
    return DV_NO_PORT;
}

#endif
