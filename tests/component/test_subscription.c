/* A subscription to a node that is not there, ends, or says nonsense: hints or silence, and an end.
 */
#include "actors/solana/subscription.h"
#include "tests/support/suite.h"

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

/* Listens for WebSockets, and says at which URL a node would take requests then. */
static int node_listen(char ret_url[64])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    getsockname(listener, (struct sockaddr *)&at, &size);
    snprintf(ret_url, 64, "http://127.0.0.1:%d/", ntohs(at.sin_port) - 1);
    return listener;
}

static int node_accept(int listener)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    ck_assert_int_eq(poll(&p, 1, 10000), 1);
    return accept(listener, NULL, NULL);
}

/* Whoever answers the handshake with something else is no node; it ends while it tries again. */
START_TEST(what_answers_nonsense_is_left)
{
    char url[64], why[200];
    int listener = node_listen(url);
    dv_subscription *s = dv_subscription_new(url, ACCOUNTS, COUNT, why);
    ck_assert_ptr_nonnull(s);
    for (int tries = 0; tries < 2; tries++) {
        int fd = node_accept(listener); /* it comes, and comes again */
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

/* However often the accounts change before there is a connection, one is opened in the end. */
START_TEST(accounts_may_change_while_a_connection_is_opened)
{
    char url[64], why[200], request[1024];
    int listener = node_listen(url);
    for (int round = 0; round < 20; round++) {
        dv_subscription *s = dv_subscription_new(url, ACCOUNTS, COUNT, why);
        ck_assert_ptr_nonnull(s);
        for (int i = 0; i < 100; i++) dv_subscription_change(s, ACCOUNTS, 1 + (uint32_t)i % COUNT);
        ssize_t size = 0;
        while (size <= 0) { /* a connection that asks for nothing was given up */
            int fd = node_accept(listener);
            size = recv(fd, request, sizeof request, 0);
            close(fd);
        }
        dv_subscription_destroy(&s);
    }
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
    tcase_add_test(c, accounts_may_change_while_a_connection_is_opened);
    return suite_run(suite);
}
