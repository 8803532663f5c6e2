#include "proto/roles.h"

#include <stdio.h>
#include <string.h>

/* What a degraded role costs, and how many nodes may have a role. */
enum { DEGRADES = 0, STOPS_ORDERS = 1, MANY = 0, ONE = 1 };

/* name, family, need, cost, nodes, drain rank, meaning. A process starts the gateway first, since a
   port that is taken has to be known before any order is touched. The signer takes its key next. */
static const dv_role ROLES[] = {
    {"gateway", "gateway", DV_NEED_ALWAYS, DEGRADES, MANY, 1, "HTTP and WebSocket for clients"},
    {"signer", "signer", DV_NEED_SOLANA, STOPS_ORDERS, ONE, 7, "has the key, signs by its policy"},
    {"persistence", "persistence", DV_NEED_ALWAYS, STOPS_ORDERS, MANY, 8, "PostgreSQL"},
    {"notification", "notification", DV_NEED_ALWAYS, DEGRADES, MANY, 9, "events for gateways"},
    {"retry", "retry", DV_NEED_ALWAYS, DEGRADES, MANY, 4, "when an attempt begins, in Redis"},
    {"chain:simulated", "chain", DV_NEED_SIMULATED, STOPS_ORDERS, MANY, 6,
     "transactions of simulated DEXs"},
    {"chain:solana", "chain", DV_NEED_SOLANA, STOPS_ORDERS, MANY, 6, "transactions on Solana"},
#define ROUTER(name, Name)                                                                         \
    {"router:" #name, "router", DV_NEED_ALWAYS, STOPS_ORDERS, MANY, 5, "quotes and legs of " Name},
    DV_DEXES(ROUTER)
#undef ROUTER
        {"execution", "execution", DV_NEED_ALWAYS, STOPS_ORDERS, MANY, 3,
         "takes orders to their end"},
    {"ingest", "ingest", DV_NEED_ALWAYS, STOPS_ORDERS, MANY, 2, "admits orders"},
};
#define COUNT ((uint32_t)(sizeof ROLES / sizeof ROLES[0]))
_Static_assert(COUNT < DV_ROLES_MAX, "a set of roles holds them all");

const char *dv_dex_venue(dv_dex dex)
{
    static const char *const NAMES[DV_DEX_COUNT] = {
#define NAME(name, Name) #name,
        DV_DEXES(NAME)
#undef NAME
    };
    return NAMES[dex];
}

dv_dex dv_dex_of(dv_text name)
{
    dv_dex dex = 0;
    while (dex < DV_DEX_COUNT && !dv_text_is(name, dv_dex_venue(dex))) dex++;
    return dex;
}

uint32_t dv_role_count(void)
{
    return COUNT;
}

const dv_role *dv_role_at(uint32_t i)
{
    return &ROLES[i];
}

dv_roles dv_roles_all(void)
{
    return ((dv_roles)1 << COUNT) - 1;
}

dv_roles dv_role_of(const char *name)
{
    return dv_role_of_text(dv_text_of(name));
}

dv_roles dv_role_of_text(dv_text name)
{
    for (uint32_t i = 0; i < COUNT; i++)
        if (dv_text_is(name, ROLES[i].name)) return (dv_roles)1 << i;
    return 0;
}

dv_roles dv_roles_needed(bool simulated, bool solana)
{
    const bool holds[] = {
        [DV_NEED_ALWAYS] = true, [DV_NEED_SIMULATED] = simulated, [DV_NEED_SOLANA] = solana};
    dv_roles roles = 0;
    for (uint32_t i = 0; i < COUNT; i++)
        if (holds[ROLES[i].need]) roles |= (dv_roles)1 << i;
    return roles;
}

/* The roles of one name. */
static dv_roles named(dv_text name)
{
    dv_roles roles = dv_text_is(name, "*") ? dv_roles_all() : 0;
    for (uint32_t i = 0; i < COUNT; i++)
        if (dv_text_is(name, ROLES[i].name) || dv_text_is(name, ROLES[i].family))
            roles |= (dv_roles)1 << i;
    return roles;
}

dv_roles dv_roles_named(const char *names)
{
    dv_roles roles = 0;
    while (*names != '\0') {
        uint32_t size = (uint32_t)strcspn(names, " ");
        dv_roles some = named((dv_text){names, size});
        if (some == 0) return 0;
        roles |= some;
        names += size;
        names += strspn(names, " ");
    }
    return roles;
}

void dv_roles_list(char *ret, size_t size)
{
    size_t used = 0;
    *ret = '\0';
    for (uint32_t i = 0; i < COUNT; i++) {
        size_t more = strlen(ROLES[i].name) + (i > 0);
        if (more >= size - used) return;
        snprintf(ret + used, size - used, "%s%s", i > 0 ? "," : "", ROLES[i].name);
        used += more;
    }
}

const dv_role *dv_role_of_instance(dv_text instance)
{
    const char *at = instance.size > 0 ? memchr(instance.at, '@', instance.size) : NULL;
    if (at != NULL) instance.size = (uint32_t)(at - instance.at);
    for (uint32_t i = 0; i < COUNT; i++)
        if (dv_text_is(instance, ROLES[i].name)) return &ROLES[i];
    return NULL;
}
