#include "actors/chain/simulated/ledger.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>
#include <yajl/yajl_tree.h>

#include "actors/base/clock.h"
#include "proto/amount.h"
#include "proto/base58.h"
#include "proto/buffer.h"

#define LINE_SIZE_MAX 1024 /* bytes, newline included; a line has some 500 */
#define FILE_MODE 0644
#define DIRECTORY_MODE 0755

void dv_sim_ledger_init(dv_sim_ledger *ledger, const char *path)
{
    *ledger = (dv_sim_ledger){.fd = -1};
    snprintf(ledger->path, sizeof ledger->path, "%s", path);
}

static void added_forget(dv_sim_ledger *ledger)
{
    dv_sim_landing *landing, *next;
    DL_FOREACH_SAFE(ledger->added, landing, next) free(landing);
    ledger->added = NULL;
    ledger->lines.size = 0;
}

void dv_sim_ledger_fini(dv_sim_ledger *ledger)
{
    dv_sim_landing *landing, *next;
    HASH_ITER (hh, ledger->landings, landing, next) {
        HASH_DEL(ledger->landings, landing);
        free(landing);
    }
    added_forget(ledger);
    dv_buffer_fini(&ledger->lines);
    if (ledger->fd >= 0) close(ledger->fd);
    ledger->fd = -1;
}

/* ---- what has landed ---- */

const dv_sim_landing *dv_sim_ledger_find(const dv_sim_ledger *ledger,
                                         const uint8_t signature[DV_SIM_SIGNATURE_SIZE])
{
    dv_sim_landing *found;
    HASH_FIND(hh, ledger->landings, signature, DV_SIM_KEY_SIZE, found);
    return found;
}

static dv_sim_landing *landing_new(const uint8_t *signature, uint64_t amount_in,
                                   uint64_t amount_out, dv_err error)
{
    dv_sim_landing *landing = calloc(1, sizeof *landing);
    if (landing == NULL) abort();
    memcpy(landing->key, signature, DV_SIM_KEY_SIZE);
    landing->error = error;
    if (error == DV_OK) {
        landing->amount_in = amount_in;
        landing->amount_out = amount_out;
    }
    return landing;
}

static void remember(dv_sim_ledger *ledger, dv_sim_landing *landing)
{
    HASH_ADD(hh, ledger->landings, key, DV_SIM_KEY_SIZE, landing);
}

/* ---- reading lines ---- */

static yajl_val line_parse(const char *line)
{
    char why[4];
    yajl_val root = yajl_tree_parse(line, why, sizeof why);
    if (root != NULL && !YAJL_IS_OBJECT(root)) {
        yajl_tree_free(root);
        root = NULL;
    }
    return root;
}

static const char *text_of(yajl_val line, const char *name)
{
    const char *path[] = {name, NULL};
    yajl_val value = yajl_tree_get(line, path, yajl_t_string);
    return value ? YAJL_GET_STRING(value) : "";
}

static bool atoms_of(yajl_val line, const char *name, uint64_t *ret_atoms)
{
    return dv_decimal_parse(dv_text_of(text_of(line, name)), 0, false, ret_atoms) == DV_DECIMAL_OK;
}

static dv_err error_of_name(const char *name)
{
    static const struct {
        dv_err number;
        const char *name;
    } ERRORS[] = {
#define ROW(number, name, class, http, text) {DV_##name, #name},
        DV_ERRORS(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++)
        if (strcmp(ERRORS[i].name, name) == 0) return ERRORS[i].number;
    return DV_VENUE_TRANSACTION_FAILED; /* of another version: it did land and fail */
}

/* Takes in a line; false when it cannot be read. */
static bool line_take(dv_sim_ledger *ledger, const char *text)
{
    yajl_val line = line_parse(text);
    if (line == NULL) return false;
    const char *ok_path[] = {"ok", NULL};
    yajl_val ok = yajl_tree_get(line, ok_path, yajl_t_any);
    uint8_t signature[DV_SIM_SIGNATURE_SIZE];
    uint64_t in, out;
    bool good = YAJL_IS_TRUE(ok) || YAJL_IS_FALSE(ok);
    if (good) {
        dv_text name = dv_text_of(text_of(line, "signature"));
        good = dv_base58_decode(name, signature, sizeof signature) &&
               atoms_of(line, "amountIn", &in) && atoms_of(line, "amountOut", &out);
        dv_err error = YAJL_IS_TRUE(ok) ? DV_OK : error_of_name(text_of(line, "error"));
        if (good && dv_sim_ledger_find(ledger, signature) == NULL)
            remember(ledger, landing_new(signature, in, out, error));
    }
    yajl_tree_free(line);
    return good;
}

static dv_err read_all(dv_sim_ledger *ledger, char ret_why[DV_REASON_MAX])
{
    FILE *file = fopen(ledger->path, "re");
    dv_err error = file ? DV_OK : DV_START_FAILED;
    if (error != DV_OK)
        snprintf(ret_why, DV_REASON_MAX, "cannot read %.100s: %s", ledger->path, strerror(errno));
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    /* Another process may be writing: a line without an end is not there yet. */
    for (int number = 1; error == DV_OK && (size = getline(&line, &capacity, file)) > 0; number++) {
        if (line[size - 1] != '\n' || line_take(ledger, line)) continue;
        snprintf(ret_why, DV_REASON_MAX,
                 "line %d of %.100s is no line of a ledger: repair it, or move the file away",
                 number, ledger->path);
        error = DV_START_FAILED;
    }
    free(line);
    if (file != NULL) fclose(file);
    return error;
}

/* ---- mending and writing, under the lock ---- */

/* Where the last whole line ends, or -1 when there is no line's end in reach. */
static off_t whole_end(int fd, off_t size, char ret_tail[LINE_SIZE_MAX + 1])
{
    off_t from = size > LINE_SIZE_MAX ? size - LINE_SIZE_MAX : 0;
    ssize_t got = pread(fd, ret_tail, (size_t)(size - from), from);
    if (got != size - from) return -1;
    ret_tail[got] = '\0';
    char *newline = memrchr(ret_tail, '\n', (size_t)got);
    if (newline == NULL) return from == 0 ? 0 : -1;
    off_t end = from + (newline + 1 - ret_tail);
    memmove(ret_tail, newline + 1, (size_t)(size - end) + 1);
    return end;
}

/* Ends a last line that lacks only its end, and cuts off one that was torn; false when it cannot.
 */
static bool tail_mend(int fd)
{
    struct stat state;
    char last = '\n';
    if (fstat(fd, &state) != 0) return false;
    if (state.st_size == 0) return true;
    if (pread(fd, &last, 1, state.st_size - 1) != 1) return false;
    if (last == '\n') return true;
    char tail[LINE_SIZE_MAX + 1];
    off_t end = whole_end(fd, state.st_size, tail);
    if (end < 0) return false;
    yajl_val line = line_parse(tail);
    if (line == NULL) return ftruncate(fd, end) == 0;
    yajl_tree_free(line);
    return write(fd, "\n", 1) == 1;
}

/* Returns how many bytes of whole lines were written. What was torn is cut off, or else the next
   write mends it. */
static size_t lines_write(int fd, const char *lines, size_t size)
{
    if (!tail_mend(fd)) return 0;
    ssize_t written = write(fd, lines, size);
    if (written <= 0) return 0;
    const char *newline = memrchr(lines, '\n', (size_t)written);
    size_t whole = newline != NULL ? (size_t)(newline + 1 - lines) : 0;
    struct stat state;
    bool mended =
        whole == (size_t)written ||
        (fstat(fd, &state) == 0 && ftruncate(fd, state.st_size - written + (off_t)whole) == 0);
    (void)mended;
    return whole;
}

/* ---- commands ---- */

static bool directories_make(const char *path)
{
    char part[DV_CONFIG_TEXT_MAX];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, DIRECTORY_MODE) != 0 && errno != EEXIST) return false;
        *slash = '/';
    }
    return true;
}

dv_err dv_sim_ledger_open(dv_sim_ledger *ledger, char ret_why[DV_REASON_MAX])
{
    if (directories_make(ledger->path))
        ledger->fd = open(ledger->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (ledger->fd < 0) {
        snprintf(ret_why, DV_REASON_MAX, "cannot open sim_ledger %.100s: %s", ledger->path,
                 strerror(errno));
        return DV_START_FAILED;
    }
    bool mended = flock(ledger->fd, LOCK_EX) == 0 && tail_mend(ledger->fd);
    (void)flock(ledger->fd, LOCK_UN);
    if (!mended) {
        snprintf(ret_why, DV_REASON_MAX, "sim_ledger %.100s does not end in a line of a ledger",
                 ledger->path);
        return DV_START_FAILED;
    }
    return read_all(ledger, ret_why);
}

static void line_add(dv_sim_ledger *ledger, const uint8_t *signature, const dv_sim_transaction *t,
                     uint64_t in, uint64_t out, dv_err error, int64_t wall_us)
{
    char name[DV_BASE58_TEXT_SIZE], order[DV_ID_TEXT_SIZE], at[DV_ISO_SIZE], why[64] = "null";
    dv_base58_encode(signature, DV_SIM_SIGNATURE_SIZE, name);
    dv_id_format(&t->order_id, order);
    dv_time_iso(wall_us, at);
    if (error != DV_OK) snprintf(why, sizeof why, "\"%s\"", dv_err_name((uint16_t)error));
    char line[LINE_SIZE_MAX];
    int size = snprintf(line, sizeof line,
                        "{\"signature\":\"%s\",\"orderId\":\"%s\",\"attempt\":%u,\"dex\":\"%s\","
                        "\"tokenIn\":\"%s\",\"tokenOut\":\"%s\",\"amountIn\":\"%" PRIu64
                        "\",\"amountOut\":\"%" PRIu64 "\",\"ok\":%s,\"error\":%s,\"at\":\"%s\"}\n",
                        name, order, t->attempt, t->dex, t->token_in, t->token_out, in, out,
                        error == DV_OK ? "true" : "false", why, at);
    assert(size > 0 && size < LINE_SIZE_MAX);
    dv_buffer_add(&ledger->lines, line, (size_t)size);
}

void dv_sim_ledger_add(dv_sim_ledger *ledger, const uint8_t signature[DV_SIM_SIGNATURE_SIZE],
                       const dv_sim_transaction *transaction, uint64_t amount_in,
                       uint64_t amount_out, dv_err error, int64_t wall_us)
{
    assert(dv_sim_ledger_find(ledger, signature) == NULL);
    line_add(ledger, signature, transaction, amount_in, amount_out, error, wall_us);
    dv_sim_landing *landing = landing_new(signature, amount_in, amount_out, error);
    DL_APPEND(ledger->added, landing);
}

/* Takes in the landings that have their line, and returns how many. */
static uint32_t added_remember(dv_sim_ledger *ledger, size_t written)
{
    uint32_t count = 0;
    const char *line = ledger->lines.bytes, *end = line + written;
    for (; line < end; count++) {
        dv_sim_landing *landing = ledger->added;
        DL_DELETE(ledger->added, landing);
        remember(ledger, landing);
        line = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
    }
    return count;
}

uint32_t dv_sim_ledger_write(dv_sim_ledger *ledger)
{
    assert(ledger->fd >= 0);
    if (ledger->added == NULL) return 0;
    size_t written = 0;
    if (flock(ledger->fd, LOCK_EX | LOCK_NB) == 0) {
        written = lines_write(ledger->fd, ledger->lines.bytes, ledger->lines.size);
        ledger->broken = written < ledger->lines.size;
        (void)flock(ledger->fd, LOCK_UN);
    } else {
        ledger->broken = errno != EWOULDBLOCK;
    }
    uint32_t count = added_remember(ledger, written);
    added_forget(ledger);
    return count;
}
