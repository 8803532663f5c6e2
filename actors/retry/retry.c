#include "actors/retry/retry.h"

#include "actors/base/log.h"
#include "actors/retry/schedule.h"
#include "proto/arena.h"

#define TAKE_EVERY_NS (1000 * DV_NS_PER_MS)   /* at least: another instance may have armed */
#define SWEEP_ANSWER_NS (5000 * DV_NS_PER_MS) /* a sweep without an answer is begun anew after */
#define SWEEP_AHEAD 3       /* sweeps: what is due by then is found, so that two may get lost */
#define DUE_MAX (1ll << 52) /* microseconds: Redis's scores hold whole numbers exactly up to it */

#define SCHEDULE DV_PORT(DV_LINK_schedule, 0)
#define SWEEP DV_PORT(DV_LINK_sweep, 0)

typedef struct retry {
    const dv_retry_config *config;
    dv_schedule *schedule;
    bool fault_told;     /* the schedule's being away was logged */
    bool working;        /* the schedule worked at the last tick */
    bool taking;         /* a take is not answered yet */
    int64_t take_at_ns;  /* monotonic; the next take */
    int64_t sweep_at_ns; /* monotonic; the next sweep, or when to give up the one under way */
} retry;

/* ---- whom to tell -------------------------------------------------------------------------- */

/* The instance of an incarnation: what comes before the slash. */
static dv_peer peer_of(dv_text owner)
{
    dv_peer peer = {0};
    while (peer.size < owner.size && owner.at[peer.size] != '/') peer.size++;
    if (peer.size > 0) memcpy(peer.bytes, owner.at, peer.size);
    return peer;
}

/* Says that an attempt may begin. An owner that does not hear it begins by itself, a little late.
 */
static void hand_out(const dv_schedule_entry *entry, dv_outbox *outbox)
{
    dv_debug("retry_event", &entry->order_id, dv_kv_number("attempt", entry->attempt));
    if (entry->peer.size == 0) return;
    dv_send(outbox, SCHEDULE, &entry->peer,
            &(dv_message){.type = DV_MSG_retry_event,
                          .retry_event = {.order_id = entry->order_id, .attempt = entry->attempt}});
}

/* ---- when to look ------------------------------------------------------------------------- */

/* The next take is no later than this wall time, and never further away than TAKE_EVERY_NS. */
static void take_by(retry *self, int64_t wall_us, dv_time now)
{
    int64_t left_us = dv_max_i64(wall_us, now.wall_us) - now.wall_us;
    int64_t left_ns = dv_min_i64(left_us, TAKE_EVERY_NS / DV_NS_PER_US) * DV_NS_PER_US;
    self->take_at_ns = dv_min_i64(self->take_at_ns, now.mono_ns + left_ns);
}

static void retries_request(dv_id after, retry *self, dv_time now, dv_outbox *outbox)
{
    int64_t ahead_us = SWEEP_AHEAD * self->config->retry_sweep_ms * DV_US_PER_MS;
    dv_send(outbox, SWEEP, NULL,
            &(dv_message){.type = DV_MSG_retries_request,
                          .retries_request = {.before_us = (uint64_t)(now.wall_us + ahead_us),
                                              .after = after}});
    self->sweep_at_ns = now.mono_ns + SWEEP_ANSWER_NS;
}

static int64_t sweep_every_ns(const retry *self)
{
    return self->config->retry_sweep_ms * DV_NS_PER_MS;
}

/* ---- handlers ----------------------------------------------------------------------------- */

static int64_t due_of(uint64_t due_at_us)
{
    return due_at_us > DUE_MAX ? DUE_MAX : (int64_t)due_at_us;
}

/* While the schedule is away nothing is kept here: PostgreSQL has it, and the sweep finds it. */
DV_HANDLER(retry, arm_retry)
{
    dv_schedule_entry entry = {.order_id = message->order_id,
                               .attempt = (uint8_t)message->attempt,
                               .due_us = due_of(message->due_at_us),
                               .peer = envelope->peer};
    self->schedule->class->arm(self->schedule, &entry, 1, false, now);
    take_by(self, entry.due_us, now);
}

DV_HANDLER(retry, forget_retry)
{
    self->schedule->class->forget(self->schedule, &message->order_id, (uint8_t)message->attempt,
                                  now);
}

/* With the schedule away, what is overdue is handed out at once: execution bears it twice. */
static void waiting_take(retry *self, const dv_retries_reply *m, dv_time now, dv_outbox *outbox)
{
    dv_schedule_entry *entries =
        dv_arena_alloc(dv_outbox_arena(outbox), m->waiting_count * sizeof *entries);
    bool away = self->schedule->class->fault(self->schedule) != NULL;
    for (uint32_t i = 0; i < m->waiting_count; i++) {
        const dv_waiting *w = &m->waiting[i];
        entries[i] = (dv_schedule_entry){.order_id = w->order_id,
                                         .attempt = (uint8_t)w->attempt,
                                         .due_us = due_of(w->due_at_us),
                                         .peer = peer_of(w->owner)};
        if (away && entries[i].due_us <= now.wall_us) hand_out(&entries[i], outbox);
        take_by(self, entries[i].due_us, now);
    }
    self->schedule->class->arm(self->schedule, entries, m->waiting_count, true, now);
}

DV_HANDLER(retry, retries_reply)
{
    self->sweep_at_ns = now.mono_ns + sweep_every_ns(self);
    if (message->error != DV_OK) {
        dv_debug("sweep_refused", NULL,
                 dv_kv_string("error", dv_err_name((uint16_t)message->error)));
        return;
    }
    if (message->waiting_count > 0) waiting_take(self, message, now, outbox);
    if (message->waiting_count == DV_SWEEP_MAX)
        retries_request(message->waiting[message->waiting_count - 1].order_id, self, now, outbox);
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_arm_retry] = on_arm_retry,
    [DV_MSG_forget_retry] = on_forget_retry,
    [DV_MSG_retries_reply] = on_retries_reply,
};

/* ---- due work ----------------------------------------------------------------------------- */

/* Logs each change once. A schedule that is back may have lost all: it is filled at once. */
static void fault_notice(retry *self, dv_time now)
{
    const char *fault = self->schedule->class->fault(self->schedule);
    bool working = fault == NULL;
    if (working && !self->working) {
        dv_info("schedule_ready", NULL);
        self->fault_told = false;
        self->take_at_ns = self->sweep_at_ns = now.mono_ns;
    } else if (!working && !self->fault_told && *fault != '\0') {
        dv_warn("schedule_away", NULL, dv_kv_string("why", fault));
        self->fault_told = true;
    }
    if (!working) self->taking = false;
    self->working = working;
}

static void taken_hand_out(retry *self, dv_time now, dv_outbox *outbox)
{
    dv_schedule_taken taken;
    if (!self->schedule->class->taken(self->schedule, &taken)) return;
    self->taking = false;
    for (uint32_t i = 0; i < taken.count; i++) hand_out(&taken.entries[i], outbox);
    take_by(self, taken.next_us, now);
}

/* The next take is set before the answer to this one, which can only bring it forward. */
static void take_due(retry *self, dv_time now)
{
    if (!self->working || self->taking || now.mono_ns < self->take_at_ns) return;
    self->taking = true;
    self->take_at_ns = now.mono_ns + TAKE_EVERY_NS;
    self->schedule->class->take(self->schedule, now);
}

static int64_t tick(void *actor, dv_time now, dv_outbox *outbox)
{
    retry *self = actor;
    int64_t deadline_ns = self->schedule->class->tick(self->schedule, now);
    fault_notice(self, now);
    taken_hand_out(self, now, outbox);
    take_due(self, now);
    if (now.mono_ns >= self->sweep_at_ns) retries_request((dv_id){0}, self, now, outbox);
    if (self->working && !self->taking) deadline_ns = dv_min_i64(deadline_ns, self->take_at_ns);
    return dv_min_i64(deadline_ns, self->sweep_at_ns);
}

/* ---- life --------------------------------------------------------------------------------- */

static dv_err start(void *actor, dv_time now, dv_outbox *outbox, char ret_why[DV_REASON_MAX])
{
    (void)outbox;
    retry *self = actor;
    self->take_at_ns = self->sweep_at_ns = now.mono_ns;
    return self->schedule->class->start(self->schedule, now, ret_why);
}

static uint32_t watch(void *actor, dv_watch ret_watches[DV_WATCH_MAX])
{
    const retry *self = actor;
    return self->schedule->class->watch(self->schedule, ret_watches);
}

static void ready(void *actor, dv_watch watch, dv_time now, dv_outbox *outbox)
{
    (void)outbox;
    const retry *self = actor;
    self->schedule->class->ready(self->schedule, watch, now);
}

static dv_health health(const void *actor)
{
    const retry *self = actor;
    if (self->schedule->class->fault(self->schedule) == NULL) return (dv_health){0};
    return (dv_health){.degraded = DV_SCHEDULE_AWAY,
                       .text = "Redis is away: retries are late, by at most a sweep"};
}

static void destroy(void **actor)
{
    if (actor == NULL || *actor == NULL) return;
    retry *self = *actor;
    self->schedule->class->destroy(&self->schedule);
    free(self);
    *actor = NULL;
}

const dv_actor_class DV_RETRY_CLASS = {
    .name = "retry",
    .handlers = HANDLERS,
    .start = start,
    .tick = tick,
    .watch = watch,
    .ready = ready,
    .health = health,
    .destroy = destroy,
};

void *dv_retry_new_on(const dv_retry_config *config, dv_schedule **schedule)
{
    retry *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->config = config;
    self->schedule = *schedule;
    *schedule = NULL;
    return self;
}

void *dv_retry_new(const dv_retry_config *config)
{
    dv_schedule *schedule = dv_schedule_redis_new(config);
    return dv_retry_new_on(config, &schedule);
}
