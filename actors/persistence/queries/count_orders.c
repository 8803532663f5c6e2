/* count_orders: how many orders there are. stats_request → stats_reply; the last known numbers when it
   fails. */
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "sql/queries.h"

DV_QUERY_BIND(count_orders)
{
    return &DV_SQL[DV_SQL_count_orders];
}

DV_QUERY_READ(count_orders)
{
    if (dv_rows_count(rows) != 1) return DV_STORE_REFUSED;
    dv_answer_add(ret, DV_MSG_stats_reply, arena)->stats_reply =
        (dv_stats_reply){.waiting = dv_row_uint(rows, 0, 0),
                         .active = dv_row_uint(rows, 0, 1),
                         .completed = dv_row_uint(rows, 0, 2),
                         .failed = dv_row_uint(rows, 0, 3)};
    return DV_OK;
}

DV_QUERY_REFUSE(count_orders)
{
    *ret_reply = last != NULL ? *last : (dv_message){.type = DV_MSG_stats_reply};
    ret_reply->stats_reply.error = error;
    return true;
}

DV_QUERY_MODEL(count_orders)
{
    dv_stats_reply *stats = &dv_answer_add(ret, DV_MSG_stats_reply, arena)->stats_reply;
    for (const dv_model_order *o = model->orders; o != NULL; o = o->hh.next) {
        if (o->state == DV_STATE_pending || o->retry_us != DV_NEVER)
            stats->waiting++;
        else if (o->state == DV_STATE_finalized)
            stats->completed++;
        else if (dv_state_terminal(o->state))
            stats->failed++;
        else
            stats->active++;
    }
    return DV_OK;
}

const dv_query DV_QUERY_count_orders = {
    .name = "count_orders",
    .asks = DV_MSG_stats_request,
    .lane = DV_STORE_READER,
    .quick = true,
    .remembers = true,
    .replies_max = 1,
    .bind = bind_count_orders,
    .read = read_count_orders,
    .refuse = refuse_count_orders,
    .model = DV_QUERY_MODELLED(model_count_orders),
};
