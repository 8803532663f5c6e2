#include "gateway/stream/all_feed.h"

#include <stdlib.h>
#include <uthash.h>

#include "proto/view.h"

#define FEED DV_PORT(DV_LINK_feed, 0)
#define QUERY DV_PORT(DV_LINK_query, 0)
#define PAGE_MAX 256u                       /* events */
#define PAGE_MIN 16u                        /* least room in a listener's queue to ask for a page */
#define PAGE_WAIT_NS (5000 * DV_NS_PER_MS)  /* for a page */
#define ERROR_WAIT_NS (1000 * DV_NS_PER_MS) /* after the store refused */
#define ROOM_WAIT_NS (20 * DV_NS_PER_MS)    /* for the client to read */
#define EMPTY_WAIT_NS (50 * DV_NS_PER_MS)   /* for the store to show an event that was told */
#define RENEW_EVERY_NS (5000 * DV_NS_PER_MS) /* in case a watch was lost */
#define RENEW_HASTILY 3 /* renewals a second apart at first: a link may not be up yet */
#define SERIAL_BITS 20  /* low bits of a request_id; the connection stands above them */

typedef enum course {
    STARTING, /* waits for the head, to begin there */
    CATCHING, /* reads pages from the store */
    LIVE,     /* the cursor is at the head */
} course;

typedef struct listener {
    uint64_t connection;
    course course;
    uint8_t frame_type;
    uint64_t cursor; /* position of the last event sent */
    /* the page under way */
    bool asking;
    uint64_t request_id;
    uint32_t received;    /* its events, each counted once */
    uint64_t received_to; /* position of the last event received */
    uint64_t behind;      /* position of the first event after a gap; 0: no gap */
    uint64_t passable; /* position after a gap that one complete page has shown. The gap is skipped
                             when a second page shows it too. 0: none */
    int64_t act_at_ns; /* when to ask for a page, or to stop waiting for one */
    UT_hash_handle hh;
} listener;

struct dv_all_feed {
    const dv_tokens *tokens;
    dv_hub *hub;
    listener *listeners;
    bool head_known;
    uint64_t head; /* position of the latest event told */
    uint64_t serial;
    int64_t renew_at_ns;
    uint32_t hasty;    /* renewals a second apart that are left */
    int64_t act_at_ns; /* the earliest of all listeners */
};

dv_all_feed *dv_all_feed_new(const dv_tokens *tokens, dv_hub *hub, uint64_t random)
{
    dv_all_feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) abort();
    feed->tokens = tokens;
    feed->hub = hub;
    feed->serial = random;
    return feed;
}

void dv_all_feed_destroy(dv_all_feed **feed)
{
    if (*feed == NULL) return;
    listener *l, *next;
    HASH_ITER (hh, (*feed)->listeners, l, next) {
        HASH_DEL((*feed)->listeners, l);
        free(l);
    }
    free(*feed);
    *feed = NULL;
}

static listener *listener_of(dv_all_feed *feed, uint64_t connection)
{
    listener *l;
    HASH_FIND(hh, feed->listeners, &connection, sizeof connection, l);
    return l;
}

static void listener_remove(dv_all_feed *feed, listener *l)
{
    HASH_DEL(feed->listeners, l);
    free(l);
}

static void watch_orders(dv_outbox *outbox, bool on)
{
    dv_send(outbox, FEED, NULL,
            &(dv_message){.type = DV_MSG_watch_orders, .watch_orders = {.on = on}});
}

/* Renews the watch. There may be several notifications, and the answer of one says nothing about the
   others. So renewals go on as long as anybody listens. */
static void renew(dv_all_feed *feed, dv_time now, dv_outbox *outbox)
{
    bool soon = feed->hasty > 0 || !feed->head_known;
    feed->renew_at_ns = now.mono_ns + (soon ? ERROR_WAIT_NS : RENEW_EVERY_NS);
    if (feed->hasty > 0) feed->hasty--;
    watch_orders(outbox, true);
}

/* ---- a listener's course ---- */

static void go_live(dv_all_feed *feed, listener *l, uint64_t cursor)
{
    l->course = LIVE;
    l->cursor = cursor;
    dv_hub_mark(feed->hub, l->connection, cursor);
}

static void catch_up(dv_all_feed *feed, listener *l, int64_t at_ns)
{
    feed->act_at_ns = dv_min_i64(feed->act_at_ns, at_ns);
    l->course = CATCHING;
    l->asking = false;
    l->act_at_ns = at_ns;
}

void dv_all_feed_open(dv_all_feed *feed, const dv_client_open_event *open, dv_time now,
                      dv_outbox *outbox)
{
    uint32_t room;
    if (!dv_hub_room(feed->hub, open->connection, &room)) return; /* closed meanwhile */
    if (listener_of(feed, open->connection) != NULL) return;
    if (feed->listeners == NULL) {
        feed->head_known = false;
        renew(feed, now, outbox);
    }
    listener *l = calloc(1, sizeof *l);
    if (l == NULL) abort();
    l->connection = open->connection;
    l->frame_type = (uint8_t)open->frame_type;
    HASH_ADD(hh, feed->listeners, connection, sizeof l->connection, l);
    if (open->has_since) {
        l->cursor = open->since;
        dv_hub_mark(feed->hub, l->connection, l->cursor);
        catch_up(feed, l, now.mono_ns);
    } else if (feed->head_known) {
        go_live(feed, l, feed->head);
    }
}

void dv_all_feed_gone(dv_all_feed *feed, uint64_t connection, dv_outbox *outbox)
{
    listener *l = listener_of(feed, connection);
    if (l == NULL) return;
    listener_remove(feed, l);
    if (feed->listeners == NULL) watch_orders(outbox, false);
}

/* ---- the feed ---- */

void dv_all_feed_head(dv_all_feed *feed, uint64_t position, dv_time now)
{
    if (!feed->head_known || position > feed->head) feed->head = position;
    feed->head_known = true;
    for (listener *l = feed->listeners; l != NULL; l = l->hh.next) {
        if (l->course == STARTING) go_live(feed, l, feed->head);
        if (l->course == LIVE && l->cursor < feed->head) catch_up(feed, l, now.mono_ns);
    }
}

/* Tells notification that nobody listens. An unwatch was lost, or an earlier gateway of the same name
   had listeners. */
static bool decline(dv_all_feed *feed, dv_time now, dv_outbox *outbox)
{
    if (now.mono_ns < feed->renew_at_ns) return false;
    feed->renew_at_ns = now.mono_ns + ERROR_WAIT_NS;
    watch_orders(outbox, false);
    return false;
}

bool dv_all_feed_update(dv_all_feed *feed, dv_frames *frames, dv_time now, dv_outbox *outbox)
{
    const dv_event *event = dv_view_last(frames->view);
    if (feed->listeners == NULL) return decline(feed, now, outbox);
    if (!feed->head_known || event == NULL || event->position <= feed->head) return true;
    feed->head = event->position;
    for (listener *l = feed->listeners; l != NULL; l = l->hh.next) {
        if (l->course != LIVE || l->cursor >= event->position) continue;
        if (l->cursor + 1 != event->position) {
            catch_up(feed, l, now.mono_ns);
            continue;
        }
        dv_frame *frame = dv_frames_get(frames, event->seq, l->frame_type);
        if (dv_hub_send(feed->hub, l->connection, frame, event->position))
            l->cursor = event->position;
    }
    return true;
}

/* ---- pages ---- */

/* The listener that waits for the page of a request_id; NULL when it has stopped waiting. */
static listener *listener_asking(dv_all_feed *feed, uint64_t request_id)
{
    listener *l = listener_of(feed, (request_id & ~DV_ALL_FEED_REQUEST) >> SERIAL_BITS);
    return l != NULL && l->asking && l->request_id == request_id ? l : NULL;
}

static void page_ask(dv_all_feed *feed, listener *l, uint32_t room, dv_time now, dv_outbox *outbox)
{
    uint64_t serial = ++feed->serial & ((1u << SERIAL_BITS) - 1);
    l->request_id = DV_ALL_FEED_REQUEST | l->connection << SERIAL_BITS | serial;
    l->asking = true;
    l->received = 0;
    l->received_to = 0;
    l->behind = 0;
    l->act_at_ns = now.mono_ns + PAGE_WAIT_NS;
    dv_send(outbox, QUERY, NULL,
            &(dv_message){.type = DV_MSG_events_request,
                          .request_id = l->request_id,
                          .events_request = {.after_position = l->cursor,
                                             .limit = room < PAGE_MAX ? room : PAGE_MAX}});
}

void dv_all_feed_view(dv_all_feed *feed, uint64_t request_id, const dv_order_item *answer)
{
    listener *l = listener_asking(feed, request_id);
    if (l == NULL || answer->seq == 0 || answer->seq > answer->view.events_count) return;
    uint64_t position = answer->view.events[answer->seq - 1].position;
    if (position <= l->received_to) return; /* a repeated event */
    l->received++;
    l->received_to = position;
    if (position <= l->cursor || l->behind != 0) return;
    if (position != l->cursor + 1 && position != l->passable) {
        l->behind = position;
        return;
    }
    dv_frames frames;
    dv_frames_init(&frames, feed->tokens, &answer->view);
    if (dv_hub_send(feed->hub, l->connection, dv_frames_get(&frames, answer->seq, l->frame_type),
                    position))
        l->cursor = position;
    dv_frames_fini(&frames);
}

void dv_all_feed_page_done(dv_all_feed *feed, uint64_t request_id, const dv_query_reply *done,
                           dv_time now)
{
    listener *l = listener_asking(feed, request_id);
    if (l == NULL) return;
    bool complete = done->error == DV_OK && done->count == l->received;
    l->passable = complete ? l->behind : 0;
    int64_t empty_wait_ns = feed->head_known ? EMPTY_WAIT_NS : ERROR_WAIT_NS;
    if (feed->head_known && l->cursor >= feed->head)
        go_live(feed, l, l->cursor);
    else if (done->error != DV_OK)
        catch_up(feed, l, now.mono_ns + ERROR_WAIT_NS);
    else
        catch_up(feed, l, now.mono_ns + (done->count == 0 ? empty_wait_ns : 0));
}

/* ---- time ---- */

void dv_all_feed_renew(dv_all_feed *feed)
{
    feed->renew_at_ns = 0;
    feed->hasty = RENEW_HASTILY;
}

/* Asks for the next page of a listener that catches up. False: the connection is gone. */
static bool listener_act(dv_all_feed *feed, listener *l, dv_time now, dv_outbox *outbox)
{
    uint32_t room;
    if (!dv_hub_room(feed->hub, l->connection, &room)) return false;
    if (room >= PAGE_MIN)
        page_ask(feed, l, room / 2, now, outbox);
    else
        catch_up(feed, l, now.mono_ns + ROOM_WAIT_NS);
    return true;
}

int64_t dv_all_feed_tick(dv_all_feed *feed, dv_time now, dv_outbox *outbox)
{
    if (feed->listeners == NULL) return DV_NEVER;
    if (now.mono_ns >= feed->renew_at_ns) renew(feed, now, outbox);
    if (now.mono_ns < feed->act_at_ns) return dv_min_i64(feed->act_at_ns, feed->renew_at_ns);
    feed->act_at_ns = DV_NEVER;
    listener *l, *after;
    HASH_ITER (hh, feed->listeners, l, after) {
        if (l->course != CATCHING) continue;
        if (now.mono_ns >= l->act_at_ns && !listener_act(feed, l, now, outbox)) {
            dv_all_feed_gone(feed, l->connection, outbox);
            continue;
        }
        feed->act_at_ns = dv_min_i64(feed->act_at_ns, l->act_at_ns);
    }
    return dv_min_i64(feed->act_at_ns, feed->renew_at_ns);
}
