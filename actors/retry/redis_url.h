/* Where Redis is: redis://[[user]:password@]host[:port][/database]. */
#ifndef DV_REDIS_URL_H
#define DV_REDIS_URL_H

#include <stdint.h>

#include "proto/error.h"

#define DV_REDIS_PART_MAX 256 /* bytes of a part, its NUL included */

typedef struct dv_redis_url {
    char user[DV_REDIS_PART_MAX];     /* empty: the default user */
    char password[DV_REDIS_PART_MAX]; /* empty: none is asked for */
    char host[DV_REDIS_PART_MAX];     /* a name or an address, IPv6 without its brackets */
    uint16_t port;
    uint32_t database;
} dv_redis_url;

/* Reads a URL; %XX is decoded in user and password, the port is 6379 unless given.
   On CONFIG_INVALID ret_why (200 bytes) says what is wrong, without repeating the password. */
DV_MUST_CHECK dv_err dv_redis_url_parse(const char *text, dv_redis_url *ret_url, char *ret_why);

#endif
