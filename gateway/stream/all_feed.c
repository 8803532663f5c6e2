#include "gateway/stream/all_feed.h"

#include <stdlib.h>
#include <uthash.h>

#include "proto/view.h"

#define FEED DV_PORT(DV_LINK_feed, 0)
#define QUERY DV_PORT(DV_LINK_query, 0)
#define PAGE_MAX 256u /* events */
#define PAGE_MIN 16u  /* room in a listener's queue for which a page is worth asking */
#define PAGE_WAIT_NS (5000 * DV_NS_PER_MS)   /* for a page */
#define ERROR_WAIT_NS (1000 * DV_NS_PER_MS)  /* after the store refused */
#define ROOM_WAIT_NS (20 * DV_NS_PER_MS)     /* for the client to read */
#define EMPTY_WAIT_NS (50 * DV_NS_PER_MS)    /* for the store to show what the feed has told */
#define RENEW_EVERY_NS (5000 * DV_NS_PER_MS) /* in case a feed has forgotten us */
#define RENEW_HASTILY 3 /* so often a second apart at first: a link may not be up yet */
#define SERIAL_BITS 20  /* of a request_id; above them is the connection */

typedef enum course {
    STARTING, /* waits for the feed's head, to begin there */
    CATCHING, /* reads pages from the store */
    LIVE,     /* its cursor was at the head after each event so far */
} course;

typedef struct listener {
    uint64_t connection;
    course course;
    uint8_t frame_type;
    uint64_t cursor; /* position of the last event sent */
    /* the page under way */
    bool asking;
    uint64_t request_id;
    uint32_t received;    /* events of it, each once */
    uint64_t received_to; /* position of the last one received */
    uint64_t behind;      /* position of its first event that does not follow; 0: all do */
    uint64_t passable;    /* the same of a page before that came whole: the store has a hole there,
                             and it may be passed over when a page shows it again; 0: none */
    int64_t act_at_ns;    /* to ask, or to give up waiting */
    UT_hash_handle hh;
} listener;

struct dv_all_feed {
    const dv_tokens *tokens;
    dv_hub *hub;
    listener *listeners;
    bool head_known;
    uint64_t head; /* position up to which the feed has told */
    uint64_t serial;
    int64_t renew_at_ns;
    uint32_t hasty;    /* renewals that are left to be made a second apart */
    int64_t act_at_ns; /* no listener has anything to do before it */
};

dv_all_feed *dv_all_feed_new(const dv_tokens *tokens, dv_hub *hub, uint64_t random)
{
    dv_all_feed *tape = calloc(1, sizeof *tape);
    if (tape == NULL) abort();
    tape->tokens = tokens;
    tape->hub = hub;
    tape->serial = random;
    return tape;
}

void dv_all_feed_destroy(dv_all_feed **tape)
{
    if (*tape == NULL) return;
    listener *l, *next;
    HASH_ITER (hh, (*tape)->listeners, l, next) {
        HASH_DEL((*tape)->listeners, l);
        free(l);
    }
    free(*tape);
    *tape = NULL;
}

static listener *listener_of(dv_all_feed *tape, uint64_t connection)
{
    listener *l;
    HASH_FIND(hh, tape->listeners, &connection, sizeof connection, l);
    return l;
}

static void listener_remove(dv_all_feed *tape, listener *l)
{
    HASH_DEL(tape->listeners, l);
    free(l);
}

static void watch_orders(dv_outbox *outbox, bool on)
{
    dv_send(outbox, FEED, NULL,
            &(dv_message){.type = DV_MSG_watch_orders, .watch_orders = {.on = on}});
}

/* Watches anew. A feed that answers says nothing about another one that has not heard us, so this
   goes on for as long as anybody listens. */
static void renew(dv_all_feed *tape, dv_time now, dv_outbox *outbox)
{
    bool soon = tape->hasty > 0 || !tape->head_known;
    tape->renew_at_ns = now.mono_ns + (soon ? ERROR_WAIT_NS : RENEW_EVERY_NS);
    if (tape->hasty > 0) tape->hasty--;
    watch_orders(outbox, true);
}

/* ---- a listener's course ---- */

static void go_live(dv_all_feed *tape, listener *l, uint64_t cursor)
{
    l->course = LIVE;
    l->cursor = cursor;
    dv_hub_mark(tape->hub, l->connection, cursor);
}

static void catch_up(dv_all_feed *tape, listener *l, int64_t at_ns)
{
    tape->act_at_ns = dv_min_i64(tape->act_at_ns, at_ns);
    l->course = CATCHING;
    l->asking = false;
    l->act_at_ns = at_ns;
}

void dv_all_feed_open(dv_all_feed *tape, const dv_client_open_event *open, dv_time now,
                      dv_outbox *outbox)
{
    uint32_t room;
    if (!dv_hub_room(tape->hub, open->connection, &room)) return; /* closed meanwhile */
    if (listener_of(tape, open->connection) != NULL) return;
    if (tape->listeners == NULL) {
        tape->head_known = false;
        renew(tape, now, outbox);
    }
    listener *l = calloc(1, sizeof *l);
    if (l == NULL) abort();
    l->connection = open->connection;
    l->frame_type = (uint8_t)open->frame_type;
    HASH_ADD(hh, tape->listeners, connection, sizeof l->connection, l);
    if (open->has_since) {
        l->cursor = open->since;
        dv_hub_mark(tape->hub, l->connection, l->cursor);
        catch_up(tape, l, now.mono_ns);
    } else if (tape->head_known) {
        go_live(tape, l, tape->head);
    }
}

void dv_all_feed_gone(dv_all_feed *tape, uint64_t connection, dv_outbox *outbox)
{
    listener *l = listener_of(tape, connection);
    if (l == NULL) return;
    listener_remove(tape, l);
    if (tape->listeners == NULL) watch_orders(outbox, false);
}

/* ---- the feed ---- */

void dv_all_feed_head(dv_all_feed *tape, uint64_t position, dv_time now)
{
    if (!tape->head_known || position > tape->head) tape->head = position;
    tape->head_known = true;
    for (listener *l = tape->listeners; l != NULL; l = l->hh.next) {
        if (l->course == STARTING) go_live(tape, l, tape->head);
        if (l->course == LIVE && l->cursor < tape->head) catch_up(tape, l, now.mono_ns);
    }
}

/* Nobody listens, but a feed did not hear so, or was told by a gateway of our name that is no more.
 */
static bool decline(dv_all_feed *tape, dv_time now, dv_outbox *outbox)
{
    if (now.mono_ns < tape->renew_at_ns) return false;
    tape->renew_at_ns = now.mono_ns + ERROR_WAIT_NS;
    watch_orders(outbox, false);
    return false;
}

bool dv_all_feed_update(dv_all_feed *tape, dv_frames *frames, dv_time now, dv_outbox *outbox)
{
    const dv_event *event = dv_view_last(frames->view);
    if (tape->listeners == NULL) return decline(tape, now, outbox);
    if (!tape->head_known || event == NULL || event->position <= tape->head) return true;
    tape->head = event->position;
    for (listener *l = tape->listeners; l != NULL; l = l->hh.next) {
        if (l->course != LIVE || l->cursor >= event->position) continue;
        if (l->cursor + 1 != event->position) {
            catch_up(tape, l, now.mono_ns);
            continue;
        }
        dv_frame *frame = dv_frames_get(frames, event->seq, l->frame_type);
        if (dv_hub_send(tape->hub, l->connection, frame, event->position))
            l->cursor = event->position;
    }
    return true;
}

/* ---- pages ---- */

/* The listener whose page under way has this request_id; NULL for a page given up. */
static listener *listener_asking(dv_all_feed *tape, uint64_t request_id)
{
    listener *l = listener_of(tape, (request_id & ~DV_ALL_FEED_REQUEST) >> SERIAL_BITS);
    return l != NULL && l->asking && l->request_id == request_id ? l : NULL;
}

static void page_ask(dv_all_feed *tape, listener *l, uint32_t room, dv_time now, dv_outbox *outbox)
{
    uint64_t serial = ++tape->serial & ((1u << SERIAL_BITS) - 1);
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

void dv_all_feed_view(dv_all_feed *tape, uint64_t request_id, const dv_order_item *answer)
{
    listener *l = listener_asking(tape, request_id);
    if (l == NULL || answer->seq == 0 || answer->seq > answer->view.events_count) return;
    uint64_t position = answer->view.events[answer->seq - 1].position;
    if (position <= l->received_to) return; /* it came twice */
    l->received++;
    l->received_to = position;
    if (position <= l->cursor || l->behind != 0) return;
    if (position != l->cursor + 1 && position != l->passable) {
        l->behind = position;
        return;
    }
    dv_frames frames;
    dv_frames_init(&frames, tape->tokens, &answer->view);
    if (dv_hub_send(tape->hub, l->connection, dv_frames_get(&frames, answer->seq, l->frame_type),
                    position))
        l->cursor = position;
    dv_frames_fini(&frames);
}

void dv_all_feed_page_done(dv_all_feed *tape, uint64_t request_id, const dv_query_reply *done,
                           dv_time now)
{
    listener *l = listener_asking(tape, request_id);
    if (l == NULL) return;
    bool complete = done->error == DV_OK && done->count == l->received;
    l->passable = complete ? l->behind : 0;
    int64_t empty_wait_ns = tape->head_known ? EMPTY_WAIT_NS : ERROR_WAIT_NS;
    if (tape->head_known && l->cursor >= tape->head)
        go_live(tape, l, l->cursor);
    else if (done->error != DV_OK)
        catch_up(tape, l, now.mono_ns + ERROR_WAIT_NS);
    else
        catch_up(tape, l, now.mono_ns + (done->count == 0 ? empty_wait_ns : 0));
}

/* ---- time ---- */

void dv_all_feed_renew(dv_all_feed *tape)
{
    tape->renew_at_ns = 0;
    tape->hasty = RENEW_HASTILY;
}

/* Does what is due for a listener that catches up. False: it is gone. */
static bool listener_act(dv_all_feed *tape, listener *l, dv_time now, dv_outbox *outbox)
{
    uint32_t room;
    if (!dv_hub_room(tape->hub, l->connection, &room)) return false;
    if (room >= PAGE_MIN)
        page_ask(tape, l, room / 2, now, outbox);
    else
        catch_up(tape, l, now.mono_ns + ROOM_WAIT_NS);
    return true;
}

int64_t dv_all_feed_tick(dv_all_feed *tape, dv_time now, dv_outbox *outbox)
{
    if (tape->listeners == NULL) return DV_NEVER;
    if (now.mono_ns >= tape->renew_at_ns) renew(tape, now, outbox);
    if (now.mono_ns < tape->act_at_ns) return dv_min_i64(tape->act_at_ns, tape->renew_at_ns);
    tape->act_at_ns = DV_NEVER;
    listener *l, *after;
    HASH_ITER (hh, tape->listeners, l, after) {
        if (l->course != CATCHING) continue;
        if (now.mono_ns >= l->act_at_ns && !listener_act(tape, l, now, outbox)) {
            dv_all_feed_gone(tape, l->connection, outbox);
            continue;
        }
        tape->act_at_ns = dv_min_i64(tape->act_at_ns, l->act_at_ns);
    }
    return dv_min_i64(tape->act_at_ns, tape->renew_at_ns);
}
