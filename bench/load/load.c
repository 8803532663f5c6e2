#include "bench/load/load.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bench/load/scan.h"
#include "proto/base58.h"

#define NS_PER_S 1000000000ll
#define NS_PER_MS 1000000ll
#define PROGRESS_NS (500 * NS_PER_MS)
#define IDLE_NS (100 * NS_PER_MS) /* the longest wait of the loop */
#define REST_NS NS_PER_S          /* of a client that was refused */

static const char STATS[] = "GET /api/orders/queue/stats HTTP/1.1\r\nHost: localhost\r\n\r\n";
static const char ORDER_ID[] = "\"orderId\":\"";

static uint32_t orders_each(const load_run *r)
{
    return r->options.batch > 0 ? r->options.batch : 1;
}

/* The newest tallies. */
static const load_poll *newest(const load_run *r)
{
    return r->poll_count > 0 ? &r->polls[r->poll_count - 1] : &r->base;
}

static uint64_t ended(const load_run *r)
{
    const load_poll *p = newest(r);
    return p->confirmed + p->failed - r->base.confirmed - r->base.failed;
}

/* Orders accepted and not known to have ended. */
static uint64_t outstanding(const load_run *r)
{
    return r->counts.accepted > ended(r) ? r->counts.accepted - ended(r) : 0;
}

static bool in_window(const load_run *r, int64_t due_ns)
{
    return due_ns >= r->steady_ns && due_ns < r->end_ns;
}

/* ---- orders that are followed ---- */

/* Both halves of an order's way are known: how long it took. */
static void flight_end(load_run *r, load_flight *f)
{
    if (in_window(r, f->due_ns)) {
        load_samples_add(&r->end_to_end, f->ended_ns - f->due_ns);
        if (r->options.has_venue) load_samples_add(&r->added, f->ended_ns - f->due_ns - f->own_ns);
    }
    load_flights_remove(&r->flights, f);
}

static void flight_accepted(load_run *r, dv_text id_text, int64_t due_ns)
{
    dv_id id;
    if (!dv_id_parse(id_text, &id)) return;
    load_flight *f = load_flights_get(&r->flights, &id);
    f->due_ns = due_ns;
    if (f->ended_ns != 0) flight_end(r, f);
}

static int64_t frame_own_ns(const load_run *r, const dv_id *id, const char *text, size_t size)
{
    uint8_t signature[DV_SIM_SIGNATURE_SIZE];
    dv_text dex = load_scan_text(text, size, "\"dexUsed\":\"");
    dv_text hash = load_scan_text(text, size, "\"txHash\":\"");
    if (!dv_base58_decode(hash, signature, sizeof signature)) return 0;
    return load_venue_own_ns(&r->options.venue, id, dex, signature);
}

static void frame_told(load_watch *watch, const char *text, size_t size)
{
    load_run *r = watch->owner;
    int64_t now_ns = load_now();
    dv_id id;
    load_scan_number(text, size, "\"position\":", &r->position);
    dv_text status = load_scan_text(text, size, "\"status\":\"");
    bool confirmed = dv_text_is(status, "confirmed"), failed = dv_text_is(status, "failed");
    if (!confirmed && !failed) return;
    if (!dv_id_parse(load_scan_text(text, size, ORDER_ID), &id)) return;
    load_flight *f = load_flights_get(&r->flights, &id);
    if (failed) {
        load_flights_remove(&r->flights, f);
        return;
    }
    f->ended_ns = now_ns;
    if (r->options.has_venue) f->own_ns = frame_own_ns(r, &id, text, size);
    if (f->due_ns != 0) flight_end(r, f);
}

/* The engine closes a socket that falls behind and says where to go on; we know that ourselves. */
static void frames_closed(load_watch *watch)
{
    load_run *r = watch->owner;
    char path[64];
    if (r->phase == LOAD_DONE) return;
    if (watch->refused != 0 || r->phase == LOAD_ASKING) {
        fprintf(stderr, "load: the WebSocket was refused (%u)\n", watch->refused);
        exit(1);
    }
    r->reopened++;
    snprintf(path, sizeof path, "/api/orders/ws?since=%" PRIu64, r->position);
    load_watch_open(watch, path);
}

/* ---- sending ---- */

static void client_send(load_run *r, int64_t due_ns)
{
    load_client *c = &r->clients[r->idle[--r->idle_count]];
    const load_request *request = load_orders_next(&r->orders);
    c->due_ns = due_ns;
    r->counts.sent += orders_each(r);
    if (in_window(r, due_ns)) r->steady.sent += orders_each(r);
    load_client_send(c, request->bytes, request->size);
}

static int64_t due_at(const load_run *r)
{
    return r->start_ns + (int64_t)((double)r->due_count * 1e9 / r->options.rate);
}

static uint32_t clients_busy(const load_run *r)
{
    return r->options.connections - r->idle_count - r->resting_count;
}

static load_client *resting_first(const load_run *r)
{
    return &r->clients[r->resting[r->resting_first]];
}

static void rest(load_run *r, load_client *client, int64_t now_ns)
{
    uint32_t last = (r->resting_first + r->resting_count++) % r->options.connections;
    r->resting[last] = (uint32_t)(client - r->clients);
    client->due_ns = now_ns + REST_NS;
}

static void rested_wake(load_run *r, int64_t now_ns)
{
    while (r->resting_count > 0 && resting_first(r)->due_ns <= now_ns) {
        r->idle[r->idle_count++] = r->resting[r->resting_first];
        r->resting_first = (r->resting_first + 1) % r->options.connections;
        r->resting_count--;
    }
}

/* Sends what may be sent now. */
static void send_more(load_run *r, int64_t now_ns)
{
    rested_wake(r, now_ns);
    if (r->phase != LOAD_WARMING && r->phase != LOAD_STEADY) return;
    uint32_t each = orders_each(r);
    if (r->options.rate <= 0) {
        while (r->idle_count > 0 &&
               outstanding(r) + (uint64_t)clients_busy(r) * each < r->options.bound)
            client_send(r, now_ns);
        return;
    }
    for (int64_t due_ns; (due_ns = due_at(r)) <= now_ns && due_ns < r->end_ns;) {
        bool late = r->options.late_ms > 0 && now_ns - due_ns > r->options.late_ms * NS_PER_MS;
        if (r->idle_count == 0 && !late) return;
        r->due_count += each;
        if (!late) {
            client_send(r, due_ns);
            continue;
        }
        r->counts.unsent += each;
        if (in_window(r, due_ns)) r->steady.unsent += each;
    }
}

static void count(load_counts *counts, unsigned status, uint64_t orders, uint64_t accepted)
{
    counts->accepted += accepted;
    if (status == 0)
        counts->lost += orders;
    else if (status == 429)
        counts->limited += orders;
    else if (status == 503)
        counts->unavailable += orders;
    else
        counts->other += orders - accepted;
}

static void posted(load_client *client, unsigned status, const char *body, size_t size)
{
    load_run *r = client->owner;
    int64_t now_ns = load_now();
    bool good = status >= 200 && status < 300;
    uint64_t each = orders_each(r);
    uint64_t accepted = good ? load_scan_count(body, size, ORDER_ID) : 0;
    if (accepted > each) accepted = each;
    count(&r->counts, status, each, accepted);
    if (in_window(r, client->due_ns)) {
        count(&r->steady, status, each, accepted);
        if (good) load_samples_add(&r->accept, now_ns - client->due_ns);
    }
    for (uint64_t i = 0; i < accepted && r->options.follow; i++) {
        dv_text id = load_scan_text(body, size, ORDER_ID);
        flight_accepted(r, id, client->due_ns);
        size -= (size_t)(id.at - body);
        body = id.at;
    }
    if (r->options.rate <= 0 && (status == 503 || status == 429))
        rest(r, client, now_ns);
    else
        r->idle[r->idle_count++] = (uint32_t)(client - r->clients);
    send_more(r, now_ns);
}

/* ---- the engine's tallies ---- */

static void poll_keep(load_run *r, load_poll poll)
{
    if (r->poll_count == r->poll_capacity) {
        r->poll_capacity = r->poll_capacity > 0 ? 2 * r->poll_capacity : 1024;
        r->polls = realloc(r->polls, r->poll_capacity * sizeof *r->polls);
        if (r->polls == NULL) abort();
    }
    r->polls[r->poll_count++] = poll;
}

static void polled(load_client *client, unsigned status, const char *body, size_t size)
{
    load_run *r = client->owner;
    load_poll poll = {.at_ns = (client->due_ns + load_now()) / 2};
    if (status != 200 || !load_scan_number(body, size, "\"completed\":", &poll.confirmed) ||
        !load_scan_number(body, size, "\"failed\":", &poll.failed)) {
        if (r->phase == LOAD_ASKING) {
            fprintf(stderr, "load: the engine does not tell its tallies (%u)\n", status);
            exit(1);
        }
        return; /* asked again soon */
    }
    if (r->phase == LOAD_ASKING) {
        r->base = poll;
        return;
    }
    poll_keep(r, poll);
    send_more(r, load_now());
}

static void poll_tick(load_run *r, int64_t now_ns)
{
    if (now_ns < r->poll_due_ns || r->poller.busy) return;
    r->poll_due_ns = now_ns + NS_PER_S / r->options.poll_hz;
    r->poller.due_ns = now_ns;
    load_client_send(&r->poller, STATS, sizeof STATS - 1);
}

/* ---- the run ---- */

static void tell(const char *event)
{
    printf("{\"event\":\"%s\"}\n", event);
    fflush(stdout);
}

static void progress_tick(load_run *r, int64_t now_ns)
{
    if (now_ns < r->progress_due_ns || r->phase == LOAD_ASKING) return;
    r->progress_due_ns = now_ns + PROGRESS_NS;
    printf("{\"event\":\"progress\",\"elapsed\":%.1f,\"total\":%.1f,\"accepted\":%" PRIu64
           ",\"ended\":%" PRIu64 "}\n",
           (double)(now_ns - r->start_ns) / 1e9, r->options.warmup_s + r->options.seconds,
           r->counts.accepted, ended(r));
    fflush(stdout);
}

static bool is_drained(const load_run *r)
{
    return clients_busy(r) == 0 && ended(r) >= r->counts.accepted && newest(r)->at_ns > r->end_ns;
}

static void phase_tick(load_run *r, int64_t now_ns)
{
    bool asked = r->base.at_ns != 0 && (!r->options.follow || r->watch.phase == LOAD_WATCH_OPEN);
    if (r->phase == LOAD_ASKING && asked) {
        r->start_ns = now_ns;
        r->steady_ns = now_ns + (int64_t)(r->options.warmup_s * 1e9);
        r->end_ns = r->steady_ns + (int64_t)(r->options.seconds * 1e9);
        r->phase = LOAD_WARMING;
    } else if (r->phase == LOAD_WARMING && now_ns >= r->steady_ns) {
        r->phase = LOAD_STEADY;
        r->cpu_s = -load_cpu_s();
        tell("steady");
    } else if (r->phase == LOAD_STEADY && now_ns >= r->end_ns) {
        r->phase = LOAD_DRAINING;
        r->cpu_s += load_cpu_s();
        tell("end");
    } else if (r->phase == LOAD_DRAINING) {
        bool over = now_ns >= r->end_ns + (int64_t)(r->options.drain_s * 1e9);
        if (!is_drained(r) && !over) return;
        r->drained_ns = now_ns;
        r->phase = LOAD_DONE;
    }
}

/* When the loop has something to do without being told by a descriptor. */
static int64_t next_due(const load_run *r, int64_t now_ns)
{
    int64_t next_ns = now_ns + IDLE_NS;
    if (!r->poller.busy && r->poll_due_ns < next_ns) next_ns = r->poll_due_ns;
    bool sends = r->phase == LOAD_WARMING || r->phase == LOAD_STEADY;
    if (sends && r->options.rate > 0 && r->idle_count > 0 && due_at(r) < next_ns)
        next_ns = due_at(r);
    if (r->resting_count > 0 && resting_first(r)->due_ns < next_ns)
        next_ns = resting_first(r)->due_ns;
    if (r->phase == LOAD_WARMING && r->steady_ns < next_ns) next_ns = r->steady_ns;
    if (r->phase == LOAD_STEADY && r->end_ns < next_ns) next_ns = r->end_ns;
    return next_ns;
}

static void run_init(load_run *r, const load_options *options)
{
    *r = (load_run){.options = *options};
    load_loop_init(&r->loop);
    load_orders_make(&r->orders, options->seed, options->batch);
    r->clients = calloc(options->connections, sizeof *r->clients);
    r->idle = calloc(options->connections, sizeof *r->idle);
    r->resting = calloc(options->connections, sizeof *r->resting);
    if (r->clients == NULL || r->idle == NULL || r->resting == NULL) abort();
    for (uint32_t i = options->connections; i-- > 0;) {
        load_client_init(&r->clients[i], &r->loop, options->port, posted, r);
        r->idle[r->idle_count++] = i;
    }
    load_client_init(&r->poller, &r->loop, options->port, polled, r);
    load_watch_init(&r->watch, &r->loop, options->port);
    r->watch.told = frame_told;
    r->watch.closed = frames_closed;
    r->watch.owner = r;
    if (options->follow) load_watch_open(&r->watch, "/api/orders/ws");
}

static void run_fini(load_run *r)
{
    for (uint32_t i = 0; i < r->options.connections; i++) load_client_fini(&r->clients[i]);
    load_client_fini(&r->poller);
    load_watch_fini(&r->watch);
    load_flights_fini(&r->flights);
    load_orders_fini(&r->orders);
    load_samples_fini(&r->accept);
    load_samples_fini(&r->end_to_end);
    load_samples_fini(&r->added);
    load_loop_fini(&r->loop);
    free(r->clients);
    free(r->idle);
    free(r->resting);
    free(r->polls);
}

int load_run_all(const load_options *options)
{
    load_run run;
    run_init(&run, options);
    while (run.phase != LOAD_DONE) {
        load_loop_turn(&run.loop, next_due(&run, load_now()));
        int64_t now_ns = load_now();
        poll_tick(&run, now_ns);
        phase_tick(&run, now_ns);
        send_more(&run, now_ns);
        progress_tick(&run, now_ns);
    }
    load_result_print(&run, stdout);
    run_fini(&run);
    return 0;
}
