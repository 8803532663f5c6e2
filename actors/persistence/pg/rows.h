/* The rows that a statement returns, in text format, read as numbers, texts and records. Texts and lists
   are copied into the arena. */
#ifndef DV_PG_ROWS_H
#define DV_PG_ROWS_H

#include "actors/persistence/query.h"
#include "proto/arena.h"

/* How many rows there are. */
int dv_rows_count(const dv_rows *rows);

/* A field. A null is 0, nil, empty or no state. */
bool dv_row_is_null(const dv_rows *rows, int row, int column);
uint64_t dv_row_uint(const dv_rows *rows, int row, int column);
dv_id dv_row_id(const dv_rows *rows, int row, int column);
dv_text dv_row_text(const dv_rows *rows, int row, int column, dv_arena *arena);
dv_state dv_row_state(const dv_rows *rows, int row, int column);

/* Records from columns as sql/parts names them, the first at `column`. False when the row is not what
   the schema promises. */
#define DV_ROW_TERMS_COLUMNS 12 /* sql/parts/terms.sql */
#define DV_ROW_EVENT_COLUMNS 5  /* seq, position, status, attempt, microseconds */
bool dv_row_terms(const dv_rows *rows, int row, int column, dv_arena *arena, dv_terms *ret_terms);
bool dv_row_event(const dv_rows *rows, int row, int column, dv_event *ret_event);

/* order_events.learnt: what an event taught of attempts, none for a null. False: broken JSON, or numbers
   that do not fit. */
bool dv_row_learnt(const dv_rows *rows, int row, int column, dv_arena *arena,
                   const dv_attempt **ret_attempts, uint32_t *ret_count);

/* Bytes from hexadecimal digits. False when they are none. */
bool dv_row_bytes(const dv_rows *rows, int row, int column, dv_arena *arena, dv_text *ret_bytes);

/* Receipts for a batch of `count` rows. A row leads with the place of what was submitted, from 1, and
   its event; `look` adds epoch and signature. False when a place is out of range. */
bool dv_rows_receipts(const dv_rows *rows, uint32_t count, dv_arena *arena,
                      dv_store_answer *ret_answer);

/* Views from rows of sql/parts/views.sql. False when they are not what the schema promises. */
bool dv_rows_views(const dv_rows *rows, dv_arena *arena, dv_views *ret_views);

#endif
