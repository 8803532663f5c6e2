/* `drover status`: asks a gateway for the instances of the cluster, and prints a table. */
#ifndef DV_GATEWAY_STATUS_H
#define DV_GATEWAY_STATUS_H

#include "gateway/http/config.h"

/* Asks the gateway at config's host and port. Returns the program's exit code: 0 when the engine is
   ready, 1 when it is not, 2 when no gateway answers, which a line on standard error explains.
   Blocks until the gateway answers, for a few seconds at most. */
int dv_status_main(const dv_gateway_config *config);

#endif
