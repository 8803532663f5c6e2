/* The store on PostgreSQL: a few connections for each lane. */
#include <assert.h>
#include <stdlib.h>

#include "actors/persistence/pg/connection.h"
#include "actors/persistence/pg/start.h"
#include "proto/arena.h"

#define CONNS_MAX DV_WATCH_MAX
#define READERS 4 /* the first is for quick queries, unless the others are full */

typedef struct store_pg {
    dv_store base;
    uint32_t start_timeout_ms;
    dv_pg_conn conns[CONNS_MAX]; /* the readers, then the writers */
    uint32_t conn_count;
    uint32_t next;  /* connection to prefer, so that all get their share */
    int64_t now_ns; /* of this turn */
    dv_pg_shared shared;
} store_pg;

/* ---- how it is ---------------------------------------------------------------------------- */

static uint32_t room(const dv_store *store, dv_store_lane lane)
{
    const store_pg *self = (const store_pg *)store;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < self->conn_count; i++)
        if (self->conns[i].lane == lane) sum += dv_pg_conn_room(&self->conns[i]);
    return sum;
}

static bool away(const dv_store *store, dv_store_lane lane)
{
    const store_pg *self = (const store_pg *)store;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        const dv_pg_conn *c = &self->conns[i];
        if (c->lane == lane && dv_pg_conn_serves(c, self->now_ns)) return false;
    }
    return true;
}

static const char *trouble(const dv_store *store, dv_store_lane lane)
{
    const store_pg *self = (const store_pg *)store;
    dv_trouble last = self->shared.trouble[lane];
    bool silent = false;
    for (uint32_t i = 0; i < self->conn_count; i++)
        silent |= self->conns[i].lane == lane && self->conns[i].phase == DV_PG_SERVING;
    if (away(store, lane) && (silent || last == DV_TROUBLE_NONE))
        last = silent ? DV_TROUBLE_SILENT : DV_TROUBLE_UNREACHABLE;
    return last != DV_TROUBLE_NONE ? dv_trouble_text(last, lane) : NULL;
}

/* ---- requests ----------------------------------------------------------------------------- */

/* Queries are spread over the readers, but long ones leave the first reader alone: a quick query never
   waits behind a list. A writer's pipeline is filled before another is begun, since commits of two
   wait for one another. */
static bool is_better(const store_pg *self, const dv_query *query, const dv_pg_conn *c,
                      const dv_pg_conn *than)
{
    const dv_pg_conn *quick = &self->conns[0];
    if (!query->quick && (c == quick || than == quick)) return than == quick;
    if (c->lane == DV_STORE_WRITER) return dv_pg_conn_room(c) < dv_pg_conn_room(than);
    return dv_pg_conn_room(c) > dv_pg_conn_room(than);
}

/* The best connection with room for a query, each in turn where they are as good. NULL: none has. */
static dv_pg_conn *choose(store_pg *self, const dv_query *query)
{
    dv_pg_conn *best = NULL;
    self->next++;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        dv_pg_conn *c = &self->conns[(self->next + i) % self->conn_count];
        if (c->lane != query->lane || dv_pg_conn_room(c) == 0) continue;
        if (best == NULL || is_better(self, query, c, best)) best = c;
    }
    return best;
}

static void submit(dv_store *store, const dv_store_request *request)
{
    store_pg *self = (store_pg *)store;
    dv_pg_conn *c = choose(self, request->query);
    assert(c != NULL); /* the caller has asked for room */
    dv_pg_conn_submit(&self->shared, c, request, self->now_ns);
}

/* ---- turns -------------------------------------------------------------------------------- */

static int64_t tick(dv_store *store, dv_time now, const dv_store_answers *answers)
{
    store_pg *self = (store_pg *)store;
    int64_t next_ns = DV_NEVER;
    self->now_ns = now.mono_ns;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        int64_t due_ns = dv_pg_conn_tick(&self->shared, &self->conns[i], now, answers);
        next_ns = dv_min_i64(next_ns, due_ns);
    }
    return next_ns;
}

static uint32_t watch(dv_store *store, dv_watch ret_watches[DV_WATCH_MAX])
{
    const store_pg *self = (const store_pg *)store;
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->conn_count; i++)
        if (dv_pg_conn_watch(&self->conns[i], &ret_watches[count])) count++;
    return count;
}

static void ready(dv_store *store, dv_watch ready_watch, dv_time now,
                  const dv_store_answers *answers)
{
    store_pg *self = (store_pg *)store;
    self->now_ns = now.mono_ns;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        dv_watch own;
        if (!dv_pg_conn_watch(&self->conns[i], &own) || own.fd != ready_watch.fd) continue;
        dv_pg_conn_ready(&self->shared, &self->conns[i], now, answers);
        return;
    }
}

/* ---- life --------------------------------------------------------------------------------- */

static dv_err start(dv_store *store, char ret_why[DV_REASON_MAX])
{
    store_pg *self = (store_pg *)store;
    return dv_pg_start(store, &self->shared, self->start_timeout_ms, ret_why);
}

static void destroy(dv_store **store)
{
    if (store == NULL || *store == NULL) return;
    store_pg *self = (store_pg *)*store;
    for (uint32_t i = 0; i < self->conn_count; i++) dv_pg_conn_fini(&self->conns[i]);
    dv_params_fini(&self->shared.params);
    dv_arena_destroy(&self->shared.answer);
    dv_arena_destroy(&self->shared.request);
    free(self);
    *store = NULL;
}

static const dv_store_class CLASS = {
    .start = start,
    .room = room,
    .away = away,
    .trouble = trouble,
    .submit = submit,
    .tick = tick,
    .watch = watch,
    .ready = ready,
    .destroy = destroy,
};

dv_store *dv_store_pg_new(const dv_persistence_config *config, uint32_t start_timeout_ms)
{
    store_pg *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->base.class = &CLASS;
    self->start_timeout_ms = start_timeout_ms;
    self->shared.url = config->database_url;
    self->shared.answer = dv_arena_new();
    self->shared.request = dv_arena_new();
    uint32_t writers = config->store_connections;
    if (writers > CONNS_MAX - READERS) writers = CONNS_MAX - READERS; /* the loop polls no more */
    self->conn_count = READERS + writers;
    for (uint32_t i = 0; i < self->conn_count; i++)
        self->conns[i].lane = i < READERS ? DV_STORE_READER : DV_STORE_WRITER;
    return &self->base;
}
