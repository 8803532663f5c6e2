/* The cluster file and the key files: what is read, what is refused and how it is named. */
#include "actors/cluster.h"
#include "tests/support/suite.h"

#include <check.h>
#include <czmq.h>
#include <stdlib.h>
#include <sys/stat.h>

static dv_cluster cluster;
static char why[256];
static char folder[64], path[96];

static void folder_make(void)
{
    snprintf(folder, sizeof folder, "/tmp/drover-cluster-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    memset(&cluster, 0xee, sizeof cluster);
    *why = '\0';
}

static void folder_drop(void)
{
    unlink(path);
    rmdir(folder);
}

static void file_write(const char *content, mode_t mode)
{
    unlink(path);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(content, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, mode), 0);
}

#define KEY_A "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY_B "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define ENGINE "gateway,ingest,execution,persistence,retry,notification"
#define ROUTERS "router:raydium,router:meteora"

/* A file of nodes a and b, with what follows in b's section. */
static dv_err load(const char *b)
{
    char content[1024];
    snprintf(content, sizeof content,
             "a\n    address = \"127.0.0.1:7100\"\n    roles = \"" ENGINE "\"\n"
             "    public_key = \"%s\"\n%s",
             KEY_A, b);
    file_write(content, 0644);
    return dv_cluster_load(path, &cluster, why);
}

#define GOOD_B                                                                                     \
    "b\n    address = \"[fd00::1]:7200\"\n    roles = \"" ROUTERS "\"\n"                           \
    "    public_key = \"" KEY_B "\"\n"

START_TEST(nodes_are_read_and_found_by_name_and_key)
{
    ck_assert_msg(load(GOOD_B) == DV_OK, "%s", why);
    ck_assert_uint_eq(cluster.node_count, 2);
    const dv_node *a = dv_cluster_node(&cluster, "a"), *b = dv_cluster_node(&cluster, "b");
    ck_assert_str_eq(a->host, "127.0.0.1");
    ck_assert_uint_eq(a->port, 7100);
    ck_assert(a->loopback && !b->loopback);
    ck_assert_str_eq(b->host, "[fd00::1]");
    ck_assert_uint_eq(b->roles, dv_role_of("router:raydium") | dv_role_of("router:meteora"));
    ck_assert_ptr_eq(dv_cluster_node_of_key(&cluster, KEY_B), b);
    ck_assert_ptr_null(dv_cluster_node(&cluster, "c"));
    ck_assert_ptr_null(dv_cluster_node(&cluster, ""));
    ck_assert_ptr_null(dv_cluster_node_of_key(&cluster, ""));
}
END_TEST

START_TEST(a_signer_is_not_needed_but_may_be_there_once)
{
    ck_assert_msg(load("b\n    address = \"127.0.0.2:1\"\n    roles = \"signer," ROUTERS "\"\n") ==
                      DV_OK,
                  "%s", why);
    const char *two = "b\n    address = \"127.0.0.2:1\"\n    roles = \"signer," ROUTERS "\"\n"
                      "c\n    address = \"127.0.0.3:1\"\n    roles = \"signer\"\n";
    ck_assert_int_eq(load(two), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, "a second node, c, has the role signer") != NULL, "%s", why);
}
END_TEST

START_TEST(a_node_without_a_key_is_found_by_no_key)
{
    ck_assert_int_eq(load("b\n    address = \"127.0.0.2:1\"\n    roles = \"" ROUTERS "\"\n"),
                     DV_OK);
    ck_assert_ptr_null(dv_cluster_node_of_key(&cluster, ""));
}
END_TEST

#define SECTION(address, roles, key)                                                               \
    "b\n    address = \"" address "\"\n    roles = \"" roles "\"\n    public_key = \"" key "\"\n"

static const struct {
    const char *b, *named;
} BAD[] = {
    {"", "no node has the role router:raydium"},
    {SECTION("10.0.0.2:7100", "router:raydium", KEY_B), "router:meteora"},
    {SECTION("10.0.0.2:7100", ROUTERS ",router:orca", KEY_B), "\"router:orca\" is no role"},
    {SECTION("10.0.0.2:7100", ROUTERS ",", KEY_B), "roles are gateway,signer"},
    {SECTION("10.0.0.2:7100", "", KEY_B), "node b: roles"},
    {SECTION("example.com:7100", ROUTERS, KEY_B), "node b: address is \"example.com:7100\""},
    {SECTION("10.0.0.2", ROUTERS, KEY_B), "node b: address"},
    {SECTION("10.0.0.2:", ROUTERS, KEY_B), "node b: address"},
    {SECTION("10.0.0.2:0", ROUTERS, KEY_B), "node b: address"},
    {SECTION("10.0.0.2:65281", ROUTERS, KEY_B), "up to 65280"},
    {SECTION("10.0.0.256:7100", ROUTERS, KEY_B), "node b: address"},
    {SECTION("[fd00::x]:7100", ROUTERS, KEY_B), "node b: address"},
    {SECTION("*:7100", ROUTERS, KEY_B), "node b: address"},
    {SECTION("127.0.0.1:7355", ROUTERS, KEY_B), "nodes a and b share ports of 127.0.0.1"},
    {SECTION("127.0.0.1:6845", ROUTERS, KEY_B), "nodes a and b share ports"},
    {SECTION("10.0.0.2:7100", ROUTERS, KEY_A), "nodes a and b have the same public_key"},
    {SECTION("10.0.0.2:7100", ROUTERS, "short"), "node b: public_key"},
    {SECTION("10.0.0.2:7100", ROUTERS, "'" KEY_B), "node b: public_key"},
    {GOOD_B "    port = 1\n", "node b: there is no key \"port\""},
    {"b\n    roles = \"" ROUTERS "\"\n", "node b: it has no address"},
    {"b\n    address = \"10.0.0.2:7100\"\n", "node b: it has no roles"},
    {GOOD_B "a\n    address = \"10.0.0.9:1\"\n    roles = retry\n", "two nodes called a"},
    {GOOD_B "B\n    address = \"10.0.0.9:1\"\n    roles = retry\n", "node B: a node's name"},
    {GOOD_B "abcdefghijklm\n    roles = retry\n", "a node's name is 1 to 12"},
};

START_TEST(a_bad_file_is_refused_and_says_where_and_what)
{
    dv_cluster before = cluster;
    ck_assert_int_eq(load(BAD[_i].b), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, BAD[_i].named) != NULL, "%s", why);
    ck_assert_msg(strncmp(why, path, strlen(path)) == 0, "%s", why);
    ck_assert_mem_eq(&cluster, &before, sizeof cluster);
}
END_TEST

START_TEST(ports_beside_those_of_another_node_are_free)
{
    ck_assert_int_eq(load(SECTION("127.0.0.1:7356", ROUTERS, KEY_B)), DV_OK);
    ck_assert_int_eq(load(SECTION("127.0.0.1:6844", ROUTERS, KEY_B)), DV_OK);
    ck_assert_int_eq(load(SECTION("127.0.0.1:65280", ROUTERS, KEY_B)), DV_OK);
}
END_TEST

START_TEST(a_file_that_is_missing_is_refused)
{
    ck_assert_int_eq(dv_cluster_load("/nonexistent/cluster", &cluster, why), DV_CONFIG_INVALID);
    ck_assert_ptr_nonnull(strstr(why, "/nonexistent/cluster"));
}
END_TEST

START_TEST(more_nodes_than_there_may_be_are_refused)
{
    char content[8192];
    size_t size = 0;
    for (int i = 0; i <= DV_NODES_MAX; i++)
        size += (size_t)snprintf(content + size, sizeof content - size,
                                 "n%d\n    address = \"10.0.0.%d:1\"\n    roles = \"" ENGINE "\"\n",
                                 i, i + 1);
    file_write(content, 0644);
    ck_assert_int_eq(dv_cluster_load(path, &cluster, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, "more than 64 nodes") != NULL, "%s", why);
}
END_TEST

START_TEST(the_example_is_a_cluster)
{
    ck_assert_msg(dv_cluster_load("conf/cluster.conf", &cluster, why) == DV_OK, "%s", why);
    ck_assert_uint_eq(cluster.node_count, 3);
}
END_TEST

/* ---- keys ---- */

static dv_node node_of(const char *public_key)
{
    dv_node node = {.name = "a"};
    snprintf(node.public_key, sizeof node.public_key, "%s", public_key);
    return node;
}

START_TEST(a_key_that_was_made_is_loaded_by_its_node)
{
    char public_key[DV_KEY_SIZE], secret[DV_KEY_SIZE], derived[DV_KEY_SIZE];
    ck_assert_msg(dv_key_make("a", path, public_key, why) == DV_OK, "%s", why);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    dv_node node = node_of(public_key);
    ck_assert_msg(dv_key_load(path, &node, secret, why) == DV_OK, "%s", why);
    zmq_curve_public(derived, secret);
    ck_assert_str_eq(derived, public_key);
}
END_TEST

START_TEST(a_key_file_is_not_written_over)
{
    char public_key[DV_KEY_SIZE];
    file_write("precious", 0600);
    ck_assert_int_eq(dv_key_make("a", path, public_key, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, path) != NULL, "%s", why);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_size, 8);
}
END_TEST

START_TEST(a_key_for_no_possible_node_is_not_made)
{
    char public_key[DV_KEY_SIZE];
    ck_assert_int_eq(dv_key_make("A node", path, public_key, why), DV_CONFIG_INVALID);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_key_that_others_may_read_is_refused)
{
    char public_key[DV_KEY_SIZE], secret[DV_KEY_SIZE];
    ck_assert_int_eq(dv_key_make("a", path, public_key, why), DV_OK);
    dv_node node = node_of(public_key);
    static const mode_t MODES[] = {0640, 0604, 0620, 0601};
    ck_assert_int_eq(chmod(path, MODES[_i]), 0);
    ck_assert_int_eq(dv_key_load(path, &node, secret, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, "chmod 600") != NULL, "%s", why);
}
END_TEST

START_TEST(a_key_of_another_node_is_refused)
{
    char public_key[DV_KEY_SIZE], secret[DV_KEY_SIZE];
    ck_assert_int_eq(dv_key_make("a", path, public_key, why), DV_OK);
    dv_node node = node_of(KEY_B);
    ck_assert_int_eq(dv_key_load(path, &node, secret, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, KEY_B) && strstr(why, public_key), "%s", why);
}
END_TEST

static const char *const NO_KEYS[] = {"", "garbage = \"\x01\"\n", "secret_key = \"short\"\n",
                                      "public_key = \"" KEY_A "\"\n"};

START_TEST(a_file_that_is_no_key_is_refused)
{
    char secret[DV_KEY_SIZE];
    dv_node node = node_of(KEY_A);
    file_write(NO_KEYS[_i], 0600);
    ck_assert_int_eq(dv_key_load(path, &node, secret, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, "keygen a") != NULL, "%s", why);
    ck_assert_int_eq(dv_key_load("/nonexistent/key", &node, secret, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, "/nonexistent/key") != NULL, "%s", why);
}
END_TEST

static void add_tests(Suite *suite)
{
    TCase *c = tcase_create("cluster"), *k = tcase_create("keys");
    suite_add_tcase(suite, c);
    suite_add_tcase(suite, k);
    tcase_add_checked_fixture(c, folder_make, folder_drop);
    tcase_add_checked_fixture(k, folder_make, folder_drop);
    tcase_add_test(c, nodes_are_read_and_found_by_name_and_key);
    tcase_add_test(c, a_node_without_a_key_is_found_by_no_key);
    tcase_add_test(c, a_signer_is_not_needed_but_may_be_there_once);
    tcase_add_loop_test(c, a_bad_file_is_refused_and_says_where_and_what, 0,
                        sizeof BAD / sizeof BAD[0]);
    tcase_add_test(c, ports_beside_those_of_another_node_are_free);
    tcase_add_test(c, a_file_that_is_missing_is_refused);
    tcase_add_test(c, more_nodes_than_there_may_be_are_refused);
    tcase_add_test(c, the_example_is_a_cluster);
    tcase_add_test(k, a_key_that_was_made_is_loaded_by_its_node);
    tcase_add_test(k, a_key_file_is_not_written_over);
    tcase_add_test(k, a_key_for_no_possible_node_is_not_made);
    tcase_add_loop_test(k, a_key_that_others_may_read_is_refused, 0, 4);
    tcase_add_test(k, a_key_of_another_node_is_refused);
    tcase_add_loop_test(k, a_file_that_is_no_key_is_refused, 0, sizeof NO_KEYS / sizeof NO_KEYS[0]);
}

int main(void)
{
    Suite *suite = suite_create("cluster");
    add_tests(suite);
    return suite_run(suite);
}
