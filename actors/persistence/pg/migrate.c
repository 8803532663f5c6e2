#include "actors/persistence/pg/migrate.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

#include "actors/persistence/pg/trouble.h"
#include "sql/queries.h"

#define CONNECT_NS (5000 * DV_NS_PER_MS)

/* A wait for a lock is given up and begun again by whoever starts the engine: a migration that
   queues for a table holds up all that queue behind it. */
#define OPTIONS "-c lock_timeout=10s -c statement_timeout=0"

/* Says what failed; the message's line breaks become spaces. AWAY: it may work later. */
static dv_err failed(PGconn *pg, const PGresult *result, const char *what,
                     char ret_why[DV_REASON_MAX])
{
    char sqlstate[6];
    const char *field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = result != NULL ? PQresultErrorMessage(result) : PQerrorMessage(pg);
    if (message[0] == '\0') message = "no answer in time";
    const char *refusal = result == NULL ? strstr(message, " failed: ") : NULL;
    if (refusal != NULL) message = refusal + strlen(" failed: "); /* the caller says where */
    dv_trouble_sqlstate(message, sqlstate);
    if (field != NULL) snprintf(sqlstate, sizeof sqlstate, "%.5s", field);
    const char *location = strstr(message, "\nLOCATION:");
    int size = location != NULL ? (int)(location - message) : (int)strlen(message);
    snprintf(ret_why, DV_REASON_MAX, "%s: %.*s", what, size, message);
    for (char *c = ret_why; *c; c++)
        if (*c == '\n') *c = c[1] != '\0' ? ' ' : '\0';
    if (strcmp(sqlstate, "55P03") == 0) return DV_STORE_AWAY; /* the lock was not to be had */
    if (sqlstate[0] == '\0') return DV_STORE_AWAY;            /* libpq's own: no connection */
    dv_trouble trouble = dv_trouble_of(sqlstate);
    return trouble == DV_TROUBLE_NONE || dv_trouble_lasts(trouble) ? DV_STORE_REFUSED
                                                                   : DV_STORE_AWAY;
}

/* Runs one command that may return rows. ret_value: the first field of the first one as a number,
   0 when there is none; may be NULL. */
static dv_err run(PGconn *pg, const char *sql, int count, const char *const values[],
                  const char *what, unsigned long *ret_value, char ret_why[DV_REASON_MAX])
{
    PGresult *result = PQexecParams(pg, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    dv_err error = DV_OK;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        error = failed(pg, result, what, ret_why);
    else if (ret_value != NULL)
        *ret_value = PQntuples(result) > 0 ? strtoul(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return error;
}

/* Runs a migration's file: many statements, all of them in the transaction that is open. */
static dv_err run_file(PGconn *pg, const dv_migration *m, char ret_why[DV_REASON_MAX])
{
    PGresult *result = PQexec(pg, m->sql);
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    dv_err error = done ? DV_OK : failed(pg, result, m->name, ret_why);
    PQclear(result);
    return error;
}

/* A database that a later program has migrated is none for this one to start on: it cannot know
   what has changed. One that runs already goes on, since migrations only add. */
static dv_err check_newest(PGconn *pg, char ret_why[DV_REASON_MAX])
{
    unsigned newest = 0;
    unsigned long number = 0;
    for (const dv_migration *m = DV_MIGRATIONS; m->sql != NULL; m++) newest = m->number;
    dv_err error = run(pg, DV_SETUP[DV_SETUP_migrate_newest].sql, 0, NULL, "schema_migrations",
                       &number, ret_why);
    if (error != DV_OK || number <= newest) return error;
    snprintf(ret_why, DV_REASON_MAX, "the database is newer (migration %lu) than this program (%u)",
             number, newest);
    return DV_STORE_REFUSED;
}

static dv_err apply(PGconn *pg, const dv_migration *m, unsigned *applied,
                    char ret_why[DV_REASON_MAX])
{
    char number[16];
    snprintf(number, sizeof number, "%u", m->number);
    const char *const values[] = {number, m->name};
    unsigned long known = 0;
    dv_err error = run(pg, DV_SETUP[DV_SETUP_migrate_has].sql, 1, values, m->name, &known, ret_why);
    if (error != DV_OK || known > 0) return error;

    error = run(pg, "begin", 0, NULL, m->name, NULL, ret_why);
    if (error == DV_OK) error = run_file(pg, m, ret_why);
    if (error == DV_OK)
        error = run(pg, DV_SETUP[DV_SETUP_migrate_note].sql, 2, values, m->name, NULL, ret_why);
    if (error == DV_OK) error = run(pg, "commit", 0, NULL, m->name, NULL, ret_why);
    if (error == DV_OK) ++*applied;
    return error; /* an open transaction ends with its connection */
}

static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context; /* "already exists, skipping" and the like */
    (void)notice;
}

/* Connects such that an error bears its SQLSTATE. */
static PGconn *connect_verbose(const char *const keys[], const char *const values[])
{
    PGconn *pg = PQconnectStartParams(keys, values, 1);
    if (pg == NULL) abort(); /* out of memory */
    PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
    struct pollfd fd = {.events = POLLOUT};
    int64_t deadline_ns = dv_time_now().mono_ns + CONNECT_NS;
    while (PQstatus(pg) != CONNECTION_BAD) {
        fd.fd = PQsocket(pg);
        int64_t left_ms = (deadline_ns - dv_time_now().mono_ns) / DV_NS_PER_MS;
        if (left_ms <= 0 || poll(&fd, 1, (int)left_ms) == 0) break;
        PostgresPollingStatusType next = PQconnectPoll(pg);
        if (next == PGRES_POLLING_OK || next == PGRES_POLLING_FAILED) break;
        fd.events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    }
    PQsetErrorVerbosity(pg, PQERRORS_DEFAULT);
    return pg;
}

dv_err dv_migrate(const char *database_url, unsigned *ret_applied, char ret_why[DV_REASON_MAX])
{
    const char *const keys[] = {"options", "dbname", "application_name", NULL};
    const char *const values[] = {OPTIONS, database_url, "drover migrate", NULL};
    unsigned applied = 0;
    PGconn *pg = connect_verbose(keys, values);
    dv_err error = DV_OK;
    if (PQstatus(pg) != CONNECTION_OK) error = failed(pg, NULL, "cannot connect", ret_why);
    PQsetNoticeReceiver(pg, ignore_notice, NULL);
    if (error == DV_OK)
        error = run(pg, DV_SETUP[DV_SETUP_migrate_lock].sql, 0, NULL, "waiting for the lock", NULL,
                    ret_why);
    if (error == DV_OK)
        error = run(pg, DV_SETUP[DV_SETUP_migrate_table].sql, 0, NULL, "schema_migrations", NULL,
                    ret_why);
    if (error == DV_OK) error = check_newest(pg, ret_why);
    for (const dv_migration *m = DV_MIGRATIONS; error == DV_OK && m->sql != NULL; m++)
        error = apply(pg, m, &applied, ret_why);
    PQfinish(pg); /* also gives the lock back */
    if (error == DV_OK) *ret_applied = applied;
    return error;
}
