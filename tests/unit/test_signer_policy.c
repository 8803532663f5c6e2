/* What may be signed: the good swap is; and each way in which a message may be another one is
   refused, with its reason. */
#include <check.h>

#include "tests/support/signer_scene.h"
#include "tests/support/suite.h"
#include "tests/support/wallet.h"

static sign_scene s;

static void set_up(void)
{
    scene_make(&s);
}

static void assert_signed(uint64_t atoms, uint64_t lamports)
{
    dv_signer_cost cost;
    dv_err err = scene_check(&s, &cost);
    ck_assert_msg(err == DV_OK, "%s", s.why);
    ck_assert_uint_eq(cost.atoms, atoms);
    ck_assert_uint_eq(cost.lamports.count, lamports);
}

static void assert_refused(const char *reason)
{
    dv_signer_cost cost;
    ck_assert_int_eq(scene_check(&s, &cost), DV_SIGNER_REFUSED);
    ck_assert_msg(strstr(s.why, reason) != NULL, "expected \"%s\", not \"%s\"", reason, s.why);
}

/* Another instruction in the memo's place, since a packet has no room for many more. */
static dv_instruction *more(void)
{
    return &s.ix[MEMO];
}

static void drop(uint32_t i)
{
    memmove(&s.ix[i], &s.ix[i + 1], (--s.ix_count - i) * sizeof s.ix[0]);
}

/* ---- what is signed ---- */

START_TEST(a_swap_of_sol_with_all_that_is_around_it_is_signed)
{
    assert_signed(SCENE_AMOUNT, SCENE_LAMPORTS);
}
END_TEST

START_TEST(an_exact_output_may_cost_its_limit)
{
    scene_swap_put(&s, true, SCENE_LIMIT, SCENE_AMOUNT);
    assert_signed(SCENE_AMOUNT, SCENE_LAMPORTS);
}
END_TEST

START_TEST(a_swap_between_associated_accounts_is_signed)
{
    s.ask.token_in = dv_text_of(USDC);
    s.ask.token_out = dv_text_of(SOL);
    dv_pubkey sol = dv_ata_of(&s.wallet, &s.sol, &DV_PROGRAM_TOKEN);
    dv_pubkey usdc = dv_ata_of(&s.wallet, &s.usdc, &DV_PROGRAM_TOKEN_2022);
    s.own = usdc, s.usdc_account = sol;
    scene_swap_put(&s, false, 1000500000, 1);
    s.ix[0] = s.ix[SWAP];
    s.ix_count = 1;
    s.config.signer_order_lamports_max = UINT32_MAX;
    scene_policy(&s);
    assert_signed(1000500000, 5000); /* no price: only the signature's fee */
}
END_TEST

START_TEST(sol_may_be_wrapped_by_a_transfer_into_an_own_account)
{
    scene_create(&s.ix[MAKE], &s.wallet, "sol-1", SCENE_RENT, 165, &DV_PROGRAM_TOKEN);
    s.ix[s.ix_count++] = s.ix[SWAP];
    wallet_transfer(&s.wallet, &s.own, SCENE_AMOUNT, &s.ix[SWAP]);
    wallet_sync_native(&s.own, more());
    assert_signed(SCENE_AMOUNT, SCENE_LAMPORTS);
}
END_TEST

START_TEST(a_message_that_only_takes_back_is_signed_for_no_amount)
{
    scene_take_back(&s.ix[2], &s.wallet, "guard-1", &s.wallet, SCENE_GUARD_RENT);
    s.ix[3] = s.ix[CLOSE];
    s.ix_count = 4; /* after the compute budget */
    s.ask.amount = s.ask.limit_amount = 0;
    s.ask.attempt = 0;
    assert_signed(0, 7000);
}
END_TEST

START_TEST(without_a_unit_limit_the_greatest_is_counted)
{
    drop(UNITS);
    assert_signed(SCENE_AMOUNT, SCENE_LAMPORTS - 2000 + 14000);
}
END_TEST

START_TEST(an_allowed_program_is_one_of_those_that_are_listed)
{
    snprintf(s.config.signer_programs, DV_CONFIG_TEXT_MAX,
             "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo");
    scene_policy(&s);
    assert_refused("program that is not allowed: CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C");
    snprintf(s.config.signer_programs, DV_CONFIG_TEXT_MAX,
             "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo "
             "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C");
    scene_policy(&s);
    assert_signed(SCENE_AMOUNT, SCENE_LAMPORTS);
}
END_TEST

START_TEST(without_a_list_every_token_of_the_table_is_allowed)
{
    s.ask.token_out = dv_text_of(SCENE_BONK);
    s.usdc_account = dv_ata_of(&s.wallet, &s.bonk, &DV_PROGRAM_TOKEN);
    scene_swap_put(&s, false, SCENE_AMOUNT, 1);
    assert_refused("a mint that is not allowed: " SCENE_BONK);
    *s.config.signer_mints = '\0';
    scene_policy(&s);
    assert_signed(SCENE_AMOUNT, SCENE_LAMPORTS);
}
END_TEST

/* ---- what is refused ---- */

static void other_program(void)
{
    dv_instruction_begin(more(), &s.stranger);
}
static void other_payer(void)
{
    s.payer = s.stranger;
    for (uint32_t i = 0; i < s.ix_count; i++) /* nothing but the payer signs */
        for (uint32_t k = 0; k < s.ix[i].account_count; k++) s.ix[i].accounts[k].is_signer = false;
}
static void two_signers(void)
{
    dv_ix_memo(dv_text_of("x"), &s.stranger, more());
}
static void too_much(void)
{
    scene_swap_put(&s, false, 2000000001, SCENE_LIMIT);
}
static void too_much_for_an_exact_output(void)
{
    scene_swap_put(&s, true, SCENE_LIMIT, UINT64_MAX);
}
static void another_amount(void)
{
    s.ask.amount++;
}
static void another_limit(void)
{
    s.ask.limit_amount--;
}
static void another_mode(void)
{
    s.ask.swap_mode = DV_EXACT_OUT;
}
static void no_limit(void)
{
    scene_swap_put(&s, false, SCENE_AMOUNT, 0);
}
static void no_maximum(void)
{
    *s.config.signer_day_max = '\0';
    scene_policy(&s);
}
static void mint_in_not_allowed(void)
{
    s.ask.token_in = dv_text_of(SCENE_BONK);
}
static void mint_unknown(void)
{
    s.ask.token_out = dv_text_of("JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN");
}
static void mint_of_the_ask_is_none(void)
{
    s.ask.token_out = dv_text_of("USDC");
}
static void pays_another_mint(void)
{
    s.ask.token_in = dv_text_of(USDC);
}
static void pays_into_a_strangers_account(void)
{
    s.usdc_account = s.stranger;
    scene_swap_put(&s, false, SCENE_AMOUNT, SCENE_LIMIT);
}
static void pays_into_another_mints_account(void)
{
    s.usdc_account = dv_ata_of(&s.wallet, &s.bonk, &DV_PROGRAM_TOKEN);
    scene_swap_put(&s, false, SCENE_AMOUNT, SCENE_LIMIT);
}
static void pays_from_a_strangers_account(void)
{
    s.own = s.stranger;
    scene_swap_put(&s, false, SCENE_AMOUNT, SCENE_LIMIT);
}
static void another_owner_swaps(void)
{
    s.ix[SWAP].accounts[0].key = s.stranger;
    s.ix[SWAP].accounts[0].is_signer = false;
}
static void two_swaps(void)
{
    s.ix[s.ix_count++] = s.ix[SWAP];
}
static void no_swap(void)
{
    drop(SWAP);
}
static void no_swap_was_asked_for(void)
{
    s.ask.amount = 0;
}
static void spends_while_it_takes_back(void)
{
    s.ask.amount = 0;
    drop(SWAP);
}
static void another_instruction_of_the_venue(void)
{
    s.ix[SWAP].data[0] ^= 1;
}
static void a_swap_with_a_tail(void)
{
    dv_instruction_put_le(&s.ix[SWAP], 0, 1);
}
static void a_swap_that_lacks_accounts(void)
{
    s.ix[SWAP].account_count = 5;
}
static void transfers_to_a_stranger(void)
{
    wallet_transfer(&s.wallet, &s.stranger, 1, more());
}
static void transfers_from_a_stranger(void)
{
    wallet_transfer(&s.stranger, &s.own, 1, more());
    s.ix[MEMO].accounts[0].is_signer = false;
}
static void transfers_to_its_own_usdc(void) /* where lamports would be lost */
{
    wallet_transfer(&s.wallet, &s.usdc_account, 1, more());
}
static void transfers_more_than_there_can_be(void) /* what would wrap around to little */
{
    wallet_transfer(&s.wallet, &s.own, UINT64_MAX, more());
}
static void assigns(void)
{
    dv_instruction *to = more();
    dv_instruction_begin(to, &DV_PROGRAM_SYSTEM);
    dv_instruction_put_le(to, 1, 4);
    dv_instruction_put(to, s.stranger.bytes, 32);
    dv_instruction_add(to, &s.wallet, true, true);
}
static void makes_an_account_for_another_program(void)
{
    scene_create(more(), &s.wallet, "x", 1, 0, &s.stranger);
}
static void makes_an_account_of_another_seed(void)
{
    s.ix[GUARD].accounts[1].key = s.stranger;
}
static void makes_an_account_with_another_base(void)
{
    scene_create(&s.ix[GUARD], &s.stranger, "guard-1", 1, 0, &DV_PROGRAM_SYSTEM);
    s.ix[GUARD].accounts[0] = (dv_account_meta){s.wallet, true, true};
}
static void a_guard_that_holds_something(void)
{
    scene_create(&s.ix[GUARD], &s.wallet, "guard-1", 1, 8, &DV_PROGRAM_SYSTEM);
}
static void a_seed_beyond_its_instruction(void)
{
    s.ix[GUARD].data[36] = 200;
}
static void leaves_an_account_to_whom_it_may_concern(void)
{
    drop(INITIALISE);
}
static void initialises_for_a_stranger(void)
{
    scene_initialise(&s.ix[INITIALISE], &s.own, &s.sol, &s.stranger);
}
static void initialises_what_is_not_its_own(void)
{
    scene_initialise(more(), &s.stranger, &s.sol, &s.wallet);
}
static void initialises_for_a_mint_not_allowed(void)
{
    scene_initialise(&s.ix[INITIALISE], &s.own, &s.bonk, &s.wallet);
}
static void closes_in_favour_of_a_stranger(void)
{
    dv_ix_close_account(&s.own, &s.stranger, &s.wallet, &DV_PROGRAM_TOKEN, &s.ix[CLOSE]);
}
static void takes_back_for_a_stranger(void)
{
    scene_take_back(more(), &s.wallet, "guard-1", &s.stranger, 1);
}
static void transfers_tokens(void)
{
    dv_instruction *to = more();
    dv_instruction_begin(to, &DV_PROGRAM_TOKEN);
    dv_instruction_put_le(to, 12, 1); /* TransferChecked */
    dv_instruction_put_le(to, 1, 8);
    dv_instruction_put_le(to, 6, 1); /* decimals */
    dv_instruction_add(to, &s.usdc_account, false, true);
    dv_instruction_add(to, &s.usdc, false, false);
    dv_instruction_add(to, &s.stranger, false, true);
    dv_instruction_add(to, &s.wallet, true, false);
}
static void approves(void)
{
    dv_instruction *to = more();
    dv_instruction_begin(to, &DV_PROGRAM_TOKEN_2022);
    dv_instruction_put_le(to, 4, 1);
    dv_instruction_put_le(to, 1, 8);
    dv_instruction_add(to, &s.usdc_account, false, true);
    dv_instruction_add(to, &s.stranger, false, false);
    dv_instruction_add(to, &s.wallet, true, false);
}
static void associates_for_a_stranger(void)
{
    dv_ix_create_ata(&s.wallet, &s.stranger, &s.usdc, &DV_PROGRAM_TOKEN, &s.ix[ASSOCIATED]);
}
static void associates_a_mint_not_allowed(void)
{
    dv_ix_create_ata(&s.wallet, &s.wallet, &s.bonk, &DV_PROGRAM_TOKEN, &s.ix[ASSOCIATED]);
}
static void associates_with_another_program(void)
{
    dv_ix_create_ata(&s.wallet, &s.wallet, &s.usdc, &s.stranger, &s.ix[ASSOCIATED]);
}
static void associates_otherwise(void)
{
    s.ix[ASSOCIATED].data[0] = 2; /* RecoverNested */
}
static void another_budget_instruction(void)
{
    s.ix[UNITS].data[0] = 0;
}
static void a_dear_transaction(void)
{
    dv_ix_compute_unit_price(1000000000, &s.ix[PRICE]);
}
static void the_dearest_transaction(void)
{
    dv_ix_compute_unit_price(UINT64_MAX, &s.ix[PRICE]);
    dv_ix_compute_unit_limit(UINT32_MAX, &s.ix[UNITS]);
}
static void much_rent(void)
{
    scene_create(&s.ix[GUARD], &s.wallet, "guard-1", 20000000, 0, &DV_PROGRAM_SYSTEM);
}
static void the_attempt_before_the_first(void)
{
    s.ask.attempt = 0;
}
static void the_attempt_after_the_last(void)
{
    s.ask.attempt = 4;
}
static void accounts_out_of_a_table(void)
{
    static dv_pubkey addresses[1];
    addresses[0] = s.ix[SWAP].accounts[6].key;
    s.table = (dv_lookup_table){s.stranger, addresses, 1};
}

static const struct {
    const char *reason;
    void (*change)(void);
} REFUSED[] = {
    {"program that is not allowed: 5", other_program},
    {"its fee payer is not the wallet: 5", other_payer},
    {"it asks for 2 signatures, not for one", two_signers},
    {"it pays 2000000001 atoms of SOL, more than the 2000000000 of an order", too_much},
    {"it pays 18446744073709551615 atoms of SOL", too_much_for_an_exact_output},
    {"1000000000 with limit 150000000, but 1000000001 with limit", another_amount},
    {"but 1000000000 with limit 149999999 was asked for", another_limit},
    {"the other amount of its swap is exact", another_mode},
    {"its swap takes any output", no_limit},
    {"no maximum is set for SOL", no_maximum},
    {"a mint that is not allowed: " SCENE_BONK, mint_in_not_allowed},
    {"a mint that is not allowed: JUP", mint_unknown},
    {"the ask's mints are none", mint_of_the_ask_is_none},
    {"pays from an account that is not the wallet's for the mint:", pays_another_mint},
    {"pays into an account that is not the wallet's for the mint: 5",
     pays_into_a_strangers_account},
    {"pays into an account that is not the wallet's for the mint:",
     pays_into_another_mints_account},
    {"pays from an account that is not the wallet's for the mint: 5",
     pays_from_a_strangers_account},
    {"its swap is by another than the wallet: 5", another_owner_swaps},
    {"it swaps more than once", two_swaps},
    {"it has no swap", no_swap},
    {"it swaps, though no swap was asked for", no_swap_was_asked_for},
    {"it has no swap, and spends lamports", spends_while_it_takes_back},
    {"no swap that can be read, of program CPMM", another_instruction_of_the_venue},
    {"no swap that can be read", a_swap_with_a_tail},
    {"no swap that can be read", a_swap_that_lacks_accounts},
    {"transfers lamports to another's account: 5", transfers_to_a_stranger},
    {"from another account than the wallet: 5", transfers_from_a_stranger},
    {"transfers lamports to another's account:", transfers_to_its_own_usdc},
    {"it spends more lamports than there can be", transfers_more_than_there_can_be},
    {"instruction 1 of the system program", assigns},
    {"made for another program: 5", makes_an_account_for_another_program},
    {"an account is not that of its seed", makes_an_account_of_another_seed},
    {"from another's seed: 5", makes_an_account_with_another_base},
    {"account of the system program is not empty", a_guard_that_holds_something},
    {"malformed", a_seed_beyond_its_instruction},
    {"a token account for anyone to take", leaves_an_account_to_whom_it_may_concern},
    {"initialised for another than the wallet: 5", initialises_for_a_stranger},
    {"initialises an account that it has not made: 5", initialises_what_is_not_its_own},
    {"a mint that is not allowed: " SCENE_BONK, initialises_for_a_mint_not_allowed},
    {"closed in favour of another than the wallet: 5", closes_in_favour_of_a_stranger},
    {"taken back for another than the wallet: 5", takes_back_for_a_stranger},
    {"instruction 12 of a token program", transfers_tokens},
    {"instruction 4 of a token program", approves},
    {"made for another than the wallet: 5", associates_for_a_stranger},
    {"a mint that is not allowed: " SCENE_BONK, associates_a_mint_not_allowed},
    {"an associated account is not the wallet's", associates_with_another_program},
    {"made otherwise than idempotently", associates_otherwise},
    {"another compute-budget instruction", another_budget_instruction},
    {"lamports beside the swap, more than the 20000000 of an order", a_dear_transaction},
    {"it costs up to 18446744073709551615 lamports", the_dearest_transaction},
    {"lamports beside the swap, more than the 20000000 of an order", much_rent},
    {"attempt 0 is none", the_attempt_before_the_first},
    {"attempt 4 is none", the_attempt_after_the_last},
    {"it looks accounts up in tables", accounts_out_of_a_table},
};

START_TEST(what_differs_from_it_is_refused_with_its_reason)
{
    REFUSED[_i].change();
    assert_refused(REFUSED[_i].reason);
}
END_TEST

START_TEST(bytes_that_are_no_message_are_refused)
{
    dv_signer_cost cost;
    scene_compile(&s);
    dv_text whole = s.ask.message;
    for (uint32_t size = 0; size < whole.size; size++) {
        s.ask.message.size = size;
        ck_assert_int_eq(dv_signer_policy_check(&s.policy, &s.ask, &cost, s.why),
                         DV_SIGNER_REFUSED);
        ck_assert_str_eq(s.why, "it is no message of a transaction");
    }
    static char large[DV_TRANSACTION_MAX];
    s.ask.message = (dv_text){large, sizeof large};
    ck_assert_int_eq(dv_signer_policy_check(&s.policy, &s.ask, &cost, s.why), DV_SIGNER_REFUSED);
}
END_TEST

/* Whatever bit is flipped, what is still signed costs no more than the good message may. */
START_TEST(a_message_with_any_bit_flipped_is_refused_or_harmless)
{
    dv_signer_cost cost;
    unsigned taken = 0;
    scene_compile(&s);
    uint8_t *bytes = s.made.bytes + s.made.message_at;
    for (uint32_t bit = 0; bit < s.ask.message.size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (dv_signer_policy_check(&s.policy, &s.ask, &cost, s.why) == DV_OK) {
            ck_assert_uint_eq(cost.atoms, SCENE_AMOUNT);
            ck_assert_uint_le(cost.lamports.count, s.policy.order_lamports_max.count);
            taken++;
        }
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_uint_gt(taken, 256); /* the blockhash is not judged, nor are the pool's accounts */
}
END_TEST

/* ---- configuration ---- */

static const struct {
    size_t offset;
    const char *value, *why;
} BAD[] = {
    {offsetof(dv_signer_config, signer_mints), "SOL,ETH", "signer_mints: ETH is no token"},
    {offsetof(dv_signer_config, signer_programs), "11111111111111111111111111111111",
     "signer_programs: 11111111111111111111111111111111 is no venue's program"},
    {offsetof(dv_signer_config, signer_programs), "raydium",
     "signer_programs: raydium is no venue's"},
    {offsetof(dv_signer_config, signer_order_max), "SOL",
     "signer_order_max: SOL is not TOKEN=AMOUNT"},
    {offsetof(dv_signer_config, signer_order_max), "ETH=1", "signer_order_max: ETH is no token"},
    {offsetof(dv_signer_config, signer_order_max), "SOL=x",
     "signer_order_max: x is no amount of SOL"},
    {offsetof(dv_signer_config, signer_order_max), "SOL=", "is no amount of SOL"},
    {offsetof(dv_signer_config, signer_order_max), "SOL=0", "0 is no amount of SOL"},
    {offsetof(dv_signer_config, signer_order_max), "USDC=1.0000001", "is no amount of USDC"},
    {offsetof(dv_signer_config, signer_day_max), "SOL=99999999999", "is no amount of SOL"},
    {offsetof(dv_signer_config, signer_day_max), "*=-1", "signer_day_max: -1 is no amount"},
};

START_TEST(a_bad_setting_names_itself)
{
    snprintf((char *)&s.config + BAD[_i].offset, DV_CONFIG_TEXT_MAX, "%s", BAD[_i].value);
    ck_assert_int_eq(dv_signer_policy_init(&s.config, SCENE_ATTEMPTS_MAX, &s.tokens, &s.wallet,
                                           &s.policy, s.why),
                     DV_CONFIG_INVALID);
    ck_assert_msg(strstr(s.why, BAD[_i].why) != NULL, "expected \"%s\", not \"%s\"", BAD[_i].why,
                  s.why);
}
END_TEST

START_TEST(a_star_stands_for_the_tokens_that_are_not_named)
{
    snprintf(s.config.signer_order_max, DV_CONFIG_TEXT_MAX, "SOL=2 *=7 " USDC "=1.5");
    scene_policy(&s);
    ck_assert_uint_eq(s.policy.rules[0].order_max, 2000000000);
    ck_assert_uint_eq(s.policy.rules[1].order_max, 1500000);
    ck_assert_uint_eq(s.policy.rules[2].order_max, 700000);
    ck_assert(!s.policy.rules[2].may_be_paid); /* no maximum of a day */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signer_policy");
    TCase *c = tcase_create("signer_policy");
    suite_add_tcase(suite, c);
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, set_up, NULL);
    tcase_add_test(c, a_swap_of_sol_with_all_that_is_around_it_is_signed);
    tcase_add_test(c, an_exact_output_may_cost_its_limit);
    tcase_add_test(c, a_swap_between_associated_accounts_is_signed);
    tcase_add_test(c, sol_may_be_wrapped_by_a_transfer_into_an_own_account);
    tcase_add_test(c, a_message_that_only_takes_back_is_signed_for_no_amount);
    tcase_add_test(c, without_a_unit_limit_the_greatest_is_counted);
    tcase_add_test(c, an_allowed_program_is_one_of_those_that_are_listed);
    tcase_add_test(c, without_a_list_every_token_of_the_table_is_allowed);
    tcase_add_loop_test(c, what_differs_from_it_is_refused_with_its_reason, 0,
                        sizeof REFUSED / sizeof REFUSED[0]);
    tcase_add_test(c, bytes_that_are_no_message_are_refused);
    tcase_add_test(c, a_message_with_any_bit_flipped_is_refused_or_harmless);
    tcase_add_loop_test(c, a_bad_setting_names_itself, 0, sizeof BAD / sizeof BAD[0]);
    tcase_add_test(c, a_star_stands_for_the_tokens_that_are_not_named);
    return suite_run(suite);
}
