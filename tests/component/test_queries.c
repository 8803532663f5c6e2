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
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char command[600];
        snprintf(command, sizeof command, "psql -XAtq -v ON_ERROR_STOP=1 -d '%s' -f %s >/dev/null",
                 base, files.gl_pathv[i]);
        FILE *psql = popen(command, "r");
        ck_assert_ptr_nonnull(psql);
        ck_assert_msg(pclose(psql) == 0, "psql does not take %s", files.gl_pathv[i]);
    }
    globfree(&files);
    rig_close(&r);
}
END_TEST

START_TEST(every_file_is_embedded_and_takes_the_parameters_that_it_declares)
{
    rig r;
    rig_open(&r, 1, 64);
    files_find();
    ck_assert_uint_eq(files.gl_pathc, DV_SQL_COUNT + DV_SETUP_COUNT);
    globfree(&files);
    PGconn *pg = PQconnectdb(base);
    for (int i = 0; i < DV_SQL_COUNT; i++) {
        PGresult *made = PQprepare(pg, DV_SQL[i].name, DV_SQL[i].sql, 0, NULL);
        ck_assert_msg(PQresultStatus(made) == PGRES_COMMAND_OK, "%s: %s", DV_SQL[i].name,
                      PQerrorMessage(pg));
        PQclear(made);
        PGresult *told = PQdescribePrepared(pg, DV_SQL[i].name);
        ck_assert_int_eq(PQnparams(told), (int)DV_SQL[i].params);
        PQclear(told);
    }
    PQfinish(pg);
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
    const TTest *const tests[] = {psql_runs_every_file,
                                  every_file_is_embedded_and_takes_the_parameters_that_it_declares,
                                  terminal_states_are_those_of_the_catalogue, NULL};
    return run_tests("queries", tests);
}
