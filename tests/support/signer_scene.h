/* A scene for what is signed: a wallet, a policy, and a swap of 1 SOL for USDC with all that is
   around it, instruction by instruction, to be changed by a test before it is compiled. */
#ifndef DV_TESTS_SIGNER_SCENE_H
#define DV_TESTS_SIGNER_SCENE_H

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#include "actors/dex/programs/program_ids.h"
#include "actors/signer/policy.h"
#include "actors/solana/builders.h"
#include "actors/solana/keypair.h"
#include "actors/solana/pda.h"
#include "actors/solana/programs.h"
#include "actors/solana/transaction.h"
#include "tests/support/mints.h"

#define SCENE_BONK "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
#define SCENE_AMOUNT 1000000000u
#define SCENE_LIMIT 150000000u
#define SCENE_RENT 2039280u
#define SCENE_GUARD_RENT 890880u
#define SCENE_ATTEMPTS_MAX 3

enum { UNITS, PRICE, GUARD, MAKE, INITIALISE, ASSOCIATED, SWAP, CLOSE, MEMO, SCENE_COUNT };

typedef struct sign_scene {
    dv_signer_config config;
    dv_tokens tokens;
    dv_signer_policy policy;
    dv_keypair pair;
    dv_pubkey wallet, stranger, sol, usdc, bonk, own, usdc_account; /* own: the wrapped SOL */
    dv_instruction ix[SCENE_COUNT + 4];
    uint32_t ix_count;
    dv_pubkey payer;
    dv_lookup_table table; /* of no address: none */
    dv_transaction made;
    dv_sign_request ask; /* without its message until it is compiled */
    char why[DV_REASON_MAX];
} sign_scene;

static inline dv_pubkey scene_pubkey(const char *text)
{
    dv_pubkey key;
    bool read = dv_pubkey_parse(dv_text_of(text), &key);
    assert(read);
    return key;
}

static inline dv_pubkey scene_seeded(const dv_pubkey *base, const char *seed,
                                     const dv_pubkey *owner)
{
    uint8_t all[32 + 32 + 32];
    dv_pubkey made;
    memcpy(all, base->bytes, 32);
    memcpy(all + 32, seed, strlen(seed));
    memcpy(all + 32 + strlen(seed), owner->bytes, 32);
    crypto_hash_sha256(made.bytes, all, 64 + strlen(seed));
    return made;
}

/* CreateAccountWithSeed. */
static inline void scene_create(dv_instruction *to, const dv_pubkey *base, const char *seed,
                                uint64_t lamports, uint64_t space, const dv_pubkey *owner)
{
    dv_pubkey made = scene_seeded(base, seed, owner);
    dv_instruction_begin(to, &DV_PROGRAM_SYSTEM);
    dv_instruction_put_le(to, 3, 4);
    dv_instruction_put(to, base->bytes, 32);
    dv_instruction_put_le(to, strlen(seed), 8);
    dv_instruction_put(to, seed, (uint32_t)strlen(seed));
    dv_instruction_put_le(to, lamports, 8);
    dv_instruction_put_le(to, space, 8);
    dv_instruction_put(to, owner->bytes, 32);
    dv_instruction_add(to, base, true, true);
    dv_instruction_add(to, &made, false, true);
}

/* TransferWithSeed. */
static inline void scene_take_back(dv_instruction *to, const dv_pubkey *base, const char *seed,
                                   const dv_pubkey *destination, uint64_t lamports)
{
    dv_pubkey from = scene_seeded(base, seed, &DV_PROGRAM_SYSTEM);
    dv_instruction_begin(to, &DV_PROGRAM_SYSTEM);
    dv_instruction_put_le(to, 11, 4);
    dv_instruction_put_le(to, lamports, 8);
    dv_instruction_put_le(to, strlen(seed), 8);
    dv_instruction_put(to, seed, (uint32_t)strlen(seed));
    dv_instruction_put(to, DV_PROGRAM_SYSTEM.bytes, 32);
    dv_instruction_add(to, &from, false, true);
    dv_instruction_add(to, base, true, false);
    dv_instruction_add(to, destination, false, true);
}

/* InitializeAccount3. */
static inline void scene_initialise(dv_instruction *to, const dv_pubkey *account,
                                    const dv_pubkey *mint, const dv_pubkey *owner)
{
    dv_instruction_begin(to, &DV_PROGRAM_TOKEN);
    dv_instruction_put_le(to, 18, 1);
    dv_instruction_put(to, owner->bytes, 32);
    dv_instruction_add(to, account, false, true);
    dv_instruction_add(to, mint, false, false);
}

/* A swap as Raydium CPMM takes it; the pool's own accounts do not matter to who signs. */
static inline void scene_swap_put(sign_scene *s, bool exact_out, uint64_t amount, uint64_t limit)
{
    static const uint8_t IN[8] = {0x8f, 0xbe, 0x5a, 0xda, 0xc4, 0x1e, 0x33, 0xde};
    static const uint8_t OUT[8] = {0x37, 0xd9, 0x62, 0x56, 0xa3, 0x4a, 0xb4, 0xad};
    dv_instruction *to = &s->ix[SWAP];
    dv_instruction_begin(to, &DV_RAYDIUM_CPMM_PROGRAMS[0]);
    dv_instruction_put(to, exact_out ? OUT : IN, 8);
    dv_instruction_put_le(to, exact_out ? limit : amount, 8);
    dv_instruction_put_le(to, exact_out ? amount : limit, 8);
    dv_instruction_add(to, &s->wallet, true, false);
    for (uint8_t i = 1; i < 13; i++) {
        dv_pubkey pool = {{i, 99}};
        if (i == 4) pool = s->own;
        if (i == 5) pool = s->usdc_account;
        dv_instruction_add(to, &pool, false, i >= 3 && i <= 7);
    }
    s->ask.swap_mode = exact_out ? DV_EXACT_OUT : DV_EXACT_IN;
    s->ask.amount = amount;
    s->ask.limit_amount = limit;
}

static inline void scene_token(sign_scene *s, const char *symbol, const char *mint,
                               uint8_t decimals)
{
    dv_token *token = &s->tokens.tokens[s->tokens.count++];
    snprintf(token->symbol, sizeof token->symbol, "%s", symbol);
    snprintf(token->mint, sizeof token->mint, "%s", mint);
    token->decimals = decimals;
}

static inline void scene_policy(sign_scene *s)
{
    dv_err err = dv_signer_policy_init(&s->config, SCENE_ATTEMPTS_MAX, &s->tokens, &s->wallet,
                                       &s->policy, s->why);
    assert(err == DV_OK);
}

static inline void scene_settings(sign_scene *s)
{
    scene_token(s, "SOL", SOL, 9);
    scene_token(s, "USDC", USDC, 6);
    scene_token(s, "BONK", SCENE_BONK, 5);
    snprintf(s->config.signer_order_max, DV_CONFIG_TEXT_MAX, "SOL=2, USDC=1000.5");
    snprintf(s->config.signer_day_max, DV_CONFIG_TEXT_MAX, "SOL=3 USDC=5000");
    snprintf(s->config.signer_mints, DV_CONFIG_TEXT_MAX, "SOL,USDC");
    s->config.signer_order_lamports_max = 20000000;
    s->config.signer_day_lamports_max = 1000000000;
}

/* Everything good. */
static inline void scene_make(sign_scene *s)
{
    static const uint8_t SEED[DV_SEED_BYTES] = {7, 7, 7};
    *s = (sign_scene){0};
    int ready = sodium_init();
    assert(ready >= 0);
    dv_keypair_of_seed(SEED, &s->pair);
    s->wallet = s->payer = dv_keypair_pubkey(&s->pair);
    memset(s->stranger.bytes, 0x42, sizeof s->stranger.bytes);
    s->sol = DV_MINT_WSOL;
    s->usdc = scene_pubkey(USDC);
    s->bonk = scene_pubkey(SCENE_BONK);
    s->own = scene_seeded(&s->wallet, "sol-1", &DV_PROGRAM_TOKEN);
    s->usdc_account = dv_ata_of(&s->wallet, &s->usdc, &DV_PROGRAM_TOKEN);
    scene_settings(s);
    scene_policy(s);
    s->ask = (dv_sign_request){.order_id = {{1, 2, 3}},
                               .attempt = 1,
                               .token_in = dv_text_of(SOL),
                               .token_out = dv_text_of(USDC)};
    dv_ix_compute_unit_limit(200000, &s->ix[UNITS]);
    dv_ix_compute_unit_price(10000, &s->ix[PRICE]);
    scene_create(&s->ix[GUARD], &s->wallet, "guard-1", SCENE_GUARD_RENT, 0, &DV_PROGRAM_SYSTEM);
    scene_create(&s->ix[MAKE], &s->wallet, "sol-1", SCENE_AMOUNT + SCENE_RENT, 165,
                 &DV_PROGRAM_TOKEN);
    scene_initialise(&s->ix[INITIALISE], &s->own, &s->sol, &s->wallet);
    dv_ix_create_ata(&s->wallet, &s->wallet, &s->usdc, &DV_PROGRAM_TOKEN, &s->ix[ASSOCIATED]);
    scene_swap_put(s, false, SCENE_AMOUNT, SCENE_LIMIT);
    dv_ix_close_account(&s->own, &s->wallet, &s->wallet, &DV_PROGRAM_TOKEN, &s->ix[CLOSE]);
    dv_ix_memo(dv_text_of("order:1"), NULL, &s->ix[MEMO]);
    s->ix_count = SCENE_COUNT;
}

/* What the good message costs beside its SOL: 5000 and 200000 * 10000 / 1e6 of fee, the guard, the
   rent of the wrapped SOL, an associated account. */
#define SCENE_LAMPORTS                                                                             \
    (5000u + 2000u + SCENE_GUARD_RENT + SCENE_RENT + DV_SIGNER_ACCOUNT_LAMPORTS.count)

/* Compiles the instructions into the ask's message. */
static inline void scene_compile(sign_scene *s)
{
    dv_transaction_plan plan = {.version = DV_TRANSACTION_V0,
                                .payer = s->payer,
                                .blockhash = {{9, 9, 9}},
                                .instructions = s->ix,
                                .instruction_count = s->ix_count,
                                .tables = &s->table,
                                .table_count = s->table.count > 0};
    dv_err err = dv_transaction_compile(&plan, &s->made);
    assert(err == DV_OK);
    s->ask.message = (dv_text){(const char *)s->made.bytes + s->made.message_at,
                               s->made.size - s->made.message_at};
}

static inline dv_err scene_check(sign_scene *s, dv_signer_cost *ret_cost)
{
    scene_compile(s);
    return dv_signer_policy_check(&s->policy, &s->ask, ret_cost, s->why);
}

#endif
