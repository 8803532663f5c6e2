/* list_owned: an instance's unfinished orders that took no step for a while, by id. owned_request →
   owned_reply. */
#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "sql/queries.h"

DV_QUERY_BIND(list_owned)
{
    const dv_owned_request *owned = &request->message->owned_request;
    dv_params_text(params, owned->owner);
    dv_params_int(params, owned->older_ms);
    dv_params_id(params, &owned->after);
    dv_params_int(params, DV_SWEEP_MAX);
    return &DV_SQL[DV_SQL_list_owned];
}

static void reply(const dv_owned *orders, uint32_t count, dv_arena *arena, dv_store_answer *ret)
{
    dv_answer_add(ret, DV_MSG_owned_reply, arena)->owned_reply =
        (dv_owned_reply){.orders = orders, .orders_count = count};
}

DV_QUERY_READ(list_owned)
{
    int count = dv_rows_count(rows);
    if (count > DV_SWEEP_MAX) return DV_STORE_REFUSED;
    dv_owned *orders = dv_arena_alloc(arena, (size_t)count * sizeof *orders);
    for (int row = 0; row < count; row++)
        orders[row] = (dv_owned){.order_id = dv_row_id(rows, row, 0),
                                 .epoch = dv_row_uint(rows, row, 1),
                                 .since_us = dv_row_uint(rows, row, 2)};
    reply(orders, (uint32_t)count, arena, ret);
    return DV_OK;
}

DV_QUERY_REFUSE(list_owned)
{
    *ret_reply = (dv_message){.type = DV_MSG_owned_reply, .owned_reply = {.error = error}};
    return true;
}

DV_QUERY_MODEL(list_owned)
{
    const dv_owned_request *owned = &request->message->owned_request;
    int64_t before_us = model->now_us - (int64_t)owned->older_ms * DV_US_PER_MS;
    uint32_t all, count = 0;
    dv_model_order **list = dv_model_orders(model, arena, &all);
    dv_owned *orders = dv_arena_alloc(arena, all * sizeof *orders);
    for (uint32_t i = 0; i < all && count < DV_SWEEP_MAX; i++) {
        const dv_model_order *o = list[i];
        bool recent = o->updated_us > before_us && o->updated_us <= model->now_us;
        if (dv_state_terminal(o->state) || !dv_text_is(owned->owner, o->owner) || recent ||
            memcmp(o->id.bytes, owned->after.bytes, sizeof o->id.bytes) <= 0)
            continue;
        orders[count++] =
            (dv_owned){.order_id = o->id, .epoch = o->epoch, .since_us = (uint64_t)o->updated_us};
    }
    reply(orders, count, arena, ret);
    return DV_OK;
}

const dv_query DV_QUERY_list_owned = {
    .name = "list_owned",
    .asks = DV_MSG_owned_request,
    .lane = DV_STORE_READER,
    .replies_max = 1,
    .bind = bind_list_owned,
    .read = read_list_owned,
    .refuse = refuse_list_owned,
    .model = DV_QUERY_MODELLED(model_list_owned),
};
