#include "bench/load/watch.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MAX 262144
#define ABNORMAL 1006 /* closed without a word, RFC 6455 */

static void close_now(load_watch *w)
{
    unsigned code = ABNORMAL;
    if (w->frames != NULL && wslay_event_get_close_received(w->frames))
        code = wslay_event_get_status_code_received(w->frames);
    wslay_event_context_free(w->frames);
    w->frames = NULL;
    close(w->source.fd);
    w->source.fd = -1;
    w->phase = LOAD_WATCH_CLOSED;
    w->close_code = code;
    if (w->closed != NULL) w->closed(w);
}

/* ---- what wslay asks for ---- */

static ssize_t on_recv(wslay_event_context_ptr frames, uint8_t *bytes, size_t size, int flags,
                       void *watch)
{
    (void)flags;
    load_watch *w = watch;
    if (w->in_size == 0) {
        wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    size_t take = w->in_size < size ? w->in_size : size;
    memcpy(bytes, w->in, take);
    w->in += take;
    w->in_size -= take;
    return (ssize_t)take;
}

static ssize_t on_send(wslay_event_context_ptr frames, const uint8_t *bytes, size_t size, int flags,
                       void *watch)
{
    (void)flags;
    ssize_t put = send(((load_watch *)watch)->source.fd, bytes, size, MSG_NOSIGNAL);
    if (put >= 0) return put;
    wslay_event_set_error(frames,
                          errno == EAGAIN ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static int on_mask(wslay_event_context_ptr frames, uint8_t *bytes, size_t size, void *watch)
{
    (void)frames;
    (void)watch;
    return getrandom(bytes, size, 0) == (ssize_t)size ? 0 : -1;
}

static void on_message(wslay_event_context_ptr frames,
                       const struct wslay_event_on_msg_recv_arg *message, void *watch)
{
    (void)frames;
    load_watch *w = watch;
    if (message->opcode == WSLAY_TEXT_FRAME)
        w->told(w, (const char *)message->msg, message->msg_length);
}

static const struct wslay_event_callbacks CALLBACKS = {.recv_callback = on_recv,
                                                       .send_callback = on_send,
                                                       .genmask_callback = on_mask,
                                                       .on_msg_recv_callback = on_message};

/* ---- reading and writing ---- */

/* Sends what is to be sent. False when the connection is of no more use. */
static bool transmit(load_watch *w)
{
    while (w->asked < w->request_size) {
        ssize_t put =
            send(w->source.fd, w->request + w->asked, w->request_size - w->asked, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && errno != EAGAIN) return false;
        if (put < 0) break;
        w->asked += (size_t)put;
    }
    if (w->frames != NULL && wslay_event_send(w->frames) != 0) return false;
    bool blocked =
        w->asked < w->request_size || (w->frames != NULL && wslay_event_want_write(w->frames));
    if (blocked != w->blocked)
        load_loop_change(w->loop, &w->source, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
    w->blocked = blocked;
    return true;
}

static int on_head(http_parser *parser)
{
    ((load_watch *)parser->data)->refused = parser->status_code;
    return 0;
}

/* Takes the handshake's answer off what was read. False when it is a refusal. */
static bool shake(load_watch *w)
{
    static const http_parser_settings SETTINGS = {.on_headers_complete = on_head};
    size_t parsed = http_parser_execute(&w->parser, &SETTINGS, w->in, w->in_size);
    if (w->refused == 0) return w->parser.http_errno == HPE_OK; /* not all of it is here */
    if (w->refused != 101 || !w->parser.upgrade) return false;
    w->refused = 0;
    w->in += parsed;
    w->in_size -= parsed;
    w->phase = LOAD_WATCH_OPEN;
    return wslay_event_context_client_init(&w->frames, &CALLBACKS, w) == 0;
}

/* False when the connection has ended. */
static bool receive(load_watch *w)
{
    static char bytes[READ_MAX]; /* one thread */
    ssize_t got = recv(w->source.fd, bytes, sizeof bytes, 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    w->in = bytes;
    w->in_size = (size_t)got;
    if (w->phase == LOAD_WATCH_ASKING && !shake(w)) return false;
    if (w->phase != LOAD_WATCH_OPEN) return true;
    return wslay_event_recv(w->frames) == 0 && !wslay_event_get_close_received(w->frames);
}

static void ready(load_source *source, uint32_t events)
{
    load_watch *w = (load_watch *)source; /* its first member */
    bool good = true;
    if (events & ~(uint32_t)EPOLLOUT) good = receive(w);
    if (good) good = transmit(w);
    if (!good) close_now(w);
}

/* ---- opening ---- */

void load_watch_init(load_watch *watch, load_loop *loop, uint16_t port)
{
    *watch = (load_watch){.source = {-1, ready}, .loop = loop, .port = port};
}

void load_watch_fini(load_watch *watch)
{
    if (watch->phase == LOAD_WATCH_CLOSED) return;
    watch->closed = NULL;
    close_now(watch);
}

void load_watch_open(load_watch *w, const char *path)
{
    assert(w->phase == LOAD_WATCH_CLOSED);
    w->request_size = (size_t)snprintf(w->request, sizeof w->request,
                                       "GET %.300s HTTP/1.1\r\nHost: localhost\r\n"
                                       "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                       "Sec-WebSocket-Version: 13\r\n"
                                       "Sec-WebSocket-Key: YmVuY2htYXJraW5nIGl0Lg==\r\n\r\n",
                                       path);
    w->asked = 0;
    w->refused = w->close_code = 0;
    w->phase = LOAD_WATCH_ASKING;
    http_parser_init(&w->parser, HTTP_RESPONSE);
    w->parser.data = w;
    w->source.fd = load_connect(w->port);
    w->blocked = true; /* until it is connected */
    load_loop_add(w->loop, &w->source, EPOLLIN | EPOLLOUT);
}
