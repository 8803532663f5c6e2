/* What this process runs, what it binds and where it connects; and the keys that its tcp links need. */
#ifndef DV_WIRING_H
#define DV_WIRING_H

#include "actors/base/process_config.h"
#include "actors/base/zap.h"
#include "actors/cluster.h"
#include "actors/topology.h"

/* Where a process stands, as settings and command line say. All is borrowed. */
typedef struct dv_place {
    const char *cluster_file; /* empty: this process runs every role */
    const char *node;         /* empty: none is named */
    const char *roles;        /* those to run of the node's, commas between them; NULL: all */
    dv_roles chains;          /* those that DEXs trade on; the other chains do not run */
} dv_place;

/* Its parts point at one another: it may not be copied or moved. Starts as {0}. */
typedef struct dv_wiring {
    dv_cluster cluster;
    dv_topology topology;
    dv_network network;
    dv_zap *zap; /* NULL: no link uses tcp */
} dv_wiring;

/* Reads the cluster file, if there is one, and works out the links. On CONFIG_INVALID ret_why says what
   is wrong. */
DV_MUST_CHECK dv_err dv_wiring_init(const dv_place *place, dv_wiring *ret_wiring,
                                    char ret_why[256]);
void dv_wiring_fini(dv_wiring *wiring); /* accepts {0} */

/* Loads the keys and starts the thread that judges peers' keys, if any link uses tcp. On an error
   ret_why says what is wrong and what to do. */
DV_MUST_CHECK dv_err dv_wiring_open(dv_wiring *wiring, const dv_process_config *config,
                                    char ret_why[256]);

#endif
