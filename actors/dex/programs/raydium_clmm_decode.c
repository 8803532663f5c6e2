/* Decodes the accounts of a Raydium CLMM pool.

   A swap meets ticks in the order of the bitmap. So the ticks of all arrays lie in one ascending
   row, each with its price, and a quote walks along the row. */
#include "actors/dex/programs/raydium_clmm.h"
#include "actors/solana/pda.h"

/* Sizes in bytes, and offsets: the same in the programs of 2025 and 2026. */
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
const uint8_t DV_CLMM_POOL_MARK[8] = {0xf7, 0xed, 0xe3, 0xf5, 0xd7, 0xc3, 0xde, 0x46};
static const uint8_t IS_CONFIG[8] = {0xda, 0xf4, 0x21, 0x68, 0xcb, 0xcb, 0x2b, 0x6f};
static const uint8_t IS_ARRAY[8] = {0xc0, 0x9b, 0x55, 0xcd, 0x31, 0xf9, 0x81, 0x2a};
static const uint8_t IS_EXTENSION[8] = {0x3c, 0x96, 0x24, 0xdb, 0x61, 0x80, 0x8b, 0x99};

/* ---- the pool's own account and its configuration ---- */

static dv_err read_own(const uint8_t *at, dv_clmm_pool *pool, dv_refusal *ret_refusal)
{
    if (at[390] != 0)
        return dv_refuse_unsupported(ret_refusal,
                                     "the pool takes its fee from a fixed token (fee_on)");
    if (dv_le16(at + 1096) != 0)
        return dv_refuse_unsupported(ret_refusal, "the pool has a dynamic fee");
    pool->config = dv_pubkey_at(at + 9);
    pool->observation = dv_pubkey_at(at + 201);
    pool->tick_spacing = dv_le16(at + 235);
    pool->liquidity = dv_le128(at + 237);
    pool->sqrt_price = dv_le128(at + 253);
    pool->tick = (int32_t)dv_le32(at + 269);
    pool->is_swap_off = (at[389] & STATUS_SWAP_OFF) != 0;
    pool->open_time = dv_le64(at + 1080);
    if (pool->tick_spacing == 0)
        return dv_refuse_malformed(ret_refusal, "the pool's tick spacing is 0");
    /* A swap that ends at a tick from above leaves that tick's price and the tick below it as
       current. */
    if (pool->tick < DV_CLMM_TICK_MIN || pool->tick >= DV_CLMM_TICK_MAX ||
        pool->sqrt_price < dv_clmm_sqrt_price_of(pool->tick) ||
        pool->sqrt_price > dv_clmm_sqrt_price_of(pool->tick + 1))
        return dv_refuse_malformed(ret_refusal, "the pool's price is not that of its tick");
    return DV_OK;
}

static dv_err read_config(const dv_account_set *accounts, dv_clmm_pool *pool,
                          dv_refusal *ret_refusal)
{
    const dv_account *config;
    dv_err err = dv_pool_account(accounts, &pool->config, &pool->base.program, CONFIG_SIZE, &config,
                                 ret_refusal);
    if (err) return err;
    if (memcmp(config->data, IS_CONFIG, sizeof IS_CONFIG) != 0)
        return dv_refuse_malformed(ret_refusal,
                                   "the pool's configuration is another kind of account");
    pool->protocol_rate = dv_le32(config->data + 43);
    pool->fee_rate = dv_le32(config->data + 47);
    pool->fund_rate = dv_le32(config->data + 53);
    if (pool->fee_rate >= DV_PPM_ONE ||
        (uint64_t)pool->protocol_rate + pool->fund_rate > DV_PPM_ONE)
        return dv_refuse_malformed(ret_refusal, "the pool's fees are more than a whole");
    return DV_OK;
}

/* ---- tick arrays ---- */

static dv_err read_tick(const uint8_t *at, int32_t index, dv_clmm_tick *ret_tick, bool *ret_is_used,
                        dv_refusal *ret_refusal)
{
    *ret_is_used = dv_le128(at + 20) != 0;
    if (dv_le64(at + 124) != 0 || dv_le64(at + 132) != 0)
        return dv_refuse_unsupported(ret_refusal, "a tick of the pool holds limit orders");
    if (!*ret_is_used) return DV_OK;
    if ((int32_t)dv_le32(at) != index || index < DV_CLMM_TICK_MIN || index > DV_CLMM_TICK_MAX)
        return dv_refuse_malformed(ret_refusal, "a tick of the pool is not where it belongs");
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
        return dv_refuse_malformed(ret_refusal, "a tick array of the pool begins where none does");
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

static bool address_of(const dv_pool *base, int32_t number, dv_pubkey *ret_address)
{
    int32_t width = DV_CLMM_ARRAY_TICKS * ((const dv_clmm_pool *)base)->tick_spacing;
    int64_t start = (int64_t)number * width;
    /* Hostile bitmaps name arrays beyond the ticks that exist. */
    if (start > DV_CLMM_TICK_MAX || start < DV_CLMM_TICK_MIN - width) return false;
    uint8_t big_endian[4];
    for (int i = 0; i < 4; i++) big_endian[i] = (uint8_t)((uint32_t)start >> (24 - 8 * i));
    const dv_seed seeds[] = {
        DV_SEED_TEXT("tick_array"), DV_SEED_KEY(&base->address), {big_endian, sizeof big_endian}};
    return dv_pda_find(seeds, 3, &base->program, ret_address, NULL);
}

static const dv_pool_array_kind ARRAYS = {
    .size = ARRAY_SIZE,
    .pool_at = 8,
    .discriminator = IS_ARRAY,
    .slots = DV_CLMM_ARRAY_TICKS,
    .slot_size = sizeof(dv_clmm_tick),
    .place = start_of,
    .read = read_array,
    .address = address_of,
    .bits_at = BITMAP_AT,
    .extension_seed = "pool_tick_array_bitmap_extension",
    .extension_size = EXTENSION_SIZE,
    .extension_discriminator = IS_EXTENSION,
    .up_at = EXTENSION_UP_AT,
    .down_at = EXTENSION_DOWN_AT,
    .groups = EXTENSION_GROUPS,
};

/* ---- the class's functions ---- */

dv_err dv_clmm_decode(dv_pool *base, const dv_account *own, const dv_account_set *accounts,
                      dv_refusal *ret_refusal)
{
    dv_clmm_pool *pool = (dv_clmm_pool *)base;
    dv_err err = read_own(own->data, pool, ret_refusal);
    if (err == DV_OK) err = read_config(accounts, pool, ret_refusal);
    if (err == DV_OK) err = dv_pool_read_mints(base, accounts, ret_refusal);
    if (err == DV_OK)
        err = dv_pool_arrays_read(&ARRAYS, base, own, accounts, &pool->arrays, ret_refusal);
    return err;
}

void dv_clmm_release(dv_pool *pool)
{
    dv_pool_arrays_fini(&((dv_clmm_pool *)pool)->arrays);
}

dv_err dv_clmm_needs(const dv_pool *base, const dv_account *own, const dv_account_set *accounts,
                     dv_pool_needs *ret_needs, dv_refusal *ret_refusal)
{
    dv_clmm_pool pool = {.base = *base};
    dv_err err = read_own(own->data, &pool, ret_refusal);
    if (err) return err;
    dv_pool_need(ret_needs, &pool.config);
    for (uint32_t side = 0; side < 2; side++) dv_pool_need(ret_needs, &base->mint[side]);
    dv_pool_arrays_need(&ARRAYS, &pool.base, own, accounts,
                        dv_clmm_array_of(pool.tick, pool.tick_spacing), ret_needs);
    return DV_OK;
}
