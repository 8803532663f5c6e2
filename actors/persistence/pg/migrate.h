/* Schema migrations: forward only, each in a transaction of its own, under an advisory lock. */
#ifndef DV_MIGRATE_H
#define DV_MIGRATE_H

#include "proto/error.h"
#include "proto/message.h"

typedef struct dv_migration {
    unsigned number;  /* from 1, ascending */
    const char *name; /* of its file in sql/, without .sql */
    const char *sql;
} dv_migration;

/* Ends with a row of zeros. Generated from sql/ by sql/embed.sh. */
extern const dv_migration DV_MIGRATIONS[];

/* Applies what the database does not have yet; blocks for as long as that takes. Safe to run from
   many processes at once, and again after it was killed at any point: a migration is applied wholly
   or not at all. On an error ret_why says which migration failed and with what: STORE_AWAY, trying
   again may help; STORE_REFUSED, a person has to do something (also when the database has
   migrations that this program does not know). ret_applied: how many were applied now. */
DV_MUST_CHECK dv_err dv_migrate(const char *database_url, unsigned *ret_applied,
                                char ret_why[DV_REASON_MAX]);

#endif
