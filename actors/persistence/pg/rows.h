/* Records to the parameters of a statement, and rows of its result to records: the part of
   store_pg that knows columns, and PostgreSQL's binary formats. */
#ifndef DV_STORE_ROWS_H
#define DV_STORE_ROWS_H

#include <libpq-fe.h>
#include <stddef.h>

#include "actors/persistence/store.h"
#include "proto/arena.h"
#include "proto/buffer.h"

#define DV_PARAMS_MAX 16

/* The parameters of one statement, all binary. Starts as {0}, is reused; dv_params_fini frees. */
typedef struct dv_params {
    dv_buffer bytes;
    uint32_t count;
    size_t at[DV_PARAMS_MAX];
    int sizes[DV_PARAMS_MAX];
} dv_params;

/* Empties it, or frees its memory. */
void dv_params_clear(dv_params *params);
void dv_params_fini(dv_params *params);

/* Appends a scalar. */
void dv_params_int(dv_params *params, uint64_t value); /* bigint; above its range: the largest */
void dv_params_time(dv_params *params, uint64_t us);   /* timestamptz; 0 is 1970 */
void dv_params_id(dv_params *params, const dv_id *id);
void dv_params_text(dv_params *params, dv_text text);

/* How a member becomes an element of an array. An empty text and a zero number become null where
   the name says so. */
typedef enum dv_column_kind {
    DV_COLUMN_ID,             /* dv_id → uuid */
    DV_COLUMN_TEXT,           /* dv_text → text */
    DV_COLUMN_TEXT_OR_NULL,   /* dv_text → text */
    DV_COLUMN_BYTES_OR_NULL,  /* dv_text → bytea */
    DV_COLUMN_LEARNT_OR_NULL, /* dv_step_request → text, what it teaches as order_events.learnt */
    DV_COLUMN_STATE,          /* uint64_t dv_state → text, its name */
    DV_COLUMN_INT,            /* uint64_t → bigint */
    DV_COLUMN_U64,            /* uint64_t → text, its digits */
    DV_COLUMN_TIME,           /* uint64_t microseconds since 1970 → timestamptz */
    DV_COLUMN_TIME_OR_NULL,   /* uint64_t microseconds since 1970 → timestamptz */
} dv_column_kind;

typedef struct dv_column {
    dv_column_kind kind;
    size_t offset; /* of the member */
} dv_column;

/* Appends an array for each column, of one element per row. rows: pointers to structs. */
void dv_params_columns(dv_params *params, const dv_column *columns, uint32_t column_count,
                       const void *const *rows, uint32_t row_count);

/* A field of a result in text format. A null is 0, nil or empty. */
uint64_t dv_row_uint(const PGresult *result, int row, int column);
dv_id dv_row_id(const PGresult *result, int row, int column);
dv_text dv_row_text(const PGresult *result, int row, int column, dv_arena *arena);

/* Records from columns as sql/parts names them, the first at `column`; all texts are copied into
   the arena. False when the row is not what it should be: numbers that do not fit, broken JSON. */
#define DV_ROW_TERMS_COLUMNS 12 /* sql/parts/terms.sql */
#define DV_ROW_EVENT_COLUMNS 5  /* seq, position, status, attempt, microseconds */
bool dv_row_terms(const PGresult *result, int row, int column, dv_arena *arena,
                  dv_terms *ret_terms);
bool dv_row_event(const PGresult *result, int row, int column, dv_event *ret_event);

/* order_events.learnt: what an event taught of attempts, none for a null. Borrowed from the arena.
 */
bool dv_row_learnt(const PGresult *result, int row, int column, dv_arena *arena,
                   const dv_attempt **ret_attempts, uint32_t *ret_count);

/* Bytes told as hexadecimal digits. */
bool dv_row_bytes(const PGresult *result, int row, int column, dv_arena *arena, dv_text *ret_bytes);

#endif
