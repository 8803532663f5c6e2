#include "gateway/api/sockets.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/api/orders.h"
#include "gateway/api/submit.h"
#include "gateway/http/body.h"
#include "gateway/http/stack.h"
#include "gateway/json/order_in.h"
#include "gateway/json/problem_out.h"
#include "gateway/stream/ws.h"

#define FINAL 0x80  /* in a frame's first byte: the message ends with this frame */
#define OPCODE 0x0f /* in a frame's first byte */

/* A WebSocket, from its handshake on. */
typedef struct dv_websocket {
    const dv_socket_kind *kind;
    dv_client_open_event open; /* what the actor is told; connection is 0 before the handshake */
    bool follows;              /* false: nothing, until an order comes in band */
    bool in_band;              /* takes orders */
    uint8_t state;             /* of the order, for the greeting */
    bool reserved;             /* holds a place in the hub */
    bool overlong;             /* the message under way is too large, and is dropped */
    dv_buffer message;         /* the message under way, when it has several frames */
} dv_websocket;

/* ---- the handshake ---- */

/* Reads `since`, a whole number. False: it is given, and is no whole number. */
static bool since_read(const dv_request *request)
{
    char text[24], *end;
    bool given;
    bool read = dv_query_value(request, "since", text, sizeof text, &given);
    if (!given) return true;
    if (!read || text[0] < '0' || text[0] > '9') return false;
    errno = 0;
    unsigned long long since = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0') return false;
    request->tcp->websocket->open.has_since = 1;
    request->tcp->websocket->open.since = since;
    return true;
}

/* Follows the order that the handshake names, if the engine knows it. */
static dv_err order_read(const dv_request *request, dv_text name)
{
    dv_websocket *w = request->tcp->websocket;
    if (!dv_id_parse(name, &w->open.order_id)) return DV_ORDER_NOT_FOUND;
    w->follows = true;
    return dv_api_order_state(request->shared, &w->open.order_id, &w->state);
}

/* Decides what to follow when the handshake names no order. */
static dv_err unnamed_read(const dv_request *request)
{
    const dv_connection *tcp = request->tcp;
    dv_websocket *w = tcp->websocket;
    switch (w->kind->unnamed) {
    case DV_UNNAMED_REFUSED: return DV_REQUEST_INVALID;
    case DV_UNNAMED_ALL:
        if (!request->config->broadcast) return DV_REQUEST_NO_SUCH_PATH;
        w->open.all_orders = 1;
        w->follows = true;
        return DV_OK;
    case DV_UNNAMED_IN_BAND:
        w->in_band = true;
        w->follows = tcp->posted && request->config->bind_upgrade;
        if (w->follows) w->open.order_id = tcp->posted_id;
        return DV_OK;
    }
    return DV_REQUEST_INVALID;
}

/* The order's name: the path's segment, else the parameter orderId. False: there is none. An empty
   orderId counts as a name only where a name may be left out. */
static bool name_read(const dv_request *request, dv_text capture, char *ret_name, size_t size)
{
    const dv_socket_kind *kind = request->tcp->websocket->kind;
    if (capture.size > 0) {
        dv_text_copy(ret_name, size, capture);
        return true;
    }
    if (kind->greeting == DV_GREETING_ESTABLISHED_ALL) return false;
    bool named;
    if (!dv_query_value(request, "orderId", ret_name, size, &named)) ret_name[0] = '\0';
    return named && (ret_name[0] != '\0' || kind->unnamed != DV_UNNAMED_REFUSED);
}

/* Decides whether the handshake is accepted. ret_field: the parameter that is at fault. */
static dv_err plan(const dv_request *request, dv_text capture, const char **ret_field)
{
    dv_websocket *w = request->tcp->websocket;
    char name[64];
    if (dv_roster_stage(request->shared->roster) != DV_STAGE_SERVING) return DV_ENGINE_DRAINING;
    w->open.frame_type = w->kind->frame_type;
    *ret_field = "since";
    if (!since_read(request)) return DV_REQUEST_INVALID;
    *ret_field = "orderId";
    bool named = name_read(request, capture, name, sizeof name);
    dv_err error = named ? order_read(request, dv_text_of(name)) : unnamed_read(request);
    if (error != DV_OK) return error;
    w->reserved = dv_hub_reserve(request->shared->hub);
    return w->reserved ? DV_OK : DV_ENGINE_FULL;
}

static void refuse(const dv_request *request, dv_reply *reply, dv_err error, const char *field)
{
    static const char MESSAGE[] = "it must be given: an orderId, or a whole number for since";
    dv_faults faults = {.error = error, .count = 1};
    faults.list[0] = (dv_fault){dv_text_of(field), dv_text_of(MESSAGE)};
    dv_reply_error(reply, error, (dv_text){0}, error == DV_REQUEST_INVALID ? &faults : NULL,
                   request->path);
}

bool dv_sockets_upgrade(dv_request *request, const dv_socket_kind *kind, dv_text capture,
                        dv_reply *ret_reply)
{
    dv_websocket *w = calloc(1, sizeof *w);
    if (w == NULL) abort();
    w->kind = kind;
    request->tcp->websocket = w;
    const char *field = "";
    dv_err error = plan(request, capture, &field);
    if (error != DV_OK) refuse(request, ret_reply, error, field);
    return error == DV_OK;
}

/* ---- frames out ---- */

static void text_send(const dv_shared *shared, uint64_t connection, dv_buffer *text)
{
    dv_frame *frame = dv_frame_new(text->bytes, text->size);
    dv_hub_send(shared->hub, connection, frame, DV_NO_MARK);
    dv_frame_drop(&frame);
    dv_buffer_fini(text);
}

static void greet(const dv_shared *shared, const dv_websocket *w)
{
    dv_buffer text = {0};
    int64_t wall_us = dv_time_now().wall_us;
    switch (w->kind->greeting) {
    case DV_GREETING_NONE: return;
    case DV_GREETING_CONNECTED:
        dv_render_connected(&text, &w->open.order_id, w->open.connection, wall_us);
        break;
    case DV_GREETING_ESTABLISHED:
        dv_render_established(&text, &w->open.order_id, w->state, wall_us);
        break;
    case DV_GREETING_ESTABLISHED_ALL:
        dv_render_established_all(&text, w->open.connection, wall_us);
        break;
    }
    text_send(shared, w->open.connection, &text);
}

/* ---- the open WebSocket ---- */

void dv_sockets_opened(dv_request *request)
{
    const dv_shared *shared = request->shared;
    dv_websocket *w = request->tcp->websocket;
    bool one_order = w->follows && !w->open.all_orders;
    w->open.connection = dv_hub_add(shared->hub, &DV_WS_SINK, request->connection,
                                    one_order ? &w->open.order_id : NULL, !w->in_band);
    w->reserved = false;
    if (dv_roster_stage(shared->roster) != DV_STAGE_SERVING) /* since the handshake began */
        dv_hub_close(shared->hub, w->open.connection, DV_CLOSE_GOING_AWAY, "");
    greet(shared, w);
    if (w->follows)
        dv_desk_tell(shared->desk,
                     &(dv_message){.type = DV_MSG_client_open_event, .client_open_event = w->open});
    dv_stack_release();
}

/* Submits an order that came in band. Its frames follow from the first event on. */
static void order_take(const dv_request *request, dv_text message)
{
    const dv_shared *shared = request->shared;
    const dv_websocket *w = request->tcp->websocket;
    dv_submission submission;
    dv_submit(shared, message, (dv_text){0}, request->info->remote_addr, request->path,
              &submission);
    if (submission.error != DV_OK) {
        text_send(shared, w->open.connection, &submission.body);
    } else {
        dv_client_open_event open = {.connection = w->open.connection,
                                     .frame_type = w->kind->frame_type,
                                     .order_id = submission.order_id,
                                     .has_since = 1};
        dv_desk_tell(shared->desk,
                     &(dv_message){.type = DV_MSG_client_open_event, .client_open_event = open});
    }
    dv_buffer_fini(&submission.body);
    dv_stack_release();
}

static void message_take(const dv_request *request, dv_text message)
{
    const dv_websocket *w = request->tcp->websocket;
    dv_buffer text = {0};
    if (w->overlong) {
        if (!w->in_band) return;
        dv_render_error(&text, DV_REQUEST_TOO_LARGE, (dv_text){0}, NULL, (dv_text){0});
        text_send(request->shared, w->open.connection, &text);
    } else if (dv_is_ping(message)) {
        dv_render_pong(&text, dv_time_now().wall_us);
        text_send(request->shared, w->open.connection, &text);
    } else if (w->in_band) {
        order_take(request, message);
    }
}

bool dv_sockets_frame(dv_request *request, int bits, const char *bytes, size_t size)
{
    dv_websocket *w = request->tcp->websocket;
    int opcode = bits & OPCODE;
    if (opcode == MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE) {
        if (dv_hub_retire(request->shared->hub, w->open.connection)) /* we did not close first */
            dv_ws_answer_close(request->connection, bytes, size);
        return false;
    }
    if (opcode > MG_WEBSOCKET_OPCODE_BINARY) return true;
    if (w->message.size + size > DV_BODY_MAX) w->overlong = true;
    bool whole = (bits & FINAL) != 0 && w->message.size == 0;
    if (!whole && !w->overlong) dv_buffer_add(&w->message, bytes, size);
    if ((bits & FINAL) == 0) return true;
    dv_text message = {bytes, (uint32_t)size};
    if (!whole) message = (dv_text){w->message.bytes, (uint32_t)w->message.size};
    message_take(request, message);
    w->message.size = 0;
    w->overlong = false;
    return true;
}

void dv_sockets_closed(dv_request *request)
{
    uint64_t id = request->tcp->websocket->open.connection;
    dv_hub_remove(request->shared->hub, id);
    dv_desk_tell(request->shared->desk, &(dv_message){.type = DV_MSG_client_close_event,
                                                      .client_close_event = {.connection = id}});
}

void dv_sockets_gone(const dv_shared *shared, dv_connection *tcp)
{
    dv_websocket *w = tcp->websocket;
    if (w == NULL) return;
    if (w->reserved) dv_hub_release(shared->hub);
    dv_buffer_fini(&w->message);
    free(w);
    tcp->websocket = NULL;
}
