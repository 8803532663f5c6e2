#include "tests/sim/watchers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/json/frame_out.h"
#include "tests/sim/book.h"
#include "tests/sim/hub_model.h"

#define WATCHERS_MAX 128
#define LISTENERS_MAX 3           /* to all orders */
#define SLOW_NS (10 * SIM_SECOND) /* a slow client reads a frame in */

typedef struct watcher {
    sim_world *world;
    uint32_t number;
    bool all; /* else order_id */
    dv_id order_id;
    bool open, seen; /* seen: `last` is known */
    uint64_t last;   /* seq or position of the last frame read */
    uint64_t next;   /* 0: whatever comes; else it must be this */
    uint64_t began;  /* position of the newest event when it opened */
    sim_actor *gateway;
    uint64_t socket;
    bool slow, fickle;
    sim_alarm alarm; /* open: to drop; else to open */
} watcher;

struct sim_watchers {
    sim_world *world;
    sim_dice dice;
    watcher list[WATCHERS_MAX];
    uint32_t count;
    bool calm;
};

/* ---- reading ------------------------------------------------------------------------------ */

/* The number after a key in a frame; UINT64_MAX when there is none. */
static uint64_t number_of(const char *frame, const char *key)
{
    const char *at = strstr(frame, key);
    if (at == NULL) return UINT64_MAX;
    return strtoull(at + strlen(key), NULL, 10);
}

static dv_text text_of(const char *frame, const char *key)
{
    const char *at = strstr(frame, key);
    if (at == NULL) return (dv_text){0};
    at += strlen(key);
    return (dv_text){at, (uint32_t)strcspn(at, "\"")};
}

static void frame_read(void *context, const char *bytes, size_t size)
{
    watcher *x = context;
    sim_world *w = x->world;
    uint64_t seq = number_of(bytes, "\"seq\":"), position = number_of(bytes, "\"position\":");
    dv_id id;
    if (seq == UINT64_MAX || !dv_id_parse(text_of(bytes, "\"orderId\":\""), &id)) {
        sim_fail(w, "I4", "watcher %u was sent %.200s", x->number, bytes);
        return;
    }
    uint64_t got = x->all ? position : seq;
    if (sim_tracing)
        sim_trace("watcher %u reads seq %" PRIu64 " position %" PRIu64, x->number, seq, position);
    if (!x->all && !dv_id_equal(&id, &x->order_id))
        sim_fail(w, "I4", "watcher %u was sent another order", x->number);
    if (x->next != 0 && got != x->next)
        sim_fail(w, "I4", "watcher %u of %s was to get %" PRIu64 " next, and was sent %" PRIu64,
                 x->number, x->all ? "all orders" : "an order", x->next, got);
    sim_book_frame(w, &id, seq, position, text_of(bytes, "\"status\":\""),
                   (dv_text){bytes, (uint32_t)size});
    x->seen = true;
    x->last = got;
    x->next = got + 1;
}

static void open_later(watcher *x)
{
    x->open = false;
    int64_t ns = sim_between(&x->world->network_dice, 20, 1500) * SIM_MS;
    sim_alarm_set(x->world, &x->alarm, x->world->now_ns + ns);
}

static void socket_closed(void *context, uint16_t code, uint64_t mark)
{
    watcher *x = context;
    sim_world *w = x->world;
    if (code == DV_CLOSE_NOT_FOUND)
        sim_fail(w, "I4", "watcher %u was told that its order does not exist", x->number);
    if (code == DV_CLOSE_TOO_SLOW) {
        w->faults[SIM_FAULT_client_slow]++;
        if (x->seen && mark != x->last)
            sim_fail(w, "I4", "watcher %u read up to %" PRIu64 " and is to resume from %" PRIu64,
                     x->number, x->last, mark);
        x->slow = false;
    }
    if (sim_tracing) sim_trace("watcher %u is cut off (%u)", x->number, code);
    open_later(x);
}

/* ---- connecting --------------------------------------------------------------------------- */

static void drop_later(watcher *x, sim_dice *dice)
{
    if (!x->fickle) return;
    sim_alarm_set(x->world, &x->alarm, x->world->now_ns + sim_between(dice, 50, 4000) * SIM_MS);
}

static void socket_open(sim_watchers *ws, watcher *x)
{
    sim_world *w = ws->world;
    sim_actor *gateway = sim_gateway_pick(w, &ws->dice);
    if (gateway == NULL) {
        open_later(x);
        return;
    }
    if (x->seen) w->faults[SIM_FAULT_client_resume]++;
    x->open = true;
    x->gateway = gateway;
    x->began = w->db->tables.event_count;
    x->socket = sim_hub_open(gateway->hub, &(sim_reader){.frame = frame_read,
                                                         .closed = socket_closed,
                                                         .context = x,
                                                         .pace_ns = x->slow ? SLOW_NS : 0});
    dv_message message = {.type = DV_MSG_client_open_event,
                          .client_open_event = {.connection = x->socket,
                                                .all_orders = x->all,
                                                .frame_type = DV_FRAME_STATUS_UPDATE,
                                                .order_id = x->order_id,
                                                .has_since = x->seen,
                                                .since = x->seen ? x->last : 0}};
    char peer[16];
    snprintf(peer, sizeof peer, "w%u", x->number);
    sim_desk_send(gateway, peer, &message, &ws->dice);
    drop_later(x, &ws->dice);
}

static void socket_leave(sim_watchers *ws, watcher *x)
{
    char peer[16];
    snprintf(peer, sizeof peer, "w%u", x->number);
    sim_hub_leave(x->gateway->hub, x->socket);
    sim_desk_send(x->gateway, peer,
                  &(dv_message){.type = DV_MSG_client_close_event,
                                .client_close_event.connection = x->socket},
                  &ws->dice);
    open_later(x);
}

static sim_watchers *watchers_of(const watcher *x)
{
    return (sim_watchers *)(uintptr_t)((const char *)(x - x->number) -
                                       offsetof(sim_watchers, list));
}

static void watcher_due(sim_world *w, void *arg)
{
    (void)w;
    watcher *x = arg;
    sim_watchers *ws = watchers_of(x);
    if (!x->open)
        socket_open(ws, x);
    else if (!ws->calm)
        socket_leave(ws, x);
}

static watcher *watcher_add(sim_watchers *ws, int64_t open_ns)
{
    if (ws->count == WATCHERS_MAX) return NULL;
    watcher *x = &ws->list[ws->count];
    *x = (watcher){.world = ws->world, .number = ws->count++};
    x->alarm = (sim_alarm){.fire = watcher_due, .arg = x};
    x->fickle = !ws->calm && sim_chance(&ws->dice, 350000);
    x->slow = !ws->calm && sim_chance(&ws->dice, 150000);
    sim_alarm_set(ws->world, &x->alarm, open_ns);
    return x;
}

void sim_watch_order(sim_watchers *ws, const dv_id *order_id)
{
    watcher *x = watcher_add(ws, ws->world->now_ns + sim_between(&ws->dice, 1, 300) * SIM_MS);
    if (x == NULL) return;
    x->order_id = *order_id;
    if (!sim_chance(&ws->dice, 500000)) return;
    x->seen = true; /* it asks for all from the first event on */
    x->last = 0;
    x->next = 1;
}

sim_watchers *sim_watchers_new(sim_world *world, bool busy)
{
    sim_watchers *ws = calloc(1, sizeof *ws);
    if (ws == NULL) abort();
    ws->world = world;
    ws->dice = sim_dice_of(world->seed, 21);
    uint32_t count = busy + sim_below(&ws->dice, LISTENERS_MAX + 1);
    for (uint32_t i = 0; i < count; i++) {
        watcher *x = watcher_add(ws, sim_between(&ws->dice, 100, busy ? 1000 : 12000) * SIM_MS);
        x->all = true;
        if (busy && i == 0) {
            x->slow = true;
            x->fickle = false;
        }
        if (!sim_chance(&ws->dice, 300000)) continue;
        x->seen = true; /* it asks for all that ever was */
        x->last = 0;
        x->next = 1;
    }
    return ws;
}

void sim_watchers_destroy(sim_watchers **watchers)
{
    free(*watchers);
    *watchers = NULL;
}

void sim_watchers_calm(sim_watchers *ws)
{
    ws->calm = true;
    for (uint32_t i = 0; i < ws->count; i++) {
        watcher *x = &ws->list[i];
        if (x->slow && x->open) socket_leave(ws, x); /* and comes back as a fast one */
        x->slow = false;
    }
}

/* ---- the end ------------------------------------------------------------------------------ */

/* What a watcher must have read once nothing happens any more; 0: nothing. */
static uint64_t due_of(const watcher *x)
{
    const sim_db *db = x->world->db;
    if (x->all) return x->seen || db->tables.event_count > x->began ? db->tables.event_count : 0;
    const dv_model_order *o = sim_db_order(db, &x->order_id);
    return o != NULL ? o->view.events_count : 0;
}

/* A listener that began with the last events may have begun behind them. */
static bool satisfied(const watcher *x)
{
    if (!x->open) return x->seen && x->last == due_of(x);
    if (x->all && !x->seen) return true;
    return x->last == due_of(x);
}

bool sim_watchers_at_rest(const sim_watchers *ws)
{
    for (uint32_t i = 0; i < ws->count; i++)
        if (!satisfied(&ws->list[i])) return false;
    return true;
}

void sim_watchers_explain(const sim_watchers *ws)
{
    for (uint32_t i = 0; i < ws->count; i++) {
        const watcher *x = &ws->list[i];
        if (satisfied(x)) continue;
        char id[DV_ID_TEXT_SIZE];
        dv_id_format(&x->order_id, id);
        sim_trace("watcher %u of %s (%s, %s) read up to %" PRIu64 " of %" PRIu64, i,
                  x->all ? "all orders" : id, x->open ? "open" : "closed",
                  x->open ? x->gateway->name : "", x->last, due_of(x));
    }
}

void sim_watchers_end(sim_watchers *ws)
{
    (void)ws; /* at rest, everybody has read all, and each frame was checked as it came */
}
