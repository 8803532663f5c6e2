/* The start of the store on PostgreSQL: it migrates the schema, and waits until both lanes serve. */
#ifndef DV_PG_START_H
#define DV_PG_START_H

#include "actors/persistence/pg/connection.h"

/* Blocks for a little less than timeout_ms, and for as long as migrations take. Waits for a server that
   is not up yet, but not for one that a person has to mend. As dv_store_class.start. */
DV_MUST_CHECK dv_err dv_pg_start(dv_store *store, const dv_pg_shared *shared, uint32_t timeout_ms,
                                 char ret_why[DV_REASON_MAX]);

#endif
