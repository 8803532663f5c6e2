#include "gateway/stream/order_feed.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "gateway/json/problem_out.h"
#include "proto/buffer.h"
#include "proto/view.h"

#define FEED DV_PORT(DV_LINK_feed, 0)
#define ANSWER_WAIT_NS (1000 * DV_NS_PER_MS) /* for the answer to a watch */
#define RENEW_EVERY_NS (5000 * DV_NS_PER_MS) /* in case an update was lost */
#define LOOK_EVERY_NS (250 * DV_NS_PER_MS)

/* A connection that follows an order. It stands in a list of the order and in one of the connection. */
typedef struct follower {
    struct followed *order;
    struct client *client;
    uint64_t cursor; /* seq of the last event sent */
    bool fresh;      /* nothing is sent yet; the latest event comes first */
    uint8_t frame_type;
    struct follower *prev, *next;               /* of the order */
    struct follower *client_prev, *client_next; /* of the connection */
} follower;

typedef struct followed {
    dv_id id;
    follower *followers; /* never empty */
    int64_t watch_at_ns; /* when to renew the watch */
    UT_hash_handle hh;
} followed;

typedef struct client {
    uint64_t connection;
    follower *follows; /* never empty */
    UT_hash_handle hh;
} client;

struct dv_order_feed {
    const dv_tokens *tokens;
    dv_hub *hub;
    followed *orders;
    client *clients;
    int64_t look_at_ns;
};

dv_order_feed *dv_order_feed_new(const dv_tokens *tokens, dv_hub *hub)
{
    dv_order_feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) abort();
    feed->tokens = tokens;
    feed->hub = hub;
    return feed;
}

static void *zeroed(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) abort();
    return memory;
}

/* ---- the two lists ---- */

static followed *order_of(dv_order_feed *feed, const dv_id *id)
{
    followed *order;
    HASH_FIND(hh, feed->orders, id, sizeof *id, order);
    return order;
}

static client *client_of(dv_order_feed *feed, uint64_t connection)
{
    client *c;
    HASH_FIND(hh, feed->clients, &connection, sizeof connection, c);
    return c;
}

static follower *follower_add(dv_order_feed *feed, uint64_t connection, const dv_id *order_id)
{
    client *c = client_of(feed, connection);
    if (c == NULL) {
        c = zeroed(sizeof *c);
        c->connection = connection;
        HASH_ADD(hh, feed->clients, connection, sizeof c->connection, c);
    }
    followed *order = order_of(feed, order_id);
    if (order == NULL) {
        order = zeroed(sizeof *order);
        order->id = *order_id;
        HASH_ADD(hh, feed->orders, id, sizeof order->id, order);
    }
    follower *f = zeroed(sizeof *f);
    f->order = order;
    f->client = c;
    DL_APPEND(order->followers, f);
    DL_APPEND2(c->follows, f, client_prev, client_next);
    return f;
}

/* Removes a follower from both lists, and an order or a connection without followers. Returns true
   if the order has no followers left. */
static bool follower_remove(dv_order_feed *feed, follower *f)
{
    followed *order = f->order;
    client *c = f->client;
    DL_DELETE(order->followers, f);
    DL_DELETE2(c->follows, f, client_prev, client_next);
    free(f);
    if (c->follows == NULL) {
        HASH_DEL(feed->clients, c);
        free(c);
    }
    if (order->followers != NULL) return false;
    HASH_DEL(feed->orders, order);
    free(order);
    return true;
}

void dv_order_feed_destroy(dv_order_feed **feed_at)
{
    dv_order_feed *feed = *feed_at;
    if (feed == NULL) return;
    while (feed->clients != NULL) (void)follower_remove(feed, feed->clients->follows);
    free(feed);
    *feed_at = NULL;
}

/* ---- watching ---- */

static void watch(followed *order, dv_time now, dv_outbox *outbox)
{
    order->watch_at_ns = now.mono_ns + ANSWER_WAIT_NS;
    dv_send(outbox, FEED, NULL,
            &(dv_message){.type = DV_MSG_watch_order, .watch_order = {.order_id = order->id}});
}

static void unwatch(const dv_id *id, dv_outbox *outbox)
{
    dv_send(outbox, FEED, NULL,
            &(dv_message){.type = DV_MSG_unwatch_order, .unwatch_order = {.order_id = *id}});
}

/* Whether a connection already follows an order. Its client may have repeated an idempotency key. */
static bool follows(dv_order_feed *feed, uint64_t connection, const dv_id *order_id)
{
    const client *c = client_of(feed, connection);
    const follower *f;
    if (c != NULL) DL_FOREACH2(c->follows, f, client_next)
    if (dv_id_equal(&f->order->id, order_id)) return true;
    return false;
}

void dv_order_feed_open(dv_order_feed *feed, const dv_client_open_event *open, dv_time now,
                        dv_outbox *outbox)
{
    uint32_t room;
    if (!dv_hub_room(feed->hub, open->connection, &room)) return; /* closed meanwhile */
    if (follows(feed, open->connection, &open->order_id)) return;
    follower *f = follower_add(feed, open->connection, &open->order_id);
    f->frame_type = (uint8_t)open->frame_type;
    f->fresh = !open->has_since;
    f->cursor = open->since;
    if (open->has_since) dv_hub_mark(feed->hub, open->connection, open->since);
    watch(f->order, now, outbox);
}

void dv_order_feed_gone(dv_order_feed *feed, uint64_t connection, dv_outbox *outbox)
{
    client *c;
    while ((c = client_of(feed, connection)) != NULL) {
        dv_id id = c->follows->order->id;
        if (follower_remove(feed, c->follows)) unwatch(&id, outbox);
    }
}

/* ---- updates ---- */

/* Sends a follower the events above its cursor. False: nothing more of this order will follow. */
static bool advance(dv_order_feed *feed, follower *f, dv_frames *frames)
{
    uint32_t last = frames->view->events_count;
    if (f->fresh) f->cursor = last - 1;
    f->fresh = false;
    while (f->cursor < last) {
        dv_frame *frame = dv_frames_get(frames, f->cursor + 1, f->frame_type);
        if (!dv_hub_send(feed->hub, f->client->connection, frame, f->cursor + 1)) return false;
        f->cursor++;
    }
    return !dv_state_terminal((uint8_t)dv_view_last(frames->view)->state);
}

void dv_order_feed_decline(const dv_id *order_id, dv_outbox *outbox)
{
    unwatch(order_id, outbox);
}

bool dv_order_feed_update(dv_order_feed *feed, dv_frames *frames, dv_time now, dv_outbox *outbox)
{
    dv_id id = frames->view->terms.order_id;
    followed *order = order_of(feed, &id);
    if (order == NULL || frames->view->events_count == 0) return order != NULL;
    order->watch_at_ns = now.mono_ns + RENEW_EVERY_NS;
    follower *f, *next;
    bool last = false;
    DL_FOREACH_SAFE(order->followers, f, next)
    {
        if (!advance(feed, f, frames)) last = follower_remove(feed, f);
    }
    if (last) unwatch(&id, outbox);
    return true;
}

void dv_order_feed_refused(dv_order_feed *feed, const dv_watch_refusal *refused, dv_time now,
                           dv_outbox *outbox)
{
    (void)outbox;
    followed *order = order_of(feed, &refused->order_id);
    if (order == NULL) return;
    order->watch_at_ns = now.mono_ns + ANSWER_WAIT_NS;
    if (refused->error != DV_ORDER_NOT_FOUND) return;
    dv_buffer text = {0};
    dv_render_error(&text, DV_ORDER_NOT_FOUND, (dv_text){0}, NULL, (dv_text){0});
    dv_frame *frame = dv_frame_new(text.bytes, text.size);
    dv_buffer_fini(&text);
    bool last = false;
    while (!last) {
        follower *f = order->followers;
        dv_hub_send(feed->hub, f->client->connection, frame, DV_NO_MARK);
        dv_hub_close(feed->hub, f->client->connection, DV_CLOSE_NOT_FOUND, "order not found");
        last = follower_remove(feed, f);
    }
    dv_frame_drop(&frame);
}

/* ---- time ---- */

void dv_order_feed_renew(dv_order_feed *feed)
{
    for (followed *order = feed->orders; order != NULL; order = order->hh.next)
        order->watch_at_ns = 0;
    feed->look_at_ns = 0;
}

int64_t dv_order_feed_tick(dv_order_feed *feed, dv_time now, dv_outbox *outbox)
{
    if (feed->orders == NULL) return DV_NEVER;
    if (now.mono_ns < feed->look_at_ns) return feed->look_at_ns;
    feed->look_at_ns = now.mono_ns + LOOK_EVERY_NS;
    for (followed *order = feed->orders; order != NULL; order = order->hh.next)
        if (now.mono_ns >= order->watch_at_ns) watch(order, now, outbox);
    return feed->look_at_ns;
}
