/* Makes the actor that plays a role: the one place beside proto/roles.c that names them. */
#ifndef DV_MAKE_H
#define DV_MAKE_H

#include "actors/base/actor.h"
#include "actors/base/tokens.h"
#include "actors/settings.h"
#include "actors/topology.h"

/* What actors are made of. All of it is borrowed for their lives; the signer writes the wallet's address
   into its settings, for the actors made after it. */
typedef struct dv_make_from {
    dv_settings *settings;
    const dv_topology *topology;
    const dv_tokens *tokens;
    uint64_t random;
} dv_make_from;

/* The cluster that a DEX trades on, by its mode; simulated for DV_DEX_COUNT, which has none. */
dv_chain dv_chain_of(const dv_settings *settings, dv_dex dex);

/* The chains that the DEXs' modes need. */
dv_roles dv_chains_needed(const dv_settings *settings);

typedef struct dv_made {
    const dv_actor_class *class;
    void *self; /* owned */
} dv_made;

/* Makes an actor; its thread is not started. CONFIG_INVALID: it cannot play this role with these
   settings, and ret_why says why. */
DV_MUST_CHECK dv_err dv_make(const dv_role *role, const dv_make_from *from, dv_made *ret_made,
                             char ret_why[256]);

#endif
