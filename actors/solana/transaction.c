#include "actors/solana/transaction.h"

#include "actors/solana/compact.h"

/* ---- which keys, in which order ------------------------------------------------------------ */

typedef enum key_class {
    WRITABLE_SIGNER,
    READONLY_SIGNER,
    WRITABLE,
    READONLY,
    KEY_CLASSES,
} key_class;

typedef struct key_use {
    const dv_pubkey *key;
    bool is_signer, is_writable, is_invoked;
    int16_t table; /* the lookup table of the key; -1: it is static */
    uint8_t place; /* of the key in its table */
    uint8_t index; /* by which instructions name the key */
} key_use;

/* Every key once, in the order of its first appearance. */
typedef struct key_list {
    uint32_t count;
    key_use at[DV_TRANSACTION_KEYS_MAX];
} key_list;

static key_class class_of(const key_use *use)
{
    if (use->is_signer) return use->is_writable ? WRITABLE_SIGNER : READONLY_SIGNER;
    return use->is_writable ? WRITABLE : READONLY;
}

static key_use *find_key(key_list *keys, const dv_pubkey *key)
{
    for (uint32_t i = 0; i < keys->count; i++)
        if (dv_pubkey_equal(keys->at[i].key, key)) return &keys->at[i];
    return NULL;
}

static bool use_key(key_list *keys, const dv_pubkey *key, bool is_signer, bool is_writable,
                    bool is_invoked)
{
    key_use *use = find_key(keys, key);
    if (use == NULL) {
        if (keys->count == DV_TRANSACTION_KEYS_MAX) return false;
        use = &keys->at[keys->count++];
        *use = (key_use){.key = key, .table = -1};
    }
    use->is_signer |= is_signer;
    use->is_writable |= is_writable;
    use->is_invoked |= is_invoked;
    return true;
}

static bool collect_keys(const dv_transaction_plan *plan, key_list *ret_keys)
{
    ret_keys->count = 0;
    bool fits = use_key(ret_keys, &plan->payer, true, true, false);
    for (uint32_t i = 0; fits && i < plan->instruction_count; i++) {
        const dv_instruction *instruction = &plan->instructions[i];
        fits = use_key(ret_keys, &instruction->program, false, false, true);
        for (uint32_t k = 0; fits && k < instruction->account_count; k++) {
            const dv_account_meta *meta = &instruction->accounts[k];
            fits = use_key(ret_keys, &meta->key, meta->is_signer, meta->is_writable, false);
        }
    }
    return fits;
}

static bool find_in_table(const dv_lookup_table *table, const dv_pubkey *key, uint8_t *ret_place)
{
    for (uint32_t i = 0; i < table->count; i++) {
        if (!dv_pubkey_equal(&table->addresses[i], key)) continue;
        *ret_place = (uint8_t)i;
        return true;
    }
    return false;
}

/* Moves keys to the tables that have them, unless they sign or are invoked. The first table
   wins. */
static void use_tables(const dv_transaction_plan *plan, key_list *keys)
{
    for (uint32_t t = 0; t < plan->table_count; t++) {
        for (uint32_t i = 0; i < keys->count; i++) {
            key_use *use = &keys->at[i];
            if (use->table >= 0 || use->is_signer || use->is_invoked) continue;
            if (find_in_table(&plan->tables[t], use->key, &use->place)) use->table = (int16_t)t;
        }
    }
}

/* Numbers the keys: static keys by class, then the writable keys of each table, then its read-only
   keys. ret_counts: static keys of each class. */
static void number_keys(const dv_transaction_plan *plan, key_list *keys,
                        uint32_t ret_counts[KEY_CLASSES])
{
    uint32_t next = 0;
    for (int class = 0; class < KEY_CLASSES; class ++) {
        uint32_t first = next;
        for (uint32_t i = 0; i < keys->count; i++)
            if (keys->at[i].table < 0 && class_of(&keys->at[i]) == (key_class) class)
                keys->at[i].index = (uint8_t)next++;
        ret_counts[class] = next - first;
    }
    for (int class = WRITABLE; class <= READONLY; class ++)
        for (uint32_t t = 0; t < plan->table_count; t++)
            for (uint32_t i = 0; i < keys->count; i++)
                if (keys->at[i].table == (int16_t)t && class_of(&keys->at[i]) == (key_class) class)
                    keys->at[i].index = (uint8_t)next++;
}

/* ---- writing ------------------------------------------------------------------------------- */

typedef struct writer {
    dv_transaction *to;
    bool full;
} writer;

static void put(writer *out, const void *bytes, size_t size)
{
    if (size > DV_TRANSACTION_SIZE_MAX - out->to->size) out->full = true;
    if (out->full || size == 0) return;
    memcpy(out->to->bytes + out->to->size, bytes, size);
    out->to->size += (uint32_t)size;
}

static void put_byte(writer *out, uint32_t byte)
{
    put(out, &(uint8_t){(uint8_t)byte}, 1);
}

static void put_count(writer *out, uint32_t count)
{
    uint8_t bytes[DV_COMPACT_SIZE_MAX];
    if (count > UINT16_MAX) out->full = true;
    put(out, bytes, dv_compact_put((uint16_t)count, bytes));
}

static void put_keys(writer *out, const key_list *keys, uint32_t count)
{
    put_count(out, count);
    for (uint32_t index = 0; index < count; index++)
        for (uint32_t i = 0; i < keys->count; i++)
            if (keys->at[i].table < 0 && keys->at[i].index == index)
                put(out, keys->at[i].key->bytes, DV_PUBKEY_SIZE);
}

static void put_instruction(writer *out, key_list *keys, const dv_instruction *instruction)
{
    put_byte(out, find_key(keys, &instruction->program)->index);
    put_count(out, instruction->account_count);
    for (uint32_t i = 0; i < instruction->account_count; i++)
        put_byte(out, find_key(keys, &instruction->accounts[i].key)->index);
    put_count(out, instruction->data_size);
    put(out, instruction->data, instruction->data_size);
}

static uint32_t count_lookups(const key_list *keys, int16_t table, bool writable)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < keys->count; i++)
        count += keys->at[i].table == table && keys->at[i].is_writable == writable;
    return count;
}

static void put_lookups(writer *out, const key_list *keys, int16_t table, bool writable)
{
    put_count(out, count_lookups(keys, table, writable));
    for (uint32_t i = 0; i < keys->count; i++)
        if (keys->at[i].table == table && keys->at[i].is_writable == writable)
            put_byte(out, keys->at[i].place);
}

static void put_tables(writer *out, const key_list *keys, const dv_transaction_plan *plan)
{
    uint32_t used = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1) put_count(out, used);
        for (uint32_t t = 0; t < plan->table_count; t++) {
            int16_t table = (int16_t)t;
            if (count_lookups(keys, table, true) + count_lookups(keys, table, false) == 0) continue;
            if (pass == 0) {
                used++;
                continue;
            }
            put(out, plan->tables[t].key.bytes, DV_PUBKEY_SIZE);
            put_lookups(out, keys, table, true);
            put_lookups(out, keys, table, false);
        }
    }
}

static void put_message(writer *out, key_list *keys, const uint32_t counts[KEY_CLASSES],
                        const dv_transaction_plan *plan)
{
    uint32_t signers = counts[WRITABLE_SIGNER] + counts[READONLY_SIGNER];
    out->to->message_at = out->to->size;
    if (plan->version == DV_TRANSACTION_V0) put_byte(out, 0x80);
    put_byte(out, signers);
    put_byte(out, counts[READONLY_SIGNER]);
    put_byte(out, counts[READONLY]);
    put_keys(out, keys, signers + counts[WRITABLE] + counts[READONLY]);
    put(out, plan->blockhash.bytes, sizeof plan->blockhash.bytes);
    put_count(out, plan->instruction_count);
    for (uint32_t i = 0; i < plan->instruction_count; i++)
        put_instruction(out, keys, &plan->instructions[i]);
    if (plan->version == DV_TRANSACTION_V0) put_tables(out, keys, plan);
}

dv_err dv_transaction_compile(const dv_transaction_plan *plan, dv_transaction *ret_transaction)
{
    key_list keys;
    uint32_t counts[KEY_CLASSES];
    if (plan->version == DV_TRANSACTION_LEGACY && plan->table_count > 0) return DV_REQUEST_INVALID;
    for (uint32_t t = 0; t < plan->table_count; t++)
        if (plan->tables[t].count > DV_LOOKUP_TABLE_ADDRESSES_MAX) return DV_REQUEST_INVALID;
    if (plan->table_count > INT16_MAX || !collect_keys(plan, &keys)) return DV_MESSAGE_TOO_LARGE;
    use_tables(plan, &keys);
    number_keys(plan, &keys, counts);
    uint32_t signers = counts[WRITABLE_SIGNER] + counts[READONLY_SIGNER];
    if (signers > DV_TRANSACTION_SIGNERS_MAX ||
        plan->instruction_count > DV_TRANSACTION_INSTRUCTIONS_MAX)
        return DV_MESSAGE_TOO_LARGE;
    dv_transaction made = {0};
    writer out = {.to = &made};
    const uint8_t unsigned_yet[DV_SIGNATURE_SIZE] = {0};
    put_count(&out, signers);
    for (uint32_t i = 0; i < signers; i++) put(&out, unsigned_yet, sizeof unsigned_yet);
    put_message(&out, &keys, counts, plan);
    if (out.full) return DV_MESSAGE_TOO_LARGE;
    *ret_transaction = made;
    return DV_OK;
}
