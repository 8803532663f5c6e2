#include "actors/dex/pools/pair_search.h"

#include <stdio.h>
#include <stdlib.h>

#include "actors/solana/programs.h"

#define TOKEN_AMOUNT_AT 64 /* in a token account: mint @0, owner @32, amount @64 */

/* ---- pairs ------------------------------------------------------------------------------- */

static const char *token_read(dv_text name, const dv_tokens *tokens, const dv_token **ret_token)
{
    *ret_token = dv_tokens_find(tokens, name);
    return *ret_token ? NULL : "is no token of tokens_file";
}

dv_err dv_pair_parse(const char *text, const dv_tokens *tokens, dv_pair *ret_pair,
                     char ret_why[DV_REASON_MAX])
{
    const dv_token *token[2];
    const char *slash = strchr(text, '/');
    if (slash == NULL) {
        snprintf(ret_why, DV_REASON_MAX, "\"%.60s\" is no pair of tokens", text);
        return DV_CONFIG_INVALID;
    }
    dv_text name[2] = {{text, (uint32_t)(slash - text)}, dv_text_of(slash + 1)};
    for (int i = 0; i < 2; i++) {
        const char *fault = token_read(name[i], tokens, &token[i]);
        if (fault == NULL) continue;
        snprintf(ret_why, DV_REASON_MAX, "\"%.60s\": %.*s %s", text,
                 (int)(name[i].size < 44 ? name[i].size : 44), name[i].at, fault);
        return DV_CONFIG_INVALID;
    }
    dv_pair pair = {0};
    bool good = token[0] != token[1];
    for (int i = 0; i < 2; i++)
        good = good && dv_pubkey_parse(dv_text_of(token[i]->mint), &pair.mint[i]);
    if (!good) {
        snprintf(ret_why, DV_REASON_MAX, "\"%.60s\" is one token twice", text);
        return DV_CONFIG_INVALID;
    }
    snprintf(pair.name, sizeof pair.name, "%s/%s", token[0]->symbol, token[1]->symbol);
    *ret_pair = pair;
    return DV_OK;
}

bool dv_pair_is_of(const dv_pair *pair, const dv_pubkey *a, const dv_pubkey *b)
{
    return (dv_pubkey_equal(&pair->mint[0], a) && dv_pubkey_equal(&pair->mint[1], b)) ||
           (dv_pubkey_equal(&pair->mint[0], b) && dv_pubkey_equal(&pair->mint[1], a));
}

/* ---- what to ask ------------------------------------------------------------------------- */

uint32_t dv_pair_search_count(const dv_pool_class *class)
{
    return class->layout.sorted ? 1 : 2;
}

dv_pair_search dv_pair_search_at(const dv_pair *pair, const dv_pool_class *class,
                                 const dv_pubkey *program, uint32_t index)
{
    uint32_t first = index;
    if (class->layout.sorted) first = dv_pubkey_compare(&pair->mint[0], &pair->mint[1]) > 0;
    return (dv_pair_search){
        .class = class, .program = *program, .mint = {pair->mint[first], pair->mint[1 - first]}};
}

/* The bytes of a pool's account that hold its mints and vaults. */
typedef struct slice {
    uint32_t at, size;
} slice;

static slice slice_of(const dv_pool_layout *layout)
{
    uint32_t low = layout->mints_at < layout->vaults_at ? layout->mints_at : layout->vaults_at;
    uint32_t high = layout->mints_at < layout->vaults_at ? layout->vaults_at : layout->mints_at;
    return (slice){low, high + 2 * DV_PUBKEY_SIZE - low};
}

void dv_pair_search_params(const dv_pair_search *search, char ret_params[DV_PAIR_PARAMS_SIZE])
{
    const dv_pool_layout *layout = &search->class->layout;
    slice s = slice_of(layout);
    char program[DV_BASE58_TEXT_SIZE], mint[2][DV_BASE58_TEXT_SIZE];
    dv_base58_encode(search->program.bytes, DV_PUBKEY_SIZE, program);
    for (int i = 0; i < 2; i++) dv_base58_encode(search->mint[i].bytes, DV_PUBKEY_SIZE, mint[i]);
    int size = snprintf(ret_params, DV_PAIR_PARAMS_SIZE,
                        "[\"%s\",{\"encoding\":\"base64\",\"commitment\":\"confirmed\","
                        "\"dataSlice\":{\"offset\":%u,\"length\":%u},\"filters\":["
                        "{\"dataSize\":%u},{\"memcmp\":{\"offset\":%u,\"bytes\":\"%s\"}},"
                        "{\"memcmp\":{\"offset\":%u,\"bytes\":\"%s\"}}]}]",
                        program, s.at, s.size, layout->size, layout->mints_at, mint[0],
                        layout->mints_at + DV_PUBKEY_SIZE, mint[1]);
    assert(size < DV_PAIR_PARAMS_SIZE);
    (void)size;
}

/* ---- what to believe --------------------------------------------------------------------- */

static bool pool_read(const dv_pair_search *search, const dv_account *account, dv_pair_pool *ret)
{
    const dv_pool_layout *layout = &search->class->layout;
    uint32_t from = slice_of(layout).at;
    const uint8_t *mints = account->data + layout->mints_at - from;
    const uint8_t *vaults = account->data + layout->vaults_at - from;
    *ret = (dv_pair_pool){.address = account->address};
    for (uint32_t i = 0; i < 2; i++) {
        ret->mint[i] = dv_pubkey_at(mints + i * DV_PUBKEY_SIZE);
        ret->vault[i] = dv_pubkey_at(vaults + i * DV_PUBKEY_SIZE);
        if (!dv_pubkey_equal(&ret->mint[i], &search->mint[i])) return false;
    }
    return true;
}

static int by_address(const void *a, const void *b)
{
    return dv_pubkey_compare(&((const dv_pair_pool *)a)->address,
                             &((const dv_pair_pool *)b)->address);
}

/* Whether all of them, which it sorts, are of different addresses. */
static bool are_different(dv_pair_pool *pools, uint32_t count)
{
    qsort(pools, count, sizeof *pools, by_address);
    for (uint32_t i = 1; i < count; i++)
        if (dv_pubkey_equal(&pools[i].address, &pools[i - 1].address)) return false;
    return true;
}

dv_err dv_pair_search_read(const dv_pair_search *search, dv_answer *answer, dv_pair_pool *ret_pools,
                           uint32_t *count)
{
    uint32_t found = 0;
    dv_account *accounts = calloc(DV_PAIR_FOUND_MAX, sizeof *accounts);
    dv_pair_pool *all = calloc(DV_PAIR_FOUND_MAX, sizeof *all);
    if (accounts == NULL || all == NULL) abort();
    memcpy(all, ret_pools, *count * sizeof *all);
    dv_err err =
        dv_answer_program_accounts(answer, &search->program, slice_of(&search->class->layout).size,
                                   DV_PAIR_FOUND_MAX - *count, accounts, &found);
    for (uint32_t i = 0; i < found && err == DV_OK; i++)
        if (!pool_read(search, &accounts[i], &all[*count + i])) err = DV_MESSAGE_MALFORMED;
    if (err == DV_OK && !are_different(all, *count + found)) err = DV_MESSAGE_MALFORMED;
    if (err == DV_OK) {
        *count += found;
        memcpy(ret_pools, all, *count * sizeof *all);
    }
    free(accounts);
    free(all);
    return err;
}

void dv_pair_weigh(dv_pair_pool *pool, uint32_t side, const dv_account *vault)
{
    pool->held[side] = 0;
    if (vault->size != DV_PAIR_VAULT_SIZE) return;
    if (!dv_pubkey_equal(&vault->owner, &DV_PROGRAM_TOKEN) &&
        !dv_pubkey_equal(&vault->owner, &DV_PROGRAM_TOKEN_2022))
        return;
    dv_pubkey mint = dv_pubkey_at(vault->data);
    if (dv_pubkey_equal(&mint, &pool->mint[side]))
        pool->held[side] = dv_le64(vault->data + TOKEN_AMOUNT_AT);
}

/* ---- which to take ----------------------------------------------------------------------- */

static unsigned __int128 depth_of(const dv_pair_pool *pool)
{
    return (unsigned __int128)pool->held[0] * pool->held[1];
}

static int by_depth(const void *a, const void *b)
{
    unsigned __int128 x = depth_of(a), y = depth_of(b);
    return x == y ? by_address(a, b) : x < y ? 1 : -1;
}

uint32_t dv_pair_sort(dv_pair_pool *pools, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (pools[i].held[0] > 0 || pools[i].held[1] > 0) pools[kept++] = pools[i];
    qsort(pools, kept, sizeof *pools, by_depth);
    return kept;
}
