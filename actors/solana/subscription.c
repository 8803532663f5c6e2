#include "actors/solana/subscription.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actors/solana/answer_read.h"
#include "proto/buffer.h"
#include "proto/message.h"

#define US_PER_MS 1000
#define AGAIN_MIN_US (500 * US_PER_MS) /* before a new connection; doubled each time */
#define AGAIN_MAX_US (30000 * US_PER_MS)
#define SILENCE_S 20 /* after which a ping is sent; a connection without a pong is dead */
#define MESSAGE_MAX (1u << 20)
#define TEXT_MAX 256

struct dv_subscription {
    int pipe[2]; /* hints: indices of 32 bits, from the thread to the owner */
    pthread_t thread;
    _Atomic bool stop;
    char host[TEXT_MAX], path[TEXT_MAX];
    int port;
    bool tls;
    pthread_mutex_t mutex; /* guards `next`, next_count and changed */
    dv_pubkey next[DV_SUBSCRIPTION_ACCOUNTS_MAX];
    uint32_t next_count;
    bool changed; /* the accounts, since the thread took them */

    /* The thread's own. */
    uint32_t count;
    char accounts[DV_SUBSCRIPTION_ACCOUNTS_MAX][DV_BASE58_TEXT_SIZE];
    struct lws_context *context;
    struct lws *socket; /* NULL: no connection */
    bool open;          /* the connection takes messages */
    lws_sorted_usec_list_t timer;
    int64_t wait_us;
    uint32_t asked; /* how many accounts were asked for on this connection */
    uint64_t numbers[DV_SUBSCRIPTION_ACCOUNTS_MAX]; /* the node's subscription of each account */
    dv_buffer message;
};

/* ---- what the node says ------------------------------------------------------------------ */

/* A full pipe already holds hints, so a lost one costs nothing. */
static void hint(const dv_subscription *s, uint32_t index)
{
    ssize_t written = write(s->pipe[1], &index, sizeof index);
    (void)written;
}

static void hint_all(const dv_subscription *s)
{
    for (uint32_t i = 0; i < s->count; i++) hint(s, i);
}

/* {"result": number, "id": index} or {"method": "accountNotification", "params": {"subscription":
 * …}} */
static void message_take(dv_subscription *s)
{
    uint64_t id, number;
    yajl_val root = dv_jsonrpc_parse(s->message.bytes, s->message.size);
    if (dv_jsonrpc_u64(dv_jsonrpc_get(root, "id"), &id) && id < s->count &&
        dv_jsonrpc_u64(dv_jsonrpc_get(root, "result"), &number))
        s->numbers[id] = number;
    else if (dv_jsonrpc_u64(dv_jsonrpc_get(dv_jsonrpc_get(root, "params"), "subscription"),
                            &number))
        for (uint32_t i = 0; i < s->asked; i++)
            if (s->numbers[i] == number) hint(s, i);
    yajl_tree_free(root);
    s->message.size = 0;
}

/* ---- the connection ---------------------------------------------------------------------- */

static void connect_now(lws_sorted_usec_list_t *timer);

static void connect_later(dv_subscription *s)
{
    s->socket = NULL;
    s->open = false;
    s->wait_us = s->wait_us == 0 ? AGAIN_MIN_US : s->wait_us * 2;
    if (s->wait_us > AGAIN_MAX_US) s->wait_us = AGAIN_MAX_US;
    lws_sul_schedule(s->context, 0, &s->timer, connect_now, s->wait_us);
}

static void connect_now(lws_sorted_usec_list_t *timer)
{
    dv_subscription *s = lws_container_of(timer, dv_subscription, timer);
    struct lws_client_connect_info info = {.context = s->context,
                                           .address = s->host,
                                           .host = s->host,
                                           .origin = s->host,
                                           .path = s->path,
                                           .port = s->port,
                                           .ssl_connection = s->tls ? LCCSCF_USE_SSL : 0,
                                           .local_protocol_name = "solana",
                                           .pwsi = &s->socket,
                                           .opaque_user_data = s};
    bool failed = lws_client_connect_via_info(&info) == NULL;
    if (failed && lws_dll2_is_detached(&s->timer.list))
        connect_later(s); /* no event tells of this failure */
}

static int subscribe_next(dv_subscription *s, struct lws *socket)
{
    unsigned char room[LWS_PRE + 256];
    char *text = (char *)room + LWS_PRE;
    if (s->asked == s->count) return 0;
    int size = snprintf(text, sizeof room - LWS_PRE,
                        "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"accountSubscribe\",\"params\":"
                        "[\"%s\",{\"encoding\":\"base64\",\"commitment\":\"confirmed\"}]}",
                        s->asked, s->accounts[s->asked]);
    s->numbers[s->asked++] = UINT64_MAX;
    if (lws_write(socket, (unsigned char *)text, (size_t)size, LWS_WRITE_TEXT) < size) return -1;
    if (s->asked < s->count)
        lws_callback_on_writable(socket);
    else
        hint_all(s);
    return 0;
}

static int receive(dv_subscription *s, struct lws *socket, const void *bytes, size_t size)
{
    if (size > MESSAGE_MAX - s->message.size) return -1;
    dv_buffer_add(&s->message, bytes, size);
    if (lws_is_final_fragment(socket) && lws_remaining_packet_payload(socket) == 0) message_take(s);
    return 0;
}

static int on_event(struct lws *socket, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size)
{
    (void)user;
    dv_subscription *s = lws_get_opaque_user_data(socket);
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        s->open = true;
        s->wait_us = 0;
        s->asked = 0;
        s->message.size = 0;
        lws_callback_on_writable(socket);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE: return subscribe_next(s, socket);
    case LWS_CALLBACK_CLIENT_RECEIVE: return receive(s, socket, in, size);
    case LWS_CALLBACK_WSI_DESTROY: /* the end of every connection, at any stage */
        if (s != NULL && socket == s->socket && !s->stop) connect_later(s);
        return 0;
    default: return 0;
    }
}

/* Takes over the accounts to subscribe to. False: they did not change. */
static bool accounts_take(dv_subscription *s)
{
    pthread_mutex_lock(&s->mutex);
    bool changed = s->changed;
    s->changed = false;
    for (uint32_t i = 0; changed && i < s->next_count; i++)
        dv_base58_encode(s->next[i].bytes, DV_PUBKEY_SIZE, s->accounts[i]);
    if (changed) s->count = s->next_count;
    pthread_mutex_unlock(&s->mutex);
    return changed;
}

static void *run(void *arg)
{
    dv_subscription *s = arg;
    accounts_take(s);
    connect_now(&s->timer);
    while (!s->stop && lws_service(s->context, 0) >= 0) {
        if (!accounts_take(s)) continue;
        s->asked = 0; /* messages of the old connection are ignored */
        if (s->open)  /* a connection that opens later asks for these accounts */
            lws_set_timeout(s->socket, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
    return NULL;
}

/* ---- the owner's side -------------------------------------------------------------------- */

static bool part_of(CURLU *url, CURLUPart part, char *ret, size_t size, unsigned flags)
{
    char *text = NULL;
    bool good = curl_url_get(url, part, &text, flags) == CURLUE_OK && strlen(text) < size;
    if (good) snprintf(ret, size, "%s", text);
    curl_free(text);
    return good;
}

static bool url_read(dv_subscription *s, const char *text)
{
    char scheme[16], port[8], query[TEXT_MAX] = "", path[TEXT_MAX];
    CURLU *url = curl_url();
    if (url == NULL) abort();
    bool good = curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                part_of(url, CURLUPART_SCHEME, scheme, sizeof scheme, 0) &&
                part_of(url, CURLUPART_HOST, s->host, sizeof s->host, 0) &&
                part_of(url, CURLUPART_PATH, path, sizeof path, 0);
    bool named = good && part_of(url, CURLUPART_PORT, port, sizeof port, 0);
    if (good && part_of(url, CURLUPART_QUERY, query, sizeof query, 0))
        good = strlen(path) + strlen(query) + 2 < sizeof s->path;
    if (good) {
        s->tls = strcmp(scheme, "https") == 0;
        s->port = named ? (int)strtol(port, NULL, 10) + 1 : s->tls ? 443 : 80;
        snprintf(s->path, sizeof s->path, "%.120s%s%.120s", path, *query ? "?" : "", query);
    }
    curl_url_cleanup(url);
    return good;
}

static bool context_make(dv_subscription *s)
{
    static const struct lws_protocols PROTOCOLS[] = {{.name = "solana", .callback = on_event},
                                                     {.name = NULL}};
    static const lws_retry_bo_t SILENCE = {.secs_since_valid_ping = SILENCE_S,
                                           .secs_since_valid_hangup = 2 * SILENCE_S};
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
                                             .protocols = PROTOCOLS,
                                             .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
                                             .retry_and_idle_policy = &SILENCE,
                                             .gid = -1,
                                             .uid = -1};
    lws_set_log_level(0, NULL);
    s->context = lws_create_context(&info);
    return s->context != NULL;
}

static void accounts_set(dv_subscription *s, const dv_pubkey *accounts, uint32_t count)
{
    if (count > DV_SUBSCRIPTION_ACCOUNTS_MAX) count = DV_SUBSCRIPTION_ACCOUNTS_MAX;
    pthread_mutex_lock(&s->mutex);
    memcpy(s->next, accounts, count * sizeof *accounts);
    s->next_count = count;
    s->changed = true;
    pthread_mutex_unlock(&s->mutex);
}

dv_subscription *dv_subscription_new(const char *url, const dv_pubkey *accounts, uint32_t count,
                                     char *ret_why)
{
    dv_subscription *s = calloc(1, sizeof *s);
    if (s == NULL) abort();
    s->pipe[0] = s->pipe[1] = -1;
    pthread_mutex_init(&s->mutex, NULL);
    accounts_set(s, accounts, count);
    const char *why = NULL;
    if (!url_read(s, url))
        why = "the URL is none, or too long";
    else if (pipe2(s->pipe, O_NONBLOCK | O_CLOEXEC) != 0 || !context_make(s))
        why = "the WebSocket library cannot be used";
    else if (pthread_create(&s->thread, NULL, run, s) == 0)
        return s;
    else
        why = "there is no thread to be had";
    snprintf(ret_why, 200, "%s", why);
    s->stop = true; /* there is no thread to wait for */
    if (s->context != NULL) lws_context_destroy(s->context);
    s->context = NULL;
    dv_subscription_destroy(&s);
    return NULL;
}

void dv_subscription_destroy(dv_subscription **subscription)
{
    dv_subscription *s = *subscription;
    if (s == NULL) return;
    if (s->context != NULL) {
        s->stop = true;
        lws_cancel_service(s->context);
        pthread_join(s->thread, NULL);
        lws_context_destroy(s->context);
    }
    if (s->pipe[0] >= 0) close(s->pipe[0]);
    if (s->pipe[1] >= 0) close(s->pipe[1]);
    dv_buffer_fini(&s->message);
    pthread_mutex_destroy(&s->mutex);
    free(s);
    *subscription = NULL;
}

void dv_subscription_change(dv_subscription *subscription, const dv_pubkey *accounts,
                            uint32_t count)
{
    accounts_set(subscription, accounts, count);
    lws_cancel_service(subscription->context);
}

int dv_subscription_descriptor(const dv_subscription *subscription)
{
    return subscription->pipe[0];
}

bool dv_subscription_next(dv_subscription *subscription, uint32_t *ret_index)
{
    uint32_t index;
    if (read(subscription->pipe[0], &index, sizeof index) != sizeof index) return false;
    *ret_index = index;
    return true;
}
