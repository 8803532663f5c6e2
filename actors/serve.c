#include "actors/serve.h"

#include <czmq.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "actors/base/failpoint.h"
#include "actors/base/log.h"
#include "actors/make.h"

#define STOP_SECONDS 10     /* for all threads to end once told to */
#define START_GRACE_MS 5000 /* for an actor that ran out of time to say why */

/* What runs while the process serves. */
typedef struct shell {
    dv_settings *settings; /* borrowed */
    dv_wiring *wiring;     /* borrowed */
    dv_tokens tokens;
    dv_actor actors[DV_ROLES_MAX]; /* in the order of starting */
    const dv_role *roles[DV_ROLES_MAX];
    zactor_t *threads[DV_ROLES_MAX];
    uint32_t count, started;
} shell;

/* ---- what is run ------------------------------------------------------------------------ */

static bool runs(const shell *s, const char *role)
{
    return (s->wiring->topology.roles & dv_role_of(role)) != 0;
}

static void add(shell *s, const dv_role *role, const dv_made *made)
{
    const dv_topology *topology = &s->wiring->topology;
    s->roles[s->count] = role;
    s->actors[s->count++] =
        (dv_actor){.class = made->class,
                   .name = dv_topology_instance(topology, dv_role_of(role->name)),
                   .self = made->self,
                   .links = topology->links,
                   .link_count = topology->link_count,
                   .network = s->wiring->zap ? &s->wiring->network : NULL};
}

/* Makes every actor that runs here, in the order of the list of roles. */
static dv_err add_all(shell *s, char ret_why[256])
{
    dv_make_from from = {
        .settings = s->settings, .topology = &s->wiring->topology, .tokens = &s->tokens};
    randombytes_buf(&from.random, sizeof from.random);
    for (uint32_t i = 0; i < dv_role_count(); i++) {
        const dv_role *role = dv_role_at(i);
        dv_made made;
        if (!runs(s, role->name)) continue;
        dv_err error = dv_make(role, &from, &made, ret_why);
        if (error != DV_OK) return error;
        add(s, role, &made);
    }
    return DV_OK;
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
                          (s->settings->process.start_timeout_ms + START_GRACE_MS) * DV_NS_PER_MS;
    while (s->started < s->count) {
        uint32_t i = s->started++;
        s->threads[i] = zactor_new(dv_actor_run, &s->actors[i]);
        if (s->threads[i] == NULL || !wait_ready(s, i, deadline_ns)) return false;
    }
    return true;
}

/* ---- stopping --------------------------------------------------------------------------- */

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

/* Actors that bring work to others finish before those others. */
static bool drain_all(shell *s)
{
    int64_t deadline_ns =
        dv_time_now().mono_ns + s->settings->process.drain_timeout_ms * DV_NS_PER_MS;
    bool all = true;
    for (unsigned rank = 0; rank <= UINT8_MAX; rank++)
        for (uint32_t i = 0; i < s->started; i++) {
            if (s->roles[i]->drain != rank || drain_one(s->threads[i], deadline_ns)) continue;
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
    dv_zap_stop(&s->wiring->zap);
    alarm(0);
}

/* ---- the process ------------------------------------------------------------------------ */

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

/* What a role needs that nothing stands in for. */
static dv_err needs_check(const shell *s, char ret_why[256])
{
    const char *missing = NULL;
    if (runs(s, "persistence") && *s->settings->persistence.database_url == '\0')
        missing = "database_url (DATABASE_URL)";
    else if (runs(s, "retry") && *s->settings->retry.redis_url == '\0')
        missing = "redis_url (REDIS_URL)";
    if (missing == NULL) return DV_OK;
    snprintf(ret_why, 256, "%s is not set (./dev run starts private ones)", missing);
    return DV_CONFIG_INVALID;
}

static void serving_tell(const shell *s)
{
    const dv_node *node = s->wiring->topology.node;
    dv_info("serving", NULL, dv_kv_string("host", s->settings->gateway.host),
            dv_kv_number("port", s->settings->gateway.port), dv_kv_number("pid", getpid()),
            dv_kv_string("node", node ? node->name : ""),
            dv_kv_string("links", s->wiring->zap == NULL     ? "inproc"
                                  : s->wiring->network.curve ? "curve"
                                                             : "plaintext"));
}

/* Starts every actor, waits for a signal, and drains them. False: something did not go well. */
static bool run(shell *s, int signals)
{
    if (!start_all(s)) return false;
    serving_tell(s);
    signal_wait(signals);
    return drain_all(s);
}

dv_err dv_serve(dv_settings *settings, dv_wiring *wiring, bool *ret_well, char ret_why[256])
{
    shell *s = calloc(1, sizeof *s);
    if (s == NULL) abort();
    s->settings = settings;
    s->wiring = wiring;
    *ret_well = false;
    dv_err error = DV_OK;
#ifdef DROVER_FAILPOINTS
    error = dv_failpoints_load(ret_why);
#endif
    if (error == DV_OK) error = needs_check(s, ret_why);
    if (error == DV_OK) error = dv_tokens_load(settings->process.tokens_file, &s->tokens, ret_why);
    if (error != DV_OK) goto out;
    int signals = signals_open();
    if (signals < 0 || sodium_init() < 0) goto out;
    descriptors_raise();
    zsys_handler_set(NULL);
    zsys_set_max_sockets(0); /* as many as the library allows */
    error = dv_wiring_open(wiring, &settings->process, ret_why);
    if (error == DV_OK) error = add_all(s, ret_why);
    if (error == DV_OK) *ret_well = run(s, signals);
    stop_all(s);
    close(signals);
    if (error != DV_OK) goto out;
    zsys_shutdown();
    dv_info("stopped", NULL, dv_kv_string("well", *ret_well ? "yes" : "no"));
out:
    free(s);
    return error;
}
