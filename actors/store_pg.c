#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/migrate.h"
#include "actors/store_query.h"

/* ---- limits ------------------------------------------------------------------------------- */

#define WRITER_DEPTH 1  /* batches in a writer's pipeline: while one writer commits, others work */
#define READER_DEPTH 64 /* queries in the reader's pipeline */
#define CONNS_MAX DV_WATCH_MAX
#define BACKOFF_MIN_NS (250 * DV_NS_PER_MS)
#define BACKOFF_MAX_NS (5000 * DV_NS_PER_MS)
#define CONNECT_TIMEOUT_NS (10000 * DV_NS_PER_MS) /* also to prepare the statements */
#define START_PAUSE_MS 250                        /* between tries to connect at start */

/* ---- state -------------------------------------------------------------------------------- */

/*   DOWN ─► CONNECTING ─► PREPARING ─► SERVING
      ▲          │            │           │
      └──────────┴────────────┴───────────┘ error; again after a growing pause */
typedef enum phase { DOWN, CONNECTING, PREPARING, SERVING } phase;

/* A request in a connection's pipeline, up to the sync that commits it. */
typedef struct sent {
    bool prepares; /* the statements' preparation, nobody's request */
    uint64_t ticket;
    dv_store_type type;
    uint32_t count;
    PGresult *result; /* its rows, or its error; what came last */
} sent;

typedef struct conn {
    PGconn *pg; /* NULL when DOWN */
    dv_store_lane lane;
    phase phase;
    PostgresPollingStatusType polling; /* while CONNECTING */
    bool flushing;                     /* libpq holds bytes that the socket did not take */
    bool broken;                       /* to be dropped at the next tick */
    int64_t due_ns;                    /* DOWN: when to connect; before SERVING: when to give up */
    int64_t backoff_ns;                /* the last pause */
    int64_t serving_since_ns;
    sent pipeline[READER_DEPTH]; /* a ring */
    uint32_t first, count;
} conn;

typedef struct store_pg {
    dv_store base;
    const dv_config *config;
    conn conns[CONNS_MAX]; /* the reader, then the writers */
    uint32_t conn_count;
    uint32_t next; /* writer to prefer, so that all get their share */
    dv_params params;
    dv_arena *arena; /* of one submit or one answer */
} store_pg;

/* ---- answers ------------------------------------------------------------------------------ */

static dv_text one_line(const char *message)
{
    dv_text text = dv_text_of(message);
    while (text.size > 0 && text.at[text.size - 1] == '\n') text.size--;
    return text;
}

/* Whether a state starts with one of the classes or codes, given as a list with spaces. */
static bool sqlstate_in(const char *sqlstate, const char *list)
{
    for (const char *at = list; *at != '\0'; at += strcspn(at, " "), at += strspn(at, " "))
        if (strncmp(sqlstate, at, strcspn(at, " ")) == 0) return true;
    return false;
}

/* The server or its machine is in a bad way, whatever was asked (connection exceptions, resources,
   shutdown, system errors, read-only, a statement that a pooler forgot): pause and reconnect. */
static bool is_ailing(const char *sqlstate)
{
    return sqlstate_in(sqlstate, "08 53 57P 58 25006 26000");
}

/* Bad luck with others (serialization, deadlock, locks, timeouts): the same again may work. */
static bool is_unlucky(const char *sqlstate)
{
    return sqlstate_in(sqlstate, "40 55P03 57014");
}

static const char *sqlstate_of(const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return sqlstate != NULL ? sqlstate : "08000"; /* libpq's own: the connection is lost */
}

static void answer_away(const dv_store_answers *answers, const sent *s, const char *why)
{
    dv_store_answer answer = {
        .ticket = s->ticket, .type = s->type, .error = DV_STORE_AWAY, .error_text = one_line(why)};
    answers->answer(answers->context, &answer);
}

static void answer_result(store_pg *self, const sent *s, const dv_store_answers *answers)
{
    dv_store_answer answer = {.ticket = s->ticket, .type = s->type};
    if (PQresultStatus(s->result) == PGRES_TUPLES_OK) {
        answer.error = dv_query_read(s->result, s->type, s->count, self->arena, &answer);
        if (answer.error != DV_OK) answer.error_text = dv_text_of("rows are not as expected");
    } else {
        answer.error = is_unlucky(sqlstate_of(s->result)) ? DV_STORE_AWAY : DV_STORE_REFUSED;
        answer.error_text = one_line(PQresultErrorMessage(s->result));
    }
    answers->answer(answers->context, &answer);
    dv_arena_reset(self->arena);
}

/* ---- one connection ----------------------------------------------------------------------- */

static sent *pipeline_push(conn *c)
{
    assert(c->count < READER_DEPTH);
    sent *s = &c->pipeline[(c->first + c->count++) % READER_DEPTH];
    *s = (sent){0};
    return s;
}

static sent pipeline_pop(conn *c)
{
    sent s = c->pipeline[c->first];
    c->first = (c->first + 1) % READER_DEPTH;
    c->count--;
    return s;
}

static const char *lane_name(const conn *c)
{
    return c->lane == DV_STORE_WRITER ? "writer" : "reader";
}

/* Drops the connection and answers what was in its pipeline; connects again after a pause, longer
   each time unless the connection had served for a while. */
static void conn_fail(conn *c, const char *why, dv_time now, const dv_store_answers *answers)
{
    bool served = c->phase == SERVING && now.mono_ns - c->serving_since_ns > BACKOFF_MAX_NS;
    c->backoff_ns = served || c->backoff_ns == 0 ? BACKOFF_MIN_NS
                                                 : dv_min_i64(2 * c->backoff_ns, BACKOFF_MAX_NS);
    dv_warn("store_connection_lost", NULL, dv_kv_string("lane", lane_name(c)),
            dv_kv_text("why", one_line(why)), dv_kv_number("in_flight", c->count),
            dv_kv_number("retry_ms", c->backoff_ns / DV_NS_PER_MS));
    while (c->count > 0) {
        sent s = pipeline_pop(c);
        if (!s.prepares) answer_away(answers, &s, why);
        PQclear(s.result);
    }
    PQfinish(c->pg);
    c->pg = NULL;
    c->phase = DOWN;
    c->broken = c->flushing = false;
    c->due_ns = now.mono_ns + c->backoff_ns;
}

static void log_notice(void *context, const char *message)
{
    (void)context;
    dv_info("store_notice", NULL, dv_kv_text("text", one_line(message)));
}

#define SETTINGS " -c plan_cache_mode=force_generic_plan -c jit=off"

/* The URL's own settings win over ours, but for the encoding. Plans are generic: a batch's arrays
   are looked up by primary key whatever their length, and planning each anew would cost more.
   A query that takes long is given up, since the others wait behind it. */
static PGconn *connect_start(const dv_config *config, dv_store_lane lane)
{
    const char *const keys[] = {"options",
                                "fallback_application_name",
                                "keepalives_idle",
                                "keepalives_interval",
                                "keepalives_count",
                                "tcp_user_timeout",
                                "dbname",
                                "client_encoding",
                                NULL};
    const char *const values[] = {lane == DV_STORE_WRITER ? "-c statement_timeout=30s" SETTINGS
                                                          : "-c statement_timeout=5s" SETTINGS,
                                  "drover",
                                  "10",
                                  "5",
                                  "3",
                                  "20000",
                                  config->database_url,
                                  "UTF8",
                                  NULL};
    return PQconnectStartParams(keys, values, 1);
}

static void conn_open(store_pg *self, conn *c, dv_time now, const dv_store_answers *answers)
{
    c->pg = connect_start(self->config, c->lane);
    if (c->pg == NULL) abort(); /* out of memory */
    c->phase = CONNECTING;
    c->polling = PGRES_POLLING_WRITING;
    c->due_ns = now.mono_ns + CONNECT_TIMEOUT_NS;
    PQsetNoticeProcessor(c->pg, log_notice, NULL);
    if (PQstatus(c->pg) == CONNECTION_BAD) conn_fail(c, PQerrorMessage(c->pg), now, answers);
}

static void conn_flush(conn *c)
{
    int rc = PQflush(c->pg);
    c->flushing = rc == 1;
    if (rc < 0) c->broken = true;
}

static void conn_prepare(conn *c)
{
    bool sent_all = PQsetnonblocking(c->pg, 1) == 0 && PQenterPipelineMode(c->pg) == 1;
    for (uint32_t i = 0; i < DV_STATEMENT_COUNT && sent_all; i++) {
        const dv_statement *s = &DV_STATEMENT_TABLE[i];
        sent_all = PQsendPrepare(c->pg, s->name, s->sql, 0, NULL) == 1;
    }
    if (!sent_all || PQpipelineSync(c->pg) != 1) c->broken = true;
    pipeline_push(c)->prepares = true;
    c->phase = PREPARING;
    conn_flush(c);
}

static void conn_poll(conn *c, dv_time now, const dv_store_answers *answers)
{
    c->polling = PQconnectPoll(c->pg);
    if (c->polling == PGRES_POLLING_FAILED)
        conn_fail(c, PQerrorMessage(c->pg), now, answers);
    else if (c->polling == PGRES_POLLING_OK)
        conn_prepare(c);
}

/* A request's sync has come: it is committed, or was undone. */
static void conn_synced(store_pg *self, conn *c, dv_time now, const dv_store_answers *answers)
{
    ExecStatusType status = PQresultStatus(c->pipeline[c->first].result);
    bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    const PGresult *result = c->pipeline[c->first].result;
    if (!good && (c->pipeline[c->first].prepares || is_ailing(sqlstate_of(result)))) {
        dv_text why = dv_arena_text(self->arena, dv_text_of(PQresultErrorMessage(result)));
        conn_fail(c, why.at, now, answers);
        dv_arena_reset(self->arena);
        return;
    }
    sent s = pipeline_pop(c);
    if (s.prepares) {
        c->phase = SERVING;
        c->serving_since_ns = now.mono_ns;
        dv_info("store_connected", NULL, dv_kv_string("lane", lane_name(c)));
    } else {
        if (good) c->backoff_ns = 0;
        answer_result(self, &s, answers);
    }
    PQclear(s.result);
}

/* Takes a result. The first error of a request stays; what follows it says only "aborted". */
static void conn_result(store_pg *self, conn *c, PGresult *result, dv_time now,
                        const dv_store_answers *answers)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        conn_synced(self, c, now, answers);
        return;
    }
    PGresult **kept = &c->pipeline[c->first].result;
    bool stays = *kept != NULL && PQresultStatus(*kept) == PGRES_FATAL_ERROR;
    if (stays || status == PGRES_PIPELINE_ABORTED) {
        PQclear(result);
        return;
    }
    PQclear(*kept);
    *kept = result;
}

static void conn_receive(store_pg *self, conn *c, dv_time now, const dv_store_answers *answers)
{
    bool alive = PQconsumeInput(c->pg) == 1;
    /* A null separates two requests' results; two in a row mean that nothing more has come. */
    for (int nulls = 0; nulls < 2 && c->count > 0 && c->pg != NULL && !PQisBusy(c->pg);) {
        PGresult *result = PQgetResult(c->pg);
        if (result == NULL) {
            nulls++;
            continue;
        }
        nulls = 0;
        conn_result(self, c, result, now, answers);
    }
    if (c->pg == NULL) return; /* failed meanwhile */
    if (!alive || PQstatus(c->pg) == CONNECTION_BAD)
        conn_fail(c, PQerrorMessage(c->pg), now, answers);
    else
        conn_flush(c);
}

/* ---- the store ---------------------------------------------------------------------------- */

static uint32_t depth_of(const conn *c)
{
    return c->lane == DV_STORE_WRITER ? WRITER_DEPTH : READER_DEPTH;
}

static uint32_t conn_room(const conn *c)
{
    return c->phase == SERVING && !c->broken ? depth_of(c) - c->count : 0;
}

static uint32_t pg_room(const dv_store *store, dv_store_lane lane)
{
    const store_pg *self = (const store_pg *)store;
    uint32_t room = 0;
    for (uint32_t i = 0; i < self->conn_count; i++)
        if (self->conns[i].lane == lane) room += conn_room(&self->conns[i]);
    return room;
}

static bool pg_away(const dv_store *store, dv_store_lane lane)
{
    const store_pg *self = (const store_pg *)store;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        const conn *c = &self->conns[i];
        if (c->lane == lane && c->phase == SERVING && !c->broken) return false;
    }
    return true;
}

/* The connection of a lane with the most room, each in turn where they have the same. */
static conn *conn_choose(store_pg *self, dv_store_lane lane)
{
    conn *best = NULL;
    self->next++;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        conn *c = &self->conns[(self->next + i) % self->conn_count];
        if (c->lane != lane || conn_room(c) == 0) continue;
        if (best == NULL || conn_room(c) > conn_room(best)) best = c;
    }
    return best;
}

static void pg_submit(dv_store *store, const dv_store_request *request)
{
    store_pg *self = (store_pg *)store;
    conn *c = conn_choose(self, dv_store_lane_of(request->type));
    assert(c != NULL); /* whoever submits has asked for room */
    const dv_statement *s = dv_query_write(request, self->arena, &self->params);
    const char *values[DV_PARAMS_MAX];
    int formats[DV_PARAMS_MAX];
    for (uint32_t i = 0; i < self->params.count; i++) {
        values[i] = self->params.bytes.bytes + self->params.at[i];
        formats[i] = 1; /* binary */
    }
    bool taken = PQsendQueryPrepared(c->pg, s->name, (int)self->params.count, values,
                                     self->params.sizes, formats, 0) == 1;
    if (!taken || PQpipelineSync(c->pg) != 1) c->broken = true;
    sent *entry = pipeline_push(c);
    entry->ticket = request->ticket;
    entry->type = request->type;
    entry->count = request->count;
    if (!c->broken) conn_flush(c);
    dv_arena_reset(self->arena);
}

static int64_t pg_tick(dv_store *store, dv_time now, const dv_store_answers *answers)
{
    store_pg *self = (store_pg *)store;
    int64_t next_ns = DV_NEVER;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        conn *c = &self->conns[i];
        if (c->broken) conn_fail(c, PQerrorMessage(c->pg), now, answers);
        if (c->phase == DOWN && c->due_ns <= now.mono_ns) conn_open(self, c, now, answers);
        if (c->phase != DOWN && c->phase != SERVING && c->due_ns <= now.mono_ns)
            conn_fail(c, "no answer in time", now, answers);
        if (c->phase != SERVING) next_ns = dv_min_i64(next_ns, c->due_ns);
    }
    return next_ns;
}

static uint32_t pg_watch(dv_store *store, dv_watch ret_watches[DV_WATCH_MAX])
{
    store_pg *self = (store_pg *)store;
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        const conn *c = &self->conns[i];
        if (c->phase == DOWN || PQsocket(c->pg) < 0) continue;
        bool connecting = c->phase == CONNECTING;
        ret_watches[count++] =
            (dv_watch){.fd = PQsocket(c->pg),
                       .readable = !connecting || c->polling == PGRES_POLLING_READING,
                       .writable = connecting ? c->polling == PGRES_POLLING_WRITING : c->flushing};
    }
    return count;
}

static void pg_ready(dv_store *store, dv_watch watch, dv_time now, const dv_store_answers *answers)
{
    store_pg *self = (store_pg *)store;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        conn *c = &self->conns[i];
        if (c->phase == DOWN || PQsocket(c->pg) != watch.fd) continue;
        if (c->phase == CONNECTING)
            conn_poll(c, now, answers);
        else
            conn_receive(self, c, now, answers);
        return;
    }
}

/* ---- start and end ------------------------------------------------------------------------ */

/* Who is meant by a URL, without its password. False when it is not a URL. */
static bool url_describe(const char *url, char ret_text[DV_REASON_MAX / 2])
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (options == NULL) return false;
    const char *user = "", *host = "", *port = "5432", *database = "";
    for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
        if (o->val == NULL) continue;
        if (strcmp(o->keyword, "user") == 0) user = o->val;
        if (strcmp(o->keyword, "host") == 0) host = o->val;
        if (strcmp(o->keyword, "port") == 0) port = o->val;
        if (strcmp(o->keyword, "dbname") == 0) database = o->val;
    }
    snprintf(ret_text, DV_REASON_MAX / 2, "postgresql://%s@%s:%s/%s", user, host, port, database);
    PQconninfoFree(options);
    return true;
}

/* Waits for the connections' descriptors and serves them once. */
static void turn(store_pg *self, const dv_store_answers *none)
{
    dv_watch watches[DV_WATCH_MAX];
    struct pollfd fds[DV_WATCH_MAX];
    pg_tick(&self->base, dv_time_now(), none);
    uint32_t count = pg_watch(&self->base, watches);
    for (uint32_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = watches[i].fd,
                                 .events = (short)((watches[i].readable ? POLLIN : 0) |
                                                   (watches[i].writable ? POLLOUT : 0))};
    poll(fds, count, START_PAUSE_MS / 10);
    for (uint32_t i = 0; i < count; i++)
        if (fds[i].revents != 0) pg_ready(&self->base, watches[i], dv_time_now(), none);
}

/* Migrates, waiting for a server that is not up yet. */
static dv_err migrate(const char *url, int64_t deadline_ns, char ret_why[DV_REASON_MAX])
{
    for (;;) {
        unsigned applied;
        dv_err error = dv_migrate(url, &applied, ret_why);
        if (error == DV_OK && applied > 0)
            dv_info("store_migrated", NULL, dv_kv_number("applied", applied));
        if (error != DV_STORE_AWAY || dv_time_now().mono_ns >= deadline_ns) return error;
        poll(NULL, 0, START_PAUSE_MS);
    }
}

static dv_err pg_start(dv_store *store, char ret_why[DV_REASON_MAX])
{
    store_pg *self = (store_pg *)store;
    const char *url = self->config->database_url;
    char whom[DV_REASON_MAX / 2], why[DV_REASON_MAX] = "no answer in time";
    if (!url_describe(url, whom)) {
        snprintf(ret_why, DV_REASON_MAX,
                 "database_url is not a PostgreSQL URL (postgresql://user:password@host/name)");
        return DV_CONFIG_INVALID;
    }
    int64_t deadline_ns = dv_time_now().mono_ns + self->config->start_timeout_ms * DV_NS_PER_MS;
    dv_err error = migrate(url, deadline_ns, why);
    const dv_store_answers none = {0}; /* nothing has been asked yet */
    bool up = false;
    while (error == DV_OK && !up && dv_time_now().mono_ns < deadline_ns) {
        turn(self, &none);
        up = !pg_away(store, DV_STORE_WRITER) && !pg_away(store, DV_STORE_READER);
    }
    if (error == DV_OK && up) return DV_OK;
    snprintf(ret_why, DV_REASON_MAX, "%.70s: %.90s; see DATABASE_URL", whom, why);
    return error != DV_OK ? error : DV_STORE_AWAY;
}

static void pg_destroy(dv_store **store)
{
    if (store == NULL || *store == NULL) return;
    store_pg *self = (store_pg *)*store;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        conn *c = &self->conns[i];
        while (c->count > 0) PQclear(pipeline_pop(c).result);
        PQfinish(c->pg);
    }
    dv_params_fini(&self->params);
    dv_arena_destroy(&self->arena);
    free(self);
    *store = NULL;
}

static const dv_store_class PG_CLASS = {
    .start = pg_start,
    .room = pg_room,
    .away = pg_away,
    .submit = pg_submit,
    .tick = pg_tick,
    .watch = pg_watch,
    .ready = pg_ready,
    .destroy = pg_destroy,
};

dv_store *dv_store_pg_new(const dv_config *config)
{
    store_pg *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->base.class = &PG_CLASS;
    self->config = config;
    self->arena = dv_arena_new();
    uint32_t writers = config->store_connections;
    if (writers > CONNS_MAX - 1) writers = CONNS_MAX - 1; /* the loop polls no more */
    self->conn_count = writers + 1;
    for (uint32_t i = 0; i < self->conn_count; i++)
        self->conns[i].lane = i == 0 ? DV_STORE_READER : DV_STORE_WRITER;
    return &self->base;
}
