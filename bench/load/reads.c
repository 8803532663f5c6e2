/* Reads at fixed rates: orders by id, and lists. Latency counts from when a request was due. Prints
   a JSON object a line, like the load generator.

     bench_reads PORT IDS GETS_PER_S LISTS_PER_S WARMUP_S SECONDS PATH…

   IDS: a file of order ids, one a line, which are read in turn. PATH: of a list, e.g.
   /api/orders?status=failed; the lists are read in turn. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/client.h"
#include "bench/load/samples.h"

#define NS_PER_S INT64_C(1000000000)
#define CLIENTS 16 /* connections of each kind */
#define REQUEST_MAX 512
#define ID_SIZE 36               /* of a UUID's text */
#define TURN_NS INT64_C(5000000) /* longest wait for events */

struct reads;

/* One kind of request, sent at a rate of its own. */
typedef struct kind {
    struct reads *run;
    load_client clients[CLIENTS];
    char requests[CLIENTS][REQUEST_MAX]; /* under way */
    char **paths;                        /* taken in turn */
    size_t path_count, next;
    int64_t due_ns, interval_ns;
    load_samples samples;
    uint64_t failed; /* answered with anything but 200 */
} kind;

typedef struct reads {
    load_loop loop;
    uint16_t port;
    kind gets, lists;
    int64_t steady_ns, end_ns;
    uint32_t under_way;
} reads;

static void on_answer(load_client *client, unsigned status, const char *body, size_t size)
{
    kind *k = client->owner;
    k->run->under_way--;
    if (client->due_ns < k->run->steady_ns) return;
    if (status != 200 && k->failed++ == 0)
        fprintf(stderr, "bench_reads: answered %u: %.*s\n", status, (int)size, body);
    load_samples_add(&k->samples, load_now() - client->due_ns);
}

/* Sends what is due, as far as there are connections; what waits for one is late, and counts so. */
static void send_due(kind *k, int64_t now_ns)
{
    for (int i = 0; i < CLIENTS && k->due_ns <= now_ns && k->due_ns < k->run->end_ns; i++) {
        load_client *client = &k->clients[i];
        if (client->busy) continue;
        const char *path = k->paths[k->next++ % k->path_count];
        int size = snprintf(k->requests[i], REQUEST_MAX,
                            "GET %.300s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
        client->due_ns = k->due_ns;
        k->due_ns += k->interval_ns;
        k->run->under_way++;
        load_client_send(client, k->requests[i], (size_t)size);
    }
}

static void kind_init(reads *r, kind *k, int64_t per_s, char **paths, size_t path_count)
{
    k->run = r;
    k->paths = paths;
    k->path_count = path_count;
    k->interval_ns = NS_PER_S / per_s;
    k->due_ns = load_now();
    for (int i = 0; i < CLIENTS; i++)
        load_client_init(&k->clients[i], &r->loop, r->port, on_answer, k);
}

/* ---- words ---- */

static void die(const char *what, const char *word)
{
    fprintf(stderr, "bench_reads: %s: %s\n", what, word);
    exit(2);
}

/* A whole number of at least 1; ends the program when it is none. */
static int64_t number(const char *text)
{
    char *rest;
    long long value = strtoll(text, &rest, 10);
    if (*rest != '\0' || value < 1) die("not a number of at least 1", text);
    return value;
}

/* The paths of the orders in a file of ids; never none. */
static char **id_paths(const char *name, size_t *ret_count)
{
    char line[64], **paths = NULL;
    size_t count = 0;
    FILE *file = fopen(name, "r");
    if (file == NULL) die("cannot be opened", name);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strlen(line) != ID_SIZE) die("not an id", line);
        paths = realloc(paths, (count + 1) * sizeof *paths);
        if (paths == NULL || asprintf(&paths[count++], "/api/orders/%s", line) < 0) abort();
    }
    fclose(file);
    if (count == 0) die("holds no id", name);
    *ret_count = count;
    return paths;
}

/* ---- the run ---- */

static void run_until(reads *r, int64_t until_ns)
{
    for (int64_t now_ns; (now_ns = load_now()) < until_ns;) {
        send_due(&r->gets, now_ns);
        send_due(&r->lists, now_ns);
        int64_t next_ns = r->gets.due_ns < r->lists.due_ns ? r->gets.due_ns : r->lists.due_ns;
        bool soon = next_ns > now_ns && next_ns < now_ns + TURN_NS;
        load_loop_turn(&r->loop, soon ? next_ns : now_ns + TURN_NS);
    }
}

static void event(const char *name)
{
    printf("{\"event\":\"%s\"}\n", name);
    fflush(stdout);
}

static void print_result(reads *r, double cpu_s)
{
    printf("{\"event\":\"result\",\"cpu_s\":%.3f,\"failed\":%" PRIu64 ",\"get_ms\":", cpu_s,
           r->gets.failed + r->lists.failed);
    load_samples_print(&r->gets.samples, stdout);
    fputs(",\"list_ms\":", stdout);
    load_samples_print(&r->lists.samples, stdout);
    puts("}");
}

int main(int count, char **words)
{
    static reads r;
    if (count < 8) die("usage", "PORT IDS GETS_PER_S LISTS_PER_S WARMUP_S SECONDS PATH…");
    size_t id_count;
    char **ids = id_paths(words[2], &id_count);
    r.port = (uint16_t)number(words[1]);
    load_loop_init(&r.loop);
    kind_init(&r, &r.gets, number(words[3]), ids, id_count);
    kind_init(&r, &r.lists, number(words[4]), words + 7, (size_t)count - 7);
    r.steady_ns = load_now() + number(words[5]) * NS_PER_S;
    r.end_ns = r.steady_ns + number(words[6]) * NS_PER_S;
    run_until(&r, r.steady_ns);
    event("steady");
    double cpu_s = -load_cpu_s();
    run_until(&r, r.end_ns);
    cpu_s += load_cpu_s();
    event("end");
    while (r.under_way > 0) load_loop_turn(&r.loop, load_now() + TURN_NS);
    print_result(&r, cpu_s);
    return 0;
}
