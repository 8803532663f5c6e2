/* The feed of all orders: every event, for the WebSockets that show all orders.

   A listener has a cursor, which is a position. A listener whose cursor is at the head of the stream
   is live, and is sent each event after its commit. Any other listener catches up: it gets pages of
   events from the store until its cursor reaches the head. When an event leaves a gap to the cursor
   of a live listener, the listener catches up again. So no event is skipped, and none comes twice. */
#ifndef DV_GATEWAY_STREAM_ALL_FEED_H
#define DV_GATEWAY_STREAM_ALL_FEED_H

#include "actors/base/actor.h"
#include "gateway/stream/frames.h"

/* Set in the request_id of every page that this feed asks for. */
#define DV_ALL_FEED_REQUEST (1ull << 63)

typedef struct dv_all_feed dv_all_feed;

/* Makes a feed without listeners. tokens and hub are borrowed for its life. random: request ids start
   at this number. So an answer to a dead gateway of the same name matches no page. Never NULL. */
dv_all_feed *dv_all_feed_new(const dv_tokens *tokens, dv_hub *hub, uint64_t random);
void dv_all_feed_destroy(dv_all_feed **feed); /* accepts NULL */

/* A connection begins to listen: from the position after `since`, or else from now on. */
void dv_all_feed_open(dv_all_feed *feed, const dv_client_open_event *open, dv_time now,
                      dv_outbox *outbox);

/* A connection has closed. It may not have listened. */
void dv_all_feed_gone(dv_all_feed *feed, uint64_t connection, dv_outbox *outbox);

/* From notification: the position of its latest event, and each event. There may be several
   notifications, of which some are behind; an event that another one has told is dropped. False:
   nobody listens, and notification is told so from time to time. */
void dv_all_feed_head(dv_all_feed *feed, uint64_t position, dv_time now);
bool dv_all_feed_update(dv_all_feed *feed, dv_frames *frames, dv_time now, dv_outbox *outbox);

/* From the store: an event of a page, and the end of a page. */
void dv_all_feed_view(dv_all_feed *feed, uint64_t request_id, const dv_order_item *view);
void dv_all_feed_page_done(dv_all_feed *feed, uint64_t request_id, const dv_query_reply *done,
                           dv_time now);

/* Renews the watch at the next tick, because notification may have lost it. */
void dv_all_feed_renew(dv_all_feed *feed);

/* Asks for the pages that are due. Returns when to call again, in monotonic nanoseconds. */
int64_t dv_all_feed_tick(dv_all_feed *feed, dv_time now, dv_outbox *outbox);

#endif
