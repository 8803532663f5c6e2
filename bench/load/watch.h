/* One WebSocket to 127.0.0.1 that only listens; it answers pings and closes. */
#ifndef DV_BENCH_LOAD_WATCH_H
#define DV_BENCH_LOAD_WATCH_H

#include <http_parser.h>
#include <stdbool.h>
#include <stddef.h>
#include <wslay/wslay.h>

#include "bench/load/loop.h"

typedef enum load_watch_phase {
    LOAD_WATCH_CLOSED,
    LOAD_WATCH_ASKING,
    LOAD_WATCH_OPEN
} load_watch_phase;

typedef struct load_watch load_watch;
struct load_watch {
    load_source source;
    load_loop *loop;
    uint16_t port;
    load_watch_phase phase;
    bool blocked; /* something waits for the socket */
    http_parser parser;
    char request[512]; /* the handshake's; asked is what of it has been sent */
    size_t request_size, asked;
    wslay_event_context_ptr frames;
    const char *in; /* read and not yet taken by wslay; borrowed for one turn */
    size_t in_size;
    unsigned refused; /* CLOSED: the status that the handshake was answered with instead of 101 */
    unsigned close_code; /* CLOSED: what the server said; 1006: nothing */
    /* A text message; borrowed for the call. */
    void (*told)(load_watch *watch, const char *text, size_t size);
    void (*closed)(load_watch *watch); /* may open it again */
    void *owner;                       /* the caller's */
};

/* A watch that is closed. Its callbacks and owner are set by the caller before it is opened. */
void load_watch_init(load_watch *watch, load_loop *loop, uint16_t port);
void load_watch_fini(load_watch *watch);

/* Opens a closed one on a path, of at most 300 bytes. */
void load_watch_open(load_watch *watch, const char *path);

#endif
