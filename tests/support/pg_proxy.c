#include "tests/support/pg_proxy.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in proxy_address(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void proxy_accept(proxy *p)
{
    int client = accept(p->listener, NULL, NULL);
    int upstream = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = proxy_address(p->server_port);
    int i = 0;
    while (i < PROXY_PAIRS && p->client[i] >= 0) i++;
    if (i == PROXY_PAIRS || connect(upstream, (struct sockaddr *)&to, sizeof to) != 0) {
        close(client);
        close(upstream);
        return;
    }
    p->client[i] = client;
    p->server[i] = upstream;
    p->mode[i] = PROXY_PASS;
}

static void proxy_close(proxy *p, int i)
{
    close(p->client[i]);
    close(p->server[i]);
    p->client[i] = -1;
}

/* Moves what one side has sent to the other. False when either has ended. */
static bool proxy_move(int from, int to)
{
    char bytes[65536];
    ssize_t size = recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size <= 0) return false;
    for (ssize_t at = 0; at < size;) {
        ssize_t sent = send(to, bytes + at, (size_t)(size - at), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        at += sent;
    }
    return true;
}

static void proxy_serve(proxy *p, int i, bool asked, bool answered)
{
    bool alive = p->mode[i] != PROXY_CUT;
    if (alive && asked) alive = proxy_move(p->client[i], p->server[i]);
    if (alive && answered) alive = proxy_move(p->server[i], p->client[i]);
    if (!alive) proxy_close(p, i);
}

/* One round: a descriptor is polled only if its mode lets it pass. */
static void proxy_turn(proxy *p)
{
    struct pollfd fds[2 * PROXY_PAIRS + 1];
    for (int i = 0; i < PROXY_PAIRS; i++) {
        bool open = p->client[i] >= 0;
        bool asks = open && p->mode[i] <= PROXY_DEAF, answers = open && p->mode[i] == PROXY_PASS;
        fds[2 * i] = (struct pollfd){.fd = asks ? p->client[i] : -1, .events = POLLIN};
        fds[2 * i + 1] = (struct pollfd){.fd = answers ? p->server[i] : -1, .events = POLLIN};
    }
    fds[2 * PROXY_PAIRS] = (struct pollfd){.fd = p->listener, .events = POLLIN};
    pthread_mutex_unlock(&p->lock);
    poll(fds, 2 * PROXY_PAIRS + 1, 5);
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < PROXY_PAIRS; i++) {
        bool asked = fds[2 * i].revents != 0 && p->mode[i] <= PROXY_DEAF;
        bool answered = fds[2 * i + 1].revents != 0 && p->mode[i] == PROXY_PASS;
        if (p->client[i] >= 0) proxy_serve(p, i, asked, answered);
    }
    if (fds[2 * PROXY_PAIRS].revents != 0) proxy_accept(p);
}

static void *proxy_run(void *proxy_)
{
    proxy *p = proxy_;
    pthread_mutex_lock(&p->lock);
    while (!p->end) proxy_turn(p);
    for (int i = 0; i < PROXY_PAIRS; i++)
        if (p->client[i] >= 0) proxy_close(p, i);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

void proxy_start(proxy *ret_proxy, int server_port)
{
    proxy *p = ret_proxy;
    *p = (proxy){.server_port = server_port, .lock = PTHREAD_MUTEX_INITIALIZER};
    for (int i = 0; i < PROXY_PAIRS; i++) p->client[i] = -1;
    struct sockaddr_in address = proxy_address(0);
    socklen_t size = sizeof address;
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(p->listener, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(p->listener, PROXY_PAIRS), 0);
    ck_assert_int_eq(getsockname(p->listener, (struct sockaddr *)&address, &size), 0);
    p->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&p->thread, NULL, proxy_run, p), 0);
}

void proxy_set(proxy *p, proxy_mode mode)
{
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < PROXY_PAIRS; i++) p->mode[i] = mode;
    pthread_mutex_unlock(&p->lock);
}

void proxy_stop(proxy *p)
{
    pthread_mutex_lock(&p->lock);
    p->end = true;
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    close(p->listener);
}
