/* The drover program: reads the configuration, starts the actors, waits for a signal, and stops
   them.

     drover serve     runs every actor in this process; with a cluster file those of --node NAME, or
                      of them those of --roles A,B
     drover status    asks the gateway who is there, and prints it as a table

     drover migrate   applies the migrations that the database does not have yet

     drover keygen    makes a node's keys: the secret one into a file, the public one printed

     drover config    prints the effective configuration, secrets masked; with --manual a
                      configuration file that explains every key

     drover topology  prints actors, links and messages

     drover version

   Exit status: 0 well, 1 failed while running, 2 bad usage or configuration. */
#include <czmq.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "actors/base/failpoint.h"
#include "actors/base/log.h"
#include "actors/base/zap.h"
#include "actors/execution/execution.h"
#include "actors/ingest/ingest.h"
#include "actors/notification/notification.h"
#include "actors/persistence/persistence.h"
#include "actors/persistence/pg/migrate.h"
#include "actors/retry/retry.h"
#include "actors/router/router.h"
#include "actors/settings.h"
#include "actors/signer/signer.h"
#include "actors/topology.h"
#include "gateway/gateway.h"
#include "gateway/status.h"

#define EXIT_CONFIG 2
#define ACTORS_MAX 16
#define STOP_SECONDS 10     /* for all threads to end once told to */
#define START_GRACE_MS 5000 /* for an actor that ran out of time to say why */

/* What the command line says beside the command. */
typedef struct arguments {
    const char *config_file, *node, *roles; /* NULL: not given */
    const char *words[2];                   /* what is no option */
    int word_count;
    bool manual;
} arguments;

/* Everything the process holds while it serves. */
typedef struct shell {
    arguments args;
    dv_settings settings;
    dv_cluster cluster;
    dv_topology topology;
    dv_network network;
    dv_zap *zap; /* NULL: no link uses tcp */
    dv_tokens tokens;
    dv_actor actors[ACTORS_MAX]; /* in the order of starting */
    dv_roles roles[ACTORS_MAX];  /* of each, one bit */
    zactor_t *threads[ACTORS_MAX];
    uint32_t count, started;
} shell;

/* ---- what is run ------------------------------------------------------------------------ */

static bool runs(const shell *s, const char *role)
{
    return (s->topology.roles & dv_role_of(role)) != 0;
}

static const char *instance(const shell *s, const char *role)
{
    return dv_topology_instance(&s->topology, dv_role_of(role));
}

static void add(shell *s, const dv_actor_class *class, const char *role, void *self)
{
    assert(s->count < ACTORS_MAX);
    s->roles[s->count] = dv_role_of(role);
    s->actors[s->count++] = (dv_actor){.class = class,
                                       .name = instance(s, role),
                                       .self = self,
                                       .links = s->topology.links,
                                       .link_count = s->topology.link_count,
                                       .network = s->zap ? &s->network : NULL};
}

static const char *desk_endpoint(const dv_topology *topology)
{
    for (uint32_t i = 0; i < topology->link_count; i++)
        if (topology->links[i].kind == DV_LINK_desk) return topology->links[i].endpoint;
    abort(); /* the table has one */
}

static void add_router(shell *s, const char *dex, dv_dex_mode mode, const char *role, uint8_t index)
{
    if (!runs(s, role)) return;
    const dv_settings *all = &s->settings;
    dv_venue *venue =
        mode == DV_DEX_SOLANA
            ? dv_chain_venue_new(dex, &all->solana, &all->pools, all->signer.wallet, &s->tokens)
            : dv_sim_venue_new(dex, &all->sim, all->solana.solana_commitment, &s->tokens);
    add(s, &DV_ROUTER_CLASS, role, dv_router_new(index, &venue));
}

/* The signer takes its key before anything else runs, and names the wallet to those who need it. */
static void add_signer(shell *s)
{
    dv_signer_config *config = &s->settings.signer;
    void *self = dv_signer_new(config, s->settings.execution.attempts_max, &s->tokens);
    if (*config->wallet == '\0')
        snprintf(config->wallet, sizeof config->wallet, "%s", dv_signer_wallet(self));
    add(s, &DV_SIGNER_CLASS, "signer", self);
}

/* The gateway comes first: a port that is taken must be known before any order is touched. */
static void add_all(shell *s)
{
    const dv_settings *all = &s->settings;
    uint64_t seed;
    randombytes_buf(&seed, sizeof seed);
    if (runs(s, "gateway"))
        add(s, &DV_GATEWAY_CLASS, "gateway",
            dv_gateway_new(&all->gateway, all->process.node, all->execution.overdue_ms, &s->tokens,
                           desk_endpoint(&s->topology)));
    if (runs(s, "signer")) add_signer(s);
    if (runs(s, "persistence"))
        add(s, &DV_PERSISTENCE_CLASS, "persistence",
            dv_persistence_new(&all->persistence, all->ingest.in_flight_max,
                               all->process.start_timeout_ms));
    if (runs(s, "notification"))
        add(s, &DV_NOTIFICATION_CLASS, "notification", dv_notification_new());
    if (runs(s, "retry")) add(s, &DV_RETRY_CLASS, "retry", dv_retry_new(&all->retry));
    uint8_t index = 0;
#define ROUTER(dex, Dex) add_router(s, #dex, all->router.dex##_mode, "router:" #dex, index++);
    DV_DEXES(ROUTER)
#undef ROUTER
    if (runs(s, "execution"))
        add(s, &DV_EXECUTION_CLASS, "execution",
            dv_execution_new(&all->execution, all->retry.retry_sweep_ms, &s->tokens,
                             instance(s, "execution"), seed));
    if (runs(s, "ingest"))
        add(s, &DV_INGEST_CLASS, "ingest", dv_ingest_new(&all->ingest, &s->tokens));
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
    int64_t deadline_ns = dv_time_now().mono_ns +
                          (s->settings.process.start_timeout_ms + START_GRACE_MS) * DV_NS_PER_MS;
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
                                              "signer",
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
    int64_t deadline_ns =
        dv_time_now().mono_ns + s->settings.process.drain_timeout_ms * DV_NS_PER_MS;
    bool all = true;
    for (size_t k = 0; k < sizeof DRAIN_ORDER / sizeof DRAIN_ORDER[0]; k++)
        for (uint32_t i = 0; i < s->started; i++) {
            if (s->roles[i] != dv_role_of(DRAIN_ORDER[k])) continue;
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
    dv_zap_stop(&s->zap);
    alarm(0);
}

/* ---- wiring ----------------------------------------------------------------------------- */

static dv_err wiring_alone(shell *s, char ret_why[256])
{
    const char *option = s->args.roles ? "--roles" : s->args.node ? "--node" : NULL;
    if (option == NULL && *s->settings.process.node != '\0') option = "node";
    if (option == NULL) return dv_topology_init(NULL, NULL, DV_ROLES_ALL, &s->topology, ret_why);
    snprintf(ret_why, 256, "%s needs a cluster file (cluster_file, DROVER_CLUSTER_FILE)", option);
    return DV_CONFIG_INVALID;
}

/* What this process runs, what it binds and where it connects. */
static dv_err wiring(shell *s, char ret_why[256])
{
    const char *file = s->settings.process.cluster_file;
    const char *name = s->settings.process.node;
    if (s->args.node != NULL)
        snprintf(s->settings.process.node, sizeof s->settings.process.node, "%s", s->args.node);
    if (*file == '\0') return wiring_alone(s, ret_why);
    dv_err error = dv_cluster_load(file, &s->cluster, ret_why);
    if (error != DV_OK) return error;
    const dv_node *node = dv_cluster_node(&s->cluster, name);
    if (node == NULL) {
        snprintf(ret_why, 256, "\"%.24s\" is no node of %.128s: which one is this? (--node NAME)",
                 name, file);
        return DV_CONFIG_INVALID;
    }
    dv_roles roles = node->roles;
    if (s->args.roles != NULL) error = dv_roles_parse(s->args.roles, &roles, ret_why);
    if (error != DV_OK) return error;
    return dv_topology_init(&s->cluster, node, roles, &s->topology, ret_why);
}

static dv_err plaintext_check(const shell *s, char ret_why[256])
{
    for (uint32_t i = 0; i < s->cluster.node_count; i++) {
        const dv_node *node = &s->cluster.nodes[i];
        if (node->loopback) continue;
        snprintf(ret_why, 256,
                 "plaintext = yes, but node %s is at %s: only between loopback "
                 "addresses may links go without CURVE (`drover keygen`)",
                 node->name, node->host);
        return DV_CONFIG_INVALID;
    }
    return DV_OK;
}

static dv_err keys_load(shell *s, char ret_why[256])
{
    const dv_node *self = s->topology.node;
    for (uint32_t i = 0; i < s->cluster.node_count; i++) {
        const dv_node *node = &s->cluster.nodes[i];
        if (*node->public_key != '\0') continue;
        snprintf(ret_why, 256,
                 "node %s has no public_key in the cluster file: `drover keygen %s` "
                 "makes it (or plaintext = yes, between loopback addresses only)",
                 node->name, node->name);
        return DV_CONFIG_INVALID;
    }
    if (*s->settings.process.key_file == '\0') {
        snprintf(ret_why, 256,
                 "key_file is not set: node %s needs its secret key, as `drover "
                 "keygen %s` writes it",
                 self->name, self->name);
        return DV_CONFIG_INVALID;
    }
    s->network.curve = true;
    snprintf(s->network.public_key, DV_KEY_SIZE, "%s", self->public_key);
    return dv_key_load(s->settings.process.key_file, self, s->network.secret_key, ret_why);
}

/* What tcp needs, if any link uses it. */
static dv_err wire_setup(shell *s, char ret_why[256])
{
    s->network = (dv_network){.peer_rate_max = s->settings.process.peer_rate_max,
                              .node_of_key = dv_topology_node_of_key,
                              .may_produce = dv_topology_may_produce,
                              .policy = &s->topology};
    if (!dv_topology_uses_tcp(&s->topology)) return DV_OK;
    dv_err error =
        s->settings.process.plaintext ? plaintext_check(s, ret_why) : keys_load(s, ret_why);
    if (error != DV_OK) return error;
    s->zap = dv_zap_start(&s->network, s->topology.links, s->topology.link_count);
    if (s->zap != NULL) return DV_OK;
    snprintf(ret_why, 256, "cannot start the thread that judges keys: %s", strerror(errno));
    return DV_START_FAILED;
}

/* What a role needs that nothing stands in for. */
static dv_err needs_check(const shell *s, char ret_why[256])
{
    const char *missing = NULL;
    if (runs(s, "persistence") && *s->settings.persistence.database_url == '\0')
        missing = "database_url (DATABASE_URL)";
    else if (runs(s, "retry") && *s->settings.retry.redis_url == '\0')
        missing = "redis_url (REDIS_URL)";
    if (missing == NULL) return DV_OK;
    snprintf(ret_why, 256, "%s is not set (./dev run starts private ones)", missing);
    return DV_CONFIG_INVALID;
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

static void log_setup(const dv_process_config *config)
{
    dv_log_init(config->log_level, config->log_json);
}

static int refuse(const char *why)
{
    fprintf(stderr, "drover: %s\n", why);
    return EXIT_CONFIG;
}

static void serving_tell(const shell *s)
{
    const dv_node *node = s->topology.node;
    dv_info("serving", NULL, dv_kv_string("host", s->settings.gateway.host),
            dv_kv_number("port", s->settings.gateway.port), dv_kv_number("pid", getpid()),
            dv_kv_string("node", node ? node->name : ""),
            dv_kv_string("links", s->zap == NULL     ? "inproc"
                                  : s->network.curve ? "curve"
                                                     : "plaintext"));
}

static int serve(shell *s)
{
    char why[256];
#ifdef DROVER_FAILPOINTS
    if (dv_failpoints_load(why) != DV_OK) return refuse(why);
#endif
    if (wiring(s, why) != DV_OK || needs_check(s, why) != DV_OK ||
        dv_tokens_load(s->settings.process.tokens_file, &s->tokens, why) != DV_OK)
        return refuse(why);
    int signals = signals_open();
    if (signals < 0 || sodium_init() < 0) return EXIT_FAILURE;
    descriptors_raise();
    zsys_handler_set(NULL);
    zsys_set_max_sockets(0); /* as many as the library allows */
    if (wire_setup(s, why) != DV_OK) return refuse(why);

    add_all(s);
    bool well = start_all(s);
    if (well) {
        serving_tell(s);
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
    if (dv_migrate(s->settings.persistence.database_url, &applied, why) != DV_OK) {
        fprintf(stderr, "drover: %s\n", why);
        return EXIT_FAILURE;
    }
    printf("%u migrations applied\n", applied);
    return EXIT_SUCCESS;
}

static int config(shell *s)
{
    dv_settings_print(&s->settings, stdout);
    return EXIT_SUCCESS;
}

static int topology(shell *s)
{
    char why[256];
    if (wiring(s, why) != DV_OK) return refuse(why);
    dv_topology_print(&s->topology, stdout);
    return EXIT_SUCCESS;
}

static int keygen(shell *s)
{
    const char *node = s->args.words[0], *file = s->args.words[1];
    char why[256], own[64], public_key[DV_KEY_SIZE];
    snprintf(own, sizeof own, "%.40s.key", node);
    if (file == NULL) file = own;
    if (dv_key_make(node, file, public_key, why) != DV_OK) return refuse(why);
    printf("#   %s holds the secret key: for this node alone, as its key_file.\n"
           "#   These lines are for the cluster file, which every node has:\n"
           "%s\n"
           "    public_key = \"%s\"\n"
           "    address = \"…\"\n"
           "    roles = \"…\"\n",
           file, node, public_key);
    return EXIT_SUCCESS;
}

static int status(shell *s)
{
    return dv_status_main(&s->settings.gateway);
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
    int least_words, most_words;
    bool places; /* takes --node and --roles */
    bool manual; /* takes --manual */
} COMMANDS[] = {
    {"serve", serve, 0, 0, true, false},       {"migrate", migrate, 0, 0, false, false},
    {"keygen", keygen, 1, 2, false, false},    {"config", config, 0, 0, false, true},
    {"topology", topology, 0, 0, true, false}, {"status", status, 0, 0, false, false},
    {"version", version, 0, 0, false, false},
};
#define COMMAND_COUNT (sizeof COMMANDS / sizeof COMMANDS[0])

static int usage(void)
{
    fputs("usage: drover serve [--config FILE] [--node NAME] [--roles ROLE,ROLE…]\n"
          "       drover topology [--config FILE] [--node NAME] [--roles ROLE,ROLE…]\n"
          "       drover migrate|config|status|version [--config FILE]\n"
          "       drover config --manual\n"
          "       drover keygen NODE [FILE]\n",
          stderr);
    return EXIT_CONFIG;
}

/* Reads what follows the command. False when it is not as usage says. */
static bool arguments_read(int argc, char **argv, size_t command, arguments *ret)
{
    for (int i = 2; i < argc; i++) {
        const char **option = streq(argv[i], "--config")  ? &ret->config_file
                              : streq(argv[i], "--node")  ? &ret->node
                              : streq(argv[i], "--roles") ? &ret->roles
                                                          : NULL;
        if (option != NULL && i + 1 < argc && *option == NULL)
            *option = argv[++i];
        else if (COMMANDS[command].manual && streq(argv[i], "--manual"))
            ret->manual = true;
        else if (argv[i][0] != '-' && ret->word_count < COMMANDS[command].most_words)
            ret->words[ret->word_count++] = argv[i];
        else
            return false;
    }
    bool placed = ret->node != NULL || ret->roles != NULL;
    return ret->word_count >= COMMANDS[command].least_words &&
           (COMMANDS[command].places || !placed);
}

int main(int argc, char **argv)
{
    size_t command = 0;
    while (argc > 1 && command < COMMAND_COUNT && !streq(COMMANDS[command].name, argv[1]))
        command++;
    if (argc < 2 || command == COMMAND_COUNT) return usage();

    shell *s = calloc(1, sizeof *s);
    if (s == NULL) return EXIT_FAILURE;
    int status = EXIT_CONFIG;
    char why[256];
    if (!arguments_read(argc, argv, command, &s->args)) {
        status = usage();
    } else if (s->args.manual) {
        dv_settings_print_manual(stdout); /* even if the configuration is bad */
        status = EXIT_SUCCESS;
    } else if (dv_settings_load(s->args.config_file, &s->settings, why) != DV_OK) {
        status = refuse(why);
    } else {
        log_setup(&s->settings.process);
        status = COMMANDS[command].run(s);
    }
    dv_topology_fini(&s->topology);
    free(s);
    return status;
}
