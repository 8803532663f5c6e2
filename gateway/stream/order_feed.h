/* Who follows which order: the WebSockets that watch single orders, each with a cursor.

   Every update_event carries the order's whole history, so one rule serves all: a follower is sent
   every event above its cursor, and none at or below it. A message that is lost, late or doubled
   therefore costs nothing: orders are watched anew from time to time, and the answer catches up. */
#ifndef DV_GATEWAY_STREAM_ORDER_FEED_H
#define DV_GATEWAY_STREAM_ORDER_FEED_H

#include "actors/base/actor.h"
#include "gateway/stream/frames.h"

typedef struct dv_order_feed dv_order_feed;

/* Makes an empty book; tokens and hub are borrowed for its life. Never NULL. */
dv_order_feed *dv_order_feed_new(const dv_tokens *tokens, dv_hub *hub);
void dv_order_feed_destroy(dv_order_feed **book); /* accepts NULL */

/* A connection begins to follow an order: without `since` from its latest event on, with it from
   the event after. One connection may follow several orders; the same one twice is once. */
void dv_order_feed_open(dv_order_feed *book, const dv_client_open_event *open, dv_time now,
                        dv_outbox *outbox);

/* A connection closed: it follows nothing any more. One that follows nothing is fine. */
void dv_order_feed_gone(dv_order_feed *book, uint64_t connection, dv_outbox *outbox);

/* Sends the followers of an order what they have not seen of it. Whoever has seen an order's end
   does not follow it any longer. False: nobody follows it. */
bool dv_order_feed_update(dv_order_feed *book, dv_frames *frames, dv_time now, dv_outbox *outbox);

/* Tells the feed that nobody here follows an order: it did not hear so, or was told by a gateway of
   our name that is no more. */
void dv_order_feed_decline(const dv_id *order_id, dv_outbox *outbox);

/* An order cannot be watched: tells its followers and closes them, or tries again later. */
void dv_order_feed_refused(dv_order_feed *book, const dv_watch_refusal *refused, dv_time now,
                           dv_outbox *outbox);

/* Watches all followed orders anew at the next tick: the feed has forgotten them. */
void dv_order_feed_renew(dv_order_feed *book);

/* Watches anew what is due. Returns when there will be more to do, monotonic nanoseconds. */
int64_t dv_order_feed_tick(dv_order_feed *book, dv_time now, dv_outbox *outbox);

#endif
