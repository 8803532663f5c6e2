/* How the pools of a pair of tokens are found: what to ask of getProgramAccounts, which answers to
   believe, and which pools to take. Pure: chain_pairs.c asks.

   What a node says is believed as far as it can be checked here: the program, the mints, each once.
   The pools taken are then read and judged as those of the configuration are. */
#ifndef DV_DEX_PAIR_SEARCH_H
#define DV_DEX_PAIR_SEARCH_H

#include "actors/base/tokens.h"
#include "actors/dex/programs/pool.h"
#include "actors/solana/answer.h"
#include "proto/message.h"

#define DV_PAIR_NAME_SIZE (2 * DV_SYMBOL_MAX + 2)
#define DV_PAIR_FOUND_MAX 1000             /* pools in one answer, and of one program and pair */
#define DV_PAIR_ANSWER_SIZE_MAX (1u << 20) /* bytes of one answer */
#define DV_PAIR_PARAMS_SIZE 512
#define DV_PAIR_VAULT_SIZE 72 /* bytes that are asked of a vault: mint, owner, amount */

/* Two tokens that are traded for each other. */
typedef struct dv_pair {
    char name[DV_PAIR_NAME_SIZE]; /* e.g. SOL/USDC */
    dv_pubkey mint[2];            /* not equal */
} dv_pair;

/* Reads SOL/USDC: symbols or mints of the table. CONFIG_INVALID: ret_why says what is wrong. */
DV_MUST_CHECK dv_err dv_pair_parse(const char *text, const dv_tokens *tokens, dv_pair *ret_pair,
                                   char ret_why[DV_REASON_MAX]);

/* Whether these are the pair's two mints, in either order. */
bool dv_pair_is_of(const dv_pair *pair, const dv_pubkey *a, const dv_pubkey *b);

/* One question: the pools of a program that have these mints, in this order. */
typedef struct dv_pair_search {
    const dv_pool_class *class;
    dv_pubkey program;
    dv_pubkey mint[2]; /* as the pool's account has them */
} dv_pair_search;

/* How many questions a pair takes of a program: 1 where pools have their mints sorted, else 2. */
uint32_t dv_pair_search_count(const dv_pool_class *class);

/* The question of an index below that. */
dv_pair_search dv_pair_search_at(const dv_pair *pair, const dv_pool_class *class,
                                 const dv_pubkey *program, uint32_t index);

/* Writes getProgramAccounts' parameters: filters by size and mints, and a slice that holds mints
   and vaults. */
void dv_pair_search_params(const dv_pair_search *search, char ret_params[DV_PAIR_PARAMS_SIZE]);

/* A pool that was found. */
typedef struct dv_pair_pool {
    dv_pubkey address;
    dv_pubkey mint[2], vault[2];
    uint64_t held[2]; /* atoms in its vaults, by mint; 0 until they are known */
} dv_pair_pool;

/* Reads the answer and adds its pools to those of an earlier question: ret_pools has room for
   DV_PAIR_FOUND_MAX, *count is how many there are. MESSAGE_MALFORMED: it is no such answer, or
   names a pool of another program or of other mints, or one twice: then none of it is believed.
   MESSAGE_TOO_LARGE: there are more than have room. */
DV_MUST_CHECK dv_err dv_pair_search_read(const dv_pair_search *search, dv_answer *answer,
                                         dv_pair_pool *ret_pools, uint32_t *count);

/* Notes what a vault holds, from its first DV_PAIR_VAULT_SIZE bytes. One that is no token account
   of the mint holds nothing. */
void dv_pair_weigh(dv_pair_pool *pool, uint32_t side, const dv_account *vault);

/* Sorts the pools, the deepest first: by the product of what their vaults hold, which is a pool's
   liquidity whatever its price. Those that hold nothing are left out. Returns how many remain. */
uint32_t dv_pair_sort(dv_pair_pool *pools, uint32_t count);

#endif
