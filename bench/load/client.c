#include "bench/load/client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MAX 65536

static void disconnect(load_client *c)
{
    if (c->source.fd >= 0) close(c->source.fd);
    c->source.fd = -1;
    c->blocked = false;
}

/* Ends the request under way. */
static void answer(load_client *c, unsigned status)
{
    c->busy = false;
    c->answered(c, status, c->body, c->size);
}

static void lose(load_client *c)
{
    disconnect(c);
    if (c->busy) answer(c, 0);
}

/* ---- reading ---- */

static int on_begin(http_parser *parser)
{
    load_client *c = parser->data;
    c->size = 0;
    c->whole = false;
    return 0;
}

static int on_body(http_parser *parser, const char *bytes, size_t size)
{
    load_client *c = parser->data;
    if (c->size + size > c->capacity) {
        c->capacity = 2 * (c->size + size);
        c->body = realloc(c->body, c->capacity);
        if (c->body == NULL) abort();
    }
    memcpy(c->body + c->size, bytes, size);
    c->size += size;
    return 0;
}

static int on_complete(http_parser *parser)
{
    load_client *c = parser->data;
    c->whole = true;
    return 0;
}

static const http_parser_settings SETTINGS = {
    .on_message_begin = on_begin, .on_body = on_body, .on_message_complete = on_complete};

static void receive(load_client *c)
{
    static char bytes[READ_MAX]; /* one thread */
    ssize_t got = recv(c->source.fd, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) got = 0;
    size_t parsed = http_parser_execute(&c->parser, &SETTINGS, bytes, (size_t)got);
    if (got == 0 || parsed != (size_t)got || !c->busy) {
        lose(c);
        return;
    }
    if (!c->whole) return;
    if (!http_should_keep_alive(&c->parser)) disconnect(c);
    answer(c, c->parser.status_code);
}

/* ---- writing ---- */

static void transmit(load_client *c)
{
    while (c->out_size > 0) {
        ssize_t put = send(c->source.fd, c->out, c->out_size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) break;
        c->out += put;
        c->out_size -= (size_t)put;
    }
    bool blocked = c->out_size > 0; /* if it is lost instead, epoll will say so */
    if (blocked == c->blocked) return;
    c->blocked = blocked;
    load_loop_change(c->loop, &c->source, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void ready(load_source *source, uint32_t events)
{
    load_client *c = (load_client *)source; /* its first member */
    if (events & EPOLLOUT) transmit(c);
    if (events & ~(uint32_t)EPOLLOUT) receive(c);
}

void load_client_send(load_client *c, const char *request, size_t size)
{
    assert(!c->busy);
    c->busy = true;
    c->whole = false;
    c->out = request;
    c->out_size = size;
    if (c->source.fd >= 0) {
        transmit(c);
        return;
    }
    http_parser_init(&c->parser, HTTP_RESPONSE);
    c->parser.data = c;
    c->source.fd = load_connect(c->port);
    c->blocked = true; /* until it is connected */
    load_loop_add(c->loop, &c->source, EPOLLIN | EPOLLOUT);
}

void load_client_init(load_client *client, load_loop *loop, uint16_t port, load_answered *answered,
                      void *owner)
{
    *client = (load_client){
        .source = {-1, ready}, .loop = loop, .port = port, .answered = answered, .owner = owner};
}

void load_client_fini(load_client *client)
{
    disconnect(client);
    free(client->body);
    client->body = NULL;
}
