/* A scene for pools that quote from reserves: accounts made byte by byte, and what is asked of the
   pool that they make. */
#ifndef DV_TESTS_RESERVES_SCENE_H
#define DV_TESTS_RESERVES_SCENE_H

#include <assert.h>
#include <stdlib.h>

#include "actors/dex/programs/pool.h"
#include "actors/dex/programs/program_ids.h"
#include "actors/solana/programs.h"
#include "proto/amount.h"
#include "tests/support/fee_mint.h"

#define ACCOUNTS_MAX 8
#define DATA_MAX 1200
#define NOW 1700000000

/* Addresses: all bytes the same. */
enum { POOL = 1, CONFIG, MINT_0, MINT_1, VAULT_0, VAULT_1, USER, USER_IN, USER_OUT, OBSERVATION };

typedef struct scene {
    uint32_t count;
    dv_account accounts[ACCOUNTS_MAX];
    uint8_t data[ACCOUNTS_MAX][DATA_MAX];
    dv_chain_clock clock;
    dv_pool *pool;
    dv_swap_quote quote;
    dv_refusal refusal;
} scene;

static inline dv_pubkey name_key(uint32_t name)
{
    dv_pubkey key;
    memset(key.bytes, (int)name, sizeof key.bytes);
    return key;
}

static inline void put(uint8_t *at, unsigned __int128 value, int size)
{
    for (int i = 0; i < size; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static inline dv_account *account_of(scene *s, uint32_t name)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->accounts[i].address.bytes[0] == name) return &s->accounts[i];
    abort(); /* there is no such account */
}

static inline uint8_t *data_of(scene *s, uint32_t name)
{
    return s->data[account_of(s, name) - s->accounts];
}

static inline uint8_t *add(scene *s, uint32_t name, const dv_pubkey *owner, uint32_t size)
{
    uint8_t *data = s->data[s->count];
    s->accounts[s->count++] = (dv_account){name_key(name), *owner, {1}, data, size};
    return data;
}

static inline void add_mints(scene *s)
{
    for (uint32_t name = MINT_0; name <= MINT_1; name++) {
        uint8_t *data = add(s, name, &DV_PROGRAM_TOKEN, 82);
        data[44] = 6;
        data[45] = 1;
    }
}

static inline void add_vaults(scene *s, uint64_t amount_0, uint64_t amount_1)
{
    for (uint32_t side = 0; side < 2; side++) {
        uint8_t *data = add(s, VAULT_0 + side, &DV_PROGRAM_TOKEN, 165);
        memset(data, (int)(MINT_0 + side), DV_PUBKEY_SIZE);
        put(data + 64, side ? amount_1 : amount_0, 8);
        data[108] = 1;
    }
}

/* Makes a mint one of Token-2022 that withholds part of each transfer, and its vault, where there
   is one, an account of that program. */
static inline void withhold(scene *s, uint32_t side, uint16_t bps, uint64_t maximum)
{
    fee_mint(account_of(s, MINT_0 + side), data_of(s, MINT_0 + side), bps, maximum);
    for (uint32_t i = 0; i < s->count; i++)
        if (s->accounts[i].address.bytes[0] == VAULT_0 + side)
            s->accounts[i].owner = DV_PROGRAM_TOKEN_2022;
}

static inline void begin(scene *s)
{
    dv_pool_destroy(&s->pool);
    *s = (scene){.clock = {1000, 10, NOW}};
}

/* Raydium CPMM and AMM v4 with these reserves, and a fee of 0.25 %. */
static inline void make_cpmm(scene *s, uint64_t x, uint64_t y)
{
    begin(s);
    uint8_t *pool = add(s, POOL, &DV_RAYDIUM_CPMM_PROGRAMS[0], 637);
    memcpy(pool, "\xf7\xed\xe3\xf5\xd7\xc3\xde\x46", 8);
    memset(pool + 8, CONFIG, 32);
    memset(pool + 72, VAULT_0, 32);
    memset(pool + 104, VAULT_1, 32);
    memset(pool + 168, MINT_0, 32);
    memset(pool + 200, MINT_1, 32);
    memset(pool + 296, OBSERVATION, 32);
    pool[328] = 253; /* the bump of the authority */
    put(pool + 373, NOW, 8);
    uint8_t *config = add(s, CONFIG, &DV_RAYDIUM_CPMM_PROGRAMS[0], 236);
    memcpy(config, "\xda\xf4\x21\x68\xcb\xcb\x2b\x6f", 8);
    put(config + 12, 2500, 8);
    put(config + 20, 120000, 8);
    put(config + 28, 40000, 8);
    add_mints(s);
    add_vaults(s, x, y);
}

static inline void make_v4(scene *s, uint64_t x, uint64_t y)
{
    begin(s);
    uint8_t *pool = add(s, POOL, &DV_RAYDIUM_AMM_V4_PROGRAMS[0], 752);
    pool[0] = 6;
    pool[8] = 254;
    put(pool + 176, 25, 8);
    put(pool + 184, 10000, 8);
    put(pool + 224, NOW + 1, 8);
    memset(pool + 336, VAULT_0, 32);
    memset(pool + 368, VAULT_1, 32);
    memset(pool + 400, MINT_0, 32);
    memset(pool + 432, MINT_1, 32);
    add_vaults(s, x, y);
}

#define MIN_SQRT ((dv_u128)4295048016u)
#define MAX_SQRT (((dv_u128)4294886577u << 64) | 9537527425331189659u)
#define PRICE_ONE ((dv_u128)1 << 64)

/* A pool at a price of one with a liquidity of 2^40, a fee of 0.25 %, all of it on the output. */
static inline void make_damm(scene *s)
{
    begin(s);
    uint8_t *pool = add(s, POOL, &DV_METEORA_DAMM_V2_PROGRAM, 1112);
    memcpy(pool, "\xf1\x9a\x6d\x04\x11\xb1\x6d\xbc", 8);
    put(pool + 8, 2500000, 8);
    pool[48] = 20;
    memset(pool + 168, MINT_0, 32);
    memset(pool + 200, MINT_1, 32);
    memset(pool + 232, VAULT_0, 32);
    memset(pool + 264, VAULT_1, 32);
    put(pool + 360, (dv_u128)1 << 104, 16);
    put(pool + 424, MIN_SQRT, 16);
    put(pool + 440, MAX_SQRT, 16);
    put(pool + 456, PRICE_ONE, 16);
    put(pool + 472, 1000, 8); /* slot */
    pool[696] = 1;
    add_mints(s);
}

static inline dv_err decode(scene *s)
{
    dv_pubkey address = name_key(POOL);
    dv_account_set set = {s->accounts, s->count};
    dv_pool_destroy(&s->pool);
    return dv_pool_new(&address, &set, &s->pool, &s->refusal);
}

/* Quotes from side `in`; the scene is decoded anew each time. */
static inline dv_err ask(scene *s, dv_pool_mode mode, uint32_t in, uint64_t amount, uint64_t limit)
{
    dv_swap_ask swap = {mode, name_key(MINT_0 + in), name_key(MINT_1 - in), amount, limit};
    dv_err err = decode(s);
    return err ? err : dv_pool_quote(s->pool, &swap, &s->clock, &s->quote, &s->refusal);
}

static inline dv_err ask_in(scene *s, uint32_t in, uint64_t amount)
{
    return ask(s, DV_SWAP_EXACT_IN, in, amount, DV_LIMIT_NONE_OUT);
}

static inline dv_err ask_out(scene *s, uint32_t in, uint64_t amount)
{
    return ask(s, DV_SWAP_EXACT_OUT, in, amount, DV_LIMIT_NONE_IN);
}

/* The instruction of a swap of 1000 with a limit of 7. */
static inline dv_err encode(scene *s, dv_pool_mode mode, uint32_t in, dv_instruction *ret)
{
    dv_swap_ask swap = {mode, name_key(MINT_0 + in), name_key(MINT_1 - in), 1000, 7};
    dv_swap_user user = {name_key(USER), name_key(USER_IN), name_key(USER_OUT), 0};
    dv_err err = decode(s);
    assert(err == DV_OK);
    return dv_pool_swap(s->pool, &swap, &s->clock, &user, ret, &s->refusal);
}

/* Keys by the byte that their addresses are made of (0: another key), then w for written, s for
   signing, r for read: "1w 2r". */
static inline void assert_keys(const dv_instruction *made, const char *wanted)
{
    uint32_t count = 0;
    for (const char *at = wanted; *at; count++) {
        char *end;
        uint32_t name = (uint32_t)strtoul(at, &end, 10);
        assert(count < made->account_count);
        const dv_account_meta *meta = &made->accounts[count];
        dv_pubkey key = name_key(name);
        if (name > 0) assert(dv_pubkey_equal(&meta->key, &key));
        assert(meta->is_writable == (*end == 'w'));
        assert(meta->is_signer == (*end == 's'));
        at = end + 1;
        while (*at == ' ') at++;
    }
    assert(made->account_count == count);
}

/* Every account, cut to every length, is decoded or refused, and nothing is read beyond it. */
static inline void decode_cut(scene *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t whole = s->accounts[i].size;
        for (uint32_t size = 0; size < whole; size++) {
            uint8_t *copy = malloc(size ? size : 1); /* its own, so that a sanitizer sees its end */
            assert(copy != NULL);
            memcpy(copy, s->data[i], size);
            s->accounts[i].size = size;
            s->accounts[i].data = copy;
            dv_err err = decode(s);
            assert(err != DV_OK && s->refusal.reason != NULL);
            free(copy);
        }
        s->accounts[i].size = whole;
        s->accounts[i].data = s->data[i];
    }
    dv_err err = decode(s);
    assert(err == DV_OK);
    dv_pool_destroy(&s->pool);
}

#endif
