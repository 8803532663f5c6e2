/* Making actors: what cannot be made is refused with a reason. */
#include "actors/make.h"
#include "tests/support/suite.h"

#include <check.h>
#include <string.h>

START_TEST(a_dex_that_has_no_simulation_is_refused_when_its_router_is_made)
{
    static dv_settings settings;
    static dv_tokens tokens;
    static const dv_role ORCA = {.name = "router:orca", .family = "router"};
    char why[256] = "";
    dv_made made;
    dv_config_set_defaults(&DV_ROUTER_SECTION, &settings.router);
    dv_make_from from = {.settings = &settings, .tokens = &tokens};
    ck_assert_int_eq(dv_make(&ORCA, &from, &made, why), DV_CONFIG_INVALID);
    ck_assert_str_eq(why, "orca_mode: orca cannot be simulated; set it to solana");
}
END_TEST

START_TEST(only_the_chains_run_that_a_dex_trades_on)
{
    static dv_settings settings;
    dv_config_set_defaults(&DV_ROUTER_SECTION, &settings.router);
    dv_roles simulated = dv_role_of("chain:simulated"), solana = dv_role_of("chain:solana");
    ck_assert_uint_eq(dv_chains_needed(&settings), simulated);
    settings.router.meteora_mode = DV_DEX_SOLANA;
    ck_assert_uint_eq(dv_chains_needed(&settings), simulated | solana);
    settings.router.raydium_mode = DV_DEX_SOLANA;
    ck_assert_uint_eq(dv_chains_needed(&settings), solana);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("make");
    TCase *tcase = tcase_create("make");
    tcase_add_test(tcase, a_dex_that_has_no_simulation_is_refused_when_its_router_is_made);
    tcase_add_test(tcase, only_the_chains_run_that_a_dex_trades_on);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
