/* The world of one run: virtual time, the cluster's processes with their real actors, the network
   between them, the models of everything outside, and the clients. One thread; all that happens
   follows from the seed.

     alarms ──► turn of an actor: its inbox, tick, beat ──► outbox ──► network ──► other inboxes
        ▲            │                                        └─► desk ──► clients
        └────────────┴── store, schedule, venues' ledger, clients, faults: all by alarms       */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "actors/base/actor.h"
#include "actors/base/heap.h"
#include "actors/base/tokens.h"
#include "actors/settings.h"
#include "tests/sim/dice.h"

#define SIM_MS DV_NS_PER_MS
#define SIM_SECOND (1000 * DV_NS_PER_MS)
#define SIM_WALL_US 1800000000000000ll /* the wall time at which every run begins */

#define SIM_PROCESSES_MAX 16
#define SIM_ACTORS_MAX 16 /* of one process */
#define SIM_LANES_MAX 256

typedef struct sim_world sim_world;
typedef struct sim_process sim_process;
typedef struct sim_actor sim_actor;

/* Something that happens at a time; embedded in whatever it happens to. */
typedef void sim_fire(sim_world *world, void *arg);
typedef struct sim_alarm {
    dv_timer timer;
    sim_fire *fire;
    void *arg;
} sim_alarm;

/* What went wrong on purpose. Counted per run, so that it is known which faults really happened. */
#define SIM_FAULTS(X)                                                                              \
    X(drop, "a message was lost")                                                                  \
    X(delay, "a message took over half a second")                                                  \
    X(duplicate, "a message came twice")                                                           \
    X(partition, "a message was lost in a one-way partition")                                      \
    X(crash, "a process with unfinished orders died")                                              \
    X(drain, "a process was told to drain and stopped")                                            \
    X(pause, "a process stood still for less than a lease")                                        \
    X(zombie, "an execution stood still for more than a lease, and went on")                       \
    X(takeover, "an execution claimed another one's orders")                                       \
    X(fenced, "a step of a former owner was refused")                                              \
    X(clock, "a wall clock jumped")                                                                \
    X(store_refused, "a statement failed")                                                         \
    X(store_lost, "a statement was committed and its answer lost")                                 \
    X(store_late, "a statement was committed long after its asker gave up")                        \
    X(store_away, "the store was away while orders were unfinished or something was asked")        \
    X(schedule_forgot, "the schedule forgot retries")                                              \
    X(schedule_away, "the schedule was away while a retry was armed or due")                       \
    X(venue_lost, "a venue did not tell of a landing")                                             \
    X(venue_drop, "a venue lost a send")                                                           \
    X(venue_late, "a transaction landed late")                                                     \
    X(venue_expire, "a transaction expired")                                                       \
    X(venue_slippage, "a transaction met a price past its limit")                                  \
    X(venue_stuck, "a venue could not write down a landing")                                       \
    X(venue_fork, "a confirmation was taken back")                                                 \
    X(venue_quote, "a quote failed")                                                               \
    X(client_again, "a client sent an idempotency key again")                                      \
    X(client_resume, "a client resumed a WebSocket")                                               \
    X(client_slow, "a client was closed for reading too slowly")

typedef enum sim_fault {
#define SIM_FAULT_ENUM(name, meaning) SIM_FAULT_##name,
    SIM_FAULTS(SIM_FAULT_ENUM)
#undef SIM_FAULT_ENUM
        SIM_FAULT_COUNT,
} sim_fault;

/* A message on its way. */
typedef struct sim_packet {
    struct sim_packet *next; /* in an inbox, or kept by a lane's sender */
    sim_alarm arrival;
    sim_actor *to;
    uint32_t to_life; /* of the process it was sent to; 0: whichever is there */
    dv_port port;
    dv_peer peer;
    struct sim_lane *lane;
    int way; /* 0: from producer to consumer; 1: back */
    int64_t sent_ns;
    size_t size;
    char bytes[];
} sim_packet;

/* One connection: of a producer to a consumer, over one link. Index 0: towards the consumer. */
typedef struct sim_lane {
    const dv_link *link;
    sim_actor *producer, *consumer;
    bool local;
    int64_t last_ns[2];         /* when the last message arrives: none overtakes another */
    int64_t blocked_from_ns[2]; /* a partition */
    int64_t blocked_until_ns[2];
    int64_t down_from_ns; /* not connected from then */
    int64_t down_until_ns;
    int64_t lost_ns[2]; /* what was sent before is lost */
} sim_lane;

typedef struct sim_port {
    sim_lane **lanes; /* borrowed from the world; owned array */
    uint32_t count;
    uint32_t turn;    /* of ANY: the lane that comes next */
    sim_packet *kept; /* of KEEP without a connection: oldest first */
    int kept_count;
} sim_port;

struct sim_actor {
    sim_process *process;
    char role[DV_NAME_MAX + 1], name[DV_NAME_MAX + 1];
    const struct sim_part *part;
    const dv_actor_class *class; /* its part's */
    void *self;                  /* NULL while its process is down */
    dv_outbox *outbox;
    sim_packet *inbox, **inbox_end;
    uint32_t inbox_count;
    sim_alarm turn;
    int64_t beat_at_ns; /* monotonic of its process */
    sim_port ports[DV_PORT_COUNT];
    int kept_count;     /* of all its ports */
    struct dv_hub *hub; /* of a gateway */
};

struct sim_process {
    sim_world *world;
    dv_settings config;
    char node[DV_NAME_MAX + 1]; /* empty: the only one */
    bool up, draining, has_market, has_execution;
    uint32_t life; /* counts its starts */
    int64_t mono_offset_ns, wall_offset_us;
    int64_t started_at_us; /* its wall clock */
    int64_t paused_from_ns, paused_until_ns;
    int64_t drained_by_ns;
    sim_alarm start;
    sim_actor actors[SIM_ACTORS_MAX];
    uint32_t actor_count;
};

/* The network's faults at present, in a million messages. */
typedef struct sim_weather {
    uint32_t drop_ppm, delay_ppm, duplicate_ppm;
    int64_t delay_max_ns;
    int64_t usual_ns; /* at most, without a fault */
} sim_weather;

struct sim_world {
    uint64_t seed;
    int64_t now_ns;
    dv_heap alarms;
    dv_settings config;
    dv_tokens tokens;
    sim_dice network_dice, life_dice;
    sim_weather weather;
    sim_process processes[SIM_PROCESSES_MAX];
    uint32_t process_count;
    sim_lane lanes[SIM_LANES_MAX];
    uint32_t lane_count;
    struct sim_db *db;
    struct sim_book *book;      /* what is checked */
    struct sim_schedule *redis; /* the schedule's memory */
    struct sim_ledger *ledger;  /* what landed */
    struct sim_clients *clients;
    struct sim_nemesis *nemesis; /* who does all this */
    uint32_t faults[SIM_FAULT_COUNT];
    uint64_t messages, turns;
    bool failed;
    char failure[512]; /* which invariant, and how */
};

/* The run under way: for what is called by product code that knows no world. */
extern sim_world *sim_now;

/* The process that is just being made: the only one that may read its clock by itself. */
extern const sim_process *sim_starting;

/* Makes the world of a seed, with all processes up; the caller owns it. */
sim_world *sim_world_new(uint64_t seed);
void sim_world_destroy(sim_world **world);

/* Lets the next thing happen. False: nothing is left to happen before until_ns, which is now. */
bool sim_world_step(sim_world *world, int64_t until_ns);

/* Ends the run: an invariant is broken. The first call counts. */
void sim_fail(sim_world *world, const char *invariant, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets an alarm, or moves it; what is past happens at once. Unset: it does not happen. */
void sim_alarm_set(sim_world *world, sim_alarm *alarm, int64_t at_ns);
void sim_alarm_unset(sim_world *world, sim_alarm *alarm);

/* What a process's clocks show. */
dv_time sim_time_of(const sim_process *process);

/* An actor has its turn then, or earlier. */
void sim_actor_wake(sim_actor *actor, int64_t at_ns);

/* Puts a packet, which it takes over, into an actor's inbox. */
void sim_actor_take(sim_actor *actor, sim_packet *packet);

/* The process dies as by kill -9, and starts again at that time. */
void sim_process_crash(sim_process *process, int64_t start_ns);

/* The process is told to drain; it ends when it has, or at that time at the latest. */
void sim_process_drain(sim_process *process, int64_t by_ns);

/* The process stands still until then. */
void sim_process_pause(sim_process *process, int64_t until_ns);

/* Starts a process that is down. */
void sim_process_start(sim_process *process);

/* ---- the network (network.c) ---- */

/* Makes the lanes between all actors, by the topology. */
void sim_network_init(sim_world *world);
void sim_network_fini(sim_world *world);

/* Sends what an actor put into its outbox. */
void sim_network_send(sim_actor *from, const dv_outbox_entry *entry);

/* The connections of a process that died, begins, or stands still until then. */
void sim_network_died(sim_process *process);
void sim_network_started(sim_process *process);
void sim_network_paused(sim_process *process, int64_t until_ns);

/* Loses all that goes one way over a lane until then. way: as in sim_packet. */
void sim_lane_block(sim_world *world, sim_lane *lane, int way, int64_t until_ns);

/* Ends all partitions. */
void sim_network_heal(sim_world *world);

/* Sends what an actor's ports kept for want of a connection. */
void sim_network_flush(sim_actor *actor);

/* A packet that the caller owns. */
sim_packet *sim_packet_new(sim_actor *to, dv_port port, const char *bytes, size_t size);

/* ---- the trace (trace.c) ---- */

/* Whether lines are kept; formatting them is most of a traced run's work. */
extern bool sim_tracing;

/* Adds a line at the present virtual time. */
void sim_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Adds a line about a message: "from -> to name {fields}". */
void sim_trace_message(const char *from, const char *verb, const char *to, const char *bytes,
                       size_t size);

/* Prints the last lines (0: all were printed as they came) and forgets them. */
void sim_trace_print(uint32_t lines);
void sim_trace_clear(void);

/* Lines are printed as they come instead of being kept. */
extern bool sim_trace_live;

#endif
