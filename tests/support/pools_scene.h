/* A scene for pools of ticks and of bins: accounts that are made byte by byte, as the programs lay
   them out, and what is asked of the pool that they make. */
#ifndef DV_TESTS_POOLS_SCENE_H
#define DV_TESTS_POOLS_SCENE_H

#include <assert.h>
#include <stdlib.h>

#include "actors/dex/programs/meteora_dlmm.h"
#include "actors/dex/programs/program_ids.h"
#include "actors/dex/programs/raydium_clmm.h"
#include "actors/dex/programs/swap_view.h"
#include "actors/solana/programs.h"
#include "tests/support/fee_mint.h"

#define SCENE_ACCOUNTS_MAX 24
#define SCENE_ACCOUNT_SIZE 10240
#define SCENE_TIME 1700000000

/* The addresses of accounts: all bytes the same. Arrays come after ARRAY. */
enum { SCENE_POOL = 1, SCENE_MINT_0, SCENE_MINT_1, SCENE_CONFIG, SCENE_EXTENSION, SCENE_ARRAY };

typedef struct scene {
    uint32_t count;
    dv_account accounts[SCENE_ACCOUNTS_MAX];
    uint8_t data[SCENE_ACCOUNTS_MAX][SCENE_ACCOUNT_SIZE];
    uint32_t array_count;
    int32_t arrays[SCENE_ACCOUNTS_MAX]; /* their numbers */
    dv_pool *pool;
    dv_chain_clock clock;
    dv_swap_quote quote;
    dv_refusal refusal;
} scene;

static inline dv_pubkey scene_key(uint32_t name)
{
    dv_pubkey key;
    memset(key.bytes, (int)name, sizeof key.bytes);
    return key;
}

static inline uint8_t *scene_data(scene *s, uint32_t name)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->accounts[i].address.bytes[0] == name) return s->data[i];
    abort(); /* the scene has no such account */
}

static inline void scene_put(uint8_t *at, dv_u128 value, int bytes)
{
    for (int i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static inline void scene_put_key(uint8_t *at, uint32_t name)
{
    memset(at, (int)name, DV_PUBKEY_SIZE);
}

static inline uint8_t *scene_account(scene *s, uint32_t name, const dv_pubkey *owner, uint32_t size,
                                     const char *discriminator)
{
    assert(s->count < SCENE_ACCOUNTS_MAX && size <= SCENE_ACCOUNT_SIZE);
    uint8_t *data = s->data[s->count];
    memset(data, 0, SCENE_ACCOUNT_SIZE);
    if (discriminator) memcpy(data, discriminator, 8);
    s->accounts[s->count++] = (dv_account){scene_key(name), *owner, {1}, data, size};
    return data;
}

static inline void scene_remove(scene *s, uint32_t name)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->accounts[i].address.bytes[0] == name) s->accounts[i].owner = scene_key(0);
}

static inline void scene_mints(scene *s)
{
    for (uint32_t name = SCENE_MINT_0; name <= SCENE_MINT_1; name++) {
        uint8_t *mint = scene_account(s, name, &DV_PROGRAM_TOKEN, 82, NULL);
        mint[44] = 9;
        mint[45] = 1;
    }
}

/* Makes a mint one of Token-2022 that withholds part of each transfer. */
static inline void scene_withhold(scene *s, uint32_t name, uint16_t bps, uint64_t maximum)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->accounts[i].address.bytes[0] == name)
            fee_mint(&s->accounts[i], s->data[i], bps, maximum);
}

/* ---- Raydium CLMM ---- */

static inline void scene_clmm(scene *s, uint16_t spacing, int32_t tick, dv_u128 liquidity)
{
    *s = (scene){.clock = {1000, 10, SCENE_TIME}};
    const dv_pubkey *program = &DV_RAYDIUM_CLMM_PROGRAMS[0];
    uint8_t *pool = scene_account(s, SCENE_POOL, program, 1544, "\xf7\xed\xe3\xf5\xd7\xc3\xde\x46");
    scene_put_key(pool + 9, SCENE_CONFIG);
    scene_put_key(pool + 73, SCENE_MINT_0);
    scene_put_key(pool + 105, SCENE_MINT_1);
    scene_put_key(pool + 137, 101);
    scene_put_key(pool + 169, 102);
    scene_put_key(pool + 201, 103);
    scene_put(pool + 235, spacing, 2);
    scene_put(pool + 237, liquidity, 16);
    scene_put(pool + 253, dv_clmm_sqrt_price_of(tick), 16);
    scene_put(pool + 269, (uint32_t)tick, 4);
    uint8_t *config =
        scene_account(s, SCENE_CONFIG, program, 117, "\xda\xf4\x21\x68\xcb\xcb\x2b\x6f");
    scene_put(config + 43, 120000, 4); /* 12 % of the fee */
    scene_put(config + 47, 2500, 4);   /* 0.25 % */
    scene_put(config + 53, 40000, 4);
    scene_mints(s);
}

static inline void scene_clmm_extension(scene *s)
{
    uint8_t *extension = scene_account(s, SCENE_EXTENSION, &DV_RAYDIUM_CLMM_PROGRAMS[0], 1832,
                                       "\x3c\x96\x24\xdb\x61\x80\x8b\x99");
    scene_put_key(extension + 8, SCENE_POOL);
}

/* The account of an array, made when it is not there; its bit is set in the pool's own bitmap, or
   in the extension, which is there. */
static inline uint8_t *scene_clmm_array(scene *s, int32_t number)
{
    for (uint32_t i = 0; i < s->array_count; i++)
        if (s->arrays[i] == number) return scene_data(s, SCENE_ARRAY + i);
    uint32_t spacing = dv_le16(scene_data(s, SCENE_POOL) + 235);
    uint8_t *array = scene_account(s, SCENE_ARRAY + s->array_count, &DV_RAYDIUM_CLMM_PROGRAMS[0],
                                   10240, "\xc0\x9b\x55\xcd\x31\xf9\x81\x2a");
    s->arrays[s->array_count++] = number;
    scene_put_key(array + 8, SCENE_POOL);
    scene_put(array + 40, (uint32_t)(number * 60 * (int32_t)spacing), 4);
    if (number >= -512 && number < 512) {
        uint32_t bit = (uint32_t)(number + 512);
        scene_data(s, SCENE_POOL)[904 + bit / 8] |= (uint8_t)(1u << bit % 8);
    } else {
        uint32_t group =
            number > 0 ? (uint32_t)number / 512 - 1 : (uint32_t)(-number - 1) / 512 - 1;
        uint32_t bit = (uint32_t)(number & 511);
        uint8_t *groups = scene_data(s, SCENE_EXTENSION) + (number > 0 ? 40 : 936);
        groups[64 * group + bit / 8] |= (uint8_t)(1u << bit % 8);
    }
    return array;
}

/* A tick where this much liquidity begins (from below), or ends. */
static inline uint8_t *scene_clmm_tick(scene *s, int32_t tick, __int128 net)
{
    uint16_t spacing = dv_le16(scene_data(s, SCENE_POOL) + 235);
    int32_t number = dv_clmm_array_of(tick, spacing);
    uint8_t *array = scene_clmm_array(s, number);
    uint8_t *at = array + 44 + 168 * ((tick - number * 60 * spacing) / spacing);
    scene_put(at, (uint32_t)tick, 4);
    scene_put(at + 4, (dv_u128)net, 16);
    scene_put(at + 20, net < 0 ? (dv_u128)-net : (dv_u128)net, 16);
    return at;
}

/* ---- Meteora DLMM ---- */

static inline void scene_dlmm(scene *s, uint16_t bin_step, int32_t active_id)
{
    *s = (scene){.clock = {1000, 10, SCENE_TIME}};
    uint8_t *pool = scene_account(s, SCENE_POOL, &DV_METEORA_DLMM_PROGRAM, 904,
                                  "\x21\x0b\x31\x62\xb5\x65\xb1\x0d");
    scene_put(pool + 8, 10000, 2);   /* base_factor: a fee of one bin step */
    scene_put(pool + 10, 30, 2);     /* filter_period */
    scene_put(pool + 12, 600, 2);    /* decay_period */
    scene_put(pool + 14, 5000, 2);   /* reduction_factor */
    scene_put(pool + 20, 350000, 4); /* max_volatility_accumulator */
    scene_put(pool + 32, 1000, 2);   /* protocol_share: 10 % */
    pool[35] = 1;                    /* no limit orders */
    scene_put(pool + 56, SCENE_TIME - 10000, 8);
    pool[75] = 3;
    scene_put(pool + 76, (uint32_t)active_id, 4);
    scene_put(pool + 80, bin_step, 2);
    scene_put_key(pool + 88, SCENE_MINT_0);
    scene_put_key(pool + 120, SCENE_MINT_1);
    scene_put_key(pool + 152, 101);
    scene_put_key(pool + 184, 102);
    scene_put_key(pool + 552, 103);
    scene_mints(s);
}

static inline void scene_dlmm_extension(scene *s)
{
    uint8_t *extension = scene_account(s, SCENE_EXTENSION, &DV_METEORA_DLMM_PROGRAM, 1576,
                                       "\x50\x6f\x7c\x71\x37\xed\x12\x05");
    scene_put_key(extension + 8, SCENE_POOL);
}

static inline uint8_t *scene_dlmm_array(scene *s, int32_t number)
{
    for (uint32_t i = 0; i < s->array_count; i++)
        if (s->arrays[i] == number) return scene_data(s, SCENE_ARRAY + i);
    uint8_t *array = scene_account(s, SCENE_ARRAY + s->array_count, &DV_METEORA_DLMM_PROGRAM, 10136,
                                   "\x5c\x8e\x5c\xdc\x05\x94\x46\xb5");
    s->arrays[s->array_count++] = number;
    scene_put(array + 8, (uint64_t)(int64_t)number, 8);
    array[16] = 2;
    scene_put_key(array + 24, SCENE_POOL);
    if (number >= -512 && number < 512) {
        uint32_t bit = (uint32_t)(number + 512);
        scene_data(s, SCENE_POOL)[584 + bit / 8] |= (uint8_t)(1u << bit % 8);
    } else {
        uint32_t nth = (uint32_t)(number > 0 ? number : -(number + 1)) - 512;
        scene_data(s, SCENE_EXTENSION)[(number > 0 ? 40 : 808) + nth / 8] |=
            (uint8_t)(1u << nth % 8);
    }
    return array;
}

/* About 2^64 * (1 + bin_step / 10000)^id. */
static inline dv_u128 scene_dlmm_price(uint16_t bin_step, int32_t id)
{
    dv_u128 price = (dv_u128)1 << 64;
    for (int32_t i = 0; i < id; i++) price += price / 10000 * bin_step;
    for (int32_t i = 0; i > id; i--) price = price / (10000u + bin_step) * 10000;
    return price;
}

/* A bin; returns its bytes, for what else it is to hold. */
static inline uint8_t *scene_dlmm_bin(scene *s, int32_t id, uint64_t x, uint64_t y)
{
    uint16_t bin_step = dv_le16(scene_data(s, SCENE_POOL) + 80);
    int32_t number = dv_dlmm_array_of(id);
    uint8_t *at = scene_dlmm_array(s, number) + 56 + 144 * (id - number * 70);
    scene_put(at, x, 8);
    scene_put(at + 8, y, 8);
    scene_put(at + 16, scene_dlmm_price(bin_step, id), 16);
    return at;
}

/* ---- the pool ---- */

static inline dv_err scene_make(scene *s)
{
    dv_account_set set = {s->accounts, s->count};
    dv_pubkey address = scene_key(SCENE_POOL);
    dv_pool_destroy(&s->pool);
    s->refusal = (dv_refusal){0};
    return dv_pool_new(&address, &set, &s->pool, &s->refusal);
}

static inline dv_swap_ask scene_ask(dv_pool_mode mode, uint32_t in, uint64_t amount)
{
    dv_pubkey mints[2] = {scene_key(SCENE_MINT_0), scene_key(SCENE_MINT_1)};
    return (dv_swap_ask){mode, mints[in], mints[1 - in], amount,
                         mode == DV_SWAP_EXACT_OUT ? DV_LIMIT_NONE_IN : DV_LIMIT_NONE_OUT};
}

static inline dv_err scene_quote(scene *s, dv_pool_mode mode, uint32_t in, uint64_t amount)
{
    dv_swap_ask ask = scene_ask(mode, in, amount);
    s->quote = (dv_swap_quote){0};
    s->refusal = (dv_refusal){0};
    return dv_pool_quote(s->pool, &ask, &s->clock, &s->quote, &s->refusal);
}

/* Encodes a swap for a user whose accounts are 201 (wallet), 202 (pays) and 203 (receives). */
static inline dv_err scene_swap(scene *s, dv_pool_mode mode, uint32_t in, uint64_t amount,
                                uint64_t limit, dv_instruction *ret_instruction)
{
    dv_swap_ask ask = scene_ask(mode, in, amount);
    ask.limit = limit;
    dv_swap_user user = {scene_key(201), scene_key(202), scene_key(203), 0};
    return dv_pool_swap(s->pool, &ask, &s->clock, &user, ret_instruction, &s->refusal);
}

/* Both swaps are read back as they were asked for; a byte that has to be 0 is held to it. */
static inline void scene_read_back(scene *s, uint32_t reserved_at)
{
    for (int out = 0; out < 2; out++) {
        dv_instruction to;
        dv_swap_view view;
        dv_err err = scene_swap(s, out ? DV_SWAP_EXACT_OUT : DV_SWAP_EXACT_IN, 1, 990000,
                                out ? 1100000 : 900000, &to);
        assert(err == DV_OK);
        bool read = dv_swap_read(&to.program, to.data, to.data_size, to.account_count, &view);
        assert(read && view.exact_out == (out == 1));
        assert(view.amount == 990000 && view.limit == (out ? 1100000 : 900000));
        assert(to.accounts[view.owner].key.bytes[7] == 201);
        assert(to.accounts[view.account_in].key.bytes[7] == 202);
        assert(to.accounts[view.account_out].key.bytes[7] == 203);
        to.data[reserved_at] = 1;
        read = dv_swap_read(&to.program, to.data, to.data_size, to.account_count, &view);
        assert(!read);
    }
}

#endif
