/* Readiness of descriptors, by epoll, in one thread; and the clocks. */
#ifndef DV_BENCH_LOAD_LOOP_H
#define DV_BENCH_LOAD_LOOP_H

#include <stdint.h>

/* Something with a descriptor; whoever owns it embeds this. */
typedef struct load_source load_source;
struct load_source {
    int fd; /* -1: none */
    /* events: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP. May remove and close its own source only. */
    void (*ready)(load_source *source, uint32_t events);
};

typedef struct load_loop {
    int epoll;
} load_loop;

/* Opens and closes a loop. Aborts when the kernel has no descriptor left. */
void load_loop_init(load_loop *loop);
void load_loop_fini(load_loop *loop);

/* Adds a source, which stays where it is until its descriptor is closed; and changes the events
   that it waits for. */
void load_loop_add(load_loop *loop, load_source *source, uint32_t events);
void load_loop_change(load_loop *loop, load_source *source, uint32_t events);

/* Waits for events, at most until a time (load_now), and serves those that came. */
void load_loop_turn(load_loop *loop, int64_t until_ns);

/* Monotonic nanoseconds. */
int64_t load_now(void);

/* Processor seconds that this process has used. */
double load_cpu_s(void);

/* A non-blocking socket that is being connected to a port of 127.0.0.1. Never -1: ends the program
   when there is none left. */
int load_connect(uint16_t port);

#endif
