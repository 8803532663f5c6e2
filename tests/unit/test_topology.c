/* The wiring: the table of links is sound, and each process of a cluster binds and connects to what
   it should. */
#include "actors/topology.h"
#include "proto/codec.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>

static dv_cluster cluster;
static dv_topology topology;
static char why[256];

static void node_add(const char *name, const char *roles, char key)
{
    dv_node *node = &cluster.nodes[cluster.node_count];
    snprintf(node->name, sizeof node->name, "%s", name);
    snprintf(node->host, sizeof node->host, "10.0.0.%u", ++cluster.node_count);
    node->port = 7100;
    memset(node->public_key, key, DV_KEY_SIZE - 1);
    ck_assert_int_eq(dv_roles_parse(roles, &node->roles, why), DV_OK);
}

/* Two gateways, two executions, of which one stands beside everything else. */
static void make(void)
{
    memset(&cluster, 0, sizeof cluster);
    node_add("a", "gateway,ingest,execution,persistence,retry,notification", 'a');
    node_add("b", "gateway,execution", 'b');
    node_add("r", "router:raydium,router:meteora", 'r');
}

static void clean(void)
{
    dv_topology_fini(&topology);
}

static void alone(void)
{
    ck_assert_msg(dv_topology_init(NULL, NULL, dv_roles_all(), &topology, why) == DV_OK, "%s", why);
}

static void on(const char *name, const char *roles)
{
    const dv_node *node = dv_cluster_node(&cluster, name);
    dv_roles some = node->roles;
    if (roles != NULL) ck_assert_int_eq(dv_roles_parse(roles, &some, why), DV_OK);
    dv_topology_fini(&topology);
    ck_assert_msg(dv_topology_init(&cluster, node, some, &topology, why) == DV_OK, "%s", why);
}

static const dv_link *link_of(const char *name)
{
    for (uint32_t i = 0; i < topology.link_count; i++)
        if (streq(topology.links[i].name, name)) return &topology.links[i];
    ck_abort_msg("there is no link %s", name);
}

/* Holds what a link binds (tcp) and connects to against "bind -> name, name". */
static void assert_link(const char *name, const char *expected)
{
    const dv_link *link = link_of(name);
    char is[256];
    size_t size = (size_t)snprintf(is, sizeof is, "%s%s ->", link->endpoint ? "here " : "",
                                   link->tcp_endpoint ? link->tcp_endpoint : "");
    for (uint32_t i = 0; i < link->remote_count; i++)
        size += (size_t)snprintf(is + size, sizeof is - size, " %s", link->remotes[i].name);
    ck_assert_str_eq(is, expected);
}

START_TEST(without_a_cluster_every_link_is_inproc)
{
    alone();
    ck_assert_uint_gt(topology.link_count, 0);
    for (uint32_t i = 0; i < topology.link_count; i++) {
        ck_assert(strncmp(topology.links[i].endpoint, "inproc://", 9) == 0);
        ck_assert_ptr_null(topology.links[i].tcp_endpoint);
        ck_assert_uint_eq(topology.links[i].remote_count, 0);
    }
    ck_assert(!dv_topology_uses_tcp(&topology));
    ck_assert_str_eq(dv_topology_instance(&topology, dv_role_of("execution")), "execution");
}
END_TEST

START_TEST(every_message_has_a_link_to_travel_on)
{
    alone();
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

START_TEST(a_node_listens_to_others_and_prefers_what_it_has_itself)
{
    on("a", NULL);
    assert_link("submit", "here tcp://10.0.0.1:7100 ->"); /* b's gateway submits here */
    assert_link("insert", "here  ->");                    /* nobody else ingests */
    assert_link("write", "here tcp://10.0.0.1:7103 ->");
    assert_link("assign", "here tcp://10.0.0.1:7102 ->");
    assert_link("quote:raydium", " -> router:raydium@r");
    assert_link("health", "here tcp://10.0.0.1:7110 -> gateway@b");
    assert_link("desk", "here  ->");
    ck_assert_str_eq(link_of("quote:meteora")->remotes[0].endpoint, "tcp://10.0.0.3:7229");
    ck_assert_str_eq(link_of("quote:meteora")->remotes[0].public_key, cluster.nodes[2].public_key);
    ck_assert_str_eq(dv_topology_instance(&topology, dv_role_of("execution")), "execution@a");
}
END_TEST

START_TEST(a_node_without_a_role_connects_to_those_that_have_it)
{
    on("b", NULL);
    assert_link("submit", " -> ingest@a");
    assert_link("write", " -> persistence@a");
    assert_link("insert", " ->"); /* neither end is here */
    assert_link("feed", " -> notification@a");
    assert_link("health", "here tcp://10.0.0.2:7110 -> gateway@a");
    on("r", NULL);
    assert_link("quote:raydium", "here tcp://10.0.0.3:7228 ->");
    assert_link("health", " -> gateway@a gateway@b");
    assert_link("write", " ->");
}
END_TEST

START_TEST(what_goes_to_all_goes_near_and_far)
{
    node_add("n", "notification,persistence", 'n');
    on("a", NULL);
    assert_link("events", "here tcp://10.0.0.1:7107 -> notification@n");
    assert_link("feed", "here tcp://10.0.0.1:7109 -> notification@n");
    assert_link("write", "here tcp://10.0.0.1:7103 ->"); /* any: the one at hand */
    on("b", NULL);
    assert_link("write", " -> persistence@a persistence@n");
}
END_TEST

START_TEST(a_node_may_be_run_by_several_processes)
{
    on("a", "gateway,ingest");
    assert_link("submit", "here tcp://10.0.0.1:7100 ->");
    assert_link("insert", " -> persistence@a");
    assert_link("assign", "here tcp://10.0.0.1:7102 ->");
    on("a", "persistence");
    assert_link("insert", "here tcp://10.0.0.1:7101 ->");
    assert_link("events", " -> notification@a");
    assert_link("health", " -> gateway@a gateway@b");
}
END_TEST

START_TEST(a_role_that_the_node_has_not_is_refused)
{
    const dv_node *b = dv_cluster_node(&cluster, "b");
    dv_roles both = dv_role_of("gateway") | dv_role_of("persistence");
    ck_assert_int_eq(dv_topology_init(&cluster, b, both, &topology, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, "node b") && strstr(why, "persistence"), "%s", why);
}
END_TEST

/* ---- who may come in ---- */

static const char *judged(const char *link, char key)
{
    char text[DV_KEY_SIZE] = "";
    const char *reason = NULL;
    memset(text, key, DV_KEY_SIZE - 1);
    const char *node = dv_topology_node_of_key(&topology, link_of(link), text, &reason);
    return node ? node : reason;
}

START_TEST(a_key_opens_the_links_on_which_its_node_produces)
{
    on("a", NULL);
    ck_assert_str_eq(judged("submit", 'b'), "b");
    ck_assert_str_eq(judged("health", 'r'), "r");
    ck_assert_str_eq(judged("submit", 'x'), "unknown key");
    ck_assert_str_eq(judged("submit", 'r'), "its node has not the role that sends on this link");
    ck_assert_str_eq(judged("desk", 'b'), "its node has not the role that sends on this link");
}
END_TEST

static const struct {
    const char *link, *name;
    bool may;
} NAMES[] = {
    {"submit", "gateway@b", true},
    {"health", "router:raydium@r", true},
    {"submit", "gateway", false},
    {"submit", "gateway@r", false},
    {"submit", "gateway@nowhere", false},
    {"submit", "execution@b", false},
    {"health", "router:raydium@b", false},
    {"health", "*@b", false},
    {"submit", "@b", false},
    {"submit", "gateway@", false},
    {"submit", "gateway@b/5f3a", false},
    {"submit", "", false},
};

START_TEST(a_name_is_that_of_an_instance_that_produces_on_the_link)
{
    on("a", NULL);
    ck_assert_msg(dv_topology_may_produce(&topology, link_of(NAMES[_i].link), NAMES[_i].name) ==
                      NAMES[_i].may,
                  "%s on %s", NAMES[_i].name, NAMES[_i].link);
}
END_TEST

/* ---- for people ---- */

static char *printed(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    dv_topology_print(&topology, out);
    fclose(out);
    return text;
}

START_TEST(the_printed_table_has_every_link_and_message)
{
    alone();
    char *text = printed();
    for (uint32_t i = 0; i < topology.link_count; i++)
        ck_assert_ptr_nonnull(strstr(text, topology.links[i].endpoint));
    for (unsigned type = 0; type < DV_MSG_COUNT; type++)
        if (dv_message_info_of(type) != NULL)
            ck_assert_ptr_nonnull(strstr(text, dv_message_info_of(type)->name));
    free(text);
}
END_TEST

START_TEST(the_printed_table_says_what_is_bound_and_where_it_connects)
{
    on("b", NULL);
    char *text = printed();
    ck_assert_ptr_nonnull(strstr(text, "actors: gateway@b execution@b\n"));
    ck_assert_ptr_nonnull(strstr(text, "binds tcp://10.0.0.2:7110"));
    ck_assert_ptr_nonnull(strstr(text, "connects persistence@a=tcp://10.0.0.1:7103"));
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("topology");
    TCase *c = tcase_create("topology");
    suite_add_tcase(suite, c);
    tcase_add_checked_fixture(c, make, clean);
    tcase_add_test(c, without_a_cluster_every_link_is_inproc);
    tcase_add_test(c, every_message_has_a_link_to_travel_on);
    tcase_add_test(c, a_node_listens_to_others_and_prefers_what_it_has_itself);
    tcase_add_test(c, a_node_without_a_role_connects_to_those_that_have_it);
    tcase_add_test(c, what_goes_to_all_goes_near_and_far);
    tcase_add_test(c, a_node_may_be_run_by_several_processes);
    tcase_add_test(c, a_role_that_the_node_has_not_is_refused);
    tcase_add_test(c, a_key_opens_the_links_on_which_its_node_produces);
    tcase_add_loop_test(c, a_name_is_that_of_an_instance_that_produces_on_the_link, 0,
                        sizeof NAMES / sizeof NAMES[0]);
    tcase_add_test(c, the_printed_table_has_every_link_and_message);
    tcase_add_test(c, the_printed_table_says_what_is_bound_and_where_it_connects);
    return suite_run(suite);
}
