#include "actors/persistence/pg/rows.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <yajl/yajl_tree.h>

#include "proto/codec.h"
#include "proto/view.h"

/* ---- fields ------------------------------------------------------------------------------- */

static dv_text field(const dv_rows *rows, int row, int column)
{
    return (dv_text){PQgetvalue(rows, row, column), (uint32_t)PQgetlength(rows, row, column)};
}

int dv_rows_count(const dv_rows *rows)
{
    return PQntuples(rows);
}

bool dv_row_is_null(const dv_rows *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) != 0;
}

uint64_t dv_row_uint(const dv_rows *rows, int row, int column)
{
    return strtoull(PQgetvalue(rows, row, column), NULL, 10);
}

dv_id dv_row_id(const dv_rows *rows, int row, int column)
{
    dv_id id = {0};
    bool good = dv_id_parse(field(rows, row, column), &id);
    (void)good; /* a null stays nil; PostgreSQL prints a uuid no other way */
    return id;
}

dv_text dv_row_text(const dv_rows *rows, int row, int column, dv_arena *arena)
{
    return dv_arena_text(arena, field(rows, row, column));
}

dv_state dv_row_state(const dv_rows *rows, int row, int column)
{
    return dv_state_of(field(rows, row, column));
}

/* ---- records ------------------------------------------------------------------------------ */

bool dv_row_terms(const dv_rows *rows, int row, int column, dv_arena *arena, dv_terms *ret_terms)
{
    ret_terms->order_id = dv_row_id(rows, row, column);
    ret_terms->client_order_id = dv_row_text(rows, row, column + 1, arena);
    ret_terms->user_id = dv_row_text(rows, row, column + 2, arena);
    ret_terms->order_type = dv_row_uint(rows, row, column + 3);
    ret_terms->swap_mode = dv_row_uint(rows, row, column + 4);
    ret_terms->token_in = dv_row_text(rows, row, column + 5, arena);
    ret_terms->token_out = dv_row_text(rows, row, column + 6, arena);
    ret_terms->amount = dv_row_uint(rows, row, column + 7);
    ret_terms->slippage_bps = dv_row_uint(rows, row, column + 8);
    ret_terms->style = dv_row_uint(rows, row, column + 9);
    ret_terms->amount_input = dv_row_text(rows, row, column + 10, arena);
    ret_terms->created_at_us = dv_row_uint(rows, row, column + 11);
    return !dv_id_is_nil(&ret_terms->order_id);
}

bool dv_row_event(const dv_rows *rows, int row, int column, dv_event *ret_event)
{
    *ret_event = (dv_event){.seq = dv_row_uint(rows, row, column),
                            .position = dv_row_uint(rows, row, column + 1),
                            .state = dv_row_state(rows, row, column + 2),
                            .attempt = dv_row_uint(rows, row, column + 3),
                            .at_us = dv_row_uint(rows, row, column + 4)};
    return ret_event->state != 0 && ret_event->attempt <= DV_U8;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool dv_row_bytes(const dv_rows *rows, int row, int column, dv_arena *arena, dv_text *ret_bytes)
{
    dv_text hex = field(rows, row, column);
    char *bytes = dv_arena_alloc(arena, hex.size / 2);
    for (uint32_t i = 0; i < hex.size / 2; i++) {
        int high = hex_digit(hex.at[2 * i]), low = hex_digit(hex.at[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = (char)(high << 4 | low);
    }
    *ret_bytes = (dv_text){bytes, hex.size / 2};
    return true;
}

/* ---- records from JSON ---------------------------------------------------------------------- */

static bool json_record(yajl_val from, const dv_shape *shape, dv_arena *arena, char *record);

/* The member of an object; NULL when it is absent or null. */
static yajl_val json_member(yajl_val object, const char *name)
{
    const char *path[] = {name, NULL};
    yajl_val value = yajl_tree_get(object, path, yajl_t_any);
    return YAJL_IS_NULL(value) ? NULL : value;
}

/* A list of records, in the arena. */
static bool json_list(yajl_val from, const dv_shape *shape, uint64_t max, dv_arena *arena,
                      char **ret_list, uint32_t *ret_count)
{
    if (!YAJL_IS_ARRAY(from) || YAJL_GET_ARRAY(from)->len > max) return false;
    uint32_t count = (uint32_t)YAJL_GET_ARRAY(from)->len;
    char *list = dv_arena_alloc(arena, count * shape->size);
    for (uint32_t i = 0; i < count; i++)
        if (!json_record(YAJL_GET_ARRAY(from)->values[i], shape, arena, list + i * shape->size))
            return false;
    *ret_list = list;
    *ret_count = count;
    return true;
}

static bool json_field(yajl_val from, const dv_field *f, dv_arena *arena, char *record)
{
    if (f->kind == DV_FIELD_UINT) {
        if (!YAJL_IS_NUMBER(from)) return false;
        uint64_t value = strtoull(YAJL_GET_NUMBER(from), NULL, 10);
        memcpy(record + f->offset, &value, sizeof value);
        return value <= f->max;
    }
    if (f->kind == DV_FIELD_LIST) {
        char *list = NULL;
        uint32_t count = 0;
        if (!json_list(from, f->shape, f->max, arena, &list, &count)) return false;
        memcpy(record + f->offset, &list, sizeof list);
        memcpy(record + f->count_offset, &count, sizeof count);
        return true;
    }
    const char *string = YAJL_GET_STRING(from);
    if (string == NULL || f->kind != DV_FIELD_TEXT) return false;
    dv_text text = dv_arena_text(arena, dv_text_of(string));
    memcpy(record + f->offset, &text, sizeof text);
    return text.size <= f->max;
}

/* A record from an object whose members are named as its fields. */
static bool json_record(yajl_val from, const dv_shape *shape, dv_arena *arena, char *record)
{
    if (!YAJL_IS_OBJECT(from)) return false;
    for (uint32_t i = 0; i < shape->field_count; i++) {
        yajl_val value = json_member(from, shape->fields[i].name);
        if (value != NULL && !json_field(value, &shape->fields[i], arena, record)) return false;
    }
    return true;
}

bool dv_row_learnt(const dv_rows *rows, int row, int column, dv_arena *arena,
                   const dv_attempt **ret_attempts, uint32_t *ret_count)
{
    char *attempts = NULL;
    *ret_count = 0;
    bool good = true;
    if (!dv_row_is_null(rows, row, column)) {
        yajl_val tree = yajl_tree_parse(PQgetvalue(rows, row, column), NULL, 0);
        good = json_list(tree, &DV_SHAPE_attempt, DV_ATTEMPTS_MAX, arena, &attempts, ret_count);
        yajl_tree_free(tree);
    }
    *ret_attempts = (const dv_attempt *)(const void *)attempts;
    return good;
}

/* ---- what batches are answered ------------------------------------------------------------ */

bool dv_rows_receipts(const dv_rows *rows, uint32_t count, dv_arena *arena, dv_store_answer *ret)
{
    dv_store_receipt *receipts = dv_arena_alloc(arena, count * sizeof *receipts);
    for (int row = 0; row < dv_rows_count(rows); row++) {
        uint64_t place = dv_row_uint(rows, row, 0);
        if (place == 0 || place > count) return false;
        dv_store_receipt *r = &receipts[place - 1];
        r->found = true;
        r->event = (dv_event){.seq = dv_row_uint(rows, row, 1),
                              .position = dv_row_uint(rows, row, 2),
                              .at_us = dv_row_uint(rows, row, 3),
                              .state = dv_row_state(rows, row, 4),
                              .attempt = dv_row_uint(rows, row, 5)};
        if (PQnfields(rows) <= 6) continue;
        r->epoch = dv_row_uint(rows, row, 6);
        r->signature = dv_row_text(rows, row, 7, arena);
    }
    ret->receipts = receipts;
    ret->count = count;
    return true;
}

/* ---- views -------------------------------------------------------------------------------- */

/* The columns of sql/parts/views.sql. */
enum {
    VIEW_HEAD,
    VIEW_MARK,
    VIEW_OWNER,
    VIEW_TERMS,
    VIEW_EVENT = VIEW_TERMS + DV_ROW_TERMS_COLUMNS,
    VIEW_LEARNT = VIEW_EVENT + DV_ROW_EVENT_COLUMNS,
};

/* Adds an event and what it taught. */
static bool add_event(const dv_rows *rows, int row, dv_arena *arena, dv_view *view)
{
    dv_event event;
    const dv_attempt *learnt;
    uint32_t count;
    return dv_row_event(rows, row, VIEW_EVENT, &event) &&
           dv_row_learnt(rows, row, VIEW_LEARNT, arena, &learnt, &count) &&
           dv_view_apply(view, &event, learnt, count, arena);
}

bool dv_rows_views(const dv_rows *rows, dv_arena *arena, dv_views *ret)
{
    size_t most = (size_t)dv_rows_count(rows);
    *ret = (dv_views){.list = dv_arena_alloc(arena, most * sizeof *ret->list)};
    for (int row = 0; row < dv_rows_count(rows); row++) {
        ret->head_position = dv_row_uint(rows, row, VIEW_HEAD);
        if (dv_row_is_null(rows, row, VIEW_OWNER)) continue; /* the row that stands for no order */
        if (dv_row_uint(rows, row, VIEW_EVENT) == 1) {
            dv_store_view *v = &ret->list[ret->count++];
            v->mark = dv_row_uint(rows, row, VIEW_MARK);
            v->owner = dv_row_text(rows, row, VIEW_OWNER, arena);
            if (!dv_row_terms(rows, row, VIEW_TERMS, arena, &v->view.terms)) return false;
        }
        if (ret->count == 0 || !add_event(rows, row, arena, &ret->list[ret->count - 1].view))
            return false;
    }
    return true;
}
