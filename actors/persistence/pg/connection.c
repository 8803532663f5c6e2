#include "actors/persistence/pg/connection.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/base/failpoint.h"
#include "actors/base/log.h"
#include "sql/queries.h"

#define BACKOFF_MIN_NS (250 * DV_NS_PER_MS)
#define BACKOFF_MAX_NS (1000 * DV_NS_PER_MS)     /* well below half a lease */
#define CONNECT_TIMEOUT_NS (5000 * DV_NS_PER_MS) /* also to prepare the statements */

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

/* Whether the server has said that it undid the request, and goes on serving. A connection that ends
   may have ended after the commit. */
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

static void answer_away(const dv_store_answers *answers, const dv_pg_sent *s, const char *why)
{
    dv_store_answer answer = {.ticket = s->request.ticket,
                              .error = DV_STORE_AWAY,
                              .undone = is_undone(s->result),
                              .error_text = one_line(why)};
    answers->answer(answers->context, &answer);
}

static void answer_result(dv_pg_shared *shared, const dv_pg_sent *s,
                          const dv_store_answers *answers)
{
    dv_store_answer answer = {0};
    if (PQresultStatus(s->result) == PGRES_TUPLES_OK) {
        dv_err error = s->request.query->read(s->result, &s->request, shared->answer, &answer);
        if (error != DV_OK)
            answer = (dv_store_answer){.error = error,
                                       .error_text = dv_text_of("rows are not as expected")};
    } else {
        answer.error = is_unlucky(sqlstate_of(s->result)) ? DV_STORE_AWAY : DV_STORE_REFUSED;
        answer.undone = strcmp(sqlstate_of(s->result), QUERY_CANCELED) == 0;
        answer.error_text = one_line(PQresultErrorMessage(s->result));
    }
    answer.ticket = s->request.ticket;
    answers->answer(answers->context, &answer);
    dv_arena_reset(shared->answer);
}

/* ---- the pipeline ------------------------------------------------------------------------- */

static dv_pg_sent *pipeline_push(dv_pg_conn *c)
{
    assert(c->count < DV_PG_READER_DEPTH);
    dv_pg_sent *s = &c->pipeline[(c->first + c->count++) % DV_PG_READER_DEPTH];
    *s = (dv_pg_sent){0};
    return s;
}

static dv_pg_sent pipeline_pop(dv_pg_conn *c)
{
    dv_pg_sent s = c->pipeline[c->first];
    c->first = (c->first + 1) % DV_PG_READER_DEPTH;
    c->count--;
    return s;
}

static const char *lane_name(const dv_pg_conn *c)
{
    return c->lane == DV_STORE_WRITER ? "writer" : "reader";
}

/* Drops the connection and answers what was in its pipeline; connects again after a pause, longer
   each time unless the connection had served for a while. */
static void conn_fail(dv_pg_shared *shared, dv_pg_conn *c, dv_trouble trouble, const char *why,
                      dv_time now, const dv_store_answers *answers)
{
    bool served = c->phase == DV_PG_SERVING && now.mono_ns - c->serving_since_ns > BACKOFF_MAX_NS;
    c->backoff_ns = served || c->backoff_ns == 0 ? BACKOFF_MIN_NS
                                                 : dv_min_i64(2 * c->backoff_ns, BACKOFF_MAX_NS);
    dv_text line = one_line(why);
    dv_warn("store_connection_lost", NULL, dv_kv_string("lane", lane_name(c)),
            dv_kv_text("why", line), dv_kv_number("in_flight", c->count),
            dv_kv_number("retry_ms", c->backoff_ns / DV_NS_PER_MS));
    snprintf(shared->why, sizeof shared->why, "%.*s", (int)line.size, line.at);
    shared->trouble[c->lane] = trouble;
    while (c->count > 0) {
        dv_pg_sent s = pipeline_pop(c);
        if (s.purpose == DV_PG_REQUEST) answer_away(answers, &s, why);
        PQclear(s.result);
    }
    PQfinish(c->pg);
    c->pg = NULL;
    c->phase = DV_PG_DOWN;
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
static PGconn *connect_start(const char *url, dv_store_lane lane)
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
                                  url,
                                  "UTF8",
                                  NULL};
    return PQconnectStartParams(keys, values, 1);
}

/* Why a connection was not made. */
static void conn_refused(dv_pg_shared *shared, dv_pg_conn *c, dv_time now,
                         const dv_store_answers *answers)
{
    char sqlstate[6];
    const char *message = PQerrorMessage(c->pg);
    dv_trouble_sqlstate(message, sqlstate);
    dv_trouble trouble = dv_trouble_of(sqlstate);
    conn_fail(shared, c, trouble != DV_TROUBLE_NONE ? trouble : DV_TROUBLE_UNREACHABLE, message,
              now, answers);
}

static void conn_open(dv_pg_shared *shared, dv_pg_conn *c, dv_time now,
                      const dv_store_answers *answers)
{
    c->pg = connect_start(shared->url, c->lane);
    if (c->pg == NULL) abort(); /* out of memory */
    c->phase = DV_PG_CONNECTING;
    c->polling = PGRES_POLLING_WRITING;
    c->due_ns = now.mono_ns + CONNECT_TIMEOUT_NS;
    PQsetNoticeProcessor(c->pg, log_notice, NULL);
    PQsetErrorVerbosity(c->pg, PQERRORS_VERBOSE); /* with the SQLSTATE, while connecting */
    if (PQstatus(c->pg) == CONNECTION_BAD) conn_refused(shared, c, now, answers);
}

static void conn_flush(dv_pg_conn *c)
{
    int rc = PQflush(c->pg);
    c->flushing = rc == 1;
    if (rc < 0) c->broken = true;
}

static bool prepares_send(dv_pg_conn *c)
{
    for (uint32_t i = 0; i < DV_SQL_COUNT; i++) {
        const dv_statement *s = &DV_SQL[i];
        if (PQsendPrepare(c->pg, s->name, s->sql, 0, NULL) != 1) return false;
    }
    return PQpipelineSync(c->pg) == 1;
}

/* Sends the two set-up requests: check the server's settings, then prepare all statements. */
static void conn_prepare(dv_pg_conn *c)
{
    PQsetErrorVerbosity(c->pg, PQERRORS_DEFAULT);
    bool sent_all = PQsetnonblocking(c->pg, 1) == 0 && PQenterPipelineMode(c->pg) == 1 &&
                    PQsendQueryParams(c->pg, DV_SETUP[DV_SETUP_session].sql, 0, NULL, NULL, NULL,
                                      NULL, 0) == 1 &&
                    PQpipelineSync(c->pg) == 1 && prepares_send(c);
    if (!sent_all) c->broken = true;
    pipeline_push(c)->purpose = DV_PG_CHECKS;
    pipeline_push(c)->purpose = DV_PG_PREPARES;
    c->phase = DV_PG_PREPARING;
    conn_flush(c);
}

static void conn_poll(dv_pg_shared *shared, dv_pg_conn *c, dv_time now,
                      const dv_store_answers *answers)
{
    c->polling = PQconnectPoll(c->pg);
    if (c->polling == PGRES_POLLING_FAILED)
        conn_refused(shared, c, now, answers);
    else if (c->polling == PGRES_POLLING_OK)
        conn_prepare(c);
}

/* Reads the server's settings. False when the connection is of no use. */
static bool checks_pass(dv_pg_shared *shared, dv_pg_conn *c, const PGresult *result, dv_time now,
                        const dv_store_answers *answers)
{
    bool writes = c->lane == DV_STORE_WRITER;
    if (strcmp(PQgetvalue(result, 0, 1), "on") != 0 && !shared->unsafe_told) {
        dv_error("store_unsafe", NULL, dv_kv_string("fsync", PQgetvalue(result, 0, 1)),
                 dv_kv_string("why", "what PostgreSQL has committed is lost if its machine fails"));
        shared->unsafe_told = true;
    }
    if (!writes || strcmp(PQgetvalue(result, 0, 0), "off") == 0) return true;
    conn_fail(shared, c, DV_TROUBLE_READ_ONLY, "the server is read-only", now, answers);
    return false;
}

static void conn_serves(dv_pg_shared *shared, dv_pg_conn *c, dv_time now)
{
    c->phase = DV_PG_SERVING;
    c->serving_since_ns = now.mono_ns;
    if (!dv_trouble_shows_in_writes(shared->trouble[c->lane]))
        shared->trouble[c->lane] = DV_TROUBLE_NONE;
    dv_info("store_connected", NULL, dv_kv_string("lane", lane_name(c)));
}

/* What an error says of the server. The set-up requests must not fail at all. */
static dv_trouble trouble_of(const dv_pg_sent *s)
{
    dv_trouble trouble = dv_trouble_of(sqlstate_of(s->result));
    bool ours = s->purpose != DV_PG_REQUEST;
    return trouble == DV_TROUBLE_NONE && ours ? DV_TROUBLE_UNREACHABLE : trouble;
}

/* Whether a query writes orders; for failpoints. */
static inline bool is_write(const dv_query *query)
{
    return query == &DV_QUERY_insert || query == &DV_QUERY_step;
}

/* A request's sync has come: the request is committed, or was undone. */
static void conn_synced(dv_pg_shared *shared, dv_pg_conn *c, dv_time now,
                        const dv_store_answers *answers)
{
    const dv_pg_sent *first = &c->pipeline[c->first];
    ExecStatusType status = PQresultStatus(first->result);
    bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    dv_trouble trouble = good ? DV_TROUBLE_NONE : trouble_of(first);
    if (trouble != DV_TROUBLE_NONE) {
        dv_text why =
            dv_arena_text(shared->answer, dv_text_of(PQresultErrorMessage(first->result)));
        conn_fail(shared, c, trouble, why.at, now, answers);
        dv_arena_reset(shared->answer);
        return;
    }
    dv_pg_sent s = pipeline_pop(c);
    c->heard_ns = now.mono_ns;
    if (s.purpose == DV_PG_CHECKS)
        checks_pass(shared, c, s.result, now, answers);
    else if (s.purpose == DV_PG_PREPARES)
        conn_serves(shared, c, now);
    else {
        if (good) {
            c->backoff_ns = 0;
            shared->trouble[c->lane] = DV_TROUBLE_NONE;
        }
        if (is_write(s.request.query)) DV_FAILPOINT("store:answered");
        answer_result(shared, &s, answers);
    }
    PQclear(s.result);
}

/* Takes a result. The first error of a request stays; what follows it says only "aborted". */
static void conn_result(dv_pg_shared *shared, dv_pg_conn *c, PGresult *result, dv_time now,
                        const dv_store_answers *answers)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        conn_synced(shared, c, now, answers);
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

static void conn_receive(dv_pg_shared *shared, dv_pg_conn *c, dv_time now,
                         const dv_store_answers *answers)
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
        conn_result(shared, c, result, now, answers);
    }
    if (c->pg == NULL) return; /* failed meanwhile */
    if (!alive || PQstatus(c->pg) == CONNECTION_BAD)
        conn_fail(shared, c, DV_TROUBLE_UNREACHABLE, PQerrorMessage(c->pg), now, answers);
    else
        conn_flush(c);
}

/* ---- what the store asks of it ------------------------------------------------------------ */

uint32_t dv_pg_conn_room(const dv_pg_conn *c)
{
    uint32_t depth = c->lane == DV_STORE_WRITER ? DV_PG_WRITER_DEPTH : DV_PG_READER_DEPTH;
    return c->phase == DV_PG_SERVING && !c->broken ? depth - c->count : 0;
}

/* When a connection has been without the answer that it owes for a time; DV_NEVER: it owes none. */
static int64_t overdue_ns(const dv_pg_conn *c, const int64_t limits_ns[DV_STORE_LANE_COUNT])
{
    return c->phase == DV_PG_SERVING && c->count > 0 ? c->heard_ns + limits_ns[c->lane] : DV_NEVER;
}

bool dv_pg_conn_serves(const dv_pg_conn *c, int64_t now_ns)
{
    return c->phase == DV_PG_SERVING && !c->broken && overdue_ns(c, SILENT_NS) > now_ns;
}

void dv_pg_conn_submit(dv_pg_shared *shared, dv_pg_conn *c, const dv_store_request *request,
                       int64_t now_ns)
{
    dv_params *params = &shared->params;
    dv_params_clear(params);
    const dv_statement *s = request->query->bind(request, shared->request, params);
    assert(params->count == s->params);
    const char *values[DV_PARAMS_MAX];
    int formats[DV_PARAMS_MAX];
    for (uint32_t i = 0; i < params->count; i++) {
        values[i] = params->bytes.bytes + params->at[i];
        formats[i] = 1; /* binary */
    }
    bool taken = PQsendQueryPrepared(c->pg, s->name, (int)params->count, values, params->sizes,
                                     formats, 0) == 1;
    if (!taken || PQpipelineSync(c->pg) != 1) c->broken = true;
    if (c->count == 0) c->heard_ns = now_ns;
    dv_pg_sent *entry = pipeline_push(c);
    entry->request = *request;
    entry->request.rows = NULL;
    if (!c->broken) conn_flush(c);
    if (is_write(request->query)) DV_FAILPOINT("store:submitted");
    dv_arena_reset(shared->request);
}

/* Does what is due for a connection; returns when it next is. */
int64_t dv_pg_conn_tick(dv_pg_shared *shared, dv_pg_conn *c, dv_time now,
                        const dv_store_answers *answers)
{
    bool late = c->phase != DV_PG_DOWN && c->phase != DV_PG_SERVING && c->due_ns <= now.mono_ns;
    if (c->broken)
        conn_fail(shared, c, DV_TROUBLE_UNREACHABLE, PQerrorMessage(c->pg), now, answers);
    else if (late || overdue_ns(c, GIVE_UP_NS) <= now.mono_ns)
        conn_fail(shared, c, DV_TROUBLE_SILENT, "no answer in time", now, answers);
    if (c->phase == DV_PG_DOWN && c->due_ns <= now.mono_ns) conn_open(shared, c, now, answers);
    if (c->phase != DV_PG_SERVING) return c->due_ns;
    int64_t silent_ns = overdue_ns(c, SILENT_NS);
    return silent_ns > now.mono_ns ? silent_ns : overdue_ns(c, GIVE_UP_NS);
}

bool dv_pg_conn_watch(const dv_pg_conn *c, dv_watch *ret_watch)
{
    if (c->phase == DV_PG_DOWN || PQsocket(c->pg) < 0) return false;
    bool connecting = c->phase == DV_PG_CONNECTING;
    *ret_watch =
        (dv_watch){.fd = PQsocket(c->pg),
                   .readable = !connecting || c->polling == PGRES_POLLING_READING,
                   .writable = connecting ? c->polling == PGRES_POLLING_WRITING : c->flushing};
    return true;
}

void dv_pg_conn_ready(dv_pg_shared *shared, dv_pg_conn *c, dv_time now,
                      const dv_store_answers *answers)
{
    if (c->phase == DV_PG_CONNECTING)
        conn_poll(shared, c, now, answers);
    else
        conn_receive(shared, c, now, answers);
}

void dv_pg_conn_fini(dv_pg_conn *c)
{
    while (c->count > 0) PQclear(pipeline_pop(c).result);
    PQfinish(c->pg);
    c->pg = NULL;
}
