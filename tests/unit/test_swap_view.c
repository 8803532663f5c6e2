/* Swap instructions of pools with reserves are read back as they were asked for, and nothing else
   is taken for one. */
#include <check.h>

#include "actors/dex/programs/swap_view.h"
#include "tests/support/reserves_scene.h"
#include "tests/support/suite.h"

static scene s;

static const struct {
    const char *name;
    int venue;
    dv_pool_mode mode;
} SWAPS[] = {
    {"cpmm in", 0, DV_SWAP_EXACT_IN},       {"cpmm out", 0, DV_SWAP_EXACT_OUT},
    {"v4 in", 1, DV_SWAP_EXACT_IN},         {"v4 out", 1, DV_SWAP_EXACT_OUT},
    {"damm in", 2, DV_SWAP_EXACT_IN},       {"damm out", 2, DV_SWAP_EXACT_OUT},
    {"damm part", 2, DV_SWAP_PARTIAL_FILL},
};

static void make(int i, dv_instruction *ret)
{
    switch (SWAPS[i].venue) {
    case 0: make_cpmm(&s, 1000000000, 5000000000); break;
    case 1: make_v4(&s, 1000000000, 5000000000); break;
    default: make_damm(&s); break;
    }
    ck_assert_int_eq(encode(&s, SWAPS[i].mode, 0, ret), DV_OK);
    dv_pool_destroy(&s.pool);
}

static void assert_account(const dv_instruction *made, uint8_t index, uint32_t name)
{
    dv_pubkey key = name_key(name);
    ck_assert_mem_eq(&made->accounts[index].key, &key, sizeof key);
}

START_TEST(what_a_pool_encodes_is_read_back)
{
    static dv_instruction made;
    dv_swap_view view;
    make(_i, &made);
    ck_assert(dv_swap_is_program(&made.program));
    ck_assert_msg(dv_swap_read(&made.program, made.data, made.data_size, made.account_count, &view),
                  "%s", SWAPS[_i].name);
    ck_assert_int_eq(view.exact_out, SWAPS[_i].mode == DV_SWAP_EXACT_OUT);
    ck_assert_uint_eq(view.amount, 1000);
    ck_assert_uint_eq(view.limit, 7);
    assert_account(&made, view.owner, USER);
    assert_account(&made, view.account_in, USER_IN);
    assert_account(&made, view.account_out, USER_OUT);
}
END_TEST

START_TEST(another_size_mark_or_program_is_no_swap)
{
    static dv_instruction made;
    dv_swap_view view;
    make(_i, &made);
    const dv_pubkey *program = &made.program;
    uint32_t size = made.data_size, accounts = made.account_count;
    ck_assert(!dv_swap_read(program, made.data, size - 1, accounts, &view));
    ck_assert(!dv_swap_read(program, made.data, size + 1, accounts, &view));
    ck_assert(!dv_swap_read(program, made.data, size, 3, &view));
    ck_assert(!dv_swap_read(&DV_PROGRAM_TOKEN, made.data, size, accounts, &view));
    made.data[0] ^= 0x80;
    ck_assert(!dv_swap_read(program, made.data, size, accounts, &view));
    ck_assert(!dv_swap_is_program(&DV_PROGRAM_TOKEN));
}
END_TEST

START_TEST(a_mode_that_there_is_not_is_no_swap)
{
    static dv_instruction made;
    dv_swap_view view;
    make(6, &made);
    made.data[24] = 3;
    ck_assert(!dv_swap_read(&made.program, made.data, made.data_size, made.account_count, &view));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("swap_view");
    TCase *c = tcase_create("swap_view");
    suite_add_tcase(suite, c);
    tcase_add_loop_test(c, what_a_pool_encodes_is_read_back, 0, sizeof SWAPS / sizeof SWAPS[0]);
    tcase_add_loop_test(c, another_size_mark_or_program_is_no_swap, 0,
                        sizeof SWAPS / sizeof SWAPS[0]);
    tcase_add_test(c, a_mode_that_there_is_not_is_no_swap);
    return suite_run(suite);
}
