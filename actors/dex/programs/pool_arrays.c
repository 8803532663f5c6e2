#include "actors/dex/programs/pool_arrays.h"

#include <stdlib.h>

/* ---- reading ----------------------------------------------------------------------------- */

bool dv_pool_array_belongs(const dv_account *account, const dv_account *own, uint32_t size,
                           const uint8_t *discriminator, uint32_t pool_at)
{
    return account->size >= size && dv_pubkey_equal(&account->owner, &own->owner) &&
           memcmp(account->data, discriminator, 8) == 0 &&
           memcmp(account->data + pool_at, own->address.bytes, DV_PUBKEY_SIZE) == 0;
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

/* Those of the pool, sorted; returns how many. ret_placed: room for all accounts. */
static uint32_t gather(const dv_pool_array_kind *kind, const dv_account *own,
                       const dv_account_set *accounts, placed *ret_placed)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < accounts->count; i++) {
        const dv_account *a = &accounts->at[i];
        if (dv_pool_array_belongs(a, own, kind->size, kind->discriminator, kind->pool_at))
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
            return dv_refuse(ret_refusal, DV_VENUE_POOL_MALFORMED, DV_PROGRAM_ERROR_NONE,
                             "two arrays of the pool are of the same place");
        array->first = slot_count;
        slot_count += array->count;
    }
    return DV_OK;
}

dv_err dv_pool_arrays_read(const dv_pool_array_kind *kind, const dv_account *own,
                           const dv_account_set *accounts, const dv_pool *pool,
                           dv_pool_array **ret_arrays, void **ret_slots, uint32_t *ret_count,
                           dv_refusal *ret_refusal)
{
    placed *sorted = calloc((size_t)accounts->count + 1, sizeof *sorted);
    if (sorted == NULL) abort();
    uint32_t count = gather(kind, own, accounts, sorted);
    *ret_arrays = calloc((size_t)count + 1, sizeof **ret_arrays);
    /* and one more: where one is read that turns out to hold nothing */
    *ret_slots = calloc((size_t)count * kind->slots + 1, kind->slot_size);
    if (*ret_arrays == NULL || *ret_slots == NULL) abort();
    *ret_count = count;
    dv_err err = read_sorted(kind, sorted, count, pool, *ret_arrays, *ret_slots, ret_refusal);
    free(sorted);
    return err;
}

/* ---- finding ----------------------------------------------------------------------------- */

const dv_pool_array *dv_pool_array_find(const dv_pool_array *arrays, uint32_t count, int32_t number)
{
    uint32_t from = 0, to = count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (arrays[middle].number < number)
            from = middle + 1;
        else
            to = middle;
    }
    return from < count && arrays[from].number == number ? &arrays[from] : NULL;
}

void dv_pool_arrays_add(const dv_pool_arrays_way *way, dv_instruction *ret_instruction)
{
    int32_t number = way->first;
    uint32_t count = way->walked + DV_SWAP_SPARES - way->spares_less;
    if (count > way->most) count = way->most;
    for (uint32_t i = 0; i < count; i++) {
        if (!dv_array_bits_next(way->bits, number, way->up, &number)) return;
        const dv_pool_array *array = dv_pool_array_find(way->arrays, way->count, number);
        if (array == NULL) return;
        dv_instruction_add(ret_instruction, &array->address, false, true);
        number += way->up ? 1 : -1;
    }
}
