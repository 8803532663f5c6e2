/* Messages one by one from a socket whose peer is a run loop, which sends several in a frame. */
#ifndef DV_TEST_FRAMES_H
#define DV_TEST_FRAMES_H

#include <check.h>
#include <zmq.h>

#include "actors/base/actor.h"
#include "proto/arena.h"
#include "proto/codec.h"

#define FRAMES_SOCKETS_MAX 64

/* What is left of the last frame of a socket. */
typedef struct frame_rest {
    void *socket;
    dv_peer peer;
    dv_text rest;
    char bytes[DV_MESSAGE_SIZE_MAX];
} frame_rest;

static inline frame_rest *frame_rest_of(void *socket)
{
    static frame_rest *all[FRAMES_SOCKETS_MAX];
    size_t i = 0;
    while (all[i] != NULL && all[i]->socket != socket) ck_assert_uint_lt(++i, FRAMES_SOCKETS_MAX);
    if (all[i] == NULL) all[i] = calloc(1, sizeof *all[i]);
    all[i]->socket = socket;
    return all[i];
}

/* The next message; empty when none came (within the socket's own time). ret_peer: who sent it,
   for a ROUTER; NULL for any other socket. Valid until the next call for the socket. */
static inline dv_text message_take(void *socket, dv_peer *ret_peer, int flags)
{
    frame_rest *r = frame_rest_of(socket);
    if (r->rest.size == 0) {
        if (ret_peer != NULL) {
            int size = zmq_recv(socket, r->peer.bytes, sizeof r->peer.bytes, flags);
            if (size < 0) return (dv_text){0};
            r->peer.size = (uint8_t)size;
        }
        int size = zmq_recv(socket, r->bytes, sizeof r->bytes, flags);
        if (size < 0) return (dv_text){0};
        r->rest = (dv_text){r->bytes, (uint32_t)size};
    }
    if (ret_peer != NULL) *ret_peer = r->peer;
    dv_text first = r->rest;
    dv_arena *arena = dv_arena_new();
    dv_message message;
    dv_err error = dv_frame_decode(&r->rest, arena, &message);
    ck_assert_int_eq(error, DV_OK);
    dv_arena_destroy(&arena);
    first.size -= r->rest.size;
    return first;
}

/* Whether a message is there, or comes within so long. */
static inline bool message_waits(void *socket, int wait_ms)
{
    if (frame_rest_of(socket)->rest.size > 0) return true;
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
    return zmq_poll(&item, 1, wait_ms) > 0;
}

#endif
