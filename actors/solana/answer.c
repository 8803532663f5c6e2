#include "actors/solana/answer.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <yajl/yajl_tree.h>

#include "actors/solana/answer_read.h"
#include "proto/base58.h"

#define ACCOUNT_SIZE_MAX (10u << 20) /* bytes: the runtime's maximum */
#define FEES_MAX 512                 /* blocks; nodes keep 150 */

struct dv_answer {
    yajl_val root, result; /* result: part of root; NULL: the answer is an error */
    dv_rpc_fault fault;
    uint8_t *bytes; /* owned: data of accounts */
};

/* ---- the envelope ------------------------------------------------------------------------ */

static dv_err fault_read(yajl_val error, dv_rpc_fault *ret)
{
    const char *digits = YAJL_IS_NUMBER(dv_jsonrpc_get(error, "code"))
                             ? YAJL_GET_NUMBER(dv_jsonrpc_get(error, "code"))
                             : NULL;
    if (digits == NULL || !dv_jsonrpc_text(dv_jsonrpc_get(error, "message"), &ret->message))
        return DV_MESSAGE_MALFORMED;
    char *end;
    errno = 0;
    ret->code = strtoll(digits, &end, 10);
    if (errno != 0 || *end != '\0') return DV_MESSAGE_MALFORMED;
    yajl_val failure = dv_jsonrpc_get(dv_jsonrpc_get(error, "data"), "err");
    if (failure == NULL || YAJL_IS_NULL(failure)) return DV_OK;
    return dv_jsonrpc_failure(failure, &ret->failure);
}

static dv_err envelope_read(dv_answer *a, uint64_t id)
{
    uint64_t answered;
    dv_text version;
    if (!YAJL_IS_OBJECT(a->root) ||
        !dv_jsonrpc_text(dv_jsonrpc_get(a->root, "jsonrpc"), &version) ||
        !dv_text_is(version, "2.0"))
        return DV_MESSAGE_MALFORMED;
    yajl_val error = dv_jsonrpc_get(a->root, "error");
    yajl_val result = dv_jsonrpc_get(a->root, "result");
    if ((error == NULL) == (result == NULL)) return DV_MESSAGE_MALFORMED;
    yajl_val named = dv_jsonrpc_get(a->root, "id");
    /* A node that cannot read the id answers null. */
    bool unread = error != NULL && YAJL_IS_NULL(named);
    if (!unread && (!dv_jsonrpc_u64(named, &answered) || answered != id))
        return DV_MESSAGE_MALFORMED;
    if (error != NULL) return fault_read(error, &a->fault);
    a->result = result;
    return DV_OK;
}

dv_err dv_answer_parse(const char *bytes, size_t size, uint64_t id, dv_answer **ret_answer)
{
    if (size > DV_ANSWER_SIZE_MAX) return DV_MESSAGE_TOO_LARGE;
    dv_answer *a = calloc(1, sizeof *a);
    if (a == NULL) abort();
    a->root = dv_jsonrpc_parse(bytes, size);
    dv_err err = a->root ? envelope_read(a, id) : DV_MESSAGE_MALFORMED;
    if (err)
        dv_answer_destroy(&a);
    else
        *ret_answer = a;
    return err;
}

void dv_answer_destroy(dv_answer **answer)
{
    if (*answer == NULL) return;
    yajl_tree_free((*answer)->root);
    free((*answer)->bytes);
    free(*answer);
    *answer = NULL;
}

const dv_rpc_fault *dv_answer_fault(const dv_answer *answer)
{
    return answer->result == NULL ? &answer->fault : NULL;
}

/* ---- small results ----------------------------------------------------------------------- */

dv_err dv_answer_number(const dv_answer *answer, uint64_t *ret_number)
{
    return dv_jsonrpc_u64(answer->result, ret_number) ? DV_OK : DV_MESSAGE_MALFORMED;
}

dv_err dv_answer_rent(const dv_answer *answer, dv_lamports *ret_rent)
{
    return dv_answer_number(answer, &ret_rent->count);
}

dv_err dv_answer_text(const dv_answer *answer, dv_text *ret_text)
{
    return dv_jsonrpc_text(answer->result, ret_text) ? DV_OK : DV_MESSAGE_MALFORMED;
}

/* The value of a result that names its slot. NULL: the result names none. */
static yajl_val value_at_slot(yajl_val result, uint64_t *ret_slot)
{
    if (!dv_jsonrpc_u64(dv_jsonrpc_get(dv_jsonrpc_get(result, "context"), "slot"), ret_slot))
        return NULL;
    return dv_jsonrpc_get(result, "value");
}

dv_err dv_answer_flag(const dv_answer *answer, bool *ret_flag, uint64_t *ret_slot)
{
    uint64_t slot;
    yajl_val value = value_at_slot(answer->result, &slot);
    if (value == NULL || !(YAJL_IS_TRUE(value) || YAJL_IS_FALSE(value)))
        return DV_MESSAGE_MALFORMED;
    *ret_flag = YAJL_IS_TRUE(value);
    *ret_slot = slot;
    return DV_OK;
}

dv_err dv_answer_blockhash(const dv_answer *answer, dv_latest_blockhash *ret_latest)
{
    dv_latest_blockhash latest;
    dv_text text;
    yajl_val value = value_at_slot(answer->result, &latest.slot);
    if (value == NULL || !dv_jsonrpc_text(dv_jsonrpc_get(value, "blockhash"), &text) ||
        !dv_base58_decode(text, latest.blockhash.bytes, sizeof latest.blockhash.bytes) ||
        !dv_jsonrpc_u64(dv_jsonrpc_get(value, "lastValidBlockHeight"),
                        &latest.last_valid_block_height))
        return DV_MESSAGE_MALFORMED;
    *ret_latest = latest;
    return DV_OK;
}

dv_err dv_answer_epoch(const dv_answer *answer, dv_epoch_info *ret_info)
{
    dv_epoch_info info;
    if (!dv_jsonrpc_u64(dv_jsonrpc_get(answer->result, "absoluteSlot"), &info.slot) ||
        !dv_jsonrpc_u64(dv_jsonrpc_get(answer->result, "blockHeight"), &info.block_height) ||
        !dv_jsonrpc_u64(dv_jsonrpc_get(answer->result, "epoch"), &info.epoch))
        return DV_MESSAGE_MALFORMED;
    *ret_info = info;
    return DV_OK;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

dv_err dv_answer_fee(const dv_answer *answer, uint32_t percent, uint64_t *ret_price)
{
    uint64_t prices[FEES_MAX];
    if (!YAJL_IS_ARRAY(answer->result)) return DV_MESSAGE_MALFORMED;
    size_t count = YAJL_GET_ARRAY(answer->result)->len;
    if (count > FEES_MAX) return DV_MESSAGE_TOO_LARGE;
    for (size_t i = 0; i < count; i++) {
        yajl_val fee = YAJL_GET_ARRAY(answer->result)->values[i];
        if (!dv_jsonrpc_u64(dv_jsonrpc_get(fee, "prioritizationFee"), &prices[i]))
            return DV_MESSAGE_MALFORMED;
    }
    qsort(prices, count, sizeof prices[0], compare_u64);
    *ret_price = count == 0 ? 0 : prices[(count - 1) * (percent > 100 ? 100 : percent) / 100];
    return DV_OK;
}

/* ---- accounts ---------------------------------------------------------------------------- */

static bool base64_of(yajl_val data, dv_text *ret_text)
{
    dv_text encoding;
    return YAJL_IS_ARRAY(data) && YAJL_GET_ARRAY(data)->len == 2 &&
           dv_jsonrpc_text(YAJL_GET_ARRAY(data)->values[0], ret_text) &&
           dv_jsonrpc_text(YAJL_GET_ARRAY(data)->values[1], &encoding) &&
           dv_text_is(encoding, "base64");
}

/* Decodes into room for text.size / 4 * 3 bytes. */
static bool base64_read(dv_text text, uint8_t *ret_bytes, size_t capacity, size_t *ret_size)
{
    const char *end = NULL;
    return sodium_base642bin(ret_bytes, capacity, text.at, text.size, NULL, ret_size, &end,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           end == text.at + text.size;
}

static bool account_read(yajl_val value, uint8_t *room, size_t capacity, dv_account *ret)
{
    dv_text owner, data;
    size_t size;
    if (!dv_jsonrpc_u64(dv_jsonrpc_get(value, "lamports"), &ret->lamports.count) ||
        !dv_jsonrpc_text(dv_jsonrpc_get(value, "owner"), &owner) ||
        !dv_pubkey_parse(owner, &ret->owner) || !base64_of(dv_jsonrpc_get(value, "data"), &data) ||
        !base64_read(data, room, capacity, &size) || size > ACCOUNT_SIZE_MAX)
        return false;
    ret->data = room;
    ret->size = (uint32_t)size;
    return true;
}

/* The most bytes that the accounts can take. */
static size_t accounts_room(yajl_val values)
{
    size_t room = 0;
    for (size_t i = 0; i < YAJL_GET_ARRAY(values)->len; i++) {
        dv_text data;
        if (base64_of(dv_jsonrpc_get(YAJL_GET_ARRAY(values)->values[i], "data"), &data))
            room += data.size / 4 * 3;
    }
    return room;
}

dv_err dv_answer_accounts(dv_answer *answer, const dv_pubkey *addresses, uint32_t count,
                          dv_account *ret_accounts, uint64_t *ret_slot)
{
    uint64_t slot;
    yajl_val values = value_at_slot(answer->result, &slot);
    if (!YAJL_IS_ARRAY(values) || YAJL_GET_ARRAY(values)->len != count) return DV_MESSAGE_MALFORMED;
    size_t room = accounts_room(values), used = 0;
    dv_account *accounts = calloc(count + 1, sizeof *accounts);
    free(answer->bytes);
    answer->bytes = malloc(room + 1);
    if (accounts == NULL || answer->bytes == NULL) abort();
    bool good = true;
    for (uint32_t i = 0; i < count && good; i++) {
        yajl_val value = YAJL_GET_ARRAY(values)->values[i];
        accounts[i].address = addresses[i];
        if (YAJL_IS_NULL(value)) continue;
        good = account_read(value, answer->bytes + used, room - used, &accounts[i]);
        used += accounts[i].size;
    }
    if (good) {
        memcpy(ret_accounts, accounts, count * sizeof *accounts);
        *ret_slot = slot;
    }
    free(accounts);
    return good ? DV_OK : DV_MESSAGE_MALFORMED;
}

static bool program_account_read(yajl_val value, uint8_t *room, size_t capacity,
                                 const dv_pubkey *program, uint32_t size, dv_account *ret)
{
    return dv_jsonrpc_key(dv_jsonrpc_get(value, "pubkey"), &ret->address) &&
           account_read(dv_jsonrpc_get(value, "account"), room, capacity, ret) &&
           ret->size == size && dv_pubkey_equal(&ret->owner, program);
}

dv_err dv_answer_program_accounts(dv_answer *answer, const dv_pubkey *program, uint32_t size,
                                  uint32_t max, dv_account *ret_accounts, uint32_t *ret_count)
{
    if (!YAJL_IS_ARRAY(answer->result)) return DV_MESSAGE_MALFORMED;
    size_t count = YAJL_GET_ARRAY(answer->result)->len;
    if (count > max) return DV_MESSAGE_TOO_LARGE;
    dv_account *accounts = calloc(count + 1, sizeof *accounts);
    free(answer->bytes);
    answer->bytes = malloc(count * size + 1);
    if (accounts == NULL || answer->bytes == NULL) abort();
    bool good = true;
    for (size_t i = 0; i < count && good; i++)
        good = program_account_read(YAJL_GET_ARRAY(answer->result)->values[i],
                                    answer->bytes + i * size, size, program, size, &accounts[i]);
    if (good) {
        memcpy(ret_accounts, accounts, count * sizeof *accounts);
        *ret_count = (uint32_t)count;
    }
    free(accounts);
    return good ? DV_OK : DV_MESSAGE_MALFORMED;
}

/* ---- transactions ------------------------------------------------------------------------ */

static bool commitment_read(yajl_val value, dv_commitment *ret)
{
    static const char *const NAMES[] = {"processed", "confirmed", "finalized"};
    dv_text text;
    if (!dv_jsonrpc_text(value, &text)) return false;
    for (unsigned i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (!dv_text_is(text, NAMES[i])) continue;
        *ret = (dv_commitment)i;
        return true;
    }
    return false;
}

static bool status_read(yajl_val value, dv_signature_status *ret)
{
    *ret = (dv_signature_status){0};
    if (YAJL_IS_NULL(value)) return true;
    ret->found = true;
    yajl_val err = dv_jsonrpc_get(value, "err");
    return err != NULL && dv_jsonrpc_u64(dv_jsonrpc_get(value, "slot"), &ret->slot) &&
           commitment_read(dv_jsonrpc_get(value, "confirmationStatus"), &ret->commitment) &&
           dv_jsonrpc_failure(err, &ret->failure) == DV_OK;
}

dv_err dv_answer_statuses(const dv_answer *answer, uint32_t count,
                          dv_signature_status *ret_statuses, uint64_t *ret_slot)
{
    uint64_t slot;
    dv_signature_status unused;
    yajl_val values = value_at_slot(answer->result, &slot);
    if (!YAJL_IS_ARRAY(values) || YAJL_GET_ARRAY(values)->len != count) return DV_MESSAGE_MALFORMED;
    for (uint32_t i = 0; i < count; i++)
        if (!status_read(YAJL_GET_ARRAY(values)->values[i], &unused)) return DV_MESSAGE_MALFORMED;
    for (uint32_t i = 0; i < count; i++)
        (void)status_read(YAJL_GET_ARRAY(values)->values[i], &ret_statuses[i]);
    *ret_slot = slot;
    return DV_OK;
}

dv_err dv_answer_simulation(const dv_answer *answer, const dv_pubkey *keys, uint32_t key_count,
                            dv_simulation *ret_simulation)
{
    dv_simulation s = {0};
    yajl_val value = value_at_slot(answer->result, &s.slot);
    yajl_val err = dv_jsonrpc_get(value, "err");
    if (err == NULL || dv_jsonrpc_failure(err, &s.failure) != DV_OK) return DV_MESSAGE_MALFORMED;
    yajl_val units = dv_jsonrpc_get(value, "unitsConsumed");
    if (units != NULL && !dv_jsonrpc_u64(units, &s.units)) return DV_MESSAGE_MALFORMED;
    dv_err error = DV_OK;
    if (!s.failure.failed)
        error = dv_jsonrpc_moves(dv_jsonrpc_get(value, "innerInstructions"), keys, key_count,
                                 s.moves, &s.move_count);
    if (error == DV_OK) *ret_simulation = s;
    return error;
}

/* The keys of a transaction: its static keys, then those that its lookups found. */
static dv_err keys_read(const dv_landed *landed, yajl_val meta, dv_pubkey *ret_keys,
                        uint32_t *ret_count)
{
    dv_transaction_view view;
    dv_err err = dv_transaction_decode(landed->transaction.bytes, landed->transaction.size, &view);
    if (err) return err;
    uint32_t count = view.key_count;
    for (uint32_t i = 0; i < count; i++) ret_keys[i] = dv_pubkey_at(view.keys + i * DV_PUBKEY_SIZE);
    static const char *const LISTS[] = {"writable", "readonly"};
    for (size_t k = 0; k < 2; k++) {
        yajl_val list = dv_jsonrpc_get(dv_jsonrpc_get(meta, "loadedAddresses"), LISTS[k]);
        for (size_t i = 0; YAJL_IS_ARRAY(list) && i < YAJL_GET_ARRAY(list)->len; i++) {
            if (count == DV_TRANSACTION_KEYS_MAX ||
                !dv_jsonrpc_key(YAJL_GET_ARRAY(list)->values[i], &ret_keys[count++]))
                return DV_MESSAGE_MALFORMED;
        }
    }
    *ret_count = count;
    return DV_OK;
}

static dv_err meta_read(yajl_val meta, dv_landed *l)
{
    dv_pubkey keys[DV_TRANSACTION_KEYS_MAX];
    uint32_t key_count;
    yajl_val failure = dv_jsonrpc_get(meta, "err");
    if (failure == NULL || dv_jsonrpc_failure(failure, &l->failure) != DV_OK ||
        !dv_jsonrpc_u64(dv_jsonrpc_get(meta, "fee"), &l->fee.count))
        return DV_MESSAGE_MALFORMED;
    dv_err err = keys_read(l, meta, keys, &key_count);
    if (err || l->failure.failed) return err;
    err = dv_jsonrpc_moves(dv_jsonrpc_get(meta, "innerInstructions"), keys, key_count, l->moves,
                           &l->move_count);
    if (err == DV_OK) err = dv_jsonrpc_changes(meta, keys, key_count, l->changes, &l->change_count);
    return err;
}

dv_err dv_answer_landed(const dv_answer *answer, bool *ret_found, dv_landed *ret_landed)
{
    dv_text bytes;
    size_t size;
    if (YAJL_IS_NULL(answer->result)) {
        *ret_found = false;
        return DV_OK;
    }
    dv_landed *l = calloc(1, sizeof *l);
    if (l == NULL) abort();
    dv_err err = DV_MESSAGE_MALFORMED;
    if (dv_jsonrpc_u64(dv_jsonrpc_get(answer->result, "slot"), &l->slot) &&
        base64_of(dv_jsonrpc_get(answer->result, "transaction"), &bytes) &&
        base64_read(bytes, l->transaction.bytes, sizeof l->transaction.bytes, &size)) {
        l->transaction.size = (uint32_t)size;
        err = meta_read(dv_jsonrpc_get(answer->result, "meta"), l);
    }
    if (err == DV_OK) {
        *ret_landed = *l;
        *ret_found = true;
    }
    free(l);
    return err;
}

dv_err dv_answer_first_success(const dv_answer *answer, dv_text *ret_signature)
{
    uint8_t bytes[64];
    dv_text first = {0};
    if (!YAJL_IS_ARRAY(answer->result)) return DV_MESSAGE_MALFORMED;
    for (size_t i = 0; i < YAJL_GET_ARRAY(answer->result)->len; i++) { /* newest first */
        yajl_val one = YAJL_GET_ARRAY(answer->result)->values[i];
        yajl_val err = dv_jsonrpc_get(one, "err");
        dv_text signature;
        if (err == NULL || !dv_jsonrpc_text(dv_jsonrpc_get(one, "signature"), &signature) ||
            !dv_base58_decode(signature, bytes, sizeof bytes))
            return DV_MESSAGE_MALFORMED;
        if (YAJL_IS_NULL(err)) first = signature;
    }
    *ret_signature = first;
    return DV_OK;
}
