/* An order's transaction: what is in it, what it did, and why it failed. */
#include "actors/dex/swap/compose.h"

#include <check.h>
#include <stdio.h>

#include "actors/solana/builders.h"
#include "actors/solana/pda.h"
#include "proto/message.h"
#include "tests/support/reserves_scene.h"
#include "tests/support/suite.h"

static const dv_id ORDER = {{1, 0x9f, 3, 4, 5, 6, 0x77, 8, 0x89, 10, 11, 12, 13, 14, 15, 16}};

static scene S;
static dv_transaction made;
static dv_swap_leg leg;
static bool out_exists;
static dv_swap_layout layout;
static dv_transaction_view view;

static dv_pubkey key(const char *text)
{
    dv_pubkey k;
    ck_assert(dv_pubkey_parse(dv_text_of(text), &k));
    return k;
}

static dv_swap_order order(void)
{
    return (dv_swap_order){.order_id = ORDER,
                           .attempt = 2,
                           .wallet = name_key(USER),
                           .ask = {.mode = DV_SWAP_EXACT_IN,
                                   .mint_in = name_key(MINT_0),
                                   .mint_out = name_key(MINT_1),
                                   .amount = 1000,
                                   .limit = 7},
                           .units = 600000,
                           .unit_price = 5,
                           .guard_rent = {890880},
                           .wrapped_rent = {2039280},
                           .has_guard = true,
                           .has_memo = true};
}

/* Puts wrapped SOL in the place of a mint of the scene. */
static void make_sol(uint32_t side)
{
    memcpy(data_of(&S, POOL) + 168 + 32 * side, DV_MINT_WSOL.bytes, 32);
    memcpy(data_of(&S, VAULT_0 + side), DV_MINT_WSOL.bytes, 32);
    account_of(&S, MINT_0 + side)->address = DV_MINT_WSOL;
}

/* Compiles by way of the leg's record, as it travels. */
static void compile(const dv_swap_order *o)
{
    dv_refusal refusal;
    dv_leg record;
    dv_account_use accounts[DV_LEG_ACCOUNTS_MAX];
    dv_swap_leg made_leg;
    dv_swap_party party = {o->wallet, o->order_id, out_exists};
    ck_assert_int_eq(decode(&S), DV_OK);
    ck_assert_int_eq(dv_swap_leg_make(S.pool, &o->ask, &S.clock, &party, &made_leg, &refusal),
                     DV_OK);
    ck_assert_int_eq(dv_swap_leg_write(&made_leg, "raydium", accounts, &record), DV_OK);
    ck_assert(dv_swap_leg_read(&record, &leg));
    ck_assert_int_eq(dv_swap_compile(&leg, o, &made, &layout, &refusal), DV_OK);
    ck_assert_int_eq(dv_transaction_decode(made.bytes, made.size, &view), DV_OK);
}

static void setup(void)
{
    out_exists = false;
    make_cpmm(&S, 1000000, 2000000);
}

static void teardown(void)
{
    dv_pool_destroy(&S.pool);
}

static dv_pubkey program_of(uint32_t i)
{
    return dv_pubkey_at(view.keys + 32 * view.instructions[i].program);
}

/* The programs of the instructions, in order, a letter each. */
static void assert_recipe(const char *wanted)
{
    char got[16] = "";
    for (uint32_t i = 0; i < view.instruction_count; i++) {
        dv_pubkey p = program_of(i);
        got[i] = dv_pubkey_equal(&p, &DV_PROGRAM_COMPUTE_BUDGET)     ? 'B'
                 : dv_pubkey_equal(&p, &DV_PROGRAM_SYSTEM)           ? 'S'
                 : dv_pubkey_equal(&p, &DV_PROGRAM_ASSOCIATED_TOKEN) ? 'A'
                 : dv_pubkey_equal(&p, &DV_PROGRAM_TOKEN)            ? 'T'
                 : dv_pubkey_equal(&p, &DV_PROGRAM_MEMO)             ? 'M'
                 : dv_pool_class_of(&p) != NULL                      ? 'V'
                                                                     : '?';
    }
    ck_assert_str_eq(got, wanted);
}

START_TEST(a_swap_of_tokens_is_guarded_and_bears_its_order)
{
    dv_swap_order o = order();
    compile(&o);
    assert_recipe("BBSAVM");
    ck_assert_uint_eq(layout.guard, 2);
    ck_assert_uint_eq(layout.swap, 4);
    const dv_instruction_view *memo = &view.instructions[5];
    char text[64];
    dv_text_copy(text, sizeof text, (dv_text){(const char *)memo->data, memo->data_size});
    ck_assert_str_eq(text, "019f0304-0506-7708-890a-0b0c0d0e0f10:2");
    dv_pubkey guard = dv_swap_guard_address(&o.wallet, &ORDER);
    dv_pubkey named = dv_pubkey_at(view.keys + 32 * view.instructions[2].accounts[1]);
    ck_assert_mem_eq(&named, &guard, sizeof guard);
}
END_TEST

START_TEST(the_guard_is_the_same_in_each_attempt_and_no_other_orders)
{
    dv_id other = ORDER;
    other.bytes[15]++;
    dv_pubkey wallet = name_key(USER), guard = dv_swap_guard_address(&wallet, &ORDER);
    dv_pubkey others = dv_swap_guard_address(&wallet, &other);
    dv_pubkey wrapped = dv_swap_wrapped_address(&wallet, &ORDER);
    ck_assert(!dv_pubkey_equal(&guard, &others));
    ck_assert(!dv_pubkey_equal(&guard, &wrapped));
    for (uint8_t attempt = 1; attempt < 4; attempt++) {
        dv_swap_order o = order();
        o.attempt = attempt;
        compile(&o);
        dv_pubkey named = dv_pubkey_at(view.keys + 32 * view.instructions[2].accounts[1]);
        ck_assert_mem_eq(&named, &guard, sizeof guard);
    }
}
END_TEST

START_TEST(an_earlier_orders_guard_is_taken_back)
{
    dv_swap_order o = order();
    o.takes_back = true;
    o.back_id.bytes[0] = 77;
    compile(&o);
    assert_recipe("BBSAVSM");
    dv_pubkey guard = dv_swap_guard_address(&o.wallet, &o.back_id);
    dv_pubkey named = dv_pubkey_at(view.keys + 32 * view.instructions[5].accounts[0]);
    ck_assert_mem_eq(&named, &guard, sizeof guard);
    ck_assert_uint_eq(dv_le64(view.instructions[5].data + 4), 890880);
}
END_TEST

START_TEST(what_is_switched_off_or_there_already_is_left_out)
{
    dv_swap_order o = order();
    o.has_guard = o.has_memo = false;
    out_exists = true;
    o.unit_price = 0;
    compile(&o);
    assert_recipe("BV");
    ck_assert_uint_eq(layout.guard, UINT8_MAX);
}
END_TEST

START_TEST(sol_is_paid_from_an_account_of_the_orders_own)
{
    make_sol(0);
    dv_swap_order o = order();
    o.ask.mint_in = DV_MINT_WSOL;
    out_exists = true;
    compile(&o);
    assert_recipe("BBSSTVTM");
    dv_pubkey wrapped = dv_swap_wrapped_address(&o.wallet, &ORDER);
    ck_assert_mem_eq(&layout.account_in, &wrapped, sizeof wrapped);
    /* tag, base, seed with its size, lamports */
    const dv_instruction_view *create = &view.instructions[3];
    uint64_t seed_size = dv_le64(create->data + 36);
    ck_assert_uint_eq(dv_le64(create->data + 44 + seed_size), 2039280 + 1000);
}
END_TEST

START_TEST(an_exact_output_wraps_as_much_sol_as_the_limit)
{
    make_sol(0);
    dv_swap_order o = order();
    o.ask.mode = DV_SWAP_EXACT_OUT;
    o.ask.mint_in = DV_MINT_WSOL;
    o.ask.limit = 5000;
    compile(&o);
    const dv_instruction_view *create = &view.instructions[3];
    ck_assert_uint_eq(dv_le64(create->data + 44 + dv_le64(create->data + 36)), 2039280 + 5000);
}
END_TEST

START_TEST(more_sol_than_there_can_be_is_refused_and_does_not_wrap)
{
    make_sol(0);
    dv_swap_order o = order();
    o.ask.mint_in = DV_MINT_WSOL;
    compile(&o);
    o.ask.amount = UINT64_MAX - o.wrapped_rent.count + 1;
    dv_refusal refusal;
    ck_assert_int_eq(dv_swap_compile(&leg, &o, &made, &layout, &refusal),
                     DV_VENUE_FUNDS_INSUFFICIENT);
    o.ask.amount--;
    ck_assert_int_eq(dv_swap_compile(&leg, &o, &made, &layout, &refusal), DV_OK);
}
END_TEST

START_TEST(sol_that_is_received_is_unwrapped)
{
    make_sol(1);
    dv_swap_order o = order();
    o.ask.mint_out = DV_MINT_WSOL;
    compile(&o);
    assert_recipe("BBSSTVTM");
    dv_pubkey wrapped = dv_swap_wrapped_address(&o.wallet, &ORDER);
    ck_assert_mem_eq(&layout.account_out, &wrapped, sizeof wrapped);
}
END_TEST

START_TEST(units_are_set_without_changing_anything_else)
{
    dv_swap_order o = order();
    compile(&o);
    dv_transaction before = made;
    dv_swap_set_units(&made, 0x01020304);
    uint32_t changed = 0;
    for (uint32_t i = 0; i < made.size; i++) changed += made.bytes[i] != before.bytes[i];
    ck_assert_uint_le(changed, 4);
    ck_assert_int_eq(dv_transaction_decode(made.bytes, made.size, &view), DV_OK);
    ck_assert_uint_eq(dv_le32(view.instructions[0].data + 1), 0x01020304);
}
END_TEST

/* ---- why it failed ---- */

enum { IN_GUARD = 2, IN_SWAP = 4 };
static const struct {
    dv_failure failure;
    dv_err error;
} FAILURES[] = {
    {{.in_instruction = true, .is_custom = true, .instruction = IN_GUARD, .name = "Custom"},
     DV_VENUE_ORDER_GUARDED},
    {{.in_instruction = true,
      .is_custom = true,
      .instruction = IN_GUARD,
      .custom = 1,
      .name = "Custom"},
     DV_VENUE_FUNDS_INSUFFICIENT},
    {{.in_instruction = true,
      .is_custom = true,
      .instruction = IN_SWAP,
      .custom = 6005,
      .name = "Custom"},
     DV_VENUE_SLIPPAGE_EXCEEDED},
    {{.in_instruction = true,
      .is_custom = true,
      .instruction = IN_SWAP,
      .custom = 1,
      .name = "Custom"},
     DV_VENUE_FUNDS_INSUFFICIENT},
    {{.in_instruction = true,
      .is_custom = true,
      .instruction = IN_SWAP,
      .custom = 6000,
      .name = "Custom"},
     DV_VENUE_TRANSACTION_FAILED},
    {{.in_instruction = true, .instruction = IN_SWAP, .name = "ProgramFailedToComplete"},
     DV_VENUE_TRANSACTION_FAILED},
    {{.in_instruction = true, .instruction = 200, .name = "InvalidArgument"},
     DV_VENUE_TRANSACTION_FAILED},
    {{.name = "InsufficientFundsForFee"}, DV_VENUE_FUNDS_INSUFFICIENT},
    {{.name = "AccountNotFound"}, DV_VENUE_FUNDS_INSUFFICIENT},
    {{.name = "BlockhashNotFound"}, DV_CHAIN_BEHIND},
    {{.name = "AccountInUse"}, DV_VENUE_TRANSACTION_FAILED},
};

START_TEST(failures_are_told_in_our_words_and_the_programs)
{
    char text[DV_REASON_MAX + 1];
    dv_swap_order o = order();
    compile(&o);
    dv_err err = dv_swap_failure(&FAILURES[_i].failure, made.bytes, made.size,
                                 DV_VENUE_TRANSACTION_FAILED, text);
    ck_assert_str_eq(dv_err_name(err), dv_err_name(FAILURES[_i].error));
    ck_assert_str_ne(text, "");
}
END_TEST

/* ---- what it did ---- */

START_TEST(a_simulation_counts_what_the_swap_moved_and_nothing_else)
{
    dv_swap_order o = order();
    uint64_t in, out;
    compile(&o);
    dv_simulation s = {.move_count = 4};
    s.moves[0] = (dv_token_move){layout.swap, layout.account_in, name_key(VAULT_0), 1000, 0};
    s.moves[1] = (dv_token_move){layout.swap, name_key(VAULT_1), layout.account_out, 50, 0};
    s.moves[2] = (dv_token_move){0, layout.account_in, layout.account_out, 9, 0};
    s.moves[3] = (dv_token_move){layout.swap, name_key(VAULT_1), name_key(99), 8, 0};
    dv_swap_simulated(&s, &layout, &leg, &in, &out);
    ck_assert_uint_eq(in, 1000);
    ck_assert_uint_eq(out, 50);
    s.moves[1].withheld = 3;
    dv_swap_simulated(&s, &layout, &leg, &in, &out);
    ck_assert_uint_eq(out, 47);
}
END_TEST

START_TEST(what_landed_is_what_the_wallet_lost_and_gained)
{
    dv_landed *l = calloc(1, sizeof *l);
    dv_swap_order o = order();
    uint64_t in = 0, out = 0;
    compile(&o);
    l->transaction = made;
    l->change_count = 3;
    l->changes[0] =
        (dv_token_change){name_key(USER_IN), name_key(USER), name_key(MINT_0), 5000, 4000};
    l->changes[1] = (dv_token_change){name_key(USER_OUT), name_key(USER), name_key(MINT_1), 0, 45};
    l->changes[2] = (dv_token_change){name_key(VAULT_1), name_key(99), name_key(MINT_1), 100, 50};
    ck_assert_int_eq(dv_swap_landed(l, &o.wallet, &ORDER, &in, &out), DV_OK);
    ck_assert_uint_eq(in, 1000);
    ck_assert_uint_eq(out, 45);
    /* SOL comes into the order's own account, which is gone afterwards. */
    l->change_count = 1;
    l->move_count = 1;
    l->moves[0] = (dv_token_move){layout.swap, name_key(VAULT_1),
                                  dv_swap_wrapped_address(&o.wallet, &ORDER), 46, 0};
    ck_assert_int_eq(dv_swap_landed(l, &o.wallet, &ORDER, &in, &out), DV_OK);
    ck_assert_uint_eq(out, 46);
    l->move_count = 0;
    ck_assert_int_eq(dv_swap_landed(l, &o.wallet, &ORDER, &in, &out), DV_VENUE_BUILD_FAILED);
    free(l);
}
END_TEST

/* ---- accounts at seeds, against what @solana/web3.js makes ---- */

static void assert_data(const dv_instruction *ix, const char *hex)
{
    char got[400] = "";
    ck_assert_uint_lt(ix->data_size, sizeof got / 2);
    for (uint32_t i = 0; i < ix->data_size; i++) snprintf(got + 2 * i, 3, "%02x", ix->data[i]);
    ck_assert_str_eq(got, hex);
}

START_TEST(accounts_at_seeds_are_made_and_taken_back_as_the_reference_does)
{
    static dv_instruction ix;
    dv_seeded_account a = {.payer = name_key(7),
                           .owner = DV_PROGRAM_TOKEN,
                           .seed = dv_text_of("3yZe7d"),
                           .lamports = {2039280},
                           .space = 165};
    dv_ix_create_with_seed(&a, &ix);
    assert_data(&ix,
                "030000000707070707070707070707070707070707070707070707070707070707070707060000"
                "000000000033795a653764f01d1f0000000000a50000000000000006ddf6e1d765a193d9cbe146"
                "ceeb79ac1cb485ed5f5b37913a8cf5857eff00a9");
    dv_pubkey address = key("B9FdmNxxss1hpAHprAVXHzrDPq5PCjea6mTrVh2Ugnfd");
    ck_assert_mem_eq(&ix.accounts[1].key, &address, sizeof address);
    a.owner = DV_PROGRAM_SYSTEM;
    a.lamports.count = 890880;
    dv_ix_take_back(&a, &ix);
    assert_data(&ix,
                "0b00000000980d0000000000060000000000000033795a6537640000000000000000000000000000"
                "000000000000000000000000000000000000");
    address = key("D7frX4MiBnj2m39B3L4sgoJjCVqA6Du5rSvu4G4AgBxJ");
    ck_assert_mem_eq(&ix.accounts[0].key, &address, sizeof address);
    ck_assert(ix.accounts[1].is_signer && !ix.accounts[1].is_writable &&
              ix.accounts[2].is_writable);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compose");
    TCase *c = tcase_create("compose");
    tcase_add_checked_fixture(c, setup, teardown);
    suite_add_tcase(suite, c);
    tcase_add_test(c, a_swap_of_tokens_is_guarded_and_bears_its_order);
    tcase_add_test(c, the_guard_is_the_same_in_each_attempt_and_no_other_orders);
    tcase_add_test(c, an_earlier_orders_guard_is_taken_back);
    tcase_add_test(c, what_is_switched_off_or_there_already_is_left_out);
    tcase_add_test(c, sol_is_paid_from_an_account_of_the_orders_own);
    tcase_add_test(c, an_exact_output_wraps_as_much_sol_as_the_limit);
    tcase_add_test(c, more_sol_than_there_can_be_is_refused_and_does_not_wrap);
    tcase_add_test(c, sol_that_is_received_is_unwrapped);
    tcase_add_test(c, units_are_set_without_changing_anything_else);
    tcase_add_loop_test(c, failures_are_told_in_our_words_and_the_programs, 0,
                        sizeof FAILURES / sizeof FAILURES[0]);
    tcase_add_test(c, a_simulation_counts_what_the_swap_moved_and_nothing_else);
    tcase_add_test(c, what_landed_is_what_the_wallet_lost_and_gained);
    tcase_add_test(c, accounts_at_seeds_are_made_and_taken_back_as_the_reference_does);
    return suite_run(suite);
}
