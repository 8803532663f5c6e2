#include "gateway/calls/desk.h"

#include <assert.h>
#include <czmq.h>
#include <pthread.h>

#include "actors/base/clock.h"
#include "proto/arena.h"
#include "proto/codec.h"

#define LOOK_UP_EVERY_MS 100 /* between two looks at whether the gateway stops */
#define WINDOWS_KEPT 1024    /* free windows, of some 64 KiB each */

typedef struct window {
    void *socket;        /* of libzmq: a DEALER */
    dv_arena *arena;     /* for one message of an answer */
    uint64_t request_id; /* of the latest question; answers to older ones are dropped */
    struct window *next;
} window;

struct dv_desk {
    const char *endpoint;
    dv_roster *roster;
    pthread_mutex_t mutex; /* guards the free windows; a taken window belongs to its thread */
    window *free;          /* the latest used first */
    uint32_t free_count;
};

dv_desk *dv_desk_new(const char *endpoint, dv_roster *roster)
{
    dv_desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL) abort();
    desk->endpoint = endpoint;
    desk->roster = roster;
    pthread_mutex_init(&desk->mutex, NULL);
    return desk;
}

static void window_close(window *w)
{
    if (w->socket != NULL) zmq_close(w->socket);
    dv_arena_destroy(&w->arena);
    free(w);
}

void dv_desk_destroy(dv_desk **desk_at)
{
    dv_desk *desk = *desk_at;
    if (desk == NULL) return;
    for (window *w; (w = desk->free) != NULL; window_close(w)) desk->free = w->next;
    pthread_mutex_destroy(&desk->mutex);
    free(desk);
    *desk_at = NULL;
}

/* NULL: libzmq has no socket left. */
static window *window_open(const dv_desk *desk)
{
    window *w = calloc(1, sizeof *w);
    if (w == NULL) abort();
    w->socket = zmq_socket(zsys_init(), ZMQ_DEALER);
    w->arena = dv_arena_new();
    int no_linger = 0, look_up = LOOK_UP_EVERY_MS;
    if (w->socket != NULL) {
        zmq_setsockopt(w->socket, ZMQ_LINGER, &no_linger, sizeof no_linger);
        zmq_setsockopt(w->socket, ZMQ_RCVTIMEO, &look_up, sizeof look_up);
        if (zmq_connect(w->socket, desk->endpoint) == 0) return w;
    }
    window_close(w);
    return NULL;
}

/* A socket of libzmq may move from thread to thread when a lock lies between. */
static window *window_take(dv_desk *desk)
{
    pthread_mutex_lock(&desk->mutex);
    window *w = desk->free;
    if (w != NULL) {
        desk->free = w->next;
        desk->free_count--;
    }
    pthread_mutex_unlock(&desk->mutex);
    return w != NULL ? w : window_open(desk);
}

static void window_give(dv_desk *desk, window *w)
{
    pthread_mutex_lock(&desk->mutex);
    bool kept = desk->free_count < WINDOWS_KEPT;
    if (kept) {
        w->next = desk->free;
        desk->free = w;
        desk->free_count++;
    }
    pthread_mutex_unlock(&desk->mutex);
    if (!kept) window_close(w);
}

/* An inproc peer still gets what was written before the socket closed, so no message is lost when
   window_give closes the window. */
void dv_desk_tell(dv_desk *desk, const dv_message *message)
{
    window *w = window_take(desk);
    if (w == NULL) return;
    dv_buffer bytes = {0};
    dv_message_encode(message, &bytes);
    zmq_send(w->socket, bytes.bytes, bytes.size, ZMQ_DONTWAIT);
    dv_buffer_fini(&bytes);
    window_give(desk, w);
}

/* Questions under way. Their request_ids are consecutive, and end with the window's latest. */
typedef struct asking {
    uint64_t first_id;
    uint32_t open; /* questions whose answer is not complete */
    dv_desk_take_each *take;
    void *arg;
} asking;

/* Takes the first message of a frame off the frame. */
static void answer_take(window *w, asking *a, dv_text *frame)
{
    dv_message answer;
    dv_arena_reset(w->arena);
    dv_err error = dv_frame_decode(frame, w->arena, &answer);
    assert(error == DV_OK); /* the actor of this very process encoded it */
    uint64_t id = answer.request_id;
    bool ours = id >= a->first_id && id <= w->request_id;
    if (ours && a->take(a->arg, (uint32_t)(id - a->first_id), &answer)) a->open--;
}

/* Takes one frame off the socket, or waits for LOOK_UP_EVERY_MS. A blocking receive is libzmq's
   cheapest wait: one system call, where a poll makes several. */
static void answers_take(window *w, asking *a)
{
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    if (zmq_msg_recv(&frame, w->socket, 0) >= 0) {
        dv_text rest = {zmq_msg_data(&frame), (uint32_t)zmq_msg_size(&frame)};
        while (rest.size > 0) answer_take(w, a, &rest);
    }
    zmq_msg_close(&frame);
}

static void questions_send(window *w, dv_message *questions, uint32_t count)
{
    dv_buffer frame = {0};
    for (uint32_t i = 0; i < count; i++) {
        questions[i].request_id = ++w->request_id;
        size_t size = frame.size;
        dv_message_encode(&questions[i], &frame);
        if (frame.size <= DV_FRAME_SIZE_MAX || size == 0) continue;
        zmq_send(w->socket, frame.bytes, size, ZMQ_DONTWAIT);
        memmove(frame.bytes, frame.bytes + size, frame.size - size);
        frame.size -= size;
    }
    if (frame.size > 0) zmq_send(w->socket, frame.bytes, frame.size, ZMQ_DONTWAIT);
    dv_buffer_fini(&frame);
}

static dv_err answers_wait(const dv_desk *desk, window *w, asking *a, uint32_t timeout_ms)
{
    int64_t deadline_ns = dv_time_now().mono_ns + timeout_ms * DV_NS_PER_MS;
    while (a->open > 0) {
        if (dv_roster_stage(desk->roster) == DV_STAGE_STOPPING) return DV_ENGINE_DRAINING;
        if (dv_time_now().mono_ns >= deadline_ns) return DV_ENGINE_TIMEOUT;
        answers_take(w, a);
    }
    return DV_OK;
}

dv_err dv_desk_ask_all(dv_desk *desk, dv_message *questions, uint32_t count, uint32_t timeout_ms,
                       dv_desk_take_each *take, void *arg)
{
    window *w = window_take(desk);
    if (w == NULL) return DV_ENGINE_FULL;
    asking a = {.first_id = w->request_id + 1, .open = count, .take = take, .arg = arg};
    questions_send(w, questions, count);
    dv_err error = answers_wait(desk, w, &a, timeout_ms);
    window_give(desk, w);
    return error;
}

typedef struct asking_one {
    dv_desk_take *take;
    void *arg;
} asking_one;

static bool one_take(void *arg, uint32_t index, const dv_message *answer)
{
    (void)index;
    const asking_one *one = arg;
    return one->take(one->arg, answer);
}

dv_err dv_desk_ask(dv_desk *desk, dv_message *question, uint32_t timeout_ms, dv_desk_take *take,
                   void *arg)
{
    asking_one one = {take, arg};
    return dv_desk_ask_all(desk, question, 1, timeout_ms, one_take, &one);
}
