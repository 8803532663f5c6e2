#include "actors/make.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "actors/chain/chain.h"
#include "actors/execution/execution.h"
#include "actors/ingest/ingest.h"
#include "actors/notification/notification.h"
#include "actors/persistence/persistence.h"
#include "actors/retry/retry.h"
#include "actors/router/router.h"
#include "actors/signer/signer.h"
#include "gateway/gateway.h"

/* Makes an actor of one family; NULL: ret_why says why not. */
typedef void *maker(const dv_role *role, const dv_make_from *from, char ret_why[256]);

static const char *desk_endpoint(const dv_topology *topology)
{
    for (uint32_t i = 0; i < topology->link_count; i++)
        if (topology->links[i].kind == DV_LINK_desk) return topology->links[i].endpoint;
    abort(); /* the table has one */
}

dv_chain dv_chain_of(const dv_settings *all, dv_dex dex)
{
    static const size_t OFFSETS[] = {
#define OFFSET(name, Name) offsetof(dv_router_config, name##_mode),
        DV_DEXES(OFFSET)
#undef OFFSET
    };
    dv_dex_mode mode = DV_DEX_SIMULATED;
    if (dex == DV_DEX_COUNT) return DV_CHAIN_simulated;
    memcpy(&mode, (const char *)&all->router + OFFSETS[dex], sizeof mode);
    return mode == DV_DEX_SOLANA ? DV_CHAIN_solana : DV_CHAIN_simulated;
}

/* The roles that the modes of the DEXs need. */
static dv_roles needed(const dv_settings *all)
{
    bool traded[DV_CHAIN_COUNT] = {false};
    for (dv_dex dex = 0; dex < DV_DEX_COUNT; dex++) traded[dv_chain_of(all, dex)] = true;
    return dv_roles_needed(traded[DV_CHAIN_simulated], traded[DV_CHAIN_solana]);
}

dv_roles dv_chains_needed(const dv_settings *settings)
{
    return needed(settings) & dv_roles_named("chain");
}

static void *make_gateway(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    (void)role, (void)ret_why;
    const dv_settings *all = from->settings;
    return dv_gateway_new(&all->gateway, all->process.node,
                          dv_topology_roles(from->topology) | needed(all),
                          all->execution.overdue_ms, from->tokens, desk_endpoint(from->topology));
}

static void *make_signer(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    (void)role, (void)ret_why;
    dv_signer_config *config = &from->settings->signer;
    void *self = dv_signer_new(config, from->settings->execution.attempts_max, from->tokens);
    if (*config->wallet == '\0')
        snprintf(config->wallet, sizeof config->wallet, "%s", dv_signer_wallet(self));
    return self;
}

static void *make_persistence(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    (void)role, (void)ret_why;
    const dv_settings *all = from->settings;
    return dv_persistence_new(&all->persistence, all->ingest.in_flight_max,
                              all->process.start_timeout_ms);
}

static void *make_notification(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    (void)role, (void)from, (void)ret_why;
    return dv_notification_new();
}

static void *make_retry(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    (void)role, (void)ret_why;
    return dv_retry_new(&from->settings->retry);
}

static const char *first_url(const dv_solana_config *config, char *ret_url, size_t size)
{
    static const char BETWEEN[] = " ,\t";
    const char *urls = config->solana_rpc_url + strspn(config->solana_rpc_url, BETWEEN);
    snprintf(ret_url, size, "%.*s", (int)strcspn(urls, BETWEEN), urls);
    return config->solana_subscribe && *ret_url != '\0' ? ret_url : NULL;
}

static dv_venue *venue_on_solana(const char *dex, const dv_make_from *from)
{
    const dv_settings *all = from->settings;
    const dv_solana_config *solana = &all->solana;
    char url[DV_CONFIG_TEXT_MAX];
    dv_pools_limits limits = {.poll_ms = solana->solana_poll_ms,
                              .rate_per_second = solana->solana_rate_per_second,
                              .quote_slots_max = solana->solana_quote_slots_max,
                              .has_guard = solana->solana_guard,
                              .subscribe_url = first_url(solana, url, sizeof url)};
    return dv_pools_venue_new(dex, &all->pools, &limits, from->tokens);
}

static void *make_router(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    const dv_settings *all = from->settings;
    const char *name = strchr(role->name, ':') + 1;
    dv_dex dex = dv_dex_of(dv_text_of(name));
    dv_chain chain = dv_chain_of(all, dex);
    bool solana = chain == DV_CHAIN_solana;
    dv_venue *venue = solana ? venue_on_solana(dv_dex_venue(dex), from)
                             : dv_sim_venue_new(name, &all->sim, from->tokens);
    if (venue == NULL) {
        snprintf(ret_why, 256, "%s_mode: %s cannot be %s; set it to %s", name, name,
                 solana ? "traded on Solana" : "simulated", solana ? "simulated" : "solana");
        return NULL;
    }
    return dv_router_new(chain, &venue);
}

static void *make_chain(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    (void)ret_why;
    const dv_settings *all = from->settings;
    dv_chain chain = strcmp(role->name, "chain:solana") == 0 ? DV_CHAIN_solana : DV_CHAIN_simulated;
    dv_backend *backend =
        chain == DV_CHAIN_solana
            ? dv_solana_new(&all->solana, all->signer.wallet)
            : dv_simulated_new(&all->sim, all->solana.solana_commitment, from->tokens);
    uint32_t dexes = 0;
    for (dv_dex dex = 0; dex < DV_DEX_COUNT; dex++)
        if (dv_chain_of(all, dex) == chain) dexes |= 1u << dex;
    return dv_chain_new(chain, dexes, &backend);
}

static void *make_execution(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    (void)ret_why;
    const dv_settings *all = from->settings;
    uint8_t chains[DV_DEX_COUNT];
    for (dv_dex dex = 0; dex < DV_DEX_COUNT; dex++) chains[dex] = dv_chain_of(all, dex);
    return dv_execution_new(&all->execution, all->retry.retry_sweep_ms, from->tokens, chains,
                            dv_topology_instance(from->topology, dv_role_of(role->name)),
                            from->random);
}

static void *make_ingest(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    (void)role, (void)ret_why;
    return dv_ingest_new(&from->settings->ingest, from->tokens);
}

static const struct {
    const char *family;
    const dv_actor_class *class;
    maker *make;
} MAKERS[] = {
    {"gateway", &DV_GATEWAY_CLASS, make_gateway},
    {"signer", &DV_SIGNER_CLASS, make_signer},
    {"persistence", &DV_PERSISTENCE_CLASS, make_persistence},
    {"notification", &DV_NOTIFICATION_CLASS, make_notification},
    {"retry", &DV_RETRY_CLASS, make_retry},
    {"chain", &DV_CHAIN_CLASS, make_chain},
    {"router", &DV_ROUTER_CLASS, make_router},
    {"execution", &DV_EXECUTION_CLASS, make_execution},
    {"ingest", &DV_INGEST_CLASS, make_ingest},
};

dv_err dv_make(const dv_role *role, const dv_make_from *from, dv_made *ret_made, char ret_why[256])
{
    size_t i = 0;
    while (i < sizeof MAKERS / sizeof MAKERS[0] && strcmp(MAKERS[i].family, role->family) != 0) i++;
    assert(i < sizeof MAKERS / sizeof MAKERS[0]); /* every family has a row */
    void *self = MAKERS[i].make(role, from, ret_why);
    if (self == NULL) return DV_CONFIG_INVALID;
    *ret_made = (dv_made){MAKERS[i].class, self};
    return DV_OK;
}
