/* Raydium's constant-product pools where recorded answers do not reach: what is refused, the edges
   of 64 bits, and the instructions. */
#include <check.h>
#include <stdlib.h>

#include "tests/support/least_input.h"
#include "tests/support/reserves_scene.h"
#include "tests/support/suite.h"

static scene s;

static void (*const MAKE[])(scene *s, uint64_t x, uint64_t y) = {make_cpmm, make_v4};

START_TEST(a_quote_is_the_product_less_the_fee)
{
    MAKE[_i](&s, 1000000, 2000000);
    ck_assert_int_eq(ask_in(&s, 0, 10000), DV_OK);
    ck_assert_uint_eq(s.quote.fee, 25);
    ck_assert_uint_eq(s.quote.amount_out, 2000000ull * 9975 / 1009975);
    ck_assert(s.quote.fee_on_input);
    ck_assert_uint_eq(s.quote.protocol_fee + s.quote.fund_fee + s.quote.lp_fee, s.quote.fee);
    uint64_t out = s.quote.amount_out;
    ck_assert_int_eq(ask_out(&s, 0, out), DV_OK);
    ck_assert_uint_le(s.quote.amount_in, 10000);
    ck_assert_int_eq(ask_in(&s, 0, s.quote.amount_in), DV_OK);
    ck_assert_uint_ge(s.quote.amount_out, out);
}
END_TEST

START_TEST(amounts_at_the_edge_of_64_bits_are_refused_not_wrapped)
{
    static const uint64_t EDGES[] = {0, 1, UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX};
    for (size_t x = 0; x < 5; x++)
        for (size_t y = 0; y < 5; y++)
            for (size_t a = 0; a < 5; a++) {
                MAKE[_i](&s, EDGES[x], EDGES[y]);
                if (ask_in(&s, 0, EDGES[a]) == DV_OK) {
                    ck_assert_uint_eq(s.quote.amount_in, EDGES[a]);
                    ck_assert_uint_le(s.quote.amount_out, EDGES[y]);
                }
                if (ask_out(&s, 0, EDGES[a]) == DV_OK) {
                    ck_assert_uint_eq(s.quote.amount_out, EDGES[a]);
                    ck_assert_uint_lt(s.quote.amount_out, EDGES[y]);
                }
            }
}
END_TEST

START_TEST(an_exact_output_costs_no_atom_more_than_it_needs)
{
    least_input at = {.state = 4501, .clock = {1000, 10, NOW}};
    for (int i = 0; i < 20000; i++) {
        MAKE[_i](&s, least_input_amount(&at, 45), least_input_amount(&at, 45));
        if (MAKE[_i] == make_cpmm) {
            put(data_of(&s, CONFIG) + 12, least_input_draw(&at) % 400000, 8);
            for (uint32_t side = 0; side < 2; side++)
                withhold(&s, side, least_input_bps(&at), least_input_amount(&at, 40));
        }
        ck_assert_int_eq(decode(&s), DV_OK);
        at.pool = s.pool;
        at.in = least_input_draw(&at) % 2;
        least_input_check_exact_out(&at, least_input_amount(&at, 45));
    }
    ck_assert_uint_gt(at.fills, 5000);
}
END_TEST

START_TEST(all_that_the_pool_holds_cannot_be_had)
{
    MAKE[_i](&s, 1000000, 2000000);
    ck_assert_int_eq(ask_out(&s, 0, 2000000), DV_VENUE_LIQUIDITY_INSUFFICIENT);
    ck_assert_uint_eq(s.refusal.program_error, DV_PROGRAM_PANIC);
    ck_assert_int_eq(ask_out(&s, 0, 1999999), DV_OK);
}
END_TEST

START_TEST(the_limit_is_kept_to_the_atom)
{
    MAKE[_i](&s, 1000000, 2000000);
    ck_assert_int_eq(ask_in(&s, 1, 10000), DV_OK);
    uint64_t out = s.quote.amount_out;
    ck_assert_int_eq(ask(&s, DV_SWAP_EXACT_IN, 1, 10000, out), DV_OK);
    ck_assert_int_eq(ask(&s, DV_SWAP_EXACT_IN, 1, 10000, out + 1), DV_VENUE_SLIPPAGE_EXCEEDED);
    ck_assert_int_eq(ask_out(&s, 1, 500), DV_OK);
    uint64_t in = s.quote.amount_in;
    ck_assert_int_eq(ask(&s, DV_SWAP_EXACT_OUT, 1, 500, in), DV_OK);
    ck_assert_int_eq(ask(&s, DV_SWAP_EXACT_OUT, 1, 500, in - 1), DV_VENUE_SLIPPAGE_EXCEEDED);
}
END_TEST

START_TEST(a_partial_fill_and_other_mints_are_refused)
{
    MAKE[_i](&s, 1000000, 2000000);
    ck_assert_int_eq(ask(&s, DV_SWAP_PARTIAL_FILL, 0, 5, 0), DV_VENUE_QUOTE_FAILED);
    dv_swap_ask same = {DV_SWAP_EXACT_IN, name_key(MINT_0), name_key(MINT_0), 5, 0};
    ck_assert_int_eq(dv_pool_quote(s.pool, &same, &s.clock, &s.quote, &s.refusal),
                     DV_VENUE_NO_POOL);
    same.mint_out = name_key(CONFIG);
    ck_assert_int_eq(dv_pool_quote(s.pool, &same, &s.clock, &s.quote, &s.refusal),
                     DV_VENUE_NO_POOL);
}
END_TEST

START_TEST(a_foreign_vault_is_refused)
{
    MAKE[_i](&s, 1000000, 2000000);
    data_of(&s, VAULT_0)[0] ^= 1; /* of another mint */
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_MALFORMED);
    MAKE[_i](&s, 1000000, 2000000);
    account_of(&s, VAULT_1)->owner = DV_PROGRAM_TOKEN_2022;
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_MALFORMED);
    MAKE[_i](&s, 1000000, 2000000);
    account_of(&s, VAULT_1)->address = name_key(99);
    ck_assert_int_eq(decode(&s), DV_VENUE_ACCOUNT_MISSING);
}
END_TEST

START_TEST(a_frozen_vault_closes_the_pool)
{
    MAKE[_i](&s, 1000000, 2000000);
    data_of(&s, VAULT_1)[108] = 2;
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_CLOSED);
}
END_TEST

START_TEST(accounts_cut_off_anywhere_are_refused)
{
    MAKE[_i](&s, 1000000, 2000000);
    decode_cut(&s);
}
END_TEST

START_TEST(what_is_owed_is_no_reserve_and_never_more_than_the_vault)
{
    MAKE[_i](&s, 1000000, 2000000);
    ck_assert_int_eq(ask_in(&s, 0, 10000), DV_OK);
    uint64_t out = s.quote.amount_out;
    uint32_t owed_1 = _i == 0 ? 349 : 200; /* protocol fees of 1, or profit of the pc side */
    put(data_of(&s, POOL) + owed_1, 1000000, 8);
    ck_assert_int_eq(ask_in(&s, 0, 10000), DV_OK);
    ck_assert_uint_eq(s.quote.amount_out, out / 2);
    put(data_of(&s, POOL) + owed_1, 2000001, 8);
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_MALFORMED);
}
END_TEST

START_TEST(cpmm_does_not_trade_before_it_opens_or_with_swaps_off)
{
    make_cpmm(&s, 1000000, 2000000);
    s.clock.unix_time = NOW - 1;
    ck_assert_int_eq(ask_in(&s, 0, 10000), DV_VENUE_POOL_CLOSED);
    ck_assert_uint_eq(s.refusal.program_error, 6000);
    s.clock.unix_time = -1;
    ck_assert_int_eq(ask_in(&s, 0, 10000), DV_VENUE_POOL_CLOSED);
    s.clock.unix_time = NOW;
    ck_assert_int_eq(ask_in(&s, 0, 10000), DV_OK);
    data_of(&s, POOL)[329] = 3; /* neither deposits nor withdrawals */
    ck_assert_int_eq(ask_in(&s, 0, 10000), DV_OK);
    data_of(&s, POOL)[329] = 4;
    ck_assert_int_eq(ask_in(&s, 0, 10000), DV_VENUE_POOL_CLOSED);
}
END_TEST

START_TEST(cpmm_with_a_creator_fee_is_refused_as_not_verified)
{
    make_cpmm(&s, 1000000, 2000000);
    data_of(&s, POOL)[390] = 1;
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(s.refusal.reason, "creator fee"));
}
END_TEST

START_TEST(cpmm_with_odd_rates_is_refused)
{
    static const uint32_t RATES[] = {12, 20, 28};
    for (size_t i = 0; i < 3; i++) {
        make_cpmm(&s, 1000000, 2000000);
        put(data_of(&s, CONFIG) + RATES[i], 1000001, 8);
        ck_assert_int_eq(decode(&s), DV_VENUE_POOL_MALFORMED);
    }
    make_cpmm(&s, 1000000, 2000000);
    account_of(&s, CONFIG)->owner = DV_RAYDIUM_CPMM_PROGRAMS[1];
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_MALFORMED);
}
END_TEST

START_TEST(cpmm_with_a_transfer_hook_is_refused)
{
    make_cpmm(&s, 1000000, 2000000);
    dv_account *mint = account_of(&s, MINT_0);
    uint8_t *data = data_of(&s, MINT_0);
    mint->owner = DV_PROGRAM_TOKEN_2022;
    mint->size = 166 + 4 + 64;
    data[165] = 1;
    data[166] = 14;
    data[168] = 64;
    data[170 + 40] = 1;
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(s.refusal.reason, "transfer hook"));
}
END_TEST

START_TEST(v4_trades_only_in_the_states_that_are_verified)
{
    for (uint64_t status = 0; status < 10; status++) {
        make_v4(&s, 1000000, 2000000);
        data_of(&s, POOL)[0] = (uint8_t)status;
        dv_err err = ask_in(&s, 0, 10000);
        if (status == 1)
            ck_assert_int_eq(err, DV_VENUE_POOL_UNSUPPORTED);
        else
            ck_assert_int_eq(err, status == 6 ? DV_OK : DV_VENUE_POOL_CLOSED);
    }
    make_v4(&s, 1000000, 2000000);
    data_of(&s, POOL)[0] = 7; /* waits for its time */
    s.clock.unix_time = NOW + 1;
    ck_assert_int_eq(ask_in(&s, 0, 10000), DV_OK);
}
END_TEST

START_TEST(v4_with_a_fee_of_everything_is_refused)
{
    make_v4(&s, 1000000, 2000000);
    put(data_of(&s, POOL) + 176, 10000, 8);
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_MALFORMED);
    put(data_of(&s, POOL) + 184, 0, 8);
    ck_assert_int_eq(decode(&s), DV_VENUE_POOL_MALFORMED);
}
END_TEST

START_TEST(cpmm_swaps_name_their_accounts_by_direction)
{
    dv_instruction made;
    make_cpmm(&s, 1000000, 2000000);
    ck_assert_int_eq(encode(&s, DV_SWAP_EXACT_IN, 1, &made), DV_OK);
    ck_assert_mem_eq(made.data,
                     "\x8f\xbe\x5a\xda\xc4\x1e\x33\xde\xe8\x03\0\0\0\0\0\0\7\0\0\0\0\0\0\0", 24);
    ck_assert_uint_eq(made.data_size, 24);
    assert_keys(&made, "7s 0r 2r 1w 8w 9w 6w 5w 0r 0r 4r 3r 10w");
    char text[DV_BASE58_TEXT_SIZE];
    dv_base58_encode(made.accounts[1].key.bytes, DV_PUBKEY_SIZE, text);
    ck_assert_str_eq(text, "GpMZbSM2GgvTKHJirzeGfMFoaZ8UR2X7F4v8vHTvxFbL");
    ck_assert_int_eq(encode(&s, DV_SWAP_EXACT_OUT, 0, &made), DV_OK);
    ck_assert_mem_eq(made.data,
                     "\x37\xd9\x62\x56\xa3\x4a\xb4\xad\7\0\0\0\0\0\0\0\xe8\x03\0\0\0\0\0\0", 24);
    assert_keys(&made, "7s 0r 2r 1w 8w 9w 5w 6w 0r 0r 3r 4r 10w");
    ck_assert_int_eq(encode(&s, DV_SWAP_PARTIAL_FILL, 0, &made), DV_VENUE_QUOTE_FAILED);
}
END_TEST

START_TEST(v4_swaps_are_of_the_short_form)
{
    dv_instruction made;
    make_v4(&s, 1000000, 2000000);
    ck_assert_int_eq(encode(&s, DV_SWAP_EXACT_IN, 0, &made), DV_OK);
    ck_assert_uint_eq(made.data_size, 17);
    ck_assert_mem_eq(made.data, "\x10\xe8\x03\0\0\0\0\0\0\7\0\0\0\0\0\0\0", 17);
    assert_keys(&made, "0r 1w 0r 5w 6w 8w 9w 7s");
    char text[DV_BASE58_TEXT_SIZE];
    dv_base58_encode(made.accounts[2].key.bytes, DV_PUBKEY_SIZE, text);
    ck_assert_str_eq(text, "5Q544fKrFoe6tsEbD7S8EmxGTJYAKtTVhAW5Q5pge4j1");
    ck_assert_int_eq(encode(&s, DV_SWAP_EXACT_OUT, 1, &made), DV_OK);
    ck_assert_mem_eq(made.data, "\x11\7\0\0\0\0\0\0\0\xe8\x03\0\0\0\0\0\0", 17);
    assert_keys(&made, "0r 1w 0r 5w 6w 8w 9w 7s");
}
END_TEST

START_TEST(needs_are_listed_from_the_pools_account_alone)
{
    dv_pool_needs needs;
    dv_pubkey address = name_key(POOL);
    dv_account_set nothing = {NULL, 0};
    make_cpmm(&s, 1, 1);
    dv_account_set own = {s.accounts, 1};
    ck_assert_int_eq(dv_pool_list_needs(&address, &nothing, &needs, &s.refusal), DV_OK);
    ck_assert_uint_eq(needs.count, 0);
    ck_assert_int_eq(dv_pool_list_needs(&address, &own, &needs, &s.refusal), DV_OK);
    ck_assert_uint_eq(needs.count, 5);
    make_v4(&s, 1, 1);
    ck_assert_int_eq(dv_pool_list_needs(&address, &own, &needs, &s.refusal), DV_OK);
    ck_assert_uint_eq(needs.count, 2);
    s.accounts[0].owner = DV_PROGRAM_TOKEN;
    ck_assert_int_eq(dv_pool_list_needs(&address, &own, &needs, &s.refusal),
                     DV_VENUE_POOL_UNSUPPORTED);
}
END_TEST

static void put_away(void)
{
    dv_pool_destroy(&s.pool);
}

int main(void)
{
    Suite *suite = suite_create("constant_product");
    TCase *c = tcase_create("constant_product");
    suite_add_tcase(suite, c);
    tcase_add_checked_fixture(c, NULL, put_away);
    tcase_add_loop_test(c, a_quote_is_the_product_less_the_fee, 0, 2);
    tcase_add_loop_test(c, amounts_at_the_edge_of_64_bits_are_refused_not_wrapped, 0, 2);
    tcase_add_loop_test(c, an_exact_output_costs_no_atom_more_than_it_needs, 0, 2);
    tcase_add_loop_test(c, all_that_the_pool_holds_cannot_be_had, 0, 2);
    tcase_add_loop_test(c, the_limit_is_kept_to_the_atom, 0, 2);
    tcase_add_loop_test(c, a_partial_fill_and_other_mints_are_refused, 0, 2);
    tcase_add_loop_test(c, a_foreign_vault_is_refused, 0, 2);
    tcase_add_loop_test(c, a_frozen_vault_closes_the_pool, 0, 2);
    tcase_add_loop_test(c, accounts_cut_off_anywhere_are_refused, 0, 2);
    tcase_add_loop_test(c, what_is_owed_is_no_reserve_and_never_more_than_the_vault, 0, 2);
    tcase_add_test(c, cpmm_does_not_trade_before_it_opens_or_with_swaps_off);
    tcase_add_test(c, cpmm_with_a_creator_fee_is_refused_as_not_verified);
    tcase_add_test(c, cpmm_with_odd_rates_is_refused);
    tcase_add_test(c, cpmm_with_a_transfer_hook_is_refused);
    tcase_add_test(c, v4_trades_only_in_the_states_that_are_verified);
    tcase_add_test(c, v4_with_a_fee_of_everything_is_refused);
    tcase_add_test(c, cpmm_swaps_name_their_accounts_by_direction);
    tcase_add_test(c, v4_swaps_are_of_the_short_form);
    tcase_add_test(c, needs_are_listed_from_the_pools_account_alone);
    return suite_run(suite);
}
