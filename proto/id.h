/* Order ids: UUID version 7 (RFC 9562, section 5.7), which sort by the time of their making. */
#ifndef DV_PROTO_ID_H
#define DV_PROTO_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/text.h"

typedef struct dv_id {
    uint8_t bytes[16];
} dv_id;

#define DV_ID_TEXT_SIZE 37 /* 36 characters and a NUL */

/* Makes a version-7 id from a wall time and 74 random bits. Ids of one millisecond are not ordered.
   wall_us: microseconds since 1970. random: 10 bytes from a cryptographic source. */
dv_id dv_id_make(int64_t wall_us, const uint8_t random[10]);

/* Writes the canonical lower-case form, NUL-terminated. */
void dv_id_format(const dv_id *id, char ret_text[DV_ID_TEXT_SIZE]);

/* Reads the canonical form of any version, in either case. False, and nothing written, for other
   texts. */
bool dv_id_parse(dv_text text, dv_id *ret_id);

static inline bool dv_id_equal(const dv_id *a, const dv_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Whether all bytes are zero: the id that stands for none. */
static inline bool dv_id_is_nil(const dv_id *id)
{
    static const dv_id nil;
    return dv_id_equal(id, &nil);
}

#endif
