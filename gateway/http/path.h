/* Paths of requests, and the patterns that they are held against. */
#ifndef DV_GATEWAY_HTTP_PATH_H
#define DV_GATEWAY_HTTP_PATH_H

#include <stdbool.h>

#include "proto/text.h"

/* Whether a path has the shape of a pattern, in which one segment may be ":name" for any segment
   that is not empty. ret_capture: that segment as it came, empty without one. */
bool dv_path_is(dv_text path, const char *pattern, dv_text *ret_capture);

#endif
