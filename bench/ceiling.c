/* What PostgreSQL alone does with Drover's schema and its very statements: one INSERT and four
   STEPs an order, the confirmed way, through the store that persistence uses (actors/persistence/pg/store.c),
   without an engine around it. Orders go in cohorts, which are the batches. A JSON object a line.
 */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "actors/base/log.h"
#include "actors/persistence/query.h"
#include "bench/load/samples.h"
#include "proto/base58.h"
#include "proto/state.h"

#define BATCH_MAX 4096
#define CONNECTIONS_MAX 12
#define COHORTS_EACH 2 /* for each connection: as many batches as it holds */
#define START_TIMEOUT_MS 60000
#define SIGNATURES 1024 /* made beforehand, used in turn */
#define TRANSACTION 162 /* bytes of a simulated venue's transaction */
#define PROGRESS_NS (500 * DV_NS_PER_MS)

typedef struct cohort {
    uint32_t state; /* of all of its orders; 0: not inserted */
    int64_t sent_ns;
    dv_insert_request *inserts; /* one for each order; the ids stand in them */
    dv_step_request *steps;
    const void **rows;
} cohort;

typedef struct ceiling {
    dv_persistence_config config;
    double warmup_s, seconds;
    uint64_t seed;
    dv_store *store;
    cohort cohorts[COHORTS_EACH * CONNECTIONS_MAX];
    uint32_t cohort_count;
    uint32_t ready[COHORTS_EACH * CONNECTIONS_MAX]; /* cohorts to be written next; a ring */
    uint32_t ready_first, ready_count;
    uint64_t confirmed;
    load_samples calls;
    bool steady; /* within the window */
    char signatures[SIGNATURES][DV_BASE58_TEXT_SIZE];
    char transaction[TRANSACTION];
    uint64_t used; /* signatures */
} ceiling;

static const dv_quote QUOTES[] = {
    {.venue = {"raydium", 7},
     .amount_in = 100000000,
     .amount_out = 14653665,
     .fee_ppm = 2500,
     .pool = {"g9HHBzA6zAmz4YVUTbu5yAH3hq2VC5QB6KqoBU9gjeH", 43}},
    {.venue = {"meteora", 7},
     .amount_in = 100000000,
     .amount_out = 15229714,
     .fee_ppm = 2000,
     .pool = {"EvgUg2sgZJqmPfXcPN4RZKdjDPGx6Ej2nuqeD4bw5KDS", 44}},
};
static const char REASON[] = "meteora is 3.93 % better than raydium after fees and impact";

/* Sebastiano Vigna's splitmix64. */
static uint64_t dice(ceiling *c)
{
    uint64_t z = c->seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void die(const char *why)
{
    fprintf(stderr, "ceiling: %s\n", why);
    exit(1);
}

/* ---- what is written ---- */

static dv_insert_request insert_make(ceiling *c, int64_t wall_us)
{
    uint64_t bits[2] = {dice(c), dice(c)};
    uint8_t random[10];
    memcpy(random, bits, sizeof random);
    return (dv_insert_request){
        .terms = {.order_id = dv_id_make(wall_us, random),
                  .order_type = 1,
                  .token_in = dv_text_of("So11111111111111111111111111111111111111112"),
                  .token_out = dv_text_of("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"),
                  .amount = 100000000,
                  .slippage_bps = 100,
                  .amount_input = dv_text_of("0.1"),
                  .created_at_us = (uint64_t)wall_us},
        .owner = dv_text_of("execution/5f3a9c21")};
}

/* What execution learns with a step on the confirmed way (actors/execution/order.c). */
static dv_attempt attempt_make(ceiling *c, uint32_t to_state)
{
    dv_attempt attempt = {.number = 1};
    switch (to_state) {
    case DV_STATE_building:
        attempt.venue = QUOTES[1].venue;
        attempt.reason = (dv_text){REASON, sizeof REASON - 1};
        attempt.quotes = QUOTES;
        attempt.quotes_count = sizeof QUOTES / sizeof QUOTES[0];
        attempt.limit_amount = 15077417;
        break;
    case DV_STATE_submitted:
        attempt.venue = QUOTES[1].venue;
        attempt.signature = dv_text_of(c->signatures[c->used++ % SIGNATURES]);
        attempt.transaction = (dv_text){c->transaction, sizeof c->transaction};
        attempt.last_valid_block_height = 4488208260;
        break;
    case DV_STATE_finalized:
        attempt.amount_in = 100000000;
        attempt.amount_out = 15229709;
        break;
    default: break;
    }
    return attempt;
}

/* The state after one on the confirmed way; 0 after the last. */
static uint32_t next_state(uint32_t state)
{
    static const uint32_t WAY[] = {0, DV_STATE_pending, DV_STATE_routing, DV_STATE_building,
                                   DV_STATE_submitted};
    static const uint32_t TO[] = {DV_STATE_pending, DV_STATE_routing, DV_STATE_building,
                                  DV_STATE_submitted, DV_STATE_finalized};
    for (size_t i = 0; i < sizeof WAY / sizeof WAY[0]; i++)
        if (WAY[i] == state) return TO[i];
    return 0;
}

static dv_step_request step_make(ceiling *c, const dv_id *id, uint32_t from_state, int64_t wall_us)
{
    uint32_t to_state = next_state(from_state);
    return (dv_step_request){.order_id = *id,
                             .epoch = 1,
                             .from_state = from_state,
                             .to_state = to_state,
                             .from_attempt = from_state == DV_STATE_pending ? 0 : 1,
                             .at_us = (uint64_t)wall_us,
                             .attempt = attempt_make(c, to_state)};
}

static void cohort_write(ceiling *c, uint32_t index)
{
    cohort *h = &c->cohorts[index];
    dv_time now = dv_time_now();
    uint32_t count = c->config.store_batch_max;
    dv_store_request request = {.ticket = index,
                                .query = h->state == 0 ? &DV_QUERY_insert : &DV_QUERY_step,
                                .count = count,
                                .rows = h->rows};
    for (uint32_t i = 0; i < count; i++) {
        if (h->state == 0) {
            h->inserts[i] = insert_make(c, now.wall_us);
            h->rows[i] = &h->inserts[i];
        } else {
            h->steps[i] = step_make(c, &h->inserts[i].terms.order_id, h->state, now.wall_us);
            h->rows[i] = &h->steps[i];
        }
    }
    h->sent_ns = now.mono_ns;
    c->store->class->submit(c->store, &request);
}

/* ---- the run ---- */

static void ready_push(ceiling *c, uint32_t index)
{
    c->ready[(c->ready_first + c->ready_count++) % c->cohort_count] = index;
}

static void answered(void *context, const dv_store_answer *answer)
{
    ceiling *c = context;
    cohort *h = &c->cohorts[answer->ticket];
    if (answer->error != DV_OK) {
        fprintf(stderr, "ceiling: %.*s\n", DV_TEXT_ARG(answer->error_text));
        exit(1);
    }
    for (uint32_t i = 0; i < answer->count; i++)
        if (!answer->receipts[i].found) die("a row was not written");
    if (c->steady) load_samples_add(&c->calls, dv_time_now().mono_ns - h->sent_ns);
    h->state = next_state(h->state);
    if (h->state == DV_STATE_finalized) {
        c->confirmed += answer->count;
        h->state = 0;
    }
    ready_push(c, (uint32_t)answer->ticket);
}

static void turn(ceiling *c)
{
    const dv_store_class *class = c->store->class;
    const dv_store_answers answers = {answered, c};
    dv_watch watches[DV_WATCH_MAX];
    struct pollfd fds[DV_WATCH_MAX];
    class->tick(c->store, dv_time_now(), &answers);
    while (c->ready_count > 0 && class->room(c->store, DV_STORE_WRITER) > 0) {
        uint32_t index = c->ready[c->ready_first];
        c->ready_first = (c->ready_first + 1) % c->cohort_count;
        c->ready_count--;
        cohort_write(c, index);
    }
    uint32_t count = class->watch(c->store, watches);
    for (uint32_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = watches[i].fd,
                                 .events = (short)((watches[i].readable ? POLLIN : 0) |
                                                   (watches[i].writable ? POLLOUT : 0))};
    poll(fds, count, 10);
    for (uint32_t i = 0; i < count; i++)
        if (fds[i].revents != 0) class->ready(c->store, watches[i], dv_time_now(), &answers);
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

/* Runs for some seconds; returns how many passed. */
static double run_for(ceiling *c, double seconds, double before_s)
{
    int64_t start_ns = dv_time_now().mono_ns, now_ns = start_ns, told_ns = start_ns;
    while (now_ns - start_ns < (int64_t)(seconds * 1e9)) {
        turn(c);
        now_ns = dv_time_now().mono_ns;
        if (now_ns - told_ns < PROGRESS_NS) continue;
        told_ns = now_ns;
        printf("{\"event\":\"progress\",\"elapsed\":%.1f,\"total\":%.1f,\"ended\":%" PRIu64 "}\n",
               before_s + (double)(now_ns - start_ns) / 1e9, c->warmup_s + c->seconds,
               c->confirmed);
        fflush(stdout);
    }
    return (double)(now_ns - start_ns) / 1e9;
}

static void measure(ceiling *c)
{
    run_for(c, c->warmup_s, 0);
    tell("steady");
    c->steady = true;
    uint64_t before = c->confirmed;
    double cpu_before_s = cpu_s();
    double passed_s = run_for(c, c->seconds, c->warmup_s);
    double used_s = cpu_s() - cpu_before_s;
    uint64_t count = c->confirmed - before;
    tell("end");
    printf("{\"event\":\"result\",\"orders_per_s\":%.1f,\"window_s\":%.3f,\"batch\":%u,"
           "\"connections\":%u,\"confirmed\":%" PRIu64 ",\"cpu_s\":%.3f,\"call_ms\":",
           (double)count / passed_s, passed_s, c->config.store_batch_max,
           c->config.store_connections, count, used_s);
    load_samples_print(&c->calls, stdout);
    printf("}\n");
}

/* ---- start and end ---- */

static void *must(void *memory)
{
    if (memory == NULL) abort();
    return memory;
}

static void prepare(ceiling *c)
{
    uint32_t batch = c->config.store_batch_max;
    c->cohort_count = COHORTS_EACH * c->config.store_connections;
    for (uint32_t i = 0; i < c->cohort_count; i++) {
        cohort *h = &c->cohorts[i];
        h->inserts = must(calloc(batch, sizeof *h->inserts));
        h->steps = must(calloc(batch, sizeof *h->steps));
        h->rows = must(calloc(batch, sizeof *h->rows));
    }
    for (size_t i = 0; i < SIGNATURES; i++) {
        uint64_t bytes[8];
        for (size_t k = 0; k < 8; k++) bytes[k] = dice(c);
        dv_base58_encode((const uint8_t *)bytes, sizeof bytes, c->signatures[i]);
    }
    for (size_t i = 0; i < sizeof c->transaction; i++) c->transaction[i] = (char)dice(c);
    char why[DV_REASON_MAX];
    c->store = dv_store_pg_new(&c->config, START_TIMEOUT_MS);
    if (c->store->class->start(c->store, why) != DV_OK) die(why);
    while (c->store->class->room(c->store, DV_STORE_WRITER) < c->cohort_count) turn(c);
    for (uint32_t i = 0; i < c->cohort_count; i++) ready_push(c, i);
}

static void dismiss(ceiling *c)
{
    c->store->class->destroy(&c->store);
    for (uint32_t i = 0; i < c->cohort_count; i++) {
        free(c->cohorts[i].inserts);
        free(c->cohorts[i].steps);
        free(c->cohorts[i].rows);
    }
    load_samples_fini(&c->calls);
}

static double number(double least, double most)
{
    char *end;
    double value = strtod(optarg, &end);
    if (end == optarg || *end != '\0' || !isfinite(value) || value < least || value > most)
        die("a number is out of range");
    return value;
}

int main(int argc, char **argv)
{
    static const struct option LONG[] = {{"url", required_argument, NULL, 'u'},
                                         {"batch", required_argument, NULL, 'b'},
                                         {"connections", required_argument, NULL, 'c'},
                                         {"warmup", required_argument, NULL, 'w'},
                                         {"seconds", required_argument, NULL, 's'},
                                         {"seed", required_argument, NULL, 'e'},
                                         {0}};
    static ceiling c = {.warmup_s = 1, .seconds = 5, .seed = 1};
    dv_log_init(DV_LOG_WARN, false);
    dv_config_set_defaults(&DV_PERSISTENCE_SECTION, &c.config);
    for (int which; (which = getopt_long(argc, argv, "", LONG, NULL)) != -1;) {
        switch (which) {
        case 'u': snprintf(c.config.database_url, DV_CONFIG_TEXT_MAX, "%s", optarg); break;
        case 'b': c.config.store_batch_max = (uint32_t)number(1, BATCH_MAX); break;
        case 'c': c.config.store_connections = (uint32_t)number(1, CONNECTIONS_MAX); break;
        case 'w': c.warmup_s = number(0, 3600); break;
        case 's': c.seconds = number(0.1, 3600); break;
        case 'e': c.seed = (uint64_t)number(0, 1e9); break;
        default: die("--url U [--batch N --connections N --warmup S --seconds S --seed N]");
        }
    }
    prepare(&c);
    measure(&c);
    dismiss(&c);
    return 0;
}
