#include "tests/sim/store_model.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/sim/book.h"
#include "tests/sim/store_tables.h"

#define WRITER_ROOM 4 /* requests of a connection at once */
#define READER_ROOM 8
#define LATE_NS_MAX (3 * SIM_SECOND) /* a late commit comes so long after its asker gave up */
#define BACK_NS_MAX (500 * SIM_MS)   /* a store connects again so long after the database is back */

typedef enum fate { DONE, FAILED, LOST, LATE } fate;

typedef struct model model;

/* A request under way. It outlives its store. */
typedef struct sim_request {
    struct sim_request *prev, *next; /* in the database's list */
    sim_db *db;
    model *store; /* NULL: nobody waits for the answer any more */
    fate fate;
    bool committed, answered;
    sim_alarm commit, answer;
    dv_arena *arena; /* of the request and its answer */
    dv_store_request request;
    dv_store_answer said;
    struct sim_request *ready; /* the next one to be told */
} sim_request;

struct model {
    dv_store base;
    sim_db *db;
    sim_actor *actor;
    uint32_t busy[DV_STORE_LANE_COUNT];
    sim_request *ready, **ready_end; /* answered, to be told in the next tick */
    int64_t away_until_ns;
};

static model *model_of(const dv_store *store)
{
    return (model *)(uintptr_t)store;
}

/* ---- requests ----------------------------------------------------------------------------- */

static void request_free(sim_request *r)
{
    sim_alarm_unset(r->db->world, &r->commit);
    sim_alarm_unset(r->db->world, &r->answer);
    DL_DELETE(r->db->requests, r);
    dv_arena_destroy(&r->arena);
    free(r);
}

static void clock_set(sim_db *db)
{
    db->tables.now_us = SIM_WALL_US + db->world->now_ns / DV_NS_PER_US;
}

static void commit(sim_request *r)
{
    clock_set(r->db);
    r->said = (dv_store_answer){0};
    dv_err error = r->request.query->model(&r->db->tables, &r->request, r->arena, &r->said);
    if (error != DV_OK) r->said = (dv_store_answer){.error = error};
    r->said.ticket = r->request.ticket;
    r->committed = true;
}

static void tell(sim_request *r, dv_err error)
{
    sim_alarm_unset(r->db->world, &r->answer);
    r->answered = true;
    model *store = r->store;
    if (store == NULL) return;
    if (error != DV_OK)
        r->said = (dv_store_answer){.ticket = r->request.ticket,
                                    .error = error,
                                    .undone = r->fate == FAILED && sim_below(&r->db->dice, 2) == 0,
                                    .error_text = dv_text_of("the model lost the connection")};
    *store->ready_end = r;
    store->ready_end = &r->ready;
    sim_actor_wake(store->actor, r->db->world->now_ns);
}

static void request_end_if_over(sim_request *r)
{
    bool writes_later = r->fate == LATE && !r->committed;
    if (r->answered && r->store == NULL && !writes_later) request_free(r);
}

static void commit_due(sim_world *w, void *arg)
{
    (void)w;
    sim_request *r = arg;
    if (r->fate == FAILED) return;
    bool kept = r->fate == LATE && r->answered; /* what was said is said */
    dv_store_answer said = r->said;
    commit(r);
    if (kept) r->said = said;
    if (r->fate == LATE) w->faults[SIM_FAULT_store_late]++;
    request_end_if_over(r);
}

static void answer_due(sim_world *w, void *arg)
{
    (void)w;
    sim_request *r = arg;
    dv_err error = r->fate == DONE ? r->said.error : DV_STORE_AWAY;
    if (r->fate == FAILED) w->faults[SIM_FAULT_store_refused]++;
    if (r->fate == LOST) w->faults[SIM_FAULT_store_lost]++;
    if (r->fate == DONE && error != DV_OK)
        tell(r, error);
    else
        tell(r, r->fate == DONE ? DV_OK : error);
    if (r->fate == FAILED) r->committed = true; /* never will be */
    request_end_if_over(r);
}

/* Makes all that a request borrows the arena's own. */
static void request_keep(dv_store_request *r, dv_arena *arena)
{
    const dv_shape *shape = dv_message_info_of(r->query->asks)->shape;
    if (r->message != NULL) {
        dv_message *own = dv_arena_alloc(arena, sizeof *own);
        *own = *r->message;
        dv_record_keep(shape, own->body, arena);
        r->message = own;
    }
    const void **rows = dv_arena_alloc(arena, r->count * sizeof *rows);
    for (uint32_t i = 0; i < r->count; i++) {
        void *row = dv_arena_alloc(arena, shape->size);
        memcpy(row, r->rows[i], shape->size);
        dv_record_keep(shape, row, arena);
        rows[i] = row;
    }
    r->rows = rows;
}

static fate fate_of(sim_db *db)
{
    uint32_t roll = sim_below(&db->dice, 1000000);
    const sim_db_weather *weather = &db->weather;
    if (roll < weather->refuse_ppm) return FAILED;
    roll -= weather->refuse_ppm;
    if (roll < weather->lose_ppm) return LOST;
    roll -= weather->lose_ppm;
    return roll < weather->late_ppm ? LATE : DONE;
}

static void submit(dv_store *store, const dv_store_request *request)
{
    model *m = model_of(store);
    sim_db *db = m->db;
    sim_world *w = db->world;
    sim_request *r = calloc(1, sizeof *r);
    if (r == NULL) abort();
    r->db = db;
    r->store = m;
    r->fate = fate_of(db);
    r->arena = dv_arena_new();
    r->commit = (sim_alarm){.fire = commit_due, .arg = r};
    r->answer = (sim_alarm){.fire = answer_due, .arg = r};
    r->request = *request;
    request_keep(&r->request, r->arena);
    DL_APPEND(db->requests, r);
    m->busy[request->query->lane]++;
    int64_t commit_ns = w->now_ns + sim_between(&db->dice, 100000, db->weather.usual_ns);
    int64_t answer_ns = commit_ns + sim_between(&db->dice, 20000, SIM_MS);
    if (r->fate == LATE) commit_ns = answer_ns + sim_between(&db->dice, SIM_MS, LATE_NS_MAX);
    if (w->now_ns < db->away_until_ns) { /* sent into the void */
        r->fate = FAILED;
        w->faults[SIM_FAULT_store_away]++;
    }
    sim_alarm_set(w, &r->commit, commit_ns);
    sim_alarm_set(w, &r->answer, answer_ns);
}

/* ---- the database ------------------------------------------------------------------------- */

void sim_db_go_away(sim_db *db, int64_t until_ns)
{
    sim_world *w = db->world;
    db->away_until_ns = dv_max_i64(db->away_until_ns, until_ns);
    if (db->tables.unfinished > 0) w->faults[SIM_FAULT_store_away]++;
    sim_request *r, *next;
    DL_FOREACH_SAFE(db->requests, r, next)
    {
        if (r->answered) continue;
        if (!r->committed && r->fate != FAILED && sim_below(&db->dice, 2) == 0) commit(r);
        r->fate = r->committed ? LOST : FAILED;
        sim_alarm_unset(w, &r->commit);
        w->faults[SIM_FAULT_store_away]++;
        tell(r, DV_STORE_AWAY);
        request_end_if_over(r);
    }
}

/* ---- the store's functions ---------------------------------------------------------------- */

static dv_err start(dv_store *store, char ret_why[DV_REASON_MAX])
{
    (void)store, (void)ret_why;
    return DV_OK;
}

static bool is_away(const model *m)
{
    return m->db->world->now_ns < dv_max_i64(m->db->away_until_ns, m->away_until_ns);
}

static bool away(const dv_store *store, dv_store_lane lane)
{
    (void)lane;
    return is_away(model_of(store));
}

static uint32_t room(const dv_store *store, dv_store_lane lane)
{
    const model *m = model_of(store);
    if (is_away(m)) return 0;
    uint32_t places = READER_ROOM;
    if (lane == DV_STORE_WRITER)
        places = WRITER_ROOM * m->db->world->config.persistence.store_connections;
    return m->busy[lane] < places ? places - m->busy[lane] : 0;
}

static int64_t tick(dv_store *store, dv_time now, const dv_store_answers *answers)
{
    model *m = model_of(store);
    sim_world *w = m->db->world;
    sim_request *r;
    while ((r = m->ready) != NULL) {
        m->ready = r->ready;
        if (m->ready == NULL) m->ready_end = &m->ready;
        m->busy[r->request.query->lane]--;
        r->store = NULL;
        answers->answer(answers->context, &r->said);
        request_end_if_over(r);
    }
    if (w->now_ns < m->db->away_until_ns)
        m->away_until_ns = m->db->away_until_ns + sim_between(&m->db->dice, SIM_MS, BACK_NS_MAX);
    if (!is_away(m)) return DV_NEVER;
    return now.mono_ns + dv_max_i64(m->db->away_until_ns, m->away_until_ns) - w->now_ns;
}

static uint32_t watch(dv_store *store, dv_watch ret_watches[DV_WATCH_MAX])
{
    (void)store, (void)ret_watches;
    return 0;
}

static void ready(dv_store *store, dv_watch ready_watch, dv_time now,
                  const dv_store_answers *answers)
{
    (void)store, (void)ready_watch, (void)now, (void)answers;
}

/* Its process is gone: what is under way is done all the same, or not. */
static void destroy(dv_store **store)
{
    if (store == NULL || *store == NULL) return;
    model *m = model_of(*store);
    sim_request *r, *next;
    DL_FOREACH_SAFE(m->db->requests, r, next)
    {
        if (r->store != m) continue;
        r->store = NULL;
        if (!r->committed && sim_below(&m->db->dice, 2) == 0) {
            r->fate = FAILED;
            r->committed = true;
        }
        request_end_if_over(r);
    }
    free(m);
    *store = NULL;
}

static const dv_store_class CLASS = {
    .start = start,
    .room = room,
    .away = away,
    .submit = submit,
    .tick = tick,
    .watch = watch,
    .ready = ready,
    .destroy = destroy,
};

dv_store *sim_store_new(sim_actor *actor)
{
    model *m = calloc(1, sizeof *m);
    if (m == NULL) abort();
    m->base.class = &CLASS;
    m->db = actor->process->world->db;
    m->actor = actor;
    m->ready_end = &m->ready;
    return &m->base;
}

/* ---- the tables --------------------------------------------------------------------------- */

static void inserted(void *world, dv_model_order *order)
{
    sim_book_inserted(world, order);
}

static void stepping(void *world, const dv_model_order *order, const dv_step_request *step)
{
    sim_book_stepping(world, order, step);
}

static void stepped(void *world, const dv_model_order *order)
{
    sim_book_stepped(world, order);
}

static void fenced(void *world, const dv_model_order *order)
{
    (void)order;
    ((sim_world *)world)->faults[SIM_FAULT_fenced]++;
}

static void claiming(void *world, dv_model_order *order, const char *owner)
{
    sim_book_claiming(world, order, owner);
}

static void claimed(void *world, const dv_model_order *order)
{
    sim_book_claimed(world, order);
}

static const dv_model_watcher BOOK = {
    .inserted = inserted,
    .stepping = stepping,
    .stepped = stepped,
    .fenced = fenced,
    .claiming = claiming,
    .claimed = claimed,
};

dv_model_order *sim_db_order(const sim_db *db, const dv_id *id)
{
    return dv_model_order_of(&db->tables, id);
}

bool sim_db_alive(sim_db *db, const char *owner)
{
    clock_set(db);
    const dv_model_instance *i = dv_model_instance_of(&db->tables, dv_text_of(owner));
    return i != NULL && dv_model_alive(&db->tables, i);
}

sim_db *sim_db_new(sim_world *world)
{
    sim_db *db = calloc(1, sizeof *db);
    if (db == NULL) abort();
    db->world = world;
    db->dice = sim_dice_of(world->seed, 10);
    db->weather.usual_ns = 4 * SIM_MS;
    db->tables.watcher = &BOOK;
    db->tables.watched_for = world;
    return db;
}

void sim_db_destroy(sim_db **db_at)
{
    sim_db *db = *db_at;
    while (db->requests != NULL) request_free(db->requests);
    for (dv_model_order *o = db->tables.orders; o != NULL; o = o->hh.next) free(o->notes);
    sim_tables_fini(&db->tables);
    free(db);
    *db_at = NULL;
}
