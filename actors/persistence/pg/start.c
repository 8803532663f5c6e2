#include "actors/persistence/pg/start.h"

#include <poll.h>

#include "actors/base/log.h"
#include "actors/persistence/pg/migrate.h"

#define START_PAUSE_MS 250 /* between tries to connect */

/* Describes the server of a URL, without the password. False when it is not a URL. */
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
static void turn(dv_store *store, const dv_store_answers *none)
{
    dv_watch watches[DV_WATCH_MAX];
    struct pollfd fds[DV_WATCH_MAX];
    store->class->tick(store, dv_time_now(), none);
    uint32_t count = store->class->watch(store, watches);
    for (uint32_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = watches[i].fd,
                                 .events = (short)((watches[i].readable ? POLLIN : 0) |
                                                   (watches[i].writable ? POLLOUT : 0))};
    poll(fds, count, START_PAUSE_MS / 10);
    for (uint32_t i = 0; i < count; i++)
        if (fds[i].revents != 0) store->class->ready(store, watches[i], dv_time_now(), none);
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

/* Connects. STORE_REFUSED: waiting longer would be in vain. */
static dv_err connect_all(dv_store *store, const dv_pg_shared *shared, int64_t deadline_ns)
{
    const dv_store_answers none = {0}; /* nothing has been asked yet */
    while (dv_time_now().mono_ns < deadline_ns) {
        bool up = true, vain = false;
        turn(store, &none);
        for (dv_store_lane lane = 0; lane < DV_STORE_LANE_COUNT; lane++) {
            up = up && !store->class->away(store, lane);
            vain = vain || dv_trouble_lasts(shared->trouble[lane]);
        }
        if (up) return DV_OK;
        if (vain) return DV_STORE_REFUSED;
    }
    return DV_STORE_AWAY;
}

dv_err dv_pg_start(dv_store *store, const dv_pg_shared *shared, uint32_t timeout_ms,
                   char ret_why[DV_REASON_MAX])
{
    char server[DV_REASON_MAX / 2], why[DV_REASON_MAX] = "no answer in time";
    if (!url_describe(shared->url, server)) {
        snprintf(ret_why, DV_REASON_MAX,
                 "database_url is not a PostgreSQL URL (postgresql://user:password@host/name)");
        return DV_CONFIG_INVALID;
    }
    /* A little less than the shell waits, so that it hears why. */
    int64_t deadline_ns = dv_time_now().mono_ns + timeout_ms * DV_NS_PER_MS / 10 * 9;
    dv_err error = migrate(shared->url, deadline_ns, why);
    if (error == DV_OK) error = connect_all(store, shared, deadline_ns);
    if (error == DV_OK) return DV_OK;
    if (shared->why[0] != '\0') snprintf(why, sizeof why, "%s", shared->why);
    snprintf(ret_why, DV_REASON_MAX, "%.60s: %.118s; see DATABASE_URL", server, why);
    return error;
}
