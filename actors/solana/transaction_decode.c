#include "actors/solana/compact.h"
#include "actors/solana/programs.h"
#include "actors/solana/transaction.h"

/* The bytes that are left. After a failed read every further read fails. */
typedef struct reader {
    const uint8_t *at;
    size_t left;
    bool short_of; /* a read failed: too few bytes, or a malformed count */
} reader;

static const uint8_t *take(reader *in, size_t size)
{
    if (size > in->left) in->short_of = true;
    if (in->short_of) return NULL;
    const uint8_t *taken = in->at;
    in->at += size;
    in->left -= size;
    return taken;
}

static uint8_t take_byte(reader *in)
{
    const uint8_t *byte = take(in, 1);
    return byte ? *byte : 0;
}

static uint16_t take_count(reader *in)
{
    uint16_t count;
    size_t size = dv_compact_get(in->at, in->left, &count);
    if (size == 0) in->short_of = true;
    return take(in, size) ? count : 0;
}

/* Takes a count, and so many bytes. */
static const uint8_t *take_bytes(reader *in, uint16_t *ret_count)
{
    *ret_count = take_count(in);
    return take(in, *ret_count);
}

/* Reads three counts, which have to leave room for a payer who signs and is writable. */
static bool read_header(reader *in, dv_transaction_view *view)
{
    view->signer_count = take_byte(in);
    view->readonly_signer_count = take_byte(in);
    view->readonly_other_count = take_byte(in);
    view->key_count = take_count(in);
    view->keys = take(in, (size_t)view->key_count * DV_PUBKEY_SIZE);
    return !in->short_of && view->readonly_signer_count < view->signer_count &&
           view->key_count <= DV_TRANSACTION_KEYS_MAX &&
           (uint32_t)view->signer_count + view->readonly_other_count <= view->key_count;
}

static dv_err read_instructions(reader *in, dv_transaction_view *view)
{
    view->instruction_count = take_count(in);
    if (in->short_of) return DV_MESSAGE_MALFORMED;
    if (view->instruction_count > DV_TRANSACTION_INSTRUCTIONS_MAX) return DV_MESSAGE_TOO_LARGE;
    for (uint32_t i = 0; i < view->instruction_count; i++) {
        dv_instruction_view *instruction = &view->instructions[i];
        instruction->program = take_byte(in);
        instruction->accounts = take_bytes(in, &instruction->account_count);
        instruction->data = take_bytes(in, &instruction->data_size);
        if (in->short_of || instruction->program == 0 || instruction->program >= view->key_count)
            return DV_MESSAGE_MALFORMED;
    }
    return DV_OK;
}

static dv_err read_lookups(reader *in, dv_transaction_view *view)
{
    view->lookup_count = take_count(in);
    if (in->short_of) return DV_MESSAGE_MALFORMED;
    if (view->lookup_count > DV_TRANSACTION_LOOKUPS_MAX) return DV_MESSAGE_TOO_LARGE;
    uint32_t count = view->key_count;
    for (uint32_t i = 0; i < view->lookup_count; i++) {
        dv_lookup_view *lookup = &view->lookups[i];
        const uint8_t *table = take(in, DV_PUBKEY_SIZE);
        if (table == NULL) return DV_MESSAGE_MALFORMED;
        lookup->table = dv_pubkey_at(table);
        lookup->writable = take_bytes(in, &lookup->writable_count);
        lookup->readonly = take_bytes(in, &lookup->readonly_count);
        uint32_t found = (uint32_t)lookup->writable_count + lookup->readonly_count;
        if (in->short_of || found == 0) return DV_MESSAGE_MALFORMED;
        count += found;
    }
    if (count > DV_TRANSACTION_KEYS_MAX) return DV_MESSAGE_MALFORMED;
    view->looked_up_count = (uint16_t)(count - view->key_count);
    return DV_OK;
}

static bool indices_exist(const dv_transaction_view *view)
{
    uint32_t count = (uint32_t)view->key_count + view->looked_up_count;
    for (uint32_t i = 0; i < view->instruction_count; i++)
        for (uint32_t k = 0; k < view->instructions[i].account_count; k++)
            if (view->instructions[i].accounts[k] >= count) return false;
    return true;
}

dv_err dv_transaction_message_decode(const uint8_t *bytes, size_t size,
                                     dv_transaction_view *ret_view)
{
    dv_transaction_view view = {.message = bytes, .message_size = (uint32_t)size};
    reader in = {.at = bytes, .left = size};
    if (size > DV_TRANSACTION_SIZE_MAX) return DV_MESSAGE_TOO_LARGE;
    if (size > 0 && (bytes[0] & 0x80)) {
        if (take_byte(&in) != 0x80) return DV_MESSAGE_MALFORMED;
        view.version = DV_TRANSACTION_V0;
    }
    if (!read_header(&in, &view)) return DV_MESSAGE_MALFORMED;
    const uint8_t *blockhash = take(&in, sizeof view.blockhash.bytes);
    if (blockhash == NULL) return DV_MESSAGE_MALFORMED;
    memcpy(view.blockhash.bytes, blockhash, sizeof view.blockhash.bytes);
    dv_err err = read_instructions(&in, &view);
    if (err == DV_OK && view.version == DV_TRANSACTION_V0) err = read_lookups(&in, &view);
    if (err) return err;
    if (in.left > 0 || !indices_exist(&view)) return DV_MESSAGE_MALFORMED;
    *ret_view = view;
    return DV_OK;
}

dv_err dv_transaction_decode(const uint8_t *bytes, size_t size, dv_transaction_view *ret_view)
{
    dv_transaction_view view;
    reader in = {.at = bytes, .left = size};
    if (size > DV_TRANSACTION_SIZE_MAX) return DV_MESSAGE_TOO_LARGE;
    uint16_t signatures = take_count(&in);
    const uint8_t *first = take(&in, (size_t)signatures * DV_SIGNATURE_SIZE);
    if (in.short_of) return DV_MESSAGE_MALFORMED;
    dv_err err = dv_transaction_message_decode(in.at, in.left, &view);
    if (err) return err;
    if (view.signer_count != signatures) return DV_MESSAGE_MALFORMED;
    view.signatures = first;
    *ret_view = view;
    return DV_OK;
}
