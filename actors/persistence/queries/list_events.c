/* list_events: the next events of all orders. events_request → an order_item for each event, with the
   event's seq, by position, then a query_reply. */
#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "sql/queries.h"

#define EVENTS_MAX 1000 /* events_request.limit */

DV_QUERY_BIND(list_events)
{
    const dv_events_request *events = &request->message->events_request;
    dv_params_int(params, events->after_position);
    dv_params_int(params, events->limit);
    return &DV_SQL[DV_SQL_list_events];
}

DV_QUERY_READ(list_events)
{
    dv_views views;
    if (!dv_rows_views(rows, arena, &views)) return DV_STORE_REFUSED;
    dv_answer_views(ret, &views, DV_OK, arena);
    return DV_OK;
}

DV_QUERY_MODEL(list_events)
{
    const dv_events_request *events = &request->message->events_request;
    dv_views views = {.list = dv_arena_alloc(arena, events->limit * sizeof *views.list),
                      .head_position = model->event_count};
    for (uint64_t at = events->after_position;
         at < model->event_count && views.count < events->limit; at++) {
        const dv_model_event *e = &model->events[at];
        views.list[views.count++] = dv_model_view(e->order, e->seq, arena);
    }
    dv_answer_views(ret, &views, DV_OK, arena);
    return DV_OK;
}

const dv_query DV_QUERY_list_events = {
    .name = "list_events",
    .asks = DV_MSG_events_request,
    .lane = DV_STORE_READER,
    .replies_max = EVENTS_MAX + 1,
    .bind = bind_list_events,
    .read = read_list_events,
    .refuse = dv_refuse_views,
    .model = DV_QUERY_MODELLED(model_list_events),
};
