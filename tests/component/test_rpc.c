/* The JSON-RPC client against endpoints that behave as the test says, on real sockets. */
#include "actors/solana/rpc.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actors/base/clock.h"
#include "tests/support/suite.h"

#define DEADLINE_S 10
enum { SEARCH = 43 }; /* the tag of searches */

/* How an endpoint answers, one after the other; the last one is kept. */
typedef enum manner { WELL, HANG, CLOSE, GARBAGE, BUSY, BEHIND, REFUSE, BROKEN, FORBID } manner;

typedef struct stand {
    int listener, port;
    const manner *manners;
    int count;
    _Atomic int asked;
    _Atomic bool stop;
    pthread_t thread;
} stand;

static void reply(int fd, const char *head, const char *body)
{
    char text[1024];
    int size = snprintf(text, sizeof text,
                        "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: "
                        "%zu\r\nConnection: close\r\n\r\n%s",
                        head, strlen(body), body);
    ck_assert_int_eq(send(fd, text, (size_t)size, MSG_NOSIGNAL), size);
}

static void fault(int fd, unsigned long long id, int code)
{
    char body[200];
    snprintf(body, sizeof body,
             "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":%d,\"message\":\"no\"},\"id\":%llu}", code,
             id);
    reply(fd, "200 OK", body);
}

/* Reads one request; the id it bears, 0: none. */
static unsigned long long request_read(int fd)
{
    char text[4096] = "";
    size_t size = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (size < sizeof text - 1 && poll(&p, 1, DEADLINE_S * 1000) == 1) {
        ssize_t got = recv(fd, text + size, sizeof text - 1 - size, 0);
        if (got <= 0) return 0;
        size += (size_t)got;
        text[size] = '\0';
        const char *id = strstr(text, "\"id\":");
        if (id != NULL && strstr(text, "\"params\":[]}") != NULL) return strtoull(id + 5, NULL, 10);
    }
    return 0;
}

static void serve(stand *s, int fd)
{
    unsigned long long id = request_read(fd);
    int n = s->asked++;
    char body[100];
    switch (s->manners[n < s->count ? n : s->count - 1]) {
    case WELL:
        snprintf(body, sizeof body, "{\"jsonrpc\":\"2.0\",\"result\":%d,\"id\":%llu}", s->port, id);
        reply(fd, "200 OK", body);
        break;
    case HANG: return; /* the descriptor stays open, and is closed at the end of the process */
    case CLOSE: break;
    case GARBAGE: reply(fd, "200 OK", "<html>hello</html>"); break;
    case BUSY: reply(fd, "429 Too Many Requests\r\nRetry-After: 1", "{}"); break;
    case BEHIND: fault(fd, id, DV_RPC_NODE_BEHIND); break;
    case REFUSE: fault(fd, id, -32602); break;
    case BROKEN: reply(fd, "503 Service Unavailable", "oh"); break;
    case FORBID: reply(fd, "403 Forbidden", "no"); break;
    }
    close(fd);
}

static void *stand_run(void *arg)
{
    stand *s = arg;
    while (!s->stop) {
        struct pollfd p = {.fd = s->listener, .events = POLLIN};
        if (poll(&p, 1, 20) == 1) serve(s, accept(s->listener, NULL, NULL));
    }
    return NULL;
}

static stand *stand_new(const manner *manners, int count)
{
    stand *s = calloc(1, sizeof *s);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    s->manners = manners;
    s->count = count;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(s->listener, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(s->listener, 64), 0);
    getsockname(s->listener, (struct sockaddr *)&at, &size);
    s->port = ntohs(at.sin_port);
    ck_assert_int_eq(pthread_create(&s->thread, NULL, stand_run, s), 0);
    return s;
}

static void stand_end(stand *s)
{
    s->stop = true;
    pthread_join(s->thread, NULL);
    close(s->listener);
    free(s);
}

/* ---- the client's side ---- */

typedef struct outcome {
    int done;
    dv_err error;
    uint32_t endpoint;
    uint64_t number, tag;
} outcome;

static void on_done(void *context, const dv_rpc_reply *r, int64_t now_ns)
{
    (void)now_ns;
    outcome *o = context;
    o->done++;
    o->error = r->error;
    o->endpoint = r->endpoint;
    o->tag = r->tag;
    if (r->error == DV_OK) ck_assert_int_eq(dv_answer_number(r->answer, &o->number), DV_OK);
    if (r->error == DV_CHAIN_REFUSED && r->tag != SEARCH)
        ck_assert_ptr_nonnull(dv_answer_fault(r->answer));
}

static dv_rpc *client(stand *const *stands, int count, uint32_t hedge_ms, uint32_t rate)
{
    char urls[200] = "", why[200];
    for (int i = 0; i < count; i++)
        snprintf(urls + strlen(urls), sizeof urls - strlen(urls), "%shttp://127.0.0.1:%d/",
                 i ? ", " : "", stands[i]->port);
    dv_rpc *r = dv_rpc_new(&(dv_rpc_options){.urls = urls,
                                             .timeout_ms = 400,
                                             .hedge_ms = hedge_ms,
                                             .rate_per_second = rate,
                                             .asks_max = 100},
                           why);
    ck_assert_msg(r != NULL, "%s", why);
    return r;
}

static int64_t mono_ns(void)
{
    return dv_time_now().mono_ns;
}

static void ask(dv_rpc *r, uint32_t endpoint, outcome *o)
{
    dv_rpc_ask(r, "getSlot", dv_text_of("[]"), endpoint, on_done, o, 42, mono_ns());
}

/* Runs the client until so many questions are done. */
static void run(dv_rpc *r, const outcome *o, int done)
{
    int64_t end_ns = mono_ns() + DEADLINE_S * DV_NS_PER_S;
    while (o->done < done) {
        int64_t now_ns = mono_ns();
        ck_assert_msg(now_ns < end_ns, "no answer in %d s", DEADLINE_S);
        int64_t next_ns = dv_min_i64(dv_rpc_tick(r, now_ns), end_ns);
        struct pollfd p = {.fd = dv_rpc_descriptor(r), .events = POLLIN};
        int64_t wait_ms = (next_ns - now_ns + DV_NS_PER_MS - 1) / DV_NS_PER_MS;
        if (o->done < done && poll(&p, 1, (int)dv_max_i64(wait_ms, 0)) > 0)
            dv_rpc_ready(r, mono_ns());
    }
}

static const struct {
    manner manner;
    dv_err error;
} ALONE[] = {
    {WELL, DV_OK},
    {HANG, DV_CHAIN_AWAY},
    {CLOSE, DV_CHAIN_AWAY},
    {BROKEN, DV_CHAIN_AWAY},
    {GARBAGE, DV_CHAIN_ANSWER_MALFORMED},
    {BUSY, DV_CHAIN_RATE_LIMITED},
    {BEHIND, DV_CHAIN_BEHIND},
    {REFUSE, DV_CHAIN_REFUSED},
};

START_TEST(one_endpoint_is_answered_for_in_classes)
{
    stand *s = stand_new(&ALONE[_i].manner, 1);
    dv_rpc *r = client(&s, 1, 0, 0);
    outcome o = {0};
    ask(r, DV_RPC_ANY, &o);
    run(r, &o, 1);
    ck_assert_int_eq(o.error, ALONE[_i].error);
    ck_assert_uint_eq(o.tag, 42);
    ck_assert_int_eq(s->asked, 1);
    bool well = o.error == DV_OK || o.error == DV_CHAIN_REFUSED;
    ck_assert_uint_eq(dv_rpc_endpoints_well(r), well ? 1 : 0);
    dv_rpc_destroy(&r);
    stand_end(s);
}
END_TEST

START_TEST(a_read_goes_on_to_the_next_endpoint)
{
    static const manner good = WELL;
    stand *s[] = {stand_new(&ALONE[_i].manner, 1), stand_new(&good, 1)};
    dv_rpc *r = client(s, 2, 0, 0);
    outcome o = {0};
    ask(r, DV_RPC_ANY, &o);
    run(r, &o, 1);
    bool stays = ALONE[_i].error == DV_OK || ALONE[_i].error == DV_CHAIN_REFUSED;
    ck_assert_int_eq(o.error, stays ? ALONE[_i].error : DV_OK);
    ck_assert_uint_eq(o.endpoint, stays ? 0 : 1);
    /* The one that failed rests: the next question goes to the other at once. */
    ask(r, DV_RPC_ANY, &o);
    run(r, &o, 2);
    ck_assert_uint_eq(o.endpoint, stays ? 0 : 1);
    dv_rpc_destroy(&r);
    stand_end(s[0]);
    stand_end(s[1]);
}
END_TEST

START_TEST(what_names_its_endpoint_is_tried_there_alone)
{
    static const manner bad = CLOSE, good = WELL;
    stand *s[] = {stand_new(&bad, 1), stand_new(&good, 1)};
    dv_rpc *r = client(s, 2, 10, 0);
    outcome o = {0};
    ask(r, 0, &o);
    run(r, &o, 1);
    ck_assert_int_eq(o.error, DV_CHAIN_AWAY);
    ck_assert_uint_eq(o.endpoint, 0);
    ck_assert_int_eq(s[1]->asked, 0);
    dv_rpc_destroy(&r);
    stand_end(s[0]);
    stand_end(s[1]);
}
END_TEST

START_TEST(a_late_read_is_hedged)
{
    static const manner late = HANG, good = WELL;
    stand *s[] = {stand_new(&late, 1), stand_new(&good, 1)};
    dv_rpc *r = client(s, 2, 50, 0);
    outcome o = {0};
    int64_t begun_ns = mono_ns();
    ask(r, DV_RPC_ANY, &o);
    run(r, &o, 1);
    int64_t took_ms = (mono_ns() - begun_ns) / DV_NS_PER_MS;
    ck_assert_int_eq(o.error, DV_OK);
    ck_assert_uint_eq(o.endpoint, 1);
    ck_assert_int_ge(took_ms, 50);
    ck_assert_int_lt(took_ms, 400); /* the first one's time-out */
    dv_rpc_destroy(&r);
    stand_end(s[0]);
    stand_end(s[1]);
}
END_TEST

START_TEST(requests_keep_to_the_rate)
{
    static const manner good = WELL;
    stand *s = stand_new(&good, 1);
    dv_rpc *r = client(&s, 1, 0, 20);
    outcome o = {0};
    int64_t begun_ns = mono_ns();
    for (int i = 0; i < 10; i++) ask(r, DV_RPC_ANY, &o);
    run(r, &o, 10);
    int64_t took_ms = (mono_ns() - begun_ns) / DV_NS_PER_MS;
    ck_assert_int_eq(o.error, DV_OK);
    ck_assert_int_ge(took_ms, 300); /* 10 at 20 a second, a tenth of a second's worth at once */
    dv_rpc_destroy(&r);
    stand_end(s);
}
END_TEST

START_TEST(more_questions_than_allowed_are_refused)
{
    static const manner late = HANG;
    stand *s = stand_new(&late, 1);
    dv_rpc *r = client(&s, 1, 0, 0);
    outcome o = {0}, over = {0};
    for (int i = 0; i < 100; i++) ask(r, DV_RPC_ANY, &o);
    ask(r, DV_RPC_ANY, &over);
    run(r, &over, 1);
    ck_assert_int_eq(over.error, DV_ENGINE_FULL);
    dv_rpc_destroy(&r); /* with questions open */
    stand_end(s);
}
END_TEST

START_TEST(an_endpoint_recovers)
{
    static const manner manners[] = {CLOSE, WELL};
    stand *s = stand_new(manners, 2);
    dv_rpc *r = client(&s, 1, 0, 0);
    outcome o = {0};
    ask(r, DV_RPC_ANY, &o);
    run(r, &o, 1);
    ck_assert_uint_eq(dv_rpc_endpoints_well(r), 0);
    ask(r, DV_RPC_ANY, &o);
    run(r, &o, 2);
    ck_assert_int_eq(o.error, DV_OK);
    ck_assert_uint_eq(dv_rpc_endpoints_well(r), 1);
    dv_rpc_destroy(&r);
    stand_end(s);
}
END_TEST

static const struct {
    manner manner;
    size_t size_max;
    dv_err error;
} SEARCHES[] = {
    {WELL, 1000, DV_OK},
    {WELL, 10, DV_MESSAGE_TOO_LARGE},
    {CLOSE, 1000, DV_CHAIN_AWAY},
    {BROKEN, 1000, DV_CHAIN_AWAY},
    {GARBAGE, 1000, DV_CHAIN_ANSWER_MALFORMED},
    {BUSY, 1000, DV_CHAIN_RATE_LIMITED},
    {REFUSE, 1000, DV_CHAIN_REFUSED},
    {FORBID, 1000, DV_CHAIN_REFUSED},
};

START_TEST(a_search_that_fails_says_nothing_of_its_endpoint)
{
    stand *s = stand_new(&SEARCHES[_i].manner, 1);
    dv_rpc *r = client(&s, 1, 0, 0);
    outcome o = {0};
    dv_rpc_search(r, "getProgramAccounts", dv_text_of("[]"), 0, SEARCHES[_i].size_max, on_done, &o,
                  SEARCH, mono_ns());
    run(r, &o, 1);
    ck_assert_int_eq(o.error, SEARCHES[_i].error);
    ck_assert_int_eq(s->asked, 1);
    ck_assert_uint_eq(dv_rpc_endpoints_well(r), 1);
    dv_rpc_destroy(&r);
    stand_end(s);
}
END_TEST

static const char *const NO_URLS[] = {"", " , ", "ftp://127.0.0.1/", "not a url at all",
                                      "file:///etc"};

START_TEST(what_is_no_endpoint_is_refused_with_a_reason)
{
    char why[200] = "";
    ck_assert_ptr_null(dv_rpc_new(&(dv_rpc_options){.urls = NO_URLS[_i]}, why));
    ck_assert_str_ne(why, "");
}
END_TEST

START_TEST(a_name_shows_nothing_secret)
{
    char why[200];
    dv_rpc *r = dv_rpc_new(
        &(dv_rpc_options){.urls = "https://user:pass@node.invalid:8899/v2/KEY?api=KEY"}, why);
    ck_assert_str_eq(dv_rpc_endpoint_name(r, 0), "https://node.invalid:8899");
    dv_rpc_destroy(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rpc");
    TCase *c = tcase_create("rpc");
    tcase_set_timeout(c, 3 * DEADLINE_S);
    suite_add_tcase(suite, c);
#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))
    tcase_add_loop_test(c, one_endpoint_is_answered_for_in_classes, 0, COUNT(ALONE));
    tcase_add_loop_test(c, a_read_goes_on_to_the_next_endpoint, 0, COUNT(ALONE));
    tcase_add_test(c, what_names_its_endpoint_is_tried_there_alone);
    tcase_add_test(c, a_late_read_is_hedged);
    tcase_add_test(c, requests_keep_to_the_rate);
    tcase_add_test(c, more_questions_than_allowed_are_refused);
    tcase_add_test(c, an_endpoint_recovers);
    tcase_add_loop_test(c, a_search_that_fails_says_nothing_of_its_endpoint, 0, COUNT(SEARCHES));
    tcase_add_loop_test(c, what_is_no_endpoint_is_refused_with_a_reason, 0, COUNT(NO_URLS));
    tcase_add_test(c, a_name_shows_nothing_secret);
    return suite_run(suite);
}
