/* A pool of one of the DEXs' programs: decoded from the bytes of its accounts, then quoted.

   A pool is pure: it sees no clock, no socket and no thread, and a quote allocates nothing.
   Accounts are hostile bytes. A decoder refuses an account of another program, with another size or
   discriminator, or that names another pool. It also refuses a pool with a feature whose
   mathematics was not checked against the compiled program, and says which.

   To get a pool, call dv_pool_list_needs with the pool's own account, fetch what it lists, and
   repeat with these accounts until it lists nothing new. Then call dv_pool_new. A pool's account
   names its vaults and mints; its bitmap names the arrays of ticks or bins. A changed account makes
   a new pool. */
#ifndef DV_DEX_POOL_H
#define DV_DEX_POOL_H

#include "actors/solana/instruction.h"
#include "actors/solana/token.h"
#include "proto/amount.h"

typedef enum dv_pool_mode {
    DV_SWAP_EXACT_IN,     /* amount is paid */
    DV_SWAP_EXACT_OUT,    /* amount arrives */
    DV_SWAP_PARTIAL_FILL, /* as EXACT_IN, but stops at the pool's price bound: DAMM v2 only */
} dv_pool_mode;

/* A limit that refuses nothing. */
#define DV_LIMIT_NONE_OUT 0
#define DV_LIMIT_NONE_IN UINT64_MAX

typedef struct dv_swap_ask {
    dv_pool_mode mode;
    dv_pubkey mint_in, mint_out; /* the pool's two mints, in either order */
    uint64_t amount;             /* atoms: of mint_in, or of mint_out if EXACT_OUT */
    /* Atoms of the other mint, transfer fees included. EXACT_OUT: the most to be paid, else the
       least to arrive. */
    uint64_t limit;
} dv_swap_ask;

/* What a swap would do. Amounts are those that the user's token accounts lose and gain, Token-2022
   transfer fees included. Fees are in the mint from which the program takes them. A part that the
   program does not have is 0. */
typedef struct dv_swap_quote {
    uint64_t amount_in;       /* atoms of mint_in that leave the user's account */
    uint64_t amount_out;      /* atoms of mint_out that arrive */
    uint64_t fee;             /* atoms: the program's whole fee, of which */
    uint64_t protocol_fee;    /*   the program's owner */
    uint64_t fund_fee;        /*   Raydium CPMM and CLMM: the fund's owner */
    uint64_t lp_fee;          /*   the liquidity providers' */
    uint64_t compounding_fee; /*   DAMM v2: back into the pool */
    uint64_t limit_order_fee; /*   DLMM: those who placed limit orders */
    bool fee_on_input;        /* whether the fees are of mint_in */
    uint32_t crossings;       /* initialised ticks, or bins, that the swap leaves behind */
    uint32_t arrays;          /* arrays of ticks or bins that the swap comes through */
} dv_swap_quote;

/* The program panics: InstructionError ProgramFailedToComplete, without a custom code. */
#define DV_PROGRAM_PANIC UINT32_MAX
/* We refuse what the program might do. */
#define DV_PROGRAM_ERROR_NONE (UINT32_MAX - 1)

/* Why there is no quote or no pool. */
typedef struct dv_refusal {
    /* Ours: VENUE_NO_POOL (other mints), VENUE_LIQUIDITY_INSUFFICIENT, VENUE_SLIPPAGE_EXCEEDED (the
       limit), VENUE_AMOUNT_TOO_SMALL, VENUE_POOL_CLOSED, VENUE_POOL_UNSUPPORTED,
       VENUE_POOL_MALFORMED, VENUE_ACCOUNT_MISSING, VENUE_QUOTE_FAILED (any other). */
    dv_err err;
    uint32_t program_error; /* the program's custom code, or one of the two above */
    const char *reason;     /* a sentence for people; static */
} dv_refusal;

/* Writes the refusal and returns its error, for `return dv_refuse(...)`. */
static inline dv_err dv_refuse(dv_refusal *ret_refusal, dv_err err, uint32_t program_error,
                               const char *reason)
{
    *ret_refusal = (dv_refusal){err, program_error, reason};
    return err;
}

/* Refusals that several programs share. program_error: as in dv_refusal. */
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

/* The most accounts of one pool. CLMM and DLMM list the arrays nearest to the price. */
#define DV_POOL_NEEDS_MAX 64

/* The accounts that a pool needs. A pool that needs more quotes only as far as these reach. */
typedef struct dv_pool_needs {
    uint32_t count;
    dv_pubkey at[DV_POOL_NEEDS_MAX];
} dv_pool_needs;

typedef struct dv_pool dv_pool;

/* How many arrays beyond the swap's own go with it, since the price may move before the swap
   lands. */
#define DV_SWAP_SPARES 2

/* The accounts between which a swap moves tokens. The token accounts exist and are of the pool's
   mints. */
typedef struct dv_swap_user {
    dv_pubkey owner;       /* signs and pays */
    dv_pubkey account_in;  /* of mint_in */
    dv_pubkey account_out; /* of mint_out */
    uint32_t spares_less;  /* how many of DV_SWAP_SPARES are left out, to save room */
} dv_swap_user;

/* The layout of a program's pool accounts, by which pools are searched. */
typedef struct dv_pool_layout {
    uint32_t size;      /* bytes of the whole account */
    uint32_t mints_at;  /* where mint 0 is; mint 1 follows it */
    uint32_t vaults_at; /* where vault 0 is; vault 1 follows it */
    bool sorted;        /* mint 0 is always the lesser mint */
} dv_pool_layout;

/* One program. The dv_pool_ functions below say more of its functions. */
typedef struct dv_pool_class {
    const char *name;          /* "raydium_cpmm" */
    const char *dex;           /* "raydium" */
    const dv_pubkey *programs; /* its ids: mainnet, devnet */
    uint32_t program_count;
    dv_pool_layout layout; /* a shorter account is refused */
    const uint8_t *mark;   /* 8 bytes that the pool's account begins with; NULL: none */
    size_t size;           /* bytes of the program's own struct */
    bool fills_partly;     /* takes DV_SWAP_PARTIAL_FILL; otherwise that mode is refused */
    /* Lists the accounts that the pool needs, as far as `accounts` tells, whether they are there or
       not. pool: its base, without tokens. own: its account, which is not listed. ret_needs starts
       empty; use dv_pool_need. */
    dv_err (*needs)(const dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                    dv_pool_needs *ret_needs, dv_refusal *ret_refusal);
    /* Decodes the program's own struct, which is zeroed behind its base. The two mints differ.
       After an error the pool is released, too. */
    dv_err (*decode)(dv_pool *pool, const dv_account *own, const dv_account_set *accounts,
                     dv_refusal *ret_refusal);
    /* Frees what the struct owns, not the struct itself. NULL: it owns nothing. */
    void (*release)(dv_pool *pool);
    /* Quotes. in is 0 when mint_in is the pool's mint 0, else 1. The caller checks the limit
       afterwards; a program that checks it before another error does so here. ret_quote starts
       zeroed. */
    dv_err (*quote)(const dv_pool *pool, const dv_swap_ask *ask, uint32_t in,
                    const dv_chain_clock *clock, dv_swap_quote *ret_quote, dv_refusal *ret_refusal);
    /* The program's errors when too little arrives (OUT), or too much is paid (IN). */
    uint32_t error_limit_out, error_limit_in;
    /* Encodes the swap that was quoted for the ask at the clock; amount and limit as in the ask. */
    dv_err (*swap)(const dv_pool *pool, const dv_swap_ask *ask, uint32_t in,
                   const dv_chain_clock *clock, const dv_swap_user *user,
                   dv_instruction *ret_instruction, dv_refusal *ret_refusal);
} dv_pool_class;

/* A program's own struct begins with this one. Mints 0 and 1 are the program's (x and y, a and
   b). */
struct dv_pool {
    const dv_pool_class *class;
    dv_pubkey program, address;
    dv_pubkey mint[2], vault[2]; /* addresses */
    dv_pubkey token_program[2];  /* that own the mints */
    dv_mint token[2];
};

/* The class of a program; NULL: it is not known. */
const dv_pool_class *dv_pool_class_of(const dv_pubkey *program);

/* The class after another, NULL after the last; after NULL the first. */
const dv_pool_class *dv_pool_class_next(const dv_pool_class *after);

/* Lists what the pool at an address needs beside its own account, as far as the accounts tell;
   nothing before they hold that account. Ask again with more accounts until nothing new is listed:
   at most four times. */
DV_MUST_CHECK dv_err dv_pool_list_needs(const dv_pubkey *address, const dv_account_set *accounts,
                                        dv_pool_needs *ret_needs, dv_refusal *ret_refusal);

/* Adds an address, unless it is listed already or the list is full. */
void dv_pool_need(dv_pool_needs *needs, const dv_pubkey *address);

/* Decodes the pool at an address. The accounts are only read during the call. The caller owns the
   pool. Errors as in dv_refusal. */
DV_MUST_CHECK dv_err dv_pool_new(const dv_pubkey *address, const dv_account_set *accounts,
                                 dv_pool **ret_pool, dv_refusal *ret_refusal);

/* Accepts NULL; leaves NULL. */
void dv_pool_destroy(dv_pool **pool);

/* What a swap would do in the block of `clock`: to the atom what the program would do with the
   accounts of the pool. */
DV_MUST_CHECK dv_err dv_pool_quote(const dv_pool *pool, const dv_swap_ask *ask,
                                   const dv_chain_clock *clock, dv_swap_quote *ret_quote,
                                   dv_refusal *ret_refusal);

/* Encodes a swap: the program's instruction with all of its accounts. It does not quote. */
DV_MUST_CHECK dv_err dv_pool_swap(const dv_pool *pool, const dv_swap_ask *ask,
                                  const dv_chain_clock *clock, const dv_swap_user *user,
                                  dv_instruction *ret_instruction, dv_refusal *ret_refusal);

/* For decoders: finds an account that the pool names. It has to have at least `size` bytes and this
   owner (NULL: any). VENUE_ACCOUNT_MISSING, VENUE_POOL_MALFORMED. */
DV_MUST_CHECK dv_err dv_pool_account(const dv_account_set *accounts, const dv_pubkey *address,
                                     const dv_pubkey *owner, uint32_t size,
                                     const dv_account **ret_account, dv_refusal *ret_refusal);

/* For decoders: reads both mints into token and token_program. VENUE_POOL_UNSUPPORTED: a mint has a
   transfer hook or an unknown extension, is paused, or cannot be transferred. */
DV_MUST_CHECK dv_err dv_pool_read_mints(dv_pool *pool, const dv_account_set *accounts,
                                        dv_refusal *ret_refusal);

/* For decoders: reads how many atoms the vault of a side holds, less what the pool `owes` to
   others. token_program is set. VENUE_POOL_MALFORMED: the vault is of another mint or program, or
   holds less than is owed. VENUE_POOL_CLOSED: it is frozen. */
DV_MUST_CHECK dv_err dv_pool_read_reserve(const dv_pool *pool, uint32_t side, dv_u128 owes,
                                          const dv_account_set *accounts, uint64_t *ret_reserve,
                                          dv_refusal *ret_refusal);

/* What Token-2022 withholds from a transfer of a side's mint; see token.h. */
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
