#include "gateway/json/service_out.h"

#include "gateway/json/writer.h"
#include "proto/amount.h"

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
    dv_json *json = dv_json_begin(out);
    dv_json_bool(json, "success", true);
    put_counts(json, "stats", stats);
    dv_json_end(&json);
}

void dv_render_ws_stats(dv_buffer *out, const dv_sockets *sockets)
{
    dv_json *json = dv_json_begin(out);
    dv_json_bool(json, "success", true);
    put_sockets(json, "stats", sockets);
    dv_json_end(&json);
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

    dv_json *json = dv_json_begin(out);
    dv_json_string(json, "status", healthy ? "healthy" : "degraded");
    dv_json_time(json, "timestamp", health->wall_us);
    dv_json_number(json, "uptime", (dv_text){uptime, uptime_size});
    dv_json_object(json, "services");
    dv_json_string(json, "database", service_status(health->database));
    dv_json_string(json, "redis", service_status(health->redis));
    dv_json_object_end(json);
    put_counts(json, "queue", &health->queue);
    put_sockets(json, "websocket", &health->sockets);
    dv_json_end(&json);
}

void dv_render_live(dv_buffer *out)
{
    dv_json *json = dv_json_begin(out);
    dv_json_string(json, "status", "alive");
    dv_json_end(&json);
}

/* What an instance lacks: the text of its beat, else that of the error catalogue. */
static dv_text degraded_text(const dv_instance *instance)
{
    return dv_text_of(instance->text[0] != '\0' ? instance->text : dv_err_text(instance->degraded));
}

void dv_render_ready(dv_buffer *out, const dv_readiness *readiness)
{
    dv_json *json = dv_json_begin(out);
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
    dv_json_end(&json);
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

/* Counts the instances of a role that are not silent. */
static uint32_t living(const dv_readiness *readiness, dv_text role)
{
    uint32_t count = dv_text_equal(role, dv_instance_role(&readiness->gateway));
    for (uint32_t i = 0; i < readiness->count; i++)
        if (!readiness->others[i].silent)
            count += dv_text_equal(role, dv_instance_role(&readiness->others[i]));
    return count;
}

/* Whether an instance is the first of its role in the list. */
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
    dv_json *json = dv_json_begin(out);
    dv_json_bool(json, "ready", readiness->ready);
    put_roles(json, readiness);
    dv_json_array(json, "instances");
    put_instance(json, &readiness->gateway);
    for (uint32_t i = 0; i < readiness->count; i++) put_instance(json, &readiness->others[i]);
    dv_json_array_end(json);
    dv_json_end(&json);
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
    dv_json *json = dv_json_begin(out);
    dv_json_string(json, "message", "Drover order execution engine");
    dv_json_string(json, "version", version);
    dv_json_object(json, "endpoints");
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++)
        dv_json_string(json, endpoints[i][0], endpoints[i][1]);
    dv_json_object_end(json);
    dv_json_end(&json);
}
