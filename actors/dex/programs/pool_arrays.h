/* The accounts that hold a pool's ticks or bins, as Raydium CLMM and Meteora DLMM have them: each a
   stretch of them. All that are known are laid out in one ascending row. */
#ifndef DV_DEX_POOL_ARRAYS_H
#define DV_DEX_POOL_ARRAYS_H

#include "actors/dex/programs/array_bits.h"
#include "actors/dex/programs/pool.h"

typedef struct dv_pool_array {
    dv_pubkey address;
    int32_t number; /* of the one that begins at tick or bin 0: 0 */
    uint32_t first; /* of its ticks or bins, among the pool's */
    uint32_t count; /* of those that hold anything */
} dv_pool_array;

/* How the arrays of a program are read. */
typedef struct dv_pool_array_kind {
    uint32_t size;                /* bytes of an account, at least */
    uint32_t pool_at;             /* where it names its pool, after the discriminator */
    const uint8_t *discriminator; /* 8 bytes */
    uint32_t slots;               /* ticks or bins of one */
    size_t slot_size;             /* bytes of one of them, decoded */
    /* By what they are sorted; the data is as long as size says, and not checked otherwise. */
    int64_t (*place)(const uint8_t *data);
    /* Decodes one: its number, and how many of its slots hold anything, which are written in order.
       ret_slots: room for all of them, and one more. */
    dv_err (*read)(const dv_account *account, const dv_pool *pool, dv_pool_array *ret_array,
                   void *ret_slots, dv_refusal *ret_refusal);
} dv_pool_array_kind;

/* Whether an account is the program's own, has the discriminator and names the pool at an offset.
 */
bool dv_pool_array_belongs(const dv_account *account, const dv_account *own, uint32_t size,
                           const uint8_t *discriminator, uint32_t pool_at);

/* Reads all arrays of a pool among the accounts, by number without repetition. ret_arrays and
   ret_slots are heap memory, which the caller frees, also after an error: *ret_count arrays, and
   their slots one after the other. Errors: what `read` returns, VENUE_POOL_MALFORMED,
   OUT_OF_MEMORY.
 */
DV_MUST_CHECK dv_err dv_pool_arrays_read(const dv_pool_array_kind *kind, const dv_account *own,
                                         const dv_account_set *accounts, const dv_pool *pool,
                                         dv_pool_array **ret_arrays, void **ret_slots,
                                         uint32_t *ret_count, dv_refusal *ret_refusal);

/* The array of a number, among arrays by number without repetition; NULL when it is not there. */
const dv_pool_array *dv_pool_array_find(const dv_pool_array *arrays, uint32_t count,
                                        int32_t number);

/* A walk along arrays, for the swap that goes that way. */
typedef struct dv_pool_arrays_way {
    const dv_array_bits *bits;
    const dv_pool_array *arrays;
    uint32_t count;       /* of arrays */
    int32_t first;        /* number at which it begins */
    uint32_t walked;      /* arrays that it comes through */
    uint32_t most;        /* of one swap, spare ones included */
    uint32_t spares_less; /* as in dv_swap_user */
    bool up;
} dv_pool_arrays_way;

/* Adds the accounts of the arrays walked through, and then as many spare ones as are known. */
void dv_pool_arrays_add(const dv_pool_arrays_way *way, dv_instruction *ret_instruction);

#endif
