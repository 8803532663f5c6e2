#include "actors/notification.h"

#include <uthash.h>
#include <utlist.h>

#include "actors/base/heap.h"
#include "actors/base/log.h"
#include "proto/view.h"

#define GATEWAYS_MAX 64   /* one bit each in a gateway_set */
#define ENDED_MAX 10000   /* terminal orders remembered */
#define RECALLS_MAX 10000 /* orders asked for at once */
#define RECALL_TIMEOUT_NS (2000 * DV_NS_PER_MS)
#define RECALL_AGAIN_NS (100 * DV_NS_PER_MS)  /* after a failure, if gateways are owed events */
#define DOUBT_AFTER_NS (10000 * DV_NS_PER_MS) /* of silence: its last event may be lost */

#define FEED DV_PORT(DV_LINK_feed, 0)
#define RECALL DV_PORT(DV_LINK_query, 1)

/* A bit per gateway, by its index. */
typedef uint64_t gateway_set;

typedef struct gateway {
    dv_peer peer;      /* size 0: unused */
    uint64_t heard_at; /* the message count when it last spoke */
} gateway;

/* An order and who watches it. Known while view is there; complete while it is known up to every
   event that was heard of. */
typedef struct order {
    dv_id id;
    char *view; /* encoded dv_view; NULL: not known yet */
    size_t view_size;
    uint32_t seq;         /* events in the view */
    uint32_t heard_seq;   /* highest event heard of */
    bool ended;           /* its state is terminal; it is in the list of those */
    gateway_set watching; /* get an update after each event */
    gateway_set asking;   /* watched it, and are not answered yet */
    gateway_set owed;     /* get the events from owed_seq on when they are known */
    uint32_t owed_seq;    /* the first one owed */
    uint64_t request_id;  /* of the recall under way; 0: none */
    dv_timer timer;       /* when the recall has failed, or is due again */
    int64_t sure_at_ns;   /* when its view was last known to be the newest */
    UT_hash_handle by_id;
    UT_hash_handle by_request;
    struct order *prev, *next; /* among those that ended, oldest first */
} order;

typedef struct notification {
    order *orders;   /* by_id */
    order *recalled; /* by_request */
    order *ended;
    uint32_t ended_count;
    dv_heap timers; /* of orders */

    gateway gateways[GATEWAYS_MAX];
    uint64_t heard_count; /* messages from gateways */
    gateway_set all;      /* watch all orders */

    uint64_t request_count;  /* the last request id given */
    uint64_t position;       /* highest one seen; 0: none yet */
    gateway_set head_asking; /* wait for a feed_head */
    uint64_t head_request;   /* 0: none under way */
    int64_t head_at_ns;      /* when to ask (again) */

    dv_buffer scratch; /* for encoding views */
} notification;

/* ---- gateways ----------------------------------------------------------------------------- */

static gateway_set bit_of(uint32_t index)
{
    return (gateway_set)1 << index;
}

/* A gateway in the place of the one that was silent for longest: its watches end. */
static void gateway_replace(notification *self, uint32_t index, const dv_peer *peer)
{
    gateway_set others = ~bit_of(index);
    if (self->gateways[index].peer.size > 0) {
        for (order *o = self->orders; o != NULL; o = o->by_id.next) {
            o->watching &= others;
            o->asking &= others;
            o->owed &= others;
        }
    }
    self->all &= others;
    self->head_asking &= others;
    self->gateways[index].peer = *peer;
}

/* The bit of whoever sent this. */
static gateway_set gateway_heard(notification *self, const dv_peer *peer)
{
    uint32_t oldest = 0;
    self->heard_count++;
    for (uint32_t i = 0; i < GATEWAYS_MAX; i++) {
        gateway *g = &self->gateways[i];
        if (g->peer.size == peer->size && memcmp(g->peer.bytes, peer->bytes, peer->size) == 0) {
            g->heard_at = self->heard_count;
            return bit_of(i);
        }
        if (g->heard_at < self->gateways[oldest].heard_at) oldest = i;
    }
    gateway_replace(self, oldest, peer);
    self->gateways[oldest].heard_at = self->heard_count;
    return bit_of(oldest);
}

/* Sends a message to each gateway of a set. */
static void send_to(const notification *self, gateway_set set, const dv_message *message,
                    dv_outbox *outbox)
{
    for (; set != 0; set &= set - 1)
        dv_send(outbox, FEED, &self->gateways[__builtin_ctzll(set)].peer, message);
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

static void order_forget(notification *self, order *o)
{
    if (o->request_id != 0) HASH_DELETE(by_request, self->recalled, o);
    if (o->ended) {
        DL_DELETE(self->ended, o);
        self->ended_count--;
    }
    dv_heap_unset(&self->timers, &o->timer);
    HASH_DELETE(by_id, self->orders, o);
    free(o->view);
    free(o);
}

static bool order_complete(const order *o)
{
    return o->view != NULL && o->seq >= o->heard_seq;
}

/* The order's view, good for the turn whatever is kept meanwhile. It was encoded here, so that it
   always decodes. */
static dv_view order_view(const order *o, dv_outbox *outbox)
{
    dv_view view = {0};
    if (o->view == NULL) return view;
    dv_arena *arena = dv_outbox_arena(outbox);
    dv_text copy = dv_arena_text(arena, (dv_text){o->view, (uint32_t)o->view_size});
    dv_err error = dv_record_decode(&DV_SHAPE_view, copy.at, copy.size, arena, &view);
    if (error != DV_OK) abort();
    return view;
}

/* Keeps a view in place of the one before. */
static void order_keep(notification *self, order *o, const dv_view *view)
{
    self->scratch.size = 0;
    dv_record_encode(&DV_SHAPE_view, view, &self->scratch);
    char *copy = malloc(self->scratch.size);
    if (copy == NULL) abort();
    memcpy(copy, self->scratch.bytes, self->scratch.size);
    free(o->view);
    o->view = copy;
    o->view_size = self->scratch.size;
    o->seq = view->events_count;
    if (o->heard_seq < o->seq) o->heard_seq = o->seq;
    const dv_event *last = dv_view_last(view);
    if (o->ended || last == NULL || !dv_state_terminal((uint8_t)last->state)) return;
    o->ended = true;
    DL_APPEND(self->ended, o);
    self->ended_count++;
}

/* Moves an order that ended and was asked for to the end of the queue of those to forget. */
static void order_touch(notification *self, order *o)
{
    if (!o->ended) return;
    DL_DELETE(self->ended, o);
    DL_APPEND(self->ended, o);
}

static void ended_trim(notification *self)
{
    while (self->ended_count > ENDED_MAX) order_forget(self, self->ended);
}

/* ---- updates ------------------------------------------------------------------------------ */

static void update_send(const notification *self, gateway_set to, const dv_view *view, bool live,
                        dv_outbox *outbox)
{
    send_to(
        self, to,
        &(dv_message){.type = DV_MSG_order_update, .order_update = {.live = live, .view = *view}},
        outbox);
}

/* Answers who asked and sends what is owed, each event once and by its own. What was heard of but
   is not known yet stays owed. After the last event of an order nothing follows, and its watches
   end. */
static void order_tell(order *o, const notification *self, dv_view *view, dv_outbox *outbox)
{
    update_send(self, o->asking, view, false, outbox);
    for (; o->owed_seq <= o->seq; o->owed_seq++) {
        view->events_count = o->owed_seq;
        update_send(self, o->owed, view, true, outbox);
    }
    view->events_count = o->seq;
    o->watching |= o->asking;
    o->owed = order_complete(o) ? 0 : o->owed | o->asking;
    if (o->asking != 0) o->owed_seq = o->seq + 1;
    o->asking = 0;
    if (o->ended) o->watching = 0;
}

static void refuse(const notification *self, gateway_set to, const dv_id *order_id, dv_err error,
                   dv_outbox *outbox)
{
    send_to(self, to,
            &(dv_message){.type = DV_MSG_watch_refused,
                          .watch_refused = {.order_id = *order_id, .error = error}},
            outbox);
}

/* ---- recalls: asking persistence for what was missed --------------------------------------- */

/* Asks for an order, unless it is being asked for. False when too many are. */
static bool recall(notification *self, order *o, dv_time now, dv_outbox *outbox)
{
    if (o->request_id != 0) return true;
    if (HASH_CNT(by_request, self->recalled) >= RECALLS_MAX) return false;
    o->request_id = ++self->request_count;
    HASH_ADD(by_request, self->recalled, request_id, sizeof o->request_id, o);
    dv_heap_set(&self->timers, &o->timer, now.mono_ns + RECALL_TIMEOUT_NS);
    dv_send(outbox, RECALL, NULL,
            &(dv_message){.type = DV_MSG_order_get,
                          .order_get = {.request_id = o->request_id, .order_id = o->id}});
    return true;
}

static void recall_end(notification *self, order *o)
{
    if (o->request_id != 0) HASH_DELETE(by_request, self->recalled, o);
    o->request_id = 0;
    dv_heap_unset(&self->timers, &o->timer);
}

/* The order could not be had. Who asked is told; events that are owed are asked for again, until
   persistence knows them or says that there is no such order. */
static void recall_failed(notification *self, order *o, dv_err error, dv_time now,
                          dv_outbox *outbox)
{
    recall_end(self, o);
    refuse(self, o->asking, &o->id, error, outbox);
    o->asking = 0;
    if (error == DV_ORDER_NOT_FOUND) o->owed = 0;
    if (o->owed != 0)
        dv_heap_set(&self->timers, &o->timer, now.mono_ns + RECALL_AGAIN_NS);
    else if (o->view == NULL)
        order_forget(self, o);
}

static void head_tell(notification *self, uint64_t position, dv_outbox *outbox)
{
    send_to(self, self->head_asking,
            &(dv_message){.type = DV_MSG_feed_head, .feed_head = {.position = position}}, outbox);
    self->head_asking = 0;
    self->head_request = 0;
    self->head_at_ns = DV_NEVER;
}

/* No order has the nil id, but whatever persistence answers names the newest position. */
static void head_ask(notification *self, dv_time now, dv_outbox *outbox)
{
    self->head_request = ++self->request_count;
    self->head_at_ns = now.mono_ns + RECALL_TIMEOUT_NS;
    dv_send(
        outbox, RECALL, NULL,
        &(dv_message){.type = DV_MSG_order_get, .order_get = {.request_id = self->head_request}});
}

/* Events that a known order turns out to have are news to whoever watches. */
static void on_order_view(void *arg, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    notification *self = arg;
    const dv_order_view *m = &envelope->message.order_view;
    order *o = order_find(self, &m->view.terms.order_id);
    if (o == NULL || m->view.events_count <= o->seq) return;
    if (o->owed == 0) o->owed_seq = o->seq + 1;
    if (o->view != NULL) o->owed |= o->watching | self->all;
    o->sure_at_ns = now.mono_ns;
    dv_view view = m->view;
    order_keep(self, o, &view);
    order_tell(o, self, &view, outbox);
    ended_trim(self);
}

static void head_answered(notification *self, const dv_query_done *m, dv_time now,
                          dv_outbox *outbox)
{
    self->head_request = 0;
    if (m->error != DV_OK && m->error != DV_ORDER_NOT_FOUND) {
        self->head_at_ns = now.mono_ns + RECALL_AGAIN_NS;
        return;
    }
    if (self->position < m->head_position) self->position = m->head_position;
    head_tell(self, m->head_position, outbox);
}

/* A recall has failed if the view is not complete by now, also when the answer was overtaken by the
   events heard since. */
static void on_query_done(void *arg, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    notification *self = arg;
    const dv_query_done *m = &envelope->message.query_done;
    if (m->request_id != 0 && m->request_id == self->head_request) {
        head_answered(self, m, now, outbox);
        return;
    }
    order *o;
    HASH_FIND(by_request, self->recalled, &m->request_id, sizeof m->request_id, o);
    if (o == NULL) return;
    dv_err error = (dv_err)m->error;
    if (order_complete(o))
        recall_end(self, o);
    else if (error == DV_OK && o->heard_seq == 0)
        recall_failed(self, o, DV_ORDER_NOT_FOUND, now, outbox);
    else
        recall_failed(self, o, error != DV_OK ? error : DV_STORE_AWAY, now, outbox);
}

/* ---- events ------------------------------------------------------------------------------- */

/* A gateway that waits for the head when an event comes gets the one before it as the head, and
   then the event. */
static void position_note(notification *self, uint64_t position, dv_outbox *outbox)
{
    if (self->head_asking != 0 && position > 0) head_tell(self, position - 1, outbox);
    if (position > self->position) self->position = position;
}

/* Adds the event to what is known. False when events before it are missing. */
static bool event_apply(notification *self, order *o, const dv_order_event *m, dv_view *view,
                        dv_outbox *outbox)
{
    if (o->view == NULL) view->terms = m->terms;
    if (!dv_view_apply(view, &m->event, m->attempts, m->attempts_count, dv_outbox_arena(outbox)))
        return false;
    order_keep(self, o, view);
    return true;
}

/* Events are missing before this one: they and it are owed to whoever watches, once the order has
   been recalled. With nobody watching the order is forgotten; who watches it later recalls it. */
static void event_missed(notification *self, order *o, dv_time now, dv_outbox *outbox)
{
    if ((o->owed | o->asking) == 0)
        order_forget(self, o);
    else if (!recall(self, o, now, outbox))
        dv_heap_set(&self->timers, &o->timer, now.mono_ns + RECALL_AGAIN_NS);
}

/* An event that was heard of before says nothing new. */
static void on_order_event(void *arg, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    notification *self = arg;
    const dv_order_event *m = &envelope->message.order_event;
    position_note(self, m->event.position, outbox);
    order *o = order_find(self, &m->terms.order_id);
    if (o == NULL) o = order_add(self, &m->terms.order_id);
    if (m->event.seq <= o->heard_seq) return;
    if (o->owed == 0) o->owed_seq = o->view != NULL ? o->seq + 1 : (uint32_t)m->event.seq;
    o->owed |= o->watching | self->all;
    o->heard_seq = (uint32_t)m->event.seq;
    o->sure_at_ns = now.mono_ns;
    dv_view view = order_view(o, outbox);
    if (event_apply(self, o, m, &view, outbox)) {
        order_tell(o, self, &view, outbox);
        ended_trim(self);
    } else {
        event_missed(self, o, now, outbox);
    }
}

/* ---- watches ------------------------------------------------------------------------------ */

/* Answers with the view that is known. Gateways watch again from time to time: if nothing was heard
   of an unfinished order for long, that is the time to ask whether its last event was lost. */
static void watch_known(notification *self, order *o, gateway_set from, dv_time now,
                        dv_outbox *outbox)
{
    dv_view view = order_view(o, outbox);
    update_send(self, from, &view, false, outbox);
    order_touch(self, o);
    if (o->ended) return;
    o->watching |= from;
    if (now.mono_ns < o->sure_at_ns + DOUBT_AFTER_NS) return;
    o->sure_at_ns = now.mono_ns;
    (void)recall(self, o, now, outbox);
}

static void on_order_watch(void *arg, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    notification *self = arg;
    const dv_id *id = &envelope->message.order_watch.order_id;
    gateway_set from = gateway_heard(self, &envelope->peer);
    order *o = order_find(self, id);
    if (o == NULL) o = order_add(self, id);
    if (order_complete(o)) {
        watch_known(self, o, from, now, outbox);
        return;
    }
    if (recall(self, o, now, outbox)) {
        o->asking |= from;
        return;
    }
    refuse(self, from, id, DV_ENGINE_FULL, outbox);
    if (o->view == NULL && o->heard_seq == 0) order_forget(self, o);
}

static void on_order_unwatch(void *arg, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    (void)now, (void)outbox;
    notification *self = arg;
    gateway_set from = gateway_heard(self, &envelope->peer);
    order *o = order_find(self, &envelope->message.order_unwatch.order_id);
    if (o == NULL) return;
    o->watching &= ~from;
    o->asking &= ~from;
    if ((self->all & from) == 0) o->owed &= ~from;
}

/* The gateway's watches of single orders stay: they end with their orders. */
static void on_orders_watch(void *arg, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    notification *self = arg;
    gateway_set from = gateway_heard(self, &envelope->peer);
    if (envelope->message.orders_watch.on == 0) {
        self->all &= ~from;
        self->head_asking &= ~from;
        return;
    }
    self->all |= from;
    self->head_asking |= from;
    if (self->position > 0)
        head_tell(self, self->position, outbox);
    else if (self->head_request == 0)
        head_ask(self, now, outbox);
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_order_event] = on_order_event,     [DV_MSG_order_view] = on_order_view,
    [DV_MSG_query_done] = on_query_done,       [DV_MSG_order_watch] = on_order_watch,
    [DV_MSG_order_unwatch] = on_order_unwatch, [DV_MSG_orders_watch] = on_orders_watch,
};

/* ---- due work ----------------------------------------------------------------------------- */

/* A recall was not answered in time, or is to be tried again. */
static void recall_due(notification *self, order *o, dv_time now, dv_outbox *outbox)
{
    if (o->request_id != 0)
        recall_failed(self, o, DV_STORE_AWAY, now, outbox);
    else if (o->owed != 0 && !recall(self, o, now, outbox))
        dv_heap_set(&self->timers, &o->timer, now.mono_ns + RECALL_AGAIN_NS);
}

static int64_t notification_tick(void *arg, dv_time now, dv_outbox *outbox)
{
    notification *self = arg;
    dv_timer *timer;
    while ((timer = dv_heap_pop_due(&self->timers, now.mono_ns)) != NULL)
        recall_due(self, DV_TIMER_OWNER(timer, order, timer), now, outbox);
    if (self->head_asking == 0)
        self->head_at_ns = DV_NEVER;
    else if (now.mono_ns >= self->head_at_ns)
        head_ask(self, now, outbox);
    return dv_min_i64(dv_heap_next(&self->timers), self->head_at_ns);
}

/* ---- life --------------------------------------------------------------------------------- */

static dv_health notification_health(const void *arg)
{
    (void)arg;
    return (dv_health){0};
}

static void notification_destroy(void **arg)
{
    if (arg == NULL || *arg == NULL) return;
    notification *self = *arg;
    while (self->orders != NULL) order_forget(self, self->orders);
    dv_heap_fini(&self->timers);
    dv_buffer_fini(&self->scratch);
    free(self);
    *arg = NULL;
}

const dv_actor_class DV_NOTIFICATION_CLASS = {
    .name = "notification",
    .handlers = HANDLERS,
    .tick = notification_tick,
    .health = notification_health,
    .destroy = notification_destroy,
};

void *dv_notification_new(void)
{
    notification *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->head_at_ns = DV_NEVER;
    return self;
}
