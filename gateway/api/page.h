/* Handlers: the web page. */
#ifndef DV_GATEWAY_API_PAGE_H
#define DV_GATEWAY_API_PAGE_H

#include "gateway/http/reply.h"

/* A file of the page. */
void dv_api_page_get(dv_request *request, dv_reply *reply);

/* GET /: the page for a client that asks for HTML, else the list of endpoints as JSON. */
void dv_api_index_get(dv_request *request, dv_reply *reply);

#endif
