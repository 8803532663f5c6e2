#include "gateway/http/path.h"

#include <string.h>

bool dv_path_is(dv_text path, const char *pattern, dv_text *ret_capture)
{
    const char *at = path.at, *end = path.at + path.size;
    *ret_capture = (dv_text){0};
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != ':') {
            if (at == end || *at++ != *pattern) return false;
            continue;
        }
        const char *from = at;
        while (at < end && *at != '/') at++;
        if (at == from) return false;
        *ret_capture = (dv_text){from, (uint32_t)(at - from)};
        while (pattern[1] != '\0' && pattern[1] != '/') pattern++;
    }
    return at == end;
}
