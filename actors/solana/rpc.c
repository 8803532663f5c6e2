#include "actors/solana/rpc.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <uthash.h>

#include "proto/buffer.h"
#include "proto/message.h"

#define NS_PER_MS 1000000ll
#define NS_PER_S 1000000000ll
#define NEVER INT64_MAX
#define REST_MIN_NS (250 * NS_PER_MS) /* after one failure; doubled by each further one */
#define REST_MAX_NS (10 * NS_PER_S)
#define SEARCH_TIMEOUT_MS 30000 /* the most that a search may take */
#define RETRY_AFTER_MAX_S 60    /* the longest rest that an endpoint may ask for */
#define CONNECTIONS_MAX 16
#define EVENTS_MAX 32
#define EXCHANGES_PER_ASK 2 /* the request, and its hedge */

typedef struct node {
    char url[DV_RPC_URL_MAX];
    char name[DV_RPC_URL_MAX];
    uint32_t failures;  /* in a row */
    int64_t well_at_ns; /* the end of its rest */
    int64_t next_ns;    /* when the rate allows the next request */
    bool well;
} node;

typedef struct ask ask;

/* One HTTP request under way. */
typedef struct exchange {
    CURL *easy;
    ask *ask; /* NULL: its ask ended */
    uint32_t endpoint;
    size_t size_max; /* bytes of the body */
    dv_buffer body;
} exchange;

struct ask {
    uint64_t id; /* id of the JSON-RPC request */
    char *request;
    uint32_t only;       /* the one endpoint, or DV_RPC_ANY */
    size_t size_max;     /* bytes of an answer */
    bool is_search;      /* leaves the endpoint's health as it is */
    uint32_t tried;      /* endpoints, as bits */
    int64_t start_at_ns; /* when the next exchange may begin; NEVER: none is wanted */
    exchange *exchanges[EXCHANGES_PER_ASK];
    dv_rpc_reply reply; /* with the last fault */
    dv_rpc_done *done;
    void *context;
    UT_hash_handle hh; /* by id */
};

struct dv_rpc {
    dv_rpc_options options;
    node endpoints[DV_RPC_ENDPOINTS_MAX];
    uint32_t count;
    CURLM *multi;
    struct curl_slist *headers;
    int poll_fd;
    int64_t curl_at_ns; /* curl's own timer */
    int64_t now_ns;     /* the time of this call */
    uint64_t last_id;
    ask *asks; /* owned, in order of asking */
};

/* ---- curl's sockets and timer ------------------------------------------------------------ */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    (void)easy;
    dv_rpc *r = context;
    struct epoll_event event = {.data.fd = fd};
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(r->poll_fd, EPOLL_CTL_DEL, fd, NULL); /* it may be closed already */
        return 0;
    }
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    int made = epoll_ctl(r->poll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    if (made != 0) made = epoll_ctl(r->poll_fd, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    curl_multi_assign(r->multi, fd, r);
    return made;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    dv_rpc *r = context;
    r->curl_at_ns = timeout_ms < 0 ? NEVER : r->now_ns + timeout_ms * NS_PER_MS;
    return 0;
}

static size_t on_body(char *bytes, size_t one, size_t count, void *context)
{
    exchange *x = context;
    size_t size = one * count;
    if (size > x->size_max - x->body.size) return 0; /* ends the transfer */
    dv_buffer_add(&x->body, bytes, size);
    return size;
}

/* ---- exchanges --------------------------------------------------------------------------- */

static void exchange_end(dv_rpc *r, exchange *x)
{
    curl_multi_remove_handle(r->multi, x->easy);
    curl_easy_cleanup(x->easy);
    for (uint32_t i = 0; x->ask != NULL && i < EXCHANGES_PER_ASK; i++)
        if (x->ask->exchanges[i] == x) x->ask->exchanges[i] = NULL;
    dv_buffer_fini(&x->body);
    free(x);
}

static bool exchange_begin(dv_rpc *r, ask *a, uint32_t slot, uint32_t at)
{
    exchange *x = calloc(1, sizeof *x);
    if (x == NULL) abort();
    x->ask = a;
    x->endpoint = at;
    x->size_max = a->size_max;
    x->easy = curl_easy_init();
    if (x->easy == NULL) abort();
    curl_easy_setopt(x->easy, CURLOPT_URL, r->endpoints[at].url);
    curl_easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, r->headers);
    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, a->request);
    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(a->request));
    curl_easy_setopt(x->easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS,
                     a->is_search ? SEARCH_TIMEOUT_MS : (long)r->options.timeout_ms);
    curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(x->easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
    a->exchanges[slot] = x;
    if (curl_multi_add_handle(r->multi, x->easy) == CURLM_OK) return true;
    exchange_end(r, x);
    return false;
}

static bool is_under_way(const ask *a)
{
    return a->exchanges[0] != NULL || a->exchanges[1] != NULL;
}

/* ---- endpoints --------------------------------------------------------------------------- */

static void endpoint_succeeded(node *e)
{
    e->failures = 0;
    e->well_at_ns = 0;
    e->well = true;
}

static void endpoint_failed(node *e, int64_t least_ns, int64_t now_ns)
{
    int64_t rest_ns = REST_MIN_NS << (e->failures < 8 ? e->failures : 8);
    if (rest_ns > REST_MAX_NS) rest_ns = REST_MAX_NS;
    if (rest_ns < least_ns) rest_ns = least_ns;
    e->failures++;
    e->well_at_ns = now_ns + rest_ns;
    e->well = false;
}

static int64_t max_ns(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The endpoint to ask next, and when it may be asked. UINT32_MAX: all were tried. When every
   endpoint rests, one of them is asked all the same, since a rest is only a guess. */
static uint32_t endpoint_choose(const dv_rpc *r, const ask *a, int64_t now_ns, int64_t *ret_at_ns)
{
    uint32_t best = UINT32_MAX, best_rank = UINT32_MAX;
    for (uint32_t i = 0; i < r->count; i++) {
        if ((a->tried & 1u << i) || (a->only != DV_RPC_ANY && a->only != i)) continue;
        const node *e = &r->endpoints[i];
        uint32_t rank = (e->well_at_ns > now_ns ? 2u : 0u) + (e->next_ns > now_ns ? 1u : 0u);
        if (rank >= best_rank) continue;
        best = i;
        best_rank = rank;
    }
    if (best != UINT32_MAX) *ret_at_ns = r->endpoints[best].next_ns;
    return best;
}

static void rate_take(dv_rpc *r, node *e, int64_t now_ns)
{
    if (r->options.rate_per_second == 0) return;
    int64_t each_ns = NS_PER_S / r->options.rate_per_second;
    /* Up to a tenth of a second's worth may go at once. */
    e->next_ns = max_ns(e->next_ns, now_ns - NS_PER_S / 10) + each_ns;
}

/* ---- questions --------------------------------------------------------------------------- */

static void ask_free(dv_rpc *r, ask *a)
{
    for (uint32_t i = 0; i < EXCHANGES_PER_ASK; i++)
        if (a->exchanges[i] != NULL) exchange_end(r, a->exchanges[i]);
    HASH_DEL(r->asks, a);
    free(a->request);
    free(a);
}

static void ask_done(dv_rpc *r, ask *a, int64_t now_ns)
{
    dv_rpc_reply reply = a->reply;
    dv_rpc_done *done = a->done;
    void *context = a->context;
    ask_free(r, a);
    done(context, &reply, now_ns);
}

/* Begins the next exchange of an ask if it is due. True when the ask ended instead. */
static bool ask_begin(dv_rpc *r, ask *a, int64_t now_ns)
{
    int64_t at_ns;
    uint32_t at = endpoint_choose(r, a, now_ns, &at_ns);
    uint32_t slot = a->exchanges[0] == NULL ? 0 : 1;
    if (at == UINT32_MAX || a->exchanges[slot] != NULL) {
        a->start_at_ns = NEVER;
        if (is_under_way(a)) return false;
        ask_done(r, a, now_ns);
        return true;
    }
    a->start_at_ns = at_ns;
    if (at_ns > now_ns) return false;
    a->tried |= 1u << at;
    a->reply.endpoint = at;
    rate_take(r, &r->endpoints[at], now_ns);
    bool hedged = a->only == DV_RPC_ANY && r->options.hedge_ms > 0;
    a->start_at_ns = hedged ? now_ns + r->options.hedge_ms * NS_PER_MS : NEVER;
    if (!exchange_begin(r, a, slot, at)) a->start_at_ns = now_ns;
    return false;
}

/* Whether another endpoint may have the answer. */
static bool is_behind(const dv_rpc_fault *fault)
{
    return fault->code == DV_RPC_NODE_BEHIND || fault->code == DV_RPC_SLOT_NOT_REACHED ||
           fault->code == DV_RPC_STATUS_NOT_YET;
}

static dv_err fault_class(const dv_rpc_fault *fault)
{
    if (fault->code == DV_RPC_TOO_MANY || fault->code == 429) return DV_CHAIN_RATE_LIMITED;
    return is_behind(fault) ? DV_CHAIN_BEHIND : DV_CHAIN_REFUSED;
}

/* The HTTP statuses of a method that is not offered: forbidden, not allowed, gone. */
static bool is_forbidding(long status)
{
    return status == 403 || status == 405 || status == 410;
}

/* The result of an exchange; ret_answer is NULL unless there is an answer. */
static dv_err exchange_judge(const exchange *x, CURLcode code, dv_answer **ret_answer)
{
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    bool is_search = x->ask->is_search;
    if (code == CURLE_WRITE_ERROR) /* the body is too large */
        return is_search ? DV_MESSAGE_TOO_LARGE : DV_CHAIN_ANSWER_MALFORMED;
    if (code != CURLE_OK) return DV_CHAIN_AWAY;
    if (status == 429) return DV_CHAIN_RATE_LIMITED;
    bool parsed = dv_answer_parse(x->body.bytes, x->body.size, x->ask->id, ret_answer) == DV_OK;
    if (parsed && dv_answer_fault(*ret_answer) != NULL)
        return fault_class(dv_answer_fault(*ret_answer));
    if (parsed && status == 200) return DV_OK;
    dv_answer_destroy(ret_answer);
    if (is_search && is_forbidding(status)) return DV_CHAIN_REFUSED;
    return status == 200 ? DV_CHAIN_ANSWER_MALFORMED : DV_CHAIN_AWAY;
}

static void endpoint_judge(node *e, const exchange *x, dv_err error, int64_t now_ns)
{
    curl_off_t retry_after = 0;
    if (x->ask->is_search) return;
    if (error == DV_OK || error == DV_CHAIN_REFUSED) {
        endpoint_succeeded(e);
        return;
    }
    curl_easy_getinfo(x->easy, CURLINFO_RETRY_AFTER, &retry_after);
    if (retry_after > RETRY_AFTER_MAX_S) retry_after = RETRY_AFTER_MAX_S;
    endpoint_failed(e, retry_after * NS_PER_S, now_ns);
}

static void exchange_finish(dv_rpc *r, exchange *x, CURLcode code, int64_t now_ns)
{
    ask *a = x->ask;
    dv_answer *answer = NULL;
    dv_err error = exchange_judge(x, code, &answer);
    uint32_t at = x->endpoint;
    endpoint_judge(&r->endpoints[at], x, error, now_ns);
    dv_buffer body = x->body;
    x->body = (dv_buffer){0};
    exchange_end(r, x);
    a->reply.error = error;
    a->reply.endpoint = at;
    bool final = error == DV_OK || error == DV_CHAIN_REFUSED || a->only != DV_RPC_ANY;
    if (final) {
        a->reply.answer = answer;
        if (answer != NULL) a->reply.body = (dv_text){body.bytes, (uint32_t)body.size};
        a->reply.id = a->id;
        ask_done(r, a, now_ns);
    } else if (!is_under_way(a)) {
        ask_begin(r, a, now_ns); /* the next endpoint, or the end */
    }
    dv_answer_destroy(&answer);
    dv_buffer_fini(&body);
}

static void messages_take(dv_rpc *r, int64_t now_ns)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(r->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode code = message->data.result;
        exchange *x = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&x);
        exchange_finish(r, x, code, now_ns);
    }
}

static ask *ask_add(dv_rpc *rpc, const char *method, dv_text params, uint32_t endpoint,
                    dv_rpc_done *done, void *context, uint64_t tag, int64_t now_ns)
{
    ask *a = calloc(1, sizeof *a);
    if (a == NULL) abort();
    a->id = ++rpc->last_id;
    a->only = endpoint;
    a->size_max = DV_ANSWER_SIZE_MAX;
    a->done = done;
    a->context = context;
    a->start_at_ns = now_ns;
    a->reply = (dv_rpc_reply){.error = DV_CHAIN_AWAY, .tag = tag};
    if (HASH_COUNT(rpc->asks) >= rpc->options.asks_max) {
        a->reply.error = DV_ENGINE_FULL;
        a->tried = UINT32_MAX;
    }
    size_t size = strlen(method) + params.size + 80;
    a->request = malloc(size);
    if (a->request == NULL) abort();
    snprintf(a->request, size,
             "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\",\"params\":%.*s}",
             (unsigned long long)a->id, method, DV_TEXT_ARG(params));
    HASH_ADD(hh, rpc->asks, id, sizeof a->id, a);
    return a;
}

void dv_rpc_ask(dv_rpc *rpc, const char *method, dv_text params, uint32_t endpoint,
                dv_rpc_done *done, void *context, uint64_t tag, int64_t now_ns)
{
    ask_add(rpc, method, params, endpoint, done, context, tag, now_ns);
}

void dv_rpc_search(dv_rpc *rpc, const char *method, dv_text params, uint32_t endpoint,
                   size_t size_max, dv_rpc_done *done, void *context, uint64_t tag, int64_t now_ns)
{
    ask *a = ask_add(rpc, method, params, endpoint, done, context, tag, now_ns);
    a->is_search = true;
    a->size_max = size_max < DV_ANSWER_SIZE_MAX ? size_max : DV_ANSWER_SIZE_MAX;
}

/* ---- the loop ---------------------------------------------------------------------------- */

int dv_rpc_descriptor(const dv_rpc *rpc)
{
    return rpc->poll_fd;
}

void dv_rpc_ready(dv_rpc *rpc, int64_t now_ns)
{
    struct epoll_event events[EVENTS_MAX];
    int running;
    rpc->now_ns = now_ns;
    int count = epoll_wait(rpc->poll_fd, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        int what = 0;
        if (events[i].events & EPOLLIN) what |= CURL_CSELECT_IN;
        if (events[i].events & EPOLLOUT) what |= CURL_CSELECT_OUT;
        if (events[i].events & (EPOLLERR | EPOLLHUP)) what |= CURL_CSELECT_ERR;
        curl_multi_socket_action(rpc->multi, events[i].data.fd, what, &running);
    }
    messages_take(rpc, now_ns);
}

static void asks_begin(dv_rpc *r, int64_t now_ns)
{
    /* A callback may ask again, which only appends. `next` could end together with its predecessor,
       so the loop stops at the last id. */
    uint64_t last = r->last_id;
    for (ask *a = r->asks, *next; a != NULL && a->id <= last; a = next) {
        next = a->hh.next;
        if (a->start_at_ns <= now_ns) ask_begin(r, a, now_ns);
    }
}

int64_t dv_rpc_tick(dv_rpc *rpc, int64_t now_ns)
{
    int running;
    rpc->now_ns = now_ns;
    asks_begin(rpc, now_ns);
    if (rpc->curl_at_ns <= now_ns) {
        rpc->curl_at_ns = NEVER;
        curl_multi_socket_action(rpc->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    messages_take(rpc, now_ns);
    int64_t next_ns = rpc->curl_at_ns;
    for (const ask *a = rpc->asks; a != NULL; a = a->hh.next)
        if (a->start_at_ns < next_ns) next_ns = a->start_at_ns;
    return next_ns;
}

/* ---- new and destroy --------------------------------------------------------------------- */

/* Scheme, host and port. */
static bool name_of(const char *url, char *ret)
{
    bool good = false;
    char *scheme = NULL, *host = NULL, *port = NULL;
    CURLU *parts = curl_url();
    if (parts == NULL) abort();
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
        snprintf(ret, DV_RPC_URL_MAX, "%.5s://%.200s:%.5s", scheme, host, port);
        good = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    return good;
}

static bool urls_read(dv_rpc *r, const char *urls, char *ret_why)
{
    static const char BETWEEN[] = " ,\t";
    for (const char *at = urls + strspn(urls, BETWEEN); *at; at += strspn(at, BETWEEN)) {
        size_t size = strcspn(at, BETWEEN);
        node *e = &r->endpoints[r->count];
        if (r->count == DV_RPC_ENDPOINTS_MAX || size >= DV_RPC_URL_MAX) {
            snprintf(ret_why, 200, "there are more than %d endpoints, or a URL is too long",
                     DV_RPC_ENDPOINTS_MAX);
            return false;
        }
        snprintf(e->url, sizeof e->url, "%.*s", (int)size, at);
        e->well = true;
        if (!name_of(e->url, e->name)) {
            snprintf(ret_why, 200, "endpoint %u is no URL of http or https", r->count + 1);
            return false;
        }
        r->count++;
        at += size;
    }
    if (r->count == 0) snprintf(ret_why, 200, "no endpoint is named");
    return r->count > 0;
}

dv_rpc *dv_rpc_new(const dv_rpc_options *options, char *ret_why)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        snprintf(ret_why, 200, "libcurl cannot be used on this machine");
        return NULL;
    }
    dv_rpc *r = calloc(1, sizeof *r);
    if (r == NULL) abort();
    r->options = *options;
    r->options.urls = NULL;
    r->curl_at_ns = NEVER;
    r->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    r->multi = curl_multi_init();
    r->headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (r->poll_fd < 0 || r->multi == NULL || r->headers == NULL) abort();
    curl_multi_setopt(r->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(r->multi, CURLMOPT_SOCKETDATA, r);
    curl_multi_setopt(r->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(r->multi, CURLMOPT_TIMERDATA, r);
    curl_multi_setopt(r->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MAX);
    if (!urls_read(r, options->urls, ret_why)) dv_rpc_destroy(&r);
    return r;
}

void dv_rpc_destroy(dv_rpc **rpc)
{
    if (*rpc == NULL) return;
    dv_rpc *r = *rpc;
    while (r->asks != NULL) ask_free(r, r->asks);
    curl_multi_cleanup(r->multi);
    curl_slist_free_all(r->headers);
    close(r->poll_fd);
    free(r);
    *rpc = NULL;
    curl_global_cleanup();
}

uint32_t dv_rpc_endpoint_count(const dv_rpc *rpc)
{
    return rpc->count;
}

uint32_t dv_rpc_endpoints_well(const dv_rpc *rpc)
{
    uint32_t well = 0;
    for (uint32_t i = 0; i < rpc->count; i++) well += rpc->endpoints[i].well;
    return well;
}

const char *dv_rpc_endpoint_name(const dv_rpc *rpc, uint32_t endpoint)
{
    return rpc->endpoints[endpoint].name;
}
