/* look: what the orders of steps hold that were not taken. A batch of step_requests; a receipt for each,
   found: there is the order. */
#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "proto/view.h"
#include "sql/queries.h"

static const dv_column COLUMNS[] = {{DV_COLUMN_ID, offsetof(dv_step_request, order_id)}};

DV_QUERY_BIND(look)
{
    DV_PARAMS_TABLE(params, COLUMNS, request->steps, request->count);
    return &DV_SQL[DV_SQL_look];
}

DV_QUERY_READ(look)
{
    return dv_rows_receipts(rows, request->count, arena, ret) ? DV_OK : DV_STORE_REFUSED;
}

static dv_store_receipt receipt_of(const dv_model_order *o)
{
    const dv_attempt *attempt = dv_view_attempt(&o->view, o->attempt);
    return (dv_store_receipt){.found = true,
                              .event = *dv_view_last(&o->view),
                              .epoch = o->epoch,
                              .signature = attempt ? attempt->signature : (dv_text){0}};
}

DV_QUERY_MODEL(look)
{
    ret->count = request->count;
    ret->receipts = dv_arena_alloc(arena, request->count * sizeof *ret->receipts);
    for (uint32_t i = 0; i < request->count; i++) {
        const dv_model_order *o = dv_model_order_of(model, &request->steps[i]->order_id);
        if (o != NULL) ret->receipts[i] = receipt_of(o);
    }
    return DV_OK;
}

const dv_query DV_QUERY_look = {
    .name = "look",
    .asks = DV_MSG_step_request,
    .batched = true,
    .lane = DV_STORE_WRITER,
    .bind = bind_look,
    .read = read_look,
    .model = DV_QUERY_MODELLED(model_look),
};
