#include "gateway/api/api.h"

#include "gateway/api/routes.h"
#include "gateway/api/sockets.h"

static const dv_http_routes ROUTES = {.serve = dv_api_serve,
                                      .sockets_register = dv_sockets_register,
                                      .sockets_fini = dv_sockets_fini};

dv_err dv_api_start(const dv_service *service, dv_http **ret_http, char ret_why[DV_REASON_MAX])
{
    return dv_http_start(service, &ROUTES, ret_http, ret_why);
}
