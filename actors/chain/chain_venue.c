/* What the venue knows of the chain: which cluster it is, its newest slot, blockhash, prices,
 * rents. */
#include "actors/chain/chain_venue.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/base/log.h"

#define ASKS_MAX 4096
#define START_WAIT_NS (3 * DV_NS_PER_S) /* for the cluster to say which one it is */
#define CHAIN_EVERY_NS (400 * DV_NS_PER_MS)
#define FEES_EVERY_NS (10 * DV_NS_PER_S)
#define TOKEN_ACCOUNT_SIZE 165
#define FEE_ACCOUNTS_MAX 32
/* Blocks by which heights may differ beyond the slots between them: one may be of another fork. */
#define HEIGHT_SLACK 64

/* getGenesisHash of mainnet-beta (solana.com/docs/references/clusters). */
static const char MAINNET[] = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";
static const char DEVNET[] = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";

enum { RENT_EMPTY, RENT_TOKEN };

static dv_chain_venue *venue_of(dv_venue *venue)
{
    return (dv_chain_venue *)venue;
}

/* Asks something about the chain itself. No new round begins before the last one is answered, so
   that slow endpoints, and a low rate, are not asked more than they can take. */
static void chain_ask(dv_chain_venue *v, const char *method, const char *params, uint32_t endpoint,
                      dv_rpc_done *done, uint64_t tag, int64_t now_ns)
{
    v->chain_open++;
    dv_rpc_ask(v->rpc, method, dv_text_of(params), endpoint, done, v, tag, now_ns);
}

/* ---- which cluster ----------------------------------------------------------------------- */

static void forbid(dv_chain_venue *v, const char *why)
{
    if (v->forbidden) return;
    v->forbidden = true;
    v->forbidden_why = why;
    dv_error("venue_forbidden", NULL, dv_kv_string("dex", v->base.class->dex),
             dv_kv_string("why", why));
}

static void on_genesis(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    dv_chain_venue *v = context;
    v->chain_open--;
    dv_text text;
    uint8_t genesis[32];
    if (reply->error != DV_OK || dv_answer_text(reply->answer, &text) != DV_OK ||
        !dv_base58_decode(text, genesis, sizeof genesis))
        return; /* asked again */
    if (v->genesis_known != 0 && memcmp(genesis, v->genesis, sizeof genesis) != 0)
        forbid(v, "the endpoints of solana_rpc_url are of several clusters");
    if (dv_text_is(text, MAINNET) && !v->config->allow_mainnet)
        forbid(v, "solana_rpc_url is Solana's mainnet, and allow_mainnet is not set");
    memcpy(v->genesis, genesis, sizeof genesis);
    v->genesis_known |= 1u << reply->endpoint;
}

/* All endpoints have to be known, lest a proof be of another chain. */
static bool is_known(const dv_chain_venue *v)
{
    return v->genesis_known == (1u << dv_rpc_endpoint_count(v->rpc)) - 1;
}

dv_err dv_chain_admitted(const dv_chain_venue *venue)
{
    if (venue->forbidden) return DV_VENUE_NOT_ALLOWED;
    return is_known(venue) ? DV_OK : DV_CHAIN_AWAY;
}

static bool is_cluster(const dv_chain_venue *v, const char *genesis)
{
    uint8_t bytes[32];
    return dv_base58_decode(dv_text_of(genesis), bytes, sizeof bytes) &&
           memcmp(bytes, v->genesis, sizeof bytes) == 0;
}

bool dv_chain_is_here(const dv_chain_venue *venue, uint32_t program)
{
    if (is_cluster(venue, MAINNET)) return program == 0;
    return program == 1 || !is_cluster(venue, DEVNET);
}

static void genesis_ask(dv_chain_venue *v, int64_t now_ns)
{
    for (uint32_t i = 0; i < dv_rpc_endpoint_count(v->rpc); i++)
        if (!(v->genesis_known & 1u << i))
            chain_ask(v, "getGenesisHash", "[]", i, on_genesis, 0, now_ns);
}

/* ---- its state --------------------------------------------------------------------------- */

/* Blocks cannot be more than the slots they are in. A height too high is that of a node which
   answers the slot in its place, and would be past proving: a transaction with it could not be
   called dead. So of two answers that do not fit the lower one is right, and none is built on
   before another one fits it; with several endpoints another one's. */
static bool runs_ahead(const dv_latest_blockhash *latest, const dv_latest_blockhash *last)
{
    return latest->last_valid_block_height >
           last->last_valid_block_height + (latest->slot - last->slot) + HEIGHT_SLACK;
}

static void on_blockhash(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    dv_chain_venue *v = context;
    v->chain_open--;
    dv_latest_blockhash latest, last = v->blockhash_last;
    if (reply->error != DV_OK || dv_answer_blockhash(reply->answer, &latest) != DV_OK) return;
    if (latest.slot < last.slot) return; /* a slower endpoint's */
    dv_chain_saw_slot(v, latest.slot);
    if (last.slot != 0 && runs_ahead(&latest, &last)) {
        dv_debug("height_doubted", NULL, dv_kv_string("dex", v->base.class->dex),
                 dv_kv_string("endpoint", dv_rpc_endpoint_name(v->rpc, reply->endpoint)));
        return;
    }
    v->blockhash_last = latest;
    if (last.slot == 0 ||
        latest.last_valid_block_height + HEIGHT_SLACK < last.last_valid_block_height) {
        v->blockhash_ns = 0;     /* what was believed so far was not true */
        v->chain_at_ns = now_ns; /* another answer decides */
        return;
    }
    v->blockhash = latest;
    v->blockhash_ns = now_ns;
}

static void on_fees(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    dv_chain_venue *v = context;
    v->chain_open--;
    uint64_t price;
    if (reply->error != DV_OK ||
        dv_answer_fee(reply->answer, v->config->solana_unit_price_percent, &price) != DV_OK)
        return;
    v->unit_price =
        price < v->config->solana_unit_price_max ? price : v->config->solana_unit_price_max;
}

static void on_rent(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    dv_chain_venue *v = context;
    v->chain_open--;
    uint64_t lamports;
    if (reply->error != DV_OK || dv_answer_number(reply->answer, &lamports) != DV_OK) return;
    *(reply->tag == RENT_EMPTY ? &v->guard_lamports : &v->wrapped_lamports) = lamports;
}

static void rents_ask(dv_chain_venue *v, int64_t now_ns)
{
    static const char METHOD[] = "getMinimumBalanceForRentExemption";
    char token[16];
    snprintf(token, sizeof token, "[%d]", TOKEN_ACCOUNT_SIZE);
    if (v->guard_lamports == 0)
        chain_ask(v, METHOD, "[0]", DV_RPC_ANY, on_rent, RENT_EMPTY, now_ns);
    if (v->wrapped_lamports == 0)
        chain_ask(v, METHOD, token, DV_RPC_ANY, on_rent, RENT_TOKEN, now_ns);
}

/* Of the pools, which swaps write to. */
static void fees_ask(dv_chain_venue *v, int64_t now_ns)
{
    char params[FEE_ACCOUNTS_MAX * (DV_MINT_MAX + 3) + 8] = "[[";
    for (uint32_t i = 0, count = 0; i < v->pool_count && count < FEE_ACCOUNTS_MAX; i++) {
        size_t n = strlen(params);
        if (!v->pools[i].in_use) continue;
        snprintf(params + n, sizeof params - n, "%s\"%s\"", count++ ? "," : "", v->pools[i].text);
    }
    size_t n = strlen(params);
    snprintf(params + n, sizeof params - n, "]]");
    chain_ask(v, "getRecentPrioritizationFees", params, DV_RPC_ANY, on_fees, 0, now_ns);
}

static int64_t chain_tick(dv_chain_venue *v, int64_t now_ns)
{
    if (v->chain_open > 0) return DV_NEVER; /* an answer wakes us */
    if (now_ns >= v->chain_at_ns) {
        int64_t every_ns = dv_max_i64(CHAIN_EVERY_NS, v->config->solana_poll_ms * DV_NS_PER_MS);
        v->chain_at_ns = now_ns + every_ns;
        genesis_ask(v, now_ns);
        rents_ask(v, now_ns);
        chain_ask(v, "getLatestBlockhash", "[{\"commitment\":\"confirmed\"}]",
                  v->blockhash_rounds++ % dv_rpc_endpoint_count(v->rpc), on_blockhash, 0, now_ns);
    }
    if (v->pool_count == 0) return v->chain_at_ns; /* no fees are of interest */
    if (now_ns >= v->fees_at_ns) {
        v->fees_at_ns = now_ns + FEES_EVERY_NS;
        fees_ask(v, now_ns);
    }
    return dv_min_i64(v->chain_at_ns, v->fees_at_ns);
}

/* ---- hints of changes -------------------------------------------------------------------- */

static void hints_begin(dv_chain_venue *v, const dv_pubkey *pools, uint32_t count)
{
    char url[DV_RPC_URL_MAX], why[200];
    const char *urls = v->config->solana_rpc_url + strspn(v->config->solana_rpc_url, " ,\t");
    snprintf(url, sizeof url, "%.*s", (int)strcspn(urls, " ,\t"), urls);
    v->hints = dv_subscription_new(url, pools, count, why);
    if (v->hints == NULL)
        dv_warn("no_subscription", NULL, dv_kv_string("dex", v->base.class->dex),
                dv_kv_string("why", why));
}

/* Of the preferred endpoint. Without them pools are looked at as often as ever. */
static void hints_renew(dv_chain_venue *v)
{
    dv_pubkey pools[DV_SUBSCRIPTION_ACCOUNTS_MAX];
    uint32_t count = 0;
    if (!v->pools_changed) return;
    v->pools_changed = false;
    for (uint32_t i = 0; i < v->pool_count && count < DV_SUBSCRIPTION_ACCOUNTS_MAX; i++) {
        if (!v->pools[i].in_use) continue;
        v->hinted[count] = i;
        pools[count++] = v->pools[i].address;
    }
    if (!v->config->solana_subscribe || count == 0) return;
    if (v->hints == NULL)
        hints_begin(v, pools, count);
    else
        dv_subscription_change(v->hints, pools, count);
}

/* ---- tick, watch, health ----------------------------------------------------------------- */

static int64_t tick(dv_venue *venue, dv_time now, const dv_answers *answers)
{
    dv_chain_venue *v = venue_of(venue);
    v->answers = answers;
    int64_t next_ns = chain_tick(v, now.mono_ns);
    next_ns = dv_min_i64(next_ns, dv_chain_pairs_tick(v, now.mono_ns));
    hints_renew(v);
    next_ns = dv_min_i64(next_ns, dv_chain_pools_tick(v, now.mono_ns));
    next_ns = dv_min_i64(next_ns, dv_chain_flights_tick(v, now.mono_ns));
    next_ns = dv_min_i64(next_ns, dv_chain_guards_tick(v, now.mono_ns));
    next_ns = dv_min_i64(next_ns, dv_rpc_tick(v->rpc, now.mono_ns));
    v->answers = NULL;
    return next_ns;
}

static uint32_t watch(dv_venue *venue, dv_watch ret_watches[DV_WATCH_MAX])
{
    const dv_chain_venue *v = venue_of(venue);
    ret_watches[0] = (dv_watch){.fd = dv_rpc_descriptor(v->rpc), .readable = true};
    if (v->hints == NULL) return 1;
    ret_watches[1] = (dv_watch){.fd = dv_subscription_descriptor(v->hints), .readable = true};
    return 2;
}

static void ready(dv_venue *venue, dv_watch watched, dv_time now, const dv_answers *answers)
{
    dv_chain_venue *v = venue_of(venue);
    uint32_t pool;
    v->answers = answers;
    if (watched.fd == dv_rpc_descriptor(v->rpc)) dv_rpc_ready(v->rpc, now.mono_ns);
    while (v->hints != NULL && dv_subscription_next(v->hints, &pool))
        v->pools[v->hinted[pool]].look_at_ns = now.mono_ns;
    v->answers = NULL;
}

static dv_health health(const dv_venue *venue)
{
    const dv_chain_venue *v = (const dv_chain_venue *)venue;
    if (v->forbidden)
        return (dv_health){.degraded = DV_VENUE_NOT_ALLOWED, .text = v->forbidden_why};
    if (dv_rpc_endpoints_well(v->rpc) == 0)
        return (dv_health){.degraded = DV_CHAIN_AWAY,
                           .text =
                               "no endpoint of the chain answers: nothing is quoted or sent, and "
                               "what was sent stays unknown"};
    if (!is_known(v))
        return (dv_health){.degraded = DV_CHAIN_AWAY,
                           .text = "an endpoint has not said of which cluster it is: no quotes"};
    return (dv_health){.text = dv_chain_pairs_text(v)};
}

/* ---- start, new and destroy -------------------------------------------------------------- */

/* Lets the endpoints say of which cluster they are; a chain that is away is waited for later. */
static void genesis_wait(dv_chain_venue *v, int64_t now_ns)
{
    int64_t end_ns = now_ns + START_WAIT_NS;
    genesis_ask(v, now_ns);
    while (now_ns < end_ns && !is_known(v) && !v->forbidden) {
        int64_t next_ns = dv_min_i64(dv_rpc_tick(v->rpc, now_ns), end_ns);
        struct pollfd p = {.fd = dv_rpc_descriptor(v->rpc), .events = POLLIN};
        int64_t wait_ms = (next_ns - now_ns + DV_NS_PER_MS - 1) / DV_NS_PER_MS;
        bool got = poll(&p, 1, (int)dv_max_i64(wait_ms, 0)) > 0;
        now_ns = dv_time_now().mono_ns;
        if (got) dv_rpc_ready(v->rpc, now_ns);
    }
}

static dv_err start(dv_venue *venue, dv_time now, char ret_why[DV_REASON_MAX])
{
    dv_chain_venue *v = venue_of(venue);
    const dv_solana_config *c = v->config;
    dv_rpc_options options = {.urls = c->solana_rpc_url,
                              .timeout_ms = c->solana_timeout_ms,
                              .hedge_ms = c->solana_hedge_ms,
                              .rate_per_second = c->solana_rate_per_second,
                              .asks_max = ASKS_MAX};
    if (sodium_init() < 0) {
        snprintf(ret_why, DV_REASON_MAX, "libsodium cannot be used on this machine");
        return DV_START_FAILED;
    }
    char why[200] = "";
    v->rpc = dv_rpc_new(&options, why);
    if (v->rpc == NULL) {
        snprintf(ret_why, DV_REASON_MAX, "solana_rpc_url (SOLANA_RPC_URL): %.120s", why);
        return DV_CONFIG_INVALID;
    }
    v->has_wallet = dv_pubkey_parse(dv_text_of(v->wallet_text), &v->wallet);
    if (!v->has_wallet) {
        snprintf(
            ret_why, DV_REASON_MAX,
            "%s trades on Solana, but there is no wallet: set PRIVATE_KEY, signer_key_file, or "
            "wallet where the signer runs elsewhere",
            v->base.class->dex);
        return DV_CONFIG_INVALID;
    }
    dv_err err = dv_chain_pools_load(v, ret_why);
    if (err) return err;
    genesis_wait(v, now.mono_ns);
    if (!v->forbidden) return DV_OK;
    snprintf(ret_why, DV_REASON_MAX, "%s", v->forbidden_why);
    return DV_CONFIG_INVALID;
}

static void destroy(dv_venue **venue)
{
    if (venue == NULL || *venue == NULL) return;
    dv_chain_venue *v = venue_of(*venue);
    dv_subscription_destroy(&v->hints);
    dv_rpc_destroy(&v->rpc);
    dv_chain_builds_fini(v);
    dv_chain_flights_fini(v);
    dv_chain_guards_fini(v);
    dv_chain_pools_fini(v);
    dv_chain_pairs_fini(v);
    free(v);
    *venue = NULL;
}

#define VENUE_CLASS(name)                                                                          \
    {                                                                                              \
        .dex = name, .start = start, .quote = dv_chain_quote, .build = dv_chain_build_ask,         \
        .send = dv_chain_send, .check = dv_chain_check, .traded = dv_chain_traded, .tick = tick,   \
        .watch = watch, .ready = ready, .health = health, .destroy = destroy,                      \
    }
static const dv_venue_class CLASSES[] = {VENUE_CLASS("raydium"), VENUE_CLASS("meteora")};

dv_venue *dv_chain_venue_new(const char *dex, const dv_solana_config *config,
                             const dv_pools_config *pools_config, const char *wallet,
                             const dv_tokens *tokens)
{
    size_t i = 0;
    while (i < sizeof CLASSES / sizeof CLASSES[0] && strcmp(CLASSES[i].dex, dex) != 0) i++;
    if (i == sizeof CLASSES / sizeof CLASSES[0]) return NULL;
    dv_chain_venue *v = calloc(1, sizeof *v);
    if (v == NULL) abort();
    v->base.class = &CLASSES[i];
    v->config = config;
    v->pools_config = pools_config;
    v->wallet_text = wallet;
    v->tokens = tokens;
    return &v->base;
}
