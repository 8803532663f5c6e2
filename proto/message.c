#include "proto/message.h"

#include <assert.h>
#include <msgpack.h>
#include <pthread.h>
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

/* Every message's body begins at the same place of the union. */
#define BODY_OFFSET offsetof(dv_message, order_submit)

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

void dv_buffer_add(dv_buffer *buffer, const void *bytes, size_t size)
{
    if (buffer->capacity - buffer->size < size) {
        size_t capacity = buffer->capacity ? buffer->capacity : 256;
        while (capacity - buffer->size < size) capacity *= 2;
        buffer_grow(buffer, capacity);
    }
    if (size > 0) memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

void dv_buffer_add_exact(dv_buffer *buffer, const void *bytes, size_t size)
{
    if (buffer->capacity - buffer->size < size) buffer_grow(buffer, buffer->size + size);
    dv_buffer_add(buffer, bytes, size);
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

/* Most of what msgpack-c writes is a single byte: a header, or a small number. */
static int buffer_write(void *data, const char *bytes, size_t size)
{
    dv_buffer *buffer = data;
    if (size == 1 && buffer->size < buffer->capacity)
        buffer->bytes[buffer->size++] = *bytes;
    else
        dv_buffer_add(buffer, bytes, size);
    return 0;
}

static void encode_fields(msgpack_packer *packer, const dv_shape *shape, const void *record);

static void encode_field(msgpack_packer *packer, const dv_field *f, const void *record)
{
    switch (f->kind) {
    case DV_FIELD_UINT:
        assert(member_uint(record, f) <= f->max);
        msgpack_pack_uint64(packer, member_uint(record, f));
        break;
    case DV_FIELD_ID:
        msgpack_pack_bin(packer, sizeof(dv_id));
        msgpack_pack_bin_body(packer, member(record, f), sizeof(dv_id));
        break;
    case DV_FIELD_TEXT: {
        dv_text text = member_text(record, f);
        assert(text.size <= f->max);
        msgpack_pack_str(packer, text.size);
        msgpack_pack_str_body(packer, text.at, text.size);
        break;
    }
    case DV_FIELD_BLOB: {
        dv_text blob = member_text(record, f);
        assert(blob.size <= f->max);
        msgpack_pack_bin(packer, blob.size);
        msgpack_pack_bin_body(packer, blob.at, blob.size);
        break;
    }
    case DV_FIELD_ONE:
        msgpack_pack_array(packer, f->shape->field_count);
        encode_fields(packer, f->shape, member(record, f));
        break;
    case DV_FIELD_LIST: {
        uint32_t count;
        const char *list = member_list(record, f, &count);
        assert(count <= f->max);
        msgpack_pack_array(packer, count);
        for (uint32_t i = 0; i < count; i++) {
            msgpack_pack_array(packer, f->shape->field_count);
            encode_fields(packer, f->shape, list + i * f->shape->size);
        }
        break;
    }
    }
}

static void encode_fields(msgpack_packer *packer, const dv_shape *shape, const void *record)
{
    for (uint32_t i = 0; i < shape->field_count; i++)
        encode_field(packer, &shape->fields[i], record);
}

void dv_message_encode(const dv_message *message, dv_buffer *buffer)
{
    const dv_message_info *info = dv_message_info_of(message->type);
    assert(info != NULL);
    msgpack_packer packer;
    msgpack_packer_init(&packer, buffer, buffer_write);
    msgpack_pack_array(&packer, info->shape->field_count + 1);
    msgpack_pack_uint16(&packer, (uint16_t)info->type);
    encode_fields(&packer, info->shape, (const char *)message + BODY_OFFSET);
}

void dv_record_encode(const dv_shape *shape, const void *record, dv_buffer *buffer)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, buffer, buffer_write);
    msgpack_pack_array(&packer, shape->field_count);
    encode_fields(&packer, shape, record);
}

/* ---- decoding --------------------------------------------------------------------------- */

/* The contents that follow a msgpack header byte: how many bytes of length it is followed by, how
   many bytes of contents (fixed ones), or how many elements. */
typedef struct token {
    size_t header;   /* bytes, the first one included */
    uint64_t body;   /* bytes to skip */
    uint64_t nested; /* elements that follow */
} token;

static uint64_t big_endian(const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) value = value << 8 | at[i];
    return value;
}

/* Reads one header of the msgpack specification's table of formats. False when it is cut off, or of
   a format that no message uses (maps, floats, extensions, negative numbers). */
static bool token_read(const uint8_t *at, size_t left, token *ret)
{
    uint8_t first = at[0];
    size_t length = 0; /* bytes of the length that follows */
    *ret = (token){.header = 1};
    if (first <= 0x7f) return true;
    if ((first & 0xf0) == 0x90) {
        ret->nested = first & 0x0f;
        return true;
    }
    if ((first & 0xe0) == 0xa0) {
        ret->body = first & 0x1f;
        return true;
    }
    switch (first) {
    case 0xcc: ret->body = 1; return true;
    case 0xcd: ret->body = 2; return true;
    case 0xce: ret->body = 4; return true;
    case 0xcf: ret->body = 8; return true;
    case 0xc4:
    case 0xd9: length = 1; break;
    case 0xc5:
    case 0xda:
    case 0xdc: length = 2; break;
    case 0xc6:
    case 0xdb:
    case 0xdd: length = 4; break;
    default: return false;
    }
    if (left < 1 + length) return false;
    ret->header += length;
    uint64_t value = big_endian(at + 1, length);
    if (first == 0xdc || first == 0xdd)
        ret->nested = value;
    else
        ret->body = value;
    return true;
}

/* The size of the value that bytes begin with; 0: there is none. msgpack-c reserves memory for as
   many elements as an array's header claims, before it reads one. So first check that every claim
   can be true: all elements are there. */
static size_t value_size(const uint8_t *bytes, size_t size)
{
    uint64_t open = 1; /* elements still to come */
    size_t at = 0;
    while (open > 0) {
        token t;
        if (at >= size || !token_read(bytes + at, size - at, &t)) return 0;
        size_t left = size - at - t.header;
        if (t.body > left || t.nested > left || open > left + 1) return 0;
        at += t.header + (size_t)t.body;
        open += t.nested - 1;
    }
    return at;
}

uint32_t dv_frame_count(const void *bytes, size_t size)
{
    uint32_t count = 0;
    for (size_t at = 0, taken; at < size; at += taken, count++) {
        taken = value_size((const uint8_t *)bytes + at, size - at);
        if (taken == 0) return 0;
    }
    return count;
}

dv_text dv_frame_next(dv_text *frame)
{
    size_t size = value_size((const uint8_t *)frame->at, frame->size);
    if (size == 0) size = frame->size; /* what is wrong with it, its decoder tells */
    dv_text first = {frame->at, (uint32_t)size};
    frame->at += size;
    frame->size -= (uint32_t)size;
    return first;
}

static bool decode_fields(const msgpack_object *from, uint32_t count, const dv_shape *shape,
                          dv_arena *arena, char *record);

static bool decode_list(const msgpack_object *from, const dv_field *f, dv_arena *arena,
                        char *record)
{
    if (from->type != MSGPACK_OBJECT_ARRAY || from->via.array.size > f->max) return false;
    uint32_t count = from->via.array.size;
    char *list = count > 0 ? dv_arena_alloc(arena, count * f->shape->size) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        const msgpack_object *element = &from->via.array.ptr[i];
        if (element->type != MSGPACK_OBJECT_ARRAY ||
            !decode_fields(element->via.array.ptr, element->via.array.size, f->shape, arena,
                           list + i * f->shape->size))
            return false;
    }
    memcpy(record + f->offset, &list, sizeof list);
    memcpy(record + f->count_offset, &count, sizeof count);
    return true;
}

static bool decode_field(const msgpack_object *from, const dv_field *f, dv_arena *arena,
                         char *record)
{
    switch (f->kind) {
    case DV_FIELD_UINT:
        if (from->type != MSGPACK_OBJECT_POSITIVE_INTEGER || from->via.u64 > f->max) return false;
        memcpy(record + f->offset, &from->via.u64, sizeof from->via.u64);
        return true;
    case DV_FIELD_ID:
        if (from->type != MSGPACK_OBJECT_BIN || from->via.bin.size != sizeof(dv_id)) return false;
        memcpy(record + f->offset, from->via.bin.ptr, sizeof(dv_id));
        return true;
    case DV_FIELD_TEXT: {
        if (from->type != MSGPACK_OBJECT_STR || from->via.str.size > f->max) return false;
        dv_text text = {from->via.str.ptr, from->via.str.size};
        if (!dv_text_is_utf8(text)) return false;
        memcpy(record + f->offset, &text, sizeof text);
        return true;
    }
    case DV_FIELD_BLOB: {
        if (from->type != MSGPACK_OBJECT_BIN || from->via.bin.size > f->max) return false;
        dv_text blob = {from->via.bin.ptr, from->via.bin.size};
        memcpy(record + f->offset, &blob, sizeof blob);
        return true;
    }
    case DV_FIELD_ONE:
        return from->type == MSGPACK_OBJECT_ARRAY &&
               decode_fields(from->via.array.ptr, from->via.array.size, f->shape, arena,
                             record + f->offset);
    case DV_FIELD_LIST: return decode_list(from, f, arena, record);
    }
    return false;
}

static bool decode_fields(const msgpack_object *from, uint32_t count, const dv_shape *shape,
                          dv_arena *arena, char *record)
{
    for (uint32_t i = 0; i < shape->field_count && i < count; i++)
        if (!decode_field(&from[i], &shape->fields[i], arena, record)) return false;
    return true;
}

/* A thread's workspace for msgpack-c, kept so that decoding allocates nothing in steady state. */
static pthread_key_t zone_key;
static pthread_once_t zone_once = PTHREAD_ONCE_INIT;
static _Thread_local msgpack_zone *thread_zone;

static void zone_destroy(void *zone)
{
    msgpack_zone_free(zone);
}

static void zone_key_make(void)
{
    if (pthread_key_create(&zone_key, zone_destroy) != 0) abort();
}

static msgpack_zone *zone_clean(void)
{
    if (thread_zone == NULL) {
        pthread_once(&zone_once, zone_key_make);
        thread_zone = msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
        if (thread_zone == NULL || pthread_setspecific(zone_key, thread_zone) != 0) abort();
    }
    msgpack_zone_clear(thread_zone);
    return thread_zone;
}

void dv_message_rest(void)
{
    if (thread_zone == NULL) return;
    pthread_setspecific(zone_key, NULL);
    msgpack_zone_free(thread_zone);
    thread_zone = NULL;
}

static bool unpack(const void *bytes, size_t size, msgpack_object *ret)
{
    size_t offset = 0;
    return size > 0 && value_size(bytes, size) == size &&
           msgpack_unpack(bytes, size, &offset, zone_clean(), ret) == MSGPACK_UNPACK_SUCCESS &&
           ret->type == MSGPACK_OBJECT_ARRAY;
}

dv_err dv_message_decode(const void *bytes, size_t size, dv_arena *arena, dv_message *ret_message)
{
    if (size > DV_MESSAGE_SIZE_MAX) return DV_MESSAGE_TOO_LARGE;

    msgpack_object array;
    if (!unpack(bytes, size, &array)) return DV_MESSAGE_MALFORMED;
    uint32_t count = array.via.array.size;
    const msgpack_object *fields = array.via.array.ptr;
    if (count == 0 || fields[0].type != MSGPACK_OBJECT_POSITIVE_INTEGER ||
        fields[0].via.u64 >= DV_MSG_COUNT)
        return DV_MESSAGE_MALFORMED;
    const dv_message_info *info = dv_message_info_of((unsigned)fields[0].via.u64);
    if (info == NULL) return DV_MESSAGE_MALFORMED;

    dv_message message = {.type = info->type};
    memset((char *)&message + BODY_OFFSET, 0, info->shape->size);
    if (!decode_fields(fields + 1, count - 1, info->shape, arena, (char *)&message + BODY_OFFSET))
        return DV_MESSAGE_MALFORMED;
    *ret_message = message;
    return DV_OK;
}

dv_err dv_record_decode(const dv_shape *shape, const void *bytes, size_t size, dv_arena *arena,
                        void *ret_record)
{
    msgpack_object array;
    if (!unpack(bytes, size, &array)) return DV_MESSAGE_MALFORMED;
    char *record = dv_arena_alloc(arena, shape->size);
    if (!decode_fields(array.via.array.ptr, array.via.array.size, shape, arena, record))
        return DV_MESSAGE_MALFORMED;
    memcpy(ret_record, record, shape->size);
    return DV_OK;
}

/* ---- printing --------------------------------------------------------------------------- */

static bool is_plain(char c)
{
    return c != '"' && c != '\\' && (unsigned char)c >= 0x20;
}

/* U+FFFD stands for a NUL, which JSON could bear and most of its readers cannot. */
static void print_string(dv_buffer *buffer, dv_text text)
{
    dv_buffer_add(buffer, "\"", 1);
    for (uint32_t i = 0; i < text.size;) {
        uint32_t end = i;
        while (end < text.size && is_plain(text.at[end])) end++;
        dv_buffer_add(buffer, text.at + i, end - i);
        i = end;
        if (i == text.size) break;
        unsigned c = (unsigned char)text.at[i++];
        char escaped[8];
        const char *format = c < 0x20 ? "\\u%04x" : "\\%c";
        int size = snprintf(escaped, sizeof escaped, format, c > 0 ? c : 0xfffd);
        dv_buffer_add(buffer, escaped, (size_t)size);
    }
    dv_buffer_add(buffer, "\"", 1);
}

static void print_uint(dv_buffer *buffer, uint64_t value)
{
    char digits[20]; /* of UINT64_MAX */
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    dv_buffer_add(buffer, digits + at, sizeof digits - at);
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
        dv_buffer_add(buffer, "[", 1);
        for (uint32_t i = 0; i < count; i++) {
            if (i > 0) dv_buffer_add(buffer, ",", 1);
            print_record(f->shape, list + i * f->shape->size, only_set, buffer);
        }
        dv_buffer_add(buffer, "]", 1);
        break;
    }
    }
}

static void print_record(const dv_shape *shape, const void *record, bool only_set,
                         dv_buffer *buffer)
{
    bool first = true;
    dv_buffer_add(buffer, "{", 1);
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const dv_field *f = &shape->fields[i];
        if (only_set && !is_set(f, record)) continue;
        if (!first) dv_buffer_add(buffer, ",", 1);
        first = false;
        print_string(buffer, dv_text_of(f->name));
        dv_buffer_add(buffer, ":", 1);
        print_field(f, record, only_set, buffer);
    }
    dv_buffer_add(buffer, "}", 1);
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
    dv_buffer_add(buffer, "{", 1);
    print_string(buffer, dv_text_of(info->name));
    dv_buffer_add(buffer, ":", 1);
    dv_record_print(info->shape, (const char *)message + BODY_OFFSET, buffer);
    dv_buffer_add(buffer, "}", 1);
}
