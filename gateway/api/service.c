#include "gateway/api/service.h"

#include <stdlib.h>

#include "gateway/api/shared.h"
#include "gateway/json/service_out.h"

#define STATS_WAIT_MS 1000u /* after which /health answers without counts of orders */

typedef struct counting {
    dv_stats_reply stats;
    dv_err error;
} counting;

static bool stats_take(void *arg, const dv_message *answer)
{
    counting *c = arg;
    if (answer->type == DV_MSG_stats_reply) c->stats = answer->stats_reply;
    if (answer->type == DV_MSG_query_reply) c->error = (dv_err)answer->query_reply.error;
    return answer->type == DV_MSG_stats_reply || answer->type == DV_MSG_query_reply;
}

static dv_err stats_request(const dv_request *request, uint32_t wait_ms, dv_stats_reply *ret)
{
    counting c = {0};
    dv_message question = {.type = DV_MSG_stats_request};
    dv_err error = dv_desk_ask(request->shared->desk, &question, wait_ms, stats_take, &c);
    *ret = c.stats;
    return error != DV_OK ? error : c.error;
}

void dv_api_stats_get(dv_request *request, dv_reply *reply)
{
    dv_stats_reply stats;
    dv_err error = stats_request(request, request->shared->config->answer_timeout_ms, &stats);
    reply->status = 200;
    if (error == DV_OK)
        dv_render_stats(&reply->body, &stats);
    else
        dv_reply_refuse(reply, request, error);
}

/* Counts the open WebSockets. The caller frees ret.watched. */
static dv_sockets sockets_count(const dv_shared *shared)
{
    uint32_t max = shared->config->websockets_max;
    dv_id *ids = malloc((max + 1) * sizeof *ids);
    dv_watchers *watched = malloc((max + 1) * sizeof *watched);
    if (ids == NULL || watched == NULL) abort();
    uint32_t count = dv_hub_watched(shared->hub, ids, max), orders = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (orders == 0 || !dv_id_equal(&watched[orders - 1].order_id, &ids[i]))
            watched[orders++] = (dv_watchers){.order_id = ids[i]};
        watched[orders - 1].count++;
    }
    free(ids);
    return (dv_sockets){dv_hub_count(shared->hub), watched, orders};
}

void dv_api_ws_stats_get(dv_request *request, dv_reply *reply)
{
    dv_sockets sockets = sockets_count(request->shared);
    reply->status = 200;
    dv_render_ws_stats(&reply->body, &sockets);
    free((void *)sockets.watched);
}

void dv_api_health_get(dv_request *request, dv_reply *reply)
{
    const dv_shared *shared = request->shared;
    dv_time now = dv_time_now();
    dv_readiness *readiness = dv_roster_judge(shared->roster, now);
    dv_service_health health = {.wall_us = now.wall_us,
                                .uptime_ms = (now.mono_ns - shared->started_ns) / DV_NS_PER_MS,
                                .database = readiness->database,
                                .redis = readiness->redis,
                                .sockets = sockets_count(shared)};
    free(readiness);
    if (health.database == DV_OK)
        health.database = stats_request(request, STATS_WAIT_MS, &health.queue);
    reply->status = 200;
    dv_render_health(&reply->body, &health);
    free((void *)health.sockets.watched);
}

void dv_api_live_get(dv_request *request, dv_reply *reply)
{
    (void)request;
    reply->status = 200;
    dv_render_live(&reply->body);
}

void dv_api_ready_get(dv_request *request, dv_reply *reply)
{
    dv_readiness *readiness = dv_roster_judge(request->shared->roster, dv_time_now());
    reply->status = readiness->ready ? 200 : 503;
    if (!readiness->ready) dv_reply_header_number(reply, "Retry-After", 1);
    dv_render_ready(&reply->body, readiness);
    free(readiness);
}

void dv_api_cluster_get(dv_request *request, dv_reply *reply)
{
    dv_readiness *readiness = dv_roster_judge(request->shared->roster, dv_time_now());
    reply->status = 200;
    dv_render_cluster(&reply->body, readiness);
    free(readiness);
}
