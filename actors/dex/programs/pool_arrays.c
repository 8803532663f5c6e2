#include "actors/dex/programs/pool_arrays.h"

#include <stdlib.h>

#include "actors/solana/pda.h"

#define EXTENSION_POOL_AT 8
#define WALKED_MAX 12 /* arrays of one swap with its spares, so that the rest fits */

/* ---- reading ----------------------------------------------------------------------------- */

/* Whether an account is the program's own, has the discriminator and names the pool. */
static bool belongs(const dv_account *account, const dv_pool *pool, uint32_t size,
                    const uint8_t *discriminator, uint32_t pool_at)
{
    return account->size >= size && dv_pubkey_equal(&account->owner, &pool->program) &&
           memcmp(account->data, discriminator, 8) == 0 &&
           memcmp(account->data + pool_at, pool->address.bytes, DV_PUBKEY_SIZE) == 0;
}

static const dv_account *find_extension(const dv_pool_array_kind *kind, const dv_pool *pool,
                                        const dv_account_set *accounts)
{
    for (uint32_t i = 0; i < accounts->count; i++)
        if (belongs(&accounts->at[i], pool, kind->extension_size, kind->extension_discriminator,
                    EXTENSION_POOL_AT))
            return &accounts->at[i];
    return NULL;
}

static void read_bits(const dv_pool_array_kind *kind, const dv_pool *pool, const dv_account *own,
                      const dv_account_set *accounts, dv_pool_arrays *ret_arrays)
{
    const dv_account *extension = find_extension(kind, pool, accounts);
    const uint8_t *up = NULL, *down = NULL;
    if (extension != NULL) {
        up = extension->data + kind->up_at;
        down = extension->data + kind->down_at;
        ret_arrays->extension = extension->address;
    }
    dv_array_bits_decode(own->data + kind->bits_at, up, down, kind->groups, kind->down_descends,
                         &ret_arrays->bits);
}

void dv_pool_arrays_need(const dv_pool_array_kind *kind, const dv_pool *pool, const dv_account *own,
                         const dv_account_set *accounts, int32_t at, dv_pool_needs *ret_needs)
{
    const dv_seed seeds[] = {{(const uint8_t *)kind->extension_seed, strlen(kind->extension_seed)},
                             DV_SEED_KEY(&pool->address)};
    dv_pubkey address;
    if (dv_pda_find(seeds, 2, &pool->program, &address, NULL)) dv_pool_need(ret_needs, &address);
    dv_pool_arrays arrays = {0};
    read_bits(kind, pool, own, accounts, &arrays);
    int32_t near[DV_POOL_NEEDS_MAX];
    uint32_t room = DV_POOL_NEEDS_MAX - ret_needs->count;
    uint32_t count = dv_array_bits_near(&arrays.bits, at, room, near);
    for (uint32_t i = 0; i < count; i++)
        if (kind->address(pool, near[i], &address)) dv_pool_need(ret_needs, &address);
}

typedef struct placed {
    int64_t place;
    const dv_account *account;
} placed;

static int by_place(const void *a, const void *b)
{
    const placed *left = a, *right = b;
    return (left->place > right->place) - (left->place < right->place);
}

/* The arrays of the pool, sorted; returns how many. ret_placed: room for all accounts. */
static uint32_t gather(const dv_pool_array_kind *kind, const dv_pool *pool,
                       const dv_account_set *accounts, placed *ret_placed)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < accounts->count; i++) {
        const dv_account *a = &accounts->at[i];
        if (belongs(a, pool, kind->size, kind->discriminator, kind->pool_at))
            ret_placed[count++] = (placed){kind->place(a->data), a};
    }
    qsort(ret_placed, count, sizeof *ret_placed, by_place);
    return count;
}

static dv_err read_sorted(const dv_pool_array_kind *kind, const placed *sorted, uint32_t count,
                          const dv_pool *pool, dv_pool_array *ret_arrays, uint8_t *ret_slots,
                          dv_refusal *ret_refusal)
{
    uint32_t slot_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        dv_pool_array *array = &ret_arrays[i];
        dv_err err = kind->read(sorted[i].account, pool, array,
                                ret_slots + slot_count * kind->slot_size, ret_refusal);
        if (err) return err;
        if (i > 0 && array->number == array[-1].number)
            return dv_refuse_malformed(ret_refusal, "two arrays of the pool are of the same place");
        array->first = slot_count;
        slot_count += array->count;
    }
    return DV_OK;
}

dv_err dv_pool_arrays_read(const dv_pool_array_kind *kind, const dv_pool *pool,
                           const dv_account *own, const dv_account_set *accounts,
                           dv_pool_arrays *ret_arrays, dv_refusal *ret_refusal)
{
    placed *sorted = calloc((size_t)accounts->count + 1, sizeof *sorted);
    if (sorted == NULL) abort();
    read_bits(kind, pool, own, accounts, ret_arrays);
    uint32_t count = gather(kind, pool, accounts, sorted);
    ret_arrays->count = count;
    ret_arrays->at = calloc((size_t)count + 1, sizeof *ret_arrays->at);
    /* One slot more, since `read` decodes a slot before it knows that the slot is empty. */
    ret_arrays->slots = calloc((size_t)count * kind->slots + 1, kind->slot_size);
    if (ret_arrays->at == NULL || ret_arrays->slots == NULL) abort();
    dv_err err =
        read_sorted(kind, sorted, count, pool, ret_arrays->at, ret_arrays->slots, ret_refusal);
    free(sorted);
    return err;
}

void dv_pool_arrays_fini(dv_pool_arrays *arrays)
{
    free(arrays->at);
    free(arrays->slots);
    *arrays = (dv_pool_arrays){0};
}

/* ---- walking ----------------------------------------------------------------------------- */

/* The array of a number; NULL when it is not there. */
static const dv_pool_array *find(const dv_pool_arrays *arrays, int32_t number)
{
    uint32_t from = 0, to = arrays->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (arrays->at[middle].number < number)
            from = middle + 1;
        else
            to = middle;
    }
    return from < arrays->count && arrays->at[from].number == number ? &arrays->at[from] : NULL;
}

dv_err dv_pool_arrays_enter(const dv_pool_arrays *arrays, int32_t number, dv_pool_arrays_way *way,
                            const dv_pool_array **ret_array, dv_refusal *ret_refusal)
{
    const dv_pool_array *array = find(arrays, number);
    if (array == NULL)
        return dv_refuse(ret_refusal, DV_VENUE_ACCOUNT_MISSING, DV_PROGRAM_ERROR_NONE,
                         "an array that the swap comes through is missing");
    if (way->walked++ == 0) way->first = number;
    *ret_array = array;
    return DV_OK;
}

dv_err dv_pool_arrays_fit(const dv_pool_arrays_way *way, dv_refusal *ret_refusal)
{
    if (way->walked <= WALKED_MAX) return DV_OK;
    return dv_refuse(ret_refusal, DV_VENUE_LIQUIDITY_INSUFFICIENT, DV_PROGRAM_ERROR_NONE,
                     "the swap comes through more arrays than fit into a transaction");
}

void dv_pool_arrays_add(const dv_pool_arrays *arrays, const dv_pool_arrays_way *way,
                        uint32_t spares_less, dv_instruction *ret_instruction)
{
    int32_t number = way->first;
    uint32_t count = way->walked + DV_SWAP_SPARES - spares_less;
    if (count > WALKED_MAX) count = WALKED_MAX;
    for (uint32_t i = 0; i < count; i++) {
        if (!dv_array_bits_next(&arrays->bits, number, way->up, &number)) return;
        const dv_pool_array *array = find(arrays, number);
        if (array == NULL) return;
        dv_instruction_add(ret_instruction, &array->address, false, true);
        number += way->up ? 1 : -1;
    }
}
