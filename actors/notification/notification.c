#include "actors/notification/notification.h"

#include <sodium.h>
#include <uthash.h>
#include <utlist.h>

#include "actors/base/heap.h"
#include "actors/base/log.h"
#include "actors/notification/sequence.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "proto/view.h"

#define GATEWAYS_MAX 64   /* one bit each in a gateway_set */
#define ENDED_MAX 10000   /* terminal orders remembered */
#define RECALLS_MAX 10000 /* orders asked for at once */
#define RECALL_TIMEOUT_NS (2000 * DV_NS_PER_MS)
#define HEAD_EVERY_NS (1000 * DV_NS_PER_MS)  /* told to whoever watches all orders */
#define SILENT_MAX_NS (60000 * DV_NS_PER_MS) /* a gateway watches anew much more often */

#define FEED DV_PORT(DV_LINK_feed, 0)
#define RECALL DV_PORT(DV_LINK_query, 0)

/* A bit per gateway, by its index. */
typedef uint64_t gateway_set;

typedef struct gateway {
    dv_peer peer;     /* size 0: unused */
    int64_t heard_ns; /* when it last spoke */
} gateway;

/* An event as it came. */
typedef struct kept_event {
    struct kept_event *next; /* the one before it */
    uint32_t size;
    char bytes[]; /* encoded order_event */
} kept_event;

/* An order and who watches it. Its view is never older than the sequence's position: events that
   it knows and whose turn has not come yet are events of which its watchers have been told. What
   each event looks at comes first: there are more orders than a cache holds. */
typedef struct order {
    UT_hash_handle by_id;
    dv_id id;
    uint32_t seq;         /* events known; 0: none, it is being recalled */
    bool ended;           /* its state is terminal; it is in the list of those */
    gateway_set watching; /* get an update after each event */
    gateway_set asking;   /* watched it, and are not answered yet */
    uint64_t request_id;  /* of the recall under way; 0: none */
    kept_event *later;    /* that the view lacks, newest first: nobody looked since */
    char *view;           /* encoded dv_view; NULL: none yet */
    size_t view_size;
    struct order *prev, *next; /* among those that ended, oldest first */
    dv_timer timer;            /* when the recall has failed */
    UT_hash_handle by_request;
} order;

typedef struct notification {
    order *orders;   /* by_id */
    order *recalled; /* by_request */
    order *ended;
    uint32_t ended_count;
    dv_heap timers; /* of orders */

    gateway gateways[GATEWAYS_MAX];
    gateway_set all;    /* watch all orders */
    int64_t look_at_ns; /* when to tell the head, and to forget silent gateways */

    dv_sequence *sequence;  /* NULL before the first turn */
    uint64_t request_count; /* the last request id given */
    uint64_t page_request;  /* of the page under way; 0: none */
    uint32_t page_count;    /* events that came of it, each once */
    uint64_t page_last;     /* position of the last one that came */
    bool behind;            /* as of the last turn */

    dv_buffer scratch; /* for encoding views */
} notification;

/* ---- gateways ----------------------------------------------------------------------------- */

static gateway_set bit_of(uint32_t index)
{
    return (gateway_set)1 << index;
}

/* A gateway's watches end. */
static void gateway_forget(notification *self, uint32_t index)
{
    gateway_set others = ~bit_of(index);
    if (self->gateways[index].peer.size == 0) return;
    for (order *o = self->orders; o != NULL; o = o->by_id.next) {
        o->watching &= others;
        o->asking &= others;
    }
    self->all &= others;
    self->gateways[index] = (gateway){0};
}

/* The bit of whoever sent this. A gateway too many takes the place of the one that was silent for
   longest. */
static gateway_set gateway_heard(notification *self, const dv_peer *peer, dv_time now)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < GATEWAYS_MAX; i++) {
        gateway *g = &self->gateways[i];
        if (g->peer.size == peer->size && memcmp(g->peer.bytes, peer->bytes, peer->size) == 0) {
            g->heard_ns = now.mono_ns;
            return bit_of(i);
        }
        if (g->heard_ns < self->gateways[at].heard_ns) at = i;
    }
    gateway_forget(self, at);
    self->gateways[at] = (gateway){.peer = *peer, .heard_ns = now.mono_ns};
    return bit_of(at);
}

static void silent_forget(notification *self, dv_time now)
{
    for (uint32_t i = 0; i < GATEWAYS_MAX; i++)
        if (now.mono_ns - self->gateways[i].heard_ns > SILENT_MAX_NS) gateway_forget(self, i);
}

/* Sends a message to each gateway of a set. */
static void send_to(const notification *self, gateway_set set, const dv_message *message,
                    dv_outbox *outbox)
{
    for (; set != 0; set &= set - 1)
        dv_send(outbox, FEED, &self->gateways[__builtin_ctzll(set)].peer, message);
}

static void head_tell(const notification *self, gateway_set to, dv_outbox *outbox)
{
    if (self->sequence == NULL || !dv_sequence_started(self->sequence)) return;
    uint64_t position = dv_sequence_position(self->sequence);
    send_to(self, to,
            &(dv_message){.type = DV_MSG_head_event, .head_event = {.position = position}}, outbox);
}

/* ---- the table of orders ------------------------------------------------------------------ */

static order *order_find(const notification *self, const dv_id *id)
{
    order *o;
    HASH_FIND(by_id, self->orders, id, sizeof *id, o);
    return o;
}

static order *order_add(notification *self, const dv_id *id)
{
    order *o = calloc(1, sizeof *o);
    if (o == NULL) abort();
    o->id = *id;
    HASH_ADD(by_id, self->orders, id, sizeof o->id, o);
    return o;
}

static void recall_end(notification *self, order *o)
{
    if (o->request_id != 0) HASH_DELETE(by_request, self->recalled, o);
    o->request_id = 0;
    dv_heap_unset(&self->timers, &o->timer);
}

/* Frees what is kept of the order. */
static void kept_free(order *o)
{
    kept_event *event, *next;
    LL_FOREACH_SAFE(o->later, event, next) free(event);
    free(o->view);
    o->later = NULL;
    o->view = NULL;
}

static void order_forget(notification *self, order *o)
{
    recall_end(self, o);
    if (o->ended) {
        DL_DELETE(self->ended, o);
        self->ended_count--;
    }
    HASH_DELETE(by_id, self->orders, o);
    kept_free(o);
    free(o);
}

/* Applies an event to what is known before it. False: it does not follow. */
static bool event_apply(dv_view *view, const dv_order_event *m, dv_arena *arena)
{
    if (view->events_count == 0) view->terms = m->terms;
    return dv_view_apply(view, &m->event, m->attempts, m->attempts_count, arena);
}

/* The order's view, good for the turn whatever is kept meanwhile. It was encoded here, so that it
   always decodes, and its later events follow. */
static dv_view order_item(const order *o, dv_outbox *outbox)
{
    dv_view view = {0};
    dv_err error = DV_OK;
    dv_arena *arena = dv_outbox_arena(outbox);
    dv_text copy = dv_arena_text(arena, (dv_text){o->view, (uint32_t)o->view_size});
    if (copy.size > 0) error = dv_record_decode(&DV_SHAPE_view, copy.at, copy.size, arena, &view);
    if (error != DV_OK) abort();
    const kept_event *in_order[DV_EVENTS_MAX], *event;
    uint32_t count = 0;
    LL_FOREACH(o->later, event) in_order[count++] = event;
    while (count-- > 0) {
        dv_text bytes =
            dv_arena_text(arena, (dv_text){in_order[count]->bytes, in_order[count]->size});
        dv_message m;
        error = dv_message_decode(bytes.at, bytes.size, arena, &m);
        if (error != DV_OK || !event_apply(&view, &m.order_event, arena)) abort();
    }
    return view;
}

/* Notes the state of an order's last event. */
static void order_at(notification *self, order *o, const dv_event *last)
{
    if (o->ended || !dv_state_terminal((uint8_t)last->state)) return;
    o->ended = true;
    DL_APPEND(self->ended, o);
    self->ended_count++;
}

/* Keeps a view in place of the one before. */
static void order_keep(notification *self, order *o, const dv_view *view)
{
    self->scratch.size = 0;
    dv_record_encode(&DV_SHAPE_view, view, &self->scratch);
    char *copy = malloc(self->scratch.size);
    if (copy == NULL) abort();
    memcpy(copy, self->scratch.bytes, self->scratch.size);
    kept_free(o);
    o->view = copy;
    o->view_size = self->scratch.size;
    o->seq = view->events_count;
    if (o->seq > 0) order_at(self, o, dv_view_last(view));
}

static void ended_trim(notification *self)
{
    while (self->ended_count > ENDED_MAX) order_forget(self, self->ended);
}

/* Keeps an event as it came, for whoever looks later: most orders are watched by nobody. */
static void order_defer(notification *self, order *o, const dv_order_event *m, dv_text bytes)
{
    kept_event *event = malloc(sizeof *event + bytes.size);
    if (event == NULL) abort();
    event->size = bytes.size;
    memcpy(event->bytes, bytes.at, bytes.size);
    LL_PREPEND(o->later, event);
    o->seq++;
    order_at(self, o, &m->event);
    ended_trim(self);
}

/* Moves an order that ended and was asked for to the end of the queue of those to forget. */
static void order_touch(notification *self, order *o)
{
    if (!o->ended) return;
    DL_DELETE(self->ended, o);
    DL_APPEND(self->ended, o);
}

/* ---- updates ------------------------------------------------------------------------------ */

static void update_send(const notification *self, gateway_set to, const dv_view *view, uint32_t seq,
                        bool live, dv_outbox *outbox)
{
    dv_view then = *view;
    then.events_count = seq;
    send_to(
        self, to,
        &(dv_message){.type = DV_MSG_update_event, .update_event = {.live = live, .view = then}},
        outbox);
}

static void refuse(const notification *self, gateway_set to, const dv_id *order_id, dv_err error,
                   dv_outbox *outbox)
{
    send_to(self, to,
            &(dv_message){.type = DV_MSG_watch_refusal,
                          .watch_refusal = {.order_id = *order_id, .error = error}},
            outbox);
}

/* Takes a view that may know more than the one before. Who watches the order is told of every event
   that is new; who watches all orders of the one whose turn it is (0: of none), so that they get
   all events by position. After the last event of an order nothing follows, and its watches end. */
static void order_learn(notification *self, order *o, const dv_view *view, uint32_t turn,
                        dv_outbox *outbox)
{
    uint32_t known = o->seq;
    if (turn > 0 && turn <= known) update_send(self, self->all, view, turn, true, outbox);
    if (view->events_count <= known) return;
    order_keep(self, o, view);
    for (uint32_t seq = known + 1; seq <= o->seq; seq++)
        update_send(self, o->watching | (seq == turn ? self->all : 0), view, seq, true, outbox);
    update_send(self, o->asking, view, o->seq, false, outbox);
    o->watching = o->ended ? 0 : o->watching | o->asking;
    o->asking = 0;
    recall_end(self, o);
    ended_trim(self);
}

/* ---- recalls: asking persistence for an order that is not known ----------------------------- */

/* Asks for an order, unless it is being asked for. False when too many are. */
static bool recall(notification *self, order *o, dv_time now, dv_outbox *outbox)
{
    if (o->request_id != 0) return true;
    if (HASH_CNT(by_request, self->recalled) >= RECALLS_MAX) return false;
    o->request_id = ++self->request_count;
    HASH_ADD(by_request, self->recalled, request_id, sizeof o->request_id, o);
    dv_heap_set(&self->timers, &o->timer, now.mono_ns + RECALL_TIMEOUT_NS);
    dv_send(outbox, RECALL, NULL,
            &(dv_message){.type = DV_MSG_order_request,
                          .request_id = o->request_id,
                          .order_request = {.order_id = o->id}});
    return true;
}

/* The order could not be had: who asked is told, and asks again. */
static void recall_failed(notification *self, order *o, dv_err error, dv_outbox *outbox)
{
    refuse(self, o->asking, &o->id, error, outbox);
    order_forget(self, o);
}

/* A recall that ended well would have ended with the view. */
static void recall_answered(notification *self, uint64_t request_id, const dv_query_reply *m,
                            dv_outbox *outbox)
{
    order *o;
    HASH_FIND(by_request, self->recalled, &request_id, sizeof request_id, o);
    if (o == NULL) return;
    dv_err error = (dv_err)m->error;
    if (error == DV_OK) error = m->count == 0 ? DV_ORDER_NOT_FOUND : DV_STORE_AWAY;
    recall_failed(self, o, error, outbox);
}

static void refuse_all(notification *self, order *o, dv_outbox *outbox)
{
    refuse(self, o->asking, &o->id, DV_ENGINE_FULL, outbox);
    order_forget(self, o);
}

/* Asks for the orders that were watched before it was known where the sequence begins: had they
   been read earlier, they would lack what was committed in between. */
static void asking_recall(notification *self, dv_time now, dv_outbox *outbox)
{
    order *o, *next;
    HASH_ITER (by_id, self->orders, o, next) {
        if (o->asking == 0)
            order_forget(self, o); /* nobody waits for it any more */
        else if (!recall(self, o, now, outbox))
            refuse_all(self, o, outbox);
    }
}

/* ---- events in turn ----------------------------------------------------------------------- */

/* Uses the event whose turn it is. False when it needs what came before it of its order: then it
   has to be read, for whoever waits for it. Nobody does so for an order that is not known: it is
   recalled for whoever watches it later. bytes: the event as it came. */
static bool event_use(notification *self, const dv_order_event *m, dv_text bytes, dv_outbox *outbox)
{
    order *o = order_find(self, &m->terms.order_id);
    uint32_t seq = (uint32_t)m->event.seq;
    if (o == NULL && seq > 1) return self->all == 0;
    if (o == NULL) o = order_add(self, &m->terms.order_id);
    bool is_watched = (self->all | o->watching | o->asking) != 0 || o->request_id != 0;
    if (!is_watched && seq == o->seq + 1 && seq <= DV_EVENTS_MAX) {
        order_defer(self, o, m, bytes);
        return true;
    }
    dv_view view = order_item(o, outbox);
    if (!event_apply(&view, m, dv_outbox_arena(outbox))) return false;
    order_learn(self, o, &view, seq, outbox);
    return true;
}

/* Uses the events that were kept, as far as they follow. */
static void kept_use(notification *self, dv_time now, dv_outbox *outbox)
{
    dv_text bytes;
    while ((bytes = dv_sequence_next(self->sequence)).size > 0) {
        dv_message m;
        dv_err error = dv_message_decode(bytes.at, bytes.size, dv_outbox_arena(outbox), &m);
        if (error != DV_OK || m.type != DV_MSG_order_event) abort(); /* it was encoded here */
        if (!event_use(self, &m.order_event, bytes, outbox)) {
            dv_sequence_reject(self->sequence);
            return;
        }
        dv_sequence_advance(self->sequence, now.mono_ns);
    }
}

DV_HANDLER(notification, order_event)
{
    if (self->sequence == NULL) self->sequence = dv_sequence_new(now.mono_ns);
    if (dv_sequence_offer(self->sequence, message->event.position, envelope->bytes, now.mono_ns) !=
        DV_TURN_NOW)
        return;
    if (!event_use(self, message, envelope->bytes, outbox)) {
        dv_sequence_reject(self->sequence);
        return;
    }
    dv_sequence_advance(self->sequence, now.mono_ns);
    kept_use(self, now, outbox);
}

/* ---- pages: asking persistence for what was missed ------------------------------------------ */

static void page_ask(notification *self, dv_time now, dv_outbox *outbox)
{
    dv_sequence_page page = dv_sequence_read(self->sequence, now.mono_ns);
    self->page_request = ++self->request_count;
    self->page_count = 0;
    self->page_last = 0;
    dv_send(outbox, RECALL, NULL,
            &(dv_message){.type = DV_MSG_events_request,
                          .request_id = self->page_request,
                          .events_request = {.after_position = page.after, .limit = page.limit}});
}

/* An event of a page brings all that there is of its order. */
static void page_take(notification *self, const dv_order_item *m, dv_time now, dv_outbox *outbox)
{
    if (m->seq == 0 || m->seq > m->view.events_count) return;
    uint64_t position = m->view.events[m->seq - 1].position;
    if (position <= self->page_last) return; /* it came twice */
    self->page_count++;
    self->page_last = position;
    if (dv_sequence_offer_read(self->sequence, position) != DV_TURN_NOW) return;
    order *o = order_find(self, &m->view.terms.order_id);
    if (o == NULL) o = order_add(self, &m->view.terms.order_id);
    order_learn(self, o, &m->view, (uint32_t)m->seq, outbox);
    dv_sequence_advance(self->sequence, now.mono_ns);
    kept_use(self, now, outbox);
}

static void page_done(notification *self, const dv_query_reply *m, dv_time now, dv_outbox *outbox)
{
    self->page_request = 0;
    bool starts = !dv_sequence_started(self->sequence);
    bool whole = m->error == DV_OK && m->count == self->page_count;
    uint64_t passed = dv_sequence_read_done(self->sequence, self->page_count, whole, now.mono_ns);
    if (passed > 0)
        dv_error("events_missing", NULL, dv_kv_number("count", (int64_t)passed),
                 dv_kv_number("before", (int64_t)dv_sequence_position(self->sequence) + 1));
    if (starts && whole) {
        dv_sequence_start(self->sequence, m->head_position, now.mono_ns);
        head_tell(self, self->all, outbox);
        asking_recall(self, now, outbox);
    }
    kept_use(self, now, outbox);
}

DV_HANDLER(notification, order_item)
{
    uint64_t request_id = envelope->message.request_id;
    if (request_id == 0) return;
    if (request_id == self->page_request) {
        page_take(self, message, now, outbox);
        return;
    }
    order *o = order_find(self, &message->view.terms.order_id);
    if (o == NULL || o->request_id != request_id) return;
    order_learn(self, o, &message->view, 0, outbox);
}

DV_HANDLER(notification, query_reply)
{
    uint64_t request_id = envelope->message.request_id;
    if (request_id == 0) return;
    if (request_id == self->page_request)
        page_done(self, message, now, outbox);
    else
        recall_answered(self, request_id, message, outbox);
}

/* ---- watches ------------------------------------------------------------------------------ */

DV_HANDLER(notification, watch_order)
{
    const dv_id *id = &message->order_id;
    gateway_set from = gateway_heard(self, &envelope->peer, now);
    order *o = order_find(self, id);
    if (o == NULL) o = order_add(self, id);
    if (o->seq > 0) {
        dv_view view = order_item(o, outbox);
        update_send(self, from, &view, o->seq, false, outbox);
        order_touch(self, o);
        if (!o->ended) o->watching |= from;
        return;
    }
    o->asking |= from;
    bool waits = self->sequence == NULL || !dv_sequence_started(self->sequence);
    bool fits = waits ? HASH_CNT(by_id, self->orders) <= RECALLS_MAX : recall(self, o, now, outbox);
    if (!fits) refuse_all(self, o, outbox);
}

DV_HANDLER(notification, unwatch_order)
{
    gateway_set from = gateway_heard(self, &envelope->peer, now);
    order *o = order_find(self, &message->order_id);
    if (o == NULL) return;
    o->watching &= ~from;
    o->asking &= ~from;
}

/* The gateway's watches of single orders stay: they end with their orders. */
DV_HANDLER(notification, watch_orders)
{
    gateway_set from = gateway_heard(self, &envelope->peer, now);
    self->all &= ~from;
    if (message->on == 0) return;
    self->all |= from;
    head_tell(self, from, outbox);
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_order_event] = on_order_event,     [DV_MSG_order_item] = on_order_item,
    [DV_MSG_query_reply] = on_query_reply,     [DV_MSG_watch_order] = on_watch_order,
    [DV_MSG_unwatch_order] = on_unwatch_order, [DV_MSG_watch_orders] = on_watch_orders,
};

/* ---- due work ----------------------------------------------------------------------------- */

/* Whoever watches all orders learns from the head what was lost on the way to it. */
static void look(notification *self, dv_time now, dv_outbox *outbox)
{
    if (now.mono_ns < self->look_at_ns) return;
    self->look_at_ns = now.mono_ns + HEAD_EVERY_NS;
    silent_forget(self, now);
    head_tell(self, self->all, outbox);
    bool behind = dv_sequence_behind(self->sequence, now.mono_ns);
    if (behind != self->behind)
        dv_warn(behind ? "behind" : "caught_up", NULL,
                dv_kv_number("position", (int64_t)dv_sequence_position(self->sequence)));
    self->behind = behind;
}

static int64_t tick(void *actor, dv_time now, dv_outbox *outbox)
{
    notification *self = actor;
    if (self->sequence == NULL) self->sequence = dv_sequence_new(now.mono_ns);
    dv_timer *timer;
    while ((timer = dv_heap_pop_due(&self->timers, now.mono_ns)) != NULL)
        recall_failed(self, DV_TIMER_OWNER(timer, order, timer), DV_STORE_AWAY, outbox);
    if (now.mono_ns >= dv_sequence_due(self->sequence)) page_ask(self, now, outbox);
    look(self, now, outbox);
    int64_t next_ns = dv_min_i64(dv_heap_next(&self->timers), self->look_at_ns);
    return dv_min_i64(next_ns, dv_sequence_due(self->sequence));
}

/* ---- life --------------------------------------------------------------------------------- */

static dv_health health(const void *actor)
{
    const notification *self = actor;
    if (!self->behind) return (dv_health){0};
    return (dv_health){.degraded = DV_STORE_AWAY,
                       .text =
                           "events are missing that the database has not told: frames are late"};
}

static void destroy(void **actor)
{
    if (actor == NULL || *actor == NULL) return;
    notification *self = *actor;
    while (self->orders != NULL) order_forget(self, self->orders);
    dv_sequence_destroy(&self->sequence);
    dv_heap_fini(&self->timers);
    dv_buffer_fini(&self->scratch);
    free(self);
    *actor = NULL;
}

const dv_actor_class DV_NOTIFICATION_CLASS = {
    .name = "notification",
    .handlers = HANDLERS,
    .tick = tick,
    .health = health,
    .destroy = destroy,
};

void *dv_notification_new(void)
{
    notification *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    /* What is still answered to a notification of our name that died is nobody's. */
    randombytes_buf(&self->request_count, sizeof self->request_count);
    self->request_count >>= 1;
    return self;
}
