#include "actors/dex/pools/pairs.h"

#include <stdio.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/solana/params.h"

#define PROGRAMS_MAX 6               /* of a DEX, on all clusters */
#define VAULTS_AT_ONCE 100           /* that a node looks up */
#define AGAIN_NS (15 * DV_NS_PER_S)  /* after a failure that may pass */
#define LOOK_NS (100 * DV_NS_PER_MS) /* whether the cluster is known */

/* The pools of a pair in one program. */
typedef struct pair_group {
    uint32_t pair;
    const dv_pool_class *class;
    uint32_t program; /* of the class's ids */
    int64_t due_ns;   /* when to search next */
    bool changed;     /* its pools have, since they were asked for */
    bool resolved;    /* it has been searched to the end, or is not on this cluster */
    dv_err err;       /* why the last search came to nothing */
    uint32_t found;   /* pools that hold anything */
    uint32_t kept;    /* of them, the deepest first */
    dv_pubkey pools[DV_PAIRS_KEPT_MAX];
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

struct dv_pairs {
    const char *dex; /* borrowed, and all of these */
    const dv_pools_config *config;
    const dv_tokens *tokens;
    const dv_cluster_view *cluster;
    dv_reads *reads;
    dv_pair pairs[DV_PAIRS_MAX];
    uint32_t count;
    pair_group groups[DV_PAIRS_MAX * PROGRAMS_MAX];
    uint32_t group_count;
    search search;
    char text[DV_REASON_MAX]; /* what there is, for people */
};

/* ---- which ------------------------------------------------------------------------------- */

static void groups_add(dv_pairs *p, uint32_t pair)
{
    const dv_pool_class *class = NULL;
    while ((class = dv_pool_class_next(class)) != NULL) {
        if (strcmp(class->dex, p->dex) != 0) continue;
        for (uint32_t i = 0; i < class->program_count; i++) {
            assert(p->group_count < DV_PAIRS_MAX * PROGRAMS_MAX);
            p->groups[p->group_count++] = (pair_group){.pair = pair, .class = class, .program = i};
        }
    }
}

dv_pairs *dv_pairs_new(const char *dex, const dv_pools_config *config, const dv_tokens *tokens,
                       const dv_cluster_view *cluster, dv_reads *reads)
{
    dv_pairs *p = calloc(1, sizeof *p);
    if (p == NULL) abort();
    p->dex = dex;
    p->config = config;
    p->tokens = tokens;
    p->cluster = cluster;
    p->reads = reads;
    return p;
}

void dv_pairs_destroy(dv_pairs **pairs)
{
    free(*pairs);
    *pairs = NULL;
}

dv_err dv_pairs_add(dv_pairs *pairs, const char *text, char ret_why[DV_REASON_MAX])
{
    dv_pair pair;
    dv_pairs *p = pairs;
    dv_err err = dv_pair_parse(text, p->tokens, &pair, ret_why);
    if (err) return err;
    for (uint32_t i = 0; i < p->count; i++)
        if (dv_pair_is_of(&p->pairs[i], &pair.mint[0], &pair.mint[1])) return DV_OK;
    if (p->count == DV_PAIRS_MAX) {
        snprintf(ret_why, DV_REASON_MAX, "there are more than %d pairs of %s", DV_PAIRS_MAX,
                 p->dex);
        return DV_CONFIG_INVALID;
    }
    p->pairs[p->count] = pair;
    groups_add(p, p->count++);
    return DV_OK;
}

uint32_t dv_pairs_groups(const dv_pairs *pairs)
{
    return pairs->group_count;
}

bool dv_pairs_has_changed(dv_pairs *pairs, uint32_t group)
{
    bool changed = pairs->groups[group].changed;
    pairs->groups[group].changed = false;
    return changed;
}

const dv_pubkey *dv_pairs_wanted(const dv_pairs *pairs, uint32_t group, uint32_t *ret_count)
{
    *ret_count = pairs->groups[group].kept;
    return pairs->groups[group].pools;
}

uint32_t dv_pairs_pair_of(const dv_pairs *pairs, uint32_t group)
{
    return pairs->groups[group].pair;
}

bool dv_pairs_fit(const dv_pairs *pairs, uint32_t group, const dv_pool *pool)
{
    const pair_group *g = &pairs->groups[group];
    return pool->class == g->class &&
           dv_pair_is_of(&pairs->pairs[g->pair], &pool->mint[0], &pool->mint[1]);
}

dv_err dv_pairs_state(const dv_pairs *pairs, const dv_pubkey *a, const dv_pubkey *b)
{
    for (uint32_t i = 0; i < pairs->group_count; i++) {
        const pair_group *g = &pairs->groups[i];
        if (g->resolved || !dv_pair_is_of(&pairs->pairs[g->pair], a, b)) continue;
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

const char *dv_pairs_text(dv_pairs *pairs, const uint32_t counts[DV_PAIRS_MAX])
{
    dv_pairs *p = pairs;
    size_t n = 0;
    if (p->count == 0) return NULL;
    p->text[0] = '\0';
    for (uint32_t i = 0; i < p->count && n < sizeof p->text; i++) {
        dv_err err = DV_OK;
        for (uint32_t k = 0; k < p->group_count; k++)
            if (p->groups[k].pair == i && p->groups[k].err) err = p->groups[k].err;
        n += (size_t)snprintf(p->text + n, sizeof p->text - n, "%s%s: %u pools%s%s", i ? "; " : "",
                              p->pairs[i].name, counts[i], err ? ", " : "", err ? why_of(err) : "");
    }
    return p->text;
}

static void found_log(const dv_pairs *p, const pair_group *g, const dv_pair_pool *pools)
{
    const char *pair = p->pairs[g->pair].name;
    dv_info("pair_searched", NULL, dv_kv_string("dex", p->dex), dv_kv_string("pair", pair),
            dv_kv_string("program", g->class->name), dv_kv_number("pools", g->found));
    for (uint32_t i = 0; i < g->kept && i < p->config->pair_pools_max; i++) {
        char text[DV_BASE58_TEXT_SIZE];
        dv_base58_encode(pools[i].address.bytes, DV_PUBKEY_SIZE, text);
        dv_info("pair_pool", NULL, dv_kv_string("dex", p->dex), dv_kv_string("pair", pair),
                dv_kv_string("program", g->class->name), dv_kv_string("pool", text),
                dv_kv_number("held_0", (int64_t)pools[i].held[0]),
                dv_kv_number("held_1", (int64_t)pools[i].held[1]));
    }
}

/* ---- the end of a search -------------------------------------------------------------- */

static void search_end(dv_pairs *p, dv_err err, int64_t now_ns)
{
    search *s = &p->search;
    pair_group *g = &p->groups[s->group];
    int64_t every_ns = p->config->pair_search_s * DV_NS_PER_S;
    bool may_pass = err == DV_CHAIN_AWAY || err == DV_CHAIN_RATE_LIMITED || err == DV_CHAIN_BEHIND;
    s->open = false;
    g->due_ns = now_ns + (may_pass ? dv_min_i64(AGAIN_NS, every_ns) : every_ns);
    if (err && err != g->err)
        dv_warn(
            "pair_unresolved", NULL, dv_kv_string("dex", p->dex),
            dv_kv_string("pair", p->pairs[g->pair].name), dv_kv_string("program", g->class->name),
            dv_kv_string("error", dv_err_name((uint16_t)err)), dv_kv_string("why", why_of(err)));
    g->err = err;
    if (err) return; /* what was found before stays */
    uint32_t most = p->config->pair_pools_max;
    g->found = dv_pair_sort(s->pools, s->count);
    dv_pubkey deepest = g->pools[0];
    bool anew = !g->resolved || g->kept == 0;
    g->resolved = true;
    g->kept = g->found < 2 * most ? g->found : 2 * most;
    for (uint32_t i = 0; i < g->kept; i++) g->pools[i] = s->pools[i].address;
    if (anew || !dv_pubkey_equal(&deepest, &g->pools[0])) found_log(p, g, s->pools);
    g->changed = true;
}

/* ---- weighing ---------------------------------------------------------------------------- */

static void vaults_ask(dv_pairs *p, int64_t now_ns);

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
    dv_pairs *p = context;
    search *s = &p->search;
    dv_pubkey vaults[VAULTS_AT_ONCE];
    dv_account accounts[VAULTS_AT_ONCE];
    uint64_t slot;
    uint32_t count = vaults_next(s, vaults);
    dv_err err = reply->error;
    if (err == DV_OK && dv_answer_accounts(reply->answer, vaults, count, accounts, &slot) != DV_OK)
        err = DV_CHAIN_ANSWER_MALFORMED;
    if (err) {
        search_end(p, err == DV_CHAIN_REFUSED ? DV_CHAIN_AWAY : err, now_ns);
        return;
    }
    for (uint32_t i = 0; i < count; i++, s->weighed++)
        dv_pair_weigh(&s->pools[s->weighed / 2], s->weighed % 2, &accounts[i]);
    vaults_ask(p, now_ns);
}

static void vaults_ask(dv_pairs *p, int64_t now_ns)
{
    search *s = &p->search;
    dv_pubkey vaults[VAULTS_AT_ONCE];
    char params[DV_PARAMS_KEYS_SIZE(VAULTS_AT_ONCE, 120)], options[120];
    uint32_t count = vaults_next(s, vaults);
    if (count == 0) {
        search_end(p, DV_OK, now_ns);
        return;
    }
    snprintf(options, sizeof options,
             "{\"encoding\":\"base64\",\"commitment\":\"confirmed\",\"dataSlice\":{\"offset\":0,"
             "\"length\":%d}}",
             DV_PAIR_VAULT_SIZE);
    dv_params_keys(params, sizeof params, vaults, count, options);
    dv_reads_ask(p->reads, "getMultipleAccounts", dv_text_of(params), DV_RPC_ANY, on_vaults, p, 0,
                 now_ns);
}

/* ---- searching --------------------------------------------------------------------------- */

static dv_pair_search question_of(const dv_pairs *p)
{
    const search *s = &p->search;
    const pair_group *g = &p->groups[s->group];
    return dv_pair_search_at(&p->pairs[g->pair], g->class, &g->class->programs[g->program],
                             s->question);
}

static void on_found(void *context, const dv_rpc_reply *reply, int64_t now_ns);

static void pools_ask(dv_pairs *p, int64_t now_ns)
{
    char params[DV_PAIR_PARAMS_SIZE];
    dv_pair_search question = question_of(p);
    dv_pair_search_params(&question, params);
    dv_reads_search(p->reads, "getProgramAccounts", dv_text_of(params), p->search.endpoint,
                    DV_PAIR_ANSWER_SIZE_MAX, on_found, p, 0, now_ns);
}

static void on_found(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_pairs *p = context;
    search *s = &p->search;
    dv_pair_search question = question_of(p);
    dv_err err = reply->error;
    if (err == DV_OK) err = dv_pair_search_read(&question, reply->answer, s->pools, &s->count);
    if (err == DV_MESSAGE_MALFORMED) err = DV_CHAIN_ANSWER_MALFORMED;
    if (err == DV_OK) {
        s->question++;
        if (s->question < dv_pair_search_count(question.class))
            pools_ask(p, now_ns);
        else
            vaults_ask(p, now_ns);
        return;
    }
    /* What an endpoint said tells more than that another is away. */
    if (s->err == DV_OK || err != DV_CHAIN_AWAY) s->err = err;
    s->endpoint++;
    if (s->endpoint < p->cluster->endpoints)
        pools_ask(p, now_ns);
    else
        search_end(p, s->err, now_ns);
}

static void search_begin(dv_pairs *p, uint32_t number, int64_t now_ns)
{
    search *s = &p->search;
    pair_group *g = &p->groups[number];
    if (g->class->program_count > 1 && !dv_cluster_view_has_program(p->cluster, g->program)) {
        g->resolved = true;
        g->due_ns = DV_NEVER;
        return;
    }
    s->open = true;
    s->group = number;
    s->question = s->endpoint = s->weighed = s->count = 0;
    s->err = DV_OK;
    pools_ask(p, now_ns);
}

int64_t dv_pairs_tick(dv_pairs *pairs, int64_t now_ns)
{
    dv_pairs *p = pairs;
    int64_t next_ns = DV_NEVER;
    if (p->group_count == 0 || p->search.open) return DV_NEVER;
    if (dv_cluster_view_admitted(p->cluster, now_ns) != DV_OK) return now_ns + LOOK_NS;
    for (uint32_t i = 0; i < p->group_count; i++) {
        if (p->groups[i].due_ns <= now_ns) search_begin(p, i, now_ns);
        if (p->search.open) return DV_NEVER; /* its end wakes us */
        next_ns = dv_min_i64(next_ns, p->groups[i].due_ns);
    }
    return next_ns;
}
