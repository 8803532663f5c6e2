/* find: what is in the way of inserts that were not new. A batch of insert_requests; a view for each that
   is in the way of one, marked with the insert's place from 1, in order. */
#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "sql/queries.h"

#define MEMBER(member) offsetof(dv_insert_request, member)
static const dv_column COLUMNS[] = {
    {DV_COLUMN_ID, MEMBER(terms.order_id)},
    {DV_COLUMN_TEXT_OR_NULL, MEMBER(terms.user_id)},
    {DV_COLUMN_TEXT_OR_NULL, MEMBER(terms.client_order_id)},
};

DV_QUERY_BIND(find)
{
    DV_PARAMS_TABLE(params, COLUMNS, request->inserts, request->count);
    return &DV_SQL[DV_SQL_find];
}

DV_QUERY_READ(find)
{
    dv_views views;
    if (!dv_rows_views(rows, arena, &views)) return DV_STORE_REFUSED;
    ret->views = views.list;
    ret->count = views.count;
    return DV_OK;
}

DV_QUERY_MODEL(find)
{
    ret->views = dv_arena_alloc(arena, request->count * sizeof *ret->views);
    for (uint32_t i = 0; i < request->count; i++) {
        const dv_terms *terms = &request->inserts[i]->terms;
        const dv_model_order *order = dv_model_order_of(model, &terms->order_id);
        if (order == NULL) order = dv_model_order_of_key(model, terms);
        if (order != NULL) ret->views[ret->count++] = dv_model_view(order, i + 1, arena);
    }
    return DV_OK;
}

const dv_query DV_QUERY_find = {
    .name = "find",
    .asks = DV_MSG_insert_request,
    .batched = true,
    .lane = DV_STORE_WRITER,
    .bind = bind_find,
    .read = read_find,
    .model = DV_QUERY_MODELLED(model_find),
};
