#include "gateway/api/sockets.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/api/routes.h"
#include "gateway/api/submit.h"
#include "gateway/http/path.h"
#include "gateway/http/stack.h"
#include "proto/buffer.h"

#define FINAL 0x80 /* of a frame's first byte: nothing of the message follows */
#define OPCODE 0x0f

/* Whom a WebSocket follows when it names no order. */
typedef enum unnamed { UNNAMED_REFUSED, UNNAMED_ALL, UNNAMED_IN_BAND } unnamed;

typedef enum greeting { NO_GREETING, CONNECTED, ESTABLISHED, ESTABLISHED_ALL } greeting;

typedef struct endpoint {
    const char *pattern;
    unnamed unnamed;
    greeting greeting;
    dv_frame_type frame_type;
} endpoint;

/* The first that fits counts. */
static const endpoint ENDPOINTS[] = {
    {"/api/orders/execute", UNNAMED_IN_BAND, NO_GREETING, DV_FRAME_STATUS_UPDATE},
    {"/ws/orders", UNNAMED_REFUSED, NO_GREETING, DV_FRAME_STATUS_UPDATE},
    {"/api/orders/stream", UNNAMED_REFUSED, ESTABLISHED, DV_FRAME_STATUS_UPDATE},
    {"/api/orders/ws", UNNAMED_ALL, NO_GREETING, DV_FRAME_STATUS_UPDATE},
    {"/api/orders/test-ws", UNNAMED_ALL, ESTABLISHED_ALL, DV_FRAME_ORDER_UPDATE},
    {"/api/orders/:id/ws", UNNAMED_REFUSED, CONNECTED, DV_FRAME_STATUS_UPDATE},
};

/* A TCP connection that is, or is about to be, a WebSocket. */
typedef struct dv_websocket {
    const endpoint *endpoint;
    dv_client_open_event
        open;          /* what the actor is told; connection 0 before the handshake is done */
    bool follows;      /* false: nothing until an order comes in band */
    bool in_band;      /* takes orders */
    uint8_t state;     /* of the order, for the greeting */
    bool reserved;     /* holds a place in the hub */
    bool overlong;     /* the message under way is too large and is thrown away */
    dv_buffer message; /* under way, of several frames */
} dv_websocket;

/* ---- the handshake ---- */

/* What the handshake works with. */
typedef struct handshake {
    const dv_service *service;
    struct mg_connection *connection;
    const struct mg_request_info *info;
    dv_text path;
    dv_websocket *websocket;
} handshake;

static const endpoint *endpoint_of(dv_text path, dv_text *ret_capture)
{
    for (size_t i = 0; i < sizeof ENDPOINTS / sizeof ENDPOINTS[0]; i++)
        if (dv_path_is(path, ENDPOINTS[i].pattern, ret_capture)) return &ENDPOINTS[i];
    return NULL;
}

/* Reads `since`, a whole number. False: it is there and is none. */
static bool since_read(const handshake *h)
{
    char text[24], *end;
    bool given;
    bool read = dv_query_value(h->info, "since", text, sizeof text, &given);
    if (!given) return true;
    if (!read || text[0] < '0' || text[0] > '9') return false;
    errno = 0;
    unsigned long long since = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0') return false;
    h->websocket->open.has_since = 1;
    h->websocket->open.since = since;
    return true;
}

/* The order that a WebSocket names, checked with the engine. */
static dv_err order_read(const handshake *h, dv_text name)
{
    dv_websocket *w = h->websocket;
    if (!dv_id_parse(name, &w->open.order_id)) return DV_ORDER_NOT_FOUND;
    w->follows = true;
    return dv_api_order_state(h->service, &w->open.order_id, &w->state);
}

/* Whom a WebSocket follows that names no order. */
static dv_err unnamed_read(const handshake *h, dv_connection *tcp)
{
    dv_websocket *w = h->websocket;
    switch (w->endpoint->unnamed) {
    case UNNAMED_REFUSED: return DV_REQUEST_INVALID;
    case UNNAMED_ALL:
        if (!h->service->config->broadcast) return DV_REQUEST_NO_SUCH_PATH;
        w->open.all_orders = 1;
        w->follows = true;
        return DV_OK;
    case UNNAMED_IN_BAND:
        w->in_band = true;
        w->follows = tcp->posted && h->service->config->bind_upgrade;
        if (w->follows) w->open.order_id = tcp->posted_id;
        return DV_OK;
    }
    return DV_REQUEST_INVALID;
}

/* Decides whether a handshake is accepted, and all about the WebSocket. ret_field: what is at fault
   in the request. */
static dv_err plan(const handshake *h, dv_connection *tcp, const char **ret_field)
{
    dv_text capture;
    dv_websocket *w = h->websocket;
    w->endpoint = endpoint_of(h->path, &capture);
    if (w->endpoint == NULL) return DV_REQUEST_NO_SUCH_PATH;
    if (dv_roster_stage(h->service->roster) != DV_STAGE_SERVING) return DV_ENGINE_DRAINING;
    w->open.frame_type = w->endpoint->frame_type;
    *ret_field = "since";
    if (!since_read(h)) return DV_REQUEST_INVALID;
    *ret_field = "orderId";
    char name[64];
    bool named = capture.size > 0;
    if (named) {
        dv_text_copy(name, sizeof name, capture);
    } else if (w->endpoint->greeting != ESTABLISHED_ALL) {
        if (!dv_query_value(h->info, "orderId", name, sizeof name, &named)) name[0] = '\0';
        if (named && name[0] == '\0') named = w->endpoint->unnamed != UNNAMED_REFUSED;
    }
    dv_err error = named ? order_read(h, dv_text_of(name)) : unnamed_read(h, tcp);
    if (error != DV_OK) return error;
    w->reserved = dv_hub_reserve(h->service->hub);
    return w->reserved ? DV_OK : DV_ENGINE_FULL;
}

static void refuse(const handshake *h, dv_err error, const char *field)
{
    static const char MESSAGE[] = "it must be given: an orderId, or a whole number for since";
    dv_faults faults = {.error = error, .count = 1};
    faults.list[0] = (dv_fault){dv_text_of(field), dv_text_of(MESSAGE)};
    dv_reply reply = {0};
    dv_reply_error(&reply, error, (dv_text){0}, error == DV_REQUEST_INVALID ? &faults : NULL,
                   h->path);
    dv_reply_send(&reply, h->connection, true);
}

static int on_connect(const struct mg_connection *connection, void *service)
{
    dv_connection *tcp = mg_get_user_connection_data(connection);
    dv_websocket *w = calloc(1, sizeof *w);
    if (w == NULL) abort();
    tcp->websocket = w;
    const struct mg_request_info *info = mg_get_request_info(connection);
    /* civetweb means connections to be refused by returning, but lets us say why before. */
    handshake h = {service, (struct mg_connection *)connection, info, dv_text_of(info->local_uri),
                   w};
    const char *field = "";
    dv_err error = plan(&h, tcp, &field);
    if (error != DV_OK) refuse(&h, error, field);
    return error == DV_OK ? 0 : 1;
}

/* ---- frames out ---- */

static void text_send(const dv_service *service, uint64_t connection, dv_buffer *text)
{
    dv_frame *frame = dv_frame_new(text->bytes, text->size);
    dv_hub_send(service->hub, connection, frame, DV_NO_MARK);
    dv_frame_drop(&frame);
    dv_buffer_fini(text);
}

static void greet(const dv_service *service, const dv_websocket *w)
{
    dv_buffer text = {0};
    int64_t wall_us = dv_time_now().wall_us;
    switch (w->endpoint->greeting) {
    case NO_GREETING: return;
    case CONNECTED:
        dv_render_connected(&text, &w->open.order_id, w->open.connection, wall_us);
        break;
    case ESTABLISHED: dv_render_established(&text, &w->open.order_id, w->state, wall_us); break;
    case ESTABLISHED_ALL: dv_render_established_all(&text, w->open.connection, wall_us); break;
    }
    text_send(service, w->open.connection, &text);
}

/* ---- the open WebSocket ---- */

static void on_ready(struct mg_connection *connection, void *front_at)
{
    const dv_service *service = front_at;
    dv_connection *tcp = mg_get_user_connection_data(connection);
    dv_websocket *w = tcp->websocket;
    bool one_order = w->follows && !w->open.all_orders;
    w->open.connection =
        dv_hub_add(service->hub, connection, one_order ? &w->open.order_id : NULL, !w->in_band);
    w->reserved = false;
    if (dv_roster_stage(service->roster) != DV_STAGE_SERVING) /* since the handshake began */
        dv_hub_close(service->hub, w->open.connection, DV_CLOSE_GOING_AWAY, "");
    greet(service, w);
    if (w->follows)
        dv_desk_tell(service->desk,
                     &(dv_message){.type = DV_MSG_client_open_event, .client_open_event = w->open});
    dv_stack_release();
}

/* An order, in band: its frames follow from the first event on. */
static void order_take(const dv_service *service, struct mg_connection *connection,
                       const dv_websocket *w, dv_text message)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    dv_submission submission;
    dv_submit(service, message, (dv_text){0}, info->remote_addr, dv_text_of(info->local_uri),
              &submission);
    if (submission.error != DV_OK) {
        text_send(service, w->open.connection, &submission.body);
    } else {
        dv_client_open_event open = {.connection = w->open.connection,
                                     .frame_type = w->endpoint->frame_type,
                                     .order_id = submission.order_id,
                                     .has_since = 1};
        dv_desk_tell(service->desk,
                     &(dv_message){.type = DV_MSG_client_open_event, .client_open_event = open});
    }
    dv_buffer_fini(&submission.body);
    dv_stack_release();
}

static void message_take(const dv_service *service, struct mg_connection *connection,
                         const dv_websocket *w, dv_text message)
{
    dv_buffer text = {0};
    if (w->overlong) {
        if (!w->in_band) return;
        dv_render_error(&text, DV_REQUEST_TOO_LARGE, (dv_text){0}, NULL, (dv_text){0});
        text_send(service, w->open.connection, &text);
    } else if (dv_order_in_is_ping(message)) {
        dv_render_pong(&text, dv_time_now().wall_us);
        text_send(service, w->open.connection, &text);
    } else if (w->in_band) {
        order_take(service, connection, w, message);
    }
}

/* Stops the hub, and answers the close with its own code unless we said it first. */
static void close_answer(const dv_service *service, struct mg_connection *connection,
                         const dv_websocket *w, const char *bytes, size_t size)
{
    if (!dv_hub_retire(service->hub, w->open.connection)) return;
    mg_websocket_write(connection, MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE, bytes, size < 2 ? 0 : 2);
}

/* One frame from the client. Returns 0 to end the connection. */
static int on_data(struct mg_connection *connection, int bits, char *bytes, size_t size,
                   void *front_at)
{
    const dv_service *service = front_at;
    dv_connection *tcp = mg_get_user_connection_data(connection);
    dv_websocket *w = tcp->websocket;
    int opcode = bits & OPCODE;
    if (opcode == MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE) {
        close_answer(service, connection, w, bytes, size);
        return 0;
    }
    if (opcode > MG_WEBSOCKET_OPCODE_BINARY) return 1;
    if (w->message.size + size > DV_BODY_MAX) w->overlong = true;
    bool whole = (bits & FINAL) != 0 && w->message.size == 0;
    if (!whole && !w->overlong) dv_buffer_add(&w->message, bytes, size);
    if ((bits & FINAL) == 0) return 1;
    dv_text message = {bytes, (uint32_t)size};
    if (!whole) message = (dv_text){w->message.bytes, (uint32_t)w->message.size};
    message_take(service, connection, w, message);
    w->message.size = 0;
    w->overlong = false;
    return 1;
}

static void on_close(const struct mg_connection *connection, void *front_at)
{
    const dv_service *service = front_at;
    dv_connection *tcp = mg_get_user_connection_data(connection);
    uint64_t id = tcp->websocket->open.connection;
    dv_hub_remove(service->hub, id);
    dv_desk_tell(service->desk, &(dv_message){.type = DV_MSG_client_close_event,
                                              .client_close_event = {.connection = id}});
}

void dv_sockets_register(struct mg_context *context, const dv_service *service)
{
    mg_set_websocket_handler(context, "/**", on_connect, on_ready, on_data, on_close,
                             (void *)service);
}

void dv_sockets_fini(const dv_service *service, dv_connection *tcp)
{
    dv_websocket *w = tcp->websocket;
    if (w == NULL) return;
    if (w->reserved) dv_hub_release(service->hub);
    dv_buffer_fini(&w->message);
    free(w);
    tcp->websocket = NULL;
}
