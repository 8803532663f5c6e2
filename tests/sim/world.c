#include "tests/sim/world.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/chain/chain.h"
#include "actors/execution/execution.h"
#include "actors/ingest/ingest.h"
#include "actors/notification/notification.h"
#include "actors/persistence/persistence.h"
#include "actors/retry/retry.h"
#include "actors/router/router.h"
#include "actors/topology.h"
#include "gateway/gateway.h"
#include "proto/codec.h"
#include "tests/sim/book.h"
#include "tests/sim/clients.h"
#include "tests/sim/hub_model.h"
#include "tests/sim/ledger_model.h"
#include "tests/sim/nemesis.h"
#include "tests/sim/schedule_model.h"
#include "tests/sim/store_model.h"
#include "tests/support/mints.h"

#define TURN_US_MAX 300                         /* between a message's coming and the turn */
#define AGAIN_NS (100 * DV_NS_PER_US)           /* a tick that is due at once comes after that */
#define PAIR_MONO_NS (1000 * 1000 * SIM_SECOND) /* monotonic clocks begin within that */

sim_world *sim_now;
const sim_process *sim_starting;

/* ---- alarms ------------------------------------------------------------------------------- */

void sim_alarm_set(sim_world *world, sim_alarm *alarm, int64_t at_ns)
{
    assert(alarm->fire != NULL);
    dv_heap_set(&world->alarms, &alarm->timer, dv_max_i64(at_ns, world->now_ns));
}

void sim_alarm_unset(sim_world *world, sim_alarm *alarm)
{
    dv_heap_unset(&world->alarms, &alarm->timer);
}

bool sim_world_step(sim_world *world, int64_t until_ns)
{
    dv_timer *timer = dv_heap_pop_due(&world->alarms, until_ns);
    if (timer == NULL) {
        world->now_ns = until_ns;
        return false;
    }
    sim_alarm *alarm = DV_TIMER_OWNER(timer, sim_alarm, timer);
    assert(timer->at_ns >= world->now_ns);
    world->now_ns = timer->at_ns;
    alarm->fire(world, alarm->arg);
    return true;
}

void sim_fail(sim_world *world, const char *invariant, const char *format, ...)
{
    if (world->failed) return;
    world->failed = true;
    int size = snprintf(world->failure, sizeof world->failure, "%s: ", invariant);
    va_list list;
    va_start(list, format);
    vsnprintf(world->failure + size, sizeof world->failure - (size_t)size, format, list);
    va_end(list);
    if (sim_tracing) sim_trace("!! %s", world->failure);
}

/* ---- an actor's turn ---------------------------------------------------------------------- */

dv_time sim_time_of(const sim_process *process)
{
    int64_t now_ns = process->world->now_ns;
    return (dv_time){.mono_ns = now_ns + process->mono_offset_ns,
                     .wall_us = SIM_WALL_US + now_ns / DV_NS_PER_US + process->wall_offset_us};
}

void sim_actor_wake(sim_actor *actor, int64_t at_ns)
{
    if (actor->self == NULL) return;
    if (actor->turn.timer.place != 0 && actor->turn.timer.at_ns <= at_ns) return;
    sim_alarm_set(actor->process->world, &actor->turn, at_ns);
}

void sim_actor_take(sim_actor *actor, sim_packet *packet)
{
    packet->next = NULL;
    *actor->inbox_end = packet;
    actor->inbox_end = &packet->next;
    actor->inbox_count++;
    sim_world *w = actor->process->world;
    sim_actor_wake(actor, w->now_ns + sim_between(&w->network_dice, 1, TURN_US_MAX) * DV_NS_PER_US);
}

static sim_packet *inbox_pop(sim_actor *a)
{
    sim_packet *p = a->inbox;
    if (p == NULL) return NULL;
    a->inbox = p->next;
    if (a->inbox == NULL) a->inbox_end = &a->inbox;
    a->inbox_count--;
    return p;
}

/* Hands a message to its handler, as the run loop does. */
static void dispatch(sim_actor *a, const sim_packet *p, dv_time now)
{
    sim_world *w = a->process->world;
    dv_envelope envelope = {
        .port = p->port, .peer = p->peer, .bytes = {p->bytes, (uint32_t)p->size}};
    dv_err error =
        dv_message_decode(p->bytes, p->size, dv_outbox_arena(a->outbox), &envelope.message);
    assert(error == DV_OK); /* an actor of ours encoded it */
    dv_handler *handler = a->class->handlers[envelope.message.type];
    if (handler == NULL) {
        sim_fail(w, "wiring", "%s has no handler for %s", a->name,
                 dv_message_info_of(envelope.message.type)->name);
        return;
    }
    if (sim_tracing) sim_trace_message("", "takes", a->name, p->bytes, p->size);
    handler(a->self, &envelope, now, a->outbox);
    w->messages++;
}

static void beat(sim_actor *a, dv_time now)
{
    if (now.mono_ns < a->beat_at_ns || strcmp(a->role, "gateway") == 0) return;
    a->beat_at_ns = now.mono_ns + DV_BEAT_EVERY_NS;
    dv_health health = a->class->health ? a->class->health(a->self) : (dv_health){0};
    dv_send(a->outbox, DV_PORT(DV_LINK_health, 0), NULL,
            &(dv_message){.type = DV_MSG_beat_event,
                          .beat_event = {.actor = dv_text_of(a->name),
                                         .pid = a->process->life + 1000u,
                                         .degraded = health.degraded,
                                         .text = dv_text_of(health.text),
                                         .started_at_us = (uint64_t)a->process->started_at_us}});
}

static void outbox_send(sim_actor *a)
{
    sim_network_flush(a);
    for (size_t i = 0; i < dv_outbox_count(a->outbox); i++) {
        dv_outbox_entry entry = dv_outbox_at(a->outbox, i);
        sim_book_sent(a, &entry);
        if (DV_PORT_KIND(entry.port) == DV_LINK_desk)
            sim_clients_answer(a, &entry);
        else
            sim_network_send(a, &entry);
    }
    dv_outbox_clear(a->outbox);
}

static void process_drain_on(sim_process *p);

static void actor_turn(sim_world *w, void *arg)
{
    sim_actor *a = arg;
    sim_process *p = a->process;
    if (a->self == NULL) return;
    if (w->now_ns < p->paused_until_ns) {
        sim_alarm_set(w, &a->turn, p->paused_until_ns);
        return;
    }
    w->turns++;
    dv_log_actor(a->name);
    dv_time now = sim_time_of(p);
    sim_packet *packet;
    for (int n = 0; n < DV_BURST && (packet = inbox_pop(a)) != NULL; n++) {
        dispatch(a, packet, now);
        free(packet);
    }
    int64_t deadline_ns = a->class->tick ? a->class->tick(a->self, now, a->outbox) : DV_NEVER;
    beat(a, now);
    outbox_send(a);
    if (a->inbox != NULL) deadline_ns = now.mono_ns;
    if (strcmp(a->role, "gateway") != 0) deadline_ns = dv_min_i64(deadline_ns, a->beat_at_ns);
    if (deadline_ns != DV_NEVER)
        sim_actor_wake(a, dv_max_i64(deadline_ns - p->mono_offset_ns, w->now_ns + AGAIN_NS));
    if (p->draining) process_drain_on(p);
}

/* ---- making actors ------------------------------------------------------------------------ */

static void *gateway_new(sim_actor *a)
{
    const dv_settings *config = &a->process->config;
    void *self =
        dv_gateway_new(&config->gateway, config->process.node, 0, config->execution.overdue_ms,
                       &a->process->world->tokens, "inproc://desk");
    a->hub = sim_hub_last();
    sim_hub_bind(a->hub, a);
    return self;
}

static void *ingest_new(sim_actor *a)
{
    return dv_ingest_new(&a->process->config.ingest, &a->process->world->tokens);
}

static void *execution_new(sim_actor *a)
{
    sim_world *w = a->process->world;
    const dv_settings *config = &a->process->config;
    static const uint8_t CHAINS[DV_DEX_COUNT] = {DV_CHAIN_simulated};
    return dv_execution_new(&config->execution, config->retry.retry_sweep_ms, &w->tokens, CHAINS,
                            a->name, sim_roll(&w->life_dice));
}

static void *retry_new(sim_actor *a)
{
    dv_schedule *schedule = sim_schedule_new(a);
    return dv_retry_new_on(&a->process->config.retry, &schedule);
}

static void *router_new(sim_actor *a)
{
    dv_venue *venue = dv_sim_venue_new(strchr(a->role, ':') + 1, &a->process->config.sim,
                                       &a->process->world->tokens);
    assert(venue != NULL);
    return dv_router_new(DV_CHAIN_simulated, &venue);
}

static void *chain_new(sim_actor *a)
{
    const dv_settings *config = &a->process->config;
    dv_backend *backend = dv_simulated_new(&config->sim, config->solana.solana_commitment,
                                           &a->process->world->tokens);
    return dv_chain_new(DV_CHAIN_simulated, ~0u, &backend);
}

static void *persistence_new(sim_actor *a)
{
    const dv_settings *config = &a->process->config;
    dv_store *store = sim_store_new(a);
    return dv_persistence_new_on(&config->persistence, config->ingest.in_flight_max, &store);
}

static void *notification_new(sim_actor *a)
{
    (void)a;
    return dv_notification_new();
}

/* What plays a role here: the real actor, with models of what it meets outside. */
struct sim_part {
    const char *family;
    const dv_actor_class *class;
    void *(*self_new)(sim_actor *actor);
};

static const struct sim_part PARTS[] = {
    {"gateway", &DV_GATEWAY_CLASS, gateway_new},
    {"ingest", &DV_INGEST_CLASS, ingest_new},
    {"execution", &DV_EXECUTION_CLASS, execution_new},
    {"retry", &DV_RETRY_CLASS, retry_new},
    {"router", &DV_ROUTER_CLASS, router_new},
    {"chain", &DV_CHAIN_CLASS, chain_new},
    {"persistence", &DV_PERSISTENCE_CLASS, persistence_new},
    {"notification", &DV_NOTIFICATION_CLASS, notification_new},
};

static const struct sim_part *part_of(const dv_role *role)
{
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++)
        if (streq(PARTS[i].family, role->family)) return &PARTS[i];
    abort(); /* the simulator cannot play this role yet: give it a row above */
}

static void actor_start(sim_actor *a)
{
    a->inbox_end = &a->inbox;
    a->beat_at_ns = 0;
    a->self = a->part->self_new(a);
    dv_log_actor(a->name);
    char why[DV_REASON_MAX] = "";
    if (a->class->start != NULL) {
        dv_err error = a->class->start(a->self, sim_time_of(a->process), a->outbox, why);
        if (error != DV_OK) sim_fail(a->process->world, "start", "%s: %s", a->name, why);
    }
    sim_actor_wake(a, a->process->world->now_ns);
}

static void inbox_clear(sim_actor *a)
{
    sim_packet *packet;
    while ((packet = inbox_pop(a)) != NULL) free(packet);
}

static void actor_stop(sim_actor *a)
{
    if (a->self == NULL) return;
    sim_alarm_unset(a->process->world, &a->turn);
    inbox_clear(a);
    dv_outbox_clear(a->outbox);
    if (a->hub != NULL) sim_clients_gone(a);
    a->class->destroy(&a->self);
    a->hub = NULL;
}

/* ---- processes ---------------------------------------------------------------------------- */

void sim_process_start(sim_process *p)
{
    if (p->up) return;
    sim_alarm_unset(p->world, &p->start);
    p->up = true;
    p->draining = false;
    p->life++;
    p->paused_until_ns = 0;
    p->mono_offset_ns = sim_between(&p->world->life_dice, SIM_SECOND, PAIR_MONO_NS);
    p->started_at_us = sim_time_of(p).wall_us;
    if (sim_tracing) sim_trace("** process %s starts (life %u)", p->node, p->life);
    sim_starting = p;
    for (uint32_t i = 0; i < p->actor_count; i++) actor_start(&p->actors[i]);
    sim_starting = NULL;
    sim_network_started(p);
}

static void process_end(sim_process *p)
{
    for (uint32_t i = 0; i < p->actor_count; i++) actor_stop(&p->actors[i]);
    p->up = false;
    p->draining = false;
    sim_network_died(p);
}

static void process_start_due(sim_world *w, void *arg)
{
    (void)w;
    sim_process_start(arg);
}

void sim_process_crash(sim_process *p, int64_t start_ns)
{
    if (!p->up) return;
    if (sim_tracing) sim_trace("** process %s is killed", p->node);
    process_end(p);
    sim_alarm_set(p->world, &p->start, start_ns);
}

/* Drains the actors one after the other, in the order in which orders pass them. */
static void process_drain_on(sim_process *p)
{
    bool all = true;
    for (uint32_t i = 0; i < p->actor_count && all; i++) {
        sim_actor *a = &p->actors[i];
        all = a->class->drained == NULL || a->class->drained(a->self);
    }
    if (!all && p->world->now_ns < p->drained_by_ns) return;
    if (sim_tracing) sim_trace("** process %s %s", p->node, all ? "has drained" : "is cut off");
    process_end(p);
    sim_alarm_set(p->world, &p->start,
                  p->world->now_ns + sim_between(&p->world->life_dice, 50, 3000) * SIM_MS);
}

void sim_process_drain(sim_process *p, int64_t by_ns)
{
    if (!p->up || p->draining) return;
    if (sim_tracing) sim_trace("** process %s is told to drain", p->node);
    p->drained_by_ns = by_ns;
    for (uint32_t i = 0; i < p->actor_count; i++) {
        sim_actor *a = &p->actors[i];
        dv_log_actor(a->name);
        if (a->class->drain != NULL) a->class->drain(a->self, sim_time_of(p), a->outbox);
        sim_actor_wake(a, p->world->now_ns);
        sim_actor_wake(a, by_ns);
    }
    p->draining = true;
}

void sim_process_pause(sim_process *p, int64_t until_ns)
{
    if (!p->up) return;
    if (sim_tracing)
        sim_trace("** process %s stands still for %lld ms", p->node,
                  (long long)((until_ns - p->world->now_ns) / SIM_MS));
    p->paused_from_ns = p->world->now_ns;
    p->paused_until_ns = until_ns;
    sim_network_paused(p, until_ns);
}

/* ---- the cluster's shapes ----------------------------------------------------------------- */

/* Each process as "node roles…", a family standing for all of its roles; within a process in the
   order in which orders pass the actors. A needed role that no process has, a DEX's router say, is
   played where others of its family are. */
static const char *const SHAPES[][SIM_PROCESSES_MAX] = {
    {"a gateway ingest execution retry notification persistence",
     "b gateway ingest execution retry notification persistence", "r router:raydium",
     "m router:meteora", "c chain:simulated"},
    {"g1 gateway", "g2 gateway", "i1 ingest", "i2 ingest", "x1 execution", "x2 execution",
     "r router:raydium", "m router:meteora", "c chain:simulated", "t1 retry", "t2 retry",
     "n1 notification", "n2 notification", "p1 persistence", "p2 persistence"},
    {"g1 gateway ingest", "g2 gateway ingest", "x1 execution router:raydium",
     "x2 execution router:meteora", "p1 retry notification persistence",
     "p2 retry notification persistence chain:simulated"},
    {"g1 gateway ingest notification", "g2 gateway notification", "i2 ingest persistence",
     "x1 execution retry", "x2 execution", "v router chain:simulated", "p retry persistence"},
    {" gateway ingest execution router chain:simulated retry notification persistence"},
};
#define SHAPE_COUNT ((uint32_t)(sizeof SHAPES / sizeof SHAPES[0]))

static void actor_add(sim_process *p, const dv_role *role)
{
    assert(p->actor_count < SIM_ACTORS_MAX);
    sim_actor *a = &p->actors[p->actor_count++];
    a->process = p;
    snprintf(a->role, sizeof a->role, "%s", role->name);
    int size =
        snprintf(a->name, sizeof a->name, "%s%s%s", role->name, *p->node ? "@" : "", p->node);
    assert(size < (int)sizeof a->name);
    (void)size;
    a->part = part_of(role);
    a->class = a->part->class;
    a->outbox = dv_outbox_new();
    a->inbox_end = &a->inbox;
    a->turn = (sim_alarm){.fire = actor_turn, .arg = a};
    if (streq(role->family, "router") || streq(role->family, "chain")) p->has_market = true;
    if (streq(role->family, "execution")) p->has_execution = true;
}

static void actors_add(sim_process *p, dv_roles roles)
{
    for (uint32_t i = 0; i < dv_role_count(); i++)
        if (roles & (dv_roles)1 << i) actor_add(p, dv_role_at(i));
}

static void process_add(sim_world *w, const char *line)
{
    sim_process *p = &w->processes[w->process_count++];
    p->world = w;
    p->start = (sim_alarm){.fire = process_start_due, .arg = p};
    size_t size = strcspn(line, " ");
    snprintf(p->node, sizeof p->node, "%.*s", (int)size, line);
    for (const char *at = line + size; *at == ' ';) {
        char name[DV_NAME_MAX + 1];
        at++;
        size = strcspn(at, " ");
        snprintf(name, sizeof name, "%.*s", (int)size, at);
        actors_add(p, dv_roles_named(name));
        at += size;
    }
}

/* The actor that plays the role, or another one of its family; NULL: there is none. */
static sim_actor *actor_of(sim_world *w, dv_roles roles)
{
    for (uint32_t i = w->process_count; i-- > 0;)
        for (uint32_t k = 0; k < w->processes[i].actor_count; k++)
            if (roles & dv_role_of(w->processes[i].actors[k].role))
                return &w->processes[i].actors[k];
    return NULL;
}

static void needed_add(sim_world *w)
{
    for (uint32_t i = 0; i < dv_role_count(); i++) {
        const dv_role *role = dv_role_at(i);
        if (role->need != DV_NEED_ALWAYS || actor_of(w, (dv_roles)1 << i) != NULL) continue;
        sim_actor *relative = actor_of(w, dv_roles_named(role->family));
        assert(relative != NULL); /* else every shape has to say where it is played */
        actor_add(relative->process, role);
    }
}

/* ---- the world ---------------------------------------------------------------------------- */

static void tokens_make(dv_tokens *tokens)
{
    static const dv_token TOKENS[] = {
        {"SOL", SOL, 9, 152350000000},
        {"USDC", USDC, 6, 1000000000},
        {"ETH", "7vfCXTUXx5WJV5JADk17DUJ4ksgau7utNKj4b963voxs", 8, 3105400000000},
        {"BONK", "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", 5, 21300},
    };
    tokens->count = sizeof TOKENS / sizeof TOKENS[0];
    memcpy(tokens->tokens, TOKENS, sizeof TOKENS);
}

static void config_make(dv_settings *config, uint64_t seed)
{
#define DEFAULTS(member, section) dv_config_set_defaults(&section, &config->member);
    DV_SETTINGS(DEFAULTS)
#undef DEFAULTS
    config->gateway.websocket_queue_max = 16;
    config->gateway.answer_timeout_ms = 2500;
    config->retry.retry_lease_ms = 1500;
    config->retry.retry_sweep_ms = 1000;
    dv_execution_config *execution = &config->execution;
    execution->lease_ms = 2000;
    execution->sweep_ms = 1000;
    execution->overdue_ms = 15000;
    execution->retry_base_ms = 400;
    execution->quote_timeout_ms = 400;
    execution->build_timeout_ms = 800;
    execution->resend_ms = 500;
    dv_sim_config *sim = &config->sim;
    sim->sim_seed = (uint32_t)(seed % 1000000000);
    sim->sim_quote_min_ms = 20;
    sim->sim_quote_max_ms = 150;
    sim->sim_settle_min_ms = 100;
    sim->sim_settle_max_ms = 1500;
    sim->sim_block_ms = 200;
    sim->sim_expiry_blocks = 20;
}

sim_world *sim_world_new(uint64_t seed)
{
    sim_world *w = calloc(1, sizeof *w);
    if (w == NULL) abort();
    sim_now = w;
    w->seed = seed;
    w->network_dice = sim_dice_of(seed, 1);
    w->life_dice = sim_dice_of(seed, 2);
    w->weather = (sim_weather){.usual_ns = 2 * SIM_MS};
    tokens_make(&w->tokens);
    config_make(&w->config, seed);
    sim_dice shape = sim_dice_of(seed, 3);
    const char *const *lines = SHAPES[sim_below(&shape, SHAPE_COUNT)];
    for (uint32_t i = 0; i < SIM_PROCESSES_MAX && lines[i] != NULL; i++) process_add(w, lines[i]);
    needed_add(w);
    w->db = sim_db_new(w);
    w->redis = sim_redis_new(w);
    w->ledger = sim_ledger_new(w);
    w->book = sim_book_new(w);
    w->clients = sim_clients_new(w);
    w->nemesis = sim_nemesis_new(w);
    sim_network_init(w);
    for (uint32_t i = 0; i < w->process_count; i++) {
        sim_process *p = &w->processes[i];
        p->config = w->config;
        dv_text_copy(p->config.process.node, DV_CONFIG_TEXT_MAX, dv_text_of(p->node));
        sim_process_start(p);
    }
    return w;
}

void sim_world_destroy(sim_world **world)
{
    sim_world *w = *world;
    for (uint32_t i = 0; i < w->process_count; i++) {
        sim_process *p = &w->processes[i];
        if (p->up) process_end(p);
        for (uint32_t k = 0; k < p->actor_count; k++) dv_outbox_destroy(&p->actors[k].outbox);
    }
    sim_network_fini(w);
    sim_nemesis_destroy(&w->nemesis);
    sim_clients_destroy(&w->clients);
    sim_book_destroy(&w->book);
    sim_ledger_destroy(&w->ledger);
    sim_redis_destroy(&w->redis);
    sim_db_destroy(&w->db);
    dv_heap_fini(&w->alarms);
    free(w);
    *world = NULL;
    sim_now = NULL;
}
