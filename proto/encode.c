#include <assert.h>
#include <msgpack.h>

#include "proto/fields.h"

/* Makes msgpack-c pack straight into our buffer: pack_uint64(buffer, …) and so on. Its
   msgpack_pack_uint64(packer, …) would call back for each byte. */
#define msgpack_pack_inline_func(name) static inline int pack##name
#define msgpack_pack_inline_func_cint(name) static inline int pack##name
#define msgpack_pack_inline_func_fixint(name) static inline int pack_fix##name
#define msgpack_pack_user dv_buffer *
#define msgpack_pack_append_buffer(buffer, bytes, size) return dv_buffer_add(buffer, bytes, size), 0
#include <msgpack/pack_template.h>

static void encode_fields(dv_buffer *buffer, const dv_shape *shape, const void *record);

static void encode_field(dv_buffer *buffer, const dv_field *f, const void *record)
{
    switch (f->kind) {
    case DV_FIELD_UINT:
        assert(member_uint(record, f) <= f->max);
        pack_uint64(buffer, member_uint(record, f));
        break;
    case DV_FIELD_ID:
        pack_bin(buffer, sizeof(dv_id));
        pack_bin_body(buffer, member(record, f), sizeof(dv_id));
        break;
    case DV_FIELD_TEXT: {
        dv_text text = member_text(record, f);
        assert(text.size <= f->max);
        pack_str(buffer, text.size);
        pack_str_body(buffer, text.at, text.size);
        break;
    }
    case DV_FIELD_BLOB: {
        dv_text blob = member_text(record, f);
        assert(blob.size <= f->max);
        pack_bin(buffer, blob.size);
        pack_bin_body(buffer, blob.at, blob.size);
        break;
    }
    case DV_FIELD_ONE: dv_record_encode(f->shape, member(record, f), buffer); break;
    case DV_FIELD_LIST: {
        uint32_t count;
        const char *list = member_list(record, f, &count);
        assert(count <= f->max);
        pack_array(buffer, count);
        for (uint32_t i = 0; i < count; i++)
            dv_record_encode(f->shape, list + i * f->shape->size, buffer);
        break;
    }
    }
}

static void encode_fields(dv_buffer *buffer, const dv_shape *shape, const void *record)
{
    for (uint32_t i = 0; i < shape->field_count; i++)
        encode_field(buffer, &shape->fields[i], record);
}

void dv_record_encode(const dv_shape *shape, const void *record, dv_buffer *buffer)
{
    pack_array(buffer, shape->field_count);
    encode_fields(buffer, shape, record);
}

static void head_encode(dv_buffer *buffer, uint32_t fields, dv_message_type type,
                        uint64_t request_id)
{
    pack_array(buffer, fields + DV_MESSAGE_HEAD);
    pack_uint16(buffer, (uint16_t)type);
    pack_uint64(buffer, request_id);
}

void dv_message_encode(const dv_message *message, dv_buffer *buffer)
{
    const dv_message_info *info = dv_message_info_of(message->type);
    assert(info != NULL);
    head_encode(buffer, info->shape->field_count, info->type, message->request_id);
    encode_fields(buffer, info->shape, message->body);
}

void dv_message_encode_again(dv_text bytes, uint64_t request_id, dv_buffer *buffer)
{
    dv_message_type type;
    uint32_t fields;
    dv_text body = dv_message_body(bytes, &type, &fields);
    head_encode(buffer, fields, type, request_id);
    dv_buffer_add(buffer, body.at, body.size);
}
