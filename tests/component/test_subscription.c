/* A subscription to a node that is not there, ends, or says nonsense: hints or silence, and an end.
 */
#include "actors/solana/subscription.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const dv_pubkey ACCOUNTS[] = {{{1}}, {{2}}, {{3}}};
#define COUNT 3

static const char *const NO_URLS[] = {"", "not a url", "://", "http://"};

START_TEST(what_is_no_url_is_refused_with_a_reason)
{
    char why[200] = "";
    ck_assert_ptr_null(dv_subscription_new(NO_URLS[_i], ACCOUNTS, COUNT, why));
    ck_assert_str_ne(why, "");
}
END_TEST

START_TEST(a_node_that_is_away_costs_nothing_but_hints)
{
    char why[200];
    uint32_t index;
    dv_subscription *s = dv_subscription_new("http://127.0.0.1:1/", ACCOUNTS, COUNT, why);
    ck_assert_ptr_nonnull(s);
    struct pollfd p = {.fd = dv_subscription_descriptor(s), .events = POLLIN};
    ck_assert_int_eq(poll(&p, 1, 100), 0);
    ck_assert(!dv_subscription_next(s, &index));
    dv_subscription_destroy(&s);
    ck_assert_ptr_null(s);
    dv_subscription_destroy(&s);
}
END_TEST

/* Whoever answers the handshake with something else is no node; it ends while it tries again. */
START_TEST(what_answers_nonsense_is_left)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    getsockname(listener, (struct sockaddr *)&at, &size);
    char url[64], why[200];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(at.sin_port) - 1);
    dv_subscription *s = dv_subscription_new(url, ACCOUNTS, COUNT, why);
    ck_assert_ptr_nonnull(s);
    for (int tries = 0; tries < 2; tries++) {
        struct pollfd p = {.fd = listener, .events = POLLIN};
        ck_assert_int_eq(poll(&p, 1, 10000), 1); /* it comes, and comes again */
        int fd = accept(listener, NULL, NULL);
        static const char NONSENSE[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        ck_assert_int_eq(send(fd, NONSENSE, sizeof NONSENSE - 1, MSG_NOSIGNAL),
                         sizeof NONSENSE - 1);
        close(fd);
    }
    uint32_t index;
    ck_assert(!dv_subscription_next(s, &index));
    dv_subscription_destroy(&s);
    close(listener);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("subscription");
    TCase *c = tcase_create("subscription");
    tcase_set_timeout(c, 30);
    suite_add_tcase(suite, c);
    tcase_add_loop_test(c, what_is_no_url_is_refused_with_a_reason, 0,
                        sizeof NO_URLS / sizeof NO_URLS[0]);
    tcase_add_test(c, a_node_that_is_away_costs_nothing_but_hints);
    tcase_add_test(c, what_answers_nonsense_is_left);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
