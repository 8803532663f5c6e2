#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "actors/base/failpoint.h"
#include "actors/base/log.h"
#include "actors/persistence/pg/migrate.h"
#include "actors/persistence/pg/params.h"
#include "actors/persistence/pg/trouble.h"
#include "proto/arena.h"
#include "sql/queries.h"

/* ---- limits ------------------------------------------------------------------------------- */

#define WRITER_DEPTH 2  /* in a writer's: the server begins the next while we read the answer */
#define READER_DEPTH 64 /* requests in a reader's pipeline */
#define CONNS_MAX DV_WATCH_MAX
#define BACKOFF_MIN_NS (250 * DV_NS_PER_MS)
#define BACKOFF_MAX_NS (1000 * DV_NS_PER_MS) /* well below half a lease */
#define READERS 4 /* of which the first is for what is quick, unless the others are full */
#define CONNECT_TIMEOUT_NS (5000 * DV_NS_PER_MS) /* also to prepare the statements */
#define START_PAUSE_MS 250                       /* between tries to connect at start */

/* Without an answer for so long a lane counts as away, and then its connection is given up. The
   server gives a statement up in between (statement_timeout), if it can still be heard. */
static const int64_t SILENT_NS[DV_STORE_LANE_COUNT] = {
    [DV_STORE_WRITER] = 1500 * DV_NS_PER_MS,
    [DV_STORE_READER] = 6000 * DV_NS_PER_MS,
};
static const int64_t GIVE_UP_NS[DV_STORE_LANE_COUNT] = {
    [DV_STORE_WRITER] = 10000 * DV_NS_PER_MS,
    [DV_STORE_READER] = 8000 * DV_NS_PER_MS,
};
#define WRITER_TIMEOUT " -c statement_timeout=8s"
#define READER_TIMEOUT " -c statement_timeout=5s"

/* ---- state -------------------------------------------------------------------------------- */

/*   DOWN ─► CONNECTING ─► PREPARING ─► SERVING
      ▲          │            │           │
      └──────────┴────────────┴───────────┘ error; again after a growing pause */
typedef enum phase { DOWN, CONNECTING, PREPARING, SERVING } phase;

/* PREPARING has two entries in the pipeline that are nobody's request. */
typedef enum purpose { REQUEST, CHECKS, PREPARES } purpose;

/* A request in a connection's pipeline, up to the sync that commits it. */
typedef struct sent {
    purpose purpose;
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
    int64_t heard_ns; /* SERVING: of the last answer, or of what was asked first after it */
    sent pipeline[READER_DEPTH]; /* a ring */
    uint32_t first, count;
} conn;

typedef struct store_pg {
    dv_store base;
    const dv_persistence_config *config;
    uint32_t start_timeout_ms;
    conn conns[CONNS_MAX]; /* the readers, then the writers */
    uint32_t conn_count;
    uint32_t next;                           /* writer to prefer, so that all get their share */
    int64_t now_ns;                          /* of this turn */
    dv_trouble trouble[DV_STORE_LANE_COUNT]; /* the last one not seen to be over */
    char why[DV_REASON_MAX];                 /* the last connection was lost, for start */
    bool unsafe_told;                        /* that the server does not flush */
    dv_params params;
    dv_arena *arena;   /* of one answer */
    dv_arena *request; /* of one submit, maybe while an answer is given */
} store_pg;

/* ---- answers ------------------------------------------------------------------------------ */

/* Without the line that says where in the server's source it arose. */
static dv_text one_line(const char *message)
{
    const char *location = strstr(message, "\nLOCATION:");
    dv_text text = dv_text_of(message);
    if (location != NULL) text.size = (uint32_t)(location - message);
    while (text.size > 0 && text.at[text.size - 1] == '\n') text.size--;
    return text;
}

#define QUERY_CANCELED "57014"

/* Bad luck with others (serialization, deadlock, locks, timeouts): the same again may work. */
static bool is_unlucky(const char *sqlstate)
{
    return strncmp(sqlstate, "40", 2) == 0 || strcmp(sqlstate, "55P03") == 0 ||
           strcmp(sqlstate, QUERY_CANCELED) == 0;
}

/* Whether the server has said that it undid the request, and goes on serving: a connection that
   ends may have ended after the commit. */
static bool is_undone(const PGresult *result)
{
    const char *severity =
        result != NULL ? PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED) : NULL;
    return severity != NULL && strcmp(severity, "ERROR") == 0;
}

static const char *sqlstate_of(const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return sqlstate != NULL ? sqlstate : "08000"; /* libpq's own: the connection is lost */
}

static void answer_away(const dv_store_answers *answers, const sent *s, const char *why)
{
    dv_store_answer answer = {.ticket = s->ticket,
                              .type = s->type,
                              .error = DV_STORE_AWAY,
                              .undone = is_undone(s->result),
                              .error_text = one_line(why)};
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
        answer.undone = strcmp(sqlstate_of(s->result), QUERY_CANCELED) == 0;
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
static void conn_fail(store_pg *self, conn *c, dv_trouble trouble, const char *why, dv_time now,
                      const dv_store_answers *answers)
{
    bool served = c->phase == SERVING && now.mono_ns - c->serving_since_ns > BACKOFF_MAX_NS;
    c->backoff_ns = served || c->backoff_ns == 0 ? BACKOFF_MIN_NS
                                                 : dv_min_i64(2 * c->backoff_ns, BACKOFF_MAX_NS);
    dv_text line = one_line(why);
    dv_warn("store_connection_lost", NULL, dv_kv_string("lane", lane_name(c)),
            dv_kv_text("why", line), dv_kv_number("in_flight", c->count),
            dv_kv_number("retry_ms", c->backoff_ns / DV_NS_PER_MS));
    snprintf(self->why, sizeof self->why, "%.*s", (int)line.size, line.at);
    self->trouble[c->lane] = trouble;
    while (c->count > 0) {
        sent s = pipeline_pop(c);
        if (s.purpose == REQUEST) answer_away(answers, &s, why);
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

#define SETTINGS                                                                                   \
    " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off"        \
    " -c jit=off"                                                                                  \
    " -c client_connection_check_interval=1s"
#define LOOK_UPS " -c enable_mergejoin=off -c enable_hashjoin=off"

/* The URL's own settings win over ours, but for the encoding. A peer that is gone without a word is
   noticed within seconds, here by the kernel, and by the server while it serves a statement. Plans
   are generic: a batch's arrays are looked up by primary key whatever their length, and planning
   each anew would cost more. They are also made while the tables are empty, or on statistics that
   are hours old: each statement is written for an index that gives its rows in order, and the
   settings keep whole tables from being scanned, sorted or joined instead; a reader looks a page's
   orders up one by one. A query that takes long is given up, since the others wait behind it. */
static PGconn *connect_start(const dv_persistence_config *config, dv_store_lane lane)
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
    const char *const values[] = {lane == DV_STORE_WRITER ? WRITER_TIMEOUT SETTINGS
                                                          : READER_TIMEOUT SETTINGS LOOK_UPS,
                                  "drover",
                                  "5",
                                  "2",
                                  "2",
                                  "5000",
                                  config->database_url,
                                  "UTF8",
                                  NULL};
    return PQconnectStartParams(keys, values, 1);
}

/* Why a connection was not made. */
static void conn_refused(store_pg *self, conn *c, dv_time now, const dv_store_answers *answers)
{
    char sqlstate[6];
    const char *message = PQerrorMessage(c->pg);
    dv_trouble_sqlstate(message, sqlstate);
    dv_trouble trouble = dv_trouble_of(sqlstate);
    conn_fail(self, c, trouble != DV_TROUBLE_NONE ? trouble : DV_TROUBLE_UNREACHABLE, message, now,
              answers);
}

static void conn_open(store_pg *self, conn *c, dv_time now, const dv_store_answers *answers)
{
    c->pg = connect_start(self->config, c->lane);
    if (c->pg == NULL) abort(); /* out of memory */
    c->phase = CONNECTING;
    c->polling = PGRES_POLLING_WRITING;
    c->due_ns = now.mono_ns + CONNECT_TIMEOUT_NS;
    PQsetNoticeProcessor(c->pg, log_notice, NULL);
    PQsetErrorVerbosity(c->pg, PQERRORS_VERBOSE); /* with the SQLSTATE, while connecting */
    if (PQstatus(c->pg) == CONNECTION_BAD) conn_refused(self, c, now, answers);
}

static void conn_flush(conn *c)
{
    int rc = PQflush(c->pg);
    c->flushing = rc == 1;
    if (rc < 0) c->broken = true;
}

static bool prepares_send(conn *c)
{
    for (uint32_t i = 0; i < DV_SQL_COUNT; i++) {
        const dv_statement *s = &DV_SQL[i];
        if (PQsendPrepare(c->pg, s->name, s->sql, 0, NULL) != 1) return false;
    }
    return PQpipelineSync(c->pg) == 1;
}

/* Two requests of our own: what the connection is worth, and then the statements. */
static void conn_prepare(conn *c)
{
    PQsetErrorVerbosity(c->pg, PQERRORS_DEFAULT);
    bool sent_all = PQsetnonblocking(c->pg, 1) == 0 && PQenterPipelineMode(c->pg) == 1 &&
                    PQsendQueryParams(c->pg, DV_SETUP[DV_SETUP_session].sql, 0, NULL, NULL, NULL,
                                      NULL, 0) == 1 &&
                    PQpipelineSync(c->pg) == 1 && prepares_send(c);
    if (!sent_all) c->broken = true;
    pipeline_push(c)->purpose = CHECKS;
    pipeline_push(c)->purpose = PREPARES;
    c->phase = PREPARING;
    conn_flush(c);
}

static void conn_poll(store_pg *self, conn *c, dv_time now, const dv_store_answers *answers)
{
    c->polling = PQconnectPoll(c->pg);
    if (c->polling == PGRES_POLLING_FAILED)
        conn_refused(self, c, now, answers);
    else if (c->polling == PGRES_POLLING_OK)
        conn_prepare(c);
}

/* The server's word on itself. False when the connection is of no use. */
static bool checks_pass(store_pg *self, conn *c, const PGresult *result, dv_time now,
                        const dv_store_answers *answers)
{
    bool writes = c->lane == DV_STORE_WRITER;
    if (strcmp(PQgetvalue(result, 0, 1), "on") != 0 && !self->unsafe_told) {
        dv_error("store_unsafe", NULL, dv_kv_string("fsync", PQgetvalue(result, 0, 1)),
                 dv_kv_string("why", "what PostgreSQL has committed is lost if its machine fails"));
        self->unsafe_told = true;
    }
    if (!writes || strcmp(PQgetvalue(result, 0, 0), "off") == 0) return true;
    conn_fail(self, c, DV_TROUBLE_READ_ONLY, "the server is read-only", now, answers);
    return false;
}

static void conn_serves(store_pg *self, conn *c, dv_time now)
{
    c->phase = SERVING;
    c->serving_since_ns = now.mono_ns;
    if (!dv_trouble_shows_in_writes(self->trouble[c->lane]))
        self->trouble[c->lane] = DV_TROUBLE_NONE;
    dv_info("store_connected", NULL, dv_kv_string("lane", lane_name(c)));
}

/* What an error says of the server. Ours must not fail at all. */
static dv_trouble trouble_of(const sent *s)
{
    dv_trouble trouble = dv_trouble_of(sqlstate_of(s->result));
    bool ours = s->purpose != REQUEST;
    return trouble == DV_TROUBLE_NONE && ours ? DV_TROUBLE_UNREACHABLE : trouble;
}

/* Whether a request writes orders; for failpoints. */
static inline bool is_batch(dv_store_type type)
{
    return type == DV_STORE_INSERT || type == DV_STORE_STEP;
}

/* A request's sync has come: it is committed, or was undone. */
static void conn_synced(store_pg *self, conn *c, dv_time now, const dv_store_answers *answers)
{
    const sent *first = &c->pipeline[c->first];
    ExecStatusType status = PQresultStatus(first->result);
    bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    dv_trouble trouble = good ? DV_TROUBLE_NONE : trouble_of(first);
    if (trouble != DV_TROUBLE_NONE) {
        dv_text why = dv_arena_text(self->arena, dv_text_of(PQresultErrorMessage(first->result)));
        conn_fail(self, c, trouble, why.at, now, answers);
        dv_arena_reset(self->arena);
        return;
    }
    sent s = pipeline_pop(c);
    c->heard_ns = now.mono_ns;
    if (s.purpose == CHECKS)
        checks_pass(self, c, s.result, now, answers);
    else if (s.purpose == PREPARES)
        conn_serves(self, c, now);
    else {
        if (good) {
            c->backoff_ns = 0;
            self->trouble[c->lane] = DV_TROUBLE_NONE;
        }
        if (is_batch(s.type)) DV_FAILPOINT("store:answered");
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
        conn_fail(self, c, DV_TROUBLE_UNREACHABLE, PQerrorMessage(c->pg), now, answers);
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

/* When a connection has been without the answer that it owes for a time; DV_NEVER: it owes none. */
static int64_t overdue_ns(const conn *c, const int64_t limits_ns[DV_STORE_LANE_COUNT])
{
    return c->phase == SERVING && c->count > 0 ? c->heard_ns + limits_ns[c->lane] : DV_NEVER;
}

static bool pg_away(const dv_store *store, dv_store_lane lane)
{
    const store_pg *self = (const store_pg *)store;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        const conn *c = &self->conns[i];
        bool serves = c->lane == lane && c->phase == SERVING && !c->broken;
        if (serves && overdue_ns(c, SILENT_NS) > self->now_ns) return false;
    }
    return true;
}

static const char *pg_trouble(const dv_store *store, dv_store_lane lane)
{
    const store_pg *self = (const store_pg *)store;
    dv_trouble trouble = self->trouble[lane];
    bool silent = false;
    for (uint32_t i = 0; i < self->conn_count; i++)
        silent |= self->conns[i].lane == lane && self->conns[i].phase == SERVING;
    if (pg_away(store, lane) && (silent || trouble == DV_TROUBLE_NONE))
        trouble = silent ? DV_TROUBLE_SILENT : DV_TROUBLE_UNREACHABLE;
    return trouble != DV_TROUBLE_NONE ? dv_trouble_text(trouble, lane) : NULL;
}

/* Whether a query reads a row or a few. */
static bool is_quick(dv_store_type type)
{
    return type == DV_STORE_GET || type == DV_STORE_STATS;
}

/* Queries are spread over the readers, but lists leave the first one alone, so that whoever asks
   for one order never waits for them. A writer's pipeline is filled before another one is begun,
   since commits of two wait for one another. */
static bool is_better(const store_pg *self, dv_store_type type, const conn *c, const conn *than)
{
    const conn *quick = &self->conns[0];
    if (!is_quick(type) && (c == quick || than == quick)) return than == quick;
    bool fuller = conn_room(c) < conn_room(than);
    return c->lane == DV_STORE_WRITER ? fuller : conn_room(c) > conn_room(than);
}

/* The best connection with room for a request, each in turn where they are as good; NULL: none has.
 */
static conn *conn_choose(store_pg *self, dv_store_type type)
{
    dv_store_lane lane = dv_store_lane_of(type);
    conn *best = NULL;
    self->next++;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        conn *c = &self->conns[(self->next + i) % self->conn_count];
        if (c->lane != lane || conn_room(c) == 0) continue;
        if (best == NULL || is_better(self, type, c, best)) best = c;
    }
    return best;
}

static void pg_submit(dv_store *store, const dv_store_request *request)
{
    store_pg *self = (store_pg *)store;
    conn *c = conn_choose(self, request->type);
    assert(c != NULL); /* whoever submits has asked for room */
    const dv_statement *s = dv_query_write(request, self->request, &self->params);
    const char *values[DV_PARAMS_MAX];
    int formats[DV_PARAMS_MAX];
    for (uint32_t i = 0; i < self->params.count; i++) {
        values[i] = self->params.bytes.bytes + self->params.at[i];
        formats[i] = 1; /* binary */
    }
    bool taken = PQsendQueryPrepared(c->pg, s->name, (int)self->params.count, values,
                                     self->params.sizes, formats, 0) == 1;
    if (!taken || PQpipelineSync(c->pg) != 1) c->broken = true;
    if (c->count == 0) c->heard_ns = self->now_ns;
    sent *entry = pipeline_push(c);
    entry->ticket = request->ticket;
    entry->type = request->type;
    entry->count = request->count;
    if (!c->broken) conn_flush(c);
    if (is_batch(request->type)) DV_FAILPOINT("store:submitted");
    dv_arena_reset(self->request);
}

/* Does what is due for a connection; returns when it next is. */
static int64_t conn_tick(store_pg *self, conn *c, dv_time now, const dv_store_answers *answers)
{
    bool late = c->phase != DOWN && c->phase != SERVING && c->due_ns <= now.mono_ns;
    if (c->broken)
        conn_fail(self, c, DV_TROUBLE_UNREACHABLE, PQerrorMessage(c->pg), now, answers);
    else if (late || overdue_ns(c, GIVE_UP_NS) <= now.mono_ns)
        conn_fail(self, c, DV_TROUBLE_SILENT, "no answer in time", now, answers);
    if (c->phase == DOWN && c->due_ns <= now.mono_ns) conn_open(self, c, now, answers);
    if (c->phase != SERVING) return c->due_ns;
    int64_t silent_ns = overdue_ns(c, SILENT_NS);
    return silent_ns > now.mono_ns ? silent_ns : overdue_ns(c, GIVE_UP_NS);
}

static int64_t pg_tick(dv_store *store, dv_time now, const dv_store_answers *answers)
{
    store_pg *self = (store_pg *)store;
    int64_t next_ns = DV_NEVER;
    self->now_ns = now.mono_ns;
    for (uint32_t i = 0; i < self->conn_count; i++)
        next_ns = dv_min_i64(next_ns, conn_tick(self, &self->conns[i], now, answers));
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
    self->now_ns = now.mono_ns;
    for (uint32_t i = 0; i < self->conn_count; i++) {
        conn *c = &self->conns[i];
        if (c->phase == DOWN || PQsocket(c->pg) != watch.fd) continue;
        if (c->phase == CONNECTING)
            conn_poll(self, c, now, answers);
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
    /* A little less than the shell waits, so that it hears why. */
    int64_t deadline_ns = dv_time_now().mono_ns + self->start_timeout_ms * DV_NS_PER_MS / 10 * 9;
    dv_err error = migrate(url, deadline_ns, why);
    const dv_store_answers none = {0}; /* nothing has been asked yet */
    bool up = false, vain = false;
    while (error == DV_OK && !up && !vain && dv_time_now().mono_ns < deadline_ns) {
        turn(self, &none);
        up = !pg_away(store, DV_STORE_WRITER) && !pg_away(store, DV_STORE_READER);
        for (dv_store_lane lane = 0; lane < DV_STORE_LANE_COUNT; lane++)
            vain = vain || dv_trouble_lasts(self->trouble[lane]);
    }
    if (error == DV_OK && up) return DV_OK;
    if (self->why[0] != '\0') snprintf(why, sizeof why, "%s", self->why);
    snprintf(ret_why, DV_REASON_MAX, "%.60s: %.118s; see DATABASE_URL", whom, why);
    if (error == DV_OK) error = vain ? DV_STORE_REFUSED : DV_STORE_AWAY;
    return error;
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
    dv_arena_destroy(&self->request);
    free(self);
    *store = NULL;
}

static const dv_store_class PG_CLASS = {
    .start = pg_start,
    .room = pg_room,
    .away = pg_away,
    .trouble = pg_trouble,
    .submit = pg_submit,
    .tick = pg_tick,
    .watch = pg_watch,
    .ready = pg_ready,
    .destroy = pg_destroy,
};

dv_store *dv_store_pg_new(const dv_persistence_config *config, uint32_t start_timeout_ms)
{
    store_pg *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->base.class = &PG_CLASS;
    self->config = config;
    self->start_timeout_ms = start_timeout_ms;
    self->arena = dv_arena_new();
    self->request = dv_arena_new();
    uint32_t writers = config->store_connections;
    if (writers > CONNS_MAX - READERS) writers = CONNS_MAX - READERS; /* the loop polls no more */
    self->conn_count = READERS + writers;
    for (uint32_t i = 0; i < self->conn_count; i++)
        self->conns[i].lane = i < READERS ? DV_STORE_READER : DV_STORE_WRITER;
    return &self->base;
}
