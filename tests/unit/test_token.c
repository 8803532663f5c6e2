/* Mints and token accounts from hostile bytes, and the transfer fee at its edges. */
#include "actors/solana/token.h"

#include <check.h>

#include "actors/solana/programs.h"
#include "tests/support/suite.h"

#define MINT 82
#define ACCOUNT 165
#define EXTENDED 600

static uint8_t bytes[EXTENDED];
static dv_account account;
static dv_mint mint;
static dv_token_account token;

/* A mint of a program, with nothing but what it has to have. */
static void make_mint(const dv_pubkey *program, uint32_t size)
{
    memset(bytes, 0, sizeof bytes);
    bytes[44] = 6;
    bytes[45] = 1;
    if (size > ACCOUNT) bytes[165] = 1;
    account = (dv_account){.owner = *program, .data = bytes, .size = size};
}

static void make_account(const dv_pubkey *program, uint32_t size)
{
    memset(bytes, 0, sizeof bytes);
    bytes[108] = 1;
    if (size > ACCOUNT) bytes[165] = 2;
    account = (dv_account){.owner = *program, .data = bytes, .size = size};
}

static uint32_t add_extension(uint32_t at, uint16_t type, uint16_t size)
{
    bytes[at] = (uint8_t)type;
    bytes[at + 1] = (uint8_t)(type >> 8);
    bytes[at + 2] = (uint8_t)size;
    bytes[at + 3] = (uint8_t)(size >> 8);
    account.size = at + 4 + size;
    return at + 4;
}

static bool is_mint(void)
{
    return dv_mint_decode(&account, &mint) == DV_OK;
}

START_TEST(a_mint_of_another_program_size_or_kind_is_refused)
{
    make_mint(&DV_PROGRAM_TOKEN, MINT);
    ck_assert(is_mint());
    for (uint32_t size = 0; size < EXTENDED; size++) {
        make_mint(&DV_PROGRAM_TOKEN, size);
        ck_assert(is_mint() == (size == MINT));
    }
    make_mint(&DV_PROGRAM_SYSTEM, MINT);
    ck_assert(!is_mint());
    make_mint(&DV_PROGRAM_TOKEN_2022, 166);
    ck_assert(is_mint());
    bytes[165] = 2;
    ck_assert(!is_mint());
    make_mint(&DV_PROGRAM_TOKEN_2022, 355); /* the size of a multisig */
    ck_assert(!is_mint());
    make_mint(&DV_PROGRAM_TOKEN_2022, 200);
    bytes[100] = 1; /* the gap between a mint and its extensions */
    ck_assert(!is_mint());
}
END_TEST

START_TEST(a_mint_that_is_not_initialised_or_has_odd_options_is_refused)
{
    static const uint32_t PLACES[] = {0, 1, 3, 46, 49};
    make_mint(&DV_PROGRAM_TOKEN, MINT);
    bytes[45] = 0;
    ck_assert(!is_mint());
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        make_mint(&DV_PROGRAM_TOKEN, MINT);
        bytes[PLACES[i]] = 2;
        ck_assert(!is_mint());
    }
}
END_TEST

START_TEST(extensions_that_do_not_add_up_are_refused)
{
    make_mint(&DV_PROGRAM_TOKEN_2022, 0);
    add_extension(166, 1, 108);
    bytes[165] = 1;
    ck_assert(is_mint() && mint.has_transfer_fee);
    for (account.size = 167; account.size < 278; account.size++) /* cut off anywhere */
        ck_assert(!is_mint());
    make_mint(&DV_PROGRAM_TOKEN_2022, 0);
    add_extension(166, 1, 107);
    bytes[165] = 1;
    ck_assert(!is_mint());
    make_mint(&DV_PROGRAM_TOKEN_2022, 0);
    uint32_t at = add_extension(166, 1, 108);
    bytes[at + 72 + 16] = 0x11; /* 10001 basis points */
    bytes[at + 72 + 17] = 0x27;
    bytes[165] = 1;
    ck_assert(!is_mint());
}
END_TEST

START_TEST(an_extension_that_stops_transfers_is_seen)
{
    make_mint(&DV_PROGRAM_TOKEN_2022, 0);
    uint32_t at = add_extension(166, 14, 64);
    bytes[165] = 1;
    ck_assert(is_mint() && !mint.has_transfer_hook); /* of no program */
    bytes[at + 63] = 1;
    ck_assert(is_mint() && mint.has_transfer_hook);
    at = add_extension(at + 64, 26, 33);
    ck_assert(is_mint() && !mint.is_paused);
    bytes[at + 32] = 1;
    ck_assert(is_mint() && mint.is_paused);
    at = add_extension(at + 33, 9, 0);
    ck_assert(is_mint() && mint.is_nontransferable && mint.has_transfer_hook);
    at = add_extension(at, 18, 64); /* a pointer to metadata */
    ck_assert(is_mint() && !mint.has_unknown_extension);
    add_extension(at + 64, 28, 0);
    ck_assert(is_mint() && mint.has_unknown_extension);
}
END_TEST

START_TEST(a_token_account_of_another_program_size_or_kind_is_refused)
{
    for (uint32_t size = 0; size < EXTENDED; size++) {
        make_account(&DV_PROGRAM_TOKEN, size);
        ck_assert((dv_token_account_decode(&account, &token) == DV_OK) == (size == ACCOUNT));
    }
    make_account(&DV_PROGRAM_TOKEN_2022, 170);
    ck_assert_int_eq(dv_token_account_decode(&account, &token), DV_OK);
    bytes[165] = 1;
    ck_assert_int_eq(dv_token_account_decode(&account, &token), DV_MESSAGE_MALFORMED);
    make_account(&DV_PROGRAM_SYSTEM, ACCOUNT);
    ck_assert_int_eq(dv_token_account_decode(&account, &token), DV_MESSAGE_MALFORMED);
}
END_TEST

START_TEST(a_frozen_account_is_told_and_an_uninitialised_one_refused)
{
    make_account(&DV_PROGRAM_TOKEN, ACCOUNT);
    bytes[108] = 2;
    ck_assert_int_eq(dv_token_account_decode(&account, &token), DV_OK);
    ck_assert(token.is_frozen);
    bytes[108] = 0;
    ck_assert_int_eq(dv_token_account_decode(&account, &token), DV_MESSAGE_MALFORMED);
    bytes[108] = 3;
    ck_assert_int_eq(dv_token_account_decode(&account, &token), DV_MESSAGE_MALFORMED);
}
END_TEST

START_TEST(the_transfer_fee_is_rounded_up_and_capped)
{
    const dv_transfer_fee fee = {.bps = 100, .maximum = 5};
    ck_assert_uint_eq(dv_transfer_fee_ceil(&fee, 0), 0);
    ck_assert_uint_eq(dv_transfer_fee_ceil(&fee, 1), 1);
    ck_assert_uint_eq(dv_transfer_fee_ceil(&fee, 101), 2);
    ck_assert_uint_eq(dv_transfer_fee_ceil(&fee, 500), 5);
    ck_assert_uint_eq(dv_transfer_fee_ceil(&fee, UINT64_MAX), 5);
    const dv_transfer_fee all = {.bps = 10000, .maximum = UINT64_MAX};
    ck_assert_uint_eq(dv_transfer_fee_ceil(&all, UINT64_MAX), UINT64_MAX);
}
END_TEST

/* What is withheld from the gross amount leaves at least what has to arrive, and one atom less
   would not, unless nothing at all is withheld from it. */
START_TEST(what_has_to_arrive_arrives)
{
    static const uint16_t BPS[] = {0, 1, 30, 99, 2500, 9999, 10000};
    static const uint64_t MAXIMUM[] = {0, 1, 5000, UINT64_MAX / 2};
    for (size_t i = 0; i < sizeof BPS / sizeof BPS[0]; i++) {
        for (size_t k = 0; k < sizeof MAXIMUM / sizeof MAXIMUM[0]; k++) {
            const dv_transfer_fee fee = {.bps = BPS[i], .maximum = MAXIMUM[k]};
            for (uint64_t net = 0; net < 5000; net += 7) {
                uint64_t withheld;
                if (!dv_transfer_fee_inverse_ceil(&fee, net, &withheld)) continue;
                uint64_t gross = net + withheld;
                ck_assert_uint_ge(gross - dv_transfer_fee_ceil(&fee, gross), net);
            }
        }
    }
}
END_TEST

START_TEST(a_gross_amount_beyond_64_bits_is_none)
{
    uint64_t withheld;
    const dv_transfer_fee fee = {.bps = 5000, .maximum = UINT64_MAX};
    ck_assert(!dv_transfer_fee_inverse_ceil(&fee, UINT64_MAX / 2 + 2, &withheld));
    ck_assert(dv_transfer_fee_inverse_ceil(&fee, UINT64_MAX / 4, &withheld));
    const dv_transfer_fee capped = {.bps = 5000, .maximum = 10};
    ck_assert(dv_transfer_fee_inverse_ceil(&capped, UINT64_MAX - 10, &withheld));
    ck_assert_uint_eq(withheld, 10);
    ck_assert(!dv_transfer_fee_inverse_ceil(&capped, UINT64_MAX - 9, &withheld));
    const dv_transfer_fee all = {.bps = 10000, .maximum = UINT64_MAX};
    ck_assert(!dv_transfer_fee_inverse_ceil(&all, 1, &withheld));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token");
    TCase *c = tcase_create("token");
    suite_add_tcase(suite, c);
    tcase_add_test(c, a_mint_of_another_program_size_or_kind_is_refused);
    tcase_add_test(c, a_mint_that_is_not_initialised_or_has_odd_options_is_refused);
    tcase_add_test(c, extensions_that_do_not_add_up_are_refused);
    tcase_add_test(c, an_extension_that_stops_transfers_is_seen);
    tcase_add_test(c, a_token_account_of_another_program_size_or_kind_is_refused);
    tcase_add_test(c, a_frozen_account_is_told_and_an_uninitialised_one_refused);
    tcase_add_test(c, the_transfer_fee_is_rounded_up_and_capped);
    tcase_add_test(c, what_has_to_arrive_arrives);
    tcase_add_test(c, a_gross_amount_beyond_64_bits_is_none);
    return suite_run(suite);
}
