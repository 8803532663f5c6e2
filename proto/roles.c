#include "proto/roles.h"

#include <stdio.h>
#include <string.h>

/* name, family, needed, stops orders, single, drain rank. A process starts the gateway first: a port
   that is taken has to be known before any order is touched. The signer takes its key next. */
static const dv_role ROLES[] = {
    {"gateway", "gateway", true, false, false, 1},
    {"signer", "signer", false, true, true, 6},
    {"persistence", "persistence", true, true, false, 7},
    {"notification", "notification", true, false, false, 8},
    {"retry", "retry", true, false, false, 4},
#define ROUTER(name, Name) {"router:" #name, "router", true, true, false, 5},
    DV_DEXES(ROUTER)
#undef ROUTER
        {"execution", "execution", true, true, false, 3},
    {"ingest", "ingest", true, true, false, 2},
};
#define COUNT ((uint32_t)(sizeof ROLES / sizeof ROLES[0]))
_Static_assert(COUNT < DV_ROLES_MAX, "a set of roles holds them all");

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
