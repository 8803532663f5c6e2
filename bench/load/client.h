/* One kept HTTP connection to 127.0.0.1: a request at a time, never blocking. It connects when it
   is first used, and again when the server has closed it in between. */
#ifndef DV_BENCH_LOAD_CLIENT_H
#define DV_BENCH_LOAD_CLIENT_H

#include <http_parser.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/load/loop.h"

typedef struct load_client load_client;

/* An answer. status: 0 when the connection was lost before there was one. The body is borrowed for
   the call. The client is free again and may be given its next request from here. */
typedef void load_answered(load_client *client, unsigned status, const char *body, size_t size);

struct load_client {
    load_source source;
    load_loop *loop;
    uint16_t port;
    load_answered *answered;
    void *owner;     /* the caller's */
    int64_t due_ns;  /* the caller's: when the request was meant to be sent */
    bool busy;       /* a request waits for its answer */
    bool blocked;    /* the rest of a request waits for the socket */
    bool whole;      /* the answer has been read to its end */
    const char *out; /* the rest of the request */
    size_t out_size;
    http_parser parser;
    char *body; /* owned */
    size_t size, capacity;
};

/* A client that is not connected yet; loop and owner are borrowed for its life. */
void load_client_init(load_client *client, load_loop *loop, uint16_t port, load_answered *answered,
                      void *owner);
void load_client_fini(load_client *client);

/* Sends a request; only when not busy. The bytes are borrowed until it is answered. */
void load_client_send(load_client *client, const char *request, size_t size);

#endif
