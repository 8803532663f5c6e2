#include "actors/persistence/pg/params.h"

#include <assert.h>

#include "proto/arena.h"
#include "proto/view.h"
#include "sql/queries.h"

#define CLAIM_MAX 500 /* orders claimed by one statement */

/* ---- columns, in the order of the statements' parameters ---------------------------------- */

#define INSERTED(member) offsetof(dv_insert_request, member)
static const dv_column INSERT_COLUMNS[] = {
    {DV_COLUMN_ID, INSERTED(terms.order_id)},
    {DV_COLUMN_TEXT_OR_NULL, INSERTED(terms.client_order_id)},
    {DV_COLUMN_TEXT_OR_NULL, INSERTED(terms.user_id)},
    {DV_COLUMN_INT, INSERTED(terms.order_type)},
    {DV_COLUMN_INT, INSERTED(terms.swap_mode)},
    {DV_COLUMN_TEXT, INSERTED(terms.token_in)},
    {DV_COLUMN_TEXT, INSERTED(terms.token_out)},
    {DV_COLUMN_U64, INSERTED(terms.amount)},
    {DV_COLUMN_INT, INSERTED(terms.slippage_bps)},
    {DV_COLUMN_INT, INSERTED(terms.style)},
    {DV_COLUMN_TEXT, INSERTED(terms.amount_input)},
    {DV_COLUMN_TIME, INSERTED(terms.created_at_us)},
    {DV_COLUMN_TEXT, INSERTED(owner)},
};

static const dv_column FIND_COLUMNS[] = {
    {DV_COLUMN_ID, INSERTED(terms.order_id)},
    {DV_COLUMN_TEXT_OR_NULL, INSERTED(terms.user_id)},
    {DV_COLUMN_TEXT_OR_NULL, INSERTED(terms.client_order_id)},
};

#define STEPPED(member) offsetof(dv_step_request, member)
static const dv_column STEP_COLUMNS[] = {
    {DV_COLUMN_ID, STEPPED(order_id)},      {DV_COLUMN_INT, STEPPED(epoch)},
    {DV_COLUMN_STATE, STEPPED(from_state)}, {DV_COLUMN_STATE, STEPPED(to_state)},
    {DV_COLUMN_INT, STEPPED(from_attempt)}, {DV_COLUMN_INT, STEPPED(attempt.number)},
    {DV_COLUMN_TIME, STEPPED(at_us)},       {DV_COLUMN_TIME_OR_NULL, STEPPED(attempt.due_at_us)},
    {DV_COLUMN_LEARNT_OR_NULL, 0},          {DV_COLUMN_BYTES_OR_NULL, STEPPED(attempt.transaction)},
};
static const dv_column LOOK_COLUMNS[] = {{DV_COLUMN_ID, STEPPED(order_id)}};

#define OWNED(member) offsetof(dv_owned, member)
static const dv_column LISTED_COLUMNS[] = {
    {DV_COLUMN_ID, OWNED(order_id)},
    {DV_COLUMN_INT, OWNED(epoch)},
};

/* ---- writing ------------------------------------------------------------------------------ */

#define COLUMNS(params, columns, rows, count)                                                      \
    dv_params_columns(params, columns, sizeof columns / sizeof(dv_column),                         \
                      (const void *const *)(rows), count)

#define STATUSES_SIZE 128

/* The names of the states that clients are shown as this one; empty for none. */
static dv_text statuses_of(uint8_t shown, char ret_names[STATUSES_SIZE])
{
    int size = 0;
    for (uint8_t state = 1; state < DV_STATE_COUNT; state++)
        if (shown != 0 && dv_state_shown(state) == shown)
            size += snprintf(ret_names + size, (size_t)(STATUSES_SIZE - size), "%s%s",
                             size > 0 ? "," : "", dv_state_name(state));
    return (dv_text){ret_names, (uint32_t)size};
}

/* By state, for orders of everybody. */
static int list_of_state(uint8_t state, bool active_only)
{
    if (state == DV_STATE_confirmed && !active_only) return DV_SQL_list_confirmed;
    return dv_state_terminal(state) && !active_only ? DV_SQL_list_finished : DV_SQL_list_unfinished;
}

static int write_list(const dv_orders_request *list, dv_params *ret)
{
    uint8_t state = (uint8_t)dv_state_shown((uint8_t)list->state);
    dv_params_int(ret, list->limit);
    if (!list->has_user && !list->active_only && state == 0) return DV_SQL_list_all;
    char names[STATUSES_SIZE];
    dv_params_text(ret, statuses_of(state, names));
    if (!list->has_user) return list_of_state(state, list->active_only);
    dv_params_text(ret, list->user_id);
    dv_params_int(ret, list->active_only);
    return DV_SQL_list_user;
}

static int write_batch(const dv_store_request *r, dv_params *ret)
{
    switch (r->type) {
    case DV_STORE_INSERT: COLUMNS(ret, INSERT_COLUMNS, r->inserts, r->count); return DV_SQL_insert;
    case DV_STORE_FIND: COLUMNS(ret, FIND_COLUMNS, r->inserts, r->count); return DV_SQL_find;
    case DV_STORE_LOOK: COLUMNS(ret, LOOK_COLUMNS, r->steps, r->count); return DV_SQL_look;
    default: COLUMNS(ret, STEP_COLUMNS, r->steps, r->count); return DV_SQL_step;
    }
}

static int write_beat(const dv_lease_request *beat, dv_params *ret)
{
    dv_params_text(ret, beat->owner);
    dv_params_text(ret, beat->name);
    dv_params_int(ret, beat->lease_ms);
    dv_params_int(ret, beat->leaving);
    return DV_SQL_beat;
}

static int write_claim(const dv_claim_request *claim, dv_arena *arena, dv_params *ret)
{
    dv_params_text(ret, claim->owner);
    if (claim->orders_count == 0) {
        dv_params_int(ret, claim->limit < CLAIM_MAX ? claim->limit : CLAIM_MAX);
        return DV_SQL_claim_orphans;
    }
    const dv_owned **rows = dv_arena_alloc(arena, claim->orders_count * sizeof *rows);
    for (uint32_t i = 0; i < claim->orders_count; i++) rows[i] = &claim->orders[i];
    COLUMNS(ret, LISTED_COLUMNS, rows, claim->orders_count);
    return DV_SQL_claim_listed;
}

static int write_owned(const dv_owned_request *owned, dv_params *ret)
{
    dv_params_text(ret, owned->owner);
    dv_params_int(ret, owned->older_ms);
    dv_params_id(ret, &owned->after);
    dv_params_int(ret, DV_SWEEP_MAX);
    return DV_SQL_owned;
}

static int write_query(const dv_store_request *r, dv_arena *arena, dv_params *ret)
{
    switch (r->type) {
    case DV_STORE_BEAT: return write_beat(&r->beat, ret);
    case DV_STORE_CLAIM: return write_claim(&r->claim, arena, ret);
    case DV_STORE_OWNED: return write_owned(&r->owned, ret);
    case DV_STORE_WAITING:
        dv_params_time(ret, r->waiting.before_us);
        dv_params_id(ret, &r->waiting.after);
        dv_params_int(ret, DV_SWEEP_MAX);
        return DV_SQL_waiting;
    case DV_STORE_GET: dv_params_id(ret, &r->get.order_id); return DV_SQL_get;
    case DV_STORE_LIST: return write_list(&r->list, ret);
    case DV_STORE_EVENTS:
        dv_params_int(ret, r->events.after_position);
        dv_params_int(ret, r->events.limit);
        return DV_SQL_events;
    default: return DV_SQL_stats;
    }
}

const dv_statement *dv_query_write(const dv_store_request *request, dv_arena *arena,
                                   dv_params *ret_params)
{
    dv_params_clear(ret_params);
    int statement = request->type <= DV_STORE_LOOK ? write_batch(request, ret_params)
                                                   : write_query(request, arena, ret_params);
    assert(ret_params->count == DV_SQL[statement].params);
    return &DV_SQL[statement];
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Rows lead with the number of what was submitted, from 1, and its event. False when they do not.
 */
static bool read_receipts(const PGresult *result, uint32_t count, dv_arena *arena,
                          dv_store_receipt *receipts)
{
    for (int row = 0; row < PQntuples(result); row++) {
        uint64_t ord = dv_row_uint(result, row, 0);
        if (ord == 0 || ord > count) return false;
        dv_store_receipt *r = &receipts[ord - 1];
        r->found = true;
        r->event = (dv_event){.seq = dv_row_uint(result, row, 1),
                              .position = dv_row_uint(result, row, 2),
                              .at_us = dv_row_uint(result, row, 3),
                              .state = dv_state_of(dv_text_of(PQgetvalue(result, row, 4))),
                              .attempt = dv_row_uint(result, row, 5)};
        if (PQnfields(result) <= 6) continue;
        r->epoch = dv_row_uint(result, row, 6);
        r->signature = dv_row_text(result, row, 7, arena);
    }
    return true;
}

/* Rows of a view after the mark: its owner, its terms, and one of its events. */
enum {
    VIEW_OWNER = 2,
    VIEW_TERMS,
    VIEW_EVENT = VIEW_TERMS + DV_ROW_TERMS_COLUMNS,
    VIEW_LEARNT = VIEW_EVENT + DV_ROW_EVENT_COLUMNS,
};

/* Adds an event and what it taught. */
static bool read_event(const PGresult *result, int row, dv_arena *arena, dv_view *view)
{
    dv_event event;
    const dv_attempt *learnt;
    uint32_t count;
    return dv_row_event(result, row, VIEW_EVENT, &event) &&
           dv_row_learnt(result, row, VIEW_LEARNT, arena, &learnt, &count) &&
           dv_view_apply(view, &event, learnt, count, arena);
}

static bool read_views(const PGresult *result, dv_arena *arena, dv_store_answer *ret)
{
    int rows = PQntuples(result);
    dv_store_view *views = dv_arena_alloc(arena, (size_t)rows * sizeof *views);
    for (int row = 0; row < rows; row++) {
        ret->head_position = dv_row_uint(result, row, 0);
        if (PQgetisnull(result, row, VIEW_OWNER)) continue; /* the row that stands for no order */
        if (dv_row_uint(result, row, VIEW_EVENT) == 1) {
            dv_store_view *v = &views[ret->count++];
            v->mark = dv_row_uint(result, row, 1);
            v->owner = dv_row_text(result, row, VIEW_OWNER, arena);
            if (!dv_row_terms(result, row, VIEW_TERMS, arena, &v->view.terms)) return false;
        }
        if (ret->count == 0 || !read_event(result, row, arena, &views[ret->count - 1].view))
            return false;
    }
    ret->views = views;
    return true;
}

static bool read_beat(const PGresult *result, dv_store_answer *ret)
{
    if (PQntuples(result) != 1) return false;
    ret->beat.error = dv_row_uint(result, 0, 0) > 0 ? DV_OK : DV_STORE_STALE;
    ret->beat.orphans = dv_row_uint(result, 0, 1) > 0;
    ret->beat.orphans_in_ms = dv_row_uint(result, 0, 2);
    return true;
}

/* Rows of a job: whether its claimer is alive, what the order is, and of its current attempt what
   one of its events taught. */
enum {
    JOB_STATUS = 1,
    JOB_ATTEMPT,
    JOB_EPOCH,
    JOB_TERMS,
    JOB_LEARNT = JOB_TERMS + DV_ROW_TERMS_COLUMNS,
    JOB_TRANSACTION,
};

static bool read_job(const PGresult *result, int row, dv_arena *arena, dv_job *ret_job)
{
    ret_job->state = dv_state_of(dv_text_of(PQgetvalue(result, row, JOB_STATUS)));
    ret_job->attempt.number = dv_row_uint(result, row, JOB_ATTEMPT);
    ret_job->epoch = dv_row_uint(result, row, JOB_EPOCH);
    return dv_row_terms(result, row, JOB_TERMS, arena, &ret_job->terms);
}

static bool read_job_learnt(const PGresult *result, int row, dv_arena *arena, dv_attempt *attempt)
{
    const dv_attempt *learnt;
    dv_text transaction;
    uint32_t count;
    if (!dv_row_learnt(result, row, JOB_LEARNT, arena, &learnt, &count) ||
        !dv_row_bytes(result, row, JOB_TRANSACTION, arena, &transaction))
        return false;
    if (transaction.size > 0) attempt->transaction = transaction;
    for (uint32_t i = 0; i < count; i++)
        if (learnt[i].number == attempt->number) dv_attempt_learn(attempt, &learnt[i]);
    return true;
}

/* ret_alive: whether the claimer is. */
static bool read_jobs(const PGresult *result, dv_arena *arena, dv_store_answer *ret,
                      bool *ret_alive)
{
    int rows = PQntuples(result);
    dv_job *jobs = dv_arena_alloc(arena, (size_t)rows * sizeof *jobs), *job = NULL;
    ret->jobs = jobs;
    for (int row = 0; row < rows; row++) {
        *ret_alive = dv_row_uint(result, row, 0) > 0;
        if (PQgetisnull(result, row, JOB_STATUS)) continue; /* the row that stands for no order */
        dv_id id = dv_row_id(result, row, JOB_TERMS);
        if (job == NULL || !dv_id_equal(&job->terms.order_id, &id)) {
            job = &jobs[ret->count++];
            if (!read_job(result, row, arena, job)) return false;
        }
        if (!read_job_learnt(result, row, arena, &job->attempt)) return false;
    }
    return rows > 0;
}

static bool read_owned(const PGresult *result, dv_arena *arena, dv_store_answer *ret)
{
    ret->count = (uint32_t)PQntuples(result);
    dv_owned *list = dv_arena_alloc(arena, ret->count * sizeof *list);
    ret->owned = list;
    for (int row = 0; row < PQntuples(result); row++)
        list[row] = (dv_owned){.order_id = dv_row_id(result, row, 0),
                               .epoch = dv_row_uint(result, row, 1),
                               .since_us = dv_row_uint(result, row, 2)};
    return ret->count <= DV_SWEEP_MAX;
}

static bool read_waiting(const PGresult *result, dv_arena *arena, dv_store_answer *ret)
{
    ret->count = (uint32_t)PQntuples(result);
    dv_waiting *list = dv_arena_alloc(arena, ret->count * sizeof *list);
    ret->waiting = list;
    for (int row = 0; row < PQntuples(result); row++)
        list[row] = (dv_waiting){.order_id = dv_row_id(result, row, 0),
                                 .attempt = dv_row_uint(result, row, 1),
                                 .due_at_us = dv_row_uint(result, row, 2),
                                 .owner = dv_row_text(result, row, 3, arena)};
    return ret->count <= DV_SWEEP_MAX;
}

static bool read_stats(const PGresult *result, dv_store_answer *ret)
{
    if (PQntuples(result) != 1) return false;
    ret->stats = (dv_stats_reply){.waiting = dv_row_uint(result, 0, 0),
                                  .active = dv_row_uint(result, 0, 1),
                                  .completed = dv_row_uint(result, 0, 2),
                                  .failed = dv_row_uint(result, 0, 3)};
    return true;
}

static bool read_batch(const PGresult *result, uint32_t count, dv_arena *arena,
                       dv_store_answer *ret)
{
    dv_store_receipt *receipts = dv_arena_alloc(arena, count * sizeof *receipts);
    ret->receipts = receipts;
    ret->count = count;
    return read_receipts(result, count, arena, receipts);
}

dv_err dv_query_read(const PGresult *result, dv_store_type type, uint32_t count, dv_arena *arena,
                     dv_store_answer *ret_answer)
{
    bool good = false, alive = true;
    switch (type) {
    case DV_STORE_INSERT:
    case DV_STORE_STEP:
    case DV_STORE_LOOK: good = read_batch(result, count, arena, ret_answer); break;
    case DV_STORE_FIND:
    case DV_STORE_GET:
    case DV_STORE_LIST:
    case DV_STORE_EVENTS: good = read_views(result, arena, ret_answer); break;
    case DV_STORE_CLAIM: good = read_jobs(result, arena, ret_answer, &alive); break;
    case DV_STORE_WAITING: good = read_waiting(result, arena, ret_answer); break;
    case DV_STORE_STATS: good = read_stats(result, ret_answer); break;
    case DV_STORE_BEAT: good = read_beat(result, ret_answer); break;
    case DV_STORE_OWNED: good = read_owned(result, arena, ret_answer); break;
    }
    if (!alive) return DV_STORE_STALE;
    return good ? DV_OK : DV_STORE_REFUSED;
}
