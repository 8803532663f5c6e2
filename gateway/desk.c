#include "gateway/desk.h"

#include <assert.h>
#include <czmq.h>

#include "actors/base/clock.h"

#define LOOK_UP_EVERY_MS 100 /* at most so long without a look at whether the gateway stops */

/* Every question and every answer begins with its request_id, whatever its type. */
#define REQUEST_ID_FIRST(type)                                                                     \
    _Static_assert(offsetof(dv_##type, request_id) == 0, #type " begins with its request_id")
REQUEST_ID_FIRST(order_submit);
REQUEST_ID_FIRST(order_get);
REQUEST_ID_FIRST(order_list);
REQUEST_ID_FIRST(stats_ask);
REQUEST_ID_FIRST(order_accepted);
REQUEST_ID_FIRST(order_refused);
REQUEST_ID_FIRST(order_view);
REQUEST_ID_FIRST(query_done);
REQUEST_ID_FIRST(stats_told);

struct dv_desk {
    const char *endpoint;
    dv_board *board;
    void *socket;        /* libzmq's DEALER; NULL until it is needed */
    dv_arena *arena;     /* of one answer's message; NULL until it is needed */
    uint64_t request_id; /* of the latest question; older answers are stale */
};

dv_desk *dv_desk_new(const char *endpoint, dv_board *board)
{
    dv_desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL) abort();
    desk->endpoint = endpoint;
    desk->board = board;
    return desk;
}

void dv_desk_close(dv_desk *desk)
{
    if (desk->socket != NULL) zmq_close(desk->socket);
    desk->socket = NULL;
    dv_arena_destroy(&desk->arena);
}

void dv_desk_destroy(dv_desk **desk)
{
    if (*desk == NULL) return;
    dv_desk_close(*desk);
    free(*desk);
    *desk = NULL;
}

static bool desk_open(dv_desk *desk)
{
    if (desk->socket != NULL) return true;
    desk->socket = zmq_socket(zsys_init(), ZMQ_DEALER);
    if (desk->socket == NULL) return false;
    int no_linger = 0, look_up = LOOK_UP_EVERY_MS;
    zmq_setsockopt(desk->socket, ZMQ_LINGER, &no_linger, sizeof no_linger);
    zmq_setsockopt(desk->socket, ZMQ_RCVTIMEO, &look_up, sizeof look_up);
    if (zmq_connect(desk->socket, desk->endpoint) == 0) return true;
    dv_desk_close(desk);
    return false;
}

/* An inproc peer gets what was written before the socket was closed, so a desk that tells and
   closes loses nothing. */
void dv_desk_tell(dv_desk *desk, const dv_message *message)
{
    if (!desk_open(desk)) return;
    dv_buffer bytes = {0};
    dv_message_encode(message, &bytes);
    zmq_send(desk->socket, bytes.bytes, bytes.size, ZMQ_DONTWAIT);
    dv_buffer_fini(&bytes);
}

/* What is being asked: questions with consecutive request_ids, up to the desk's latest. */
typedef struct asking {
    uint64_t first_id;
    uint32_t open; /* questions whose last message has not come */
    dv_desk_take_each *take;
    void *arg;
} asking;

static void answer_take(dv_desk *desk, asking *a, dv_text bytes)
{
    dv_message answer;
    dv_arena_reset(desk->arena);
    dv_err error = dv_message_decode(bytes.at, bytes.size, desk->arena, &answer);
    assert(error == DV_OK); /* the actor of this very process encoded it */
    uint64_t id = answer.query_done.request_id;
    bool ours = id >= a->first_id && id <= desk->request_id;
    if (ours && a->take(a->arg, (uint32_t)(id - a->first_id), &answer)) a->open--;
}

/* Takes one frame off the socket, waiting for it until it is time to look up. A blocking receive is
   the cheapest wait that libzmq has: one call to the kernel, where a poll makes several. */
static void answers_take(dv_desk *desk, asking *a)
{
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    if (zmq_msg_recv(&frame, desk->socket, 0) >= 0) {
        dv_text rest = {zmq_msg_data(&frame), (uint32_t)zmq_msg_size(&frame)};
        while (rest.size > 0) answer_take(desk, a, dv_frame_next(&rest));
    }
    zmq_msg_close(&frame);
}

static void questions_send(dv_desk *desk, dv_message *questions, uint32_t count)
{
    dv_buffer frame = {0};
    for (uint32_t i = 0; i < count; i++) {
        questions[i].query_done.request_id = ++desk->request_id;
        size_t size = frame.size;
        dv_message_encode(&questions[i], &frame);
        if (frame.size <= DV_FRAME_SIZE_MAX || size == 0) continue;
        zmq_send(desk->socket, frame.bytes, size, ZMQ_DONTWAIT);
        memmove(frame.bytes, frame.bytes + size, frame.size - size);
        frame.size -= size;
    }
    if (frame.size > 0) zmq_send(desk->socket, frame.bytes, frame.size, ZMQ_DONTWAIT);
    dv_buffer_fini(&frame);
}

dv_err dv_desk_ask_all(dv_desk *desk, dv_message *questions, uint32_t count, uint32_t timeout_ms,
                       dv_desk_take_each *take, void *arg)
{
    if (!desk_open(desk)) return DV_ENGINE_FULL;
    if (desk->arena == NULL) desk->arena = dv_arena_new();
    asking a = {.first_id = desk->request_id + 1, .open = count, .take = take, .arg = arg};
    questions_send(desk, questions, count);
    int64_t deadline_ns = dv_time_now().mono_ns + timeout_ms * DV_NS_PER_MS;
    while (a.open > 0) {
        if (dv_board_stage(desk->board) == DV_STAGE_STOPPING) return DV_ENGINE_DRAINING;
        if (dv_time_now().mono_ns >= deadline_ns) return DV_ENGINE_TIMEOUT;
        answers_take(desk, &a);
    }
    return DV_OK;
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
