#include "proto/message.h"

#include <assert.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>

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
    return info ? UINT_MAX_SIZE + shape_bound(info->shape) : 0;
}

/* ---- buffers ---------------------------------------------------------------------------- */

static void buffer_grow(dv_buffer *buffer, size_t capacity)
{
    char *grown = realloc(buffer->bytes, capacity);
    if (grown == NULL) abort();
    buffer->bytes = grown;
    buffer->capacity = capacity;
}

/* Inline, since most of what is appended is a byte or two, of a size known when compiling. */
static inline void append(dv_buffer *buffer, const void *bytes, size_t size)
{
    if (buffer->capacity - buffer->size < size) {
        size_t capacity = buffer->capacity ? buffer->capacity : 256;
        while (capacity - buffer->size < size) capacity *= 2;
        buffer_grow(buffer, capacity);
    }
    if (size > 0) memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

void dv_buffer_add(dv_buffer *buffer, const void *bytes, size_t size)
{
    append(buffer, bytes, size);
}

void dv_buffer_fini(dv_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (dv_buffer){0};
}

/* ---- members of a struct, by offset ------------------------------------------------------ */

static const void *member(const void *record, const dv_field *f)
{
    return (const char *)record + f->offset;
}

static uint64_t member_uint(const void *record, const dv_field *f)
{
    uint64_t value;
    memcpy(&value, member(record, f), sizeof value);
    return value;
}

static dv_text member_text(const void *record, const dv_field *f)
{
    dv_text text;
    memcpy(&text, member(record, f), sizeof text);
    return text;
}

static const char *member_list(const void *record, const dv_field *f, uint32_t *ret_count)
{
    const char *list;
    memcpy(&list, member(record, f), sizeof list);
    memcpy(ret_count, (const char *)record + f->count_offset, sizeof *ret_count);
    return list;
}

/* ---- encoding --------------------------------------------------------------------------- */

/* msgpack-c's own way to pack straight into one's buffer: pack_uint64(buffer, …) and so on, where
   msgpack_pack_uint64(packer, …) would call back for each byte. */
#define msgpack_pack_inline_func(name) static inline int pack##name
#define msgpack_pack_inline_func_cint(name) static inline int pack##name
#define msgpack_pack_inline_func_fixint(name) static inline int pack_fix##name
#define msgpack_pack_user dv_buffer *
#define msgpack_pack_append_buffer(buffer, bytes, size) return append(buffer, bytes, size), 0
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

void dv_message_encode(const dv_message *message, dv_buffer *buffer)
{
    const dv_message_info *info = dv_message_info_of(message->type);
    assert(info != NULL);
    pack_array(buffer, info->shape->field_count + 1);
    pack_uint16(buffer, (uint16_t)info->type);
    encode_fields(buffer, info->shape, DV_MESSAGE_BODY(message));
}

/* ---- printing --------------------------------------------------------------------------- */

static bool is_plain(char c)
{
    return c != '"' && c != '\\' && (unsigned char)c >= 0x20;
}

/* U+FFFD stands for a NUL, which JSON could bear and most of its readers cannot. */
static void print_string(dv_buffer *buffer, dv_text text)
{
    append(buffer, "\"", 1);
    for (uint32_t i = 0; i < text.size;) {
        uint32_t end = i;
        while (end < text.size && is_plain(text.at[end])) end++;
        append(buffer, text.at + i, end - i);
        i = end;
        if (i == text.size) break;
        unsigned c = (unsigned char)text.at[i++];
        char escaped[8];
        const char *format = c < 0x20 ? "\\u%04x" : "\\%c";
        int size = snprintf(escaped, sizeof escaped, format, c > 0 ? c : 0xfffd);
        append(buffer, escaped, (size_t)size);
    }
    append(buffer, "\"", 1);
}

static void print_uint(dv_buffer *buffer, uint64_t value)
{
    char digits[20]; /* of UINT64_MAX */
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    append(buffer, digits + at, sizeof digits - at);
}

static bool is_set(const dv_field *f, const void *record)
{
    static const dv_id NIL = {{0}};
    uint32_t count = 1;
    switch (f->kind) {
    case DV_FIELD_UINT: return member_uint(record, f) != 0;
    case DV_FIELD_ID: return memcmp(member(record, f), &NIL, sizeof NIL) != 0;
    case DV_FIELD_TEXT:
    case DV_FIELD_BLOB: return member_text(record, f).size > 0;
    case DV_FIELD_ONE: break;
    case DV_FIELD_LIST: (void)member_list(record, f, &count); break;
    }
    return count > 0;
}

static void print_record(const dv_shape *shape, const void *record, bool only_set,
                         dv_buffer *buffer);

static void print_field(const dv_field *f, const void *record, bool only_set, dv_buffer *buffer)
{
    switch (f->kind) {
    case DV_FIELD_UINT: print_uint(buffer, member_uint(record, f)); break;
    case DV_FIELD_ID: {
        char id[DV_ID_TEXT_SIZE];
        dv_id_format(member(record, f), id);
        print_string(buffer, dv_text_of(id));
        break;
    }
    case DV_FIELD_TEXT: print_string(buffer, member_text(record, f)); break;
    case DV_FIELD_BLOB: print_uint(buffer, member_text(record, f).size); break;
    case DV_FIELD_ONE: print_record(f->shape, member(record, f), only_set, buffer); break;
    case DV_FIELD_LIST: {
        uint32_t count;
        const char *list = member_list(record, f, &count);
        append(buffer, "[", 1);
        for (uint32_t i = 0; i < count; i++) {
            if (i > 0) append(buffer, ",", 1);
            print_record(f->shape, list + i * f->shape->size, only_set, buffer);
        }
        append(buffer, "]", 1);
        break;
    }
    }
}

static void print_record(const dv_shape *shape, const void *record, bool only_set,
                         dv_buffer *buffer)
{
    bool first = true;
    append(buffer, "{", 1);
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const dv_field *f = &shape->fields[i];
        if (only_set && !is_set(f, record)) continue;
        if (!first) append(buffer, ",", 1);
        first = false;
        print_string(buffer, dv_text_of(f->name));
        append(buffer, ":", 1);
        print_field(f, record, only_set, buffer);
    }
    append(buffer, "}", 1);
}

void dv_record_print(const dv_shape *shape, const void *record, dv_buffer *buffer)
{
    print_record(shape, record, false, buffer);
}

void dv_record_print_set(const dv_shape *shape, const void *record, dv_buffer *buffer)
{
    print_record(shape, record, true, buffer);
}

void dv_message_print(const dv_message *message, dv_buffer *buffer)
{
    const dv_message_info *info = dv_message_info_of(message->type);
    assert(info != NULL);
    append(buffer, "{", 1);
    print_string(buffer, dv_text_of(info->name));
    append(buffer, ":", 1);
    dv_record_print(info->shape, DV_MESSAGE_BODY(message), buffer);
    append(buffer, "}", 1);
}
