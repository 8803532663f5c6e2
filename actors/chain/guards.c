/* The rent of guards taken back: the transaction of a later order takes back that of an earlier
   one.

     landed ─► waiting ─► looked at ─► ready ─► lent to a transaction ─► waiting …
                 until every attempt of its order      until that can no longer land
                 is past its last block, and more
                             └────► forgotten: it is not on the chain any more

   Only what is finalized is believed, so a swap does not fail for a guard that is gone. After a
   start the orders that PostgreSQL calls confirmed are noted again (router.h): no others, since the
   guard of an order that it does not is what keeps it from trading twice. */
#include <stdio.h>
#include <stdlib.h>

#include "actors/base/log.h"
#include "actors/chain/chain_venue.h"

#define GUARDS_MAX 4096 /* more are forgotten: they cost rent, and nothing else */
#define LOOK_MAX 50     /* in one question */
#define BLOCKHASH_BLOCKS 150
/* Blocks after the last one in which the order could have landed; a guard is for the case that we
   are wrong about that. */
#define WAIT_BLOCKS 300

typedef enum guard_state { WAITING, ASKED, READY } guard_state;

struct dv_chain_guard {
    dv_id order_id;
    guard_state state;
    uint64_t after_height; /* waiting: not looked at before */
};

static uint64_t height_now(const dv_chain_venue *v)
{
    uint64_t last = v->blockhash.last_valid_block_height;
    return last > BLOCKHASH_BLOCKS ? last - BLOCKHASH_BLOCKS : 0;
}

/* 0: from when the height is known on. */
static uint64_t after_height(const dv_chain_venue *v, uint64_t last_height)
{
    uint64_t known = v->blockhash.last_valid_block_height;
    if (last_height < known) last_height = known;
    return last_height ? last_height + WAIT_BLOCKS : 0;
}

static bool is_noted(const dv_chain_venue *v, const dv_id *order_id)
{
    for (uint32_t i = 0; i < v->guard_count; i++)
        if (memcmp(&v->guards[i].order_id, order_id, sizeof *order_id) == 0) return true;
    return false;
}

void dv_chain_guard_add(dv_chain_venue *venue, const dv_id *order_id, uint64_t last_height)
{
    if (venue->guards == NULL) venue->guards = calloc(GUARDS_MAX, sizeof *venue->guards);
    if (venue->guards == NULL) abort();
    if (venue->guard_count == GUARDS_MAX || is_noted(venue, order_id)) return;
    venue->guards[venue->guard_count++] =
        (dv_chain_guard){.order_id = *order_id, .after_height = after_height(venue, last_height)};
}

/* A transaction of before the start may still take its guard back, but for no longer than one that
   is built now. */
void dv_chain_traded(dv_venue *venue, const dv_id *order_id)
{
    dv_chain_venue *v = (dv_chain_venue *)venue;
    if (v->config->solana_guard) dv_chain_guard_add(v, order_id, 0);
}

bool dv_chain_guard_lend(dv_chain_venue *venue, uint64_t last_height, dv_id *ret_order_id)
{
    for (uint32_t i = 0; i < venue->guard_count; i++) {
        dv_chain_guard *g = &venue->guards[i];
        if (g->state != READY) continue;
        g->state = WAITING;
        g->after_height = last_height + WAIT_BLOCKS;
        *ret_order_id = g->order_id;
        return true;
    }
    return false;
}

static void guard_forget(dv_chain_venue *v, uint32_t i)
{
    v->guards[i] = v->guards[--v->guard_count];
}

/* The guards that were asked for are the first `count` in that state: none joins them meanwhile. */
static void on_guards(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    dv_chain_venue *v = context;
    dv_pubkey addresses[LOOK_MAX];
    dv_account accounts[LOOK_MAX];
    uint32_t at[LOOK_MAX], count = 0;
    uint64_t slot;
    for (uint32_t i = 0; i < v->guard_count && count < LOOK_MAX; i++) {
        if (v->guards[i].state != ASKED) continue;
        addresses[count] = dv_chain_guard_address(&v->wallet, &v->guards[i].order_id);
        at[count++] = i;
    }
    v->guards_asked = false;
    bool known = reply->error == DV_OK &&
                 dv_answer_accounts(reply->answer, addresses, count, accounts, &slot) == DV_OK;
    while (count-- > 0) { /* from the last on, since what is forgotten is replaced by the last */
        if (!known)
            v->guards[at[count]].state = WAITING;
        else if (accounts[count].lamports == v->guard_lamports)
            v->guards[at[count]].state = READY;
        else
            guard_forget(v, at[count]);
    }
}

int64_t dv_chain_guards_tick(dv_chain_venue *venue, int64_t now_ns)
{
    char params[LOOK_MAX * (DV_MINT_MAX + 3) + 80] = "[[";
    if (venue->guard_count == 0 || venue->guards_asked) return DV_NEVER;
    if (now_ns < venue->guards_at_ns) return venue->guards_at_ns;
    venue->guards_at_ns = now_ns + DV_NS_PER_S;
    uint32_t count = 0;
    size_t n = 2;
    for (uint32_t i = 0; i < venue->guard_count && count < LOOK_MAX; i++) {
        dv_chain_guard *g = &venue->guards[i];
        if (g->after_height == 0) g->after_height = after_height(venue, 0);
        if (g->state != WAITING || g->after_height >= height_now(venue)) continue;
        char text[DV_BASE58_TEXT_SIZE];
        dv_pubkey address = dv_chain_guard_address(&venue->wallet, &g->order_id);
        dv_base58_encode(address.bytes, sizeof address.bytes, text);
        n += (size_t)snprintf(params + n, sizeof params - n, "%s\"%s\"", count ? "," : "", text);
        g->state = ASKED;
        count++;
    }
    if (count == 0) return venue->guards_at_ns;
    snprintf(params + n, sizeof params - n,
             "],{\"encoding\":\"base64\",\"commitment\":\"finalized\"}]");
    venue->guards_asked = true;
    dv_rpc_ask(venue->rpc, "getMultipleAccounts", dv_text_of(params), DV_RPC_ANY, on_guards, venue,
               0, now_ns);
    return venue->guards_at_ns;
}

void dv_chain_guards_fini(dv_chain_venue *venue)
{
    free(venue->guards);
    venue->guards = NULL;
    venue->guard_count = 0;
}
