#include "actors/migrate.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "sql/statements.h"

/* Says what failed; the message's line breaks become spaces. */
static dv_err failed(PGconn *pg, const char *what, char ret_why[DV_REASON_MAX])
{
    snprintf(ret_why, DV_REASON_MAX, "%s: %s", what, PQerrorMessage(pg));
    size_t size = strlen(ret_why);
    while (size > 0 && ret_why[size - 1] == '\n') ret_why[--size] = '\0';
    for (char *c = ret_why; *c; c++)
        if (*c == '\n') *c = ' ';
    return PQstatus(pg) == CONNECTION_OK ? DV_STORE_REFUSED : DV_STORE_AWAY;
}

/* Runs one command that may return rows. ret_rows: how many; may be NULL. */
static dv_err run(PGconn *pg, const char *sql, int count, const char *const values[],
                  const char *what, int *ret_rows, char ret_why[DV_REASON_MAX])
{
    PGresult *result = PQexecParams(pg, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    int rows = PQntuples(result);
    PQclear(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return failed(pg, what, ret_why);
    if (ret_rows != NULL) *ret_rows = rows;
    return DV_OK;
}

/* Runs a migration's file: many statements, all of them in the transaction that is open. */
static dv_err run_file(PGconn *pg, const dv_migration *m, char ret_why[DV_REASON_MAX])
{
    PGresult *result = PQexec(pg, m->sql);
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return done ? DV_OK : failed(pg, m->name, ret_why);
}

static dv_err apply(PGconn *pg, const dv_migration *m, unsigned *applied,
                    char ret_why[DV_REASON_MAX])
{
    char number[16];
    snprintf(number, sizeof number, "%u", m->number);
    const char *const values[] = {number, m->name};
    int known = 0;
    dv_err error = run(pg, DV_SQL_MIGRATE_HAS, 1, values, m->name, &known, ret_why);
    if (error != DV_OK || known > 0) return error;

    error = run(pg, "begin", 0, NULL, m->name, NULL, ret_why);
    if (error == DV_OK) error = run_file(pg, m, ret_why);
    if (error == DV_OK) error = run(pg, DV_SQL_MIGRATE_NOTE, 2, values, m->name, NULL, ret_why);
    if (error == DV_OK) error = run(pg, "commit", 0, NULL, m->name, NULL, ret_why);
    if (error == DV_OK) ++*applied;
    return error; /* an open transaction ends with its connection */
}

static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context; /* "already exists, skipping" and the like */
    (void)notice;
}

dv_err dv_migrate(const char *database_url, unsigned *ret_applied, char ret_why[DV_REASON_MAX])
{
    const char *const keys[] = {"dbname", "application_name", "connect_timeout", NULL};
    const char *const values[] = {database_url, "drover migrate", "10", NULL};
    unsigned applied = 0;
    PGconn *pg = PQconnectdbParams(keys, values, 1);
    dv_err error = DV_OK;
    if (PQstatus(pg) != CONNECTION_OK) error = failed(pg, "cannot connect", ret_why);
    PQsetNoticeReceiver(pg, ignore_notice, NULL);
    if (error == DV_OK)
        error = run(pg, DV_SQL_MIGRATE_LOCK, 0, NULL, "waiting for the lock", NULL, ret_why);
    if (error == DV_OK)
        error = run(pg, DV_SQL_MIGRATE_TABLE, 0, NULL, "schema_migrations", NULL, ret_why);
    for (const dv_migration *m = DV_MIGRATIONS; error == DV_OK && m->sql != NULL; m++)
        error = apply(pg, m, &applied, ret_why);
    PQfinish(pg); /* also gives the lock back */
    if (error == DV_OK) *ret_applied = applied;
    return error;
}
