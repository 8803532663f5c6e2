/* The network: lanes between actors as actors/topology.h has them. Inside a process a message is
   neither lost nor overtaken. Between processes a lane is a TCP connection: in order, cut when a
   side dies or is silent for long, made again after a while; and on top of that the weather loses,
   delays and doubles single messages. */
#include <assert.h>
#include <stdlib.h>

#include "actors/topology.h"
#include "tests/sim/world.h"

#define LOCAL_US_MAX 20 /* inside a process */
#define SILENCE_NS (DV_SILENCE_MS * SIM_MS)
#define RECONNECT_FAST_NS (200 * SIM_MS) /* at most, after a peer has started */
#define RECONNECT_SLOW_NS (DV_RECONNECT_MOST_MS * SIM_MS)
#define LONG_NS (500 * SIM_MS) /* counts as a delay */

/* ---- lanes -------------------------------------------------------------------------------- */

static void port_add(sim_actor *a, dv_port number, sim_lane *lane)
{
    sim_port *port = &a->ports[number];
    port->lanes = realloc(port->lanes, (port->count + 1) * sizeof *port->lanes);
    if (port->lanes == NULL) abort();
    port->lanes[port->count++] = lane;
}

static void lane_add(sim_world *w, const dv_link *link, sim_actor *producer, sim_actor *consumer)
{
    assert(w->lane_count < SIM_LANES_MAX);
    sim_lane *lane = &w->lanes[w->lane_count++];
    *lane = (sim_lane){.link = link,
                       .producer = producer,
                       .consumer = consumer,
                       .local = producer->process == consumer->process};
    dv_port port = DV_PORT(link->kind, link->index);
    port_add(producer, port, lane);
    port_add(consumer, port, lane);
}

/* Gateways do not report to one another here. */
static bool is_producer(const dv_link *link, const sim_actor *a)
{
    return dv_link_produces(link, dv_text_of(a->name)) && !streq(a->role, link->consumer);
}

/* Calls back for each actor of the world. */
static sim_actor *actor_at(sim_world *w, uint32_t i)
{
    for (uint32_t k = 0; k < w->process_count; k++) {
        if (i < w->processes[k].actor_count) return &w->processes[k].actors[i];
        i -= w->processes[k].actor_count;
    }
    return NULL;
}

static bool has_consumer(const dv_link *link, const sim_process *p)
{
    for (uint32_t i = 0; i < p->actor_count; i++)
        if (streq(link->consumer, p->actors[i].role)) return true;
    return false;
}

/* As actors/topology.c has it. */
static bool connects(const dv_link *link, const sim_actor *producer, const sim_actor *consumer)
{
    if (!streq(link->consumer, consumer->role)) return false;
    return producer->process == consumer->process ||
           dv_link_reaches_out(link->spread, has_consumer(link, producer->process));
}

void sim_network_init(sim_world *w)
{
    sim_actor *producer, *consumer;
    const dv_link *link;
    for (uint32_t l = 0; (link = dv_link_at(l)) != NULL; l++)
        for (uint32_t i = 0; (producer = actor_at(w, i)) != NULL; i++)
            for (uint32_t k = 0; is_producer(link, producer) && (consumer = actor_at(w, k)); k++)
                if (connects(link, producer, consumer)) lane_add(w, link, producer, consumer);
}

static void kept_clear(sim_port *port)
{
    for (sim_packet *p = port->kept, *next; p != NULL; p = next) {
        next = p->next;
        free(p);
    }
    port->kept = NULL;
    port->kept_count = 0;
}

static void kept_forget(sim_actor *a)
{
    for (int port = 0; port < DV_PORT_COUNT && a->kept_count > 0; port++)
        kept_clear(&a->ports[port]);
    a->kept_count = 0;
}

static void packet_arrives(sim_world *w, void *arg);

void sim_network_fini(sim_world *w)
{
    /* What is on its way is known to its alarm alone. */
    for (dv_timer *t; (t = dv_heap_pop_due(&w->alarms, INT64_MAX)) != NULL;) {
        sim_alarm *alarm = DV_TIMER_OWNER(t, sim_alarm, timer);
        if (alarm->fire == packet_arrives) free(alarm->arg);
    }
    sim_actor *a;
    for (uint32_t i = 0; (a = actor_at(w, i)) != NULL; i++)
        for (int port = 0; port < DV_PORT_COUNT; port++) {
            kept_clear(&a->ports[port]);
            free(a->ports[port].lanes);
        }
}

/* ---- connections -------------------------------------------------------------------------- */

static bool connected(const sim_world *w, const sim_lane *lane)
{
    if (!lane->producer->process->up || !lane->consumer->process->up) return false;
    return lane->local || w->now_ns < lane->down_from_ns || w->now_ns >= lane->down_until_ns;
}

static void down(sim_world *w, sim_lane *lane, int64_t from_ns, int64_t until_ns)
{
    if (lane->local) return;
    bool joins = lane->down_until_ns > w->now_ns && lane->down_until_ns >= from_ns;
    lane->down_from_ns = joins ? dv_min_i64(lane->down_from_ns, from_ns) : from_ns;
    lane->down_until_ns = joins ? dv_max_i64(lane->down_until_ns, until_ns) : until_ns;
}

static bool touches(const sim_lane *lane, const sim_process *p)
{
    return lane->producer->process == p || lane->consumer->process == p;
}

void sim_network_died(sim_process *p)
{
    sim_world *w = p->world;
    for (uint32_t i = 0; i < p->actor_count; i++) kept_forget(&p->actors[i]);
    for (uint32_t i = 0; i < w->lane_count; i++) {
        sim_lane *lane = &w->lanes[i];
        if (!touches(lane, p)) continue;
        int way = lane->producer->process == p ? 0 : 1;
        if (sim_below(&w->network_dice, 2) == 0) lane->lost_ns[way] = w->now_ns;
    }
}

void sim_network_started(sim_process *p)
{
    sim_world *w = p->world;
    for (uint32_t i = 0; i < w->lane_count; i++)
        if (touches(&w->lanes[i], p))
            down(w, &w->lanes[i], w->now_ns,
                 w->now_ns + sim_between(&w->network_dice, SIM_MS, RECONNECT_FAST_NS));
}

void sim_network_paused(sim_process *p, int64_t until_ns)
{
    sim_world *w = p->world;
    if (until_ns - w->now_ns < SILENCE_NS) return;
    for (uint32_t i = 0; i < w->lane_count; i++)
        if (touches(&w->lanes[i], p))
            down(w, &w->lanes[i], w->now_ns + SILENCE_NS,
                 until_ns + sim_between(&w->network_dice, SIM_MS, RECONNECT_FAST_NS));
}

void sim_lane_block(sim_world *w, sim_lane *lane, int way, int64_t until_ns)
{
    if (lane->local) return;
    lane->blocked_from_ns[way] = w->now_ns;
    lane->blocked_until_ns[way] = until_ns;
    if (until_ns - w->now_ns < SILENCE_NS) return;
    down(w, lane, w->now_ns + SILENCE_NS,
         until_ns + sim_between(&w->network_dice, SIM_MS, RECONNECT_SLOW_NS));
}

void sim_network_heal(sim_world *w)
{
    for (uint32_t i = 0; i < w->lane_count; i++) {
        sim_lane *lane = &w->lanes[i];
        lane->blocked_until_ns[0] = lane->blocked_until_ns[1] = w->now_ns;
        lane->down_until_ns = dv_min_i64(lane->down_until_ns, w->now_ns + RECONNECT_SLOW_NS);
    }
}

/* ---- packets ------------------------------------------------------------------------------ */

sim_packet *sim_packet_new(sim_actor *to, dv_port port, const char *bytes, size_t size)
{
    sim_packet *p = malloc(sizeof *p + size);
    if (p == NULL) abort();
    memset(p, 0, sizeof *p);
    p->arrival = (sim_alarm){.fire = packet_arrives, .arg = p};
    p->to = to;
    p->to_life = to->process->life;
    p->port = port;
    p->sent_ns = to->process->world->now_ns;
    p->size = size;
    memcpy(p->bytes, bytes, size);
    return p;
}

static bool lost_on_arrival(sim_world *w, const sim_packet *p)
{
    const sim_process *to = p->to->process;
    if (!to->up || to->life != p->to_life) return true;
    if (p->lane == NULL || p->lane->local) return false;
    if (p->sent_ns < p->lane->lost_ns[p->way]) return true;
    const sim_actor *from = p->way == 0 ? p->lane->producer : p->lane->consumer;
    return from->process->up && !connected(w, p->lane);
}

static void packet_arrives(sim_world *w, void *arg)
{
    sim_packet *p = arg;
    if (lost_on_arrival(w, p)) {
        if (sim_tracing) sim_trace_message("", "is cut off from", p->to->name, p->bytes, p->size);
        free(p);
        return;
    }
    sim_actor_take(p->to, p);
}

static bool is_beat(const sim_lane *lane)
{
    return lane->link->kind == DV_LINK_health;
}

/* How long a message between processes takes. */
static int64_t travel_ns(sim_world *w, const sim_lane *lane)
{
    const sim_weather *weather = &w->weather;
    int64_t ns = sim_between(&w->network_dice, 20 * DV_NS_PER_US, weather->usual_ns);
    if (!sim_chance(&w->network_dice, weather->delay_ppm)) return ns;
    ns = sim_between(&w->network_dice, ns, dv_max_i64(ns, weather->delay_max_ns));
    if (ns > LONG_NS && !is_beat(lane)) w->faults[SIM_FAULT_delay]++;
    return ns;
}

/* Whether the network loses this message. */
static bool lost(sim_world *w, const sim_lane *lane, int way)
{
    if (lane->local) return false;
    if (w->now_ns >= lane->blocked_from_ns[way] && w->now_ns < lane->blocked_until_ns[way]) {
        if (!is_beat(lane)) w->faults[SIM_FAULT_partition]++;
        return true;
    }
    if (!sim_chance(&w->network_dice, w->weather.drop_ppm)) return false;
    if (!is_beat(lane)) w->faults[SIM_FAULT_drop]++;
    return true;
}

static void packet_send(sim_world *w, sim_packet *p)
{
    sim_lane *lane = p->lane;
    int64_t ns;
    if (lane->local)
        ns = sim_between(&w->network_dice, 1, LOCAL_US_MAX) * DV_NS_PER_US;
    else
        ns = travel_ns(w, lane);
    int64_t at_ns = dv_max_i64(w->now_ns + ns, lane->last_ns[p->way]);
    lane->last_ns[p->way] = at_ns + 1; /* messages of one lane keep their order */
    sim_alarm_set(w, &p->arrival, at_ns);
}

/* Sends a copy of a message that may come any time later, in no order. TCP does not do that; it
   stands for all that is sent again. But nobody may be told that an order is refused while a copy
   of it is still under way, so orders are doubled only by those who send them again. */
static void packet_double(sim_world *w, const sim_packet *p)
{
    dv_link_kind kind = p->lane->link->kind;
    bool submits = (kind == DV_LINK_submit || kind == DV_LINK_insert) && p->way == 0;
    if (p->lane->local || submits || !sim_chance(&w->network_dice, w->weather.duplicate_ppm))
        return;
    sim_packet *copy = sim_packet_new(p->to, p->port, p->bytes, p->size);
    copy->peer = p->peer;
    copy->lane = p->lane;
    copy->way = p->way;
    if (!is_beat(p->lane)) w->faults[SIM_FAULT_duplicate]++;
    sim_alarm_set(w, &copy->arrival,
                  w->now_ns + sim_between(&w->network_dice, SIM_MS, 2 * SIM_SECOND));
}

static void lane_send(sim_world *w, sim_lane *lane, int way, const char *bytes, size_t size)
{
    const sim_actor *from = way == 0 ? lane->producer : lane->consumer;
    sim_actor *to = way == 0 ? lane->consumer : lane->producer;
    bool gone = lost(w, lane, way);
    if (sim_tracing)
        sim_trace_message(from->name, gone ? "loses to" : "sends to", to->name, bytes, size);
    if (gone) return;
    sim_packet *p = sim_packet_new(to, DV_PORT(lane->link->kind, lane->link->index), bytes, size);
    p->lane = lane;
    p->way = way;
    if (way == 0) {
        p->peer.size = (uint8_t)strlen(from->name);
        memcpy(p->peer.bytes, from->name, p->peer.size);
    }
    packet_double(w, p);
    packet_send(w, p);
}

/* ---- sending ------------------------------------------------------------------------------ */

typedef struct offer {
    const sim_world *world;
    const sim_port *port;
    uint32_t taken; /* the lane that took it */
} offer;

static bool lane_offer(void *arg, uint32_t lane)
{
    offer *o = arg;
    o->taken = lane;
    return connected(o->world, o->port->lanes[lane]);
}

/* The lane for the next message of a port that goes to one consumer; NULL: none is connected. */
static sim_lane *lane_any(sim_world *w, sim_port *port)
{
    offer o = {.world = w, .port = port};
    return dv_spread_any(port->count, &port->turn, lane_offer, &o) ? port->lanes[o.taken] : NULL;
}

static void keep(sim_port *port, sim_actor *from, const dv_outbox_entry *entry)
{
    sim_packet **end = &port->kept;
    while (*end != NULL) end = &(*end)->next;
    *end = sim_packet_new(from, entry->port, entry->bytes, entry->size);
    port->kept_count++;
    from->kept_count++;
}

void sim_network_flush(sim_actor *a)
{
    sim_world *w = a->process->world;
    for (int number = 0; number < DV_PORT_COUNT && a->kept_count > 0; number++) {
        sim_port *port = &a->ports[number];
        sim_lane *lane;
        while (port->kept != NULL && (lane = lane_any(w, port)) != NULL) {
            sim_packet *p = port->kept;
            port->kept = p->next;
            port->kept_count--;
            a->kept_count--;
            lane_send(w, lane, 0, p->bytes, p->size);
            free(p);
        }
    }
}

static void send_answer(sim_actor *from, sim_port *port, const dv_outbox_entry *e)
{
    sim_world *w = from->process->world;
    for (uint32_t i = 0; i < port->count; i++) {
        const char *name = port->lanes[i]->producer->name;
        if (strlen(name) != e->to.size || memcmp(name, e->to.bytes, e->to.size) != 0) continue;
        if (connected(w, port->lanes[i]))
            lane_send(w, port->lanes[i], 1, e->bytes, e->size);
        else if (sim_tracing)
            sim_trace_message(from->name, "cannot reach", name, e->bytes, e->size);
        return;
    }
    if (sim_tracing) sim_trace_message(from->name, "knows no such peer", "", e->bytes, e->size);
}

void sim_network_send(sim_actor *from, const dv_outbox_entry *e)
{
    sim_world *w = from->process->world;
    sim_port *port = &from->ports[e->port];
    if (port->count == 0) {
        sim_fail(w, "wiring", "%s sends on port %u, which it has not", from->name, e->port);
        return;
    }
    const dv_link *link = port->lanes[0]->link;
    if (port->lanes[0]->consumer == from) {
        send_answer(from, port, e);
        return;
    }
    if (link->spread == DV_ALL) {
        for (uint32_t i = 0; i < port->count; i++)
            if (connected(w, port->lanes[i])) lane_send(w, port->lanes[i], 0, e->bytes, e->size);
        return;
    }
    sim_lane *lane = port->kept == NULL ? lane_any(w, port) : NULL;
    if (lane != NULL)
        lane_send(w, lane, 0, e->bytes, e->size);
    else if (dv_link_keeps(link, port->kept_count))
        keep(port, from, e);
    else if (sim_tracing)
        sim_trace_message(from->name, "has nobody to send to", link->consumer, e->bytes, e->size);
}
