#include "proto/fields.h"

/* ---- the catalogue as tables ------------------------------------------------------------ */

#define COUNT_OFFSET_UINT(S, name) 0
#define COUNT_OFFSET_ID(S, name) 0
#define COUNT_OFFSET_TEXT(S, name) 0
#define COUNT_OFFSET_BLOB(S, name) 0
#define COUNT_OFFSET_ONE(S, name) 0
#define COUNT_OFFSET_LIST(S, name) offsetof(S, name##_count)
#define SHAPE_UINT(record) NULL
#define SHAPE_ID(record) NULL
#define SHAPE_TEXT(record) NULL
#define SHAPE_BLOB(record) NULL
#define SHAPE_ONE(record) &DV_SHAPE_##record
#define SHAPE_LIST(record) &DV_SHAPE_##record
#define FIELD(S, kind, name, record, max, meaning)                                                 \
    {#name,                                                                                        \
     DV_FIELD_##kind,                                                                              \
     offsetof(S, name),                                                                            \
     COUNT_OFFSET_##kind(S, name),                                                                 \
     max,                                                                                          \
     SHAPE_##kind(record),                                                                         \
     meaning},

#define RECORD_TABLE(name)                                                                         \
    static const dv_field RECORD_FIELDS_##name[] = {DV_RECORD_##name(FIELD, dv_##name)};           \
    const dv_shape DV_SHAPE_##name = {#name, sizeof(dv_##name), RECORD_FIELDS_##name,              \
                                      sizeof RECORD_FIELDS_##name / sizeof(dv_field)};
DV_RECORDS(RECORD_TABLE)

#define MESSAGE_TABLE(number, name, link, sender)                                                  \
    static const dv_field MESSAGE_FIELDS_##name[] = {DV_MESSAGE_##name(FIELD, dv_##name)};         \
    static const dv_shape MESSAGE_SHAPE_##name = {#name, sizeof(dv_##name), MESSAGE_FIELDS_##name, \
                                                  sizeof MESSAGE_FIELDS_##name /                   \
                                                      sizeof(dv_field)};                           \
    _Static_assert(number > 0 && number < DV_MSG_COUNT, "message numbers fit dispatch tables");
DV_MESSAGES(MESSAGE_TABLE)

static const dv_message_info INFO[DV_MSG_COUNT] = {
#define INFO_ROW(number, name, link, sender)                                                       \
    [number] = {DV_MSG_##name, #name, DV_LINK_##link, DV_SIDE_##sender, &MESSAGE_SHAPE_##name},
    DV_MESSAGES(INFO_ROW)
#undef INFO_ROW
};

const dv_message_info *dv_message_info_of(unsigned type)
{
    return type < DV_MSG_COUNT && INFO[type].shape != NULL ? &INFO[type] : NULL;
}

/* ---- bounds ----------------------------------------------------------------------------- */

#define HEADER_MAX 5 /* bytes before the contents of a msgpack text, blob or array */
#define UINT_MAX_SIZE 9

static size_t shape_bound(const dv_shape *shape)
{
    size_t bound = HEADER_MAX;
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const dv_field *f = &shape->fields[i];
        switch (f->kind) {
        case DV_FIELD_UINT: bound += UINT_MAX_SIZE; break;
        case DV_FIELD_ID: bound += HEADER_MAX + sizeof(dv_id); break;
        case DV_FIELD_TEXT:
        case DV_FIELD_BLOB: bound += HEADER_MAX + f->max; break;
        case DV_FIELD_ONE: bound += shape_bound(f->shape); break;
        case DV_FIELD_LIST: bound += HEADER_MAX + f->max * shape_bound(f->shape); break;
        }
    }
    return bound;
}

size_t dv_message_bound(unsigned type)
{
    const dv_message_info *info = dv_message_info_of(type);
    return info ? DV_MESSAGE_HEAD * UINT_MAX_SIZE + shape_bound(info->shape) : 0;
}
