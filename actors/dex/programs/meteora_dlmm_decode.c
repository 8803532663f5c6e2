/* Decodes the accounts of a Meteora DLMM pool.

   The bins that are not empty lie in one ascending row, each with the input that empties it. So a
   quote walks along the row, and divides only in the bin where it ends. */
#include "actors/dex/programs/meteora_dlmm.h"
#include "actors/solana/pda.h"

/* Sizes in bytes, and offsets. */
#define ARRAY_SIZE 10136u
#define EXTENSION_SIZE 1576u
#define EXTENSION_GROUPS 12
#define BIN_SIZE 144u
#define BINS_AT 56
#define EXTENSION_UP_AT 40
#define EXTENSION_DOWN_AT 808
#define BITMAP_AT 584
#define REWARD_MINTS_AT 264
#define REWARD_SIZE 144

#define ARRAY_NUMBER_MIN (-512 - 512 * EXTENSION_GROUPS)
#define ARRAY_VERSION_WITH_ORDERS                                                                  \
    2                           /* older arrays count something else in the bytes of limit orders */
#define FEE_RATE_MAX 100000000u /* 10 % of 10^9 */
#define BASE_FEE_POWER_MAX 27   /* a greater power overflows the program's 128 bits */

enum { FUNCTION_UNDETERMINED, FUNCTION_LIQUIDITY_MINING, FUNCTION_LIMIT_ORDER };
enum { FEE_ON_INPUT, FEE_ON_Y };
enum { PAIR_PERMISSIONLESS, PAIR_PERMISSION, PAIR_CUSTOMIZABLE, PAIR_PERMISSIONLESS_V2 };

/* sha256("account:<Name>")[0..8] of LbPair, BinArray and BinArrayBitmapExtension. */
const uint8_t DV_DLMM_POOL_MARK[8] = {0x21, 0x0b, 0x31, 0x62, 0xb5, 0x65, 0xb1, 0x0d};
static const uint8_t IS_ARRAY[8] = {0x5c, 0x8e, 0x5c, 0xdc, 0x05, 0x94, 0x46, 0xb5};
static const uint8_t IS_EXTENSION[8] = {0x50, 0x6f, 0x7c, 0x71, 0x37, 0xed, 0x12, 0x05};

/* ---- the pool's own account ---- */

/* base_factor * bin_step * 10 * 10^power, of 10^9, at most the greatest fee. */
static uint32_t base_rate_of(uint16_t base_factor, uint16_t bin_step, uint8_t power)
{
    dv_u128 rate = (dv_u128)base_factor * bin_step * 10;
    for (uint8_t i = 0; i < power; i++) rate *= 10;
    return rate < FEE_RATE_MAX ? (uint32_t)rate : FEE_RATE_MAX;
}

static dv_err read_fee(const uint8_t *at, dv_dlmm_pool *pool, dv_refusal *ret_refusal)
{
    uint8_t power = at[34];
    pool->bin_step = dv_le16(at + 80);
    pool->filter_period = dv_le16(at + 10);
    pool->decay_period = dv_le16(at + 12);
    pool->reduction_factor = dv_le16(at + 14);
    pool->variable_fee_control = dv_le32(at + 16);
    pool->volatility_max = dv_le32(at + 20);
    pool->protocol_share = dv_le16(at + 32);
    pool->volatility = dv_le32(at + 40);
    pool->volatility_reference = dv_le32(at + 44);
    pool->index_reference = (int32_t)dv_le32(at + 48);
    pool->updated_at = (int64_t)dv_le64(at + 56);
    if (power > BASE_FEE_POWER_MAX || pool->protocol_share > DV_BPS_ONE)
        return dv_refuse_malformed(ret_refusal, "the pool's fee parameters are out of range");
    pool->base_rate = base_rate_of(dv_le16(at + 8), pool->bin_step, power);
    return DV_OK;
}

static dv_err read_kind(const uint8_t *at, dv_dlmm_pool *pool, dv_refusal *ret_refusal)
{
    uint8_t function = at[35], fee_mode = at[36], pair = at[75], activation = at[86];
    if (function > FUNCTION_LIMIT_ORDER || fee_mode > FEE_ON_Y || pair > PAIR_PERMISSIONLESS_V2 ||
        activation > 1)
        return dv_refuse_unsupported(ret_refusal, "the pool is of a newer kind");
    bool has_rewards = false;
    for (int i = 0; i < 2; i++) {
        dv_pubkey mint = dv_pubkey_at(at + REWARD_MINTS_AT + REWARD_SIZE * i);
        has_rewards = has_rewards || !dv_pubkey_is_zero(&mint);
    }
    pool->has_limit_orders =
        function == FUNCTION_LIMIT_ORDER || (function == FUNCTION_UNDETERMINED && !has_rewards);
    pool->fee_on_y = fee_mode == FEE_ON_Y;
    pool->is_disabled = at[82] != 0;
    pool->has_activation = pair == PAIR_PERMISSION || pair == PAIR_CUSTOMIZABLE;
    pool->activates_by_time = activation == 1;
    pool->activation_point = dv_le64(at + 816);
    return DV_OK;
}

static dv_err read_own(const uint8_t *at, dv_dlmm_pool *pool, dv_refusal *ret_refusal)
{
    pool->oracle = dv_pubkey_at(at + 552);
    pool->active_id = (int32_t)dv_le32(at + 76);
    int32_t number = dv_dlmm_array_of(pool->active_id);
    if (number < ARRAY_NUMBER_MIN || number >= -ARRAY_NUMBER_MIN)
        return dv_refuse_malformed(ret_refusal, "the pool's active bin is out of range");
    dv_err err = read_kind(at, pool, ret_refusal);
    return err ? err : read_fee(at, pool, ret_refusal);
}

/* ---- bin arrays ---- */

static dv_err read_side(uint32_t side, dv_u128 price, dv_dlmm_side *to, dv_refusal *ret_refusal)
{
    for (int i = 0; i < DV_DLMM_LAYERS; i++) {
        if (to->out[i] == 0) continue;
        if (price == 0) return dv_refuse_malformed(ret_refusal, "a bin of the pool has no price");
        if (__builtin_add_overflow(to->out_sum, to->out[i], &to->out_sum))
            return dv_refuse_malformed(ret_refusal,
                                       "a bin of the pool holds more than there can be");
        if (!dv_dlmm_in_ceil(side, price, to->out[i], &to->need[i])) to->is_too_dear = true;
    }
    return DV_OK;
}

static dv_err read_bin(const uint8_t *at, int32_t id, const dv_dlmm_pool *pool,
                       dv_dlmm_bin *ret_bin, dv_refusal *ret_refusal)
{
    dv_dlmm_bin bin = {.id = id, .price = dv_le128(at + 16)};
    bin.side[0].out[DV_DLMM_LAYER_MAKERS] = dv_le64(at + 8);
    bin.side[1].out[DV_DLMM_LAYER_MAKERS] = dv_le64(at);
    if (pool->has_limit_orders) {
        bool asks = at[140] != 0; /* the orders sell X: swaps that pay Y take them */
        bin.side[asks].out[DV_DLMM_LAYER_PROCESSED] = dv_le64(at + 128);
        bin.side[asks].out[DV_DLMM_LAYER_OPEN] = dv_le64(at + 112);
    }
    for (uint32_t side = 0; side < 2; side++) {
        dv_err err = read_side(side, bin.price, &bin.side[side], ret_refusal);
        if (err) return err;
    }
    *ret_bin = bin;
    return DV_OK;
}

static bool has_old_counters(const uint8_t *bin)
{
    return dv_le128(bin + 112) != 0 || dv_le128(bin + 128) != 0;
}

static dv_err read_array(const dv_account *account, const dv_pool *base, dv_pool_array *ret_array,
                         void *ret_slots, dv_refusal *ret_refusal)
{
    const dv_dlmm_pool *pool = (const dv_dlmm_pool *)base;
    dv_dlmm_bin *ret_bins = ret_slots;
    int64_t number = (int64_t)dv_le64(account->data + 8);
    bool is_old = account->data[16] < ARRAY_VERSION_WITH_ORDERS;
    if (number < ARRAY_NUMBER_MIN || number >= -ARRAY_NUMBER_MIN)
        return dv_refuse_malformed(ret_refusal, "a bin array of the pool is out of range");
    *ret_array = (dv_pool_array){.address = account->address, .number = (int32_t)number};
    for (int32_t i = 0; i < DV_DLMM_ARRAY_BINS; i++) {
        const uint8_t *at = account->data + BINS_AT + BIN_SIZE * (uint32_t)i;
        if (is_old && pool->has_limit_orders && has_old_counters(at))
            return dv_refuse_unsupported(ret_refusal,
                                         "a bin array of the pool is of an older layout");
        dv_dlmm_bin *bin = &ret_bins[ret_array->count];
        dv_err err = read_bin(at, (int32_t)number * DV_DLMM_ARRAY_BINS + i, pool, bin, ret_refusal);
        if (err) return err;
        if (bin->side[0].out_sum > 0 || bin->side[1].out_sum > 0) ret_array->count++;
    }
    return DV_OK;
}

static int64_t number_of(const uint8_t *data)
{
    return (int64_t)dv_le64(data + 8);
}

static bool address_of(const dv_pool *base, int32_t number, dv_pubkey *ret_address)
{
    uint8_t little_endian[8];
    for (int i = 0; i < 8; i++) little_endian[i] = (uint8_t)((uint64_t)(int64_t)number >> (8 * i));
    const dv_seed seeds[] = {DV_SEED_TEXT("bin_array"),
                             DV_SEED_KEY(&base->address),
                             {little_endian, sizeof little_endian}};
    return dv_pda_find(seeds, 3, &base->program, ret_address, NULL);
}

static const dv_pool_array_kind ARRAYS = {
    .size = ARRAY_SIZE,
    .pool_at = 24,
    .discriminator = IS_ARRAY,
    .slots = DV_DLMM_ARRAY_BINS,
    .slot_size = sizeof(dv_dlmm_bin),
    .place = number_of,
    .read = read_array,
    .address = address_of,
    .bits_at = BITMAP_AT,
    .extension_seed = "bitmap",
    .extension_size = EXTENSION_SIZE,
    .extension_discriminator = IS_EXTENSION,
    .up_at = EXTENSION_UP_AT,
    .down_at = EXTENSION_DOWN_AT,
    .groups = EXTENSION_GROUPS,
    .down_descends = true,
};

/* ---- the class's functions ---- */

dv_err dv_dlmm_decode(dv_pool *base, const dv_account *own, const dv_account_set *accounts,
                      dv_refusal *ret_refusal)
{
    dv_dlmm_pool *pool = (dv_dlmm_pool *)base;
    dv_err err = read_own(own->data, pool, ret_refusal);
    if (err == DV_OK) err = dv_pool_read_mints(base, accounts, ret_refusal);
    if (err == DV_OK)
        err = dv_pool_arrays_read(&ARRAYS, base, own, accounts, &pool->arrays, ret_refusal);
    return err;
}

void dv_dlmm_release(dv_pool *pool)
{
    dv_pool_arrays_fini(&((dv_dlmm_pool *)pool)->arrays);
}

dv_err dv_dlmm_needs(const dv_pool *base, const dv_account *own, const dv_account_set *accounts,
                     dv_pool_needs *ret_needs, dv_refusal *ret_refusal)
{
    dv_dlmm_pool pool = {.base = *base};
    dv_err err = read_own(own->data, &pool, ret_refusal);
    if (err) return err;
    for (uint32_t side = 0; side < 2; side++) dv_pool_need(ret_needs, &base->mint[side]);
    dv_pool_arrays_need(&ARRAYS, &pool.base, own, accounts, dv_dlmm_array_of(pool.active_id),
                        ret_needs);
    return DV_OK;
}
