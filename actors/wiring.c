#include "actors/wiring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The chains that no DEX trades on. */
static dv_roles idle_of(const dv_place *place)
{
    return dv_roles_named("chain") & ~place->chains;
}

/* Takes the chains that do not run out of the cluster. CONFIG_INVALID: one that has to run is nowhere. */
static dv_err chains_settle(const dv_place *place, dv_cluster *cluster, char ret_why[256])
{
    dv_roles missing = place->chains;
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        missing &= ~cluster->nodes[i].roles;
        cluster->nodes[i].roles &= ~idle_of(place);
    }
    for (uint32_t i = 0; i < dv_role_count(); i++) {
        if ((missing & (dv_roles)1 << i) == 0) continue;
        snprintf(ret_why, 256, "%.100s: no node has the role %s, which a DEX's mode needs",
                 place->cluster_file, dv_role_at(i)->name);
        return DV_CONFIG_INVALID;
    }
    return DV_OK;
}

static dv_err wiring_alone(const dv_place *place, dv_wiring *w, char ret_why[256])
{
    const char *option = place->roles ? "--roles" : *place->node ? "node" : NULL;
    dv_roles roles = dv_roles_all() & ~idle_of(place);
    if (option == NULL) return dv_topology_init(NULL, NULL, roles, &w->topology, ret_why);
    snprintf(ret_why, 256, "%s needs a cluster file (cluster_file, DROVER_CLUSTER_FILE)", option);
    return DV_CONFIG_INVALID;
}

dv_err dv_wiring_init(const dv_place *place, dv_wiring *ret_wiring, char ret_why[256])
{
    const char *file = place->cluster_file, *name = place->node;
    if (*file == '\0') return wiring_alone(place, ret_wiring, ret_why);
    dv_err error = dv_cluster_load(file, &ret_wiring->cluster, ret_why);
    if (error == DV_OK) error = chains_settle(place, &ret_wiring->cluster, ret_why);
    if (error != DV_OK) return error;
    const dv_node *node = dv_cluster_node(&ret_wiring->cluster, name);
    if (node == NULL) {
        snprintf(ret_why, 256, "\"%.24s\" is no node of %.128s: which one is this? (--node NAME)",
                 name, file);
        return DV_CONFIG_INVALID;
    }
    dv_roles roles = node->roles;
    if (place->roles != NULL) error = dv_roles_parse(place->roles, &roles, ret_why);
    if (error != DV_OK) return error;
    roles &= ~idle_of(place);
    return dv_topology_init(&ret_wiring->cluster, node, roles, &ret_wiring->topology, ret_why);
}

void dv_wiring_fini(dv_wiring *wiring)
{
    dv_zap_stop(&wiring->zap);
    dv_topology_fini(&wiring->topology);
}

static dv_err plaintext_check(const dv_wiring *w, char ret_why[256])
{
    for (uint32_t i = 0; i < w->cluster.node_count; i++) {
        const dv_node *node = &w->cluster.nodes[i];
        if (node->loopback) continue;
        snprintf(ret_why, 256,
                 "plaintext = yes, but node %s is at %s: only between loopback "
                 "addresses may links go without CURVE (`drover keygen`)",
                 node->name, node->host);
        return DV_CONFIG_INVALID;
    }
    return DV_OK;
}

static dv_err keys_load(dv_wiring *w, const char *key_file, char ret_why[256])
{
    const dv_node *self = w->topology.node;
    for (uint32_t i = 0; i < w->cluster.node_count; i++) {
        const dv_node *node = &w->cluster.nodes[i];
        if (*node->public_key != '\0') continue;
        snprintf(ret_why, 256,
                 "node %s has no public_key in the cluster file: `drover keygen %s` "
                 "makes it (or plaintext = yes, between loopback addresses only)",
                 node->name, node->name);
        return DV_CONFIG_INVALID;
    }
    if (*key_file == '\0') {
        snprintf(ret_why, 256,
                 "key_file is not set: node %s needs its secret key, as `drover "
                 "keygen %s` writes it",
                 self->name, self->name);
        return DV_CONFIG_INVALID;
    }
    w->network.curve = true;
    snprintf(w->network.public_key, DV_KEY_SIZE, "%s", self->public_key);
    return dv_key_load(key_file, self, w->network.secret_key, ret_why);
}

dv_err dv_wiring_open(dv_wiring *w, const dv_process_config *config, char ret_why[256])
{
    w->network = (dv_network){.peer_rate_max = config->peer_rate_max,
                              .node_of_key = dv_topology_node_of_key,
                              .may_produce = dv_topology_may_produce,
                              .policy = &w->topology};
    if (!dv_topology_uses_tcp(&w->topology)) return DV_OK;
    dv_err error =
        config->plaintext ? plaintext_check(w, ret_why) : keys_load(w, config->key_file, ret_why);
    if (error != DV_OK) return error;
    w->zap = dv_zap_start(&w->network, w->topology.links, w->topology.link_count);
    if (w->zap != NULL) return DV_OK;
    snprintf(ret_why, 256, "cannot start the thread that judges keys: %s", strerror(errno));
    return DV_START_FAILED;
}
