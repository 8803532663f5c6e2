#include "tests/sim/hub_model.h"

#include <stdlib.h>
#include <utlist.h>

#include "gateway/api/routes.h"

#define WIRE_NS_MAX (3 * SIM_MS) /* a frame is under way to its client */

struct dv_frame {
    uint32_t references;
    size_t size;
    char bytes[];
};

typedef struct slot {
    struct slot *prev, *next;
    dv_frame *frame;
    uint64_t mark;
} slot;

typedef struct wire {
    struct wire *prev, *next;
    dv_hub *hub;
    uint64_t id;
    sim_reader reader;
    slot *queue;
    uint32_t count;
    uint64_t mark; /* of the last frame read */
    uint16_t close_code;
    sim_alarm read;
} wire;

struct dv_hub {
    uint32_t queue_max;
    uint64_t last_id;
    wire *wires;
    sim_actor *gateway;
};

static dv_hub *last_hub;

dv_hub *sim_hub_last(void)
{
    return last_hub;
}

void sim_hub_bind(dv_hub *hub, sim_actor *gateway)
{
    hub->gateway = gateway;
}

static wire *wire_find(const dv_hub *hub, uint64_t id)
{
    wire *x;
    DL_SEARCH_SCALAR(hub->wires, x, id, id);
    return x;
}

static void queue_clear(wire *x)
{
    slot *s, *next;
    DL_FOREACH_SAFE(x->queue, s, next)
    {
        DL_DELETE(x->queue, s);
        dv_frame_drop(&s->frame);
        free(s);
    }
    x->count = 0;
}

static void wire_free(wire *x)
{
    sim_alarm_unset(x->hub->gateway->process->world, &x->read);
    queue_clear(x);
    DL_DELETE(x->hub->wires, x);
    free(x);
}

static void read_next(wire *x)
{
    if (x->read.timer.place != 0) return;
    sim_world *w = x->hub->gateway->process->world;
    int64_t ns = sim_between(&w->network_dice, 10000, WIRE_NS_MAX) + x->reader.pace_ns;
    sim_alarm_set(w, &x->read, w->now_ns + ns);
}

static void read_due(sim_world *w, void *arg)
{
    (void)w;
    wire *x = arg;
    slot *s = x->queue;
    if (s == NULL) {
        sim_reader reader = x->reader;
        uint16_t code = x->close_code;
        uint64_t mark = x->mark;
        if (code == 0) return;
        wire_free(x);
        reader.closed(reader.context, code, mark);
        return;
    }
    DL_DELETE(x->queue, s);
    x->count--;
    if (s->mark != DV_NO_MARK) x->mark = s->mark;
    if (x->queue != NULL || x->close_code != 0) read_next(x);
    dv_frame *frame = s->frame;
    free(s);
    x->reader.frame(x->reader.context, frame->bytes, frame->size); /* may leave */
    dv_frame_drop(&frame);
}

uint64_t sim_hub_open(dv_hub *hub, const sim_reader *reader)
{
    wire *x = calloc(1, sizeof *x);
    if (x == NULL) abort();
    x->hub = hub;
    x->id = ++hub->last_id;
    x->reader = *reader;
    x->mark = DV_NO_MARK;
    x->read = (sim_alarm){.fire = read_due, .arg = x};
    DL_APPEND(hub->wires, x);
    return x->id;
}

void sim_hub_leave(dv_hub *hub, uint64_t id)
{
    wire *x = wire_find(hub, id);
    if (x != NULL) wire_free(x);
}

/* ---- in place of gateway/stream/hub.c ------------------------------------------------------ */

dv_frame *dv_frame_new(const char *bytes, size_t size)
{
    dv_frame *frame = malloc(sizeof *frame + size + 1);
    if (frame == NULL) abort();
    frame->references = 1;
    frame->size = size;
    memcpy(frame->bytes, bytes, size);
    frame->bytes[size] = '\0';
    return frame;
}

void dv_frame_drop(dv_frame **frame)
{
    if (*frame != NULL && --(*frame)->references == 0) free(*frame);
    *frame = NULL;
}

dv_hub *dv_hub_new(uint32_t connections_max, uint32_t queue_max)
{
    (void)connections_max;
    last_hub = calloc(1, sizeof *last_hub);
    if (last_hub == NULL) abort();
    last_hub->queue_max = queue_max;
    return last_hub;
}

/* The gateway is gone: each client hears it from its connection. */
void dv_hub_destroy(dv_hub **hub)
{
    if (*hub == NULL) return;
    wire *x, *next;
    DL_FOREACH_SAFE((*hub)->wires, x, next)
    {
        sim_reader reader = x->reader;
        wire_free(x);
        reader.closed(reader.context, 0, DV_NO_MARK);
    }
    free(*hub);
    *hub = NULL;
}

static void close_begin(wire *x, uint16_t code)
{
    if (x->close_code != 0) return;
    x->close_code = code;
    if (code == DV_CLOSE_TOO_SLOW) queue_clear(x);
    read_next(x);
}

bool dv_hub_send(dv_hub *hub, uint64_t id, dv_frame *frame, uint64_t mark)
{
    wire *x = wire_find(hub, id);
    if (x == NULL || x->close_code != 0) return false;
    if (x->count == hub->queue_max) {
        close_begin(x, DV_CLOSE_TOO_SLOW);
        return true;
    }
    slot *s = calloc(1, sizeof *s);
    if (s == NULL) abort();
    frame->references++;
    s->frame = frame;
    s->mark = mark;
    DL_APPEND(x->queue, s);
    x->count++;
    read_next(x);
    return true;
}

void dv_hub_mark(dv_hub *hub, uint64_t id, uint64_t mark)
{
    wire *x = wire_find(hub, id);
    if (x != NULL && x->mark == DV_NO_MARK) x->mark = mark;
}

bool dv_hub_room(dv_hub *hub, uint64_t id, uint32_t *ret_frames)
{
    const wire *x = wire_find(hub, id);
    if (x == NULL || x->close_code != 0) return false;
    *ret_frames = hub->queue_max - x->count;
    return true;
}

void dv_hub_close(dv_hub *hub, uint64_t id, uint16_t code, const char *reason)
{
    (void)reason;
    wire *x = wire_find(hub, id);
    if (x != NULL) close_begin(x, code);
}

void dv_hub_close_all(dv_hub *hub, uint16_t code, const char *reason)
{
    (void)reason;
    wire *x;
    DL_FOREACH(hub->wires, x) close_begin(x, code);
}

int64_t dv_hub_tend(dv_hub *hub, int64_t now_ns)
{
    (void)hub, (void)now_ns;
    return DV_NEVER;
}

uint32_t dv_hub_count(dv_hub *hub)
{
    uint32_t count;
    const wire *x;
    DL_COUNT(hub->wires, x, count);
    return count;
}

/* ---- in place of gateway/api/routes.c and gateway/http/server.c --------------------------------- */

dv_err dv_api_start(const dv_shared *shared, dv_http **ret_http, char ret_why[DV_REASON_MAX])
{
    (void)shared, (void)ret_why;
    *ret_http = NULL;
    return DV_OK;
}

void dv_http_stop(dv_http **http)
{
    *http = NULL;
}

uint32_t dv_http_busy(const dv_http *http)
{
    (void)http;
    return 0;
}
