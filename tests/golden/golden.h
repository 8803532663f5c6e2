/* What the files of recorded answers share: a list of checks, one per quote or wire item, and
   access to JSON that fails the check at hand when something is not there. */
#ifndef DV_TESTS_GOLDEN_H
#define DV_TESTS_GOLDEN_H

#include <stdnoreturn.h>
#include <yajl/yajl_tree.h>

#include "actors/solana/instruction.h"

/* One check. */
typedef struct golden_item {
    void (*run)(const struct golden_item *item);
    char label[128];     /* what it is, for people */
    yajl_val node;       /* the recorded answer */
    const void *context; /* what `run` needs beside it */
} golden_item;

/* Adds a check of the file at hand. */
void golden_add(const golden_item *item);

/* Add the checks of a file: of a venue's quotes, of the chain's wire formats. */
void golden_add_quotes(yajl_val root);
void golden_add_wire(yajl_val root);

/* Adds a check for every element of a list. */
void golden_add_each(yajl_val list, const char *name, void (*run)(const golden_item *item));

/* Reads an instruction as it is recorded: programId, keys, dataHex. */
void golden_read_instruction(yajl_val node, dv_instruction *ret_instruction);

/* Whether a recorded instruction comes out of a transaction as it went in. */
void golden_check_carried(const golden_item *item);

/* Whether a transaction is compiled, signed and read as recorded, and whether one is refused. */
void golden_check_transaction(const golden_item *item);
void golden_check_bad_transaction(const golden_item *item);

/* Fails the check at hand, or the file that is being read. */
noreturn void golden_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define golden_check(condition, ...)                                                               \
    do {                                                                                           \
        if (!(condition)) golden_fail(__VA_ARGS__);                                                \
    } while (0)

/* Zeroed memory that lives as long as the program. */
void *golden_new(size_t size);

/* A member; NULL when it is absent or null. */
yajl_val golden_get(yajl_val object, const char *name);

/* A member that has to be there. */
yajl_val golden_need(yajl_val object, const char *name);

/* Members as what they have to be. Numbers may be written as strings, as u64 are. */
const char *golden_text(yajl_val object, const char *name);
uint64_t golden_u64(yajl_val object, const char *name);
bool golden_bool(yajl_val object, const char *name);
dv_pubkey golden_key(yajl_val object, const char *name);
const char *golden_text_of(yajl_val value);
uint64_t golden_u64_of(yajl_val value);
dv_pubkey golden_key_of(yajl_val value);

/* The elements of an array. */
size_t golden_count(yajl_val array);
yajl_val golden_at(yajl_val array, size_t i);

/* Bytes of hex or base64; they live as long as the program. */
uint8_t *golden_hex(const char *text, size_t *ret_size);
uint8_t *golden_base64(const char *text, size_t *ret_size);

#endif
