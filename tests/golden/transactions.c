/* Transactions against those that @solana/web3.js compiled and signed, byte for byte. */
#include "actors/solana/transaction.h"
#include "tests/golden/golden.h"
#include "tests/support/wallet.h"

#define INSTRUCTIONS_MAX 64
#define TABLES_MAX 16
#define SIGNERS_MAX 16

void golden_read_instruction(yajl_val node, dv_instruction *ret_instruction)
{
    size_t size;
    dv_pubkey program = golden_key(node, "programId");
    yajl_val keys = golden_need(node, "keys");
    const uint8_t *data = golden_hex(golden_text(node, "dataHex"), &size);
    golden_check(golden_count(keys) <= DV_INSTRUCTION_ACCOUNTS_MAX, "too many keys");
    golden_check(size <= DV_INSTRUCTION_DATA_MAX, "too much data");
    dv_instruction_begin(ret_instruction, &program);
    dv_instruction_put(ret_instruction, data, (uint32_t)size);
    for (size_t i = 0; i < golden_count(keys); i++) {
        yajl_val meta = golden_at(keys, i);
        dv_pubkey key = golden_key(meta, "pubkey");
        dv_instruction_add(ret_instruction, &key, golden_bool(meta, "isSigner"),
                           golden_bool(meta, "isWritable"));
    }
}

static void read_table(yajl_val node, dv_lookup_table *ret)
{
    yajl_val list = golden_need(node, "addresses");
    dv_pubkey *addresses = golden_new(golden_count(list) * sizeof *addresses + 1);
    for (size_t i = 0; i < golden_count(list); i++)
        addresses[i] = golden_key_of(golden_at(list, i));
    *ret = (dv_lookup_table){golden_key(node, "key"), addresses, (uint32_t)golden_count(list)};
}

static void read_plan(yajl_val node, dv_transaction_plan *ret)
{
    yajl_val list = golden_need(node, "instructions"), tables = golden_need(node, "lookupTables");
    dv_instruction *instructions = golden_new(golden_count(list) * sizeof *instructions + 1);
    dv_lookup_table *lookup = golden_new(TABLES_MAX * sizeof *lookup);
    const char *kind = golden_text(node, "kind");
    bool is_v0 = strcmp(kind, "v0") == 0;
    golden_check(is_v0 || strcmp(kind, "legacy") == 0, "the kind %s is unknown", kind);
    golden_check(golden_count(tables) <= TABLES_MAX, "too many tables");
    for (size_t i = 0; i < golden_count(list); i++)
        golden_read_instruction(golden_at(list, i), &instructions[i]);
    for (size_t i = 0; i < golden_count(tables); i++) read_table(golden_at(tables, i), &lookup[i]);
    *ret = (dv_transaction_plan){
        .version = is_v0 ? DV_TRANSACTION_V0 : DV_TRANSACTION_LEGACY,
        .payer = golden_key(node, "payer"),
        .instructions = instructions,
        .instruction_count = (uint32_t)golden_count(list),
        .tables = lookup,
        .table_count = (uint32_t)golden_count(tables),
    };
    dv_pubkey blockhash = golden_key(node, "recentBlockhash");
    memcpy(ret->blockhash.bytes, blockhash.bytes, sizeof ret->blockhash.bytes);
}

static uint32_t read_signers(yajl_val node, dv_keypair *ret_keypairs)
{
    yajl_val seeds = golden_need(node, "signerSeedsHex");
    golden_check(golden_count(seeds) <= SIGNERS_MAX, "too many signers");
    for (size_t i = 0; i < golden_count(seeds); i++) {
        size_t size;
        const uint8_t *seed = golden_hex(golden_text_of(golden_at(seeds, i)), &size);
        golden_check(size == DV_SEED_BYTES, "not a seed");
        dv_keypair_of_seed(seed, &ret_keypairs[i]);
    }
    return (uint32_t)golden_count(seeds);
}

static void check_bytes(yajl_val node, const char *name, const uint8_t *found, size_t found_size)
{
    size_t size;
    const uint8_t *wanted = golden_base64(golden_text(node, name), &size);
    golden_check(found_size == size && memcmp(found, wanted, size) == 0, "another %s", name);
}

static void check_signatures(yajl_val node, const dv_transaction_view *view)
{
    yajl_val list = golden_need(node, "signaturesBase58");
    golden_check(golden_count(list) == view->signer_count, "%u signatures", view->signer_count);
    for (size_t i = 0; i < view->signer_count; i++) {
        char text[DV_BASE58_TEXT_SIZE];
        dv_base58_encode(view->signatures + i * DV_SIGNATURE_SIZE, DV_SIGNATURE_SIZE, text);
        golden_check(strcmp(text, golden_text_of(golden_at(list, i))) == 0, "signature %zu", i);
    }
    golden_check(wallet_verify(view), "the signatures do not verify");
}

static void check_indices(yajl_val node, const char *name, const uint8_t *found, size_t count)
{
    yajl_val list = golden_need(node, name);
    golden_check(golden_count(list) == count, "%zu %s", count, name);
    for (size_t i = 0; i < count; i++)
        golden_check(golden_u64_of(golden_at(list, i)) == found[i], "%s %zu", name, i);
}

static void check_header(yajl_val node, const dv_transaction_view *view)
{
    yajl_val header = golden_need(node, "header"), keys = golden_need(node, "accountKeys");
    golden_check(
        view->signer_count == golden_u64(header, "numRequiredSignatures") &&
            view->readonly_signer_count == golden_u64(header, "numReadonlySignedAccounts") &&
            view->readonly_other_count == golden_u64(header, "numReadonlyUnsignedAccounts"),
        "another header");
    golden_check(view->key_count == golden_count(keys), "%u keys", view->key_count);
    for (size_t i = 0; i < view->key_count; i++) {
        dv_pubkey found = dv_pubkey_at(view->keys + i * DV_PUBKEY_SIZE);
        dv_pubkey wanted = golden_key_of(golden_at(keys, i));
        golden_check(dv_pubkey_equal(&found, &wanted), "key %zu is another", i);
    }
}

static void check_view(yajl_val node, const dv_transaction_view *view)
{
    yajl_val list = golden_need(node, "instructions");
    yajl_val lookups = golden_need(node, "addressTableLookups");
    check_header(node, view);
    golden_check(view->instruction_count == golden_count(list), "%u instructions",
                 view->instruction_count);
    for (size_t i = 0; i < view->instruction_count; i++) {
        const dv_instruction_view *found = &view->instructions[i];
        yajl_val wanted = golden_at(list, i);
        size_t size;
        const uint8_t *data = golden_hex(golden_text(wanted, "dataHex"), &size);
        golden_check(found->program == golden_u64(wanted, "programIdIndex"), "program %zu", i);
        golden_check(found->data_size == size && memcmp(found->data, data, size) == 0, "data %zu",
                     i);
        check_indices(wanted, "accounts", found->accounts, found->account_count);
    }
    golden_check(view->lookup_count == golden_count(lookups), "%u lookups", view->lookup_count);
    for (size_t i = 0; i < view->lookup_count; i++) {
        const dv_lookup_view *found = &view->lookups[i];
        yajl_val wanted = golden_at(lookups, i);
        dv_pubkey table = golden_key(wanted, "accountKey");
        golden_check(dv_pubkey_equal(&found->table, &table), "table %zu", i);
        check_indices(wanted, "writableIndexes", found->writable, found->writable_count);
        check_indices(wanted, "readonlyIndexes", found->readonly, found->readonly_count);
    }
}

static void check_base58(yajl_val node, const dv_transaction *made)
{
    uint8_t bytes[DV_BASE58_LONG_BYTES_MAX];
    size_t size;
    dv_text text = dv_text_of(golden_text(node, "transactionBase58"));
    golden_check(dv_base58_decode_long(text, bytes, sizeof bytes, &size) && size == made->size &&
                     memcmp(bytes, made->bytes, size) == 0,
                 "its text holds other bytes");
}

void golden_check_transaction(const golden_item *item)
{
    yajl_val node = item->node;
    dv_transaction_plan plan;
    dv_transaction made;
    dv_transaction_view view;
    dv_keypair keypairs[SIGNERS_MAX];
    read_plan(node, &plan);
    uint32_t signers = read_signers(node, keypairs);
    golden_check(dv_transaction_compile(&plan, &made) == DV_OK, "it is not compiled");
    check_bytes(node, "messageBase64", made.bytes + made.message_at, made.size - made.message_at);
    golden_check(wallet_sign(&made, keypairs, signers), "it is not signed");
    check_bytes(node, "transactionBase64", made.bytes, made.size);
    golden_check(made.size == golden_u64(node, "bytes"), "%u bytes", made.size);
    if (golden_get(node, "transactionBase58")) check_base58(node, &made);
    golden_check(dv_transaction_decode(made.bytes, made.size, &view) == DV_OK, "it is not read");
    golden_check(view.version == plan.version, "another version");
    golden_check(memcmp(&view.blockhash, &plan.blockhash, sizeof view.blockhash) == 0, "blockhash");
    check_signatures(node, &view);
    check_view(golden_need(node, "compiled"), &view);
}

void golden_check_bad_transaction(const golden_item *item)
{
    size_t size;
    dv_transaction_view view;
    const uint8_t *bytes = golden_base64(golden_text(item->node, "base64"), &size);
    golden_check(dv_transaction_decode(bytes, size, &view) != DV_OK, "%s: it is taken",
                 golden_text(item->node, "name"));
}

void golden_check_carried(const golden_item *item)
{
    dv_instruction carried;
    dv_transaction made;
    dv_transaction_view view;
    dv_transaction_plan plan = {.version = DV_TRANSACTION_V0,
                                .payer = {{9}},
                                .instructions = &carried,
                                .instruction_count = 1};
    golden_read_instruction(item->node, &carried);
    golden_check(dv_transaction_compile(&plan, &made) == DV_OK, "it is not compiled");
    golden_check(dv_transaction_decode(made.bytes, made.size, &view) == DV_OK, "it is not read");
    const dv_instruction_view *found = &view.instructions[0];
    const uint8_t *program = view.keys + found->program * DV_PUBKEY_SIZE;
    golden_check(memcmp(program, &carried.program, DV_PUBKEY_SIZE) == 0, "another program");
    golden_check(found->data_size == carried.data_size &&
                     memcmp(found->data, carried.data, found->data_size) == 0,
                 "other data");
    golden_check(found->account_count == carried.account_count, "%u keys", found->account_count);
    for (uint32_t i = 0; i < found->account_count; i++) {
        const dv_account_meta *meta = &carried.accounts[i];
        uint32_t index = found->accounts[i];
        bool signs = index < view.signer_count;
        uint32_t writable_end = signs ? view.signer_count - view.readonly_signer_count
                                      : view.key_count - view.readonly_other_count;
        golden_check(memcmp(view.keys + index * DV_PUBKEY_SIZE, &meta->key, DV_PUBKEY_SIZE) == 0,
                     "key %u is another", i);
        golden_check(signs == meta->is_signer && (index < writable_end) == meta->is_writable,
                     "key %u has other flags", i);
    }
}
