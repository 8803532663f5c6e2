/* The drover program: reads the configuration, starts the actors, waits for a signal, and stops
   them.

     drover serve     runs every actor in this process
     drover migrate   applies the migrations that the database does not have yet
     drover config    prints the effective configuration, secrets masked
     drover topology  prints actors, links and messages
     drover version

   Exit status: 0 well, 1 failed while running, 2 bad usage or configuration. */
#include <czmq.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "actors/base/log.h"
#include "actors/execution.h"
#include "actors/ingest.h"
#include "actors/migrate.h"
#include "actors/notification.h"
#include "actors/persistence.h"
#include "actors/retry.h"
#include "actors/router.h"
#include "actors/topology.h"
#include "gateway/gateway.h"

#define EXIT_CONFIG 2
#define ACTORS_MAX 16
#define STOP_SECONDS 10 /* for all threads to end once told to */

/* Everything the process holds while it serves. */
typedef struct shell {
    dv_config config;
    dv_topology topology;
    dv_tokens tokens;
    dv_actor actors[ACTORS_MAX]; /* in the order of starting */
    zactor_t *threads[ACTORS_MAX];
    uint32_t count, started;
} shell;

/* ---- what is run ------------------------------------------------------------------------ */

static void add(shell *s, const dv_actor_class *class, const char *name, void *self)
{
    assert(s->count < ACTORS_MAX);
    s->actors[s->count++] = (dv_actor){.class = class,
                                       .name = name,
                                       .self = self,
                                       .links = s->topology.links,
                                       .link_count = s->topology.link_count};
}

static const char *desk_endpoint(const dv_topology *topology)
{
    for (uint32_t i = 0; i < topology->link_count; i++)
        if (topology->links[i].kind == DV_LINK_desk) return topology->links[i].endpoint;
    abort(); /* the table has one */
}

/* The gateway comes first: a port that is taken must be known before any order is touched. */
static void add_all(shell *s)
{
    uint64_t seed;
    randombytes_buf(&seed, sizeof seed);
    add(s, &DV_GATEWAY_CLASS, "gateway",
        dv_gateway_new(&s->config, &s->tokens, desk_endpoint(&s->topology)));
    add(s, &DV_PERSISTENCE_CLASS, "persistence", dv_persistence_new(&s->config));
    add(s, &DV_NOTIFICATION_CLASS, "notification", dv_notification_new());
    add(s, &DV_RETRY_CLASS, "retry", dv_retry_new(&s->config));
    uint8_t index = 0;
    dv_venue *venue;
#define ROUTER(dex, Dex)                                                                           \
    venue = dv_sim_venue_new(#dex, &s->config, &s->tokens);                                        \
    add(s, &DV_ROUTER_CLASS, "router:" #dex, dv_router_new(index++, &venue));
    DV_DEXES(ROUTER)
#undef ROUTER
    add(s, &DV_EXECUTION_CLASS, "execution", dv_execution_new(&s->config, &s->tokens, "execution", seed));
    add(s, &DV_INGEST_CLASS, "ingest", dv_ingest_new(&s->config, &s->tokens));
}

/* ---- starting --------------------------------------------------------------------------- */

/* Waits for the actor's READY or FAILED. */
static bool wait_ready(const shell *s, uint32_t i, int64_t deadline_ns)
{
    const char *name = s->actors[i].name;
    int64_t left_ms = (deadline_ns - dv_time_now().mono_ns) / DV_NS_PER_MS;
    zsock_set_rcvtimeo(s->threads[i], (int)dv_max_i64(left_ms, 1));
    zmsg_t *answer = zmsg_recv(s->threads[i]);
    zsock_set_rcvtimeo(s->threads[i], -1);
    if (answer == NULL) {
        dv_error("start_timeout", NULL, dv_kv_string("who", name));
        return false;
    }
    char *word = zmsg_popstr(answer), *code = zmsg_popstr(answer), *why = zmsg_popstr(answer);
    bool ready = word != NULL && streq(word, "READY");
    if (!ready)
        dv_error("start_failed", NULL, dv_kv_string("who", name),
                 dv_kv_string("error", code ? code : ""), dv_kv_string("why", why ? why : ""));
    zstr_free(&word);
    zstr_free(&code);
    zstr_free(&why);
    zmsg_destroy(&answer);
    return ready;
}

static bool start_all(shell *s)
{
    int64_t deadline_ns = dv_time_now().mono_ns + s->config.start_timeout_ms * DV_NS_PER_MS;
    while (s->started < s->count) {
        uint32_t i = s->started++;
        s->threads[i] = zactor_new(dv_actor_run, &s->actors[i]);
        if (s->threads[i] == NULL || !wait_ready(s, i, deadline_ns)) return false;
    }
    return true;
}

/* ---- stopping --------------------------------------------------------------------------- */

/* The order in which actors finish: whoever brings work comes before whoever does it. */
static const char *const DRAIN_ORDER[] = {"gateway",
                                          "ingest",
                                          "execution",
                                          "retry",
#define ROUTER(dex, Dex) "router:" #dex,
                                          DV_DEXES(ROUTER)
#undef ROUTER
                                              "persistence",
                                          "notification"};

/* Tells one actor to finish and waits until it has. False when the deadline passes first. */
static bool drain_one(zactor_t *thread, int64_t deadline_ns)
{
    zstr_send(thread, "DRAIN");
    int64_t left_ms = (deadline_ns - dv_time_now().mono_ns) / DV_NS_PER_MS;
    zsock_set_rcvtimeo(thread, (int)dv_max_i64(left_ms, 1));
    char *answer = zstr_recv(thread);
    bool drained = answer != NULL && streq(answer, "DRAINED");
    zstr_free(&answer);
    return drained;
}

static bool drain_all(shell *s)
{
    int64_t deadline_ns = dv_time_now().mono_ns + s->config.drain_timeout_ms * DV_NS_PER_MS;
    bool all = true;
    for (size_t k = 0; k < sizeof DRAIN_ORDER / sizeof DRAIN_ORDER[0]; k++)
        for (uint32_t i = 0; i < s->started; i++) {
            if (!streq(s->actors[i].name, DRAIN_ORDER[k])) continue;
            if (drain_one(s->threads[i], deadline_ns)) continue;
            dv_warn("drain_timeout", NULL, dv_kv_string("who", s->actors[i].name));
            all = false;
        }
    return all;
}

static void on_alarm(int signal)
{
    (void)signal;
    static const char TEXT[] = "drover: a thread does not end; leaving without it\n";
    ssize_t written = write(STDERR_FILENO, TEXT, sizeof TEXT - 1);
    (void)written;
    _exit(EXIT_FAILURE);
}

/* zactor_destroy waits for its thread without limit, so a limit is set around all of them. */
static void stop_all(shell *s)
{
    signal(SIGALRM, on_alarm);
    alarm(STOP_SECONDS);
    for (uint32_t i = s->started; i-- > 0;) zactor_destroy(&s->threads[i]);
    for (uint32_t i = s->started; i < s->count; i++)
        if (s->actors[i].class->destroy) s->actors[i].class->destroy(&s->actors[i].self);
    alarm(0);
}

/* ---- commands --------------------------------------------------------------------------- */

/* SIGINT and SIGTERM as a descriptor; threads made later never see them. -1 on an error. */
static int signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    return sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC) : -1;
}

static void signal_wait(int fd)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) < 0 && errno == EINTR) continue;
    dv_info("stopping", NULL, dv_kv_string("signal", strsignal((int)info.ssi_signo)));
}

/* Every WebSocket and every actor needs descriptors: take as many as we may have. */
static void descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        dv_warn("descriptors", NULL, dv_kv_string("why", strerror(errno)));
}

static void log_setup(const dv_config *config)
{
    static const char *const LEVELS[] = {"debug", "info", "warn", "error"};
    dv_log_level level = DV_LOG_DEBUG;
    while (level < DV_LOG_ERROR && !streq(LEVELS[level], config->log_level)) level++;
    dv_log_init(level, config->log_json);
}

static int serve(shell *s)
{
    char why[256];
    if (*s->config.database_url == '\0' || *s->config.redis_url == '\0') {
        fprintf(stderr, "drover: %s is not set (./dev run starts private ones)\n",
                *s->config.database_url ? "redis_url (REDIS_URL)" : "database_url (DATABASE_URL)");
        return EXIT_CONFIG;
    }
    if (dv_tokens_load(s->config.tokens_file, &s->tokens, why) != DV_OK) {
        fprintf(stderr, "drover: %s\n", why);
        return EXIT_CONFIG;
    }
    int signals = signals_open();
    if (signals < 0 || sodium_init() < 0) return EXIT_FAILURE;
    descriptors_raise();
    zsys_handler_set(NULL);
    zsys_set_max_sockets(0); /* as many as the library allows */

    add_all(s);
    bool well = start_all(s);
    if (well) {
        dv_info("serving", NULL, dv_kv_string("host", s->config.host),
                dv_kv_number("port", s->config.port), dv_kv_number("pid", getpid()));
        signal_wait(signals);
        well = drain_all(s);
    }
    stop_all(s);
    close(signals);
    zsys_shutdown();
    dv_info("stopped", NULL, dv_kv_string("well", well ? "yes" : "no"));
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int migrate(shell *s)
{
    unsigned applied;
    char why[DV_REASON_MAX];
    if (dv_migrate(s->config.database_url, &applied, why) != DV_OK) {
        fprintf(stderr, "drover: %s\n", why);
        return EXIT_FAILURE;
    }
    printf("%u migrations applied\n", applied);
    return EXIT_SUCCESS;
}

static int config(shell *s)
{
    dv_config_print(&s->config, stdout);
    return EXIT_SUCCESS;
}

static int topology(shell *s)
{
    dv_topology_print(&s->topology, stdout);
    return EXIT_SUCCESS;
}

static int version(shell *s)
{
    (void)s;
    puts("drover 0.1.0");
    return EXIT_SUCCESS;
}

static const struct {
    const char *name;
    int (*run)(shell *s);
} COMMANDS[] = {
    {"serve", serve},       {"migrate", migrate}, {"config", config},
    {"topology", topology}, {"version", version},
};

static int usage(void)
{
    fputs("usage: drover serve|migrate|config|topology|version [--config FILE]\n", stderr);
    return EXIT_CONFIG;
}

int main(int argc, char **argv)
{
    const char *file = NULL;
    if (argc == 4 && streq(argv[2], "--config"))
        file = argv[3];
    else if (argc != 2)
        return usage();

    shell *s = calloc(1, sizeof *s);
    if (s == NULL) return EXIT_FAILURE;
    int status = EXIT_CONFIG;
    char why[256];
    if (dv_config_load(file, dv_topology_link_names(), &s->config, why) != DV_OK ||
        dv_topology_init(&s->config, &s->topology, why) != DV_OK) {
        fprintf(stderr, "drover: %s\n", why);
    } else {
        log_setup(&s->config);
        size_t i = 0, count = sizeof COMMANDS / sizeof COMMANDS[0];
        while (i < count && !streq(COMMANDS[i].name, argv[1])) i++;
        status = i < count ? COMMANDS[i].run(s) : usage();
    }
    free(s);
    return status;
}
