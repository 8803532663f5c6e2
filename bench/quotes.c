/* How many quotes a second one core gives, per venue, and what crossing an initialised tick or a
   bin costs. Pools and amounts are those of recorded answers: the arguments are files of them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "actors/dex/programs/pool.h"
#include "tests/golden/golden.h"

#define ASKS_MAX 65536
#define ACCOUNTS_MAX 512
#define RUNS 9
#define RUN_NS 50000000 /* at least, of processor time */

typedef struct bench_ask {
    const dv_pool *pool;
    dv_chain_clock clock;
    dv_swap_ask ask;
    uint32_t crossings;
} bench_ask;

static bench_ask asks[ASKS_MAX];
static size_t ask_count;

/* ---- the files ---- */

void golden_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("bench quotes: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void *golden_new(size_t size)
{
    void *fresh = calloc(1, size);
    golden_check(fresh != NULL, "out of memory");
    return fresh;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    golden_check(file != NULL, "%s cannot be opened", path);
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    golden_check(size >= 0 && fseek(file, 0, SEEK_SET) == 0, "%s cannot be read", path);
    char *text = golden_new((size_t)size + 1);
    golden_check(fread(text, 1, (size_t)size, file) == (size_t)size, "%s cannot be read", path);
    fclose(file);
    return text;
}

static dv_pool *read_pool(yajl_val node)
{
    static dv_account accounts[ACCOUNTS_MAX];
    yajl_val list = golden_need(node, "accounts");
    golden_check(YAJL_IS_OBJECT(list) && list->u.object.len <= ACCOUNTS_MAX, "too many accounts");
    dv_account_set set = {accounts, (uint32_t)list->u.object.len};
    for (uint32_t i = 0; i < set.count; i++) {
        size_t size;
        yajl_val account = list->u.object.values[i];
        golden_check(dv_pubkey_parse(dv_text_of(list->u.object.keys[i]), &accounts[i].address),
                     "not an address");
        accounts[i].owner = golden_key(account, "owner");
        accounts[i].data = golden_base64(golden_text(account, "dataBase64"), &size);
        accounts[i].size = (uint32_t)size;
    }
    dv_pool *pool = NULL;
    dv_refusal refusal;
    dv_pubkey address = golden_key(node, "pool");
    dv_err err = dv_pool_new(&address, &set, &pool, &refusal);
    golden_check(err == DV_OK, "%s: %s", golden_text(node, "name"), refusal.reason);
    return pool;
}

/* Keeps an ask that is answered. */
static void add(const bench_ask *ask)
{
    dv_swap_quote quote;
    dv_refusal refusal;
    if (dv_pool_quote(ask->pool, &ask->ask, &ask->clock, &quote, &refusal) != DV_OK) return;
    golden_check(ask_count < ASKS_MAX, "too many quotes");
    asks[ask_count] = *ask;
    asks[ask_count++].crossings = quote.crossings;
}

static void read_case(yajl_val node)
{
    yajl_val clock = golden_need(node, "clock"), quotes = golden_need(node, "quotes");
    bench_ask ask = {.pool = read_pool(node),
                     .clock = {golden_u64(clock, "slot"), golden_u64(clock, "epoch"),
                               (int64_t)golden_u64(clock, "unixTimestamp")}};
    for (size_t i = 0; i < golden_count(quotes); i++) {
        yajl_val quote = golden_at(quotes, i);
        bool exact_out = strcmp(golden_text(quote, "mode"), "ExactOut") == 0;
        if (!exact_out && strcmp(golden_text(quote, "mode"), "ExactIn") != 0) continue;
        ask.ask = (dv_swap_ask){exact_out ? DV_SWAP_EXACT_OUT : DV_SWAP_EXACT_IN,
                                golden_key(quote, "inMint"), golden_key(quote, "outMint"),
                                golden_u64(quote, "amount"),
                                exact_out ? DV_LIMIT_NONE_IN : DV_LIMIT_NONE_OUT};
        add(&ask);
    }
}

/* ---- measuring ---- */

static uint64_t processor_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Picoseconds per quote of the asks that cross something, or of those that do not: the median run.
   0 when there are none. */
static uint64_t measure(bool crossing, uint64_t *ret_count, uint64_t *ret_crossings)
{
    uint64_t runs[RUNS];
    *ret_count = *ret_crossings = 0;
    for (size_t i = 0; i < ask_count; i++) {
        *ret_count += (asks[i].crossings > 0) == crossing;
        *ret_crossings += asks[i].crossings;
    }
    if (*ret_count == 0) return 0;
    for (int run = 0; run < RUNS; run++) {
        uint64_t done = 0, begun = processor_ns(), took;
        do {
            for (size_t i = 0; i < ask_count; i++) {
                dv_swap_quote quote;
                dv_refusal refusal;
                if ((asks[i].crossings > 0) != crossing) continue;
                dv_err err =
                    dv_pool_quote(asks[i].pool, &asks[i].ask, &asks[i].clock, &quote, &refusal);
                golden_check(err == DV_OK, "%s", refusal.reason);
                done++;
            }
            took = processor_ns() - begun;
        } while (took < RUN_NS);
        runs[run] = took * 1000 / done;
    }
    qsort(runs, RUNS, sizeof runs[0], by_value);
    return runs[RUNS / 2];
}

static void report(const char *venue)
{
    uint64_t count, crossings;
    uint64_t still = measure(false, &count, &crossings);
    if (still > 0)
        printf("{\"bench\":\"quotes\",\"figure\":\"%s\",\"value\":%lu,\"unit\":\"quotes/s\","
               "\"amounts\":%lu}\n",
               venue, 1000000000000u / still, count);
    uint64_t moving = measure(true, &count, &crossings);
    if (still == 0 || moving == 0) return;
    uint64_t each = moving > still ? (moving - still) * count / crossings : 0;
    printf("{\"bench\":\"quotes\",\"figure\":\"%s, crossing\",\"value\":%lu,\"unit\":\"quotes/s\","
           "\"amounts\":%lu,\"crossings\":%lu,\"ns_per_crossing\":%lu}\n",
           venue, 1000000000000u / moving, count, crossings, each / 1000);
}

int main(int count, char **paths)
{
    for (int i = 1; i < count; i++) {
        char trouble[256];
        yajl_val root = yajl_tree_parse(read_file(paths[i]), trouble, sizeof trouble);
        golden_check(root != NULL, "%s is no JSON", paths[i]);
        if (!golden_get(root, "program")) continue;
        yajl_val cases = golden_need(root, "cases");
        ask_count = 0;
        for (size_t k = 0; k < golden_count(cases); k++) read_case(golden_at(cases, k));
        report(golden_text(root, "program"));
        fflush(stdout);
    }
    return 0;
}
