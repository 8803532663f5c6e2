/* How many small messages a second one actor hands to another through the run loop over inproc,
   with encoding and decoding: the producer keeps a window of messages on their way, the consumer
   counts them and says when a part of the window has arrived. */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "actors/base/actor.h"
#include "actors/base/log.h"

#define LINK DV_PORT(DV_LINK_schedule, 0)
#define PART 1000         /* messages between two words of the consumer */
#define WINDOW (8 * PART) /* messages on their way at most */
#define HIGH_WATER_MARK (2 * WINDOW)

/* Both are read by main once their actors have been destroyed. */
static struct told {
    uint64_t count; /* messages that came in the window of time */
    int64_t first_ns, last_ns;
} told;
static int64_t steady_ns, end_ns; /* set before the actors start */

typedef struct side {
    uint64_t came;        /* consumer: messages */
    uint64_t sent;        /* producer: messages, and how many of them are known to have arrived */
    uint64_t arrived;     /* producer */
    uint64_t window_came; /* consumer: as told.count */
    int64_t first_ns, last_ns;
    bool consumes;
} side;

/* ---- the producer ---- */

static int64_t produce(void *self, dv_time now, dv_outbox *outbox)
{
    side *s = self;
    if (s->consumes) return DV_NEVER;
    dv_message message = {.type = DV_MSG_arm_retry,
                          .arm_retry = {.attempt = 1, .due_at_us = (uint64_t)now.wall_us}};
    for (; s->sent < s->arrived + WINDOW; s->sent++) {
        memcpy(message.arm_retry.order_id.bytes, &s->sent, sizeof s->sent);
        dv_send(outbox, LINK, NULL, &message);
    }
    return DV_NEVER; /* until a part has arrived */
}

static void on_part(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    (void)envelope;
    (void)now;
    (void)outbox;
    ((side *)self)->arrived += PART;
}

/* ---- the consumer ---- */

static void on_message(void *self, const dv_envelope *envelope, dv_time now, dv_outbox *outbox)
{
    side *s = self;
    s->came++;
    if (now.mono_ns >= steady_ns && now.mono_ns < end_ns) {
        if (s->window_came++ == 0) s->first_ns = now.mono_ns;
        s->last_ns = now.mono_ns;
    }
    if (s->came % PART == 0)
        dv_send(outbox, LINK, &envelope->peer, &(dv_message){.type = DV_MSG_retry_event});
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {
    [DV_MSG_arm_retry] = on_message, [DV_MSG_retry_event] = on_part};

static void destroy(void **self)
{
    side *s = *self;
    if (s->consumes) told = (struct told){s->window_came, s->first_ns, s->last_ns};
    free(s);
    *self = NULL;
}

static const dv_actor_class SIDE = {
    .name = "side", .handlers = HANDLERS, .tick = produce, .destroy = destroy};

/* ---- the run ---- */

static void die(const char *why)
{
    fprintf(stderr, "actors: %s\n", why);
    exit(1);
}

static zactor_t *launch(dv_actor *actor)
{
    zactor_t *shell = zactor_new(dv_actor_run, actor);
    char *said = shell != NULL ? zstr_recv(shell) : NULL;
    if (said == NULL || !streq(said, "READY")) die("an actor did not start");
    zstr_free(&said);
    return shell;
}

static void wait_until(int64_t at_ns)
{
    for (int64_t left_ns; (left_ns = at_ns - dv_time_now().mono_ns) > 0;)
        poll(NULL, 0, (int)(left_ns / DV_NS_PER_MS) + 1);
}

static double cpu_s(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void tell(const char *event)
{
    printf("{\"event\":\"%s\"}\n", event);
    fflush(stdout);
}

static double number(double least, double most)
{
    char *end;
    double value = strtod(optarg, &end);
    if (end == optarg || *end != '\0' || !isfinite(value) || value < least || value > most)
        die("a number is out of range");
    return value;
}

/* Runs the pair; returns the processor seconds of the window. */
static double run(double warmup_s, double seconds)
{
    dv_link link = {.name = "schedule",
                    .kind = DV_LINK_schedule,
                    .producers = "producer",
                    .consumer = "consumer",
                    .spread = DV_ANY,
                    .high_water_mark = HIGH_WATER_MARK,
                    .when_full = DV_KEEP,
                    .endpoint = "inproc://schedule"};
    side *consumer = calloc(1, sizeof *consumer), *producer = calloc(1, sizeof *producer);
    if (consumer == NULL || producer == NULL) abort();
    consumer->consumes = true;
    dv_actor consuming = {
        .class = &SIDE, .name = "consumer", .self = consumer, .links = &link, .link_count = 1};
    dv_actor producing = {
        .class = &SIDE, .name = "producer", .self = producer, .links = &link, .link_count = 1};
    steady_ns = dv_time_now().mono_ns + (int64_t)(warmup_s * 1e9);
    end_ns = steady_ns + (int64_t)(seconds * 1e9);
    zactor_t *second = launch(&consuming), *first = launch(&producing);
    wait_until(steady_ns);
    double used_s = -cpu_s();
    tell("steady");
    wait_until(end_ns);
    used_s += cpu_s();
    tell("end");
    zactor_destroy(&first);
    zactor_destroy(&second);
    return used_s;
}

int main(int argc, char **argv)
{
    static const struct option LONG[] = {
        {"warmup", required_argument, NULL, 'w'}, {"seconds", required_argument, NULL, 's'}, {0}};
    double warmup_s = 1, seconds = 5;
    dv_log_init(DV_LOG_ERROR, false); /* the last words find nobody */
    for (int which; (which = getopt_long(argc, argv, "", LONG, NULL)) != -1;) {
        switch (which) {
        case 'w': warmup_s = number(0, 3600); break;
        case 's': seconds = number(0.1, 3600); break;
        default: die("[--warmup S --seconds S]");
        }
    }
    zsys_init();
    double used_s = run(warmup_s, seconds);
    double passed_s = (double)(told.last_ns - told.first_ns) / 1e9;
    if (told.count < 2 || passed_s <= 0) die("no message came");
    printf("{\"event\":\"result\",\"messages_per_s\":%.0f,\"window_s\":%.3f,\"messages\":%" PRIu64
           ",\"cpu_s\":%.3f}\n",
           (double)told.count / passed_s, passed_s, told.count, used_s);
    return 0;
}
