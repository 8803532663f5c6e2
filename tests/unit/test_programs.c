/* The addresses that are written out as bytes are those of their text. */
#include "actors/solana/programs.h"

#include <check.h>

#include "actors/dex/programs/pool.h"
#include "actors/dex/programs/program_ids.h"
#include "actors/solana/pda.h"
#include "tests/support/mints.h"
#include "tests/support/suite.h"

static const struct {
    const dv_pubkey *key;
    const char *text;
} KEYS[] = {
    {&DV_PROGRAM_SYSTEM, "11111111111111111111111111111111"},
    {&DV_PROGRAM_TOKEN, "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"},
    {&DV_PROGRAM_TOKEN_2022, "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"},
    {&DV_PROGRAM_ASSOCIATED_TOKEN, "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"},
    {&DV_PROGRAM_COMPUTE_BUDGET, "ComputeBudget111111111111111111111111111111"},
    {&DV_PROGRAM_MEMO, "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"},
    {&DV_SYSVAR_OWNER, "Sysvar1111111111111111111111111111111111111"},
    {&DV_SYSVAR_CLOCK, "SysvarC1ock11111111111111111111111111111111"},
    {&DV_SYSVAR_INSTRUCTIONS, "Sysvar1nstructions1111111111111111111111111"},
    {&DV_MINT_WSOL, SOL},
    {&DV_RAYDIUM_CPMM_PROGRAMS[0], "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C"},
    {&DV_RAYDIUM_CPMM_PROGRAMS[1], "DRaycpLY18LhpbydsBWbVJtxpNv9oXPgjRSfpF2bWpYb"},
    {&DV_RAYDIUM_AMM_V4_PROGRAMS[0], "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8"},
    {&DV_RAYDIUM_AMM_V4_PROGRAMS[1], "DRaya7Kj3aMWQSy19kSjvmuwq9docCHofyP9kanQGaav"},
    {&DV_METEORA_DAMM_V2_PROGRAM, "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG"},
};
#define KEY_COUNT (int)(sizeof KEYS / sizeof KEYS[0])

START_TEST(an_address_is_that_of_its_text)
{
    dv_pubkey key;
    ck_assert(dv_pubkey_parse(dv_text_of(KEYS[_i].text), &key));
    ck_assert(dv_pubkey_equal(&key, KEYS[_i].key));
}
END_TEST

static void assert_derived(const dv_pubkey *wanted, const char *seed, const dv_pubkey *program)
{
    const dv_seed seeds[] = {{seed, strlen(seed)}};
    dv_pubkey found;
    ck_assert(dv_pda_find(seeds, 1, program, &found, NULL));
    ck_assert(dv_pubkey_equal(&found, wanted));
}

START_TEST(the_authorities_are_derived_from_their_program)
{
    assert_derived(&DV_METEORA_DAMM_V2_AUTHORITY, "pool_authority", &DV_METEORA_DAMM_V2_PROGRAM);
    assert_derived(&DV_METEORA_DAMM_V2_EVENT_AUTHORITY, "__event_authority",
                   &DV_METEORA_DAMM_V2_PROGRAM);
}
END_TEST

START_TEST(every_class_is_found_by_its_name_and_its_programs)
{
    static const dv_pool_class *const CLASSES[] = {&DV_RAYDIUM_CPMM, &DV_RAYDIUM_AMM_V4,
                                                   &DV_RAYDIUM_CLMM, &DV_METEORA_DAMM_V2,
                                                   &DV_METEORA_DLMM};
    for (size_t i = 0; i < sizeof CLASSES / sizeof CLASSES[0]; i++) {
        for (uint32_t k = 0; k < CLASSES[i]->program_count; k++)
            ck_assert_ptr_eq(dv_pool_class_of(&CLASSES[i]->programs[k]), CLASSES[i]);
    }
    ck_assert_ptr_null(dv_pool_class_of(&DV_PROGRAM_TOKEN));
}
END_TEST

START_TEST(seeds_that_are_too_many_or_too_long_give_no_address)
{
    uint8_t bytes[DV_SEED_SIZE_MAX + 1] = {0};
    dv_seed seeds[DV_SEED_COUNT_MAX + 1];
    dv_pubkey address;
    for (size_t i = 0; i <= DV_SEED_COUNT_MAX; i++) seeds[i] = (dv_seed){bytes, 1};
    ck_assert(!dv_pda_create(seeds, DV_SEED_COUNT_MAX + 1, &DV_PROGRAM_TOKEN, &address));
    ck_assert(!dv_pda_find(seeds, DV_SEED_COUNT_MAX, &DV_PROGRAM_TOKEN, &address, NULL));
    ck_assert(dv_pda_find(seeds, DV_SEED_COUNT_MAX - 1, &DV_PROGRAM_TOKEN, &address, NULL));
    seeds[0].size = DV_SEED_SIZE_MAX + 1;
    ck_assert(!dv_pda_create(seeds, 1, &DV_PROGRAM_TOKEN, &address));
    ck_assert(!dv_pda_find(seeds, 1, &DV_PROGRAM_TOKEN, &address, NULL));
}
END_TEST

START_TEST(a_clock_is_read_only_from_the_sysvar_program)
{
    uint8_t data[DV_CLOCK_SIZE] = {[0] = 7, [16] = 8, [32] = 9, [39] = 0x80};
    dv_account account = {.owner = DV_SYSVAR_OWNER, .data = data, .size = sizeof data};
    dv_chain_clock clock;
    ck_assert_int_eq(dv_chain_clock_decode(&account, &clock), DV_OK);
    ck_assert_uint_eq(clock.slot, 7);
    ck_assert_uint_eq(clock.epoch, 8);
    ck_assert_int_eq(clock.unix_time, INT64_MIN + 9);
    account.size--;
    ck_assert_int_eq(dv_chain_clock_decode(&account, &clock), DV_MESSAGE_MALFORMED);
    account.size++;
    account.owner = DV_PROGRAM_TOKEN;
    ck_assert_int_eq(dv_chain_clock_decode(&account, &clock), DV_MESSAGE_MALFORMED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("programs");
    TCase *c = tcase_create("programs");
    suite_add_tcase(suite, c);
    tcase_add_loop_test(c, an_address_is_that_of_its_text, 0, KEY_COUNT);
    tcase_add_test(c, the_authorities_are_derived_from_their_program);
    tcase_add_test(c, every_class_is_found_by_its_name_and_its_programs);
    tcase_add_test(c, seeds_that_are_too_many_or_too_long_give_no_address);
    tcase_add_test(c, a_clock_is_read_only_from_the_sysvar_program);
    return suite_run(suite);
}
