/* The catalogue of roles, and that every role can be played. */
#include "proto/roles.h"

#include <string.h>

#include "actors/cluster.h"
#include "actors/topology.h"
#include "proto/message.h"
#include "tests/support/suite.h"

START_TEST(names_and_bits_belong_together)
{
    dv_roles all = 0;
    for (uint32_t i = 0; i < dv_role_count(); i++) {
        const dv_role *role = dv_role_at(i);
        ck_assert_uint_eq(dv_role_of(role->name), (dv_roles)1 << i);
        ck_assert(dv_roles_named(role->family) & (dv_roles)1 << i);
        ck_assert_uint_le(strlen(role->name) + 1 + DV_NODE_NAME_MAX, DV_NAME_MAX);
        all |= (dv_roles)1 << i;
    }
    ck_assert_uint_eq(dv_roles_all(), all);
    ck_assert_uint_eq(dv_roles_named("*"), all);
}
END_TEST

START_TEST(families_and_lists_name_several_roles)
{
    dv_roles routers = dv_role_of("router:raydium") | dv_role_of("router:meteora");
    ck_assert_uint_eq(dv_roles_named("router"), routers);
    ck_assert_uint_eq(dv_roles_named("gateway router"), routers | dv_role_of("gateway"));
    ck_assert_uint_eq(dv_roles_named("gateway nobody"), 0);
    ck_assert_uint_eq(dv_role_of("router"), 0);
}
END_TEST

START_TEST(a_signer_is_needed_where_a_dex_trades_on_solana)
{
    dv_roles signer = dv_role_of("signer"), always = dv_roles_needed(false, false);
    ck_assert_uint_eq(always & signer, 0);
    ck_assert_uint_eq(always & dv_role_of("ingest"), dv_role_of("ingest"));
    ck_assert_uint_eq(dv_roles_needed(true, false) & signer, 0);
    ck_assert_uint_eq(dv_roles_needed(false, true) & signer, signer);
    ck_assert_uint_eq(dv_roles_needed(true, true) & always, always);
}
END_TEST

START_TEST(an_instance_plays_the_role_before_its_node)
{
    ck_assert_str_eq(dv_role_of_instance(dv_text_of("router:raydium@a"))->name, "router:raydium");
    ck_assert_str_eq(dv_role_of_instance(dv_text_of("signer"))->name, "signer");
    ck_assert_ptr_null(dv_role_of_instance(dv_text_of("notifications@a")));
    ck_assert_ptr_null(dv_role_of_instance(dv_text_of("")));
}
END_TEST

START_TEST(an_unknown_role_is_named_with_all_that_there_are)
{
    char why[256];
    dv_roles roles;
    char names[40 * DV_ROLES_MAX];
    size_t size = 0;
    for (int i = 0; i < DV_ROLES_MAX; i++)
        size += (size_t)snprintf(names + size, sizeof names - size, "router:raydium,");
    snprintf(names + size, sizeof names - size, "nobody");
    ck_assert_int_eq(dv_roles_parse(names, &roles, why), DV_CONFIG_INVALID);
    ck_assert_ptr_nonnull(strstr(why, "\"nobody\" is no role"));
    for (uint32_t i = 0; i < dv_role_count(); i++)
        ck_assert_ptr_nonnull(strstr(why, dv_role_at(i)->name));
}
END_TEST

/* However many roles there are, a buffer that is too small for them stays whole behind its end. */
START_TEST(a_list_of_roles_ends_with_the_last_name_that_finds_room)
{
    char all[1024], part[1024];
    dv_roles_list(all, sizeof all);
    ck_assert_ptr_nonnull(strstr(all, ",router:raydium,"));
    for (size_t size = 1; size <= strlen(all) + 1; size++) {
        memset(part, '#', sizeof part);
        dv_roles_list(part, size);
        size_t used = strlen(part);
        ck_assert_uint_lt(used, size);
        ck_assert_mem_eq(part, all, used);
        ck_assert(all[used] == ',' || all[used] == '\0' || used == 0);
        for (size_t i = size; i < sizeof part; i++) ck_assert_int_eq(part[i], '#');
    }
    ck_assert_str_eq(part, all);
}
END_TEST

START_TEST(links_name_roles_and_have_ports_of_their_own)
{
    bool taken[DV_NODE_PORTS] = {false};
    const dv_link *link;
    for (uint32_t i = 0; (link = dv_link_at(i)) != NULL; i++) {
        ck_assert_uint_ne(dv_role_of(link->consumer), 0);
        if (link->port == DV_NO_PORT) continue;
        ck_assert_uint_lt(link->port, DV_NODE_PORTS);
        ck_assert(!taken[link->port]);
        taken[link->port] = true;
        ck_assert_uint_ne(dv_roles_named(link->producers), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("roles");
    TCase *c = tcase_create("roles");
    suite_add_tcase(suite, c);
    tcase_add_test(c, names_and_bits_belong_together);
    tcase_add_test(c, families_and_lists_name_several_roles);
    tcase_add_test(c, a_signer_is_needed_where_a_dex_trades_on_solana);
    tcase_add_test(c, an_instance_plays_the_role_before_its_node);
    tcase_add_test(c, an_unknown_role_is_named_with_all_that_there_are);
    tcase_add_test(c, a_list_of_roles_ends_with_the_last_name_that_finds_room);
    tcase_add_test(c, links_name_roles_and_have_ports_of_their_own);
    return suite_run(suite);
}
