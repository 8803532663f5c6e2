/* list_retries: orders that wait for an attempt, by id. retries_request → retries_reply. */
#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "sql/queries.h"

DV_QUERY_BIND(list_retries)
{
    const dv_retries_request *retries = &request->message->retries_request;
    dv_params_time(params, retries->before_us);
    dv_params_id(params, &retries->after);
    dv_params_int(params, DV_SWEEP_MAX);
    return &DV_SQL[DV_SQL_list_retries];
}

static void reply(const dv_waiting *waiting, uint32_t count, dv_arena *arena, dv_store_answer *ret)
{
    dv_answer_add(ret, DV_MSG_retries_reply, arena)->retries_reply =
        (dv_retries_reply){.waiting = waiting, .waiting_count = count};
}

DV_QUERY_READ(list_retries)
{
    int count = dv_rows_count(rows);
    if (count > DV_SWEEP_MAX) return DV_STORE_REFUSED;
    dv_waiting *waiting = dv_arena_alloc(arena, (size_t)count * sizeof *waiting);
    for (int row = 0; row < count; row++)
        waiting[row] = (dv_waiting){.order_id = dv_row_id(rows, row, 0),
                                    .attempt = dv_row_uint(rows, row, 1),
                                    .due_at_us = dv_row_uint(rows, row, 2),
                                    .owner = dv_row_text(rows, row, 3, arena)};
    reply(waiting, (uint32_t)count, arena, ret);
    return DV_OK;
}

DV_QUERY_REFUSE(list_retries)
{
    *ret_reply = (dv_message){.type = DV_MSG_retries_reply, .retries_reply = {.error = error}};
    return true;
}

DV_QUERY_MODEL(list_retries)
{
    const dv_retries_request *retries = &request->message->retries_request;
    uint32_t all, count = 0;
    dv_model_order **list = dv_model_orders(model, arena, &all);
    dv_waiting *waiting = dv_arena_alloc(arena, all * sizeof *waiting);
    for (uint32_t i = 0; i < all && count < DV_SWEEP_MAX; i++) {
        const dv_model_order *o = list[i];
        if (o->retry_us == DV_NEVER || o->retry_us >= (int64_t)retries->before_us ||
            memcmp(o->id.bytes, retries->after.bytes, sizeof o->id.bytes) <= 0)
            continue;
        waiting[count++] = (dv_waiting){.order_id = o->id,
                                        .attempt = o->attempt,
                                        .due_at_us = (uint64_t)o->retry_us,
                                        .owner = dv_arena_text(arena, dv_text_of(o->owner))};
    }
    reply(waiting, count, arena, ret);
    return DV_OK;
}

const dv_query DV_QUERY_list_retries = {
    .name = "list_retries",
    .asks = DV_MSG_retries_request,
    .lane = DV_STORE_READER,
    .replies_max = 1,
    .bind = bind_list_retries,
    .read = read_list_retries,
    .refuse = refuse_list_retries,
    .model = DV_QUERY_MODELLED(model_list_retries),
};
