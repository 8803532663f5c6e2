/* The files of sql/queries and sql/setup: psql can run each of them on a database that the engine has
   migrated, and what the build embeds is what psql reads. */
#include <glob.h>
#include <stdlib.h>

#include "sql/queries.h"
#include "tests/support/persistence_rig.h"
#include "tests/support/suite.h"

static glob_t files;

static void files_find(void)
{
    ck_assert_int_eq(glob("sql/queries/*.sql", 0, NULL, &files), 0);
    ck_assert_int_eq(glob("sql/setup/*.sql", GLOB_APPEND, NULL, &files), 0);
}

START_TEST(psql_runs_every_file)
{
    rig r;
    rig_open(&r, 1, 64);
    files_find();
    for (size_t i = 0; i < files.gl_pathc; i++) pg_psql(base, files.gl_pathv[i], "select");
    globfree(&files);
    rig_close(&r);
}
END_TEST

/* What is prepared, without `prepare name (types) as`, comments and white space. */
#define PREPARED                                                                                   \
    "select regexp_replace(regexp_replace(statement,"                                              \
    " '^prepare \\w+ *(\\([^)]*\\))? *as\\s', ''), '--[^\n]*|\\s|;\\s*$', '', 'g')"                \
    " from pg_prepared_statements"

START_TEST(every_file_is_embedded_as_psql_reads_it)
{
    rig r;
    rig_open(&r, 1, 64);
    files_find();
    ck_assert_uint_eq(files.gl_pathc, DV_SQL_COUNT + DV_SETUP_COUNT);
    globfree(&files);
    for (int i = 0; i < DV_SQL_COUNT; i++) {
        const dv_statement *s = &DV_SQL[i];
        PGconn *pg = PQconnectdb(base);
        PGresult *made = PQprepare(pg, s->name, s->sql, 0, NULL);
        ck_assert_msg(PQresultStatus(made) == PGRES_COMMAND_OK, "%s: %s", s->name,
                      PQerrorMessage(pg));
        PGresult *told = PQdescribePrepared(pg, s->name);
        ck_assert_int_eq(PQnparams(told), (int)s->params);
        PGresult *embedded = PQexec(pg, PREPARED);
        char file[100], text[16384];
        snprintf(text, sizeof text, "%s\n", PQgetvalue(embedded, 0, 0));
        snprintf(file, sizeof file, "sql/queries/%s.sql", s->name);
        ck_assert_str_eq(pg_psql(base, file, PREPARED), text);
        PQclear(embedded);
        PQclear(told);
        PQclear(made);
        PQfinish(pg);
    }
    rig_close(&r);
}
END_TEST

START_TEST(terminal_states_are_those_of_the_catalogue)
{
    char list[200] = "", lost[200] = "";
    for (uint8_t state = 1; state < DV_STATE_COUNT; state++) {
        if (!dv_state_terminal(state)) continue;
        char name[40];
        snprintf(name, sizeof name, "'%s'", dv_state_name(state));
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "", name);
        if (state == DV_STATE_finalized) continue;
        snprintf(lost + strlen(lost), sizeof lost - strlen(lost), "%s%s", *lost ? ", " : "", name);
    }
    char words[220];
    snprintf(words, sizeof words, "in (%s)", list);
    ck_assert_ptr_nonnull(strstr(DV_SQL[DV_SQL_step].sql, words));
    snprintf(words, sizeof words, "in (%s)", lost);
    ck_assert_ptr_nonnull(strstr(DV_SQL[DV_SQL_step].sql, words));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {psql_runs_every_file, every_file_is_embedded_as_psql_reads_it,
                                  terminal_states_are_those_of_the_catalogue, NULL};
    return run_tests("queries", tests);
}
