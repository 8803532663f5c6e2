/* The feed of single orders: which WebSocket follows which order, and how far each has been sent.

   Every update_event carries the order's whole history. So one rule suffices: a follower is sent
   every event above its cursor, and no event at or below it. A lost, late or doubled message costs
   nothing, because watches are renewed from time to time and each renewal brings the history. */
#ifndef DV_GATEWAY_STREAM_ORDER_FEED_H
#define DV_GATEWAY_STREAM_ORDER_FEED_H

#include "actors/base/actor.h"
#include "gateway/stream/frames.h"

typedef struct dv_order_feed dv_order_feed;

/* Makes a feed without followers. tokens and hub are borrowed for its life. Never NULL. */
dv_order_feed *dv_order_feed_new(const dv_tokens *tokens, dv_hub *hub);
void dv_order_feed_destroy(dv_order_feed **feed); /* accepts NULL */

/* A connection begins to follow an order: from the event after `since`, or else from the latest
   event. A connection may follow several orders. To follow an order again changes nothing. */
void dv_order_feed_open(dv_order_feed *feed, const dv_client_open_event *open, dv_time now,
                        dv_outbox *outbox);

/* A connection has closed. It may have followed nothing. */
void dv_order_feed_gone(dv_order_feed *feed, uint64_t connection, dv_outbox *outbox);

/* Sends the followers of an order its new events. A follower that has seen the last event leaves.
   False: the order has no followers. */
bool dv_order_feed_update(dv_order_feed *feed, dv_frames *frames, dv_time now, dv_outbox *outbox);

/* Tells notification that this gateway has no followers of an order. An unwatch was lost, or an
   earlier gateway of the same name had followers. */
void dv_order_feed_decline(const dv_id *order_id, dv_outbox *outbox);

/* An order cannot be watched. An unknown order closes its followers; other refusals are retried. */
void dv_order_feed_refused(dv_order_feed *feed, const dv_watch_refusal *refused, dv_time now,
                           dv_outbox *outbox);

/* Renews all watches at the next tick, because notification may have lost them. */
void dv_order_feed_renew(dv_order_feed *feed);

/* Renews the watches that are due. Returns when to call again, in monotonic nanoseconds. */
int64_t dv_order_feed_tick(dv_order_feed *feed, dv_time now, dv_outbox *outbox);

#endif
