/* `drover status`: asks a gateway who is there, and prints it as a table for people. */
#ifndef DV_GATEWAY_STATUS_H
#define DV_GATEWAY_STATUS_H

#include "gateway/http/config.h"

/* Asks the gateway at config's host and port. Returns what the program exits with: 0 when the
   engine is ready, 1 when it is not, 2 when no gateway answers; then a line on standard error says
   why. Blocks for as long as the gateway takes, a few seconds at most. */
int dv_status_main(const dv_gateway_config *config);

#endif
