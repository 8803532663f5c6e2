/* The table of routes, and the server that serves it. */
#ifndef DV_GATEWAY_API_ROUTES_H
#define DV_GATEWAY_API_ROUTES_H

#include "gateway/api/shared.h"
#include "gateway/http/server.h"

/* Serves the API on the configured host and port. shared is borrowed until dv_http_stop. On
   START_FAILED, ret_why says where the server cannot listen, and why. */
DV_MUST_CHECK dv_err dv_api_start(const dv_shared *shared, dv_http **ret_http,
                                  char ret_why[DV_REASON_MAX]);

#endif
