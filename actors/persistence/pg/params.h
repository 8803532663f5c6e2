/* The parameters of a statement, in PostgreSQL's binary formats: scalars, and arrays of the members of
   records. */
#ifndef DV_PG_PARAMS_H
#define DV_PG_PARAMS_H

#include <stddef.h>

#include "proto/buffer.h"
#include "proto/id.h"
#include "proto/text.h"

#define DV_PARAMS_MAX 16

/* The parameters of one statement, all binary. Starts as {0}, is reused; dv_params_fini frees. */
typedef struct dv_params {
    dv_buffer bytes;
    uint32_t count;
    size_t at[DV_PARAMS_MAX];
    int sizes[DV_PARAMS_MAX];
} dv_params;

/* Empties the parameters, or frees their memory. */
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

/* The same for a table of columns. */
#define DV_PARAMS_TABLE(params, table, rows, count)                                                \
    dv_params_columns(params, table, sizeof table / sizeof(dv_column),                             \
                      (const void *const *)(rows), count)

#endif
