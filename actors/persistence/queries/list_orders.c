/* list_orders: the newest orders, by state, activity and user. orders_request → order_items with their
   last seq, newest first, then a query_reply. */
#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "sql/queries.h"

#define ORDERS_MAX 1000 /* orders_request.limit */
#define STATUSES_SIZE 128

/* The names of the states that clients are shown as this one, commas between them; empty for none. */
static dv_text statuses_of(uint8_t shown, char ret_names[STATUSES_SIZE])
{
    int size = 0;
    for (uint8_t state = 1; state < DV_STATE_COUNT; state++)
        if (shown != 0 && dv_state_shown(state) == shown)
            size += snprintf(ret_names + size, (size_t)(STATUSES_SIZE - size), "%s%s",
                             size > 0 ? "," : "", dv_state_name(state));
    return (dv_text){ret_names, (uint32_t)size};
}

/* The statement that lists orders of all users by state. */
static int list_by_state(uint8_t state, bool active_only)
{
    if (active_only || !(state == DV_STATE_confirmed || dv_state_terminal(state)))
        return DV_SQL_list_unfinished;
    return state == DV_STATE_confirmed ? DV_SQL_list_confirmed : DV_SQL_list_finished;
}

DV_QUERY_BIND(list_orders)
{
    const dv_orders_request *list = &request->message->orders_request;
    uint8_t state = (uint8_t)dv_state_shown((uint8_t)list->state);
    char names[STATUSES_SIZE];
    dv_params_int(params, list->limit);
    if (!list->has_user && !list->active_only && state == 0) return &DV_SQL[DV_SQL_list_all];
    dv_params_text(params, statuses_of(state, names));
    if (!list->has_user) return &DV_SQL[list_by_state(state, list->active_only)];
    dv_params_text(params, list->user_id);
    dv_params_int(params, list->active_only);
    return &DV_SQL[DV_SQL_list_user];
}

DV_QUERY_READ(list_orders)
{
    dv_views views;
    if (!dv_rows_views(rows, arena, &views)) return DV_STORE_REFUSED;
    dv_answer_views(ret, &views, DV_OK, arena);
    return DV_OK;
}

static bool matches(const dv_model_order *o, const dv_orders_request *list)
{
    dv_state shown = dv_state_shown((uint8_t)list->state);
    if (shown != DV_STATE_NONE && dv_state_shown(o->state) != shown) return false;
    if (list->active_only && dv_state_terminal(o->state)) return false;
    return !list->has_user || dv_text_equal(o->view.terms.user_id, list->user_id);
}

DV_QUERY_MODEL(list_orders)
{
    const dv_orders_request *list = &request->message->orders_request;
    uint32_t all;
    dv_model_order **orders = dv_model_orders(model, arena, &all);
    dv_views views = {.list = dv_arena_alloc(arena, all * sizeof *views.list),
                      .head_position = model->event_count};
    for (uint32_t i = all; i > 0 && views.count < list->limit; i--) {
        const dv_model_order *o = orders[i - 1];
        if (matches(o, list))
            views.list[views.count++] = dv_model_view(o, o->view.events_count, arena);
    }
    dv_answer_views(ret, &views, DV_OK, arena);
    return DV_OK;
}

const dv_query DV_QUERY_list_orders = {
    .name = "list_orders",
    .asks = DV_MSG_orders_request,
    .lane = DV_STORE_READER,
    .replies_max = ORDERS_MAX + 1,
    .bind = bind_list_orders,
    .read = read_list_orders,
    .refuse = dv_refuse_views,
    .model = DV_QUERY_MODELLED(model_list_orders),
};
