#include "actors/make.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

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

static dv_dex_mode mode_of(const dv_settings *all, dv_dex dex)
{
    static const size_t OFFSETS[] = {
#define OFFSET(name, Name) offsetof(dv_router_config, name##_mode),
        DV_DEXES(OFFSET)
#undef OFFSET
    };
    dv_dex_mode mode;
    memcpy(&mode, (const char *)&all->router + OFFSETS[dex], sizeof mode);
    return mode;
}

/* What the cluster lists, and what the modes of its DEXs need. */
static dv_roles expected(const dv_make_from *from)
{
    bool traded[] = {[DV_DEX_SIMULATED] = false, [DV_DEX_SOLANA] = false};
    for (unsigned dex = 0; dex < DV_DEX_COUNT; dex++) traded[mode_of(from->settings, dex)] = true;
    return dv_topology_roles(from->topology) |
           dv_roles_needed(traded[DV_DEX_SIMULATED], traded[DV_DEX_SOLANA]);
}

static void *make_gateway(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    (void)role, (void)ret_why;
    const dv_settings *all = from->settings;
    return dv_gateway_new(&all->gateway, all->process.node, expected(from),
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

static void *make_router(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    static const char *const NAMES[] = {
#define NAME(name, Name) #name,
        DV_DEXES(NAME)
#undef NAME
    };
    const dv_settings *all = from->settings;
    const char *name = strchr(role->name, ':') + 1;
    uint8_t dex = 0;
    while (strcmp(NAMES[dex], name) != 0) dex++;
    bool solana = mode_of(all, dex) == DV_DEX_SOLANA;
    dv_venue *venue =
        solana
            ? dv_chain_venue_new(name, &all->solana, &all->pools, all->signer.wallet, from->tokens)
            : dv_sim_venue_new(name, &all->sim, all->solana.solana_commitment, from->tokens);
    if (venue == NULL) {
        snprintf(ret_why, 256, "%s_mode: %s cannot be %s; set it to %s", name, name,
                 solana ? "traded on Solana" : "simulated", solana ? "simulated" : "solana");
        return NULL;
    }
    return dv_router_new(dex, &venue);
}

static void *make_execution(const dv_role *role, const dv_make_from *from, char ret_why[256])
{
    (void)ret_why;
    const dv_settings *all = from->settings;
    return dv_execution_new(&all->execution, all->retry.retry_sweep_ms, from->tokens,
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
