#include "gateway/http/request.h"

#include <string.h>

bool dv_query_value(const dv_request *request, const char *name, char *ret_value, size_t size,
                    bool *ret_given)
{
    const char *query = request->info->query_string ? request->info->query_string : "";
    int length = mg_get_var(query, strlen(query), name, ret_value, size);
    *ret_given = length != -1;
    return length >= 0 && strlen(ret_value) == (size_t)length &&
           dv_text_is_utf8(dv_text_of(ret_value));
}

void dv_request_capture(dv_request *request, dv_text segment)
{
    int length = mg_url_decode(segment.at, (int)segment.size, request->capture,
                               (int)sizeof request->capture, 0);
    request->captured = length >= 0 && strlen(request->capture) == (size_t)length &&
                        dv_text_is_utf8(dv_text_of(request->capture));
}
