/* The hub: the open connections of clients, a bounded queue of frames for each, and the threads that
   write the frames.

     actor, WebSocket threads ── dv_hub_send ──► queue of a connection ──► writer thread ──► sink

   Sending only queues and never blocks. A write to a slow client blocks its writer thread. When a
   connection has waited 20 ms because all writers are busy, another writer starts. So a stalled
   client costs one thread, and delays nobody else. One connection has one writer at a time.

   A client whose queue is full is closed with 4408 and told from where to resume: from the mark of
   the last frame that was written whole. The mark of a frame is a seq or a position.

   Any thread may call any function. */
#ifndef DV_GATEWAY_STREAM_HUB_H
#define DV_GATEWAY_STREAM_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/id.h"

#define DV_CLOSE_GOING_AWAY 1001 /* RFC 6455, section 7.4.1 */
#define DV_CLOSE_TOO_LARGE 1009
#define DV_CLOSE_NOT_FOUND 4404
#define DV_CLOSE_TOO_SLOW 4408
#define DV_CLOSE_REASON_SIZE 101 /* bytes of a reason, with the NUL */
#define DV_NO_MARK UINT64_MAX    /* of a frame that is no point to resume from, as a greeting */

/* How a kind of connection is written. One thread at a time writes to a connection. write and close
   may block, end may not. */
typedef struct dv_sink {
    /* Writes a text as one frame. False: not all of it was written. */
    bool (*write)(void *to, const char *bytes, size_t size);
    /* Tells the client that nothing follows, and why. */
    void (*close)(void *to, uint16_t code, const char *reason);
    /* Ends the connection without another word. */
    void (*end)(void *to);
} dv_sink;

/* A text frame, shared by all connections that it is queued for. */
typedef struct dv_frame dv_frame;

/* Copies the bytes; the caller holds a reference. Never NULL. */
dv_frame *dv_frame_new(const char *bytes, size_t size);

/* Gives the caller's reference back and clears the pointer; accepts NULL. */
void dv_frame_drop(dv_frame **frame);

typedef struct dv_hub dv_hub;

/* Makes an empty hub for connections_max connections, each with a queue of at most queue_max
   frames. Never NULL. */
dv_hub *dv_hub_new(uint32_t connections_max, uint32_t queue_max);

/* Ends the writers, frees the hub and clears the pointer; accepts NULL. All connections must have
   been removed. Blocks until the writers have ended. */
void dv_hub_destroy(dv_hub **hub);

/* Reserves a place for a connection whose handshake has begun; false: all places are taken.
   dv_hub_add uses the place up, dv_hub_release gives it back. */
bool dv_hub_reserve(dv_hub *hub);
void dv_hub_release(dv_hub *hub);

/* Puts a connection into a reserved place and returns its id, never 0. sink and `to` are borrowed
   until dv_hub_remove. order_id: the one order that the connection watches; NULL for several orders
   or none. resumable: its marks mean something to the client. A client that watches several orders
   resumes each from its last seq, and is told so. */
uint64_t dv_hub_add(dv_hub *hub, const dv_sink *sink, void *to, const dv_id *order_id,
                    bool resumable);

/* Forgets a connection. Blocks while a writer writes to it. */
void dv_hub_remove(dv_hub *hub, uint64_t id);

/* Queues a frame. False: the connection is gone, or closing. */
bool dv_hub_send(dv_hub *hub, uint64_t id, dv_frame *frame, uint64_t mark);

/* Sets the point to resume from for a client that has not been sent a frame yet. */
void dv_hub_mark(dv_hub *hub, uint64_t id, uint64_t mark);

/* How many more frames a connection's queue takes. False: the connection is gone, or closing. */
bool dv_hub_room(dv_hub *hub, uint64_t id, uint32_t *ret_frames);

/* Closes a connection after the frames that are queued for it. reason: below DV_CLOSE_REASON_SIZE
   bytes. */
void dv_hub_close(dv_hub *hub, uint64_t id, uint16_t code, const char *reason);
void dv_hub_close_all(dv_hub *hub, uint16_t code, const char *reason);

/* Stops writing to a connection whose client has closed it. True: the client's close may still be
   answered. Blocks like dv_hub_remove. */
bool dv_hub_retire(dv_hub *hub, uint64_t id);

/* Starts a writer if one is needed. Returns when to call again, in monotonic nanoseconds. */
int64_t dv_hub_tend(dv_hub *hub, int64_t now_ns);

/* How many connections are open. */
uint32_t dv_hub_count(dv_hub *hub);

/* The orders that open connections watch, sorted: one entry for each connection that watches one
   order. Returns how many entries there are, at most max. */
uint32_t dv_hub_watched(dv_hub *hub, dv_id *ret_ids, uint32_t max);

#endif
