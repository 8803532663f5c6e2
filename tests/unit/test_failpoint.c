/* Failpoints: which lists are understood, and that they fire when they should. */
#include "actors/base/failpoint.h"
#include "tests/support/suite.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char why[256];

static void use(const char *list, uint64_t seed)
{
    ck_assert_msg(dv_failpoints_read(list, seed, why) == DV_OK, "%s", why);
}

static dv_fail_verdict taken(const char *actor, dv_message_type type)
{
    return dv_failpoint_message(actor, DV_FAIL_TAKEN, type);
}

/* How often of so many times a message is dropped as it is taken. */
static int drops(int times)
{
    int count = 0;
    for (int i = 0; i < times; i++)
        count += taken("execution@a", DV_MSG_step_reply) == DV_FAIL_DROP;
    return count;
}

START_TEST(without_a_list_nothing_fails)
{
    use(NULL, 1);
    ck_assert_int_eq(drops(100), 0);
    use("", 1);
    ck_assert_int_eq(drops(100), 0);
}
END_TEST

static const char *const BAD[] = {
    "kill",
    "execution:step_reply:handled:kill",
    "execution:step_reply:handled:0:kill",
    "execution:step_reply:handled:x:kill",
    "execution:step_reply:handled:1x:kill",
    "execution:step_reply:handled:~0:kill",
    "execution:step_reply:handled:101%:kill",
    "execution:step_reply:handled:5%x:kill",
    "execution:step_reply:later:1:kill",
    "execution:step_gone:handled:1:kill",
    "execution:step_reply:handled:1:drop",
    "execution:step_reply:sent:1:twice",
    "execution:step_reply:taken:1:explode",
    "execution:step_reply:taken:1:pause=",
    ":step_reply:taken:1:kill",
    "store:submitted:at:1:drop",
    "execution:step_reply:taken:1:drop,oops",
};

START_TEST(a_list_that_is_wrong_is_refused_and_quoted)
{
    ck_assert_int_eq(dv_failpoints_read(BAD[_i], 1, why), DV_CONFIG_INVALID);
    const char *last = strrchr(BAD[_i], ',');
    ck_assert_msg(strstr(why, last ? last + 1 : BAD[_i]) != NULL, "%s", why);
}
END_TEST

START_TEST(the_nth_time_fails_and_no_other)
{
    use("execution:step_reply:taken:3:drop", 1);
    for (int i = 1; i < 10; i++)
        ck_assert_int_eq(taken("execution@a", DV_MSG_step_reply),
                         i == 3 ? DV_FAIL_DROP : DV_FAIL_NOTHING);
}
END_TEST

/* At which of its times the first message is dropped. */
static int first_drop(void)
{
    int i = 1;
    while (taken("retry", DV_MSG_arm_retry) != DV_FAIL_DROP) i++;
    return i;
}

START_TEST(one_of_the_first_n_times_fails_as_the_seed_says)
{
    bool differs = false;
    for (uint64_t seed = 1; seed < 20; seed++) {
        use("*:*:taken:~20:drop", seed);
        int i = first_drop();
        ck_assert_int_le(i, 20);
        ck_assert_int_eq(drops(100), 0);
        use("*:*:taken:~20:drop", seed);
        ck_assert_int_eq(first_drop(), i);
        use("*:*:taken:~20:drop", seed + 1);
        differs |= first_drop() != i;
    }
    ck_assert(differs);
}
END_TEST

START_TEST(a_share_of_the_times_fails)
{
    use("*:*:taken:10%:drop", 7);
    int count = drops(10000);
    ck_assert_int_gt(count, 800);
    ck_assert_int_lt(count, 1200);
}
END_TEST

START_TEST(only_what_is_named_fails)
{
    use("router:raydium:quote_request:taken:100%:drop,*:step_reply:sending:100%:twice", 1);
    ck_assert_int_eq(taken("router:raydium", DV_MSG_quote_request), DV_FAIL_DROP);
    ck_assert_int_eq(taken("router:raydium@r1", DV_MSG_quote_request), DV_FAIL_DROP);
    ck_assert_int_eq(taken("router:raydium2", DV_MSG_quote_request), DV_FAIL_NOTHING);
    ck_assert_int_eq(taken("router:meteora", DV_MSG_quote_request), DV_FAIL_NOTHING);
    ck_assert_int_eq(taken("router:raydium", DV_MSG_send_request), DV_FAIL_NOTHING);
    ck_assert_int_eq(taken("persistence", DV_MSG_step_reply), DV_FAIL_NOTHING);
    ck_assert_int_eq(dv_failpoint_message("persistence", DV_FAIL_SENDING, DV_MSG_step_reply),
                     DV_FAIL_TWICE);
}
END_TEST

/* Runs a child up to its failpoint; returns how it ended, or that it stopped. */
static int child(const char *list, void (*play)(void), char *told, size_t size)
{
    int out[2], status;
    ck_assert_int_eq(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], STDERR_FILENO);
        use(list, 1);
        play();
        _exit(0);
    }
    close(out[1]);
    ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
    bool stopped = WIFSTOPPED(status);
    if (stopped) {
        kill(pid, SIGCONT);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    }
    ssize_t n = read(out[0], told, size - 1);
    told[n > 0 ? n : 0] = '\0';
    close(out[0]);
    return stopped ? -1 : status;
}

static void play_turn(void)
{
    (void)taken("execution", DV_MSG_step_reply);
    (void)dv_failpoint_message("execution", DV_FAIL_HANDLED, DV_MSG_step_reply);
    dv_failpoint_turn_end("retry"); /* another actor's, in this test */
    (void)taken("execution", DV_MSG_step_reply);
    dv_failpoint_turn_end("execution");
}

static void play_place(void)
{
    dv_failpoint_place("store:submitting");
    dv_failpoint_place("store:submitted");
}

static const struct {
    const char *list;
    void (*play)(void);
    int signal; /* that ends it; -1: it stops and goes on; 0: it ends by itself */
} DEATHS[] = {
    {"execution:step_reply:handled:1:kill", play_turn, SIGKILL},
    {"execution:step_reply:sent:1:kill", play_turn, SIGKILL},
    {"execution:step_reply:sent:2:kill", play_turn, 0},
    {"execution:step_reply:taken:2:stop", play_turn, -1},
    {"store:submitted:at:1:kill", play_place, SIGKILL},
    {"store:submitted:at:2:kill", play_place, 0},
    {"store:elsewhere:at:1:kill", play_place, 0},
};

START_TEST(a_process_dies_or_stops_where_it_is_told_and_says_so)
{
    char told[256], expected[200];
    int status = child(DEATHS[_i].list, DEATHS[_i].play, told, sizeof told);
    if (DEATHS[_i].signal > 0)
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == DEATHS[_i].signal);
    else
        ck_assert_int_eq(status, DEATHS[_i].signal);
    snprintf(expected, sizeof expected, "failpoint %s pid=", DEATHS[_i].list);
    ck_assert_msg((strstr(told, expected) != NULL) == (DEATHS[_i].signal != 0), "%s", told);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("failpoint");
    TCase *c = tcase_create("failpoint");
    suite_add_tcase(suite, c);
    tcase_add_test(c, without_a_list_nothing_fails);
    tcase_add_loop_test(c, a_list_that_is_wrong_is_refused_and_quoted, 0,
                        sizeof BAD / sizeof BAD[0]);
    tcase_add_test(c, the_nth_time_fails_and_no_other);
    tcase_add_test(c, one_of_the_first_n_times_fails_as_the_seed_says);
    tcase_add_test(c, a_share_of_the_times_fails);
    tcase_add_test(c, only_what_is_named_fails);
    tcase_add_loop_test(c, a_process_dies_or_stops_where_it_is_told_and_says_so, 0,
                        sizeof DEATHS / sizeof DEATHS[0]);
    return suite_run(suite);
}
