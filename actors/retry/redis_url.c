#include "actors/retry/redis_url.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

#include "proto/message.h"
#include "proto/text.h"

#define SCHEME "redis://"
#define PORT_DEFAULT 6379
#define DATABASE_MAX 65535

static dv_err refuse(char *ret_why, const char *what)
{
    snprintf(ret_why, DV_REASON_MAX,
             "redis_url %s: it must be redis://[[user]:password@]host[:port][/database]", what);
    return DV_CONFIG_INVALID;
}

static int hex_value(char c)
{
    if (!isxdigit((unsigned char)c)) return -1;
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Copies a part, decoding %XX. False when it is too long or wrongly escaped. */
static bool part_decode(dv_text part, char ret_part[DV_REDIS_PART_MAX])
{
    size_t n = 0;
    for (uint32_t i = 0; i < part.size; i++, n++) {
        if (n + 1 >= DV_REDIS_PART_MAX) return false;
        ret_part[n] = part.at[i];
        if (part.at[i] != '%') continue;
        if (i + 2 >= part.size) return false;
        int high = hex_value(part.at[i + 1]), low = hex_value(part.at[i + 2]);
        if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
        ret_part[n] = (char)(high * 16 + low);
        i += 2;
    }
    ret_part[n] = '\0';
    return true;
}

/* Reads digits only, up to `most`. */
static bool number_parse(dv_text text, uint32_t most, uint32_t *ret_number)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < text.size; i++) {
        if (!isdigit((unsigned char)text.at[i])) return false;
        number = number * 10 + (uint32_t)(text.at[i] - '0');
        if (number > most) return false;
    }
    *ret_number = number;
    return text.size > 0;
}

/* Cuts the text at a character: what is before it is returned, what is after it remains. Without
   the character all of the text is returned and nothing remains. */
static dv_text cut(dv_text *text, const char *at)
{
    dv_text before = *text;
    if (at == NULL) {
        *text = (dv_text){0};
        return before;
    }
    before.size = (uint32_t)(at - text->at);
    text->at = at + 1;
    text->size -= before.size + 1;
    return before;
}

static const char *first_of(dv_text text, char c)
{
    return text.size > 0 ? memchr(text.at, c, text.size) : NULL;
}

static bool credentials_parse(dv_text text, dv_redis_url *url)
{
    const char *colon = first_of(text, ':');
    if (colon == NULL) return false;
    dv_text user = cut(&text, colon);
    return text.size > 0 && part_decode(user, url->user) && part_decode(text, url->password);
}

/* host, host:port, [address] or [address]:port. */
static bool address_parse(dv_text text, dv_redis_url *url)
{
    dv_text host = text;
    const char *end = text.at + text.size, *host_end = first_of(text, ':');
    if (text.size > 0 && *text.at == '[') {
        const char *bracket = first_of(text, ']');
        if (bracket == NULL) return false;
        host = (dv_text){text.at + 1, (uint32_t)(bracket - text.at - 1)};
        host_end = bracket + 1;
    } else if (host_end != NULL) {
        host.size = (uint32_t)(host_end - text.at);
    }
    uint32_t port = PORT_DEFAULT;
    if (host_end != NULL && host_end != end) {
        dv_text digits = {host_end + 1, (uint32_t)(end - host_end - 1)};
        if (*host_end != ':' || !number_parse(digits, UINT16_MAX, &port) || port == 0) return false;
    }
    if (host.size == 0 || host.size >= sizeof url->host) return false;
    dv_text_copy(url->host, sizeof url->host, host);
    url->port = (uint16_t)port;
    return true;
}

dv_err dv_redis_url_parse(const char *text, dv_redis_url *ret_url, char *ret_why)
{
    dv_redis_url url = {0};
    dv_text rest = dv_text_of(text);
    if (rest.size == 0) return refuse(ret_why, "is not set (nor REDIS_URL, nor REDIS_HOST)");
    if (strncmp(text, SCHEME, strlen(SCHEME)) != 0) return refuse(ret_why, "is not redis://…");
    rest.at += strlen(SCHEME);
    rest.size -= (uint32_t)strlen(SCHEME);
    const char *at = rest.size > 0 ? memrchr(rest.at, '@', rest.size) : NULL;
    if (at != NULL && !credentials_parse(cut(&rest, at), &url))
        return refuse(ret_why, "has no usable password before the @");
    const char *slash = first_of(rest, '/');
    if (!address_parse(cut(&rest, slash), &url)) return refuse(ret_why, "has no usable host:port");
    if (rest.size > 0 && !number_parse(rest, DATABASE_MAX, &url.database))
        return refuse(ret_why, "has a database that is not a number");
    *ret_url = url;
    return DV_OK;
}
