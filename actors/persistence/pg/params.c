#include "actors/persistence/pg/params.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "actors/persistence/learnt.h"
#include "proto/codec.h"

/* PostgreSQL's type numbers (src/include/catalog/pg_type.dat, version 15). */
enum {
    OID_BYTEA = 17,
    OID_BIGINT = 20,
    OID_TEXT = 25,
    OID_TIMESTAMPTZ = 1184,
    OID_UUID = 2950,
};

/* PostgreSQL counts microseconds from 2000-01-01 00:00 UTC. */
#define PG_EPOCH_US 946684800000000ll

/* ---- scalars ------------------------------------------------------------------------------ */

void dv_params_clear(dv_params *params)
{
    params->bytes.size = 0;
    params->count = 0;
}

void dv_params_fini(dv_params *params)
{
    dv_buffer_fini(&params->bytes);
}

static void add_be(dv_buffer *b, uint64_t value, int size)
{
    uint64_t bytes = htobe64(value << 8 * (8 - size));
    dv_buffer_add(b, &bytes, (size_t)size);
}

static void begin(dv_params *params)
{
    assert(params->count < DV_PARAMS_MAX);
    params->at[params->count] = params->bytes.size;
}

static void end(dv_params *params)
{
    size_t size = params->bytes.size - params->at[params->count];
    assert(size <= INT_MAX); /* bounded by the rows of a batch and the sizes of their texts */
    params->sizes[params->count++] = (int)size;
}

/* What is out of range becomes a value that PostgreSQL refuses (a time) or that no row has. */
static uint64_t clamped(uint64_t value)
{
    return value < INT64_MAX ? value : INT64_MAX - 1;
}

static uint64_t pg_time(uint64_t us)
{
    return us < INT64_MAX ? (uint64_t)((int64_t)us - PG_EPOCH_US) : (uint64_t)INT64_MAX - 1;
}

void dv_params_int(dv_params *params, uint64_t value)
{
    begin(params);
    add_be(&params->bytes, clamped(value), 8);
    end(params);
}

void dv_params_time(dv_params *params, uint64_t us)
{
    begin(params);
    add_be(&params->bytes, pg_time(us), 8);
    end(params);
}

void dv_params_id(dv_params *params, const dv_id *id)
{
    begin(params);
    dv_buffer_add(&params->bytes, id->bytes, sizeof id->bytes);
    end(params);
}

void dv_params_text(dv_params *params, dv_text text)
{
    begin(params);
    dv_buffer_add(&params->bytes, text.at, text.size);
    end(params);
}

/* ---- arrays ------------------------------------------------------------------------------- */

static const struct {
    uint32_t oid;
    bool null_if_empty;
} KINDS[] = {
    [DV_COLUMN_ID] = {OID_UUID, false},
    [DV_COLUMN_TEXT] = {OID_TEXT, false},
    [DV_COLUMN_TEXT_OR_NULL] = {OID_TEXT, true},
    [DV_COLUMN_BYTES_OR_NULL] = {OID_BYTEA, true},
    [DV_COLUMN_STATE] = {OID_TEXT, false},
    [DV_COLUMN_INT] = {OID_BIGINT, false},
    [DV_COLUMN_U64] = {OID_TEXT, false},
    [DV_COLUMN_TIME] = {OID_TIMESTAMPTZ, false},
    [DV_COLUMN_TIME_OR_NULL] = {OID_TIMESTAMPTZ, true},
    [DV_COLUMN_LEARNT_OR_NULL] = {OID_TEXT, true},
};

static void add_null(dv_buffer *b)
{
    add_be(b, UINT32_MAX, 4); /* a size of -1 */
}

static void add_sized(dv_buffer *b, const void *bytes, size_t size)
{
    add_be(b, size, 4);
    dv_buffer_add(b, bytes, size);
}

static void add_be_sized(dv_buffer *b, uint64_t value)
{
    add_be(b, 8, 4);
    add_be(b, value, 8);
}

static void add_digits(dv_buffer *b, uint64_t value)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, value);
    add_sized(b, digits, (size_t)size);
}

/* The signed bytes have a column of their own. */
static void add_learnt(dv_buffer *b, const dv_step_request *step)
{
    dv_attempt attempts[2];
    uint32_t count = dv_step_learnt(step, attempts);
    if (count == 0) {
        add_null(b);
        return;
    }
    size_t at = b->size;
    add_be(b, 0, 4); /* the size, known below */
    for (uint32_t i = 0; i < count; i++) {
        attempts[i].transaction = (dv_text){0};
        dv_buffer_add(b, i == 0 ? "[" : ",", 1);
        dv_record_print(&DV_SHAPE_attempt, &attempts[i], b);
    }
    dv_buffer_add(b, "]", 1);
    size_t size = b->size - at - 4;
    for (int i = 0; i < 4; i++) b->bytes[at + (size_t)i] = (char)(size >> 8 * (3 - i));
}

/* An element made of a number. */
static void add_uint(dv_buffer *b, dv_column_kind kind, uint64_t value)
{
    if (KINDS[kind].null_if_empty && value == 0)
        add_null(b);
    else if (kind == DV_COLUMN_INT)
        add_be_sized(b, clamped(value));
    else if (kind == DV_COLUMN_TIME || kind == DV_COLUMN_TIME_OR_NULL)
        add_be_sized(b, pg_time(value));
    else if (kind == DV_COLUMN_STATE) {
        const char *name = dv_state_name((uint8_t)value);
        add_sized(b, name, strlen(name));
    } else
        add_digits(b, value);
}

static void add_element(dv_buffer *b, const dv_column *column, const char *row)
{
    const void *member = row + column->offset;
    switch (column->kind) {
    case DV_COLUMN_ID: add_sized(b, member, sizeof(dv_id)); break;
    case DV_COLUMN_TEXT:
    case DV_COLUMN_TEXT_OR_NULL:
    case DV_COLUMN_BYTES_OR_NULL: {
        const dv_text *text = member;
        if (KINDS[column->kind].null_if_empty && text->size == 0)
            add_null(b);
        else
            add_sized(b, text->at, text->size);
        break;
    }
    case DV_COLUMN_LEARNT_OR_NULL: add_learnt(b, member); break;
    default: add_uint(b, column->kind, *(const uint64_t *)member); break;
    }
}

/* PostgreSQL's binary form of an array (array_recv): dimensions, whether nulls may occur, the
   elements' type, then size and first index of the one dimension. No dimension when empty. */
static void add_array_head(dv_buffer *b, uint32_t oid, uint32_t count)
{
    add_be(b, count > 0 ? 1 : 0, 4);
    add_be(b, 1, 4);
    add_be(b, oid, 4);
    if (count == 0) return;
    add_be(b, count, 4);
    add_be(b, 1, 4);
}

void dv_params_columns(dv_params *params, const dv_column *columns, uint32_t column_count,
                       const void *const *rows, uint32_t row_count)
{
    for (uint32_t c = 0; c < column_count; c++) {
        begin(params);
        add_array_head(&params->bytes, KINDS[columns[c].kind].oid, row_count);
        for (uint32_t r = 0; r < row_count; r++) add_element(&params->bytes, &columns[c], rows[r]);
        end(params);
    }
}
