/* get_order: one order. order_request → an order_item with its last seq, then a query_reply. */
#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "sql/queries.h"

DV_QUERY_BIND(get_order)
{
    dv_params_id(params, &request->message->order_request.order_id);
    return &DV_SQL[DV_SQL_get_order];
}

DV_QUERY_READ(get_order)
{
    dv_views views;
    if (!dv_rows_views(rows, arena, &views)) return DV_STORE_REFUSED;
    dv_answer_views(ret, &views, DV_ORDER_NOT_FOUND, arena);
    return DV_OK;
}

DV_QUERY_MODEL(get_order)
{
    dv_store_view view;
    dv_views views = {.list = &view, .head_position = model->event_count};
    const dv_model_order *o = dv_model_order_of(model, &request->message->order_request.order_id);
    if (o != NULL) views.list[views.count++] = dv_model_view(o, o->view.events_count, arena);
    dv_answer_views(ret, &views, DV_ORDER_NOT_FOUND, arena);
    return DV_OK;
}

const dv_query DV_QUERY_get_order = {
    .name = "get_order",
    .asks = DV_MSG_order_request,
    .lane = DV_STORE_READER,
    .quick = true,
    .replies_max = 2,
    .bind = bind_get_order,
    .read = read_get_order,
    .refuse = dv_refuse_views,
    .model = DV_QUERY_MODELLED(model_get_order),
};
