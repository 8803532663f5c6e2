/* The Solana cluster as a backend: its parts put together. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/chain/solana/build.h"
#include "actors/chain/solana/reads.h"
#include "actors/solana/rpc.h"

#define ASKS_MAX 4096

typedef struct solana {
    dv_backend base;                /* first: a dv_backend is this */
    const dv_solana_config *config; /* borrowed */
    const char *wallet_text;        /* borrowed */
    dv_pubkey wallet;
    dv_rpc *rpc; /* owned */
    dv_facts facts;
    dv_guards guards;
    dv_flights flights;
    dv_builds builds;
    dv_node_reads reads;
    const dv_chain_out *out; /* of the call that is under way */
    uint64_t told_slot;      /* the routers know of */
    dv_err told_error;
} solana;

static solana *solana_of(dv_backend *backend)
{
    return (solana *)backend;
}

/* ---- requests ---------------------------------------------------------------------------- */

static void build(dv_backend *backend, uint64_t ticket, const dv_build_request *build, dv_time now,
                  const dv_chain_out *out)
{
    solana *s = solana_of(backend);
    s->out = out;
    dv_builds_ask(&s->builds, ticket, build, now);
}

static void send_transaction(dv_backend *backend, uint64_t ticket, const dv_send_request *send,
                             dv_time now, const dv_chain_out *out)
{
    solana *s = solana_of(backend);
    s->out = out;
    dv_flights_send(&s->flights, ticket, send, now);
}

static void check(dv_backend *backend, uint64_t ticket, const dv_status_request *check, dv_time now,
                  const dv_chain_out *out)
{
    solana *s = solana_of(backend);
    s->out = out;
    dv_flights_check(&s->flights, ticket, check, now);
}

/* A transaction of before the start may still take its guard back, but for no longer than one that is
   built now. */
static void traded(dv_backend *backend, const dv_id *order_id)
{
    solana *s = solana_of(backend);
    if (s->config->solana_guard) dv_guards_add(&s->guards, order_id, 0);
}

static void read_nodes(dv_backend *backend, uint64_t ticket, const dv_read_request *read,
                       dv_time now, const dv_chain_out *out)
{
    solana *s = solana_of(backend);
    s->out = out;
    dv_node_reads_ask(&s->reads, ticket, read, now);
}

/* ---- what routers are told ---------------------------------------------------------------- */

static void cluster_tell(solana *s, const char *dex, dv_time now, const dv_chain_out *out)
{
    const dv_facts *f = &s->facts;
    bool known = dv_facts_is_known(f);
    dv_message message = {
        .type = DV_MSG_cluster_event,
        .cluster_event = {.error = dv_facts_admitted(f),
                          .error_text = dv_text_of(f->forbidden),
                          .genesis = {(const char *)f->genesis, known ? sizeof f->genesis : 0},
                          .slot = f->slot,
                          .wallet = {(const char *)s->wallet.bytes, DV_PUBKEY_SIZE},
                          .endpoints = dv_rpc_endpoint_count(s->rpc),
                          .dexes = dv_facts_dexes(f, now.mono_ns)}};
    out->publish(out->context, dex, &message);
}

static void watch_cluster(dv_backend *backend, const char *dex, const dv_watch_cluster *watch,
                          dv_time now, const dv_chain_out *out)
{
    solana *s = solana_of(backend);
    dv_facts_heard(&s->facts, dex, watch->pools, now.mono_ns);
    cluster_tell(s, dex, now, out);
}

static void news_tell(solana *s, dv_time now, const dv_chain_out *out)
{
    dv_err error = dv_facts_admitted(&s->facts);
    if (s->told_slot == s->facts.slot && s->told_error == error) return;
    s->told_slot = s->facts.slot;
    s->told_error = error;
    cluster_tell(s, NULL, now, out);
}

/* ---- tick, watch, health ----------------------------------------------------------------- */

static int64_t tick(dv_backend *backend, dv_time now, const dv_chain_out *out)
{
    solana *s = solana_of(backend);
    s->out = out;
    int64_t next_ns = dv_facts_tick(&s->facts, now.mono_ns);
    next_ns = dv_min_i64(next_ns, dv_flights_tick(&s->flights, now.mono_ns));
    next_ns = dv_min_i64(next_ns, dv_guards_tick(&s->guards, now.mono_ns));
    next_ns = dv_min_i64(next_ns, dv_rpc_tick(s->rpc, now.mono_ns));
    news_tell(s, now, out);
    return next_ns;
}

static uint32_t watch(dv_backend *backend, dv_watch ret_watches[DV_WATCH_MAX])
{
    const solana *s = solana_of(backend);
    ret_watches[0] = (dv_watch){.fd = dv_rpc_descriptor(s->rpc), .readable = true};
    return 1;
}

static void ready(dv_backend *backend, dv_watch watched, dv_time now, const dv_chain_out *out)
{
    solana *s = solana_of(backend);
    (void)watched;
    s->out = out;
    dv_rpc_ready(s->rpc, now.mono_ns);
}

static dv_health health(const dv_backend *backend)
{
    const solana *s = (const solana *)backend;
    if (s->facts.forbidden != NULL)
        return (dv_health){.degraded = DV_VENUE_NOT_ALLOWED, .text = s->facts.forbidden};
    if (dv_rpc_endpoints_well(s->rpc) == 0)
        return (dv_health){.degraded = DV_CHAIN_AWAY,
                           .text =
                               "no endpoint of the chain answers: nothing is quoted or sent, and "
                               "what was sent stays unknown"};
    if (!dv_facts_is_known(&s->facts))
        return (dv_health){.degraded = DV_CHAIN_AWAY,
                           .text = "an endpoint has not said of which cluster it is: no quotes"};
    return (dv_health){0};
}

/* ---- start, new and destroy -------------------------------------------------------------- */

static dv_err rpc_make(solana *s, char ret_why[DV_REASON_MAX])
{
    const dv_solana_config *c = s->config;
    dv_rpc_options options = {.urls = c->solana_rpc_url,
                              .timeout_ms = c->solana_timeout_ms,
                              .hedge_ms = c->solana_hedge_ms,
                              .rate_per_second = c->solana_rate_per_second,
                              .asks_max = ASKS_MAX};
    char why[200] = "";
    s->rpc = dv_rpc_new(&options, why);
    if (s->rpc != NULL) return DV_OK;
    snprintf(ret_why, DV_REASON_MAX, "solana_rpc_url (SOLANA_RPC_URL): %.120s", why);
    return DV_CONFIG_INVALID;
}

static void parts_make(solana *s)
{
    dv_facts_init(&s->facts, s->config, s->rpc);
    dv_guards_init(&s->guards, &s->facts, s->rpc, &s->wallet);
    s->flights = (dv_flights){.config = s->config,
                              .facts = &s->facts,
                              .guards = &s->guards,
                              .rpc = s->rpc,
                              .wallet = s->wallet,
                              .out = &s->out};
    s->builds = (dv_builds){.config = s->config,
                            .facts = &s->facts,
                            .guards = &s->guards,
                            .flights = &s->flights,
                            .rpc = s->rpc,
                            .wallet = s->wallet,
                            .out = &s->out};
    s->reads = (dv_node_reads){.rpc = s->rpc, .out = &s->out};
}

static dv_err start(dv_backend *backend, dv_time now, char ret_why[DV_REASON_MAX])
{
    solana *s = solana_of(backend);
    if (sodium_init() < 0) {
        snprintf(ret_why, DV_REASON_MAX, "libsodium cannot be used on this machine");
        return DV_START_FAILED;
    }
    dv_err err = rpc_make(s, ret_why);
    if (err) return err;
    if (!dv_pubkey_parse(dv_text_of(s->wallet_text), &s->wallet)) {
        snprintf(ret_why, DV_REASON_MAX,
                 "a DEX trades on Solana, but there is no wallet: set PRIVATE_KEY, "
                 "signer_key_file, or wallet where the signer runs elsewhere");
        return DV_CONFIG_INVALID;
    }
    parts_make(s);
    dv_facts_wait(&s->facts, now.mono_ns);
    if (s->facts.forbidden == NULL) return DV_OK;
    snprintf(ret_why, DV_REASON_MAX, "%s", s->facts.forbidden);
    return DV_CONFIG_INVALID;
}

static void destroy(dv_backend **backend)
{
    if (backend == NULL || *backend == NULL) return;
    solana *s = solana_of(*backend);
    dv_rpc_destroy(&s->rpc);
    dv_builds_fini(&s->builds);
    dv_flights_fini(&s->flights);
    dv_guards_fini(&s->guards);
    free(s);
    *backend = NULL;
}

static const dv_backend_class CLASS = {
    .name = "solana",
    .start = start,
    .build = build,
    .send = send_transaction,
    .check = check,
    .traded = traded,
    .watch_cluster = watch_cluster,
    .read = read_nodes,
    .tick = tick,
    .watch = watch,
    .ready = ready,
    .health = health,
    .destroy = destroy,
};

dv_backend *dv_solana_new(const dv_solana_config *config, const char *wallet)
{
    solana *s = calloc(1, sizeof *s);
    if (s == NULL) abort();
    s->base.class = &CLASS;
    s->config = config;
    s->wallet_text = wallet;
    return &s->base;
}
