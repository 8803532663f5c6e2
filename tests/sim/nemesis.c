#include "tests/sim/nemesis.h"

#include <stdlib.h>

#include "tests/sim/ledger_model.h"
#include "tests/sim/schedule_model.h"
#include "tests/sim/store_model.h"

#define END_LEAST_NS (10 * SIM_SECOND)
#define END_MOST_NS (18 * SIM_SECOND)
#define START_MS_MOST 4000 /* a process is down for at most so long */
#define JUMP_US_MOST (20ll * 1000000)
#define FAR_JUMP_US_MOST (7200ll * 1000000)

/* What may strike, time and again. */
typedef enum blow {
    CRASH,
    CRASH_ALL, /* several at once */
    DRAIN,
    PAUSE,
    ZOMBIE,
    PARTITION_LANE,
    PARTITION_PROCESSES,
    CLOCK,
    STORE_AWAY,
    SCHEDULE_FORGETS,
    SCHEDULE_AWAY,
    VENUES_STUCK,
    BLOW_COUNT,
} blow;

struct sim_nemesis {
    sim_world *world;
    sim_dice dice;
    bool enabled[BLOW_COUNT];
    int64_t end_ns, pause_ns; /* between blows, on the average */
    sim_alarm next;
};

/* ---- choosing ----------------------------------------------------------------------------- */

static sim_process *process_pick(sim_nemesis *n)
{
    return &n->world->processes[sim_below(&n->dice, n->world->process_count)];
}

static sim_process *execution_pick(sim_nemesis *n)
{
    for (;;) {
        sim_process *p = process_pick(n);
        if (p->has_execution) return p;
    }
}

static bool holds_orders(const sim_world *w)
{
    return w->db->tables.unfinished > 0;
}

/* ---- blows -------------------------------------------------------------------------------- */

static void crash(sim_nemesis *n, sim_process *p)
{
    sim_world *w = n->world;
    if (p->up && holds_orders(w)) w->faults[SIM_FAULT_crash]++;
    int64_t ms = sim_chance(&n->dice, 500000) ? 300 : START_MS_MOST;
    sim_process_crash(p, w->now_ns + sim_between(&n->dice, 5, ms) * SIM_MS);
}

static void drain(sim_nemesis *n)
{
    sim_process *p = process_pick(n);
    if (!p->up) return;
    n->world->faults[SIM_FAULT_drain]++;
    sim_process_drain(p, n->world->now_ns + 3 * SIM_SECOND);
}

static void pause_one(sim_nemesis *n, sim_process *p, int64_t least_ms, int64_t most_ms)
{
    sim_world *w = n->world;
    if (!p->up || w->now_ns < p->paused_until_ns) return;
    int64_t ms = sim_between(&n->dice, least_ms, most_ms);
    bool zombie = ms > w->config.execution.lease_ms && p->has_execution;
    if (holds_orders(w)) w->faults[zombie ? SIM_FAULT_zombie : SIM_FAULT_pause]++;
    sim_process_pause(p, w->now_ns + ms * SIM_MS);
}

static void partition_lane(sim_nemesis *n)
{
    sim_world *w = n->world;
    sim_lane *lane = &w->lanes[sim_below(&n->dice, w->lane_count)];
    sim_lane_block(w, lane, (int)sim_below(&n->dice, 2),
                   w->now_ns + sim_between(&n->dice, 100, 5000) * SIM_MS);
}

static void partition_processes(sim_nemesis *n)
{
    sim_world *w = n->world;
    const sim_process *from = process_pick(n), *to = process_pick(n);
    int64_t until_ns = w->now_ns + sim_between(&n->dice, 100, 5000) * SIM_MS;
    bool both_ways = sim_chance(&n->dice, 300000);
    for (uint32_t i = 0; i < w->lane_count; i++) {
        sim_lane *lane = &w->lanes[i];
        const sim_process *producer = lane->producer->process, *consumer = lane->consumer->process;
        if (producer == from && consumer == to) sim_lane_block(w, lane, 0, until_ns);
        if (producer == to && consumer == from) sim_lane_block(w, lane, 1, until_ns);
        if (both_ways && producer == to && consumer == from) sim_lane_block(w, lane, 0, until_ns);
        if (both_ways && producer == from && consumer == to) sim_lane_block(w, lane, 1, until_ns);
    }
}

/* The wall clock is the simulated chain's and market's, so it does not jump there. */
static void clock_jump(sim_nemesis *n)
{
    sim_process *p = process_pick(n);
    if (p->has_market) return;
    int64_t most_us = sim_chance(&n->dice, 300000) ? FAR_JUMP_US_MOST : JUMP_US_MOST;
    p->wall_offset_us = sim_between(&n->dice, -most_us, most_us);
    n->world->faults[SIM_FAULT_clock]++;
}

static void strike(sim_nemesis *n, blow b)
{
    sim_world *w = n->world;
    switch (b) {
    case CRASH: crash(n, process_pick(n)); break;
    case CRASH_ALL:
        for (uint32_t i = 0; i < w->process_count; i++)
            if (sim_chance(&n->dice, 500000)) crash(n, &w->processes[i]);
        break;
    case DRAIN: drain(n); break;
    case PAUSE: pause_one(n, process_pick(n), 20, w->config.execution.lease_ms - 100); break;
    case ZOMBIE: pause_one(n, execution_pick(n), w->config.execution.lease_ms + 200, 6000); break;
    case PARTITION_LANE: partition_lane(n); break;
    case PARTITION_PROCESSES: partition_processes(n); break;
    case CLOCK: clock_jump(n); break;
    case STORE_AWAY:
        sim_db_go_away(w->db, w->now_ns + sim_between(&n->dice, 20, 4000) * SIM_MS);
        break;
    case SCHEDULE_FORGETS: sim_redis_forget(w->redis); break;
    case SCHEDULE_AWAY:
        sim_redis_go_away(w->redis, w->now_ns + sim_between(&n->dice, 200, 5000) * SIM_MS);
        break;
    case VENUES_STUCK:
        w->ledger->broken_until_ns = w->now_ns + sim_between(&n->dice, 100, 5000) * SIM_MS;
        break;
    case BLOW_COUNT: break;
    }
}

static void strike_due(sim_world *w, void *arg)
{
    sim_nemesis *n = arg;
    blow b = (blow)sim_below(&n->dice, BLOW_COUNT);
    if (n->enabled[b]) strike(n, b);
    int64_t at_ns = w->now_ns + sim_between(&n->dice, SIM_MS, 2 * n->pause_ns);
    if (at_ns < n->end_ns) sim_alarm_set(w, &n->next, at_ns);
}

/* ---- the run's weather -------------------------------------------------------------------- */

/* None in half of the runs, else up to the most. */
static uint32_t ppm(sim_nemesis *n, uint32_t most)
{
    return sim_chance(&n->dice, 500000) ? 0 : sim_below(&n->dice, most);
}

static uint32_t percent(sim_nemesis *n, uint32_t most)
{
    return sim_chance(&n->dice, 600000) ? 0 : 1 + sim_below(&n->dice, most);
}

static void weather_make(sim_nemesis *n)
{
    sim_world *w = n->world;
    w->weather.drop_ppm = ppm(n, 60000);
    w->weather.delay_ppm = ppm(n, 60000);
    w->weather.duplicate_ppm = ppm(n, 60000);
    w->weather.delay_max_ns = sim_between(&n->dice, 10, 3000) * SIM_MS;
    w->weather.usual_ns = sim_between(&n->dice, 1, 20) * SIM_MS;
    w->db->weather.refuse_ppm = ppm(n, 60000);
    w->db->weather.lose_ppm = ppm(n, 60000);
    w->db->weather.late_ppm = ppm(n, 40000);
    w->db->weather.usual_ns = sim_between(&n->dice, 1, 60) * SIM_MS;
}

static void venues_make(sim_nemesis *n)
{
    dv_sim_config *c = &n->world->config.sim;
    c->sim_fault_quote_percent = percent(n, 30);
    c->sim_fault_lost_answer_percent = percent(n, 20);
    c->sim_fault_drop_percent = percent(n, 20);
    c->sim_fault_late_percent = percent(n, 20);
    c->sim_fault_expire_percent = percent(n, 20);
    c->sim_fault_slippage_percent = percent(n, 10);
    sim_dice dice = sim_dice_of(n->world->seed, 31); /* of its own: seeds keep what they were */
    if (sim_chance(&dice, 600000)) return;
    c->sim_finality_ms = (uint32_t)sim_between(&dice, 1, 3000);
    c->sim_fault_fork_percent = sim_below(&dice, 10);
}

sim_nemesis *sim_nemesis_new(sim_world *world)
{
    sim_nemesis *n = calloc(1, sizeof *n);
    if (n == NULL) abort();
    n->world = world;
    n->dice = sim_dice_of(world->seed, 30);
    n->end_ns = sim_between(&n->dice, END_LEAST_NS, END_MOST_NS);
    n->pause_ns = sim_between(&n->dice, 40, 800) * SIM_MS;
    for (int b = 0; b < BLOW_COUNT; b++) n->enabled[b] = sim_chance(&n->dice, 450000);
    weather_make(n);
    venues_make(n);
    for (uint32_t i = 0; i < world->process_count; i++) {
        sim_process *p = &world->processes[i];
        if (!p->has_market) p->wall_offset_us = sim_between(&n->dice, -2000000, 2000000);
    }
    n->next = (sim_alarm){.fire = strike_due, .arg = n};
    sim_alarm_set(world, &n->next, SIM_SECOND / 2);
    return n;
}

void sim_nemesis_destroy(sim_nemesis **nemesis)
{
    free(*nemesis);
    *nemesis = NULL;
}

int64_t sim_nemesis_end_ns(const sim_nemesis *n)
{
    return n->end_ns;
}

void sim_nemesis_cease(sim_nemesis *n)
{
    sim_world *w = n->world;
    if (sim_tracing) sim_trace("** all faults cease");
    sim_alarm_unset(w, &n->next);
    w->weather = (sim_weather){.usual_ns = 2 * SIM_MS};
    w->db->weather = (sim_db_weather){.usual_ns = 4 * SIM_MS};
    sim_network_heal(w);
    for (uint32_t i = 0; i < w->process_count; i++) {
        sim_process *p = &w->processes[i];
        p->paused_until_ns = dv_min_i64(p->paused_until_ns, w->now_ns);
        sim_process_start(p);
    }
}
