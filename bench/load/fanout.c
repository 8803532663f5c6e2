/* Many WebSockets, each following an order of its own, and one that watches all orders and, in some
   phases, does not read. Prints a JSON object a line, like the load generator, and one per phase:
   how long events took to be read as frames.

     bench_fanout PORT SOCKETS ORDERS_PER_S RAMP_S PHASE_S PHASE…        PHASE: reads or slow

   A place holds one order: it is posted, followed until its last frame, and then the place takes
   the next one. So the orders in flight, and the sockets open, are SOCKETS once the ramp is over,
   and the rate of events is what the venues' delays make of that.

   An event's time is its frame's `timestamp`: when its step was decided, before it was committed,
   cut to milliseconds. So a figure holds the commit, and up to a millisecond too much. The first
   frame of a socket tells of the past and counts for nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "bench/load/client.h"
#include "bench/load/samples.h"
#include "bench/load/scan.h"
#include "bench/load/watch.h"

#define NS_PER_S INT64_C(1000000000)
#define POSTERS 64
#define SETTLE_S 3               /* from a phase's start until times count */
#define SLOW_BUFFER 4096         /* bytes that the kernel keeps for it */
#define TOO_SLOW 4408            /* how the engine closes it */
#define TURN_NS INT64_C(5000000) /* longest wait for events */

#define BODY "{\"tokenIn\":\"SOL\",\"tokenOut\":\"USDC\",\"amount\":\"0.01\"}"
_Static_assert(sizeof BODY - 1 == 51, "the request names the body's size");
static const char REQUEST[] = "POST /api/orders/execute HTTP/1.1\r\nHost: localhost\r\n"
                              "Content-Type: application/json\r\nContent-Length: 51\r\n\r\n" BODY;

/* An order and the WebSocket that follows it. */
typedef struct place {
    load_watch watch;
    bool told;  /* its first frame has come */
    bool ended; /* its last frame has come, or its socket closed */
} place;

/* One that watches all orders and may stop reading. */
typedef struct crowd_watch {
    load_watch watch;
    bool slow; /* stops at its first frame */
} crowd_watch;

/* A connection that orders are posted on. */
typedef struct poster {
    load_client client;
    place *place; /* of the order under way */
} poster;

typedef struct fanout {
    load_loop loop;
    uint16_t port;
    place *places;
    uint32_t count;
    uint32_t *free; /* places without an order */
    uint32_t free_count;
    uint32_t *ended; /* places whose sockets are to be closed after the turn */
    uint32_t ended_count;
    uint32_t open; /* sockets that have had a frame */
    poster posters[POSTERS];
    int64_t interval_ns;  /* between orders */
    int64_t next_ns;      /* the next order */
    crowd_watch crowd[2]; /* one, and the one before, which reads until it is closed */
    int crowd_now;
    load_samples samples;
    uint64_t position;      /* of the newest event */
    uint64_t refused, lost; /* orders that were not taken; sockets that closed early */
    uint64_t too_slow;      /* slow ones that were closed with 4408 */
    uint64_t orders_ended;
    int64_t start_ns, progress_ns;
    int64_t total_s; /* of the whole run */
} fanout;

static void *some(size_t count, size_t size)
{
    void *fresh = calloc(count, size);
    if (fresh == NULL) abort();
    return fresh;
}

/* ---- frames ---- */

/* Nanoseconds since an ISO 8601 time in UTC; 0 when it is none. */
static int64_t age_ns(dv_text stamp)
{
    char text[32];
    struct tm at = {0};
    dv_text_copy(text, sizeof text, stamp);
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &at);
    uint64_t ms = 0;
    if (rest == NULL || !load_scan_number(rest, strlen(rest), ".", &ms)) return 0;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec - timegm(&at)) * NS_PER_S + now.tv_nsec - (int64_t)ms * 1000000;
}

static void end(fanout *f, place *p)
{
    if (p->ended) return;
    p->ended = true;
    f->ended[f->ended_count++] = (uint32_t)(p - f->places);
}

static void on_frame(load_watch *watch, const char *text, size_t size)
{
    fanout *f = watch->owner;
    place *p = (place *)watch; /* its first member */
    dv_text status = load_scan_text(text, size, "\"status\":\"");
    if (!p->told) {
        p->told = true;
        f->open++;
    } else {
        load_samples_add(&f->samples, age_ns(load_scan_text(text, size, "\"timestamp\":\"")));
    }
    uint64_t position = 0;
    if (load_scan_number(text, size, "\"position\":", &position) && position > f->position)
        f->position = position;
    if (dv_text_is(status, "confirmed") || dv_text_is(status, "failed")) end(f, p);
}

static void on_closed(load_watch *watch)
{
    fanout *f = watch->owner;
    f->lost++;
    end(f, (place *)watch);
}

/* ---- orders ---- */

static void on_answer(load_client *client, unsigned status, const char *body, size_t size)
{
    fanout *f = client->owner;
    dv_text id = load_scan_text(body, size, "\"orderId\":\"");
    place *p = ((poster *)client)->place; /* its first member */
    if (status < 200 || status > 299 || id.size == 0) {
        f->refused++;
        f->free[f->free_count++] = (uint32_t)(p - f->places);
        return;
    }
    char path[128];
    snprintf(path, sizeof path, "/ws/orders?orderId=%.*s", DV_TEXT_ARG(id));
    load_watch_open(&p->watch, path);
}

/* Posts the orders that are due, as far as there are places and connections. */
static void post(fanout *f, int64_t now_ns)
{
    for (int i = 0; i < POSTERS && f->next_ns <= now_ns && f->free_count > 0; i++) {
        poster *by = &f->posters[i];
        if (by->client.busy) continue;
        by->place = &f->places[f->free[--f->free_count]];
        by->place->told = by->place->ended = false;
        load_client_send(&by->client, REQUEST, sizeof REQUEST - 1);
        f->next_ns += f->interval_ns;
    }
    if (f->next_ns < now_ns) f->next_ns = now_ns; /* what had no place is not made up for */
}

/* Closes the sockets of orders that have ended and frees their places. */
static void reap(fanout *f)
{
    while (f->ended_count > 0) {
        uint32_t index = f->ended[--f->ended_count];
        place *p = &f->places[index];
        f->orders_ended++;
        load_watch_fini(&p->watch);
        p->watch.closed = on_closed;
        if (p->told) f->open--;
        p->told = false;
        f->free[f->free_count++] = index;
    }
}

/* ---- the one that watches all ---- */

static void on_crowd_frame(load_watch *watch, const char *text, size_t size)
{
    (void)text;
    (void)size;
    if (((crowd_watch *)watch)->slow) load_loop_change(watch->loop, &watch->source, 0);
}

static void on_crowd_closed(load_watch *watch)
{
    fanout *f = watch->owner;
    if (watch->close_code == TOO_SLOW) f->too_slow++;
}

static void crowd_open(fanout *f, bool slow)
{
    crowd_watch *c = &f->crowd[f->crowd_now];
    load_watch_fini(&c->watch);
    load_watch_init(&c->watch, &f->loop, f->port);
    c->watch.owner = f;
    c->watch.told = on_crowd_frame;
    c->watch.closed = on_crowd_closed;
    c->slow = slow;
    load_watch_open(&c->watch, "/api/orders/ws");
    int size = SLOW_BUFFER;
    if (slow) setsockopt(c->watch.source.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

/* Lets the one before read again, to its end if it has been closed, and opens another. */
static void crowd_renew(fanout *f, bool slow)
{
    crowd_watch *last = &f->crowd[f->crowd_now];
    last->slow = false;
    if (last->watch.phase == LOAD_WATCH_OPEN)
        load_loop_change(&f->loop, &last->watch.source, EPOLLIN);
    f->crowd_now ^= 1;
    crowd_open(f, slow);
}

/* ---- phases ---- */

static void progress(fanout *f, int64_t now_ns)
{
    if (now_ns < f->progress_ns) return;
    f->progress_ns = now_ns + NS_PER_S / 2;
    printf("{\"event\":\"progress\",\"elapsed\":%.1f,\"total\":%.1f,\"ended\":%" PRIu64 "}\n",
           (double)(now_ns - f->start_ns) / 1e9, (double)f->total_s, f->orders_ended);
    fflush(stdout);
}

static void run(fanout *f, int64_t seconds)
{
    int64_t until_ns = load_now() + seconds * NS_PER_S, now_ns;
    while ((now_ns = load_now()) < until_ns) {
        post(f, now_ns);
        progress(f, now_ns);
        bool soon = f->next_ns > now_ns && f->next_ns < now_ns + TURN_NS;
        load_loop_turn(&f->loop, soon ? f->next_ns : now_ns + TURN_NS);
        reap(f);
    }
}

static void phase(fanout *f, const char *name, int64_t seconds)
{
    crowd_renew(f, strcmp(name, "slow") == 0);
    run(f, SETTLE_S);
    load_samples_fini(&f->samples);
    f->refused = f->lost = 0;
    uint64_t first = f->position;
    int64_t began_ns = load_now();
    run(f, seconds);
    double passed_s = (double)(load_now() - began_ns) / 1e9;
    printf("{\"event\":\"phase\",\"phase\":\"%s\",\"open\":%u,\"events_per_s\":%.0f", name, f->open,
           (double)(f->position - first) / passed_s);
    printf(",\"refused\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"frame_ms\":", f->refused, f->lost);
    load_samples_print(&f->samples, stdout);
    puts("}");
    fflush(stdout);
}

static void prepare(fanout *f)
{
    load_loop_init(&f->loop);
    f->places = some(f->count, sizeof *f->places);
    f->free = some(f->count, sizeof *f->free);
    f->ended = some(f->count, sizeof *f->ended);
    for (uint32_t i = f->count; i-- > 0;) {
        load_watch *watch = &f->places[i].watch;
        load_watch_init(watch, &f->loop, f->port);
        watch->owner = f;
        watch->told = on_frame;
        watch->closed = on_closed;
        f->free[f->free_count++] = i;
    }
    for (int i = 0; i < POSTERS; i++)
        load_client_init(&f->posters[i].client, &f->loop, f->port, on_answer, f);
    for (int i = 0; i < 2; i++) load_watch_init(&f->crowd[i].watch, &f->loop, f->port);
    f->start_ns = f->next_ns = load_now();
}

/* A descriptor for each socket, as far as the system's limit for us goes. */
static void allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) perror("setrlimit");
}

/* A whole number of at least 1; ends the program when it is none. */
static int64_t number(const char *text)
{
    char *rest;
    long long value = strtoll(text, &rest, 10);
    if (*rest == '\0' && value >= 1) return value;
    fprintf(stderr, "bench_fanout: not a number of at least 1: %s\n", text);
    exit(2);
}

int main(int count, char **words)
{
    static fanout f;
    if (count < 7) {
        fputs("usage: bench_fanout PORT SOCKETS ORDERS_PER_S RAMP_S PHASE_S PHASE…\n", stderr);
        return 2;
    }
    f.port = (uint16_t)number(words[1]);
    f.count = (uint32_t)number(words[2]);
    f.interval_ns = NS_PER_S / number(words[3]);
    int64_t ramp_s = number(words[4]), phase_s = number(words[5]);
    f.total_s = ramp_s + (count - 6) * (SETTLE_S + phase_s) + SETTLE_S;
    allow_descriptors();
    prepare(&f);
    run(&f, ramp_s);
    puts("{\"event\":\"steady\"}");
    double cpu_s = -load_cpu_s();
    for (int i = 6; i < count; i++) phase(&f, words[i], phase_s);
    cpu_s += load_cpu_s();
    puts("{\"event\":\"end\"}");
    crowd_renew(&f, false); /* the last slow one reads how it was closed */
    run(&f, SETTLE_S);
    printf("{\"event\":\"result\",\"cpu_s\":%.3f,\"too_slow\":%" PRIu64 "}\n", cpu_s, f.too_slow);
    return 0;
}
