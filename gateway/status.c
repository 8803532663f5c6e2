#include "gateway/status.h"

#include <civetweb.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

#include "actors/base/clock.h"
#include "proto/buffer.h"
#include "proto/message.h"

#define EXIT_READY 0
#define EXIT_UNREADY 1
#define EXIT_UNREACHABLE 2
#define ANSWER_MAX (1u << 20) /* bytes; no gateway answers more */
#define WAIT_MS 5000
#define CELL_SIZE 40
#define TEXT_SIZE 256

/* ---- the question ---- */

static int unreachable(const dv_gateway_config *config, const char *why)
{
    fprintf(stderr, "drover: no gateway answers at %s:%" PRIu32 ": %s\n", config->host,
            config->port, why);
    return EXIT_UNREACHABLE;
}

/* The address to connect to. A gateway that listens on all addresses is asked on loopback. */
static const char *host_of(const dv_gateway_config *config)
{
    bool everywhere = config->host[0] == '\0' || strcmp(config->host, "0.0.0.0") == 0;
    return everywhere ? "127.0.0.1" : config->host;
}

/* Reads the answer's body. False: it is too long, or the connection broke. */
static bool body_read(struct mg_connection *connection, dv_buffer *ret_body)
{
    char bytes[4096];
    int size;
    while ((size = mg_read(connection, bytes, sizeof bytes)) > 0) {
        if (ret_body->size + (size_t)size > ANSWER_MAX) return false;
        dv_buffer_add(ret_body, bytes, (size_t)size);
    }
    dv_buffer_add(ret_body, "", 1);
    return size == 0;
}

/* On false, ret_why says what went wrong. */
static bool ask(const dv_gateway_config *config, dv_buffer *ret_body, char ret_why[DV_REASON_MAX])
{
    snprintf(ret_why, DV_REASON_MAX, "it does not speak HTTP");
    struct mg_connection *connection =
        mg_connect_client(host_of(config), (int)config->port, 0, ret_why, DV_REASON_MAX);
    if (connection == NULL) return false;
    mg_printf(connection, "GET /api/cluster HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
              host_of(config));
    bool good = mg_get_response(connection, ret_why, DV_REASON_MAX, WAIT_MS) >= 0;
    int status = good ? mg_get_response_info(connection)->status_code : 0;
    if (good && status != 200) snprintf(ret_why, DV_REASON_MAX, "it answers HTTP %d", status);
    good = status == 200 && body_read(connection, ret_body);
    mg_close_connection(connection);
    return good;
}

/* ---- the answer ---- */

static yajl_val member(yajl_val object, const char *name)
{
    return yajl_tree_get(object, (const char *[]){name, NULL}, yajl_t_any);
}

/* A member as text; a dash when there is none. Control characters become "?", because the answer may
   hold any bytes and must not drive the terminal. */
static const char *cell(yajl_val object, const char *name, char *ret_text, size_t size)
{
    yajl_val value = member(object, name);
    const char *text = YAJL_IS_STRING(value)   ? YAJL_GET_STRING(value)
                       : YAJL_IS_NUMBER(value) ? YAJL_GET_NUMBER(value)
                                               : "";
    snprintf(ret_text, size, "%s", text[0] != '\0' ? text : "-");
    for (char *c = ret_text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '?';
    return ret_text;
}

static void instance_print(yajl_val instance)
{
    static const char *const NAMES[] = {"name", "node", "state", "pid", "started_at"};
    static const int WIDTHS[] = {24, 12, 9, 8, 25};
    static const char *const NUMBERS[] = {"silent_ms", "orders", "overdue"};
    char text[TEXT_SIZE];
    for (int i = 0; i < 5; i++)
        printf("%-*s ", WIDTHS[i], cell(instance, NAMES[i], text, CELL_SIZE));
    for (int i = 0; i < 3; i++) printf("%9s ", cell(instance, NUMBERS[i], text, CELL_SIZE));
    if (member(instance, "code") != NULL) {
        printf(" %s:", cell(instance, "code", text, CELL_SIZE));
        printf(" %s", cell(instance, "text", text, sizeof text));
    }
    putchar('\n');
}

/* False: the answer is not a gateway's. */
static bool cluster_print(yajl_val root, bool *ret_ready)
{
    yajl_val ready = member(root, "ready"), instances = member(root, "instances");
    if ((!YAJL_IS_TRUE(ready) && !YAJL_IS_FALSE(ready)) || !YAJL_IS_ARRAY(instances)) return false;
    *ret_ready = YAJL_IS_TRUE(ready);
    printf("%s\n\n", *ret_ready ? "ready" : "not ready");
    printf("%-24s %-12s %-9s %-8s %-25s %9s %9s %9s\n", "instance", "node", "state", "pid",
           "started", "silent ms", "orders", "overdue");
    for (size_t i = 0; i < YAJL_GET_ARRAY(instances)->len; i++)
        instance_print(YAJL_GET_ARRAY(instances)->values[i]);
    return true;
}

int dv_status_main(const dv_gateway_config *config)
{
    dv_buffer body = {0};
    char why[DV_REASON_MAX], fault[256];
    mg_init_library(MG_FEATURES_DEFAULT);
    bool answered = ask(config, &body, why), ready = false;
    mg_exit_library();
    yajl_val root = answered ? yajl_tree_parse(body.bytes, fault, sizeof fault) : NULL;
    dv_buffer_fini(&body);
    if (!answered) return unreachable(config, why);
    bool known = cluster_print(root, &ready);
    yajl_tree_free(root);
    if (!known) return unreachable(config, "what answers there is no gateway");
    return ready ? EXIT_READY : EXIT_UNREADY;
}
