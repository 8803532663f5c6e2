#include "actors/chain/solana/guards.h"

#include <stdlib.h>

#include "actors/chain/solana/limits.h"
#include "actors/dex/swap/leg.h"
#include "actors/solana/params.h"

#define GUARDS_MAX 4096 /* more are forgotten: they cost rent, and nothing else */
#define LOOK_MAX 50     /* in one question */
/* Blocks after the last one in which the order could have landed; a guard is for the case that we
   are wrong about that. */
#define WAIT_BLOCKS 300

typedef enum guard_state { WAITING, ASKED, READY } guard_state;

struct dv_guard {
    dv_id order_id;
    guard_state state;
    uint64_t after_height; /* waiting: not looked at before */
};

static uint64_t height_now(const dv_guards *g)
{
    uint64_t last = g->facts->blockhash.last_valid_block_height;
    return last > DV_BLOCKHASH_BLOCKS ? last - DV_BLOCKHASH_BLOCKS : 0;
}

/* 0: from when the height is known on. */
static uint64_t after_height(const dv_guards *g, uint64_t last_height)
{
    uint64_t known = g->facts->blockhash.last_valid_block_height;
    if (last_height < known) last_height = known;
    return last_height ? last_height + WAIT_BLOCKS : 0;
}

static bool is_noted(const dv_guards *g, const dv_id *order_id)
{
    for (uint32_t i = 0; i < g->count; i++)
        if (memcmp(&g->guards[i].order_id, order_id, sizeof *order_id) == 0) return true;
    return false;
}

void dv_guards_add(dv_guards *guards, const dv_id *order_id, uint64_t last_height)
{
    if (guards->guards == NULL) guards->guards = calloc(GUARDS_MAX, sizeof *guards->guards);
    if (guards->guards == NULL) abort();
    if (guards->count == GUARDS_MAX || is_noted(guards, order_id)) return;
    guards->guards[guards->count++] =
        (dv_guard){.order_id = *order_id, .after_height = after_height(guards, last_height)};
}

bool dv_guards_lend(dv_guards *guards, uint64_t last_height, dv_id *ret_order_id)
{
    for (uint32_t i = 0; i < guards->count; i++) {
        dv_guard *guard = &guards->guards[i];
        if (guard->state != READY) continue;
        guard->state = WAITING;
        guard->after_height = last_height + WAIT_BLOCKS;
        *ret_order_id = guard->order_id;
        return true;
    }
    return false;
}

static void guard_forget(dv_guards *g, uint32_t i)
{
    g->guards[i] = g->guards[--g->count];
}

/* The guards that were asked for are the first `count` in that state: none joins them meanwhile. */
static void on_guards(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    dv_guards *g = context;
    dv_pubkey addresses[LOOK_MAX];
    dv_account accounts[LOOK_MAX];
    uint32_t at[LOOK_MAX], count = 0;
    uint64_t slot;
    for (uint32_t i = 0; i < g->count && count < LOOK_MAX; i++) {
        if (g->guards[i].state != ASKED) continue;
        addresses[count] = dv_swap_guard_address(&g->wallet, &g->guards[i].order_id);
        at[count++] = i;
    }
    g->asked = false;
    bool known = reply->error == DV_OK &&
                 dv_answer_accounts(reply->answer, addresses, count, accounts, &slot) == DV_OK;
    while (count-- > 0) { /* from the last on, since what is forgotten is replaced by the last */
        if (!known)
            g->guards[at[count]].state = WAITING;
        else if (accounts[count].lamports.count == g->facts->guard_rent.count)
            g->guards[at[count]].state = READY;
        else
            guard_forget(g, at[count]);
    }
}

int64_t dv_guards_tick(dv_guards *guards, int64_t now_ns)
{
    dv_pubkey addresses[LOOK_MAX];
    char params[DV_PARAMS_KEYS_SIZE(LOOK_MAX, 64)];
    if (guards->count == 0 || guards->asked) return DV_NEVER;
    if (now_ns < guards->look_at_ns) return guards->look_at_ns;
    guards->look_at_ns = now_ns + DV_NS_PER_S;
    uint32_t count = 0;
    for (uint32_t i = 0; i < guards->count && count < LOOK_MAX; i++) {
        dv_guard *guard = &guards->guards[i];
        if (guard->after_height == 0) guard->after_height = after_height(guards, 0);
        if (guard->state != WAITING || guard->after_height >= height_now(guards)) continue;
        addresses[count++] = dv_swap_guard_address(&guards->wallet, &guard->order_id);
        guard->state = ASKED;
    }
    if (count == 0) return guards->look_at_ns;
    dv_params_keys(params, sizeof params, addresses, count,
                   "{\"encoding\":\"base64\",\"commitment\":\"finalized\"}");
    guards->asked = true;
    dv_rpc_ask(guards->rpc, "getMultipleAccounts", dv_text_of(params), DV_RPC_ANY, on_guards,
               guards, 0, now_ns);
    return guards->look_at_ns;
}

void dv_guards_init(dv_guards *guards, const dv_facts *facts, dv_rpc *rpc, const dv_pubkey *wallet)
{
    *guards = (dv_guards){.facts = facts, .rpc = rpc, .wallet = *wallet};
}

void dv_guards_fini(dv_guards *guards)
{
    free(guards->guards);
    guards->guards = NULL;
    guards->count = 0;
}
