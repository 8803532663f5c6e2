/* Holds the mathematics and the wire formats against recorded answers: every *.json of
   tests/golden, or of the folder that DROVER_VECTORS names. One check per quote and per wire item;
   the last line but one is in the form of the check library, which ./dev counts. */
#include <dirent.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/golden/golden.h"

#define ITEMS_MAX 200000
#define JSON_TEXT_MAX (1L << 30) /* bytes */

typedef struct placed_item {
    golden_item item;
    const char *file; /* its name */
    int index;        /* within the file */
} placed_item;

static placed_item *items;
static size_t item_count;
static const char *current_file;
static int current_index;
static jmp_buf on_failure;
static char failure[512];

/* Whatever was made lives as long as the program: kept here, so that no leak but those of the code
   under test shows. */
static void **memory;
static size_t memory_count, memory_capacity;

void *golden_new(size_t size)
{
    if (memory_count == memory_capacity) {
        memory_capacity = memory_capacity ? 2 * memory_capacity : 1024;
        memory = realloc(memory, memory_capacity * sizeof *memory);
        if (memory == NULL) abort();
    }
    void *fresh = calloc(1, size);
    if (fresh == NULL) abort();
    memory[memory_count++] = fresh;
    return fresh;
}

void golden_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure, sizeof failure, format, arguments);
    va_end(arguments);
    longjmp(on_failure, 1);
}

void golden_add(const golden_item *item)
{
    golden_check(item_count < ITEMS_MAX, "there are more than %d items", ITEMS_MAX);
    items[item_count++] = (placed_item){*item, current_file, ++current_index};
}

static void fail_file(const golden_item *item)
{
    golden_fail("%s", (const char *)item->context);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    golden_check(file != NULL, "the file cannot be opened");
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size >= 0 && size < JSON_TEXT_MAX && fseek(file, 0, SEEK_SET) == 0) {
        text = golden_new((size_t)size + 1);
        if (fread(text, 1, (size_t)size, file) != (size_t)size) text = NULL;
    }
    fclose(file);
    golden_check(text != NULL, "the file cannot be read");
    return text;
}

static void load_file(const char *path)
{
    char trouble[256];
    yajl_val root = yajl_tree_parse(read_file(path), trouble, sizeof trouble);
    golden_check(root != NULL, "the file is no JSON");
    *(yajl_val *)golden_new(sizeof root) = root;
    if (golden_get(root, "program"))
        golden_add_quotes(root);
    else if (golden_get(root, "transactions"))
        golden_add_wire(root);
    else
        golden_fail("the file is of no known kind");
}

/* Adds the checks of a file; one that cannot be taken in is a check that fails. */
static void load(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *file = golden_new(strlen(name) + 1);
    memcpy(file, name, strlen(name));
    current_file = file;
    current_index = 0;
    if (setjmp(on_failure) == 0) {
        load_file(path);
        return;
    }
    char *text = golden_new(sizeof failure);
    memcpy(text, failure, sizeof failure);
    golden_item item = {.run = fail_file, .label = "the file", .context = text};
    items[item_count < ITEMS_MAX ? item_count++ : item_count - 1] =
        (placed_item){item, current_file, ++current_index};
}

static bool passes(const placed_item *placed)
{
    if (setjmp(on_failure) == 0) {
        placed->item.run(&placed->item);
        return true;
    }
    printf("%s:%d:F: %s: %s\n", placed->file, placed->index, placed->item.label, failure);
    return false;
}

/* Prints a line per file, and returns how many checks failed. */
static size_t run_all(void)
{
    size_t failed = 0;
    for (size_t i = 0, before = 0, start = 0; i < item_count; i++) {
        failed += !passes(&items[i]);
        if (i + 1 < item_count && items[i + 1].file == items[i].file) continue;
        printf("%s: %zu passed, %zu failed\n", items[i].file, i + 1 - start - (failed - before),
               failed - before);
        before = failed;
        start = i + 1;
    }
    return failed;
}

static int is_json(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > 5 && strcmp(entry->d_name + size - 5, ".json") == 0;
}

int main(void)
{
    const char *folder = getenv("DROVER_VECTORS");
    struct dirent **names = NULL;
    if (folder == NULL || *folder == '\0') folder = "tests/golden";
    items = calloc(ITEMS_MAX, sizeof *items);
    if (items == NULL || sodium_init() < 0) return 2;
    int count = scandir(folder, &names, is_json, alphasort);
    if (count <= 0) fprintf(stderr, "there are no files of vectors in %s\n", folder);
    for (int i = 0; i < count; i++) {
        load(folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    size_t failed = run_all(), percent = item_count ? 100 * (item_count - failed) / item_count : 0;
    printf("%zu%%: Checks: %zu, Failures: %zu, Errors: 0\n", percent, item_count, failed);
    printf("%zu passed, %zu failed\n", item_count - failed, failed);
    return failed > 0 || item_count == 0;
}
