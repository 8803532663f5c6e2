#include "tests/support/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define PG_BIN "/usr/lib/postgresql/15/bin/"

static pg_server *pg_running; /* what the exit handler ends */
static pid_t pg_owner_id;     /* the process that started it; forks of it leave it alone */

static void pg_die(const char *what, const char *why)
{
    fprintf(stderr, "pg: %s: %s\n", what, why);
    exit(1);
}

/* PostgreSQL refuses to run as root. */
static void become_postgres(void)
{
    if (geteuid() != 0) return;
    const struct passwd *user = getpwnam("postgres");
    if (user == NULL || setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0)
        _exit(126);
}

/* Runs a program of PostgreSQL's to its end, its output to <folder>/log. Returns its status. */
static int pg_run(const pg_server *pg, const char *const argv[])
{
    pid_t child = fork();
    if (child < 0) pg_die("fork", strerror(errno));
    if (child == 0) {
        become_postgres();
        char log[128], program[128];
        snprintf(log, sizeof log, "%s/log", pg->folder);
        snprintf(program, sizeof program, PG_BIN "%s", argv[0]);
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || chdir(pg->folder) != 0) _exit(127);
        const char *words[32] = {
            program}; /* it looks for its fellows beside what it is called by */
        for (size_t i = 1; argv[i] != NULL && i + 1 < sizeof words / sizeof words[0]; i++)
            words[i] = argv[i];
        execv(program, (char *const *)words);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return status;
}

static void pg_must(const pg_server *pg, const char *const argv[])
{
    if (pg_run(pg, argv) == 0) return;
    char log[128], line[512];
    snprintf(log, sizeof log, "%s/log", pg->folder);
    FILE *in = fopen(log, "r");
    while (in != NULL && fgets(line, sizeof line, in) != NULL) fputs(line, stderr);
    if (in != NULL) fclose(in);
    pg_die(argv[0], "failed");
}

void pg_resume(const pg_server *pg)
{
    char options[256], data[128];
    snprintf(data, sizeof data, "%s/data", pg->folder);
    snprintf(options, sizeof options,
             "-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories=%s"
             " -c max_connections=60 -c shared_buffers=64MB -c max_wal_size=256MB",
             pg->port, pg->folder);
    pg_must(pg, (const char *const[]){"pg_ctl", "start", "-w", "-t", "60", "-D", data, "-o",
                                      options, NULL});
}

void pg_crash(const pg_server *pg)
{
    char data[128];
    snprintf(data, sizeof data, "%s/data", pg->folder);
    pg_must(pg, (const char *const[]){"pg_ctl", "stop", "-w", "-m", "immediate", "-D", data, NULL});
}

void pg_halt(const pg_server *pg)
{
    char data[128];
    snprintf(data, sizeof data, "%s/data", pg->folder);
    pg_must(pg, (const char *const[]){"pg_ctl", "stop", "-w", "-m", "fast", "-D", data, NULL});
}

static void pg_delete(const pg_server *pg)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/rm", "rm", "-rf", pg->folder, (char *)NULL);
        _exit(127);
    }
    if (child > 0) waitpid(child, NULL, 0);
}

void pg_stop(pg_server *pg)
{
    if (pg_running != pg) return;
    pg_running = NULL;
    char data[128];
    snprintf(data, sizeof data, "%s/data", pg->folder);
    pg_run(pg, (const char *const[]){"pg_ctl", "stop", "-w", "-m", "immediate", "-D", data, NULL});
    pg_delete(pg);
}

static void pg_stop_at_exit(void)
{
    if (pg_running != NULL && getpid() == pg_owner_id) pg_stop(pg_running);
}

/* Leaves a process behind that ends the server should this one be killed: it waits for the end of a
   pipe that only this process and its forks hold open, since programs that they run do not get it.
 */
static void pg_guard(const pg_server *pg)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) pg_die("pipe2", strerror(errno));
    pid_t child = fork();
    if (child < 0) pg_die("fork", strerror(errno));
    if (child > 0) {
        close(ends[0]);
        return;
    }
    char byte, data[128];
    close(ends[1]);
    setsid(); /* a signal to the test's group is not meant for it */
    while (read(ends[0], &byte, 1) < 0 && errno == EINTR) continue;
    snprintf(data, sizeof data, "%s/data", pg->folder);
    if (access(data, F_OK) == 0) {
        pg_run(pg,
               (const char *const[]){"pg_ctl", "stop", "-w", "-m", "immediate", "-D", data, NULL});
        pg_delete(pg);
    }
    _exit(0);
}

void pg_start(pg_server *ret_pg)
{
    snprintf(ret_pg->folder, sizeof ret_pg->folder, "/tmp/drover-pg-XXXXXX");
    if (mkdtemp(ret_pg->folder) == NULL) pg_die("mkdtemp", strerror(errno));
    const struct passwd *user = getpwnam("postgres");
    if (geteuid() == 0 && (user == NULL || chown(ret_pg->folder, user->pw_uid, user->pw_gid) != 0))
        pg_die("chown", "there is no user postgres");
    uint16_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random) pg_die("getrandom", "failed");
    ret_pg->port = 20000 + random % 12000;
    snprintf(ret_pg->url, sizeof ret_pg->url, "postgresql://drover@127.0.0.1:%d/postgres",
             ret_pg->port);
    pg_running = ret_pg;
    pg_owner_id = getpid();
    atexit(pg_stop_at_exit);
    pg_guard(ret_pg);
    pg_must(ret_pg, (const char *const[]){"initdb", "-D", "data", "-U", "drover", "-A", "trust",
                                          "--no-sync", "--no-locale", "-E", "UTF8", NULL});
    pg_resume(ret_pg);
}

const char *pg_ask(const char *url, const char *sql)
{
    static char value[4096];
    PGconn *conn = PQconnectdb(url);
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) pg_die(sql, PQerrorMessage(conn));
    bool has_row = PQntuples(result) > 0;
    snprintf(value, sizeof value, "%s", has_row ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(conn);
    return value;
}

const char *pg_database(const pg_server *pg, const char *name)
{
    static char urls[32][128];
    static unsigned count;
    char sql[128];
    snprintf(sql, sizeof sql, "create database %s", name);
    pg_ask(pg->url, sql);
    char *url = urls[count++ % 32];
    snprintf(url, 128, "postgresql://drover@127.0.0.1:%d/%s", pg->port, name);
    return url;
}

const char *pg_psql(const char *url, const char *file, const char *sql)
{
    static char said[64 * 1024];
    int ends[2];
    if (pipe(ends) != 0) pg_die("pipe", strerror(errno));
    pid_t child = fork();
    if (child < 0) pg_die("fork", strerror(errno));
    if (child == 0) {
        if (dup2(ends[1], 1) < 0 || dup2(ends[1], 2) < 0) _exit(127);
        close(ends[0]);
        execl(PG_BIN "psql", "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", url, "-f", file, "-c", sql,
              (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    size_t size = 0;
    for (ssize_t got; (got = read(ends[0], said + size, sizeof said - 1 - size)) > 0;)
        size += (size_t)got;
    said[size] = '\0';
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (status != 0) pg_die(file, said);
    return said;
}
