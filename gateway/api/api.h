/* The gateway's API: opens the HTTP server and gives it the routes and the WebSockets. */
#ifndef DV_GATEWAY_API_API_H
#define DV_GATEWAY_API_API_H

#include "gateway/http/server.h"

/* Serves the API on the configured host and port. service is borrowed until dv_http_stop. On
   START_FAILED, ret_why says where the server cannot listen, and why. */
DV_MUST_CHECK dv_err dv_api_start(const dv_service *service, dv_http **ret_http,
                                  char ret_why[DV_REASON_MAX]);

#endif
