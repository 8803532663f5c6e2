/* The accounts that hold a pool's ticks or bins, as Raydium CLMM and Meteora DLMM have them. Each
   array is a stretch of ticks or bins. A bitmap in the pool's account, and one in an extension's
   account, say which arrays are in use. Decoded, all slots lie in one ascending row. */
#ifndef DV_DEX_POOL_ARRAYS_H
#define DV_DEX_POOL_ARRAYS_H

#include "actors/dex/programs/array_bits.h"
#include "actors/dex/programs/pool.h"

typedef struct dv_pool_array {
    dv_pubkey address;
    int32_t number; /* of the array that begins at tick or bin 0: 0 */
    uint32_t first; /* of its slots, among the pool's */
    uint32_t count; /* of its slots that hold anything */
} dv_pool_array;

/* Where a program keeps arrays and bitmaps, and how they are read. A discriminator is the 8 bytes
   that an account begins with. */
typedef struct dv_pool_array_kind {
    uint32_t size;    /* bytes of an array's account, at least */
    uint32_t pool_at; /* where it names its pool */
    const uint8_t *discriminator;
    uint32_t slots;   /* ticks or bins of an array */
    size_t slot_size; /* bytes of a decoded slot */
    /* By what arrays are sorted; the data has at least `size` bytes, and was not checked. */
    int64_t (*place)(const uint8_t *data);
    /* Decodes an array: its number, and its slots that hold anything, in order. ret_slots: room for
       all slots, and one more. */
    dv_err (*read)(const dv_account *account, const dv_pool *pool, dv_pool_array *ret_array,
                   void *ret_slots, dv_refusal *ret_refusal);
    /* The address of the array of a number; false: there is no such array. */
    bool (*address)(const dv_pool *pool, int32_t number, dv_pubkey *ret_address);
    uint32_t bits_at;           /* of the bitmap in the pool's account */
    const char *extension_seed; /* the extension's address is derived from it and the pool's */
    uint32_t extension_size;    /* bytes of its account, at least; it names its pool at 8 */
    const uint8_t *extension_discriminator;
    uint32_t up_at, down_at; /* of its groups of arrays above, and below, the pool's own bitmap */
    uint32_t groups;         /* on either side, 1..DV_ARRAY_BITS_GROUPS_MAX */
    bool down_descends;      /* as in dv_array_bits_decode */
} dv_pool_array_kind;

/* The arrays of a pool that were found. */
typedef struct dv_pool_arrays {
    dv_array_bits bits;
    dv_pubkey extension; /* set if bits has one */
    uint32_t count;
    dv_pool_array *at; /* owned: by number, without repetition */
    void *slots;       /* owned: those of all arrays that hold anything, ascending */
} dv_pool_arrays;

/* Lists what a pool needs: its extension, and the arrays in use nearest to the array `at`. */
void dv_pool_arrays_need(const dv_pool_array_kind *kind, const dv_pool *pool, const dv_account *own,
                         const dv_account_set *accounts, int32_t at, dv_pool_needs *ret_needs);

/* Reads the bitmaps, and all arrays of the pool among the accounts. The caller frees ret_arrays
   with dv_pool_arrays_fini, also after an error. Errors: those of `read`, VENUE_POOL_MALFORMED. */
DV_MUST_CHECK dv_err dv_pool_arrays_read(const dv_pool_array_kind *kind, const dv_pool *pool,
                                         const dv_account *own, const dv_account_set *accounts,
                                         dv_pool_arrays *ret_arrays, dv_refusal *ret_refusal);
void dv_pool_arrays_fini(dv_pool_arrays *arrays); /* accepts {0} */

/* Whether a bitmap says of the array whether it is in use: the pool's own or the extension's. */
static inline bool dv_pool_arrays_reach(const dv_pool_arrays *arrays, int32_t number)
{
    return arrays->bits.has_extension ||
           (number >= DV_ARRAY_BITS_OWN_FIRST && number < -DV_ARRAY_BITS_OWN_FIRST);
}

/* Which arrays a swap comes through. */
typedef struct dv_pool_arrays_way {
    bool up;
    int32_t first;   /* number of the first array */
    uint32_t walked; /* arrays so far */
} dv_pool_arrays_way;

/* Finds the array of a number and counts it. VENUE_ACCOUNT_MISSING when it was not found. */
DV_MUST_CHECK dv_err dv_pool_arrays_enter(const dv_pool_arrays *arrays, int32_t number,
                                          dv_pool_arrays_way *way, const dv_pool_array **ret_array,
                                          dv_refusal *ret_refusal);

/* Whether the accounts of all arrays walked through fit into a transaction.
   VENUE_LIQUIDITY_INSUFFICIENT. */
DV_MUST_CHECK dv_err dv_pool_arrays_fit(const dv_pool_arrays_way *way, dv_refusal *ret_refusal);

/* Adds the accounts of the arrays walked through, and then as many spare arrays as are known. */
void dv_pool_arrays_add(const dv_pool_arrays *arrays, const dv_pool_arrays_way *way,
                        uint32_t spares_less, dv_instruction *ret_instruction);

#endif
