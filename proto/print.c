#include <stdio.h>

#include "proto/fields.h"

static bool is_plain(char c)
{
    return c != '"' && c != '\\' && (unsigned char)c >= 0x20;
}

/* U+FFFD stands for a NUL, which JSON allows and most of its readers do not. */
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

static void print_field(const dv_field *f, const void *record, dv_buffer *buffer)
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
    case DV_FIELD_ONE: dv_record_print(f->shape, member(record, f), buffer); break;
    case DV_FIELD_LIST: {
        uint32_t count;
        const char *list = member_list(record, f, &count);
        dv_buffer_add(buffer, "[", 1);
        for (uint32_t i = 0; i < count; i++) {
            if (i > 0) dv_buffer_add(buffer, ",", 1);
            dv_record_print(f->shape, list + i * f->shape->size, buffer);
        }
        dv_buffer_add(buffer, "]", 1);
        break;
    }
    }
}

void dv_record_print(const dv_shape *shape, const void *record, dv_buffer *buffer)
{
    bool first = true;
    dv_buffer_add(buffer, "{", 1);
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const dv_field *f = &shape->fields[i];
        if (!is_set(f, record)) continue;
        if (!first) dv_buffer_add(buffer, ",", 1);
        first = false;
        print_string(buffer, dv_text_of(f->name));
        dv_buffer_add(buffer, ":", 1);
        print_field(f, record, buffer);
    }
    dv_buffer_add(buffer, "}", 1);
}
