/* Who talks to whom: the table of links, and what it comes to in one process of a cluster. Wiring
   is data: start-up checks it, `drover topology` prints it, and the run loop opens what names its
   actor's role. */
#ifndef DV_TOPOLOGY_H
#define DV_TOPOLOGY_H

#include <stdio.h>

#include "actors/base/actor.h"
#include "actors/cluster.h"

/* Every link there may be, by number; endpoints are empty. NULL past the last one. */
const dv_link *dv_link_at(uint32_t i);

#define DV_LINK_MAX 64
#define DV_ENDPOINT_SIZE 72 /* bytes of tcp://address:port, its NUL included */

/* The links of one process. Its parts point at one another: it may not be copied or moved. */
typedef struct dv_topology {
    const dv_cluster *cluster; /* NULL: this process is all there is */
    const dv_node *node;       /* this process's, in the cluster */
    dv_roles roles;            /* what this process runs */
    dv_link links[DV_LINK_MAX];
    uint32_t link_count;
    char endpoints[DV_LINK_MAX][DV_ENDPOINT_SIZE]; /* what links[].endpoint points to */
    char tcp_endpoints[DV_LINK_MAX][DV_ENDPOINT_SIZE];
    dv_remote *remotes; /* what links[].remotes point into */
    uint32_t remote_count;
    struct dv_topology_peer {
        char name[DV_NAME_MAX + 1];
        char endpoint[DV_ENDPOINT_SIZE];
    } * peers;                                 /* what remotes[] point to, by the same number */
    char names[DV_ROLES_MAX][DV_NAME_MAX + 1]; /* this process's instances, by role */
} dv_topology;

/* Checks the table of links, and works out what this process binds and where it connects. cluster
   and node are NULL together: then every role runs here, over inproc. Both are borrowed. roles:
   what this process runs of its node's. On CONFIG_INVALID ret_why says what is wrong. */
DV_MUST_CHECK dv_err dv_topology_init(const dv_cluster *cluster, const dv_node *node,
                                      dv_roles roles, dv_topology *ret_topology, char ret_why[256]);
void dv_topology_fini(dv_topology *topology); /* accepts {0} */

/* Every role that a node of the cluster has; without one, those of this process. */
dv_roles dv_topology_roles(const dv_topology *topology);

/* What the instance of a role (one bit) is called in this process: "execution", "execution@a". */
const char *dv_topology_instance(const dv_topology *topology, dv_roles role);

/* Whether something of this process goes over tcp. */
bool dv_topology_uses_tcp(const dv_topology *topology);

/* For a dv_network, with the topology as its policy: see there. */
const char *dv_topology_node_of_key(const void *topology, const dv_link *link, const char *key,
                                    const char **ret_why);
bool dv_topology_may_produce(const void *topology, const dv_link *link, const char *name);

/* Prints roles, links (what this process binds and connects to) and messages for people. */
void dv_topology_print(const dv_topology *topology, FILE *out);

#endif
