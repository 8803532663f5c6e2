/* The signer over real sockets: in a process of its own, with CURVE, as on a host of its own. The
   executions are sockets of another ZeroMQ context. Every wait has a deadline. */
#include "actors/signer/signer.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <unistd.h>

#include "actors/base/zap.h"
#include "actors/topology.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/frames.h"
#include "tests/support/links.h"
#include "tests/support/signer_scene.h"
#include "tests/support/suite.h"
#include "tests/support/wallet.h"

#define DEADLINE_MS 10000
#define SIGN DV_PORT(DV_LINK_sign, 0)

static sign_scene scene;
static dv_cluster cluster;
static dv_topology topology;
static dv_network network;
static dv_zap *zap;
static dv_actor actor;
static zactor_t *shell;
static void *context;
static dv_arena *arena;
static char secret_keys[4][DV_KEY_SIZE], folder[32], why[256];

/* ---- the cluster ---- */

static bool is_free(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    at.sin_port = htons((uint16_t)port);
    bool bound = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return bound;
}

static void node_add(const char *name, const char *roles)
{
    static unsigned base;
    if (base == 0) base = 20000 + (unsigned)getpid() % 43 * DV_NODE_PORTS;
    do base = base > 31000 ? 20000 : base + DV_NODE_PORTS;
    while (!is_free(base + link_port(SIGN)));
    dv_node *node = &cluster.nodes[cluster.node_count];
    *node = (dv_node){.host = "127.0.0.1", .port = (uint16_t)base, .loopback = true};
    snprintf(node->name, sizeof node->name, "%s", name);
    ck_assert_int_eq(dv_roles_parse(roles, &node->roles, why), DV_OK);
    ck_assert_int_eq(zmq_curve_keypair(node->public_key, secret_keys[cluster.node_count]), 0);
    cluster.node_count++;
}

static const char *secret_of(const dv_node *node)
{
    return secret_keys[node - cluster.nodes];
}

static void key_write(const char *file)
{
    char text[512];
    int size = snprintf(text, sizeof text, "[");
    for (int i = 0; i < 64; i++)
        size += snprintf(text + size, sizeof text - (size_t)size, "%s%u", i ? "," : "",
                         scene.pair.secret[i]);
    size += snprintf(text + size, sizeof text - (size_t)size, "]\n");
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, text, (size_t)size), size);
    close(fd);
}

/* What process `s` of the cluster has. */
static void wire(void)
{
    const dv_node *node = dv_cluster_node(&cluster, "s");
    dv_err err = dv_topology_init(&cluster, node, dv_role_of("signer"), &topology, why);
    ck_assert_msg(err == DV_OK, "%s", why);
    network = (dv_network){.curve = true,
                           .peer_rate_max = 100000,
                           .node_of_key = dv_topology_node_of_key,
                           .may_produce = dv_topology_may_produce,
                           .policy = &topology};
    snprintf(network.public_key, DV_KEY_SIZE, "%s", node->public_key);
    snprintf(network.secret_key, DV_KEY_SIZE, "%s", secret_of(node));
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_MS * DV_NS_PER_MS;
    while ((zap = dv_zap_start(&network, topology.links, topology.link_count)) == NULL)
        ck_assert_int_lt(dv_time_now().mono_ns, deadline_ns);
}

/* Whether the actor is ready. */
static bool launched(void)
{
    actor = (dv_actor){.class = &DV_SIGNER_CLASS,
                       .name = "signer@s",
                       .self = dv_signer_new(&scene.config, SCENE_ATTEMPTS_MAX, &scene.tokens),
                       .links = topology.links,
                       .link_count = topology.link_count,
                       .network = &network};
    shell = zactor_new(dv_actor_run, &actor);
    char *said = zstr_recv(shell);
    bool ready = streq(said, "READY");
    zstr_free(&said);
    if (!ready) zactor_destroy(&shell);
    return ready;
}

/* The library gives an endpoint back some time after its socket was closed. */
static void launch(void)
{
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_MS * DV_NS_PER_MS;
    while (!launched()) ck_assert_int_lt(dv_time_now().mono_ns, deadline_ns);
}

/* As when the process ends. */
static void end(void)
{
    zactor_destroy(&shell);
    dv_zap_stop(&zap);
    dv_topology_fini(&topology);
}

static void set_up(void)
{
    zsys_handler_set(NULL);
    snprintf(folder, sizeof folder, "/tmp/drover-signer-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    memset(&cluster, 0, sizeof cluster);
    node_add("s", "signer");
    node_add("e", "execution");
    node_add("f", "execution");
    node_add("r", "router:raydium");
    scene_make(&scene);
    snprintf(scene.config.signer_key_file, DV_CONFIG_TEXT_MAX, "%s/id.json", folder);
    snprintf(scene.config.signer_journal, DV_CONFIG_TEXT_MAX, "%s/journal", folder);
    key_write(scene.config.signer_key_file);
    context = zmq_ctx_new();
    arena = dv_arena_new();
    wire();
    launch();
}

static void tear_down(void)
{
    end();
    zmq_ctx_term(context);
    dv_arena_destroy(&arena);
    unlink(scene.config.signer_key_file);
    unlink(scene.config.signer_journal);
    rmdir(folder);
}

/* ---- its peers ---- */

/* A peer with a node's key, under a name. */
static void *peer_new(const char *node_name, const char *name)
{
    char endpoint[64];
    const dv_node *node = dv_cluster_node(&cluster, node_name);
    const dv_node *to = dv_cluster_node(&cluster, "s");
    void *socket = zmq_socket(context, ZMQ_DEALER);
    int zero = 0;
    zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, strlen(name));
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, to->public_key, DV_KEY_SIZE);
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, node->public_key, DV_KEY_SIZE);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_of(node), DV_KEY_SIZE);
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", to->port + link_port(SIGN));
    ck_assert_int_eq(zmq_connect(socket, endpoint), 0);
    return socket;
}

static void ask(void *peer)
{
    dv_buffer bytes = {0};
    scene_compile(&scene);
    dv_message_encode(&(dv_message){.type = DV_MSG_sign_request, .sign_request = scene.ask},
                      &bytes);
    ck_assert_int_ge(zmq_send(peer, bytes.bytes, bytes.size, 0), 0);
    dv_buffer_fini(&bytes);
}

/* The answer; its error is UINT16_MAX when none comes in time. Its texts live as long as the test.
 */
static dv_sign_reply hear(void *peer, int timeout_ms)
{
    zmq_setsockopt(peer, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    dv_text bytes = message_take(peer, NULL, 0);
    if (bytes.size == 0) return (dv_sign_reply){.error = UINT16_MAX};
    bytes = dv_arena_text(arena, bytes);
    dv_message message;
    ck_assert_int_eq(dv_message_decode(bytes.at, bytes.size, arena, &message), DV_OK);
    ck_assert_uint_eq(message.type, DV_MSG_sign_reply);
    return message.sign_reply;
}

static dv_sign_reply asked(void *peer)
{
    ask(peer);
    return hear(peer, DEADLINE_MS);
}

/* Asks by a peer of its own until there is an answer: over tcp a message may be lost, as one is
   that comes to a socket which the library is still closing. */
static dv_sign_reply asked_again(const char *node, const char *name)
{
    int64_t deadline_ns = dv_time_now().mono_ns + DEADLINE_MS * DV_NS_PER_MS;
    for (;;) {
        void *peer = peer_new(node, name);
        ask(peer);
        dv_sign_reply told = hear(peer, 500);
        zmq_close(peer);
        if (told.error != UINT16_MAX) return told;
        ck_assert_int_lt(dv_time_now().mono_ns, deadline_ns);
    }
}

/* ---- tests ---- */

START_TEST(an_execution_gets_a_signature_that_the_chain_takes)
{
    void *e = peer_new("e", "execution@e");
    dv_sign_reply told = asked(e);
    ck_assert_msg(told.error == DV_OK, "%.*s", DV_TEXT_ARG(told.error_text));
    dv_transaction_view view;
    ck_assert_int_eq(
        dv_transaction_decode((const uint8_t *)told.transaction.at, told.transaction.size, &view),
        DV_OK);
    ck_assert(wallet_verify(&view));
    ck_assert_mem_eq(view.keys, &scene.wallet, sizeof scene.wallet);
    zmq_close(e);
}
END_TEST

START_TEST(of_two_executions_one_gets_the_signature_of_an_attempt)
{
    void *e = peer_new("e", "execution@e"), *f = peer_new("f", "execution@f");
    ck_assert_uint_eq(asked(e).error, DV_OK);
    dv_ix_memo(dv_text_of("another"), NULL, &scene.ix[MEMO]);
    ck_assert_uint_eq(asked(f).error, DV_SIGNER_CONFLICT);
    scene.ask.attempt = 2;
    ck_assert_uint_eq(asked(f).error, DV_OK);
    zmq_close(e);
    zmq_close(f);
}
END_TEST

START_TEST(a_refusal_says_why_over_the_wire)
{
    void *e = peer_new("e", "execution@e");
    wallet_transfer(&scene.wallet, &scene.stranger, 1, &scene.ix[MEMO]);
    dv_sign_reply told = asked(e);
    ck_assert_uint_eq(told.error, DV_SIGNER_REFUSED);
    char text[DV_REASON_MAX + 1];
    dv_text_copy(text, sizeof text, told.error_text);
    ck_assert_ptr_nonnull(strstr(text, "it transfers lamports to another's account"));
    ck_assert_uint_eq(told.transaction.size, 0);
    zmq_close(e);
}
END_TEST

START_TEST(a_signer_that_starts_anew_knows_what_it_signed)
{
    void *e = peer_new("e", "execution@e");
    dv_sign_reply first = asked(e);
    ck_assert_uint_eq(first.error, DV_OK);
    zmq_close(e);
    end();
    wire();
    launch();
    dv_sign_reply again = asked_again("e", "execution@e");
    ck_assert_uint_eq(again.error, DV_OK);
    ck_assert(dv_text_equal(first.signature, again.signature));
    dv_ix_memo(dv_text_of("another"), NULL, &scene.ix[MEMO]);
    ck_assert_uint_eq(asked_again("f", "execution@f").error, DV_SIGNER_CONFLICT);
}
END_TEST

START_TEST(many_asks_at_once_are_all_answered_and_none_beyond_the_day)
{
    enum { ASKS = 300 };
    void *e = peer_new("e", "execution@e");
    unsigned signed_count = 0, refused = 0;
    for (uint32_t i = 0; i < ASKS; i++) {
        memcpy(scene.ask.order_id.bytes, &i, sizeof i);
        ask(e);
    }
    for (uint32_t i = 0; i < ASKS; i++) {
        uint64_t error = hear(e, DEADLINE_MS).error;
        signed_count += error == DV_OK;
        refused += error == DV_SIGNER_LIMIT_REACHED;
    }
    ck_assert_uint_eq(signed_count, 3); /* of 1 SOL each */
    ck_assert_uint_eq(refused, ASKS - 3);
    zmq_close(e);
}
END_TEST

START_TEST(only_executions_are_answered)
{
    void *r = peer_new("r", "router:raydium@r"), *e = peer_new("e", "execution@e");
    void *impostor = peer_new("e", "execution@f");
    ask(r);
    ask(impostor);
    ck_assert_uint_eq(asked(e).error, DV_OK);
    ck_assert_uint_eq(hear(r, 200).error, UINT16_MAX);
    ck_assert_uint_eq(hear(impostor, 100).error, UINT16_MAX);
    zmq_close(r);
    zmq_close(e);
    zmq_close(impostor);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signer");
    TCase *c = tcase_create("signer");
    suite_add_tcase(suite, c);
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, an_execution_gets_a_signature_that_the_chain_takes);
    tcase_add_test(c, of_two_executions_one_gets_the_signature_of_an_attempt);
    tcase_add_test(c, a_refusal_says_why_over_the_wire);
    tcase_add_test(c, a_signer_that_starts_anew_knows_what_it_signed);
    tcase_add_test(c, many_asks_at_once_are_all_answered_and_none_beyond_the_day);
    tcase_add_test(c, only_executions_are_answered);
    return suite_run(suite);
}
