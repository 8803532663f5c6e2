/* Copies of records that outlive what they borrow. */
#include "proto/fields.h"

/* Where memory for a list begins, after what has been laid out. */
static size_t aligned(size_t at)
{
    size_t align = _Alignof(max_align_t);
    return (at + align - 1) / align * align;
}

/* Lays out what a record borrows from `at` on, and returns where it ends. to: the memory to which it is
   moved; NULL: it stays where it is. */
static size_t lay_out(const dv_shape *shape, void *record, char *to, size_t at);

static size_t lay_out_text(const dv_field *f, void *record, char *to, size_t at)
{
    dv_text text = member_text(record, f);
    if (to == NULL) return at + text.size;
    if (text.size > 0) memcpy(to + at, text.at, text.size);
    text.at = to + at;
    memcpy((char *)record + f->offset, &text, sizeof text);
    return at + text.size;
}

static size_t lay_out_list(const dv_field *f, void *record, char *to, size_t at)
{
    uint32_t count;
    const char *list = member_list(record, f, &count);
    if (count == 0) return at;
    size_t size = count * f->shape->size;
    at = aligned(at);
    if (to != NULL) {
        list = memcpy(to + at, list, size);
        memcpy((char *)record + f->offset, &list, sizeof list);
    }
    at += size;
    for (uint32_t i = 0; i < count; i++)
        at = lay_out(f->shape, (char *)(uintptr_t)list + i * f->shape->size, to, at);
    return at;
}

static size_t lay_out(const dv_shape *shape, void *record, char *to, size_t at)
{
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const dv_field *f = &shape->fields[i];
        if (f->kind == DV_FIELD_TEXT || f->kind == DV_FIELD_BLOB)
            at = lay_out_text(f, record, to, at);
        else if (f->kind == DV_FIELD_ONE)
            at = lay_out(f->shape, (char *)record + f->offset, to, at);
        else if (f->kind == DV_FIELD_LIST)
            at = lay_out_list(f, record, to, at);
    }
    return at;
}

size_t dv_record_borrowed_size(const dv_shape *shape, const void *record)
{
    return lay_out(shape, (void *)(uintptr_t)record, NULL, 0); /* changes nothing */
}

void dv_record_borrow_from(const dv_shape *shape, void *record, void *to)
{
    lay_out(shape, record, to, 0);
}

void dv_record_keep(const dv_shape *shape, void *record, dv_arena *arena)
{
    size_t size = dv_record_borrowed_size(shape, record);
    dv_record_borrow_from(shape, record, dv_arena_alloc(arena, size));
}
