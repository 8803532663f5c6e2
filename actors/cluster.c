#include "actors/cluster.h"

#include <arpa/inet.h>
#include <czmq.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHY_SIZE 256

/* Says what is wrong. */
__attribute__((format(printf, 2, 3))) static dv_err refuse(char *ret_why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(ret_why, WHY_SIZE, format, args);
    va_end(args);
    return DV_CONFIG_INVALID;
}

/* ---- roles ------------------------------------------------------------------------------ */

dv_err dv_roles_parse(const char *text, dv_roles *ret_roles, char ret_why[WHY_SIZE])
{
    dv_roles roles = 0;
    char list[WHY_SIZE];
    dv_roles_list(list, sizeof list);
    for (;;) {
        text += strspn(text, " ");
        size_t size = strcspn(text, ","), end = size;
        while (end > 0 && text[end - 1] == ' ') end--;
        dv_text name = {text, (uint32_t)end};
        dv_roles role = dv_role_of_text(name);
        if (role == 0)
            return refuse(ret_why, "\"%.*s\" is no role; roles are %s",
                          (int)dv_min_i64(name.size, DV_NAME_MAX), name.at, list);
        roles |= role;
        if (text[size] == '\0') break;
        text += size + 1;
    }
    *ret_roles = roles;
    return DV_OK;
}

/* ---- one node --------------------------------------------------------------------------- */

static bool is_node_name(const char *name)
{
    size_t size = strlen(name);
    return size >= 1 && size <= DV_NODE_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

/* Z85 of 32 bytes. */
static bool is_key(const char *key)
{
    uint8_t bytes[32];
    return strlen(key) == DV_KEY_SIZE - 1 && zmq_z85_decode(bytes, key) != NULL;
}

/* Reads "10.0.0.1:7100" or "[fd00::1]:7100". */
static bool address_parse(const char *text, dv_node *ret_node)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || (size_t)(colon - text) >= sizeof ret_node->host) return false;
    snprintf(ret_node->host, sizeof ret_node->host, "%.*s", (int)(colon - text), text);
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port < 1 ||
        port > 65536 - DV_NODE_PORTS)
        return false;
    ret_node->port = (uint16_t)port;

    struct in_addr v4;
    if (inet_pton(AF_INET, ret_node->host, &v4) == 1) {
        ret_node->loopback = ntohl(v4.s_addr) >> 24 == 127;
        return true;
    }
    size_t size = strlen(ret_node->host);
    char inside[48];
    if (size < 4 || ret_node->host[0] != '[' || ret_node->host[size - 1] != ']') return false;
    snprintf(inside, sizeof inside, "%.*s", (int)size - 2, ret_node->host + 1);
    struct in6_addr v6;
    ret_node->loopback = inet_pton(AF_INET6, inside, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    return inet_pton(AF_INET6, inside, &v6) == 1;
}

/* One key = value of a node's section. */
static dv_err node_set(dv_node *node, const char *key, const char *value, const char *origin,
                       char *ret_why)
{
    char why[WHY_SIZE];
    if (streq(key, "address")) {
        if (address_parse(value, node)) return DV_OK;
        return refuse(ret_why,
                      "%s: address is \"%.40s\", but must be a numeric address and a port "
                      "up to %d, as 10.0.0.1:7100 or [fd00::1]:7100",
                      origin, value, 65536 - DV_NODE_PORTS);
    }
    if (streq(key, "roles")) {
        if (dv_roles_parse(value, &node->roles, why) == DV_OK) return DV_OK;
        return refuse(ret_why, "%s: roles: %.170s", origin, why);
    }
    if (streq(key, "public_key")) {
        snprintf(node->public_key, sizeof node->public_key, "%s", value);
        if (is_key(value)) return DV_OK;
        return refuse(ret_why,
                      "%s: public_key is no CURVE key in Z85 (40 characters); `drover "
                      "keygen` prints one",
                      origin);
    }
    return refuse(ret_why, "%s: there is no key \"%.24s\"; keys are address, roles and public_key",
                  origin, key);
}

static dv_err node_load(zconfig_t *section, const char *file, dv_node *ret_node, char *ret_why)
{
    dv_node node = {0};
    char origin[100];
    snprintf(origin, sizeof origin, "%.60s, node %.24s", file, zconfig_name(section));
    if (!is_node_name(zconfig_name(section)))
        return refuse(ret_why, "%s: a node's name is 1 to %d of a-z, 0-9 and -", origin,
                      DV_NODE_NAME_MAX);
    snprintf(node.name, sizeof node.name, "%s", zconfig_name(section));
    for (zconfig_t *item = zconfig_child(section); item; item = zconfig_next(item)) {
        const char *value = zconfig_value(item);
        dv_err error = node_set(&node, zconfig_name(item), value ? value : "", origin, ret_why);
        if (error != DV_OK) return error;
    }
    if (node.port == 0) return refuse(ret_why, "%s: it has no address", origin);
    if (node.roles == 0) return refuse(ret_why, "%s: it has no roles", origin);
    *ret_node = node;
    return DV_OK;
}

/* ---- all of them ------------------------------------------------------------------------ */

/* Whether two nodes cannot both be. */
static dv_err pair_check(const dv_node *a, const dv_node *b, const char *file, char *ret_why)
{
    if (streq(a->name, b->name))
        return refuse(ret_why, "%.60s: there are two nodes called %s", file, a->name);
    if (*a->public_key && streq(a->public_key, b->public_key))
        return refuse(ret_why,
                      "%.60s: nodes %s and %s have the same public_key; each needs one of "
                      "its own",
                      file, a->name, b->name);
    int apart = a->port > b->port ? a->port - b->port : b->port - a->port;
    if (streq(a->host, b->host) && apart < DV_NODE_PORTS)
        return refuse(ret_why,
                      "%.60s: nodes %s and %s share ports of %s; a node takes %d from its "
                      "address on",
                      file, a->name, b->name, a->host, DV_NODE_PORTS);
    return DV_OK;
}

/* A role of the set that one node at most may have; NULL: there is none. */
static const dv_role *single_in(dv_roles roles)
{
    for (uint32_t i = 0; i < dv_role_count(); i++)
        if (dv_role_at(i)->single && (roles & (dv_roles)1 << i)) return dv_role_at(i);
    return NULL;
}

static dv_err cluster_check(const dv_cluster *c, const char *file, char *ret_why)
{
    dv_roles roles = 0;
    for (uint32_t i = 0; i < c->node_count; i++) {
        const dv_role *twice = single_in(roles & c->nodes[i].roles);
        if (twice != NULL)
            return refuse(ret_why,
                          "%.80s: a second node, %s, has the role %s; only one may, since it "
                          "alone knows what it has done",
                          file, c->nodes[i].name, twice->name);
        roles |= c->nodes[i].roles;
        for (uint32_t k = 0; k < i; k++) {
            dv_err error = pair_check(&c->nodes[k], &c->nodes[i], file, ret_why);
            if (error != DV_OK) return error;
        }
    }
    dv_roles missing = dv_roles_needed(false, false) & ~roles;
    for (uint32_t i = 0; i < dv_role_count(); i++)
        if (missing & (dv_roles)1 << i)
            return refuse(ret_why, "%.100s: no node has the role %s; each role needs at least one",
                          file, dv_role_at(i)->name);
    return DV_OK;
}

dv_err dv_cluster_load(const char *file, dv_cluster *ret_cluster, char ret_why[WHY_SIZE])
{
    zconfig_t *root = zconfig_load(file);
    if (root == NULL)
        return refuse(ret_why,
                      "cannot read %.128s: it is missing, or not sections of `key = value` "
                      "lines",
                      file);
    dv_cluster *c = calloc(1, sizeof *c);
    if (c == NULL) abort();
    dv_err error = DV_OK;
    for (zconfig_t *s = zconfig_child(root); s && error == DV_OK; s = zconfig_next(s)) {
        if (c->node_count == DV_NODES_MAX)
            error = refuse(ret_why, "%.100s has more than %d nodes", file, DV_NODES_MAX);
        else
            error = node_load(s, file, &c->nodes[c->node_count++], ret_why);
    }
    zconfig_destroy(&root);
    if (error == DV_OK) error = cluster_check(c, file, ret_why);
    if (error == DV_OK) *ret_cluster = *c;
    free(c);
    return error;
}

const dv_node *dv_cluster_node(const dv_cluster *cluster, const char *name)
{
    for (uint32_t i = 0; i < cluster->node_count; i++)
        if (streq(cluster->nodes[i].name, name)) return &cluster->nodes[i];
    return NULL;
}

const dv_node *dv_cluster_node_of_key(const dv_cluster *cluster, const char *public_key)
{
    for (uint32_t i = 0; i < cluster->node_count && *public_key; i++)
        if (streq(cluster->nodes[i].public_key, public_key)) return &cluster->nodes[i];
    return NULL;
}

/* ---- keys ------------------------------------------------------------------------------- */

/* Whether only its owner may read it. */
static dv_err key_guarded(const char *file, char *ret_why)
{
    struct stat status;
    if (stat(file, &status) != 0)
        return refuse(ret_why, "key_file: cannot read %.100s: %s", file, strerror(errno));
    if (status.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(ret_why, "key_file: %.100s may be read by others than its owner: chmod 600",
                      file);
    return DV_OK;
}

dv_err dv_key_load(const char *file, const dv_node *node, char ret_secret_key[DV_KEY_SIZE],
                   char ret_why[WHY_SIZE])
{
    dv_err error = key_guarded(file, ret_why);
    if (error != DV_OK) return error;
    zconfig_t *root = zconfig_load(file);
    const char *secret = root ? zconfig_get(root, "secret_key", "") : "";
    char public_key[DV_KEY_SIZE];
    if (!is_key(secret) || zmq_curve_public(public_key, secret) != 0)
        error = refuse(ret_why, "key_file: %.100s has no secret_key; `drover keygen %s` makes one",
                       file, node->name);
    else if (!streq(public_key, node->public_key))
        error =
            refuse(ret_why,
                   "key_file: %.80s is not node %s's: the cluster file says its "
                   "public_key is %s, the key file's is %s",
                   file, node->name, *node->public_key ? node->public_key : "unset", public_key);
    else
        snprintf(ret_secret_key, DV_KEY_SIZE, "%s", secret);
    zconfig_destroy(&root);
    return error;
}

dv_err dv_key_make(const char *node, const char *file, char ret_public_key[DV_KEY_SIZE],
                   char ret_why[WHY_SIZE])
{
    if (!is_node_name(node))
        return refuse(ret_why, "\"%.24s\" is no node's name: 1 to %d of a-z, 0-9 and -", node,
                      DV_NODE_NAME_MAX);
    char public_key[DV_KEY_SIZE], secret_key[DV_KEY_SIZE];
    if (zmq_curve_keypair(public_key, secret_key) != 0)
        return refuse(ret_why, "this machine's ZeroMQ has no CURVE");
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) return refuse(ret_why, "cannot make %.128s: %s", file, strerror(errno));
    int written = dprintf(fd,
                          "#   The secret key of node %s: for this node alone.\nnode = \"%s\"\n"
                          "public_key = \"%s\"\nsecret_key = \"%s\"\n",
                          node, node, public_key, secret_key);
    bool well = written > 0 && fsync(fd) == 0;
    well &= close(fd) == 0;
    if (!well) return refuse(ret_why, "cannot write %.128s: %s", file, strerror(errno));
    snprintf(ret_public_key, DV_KEY_SIZE, "%s", public_key);
    return DV_OK;
}
