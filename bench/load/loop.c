#include "bench/load/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256 /* served in one turn */

static void die(const char *what)
{
    perror(what);
    exit(1);
}

void load_loop_init(load_loop *loop)
{
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) die("epoll_create1");
}

void load_loop_fini(load_loop *loop)
{
    close(loop->epoll);
    loop->epoll = -1;
}

static void control(load_loop *loop, int operation, load_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    if (epoll_ctl(loop->epoll, operation, source->fd, &event) != 0) die("epoll_ctl");
}

void load_loop_add(load_loop *loop, load_source *source, uint32_t events)
{
    control(loop, EPOLL_CTL_ADD, source, events);
}

void load_loop_change(load_loop *loop, load_source *source, uint32_t events)
{
    control(loop, EPOLL_CTL_MOD, source, events);
}

void load_loop_turn(load_loop *loop, int64_t until_ns)
{
    struct epoll_event events[EVENTS_MAX];
    int64_t left_ns = until_ns - load_now();
    struct timespec wait = {0};
    if (left_ns > 0) wait = (struct timespec){left_ns / 1000000000, left_ns % 1000000000};
    int count = epoll_pwait2(loop->epoll, events, EVENTS_MAX, &wait, NULL);
    if (count < 0 && errno != EINTR) die("epoll_pwait2");
    for (int i = 0; i < count; i++) {
        load_source *source = events[i].data.ptr;
        source->ready(source, events[i].events);
    }
}

int64_t load_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double load_cpu_s(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int load_connect(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0 && errno != EINPROGRESS) die("connect");
    return fd;
}
