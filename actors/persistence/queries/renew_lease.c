/* renew_lease: an execution instance says that it lives, and hears of orphans. lease_request → lease_reply;
   no reply when it fails, since the instance beats again soon. */
#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "sql/queries.h"

DV_QUERY_BIND(renew_lease)
{
    const dv_lease_request *lease = &request->message->lease_request;
    dv_params_text(params, lease->owner);
    dv_params_text(params, lease->name);
    dv_params_int(params, lease->lease_ms);
    dv_params_int(params, lease->leaving);
    return &DV_SQL[DV_SQL_renew_lease];
}

/* The reply, to an instance that is not alive until the caller knows better. */
static dv_lease_reply *reply(const dv_store_request *request, dv_arena *arena, dv_store_answer *ret)
{
    dv_lease_reply *told = &dv_answer_add(ret, DV_MSG_lease_reply, arena)->lease_reply;
    told->owner = dv_arena_text(arena, request->message->lease_request.owner);
    told->error = DV_STORE_STALE;
    return told;
}

DV_QUERY_READ(renew_lease)
{
    if (dv_rows_count(rows) != 1) return DV_STORE_REFUSED;
    dv_lease_reply *told = reply(request, arena, ret);
    if (dv_row_uint(rows, 0, 0) > 0) told->error = DV_OK;
    told->orphans = dv_row_uint(rows, 0, 1) > 0;
    told->orphans_in_ms = dv_row_uint(rows, 0, 2);
    return DV_OK;
}

DV_QUERY_REFUSE(renew_lease)
{
    return false;
}

/* ---- the model ---- */

static bool has_orphans(const dv_model *model, const dv_model_instance *me)
{
    for (const dv_model_order *o = model->orders; o != NULL; o = o->hh.next)
        if (!dv_state_terminal(o->state) && dv_model_orphaned(model, me, dv_text_of(o->owner)))
            return true;
    return false;
}

/* Milliseconds until orders may become orphans for `me`; 0: none that are not, or never may. */
static uint64_t orphans_in_ms(const dv_model *model, const dv_model_instance *me)
{
    int64_t next_us = INT64_MAX;
    for (const dv_model_order *o = model->orders; o != NULL; o = o->hh.next) {
        if (dv_state_terminal(o->state) || strcmp(o->owner, me->owner) == 0) continue;
        const dv_model_instance *i = dv_model_instance_of(model, dv_text_of(o->owner));
        int64_t at_us = me->alive_us + me->lease_us / 2;
        if (i != NULL) at_us = dv_max_i64(at_us, i->beat_us + i->lease_us);
        if (at_us > model->now_us) next_us = dv_min_i64(next_us, at_us);
    }
    if (next_us == INT64_MAX) return 0;
    return (uint64_t)(next_us - model->now_us + DV_US_PER_MS - 1) / DV_US_PER_MS;
}

/* Since when the name of an incarnation that begins has beaten without too long a silence. */
static int64_t name_alive_us(const dv_model *model, const dv_model_instance *me)
{
    int64_t since_us = model->now_us;
    for (uint32_t n = 0; n < model->instance_count; n++) {
        const dv_model_instance *i = &model->instances[n]; /* later ones last */
        bool heard = strcmp(i->name, me->name) == 0 && i->beat_us + i->lease_us > model->now_us;
        if (heard && i != me) since_us = i->alive_us;
    }
    return since_us;
}

DV_QUERY_MODEL(renew_lease)
{
    const dv_lease_request *lease = &request->message->lease_request;
    dv_lease_reply *told = reply(request, arena, ret);
    dv_model_instance *i = dv_model_instance_of(model, lease->owner);
    if (i != NULL && dv_model_superseded(model, i)) return DV_OK;
    told->error = DV_OK;
    if (i == NULL) {
        i = dv_model_instance_add(model, lease->owner, lease->name);
        i->alive_us = name_alive_us(model, i);
    } else if (i->beat_us + i->lease_us < model->now_us) {
        i->alive_us = model->now_us;
    }
    i->lease_us = (int64_t)lease->lease_ms * DV_US_PER_MS;
    i->beat_us = model->now_us;
    i->leaving = i->leaving || lease->leaving;
    if (i->leaving) return DV_OK;
    told->orphans = has_orphans(model, i);
    told->orphans_in_ms = orphans_in_ms(model, i);
    return DV_OK;
}

const dv_query DV_QUERY_renew_lease = {
    .name = "renew_lease",
    .asks = DV_MSG_lease_request,
    .lane = DV_STORE_WRITER,
    .replies_max = 1,
    .bind = bind_renew_lease,
    .read = read_renew_lease,
    .refuse = refuse_renew_lease,
    .model = DV_QUERY_MODELLED(model_renew_lease),
};
