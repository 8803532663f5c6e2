/* A PostgreSQL of a test's own: in a temporary directory, as a user who is not root, on loopback.
   Nothing is left behind when the program ends. */
#ifndef DV_TEST_PG_H
#define DV_TEST_PG_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct pg_server {
    char folder[64]; /* holds data, log and socket */
    int port;        /* on 127.0.0.1; kept over restarts */
    char url[128];
} pg_server;

/* Makes a cluster and starts it; aborts the program with the server's log when that fails. Its end
   is assured by pg_stop, by an exit handler, and by a process that outlives a killed caller. */
void pg_start(pg_server *ret_pg);

/* Stops the server (immediately: as if it had crashed, but for its clean-up) and deletes it. */
void pg_stop(pg_server *pg);

/* Stops the server as a crash would, or in good order but without waiting for its clients; and
   starts it again on the same data. */
void pg_crash(const pg_server *pg);
void pg_halt(const pg_server *pg);
void pg_resume(const pg_server *pg);

/* Makes an empty database and returns its URL, valid until the program ends. */
const char *pg_database(const pg_server *pg, const char *name);

/* Runs a statement on a connection of its own; returns the first field of the first row, or "".
   Valid until the next call. Aborts with the error when it fails. */
const char *pg_ask(const char *url, const char *sql);

/* Runs a file, and then a statement, with psql in the current folder; returns what psql printed, rows
   without decoration. Valid until the next call. Aborts with that when psql fails. */
const char *pg_psql(const char *url, const char *file, const char *sql);

#endif
