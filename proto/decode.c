/* Decodes messages. msgpack-c would make a tree of each message, and would allocate what an array's
   header claims before it reads an element. This decoder reads each field from the bytes into its
   member. It believes no claim that the bytes do not bear out. */
#include <assert.h>

#include "proto/codec.h"

/* ---- tokens ----------------------------------------------------------------------------- */

/* Hostile bytes, from the next token on. */
typedef struct reader {
    const uint8_t *at, *end;
} reader;

static reader reader_of(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    return (reader){at, size > 0 ? at + size : at};
}

static size_t left(const reader *r)
{
    return (size_t)(r->end - r->at);
}

typedef enum token_kind { TOKEN_UINT, TOKEN_TEXT, TOKEN_BLOB, TOKEN_ARRAY } token_kind;

typedef struct token {
    token_kind kind;
    uint64_t value; /* the number, or the count of bytes or elements that follow */
} token;

static bool big_endian(reader *r, size_t size, uint64_t *ret)
{
    if (left(r) < size) return false;
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) value = value << 8 | *r->at++;
    *ret = value;
    return true;
}

/* Reads a number, or the header of another value, by msgpack's table of formats. False: it is cut
   off, claims more than there is (every element takes a byte), or has a format that no message
   uses. Those are maps, floats, extensions and negative numbers. */
static bool token_read(reader *r, token *ret)
{
    if (r->at == r->end) return false;
    uint8_t first = *r->at++;
    size_t size = 0; /* of the value; 0: the first byte holds it */
    if (first <= 0x7f)
        *ret = (token){TOKEN_UINT, first};
    else if ((first & 0xf0) == 0x90)
        *ret = (token){TOKEN_ARRAY, first & 0x0f};
    else if ((first & 0xe0) == 0xa0)
        *ret = (token){TOKEN_TEXT, first & 0x1f};
    else if (first >= 0xcc && first <= 0xcf)
        ret->kind = TOKEN_UINT, size = 1u << (first - 0xcc);
    else if (first >= 0xc4 && first <= 0xc6)
        ret->kind = TOKEN_BLOB, size = 1u << (first - 0xc4);
    else if (first >= 0xd9 && first <= 0xdb)
        ret->kind = TOKEN_TEXT, size = 1u << (first - 0xd9);
    else if (first == 0xdc || first == 0xdd)
        ret->kind = TOKEN_ARRAY, size = first == 0xdc ? 2 : 4;
    else
        return false;
    if (size > 0 && !big_endian(r, size, &ret->value)) return false;
    return ret->kind == TOKEN_UINT || ret->value <= left(r);
}

/* Skips values of any kind. */
static bool skip(reader *r, uint64_t values)
{
    for (; values > 0; values--) {
        token t;
        if (!token_read(r, &t)) return false;
        if (t.kind == TOKEN_ARRAY)
            values += t.value;
        else if (t.kind != TOKEN_UINT)
            r->at += t.value;
    }
    return true;
}

/* ---- fields ----------------------------------------------------------------------------- */

static bool decode_fields(reader *r, uint64_t count, const dv_shape *shape, dv_arena *arena,
                          char *record);

static bool decode_record(reader *r, const dv_shape *shape, dv_arena *arena, char *record)
{
    token t;
    return token_read(r, &t) && t.kind == TOKEN_ARRAY &&
           decode_fields(r, t.value, shape, arena, record);
}

static bool decode_list(reader *r, uint32_t count, const dv_field *f, dv_arena *arena, char *record)
{
    char *list = count > 0 ? dv_arena_alloc(arena, count * f->shape->size) : NULL;
    for (uint32_t i = 0; i < count; i++)
        if (!decode_record(r, f->shape, arena, list + i * f->shape->size)) return false;
    memcpy(record + f->offset, &list, sizeof list);
    memcpy(record + f->count_offset, &count, sizeof count);
    return true;
}

static dv_text contents(reader *r, const token *t)
{
    dv_text text = {(const char *)r->at, (uint32_t)t->value};
    r->at += t->value;
    return text;
}

static bool decode_field(reader *r, const dv_field *f, dv_arena *arena, char *record)
{
    token t;
    if (!token_read(r, &t)) return false;
    switch (f->kind) {
    case DV_FIELD_UINT:
        if (t.kind != TOKEN_UINT || t.value > f->max) return false;
        memcpy(record + f->offset, &t.value, sizeof t.value);
        return true;
    case DV_FIELD_ID:
        if (t.kind != TOKEN_BLOB || t.value != sizeof(dv_id)) return false;
        memcpy(record + f->offset, contents(r, &t).at, sizeof(dv_id));
        return true;
    case DV_FIELD_TEXT:
    case DV_FIELD_BLOB: {
        bool is_text = f->kind == DV_FIELD_TEXT;
        if (t.kind != (is_text ? TOKEN_TEXT : TOKEN_BLOB) || t.value > f->max) return false;
        dv_text text = contents(r, &t);
        memcpy(record + f->offset, &text, sizeof text);
        return !is_text || dv_text_is_utf8(text);
    }
    case DV_FIELD_ONE:
        return t.kind == TOKEN_ARRAY &&
               decode_fields(r, t.value, f->shape, arena, record + f->offset);
    case DV_FIELD_LIST:
        return t.kind == TOKEN_ARRAY && t.value <= f->max &&
               decode_list(r, (uint32_t)t.value, f, arena, record);
    }
    return false;
}

/* Leaves missing fields as they are, and skips unknown ones. */
static bool decode_fields(reader *r, uint64_t count, const dv_shape *shape, dv_arena *arena,
                          char *record)
{
    for (uint32_t i = 0; i < shape->field_count && count > 0; i++, count--)
        if (!decode_field(r, &shape->fields[i], arena, record)) return false;
    return skip(r, count);
}

/* ---- messages and records --------------------------------------------------------------- */

/* Takes a message's head: its type, its request id, and how many fields follow. */
static bool head_read(reader *r, uint64_t *ret_type, uint64_t *ret_request_id, uint64_t *ret_fields)
{
    token array, type, request;
    if (!token_read(r, &array) || array.kind != TOKEN_ARRAY || array.value < DV_MESSAGE_HEAD)
        return false;
    if (!token_read(r, &type) || type.kind != TOKEN_UINT) return false;
    if (!token_read(r, &request) || request.kind != TOKEN_UINT) return false;
    *ret_type = type.value;
    *ret_request_id = request.value;
    *ret_fields = array.value - DV_MESSAGE_HEAD;
    return true;
}

static bool decode_message(reader *r, dv_arena *arena, dv_message *ret)
{
    uint64_t type, request_id, fields;
    if (!head_read(r, &type, &request_id, &fields) || type >= DV_MSG_COUNT) return false;
    const dv_message_info *info = dv_message_info_of((unsigned)type);
    if (info == NULL) return false;
    ret->type = info->type;
    ret->request_id = request_id;
    memset(ret->body, 0, info->shape->size);
    return decode_fields(r, fields, info->shape, arena, ret->body);
}

dv_text dv_message_body(dv_text bytes, dv_message_type *ret_type, uint32_t *ret_fields)
{
    reader r = reader_of(bytes.at, bytes.size);
    uint64_t type, request_id, fields;
    bool whole = head_read(&r, &type, &request_id, &fields) && type < DV_MSG_COUNT;
    assert(whole);
    *ret_type = (dv_message_type)type;
    *ret_fields = (uint32_t)fields;
    return (dv_text){(const char *)r.at, (uint32_t)left(&r)};
}

dv_message_type dv_message_type_of(dv_text bytes)
{
    dv_message_type type;
    uint32_t fields;
    (void)dv_message_body(bytes, &type, &fields);
    return type;
}

dv_err dv_frame_decode(dv_text *frame, dv_arena *arena, dv_message *ret_message)
{
    reader start = reader_of(frame->at, frame->size), r = start;
    bool good = decode_message(&r, arena, ret_message);
    if (!good) {
        r = start;
        if (!skip(&r, 1)) r.at = r.end;
    }
    size_t size = (size_t)(r.at - start.at);
    frame->at += size;
    frame->size -= (uint32_t)size;
    if (size > DV_MESSAGE_SIZE_MAX) return DV_MESSAGE_TOO_LARGE;
    return good ? DV_OK : DV_MESSAGE_MALFORMED;
}

dv_err dv_message_decode(const void *bytes, size_t size, dv_arena *arena, dv_message *ret_message)
{
    if (size > DV_MESSAGE_SIZE_MAX) return DV_MESSAGE_TOO_LARGE;
    dv_text rest = {bytes, (uint32_t)size};
    dv_err error = dv_frame_decode(&rest, arena, ret_message);
    return error == DV_OK && rest.size > 0 ? DV_MESSAGE_MALFORMED : error;
}

dv_err dv_record_decode(const dv_shape *shape, const void *bytes, size_t size, dv_arena *arena,
                        void *ret_record)
{
    reader r = reader_of(bytes, size);
    memset(ret_record, 0, shape->size);
    bool good = decode_record(&r, shape, arena, ret_record) && r.at == r.end;
    return good ? DV_OK : DV_MESSAGE_MALFORMED;
}

uint32_t dv_frame_count(const void *bytes, size_t size)
{
    uint32_t count = 0;
    for (reader r = reader_of(bytes, size); left(&r) > 0; count++)
        if (!skip(&r, 1)) return 0;
    return count;
}
