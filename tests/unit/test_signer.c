/* The signer on a stage: one message an attempt, what a day may cost, and what a restart knows. */
#include "actors/signer/signer.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/signer_scene.h"
#include "tests/support/stage.h"
#include "tests/support/suite.h"
#include "tests/support/wallet.h"

#define PORT DV_PORT(DV_LINK_sign, 0)
#define HOUR_MS (60 * 60 * 1000ll)

static char folder[] = "/tmp/drover-signer-XXXXXX";
static char key_file[64], journal_file[64], why[DV_REASON_MAX];
static sign_scene scene;
static stage *s;

static void write_file(const char *name, const char *text, mode_t mode)
{
    unlink(name);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, mode);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static const char *key_text(void)
{
    static char text[512];
    int at = snprintf(text, sizeof text, "[");
    for (int i = 0; i < 64; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%s%u", i ? "," : "",
                       scene.pair.secret[i]);
    snprintf(text + at, sizeof text - (size_t)at, "]");
    return text;
}

static dv_err start_at(dv_time at)
{
    s = stage_new(&DV_SIGNER_CLASS,
                  dv_signer_new(&scene.config, SCENE_ATTEMPTS_MAX, &scene.tokens));
    s->now = at;
    return s->class->start(s->self, s->now, s->outbox, why);
}

static void start_well(void)
{
    dv_time at = {.mono_ns = 1, .wall_us = 1700000000000000};
    ck_assert_msg(start_at(at) == DV_OK, "%s", why);
}

static void restart(void)
{
    dv_time at = s->now;
    stage_destroy(s);
    ck_assert_msg(start_at(at) == DV_OK, "%s", why);
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/drover-signer-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(key_file, sizeof key_file, "%s/id.json", folder);
    snprintf(journal_file, sizeof journal_file, "%s/journal", folder);
    unsetenv("PRIVATE_KEY");
    scene_make(&scene);
    snprintf(scene.config.signer_key_file, DV_CONFIG_TEXT_MAX, "%s", key_file);
    snprintf(scene.config.signer_journal, DV_CONFIG_TEXT_MAX, "%s", journal_file);
    write_file(key_file, key_text(), 0600);
    s = NULL;
}

static void tear_down(void)
{
    if (s != NULL) stage_destroy(s);
    unlink(key_file);
    unlink(journal_file);
    rmdir(folder);
}

/* Hands the scene's message in, and ends the turn. */
static void ask(void)
{
    scene_compile(&scene);
    stage_receive(s, PORT, "execution",
                  (dv_message){.type = DV_MSG_sign_request, .sign_request = scene.ask});
    stage_tick(s);
}

static const dv_sign_reply *told(void)
{
    return &stage_expect(s, DV_MSG_sign_reply)->message.sign_reply;
}

/* Asks, and it must be signed, in a way that the chain takes. */
static void assert_signs(void)
{
    dv_transaction_view view;
    char text[DV_BASE58_TEXT_SIZE];
    ask();
    const dv_sign_reply *t = told();
    ck_assert_msg(t->error == DV_OK, "%.*s", DV_TEXT_ARG(t->error_text));
    ck_assert(dv_id_equal(&t->order_id, &scene.ask.order_id));
    ck_assert_uint_eq(t->attempt, scene.ask.attempt);
    ck_assert_int_eq(
        dv_transaction_decode((const uint8_t *)t->transaction.at, t->transaction.size, &view),
        DV_OK);
    ck_assert(wallet_verify(&view));
    dv_base58_encode(view.signatures, DV_SIGNATURE_SIZE, text);
    ck_assert(dv_text_is(t->signature, text));
    ck_assert_uint_eq(view.message_size, scene.ask.message.size);
    ck_assert_mem_eq(view.message, scene.ask.message.at, view.message_size);
}

static void assert_refuses(dv_err error, const char *reason)
{
    ask();
    const dv_sign_reply *t = told();
    ck_assert_msg(t->error == error, "%s, not %s: %.*s", dv_err_name((uint16_t)t->error),
                  dv_err_name(error), DV_TEXT_ARG(t->error_text));
    ck_assert_uint_eq(t->transaction.size, 0);
    ck_assert_uint_eq(t->signature.size, 0);
    char text[DV_REASON_MAX + 1];
    dv_text_copy(text, sizeof text, t->error_text);
    ck_assert_msg(strstr(text, reason) != NULL, "expected \"%s\", not \"%s\"", reason, text);
}

/* Another message for whatever is asked: another memo. */
static void another_message(const char *memo)
{
    dv_ix_memo(dv_text_of(memo), NULL, &scene.ix[MEMO]);
}

static void order_is(uint8_t n)
{
    scene.ask.order_id.bytes[0] = n;
}

/* ---- one message an attempt ---- */

START_TEST(it_signs_a_message_that_its_policy_allows)
{
    start_well();
    assert_signs();
    char wallet[DV_BASE58_TEXT_SIZE];
    dv_base58_encode(scene.wallet.bytes, 32, wallet);
    ck_assert_str_eq(dv_signer_wallet(s->self), wallet);
}
END_TEST

START_TEST(it_says_why_it_refuses)
{
    start_well();
    scene.payer = scene.stranger;
    for (uint32_t i = 0; i < scene.ix_count; i++)
        for (uint32_t k = 0; k < scene.ix[i].account_count; k++)
            scene.ix[i].accounts[k].is_signer = false;
    assert_refuses(DV_SIGNER_REFUSED, "its fee payer is not the wallet");
}
END_TEST

START_TEST(the_same_message_gets_the_same_signature_and_counts_once)
{
    start_well();
    for (int i = 0; i < 5; i++) assert_signs(); /* of at most 3 SOL a day */
    dv_text first = s->sent[0].message.sign_reply.signature;
    for (int i = 1; i < 5; i++)
        ck_assert(dv_text_equal(first, s->sent[i].message.sign_reply.signature));
}
END_TEST

START_TEST(another_message_for_an_attempt_that_was_signed_is_refused)
{
    start_well();
    assert_signs();
    another_message("order:1 again");
    assert_refuses(DV_SIGNER_CONFLICT, "it differs from what was signed for attempt 1 before");
    restart();
    assert_refuses(DV_SIGNER_CONFLICT, "it differs from what was signed for attempt 1 before");
    scene.ask.attempt = 2;
    assert_signs();
    scene.ask.attempt = 1;
    order_is(9);
    assert_signs();
    ck_assert_int_eq(dv_err_class(DV_SIGNER_CONFLICT), DV_CLASS_RETRY);
}
END_TEST

START_TEST(two_messages_for_one_attempt_in_one_turn_get_one_signature)
{
    start_well();
    scene_compile(&scene);
    stage_receive(s, PORT, "execution@a",
                  (dv_message){.type = DV_MSG_sign_request, .sign_request = scene.ask});
    another_message("other");
    scene_compile(&scene);
    stage_receive(s, PORT, "execution@b",
                  (dv_message){.type = DV_MSG_sign_request, .sign_request = scene.ask});
    stage_tick(s);
    ck_assert_uint_eq(told()->error, DV_SIGNER_CONFLICT);
    ck_assert_uint_eq(told()->error, DV_OK);
}
END_TEST

START_TEST(what_takes_back_may_be_signed_in_other_words_again)
{
    start_well();
    scene_take_back(&scene.ix[0], &scene.wallet, "guard-1", &scene.wallet, SCENE_GUARD_RENT);
    scene.ix[1] = scene.ix[MEMO];
    scene.ix_count = 2;
    scene.ask.amount = scene.ask.limit_amount = scene.ask.attempt = 0;
    assert_signs();
    dv_ix_memo(dv_text_of("later"), NULL, &scene.ix[1]);
    assert_signs();
    restart();
    dv_ix_memo(dv_text_of("later still"), NULL, &scene.ix[1]);
    assert_signs();
}
END_TEST

/* ---- what a day may cost ---- */

START_TEST(a_day_may_cost_its_maximum_and_a_restart_does_not_forget_it)
{
    start_well();
    for (uint8_t i = 1; i <= 3; i++) {
        order_is(i);
        assert_signs();
    }
    order_is(4);
    assert_refuses(DV_SIGNER_LIMIT_REACHED,
                   "1000000000 more atoms of SOL, 24 hours exceed their 3");
    restart();
    assert_refuses(DV_SIGNER_LIMIT_REACHED, "24 hours exceed");
    stage_pass_ms(s, 24 * HOUR_MS - 1);
    assert_refuses(DV_SIGNER_LIMIT_REACHED, "24 hours exceed");
    stage_pass_ms(s, 1);
    assert_signs();
    ck_assert_int_eq(dv_err_class(DV_SIGNER_LIMIT_REACHED), DV_CLASS_RETRY);
}
END_TEST

START_TEST(a_day_of_lamports_is_bounded_too)
{
    scene.config.signer_day_lamports_max = 2 * SCENE_LAMPORTS;
    start_well();
    order_is(1);
    assert_signs();
    order_is(2);
    assert_signs();
    order_is(3);
    assert_refuses(DV_SIGNER_LIMIT_REACHED, "more lamports of fees and rent");
    restart();
    assert_refuses(DV_SIGNER_LIMIT_REACHED, "more lamports of fees and rent");
}
END_TEST

START_TEST(what_is_refused_is_not_counted)
{
    start_well();
    scene_swap_put(&scene, false, 2000000001, SCENE_LIMIT);
    for (uint8_t i = 10; i < 20; i++) {
        order_is(i);
        assert_refuses(DV_SIGNER_REFUSED, "more than the 2000000000 of an order");
    }
    scene_swap_put(&scene, false, SCENE_AMOUNT, SCENE_LIMIT);
    for (uint8_t i = 1; i <= 3; i++) {
        order_is(i);
        assert_signs();
    }
}
END_TEST

/* ---- its journal ---- */

START_TEST(nothing_is_signed_that_cannot_be_written_down)
{
    start_well();
    order_is(1);
    assert_signs();
    struct rlimit none = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY}, before;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    none.rlim_max = before.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    order_is(2);
    assert_refuses(DV_SIGNER_JOURNAL_AWAY, "cannot write down");
    ck_assert_int_eq(DV_SIGNER_CLASS.health(s->self).degraded, DV_SIGNER_JOURNAL_AWAY);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    another_message("another one"); /* for the attempt that was not signed */
    assert_signs();
    ck_assert_int_eq(DV_SIGNER_CLASS.health(s->self).degraded, DV_OK);
    restart();
    assert_signs();
    another_message("a third one");
    assert_refuses(DV_SIGNER_CONFLICT, "");
}
END_TEST

START_TEST(a_line_that_a_crash_cut_off_was_never_signed)
{
    struct stat status;
    start_well();
    order_is(1);
    assert_signs();
    order_is(2);
    assert_signs();
    stage_destroy(s);
    ck_assert_int_eq(stat(journal_file, &status), 0);
    ck_assert_int_eq(truncate(journal_file, status.st_size - 1), 0);
    start_well();
    another_message("again");
    assert_signs(); /* order 2, in other words */
    order_is(1);
    assert_refuses(DV_SIGNER_CONFLICT, "");
}
END_TEST

START_TEST(a_journal_that_was_changed_stops_the_start)
{
    start_well();
    order_is(1);
    assert_signs();
    order_is(2);
    assert_signs();
    stage_destroy(s);
    int fd = open(journal_file, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, "x", 1, 30), 1);
    close(fd);
    ck_assert_int_eq(start_at((dv_time){1, 1700000000000000}), DV_START_FAILED);
    ck_assert_msg(strstr(why, "line 1 is none that was written here") != NULL, "%s", why);
}
END_TEST

START_TEST(a_second_signer_does_not_start_on_the_same_journal)
{
    start_well();
    stage *first = s;
    ck_assert_int_eq(start_at((dv_time){1, 1700000000000000}), DV_START_FAILED);
    ck_assert_msg(strstr(why, "another signer has it") != NULL, "%s", why);
    stage_destroy(s);
    s = first;
    assert_signs();
}
END_TEST

START_TEST(a_restart_drops_the_lines_that_are_a_day_old)
{
    struct stat before, after;
    start_well();
    order_is(1);
    assert_signs();
    stat(journal_file, &before);
    stage_pass_ms(s, 20 * HOUR_MS);
    order_is(2);
    assert_signs();
    stage_pass_ms(s, 4 * HOUR_MS);
    restart();
    stat(journal_file, &after);
    ck_assert_int_eq(before.st_size, after.st_size); /* one line */
    ck_assert_uint_eq(after.st_mode & 0777, 0600);
    another_message("x");
    assert_refuses(DV_SIGNER_CONFLICT, "");
    order_is(1);
    assert_signs();
    restart();
    another_message("y");
    assert_refuses(DV_SIGNER_CONFLICT, "");
}
END_TEST

/* ---- its key ---- */

static void assert_no_start(dv_err error, const char *reason)
{
    ck_assert_int_eq(start_at((dv_time){1, 1700000000000000}), error);
    ck_assert_msg(strstr(why, reason) != NULL, "expected \"%s\", not \"%s\"", reason, why);
}

START_TEST(a_key_file_that_others_may_use_is_refused)
{
    static const mode_t MODES[] = {0640, 0604, 0610, 0620, 0602};
    for (size_t i = 0; i < sizeof MODES / sizeof MODES[0]; i++) {
        chmod(key_file, MODES[i]);
        assert_no_start(DV_START_FAILED, "chmod 600");
        stage_destroy(s);
    }
    chmod(key_file, 0400);
    start_well();
}
END_TEST

START_TEST(a_file_without_a_key_is_refused)
{
    write_file(key_file, "[1,2,3]", 0600);
    assert_no_start(DV_START_FAILED, "it holds no key");
    stage_destroy(s);
    unlink(key_file);
    assert_no_start(DV_START_FAILED, "No such file");
    stage_destroy(s);
    snprintf(scene.config.signer_key_file, DV_CONFIG_TEXT_MAX, "%s", folder);
    assert_no_start(DV_START_FAILED, "it is no plain file");
}
END_TEST

START_TEST(the_key_of_the_environment_is_taken_and_wiped)
{
    *scene.config.signer_key_file = '\0';
    setenv("PRIVATE_KEY", key_text(), 1);
    const char *where = getenv("PRIVATE_KEY");
    start_well();
    ck_assert_ptr_null(getenv("PRIVATE_KEY"));
    for (size_t i = 0; i < strlen(key_text()); i++) ck_assert_int_eq(where[i], 0);
    assert_signs();
}
END_TEST

START_TEST(a_file_comes_before_the_environment_which_is_wiped_all_the_same)
{
    setenv("PRIVATE_KEY", "[1,2]", 1);
    start_well();
    ck_assert_ptr_null(getenv("PRIVATE_KEY"));
    assert_signs();
}
END_TEST

START_TEST(a_bad_key_in_the_environment_is_refused_and_not_repeated)
{
    *scene.config.signer_key_file = '\0';
    setenv("PRIVATE_KEY", "[17,18]", 1);
    assert_no_start(DV_START_FAILED, "PRIVATE_KEY: it holds no key");
    ck_assert_ptr_null(strstr(why, "17"));
}
END_TEST

START_TEST(a_key_of_another_wallet_than_configured_is_refused)
{
    snprintf(scene.config.wallet, DV_CONFIG_TEXT_MAX, SOL);
    assert_no_start(DV_CONFIG_INVALID, "but the signer's key is that of");
}
END_TEST

START_TEST(a_bad_policy_stops_the_start)
{
    snprintf(scene.config.signer_order_max, DV_CONFIG_TEXT_MAX, "SOL=much");
    assert_no_start(DV_CONFIG_INVALID, "signer_order_max: much is no amount of SOL");
}
END_TEST

START_TEST(without_a_key_it_starts_and_refuses)
{
    *scene.config.signer_key_file = '\0';
    start_well();
    ck_assert_str_eq(dv_signer_wallet(s->self), "");
    assert_refuses(DV_SIGNER_NO_KEY, "");
    ck_assert_int_ne(access(journal_file, F_OK), 0);
    ck_assert_int_eq(DV_SIGNER_CLASS.health(s->self).degraded, DV_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signer");
    TCase *c = tcase_create("signer");
    suite_add_tcase(suite, c);
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, it_signs_a_message_that_its_policy_allows);
    tcase_add_test(c, it_says_why_it_refuses);
    tcase_add_test(c, the_same_message_gets_the_same_signature_and_counts_once);
    tcase_add_test(c, another_message_for_an_attempt_that_was_signed_is_refused);
    tcase_add_test(c, two_messages_for_one_attempt_in_one_turn_get_one_signature);
    tcase_add_test(c, what_takes_back_may_be_signed_in_other_words_again);
    tcase_add_test(c, a_day_may_cost_its_maximum_and_a_restart_does_not_forget_it);
    tcase_add_test(c, a_day_of_lamports_is_bounded_too);
    tcase_add_test(c, what_is_refused_is_not_counted);
    tcase_add_test(c, nothing_is_signed_that_cannot_be_written_down);
    tcase_add_test(c, a_line_that_a_crash_cut_off_was_never_signed);
    tcase_add_test(c, a_journal_that_was_changed_stops_the_start);
    tcase_add_test(c, a_second_signer_does_not_start_on_the_same_journal);
    tcase_add_test(c, a_restart_drops_the_lines_that_are_a_day_old);
    tcase_add_test(c, a_key_file_that_others_may_use_is_refused);
    tcase_add_test(c, a_file_without_a_key_is_refused);
    tcase_add_test(c, the_key_of_the_environment_is_taken_and_wiped);
    tcase_add_test(c, a_file_comes_before_the_environment_which_is_wiped_all_the_same);
    tcase_add_test(c, a_bad_key_in_the_environment_is_refused_and_not_repeated);
    tcase_add_test(c, a_key_of_another_wallet_than_configured_is_refused);
    tcase_add_test(c, a_bad_policy_stops_the_start);
    tcase_add_test(c, without_a_key_it_starts_and_refuses);
    return suite_run(suite);
}
