/* The outbox: what handlers put messages into, and the run loop (or the simulator) empties. */
#ifndef DV_BASE_OUTBOX_H
#define DV_BASE_OUTBOX_H

#include "actors/base/link.h"
#include "proto/arena.h"
#include "proto/message.h"

/* Messages on their way out, sent when the turn ends. */
typedef struct dv_outbox dv_outbox;

/* Puts a message into the outbox; it is encoded now, so what it borrows may go after the call.
   to: on a port that we consume, the peer it is for; NULL: to the link's consumers, as it spreads.
 */
void dv_send(dv_outbox *outbox, dv_port port, const dv_peer *to, const dv_message *message);

/* Puts a message into the outbox as it came, with another request id: the bytes of an envelope, or
   what dv_message_encode made. Nothing is decoded or encoded anew. */
void dv_send_bytes(dv_outbox *outbox, dv_port port, const dv_peer *to, dv_text bytes,
                   uint64_t request_id);

/* The turn's arena: what is allocated in it lives until the turn ends. */
dv_arena *dv_outbox_arena(dv_outbox *outbox);

/* For whoever runs handlers without the run loop (tests, the simulator): an outbox to hand in, and
   what is in it. Entries are valid until the outbox is cleared; `bytes` is the encoded message. */
typedef struct dv_outbox_entry {
    dv_port port;
    dv_message_type type;
    dv_peer to;
    const char *bytes;
    size_t size;
} dv_outbox_entry;

/* An empty outbox; the caller owns it. destroy accepts NULL. at: i is below count. */
dv_outbox *dv_outbox_new(void);
void dv_outbox_destroy(dv_outbox **outbox);
size_t dv_outbox_count(const dv_outbox *outbox);
dv_outbox_entry dv_outbox_at(const dv_outbox *outbox, size_t i);
void dv_outbox_clear(dv_outbox *outbox); /* also resets the arena */

#endif
