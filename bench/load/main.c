/* The load generator. One thread; a JSON object a line on standard output. See load.h. */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

#include "bench/load/load.h"

static const char USAGE[] =
    "usage: bench_load --port N [options]\n"
    "  --connections N   HTTP connections (64)\n"
    "  --bound N         closed loop: orders accepted and not finished (2000)\n"
    "  --rate R          open loop: orders a second\n"
    "  --warmup S        seconds before the steady window (3)\n"
    "  --seconds S       of the steady window (10)\n"
    "  --drain S         seconds to wait for the last orders (60)\n"
    "  --poll-hz N       how often the tallies are asked for, a second (20)\n"
    "  --batch K         arrays of K orders to /api/orders/batch (0: single orders)\n"
    "  --late-ms N       open loop: give up an order that could not be sent for so long (0: "
    "never)\n"
    "  --seed N          which orders (1)\n"
    "  --follow          see when each order ends, on the socket that shows all\n"
    "  --venue A:B:C:D:E least and most ms of a quote and of a landing, and the venues' seed:\n"
    "                    follow, and tell the time added to the venues' own\n";

static void misuse(const char *what)
{
    fprintf(stderr, "load: %s\n%s", what, USAGE);
    exit(2);
}

/* A number from least to most; ends the program when it is not. */
static double number(const char *name, double least, double most)
{
    char *end;
    double value = strtod(optarg, &end);
    if (end == optarg || *end != '\0' || !isfinite(value) || value < least || value > most)
        misuse(name);
    return value;
}

static void option_set(load_options *o, int which)
{
    switch (which) {
    case 'p': o->port = (uint16_t)number("--port", 1, 65535); break;
    case 'c': o->connections = (uint32_t)number("--connections", 1, LOAD_CONNECTIONS_MAX); break;
    case 'b': o->bound = (uint32_t)number("--bound", 1, 1e7); break;
    case 'r': o->rate = number("--rate", 0, 1e6); break;
    case 'w': o->warmup_s = number("--warmup", 0, 3600); break;
    case 's': o->seconds = number("--seconds", 0.1, 36000); break;
    case 'd': o->drain_s = number("--drain", 0, 3600); break;
    case 'z': o->poll_hz = (uint32_t)number("--poll-hz", 1, 1000); break;
    case 'k': o->batch = (uint32_t)number("--batch", 0, LOAD_BATCH_MAX); break;
    case 'l': o->late_ms = (uint32_t)number("--late-ms", 0, 1e6); break;
    case 'e': o->seed = (uint64_t)number("--seed", 0, 1e9); break;
    case 'f': o->follow = true; break;
    case 'v':
        o->follow = o->has_venue = true;
        if (!load_venue_parse(optarg, &o->venue)) misuse("--venue");
        break;
    default: misuse("unknown option");
    }
}

int main(int argc, char **argv)
{
    static const struct option LONG[] = {
        {"port", required_argument, NULL, 'p'},   {"connections", required_argument, NULL, 'c'},
        {"bound", required_argument, NULL, 'b'},  {"rate", required_argument, NULL, 'r'},
        {"warmup", required_argument, NULL, 'w'}, {"seconds", required_argument, NULL, 's'},
        {"drain", required_argument, NULL, 'd'},  {"poll-hz", required_argument, NULL, 'z'},
        {"batch", required_argument, NULL, 'k'},  {"late-ms", required_argument, NULL, 'l'},
        {"seed", required_argument, NULL, 'e'},   {"follow", no_argument, NULL, 'f'},
        {"venue", required_argument, NULL, 'v'},  {0}};
    load_options options = {.connections = 64,
                            .bound = 2000,
                            .warmup_s = 3,
                            .seconds = 10,
                            .drain_s = 60,
                            .poll_hz = 20,
                            .seed = 1};
    for (int which; (which = getopt_long(argc, argv, "", LONG, NULL)) != -1;)
        option_set(&options, which);
    if (options.port == 0 || optind != argc) misuse("--port is missing, or there is a stray word");
    return load_run_all(&options);
}
