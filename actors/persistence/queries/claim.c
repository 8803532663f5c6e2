/* claim: gives an execution instance orphans, or those of its own orders that it lists, each in a new epoch.
   claim_request → claim_items by order id, then a claim_reply. STORE_STALE: the claimer is not alive. */
#include <stdlib.h>

#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/rows.h"
#include "actors/persistence/query.h"
#include "actors/persistence/store_model.h"
#include "proto/view.h"
#include "sql/queries.h"

#define ORPHANS_MAX 500 /* claimed at once; also in sql/queries/claim_orphans.sql */

static const dv_column LISTED[] = {
    {DV_COLUMN_ID, offsetof(dv_owned, order_id)},
    {DV_COLUMN_INT, offsetof(dv_owned, epoch)},
};

static uint64_t limit_of(const dv_claim_request *claim)
{
    return claim->limit < ORPHANS_MAX ? claim->limit : ORPHANS_MAX;
}

DV_QUERY_BIND(claim)
{
    const dv_claim_request *claim = &request->message->claim_request;
    dv_params_text(params, claim->owner);
    if (claim->orders_count == 0) {
        dv_params_int(params, limit_of(claim));
        return &DV_SQL[DV_SQL_claim_orphans];
    }
    const dv_owned **rows = dv_arena_alloc(arena, claim->orders_count * sizeof *rows);
    for (uint32_t i = 0; i < claim->orders_count; i++) rows[i] = &claim->orders[i];
    DV_PARAMS_TABLE(params, LISTED, rows, claim->orders_count);
    return &DV_SQL[DV_SQL_claim_listed];
}

/* Ends the answer after its items. */
static void end(dv_store_answer *ret, dv_arena *arena)
{
    uint32_t items = ret->count;
    dv_answer_add(ret, DV_MSG_claim_reply, arena)->claim_reply.count = items;
}

/* ---- rows ---- */

/* A row is a job, and what one event taught of its current attempt. */
enum {
    CLAIMER_LIVES,
    STATUS,
    ATTEMPT,
    EPOCH,
    TERMS,
    LEARNT = TERMS + DV_ROW_TERMS_COLUMNS,
    TRANSACTION,
};

static bool read_job(const dv_rows *rows, int row, dv_arena *arena, dv_job *ret_job)
{
    ret_job->state = dv_row_state(rows, row, STATUS);
    ret_job->attempt.number = dv_row_uint(rows, row, ATTEMPT);
    ret_job->epoch = dv_row_uint(rows, row, EPOCH);
    return dv_row_terms(rows, row, TERMS, arena, &ret_job->terms);
}

static bool read_learnt(const dv_rows *rows, int row, dv_arena *arena, dv_attempt *attempt)
{
    const dv_attempt *learnt;
    dv_text transaction;
    uint32_t count;
    if (!dv_row_learnt(rows, row, LEARNT, arena, &learnt, &count) ||
        !dv_row_bytes(rows, row, TRANSACTION, arena, &transaction))
        return false;
    if (transaction.size > 0) attempt->transaction = transaction;
    for (uint32_t i = 0; i < count; i++)
        if (learnt[i].number == attempt->number) dv_attempt_learn(attempt, &learnt[i]);
    return true;
}

DV_QUERY_READ(claim)
{
    dv_job *job = NULL;
    if (dv_rows_count(rows) == 0) return DV_STORE_REFUSED;
    if (dv_row_uint(rows, 0, CLAIMER_LIVES) == 0) return DV_STORE_STALE;
    for (int row = 0; row < dv_rows_count(rows); row++) {
        if (dv_row_is_null(rows, row, STATUS)) continue; /* the row that stands for no order */
        dv_id id = dv_row_id(rows, row, TERMS);
        if (job == NULL || !dv_id_equal(&job->terms.order_id, &id)) {
            job = &dv_answer_add(ret, DV_MSG_claim_item, arena)->claim_item.job;
            if (!read_job(rows, row, arena, job)) return DV_STORE_REFUSED;
        }
        if (!read_learnt(rows, row, arena, &job->attempt)) return DV_STORE_REFUSED;
    }
    end(ret, arena);
    return DV_OK;
}

DV_QUERY_REFUSE(claim)
{
    *ret_reply = (dv_message){.type = DV_MSG_claim_reply, .claim_reply = {.error = error}};
    return true;
}

/* ---- the model ---- */

static int by_owner(const void *a, const void *b)
{
    const dv_model_order *const *x = a, *const *y = b;
    int owners = strcmp((*x)->owner, (*y)->owner);
    return owners != 0 ? owners : memcmp((*x)->id.bytes, (*y)->id.bytes, sizeof(dv_id));
}

static int by_id(const void *a, const void *b)
{
    const dv_message *x = a, *y = b;
    return memcmp(x->claim_item.job.terms.order_id.bytes, y->claim_item.job.terms.order_id.bytes,
                  sizeof(dv_id));
}

static bool is_listed(const dv_claim_request *claim, const dv_model_order *o)
{
    for (uint32_t i = 0; i < claim->orders_count; i++)
        if (dv_id_equal(&claim->orders[i].order_id, &o->id) && claim->orders[i].epoch == o->epoch &&
            dv_text_is(claim->owner, o->owner))
            return true;
    return false;
}

static dv_job take(dv_model *model, dv_model_order *o, const char *owner)
{
    DV_MODEL_TELL(model, claiming, o, owner);
    snprintf(o->owner, sizeof o->owner, "%s", owner);
    o->epoch++;
    DV_MODEL_TELL(model, claimed, o);
    const dv_attempt *attempt = dv_view_attempt(&o->view, o->attempt);
    dv_job job = {.terms = o->view.terms, .state = o->state, .epoch = o->epoch};
    if (attempt != NULL) job.attempt = *attempt;
    job.attempt.number = o->attempt;
    return job;
}

DV_QUERY_MODEL(claim)
{
    const dv_claim_request *claim = &request->message->claim_request;
    const dv_model_instance *me = dv_model_instance_of(model, claim->owner);
    if (me == NULL || !dv_model_alive(model, me)) return DV_STORE_STALE;
    uint32_t count;
    dv_model_order **list = dv_model_orders(model, arena, &count);
    bool orphans = claim->orders_count == 0;
    if (orphans) qsort(list, count, sizeof(dv_model_order *), by_owner);
    for (uint32_t i = 0; i < count && (!orphans || ret->count < limit_of(claim)); i++) {
        dv_model_order *o = list[i];
        if (dv_state_terminal(o->state)) continue;
        if (orphans ? !dv_model_orphaned(model, me, dv_text_of(o->owner)) : !is_listed(claim, o))
            continue;
        dv_answer_add(ret, DV_MSG_claim_item, arena)->claim_item.job = take(model, o, me->owner);
    }
    if (ret->count > 0) qsort(ret->replies, ret->count, sizeof *ret->replies, by_id);
    end(ret, arena);
    return DV_OK;
}

const dv_query DV_QUERY_claim = {
    .name = "claim",
    .asks = DV_MSG_claim_request,
    .lane = DV_STORE_WRITER,
    .replies_max = DV_SWEEP_MAX + 1,
    .bind = bind_claim,
    .read = read_claim,
    .refuse = refuse_claim,
    .model = DV_QUERY_MODELLED(model_claim),
};
