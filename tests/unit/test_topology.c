/* The wiring: the table of links is sound, and configured endpoints are checked against it. */
#include "actors/topology.h"

#include <check.h>
#include <stdlib.h>

static dv_config config;
static dv_topology topology;
static char why[256];

static void clean(void)
{
    memset(&config, 0, sizeof config);
}

static void endpoint(const char *name, const char *value)
{
    struct dv_config_endpoint *e = &config.endpoints[config.endpoint_count++];
    snprintf(e->name, sizeof e->name, "%s", name);
    snprintf(e->value, sizeof e->value, "%s", value);
}

static const dv_link *link_of(const char *name)
{
    for (uint32_t i = 0; i < topology.link_count; i++)
        if (streq(topology.links[i].name, name)) return &topology.links[i];
    return NULL;
}

START_TEST(without_configuration_every_link_is_inproc)
{
    ck_assert_msg(dv_topology_init(&config, &topology, why) == DV_OK, "%s", why);
    ck_assert_uint_gt(topology.link_count, 0);
    for (uint32_t i = 0; i < topology.link_count; i++)
        ck_assert(strncmp(topology.links[i].endpoint, "inproc://", 9) == 0);
}
END_TEST

START_TEST(every_message_has_a_link_to_travel_on)
{
    ck_assert_int_eq(dv_topology_init(&config, &topology, why), DV_OK);
    for (unsigned type = 0; type < DV_MSG_COUNT; type++) {
        const dv_message_info *info = dv_message_info_of(type);
        if (info == NULL) continue;
        bool found = false;
        for (uint32_t i = 0; i < topology.link_count; i++)
            found |= topology.links[i].kind == info->link;
        ck_assert_msg(found, "no link carries %s", info->name);
    }
}
END_TEST

START_TEST(the_names_are_those_of_the_links)
{
    ck_assert_int_eq(dv_topology_init(&config, &topology, why), DV_OK);
    const char *const *names = dv_topology_link_names();
    uint32_t count = 0;
    for (; names[count] != NULL; count++) ck_assert_ptr_nonnull(link_of(names[count]));
    ck_assert_uint_eq(count, topology.link_count);
}
END_TEST

START_TEST(a_configured_endpoint_replaces_inproc)
{
    endpoint("quote_raydium", "tcp://127.0.0.1:5601");
    ck_assert_msg(dv_topology_init(&config, &topology, why) == DV_OK, "%s", why);
    ck_assert_str_eq(link_of("quote:raydium")->endpoint, "tcp://127.0.0.1:5601");
    ck_assert_str_eq(link_of("quote:meteora")->endpoint, "inproc://quote:meteora");
}
END_TEST

static const struct {
    const char *name, *value, *names_in_fault;
} FAULTS[] = {
    {"submit", "ipc:///tmp/submit", "submit"},
    {"submit", "", "submit"},
    {"desk", "tcp://127.0.0.1:5602", "desk"},
    {"quote_raydium", "inproc://quote:meteora", "quote:meteora"},
};

START_TEST(a_bad_endpoint_is_refused_and_names_its_link)
{
    endpoint(FAULTS[_i].name, FAULTS[_i].value);
    ck_assert_int_eq(dv_topology_init(&config, &topology, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, FAULTS[_i].names_in_fault) != NULL, "%s", why);
}
END_TEST

START_TEST(the_printed_table_has_every_link_and_message)
{
    ck_assert_int_eq(dv_topology_init(&config, &topology, why), DV_OK);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    dv_topology_print(&topology, out);
    fclose(out);
    for (uint32_t i = 0; i < topology.link_count; i++)
        ck_assert_ptr_nonnull(strstr(text, topology.links[i].endpoint));
    for (unsigned type = 0; type < DV_MSG_COUNT; type++)
        if (dv_message_info_of(type) != NULL)
            ck_assert_ptr_nonnull(strstr(text, dv_message_info_of(type)->name));
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("topology");
    TCase *c = tcase_create("topology");
    suite_add_tcase(suite, c);
    tcase_add_checked_fixture(c, clean, NULL);
    tcase_add_test(c, without_configuration_every_link_is_inproc);
    tcase_add_test(c, every_message_has_a_link_to_travel_on);
    tcase_add_test(c, the_names_are_those_of_the_links);
    tcase_add_test(c, a_configured_endpoint_replaces_inproc);
    tcase_add_loop_test(c, a_bad_endpoint_is_refused_and_names_its_link, 0,
                        sizeof FAULTS / sizeof FAULTS[0]);
    tcase_add_test(c, the_printed_table_has_every_link_and_message);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
