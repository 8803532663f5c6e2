#include "bench/load/scan.h"

/* What follows the first needle; NULL: there is none. */
static const char *after(const char *bytes, size_t size, const char *needle)
{
    if (size == 0) return NULL;
    const char *at = memmem(bytes, size, needle, strlen(needle));
    return at == NULL ? NULL : at + strlen(needle);
}

dv_text load_scan_text(const char *bytes, size_t size, const char *needle)
{
    const char *at = after(bytes, size, needle);
    if (at == NULL) return (dv_text){0};
    const char *end = memchr(at, '"', size - (size_t)(at - bytes));
    if (end == NULL) return (dv_text){0};
    return (dv_text){at, (uint32_t)(end - at)};
}

bool load_scan_number(const char *bytes, size_t size, const char *needle, uint64_t *ret_number)
{
    const char *at = after(bytes, size, needle), *end = bytes + size;
    if (at == NULL) return false;
    while (at < end && *at == ' ') at++;
    uint64_t number = 0;
    const char *first = at;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (number > (UINT64_MAX - digit) / 10) return false;
        number = 10 * number + digit;
    }
    if (at == first) return false;
    *ret_number = number;
    return true;
}

size_t load_scan_count(const char *bytes, size_t size, const char *needle)
{
    size_t count = 0;
    for (const char *at; (at = after(bytes, size, needle)) != NULL; count++) {
        size -= (size_t)(at - bytes);
        bytes = at;
    }
    return count;
}
