#include "tests/sim/schedule_model.h"

#include <assert.h>
#include <stdlib.h>

#define ENTRIES_MAX 512
#define HANDOUTS_MAX 5           /* then an entry is gone, and the sweep finds it again */
#define ANSWER_NS (1 * SIM_MS)   /* a take is answered after */
#define CONNECT_NS (30 * SIM_MS) /* a schedule that comes back is found so much later */

typedef struct entry {
    dv_schedule_entry what;
    bool leased;
    int64_t until_us; /* of the lease, wall time */
    uint32_t handouts;
} entry;

struct sim_schedule {
    sim_world *world;
    entry entries[ENTRIES_MAX];
    uint32_t count;
    int64_t away_until_ns;
};

typedef struct model {
    dv_schedule base;
    sim_redis *redis;
    sim_actor *actor;
    bool taking, answered;
    int64_t answer_ns; /* of the world */
    int64_t up_ns;     /* connected from then on */
    dv_schedule_entry taken[DV_SCHEDULE_TAKE_MAX];
    dv_schedule_taken answer;
} model;

static model *model_of(const dv_schedule *schedule)
{
    return (model *)(uintptr_t)schedule;
}

static int64_t now_ns(const model *m)
{
    return m->redis->world->now_ns;
}

static bool is_away(const model *m)
{
    return now_ns(m) < m->redis->away_until_ns || now_ns(m) < m->up_ns;
}

static void missed(model *m)
{
    m->redis->world->faults[SIM_FAULT_schedule_away]++;
}

static entry *entry_find(sim_redis *redis, const dv_id *order_id, uint8_t attempt)
{
    for (uint32_t i = 0; i < redis->count; i++) {
        const dv_schedule_entry *what = &redis->entries[i].what;
        if (what->attempt == attempt && dv_id_equal(&what->order_id, order_id))
            return &redis->entries[i];
    }
    return NULL;
}

static void entry_remove(sim_redis *redis, entry *e)
{
    *e = redis->entries[--redis->count];
}

/* ---- the schedule's functions -------------------------------------------------------------- */

static dv_err start(dv_schedule *schedule, dv_time now, char ret_why[DV_REASON_MAX])
{
    (void)now, (void)ret_why;
    model *m = model_of(schedule);
    m->up_ns = now_ns(m) + CONNECT_NS;
    return DV_OK;
}

static const char *fault(const dv_schedule *schedule)
{
    const model *m = model_of(schedule);
    if (!is_away(m)) return NULL;
    return now_ns(m) < m->redis->away_until_ns ? "the model is away" : "";
}

static void arm(dv_schedule *schedule, const dv_schedule_entry *entries, uint32_t count,
                bool only_lost, dv_time now)
{
    (void)now;
    model *m = model_of(schedule);
    if (is_away(m)) {
        if (count > 0) missed(m);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        entry *e = entry_find(m->redis, &entries[i].order_id, entries[i].attempt);
        if (e != NULL && only_lost) continue;
        if (e == NULL && m->redis->count == ENTRIES_MAX) continue;
        if (e == NULL) e = &m->redis->entries[m->redis->count++];
        *e = (entry){.what = entries[i]};
    }
}

static void forget(dv_schedule *schedule, const dv_id *order_id, uint8_t attempt, dv_time now)
{
    (void)now;
    model *m = model_of(schedule);
    if (is_away(m)) return;
    entry *e = entry_find(m->redis, order_id, attempt);
    if (e != NULL) entry_remove(m->redis, e);
}

static void take(dv_schedule *schedule, dv_time now)
{
    model *m = model_of(schedule);
    assert(!m->taking);
    if (is_away(m)) return;
    sim_redis *redis = m->redis;
    int64_t lease_us = redis->world->config.retry.retry_lease_ms * DV_US_PER_MS;
    m->taking = true;
    m->answer_ns = now_ns(m) + ANSWER_NS;
    m->answer = (dv_schedule_taken){.entries = m->taken, .next_us = DV_NEVER};
    for (uint32_t i = 0; i < redis->count; i++) {
        entry *e = &redis->entries[i];
        int64_t at_us = e->leased ? e->until_us : e->what.due_us;
        if (at_us <= now.wall_us && m->answer.count < DV_SCHEDULE_TAKE_MAX) {
            dv_schedule_entry *taken = &m->taken[m->answer.count++];
            *taken = e->what;
            taken->due_us = 0;
            if (++e->handouts > HANDOUTS_MAX) {
                entry_remove(redis, e);
                i--;
                continue;
            }
            e->leased = true;
            at_us = e->until_us = now.wall_us + lease_us;
        }
        m->answer.next_us = dv_min_i64(m->answer.next_us, at_us);
    }
}

static bool taken(dv_schedule *schedule, dv_schedule_taken *ret_taken)
{
    model *m = model_of(schedule);
    if (!m->taking || now_ns(m) < m->answer_ns) return false;
    m->taking = false;
    *ret_taken = m->answer;
    return true;
}

static int64_t tick(dv_schedule *schedule, dv_time now)
{
    model *m = model_of(schedule);
    if (now_ns(m) < m->redis->away_until_ns) {
        if (m->taking) missed(m);
        m->taking = false; /* what was taken stays leased */
        m->up_ns = m->redis->away_until_ns + CONNECT_NS;
    }
    if (is_away(m)) return now.mono_ns + m->up_ns - now_ns(m);
    return m->taking ? now.mono_ns + m->answer_ns - now_ns(m) : DV_NEVER;
}

static uint32_t watch(dv_schedule *schedule, dv_watch ret_watches[DV_WATCH_MAX])
{
    (void)schedule, (void)ret_watches;
    return 0;
}

static void ready(dv_schedule *schedule, dv_watch ready_watch, dv_time now)
{
    (void)schedule, (void)ready_watch, (void)now;
}

static void destroy(dv_schedule **schedule)
{
    if (schedule == NULL) return;
    free(*schedule);
    *schedule = NULL;
}

static const dv_schedule_class CLASS = {
    .start = start,
    .fault = fault,
    .arm = arm,
    .forget = forget,
    .take = take,
    .taken = taken,
    .tick = tick,
    .watch = watch,
    .ready = ready,
    .destroy = destroy,
};

dv_schedule *sim_schedule_new(sim_actor *actor)
{
    model *m = calloc(1, sizeof *m);
    if (m == NULL) abort();
    m->base.class = &CLASS;
    m->redis = actor->process->world->redis;
    m->actor = actor;
    return &m->base;
}

/* ---- the memory --------------------------------------------------------------------------- */

sim_redis *sim_redis_new(sim_world *world)
{
    sim_redis *redis = calloc(1, sizeof *redis);
    if (redis == NULL) abort();
    redis->world = world;
    return redis;
}

void sim_redis_destroy(sim_redis **redis)
{
    free(*redis);
    *redis = NULL;
}

void sim_redis_forget(sim_redis *redis)
{
    if (redis->count > 0) redis->world->faults[SIM_FAULT_schedule_forgot]++;
    redis->count = 0;
}

void sim_redis_go_away(sim_redis *redis, int64_t until_ns)
{
    redis->away_until_ns = dv_max_i64(redis->away_until_ns, until_ns);
}
