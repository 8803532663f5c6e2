/* insert: stores new orders, each with its first event. A batch of insert_requests; a receipt for each,
   found: the order was new. */
#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "sql/queries.h"

#define MEMBER(member) offsetof(dv_insert_request, member)
static const dv_column COLUMNS[] = {
    {DV_COLUMN_ID, MEMBER(terms.order_id)},
    {DV_COLUMN_TEXT_OR_NULL, MEMBER(terms.client_order_id)},
    {DV_COLUMN_TEXT_OR_NULL, MEMBER(terms.user_id)},
    {DV_COLUMN_INT, MEMBER(terms.order_type)},
    {DV_COLUMN_INT, MEMBER(terms.swap_mode)},
    {DV_COLUMN_TEXT, MEMBER(terms.token_in)},
    {DV_COLUMN_TEXT, MEMBER(terms.token_out)},
    {DV_COLUMN_U64, MEMBER(terms.amount)},
    {DV_COLUMN_INT, MEMBER(terms.slippage_bps)},
    {DV_COLUMN_INT, MEMBER(terms.style)},
    {DV_COLUMN_TEXT, MEMBER(terms.amount_input)},
    {DV_COLUMN_TIME, MEMBER(terms.created_at_us)},
    {DV_COLUMN_TEXT, MEMBER(owner)},
};

DV_QUERY_BIND(insert)
{
    DV_PARAMS_TABLE(params, COLUMNS, request->inserts, request->count);
    return &DV_SQL[DV_SQL_insert];
}

DV_QUERY_READ(insert)
{
    return dv_rows_receipts(rows, request->count, arena, ret) ? DV_OK : DV_STORE_REFUSED;
}

static void insert_one(dv_model *model, const dv_insert_request *insert, dv_store_receipt *ret)
{
    const dv_terms *terms = &insert->terms;
    if (dv_model_order_of(model, &terms->order_id) || dv_model_order_of_key(model, terms)) return;
    dv_model_order *order = dv_model_order_add(model, terms, insert->owner);
    *ret = (dv_store_receipt){.found = true, .event = dv_model_event_write(model, order, NULL, 0)};
    DV_MODEL_TELL(model, inserted, order);
}

DV_QUERY_MODEL(insert)
{
    ret->count = request->count;
    ret->receipts = dv_arena_alloc(arena, request->count * sizeof *ret->receipts);
    for (uint32_t i = 0; i < request->count; i++)
        insert_one(model, request->inserts[i], &ret->receipts[i]);
    return DV_OK;
}

const dv_query DV_QUERY_insert = {
    .name = "insert",
    .asks = DV_MSG_insert_request,
    .batched = true,
    .lane = DV_STORE_WRITER,
    .bind = bind_insert,
    .read = read_insert,
    .model = DV_QUERY_MODELLED(model_insert),
};
