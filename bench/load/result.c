#include <inttypes.h>

#include "bench/load/load.h"

#define SERIES_NS 250000000ll /* between the points of the chart */

/* The first poll at or after a time; the last one if none is. */
static const load_poll *poll_at(const load_run *r, int64_t at_ns)
{
    for (size_t i = 0; i < r->poll_count; i++)
        if (r->polls[i].at_ns >= at_ns) return &r->polls[i];
    return r->poll_count > 0 ? &r->polls[r->poll_count - 1] : &r->base;
}

static double rate_between(const load_poll *a, const load_poll *b)
{
    if (b->at_ns <= a->at_ns) return 0;
    return (double)(b->confirmed - a->confirmed) * 1e9 / (double)(b->at_ns - a->at_ns);
}

static void print_counts(const char *name, const load_counts *c, FILE *out)
{
    fprintf(out,
            ",\"%s\":{\"sent\":%" PRIu64 ",\"accepted\":%" PRIu64 ",\"limited\":%" PRIu64
            ",\"unavailable\":%" PRIu64 ",\"other\":%" PRIu64 ",\"lost\":%" PRIu64
            ",\"unsent\":%" PRIu64 "}",
            name, c->sent, c->accepted, c->limited, c->unavailable, c->other, c->lost, c->unsent);
}

/* [seconds since the window began, orders a second confirmed up to there], … */
static void print_series(const load_run *r, FILE *out)
{
    const load_poll *last = poll_at(r, r->steady_ns), *end = poll_at(r, r->end_ns);
    const char *comma = "";
    fprintf(out, ",\"series\":[");
    for (const load_poll *p = last; p <= end; p++) {
        if (p->at_ns - last->at_ns < SERIES_NS) continue;
        fprintf(out, "%s[%.3f,%.1f]", comma, (double)(p->at_ns - r->steady_ns) / 1e9,
                rate_between(last, p));
        comma = ",";
        last = p;
    }
    fputc(']', out);
}

void load_result_print(load_run *r, FILE *out)
{
    const load_poll *first = poll_at(r, r->steady_ns), *last = poll_at(r, r->end_ns);
    uint64_t accepted = r->counts.accepted;
    const load_poll *final = poll_at(r, INT64_MAX);
    uint64_t confirmed = final->confirmed - r->base.confirmed;
    uint64_t failed = final->failed - r->base.failed;
    fprintf(out, "{\"event\":\"result\",\"orders_per_s\":%.1f,\"window_s\":%.3f",
            rate_between(first, last), (double)(last->at_ns - first->at_ns) / 1e9);
    fprintf(out, ",\"confirmed\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"unfinished\":%" PRIu64,
            confirmed, failed, accepted > confirmed + failed ? accepted - confirmed - failed : 0);
    fprintf(out, ",\"drain_s\":%.3f,\"cpu_s\":%.3f,\"reopened\":%" PRIu64,
            (double)(r->drained_ns - r->end_ns) / 1e9, r->cpu_s, r->reopened);
    print_counts("total", &r->counts, out);
    print_counts("steady", &r->steady, out);
    fprintf(out, ",\"accept_ms\":");
    load_samples_print(&r->accept, out);
    if (r->options.follow) {
        fprintf(out, ",\"unseen\":%u,\"end_to_end_ms\":", HASH_COUNT(r->flights.by_id));
        load_samples_print(&r->end_to_end, out);
    }
    if (r->options.has_venue) {
        fprintf(out, ",\"added_ms\":");
        load_samples_print(&r->added, out);
    }
    print_series(r, out);
    fprintf(out, "}\n");
    fflush(out);
}
