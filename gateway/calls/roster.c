#include "gateway/calls/roster.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SILENT_AFTER_NS (3000 * DV_NS_PER_MS)
#define FORGET_AFTER_NS (60000 * DV_NS_PER_MS) /* of silence */

typedef struct row {
    dv_instance instance; /* without the members that depend on the time of judging */
    int64_t beat_at_ns;
} row;

struct dv_roster {
    pthread_mutex_t mutex; /* guards rows */
    row rows[DV_ROSTER_MAX];
    uint32_t count;
    dv_instance gateway; /* this instance; constant */
    dv_roles expected;   /* constant */
    _Atomic dv_stage stage;
};

dv_roster *dv_roster_new(const char *name, dv_roles expected)
{
    dv_roster *roster = calloc(1, sizeof *roster);
    if (roster == NULL) abort();
    pthread_mutex_init(&roster->mutex, NULL);
    roster->expected = expected;
    roster->gateway = (dv_instance){
        .heard = true, .pid = (uint32_t)getpid(), .started_at_us = (uint64_t)dv_time_now().wall_us};
    dv_text_copy(roster->gateway.name, sizeof roster->gateway.name, dv_text_of(name));
    return roster;
}

void dv_roster_destroy(dv_roster **roster)
{
    if (*roster == NULL) return;
    pthread_mutex_destroy(&(*roster)->mutex);
    free(*roster);
    *roster = NULL;
}

/* The row of an actor. An unknown actor gets a new row, or the row that was silent the longest. */
static row *row_of(dv_roster *roster, dv_text actor)
{
    row *oldest = &roster->rows[0];
    for (uint32_t i = 0; i < roster->count; i++) {
        if (dv_text_is(actor, roster->rows[i].instance.name)) return &roster->rows[i];
        if (roster->rows[i].beat_at_ns < oldest->beat_at_ns) oldest = &roster->rows[i];
    }
    row *r = roster->count < DV_ROSTER_MAX ? &roster->rows[roster->count++] : oldest;
    *r = (row){0};
    return r;
}

bool dv_roster_beat(dv_roster *roster, const dv_beat_event *beat, dv_time now)
{
    if (dv_text_is(beat->actor, roster->gateway.name)) return false;
    pthread_mutex_lock(&roster->mutex);
    row *r = row_of(roster, beat->actor);
    bool is_new = r->instance.pid != beat->pid ||
                  r->instance.started_at_us != beat->started_at_us ||
                  now.mono_ns - r->beat_at_ns > SILENT_AFTER_NS;
    r->beat_at_ns = now.mono_ns;
    r->instance = (dv_instance){.heard = true,
                                .degraded = (uint16_t)beat->degraded,
                                .pid = (uint32_t)beat->pid,
                                .orders = (uint32_t)beat->orders,
                                .overdue = (uint32_t)beat->overdue,
                                .turns = beat->turns,
                                .messages_in = beat->messages_in,
                                .messages_out = beat->messages_out,
                                .busy_us = beat->busy_us,
                                .idle_us = beat->idle_us,
                                .started_at_us = beat->started_at_us};
    dv_text_copy(r->instance.name, sizeof r->instance.name, beat->actor);
    dv_text_copy(r->instance.text, sizeof r->instance.text, beat->text);
    pthread_mutex_unlock(&roster->mutex);
    return is_new;
}

void dv_roster_set_stage(dv_roster *roster, dv_stage stage)
{
    atomic_store(&roster->stage, stage);
}

dv_stage dv_roster_stage(dv_roster *roster)
{
    return atomic_load(&roster->stage);
}

/* ---- names ---- */

dv_text dv_instance_role(const dv_instance *instance)
{
    return (dv_text){instance->name, (uint32_t)strcspn(instance->name, "@")};
}

dv_text dv_instance_node(const dv_instance *instance)
{
    const char *at = strchr(instance->name, '@');
    return at != NULL ? dv_text_of(at + 1) : (dv_text){0};
}

/* ---- judging ---- */

static dv_instance *instance_add(dv_readiness *ret, const dv_instance *instance)
{
    assert(ret->count < DV_INSTANCES_MAX);
    ret->others[ret->count] = *instance;
    return &ret->others[ret->count++];
}

static void silence(dv_instance *instance, const char *text)
{
    instance->silent = true;
    instance->degraded = DV_ENGINE_TIMEOUT;
    snprintf(instance->text, sizeof instance->text, "%s", text);
}

/* Adds a role without any instance. */
static void absent_add(dv_readiness *ret, const char *role)
{
    dv_instance absent = {0};
    snprintf(absent.name, sizeof absent.name, "%s", role);
    silence(&absent, "it has not been heard of");
    instance_add(ret, &absent);
}

/* Whether one of two roles suffices. Roles of a family that every cluster needs stand in for each
   other: without one router, orders go to the other DEX. */
static bool alike(const dv_role *role, const dv_role *other)
{
    return role == other ||
           (role->need == DV_NEED_ALWAYS && strcmp(role->family, other->family) == 0);
}

/* Judges a role and its alikes by their best instance; ENGINE_TIMEOUT when none lives. */
static dv_err alike_judge(const dv_roster *roster, const dv_role *role, int64_t now_ns,
                          bool *ret_seen, dv_readiness *ret)
{
    dv_err error = DV_ENGINE_TIMEOUT;
    for (uint32_t i = 0; i < roster->count; i++) {
        const row *r = &roster->rows[i];
        const dv_role *own = dv_role_of_instance(dv_text_of(r->instance.name));
        int64_t silence_ns = now_ns - r->beat_at_ns;
        if (own == NULL || !alike(role, own) || silence_ns > FORGET_AFTER_NS) continue;
        *ret_seen = true;
        dv_instance *instance = instance_add(ret, &r->instance);
        instance->silent_ms = dv_max_i64(silence_ns, 0) / DV_NS_PER_MS;
        if (silence_ns > SILENT_AFTER_NS)
            silence(instance, "it has fallen silent");
        else if (error == DV_ENGINE_TIMEOUT || instance->degraded == DV_OK)
            error = (dv_err)instance->degraded;
    }
    return error;
}

/* Whether a role is the first among its alikes. They are judged together. */
static bool is_first(uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (alike(dv_role_at(k), dv_role_at(i))) return false;
    return true;
}

static void role_judge(const dv_roster *roster, uint32_t i, int64_t now_ns, dv_readiness *ret)
{
    static const char GATEWAY[] = "gateway"; /* this gateway lives, so no other is needed */
    const dv_role *role = dv_role_at(i);
    if (!is_first(i)) return;
    bool seen = false;
    dv_err error = alike_judge(roster, role, now_ns, &seen, ret);
    bool always = role->need == DV_NEED_ALWAYS;
    bool expected = always || (roster->expected & dv_role_of(role->name)) != 0;
    if (strcmp(role->name, GATEWAY) == 0) return;
    if (!seen && expected) absent_add(ret, always ? role->family : role->name);
    if (!seen && !expected) return;
    if (error == DV_ENGINE_TIMEOUT || (error != DV_OK && role->stops_orders)) ret->ready = false;
    if (strcmp(role->name, "persistence") == 0) ret->database = error;
    if (strcmp(role->name, "retry") == 0) ret->redis = error;
}

static dv_instance gateway_judge(const dv_roster *roster, dv_stage stage)
{
    dv_instance gateway = roster->gateway;
    if (stage == DV_STAGE_SERVING) return gateway;
    gateway.degraded = DV_ENGINE_DRAINING;
    snprintf(gateway.text, sizeof gateway.text, "%s", dv_err_text(DV_ENGINE_DRAINING));
    return gateway;
}

dv_readiness *dv_roster_judge(dv_roster *roster, dv_time now)
{
    dv_stage stage = dv_roster_stage(roster);
    dv_readiness *ret = calloc(1, sizeof *ret);
    if (ret == NULL) abort();
    ret->ready = stage == DV_STAGE_SERVING;
    ret->gateway = gateway_judge(roster, stage);
    pthread_mutex_lock(&roster->mutex);
    for (uint32_t i = 0; i < dv_role_count(); i++) role_judge(roster, i, now.mono_ns, ret);
    pthread_mutex_unlock(&roster->mutex);
    return ret;
}
