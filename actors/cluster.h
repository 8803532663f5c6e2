/* The cluster file: which nodes there are, where they are, which roles they run, and by which key
   each is known. ZPL, one section per node (conf/cluster.conf is the manual):

     a
         address = "10.0.0.1:7100"
         roles = "gateway,ingest"
         public_key = "…"

   Every node has the same file. An actor that runs role `execution` on node `a` is the instance
   `execution@a`. Without a cluster file one process runs every role, and instances bear the name of
   their role alone. */
#ifndef DV_CLUSTER_H
#define DV_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "actors/base/actor.h"
#include "proto/error.h"
#include "proto/roles.h"

/* Reads names with commas between them. On CONFIG_INVALID ret_why says which one is unknown, and
   which there are. */
DV_MUST_CHECK dv_err dv_roles_parse(const char *text, dv_roles *ret_roles, char ret_why[256]);

#define DV_NODES_MAX 64
#define DV_NODE_NAME_MAX 12 /* bytes; so "router:raydium@" and a node fit DV_NAME_MAX */

typedef struct dv_node {
    char name[DV_NODE_NAME_MAX + 1];
    char host[48]; /* a numeric address: 10.0.0.1, or [fd00::1] */
    uint16_t port; /* the base port; a link's is above it by its own (dv_link.port) */
    bool loopback;
    dv_roles roles;
    char public_key[DV_KEY_SIZE]; /* Z85; empty: it has none */
} dv_node;

typedef struct dv_cluster {
    dv_node nodes[DV_NODES_MAX];
    uint32_t node_count;
} dv_cluster;

/* Reads and checks a cluster file. On CONFIG_INVALID ret_why names the file, and the node and key
   at fault, and says what is allowed. */
DV_MUST_CHECK dv_err dv_cluster_load(const char *file, dv_cluster *ret_cluster, char ret_why[256]);

/* The node of this name, or with this public key (Z85); NULL when there is none. */
const dv_node *dv_cluster_node(const dv_cluster *cluster, const char *name);
const dv_node *dv_cluster_node_of_key(const dv_cluster *cluster, const char *public_key);

/* Reads what `drover keygen` wrote. On CONFIG_INVALID ret_why says what is wrong with the file: not
   there, readable by others than its owner, not a key, or not the node's that the cluster file
   knows by another public key. */
DV_MUST_CHECK dv_err dv_key_load(const char *file, const dv_node *node,
                                 char ret_secret_key[DV_KEY_SIZE], char ret_why[256]);

/* Makes a pair of keys and writes it to a new file that only its owner may read. On CONFIG_INVALID
   (a bad node name, or the file is there already or cannot be written) ret_why says so. Blocks on
   the disk. */
DV_MUST_CHECK dv_err dv_key_make(const char *node, const char *file,
                                 char ret_public_key[DV_KEY_SIZE], char ret_why[256]);

#endif
