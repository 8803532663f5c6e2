/* Ports for a test's own servers. */
#ifndef DV_TEST_PORTS_H
#define DV_TEST_PORTS_H

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whether nobody listens there. */
static inline bool port_is_free(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); /* ended connections do not count */
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_free = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return is_free;
}

/* A free port of loopback, another one each time. It is none that the kernel gives to connections:
   whoever tries to connect to such a port while nobody listens may be given it, and keep it. */
static inline uint16_t free_port(void)
{
    enum { FIRST = 10000, COUNT = 10000 };
    static uint32_t turn;
    if (turn == 0) turn = (uint32_t)getpid() * 131;
    for (int tries = 0; tries < COUNT; tries++) {
        uint16_t port = (uint16_t)(FIRST + ++turn % COUNT);
        if (port_is_free(port)) return port;
    }
    ck_abort_msg("no port is free");
}

/* Waits until nobody listens there any more: libzmq ends a listener some time after zmq_close. */
static inline void port_await(uint16_t port)
{
    for (int tries = 0; tries < 500 && !port_is_free(port); tries++) poll(NULL, 0, 10);
}

#endif
