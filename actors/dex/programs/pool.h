/* What a pool is to whoever quotes: decoded from the bytes of its accounts, then asked.

   A pool is pure: it sees no clock, no socket and no thread, and a quote allocates nothing. The
   accounts are hostile until they are decoded: what does not belong to the right program, has
   another size or discriminator, or points elsewhere, is refused. So is a pool with a feature whose
   mathematics could not be checked against the compiled program, with the reason.

   How to get a pool: ask dv_pool_needs for the accounts, starting from the pool's own, until it
   names none that has not been looked for (a pool's account names its vaults and mints; its bitmap
   names the tick arrays), then dv_pool_new. A changed account makes a new pool. */
#ifndef DV_DEX_POOL_H
#define DV_DEX_POOL_H

#include "actors/solana/instruction.h"
#include "actors/solana/token.h"
#include "proto/amount.h"

typedef enum dv_pool_mode {
    DV_SWAP_EXACT_IN,     /* amount is what is paid */
    DV_SWAP_EXACT_OUT,    /* amount is what arrives */
    DV_SWAP_PARTIAL_FILL, /* as EXACT_IN, but stops at the pool's price bound: DAMM v2 only */
} dv_pool_mode;

/* A limit that refuses nothing. */
#define DV_LIMIT_NONE_OUT 0
#define DV_LIMIT_NONE_IN UINT64_MAX

typedef struct dv_swap_ask {
    dv_pool_mode mode;
    dv_pubkey mint_in, mint_out; /* the pool's two mints, in either order */
    uint64_t amount;             /* atoms, of the mint that the mode says */
    /* atoms of the other mint, transfer fees included: EXACT_OUT: the most to be paid, else the
       least to arrive. */
    uint64_t limit;
} dv_swap_ask;

/* What a swap would do. Amounts are what the user's token accounts lose and gain, Token-2022
   transfer fees included. Fees are in the mint that the venue takes them in; 0 for a part that the
   venue does not have. */
typedef struct dv_swap_quote {
    uint64_t amount_in;       /* atoms of mint_in that leave the user's account */
    uint64_t amount_out;      /* atoms of mint_out that arrive */
    uint64_t fee;             /* atoms: the venue's whole fee, of which */
    uint64_t protocol_fee;    /*   the program's owner */
    uint64_t fund_fee;        /*   Raydium CPMM and CLMM: the fund's owner */
    uint64_t lp_fee;          /*   what stays with those who provide the liquidity */
    uint64_t compounding_fee; /*   DAMM v2: what goes back into the pool */
    uint64_t limit_order_fee; /*   DLMM: what those who placed limit orders get */
    bool fee_on_input;        /* whether the fees are of mint_in */
    uint32_t crossings;       /* initialised ticks, or bins, that the swap leaves behind */
    uint32_t arrays;          /* accounts of ticks or bins that it comes through */
} dv_swap_quote;

/* Instead of a custom code, when the program panics: InstructionError ProgramFailedToComplete. */
#define DV_PROGRAM_PANIC UINT32_MAX
/* What we refuse although the program might not. */
#define DV_PROGRAM_ERROR_NONE (UINT32_MAX - 1)

/* Why there is no quote or no pool. */
typedef struct dv_refusal {
    /* Ours: VENUE_NO_POOL (other mints), VENUE_LIQUIDITY_INSUFFICIENT, VENUE_SLIPPAGE_EXCEEDED (the
       limit), VENUE_AMOUNT_TOO_SMALL, VENUE_POOL_CLOSED, VENUE_POOL_UNSUPPORTED,
       VENUE_POOL_MALFORMED, VENUE_ACCOUNT_MISSING, VENUE_QUOTE_FAILED (any other). */
    dv_err err;
    uint32_t
        program_error;  /* the custom code that the program would fail with, or one of the above */
    const char *reason; /* a sentence for people; static */
} dv_refusal;

/* Writes the refusal and returns its error, for `return dv_refuse(...)`. */
static inline dv_err dv_refuse(dv_refusal *ret_refusal, dv_err err, uint32_t program_error,
                               const char *reason)
{
    *ret_refusal = (dv_refusal){err, program_error, reason};
    return err;
}

/* The refusals that several programs share; program_error as in dv_refusal. */
static inline dv_err dv_refuse_malformed(dv_refusal *ret_refusal, const char *reason)
{
    return dv_refuse(ret_refusal, DV_VENUE_POOL_MALFORMED, DV_PROGRAM_ERROR_NONE, reason);
}
static inline dv_err dv_refuse_unsupported(dv_refusal *ret_refusal, const char *reason)
{
    return dv_refuse(ret_refusal, DV_VENUE_POOL_UNSUPPORTED, DV_PROGRAM_ERROR_NONE, reason);
}
static inline dv_err dv_refuse_too_much(dv_refusal *ret_refusal, uint32_t program_error)
{
    return dv_refuse(ret_refusal, DV_VENUE_LIQUIDITY_INSUFFICIENT, program_error,
                     "the pool does not hold that much");
}
static inline dv_err dv_refuse_overflow(dv_refusal *ret_refusal, uint32_t program_error)
{
    return dv_refuse(ret_refusal, DV_VENUE_QUOTE_FAILED, program_error,
                     "the program's arithmetic would overflow");
}

/* As many accounts as one pool may need: CLMM and DLMM name the arrays near the price. */
#define DV_POOL_NEEDS_MAX 64

/* The accounts that a pool needs. A pool that would need more quotes as far as these reach. */
typedef struct dv_pool_needs {
    uint32_t count;
    dv_pubkey at[DV_POOL_NEEDS_MAX];
} dv_pool_needs;

typedef struct dv_pool dv_pool;

/* As many arrays beyond those that a swap comes through go with it, where there are any, since the
   price may move before it lands. */
#define DV_SWAP_SPARES 2

/* Whose accounts a swap moves tokens between. The token accounts exist and are of the pool's mints.
 */
typedef struct dv_swap_user {
    dv_pubkey owner;       /* signs and pays */
    dv_pubkey account_in;  /* of mint_in */
    dv_pubkey account_out; /* of mint_out */
    uint32_t spares_less; /* of DV_SWAP_SPARES, so many stay out of the transaction, to save room */
} dv_swap_user;

/* What the own account of every pool of a program has in common: what pools are searched by. */
typedef struct dv_pool_layout {
    uint32_t size;      /* bytes of the whole account */
    uint32_t mints_at;  /* where mint 0 is; mint 1 follows it */
    uint32_t vaults_at; /* likewise of the token accounts that hold them */
    bool sorted;        /* mint 0 is always the lesser one (dv_pubkey_compare) */
} dv_pool_layout;

/* One venue program. What the dv_pool_ functions below say holds for these. */
typedef struct dv_pool_class {
    const char *name;          /* "raydium_cpmm" */
    const char *dex;           /* "raydium" */
    const dv_pubkey *programs; /* its ids: mainnet, devnet */
    uint32_t program_count;
    dv_pool_layout layout; /* an account that is shorter than its size is refused */
    const uint8_t *mark;   /* 8 bytes that the pool's account begins with; NULL: none */
    size_t size;           /* bytes of the venue's own struct */
    bool fills_partly;     /* takes DV_SWAP_PARTIAL_FILL; otherwise that mode is refused */
    /* Lists everything that the pool needs as far as `accounts` tells, found or not. pool: its base
       alone, without mints' tokens; own: its account, not to be listed. ret_needs starts empty; use
       dv_pool_need. */
    dv_err (*needs)(const dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                    dv_pool_needs *ret_needs, dv_refusal *ret_refusal);
    /* Decodes the rest of the venue's own struct, which starts zeroed but for its base; the two
       mints are different. After an error the pool is released, too. */
    dv_err (*decode)(dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                     dv_refusal *ret_refusal);
    /* Frees what the struct owns, but not the struct; NULL: it owns nothing. */
    void (*release)(dv_pool *pool);
    /* The mints have been found to be the pool's: in is 0 when mint_in is the pool's mint 0, else
       1. The limit is checked by the caller afterwards; a venue whose program checks it earlier
       than another error checks it itself. ret_quote starts zeroed. */
    dv_err (*quote)(const dv_pool *pool, const dv_swap_ask *ask, uint32_t in,
                    const dv_chain_clock *clock, dv_swap_quote *ret_quote, dv_refusal *ret_refusal);
    /* What the program fails with when too little arrives (OUT), too much is paid (IN). */
    uint32_t error_limit_out, error_limit_in;
    /* Encodes the swap that was quoted for the ask at the clock; amount and limit as in the ask. */
    dv_err (*swap)(const dv_pool *pool, const dv_swap_ask *ask, uint32_t in,
                   const dv_chain_clock *clock, const dv_swap_user *user,
                   dv_instruction *ret_instruction, dv_refusal *ret_refusal);
} dv_pool_class;

/* A venue's own struct begins with this. Mint 0 and 1 are the program's (x and y, a and b). */
struct dv_pool {
    const dv_pool_class *class;
    dv_pubkey program, address;
    dv_pubkey mint[2], vault[2]; /* addresses */
    dv_pubkey token_program[2];  /* that own the mints */
    dv_mint token[2];
};

/* The class whose program owns a pool, NULL when it is none of ours. */
const dv_pool_class *dv_pool_class_of(const dv_pubkey *program);

/* The class after another, of all that there are, NULL after the last; after NULL the first. */
const dv_pool_class *dv_pool_class_next(const dv_pool_class *after);

/* Lists what the pool at an address needs beside its own account, as far as the accounts tell:
   empty when they do not hold the pool's own yet. Ask again with more accounts until it lists none
   that has not been looked for: at most four times. */
DV_MUST_CHECK dv_err dv_pool_list_needs(const dv_pubkey *address, const dv_account_set *accounts,
                                        dv_pool_needs *ret_needs, dv_refusal *ret_refusal);

/* Adds one, unless it is listed already or the list is full. */
void dv_pool_need(dv_pool_needs *needs, const dv_pubkey *address);

/* Decodes the pool at an address. The accounts are only read during the call. The caller owns the
   pool. Errors as in dv_refusal. */
DV_MUST_CHECK dv_err dv_pool_new(const dv_pubkey *address, const dv_account_set *accounts,
                                 dv_pool **ret_pool, dv_refusal *ret_refusal);

/* Accepts NULL; leaves NULL. */
void dv_pool_destroy(dv_pool **pool);

/* What a swap in the block of `clock` would do. To the last unit what the program would do with the
   accounts that the pool was decoded from. */
DV_MUST_CHECK dv_err dv_pool_quote(const dv_pool *pool, const dv_swap_ask *ask,
                                   const dv_chain_clock *clock, dv_swap_quote *ret_quote,
                                   dv_refusal *ret_refusal);

/* Encodes a swap: the program's instruction with all of its accounts. Does not quote. */
DV_MUST_CHECK dv_err dv_pool_swap(const dv_pool *pool, const dv_swap_ask *ask,
                                  const dv_chain_clock *clock, const dv_swap_user *user,
                                  dv_instruction *ret_instruction, dv_refusal *ret_refusal);

/* For decoders: finds an account that the pool names and that has at least `size` bytes and this
   owner (NULL: any). VENUE_ACCOUNT_MISSING, VENUE_POOL_MALFORMED. */
DV_MUST_CHECK dv_err dv_pool_account(const dv_account_set *accounts, const dv_pubkey *address,
                                     const dv_pubkey *owner, uint32_t size,
                                     const dv_account **ret_account, dv_refusal *ret_refusal);

/* For decoders: reads both mints into token and token_program. A mint with a transfer hook or an
   unknown extension, that is paused or cannot be transferred, is VENUE_POOL_UNSUPPORTED. */
DV_MUST_CHECK dv_err dv_pool_read_mints(dv_pool *pool, const dv_account_set *accounts,
                                        dv_refusal *ret_refusal);

/* For decoders: reads how many atoms the vault of a side holds beside what the pool `owes` to
   others (token_program is set). A vault of another mint or program, or with less than is owed, is
   VENUE_POOL_MALFORMED; a frozen vault is VENUE_POOL_CLOSED. */
DV_MUST_CHECK dv_err dv_pool_read_reserve(const dv_pool *pool, uint32_t side, dv_u128 owes,
                                          const dv_account_set *accounts, uint64_t *ret_reserve,
                                          dv_refusal *ret_refusal);

/* What Token-2022 withholds from a transfer of the mint of a side; see token.h. */
static inline uint64_t dv_pool_withheld_ceil(const dv_pool *pool, uint32_t side,
                                             const dv_chain_clock *clock, uint64_t amount)
{
    if (!pool->token[side].has_transfer_fee) return 0;
    return dv_transfer_fee_ceil(dv_mint_fee_at(&pool->token[side], clock->epoch), amount);
}

/* What arrives of a transfer of `sent` atoms. */
static inline uint64_t dv_pool_arrives_floor(const dv_pool *pool, uint32_t side,
                                             const dv_chain_clock *clock, uint64_t sent)
{
    return sent - dv_pool_withheld_ceil(pool, side, clock, sent);
}

/* What has to be sent so that `net` atoms arrive. False when it does not fit u64. */
DV_MUST_CHECK static inline bool dv_pool_sent_ceil(const dv_pool *pool, uint32_t side,
                                                   const dv_chain_clock *clock, uint64_t net,
                                                   uint64_t *ret_sent)
{
    uint64_t withheld = 0;
    if (pool->token[side].has_transfer_fee &&
        !dv_transfer_fee_inverse_ceil(dv_mint_fee_at(&pool->token[side], clock->epoch), net,
                                      &withheld))
        return false;
    *ret_sent = net + withheld;
    return true;
}

/* The classes. */
extern const dv_pool_class DV_RAYDIUM_CPMM, DV_RAYDIUM_AMM_V4, DV_RAYDIUM_CLMM, DV_METEORA_DAMM_V2,
    DV_METEORA_DLMM;

#endif
