/* The clients' end of a gateway. It stands in for the hub, the API and the HTTP server, so that the
   real gateway actor runs without threads and sockets. */
#ifndef SIM_HUB_MODEL_H
#define SIM_HUB_MODEL_H

#include "gateway/stream/hub.h"
#include "tests/sim/world.h"

/* Who reads a WebSocket. */
typedef struct sim_reader {
    void (*frame)(void *context, const char *bytes, size_t size);
    /* The gateway closed it, or died (code 0). mark: the point to resume from, or DV_NO_MARK. */
    void (*closed)(void *context, uint16_t code, uint64_t mark);
    void *context;
    int64_t pace_ns; /* between two frames that it reads */
} sim_reader;

/* The hub that was made last, and whose it is. */
dv_hub *sim_hub_last(void);
void sim_hub_bind(dv_hub *hub, sim_actor *gateway);

/* Opens a WebSocket; returns its id. The reader is called from alarms. */
uint64_t sim_hub_open(dv_hub *hub, const sim_reader *reader);

/* Its client has gone: nothing is read any more. */
void sim_hub_leave(dv_hub *hub, uint64_t id);

#endif
