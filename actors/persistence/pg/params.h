/* Requests to statements, and their results to answers: the part of store_pg that knows which
   statement serves what. */
#ifndef DV_STORE_QUERY_H
#define DV_STORE_QUERY_H

#include "actors/persistence/pg/rows.h"
#include "proto/arena.h"
#include "sql/statement.h"

/* Fills in the parameters of a request; returns the statement that serves it. Scratch memory comes
   from the arena. */
const dv_statement *dv_query_write(const dv_store_request *request, dv_arena *arena,
                                   dv_params *ret_params);

/* Reads the result of a request of `count` rows into the members of the answer that its type calls
   for; they live in the arena. STORE_REFUSED: the rows are not what the schema promises;
   STORE_STALE: a claim by who is not alive. */
DV_MUST_CHECK dv_err dv_query_read(const PGresult *result, dv_store_type type, uint32_t count,
                                   dv_arena *arena, dv_store_answer *ret_answer);

#endif
