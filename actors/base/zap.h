/* Who may connect: one thread per process that answers libzmq's questions about keys (ZAP, RFC 27),
   and tells of connections that never got so far.

   A key is let in when it belongs to a node that produces on the link it came to; its messages then
   carry the node's name, which lanes.h holds against their sender's. Whoever is refused costs a log
   line, at most one a second per link, with address, link and reason. */
#ifndef DV_BASE_ZAP_H
#define DV_BASE_ZAP_H

#include "actors/base/actor.h"

typedef struct dv_zap dv_zap;

/* Starts the thread, and makes sockets tell it of their connections (network->watched). Before any
   actor: a socket that finds nobody to ask lets every key in. network and links are borrowed until
   dv_zap_stop. NULL when it cannot be started. */
dv_zap *dv_zap_start(dv_network *network, const dv_link *links, uint32_t link_count);

/* Ends the thread. After all actors. Accepts NULL. */
void dv_zap_stop(dv_zap **zap);

#endif
