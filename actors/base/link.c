#include "actors/base/link.h"

#include <string.h>

#include "proto/roles.h"

/* An instance's name up to its "@". */
static dv_text role_of(dv_text instance)
{
    const char *at = instance.size > 0 ? memchr(instance.at, '@', instance.size) : NULL;
    if (at != NULL) instance.size = (uint32_t)(at - instance.at);
    return instance;
}

bool dv_link_consumes(const dv_link *link, dv_text instance)
{
    return dv_text_is(role_of(instance), link->consumer);
}

bool dv_link_produces(const dv_link *link, dv_text instance)
{
    dv_text own = role_of(instance);
    const dv_role *role = dv_role_of_instance(instance);
    for (const char *at = link->producers; *at != '\0'; at += strspn(at, " ")) {
        dv_text name = {at, (uint32_t)strcspn(at, " ")};
        at += name.size;
        if (dv_text_is(name, "*") || dv_text_equal(name, own)) return true;
        if (role != NULL && dv_text_is(name, role->family)) return true;
    }
    return false;
}

bool dv_spread_any(uint32_t lanes, uint32_t *turn, dv_lane_offer *offer, void *arg)
{
    for (uint32_t i = 0; i < lanes; i++) {
        uint32_t lane = (*turn + i) % lanes;
        if (!offer(arg, lane)) continue;
        *turn = (lane + 1) % lanes;
        return true;
    }
    return false;
}
