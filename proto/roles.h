/* The catalogue of roles. An instance is named by its role, in a cluster also by its node:
   "router:raydium@a". Readiness, the order of starting and draining, the cluster file and the
   simulator follow from this list. */
#ifndef DV_PROTO_ROLES_H
#define DV_PROTO_ROLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/text.h"

/* D(name, Name): the DEXs. Each has a role router:<name>, and its number is its place here. */
#define DV_DEXES(D)                                                                                \
    D(raydium, "Raydium")                                                                          \
    D(meteora, "Meteora")

typedef enum dv_dex {
#define DV_DEX_ENUM(name, Name) DV_DEX_##name,
    DV_DEXES(DV_DEX_ENUM)
#undef DV_DEX_ENUM
        DV_DEX_COUNT
} dv_dex;

/* C(name): the clusters that DEXs trade on. Each has a role chain:<name>, and its number is its place
   here. The mode of a DEX names its cluster. */
#define DV_CHAINS(C)                                                                               \
    C(simulated)                                                                                   \
    C(solana)

typedef enum dv_chain {
#define DV_CHAIN_ENUM(name) DV_CHAIN_##name,
    DV_CHAINS(DV_CHAIN_ENUM)
#undef DV_CHAIN_ENUM
        DV_CHAIN_COUNT
} dv_chain;

/* The name of a DEX, lower case; the DEX of a name, DV_DEX_COUNT when there is none. */
const char *dv_dex_venue(dv_dex dex);
dv_dex dv_dex_of(dv_text name);

/* Which clusters need a role. */
typedef enum dv_need {
    DV_NEED_ALWAYS,
    DV_NEED_SIMULATED, /* those where a DEX is simulated */
    DV_NEED_SOLANA,    /* those where a DEX trades on Solana */
} dv_need;

typedef struct dv_role {
    const char *name;
    const char *family; /* shared by the roles of all DEXs or clusters; else the name */
    dv_need need;
    bool stops_orders; /* no order is executed while every instance of its family is degraded */
    bool single;       /* at most one node may have the role */
    uint8_t drain;     /* lower numbers finish first, since they bring work to the others */
    const char *meaning;
} dv_role;

/* A set of roles, a bit each. */
typedef uint64_t dv_roles;
#define DV_ROLES_MAX 64

/* How many roles there are, and each of them, in the order in which a process starts them. */
uint32_t dv_role_count(void);
const dv_role *dv_role_at(uint32_t i);

/* Every role. The role of a name; 0: there is none. The roles of a name, a family, or several names
   with spaces between them, "*" for all; 0: a name is unknown. */
dv_roles dv_roles_all(void);
dv_roles dv_role_of(const char *name);
dv_roles dv_role_of_text(dv_text name);
dv_roles dv_roles_named(const char *names);

/* The roles that a cluster needs. simulated, solana: whether a DEX is simulated, or trades on
   Solana. */
dv_roles dv_roles_needed(bool simulated, bool solana);

/* Writes the names of all roles for people, with commas between them. Leaves out a name that does
   not fit ret, and all names after it. size is at least 1. */
void dv_roles_list(char *ret, size_t size);

/* The role of an instance: its name up to an "@". NULL when there is none. */
const dv_role *dv_role_of_instance(dv_text instance);

#endif
