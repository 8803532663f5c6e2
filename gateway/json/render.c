#include "gateway/json/render.h"

#include <inttypes.h>
#include <stdio.h>

#include "gateway/json/writer.h"
#include "proto/buffer.h"

#define MESSAGE_SIZE 1024 /* bytes of all faults in one line, with the NUL */

/* Appends one JSON object: begins it, and ends it again. */
static dv_json *object_begin(dv_buffer *out)
{
    dv_json *json = dv_json_new(out);
    dv_json_object(json, NULL);
    return json;
}

static void object_end(dv_json *json)
{
    dv_json_object_end(json);
    dv_json_destroy(&json);
}

/* ---- lists of orders --------------------------------------------------------------------- */

void dv_render_list_open(dv_buffer *out, dv_list_shape shape)
{
    dv_text open = dv_text_of(shape == DV_LIST_BARE ? "[" : "{\"success\":true,\"orders\":[");
    dv_buffer_add(out, open.at, open.size);
}

void dv_render_list_add(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                        int64_t doubt_before_us)
{
    /* No order ends in a bracket, so one means that this is the first. */
    if (out->bytes[out->size - 1] != '[') dv_buffer_add(out, ",", 1);
    dv_render_order(out, tokens, view, doubt_before_us);
}

void dv_render_list_close(dv_buffer *out, dv_list_shape shape)
{
    dv_text close = dv_text_of(shape == DV_LIST_BARE ? "]" : "]}");
    dv_buffer_add(out, close.at, close.size);
}

void dv_render_batch_open(dv_buffer *out, uint32_t count, uint32_t accepted)
{
    char head[96];
    int size =
        snprintf(head, sizeof head, "{\"success\":%s,\"count\":%u,\"accepted\":%u,\"orders\":[",
                 accepted == count ? "true" : "false", count, accepted);
    dv_buffer_add(out, head, (size_t)size);
}

void dv_render_batch_add(dv_buffer *out, dv_text answer)
{
    if (out->bytes[out->size - 1] != '[') dv_buffer_add(out, ",", 1); /* as in a list */
    dv_buffer_add(out, answer.at, answer.size);
}

void dv_render_batch_close(dv_buffer *out)
{
    dv_buffer_add(out, "]}", 2);
}

/* ---- errors ------------------------------------------------------------------------------- */

/* What clients compare or show: only 003 compares it, with these two. */
static const char *error_headline(uint16_t error)
{
    if (error == DV_ORDER_NOT_FOUND) return "Order not found";
    return dv_err_http_status(error) == 400 ? "Validation error" : dv_err_text(error);
}

/* All faults in one line, "field message; field message". What does not fit is left out. */
static dv_text faults_line(const dv_faults *faults, char ret_line[MESSAGE_SIZE])
{
    dv_text line = {ret_line, 0};
    for (uint32_t i = 0; i < faults->count; i++) {
        const dv_fault *fault = &faults->list[i];
        size_t room = MESSAGE_SIZE - line.size;
        int size = snprintf(ret_line + line.size, room, "%s%.*s%s%.*s", i > 0 ? "; " : "",
                            DV_TEXT_ARG(fault->field), fault->field.size > 0 ? " " : "",
                            DV_TEXT_ARG(fault->message));
        if (size < 0 || (size_t)size >= room) break;
        line.size += (uint32_t)size;
    }
    return line;
}

static void put_details(dv_json *json, const dv_faults *faults)
{
    dv_json_array(json, "details");
    for (uint32_t i = 0; faults && i < faults->count; i++) {
        const dv_fault *fault = &faults->list[i];
        dv_json_object(json, NULL);
        dv_json_array(json, "path");
        if (fault->field.size > 0) dv_json_text(json, NULL, fault->field);
        dv_json_array_end(json);
        dv_json_text(json, "message", fault->message);
        dv_json_object_end(json);
    }
    dv_json_array_end(json);
}

void dv_render_error(dv_buffer *out, dv_err error, dv_text message, const dv_faults *faults,
                     dv_text instance)
{
    uint16_t number = (uint16_t)error;
    char line[MESSAGE_SIZE], type[64];
    if (message.size == 0 && faults) message = faults_line(faults, line);
    if (message.size == 0) message = dv_text_of(dv_err_text(number));
    snprintf(type, sizeof type, "urn:drover:error:%s", dv_err_name(number));

    dv_json *json = object_begin(out);
    dv_json_bool(json, "success", false);
    dv_json_string(json, "error", error_headline(number));
    dv_json_text(json, "message", message);
    put_details(json, faults);
    dv_json_string(json, "code", dv_err_name(number));
    dv_json_string(json, "type", type);
    dv_json_string(json, "title", dv_err_text(number));
    dv_json_uint(json, "status", (uint64_t)dv_err_http_status(number));
    dv_json_text(json, "detail", message);
    if (instance.size > 0) dv_json_text(json, "instance", instance);
    object_end(json);
}

/* ---- greetings ---------------------------------------------------------------------------- */

/* Ids of connections are strings to clients. */
static void put_connection(dv_json *json, const char *name, uint64_t connection)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, connection);
    dv_json_string(json, name, text);
}

void dv_render_connected(dv_buffer *out, const dv_id *order_id, uint64_t client_id, int64_t wall_us)
{
    dv_json *json = object_begin(out);
    dv_json_string(json, "type", "connected");
    dv_json_id(json, "orderId", order_id);
    put_connection(json, "clientId", client_id);
    dv_json_time(json, "timestamp", wall_us);
    object_end(json);
}

void dv_render_established(dv_buffer *out, const dv_id *order_id, uint8_t current_state,
                           int64_t wall_us)
{
    dv_json *json = object_begin(out);
    dv_json_string(json, "type", "connection_established");
    dv_json_id(json, "orderId", order_id);
    dv_json_string(json, "status", "connected");
    dv_json_string(json, "message", "Connected: the order's updates follow");
    dv_json_time(json, "timestamp", wall_us);
    dv_json_string(json, "currentOrderStatus",
                   dv_state_name((uint8_t)dv_state_shown(current_state)));
    object_end(json);
}

void dv_render_established_all(dv_buffer *out, uint64_t connection_id, int64_t wall_us)
{
    dv_json *json = object_begin(out);
    dv_json_string(json, "type", "connection_established");
    put_connection(json, "connectionId", connection_id);
    dv_json_string(json, "message", "Connected: every order's updates follow");
    dv_json_time(json, "timestamp", wall_us);
    object_end(json);
}

void dv_render_pong(dv_buffer *out, int64_t wall_us)
{
    dv_json *json = object_begin(out);
    dv_json_string(json, "type", "pong");
    dv_json_time(json, "timestamp", wall_us);
    object_end(json);
}

/* ---- the service itself ------------------------------------------------------------------- */

static void put_counts(dv_json *json, const char *name, const dv_stats_reply *stats)
{
    dv_json_object(json, name);
    dv_json_uint(json, "waiting", stats->waiting);
    dv_json_uint(json, "active", stats->active);
    dv_json_uint(json, "completed", stats->completed);
    dv_json_uint(json, "failed", stats->failed);
    dv_json_uint(json, "total", stats->waiting + stats->active + stats->completed + stats->failed);
    dv_json_object_end(json);
}

static void put_sockets(dv_json *json, const char *name, const dv_sockets *sockets)
{
    dv_json_object(json, name);
    dv_json_uint(json, "totalConnections", sockets->total);
    dv_json_object(json, "orderConnections");
    for (uint32_t i = 0; i < sockets->watched_count; i++) {
        char id[DV_ID_TEXT_SIZE];
        dv_id_format(&sockets->watched[i].order_id, id);
        dv_json_uint(json, id, sockets->watched[i].count);
    }
    dv_json_object_end(json);
    dv_json_object_end(json);
}

void dv_render_stats(dv_buffer *out, const dv_stats_reply *stats)
{
    dv_json *json = object_begin(out);
    dv_json_bool(json, "success", true);
    put_counts(json, "stats", stats);
    object_end(json);
}

void dv_render_ws_stats(dv_buffer *out, const dv_sockets *sockets)
{
    dv_json *json = object_begin(out);
    dv_json_bool(json, "success", true);
    put_sockets(json, "stats", sockets);
    object_end(json);
}

static const char *service_status(dv_err error)
{
    return error == DV_OK ? "connected" : "disconnected";
}

void dv_render_health(dv_buffer *out, const dv_service_health *health)
{
    bool healthy = health->database == DV_OK && health->redis == DV_OK;
    char uptime[DV_AMOUNT_TEXT_SIZE];
    uint32_t uptime_size = dv_decimal_format((uint64_t)health->uptime_ms, 3, uptime);

    dv_json *json = object_begin(out);
    dv_json_string(json, "status", healthy ? "healthy" : "degraded");
    dv_json_time(json, "timestamp", health->wall_us);
    dv_json_number(json, "uptime", (dv_text){uptime, uptime_size});
    dv_json_object(json, "services");
    dv_json_string(json, "database", service_status(health->database));
    dv_json_string(json, "redis", service_status(health->redis));
    dv_json_object_end(json);
    put_counts(json, "queue", &health->queue);
    put_sockets(json, "websocket", &health->sockets);
    object_end(json);
}

void dv_render_live(dv_buffer *out)
{
    dv_json *json = object_begin(out);
    dv_json_string(json, "status", "alive");
    object_end(json);
}

/* An instance's state in words; the error's own where its beat had none. */
static dv_text degraded_text(const dv_instance *instance)
{
    return dv_text_of(instance->text[0] != '\0' ? instance->text : dv_err_text(instance->degraded));
}

void dv_render_ready(dv_buffer *out, const dv_readiness *readiness)
{
    dv_json *json = object_begin(out);
    dv_json_string(json, "status", readiness->ready ? "ready" : "unready");
    dv_json_bool(json, "ready", readiness->ready);
    dv_json_array(json, "actors");
    for (uint32_t i = 0; i < readiness->count; i++) {
        const dv_instance *instance = &readiness->others[i];
        dv_json_object(json, NULL);
        dv_json_string(json, "actor", instance->name);
        dv_json_uint(json, "pid", instance->pid);
        dv_json_string(json, "status", instance->degraded ? "degraded" : "well");
        if (instance->degraded) {
            dv_json_string(json, "code", dv_err_name(instance->degraded));
            dv_json_text(json, "message", degraded_text(instance));
        }
        dv_json_object_end(json);
    }
    dv_json_array_end(json);
    object_end(json);
}

static void put_instance(dv_json *json, const dv_instance *instance)
{
    const char *state = instance->silent ? "silent" : instance->degraded ? "degraded" : "well";
    dv_json_object(json, NULL);
    dv_json_string(json, "name", instance->name);
    dv_json_text(json, "role", dv_instance_role(instance));
    dv_json_text(json, "node", dv_instance_node(instance));
    dv_json_string(json, "state", state);
    if (instance->degraded) {
        dv_json_string(json, "code", dv_err_name(instance->degraded));
        dv_json_text(json, "text", degraded_text(instance));
    } else if (instance->text[0] != '\0') {
        dv_json_string(json, "text", instance->text);
    }
    if (instance->heard) {
        dv_json_uint(json, "pid", instance->pid);
        dv_json_time(json, "started_at", (int64_t)instance->started_at_us);
        dv_json_uint(json, "silent_ms", (uint64_t)instance->silent_ms);
        dv_json_uint(json, "orders", instance->orders);
        dv_json_uint(json, "overdue", instance->overdue);
        dv_json_uint(json, "turns", instance->turns);
        dv_json_uint(json, "messages_in", instance->messages_in);
        dv_json_uint(json, "messages_out", instance->messages_out);
        dv_json_uint(json, "busy_us", instance->busy_us);
        dv_json_uint(json, "idle_us", instance->idle_us);
    }
    dv_json_object_end(json);
}

/* How many instances of a role live. */
static uint32_t living(const dv_readiness *readiness, dv_text role)
{
    uint32_t count = dv_text_equal(role, dv_instance_role(&readiness->gateway));
    for (uint32_t i = 0; i < readiness->count; i++)
        if (!readiness->others[i].silent)
            count += dv_text_equal(role, dv_instance_role(&readiness->others[i]));
    return count;
}

/* Whether an instance is the first of its role. */
static bool leads(const dv_readiness *readiness, uint32_t index)
{
    dv_text role = dv_instance_role(&readiness->others[index]);
    if (dv_text_equal(role, dv_instance_role(&readiness->gateway))) return false;
    for (uint32_t i = 0; i < index; i++)
        if (dv_text_equal(role, dv_instance_role(&readiness->others[i]))) return false;
    return true;
}

static void put_roles(dv_json *json, const dv_readiness *readiness)
{
    dv_json_object(json, "roles");
    dv_json_uint(json, "gateway", living(readiness, dv_text_of("gateway")));
    for (uint32_t i = 0; i < readiness->count; i++) {
        if (!leads(readiness, i)) continue;
        char name[DV_NAME_MAX + 1];
        dv_text role = dv_instance_role(&readiness->others[i]);
        dv_text_copy(name, sizeof name, role);
        dv_json_uint(json, name, living(readiness, role));
    }
    dv_json_object_end(json);
}

void dv_render_cluster(dv_buffer *out, const dv_readiness *readiness)
{
    dv_json *json = object_begin(out);
    dv_json_bool(json, "ready", readiness->ready);
    put_roles(json, readiness);
    dv_json_array(json, "instances");
    put_instance(json, &readiness->gateway);
    for (uint32_t i = 0; i < readiness->count; i++) put_instance(json, &readiness->others[i]);
    dv_json_array_end(json);
    object_end(json);
}

void dv_render_index(dv_buffer *out, const char *version)
{
    static const char *const endpoints[][2] = {
        {"execute", "POST /api/orders/execute"},
        {"orders", "GET /api/orders"},
        {"order", "GET /api/orders/:orderId"},
        {"user", "GET /api/orders/user/:userId"},
        {"active", "GET /api/orders/active"},
        {"queueStats", "GET /api/orders/queue/stats"},
        {"wsStats", "GET /api/orders/ws-stats"},
        {"websocket", "WS /api/orders/stream?orderId=:orderId"},
        {"websocketAll", "WS /api/orders/ws"},
        {"health", "GET /health"},
        {"cluster", "GET /api/cluster"},
    };
    dv_json *json = object_begin(out);
    dv_json_string(json, "message", "Drover order execution engine");
    dv_json_string(json, "version", version);
    dv_json_object(json, "endpoints");
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++)
        dv_json_string(json, endpoints[i][0], endpoints[i][1]);
    dv_json_object_end(json);
    object_end(json);
}
