#include "actors/chain/solana/facts.h"

#include <poll.h>
#include <stdio.h>

#include "actors/base/log.h"
#include "actors/chain/solana/limits.h"
#include "actors/solana/params.h"
#include "proto/base58.h"

#define START_WAIT_NS (3 * DV_NS_PER_S) /* for the cluster to say which one it is */
#define ASK_EVERY_NS (400 * DV_NS_PER_MS)
#define FEES_EVERY_NS (10 * DV_NS_PER_S)
#define DEX_LIFE_NS (5 * DV_NS_PER_S) /* of one whose routers are silent */
#define TOKEN_ACCOUNT_SIZE 165

/* getGenesisHash of mainnet-beta (solana.com/docs/references/clusters). */
static const char MAINNET[] = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";

enum { RENT_EMPTY, RENT_TOKEN };

void dv_facts_init(dv_facts *facts, const dv_solana_config *config, dv_rpc *rpc)
{
    *facts = (dv_facts){.config = config, .rpc = rpc};
}

/* Asks about the cluster. No new round begins before the last one is answered, so that slow endpoints,
   and a low rate, are not asked more than they can take. */
static void ask(dv_facts *f, const char *method, const char *params, uint32_t endpoint,
                dv_rpc_done *done, uint64_t tag, int64_t now_ns)
{
    f->open++;
    dv_rpc_ask(f->rpc, method, dv_text_of(params), endpoint, done, f, tag, now_ns);
}

/* ---- which cluster ----------------------------------------------------------------------- */

static void forbid(dv_facts *f, const char *why)
{
    if (f->forbidden != NULL) return;
    f->forbidden = why;
    dv_error("chain_forbidden", NULL, dv_kv_string("why", why));
}

static void on_genesis(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    dv_facts *f = context;
    f->open--;
    dv_text text;
    uint8_t genesis[32];
    if (reply->error != DV_OK || dv_answer_text(reply->answer, &text) != DV_OK ||
        !dv_base58_decode(text, genesis, sizeof genesis))
        return; /* asked again */
    if (f->genesis_known != 0 && memcmp(genesis, f->genesis, sizeof genesis) != 0)
        forbid(f, "the endpoints of solana_rpc_url are of several clusters");
    if (dv_text_is(text, MAINNET) && !f->config->allow_mainnet)
        forbid(f, "solana_rpc_url is Solana's mainnet, and allow_mainnet is not set");
    memcpy(f->genesis, genesis, sizeof genesis);
    f->genesis_known |= 1u << reply->endpoint;
}

bool dv_facts_is_known(const dv_facts *facts)
{
    return facts->genesis_known == (1u << dv_rpc_endpoint_count(facts->rpc)) - 1;
}

dv_err dv_facts_admitted(const dv_facts *facts)
{
    if (facts->forbidden != NULL) return DV_VENUE_NOT_ALLOWED;
    return dv_facts_is_known(facts) ? DV_OK : DV_CHAIN_AWAY;
}

static void genesis_ask(dv_facts *f, int64_t now_ns)
{
    for (uint32_t i = 0; i < dv_rpc_endpoint_count(f->rpc); i++)
        if (!(f->genesis_known & 1u << i)) ask(f, "getGenesisHash", "[]", i, on_genesis, 0, now_ns);
}

/* ---- its state --------------------------------------------------------------------------- */

/* Blocks cannot be more than the slots they are in. A height too high is that of a node which
   answers the slot in its place, and would be past proving: a transaction with it could not be
   called dead. So of two answers that do not fit the lower one is right, and none is built on
   before another one fits it; with several endpoints another one's. */
static bool runs_ahead(const dv_latest_blockhash *latest, const dv_latest_blockhash *last)
{
    return latest->last_valid_block_height >
           last->last_valid_block_height + (latest->slot - last->slot) + DV_HEIGHT_SLACK;
}

/* A first blockhash has nothing before it, and one node may lie more than once. So it has to fit a
   finalized block too, whose height comes by another method. */
static bool runs_ahead_of_epoch(const dv_facts *f, const dv_latest_blockhash *latest)
{
    if (f->epoch.slot == 0 || latest->slot < f->epoch.slot)
        return true; /* nothing to hold it against */
    return latest->last_valid_block_height > f->epoch.block_height + DV_BLOCKHASH_BLOCKS +
                                                 (latest->slot - f->epoch.slot) + DV_HEIGHT_SLACK;
}

static void on_epoch(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_facts *f = context;
    f->open--;
    dv_epoch_info info;
    if (reply->error != DV_OK || dv_answer_epoch(reply->answer, &info) != DV_OK) return;
    if (f->epoch.slot == 0) f->ask_at_ns = now_ns; /* now a blockhash can be believed */
    f->epoch = info;
}

static void on_blockhash(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_facts *f = context;
    f->open--;
    dv_latest_blockhash latest, last = f->blockhash_last;
    if (reply->error != DV_OK || dv_answer_blockhash(reply->answer, &latest) != DV_OK) return;
    if (latest.slot < last.slot) return; /* a slower endpoint's */
    dv_facts_saw_slot(f, latest.slot);
    bool doubted = last.slot != 0 ? runs_ahead(&latest, &last) : runs_ahead_of_epoch(f, &latest);
    if (doubted) {
        dv_debug("height_doubted", NULL,
                 dv_kv_string("endpoint", dv_rpc_endpoint_name(f->rpc, reply->endpoint)));
        return;
    }
    f->blockhash_last = latest;
    if (last.slot == 0 ||
        latest.last_valid_block_height + DV_HEIGHT_SLACK < last.last_valid_block_height) {
        f->blockhash_ns = 0;   /* what was believed so far was not true */
        f->ask_at_ns = now_ns; /* another answer decides */
        return;
    }
    f->blockhash = latest;
    f->blockhash_ns = now_ns;
}

static void on_fees(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    dv_facts *f = context;
    f->open--;
    uint64_t price;
    if (reply->error != DV_OK ||
        dv_answer_fee(reply->answer, f->config->solana_unit_price_percent, &price) != DV_OK)
        return;
    f->unit_price =
        price < f->config->solana_unit_price_max ? price : f->config->solana_unit_price_max;
}

static void on_rent(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    dv_facts *f = context;
    f->open--;
    dv_lamports rent;
    if (reply->error != DV_OK || dv_answer_rent(reply->answer, &rent) != DV_OK) return;
    *(reply->tag == RENT_EMPTY ? &f->guard_rent : &f->wrapped_rent) = rent;
}

static void rents_ask(dv_facts *f, int64_t now_ns)
{
    static const char METHOD[] = "getMinimumBalanceForRentExemption";
    char token[16];
    snprintf(token, sizeof token, "[%d]", TOKEN_ACCOUNT_SIZE);
    if (f->guard_rent.count == 0) ask(f, METHOD, "[0]", DV_RPC_ANY, on_rent, RENT_EMPTY, now_ns);
    if (f->wrapped_rent.count == 0) ask(f, METHOD, token, DV_RPC_ANY, on_rent, RENT_TOKEN, now_ns);
}

/* Of the pools, which swaps write to. */
static void fees_ask(dv_facts *f, int64_t now_ns)
{
    dv_pubkey pools[DV_FACTS_POOLS_MAX];
    char params[DV_PARAMS_KEYS_SIZE(DV_FACTS_POOLS_MAX, 0)];
    uint32_t count = 0;
    for (uint32_t i = 0; i < DV_FACTS_POOLS_MAX; i++) /* in turn of each DEX */
        for (uint32_t k = 0; k < f->dex_count && count < DV_FACTS_POOLS_MAX; k++)
            if (i < f->dexes[k].pool_count) pools[count++] = f->dexes[k].pools[i];
    if (count == 0) return; /* no prices are of interest */
    dv_params_keys(params, sizeof params, pools, count, "");
    ask(f, "getRecentPrioritizationFees", params, DV_RPC_ANY, on_fees, 0, now_ns);
}

int64_t dv_facts_tick(dv_facts *facts, int64_t now_ns)
{
    dv_facts *f = facts;
    if (f->open > 0) return DV_NEVER; /* an answer wakes us */
    if (now_ns >= f->ask_at_ns) {
        f->ask_at_ns = now_ns + dv_max_i64(ASK_EVERY_NS, f->config->solana_poll_ms * DV_NS_PER_MS);
        genesis_ask(f, now_ns);
        if (f->blockhash_ns == 0)
            ask(f, "getEpochInfo", "[{\"commitment\":\"finalized\"}]", DV_RPC_ANY, on_epoch, 0,
                now_ns);
        rents_ask(f, now_ns);
        ask(f, "getLatestBlockhash", "[{\"commitment\":\"confirmed\"}]",
            f->blockhash_rounds++ % dv_rpc_endpoint_count(f->rpc), on_blockhash, 0, now_ns);
    }
    if (now_ns >= f->fees_at_ns && f->dex_count > 0) {
        f->fees_at_ns = now_ns + FEES_EVERY_NS;
        fees_ask(f, now_ns);
    }
    return f->dex_count > 0 ? dv_min_i64(f->ask_at_ns, f->fees_at_ns) : f->ask_at_ns;
}

void dv_facts_wait(dv_facts *facts, int64_t now_ns)
{
    int64_t end_ns = now_ns + START_WAIT_NS;
    genesis_ask(facts, now_ns);
    while (now_ns < end_ns && !dv_facts_is_known(facts) && facts->forbidden == NULL) {
        int64_t next_ns = dv_min_i64(dv_rpc_tick(facts->rpc, now_ns), end_ns);
        struct pollfd p = {.fd = dv_rpc_descriptor(facts->rpc), .events = POLLIN};
        int64_t wait_ms = (next_ns - now_ns + DV_NS_PER_MS - 1) / DV_NS_PER_MS;
        bool got = poll(&p, 1, (int)dv_max_i64(wait_ms, 0)) > 0;
        now_ns = dv_time_now().mono_ns;
        if (got) dv_rpc_ready(facts->rpc, now_ns);
    }
}

void dv_facts_saw_slot(dv_facts *facts, uint64_t slot)
{
    if (slot > facts->slot) facts->slot = slot;
}

/* ---- the routers ------------------------------------------------------------------------- */

static dv_facts_dex *dex_of(dv_facts *f, const char *name)
{
    for (uint32_t i = 0; i < f->dex_count; i++)
        if (strcmp(f->dexes[i].name, name) == 0) return &f->dexes[i];
    if (f->dex_count == DV_FACTS_DEXES_MAX) return NULL;
    dv_facts_dex *dex = &f->dexes[f->dex_count++];
    snprintf(dex->name, sizeof dex->name, "%s", name);
    return dex;
}

void dv_facts_heard(dv_facts *facts, const char *dex, dv_text pools, int64_t now_ns)
{
    dv_facts_dex *d = dex_of(facts, dex);
    if (d == NULL) return;
    d->heard_at_ns = now_ns;
    d->pool_count = 0;
    for (uint32_t at = 0; at + DV_PUBKEY_SIZE <= pools.size; at += DV_PUBKEY_SIZE)
        if (d->pool_count < DV_FACTS_POOLS_MAX)
            d->pools[d->pool_count++] = dv_pubkey_at((const uint8_t *)pools.at + at);
}

uint32_t dv_facts_dexes(const dv_facts *facts, int64_t now_ns)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < facts->dex_count; i++)
        count += facts->dexes[i].heard_at_ns + DEX_LIFE_NS > now_ns;
    return count > 0 ? count : 1;
}
