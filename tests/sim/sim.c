/* Runs whole clusters of the real actors on virtual time, one run per seed, and holds them to the
   invariants of README.md.

     sim [--seeds N] [--first S] [--jobs J] [--trace] [--no-shares]

   Seeds S..S+N-1, in J processes. A run that fails is repeated with its trace, whose last lines are
   printed. Exit status: 0 all is well, 1 an invariant is broken or a fault was too rare, 2 usage.
 */
#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/book.h"
#include "tests/sim/clients.h"
#include "tests/sim/nemesis.h"
#include "tests/sim/world.h"

#define REST_NS (120 * SIM_SECOND) /* after the last fault, everything has come to rest by then */
#define LOOK_NS (500 * SIM_MS)
#define TURNS_MAX 3000000u /* of one run; more is a loop that goes nowhere */
#define TAIL_LINES 120u
#define SHARES_SEEDS 500u /* fewer runs say nothing about shares */
#define JOBS_MAX 64

/* What all runs of all processes add up to; shared memory. */
typedef struct tally {
    uint64_t runs, failed, messages, orders, virtual_ms;
    uint64_t faulty[SIM_FAULT_COUNT]; /* runs in which it really happened */
    uint64_t rest_ms_most;            /* longest way to rest after the last fault */
    uint64_t rest_seed;
} tally;

static const char *const FAULT_NAMES[] = {
#define NAME(name, meaning) #name,
    SIM_FAULTS(NAME)
#undef NAME
};
static const char *const FAULT_MEANINGS[] = {
#define MEANING(name, meaning) meaning,
    SIM_FAULTS(MEANING)
#undef MEANING
};

/* The least share of runs, in percent, in which a fault really happens. */
#define SHARE_LEAST 2

/* ---- randomness from the seed alone ------------------------------------------------------- */

static sim_dice sodium_dice;

static const char *dice_name(void)
{
    return "the seed's dice";
}

static uint32_t dice_random(void)
{
    return (uint32_t)sim_roll(&sodium_dice);
}

static void dice_bytes(void *const bytes, const size_t size)
{
    uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) at[i] = (uint8_t)sim_roll(&sodium_dice);
}

static randombytes_implementation dice_implementation = {
    .implementation_name = dice_name, .random = dice_random, .buf = dice_bytes};

/* Nobody but the run loop reads a clock, once all is made; linked with --wrap. */
dv_time __wrap_dv_time_now(void);
dv_time __wrap_dv_time_now(void)
{
    if (sim_starting != NULL) return sim_time_of(sim_starting);
    fprintf(stderr, "sim: an actor reads the clock by itself\n");
    abort();
}

/* ---- one run ------------------------------------------------------------------------------ */

static void run_until(sim_world *w, int64_t until_ns)
{
    while (!w->failed && sim_world_step(w, until_ns))
        if (w->turns > TURNS_MAX) sim_fail(w, "rest", "the actors go in circles");
}

static bool at_rest(const sim_world *w)
{
    return sim_book_at_rest(w) && sim_clients_at_rest(w->clients);
}

static void explain_unrest(sim_world *w)
{
    sim_clients_explain(w->clients);
    for (const dv_model_order *o = w->db->tables.orders; o != NULL; o = o->hh.next) {
        char id[DV_ID_TEXT_SIZE];
        dv_id_format(&o->id, id);
        if (!dv_state_terminal(o->state))
            sim_trace("order %s is %s, attempt %u, owner %s, epoch %" PRIu64, id,
                      dv_state_name(o->state), o->attempt, o->owner, o->epoch);
    }
}

/* Plays a world to its end. Returns how long it took to come to rest after the last fault. */
static int64_t play(sim_world *w)
{
    run_until(w, sim_nemesis_end_ns(w->nemesis));
    if (w->failed) return 0;
    sim_nemesis_cease(w->nemesis);
    sim_clients_calm(w->clients);
    int64_t began_ns = w->now_ns;
    while (!w->failed && !at_rest(w) && w->now_ns < began_ns + REST_NS)
        run_until(w, w->now_ns + LOOK_NS);
    int64_t rest_ns = w->now_ns - began_ns;
    if (!w->failed && !at_rest(w)) {
        sim_fail(w, "rest", "%u orders are not finished, or clients wait, %d s after the faults",
                 w->db->tables.unfinished, (int)(rest_ns / SIM_SECOND));
        if (sim_tracing) explain_unrest(w);
    }
    run_until(w, w->now_ns + 2 * SIM_SECOND); /* nothing comes afterwards */
    if (!w->failed) sim_book_end(w);
    if (!w->failed) sim_clients_end(w->clients);
    return rest_ns;
}

/* True when all is well. why: 512 bytes. */
static bool run(uint64_t seed, tally *t, char *ret_why)
{
    sodium_dice = sim_dice_of(seed, 40);
    sim_world *w = sim_world_new(seed);
    int64_t rest_ns = play(w);
    bool well = !w->failed;
    snprintf(ret_why, 512, "%s", w->failure);
    if (t != NULL) {
        __atomic_add_fetch(&t->runs, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&t->messages, w->messages, __ATOMIC_RELAXED);
        __atomic_add_fetch(&t->orders, HASH_COUNT(w->db->tables.orders), __ATOMIC_RELAXED);
        __atomic_add_fetch(&t->virtual_ms, (uint64_t)(w->now_ns / SIM_MS), __ATOMIC_RELAXED);
        for (int i = 0; i < SIM_FAULT_COUNT; i++)
            if (w->faults[i] > 0) __atomic_add_fetch(&t->faulty[i], 1, __ATOMIC_RELAXED);
        if ((uint64_t)(rest_ns / SIM_MS) > t->rest_ms_most) {
            t->rest_ms_most = (uint64_t)(rest_ns / SIM_MS);
            t->rest_seed = seed;
        }
    }
    bool tracing = sim_tracing;
    sim_tracing = false;
    sim_world_destroy(&w);
    sim_tracing = tracing;
    return well;
}

static void run_failed(uint64_t seed, const char *why, tally *t)
{
    __atomic_add_fetch(&t->failed, 1, __ATOMIC_RELAXED);
    char again[512];
    sim_tracing = true;
    sim_trace_clear();
    run(seed, NULL, again);
    fprintf(stderr, "---- the end of seed %" PRIu64 "\n", seed);
    sim_trace_print(TAIL_LINES);
    fprintf(stderr, "seed %" PRIu64 " breaks %s\n", seed, why);
    if (strcmp(why, again) != 0) fprintf(stderr, "and does not repeat itself: %s\n", again);
    fprintf(stderr, "  repeat it: ./dev sim --first %" PRIu64 " --seeds 1 --trace\n", seed);
    sim_tracing = false;
}

/* ---- many runs ---------------------------------------------------------------------------- */

typedef struct options {
    uint64_t seeds, first;
    uint32_t jobs;
    bool trace, shares;
} options;

/* Seeds job, job + jobs, ...; ends early when any process has met a failure. */
static void job_run(const options *o, uint32_t job, tally *t)
{
    char why[512];
    for (uint64_t i = job; i < o->seeds; i += o->jobs) {
        if (__atomic_load_n(&t->failed, __ATOMIC_RELAXED) > 0) return;
        if (!run(o->first + i, t, why)) run_failed(o->first + i, why, t);
    }
}

static bool jobs_run(const options *o, tally *t)
{
    bool well = true;
    for (uint32_t job = 0; job < o->jobs; job++) {
        pid_t pid = fork();
        if (pid != 0) continue;
        job_run(o, job, t);
        exit(0);
    }
    for (int status; wait(&status) > 0;)
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) well = false;
    return well;
}

static bool shares_print(const options *o, const tally *t)
{
    bool well = true;
    for (int i = 0; i < SIM_FAULT_COUNT; i++) {
        uint64_t permille = t->runs ? t->faulty[i] * 1000 / t->runs : 0;
        bool rare = permille < SHARE_LEAST * 10 && o->shares && o->seeds >= SHARES_SEEDS;
        printf("%3" PRIu64 ".%" PRIu64 " %%  %-16s %s%s\n", permille / 10, permille % 10,
               FAULT_NAMES[i], FAULT_MEANINGS[i], rare ? "  TOO RARE" : "");
        if (rare) well = false;
    }
    return well;
}

static void totals_print(const options *o, const tally *t, int64_t elapsed_ms)
{
    printf("%" PRIu64 " runs (seeds %" PRIu64 " to %" PRIu64 ") in %" PRId64 ".%03d s: %" PRIu64
           " a minute; %" PRIu64 " orders, %" PRIu64 " messages, %" PRIu64
           " s of virtual time; at rest at most %" PRIu64 ".%03d s after the last fault (seed "
           "%" PRIu64 "); %" PRIu64 " failed\n",
           t->runs, o->first, o->first + o->seeds - 1, elapsed_ms / 1000, (int)(elapsed_ms % 1000),
           elapsed_ms > 0 ? t->runs * 60000 / (uint64_t)elapsed_ms : 0, t->orders, t->messages,
           t->virtual_ms / 1000, t->rest_ms_most / 1000, (int)(t->rest_ms_most % 1000),
           t->rest_seed, t->failed);
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static bool options_read(int argc, char **argv, options *ret)
{
    static const struct option NAMES[] = {
        {"seeds", required_argument, NULL, 's'}, {"first", required_argument, NULL, 'f'},
        {"jobs", required_argument, NULL, 'j'},  {"trace", no_argument, NULL, 't'},
        {"no-shares", no_argument, NULL, 'n'},   {NULL, 0, NULL, 0}};
    *ret = (options){.seeds = 2000, .jobs = 2, .shares = true};
    for (int c; (c = getopt_long(argc, argv, "", NAMES, NULL)) != -1;) {
        char *end = NULL;
        uint64_t number = optarg != NULL ? strtoull(optarg, &end, 10) : 0;
        if (optarg != NULL && (*optarg == '\0' || *end != '\0')) return false;
        switch (c) {
        case 's': ret->seeds = number; break;
        case 'f': ret->first = number; break;
        case 'j': ret->jobs = (uint32_t)number; break;
        case 't': ret->trace = true; break;
        case 'n': ret->shares = false; break;
        default: return false;
        }
    }
    return optind == argc && ret->seeds > 0 && ret->jobs > 0 && ret->jobs <= JOBS_MAX;
}

int main(int argc, char **argv)
{
    options o;
    if (!options_read(argc, argv, &o)) {
        fprintf(stderr, "usage: sim [--seeds N] [--first S] [--jobs J] [--trace] [--no-shares]\n");
        return 2;
    }
    randombytes_set_implementation(&dice_implementation);
    if (sodium_init() < 0) return 1;
    tally *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t == MAP_FAILED) return 1;
    int64_t began_ms = clock_ms();
    sim_tracing = sim_trace_live = o.trace;
    if (o.trace || o.seeds == 1) o.jobs = 1;
    bool well = jobs_run(&o, t);
    well = shares_print(&o, t) && well;
    totals_print(&o, t, clock_ms() - began_ms);
    return well && t->failed == 0 ? 0 : 1;
}
