#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>

#include "tests/support/sim_scene.h"
#include "tests/support/suite.h"

static scene *s;

static void set_up(void)
{
    s = scene_new();
}

static void tear_down(void)
{
    scene_destroy(s);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(nothing_is_told_of_what_is_not_in_the_ledger)
{
    signal(SIGXFSZ, SIG_IGN);
    scene_open(s, "raydium");
    scene_swap first = scene_sell(s, 1), second = scene_sell(s, 2);
    scene_send(s, &first, 5);
    limit_file_size(_i ? 600 : 1); /* the second line is torn, or not begun */
    scene_send(s, &second, 5);
    ck_assert_uint_eq(scene_told(s), 1);
    ck_assert_uint_eq(scene_check(s, &second).outcome, DV_SWAP_UNKNOWN);
    ck_assert_int_eq(s->chain->class->health(s->chain).degraded, DV_VENUE_OUTCOME_UNKNOWN);
    ck_assert_int_eq(scene_lines_with(s, ""), 1); /* and no part of a line is left behind */
    limit_file_size(RLIM_INFINITY);
    scene_pass_ms(s, 1000);
    ck_assert_uint_eq(scene_status(s, &second).outcome, DV_SWAP_FINALIZED);
    ck_assert_int_eq(s->chain->class->health(s->chain).degraded, DV_OK);
    ck_assert_int_eq(scene_lines_with(s, "\"}\n"), 2);
}
END_TEST

START_TEST(of_the_lines_of_a_turn_those_that_are_whole_count)
{
    signal(SIGXFSZ, SIG_IGN);
    scene_open(s, "raydium");
    scene_swap swaps[3];
    for (uint32_t i = 0; i < 3; i++) swaps[i] = scene_sell(s, i);
    limit_file_size(700); /* the second line is torn */
    for (uint32_t i = 0; i < 3; i++) scene_send_only(s, &swaps[i], i);
    ck_assert_uint_eq(scene_told(s), 0);
    scene_pass_ms(s, 0);
    ck_assert_uint_eq(scene_told(s), 1);
    ck_assert_uint_eq(scene_status(s, &swaps[0]).outcome, DV_SWAP_FINALIZED);
    ck_assert_int_eq(scene_lines_with(s, ""), 1);
    limit_file_size(RLIM_INFINITY);
    scene_pass_ms(s, 1000);
    ck_assert_uint_eq(scene_told(s), 3);
    ck_assert_int_eq(scene_lines_with(s, "\"}\n"), 3);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(scene_check(s, &swaps[i]).outcome, DV_SWAP_FINALIZED);
}
END_TEST

START_TEST(a_landing_waits_while_another_process_writes)
{
    scene_open(s, "raydium");
    int other = open(s->config.sim_ledger, O_RDWR);
    ck_assert_int_eq(flock(other, LOCK_EX), 0);
    scene_swap swap = scene_sell(s, 1);
    scene_send(s, &swap, 5);
    scene_pass_ms(s, 5);
    ck_assert_uint_eq(scene_told(s), 0);
    ck_assert_int_eq(scene_lines_with(s, ""), 0);
    ck_assert_int_eq(s->chain->class->health(s->chain).degraded, DV_OK); /* nothing is wrong */
    close(other);
    scene_pass_ms(s, 1);
    ck_assert_uint_eq(scene_status(s, &swap).outcome, DV_SWAP_FINALIZED);
}
END_TEST

static void ledger_add(const char *text)
{
    FILE *file = fopen(s->config.sim_ledger, "a");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(a_line_that_a_crash_tore_is_taken_away)
{
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1), next = scene_sell(s, 2), third = scene_sell(s, 3);
    scene_send(s, &swap, 5);
    scene_close(s);
    ledger_add("{\"signature\":\"5hT");
    scene_open(s, "raydium");
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_FINALIZED);
    scene_send(s, &next, 5);
    ledger_add("{\"signature\":\"5hT"); /* another process died while this one lives */
    scene_send(s, &third, 5);
    ck_assert_int_eq(scene_lines_with(s, "\"}\n"), 3);
    ck_assert_int_eq(scene_lines_with(s, "5hT{"), 0);
    scene_close(s);
    scene_open(s, "raydium");
    ck_assert_uint_eq(scene_check(s, &next).outcome, DV_SWAP_FINALIZED);
    ck_assert_uint_eq(scene_check(s, &third).outcome, DV_SWAP_FINALIZED);
}
END_TEST

START_TEST(a_line_that_lacks_only_its_end_counts)
{
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1);
    scene_send(s, &swap, 5);
    scene_close(s);
    FILE *file = fopen(s->config.sim_ledger, "r+");
    fseek(file, 0, SEEK_END);
    ck_assert_int_eq(ftruncate(fileno(file), ftell(file) - 1), 0);
    fclose(file);
    scene_open(s, "raydium");
    ck_assert_uint_eq(scene_check(s, &swap).outcome, DV_SWAP_FINALIZED);
    scene_send(s, &swap, 5);
    ck_assert_int_eq(scene_lines_with(s, "\"}\n"), 1);
}
END_TEST

START_TEST(a_start_with_a_ledger_that_is_none_fails_and_says_where)
{
    char why[DV_REASON_MAX] = "";
    scene_open(s, "raydium");
    scene_swap swap = scene_sell(s, 1);
    scene_send(s, &swap, 5);
    scene_close(s);
    ledger_add("this is no line\n");
    s->chain = dv_simulated_new(&s->config, s->confirmation, &s->tokens);
    ck_assert_int_eq(s->chain->class->start(s->chain, s->now, why), DV_START_FAILED);
    ck_assert_ptr_nonnull(strstr(why, "line 2 of "));
    scene_close(s);
    char path[DV_CONFIG_TEXT_MAX];
    snprintf(path, sizeof path, "%s", s->config.sim_ledger);
    snprintf(s->config.sim_ledger, sizeof s->config.sim_ledger, "/dev/null/ledger.jsonl");
    s->chain = dv_simulated_new(&s->config, s->confirmation, &s->tokens);
    ck_assert_int_eq(s->chain->class->start(s->chain, s->now, why), DV_START_FAILED);
    ck_assert_ptr_nonnull(strstr(why, "/dev/null/ledger.jsonl"));
    snprintf(s->config.sim_ledger, sizeof s->config.sim_ledger, "%s", path);
}
END_TEST

START_TEST(the_ledger_holds_what_landed_on_every_dex)
{
    scene_swap swaps[2];
    static const char *const DEXES[] = {"raydium", "meteora"};
    for (uint32_t i = 0; i < 2; i++) {
        scene_open(s, DEXES[i]);
        swaps[i] = scene_sell(s, i);
        scene_send(s, &swaps[i], 5);
        scene_close(s);
    }
    ck_assert_int_eq(scene_lines_with(s, "\"dex\":\"raydium\""), 1);
    ck_assert_int_eq(scene_lines_with(s, "\"dex\":\"meteora\""), 1);
    scene_open(s, "raydium");
    for (uint32_t i = 0; i < 2; i++)
        ck_assert_uint_eq(scene_check(s, &swaps[i]).outcome, DV_SWAP_FINALIZED);
    scene_send(s, &swaps[1], 6);
    ck_assert_uint_eq(scene_status(s, &swaps[1]).outcome, DV_SWAP_FINALIZED);
    ck_assert_int_eq(scene_lines_with(s, ""), 2); /* and it did not land again */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_ledger");
    TCase *tcase = tcase_create("ledger");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, nothing_is_told_of_what_is_not_in_the_ledger, 0, 2);
    tcase_add_test(tcase, of_the_lines_of_a_turn_those_that_are_whole_count);
    tcase_add_test(tcase, a_landing_waits_while_another_process_writes);
    tcase_add_test(tcase, a_line_that_a_crash_tore_is_taken_away);
    tcase_add_test(tcase, a_line_that_lacks_only_its_end_counts);
    tcase_add_test(tcase, a_start_with_a_ledger_that_is_none_fails_and_says_where);
    tcase_add_test(tcase, the_ledger_holds_what_landed_on_every_dex);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
