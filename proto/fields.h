/* Reads members of a record or message by the offsets of their shape. Only the codec includes
   this. */
#ifndef DV_PROTO_FIELDS_H
#define DV_PROTO_FIELDS_H

#include <string.h>

#include "proto/codec.h"

static inline const void *member(const void *record, const dv_field *f)
{
    return (const char *)record + f->offset;
}

static inline uint64_t member_uint(const void *record, const dv_field *f)
{
    uint64_t value;
    memcpy(&value, member(record, f), sizeof value);
    return value;
}

static inline dv_text member_text(const void *record, const dv_field *f)
{
    dv_text text;
    memcpy(&text, member(record, f), sizeof text);
    return text;
}

static inline const char *member_list(const void *record, const dv_field *f, uint32_t *ret_count)
{
    const char *list;
    memcpy(&list, member(record, f), sizeof list);
    memcpy(ret_count, (const char *)record + f->count_offset, sizeof *ret_count);
    return list;
}

#endif
