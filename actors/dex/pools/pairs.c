/* The pools of pairs of tokens: searched for in each of the DEX's programs, weighed, and the
   deepest ones listed beside those that the configuration names. One search is open at a time. */
#include <stdio.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/chain/chain_venue.h"
#include "actors/dex/pools/pair_search.h"

#define PAIRS_MAX 32
#define PROGRAMS_MAX 6               /* of a DEX, on all clusters */
#define KEPT_MAX 64                  /* of a group's pools: twice pair_pools_max at most */
#define VAULTS_AT_ONCE 100           /* that a node looks up */
#define AGAIN_NS (15 * DV_NS_PER_S)  /* after a failure that may pass */
#define LOOK_NS (100 * DV_NS_PER_MS) /* whether the cluster is known */

/* The pools of a pair in one program. */
typedef struct pair_group {
    uint32_t pair;
    const dv_pool_class *class;
    uint32_t program; /* of the class's ids */
    int64_t due_ns;   /* when to search next */
    bool resolved;    /* it has been searched to the end, or is not on this cluster */
    dv_err err;       /* why the last search came to nothing */
    uint32_t found;   /* pools that hold anything */
    uint32_t kept;    /* of them, the deepest first */
    dv_pubkey pools[KEPT_MAX];
} pair_group;

/* The search that is under way. */
typedef struct search {
    bool open;
    uint32_t group, question, endpoint;
    uint32_t weighed; /* vaults, of twice count */
    dv_err err;       /* of an endpoint that was asked before */
    uint32_t count;
    dv_pair_pool pools[DV_PAIR_FOUND_MAX];
} search;

struct dv_chain_pairs {
    dv_pair pairs[PAIRS_MAX];
    uint32_t count;
    pair_group groups[PAIRS_MAX * PROGRAMS_MAX];
    uint32_t group_count;
    search search;
    char text[DV_REASON_MAX]; /* what there is, for people */
};

/* ---- which ------------------------------------------------------------------------------- */

static void groups_add(dv_chain_venue *v, uint32_t pair)
{
    dv_chain_pairs *p = v->pairs;
    const dv_pool_class *class = NULL;
    while ((class = dv_pool_class_next(class)) != NULL) {
        if (strcmp(class->dex, v->base.class->dex) != 0) continue;
        for (uint32_t i = 0; i < class->program_count; i++) {
            assert(p->group_count < PAIRS_MAX * PROGRAMS_MAX);
            p->groups[p->group_count++] = (pair_group){.pair = pair, .class = class, .program = i};
        }
    }
}

dv_err dv_chain_pairs_add(dv_chain_venue *venue, const char *text, char ret_why[DV_REASON_MAX])
{
    dv_pair pair;
    dv_err err = dv_pair_parse(text, venue->tokens, &pair, ret_why);
    if (err) return err;
    if (venue->pairs == NULL) venue->pairs = calloc(1, sizeof *venue->pairs);
    dv_chain_pairs *p = venue->pairs;
    if (p == NULL) abort();
    for (uint32_t i = 0; i < p->count; i++)
        if (dv_pair_is_of(&p->pairs[i], &pair.mint[0], &pair.mint[1])) return DV_OK;
    if (p->count == PAIRS_MAX) {
        snprintf(ret_why, DV_REASON_MAX, "there are more than %d pairs of %s", PAIRS_MAX,
                 venue->base.class->dex);
        return DV_CONFIG_INVALID;
    }
    p->pairs[p->count] = pair;
    groups_add(venue, p->count++);
    return DV_OK;
}

void dv_chain_pairs_fini(dv_chain_venue *venue)
{
    free(venue->pairs);
    venue->pairs = NULL;
}

bool dv_chain_pairs_fit(const dv_chain_venue *venue, uint32_t number, const dv_pool *pool)
{
    if (number == DV_CHAIN_CONFIGURED) return true;
    const pair_group *g = &venue->pairs->groups[number];
    return pool->class == g->class &&
           dv_pair_is_of(&venue->pairs->pairs[g->pair], &pool->mint[0], &pool->mint[1]);
}

dv_err dv_chain_pairs_state(const dv_chain_venue *venue, const dv_pubkey *a, const dv_pubkey *b)
{
    const dv_chain_pairs *p = venue->pairs;
    for (uint32_t i = 0; p != NULL && i < p->group_count; i++) {
        const pair_group *g = &p->groups[i];
        if (g->resolved || !dv_pair_is_of(&p->pairs[g->pair], a, b)) continue;
        return g->err ? DV_CHAIN_REFUSED : DV_CHAIN_AWAY;
    }
    return DV_VENUE_NO_POOL;
}

/* ---- saying ------------------------------------------------------------------------------ */

static const char *why_of(dv_err err)
{
    switch (err) {
    case DV_CHAIN_REFUSED:
        return "no endpoint answers getProgramAccounts: add one that does, or name pools";
    case DV_MESSAGE_TOO_LARGE: return "there are too many pools to choose from: name them";
    case DV_CHAIN_ANSWER_MALFORMED:
        return "an endpoint named accounts that are no pools of the pair";
    default: return dv_err_text((uint16_t)err);
    }
}

/* What each pair gave, and why not more. */
static void text_write(const dv_chain_venue *v)
{
    dv_chain_pairs *p = v->pairs;
    size_t n = 0;
    p->text[0] = '\0';
    for (uint32_t i = 0; i < p->count && n < sizeof p->text; i++) {
        uint32_t pools = 0;
        dv_err err = DV_OK;
        for (uint32_t k = 0; k < v->pool_count; k++) {
            uint32_t number = v->pools[k].group;
            pools += v->pools[k].in_use && v->pools[k].pool != NULL &&
                     number != DV_CHAIN_CONFIGURED && p->groups[number].pair == i;
        }
        for (uint32_t k = 0; k < p->group_count; k++)
            if (p->groups[k].pair == i && p->groups[k].err) err = p->groups[k].err;
        n += (size_t)snprintf(p->text + n, sizeof p->text - n, "%s%s: %u pools%s%s", i ? "; " : "",
                              p->pairs[i].name, pools, err ? ", " : "", err ? why_of(err) : "");
    }
}

const char *dv_chain_pairs_text(const dv_chain_venue *venue)
{
    if (venue->pairs == NULL) return NULL;
    text_write(venue);
    return venue->pairs->text;
}

static void found_log(const dv_chain_venue *v, const pair_group *g, const dv_pair_pool *pools)
{
    const char *pair = v->pairs->pairs[g->pair].name;
    dv_info("pair_searched", NULL, dv_kv_string("dex", v->base.class->dex),
            dv_kv_string("pair", pair), dv_kv_string("program", g->class->name),
            dv_kv_number("pools", g->found));
    for (uint32_t i = 0; i < g->kept && i < v->pools_config->pair_pools_max; i++) {
        char text[DV_BASE58_TEXT_SIZE];
        dv_base58_encode(pools[i].address.bytes, DV_PUBKEY_SIZE, text);
        dv_info("pair_pool", NULL, dv_kv_string("dex", v->base.class->dex),
                dv_kv_string("pair", pair), dv_kv_string("program", g->class->name),
                dv_kv_string("pool", text), dv_kv_number("held_0", (int64_t)pools[i].held[0]),
                dv_kv_number("held_1", (int64_t)pools[i].held[1]));
    }
}

/* ---- choosing ---------------------------------------------------------------------------- */

/* Lists a group's deepest pools, as many as may be beside those that are refused for good, and
   drops those that are no longer among them. */
static void group_choose(dv_chain_venue *v, uint32_t number)
{
    const pair_group *g = &v->pairs->groups[number];
    uint32_t good = 0, wanted = 0;
    while (wanted < g->kept && good < v->pools_config->pair_pools_max)
        good += dv_chain_pool_list(v, &g->pools[wanted++], number);
    for (uint32_t i = 0; i < v->pool_count; i++) {
        dv_chain_pool *pool = &v->pools[i];
        bool keep = !pool->in_use || pool->group != number;
        for (uint32_t k = 0; k < wanted && !keep; k++)
            keep = dv_pubkey_equal(&pool->address, &g->pools[k]);
        if (!keep) dv_chain_pool_drop(v, pool);
    }
}

void dv_chain_pairs_choose(dv_chain_venue *venue, uint32_t number)
{
    if (number != DV_CHAIN_CONFIGURED) group_choose(venue, number);
}

static void search_end(dv_chain_venue *v, dv_err err, int64_t now_ns)
{
    search *s = &v->pairs->search;
    pair_group *g = &v->pairs->groups[s->group];
    int64_t every_ns = v->pools_config->pair_search_s * DV_NS_PER_S;
    bool may_pass = err == DV_CHAIN_AWAY || err == DV_CHAIN_RATE_LIMITED || err == DV_CHAIN_BEHIND;
    s->open = false;
    g->due_ns = now_ns + (may_pass ? dv_min_i64(AGAIN_NS, every_ns) : every_ns);
    if (err && err != g->err)
        dv_warn("pair_unresolved", NULL, dv_kv_string("dex", v->base.class->dex),
                dv_kv_string("pair", v->pairs->pairs[g->pair].name),
                dv_kv_string("program", g->class->name),
                dv_kv_string("error", dv_err_name((uint16_t)err)),
                dv_kv_string("why", why_of(err)));
    g->err = err;
    if (err) return; /* what was found before stays */
    uint32_t most = v->pools_config->pair_pools_max;
    g->found = dv_pair_sort(s->pools, s->count);
    dv_pubkey deepest = g->pools[0];
    bool anew = !g->resolved || g->kept == 0;
    g->resolved = true;
    g->kept = g->found < 2 * most ? g->found : 2 * most;
    for (uint32_t i = 0; i < g->kept; i++) g->pools[i] = s->pools[i].address;
    if (anew || !dv_pubkey_equal(&deepest, &g->pools[0])) found_log(v, g, s->pools);
    group_choose(v, s->group);
}

/* ---- weighing ---------------------------------------------------------------------------- */

static void vaults_ask(dv_chain_venue *v, int64_t now_ns);

/* The addresses of the vaults that come next; returns how many. */
static uint32_t vaults_next(const search *s, dv_pubkey ret_vaults[VAULTS_AT_ONCE])
{
    uint32_t count = 0;
    for (uint32_t i = s->weighed; i < 2 * s->count && count < VAULTS_AT_ONCE; i++)
        ret_vaults[count++] = s->pools[i / 2].vault[i % 2];
    return count;
}

static void on_vaults(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_chain_venue *v = context;
    search *s = &v->pairs->search;
    dv_pubkey vaults[VAULTS_AT_ONCE];
    dv_account accounts[VAULTS_AT_ONCE];
    uint64_t slot;
    uint32_t count = vaults_next(s, vaults);
    dv_err err = reply->error;
    if (err == DV_OK && dv_answer_accounts(reply->answer, vaults, count, accounts, &slot) != DV_OK)
        err = DV_CHAIN_ANSWER_MALFORMED;
    if (err) {
        search_end(v, err == DV_CHAIN_REFUSED ? DV_CHAIN_AWAY : err, now_ns);
        return;
    }
    for (uint32_t i = 0; i < count; i++, s->weighed++)
        dv_pair_weigh(&s->pools[s->weighed / 2], s->weighed % 2, &accounts[i]);
    vaults_ask(v, now_ns);
}

static void vaults_ask(dv_chain_venue *v, int64_t now_ns)
{
    search *s = &v->pairs->search;
    dv_pubkey vaults[VAULTS_AT_ONCE];
    char params[VAULTS_AT_ONCE * (DV_BASE58_TEXT_SIZE + 3) + 160] = "[[";
    uint32_t count = vaults_next(s, vaults);
    size_t n = 2;
    if (count == 0) {
        search_end(v, DV_OK, now_ns);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        char text[DV_BASE58_TEXT_SIZE];
        dv_base58_encode(vaults[i].bytes, DV_PUBKEY_SIZE, text);
        n += (size_t)snprintf(params + n, sizeof params - n, "%s\"%s\"", i ? "," : "", text);
    }
    snprintf(params + n, sizeof params - n,
             "],{\"encoding\":\"base64\",\"commitment\":\"confirmed\",\"dataSlice\":{\"offset\":0,"
             "\"length\":%d}}]",
             DV_PAIR_VAULT_SIZE);
    dv_rpc_ask(v->rpc, "getMultipleAccounts", dv_text_of(params), DV_RPC_ANY, on_vaults, v, 0,
               now_ns);
}

/* ---- searching --------------------------------------------------------------------------- */

static dv_pair_search question_of(const dv_chain_venue *v)
{
    const search *s = &v->pairs->search;
    const pair_group *g = &v->pairs->groups[s->group];
    return dv_pair_search_at(&v->pairs->pairs[g->pair], g->class, &g->class->programs[g->program],
                             s->question);
}

static void on_found(void *context, const dv_rpc_reply *reply, int64_t now_ns);

static void pools_ask(dv_chain_venue *v, int64_t now_ns)
{
    char params[DV_PAIR_PARAMS_SIZE];
    dv_pair_search question = question_of(v);
    dv_pair_search_params(&question, params);
    dv_rpc_search(v->rpc, "getProgramAccounts", dv_text_of(params), v->pairs->search.endpoint,
                  DV_PAIR_ANSWER_SIZE_MAX, on_found, v, 0, now_ns);
}

static void on_found(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_chain_venue *v = context;
    search *s = &v->pairs->search;
    dv_pair_search question = question_of(v);
    dv_err err = reply->error;
    if (err == DV_OK) err = dv_pair_search_read(&question, reply->answer, s->pools, &s->count);
    if (err == DV_MESSAGE_MALFORMED) err = DV_CHAIN_ANSWER_MALFORMED;
    if (err == DV_OK) {
        s->question++;
        if (s->question < dv_pair_search_count(question.class))
            pools_ask(v, now_ns);
        else
            vaults_ask(v, now_ns);
        return;
    }
    /* What an endpoint said tells more than that another is away. */
    if (s->err == DV_OK || err != DV_CHAIN_AWAY) s->err = err;
    s->endpoint++;
    if (s->endpoint < dv_rpc_endpoint_count(v->rpc))
        pools_ask(v, now_ns);
    else
        search_end(v, s->err, now_ns);
}

static void search_begin(dv_chain_venue *v, uint32_t number, int64_t now_ns)
{
    search *s = &v->pairs->search;
    pair_group *g = &v->pairs->groups[number];
    if (g->class->program_count > 1 && !dv_chain_is_here(v, g->program)) {
        g->resolved = true;
        g->due_ns = DV_NEVER;
        return;
    }
    s->open = true;
    s->group = number;
    s->question = s->endpoint = s->weighed = s->count = 0;
    s->err = DV_OK;
    pools_ask(v, now_ns);
}

int64_t dv_chain_pairs_tick(dv_chain_venue *venue, int64_t now_ns)
{
    dv_chain_pairs *p = venue->pairs;
    int64_t next_ns = DV_NEVER;
    if (p == NULL || venue->forbidden || p->search.open) return DV_NEVER;
    if (dv_chain_admitted(venue) != DV_OK) return now_ns + LOOK_NS;
    for (uint32_t i = 0; i < p->group_count; i++) {
        if (p->groups[i].due_ns <= now_ns) search_begin(venue, i, now_ns);
        if (p->search.open) return DV_NEVER; /* its end wakes us */
        next_ns = dv_min_i64(next_ns, p->groups[i].due_ns);
    }
    return next_ns;
}
