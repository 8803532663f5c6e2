/* Members of the JSON that an engine answers, found by their bytes: no text is parsed on the hot
   path. A needle is the member's name with its quotes and colon, e.g. "\"orderId\":\"". */
#ifndef DV_BENCH_LOAD_SCAN_H
#define DV_BENCH_LOAD_SCAN_H

#include <stddef.h>

#include "proto/text.h"

/* The text after the first needle, up to the next quote; empty when there is none. Borrowed. */
dv_text load_scan_text(const char *bytes, size_t size, const char *needle);

/* The whole number after the first needle. False, and nothing written, when there is none or it
   does not fit. */
bool load_scan_number(const char *bytes, size_t size, const char *needle, uint64_t *ret_number);

/* How often the needle occurs. */
size_t load_scan_count(const char *bytes, size_t size, const char *needle);

#endif
