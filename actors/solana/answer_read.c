#include "actors/solana/answer_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/solana/account.h"
#include "actors/solana/programs.h"

/* yajl frees its tree by recursion, so the depth is checked before the tree is made. */
static bool is_shallow(const char *bytes, size_t size)
{
    uint32_t depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        if (in_text && c == '\\')
            i++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '[' || c == '{') && ++depth > DV_ANSWER_DEPTH_MAX)
            return false;
        else if (!in_text && (c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return true;
}

yajl_val dv_jsonrpc_parse(const char *bytes, size_t size)
{
    if (!is_shallow(bytes, size) || memchr(bytes, '\0', size) != NULL) return NULL;
    char *copy = malloc(size + 1); /* yajl wants a NUL */
    if (copy == NULL) abort();
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    char why[64];
    yajl_val root = yajl_tree_parse(copy, why, sizeof why);
    free(copy);
    return root;
}

yajl_val dv_jsonrpc_get(yajl_val object, const char *name)
{
    const char *path[] = {name, NULL};
    return YAJL_IS_OBJECT(object) ? yajl_tree_get(object, path, yajl_t_any) : NULL;
}

static bool u64_of(const char *digits, uint64_t *ret)
{
    char *end;
    if (digits == NULL || *digits < '0' || *digits > '9') return false;
    errno = 0;
    unsigned long long number = strtoull(digits, &end, 10);
    if (errno != 0 || *end != '\0') return false;
    *ret = number;
    return true;
}

bool dv_jsonrpc_u64(yajl_val value, uint64_t *ret_number)
{
    return YAJL_IS_NUMBER(value) && u64_of(YAJL_GET_NUMBER(value), ret_number);
}

bool dv_jsonrpc_text(yajl_val value, dv_text *ret_text)
{
    const char *text = YAJL_GET_STRING(value);
    if (text == NULL) return false;
    *ret_text = dv_text_of(text);
    return true;
}

bool dv_jsonrpc_key(yajl_val value, dv_pubkey *ret_key)
{
    dv_text text;
    return dv_jsonrpc_text(value, &text) && dv_pubkey_parse(text, ret_key);
}

/* ---- why a transaction failed ------------------------------------------------------------ */

static bool name_set(dv_failure *f, const char *name)
{
    if (name == NULL || *name == '\0') return false;
    snprintf(f->name, sizeof f->name, "%s", name);
    return true;
}

/* [index, "Name" | {"Custom": code} | {"Name": …}] */
static bool instruction_error_read(yajl_val pair, dv_failure *f)
{
    uint64_t number;
    if (!YAJL_IS_ARRAY(pair) || YAJL_GET_ARRAY(pair)->len != 2 ||
        !dv_jsonrpc_u64(YAJL_GET_ARRAY(pair)->values[0], &number) || number > UINT8_MAX)
        return false;
    f->in_instruction = true;
    f->instruction = (uint8_t)number;
    yajl_val what = YAJL_GET_ARRAY(pair)->values[1];
    if (YAJL_IS_STRING(what)) return name_set(f, YAJL_GET_STRING(what));
    if (!YAJL_IS_OBJECT(what) || YAJL_GET_OBJECT(what)->len != 1) return false;
    yajl_val custom = dv_jsonrpc_get(what, "Custom");
    if (custom != NULL) {
        if (!dv_jsonrpc_u64(custom, &number) || number > UINT32_MAX) return false;
        f->is_custom = true;
        f->custom = (uint32_t)number;
    }
    return name_set(f, YAJL_GET_OBJECT(what)->keys[0]);
}

dv_err dv_jsonrpc_failure(yajl_val value, dv_failure *ret_failure)
{
    dv_failure f = {.failed = !YAJL_IS_NULL(value)};
    bool good = !f.failed;
    if (YAJL_IS_STRING(value)) {
        good = name_set(&f, YAJL_GET_STRING(value));
    } else if (YAJL_IS_OBJECT(value) && YAJL_GET_OBJECT(value)->len == 1) {
        yajl_val pair = dv_jsonrpc_get(value, "InstructionError");
        good =
            pair ? instruction_error_read(pair, &f) : name_set(&f, YAJL_GET_OBJECT(value)->keys[0]);
    }
    if (!good) return DV_MESSAGE_MALFORMED;
    *ret_failure = f;
    return DV_OK;
}

/* ---- what moved -------------------------------------------------------------------------- */

/* SPL Token's Transfer, TransferChecked, and Token-2022's TransferCheckedWithFee (spl-token
   instruction.rs; spl-token-2022 transfer_fee/instruction.rs). */
enum { TOKEN_TRANSFER = 3, TOKEN_TRANSFER_CHECKED = 12, TOKEN_FEE_EXTENSION = 26, WITH_FEE = 1 };

typedef struct compiled {
    dv_pubkey program;
    const dv_pubkey *keys;
    uint32_t key_count;
    yajl_val accounts;
    uint8_t data[DV_BASE58_LONG_BYTES_MAX];
    size_t size;
} compiled;

static bool compiled_key(const compiled *c, size_t i, dv_pubkey *ret)
{
    uint64_t index;
    if (i >= YAJL_GET_ARRAY(c->accounts)->len) return false;
    yajl_val value = YAJL_GET_ARRAY(c->accounts)->values[i];
    if (YAJL_IS_STRING(value))
        return dv_jsonrpc_key(value, ret); /* partly parsed instructions name keys by address */
    if (!dv_jsonrpc_u64(value, &index) || index >= c->key_count) return false;
    *ret = c->keys[index];
    return true;
}

/* Reads a token program's transfer from its bytes. ret_is_move: whether it is a transfer. */
static bool compiled_move(const compiled *c, dv_token_move *ret, bool *ret_is_move)
{
    *ret_is_move = false;
    if (!dv_pubkey_equal(&c->program, &DV_PROGRAM_TOKEN) &&
        !dv_pubkey_equal(&c->program, &DV_PROGRAM_TOKEN_2022))
        return true;
    size_t to = 2, amount_at = 1;
    if (c->size >= 9 && c->data[0] == TOKEN_TRANSFER) {
        to = 1;
    } else if (c->size >= 19 && c->data[0] == TOKEN_FEE_EXTENSION && c->data[1] == WITH_FEE) {
        amount_at = 2;
        ret->withheld = dv_le64(c->data + 11);
    } else if (c->size < 10 || c->data[0] != TOKEN_TRANSFER_CHECKED) {
        return true;
    }
    *ret_is_move = true;
    ret->amount = dv_le64(c->data + amount_at);
    return compiled_key(c, 0, &ret->source) && compiled_key(c, to, &ret->destination);
}

static bool compiled_read(yajl_val value, compiled *c)
{
    uint64_t program;
    dv_text data;
    c->accounts = dv_jsonrpc_get(value, "accounts");
    if (!YAJL_IS_ARRAY(c->accounts) || !dv_jsonrpc_text(dv_jsonrpc_get(value, "data"), &data) ||
        !dv_base58_decode_long(data, c->data, sizeof c->data, &c->size))
        return false;
    if (dv_jsonrpc_key(dv_jsonrpc_get(value, "programId"), &c->program)) return true;
    if (!dv_jsonrpc_u64(dv_jsonrpc_get(value, "programIdIndex"), &program) ||
        program >= c->key_count)
        return false;
    c->program = c->keys[program];
    return true;
}

/* {"parsed": {"type": "transfer…", "info": {…}}, "program": "spl-token"} */
static bool parsed_move(yajl_val value, dv_token_move *ret, bool *ret_is_move)
{
    dv_text program, type;
    yajl_val parsed = dv_jsonrpc_get(value, "parsed"), info = dv_jsonrpc_get(parsed, "info");
    *ret_is_move = false;
    if (!dv_jsonrpc_text(dv_jsonrpc_get(value, "program"), &program) ||
        !(dv_text_is(program, "spl-token") || dv_text_is(program, "spl-token-2022")) ||
        !dv_jsonrpc_text(dv_jsonrpc_get(parsed, "type"), &type))
        return true;
    yajl_val amount = dv_jsonrpc_get(info, "amount");
    bool checked =
        dv_text_is(type, "transferChecked") || dv_text_is(type, "transferCheckedWithFee");
    if (checked)
        amount = dv_jsonrpc_get(dv_jsonrpc_get(info, "tokenAmount"), "amount");
    else if (!dv_text_is(type, "transfer"))
        return true;
    *ret_is_move = true;
    yajl_val withheld = dv_jsonrpc_get(dv_jsonrpc_get(info, "feeAmount"), "amount");
    if (withheld != NULL && !u64_of(YAJL_GET_STRING(withheld), &ret->withheld)) return false;
    return u64_of(YAJL_GET_STRING(amount), &ret->amount) &&
           dv_jsonrpc_key(dv_jsonrpc_get(info, "source"), &ret->source) &&
           dv_jsonrpc_key(dv_jsonrpc_get(info, "destination"), &ret->destination);
}

static bool move_read(yajl_val value, const dv_pubkey *keys, uint32_t key_count, dv_token_move *ret,
                      bool *ret_is_move)
{
    if (dv_jsonrpc_get(value, "parsed") != NULL) return parsed_move(value, ret, ret_is_move);
    compiled c = {.keys = keys, .key_count = key_count};
    return compiled_read(value, &c) && compiled_move(&c, ret, ret_is_move);
}

static dv_err group_read(yajl_val group, const dv_pubkey *keys, uint32_t key_count,
                         dv_token_move *ret_moves, uint32_t *count)
{
    uint64_t index;
    yajl_val list = dv_jsonrpc_get(group, "instructions");
    if (!dv_jsonrpc_u64(dv_jsonrpc_get(group, "index"), &index) || index > UINT8_MAX ||
        !YAJL_IS_ARRAY(list))
        return DV_MESSAGE_MALFORMED;
    for (size_t i = 0; i < YAJL_GET_ARRAY(list)->len; i++) {
        bool is_move;
        dv_token_move move = {.instruction = (uint8_t)index};
        if (!move_read(YAJL_GET_ARRAY(list)->values[i], keys, key_count, &move, &is_move))
            return DV_MESSAGE_MALFORMED;
        if (!is_move) continue;
        if (*count == DV_TOKEN_MOVES_MAX) return DV_MESSAGE_TOO_LARGE;
        ret_moves[(*count)++] = move;
    }
    return DV_OK;
}

dv_err dv_jsonrpc_moves(yajl_val inner, const dv_pubkey *keys, uint32_t key_count,
                        dv_token_move *ret_moves, uint32_t *ret_count)
{
    *ret_count = 0;
    if (inner == NULL || YAJL_IS_NULL(inner)) return DV_OK;
    if (!YAJL_IS_ARRAY(inner)) return DV_MESSAGE_MALFORMED;
    dv_err err = DV_OK;
    for (size_t i = 0; i < YAJL_GET_ARRAY(inner)->len && err == DV_OK; i++)
        err = group_read(YAJL_GET_ARRAY(inner)->values[i], keys, key_count, ret_moves, ret_count);
    return err;
}

/* ---- token balances ---------------------------------------------------------------------- */

static dv_token_change *change_of(const dv_pubkey *account, dv_token_change *changes,
                                  uint32_t *count)
{
    for (uint32_t i = 0; i < *count; i++)
        if (dv_pubkey_equal(&changes[i].account, account)) return &changes[i];
    if (*count == DV_TOKEN_CHANGES_MAX) return NULL;
    changes[*count] = (dv_token_change){.account = *account};
    return &changes[(*count)++];
}

static dv_err balance_read(yajl_val value, const dv_pubkey *keys, uint32_t key_count, bool after,
                           dv_token_change *changes, uint32_t *count)
{
    uint64_t index, amount;
    yajl_val text = dv_jsonrpc_get(dv_jsonrpc_get(value, "uiTokenAmount"), "amount");
    if (!dv_jsonrpc_u64(dv_jsonrpc_get(value, "accountIndex"), &index) || index >= key_count ||
        !u64_of(YAJL_GET_STRING(text), &amount))
        return DV_MESSAGE_MALFORMED;
    dv_token_change *change = change_of(&keys[index], changes, count);
    if (change == NULL) return DV_MESSAGE_TOO_LARGE;
    if (!dv_jsonrpc_key(dv_jsonrpc_get(value, "owner"), &change->owner) ||
        !dv_jsonrpc_key(dv_jsonrpc_get(value, "mint"), &change->mint))
        return DV_MESSAGE_MALFORMED;
    *(after ? &change->after : &change->before) = amount;
    return DV_OK;
}

dv_err dv_jsonrpc_changes(yajl_val meta, const dv_pubkey *keys, uint32_t key_count,
                          dv_token_change *ret_changes, uint32_t *ret_count)
{
    static const char *const LISTS[] = {"preTokenBalances", "postTokenBalances"};
    *ret_count = 0;
    for (size_t k = 0; k < 2; k++) {
        yajl_val list = dv_jsonrpc_get(meta, LISTS[k]);
        if (list == NULL || YAJL_IS_NULL(list)) continue;
        if (!YAJL_IS_ARRAY(list)) return DV_MESSAGE_MALFORMED;
        for (size_t i = 0; i < YAJL_GET_ARRAY(list)->len; i++) {
            dv_err err = balance_read(YAJL_GET_ARRAY(list)->values[i], keys, key_count, k == 1,
                                      ret_changes, ret_count);
            if (err) return err;
        }
    }
    return DV_OK;
}
