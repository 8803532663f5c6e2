/* Patterns of paths. */
#ifndef DV_GATEWAY_HTTP_PATH_H
#define DV_GATEWAY_HTTP_PATH_H

#include <stdbool.h>

#include "proto/text.h"

/* Whether a path has the shape of a pattern. One segment of the pattern may be ":name", for any
   segment that is not empty. ret_capture: that segment of the path; empty when there is none. */
bool dv_path_is(dv_text path, const char *pattern, dv_text *ret_capture);

#endif
