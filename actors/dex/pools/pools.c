#include "actors/dex/pools/pools.h"

#include <czmq.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/solana/params.h"
#include "actors/solana/pda.h"
#include "actors/solana/programs.h"

/* ---- the file ---------------------------------------------------------------------------- */

static dv_listed_pool *pool_at(dv_pools *v, const dv_pubkey *address)
{
    for (uint32_t i = 0; i < v->count; i++)
        if (v->pools[i].in_use && dv_pubkey_equal(&v->pools[i].address, address))
            return &v->pools[i];
    return NULL;
}

/* Takes a free place for a pool that is not listed yet; false: there is none. */
static bool pool_add(dv_pools *v, const dv_pubkey *address, uint32_t group)
{
    uint32_t i = 0;
    while (i < v->count && (v->pools[i].in_use || v->pools[i].asked)) i++;
    if (i == DV_POOLS_MAX) return false;
    if (i == v->count) v->count++;
    dv_listed_pool *p = &v->pools[i];
    *p = (dv_listed_pool){.in_use = true, .group = group, .address = *address};
    dv_base58_encode(p->address.bytes, sizeof p->address.bytes, p->text);
    p->accounts[p->count++] = p->address;
    p->accounts[p->count++] = DV_SYSVAR_CLOCK;
    v->changed = true;
    return true;
}

/* Lists a pool that a group has found. False: it is refused for good, or there is no place left. */
static bool pool_list(dv_pools *v, const dv_pubkey *address, uint32_t group)
{
    const dv_listed_pool *p = pool_at(v, address);
    if (p == NULL) return pool_add(v, address, group);
    return p->refusal.err == DV_OK || dv_err_class((uint16_t)p->refusal.err) != DV_CLASS_REJECT;
}

static void pool_drop(dv_pools *v, dv_listed_pool *pool)
{
    dv_pool_destroy(&pool->pool);
    pool->in_use = false;
    v->changed = true;
}

/* A line of the file: a pool's address, or a pair. */
static dv_err line_add(dv_pools *v, const char *value, char ret_why[DV_REASON_MAX])
{
    dv_pubkey address;
    char why[DV_REASON_MAX] = "";
    if (strchr(value, '/') != NULL) {
        dv_err err = dv_pairs_add(v->pairs, value, why);
        if (err) snprintf(ret_why, DV_REASON_MAX, "%.60s: %.130s", v->config->pools_file, why);
        return err;
    }
    if (!dv_pubkey_parse(dv_text_of(value), &address)) {
        snprintf(ret_why, DV_REASON_MAX, "%.100s: \"%.50s\" is no address of a pool, and no pair",
                 v->config->pools_file, value);
        return DV_CONFIG_INVALID;
    }
    if (pool_at(v, &address) != NULL || pool_add(v, &address, DV_POOL_CONFIGURED)) return DV_OK;
    snprintf(ret_why, DV_REASON_MAX, "%.100s lists more than %d pools", v->config->pools_file,
             DV_POOLS_MAX);
    return DV_CONFIG_INVALID;
}

dv_err dv_pools_load(dv_pools *pools, char ret_why[DV_REASON_MAX])
{
    const char *file = pools->config->pools_file, *dex = pools->dex;
    zconfig_t *root = zconfig_load(file);
    if (root == NULL) {
        snprintf(ret_why, DV_REASON_MAX,
                 "cannot read pools_file %.100s: it is missing, or not lines like %s = \"address\"",
                 file, dex);
        return DV_CONFIG_INVALID;
    }
    pools->pools = calloc(DV_POOLS_MAX, sizeof *pools->pools);
    if (pools->pools == NULL) abort();
    dv_err err = DV_OK;
    for (zconfig_t *at = zconfig_child(root); at != NULL && err == DV_OK; at = zconfig_next(at)) {
        const char *value = zconfig_value(at);
        if (streq(zconfig_name(at), dex)) err = line_add(pools, value ? value : "", ret_why);
    }
    zconfig_destroy(&root);
    return err;
}

void dv_pools_fini(dv_pools *pools)
{
    for (uint32_t i = 0; i < pools->count; i++) dv_pool_destroy(&pools->pools[i].pool);
    free(pools->pools);
    pools->pools = NULL;
}

/* ---- what the pairs have found ----------------------------------------------------------- */

/* Lists a group's deepest pools, as many as may be beside those that are refused for good, and
   drops those that are no longer among them. */
static void group_choose(dv_pools *v, uint32_t group)
{
    uint32_t good = 0, wanted = 0, kept;
    const dv_pubkey *found = dv_pairs_wanted(v->pairs, group, &kept);
    while (wanted < kept && good < v->config->pair_pools_max)
        good += pool_list(v, &found[wanted++], group);
    for (uint32_t i = 0; i < v->count; i++) {
        dv_listed_pool *pool = &v->pools[i];
        bool keep = !pool->in_use || pool->group != group;
        for (uint32_t k = 0; k < wanted && !keep; k++)
            keep = dv_pubkey_equal(&pool->address, &found[k]);
        if (!keep) pool_drop(v, pool);
    }
}

/* ---- reading them ------------------------------------------------------------------------ */

static bool is_listed(const dv_listed_pool *p, const dv_pubkey *address)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (dv_pubkey_equal(&p->accounts[i], address)) return true;
    return false;
}

static bool list(dv_listed_pool *p, const dv_pubkey *address)
{
    if (is_listed(p, address) || p->count == DV_POOL_ACCOUNTS_MAX) return false;
    p->accounts[p->count++] = *address;
    return true;
}

static dv_pubkey own_account(const dv_pools *v, const dv_pool *pool, uint32_t side)
{
    return dv_ata_of(&v->cluster->wallet, &pool->mint[side], &pool->token_program[side]);
}

/* Lists afresh what is to be looked at; true when some of it has not been looked at yet. */
static bool relist(const dv_pools *v, dv_listed_pool *p, const dv_pool_needs *needs,
                   const dv_pool *pool)
{
    dv_listed_pool before = *p;
    bool grown = false;
    p->count = 2; /* its own, and the clock */
    for (uint32_t i = 0; i < needs->count; i++) list(p, &needs->at[i]);
    for (uint32_t side = 0; pool != NULL && side < 2; side++) {
        dv_pubkey own = own_account(v, pool, side);
        list(p, &own);
    }
    for (uint32_t i = 0; i < p->count; i++) grown = grown || !is_listed(&before, &p->accounts[i]);
    return grown;
}

static void refused_log(const dv_pools *v, const dv_listed_pool *p, const dv_refusal *refusal)
{
    if (p->refusal.err == refusal->err && p->refusal.reason == refusal->reason) return;
    dv_warn("pool_refused", NULL, dv_kv_string("dex", v->dex), dv_kv_string("pool", p->text),
            dv_kv_string("error", dv_err_name((uint16_t)refusal->err)),
            dv_kv_string("why", refusal->reason));
}

static void pool_refuse(dv_pools *v, dv_listed_pool *p, dv_refusal refusal)
{
    bool anew = p->refusal.err != refusal.err;
    refused_log(v, p, &refusal);
    dv_pool_destroy(&p->pool);
    p->refusal = refusal;
    if (anew && p->group != DV_POOL_CONFIGURED) group_choose(v, p->group);
}

static dv_err pool_make(const dv_pools *v, dv_listed_pool *p, const dv_account_set *set,
                        dv_pool **ret_pool, dv_refusal *ret_refusal)
{
    dv_err err = dv_pool_new(&p->address, set, ret_pool, ret_refusal);
    if (err) return err;
    const char *why = NULL;
    if (p->group != DV_POOL_CONFIGURED && !dv_pairs_fit(v->pairs, p->group, *ret_pool))
        why = "the pool is of another pair or program than it was found for";
    if (strcmp((*ret_pool)->class->dex, v->dex) != 0)
        why = "the pool is of another DEX than it is listed for";
    if (why == NULL) return DV_OK;
    dv_pool_destroy(ret_pool);
    return dv_refuse(ret_refusal, DV_VENUE_POOL_UNSUPPORTED, DV_PROGRAM_ERROR_NONE, why);
}

/* Takes what was read over as the pool's state. */
static void pool_take(dv_pools *v, dv_listed_pool *p, const dv_account_set *set,
                      const dv_chain_clock *clock, uint64_t slot)
{
    dv_pool *pool = NULL;
    dv_refusal refusal = {0};
    if (pool_make(v, p, set, &pool, &refusal) != DV_OK) {
        pool_refuse(v, p, refusal);
        return;
    }
    if (p->pool == NULL)
        dv_info("pool_ready", NULL, dv_kv_string("dex", v->dex), dv_kv_string("pool", p->text),
                dv_kv_string("program", pool->class->name));
    dv_pool_destroy(&p->pool);
    p->pool = pool;
    p->refusal = (dv_refusal){0};
    p->clock = *clock;
    p->slot = slot;
    for (uint32_t side = 0; side < 2; side++) {
        dv_pubkey own = own_account(v, pool, side);
        const dv_account *account = dv_account_find(set, &own);
        p->has_account[side] = account != NULL && account->size > 0;
    }
}

static void pool_read(dv_pools *v, dv_listed_pool *p, const dv_account_set *set, uint64_t slot,
                      int64_t now_ns)
{
    dv_pool_needs needs = {0};
    dv_refusal refusal = {0};
    dv_chain_clock clock;
    const dv_account *sysvar = dv_account_find(set, &DV_SYSVAR_CLOCK);
    if (dv_chain_clock_decode(sysvar, &clock) != DV_OK) return; /* a node that makes no sense */
    if (dv_pool_list_needs(&p->address, set, &needs, &refusal) != DV_OK) {
        pool_refuse(v, p, refusal);
        return;
    }
    bool complete = true;
    for (uint32_t i = 0; i < needs.count; i++)
        complete = complete && dv_account_find(set, &needs.at[i]) != NULL;
    if (complete) pool_take(v, p, set, &clock, slot);
    if (relist(v, p, &needs, p->pool)) p->look_at_ns = now_ns; /* the rest at once */
}

static void on_accounts(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_pools *v = context;
    dv_listed_pool *p = &v->pools[reply->tag];
    dv_account accounts[DV_POOL_ACCOUNTS_MAX];
    uint64_t slot;
    p->asked = false;
    if (!p->in_use) return;
    if (reply->error != DV_OK ||
        dv_answer_accounts(reply->answer, p->accounts, p->count, accounts, &slot) != DV_OK)
        return;
    dv_cluster_view_saw_slot(v->cluster, slot);
    if (slot < p->slot) return; /* a slower endpoint's */
    dv_account_set set = {accounts, p->count};
    pool_read(v, p, &set, slot, now_ns);
}

static void pool_ask(dv_pools *v, uint32_t i, int64_t now_ns)
{
    dv_listed_pool *p = &v->pools[i];
    char params[DV_PARAMS_KEYS_SIZE(DV_POOL_ACCOUNTS_MAX, 64)];
    dv_params_keys(params, sizeof params, p->accounts, p->count,
                   "{\"encoding\":\"base64\",\"commitment\":\"confirmed\"}");
    p->asked = true;
    dv_reads_ask(v->reads, "getMultipleAccounts", dv_text_of(params), DV_RPC_ANY, on_accounts, v, i,
                 now_ns);
}

/* The pools of all DEXs take at most half of the rate, so that there is room to send. */
static int64_t every_ns_of(const dv_pools *v)
{
    int64_t every_ns = v->limits->poll_ms * DV_NS_PER_MS;
    uint32_t rate = v->limits->rate_per_second, dexes = v->cluster->dexes ? v->cluster->dexes : 1;
    if (rate == 0) return every_ns;
    return dv_max_i64(every_ns, v->count * dexes * 2 * DV_NS_PER_S / rate);
}

int64_t dv_pools_tick(dv_pools *pools, int64_t now_ns)
{
    int64_t next_ns = DV_NEVER, every_ns = every_ns_of(pools);
    for (uint32_t group = 0; group < dv_pairs_groups(pools->pairs); group++)
        if (dv_pairs_has_changed(pools->pairs, group)) group_choose(pools, group);
    if (!pools->cluster->has_wallet) return DV_NEVER; /* the chain actor wakes us */
    for (uint32_t i = 0; i < pools->count; i++) {
        dv_listed_pool *p = &pools->pools[i];
        if (p->asked || !p->in_use) continue;
        if (p->look_at_ns <= now_ns) {
            p->look_at_ns = now_ns + every_ns;
            pool_ask(pools, i, now_ns);
        } else {
            next_ns = dv_min_i64(next_ns, p->look_at_ns);
        }
    }
    return next_ns;
}

dv_listed_pool *dv_pools_find(const dv_pools *pools, dv_text address)
{
    for (uint32_t i = 0; i < pools->count; i++)
        if (pools->pools[i].in_use && dv_text_is(address, pools->pools[i].text))
            return &pools->pools[i];
    return NULL;
}

dv_err dv_pools_state(const dv_pools *pools, const dv_listed_pool *pool)
{
    if (pool->pool == NULL) return pool->refusal.err ? pool->refusal.err : DV_CHAIN_AWAY;
    bool fresh = pool->slot + pools->limits->quote_slots_max >= pools->cluster->slot;
    return fresh ? DV_OK : DV_VENUE_QUOTE_STALE;
}

void dv_pools_count(const dv_pools *pools, uint32_t ret_counts[DV_PAIRS_MAX])
{
    memset(ret_counts, 0, DV_PAIRS_MAX * sizeof *ret_counts);
    for (uint32_t i = 0; i < pools->count; i++) {
        const dv_listed_pool *p = &pools->pools[i];
        if (p->in_use && p->pool != NULL && p->group != DV_POOL_CONFIGURED)
            ret_counts[dv_pairs_pair_of(pools->pairs, p->group)]++;
    }
}
