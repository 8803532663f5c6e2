#include "gateway/stream/hub.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>
#include <utlist.h>

#include "actors/base/clock.h"

#define WRITERS_KEPT 2   /* writers that stay without work */
#define WRITER_IDLE_S 5  /* without work, after which other writers end */
#define FRAMES_A_TURN 16 /* written to one connection before the next connection */
#define WAIT_MAX_NS (20 * DV_NS_PER_MS)
#define WRITER_STACK_BYTES (256u * 1024u)

struct dv_frame {
    _Atomic uint32_t references;
    size_t size;
    char bytes[];
};

typedef struct slot {
    dv_frame *frame;
    uint64_t mark;
} slot;

typedef enum course {
    OPEN,
    CLOSING, /* the queue is still written, then the close */
    CLOSED,  /* nothing may be written */
} course;

typedef struct connection {
    uint64_t id;
    const dv_sink *sink;
    void *to;       /* the connection, as the sink knows it */
    dv_id order_id; /* nil: the connection watches several orders, or none */
    slot *slots;    /* a ring, which grows up to queue_max */
    uint32_t first, count, capacity;
    uint64_t mark; /* of the last frame written whole; before: DV_NO_MARK */
    course course;
    uint16_t close_code;
    char close_reason[DV_CLOSE_REASON_SIZE];
    bool resumable;   /* its marks mean something to the client */
    bool ready;       /* waits for a writer, in the list `ready` */
    bool busy;        /* a writer serves it */
    int64_t ready_ns; /* start of the wait for a writer */
    struct connection *prev, *next;
    UT_hash_handle hh;
} connection;

struct dv_hub {
    pthread_mutex_t mutex; /* guards all of the hub */
    pthread_cond_t work;   /* a connection is ready, or the hub stops */
    pthread_cond_t done;   /* a writer has left a connection, or has ended */
    connection *connections, *ready;
    uint64_t last_id;
    uint32_t connections_max, reserved, queue_max;
    uint32_t writers, idle_writers;
    bool stopping;
};

/* ---- frames ---- */

dv_frame *dv_frame_new(const char *bytes, size_t size)
{
    dv_frame *frame = malloc(sizeof *frame + size);
    if (frame == NULL) abort();
    frame->references = 1;
    frame->size = size;
    memcpy(frame->bytes, bytes, size);
    return frame;
}

void dv_frame_drop(dv_frame **frame)
{
    if (*frame != NULL && atomic_fetch_sub(&(*frame)->references, 1) == 1) free(*frame);
    *frame = NULL;
}

/* ---- queues; the hub is locked ---- */

static void queue_grow(const dv_hub *hub, connection *c)
{
    uint32_t capacity = c->capacity ? c->capacity * 2 : 16;
    if (capacity > hub->queue_max) capacity = hub->queue_max;
    slot *slots = malloc(capacity * sizeof *slots);
    if (slots == NULL) abort();
    for (uint32_t i = 0; i < c->count; i++) slots[i] = c->slots[(c->first + i) % c->capacity];
    free(c->slots);
    c->slots = slots;
    c->first = 0;
    c->capacity = capacity;
}

static void queue_push(const dv_hub *hub, connection *c, dv_frame *frame, uint64_t mark)
{
    if (c->count == c->capacity) queue_grow(hub, c);
    atomic_fetch_add(&frame->references, 1);
    c->slots[(c->first + c->count++) % c->capacity] = (slot){frame, mark};
}

static slot queue_pop(connection *c)
{
    slot s = c->slots[c->first];
    c->first = (c->first + 1) % c->capacity;
    c->count--;
    return s;
}

static void queue_clear(connection *c)
{
    while (c->count > 0) {
        slot s = queue_pop(c);
        dv_frame_drop(&s.frame);
    }
}

static connection *find(dv_hub *hub, uint64_t id)
{
    connection *c;
    HASH_FIND(hh, hub->connections, &id, sizeof id, c);
    return c;
}

static void make_ready(dv_hub *hub, connection *c)
{
    if (c->ready || c->busy) return;
    c->ready = true;
    c->ready_ns = dv_time_now().mono_ns;
    DL_APPEND(hub->ready, c);
    pthread_cond_signal(&hub->work);
}

/* ---- writers ---- */

/* Says goodbye. A client that was too slow is told from where to resume. */
static void close_write(const connection *c)
{
    char reason[DV_CLOSE_REASON_SIZE] = "";
    if (c->close_code != DV_CLOSE_TOO_SLOW)
        snprintf(reason, sizeof reason, "%s", c->close_reason);
    else if (!c->resumable)
        snprintf(reason, sizeof reason, "resume each order from its last seq");
    else if (c->mark != DV_NO_MARK)
        snprintf(reason, sizeof reason, "resume from %llu", (unsigned long long)c->mark);
    c->sink->close(c->to, c->close_code, reason);
}

/* Writes frames until one fails, and drops them all. Returns how many were written whole. */
static uint32_t frames_write(connection *c, slot *slots, uint32_t count)
{
    uint32_t written = 0;
    bool well = true;
    for (uint32_t i = 0; i < count; i++) {
        const dv_frame *frame = slots[i].frame;
        if (well) well = c->sink->write(c->to, frame->bytes, frame->size);
        if (well) written++;
        dv_frame_drop(&slots[i].frame);
    }
    return written;
}

/* Writes one turn's frames of one connection. The hub is locked, except during writes. */
static void serve(dv_hub *hub, connection *c)
{
    slot slots[FRAMES_A_TURN];
    uint32_t count = 0;
    while (count < FRAMES_A_TURN && c->count > 0) slots[count++] = queue_pop(c);
    c->busy = true;
    pthread_mutex_unlock(&hub->mutex);
    uint32_t written = frames_write(c, slots, count);
    pthread_mutex_lock(&hub->mutex);

    for (uint32_t i = 0; i < written; i++)
        if (c->resumable && slots[i].mark != DV_NO_MARK) c->mark = slots[i].mark;
    if (written < count) { /* part of a frame may be out, and nothing can follow a part */
        queue_clear(c);
        c->course = CLOSED;
        c->sink->end(c->to);
    } else if (c->course == CLOSING && c->count == 0) {
        c->course = CLOSED;
        pthread_mutex_unlock(&hub->mutex);
        close_write(c);
        pthread_mutex_lock(&hub->mutex);
        c->sink->end(c->to);
    }
    c->busy = false;
    if (c->count > 0 || c->course == CLOSING) make_ready(hub, c);
    pthread_cond_broadcast(&hub->done);
}

/* Waits for work. False: no work came for WRITER_IDLE_S, and other writers suffice. */
static bool work_wait(dv_hub *hub)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WRITER_IDLE_S;
    hub->idle_writers++;
    int rc = 0;
    while (hub->ready == NULL && !hub->stopping && rc == 0)
        rc = pthread_cond_timedwait(&hub->work, &hub->mutex, &until);
    hub->idle_writers--;
    return hub->ready != NULL || hub->writers <= WRITERS_KEPT;
}

static void *writer_run(void *arg)
{
    dv_hub *hub = arg;
    pthread_mutex_lock(&hub->mutex);
    while (!hub->stopping) {
        if (hub->ready == NULL && !work_wait(hub)) break;
        connection *c = hub->ready;
        if (c == NULL) continue;
        DL_DELETE(hub->ready, c);
        c->ready = false;
        serve(hub, c);
    }
    hub->writers--;
    pthread_cond_broadcast(&hub->done);
    pthread_mutex_unlock(&hub->mutex);
    return NULL;
}

/* The hub is locked. */
static void writer_start(dv_hub *hub)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, WRITER_STACK_BYTES);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, writer_run, hub) == 0) hub->writers++;
    pthread_attr_destroy(&attributes);
}

/* ---- the hub ---- */

dv_hub *dv_hub_new(uint32_t connections_max, uint32_t queue_max)
{
    dv_hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL) abort();
    hub->connections_max = connections_max;
    hub->queue_max = queue_max;
    pthread_mutex_init(&hub->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&hub->work, &attributes);
    pthread_cond_init(&hub->done, &attributes);
    pthread_condattr_destroy(&attributes);
    return hub;
}

void dv_hub_destroy(dv_hub **hub_at)
{
    dv_hub *hub = *hub_at;
    if (hub == NULL) return;
    pthread_mutex_lock(&hub->mutex);
    hub->stopping = true;
    pthread_cond_broadcast(&hub->work);
    while (hub->writers > 0) pthread_cond_wait(&hub->done, &hub->mutex);
    pthread_mutex_unlock(&hub->mutex);
    assert(hub->connections == NULL);
    pthread_cond_destroy(&hub->work);
    pthread_cond_destroy(&hub->done);
    pthread_mutex_destroy(&hub->mutex);
    free(hub);
    *hub_at = NULL;
}

bool dv_hub_reserve(dv_hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    bool free_place = HASH_COUNT(hub->connections) + hub->reserved < hub->connections_max;
    if (free_place) hub->reserved++;
    pthread_mutex_unlock(&hub->mutex);
    return free_place;
}

void dv_hub_release(dv_hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    hub->reserved--;
    pthread_mutex_unlock(&hub->mutex);
}

uint64_t dv_hub_add(dv_hub *hub, const dv_sink *sink, void *to, const dv_id *order_id,
                    bool resumable)
{
    connection *c = calloc(1, sizeof *c);
    if (c == NULL) abort();
    c->sink = sink;
    c->to = to;
    c->mark = DV_NO_MARK;
    c->resumable = resumable;
    if (order_id != NULL) c->order_id = *order_id;
    pthread_mutex_lock(&hub->mutex);
    c->id = ++hub->last_id;
    uint64_t id = c->id;
    HASH_ADD(hh, hub->connections, id, sizeof c->id, c);
    hub->reserved--;
    pthread_mutex_unlock(&hub->mutex);
    return id;
}

/* Takes a connection away from the writers. The hub is locked. */
static void seize(dv_hub *hub, connection *c)
{
    queue_clear(c);
    c->course = CLOSED;
    if (c->ready) DL_DELETE(hub->ready, c);
    c->ready = false;
    while (c->busy) pthread_cond_wait(&hub->done, &hub->mutex);
}

void dv_hub_remove(dv_hub *hub, uint64_t id)
{
    pthread_mutex_lock(&hub->mutex);
    connection *c = find(hub, id);
    assert(c != NULL); /* its own thread removes a connection, once */
    HASH_DEL(hub->connections, c);
    seize(hub, c);
    pthread_mutex_unlock(&hub->mutex);
    free(c->slots);
    free(c);
}

bool dv_hub_retire(dv_hub *hub, uint64_t id)
{
    pthread_mutex_lock(&hub->mutex);
    connection *c = find(hub, id);
    bool open = c->course != CLOSED;
    while (c->busy) pthread_cond_wait(&hub->done, &hub->mutex);
    open = open && c->course != CLOSED;
    seize(hub, c);
    pthread_mutex_unlock(&hub->mutex);
    return open;
}

/* The hub is locked. A connection that was too slow loses its queue. */
static void close_begin(dv_hub *hub, connection *c, uint16_t code, const char *reason)
{
    if (c->course != OPEN) return;
    c->course = CLOSING;
    c->close_code = code;
    snprintf(c->close_reason, sizeof c->close_reason, "%s", reason);
    if (code == DV_CLOSE_TOO_SLOW) queue_clear(c);
    make_ready(hub, c);
}

bool dv_hub_send(dv_hub *hub, uint64_t id, dv_frame *frame, uint64_t mark)
{
    pthread_mutex_lock(&hub->mutex);
    connection *c = find(hub, id);
    bool open = c != NULL && c->course == OPEN;
    if (open && c->count == hub->queue_max) {
        close_begin(hub, c, DV_CLOSE_TOO_SLOW, "");
    } else if (open) {
        queue_push(hub, c, frame, mark);
        make_ready(hub, c);
    }
    if (open && hub->writers == 0) writer_start(hub);
    pthread_mutex_unlock(&hub->mutex);
    return open;
}

void dv_hub_mark(dv_hub *hub, uint64_t id, uint64_t mark)
{
    pthread_mutex_lock(&hub->mutex);
    connection *c = find(hub, id);
    if (c != NULL && c->resumable && c->mark == DV_NO_MARK) c->mark = mark;
    pthread_mutex_unlock(&hub->mutex);
}

bool dv_hub_room(dv_hub *hub, uint64_t id, uint32_t *ret_frames)
{
    pthread_mutex_lock(&hub->mutex);
    const connection *c = find(hub, id);
    bool open = c != NULL && c->course == OPEN;
    if (open) *ret_frames = hub->queue_max - c->count;
    pthread_mutex_unlock(&hub->mutex);
    return open;
}

void dv_hub_close(dv_hub *hub, uint64_t id, uint16_t code, const char *reason)
{
    pthread_mutex_lock(&hub->mutex);
    connection *c = find(hub, id);
    if (c != NULL) close_begin(hub, c, code, reason);
    if (hub->writers == 0) writer_start(hub);
    pthread_mutex_unlock(&hub->mutex);
}

void dv_hub_close_all(dv_hub *hub, uint16_t code, const char *reason)
{
    pthread_mutex_lock(&hub->mutex);
    connection *c, *next;
    HASH_ITER (hh, hub->connections, c, next) close_begin(hub, c, code, reason);
    if (hub->connections != NULL && hub->writers == 0) writer_start(hub);
    pthread_mutex_unlock(&hub->mutex);
}

int64_t dv_hub_tend(dv_hub *hub, int64_t now_ns)
{
    pthread_mutex_lock(&hub->mutex);
    int64_t next_ns = DV_NEVER;
    if (hub->ready != NULL) {
        bool waited = now_ns - hub->ready->ready_ns >= WAIT_MAX_NS;
        if (waited && hub->idle_writers == 0 && hub->writers < hub->connections_max)
            writer_start(hub);
        next_ns = now_ns + WAIT_MAX_NS;
    }
    pthread_mutex_unlock(&hub->mutex);
    return next_ns;
}

uint32_t dv_hub_count(dv_hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    uint32_t count = HASH_COUNT(hub->connections);
    pthread_mutex_unlock(&hub->mutex);
    return count;
}

static int id_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(dv_id));
}

uint32_t dv_hub_watched(dv_hub *hub, dv_id *ret_ids, uint32_t max)
{
    uint32_t count = 0;
    pthread_mutex_lock(&hub->mutex);
    for (const connection *c = hub->connections; c != NULL && count < max; c = c->hh.next)
        if (!dv_id_is_nil(&c->order_id)) ret_ids[count++] = c->order_id;
    pthread_mutex_unlock(&hub->mutex);
    qsort(ret_ids, count, sizeof *ret_ids, id_compare);
    return count;
}
