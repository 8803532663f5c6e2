/* step: takes orders a step further, and writes its event. A batch of step_requests of different orders; a
   receipt for each, found: the order was as the step expected, and the step was taken. */
#include "actors/persistence/learnt.h"
#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "sql/queries.h"

#define MEMBER(member) offsetof(dv_step_request, member)
static const dv_column COLUMNS[] = {
    {DV_COLUMN_ID, MEMBER(order_id)},      {DV_COLUMN_INT, MEMBER(epoch)},
    {DV_COLUMN_STATE, MEMBER(from_state)}, {DV_COLUMN_STATE, MEMBER(to_state)},
    {DV_COLUMN_INT, MEMBER(from_attempt)}, {DV_COLUMN_INT, MEMBER(attempt.number)},
    {DV_COLUMN_TIME, MEMBER(at_us)},       {DV_COLUMN_TIME_OR_NULL, MEMBER(attempt.due_at_us)},
    {DV_COLUMN_LEARNT_OR_NULL, 0},         {DV_COLUMN_BYTES_OR_NULL, MEMBER(attempt.transaction)},
};

DV_QUERY_BIND(step)
{
    DV_PARAMS_TABLE(params, COLUMNS, request->steps, request->count);
    return &DV_SQL[DV_SQL_step];
}

DV_QUERY_READ(step)
{
    return dv_rows_receipts(rows, request->count, arena, ret) ? DV_OK : DV_STORE_REFUSED;
}

/* Whether the order is as the step expects it. */
static bool fits(const dv_model_order *o, const dv_step_request *step)
{
    return o->state == step->from_state && o->attempt == step->from_attempt &&
           o->epoch == step->epoch;
}

static void step_one(dv_model *model, const dv_step_request *step, dv_store_receipt *ret)
{
    dv_model_order *o = dv_model_order_of(model, &step->order_id);
    if (o == NULL || !fits(o, step)) {
        if (o != NULL && o->epoch > step->epoch) DV_MODEL_TELL(model, fenced, o);
        return;
    }
    DV_MODEL_TELL(model, stepping, o, step);
    o->state = (uint8_t)step->to_state;
    o->attempt = (uint8_t)step->attempt.number;
    o->updated_us = dv_max_i64(o->updated_us, (int64_t)step->at_us);
    bool waits = o->state == DV_STATE_routing && step->attempt.due_at_us > 0;
    o->retry_us = waits ? (int64_t)step->attempt.due_at_us : DV_NEVER;
    if (dv_state_terminal(o->state)) model->unfinished--;
    dv_attempt learnt[2];
    uint32_t count = dv_step_learnt(step, learnt);
    *ret =
        (dv_store_receipt){.found = true, .event = dv_model_event_write(model, o, learnt, count)};
    DV_MODEL_TELL(model, stepped, o);
}

DV_QUERY_MODEL(step)
{
    ret->count = request->count;
    ret->receipts = dv_arena_alloc(arena, request->count * sizeof *ret->receipts);
    for (uint32_t i = 0; i < request->count; i++)
        step_one(model, request->steps[i], &ret->receipts[i]);
    return DV_OK;
}

const dv_query DV_QUERY_step = {
    .name = "step",
    .asks = DV_MSG_step_request,
    .batched = true,
    .lane = DV_STORE_WRITER,
    .bind = bind_step,
    .read = read_step,
    .model = DV_QUERY_MODELLED(model_step),
};
