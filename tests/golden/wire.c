/* Keys, addresses, instructions and token state against what @solana/web3.js and the token programs
   made of them. Transactions are in transactions.c. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/solana/builders.h"
#include "actors/solana/compact.h"
#include "actors/solana/keypair.h"
#include "actors/solana/pda.h"
#include "actors/solana/programs.h"
#include "actors/solana/token.h"
#include "tests/golden/golden.h"

#define SEEDS_MAX 64 /* more than the programs take, so that this is refused too */
#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

void golden_add_each(yajl_val list, const char *name, void (*run)(const golden_item *item))
{
    for (size_t i = 0; i < golden_count(list); i++) {
        golden_item item = {.run = run, .node = golden_at(list, i)};
        snprintf(item.label, sizeof item.label, "%s %zu", name, i);
        golden_add(&item);
    }
}

/* ---- base58, compact-u16 ------------------------------------------------------------------- */

static void check_base58(const golden_item *item)
{
    size_t size, again_size;
    const uint8_t *bytes = golden_hex(golden_text(item->node, "hex"), &size);
    const char *wanted = golden_text(item->node, "base58");
    char text[DV_BASE58_TEXT_SIZE];
    uint8_t again[DV_BASE58_LONG_BYTES_MAX];
    golden_check(dv_base58_decode_long(dv_text_of(wanted), again, sizeof again, &again_size) &&
                     again_size == size && memcmp(again, bytes, size) == 0,
                 "does not decode to where it came from");
    if (size == 0 || size > DV_BASE58_BYTES_MAX) return;
    uint32_t length = dv_base58_encode(bytes, size, text);
    golden_check(strcmp(text, wanted) == 0 && length == strlen(wanted), "%s, not %s", text, wanted);
    golden_check(dv_base58_decode(dv_text_of(wanted), again, size) &&
                     memcmp(again, bytes, size) == 0,
                 "it does not decode as so many bytes");
}

static void check_invalid_base58(const golden_item *item)
{
    uint8_t bytes[DV_BASE58_LONG_BYTES_MAX];
    size_t size;
    dv_text text = dv_text_of(golden_text_of(item->node));
    golden_check(!dv_base58_decode_long(text, bytes, sizeof bytes, &size), "%s is taken", text.at);
    for (size = 1; size <= DV_BASE58_BYTES_MAX; size++)
        golden_check(!dv_base58_decode(text, bytes, size), "%s is taken for %zu bytes", text.at,
                     size);
}

static void check_pubkey_text(const golden_item *item)
{
    dv_pubkey key;
    bool valid = golden_bool(item->node, "validPubkey");
    const char *text = golden_text(item->node, "text");
    golden_check(dv_pubkey_parse(dv_text_of(text), &key) == valid, "%s is %s", text,
                 valid ? "refused" : "taken");
}

static void check_compact(const golden_item *item)
{
    size_t size;
    uint16_t value;
    uint8_t found[DV_COMPACT_SIZE_MAX];
    const uint8_t *wanted = golden_hex(golden_text(item->node, "hex"), &size);
    uint64_t number = golden_u64(item->node, "value");
    golden_check(number <= UINT16_MAX, "not a number of 16 bits");
    golden_check(dv_compact_put((uint16_t)number, found) == size &&
                     memcmp(found, wanted, size) == 0,
                 "%lu is written in another way", number);
    golden_check(dv_compact_get(wanted, size, &value) == size && value == number,
                 "%lu is read in another way", number);
}

static void check_invalid_compact(const golden_item *item)
{
    size_t size;
    uint16_t value;
    const uint8_t *bytes = golden_hex(golden_text(item->node, "hex"), &size);
    golden_check(dv_compact_get(bytes, size, &value) == 0, "it is taken for %u", value);
}

/* ---- keys and addresses -------------------------------------------------------------------- */

/* The text of a key file, as the command line tools write it. */
static dv_text key_file_text(yajl_val list)
{
    char *text = golden_new(8 * golden_count(list) + 8);
    size_t size = 0;
    for (size_t i = 0; i < golden_count(list); i++)
        size += (size_t)snprintf(text + size, 8, "%s%lu", i ? "," : "[",
                                 golden_u64_of(golden_at(list, i)));
    memcpy(text + size, "]", 2);
    return dv_text_of(text);
}

static void check_ed25519(const golden_item *item)
{
    size_t seed_size, size, signature_size;
    const uint8_t *seed = golden_hex(golden_text(item->node, "seedHex"), &seed_size);
    const uint8_t *message = golden_hex(golden_text(item->node, "messageHex"), &size);
    const uint8_t *wanted = golden_hex(golden_text(item->node, "signatureHex"), &signature_size);
    dv_keypair made, read;
    char text[DV_BASE58_TEXT_SIZE];
    golden_check(seed_size == DV_SEED_BYTES && signature_size == DV_SIGNATURE_SIZE, "sizes");
    dv_keypair_of_seed(seed, &made);
    golden_check(dv_keypair_parse(key_file_text(golden_need(item->node, "keypairFile")), &read) ==
                     DV_OK,
                 "the key file is refused");
    golden_check(memcmp(&made, &read, sizeof made) == 0, "the key file holds other keys");
    dv_pubkey key = dv_keypair_pubkey(&made), named = golden_key(item->node, "pubkey");
    golden_check(dv_pubkey_equal(&key, &named), "another public key");
    dv_signature signature = dv_keypair_sign(&made, message, size);
    golden_check(memcmp(signature.bytes, wanted, DV_SIGNATURE_SIZE) == 0, "another signature");
    dv_base58_encode(signature.bytes, DV_SIGNATURE_SIZE, text);
    golden_check(strcmp(text, golden_text(item->node, "signatureBase58")) == 0, "another text");
    golden_check(crypto_sign_verify_detached(wanted, message, size, key.bytes) == 0,
                 "it does not verify");
}

static size_t read_seeds(yajl_val node, dv_seed *ret_seeds)
{
    yajl_val list = golden_need(node, "seedsHex");
    golden_check(golden_count(list) <= SEEDS_MAX, "too many seeds");
    for (size_t i = 0; i < golden_count(list); i++)
        ret_seeds[i].at = golden_hex(golden_text_of(golden_at(list, i)), &ret_seeds[i].size);
    return golden_count(list);
}

static void check_pda(const golden_item *item)
{
    dv_seed seeds[SEEDS_MAX];
    dv_pubkey found, program = golden_key(item->node, "programId");
    dv_pubkey wanted = golden_key(item->node, "address");
    uint8_t bump;
    size_t count = read_seeds(item->node, seeds);
    golden_check(dv_pda_find(seeds, count, &program, &found, &bump), "no address is found");
    golden_check(dv_pubkey_equal(&found, &wanted), "another address");
    golden_check(bump == golden_u64(item->node, "bump"), "another bump: %u", bump);
}

static void check_created(const golden_item *item)
{
    dv_seed seeds[SEEDS_MAX];
    dv_pubkey found, program = golden_key(item->node, "programId");
    size_t count = read_seeds(item->node, seeds);
    bool exists = golden_get(item->node, "address") != NULL;
    golden_check(dv_pda_create(seeds, count, &program, &found) == exists, "%s",
                 exists ? "there is none" : "there is one");
    if (!exists) return;
    dv_pubkey wanted = golden_key(item->node, "address");
    golden_check(dv_pubkey_equal(&found, &wanted), "another address");
}

static void check_on_curve(const golden_item *item)
{
    dv_pubkey key = golden_key(item->node, "pubkey");
    golden_check(dv_pubkey_is_on_curve(&key) == golden_bool(item->node, "onCurve"), "is not so");
}

/* ---- instructions -------------------------------------------------------------------------- */

static void build_token(const char *name, yajl_val args, dv_instruction *ret)
{
    dv_pubkey program = DV_PROGRAM_TOKEN;
    if (golden_get(args, "tokenProgram")) program = golden_key(args, "tokenProgram");
    if (strcmp(name, "createAtaIdempotent") == 0) {
        dv_pubkey payer = golden_key(args, "payer"), owner = golden_key(args, "owner");
        dv_pubkey mint = golden_key(args, "mint");
        dv_ix_create_ata(&payer, &owner, &mint, &program, ret);
    } else if (strcmp(name, "closeAccount") == 0) {
        dv_pubkey account = golden_key(args, "account"), owner = golden_key(args, "owner");
        dv_pubkey destination = golden_key(args, "destination");
        dv_ix_close_account(&account, &destination, &owner, &program, ret);
    } else {
        golden_fail("the instruction %s is unknown", name);
    }
}

static void build(const char *name, yajl_val args, dv_instruction *ret)
{
    if (strcmp(name, "computeUnitLimit") == 0) {
        dv_ix_compute_unit_limit((uint32_t)golden_u64(args, "units"), ret);
    } else if (strcmp(name, "computeUnitPrice") == 0) {
        dv_ix_compute_unit_price(golden_u64(args, "microLamports"), ret);
    } else if (strcmp(name, "memo") == 0) {
        dv_pubkey signer = {{0}};
        bool has_signer = golden_get(args, "signer") != NULL;
        if (has_signer) signer = golden_key(args, "signer");
        dv_ix_memo(dv_text_of(golden_text(args, "text")), has_signer ? &signer : NULL, ret);
    } else {
        build_token(name, args, ret);
    }
}

static void check_instruction(const golden_item *item)
{
    dv_instruction made;
    size_t size;
    build(golden_text(item->node, "name"), golden_need(item->node, "args"), &made);
    dv_pubkey program = golden_key(item->node, "programId");
    const uint8_t *data = golden_hex(golden_text(item->node, "dataHex"), &size);
    yajl_val keys = golden_need(item->node, "keys");
    golden_check(dv_pubkey_equal(&made.program, &program), "another program");
    golden_check(made.data_size == size && memcmp(made.data, data, size) == 0, "other data");
    golden_check(made.account_count == golden_count(keys), "%u keys", made.account_count);
    for (uint32_t i = 0; i < made.account_count; i++) {
        yajl_val node = golden_at(keys, i);
        dv_pubkey key = golden_key(node, "pubkey");
        golden_check(dv_pubkey_equal(&made.accounts[i].key, &key), "key %u is another", i);
        golden_check(made.accounts[i].is_signer == golden_bool(node, "isSigner") &&
                         made.accounts[i].is_writable == golden_bool(node, "isWritable"),
                     "key %u has other flags", i);
    }
}

/* Recorded instructions that the engine does not make. Each of them has to come out of a transaction
   as it went in. */
static bool is_made(const char *name)
{
    static const char *const OTHERS[] = {"requestHeapFrame", "setLoadedAccountsDataSizeLimit",
                                         "systemTransfer", "syncNative", "transferChecked"};
    for (size_t i = 0; i < LENGTH(OTHERS); i++)
        if (strcmp(OTHERS[i], name) == 0) return false;
    return true;
}

static void add_instructions(yajl_val list)
{
    size_t carried = 0;
    for (size_t i = 0; i < golden_count(list); i++) {
        golden_item item = {.node = golden_at(list, i)};
        const char *name = golden_text(item.node, "name");
        item.run = is_made(name) ? check_instruction : golden_check_carried;
        carried += !is_made(name);
        snprintf(item.label, sizeof item.label, "instruction %.60s", name);
        golden_add(&item);
    }
    printf("%zu recorded instructions are not made by the engine: carried in a transaction\n",
           carried);
}

/* ---- token state --------------------------------------------------------------------------- */

static void check_optional_key(yajl_val fields, const char *name, bool has, const dv_pubkey *found)
{
    golden_check(has == (golden_get(fields, name) != NULL), "%s is there, or is not", name);
    if (!has) return;
    dv_pubkey wanted = golden_key(fields, name);
    golden_check(dv_pubkey_equal(found, &wanted), "%s is another", name);
}

static void check_fee(yajl_val node, const dv_transfer_fee *fee)
{
    golden_check(fee->epoch == golden_u64(node, "epoch") &&
                     fee->maximum == golden_u64(node, "maximumFee") &&
                     fee->bps == golden_u64(node, "bps"),
                 "another transfer fee");
}

static void check_mint(const dv_account *account, yajl_val node)
{
    dv_mint mint;
    yajl_val fields = golden_need(node, "fields"), fee = golden_get(fields, "transferFee");
    yajl_val samples = golden_get(node, "feeSamples");
    golden_check(dv_mint_decode(account, &mint) == DV_OK, "the mint is refused");
    golden_check(mint.decimals == golden_u64(fields, "decimals"), "other decimals");
    golden_check(mint.supply == golden_u64(fields, "supply"), "another supply");
    check_optional_key(fields, "mintAuthority", mint.has_authority, &mint.authority);
    check_optional_key(fields, "freezeAuthority", mint.has_freeze_authority,
                       &mint.freeze_authority);
    golden_check(mint.has_transfer_fee == (fee != NULL), "has a transfer fee, or has not");
    if (fee) {
        check_fee(golden_need(fee, "older"), &mint.older);
        check_fee(golden_need(fee, "newer"), &mint.newer);
    }
    for (size_t i = 0; samples && i < golden_count(samples); i++) {
        yajl_val sample = golden_at(samples, i);
        const dv_transfer_fee *in_force = dv_mint_fee_at(&mint, golden_u64(sample, "epoch"));
        uint64_t found = dv_transfer_fee_ceil(in_force, golden_u64(sample, "amount"));
        golden_check(found == golden_u64(sample, "fee"), "sample %zu: a fee of %lu", i, found);
    }
}

static void check_token_account(const dv_account *account, yajl_val node)
{
    dv_token_account token;
    yajl_val fields = golden_need(node, "fields");
    golden_check(dv_token_account_decode(account, &token) == DV_OK, "the account is refused");
    dv_pubkey mint = golden_key(fields, "mint"), owner = golden_key(fields, "owner");
    golden_check(dv_pubkey_equal(&token.mint, &mint), "another mint");
    golden_check(dv_pubkey_equal(&token.owner, &owner), "another owner");
    golden_check(token.amount == golden_u64(fields, "amount"), "another amount");
    check_optional_key(fields, "delegate", token.has_delegate, &token.delegate);
    golden_check(token.is_frozen == golden_bool(fields, "isFrozen"), "frozen, or not");
    golden_check(token.is_native == golden_bool(fields, "isNative"), "native, or not");
    uint64_t reserve =
        golden_get(fields, "rentExemptReserve") ? golden_u64(fields, "rentExemptReserve") : 0;
    golden_check(token.rent_exempt_reserve.count == reserve, "another reserve");
}

static void check_token_state(const golden_item *item)
{
    size_t size;
    const char *kind = golden_text(item->node, "kind");
    dv_account account = {.address = golden_key(item->node, "pubkey"),
                          .owner = golden_key(item->node, "owner"),
                          .data = golden_base64(golden_text(item->node, "dataBase64"), &size)};
    account.size = (uint32_t)size;
    dv_mint mint;
    dv_token_account token;
    if (strcmp(kind, "mint") == 0) {
        check_mint(&account, item->node);
        golden_check(dv_token_account_decode(&account, &token) != DV_OK, "passes for an account");
    } else if (strcmp(kind, "account") == 0) {
        check_token_account(&account, item->node);
        golden_check(dv_mint_decode(&account, &mint) != DV_OK, "passes for a mint");
    } else {
        golden_fail("the kind %s is unknown", kind);
    }
}

/* ---- a file -------------------------------------------------------------------------------- */

static void add_base58(yajl_val node)
{
    golden_add_each(golden_need(node, "encode"), "base58", check_base58);
    golden_add_each(golden_need(node, "invalid"), "invalid base58", check_invalid_base58);
    golden_add_each(golden_need(node, "pubkeys"), "address", check_pubkey_text);
}

static void add_compact(yajl_val node)
{
    golden_add_each(golden_need(node, "encode"), "compact-u16", check_compact);
    golden_add_each(golden_need(node, "invalid"), "invalid compact-u16", check_invalid_compact);
}

static void add_nothing(yajl_val node)
{
    golden_check(YAJL_IS_STRING(node), "a remark that is no text");
}

static const struct {
    const char *name;
    void (*add)(yajl_val node);           /* or: */
    void (*run)(const golden_item *item); /* for each of a list */
} PARTS[] = {
    {"set", add_nothing, NULL},
    {"generator", add_nothing, NULL},
    {"note", add_nothing, NULL},
    {"keyOrderRule", add_nothing, NULL},
    {"base58", add_base58, NULL},
    {"compactU16", add_compact, NULL},
    {"ed25519", NULL, check_ed25519},
    {"pda", NULL, check_pda},
    {"createProgramAddress", NULL, check_created},
    {"onCurve", NULL, check_on_curve},
    {"instructions", add_instructions, NULL},
    {"tokenState", NULL, check_token_state},
    {"transactions", NULL, golden_check_transaction},
    {"badTransactions", NULL, golden_check_bad_transaction},
};

void golden_add_wire(yajl_val root)
{
    for (size_t i = 0; i < root->u.object.len; i++) {
        const char *name = root->u.object.keys[i];
        size_t k = 0;
        while (k < LENGTH(PARTS) && strcmp(PARTS[k].name, name) != 0) k++;
        golden_check(k < LENGTH(PARTS), "the file has an unknown part: %s", name);
        if (PARTS[k].add)
            PARTS[k].add(root->u.object.values[i]);
        else
            golden_add_each(root->u.object.values[i], name, PARTS[k].run);
    }
}
