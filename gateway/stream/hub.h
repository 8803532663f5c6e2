/* The hub: the open WebSockets, a bounded queue of frames for each, and the threads that write
   them.

     actor, WebSocket threads ── dv_hub_send ──► queue of a connection ──► a writer ──► civetweb

   Sending only queues and never blocks. A write to a slow client blocks the writer that does it, so
   when a connection has waited 20 ms because all writers are busy, another writer starts: a stalled
   client costs itself a thread and nobody else anything. One connection has one writer at a time.

   A client whose queue is full is closed with 4408 and told from where to resume. Frames have marks
   (a seq or a position): the mark of the last frame written whole is that point. */
#ifndef DV_GATEWAY_STREAM_HUB_H
#define DV_GATEWAY_STREAM_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/id.h"

struct mg_connection;

#define DV_CLOSE_GOING_AWAY 1001 /* RFC 6455, section 7.4.1 */
#define DV_CLOSE_TOO_LARGE 1009
#define DV_CLOSE_NOT_FOUND 4404
#define DV_CLOSE_TOO_SLOW 4408
#define DV_NO_MARK UINT64_MAX /* of a frame from which nobody resumes: a greeting, a pong */

/* A text frame, shared by all connections that it is queued for. */
typedef struct dv_frame dv_frame;

/* Copies the bytes; the caller holds a reference. Never NULL. */
dv_frame *dv_frame_new(const char *bytes, size_t size);

/* Gives the caller's reference back and clears the pointer; accepts NULL. */
void dv_frame_drop(dv_frame **frame);

typedef struct dv_hub dv_hub;

/* Makes an empty hub for that many connections with queues of queue_max frames. Never NULL. */
dv_hub *dv_hub_new(uint32_t connections_max, uint32_t queue_max);

/* Ends the writers, frees the hub and clears the pointer; accepts NULL. All connections must have
   been removed. Blocks until the writers have ended. */
void dv_hub_destroy(dv_hub **hub);

/* Keeps a place for a connection whose handshake is under way; false when all are taken. Given back
   by dv_hub_release, or used up by dv_hub_add. */
bool dv_hub_reserve(dv_hub *hub);
void dv_hub_release(dv_hub *hub);

/* Puts an open WebSocket into a reserved place and returns its id, never 0. order_id: the one order
   that it watches; NULL when there is none such. resumable: its client can resume from a mark; one
   that watches several orders resumes each from the last seq that it has seen, and is told so. */
uint64_t dv_hub_add(dv_hub *hub, struct mg_connection *wire, const dv_id *order_id, bool resumable);

/* Forgets a WebSocket; from then on nothing here uses `wire`. Blocks while a writer is busy with
   it, which civetweb's own time limit bounds. */
void dv_hub_remove(dv_hub *hub, uint64_t id);

/* Queues a frame. mark: see above. False: this connection is gone, or closing. */
bool dv_hub_send(dv_hub *hub, uint64_t id, dv_frame *frame, uint64_t mark);

/* Tells where a client would resume that has not been sent anything yet. */
void dv_hub_mark(dv_hub *hub, uint64_t id, uint64_t mark);

/* How many more frames a connection's queue takes. False: it is gone, or closing. */
bool dv_hub_room(dv_hub *hub, uint64_t id, uint32_t *ret_frames);

/* Closes a WebSocket after what is queued for it. reason: at most 100 bytes. */
void dv_hub_close(dv_hub *hub, uint64_t id, uint16_t code, const char *reason);
void dv_hub_close_all(dv_hub *hub, uint16_t code, const char *reason);

/* For the thread that reads the WebSocket, when its client closes: stops writing to it. True: the
   close frame may still be answered. Blocks like dv_hub_remove. */
bool dv_hub_retire(dv_hub *hub, uint64_t id);

/* Starts a writer if one is needed. Returns when to ask again, monotonic nanoseconds. */
int64_t dv_hub_tend(dv_hub *hub, int64_t now_ns);

/* How many WebSockets are open. */
uint32_t dv_hub_count(dv_hub *hub);

/* The orders that open WebSockets watch, one entry for each WebSocket that watches one, sorted. At
   most max entries; returns how many. */
uint32_t dv_hub_watched(dv_hub *hub, dv_id *ret_ids, uint32_t max);

#endif
