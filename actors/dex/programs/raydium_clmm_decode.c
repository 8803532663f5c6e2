/* Decodes the accounts of a Raydium CLMM pool.

   The program lets a swap meet ticks in the order of the bitmap; so the ticks of all arrays are
   laid out in one ascending row, each with its price, and a quote only walks along it. */
#include <stdlib.h>

#include "actors/dex/programs/raydium_clmm.h"
#include "actors/solana/pda.h"

/* Sizes in bytes, and offsets, of 2025 and 2026 alike. */
#define CONFIG_SIZE 117u
#define ARRAY_SIZE 10240u
#define EXTENSION_SIZE 1832u
#define EXTENSION_GROUPS 14
#define TICK_SIZE 168u
#define TICKS_AT 44
#define EXTENSION_UP_AT 40
#define EXTENSION_DOWN_AT 936
#define BITMAP_AT 904
#define STATUS_SWAP_OFF (1u << 4)

/* sha256("account:<Name>")[0..8] of PoolState, AmmConfig, TickArrayState and
   TickArrayBitmapExtension. */
static const uint8_t IS_POOL[8] = {0xf7, 0xed, 0xe3, 0xf5, 0xd7, 0xc3, 0xde, 0x46};
static const uint8_t IS_CONFIG[8] = {0xda, 0xf4, 0x21, 0x68, 0xcb, 0xcb, 0x2b, 0x6f};
static const uint8_t IS_ARRAY[8] = {0xc0, 0x9b, 0x55, 0xcd, 0x31, 0xf9, 0x81, 0x2a};
static const uint8_t IS_EXTENSION[8] = {0x3c, 0x96, 0x24, 0xdb, 0x61, 0x80, 0x8b, 0x99};

static bool is(const uint8_t *data, const uint8_t discriminator[8])
{
    return memcmp(data, discriminator, 8) == 0;
}

static dv_err malformed(dv_refusal *ret_refusal, const char *reason)
{
    return dv_refuse(ret_refusal, DV_VENUE_POOL_MALFORMED, DV_PROGRAM_ERROR_NONE, reason);
}

static dv_err unsupported(dv_refusal *ret_refusal, const char *reason)
{
    return dv_refuse(ret_refusal, DV_VENUE_POOL_UNSUPPORTED, DV_PROGRAM_ERROR_NONE, reason);
}

/* ---- the pool's own account and its configuration ---- */

static dv_err read_own(const dv_account *own, dv_clmm_pool *pool, dv_refusal *ret_refusal)
{
    const uint8_t *at = own->data;
    if (!is(at, IS_POOL)) return malformed(ret_refusal, "the account is no CLMM pool");
    if (at[390] != 0)
        return unsupported(ret_refusal, "the pool takes its fee from a fixed token (fee_on)");
    if (dv_le16(at + 1096) != 0) return unsupported(ret_refusal, "the pool has a dynamic fee");
    pool->base.class = &DV_RAYDIUM_CLMM;
    pool->base.program = own->owner;
    pool->base.address = own->address;
    pool->config = dv_pubkey_at(at + 9);
    for (uint32_t side = 0; side < 2; side++) {
        pool->base.mint[side] = dv_pubkey_at(at + 73 + 32 * side);
        pool->vault[side] = dv_pubkey_at(at + 137 + 32 * side);
    }
    pool->observation = dv_pubkey_at(at + 201);
    pool->tick_spacing = dv_le16(at + 235);
    pool->liquidity = dv_le128(at + 237);
    pool->sqrt_price = dv_le128(at + 253);
    pool->tick = (int32_t)dv_le32(at + 269);
    pool->is_swap_off = (at[389] & STATUS_SWAP_OFF) != 0;
    pool->open_time = dv_le64(at + 1080);
    if (pool->tick_spacing == 0) return malformed(ret_refusal, "the pool's tick spacing is 0");
    /* After a swap down to a tick the price is that tick's and the current tick the one below. */
    if (pool->tick < DV_CLMM_TICK_MIN || pool->tick >= DV_CLMM_TICK_MAX ||
        pool->sqrt_price < dv_clmm_sqrt_price_of(pool->tick) ||
        pool->sqrt_price > dv_clmm_sqrt_price_of(pool->tick + 1))
        return malformed(ret_refusal, "the pool's price is not that of its tick");
    return DV_OK;
}

static dv_err read_config(const dv_account_set *accounts, dv_clmm_pool *pool,
                          dv_refusal *ret_refusal)
{
    const dv_account *config;
    dv_err err = dv_pool_account(accounts, &pool->config, &pool->base.program, CONFIG_SIZE, &config,
                                 ret_refusal);
    if (err) return err;
    if (!is(config->data, IS_CONFIG))
        return malformed(ret_refusal, "the pool's configuration is another kind of account");
    pool->protocol_rate = dv_le32(config->data + 43);
    pool->fee_rate = dv_le32(config->data + 47);
    pool->fund_rate = dv_le32(config->data + 53);
    if (pool->fee_rate >= DV_PPM_ONE ||
        (uint64_t)pool->protocol_rate + pool->fund_rate > DV_PPM_ONE)
        return malformed(ret_refusal, "the pool's fees are more than a whole");
    return DV_OK;
}

/* ---- the bitmap ---- */

/* ret_address may be NULL; is left alone without an extension. */
static void read_bits(const dv_account *own, const dv_account_set *accounts,
                      dv_array_bits *ret_bits, dv_pubkey *ret_address)
{
    const uint8_t *up = NULL, *down = NULL;
    for (uint32_t i = 0; i < accounts->count && !up; i++) {
        if (!dv_pool_array_belongs(&accounts->at[i], own, EXTENSION_SIZE, IS_EXTENSION, 8))
            continue;
        up = accounts->at[i].data + EXTENSION_UP_AT;
        down = accounts->at[i].data + EXTENSION_DOWN_AT;
        if (ret_address) *ret_address = accounts->at[i].address;
    }
    dv_array_bits_decode(own->data + BITMAP_AT, up, down, EXTENSION_GROUPS, false, ret_bits);
}

/* ---- tick arrays ---- */

static dv_err read_tick(const uint8_t *at, int32_t index, dv_clmm_tick *ret_tick, bool *ret_is_used,
                        dv_refusal *ret_refusal)
{
    *ret_is_used = dv_le128(at + 20) != 0;
    if (dv_le64(at + 124) != 0 || dv_le64(at + 132) != 0)
        return unsupported(ret_refusal, "a tick of the pool holds limit orders");
    if (!*ret_is_used) return DV_OK;
    if ((int32_t)dv_le32(at) != index || index < DV_CLMM_TICK_MIN || index > DV_CLMM_TICK_MAX)
        return malformed(ret_refusal, "a tick of the pool is not where it belongs");
    *ret_tick = (dv_clmm_tick){.sqrt_price = dv_clmm_sqrt_price_of(index),
                               .liquidity_net = (__int128)dv_le128(at + 4),
                               .index = index};
    return DV_OK;
}

static dv_err read_array(const dv_account *account, const dv_pool *base, dv_pool_array *ret_array,
                         void *ret_slots, dv_refusal *ret_refusal)
{
    const dv_clmm_pool *pool = (const dv_clmm_pool *)base;
    dv_clmm_tick *ret_ticks = ret_slots;
    int32_t start = (int32_t)dv_le32(account->data + 40), width;
    width = DV_CLMM_ARRAY_TICKS * pool->tick_spacing;
    if (start % width != 0 || start > DV_CLMM_TICK_MAX || start < DV_CLMM_TICK_MIN - width)
        return malformed(ret_refusal, "a tick array of the pool begins where none does");
    *ret_array = (dv_pool_array){.address = account->address, .number = start / width};
    for (int32_t i = 0; i < DV_CLMM_ARRAY_TICKS; i++) {
        bool is_used;
        dv_err err = read_tick(account->data + TICKS_AT + TICK_SIZE * (uint32_t)i,
                               start + i * pool->tick_spacing, &ret_ticks[ret_array->count],
                               &is_used, ret_refusal);
        if (err) return err;
        ret_array->count += is_used;
    }
    return DV_OK;
}

static int64_t start_of(const uint8_t *data)
{
    return (int32_t)dv_le32(data + 40);
}

static const dv_pool_array_kind ARRAYS = {.size = ARRAY_SIZE,
                                          .pool_at = 8,
                                          .discriminator = IS_ARRAY,
                                          .slots = DV_CLMM_ARRAY_TICKS,
                                          .slot_size = sizeof(dv_clmm_tick),
                                          .place = start_of,
                                          .read = read_array};

/* ---- the class's functions ---- */

dv_err dv_clmm_make(const dv_account *own, const dv_account_set *accounts, dv_pool **ret_pool,
                    dv_refusal *ret_refusal)
{
    dv_clmm_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return dv_refuse(ret_refusal, DV_OUT_OF_MEMORY, DV_PROGRAM_ERROR_NONE,
                         "there is no memory for the pool");
    dv_err err = read_own(own, pool, ret_refusal);
    if (err == DV_OK) err = read_config(accounts, pool, ret_refusal);
    for (uint32_t side = 0; side < 2 && err == DV_OK; side++)
        err = dv_pool_read_mint(&pool->base, side, accounts, ret_refusal);
    if (err == DV_OK) {
        read_bits(own, accounts, &pool->bits, &pool->extension);
        void *ticks;
        err = dv_pool_arrays_read(&ARRAYS, own, accounts, &pool->base, &pool->arrays, &ticks,
                                  &pool->array_count, ret_refusal);
        pool->ticks = ticks;
    }
    if (err == DV_OK)
        *ret_pool = &pool->base;
    else
        dv_clmm_destroy(&pool->base);
    return err;
}

void dv_clmm_destroy(dv_pool *pool)
{
    dv_clmm_pool *self = (dv_clmm_pool *)pool;
    if (!self) return;
    free(self->arrays);
    free(self->ticks);
    free(self);
}

static void need_array(const dv_clmm_pool *pool, int32_t number, dv_pool_needs *ret_needs)
{
    int32_t width = DV_CLMM_ARRAY_TICKS * pool->tick_spacing;
    int64_t start = (int64_t)number * width;
    /* A bitmap may say anything; no array begins beyond the ticks that there are. */
    if (start > DV_CLMM_TICK_MAX || start < DV_CLMM_TICK_MIN - width) return;
    uint8_t big_endian[4];
    for (int i = 0; i < 4; i++) big_endian[i] = (uint8_t)((uint32_t)start >> (24 - 8 * i));
    const dv_seed seeds[] = {DV_SEED_TEXT("tick_array"),
                             DV_SEED_KEY(&pool->base.address),
                             {big_endian, sizeof big_endian}};
    dv_pubkey address;
    if (dv_pda_find(seeds, 3, &pool->base.program, &address, NULL))
        dv_pool_need(ret_needs, &address);
}

dv_err dv_clmm_needs(const dv_account *own, const dv_account_set *accounts,
                     dv_pool_needs *ret_needs, dv_refusal *ret_refusal)
{
    dv_clmm_pool pool = {0};
    dv_err err = read_own(own, &pool, ret_refusal);
    if (err) return err;
    const dv_seed seeds[] = {DV_SEED_TEXT("pool_tick_array_bitmap_extension"),
                             DV_SEED_KEY(&own->address)};
    dv_pool_need(ret_needs, &pool.config);
    for (uint32_t side = 0; side < 2; side++) dv_pool_need(ret_needs, &pool.base.mint[side]);
    if (dv_pda_find(seeds, 2, &own->owner, &pool.extension, NULL))
        dv_pool_need(ret_needs, &pool.extension);
    read_bits(own, accounts, &pool.bits, NULL);
    int32_t near[DV_POOL_NEEDS_MAX];
    uint32_t count = dv_array_bits_near(&pool.bits, dv_clmm_array_of(pool.tick, pool.tick_spacing),
                                        DV_POOL_NEEDS_MAX - ret_needs->count, near);
    for (uint32_t i = 0; i < count; i++) need_array(&pool, near[i], ret_needs);
    return DV_OK;
}
