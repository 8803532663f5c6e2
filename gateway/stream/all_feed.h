/* The tape: every order's events, for the WebSockets that show them all.

   A listener has a cursor by position. It is live when its cursor is at the head of the feed, and
   is then sent each event as it is committed. Otherwise it catches up: pages of events are asked
   from the store until the cursor reaches the head. An event that does not follow on the cursor
   puts the listener back to catching up, so that nothing is skipped and nothing doubled. */
#ifndef DV_GATEWAY_STREAM_ALL_FEED_H
#define DV_GATEWAY_STREAM_ALL_FEED_H

#include "actors/base/actor.h"
#include "gateway/stream/frames.h"

/* Set in the request_id of every question the tape asks. */
#define DV_ALL_FEED_REQUEST (1ull << 63)

typedef struct dv_all_feed dv_all_feed;

/* Makes a tape without listeners; tokens and hub are borrowed for its life. random: any number; its
   questions are numbered from there on, so that what is still answered to a gateway of our name
   that died is nobody's. Never NULL. */
dv_all_feed *dv_all_feed_new(const dv_tokens *tokens, dv_hub *hub, uint64_t random);
void dv_all_feed_destroy(dv_all_feed **tape); /* accepts NULL */

/* A connection begins to listen: without `since` from now on, with it from the position after. */
void dv_all_feed_open(dv_all_feed *tape, const dv_client_open_event *open, dv_time now,
                      dv_outbox *outbox);

/* A connection closed. One that does not listen is fine. */
void dv_all_feed_gone(dv_all_feed *tape, uint64_t connection, dv_outbox *outbox);

/* The feed: where it stands, and each event of its own. There may be several feeds, one behind the
   other: what was heard from one is nothing new from another. False: nobody listens, and the feed
   is told so from time to time. */
void dv_all_feed_head(dv_all_feed *tape, uint64_t position, dv_time now);
bool dv_all_feed_update(dv_all_feed *tape, dv_frames *frames, dv_time now, dv_outbox *outbox);

/* The store: an event of a page, and its end. */
void dv_all_feed_view(dv_all_feed *tape, uint64_t request_id, const dv_order_item *view);
void dv_all_feed_page_done(dv_all_feed *tape, uint64_t request_id, const dv_query_reply *done,
                           dv_time now);

/* Asks the feed anew at the next tick: it has forgotten that anybody listens. */
void dv_all_feed_renew(dv_all_feed *tape);

/* Asks for the pages that are due. Returns when there will be more to do, monotonic nanoseconds. */
int64_t dv_all_feed_tick(dv_all_feed *tape, dv_time now, dv_outbox *outbox);

#endif
